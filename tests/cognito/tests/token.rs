//! The token endpoint: who may ask, codes, machine clients, and the form of answers.

use edgeward_cognito::{Answers, DEV_CLIENT_ID, DEV_CLIENT_SECRET, Flow, Mode};
use reqwest::StatusCode;

use crate::support::{
    CALLBACK, MACHINE_CLIENT, MACHINE_SECRET, MCP, PUBLIC_CLIENT, Parameters, TestPool, assert_granted, assert_refused,
    claims, header, http, redeem, refresh, request,
};

#[tokio::test]
async fn a_code_gives_the_documented_members_and_headers() {
    let pool = TestPool::start().await;
    let answer = pool.token(&redeem(&pool.code(&request()).await)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(header(&answer, "content-type"), "application/json;charset=UTF-8");
    assert_eq!(header(&answer, "access-control-allow-origin"), "*");
    assert_eq!(header(&answer, "cache-control"), "no-cache, no-store, max-age=0, must-revalidate");
    assert_eq!(header(&answer, "pragma"), "no-cache");
    assert_eq!(header(&answer, "x-amz-cognito-request-id").len(), 36);
    let tokens = crate::support::Tokens(answer.json().await.unwrap());
    assert_eq!(tokens.names(), ["access_token", "expires_in", "id_token", "refresh_token", "token_type"]);
    assert_eq!((tokens.text("token_type"), &tokens.0["expires_in"]), ("Bearer", &3600.into()));
}

#[tokio::test]
async fn an_id_token_comes_only_with_openid() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request().with("scope", &format!("{MCP}/read"))).await;
    assert_eq!(tokens.names(), ["access_token", "expires_in", "refresh_token", "token_type"]);
}

#[tokio::test]
async fn a_code_works_once() {
    let pool = TestPool::start().await;
    let code = pool.code(&request()).await;
    assert_granted(pool.token(&redeem(&code))).await;
    assert_refused(pool.token(&redeem(&code)), "invalid_grant").await;
    assert_refused(pool.token(&redeem("00000000-0000-0000-0000-000000000000")), "invalid_grant").await;
}

#[tokio::test]
async fn a_code_works_for_five_minutes() {
    let pool = TestPool::start().await;
    let code = pool.code(&request()).await;
    pool.cognito.advance(299);
    assert_granted(pool.token(&redeem(&code))).await;
    let code = pool.code(&request()).await;
    pool.cognito.advance(300);
    assert_refused(pool.token(&redeem(&code)), "invalid_grant").await;
}

#[tokio::test]
async fn a_code_is_bound_to_its_client() {
    let pool = TestPool::start().await;
    let for_public = request().with("client_id", PUBLIC_CLIENT);
    let as_public = |code: &str| redeem(code).with("client_id", PUBLIC_CLIENT).without("client_secret");
    assert_refused(pool.token(&redeem(&pool.code(&for_public).await)), "invalid_grant").await;
    assert_granted(pool.token(&as_public(&pool.code(&for_public).await))).await;
}

#[tokio::test]
async fn a_code_is_bound_to_its_redirect_uri() {
    let pool = TestPool::start().await;
    let other = "https://example.com/callback";
    let wrong = redeem(&pool.code(&request()).await).with("redirect_uri", other);
    assert_refused(pool.token(&wrong), "unauthorized_client").await;
    // Whether the failed attempt uses the code up is unknown; the strict answer is assumed.
    assert_refused(pool.token(&wrong.with("redirect_uri", CALLBACK)), "invalid_grant").await;
    assert_granted(pool.token(&redeem(&pool.code(&request()).await))).await;
}

#[tokio::test]
async fn a_challenge_wants_its_verifier() {
    let pool = TestPool::start().await;
    let good = || async { redeem(&pool.code(&request()).await) };
    assert_refused(pool.token(&good().await.with("code_verifier", "wrong")), "invalid_grant").await;
    assert_refused(pool.token(&good().await.without("code_verifier")), "invalid_grant").await;
    assert_granted(pool.token(&good().await)).await;
    let plain = request().without("code_challenge").without("code_challenge_method");
    assert_granted(pool.token(&redeem(&pool.code(&plain).await).without("code_verifier"))).await;
}

#[tokio::test]
async fn required_parameters_and_known_grant_types() {
    let pool = TestPool::start().await;
    let code = pool.code(&request()).await;
    for missing in ["grant_type", "code", "redirect_uri", "client_id"] {
        assert_refused(pool.token(&redeem(&code).without(missing)), "invalid_request").await;
    }
    assert_refused(pool.token(&refresh("").without("refresh_token")), "invalid_request").await;
    for unknown in ["password", "urn:ietf:params:oauth:grant-type:device_code"] {
        assert_refused(pool.token(&redeem(&code).with("grant_type", unknown)), "unsupported_grant_type").await;
    }
    // None of these got as far as the code.
    assert_granted(pool.token(&redeem(&code))).await;
}

#[tokio::test]
async fn a_confidential_client_proves_itself_in_header_or_body_and_a_failure_is_a_400() {
    let pool = TestPool::start().await;
    let code = pool.code(&request()).await;
    let form = redeem(&code);
    let bare = form.clone().without("client_id").without("client_secret");
    for wrong in [
        pool.token(&form.clone().without("client_secret")),
        pool.token(&form.clone().with("client_secret", "wrong")),
        pool.token(&form.clone().with("client_id", "nobody")),
        pool.token(&bare).basic_auth(DEV_CLIENT_ID, Some("wrong")),
        pool.token(&bare).header("authorization", "Basic !"),
        pool.token(&form.clone().with("client_id", PUBLIC_CLIENT)).basic_auth(DEV_CLIENT_ID, Some(DEV_CLIENT_SECRET)),
        pool.token(&form.clone().with("client_id", PUBLIC_CLIENT)),
    ] {
        assert_refused(wrong, "invalid_client").await;
    }
    assert_granted(pool.token(&bare).basic_auth(DEV_CLIENT_ID, Some(DEV_CLIENT_SECRET))).await;
    assert_granted(pool.token(&redeem(&pool.code(&request()).await))).await;
}

#[tokio::test]
async fn two_secrets_can_be_active() {
    let second = "the_second_secret_of_the_client_00001";
    let pool = TestPool::start_with(|config| config.app_clients[0].secrets.push(second.to_owned())).await;
    for secret in [DEV_CLIENT_SECRET, second] {
        let form = redeem(&pool.code(&request()).await).with("client_secret", secret);
        assert_granted(pool.token(&form)).await;
    }
}

#[tokio::test]
async fn only_forms_are_posted() {
    let pool = TestPool::start().await;
    let url = pool.url("/oauth2/token");
    assert_refused(http().post(&url).json(&serde_json::json!({"grant_type": "refresh_token"})), "invalid_request")
        .await;
    let answer = http().get(&url).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

fn machine() -> Parameters {
    Parameters::new(&[
        ("grant_type", "client_credentials"),
        ("client_id", MACHINE_CLIENT),
        ("client_secret", MACHINE_SECRET),
    ])
}

#[tokio::test]
async fn a_machine_client_gets_an_access_token_about_itself() {
    let pool = TestPool::start().await;
    let tokens = assert_granted(pool.token(&machine())).await;
    assert_eq!(tokens.names(), ["access_token", "expires_in", "token_type"]);
    let claims = tokens.access();
    assert_eq!((&claims["sub"], &claims["client_id"]), (&MACHINE_CLIENT.into(), &MACHINE_CLIENT.into()));
    assert_eq!((&claims["version"], &claims["token_use"]), (&2.into(), &"access".into()));
    assert_eq!(claims["scope"], format!("{MCP}/read {MCP}/write"));
    for absent in ["aud", "username", "cognito:groups"] {
        assert!(!claims.contains_key(absent));
    }
}

#[tokio::test]
async fn a_machine_client_gets_what_it_may_have_of_what_it_asks_for() {
    let pool = TestPool::start().await;
    let some = machine().with("scope", &format!("openid {MCP}/read"));
    assert_eq!(assert_granted(pool.token(&some)).await.access()["scope"], format!("{MCP}/read"));
    assert_refused(pool.token(&machine().with("scope", "openid")), "invalid_scope").await;
}

#[tokio::test]
async fn a_code_client_has_no_client_credentials() {
    let pool = TestPool::start().await;
    let form = machine().with("client_id", DEV_CLIENT_ID).with("client_secret", DEV_CLIENT_SECRET);
    assert_refused(pool.token(&form), "invalid_grant").await;
    pool.cognito.set_mode(Mode { answers: Answers::Documented, ..Mode::default() });
    assert_refused(pool.token(&form), "unauthorized_client").await;
    assert_granted(pool.token(&machine())).await;
}

#[tokio::test]
async fn the_implicit_flow_answers_in_the_fragment() {
    let pool = TestPool::start_with(|config| config.app_clients[0].flows.push(Flow::Implicit)).await;
    let url = pool.sign_in(&request().with("response_type", "token")).await;
    assert_eq!(url.query(), None);
    let fragment = Parameters::parse_fragment(&url);
    assert_eq!((fragment["token_type"].as_str(), fragment["expires_in"].as_str()), ("bearer", "3600"));
    assert_eq!(fragment["state"], "a-state_1");
    assert_eq!(claims(&fragment["access_token"])["token_use"], "access");
    assert_eq!(claims(&fragment["id_token"])["nonce"], "a-nonce");
    assert!(!fragment.contains_key("refresh_token"));
}
