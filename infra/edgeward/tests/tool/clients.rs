//! Zones that stop clients before the edge, by their `User-Agent`, one at a time.

use http::Method;
use serde_json::json;

use crate::{
    edge::{Instead, METADATA, Zone},
    world::{Ran, TWO_RESOURCES, World},
};

const CHROME: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36";

/// As the clients call themselves, with how they are named, and what of a zone stops them.
const CLIENTS: [(&str, &str, &str); 4] = [
    ("Claude-User", "Claude (User-Agent: Claude-User)", "\"Block AI bots\""),
    ("openai-mcp/1.0.0", "ChatGPT (User-Agent: openai-mcp/1.0.0)", "AI Crawl Control > Security"),
    (CHROME, "a browser (User-Agent: Mozilla/5.0", "\"Under Attack mode\""),
    ("python-httpx/0.28.1", "an HTTP library (User-Agent: python-httpx/0.28.1)", "\"Browser Integrity Check\""),
];
const NAMELESS: &str = "a client without User-Agent";
const SYMPTOM: &str = "sign-in works, then nothing";

/// What a zone answers with these features, and how that is told.
fn stops() -> [(Instead, &'static str); 4] {
    let challenge = Instead::cloudflare(403, "<!DOCTYPE html><title>Just a moment...</title>");
    [
        (Instead::cloudflare(403, "Your request was blocked."), "status 403 (server: cloudflare), and"),
        (challenge.with("cf-mitigated", "challenge"), "status 403 (server: cloudflare, cf-mitigated: challenge), and"),
        (Instead::cloudflare(403, "error code: 1010"), "status 403 (server: cloudflare, Cloudflare's error 1010), and"),
        (Instead::cloudflare(402, r#"{"message":"Please contact us."}"#), "status 402 (server: cloudflare), and"),
    ]
}

/// The only problem.
#[track_caller]
fn problem(ran: Ran) -> String {
    assert_eq!(ran.status, 1, "{ran:#?}");
    let all = ran.all();
    let mut problems = all.lines().filter(|line| line.starts_with("problem:")).map(str::to_owned);
    let problem = problems.next().unwrap();
    assert_eq!(problems.next(), None, "{ran:#?}");
    problem
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_asks_every_resource_and_its_metadata() {
    let world = World::deployed().await;
    world.put("edge/resources", TWO_RESOURCES);
    world.deploy_edge();
    let ran = world.run(&["drift"]).await.succeeds();
    let named = CLIENTS.map(|(user_agent, name, _)| (Some(user_agent), name));
    for (user_agent, name) in named.into_iter().chain([(None, NAMELESS)]) {
        assert!(ran.stdout.contains(name), "{name:?} is not in {ran:#?}");
        let edge = world.edge();
        let asked = edge.asked.iter().filter(|asked| asked.user_agent.as_deref() == user_agent);
        let asked: Vec<_> = asked.map(|asked| (asked.method.clone(), asked.path.clone())).collect();
        let expected = ["/a", "/b"]
            .into_iter()
            .flat_map(|path| [(Method::POST, path.to_owned()), (Method::GET, format!("{METADATA}{path}"))]);
        assert_eq!(asked, expected.collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_the_zone_stops_is_named_once_with_what_to_change() {
    let world = World::deployed().await;
    for (user_agent, name, setting) in CLIENTS {
        for (answer, told) in stops() {
            world.edge().zone = Some(Zone { stops: Some(user_agent), answer });
            let problem = problem(world.run(&["drift"]).await);
            let beginning = format!("problem: {}/mcp: POST as {name}", world.url);
            assert!(problem.starts_with(&beginning), "{problem}");
            for expected in [told, setting, "Security > Analytics > Events", "a 401 with WWW-Authenticate: Bearer"] {
                assert!(problem.contains(expected), "{expected:?} is not in {problem}");
            }
            assert_eq!(problem.contains(SYMPTOM), name.starts_with('C'), "{problem}");
        }
    }
    world.edge().zone = None;
    world.run(&["drift"]).await.succeeds();
}

/// "Browser Integrity Check" is on in a new zone, and a first deployment must not fail of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_stops_clients_without_a_name_is_told_and_no_problem() {
    let world = World::deployed().await;
    for (answer, told) in stops() {
        world.edge().zone = Some(Zone { stops: None, answer });
        let ran = world.run(&["drift"]).await.succeeds();
        let told = told.strip_suffix(", and").unwrap();
        let beginning = format!("{}/mcp: POST as {NAMELESS} is stopped before the edge: {told}. ", world.url);
        let [line] = &ran.stdout.lines().filter(|line| line.contains(NAMELESS)).collect::<Vec<_>>()[..] else {
            panic!("not one line: {ran:#?}");
        };
        assert!(line.starts_with(&beginning), "{line}");
        for expected in ["\"Browser Integrity Check\"", "few MCP clients send no User-Agent"] {
            assert!(line.contains(expected), "{expected:?} is not in {line}");
        }
        assert!(ran.stdout.contains("is what the parameters of the deployment prod say"), "{ran:#?}");
    }
    // What no zone does is a problem for them as well.
    world.edge().zone = Some(Zone { stops: None, answer: Instead::new(401, "") });
    let problem = problem(world.run(&["drift"]).await);
    assert!(problem.contains(&format!("POST as {NAMELESS} gets status 401, and should get")), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_zone_that_stops_this_tool_is_asked_as_the_clients_all_the_same() {
    let world = World::deployed().await;
    let stops = Some(concat!("edgeward/", env!("CARGO_PKG_VERSION")));
    world.edge().zone = Some(Zone { stops, answer: Instead::cloudflare(403, "error code: 1020") });
    let ran = world.run(&["drift", "--wait", "600", "--interval", "1"]).await;
    let ran = ran
        .fails_with("the request is stopped before the edge: status 403 (server: cloudflare, Cloudflare's error 1020)");
    assert!(ran.stdout.contains("the edge answers requests sent from here in the name of Claude ("), "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_something_else_is_not_blamed_on_the_zone() {
    let world = World::deployed().await;
    let stops = Some("Claude-User");
    // A maze for crawlers is a page like any other.
    for (answer, told) in [
        (Instead::cloudflare(200, "<!DOCTYPE html>"), "gets status 200 (server: cloudflare), and should"),
        (Instead::cloudflare(530, "error code: 1016"), "gets status 530 (server: cloudflare, Cloudflare's error 1016)"),
        (
            Instead::cloudflare(530, r#"{"error_code":1016}"#),
            "gets status 530 (server: cloudflare, Cloudflare's error 1016)",
        ),
        (Instead::new(401, ""), "gets status 401, and should get a 401 with WWW-Authenticate: Bearer"),
    ] {
        world.edge().zone = Some(Zone { stops, answer });
        let problem = problem(world.run(&["drift"]).await);
        assert!(problem.contains(told), "{told:?} is not in {problem}");
        assert!(!problem.contains("Block AI bots") && !problem.contains(SYMPTOM), "{problem}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_a_client_does_not_get_is_named() {
    let world = World::deployed().await;
    let path = format!("{METADATA}/mcp");
    let good = world.edge().documents[&path].clone();
    let before = json!({ "resource": "https://older.example.com/mcp" });
    world.edge().documents.insert(path.clone(), before);
    let ran = world.run(&["drift"]).await.fails_with("says resource is");
    assert!(
        ran.stdout.contains(&format!("{path}: GET as Claude (User-Agent: Claude-User) gets status 200")),
        "{ran:#?}"
    );
    world.edge().documents.insert(path, good);
    world.run(&["drift"]).await.succeeds();
}
