//! The edge's authorization request as Cognito answers it, without credentials.

use edgeward_cognito::{Answers, Endpoint, Fault, FaultKind, Flow, LoginPages};
use serde_json::json;

use crate::{aws::START, world::World};

async fn check(world: &World, words: &[&str]) {
    let ran = world.run(&["check", "--now", &START.to_string()]).await;
    for words in words {
        assert!(ran.all().contains(words), "{words:?} is not in {ran:#?}");
    }
    assert_eq!(ran.status, 1, "{ran:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_page_that_users_would_see_is_good() {
    let world = World::complete().await;
    for pages in [LoginPages::Managed, LoginPages::Classic] {
        world.start_cognito(|config| config.mode.login = pages).await;
        let ran = world.run(&["check", "--now", &START.to_string()]).await.succeeds();
        assert!(
            ran.stdout.contains("takes the edge's authorization request: 127.0.0.1 shows a login page"),
            "{ran:#?}"
        );
    }
    // Nobody is signed in by it, and nothing is posted.
    let requests = world.cognito().requests();
    let seen: Vec<_> = requests.iter().map(|request| format!("{} {}", request.method, request.path)).collect();
    assert_eq!(seen, ["GET /oauth2/authorize", "GET /login"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_reason_not_to_show_a_login_page_is_named() {
    let world = World::complete().await;
    type Change = fn(&mut edgeward_cognito::Config);
    let defects: [(Change, &[&str]); 6] = [
        (
            |config| config.app_clients[0].callback_urls = vec!["https://other.example/callback".to_owned()],
            &["ends on Cognito's page \"redirect_mismatch\"", "does not have the callback URL http://127.0.0.1:"],
        ),
        (
            |config| config.app_clients[0].allowed_scopes = vec!["openid".to_owned()],
            &["\"invalid_request\" (\"invalid_scope\")", "does not allow a scope of these: email, openid"],
        ),
        (
            |config| config.app_clients[0].branded = false,
            &["has no branding style of managed login", "aws cognito-idp create-managed-login-branding"],
        ),
        (
            |config| config.app_clients[0].oauth_enabled = false,
            &["\"Client is not enabled for OAuth2.0 flows.\"", "may not use the authorization code flow"],
        ),
        (
            |config| config.app_clients[0].flows = vec![Flow::Implicit],
            &["the error \"unauthorized_client\"", "allow the authorization code grant"],
        ),
        (
            // The domain of another pool: this app client is not there.
            |config| config.app_clients[0].id = "anotherclientid".to_owned(),
            &["there is no app client exampleclientid at this domain", "the domain may be another pool's"],
        ),
    ];
    for (change, words) in defects {
        world.start_cognito(change).await;
        check(&world, words).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_as_documented_is_refused_with_the_same_words() {
    let world = World::complete().await;
    world
        .start_cognito(|config| {
            config.mode.answers = Answers::Documented;
            config.app_clients[0].allowed_scopes = vec!["openid".to_owned()];
        })
        .await;
    check(&world, &["the error \"invalid_scope\"", "does not allow a scope of these"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scopes_that_resources_are_mapped_to_are_asked_for_too() {
    let world = World::complete().await;
    let scopes = json!({ "read": "Read", "write": { "words": "Write", "cognito_scope": "files/write" } });
    world.put("edge/resources", &json!([{ "path": "/mcp", "scopes": scopes, "default_scopes": ["read"] }]).to_string());
    check(&world, &["/oauth2/authorize: comes back with the error", "of these: email, files/write, openid"]).await;
}

const UNSEEN: &str = "which browsers pass and this tool does not: the login page was not looked at";

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_of_aws_wafs_is_a_note() {
    let world = World::complete().await;
    world.cognito().set_fault(Fault::on(Endpoint::Authorize, FaultKind::WafChallenge));
    world.finds("notes", &["/oauth2/authorize; AWS WAF asks for a challenge first,", UNSEEN]).await;
    // Behind a login page that is challenged, the other requests are sent all the same.
    world.cognito().clear_faults();
    world.cognito().set_fault(Fault::on(Endpoint::Login, FaultKind::WafChallenge));
    world.finds("notes", &["/login; AWS WAF asks for a challenge first,", UNSEEN]).await;
    let scopes = json!({ "read": "Read", "write": { "words": "Write", "cognito_scope": "files/write" } });
    world.put("edge/resources", &json!([{ "path": "/mcp", "scopes": scopes, "default_scopes": ["read"] }]).to_string());
    check(&world, &["/oauth2/authorize: comes back with the error", "/login: AWS WAF asks for a challenge first,"])
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_captcha_of_aws_wafs_is_a_note() {
    let world = World::complete().await;
    for (endpoint, path) in [(Endpoint::Authorize, "/oauth2/authorize"), (Endpoint::Login, "/login")] {
        world.cognito().clear_faults();
        world.cognito().set_fault(Fault::on(endpoint, FaultKind::WafCaptcha));
        world.finds("notes", &[&format!("{path}; AWS WAF asks for a CAPTCHA first,"), UNSEEN]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_firewall_that_may_stop_this_machine_alone_is_a_note() {
    let world = World::complete().await;
    for (endpoint, path) in [(Endpoint::Authorize, "/oauth2/authorize"), (Endpoint::Login, "/login")] {
        world.cognito().clear_faults();
        world.cognito().set_fault(Fault::on(endpoint, FaultKind::WafForbidden));
        let words = format!("{path}; is stopped before Cognito (status 403), perhaps only for this machine's address");
        world.finds("notes", &[&words, "look at the firewall"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_fails_or_is_not_there_is_named() {
    let world = World::complete().await;
    let fails = |endpoint, kind| {
        world.cognito().clear_faults();
        world.cognito().set_fault(Fault::on(endpoint, kind));
    };
    fails(Endpoint::Authorize, FaultKind::ServiceUnavailable);
    check(&world, &["/oauth2/authorize: does not answer: status 503; compare cognito-domain"]).await;
    fails(Endpoint::Authorize, FaultKind::TooManyRequests { retry_after: None });
    check(&world, &["/oauth2/authorize: answers 429: Cognito limits its requests"]).await;
    fails(Endpoint::Login, FaultKind::InternalServerError);
    check(&world, &["/login: does not answer: status 500"]).await;
    // The world's own URL serves no login pages.
    world.put("edge/cognito-domain", &world.url);
    check(&world, &["/oauth2/authorize: answers 404: no user pool serves login pages there"]).await;
    world.put("edge/cognito-domain", "http://127.0.0.1:9");
    check(&world, &["http://127.0.0.1:9/oauth2/authorize: does not answer"]).await;
}
