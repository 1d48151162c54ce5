//! `POST /revoke` with a scripted Cognito: what is revoked, for whom, and what Cognito's faults become.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    oauth::{ClientDigest, Scope},
    platform::{Event, Level, UnixTime},
    sealed::{self, RefreshToken},
};
use http::{Response, header};
use support::*;

/// A refresh token that was issued to `client_id`.
fn refresh_token(edge: &TestEdge, client_id: &str) -> String {
    refresh_token_of(edge, client_id, "cognitos", None)
}

/// One after Cognito has replaced its own.
fn refresh_token_of(edge: &TestEdge, client_id: &str, newest: &str, original: Option<&str>) -> String {
    let token = RefreshToken {
        upstream_token: newest.to_owned(),
        original_token: original.map(str::to_owned),
        subject: "subject".to_owned(),
        resource: format!("{ISSUER}/mcp"),
        scope: Scope::parse("mcp").unwrap(),
        grant_id: "grant".to_owned(),
    };
    let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
    sealed::seal(&token, ClientDigest::of(client_id).as_str(), &keys, now, &edge.world).unwrap()
}

fn revoke(edge: &TestEdge, parameters: &[(&str, &str)]) -> Response<String> {
    edge.respond(post_form("/revoke", &[], parameters))
}

fn error(response: &Response<String>) -> String {
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    body["error"].as_str().unwrap().to_owned()
}

#[test]
fn cognito_is_told_to_forget_the_grant() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    edge.reply(200, "");
    let token = refresh_token(&edge, &client_id);
    // The hint is wrong, which must not matter (RFC 7009 §2.1).
    let response = revoke(&edge, &[("client_id", &client_id), ("token", &token), ("token_type_hint", "access_token")]);
    assert_eq!((response.status().as_u16(), response.body().as_str()), (200, ""));
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    assert_eq!(response.headers()[header::ACCESS_CONTROL_ALLOW_ORIGIN], "*");
    let asked = edge.world.fetched.borrow();
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].url, "https://login.example/oauth2/revoke");
    assert_eq!(asked[0].form.as_ref().unwrap().expose(), "token=cognitos");
    assert!(asked[0].authorization.is_some());
    assert_eq!(edge.world.records.borrow().last().unwrap().grant.as_deref(), Some("grant"));
}

#[test]
fn a_family_is_ended_by_its_original_token_and_then_by_the_newest_that_is_known() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let token = refresh_token_of(&edge, &client_id, "newest", Some("original"));
    let parameters = [("client_id", client_id.as_str()), ("token", &token)];
    let sent = || {
        let mut fetched = edge.world.fetched.borrow_mut();
        fetched.drain(..).map(|request| request.form.unwrap().expose().clone()).collect::<Vec<_>>()
    };
    let revoked =
        || edge.world.records.borrow_mut().drain(..).filter(|record| record.event == Event::GrantRevoked).count();
    edge.reply(200, "");
    edge.reply(200, "");
    assert_eq!((revoke(&edge, &parameters).status().as_u16(), revoked()), (200, 1));
    assert_eq!(sent(), ["token=original", "token=newest"]);

    // What Cognito has not confirmed is not revoked, and the client may try again.
    for answers in [&[403][..], &[200, 403], &[200, 429]] {
        answers.iter().for_each(|status| edge.reply(*status, ""));
        unavailable(&revoke(&edge, &parameters));
        assert_eq!((sent().len(), revoked()), (answers.len(), 0), "{answers:?}");
    }
    edge.reply(200, "");
    edge.reply(200, "");
    assert_eq!((revoke(&edge, &parameters).status().as_u16(), revoked()), (200, 1));
}

#[test]
fn what_is_not_the_clients_is_left_alone() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let others = refresh_token(&edge, "another client");
    for token in [others.as_str(), "nonsense", "a.b.c"] {
        let response = revoke(&edge, &[("client_id", &client_id), ("token", token)]);
        assert_eq!(response.status(), 200, "{token}");
    }
    assert!(edge.world.fetched.borrow().is_empty(), "Cognito was asked");
}

#[test]
fn a_request_without_client_or_token_is_refused() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let token = refresh_token(&edge, &client_id);
    for (parameters, status, code) in [
        (vec![("client_id", client_id.as_str())], 400, "invalid_request"),
        (vec![("token", &token)], 401, "invalid_client"),
        (vec![("client_id", "unknown"), ("token", &token)], 401, "invalid_client"),
        (vec![("client_id", &client_id), ("client_secret", "x"), ("token", &token)], 401, "invalid_client"),
        (vec![("client_id", &client_id), ("token", &token), ("token", &token)], 400, "invalid_request"),
    ] {
        let response = revoke(&edge, &parameters);
        assert_eq!((response.status().as_u16(), error(&response)), (status, code.to_owned()), "{parameters:?}");
    }
    let json = edge.respond(post("/revoke", "application/json", "{}"));
    assert_eq!((json.status().as_u16(), error(&json)), (400, "invalid_request".to_owned()));
    assert_eq!(edge.get("/revoke").status(), 405);
    assert!(edge.world.fetched.borrow().is_empty(), "Cognito was asked");
}

#[test]
fn the_log_names_whom_a_refused_request_names() {
    let edge = TestEdge::new();
    let registered = edge.register(r#"{"redirect_uris":["https://client.example/cb"]}"#);
    let id = registered["client_id"].as_str().unwrap();
    let named = |response: &Response<String>| {
        let record = edge.world.records.borrow_mut().pop().unwrap();
        assert_eq!(record.status, Some(response.status().as_u16()));
        record.client
    };
    let pseudonym = |id: &str| Some(ClientDigest::of(id).pseudonym());
    let wrong = [("client_id", id), ("client_secret", "wrong"), ("token", "x")];
    assert_eq!(named(&revoke(&edge, &wrong)), pseudonym(id));
    assert_eq!(named(&revoke(&edge, &[("client_id", "unknown"), ("token", "x")])), pseudonym("unknown"));
    assert_eq!(named(&revoke(&edge, &[("token", "x")])), None);
    let redeeming = [("grant_type", "refresh_token"), ("client_id", id), ("client_secret", "wrong")];
    assert_eq!(named(&edge.respond(post_form("/token", &[], &redeeming))), pseudonym(id));
}

#[test]
fn cognitos_faults_are_not_the_clients() {
    for (status, body, level) in [
        (401, r#"{"error":"invalid_client"}"#, Level::Alert),
        (400, r#"{"error":"invalid_request"}"#, Level::Alert),
        (400, "<html>", Level::Warn),
        (429, "", Level::Warn),
        (500, "", Level::Warn),
    ] {
        let edge = TestEdge::new();
        let client_id = edge.public_client();
        let parameters = [("client_id", client_id.as_str()), ("token", &refresh_token(&edge, &client_id))];
        edge.reply(status, body);
        let response = revoke(&edge, &parameters);
        assert!(COME_BACK.contains(&unavailable(&response)), "{status} {body}");
        assert_eq!(edge.world.records.borrow().last().unwrap().level, level, "{status} {body}");
        edge.reply(200, "");
        assert_eq!(revoke(&edge, &parameters).status(), 200, "later it works");
    }
}
