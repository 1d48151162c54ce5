//! `POST /token` with a scripted Cognito: client authentication, and what each fault of Cognito's becomes.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use base64ct::{Base64, Encoding};
use edgeward_core::platform::{Event, Level};
use http::{Method, Response, header};
use support::*;

/// A Lambda says no, whatever the code is.
const UNREACHED: &str = r#"{"error":"invalid_request","error_description":"PreTokenGeneration failed with error connect ETIMEDOUT 10.0.0.5:443."}"#;
const REFUSED: &str = r#"{"error":"invalid_grant","error_description":"PreTokenGeneration failed with error demo@example.com has left."}"#;
const CRASHED: &str = r#"{"error":"invalid_request","error_description":"PreTokenGeneration failed with error Task timed out after 3.0 s."}"#;

/// An edge that can get Cognito's keys.
fn edge(overrides: &[(&str, &str)]) -> TestEdge {
    let edge = TestEdge::with(overrides);
    edge.world.keys.replace(Some(cognito::jwks()));
    edge
}

/// A code for `client_id`, straight from the callback.
fn code(edge: &TestEdge, client_id: &str) -> String {
    let page = edge.get(&authorization_request(client_id, &[]));
    let fields = [
        ("transaction", hidden(page.body(), "transaction")),
        ("sealed", hidden(page.body(), "sealed")),
        ("decision", "allow".to_owned()),
    ];
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let headers = [("origin", ISSUER), ("cookie", &cookies(&page)[0])];
    let allowed = edge.respond(post_form("/authorize", &headers, &fields));
    let state = parameter(&location(&allowed), "state").unwrap();
    let target = format!("/callback?code=upstream&state={state}");
    let answer = edge.respond(request(Method::GET, &target, &[("cookie", &cookies(&allowed)[0])], ""));
    parameter(&location(&answer), "code").unwrap()
}

fn redeem(edge: &TestEdge, client_id: &str, code: &str, changes: &[(&str, &str)]) -> Response<String> {
    let mut parameters = vec![
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", "https://client.example/cb"),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in changes {
        parameters.retain(|(key, _)| key != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    edge.respond(post_form("/token", &[], &parameters))
}

fn error(response: &Response<String>) -> String {
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    body["error"].as_str().unwrap().to_owned()
}

#[test]
fn cognito_never_sees_a_code_whose_request_is_wrong() {
    let edge = edge(&[]);
    let client_id = edge.public_client();
    let other = edge.register(
        r#"{"client_name":"Other","redirect_uris":["https://client.example/cb"],"token_endpoint_auth_method":"none"}"#,
    );
    let other = other["client_id"].as_str().unwrap();
    let code = code(&edge, &client_id);
    for (changes, status, code_of_error) in [
        (vec![("code_verifier", "")], 400, "invalid_request"),
        (vec![("code_verifier", "short")], 400, "invalid_request"),
        (vec![("code_verifier", CHALLENGE)], 400, "invalid_grant"),
        (vec![("redirect_uri", "http://localhost/cb")], 400, "invalid_grant"),
        (vec![("resource", "https://other.example/mcp")], 400, "invalid_target"),
        (vec![("code", "nonsense")], 400, "invalid_grant"),
        (vec![("client_id", other)], 400, "invalid_grant"),
        (vec![("client_id", "unknown")], 401, "invalid_client"),
        (vec![("client_id", "")], 401, "invalid_client"),
        (vec![("client_secret", "surplus")], 401, "invalid_client"),
        (vec![("grant_type", "password")], 400, "unsupported_grant_type"),
        (vec![("grant_type", "")], 400, "invalid_request"),
    ] {
        let response = redeem(&edge, &client_id, &code, &changes);
        assert_eq!((response.status().as_u16(), error(&response)), (status, code_of_error.to_owned()), "{changes:?}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    }
    assert!(edge.world.fetched.borrow().is_empty(), "Cognito was asked");
    redeem(&edge, &client_id, &code, &[]);
    assert_eq!(edge.world.fetched.borrow().len(), 1, "and for the good request it is");
    redeem(&edge, &client_id, &code, &[("redirect_uri", "")]);
    assert_eq!(edge.world.fetched.borrow().len(), 2, "which need not repeat the redirect URI");
    edge.advance(300);
    assert_eq!(error(&redeem(&edge, &client_id, &code, &[])), "invalid_grant");
    assert_eq!(edge.world.fetched.borrow().len(), 2, "an expired code does not reach it");
}

#[test]
fn each_fault_of_cognitos_has_its_answer() {
    let edge = edge(&[]);
    let client_id = edge.public_client();
    for (status, body, expected, level) in [
        (400, r#"{"error":"invalid_grant"}"#, (400, "invalid_grant"), Level::Info),
        (400, r#"{"error":"unauthorized_client"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (400, r#"{"error":"invalid_request"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (400, r#"{"error":"invalid_scope"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (400, r#"{"error":"unsupported_grant_type"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (400, r#"{"error":"never heard of"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (400, REFUSED, (400, "access_denied"), Level::Warn),
        (400, UNREACHED, (503, "temporarily_unavailable"), Level::Alert),
        (400, CRASHED, (503, "temporarily_unavailable"), Level::Alert),
        (400, r#"{"error":"invalid_grant","error_description":7}"#, (503, "temporarily_unavailable"), Level::Warn),
        (400, r#"{"error":"invalid_client"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (429, "", (503, "temporarily_unavailable"), Level::Warn),
        (500, "<html>", (503, "temporarily_unavailable"), Level::Warn),
        (403, "<html>", (503, "temporarily_unavailable"), Level::Warn),
        (400, "<html>", (503, "temporarily_unavailable"), Level::Warn),
        (200, r#"{"access_token":"#, (503, "temporarily_unavailable"), Level::Alert),
        (200, r#"{"access_token":"a","token_type":"Bearer"}"#, (503, "temporarily_unavailable"), Level::Alert),
        (200, r#"{"access_token":"a","id_token":"b"}"#, (503, "temporarily_unavailable"), Level::Alert),
    ] {
        let code = code(&edge, &client_id);
        edge.reply(status, body);
        let response = redeem(&edge, &client_id, &code, &[]);
        assert_eq!((response.status().as_u16(), error(&response).as_str()), expected, "{status} {body}");
        assert_eq!(response.headers().contains_key(header::RETRY_AFTER), expected.0 == 503, "{status} {body}");
        assert_eq!(edge.world.records.borrow().last().unwrap().level, level, "{status} {body}");
    }
}

#[test]
fn the_log_says_what_to_look_at_and_never_what_cognito_says_of_a_person() {
    let edge = edge(&[]);
    let client_id = edge.public_client();
    for (body, expected) in [
        (r#"{"error":"unauthorized_client"}"#, "unauthorized_client: is <EDGEWARD_PUBLIC_URL>/callback a callback URL"),
        (r#"{"error":"secret words"}"#, "an error that is not known"),
        (r#"{"error":"invalid_grant","error_description":"secret words"}"#, "`email` but not `email_verified`"),
        (REFUSED, "the Lambda trigger PreTokenGeneration has refused the user: [e-mail] has left"),
        (CRASHED, "the Lambda trigger PreTokenGeneration has failed: Task timed out after 3.0 s"),
    ] {
        let code = code(&edge, &client_id);
        edge.world.records.borrow_mut().clear();
        edge.reply(400, body);
        let told = redeem(&edge, &client_id, &code, &[]).into_body();
        let records = edge.world.records.borrow();
        let told_of_cognito = records.iter().any(|record| record.event == Event::UpstreamFailed);
        assert_eq!(told_of_cognito, records[0].level == Level::Alert, "{body}");
        for record in records.iter() {
            let reason = record.reason.as_deref().unwrap();
            assert!(reason.contains(expected) && !reason.contains("secret") && !reason.contains('@'), "{reason}");
        }
        assert!(!told.contains("has left") && !told.contains("secret"), "{told}");
    }
}

#[test]
fn the_second_secret_is_tried_when_cognito_does_not_know_the_first() {
    let edge = edge(&[("COGNITO_CLIENT_SECRET", "new old")]);
    let client_id = edge.public_client();
    let code = code(&edge, &client_id);
    edge.reply(400, r#"{"error":"invalid_client"}"#);
    edge.reply(400, r#"{"error":"invalid_grant"}"#);
    assert_eq!(error(&redeem(&edge, &client_id, &code, &[])), "invalid_grant");
    let sent: Vec<_> = edge
        .world
        .fetched
        .borrow()
        .iter()
        .map(|request| request.authorization.as_ref().unwrap().expose().clone())
        .collect();
    assert_eq!(
        sent,
        ["new", "old"].map(|s| format!("Basic {}", Base64::encode_string(format!("upstreamclient:{s}").as_bytes())))
    );
}

#[test]
fn a_confidential_client_proves_itself_in_the_header_or_in_the_form_but_not_in_both() {
    let edge = edge(&[]);
    let registered = edge.register(r#"{"redirect_uris":["https://client.example/cb"]}"#);
    let (id, secret) = (registered["client_id"].as_str().unwrap(), registered["client_secret"].as_str().unwrap());
    let basic = |secret: &str| format!("Basic {}", Base64::encode_string(format!("{id}:{secret}").as_bytes()));
    let ask = |authorization: Option<String>, form: &[(&str, &str)]| {
        let mut parameters = vec![("grant_type", "refresh_token"), ("refresh_token", "nonsense")];
        parameters.extend(form);
        let headers: Vec<_> = authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let response = edge.respond(post_form("/token", &headers, &parameters));
        let challenged = response.headers().contains_key(header::WWW_AUTHENTICATE);
        (response.status().as_u16(), error(&response), challenged)
    };
    let answer = |status, error: &str, challenged| (status, error.to_owned(), challenged);
    // Authenticated: only the refresh token is found wanting.
    assert_eq!(ask(Some(basic(secret)), &[]), answer(400, "invalid_grant", false));
    assert_eq!(ask(None, &[("client_id", id), ("client_secret", secret)]), answer(400, "invalid_grant", false));
    assert_eq!(ask(Some(basic("wrong")), &[]), answer(401, "invalid_client", true));
    assert_eq!(ask(None, &[("client_id", id), ("client_secret", "wrong")]), answer(401, "invalid_client", false));
    assert_eq!(ask(None, &[("client_id", id)]), answer(401, "invalid_client", false));
    assert_eq!(ask(Some("Basic !".into()), &[]), answer(401, "invalid_client", true));
    let both = ask(Some(basic(secret)), &[("client_id", id), ("client_secret", secret)]);
    assert_eq!(both, answer(400, "invalid_request", false));
    assert_eq!(ask(Some(basic(secret)), &[("client_id", "other")]), answer(400, "invalid_request", false));
}
