//! `init`: what it asks, writes and refuses.

use std::{fs, os::unix::fs::PermissionsExt as _, process::Stdio};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

use super::Scene;
use crate::{
    aws::{Aws, CLIENT, POOL, SECRET},
    firewall::{acl, rule},
};

#[tokio::test(flavor = "multi_thread")]
async fn init_writes_a_file_without_secrets_and_keeps_those_at_aws() {
    let scene = Scene::begun(&[]).await;
    let file = fs::read_to_string(scene.path("edgeward.toml")).unwrap();
    for expected in [
        "name = \"prod\"",
        "platform = \"cloudflare\"",
        "store = \"ssm\"",
        &format!("cognito-user-pool-id = \"{POOL}\""),
        &format!("cognito-client-id = \"{CLIENT}\""),
        &format!("origin-url = \"{}\"", scene.world.url),
        "origin_path = \"/origin\"",
    ] {
        assert!(file.contains(expected), "{expected} is not in {file}");
    }
    assert!(!file.contains(SECRET));
    let stored = scene.world.aws().parameters["/edgeward/prod/edge/cognito-client-secret"].clone();
    assert_eq!((stored.value.as_str(), stored.kind.as_str()), (SECRET, "SecureString"));
    assert_eq!(scene.world.aws().parameters.len(), 1, "nothing else is a parameter");
    assert!(!scene.world.aws().changes.iter().any(|change| change.contains("UserPool")), "the pool is left alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_with_secrets_is_the_owners_alone() {
    let scene = Scene::begun(&["--secrets", "file"]).await;
    let path = scene.path(".edgeward/prod.json");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read_to_string(scene.path(".edgeward/.gitignore")).unwrap(), "*\n");
    assert!(scene.world.aws().parameters.is_empty(), "nothing is stored at AWS");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    scene.run(&["check"]).await.fails_with("others can read");
}

#[tokio::test(flavor = "multi_thread")]
async fn init_makes_a_client_with_the_right_settings() {
    let scene = Scene::new().await;
    scene.world.aws().app_client = Value::Null;
    scene.world.aws().is_branded = false;
    let ran = scene.init(&["--client", "new"]).await;
    assert_eq!(ran.status, 2, "given twice: {ran:#?}");
    let answers: Vec<_> =
        scene.answers().into_iter().map(|answer| if answer == CLIENT { "new".into() } else { answer }).collect();
    let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
    let ran = scene.run(&all).await.succeeds();
    assert!(ran.all().contains("confidential, authorization code grant alone, callback URL"), "{ran:#?}");
    let client = scene.world.aws().app_client.clone();
    assert_eq!(client["AllowedOAuthFlows"], json!(["code"]));
    assert_eq!(client["RefreshTokenRotation"], json!({ "Feature": "ENABLED", "RetryGracePeriodSeconds": 60 }));
    assert!(scene.world.aws().is_branded, "without a style, managed login answers every user with a 403");
    assert_eq!(client["EnableTokenRevocation"], true);
    assert_eq!(client["ExplicitAuthFlows"], json!(["ALLOW_USER_AUTH"]));
    let file = fs::read_to_string(scene.path("edgeward.toml")).unwrap();
    assert!(file.contains(&format!("cognito-client-id = \"{CLIENT}\"")));
}

#[tokio::test(flavor = "multi_thread")]
async fn init_asks_for_what_is_not_given() {
    let scene = Scene::new().await;
    let mut command = scene.world.command();
    let domain = scene.world.cognito().domain_url().to_owned();
    let jwks = format!("cognito-jwks-url={}/pool/.well-known/jwks.json", scene.world.url);
    command.args(["init", "--domain", &domain, "--set", &jwks]).current_dir(&scene.folder);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let url = &scene.world.url;
    // Pool and client by their numbers, then URLs, then the default name.
    let lines = format!("1\n1\n{url}\n\n{url}/origin\n\n");
    child.stdin.take().unwrap().write_all(lines.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    for expected in [
        POOL,
        "people",
        CLIENT,
        "the app",
        "new",
        "Public URL",
        "URL of the MCP server",
        "Name of the deployment [prod]",
    ] {
        assert!(said.contains(expected), "{expected} is not in {said}");
    }
    assert!(scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_init_leaves_no_file() {
    for (options, words) in [
        (&["--name", "Not A Name"][..], "a name is 1 to 32"),
        (&["--set", "keys=x"], "settings.keys: is a secret"),
        (&["--set", "access-token-seconds=soon"], "is not a number"),
        (&["--set", "nothing"], "is not NAME=VALUE"),
        (&["--config", "no/such/folder/edgeward.toml"], "cannot write no/such/folder/edgeward.toml"),
    ] {
        let scene = Scene::new().await;
        let ran = scene.init(options).await;
        assert_ne!(ran.status, 0, "{ran:#?}");
        assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
        assert!(!scene.has_file() && !scene.path(".edgeward").exists());
    }
    let scene = Scene::new().await;
    scene.run(&["init", "--yes", "--user-pool", POOL]).await.fails_with("--client is missing");
    assert!(!scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn init_overwrites_nothing() {
    let scene = Scene::begun(&[]).await;
    scene.init(&[]).await.fails_with("edgeward.toml is there already");
    fs::remove_file(scene.path("edgeward.toml")).unwrap();
    scene.init(&[]).await.succeeds();
    fs::remove_file(scene.path("edgeward.toml")).unwrap();
    scene.world.aws().put("/edgeward/prod/edge/cognito-client-secret", "anothers", "SecureString");
    scene.init(&[]).await.fails_with("holds the secret of another app client");
    assert!(!scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_without_a_domain_is_named_with_the_command_that_makes_one() {
    let scene = Scene::new().await;
    scene.world.aws().user_pool.as_object_mut().unwrap().remove("Domain");
    let ran = scene.run(&["init", "--yes", "--user-pool", POOL, "--client", CLIENT]).await;
    let ran = ran.fails_with("has no domain, so it has no login pages");
    assert!(ran.all().contains(&format!("create-user-pool-domain --user-pool-id {POOL} --domain PREFIX")), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_aws_credentials_everything_is_said_by_hand() {
    let scene = Scene::new().await;
    fs::write(scene.path("secret"), format!("{SECRET}\n")).unwrap();
    let answers = scene.answers();
    let all: Vec<_> = ["init", "--yes"].into_iter().chain(answers.iter().map(String::as_str)).collect();
    let without = |command: &mut tokio::process::Command| {
        command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    };
    let ran = scene.run_in(&all, without).await.fails_with("--client-secret-file is missing");
    assert!(!scene.has_file(), "{ran:#?}");
    let ran = scene.run_in(&[&all[..], &["--client-secret-file", "secret"]].concat(), without).await.succeeds();
    assert!(ran.all().contains("was looked at from outside only"), "{ran:#?}");
    assert!(fs::read_to_string(scene.path("edgeward.toml")).unwrap().contains("store = \"file\""));
    let stored = fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap();
    assert!(stored.contains(SECRET));
}

const ARN: &str = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:exampleclientid-AbCdEf";

#[tokio::test(flavor = "multi_thread")]
async fn what_the_owner_of_the_pool_should_know_is_said_and_the_file_is_written() {
    type Plant = fn(&mut Aws);
    let plants: [(Plant, &[&str]); 3] = [
        (
            |aws| aws.domain["ManagedLoginVersion"] = 1.into(),
            &["serves the classic login pages", "update-user-pool-domain --user-pool-id"],
        ),
        (
            |aws| aws.sessions = json!({ "UserSessionTracking": "ENABLED", "TokenSession": { "MaxPerUser": 5 } }),
            &["tracks sessions, 5 of a user at most", "set-user-pool-session-configuration --user-pool-id"],
        ),
        (
            |aws| aws.secret_arn = Some(ARN),
            &["keeps its secret in AWS Secrets Manager", "run `edgeward push --secrets-only` on a schedule"],
        ),
    ];
    for (plant, words) in plants {
        let scene = Scene::new().await;
        plant(&mut scene.world.aws());
        let ran = scene.init(&[]).await.succeeds();
        for words in words {
            assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
        }
        assert!(scene.has_file());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_in_secrets_manager_is_kept_as_its_arn() {
    let scene = Scene::new().await;
    scene.world.aws().secret_arn = Some(ARN);
    scene.init(&["--secrets", "file"]).await.succeeds();
    let stored: Value = serde_json::from_str(&fs::read_to_string(scene.path(".edgeward/prod.json")).unwrap()).unwrap();
    assert_eq!(stored["cognito-client-secret"]["value"], ARN);
    scene.run(&["keygen"]).await.succeeds();
    scene.run(&["push", "--target", "local", "--output", "local"]).await.succeeds();
    let told = fs::read_to_string(scene.path("local/.dev.vars")).unwrap();
    assert!(told.contains(&format!("COGNITO_CLIENT_SECRET='{SECRET}'")), "the edge gets what it stands for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_work_is_named_with_what_to_do() {
    type Plant = fn(&mut Aws);
    let plants: [(Plant, &[&str]); 3] = [
        (|aws| aws.secrets.clear(), &["has no secret, and cannot get one"]),
        (
            |aws| {
                let limit = json!({ "RateBasedStatement": {
                    "Limit": 1000, "EvaluationWindowSec": 300, "AggregateKeyType": "IP",
                } });
                aws.web_acl = acl(vec![rule("limit", 0, "Block", limit)]);
            },
            &["the rule limit blocks more than 1000 in 300 seconds", "scope-down statement"],
        ),
        (
            |aws| aws.domain["UserPoolId"] = "eu-west-1_Another".into(),
            &["belongs to the user pool eu-west-1_Another", "correct cognito-domain"],
        ),
    ];
    for (plant, words) in plants {
        let scene = Scene::new().await;
        plant(&mut scene.world.aws());
        let ran = scene.init(&["--fix"]).await;
        assert_eq!(ran.status, 1, "{ran:#?}");
        for words in words {
            assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
        }
        assert!(!scene.has_file());
    }
}
