//! A deployment is taken away only when that is meant, the edge first, and nothing of the stacks.

use std::{collections::BTreeSet, fs};

use serde_json::{Value, json};

use crate::world::{Ran, TOKEN, World, edge, end, origin};

const DELETE: &str = "delete --name edgeward-prod --env= --force";

/// A deployment with everything that can be removed, and the names of the parameters that its stacks made.
async fn world() -> (World, BTreeSet<String>) {
    let world = World::new().await;
    let stacks = names(&world);
    world.run(&["keygen"]).await.succeeds();
    world.aws().put(&edge("clients"), "[]", "SecureString");
    world.aws().put(&edge("cognito-jwks-url"), "https://keys.example.com/jwks.json", "String");
    world.run(&["push"]).await.succeeds();
    fs::remove_file(world.folder.join("calls")).unwrap();
    world.aws().changes.clear();
    assert_eq!(names(&world).len(), stacks.len() + 6);
    (world, stacks)
}

fn names(world: &World) -> BTreeSet<String> {
    world.aws().parameters.keys().cloned().collect()
}

/// Runs the tool, and sees that it shows no secret: afterwards, the world knows them no more.
async fn run(world: &World, arguments: &[&str]) -> Ran {
    let secrets = world.secrets();
    let ran = world.run(arguments).await;
    assert!(secrets.iter().all(|secret| !ran.all().contains(secret)), "a secret is shown: {ran:#?}");
    ran
}

#[track_caller]
fn says(ran: &Ran, lines: &[&str]) {
    assert_eq!(ran.stdout.lines().collect::<Vec<_>>(), lines, "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_edge_goes_and_then_every_parameter_that_is_not_the_stacks() {
    let (world, stacks) = world().await;
    let ran = run(&world, &["remove", "--yes"]).await.succeeds();
    says(
        &ran,
        &[
            "removed the Worker edgeward-prod",
            "removed the parameter /edgeward/prod/edge/keys",
            "removed the parameter /edgeward/prod/edge/cognito-client-secret",
            "removed the parameter /edgeward/prod/origin/jwks",
            "removed the parameter /edgeward/prod/origin/session-keys",
            "removed the parameter /edgeward/prod/edge/clients, which was written by hand",
            "removed the parameter /edgeward/prod/edge/cognito-jwks-url, which was written by hand",
        ],
    );
    assert_eq!(world.wrangler_calls(), [DELETE]);
    assert_eq!(names(&world), stacks);
    assert_eq!(world.aws().changes, ["DeleteParameters"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_yes_it_says_what_it_would_remove_and_refuses() {
    let (world, _) = world().await;
    let before = names(&world);
    let expected = [
        "would remove the Worker edgeward-prod, if it is there",
        "would remove the parameter /edgeward/prod/edge/keys",
        "would remove the parameter /edgeward/prod/edge/cognito-client-secret",
        "would remove the parameter /edgeward/prod/origin/jwks",
        "would remove the parameter /edgeward/prod/origin/session-keys",
        "would remove the parameter /edgeward/prod/edge/clients, which was written by hand",
        "would remove the parameter /edgeward/prod/edge/cognito-jwks-url, which was written by hand",
    ];
    let ran = run(&world, &["remove"]).await.fails_with("every client must register and every user sign in again");
    assert!(ran.stderr.contains("nothing was removed") && ran.stderr.contains("add --yes"), "{ran:#?}");
    says(&ran, &expected);
    says(&run(&world, &["remove", "--dry-run"]).await.succeeds(), &expected);
    says(&run(&world, &["remove", "--dry-run", "--yes"]).await.succeeds(), &expected);
    assert_eq!(names(&world), before);
    assert!(world.aws().changes.is_empty() && world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn once_more_there_is_nothing_to_remove() {
    let (world, stacks) = world().await;
    run(&world, &["remove", "--yes"]).await.succeeds();
    world.aws().changes.clear();
    let ran = run(&world, &["remove", "--yes"]).await.succeeds();
    for expected in ["there is no Worker edgeward-prod", "there is nothing to remove of the deployment prod"] {
        assert!(ran.stdout.contains(expected), "{expected:?} is not in {ran:#?}");
    }
    assert!(!ran.stderr.contains("ERROR"), "that is no error: {ran:#?}");
    assert_eq!(names(&world), stacks);
    assert!(world.aws().changes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stacks_may_be_gone_already_and_some_of_the_rest_too() {
    let (world, stacks) = world().await;
    world.aws().parameters.retain(|name, _| !stacks.contains(name));
    world.remove("edge/clients");
    let ran = run(&world, &["remove", "--yes"]).await.succeeds();
    assert!(!ran.stdout.contains("clients"), "{ran:#?}");
    assert!(names(&world).is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_without_an_edge_are_removed() {
    let world = World::new().await;
    let stacks = names(&world);
    world.run(&["keygen"]).await.succeeds();
    let ran = run(&world, &["remove", "--yes"]).await.succeeds();
    let removed =
        ["edge/keys", "origin/session-keys"].map(|name| format!("removed the parameter /edgeward/prod/{name}"));
    says(&ran, &["there is no Worker edgeward-prod", &removed[0], &removed[1]]);
    assert_eq!(names(&world), stacks);
}

#[tokio::test(flavor = "multi_thread")]
async fn when_the_edge_cannot_be_removed_every_parameter_stays() {
    let (world, _) = world().await;
    let before = names(&world);
    world.wrangler_fails("delete");
    let ran = run(&world, &["remove", "--yes"]).await.fails_with("no parameter was removed");
    assert!(ran.stderr.contains("wrangler cannot delete"), "its message is passed on: {ran:#?}");
    run(&world, &["remove", "--yes", "--wrangler", "/nowhere/wrangler"]).await.fails_with("run `.ci/setup edge`");
    world.wrangler_works_again("delete");
    world.wrangler_fails("whoami");
    run(&world, &["remove", "--yes"]).await.fails_with("set CLOUDFLARE_API_TOKEN");
    assert_eq!(names(&world), before);
    assert_eq!(world.wrangler_calls(), [DELETE]);

    let mut command = world.command();
    command
        .args(["remove", "--yes", "--deployment", "prod"])
        .env("CLOUDFLARE_API_TOKEN", TOKEN)
        .env("CLOUDFLARE_ACCOUNT_ID", "account-1");
    let ran = end(command).await.succeeds();
    assert!(!ran.all().contains(TOKEN));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silenced_wrangler_still_says_that_there_is_no_worker() {
    let world = World::new().await;
    let mut command = world.command();
    command.args(["remove", "--yes", "--deployment", "prod"]).env("WRANGLER_LOG", "none");
    let ran = end(command).await.succeeds();
    assert!(ran.stdout.contains("there is no Worker edgeward-prod"), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_that_may_not_be_deleted_are_removed_by_the_next_run() {
    let (world, stacks) = world().await;
    world.aws().denied = Some("DeleteParameters");
    let ran = run(&world, &["remove", "--yes"]).await.fails_with("the edge is removed, its parameters are not");
    assert!(ran.stderr.contains("/edgeward/prod/edge/keys") && ran.stderr.contains("lacks the permission"), "{ran:#?}");
    world.aws().denied = None;
    run(&world, &["remove", "--yes"]).await.succeeds();
    assert_eq!(names(&world), stacks);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_cannot_ask_aws_removes_no_edge() {
    let (world, _) = world().await;
    for (variable, words) in
        [("AWS_ACCESS_KEY_ID", "there are no AWS credentials; sign in"), ("AWS_REGION", "no AWS region: add --region")]
    {
        let mut command = world.command();
        command.args(["remove", "--yes", "--deployment", "prod"]).env_remove(variable);
        end(command).await.fails_with(words);
    }
    world.aws().fault = Some("ExpiredTokenException");
    run(&world, &["remove", "--yes"]).await.fails_with("have expired: sign in again");
    assert!(world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_region_is_named_as_the_reason_that_nothing_is_there() {
    let (world, _) = world().await;
    let before = names(&world);
    for arguments in [["remove", "--dry-run"], ["remove", "--yes"]] {
        let ran = run(&world, &[&arguments[..], &["--region", "us-east-1"]].concat()).await.succeeds();
        assert!(ran.stdout.contains("has no keys and nothing else to remove in us-east-1"), "{ran:#?}");
        assert!(ran.stdout.contains("run this again with that --region"), "{ran:#?}");
    }
    assert_eq!(names(&world), before);
    run(&world, &["remove", "--yes"]).await.succeeds();
    assert_ne!(names(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_local_edge_is_its_files_and_an_empty_folder() {
    let (world, stacks) = world().await;
    let output = world.folder.join("local");
    let target = ["--target", "local", "--output", output.to_str().unwrap()];
    let remove = |flag| [&["remove", flag], &target[..]].concat();
    world.run(&[&["push"], &target[..]].concat()).await.succeeds();
    // What a push leaves that breaks off.
    fs::write(output.join(".dev.new"), "EDGEWARD_KEYS='").unwrap();
    fs::write(output.join("mine"), "").unwrap();

    run(&world, &remove("--dry-run")).await.succeeds();
    assert_eq!(fs::read_dir(&output).unwrap().count(), 4);
    let ran = run(&world, &remove("--yes")).await.succeeds();
    for name in ["wrangler.json", ".dev.vars", ".dev.new"] {
        assert!(ran.stdout.contains(output.join(name).to_str().unwrap()), "{name} is not in {ran:#?}");
    }
    assert_eq!(fs::read_dir(&output).unwrap().map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["mine"]);
    assert_eq!(names(&world), stacks);
    let ran = run(&world, &remove("--yes")).await.succeeds();
    assert!(ran.stdout.contains("there is nothing to remove"), "{ran:#?}");
    // There is nothing to be sure about either.
    run(&world, &[&["remove"], &target[..]].concat()).await.succeeds();

    fs::remove_file(output.join("mine")).unwrap();
    world.run(&["keygen"]).await.succeeds();
    world.run(&[&["push"], &target[..]].concat()).await.succeeds();
    run(&world, &remove("--yes")).await.succeeds();
    assert!(!output.exists());
    assert!(world.wrangler_calls().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_cannot_be_removed_keep_every_parameter() {
    let (world, _) = world().await;
    let before = names(&world);
    let output = world.folder.join("local");
    fs::create_dir_all(output.join("wrangler.json")).unwrap();
    let target = ["remove", "--yes", "--target", "local", "--output", output.to_str().unwrap()];
    run(&world, &target).await.fails_with("wrangler.json; no parameter was removed");
    assert_eq!(names(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_another_name_is_its_own_worker_and_parameters() {
    let (world, _) = world().await;
    let before = names(&world);
    world.aws().put("/edgeward/team-2/edge/keys", "{}", "SecureString");
    let remove = |arguments: &'static [&'static str]| {
        let mut command = world.command();
        command.args(["remove", "--yes", "--deployment", "team-2"]).args(arguments);
        end(command)
    };
    remove(&[]).await.fails_with("add --env dev, staging or prod");
    remove(&["--env", "staging"]).await.succeeds();
    assert_eq!(world.wrangler_calls(), ["delete --name edgeward-team-2 --env= --force"]);
    assert_eq!(names(&world), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_get_one_document() {
    let (world, _) = world().await;
    let document = |ran: Ran| serde_json::from_str::<Value>(&ran.stdout).unwrap();
    let refused = document(run(&world, &["remove", "--json"]).await.fails_with("add --yes"));
    assert_eq!(refused["done"][1], "would remove the parameter /edgeward/prod/edge/keys");
    assert!(refused["error"].as_str().unwrap().contains("nothing was removed"));
    let removed = document(run(&world, &["remove", "--json", "--yes"]).await.succeeds());
    assert_eq!(removed["done"][0], "removed the Worker edgeward-prod");
    assert_eq!(removed["done"][3], format!("removed the parameter {}", origin("jwks")));
    assert_eq!((&removed["problems"], removed.get("error")), (&json!([]), None));
}
