//! Refreshing with a scripted Cognito: how often it is asked, and what becomes of its answers.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
mod support;

use std::{
    future::Future,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use cognito::{TokenAnswer, refresh_token};
use edgeward_core::{
    oauth::ClientDigest,
    platform::{Event, FetchError, Level, UnixTime},
    refreshes::{REFUSED_SECONDS, ROTATED_SECONDS, UNROTATED_SECONDS},
    sealed::{self, RefreshToken},
};
use http::Response;
use serde_json::{Value, json};
use support::*;

const RESOURCES: &str = r#"[{"path": "/mcp", "default_scopes": ["mcp"],
    "scopes": {"mcp": "Use it", "admin": {"words": "Change it", "groups": ["admins"]}}}]"#;

/// An edge that has Cognito's keys and one client with a refresh token.
struct Scene {
    edge: TestEdge,
    client_id: String,
    token: String,
}

impl Scene {
    fn new() -> Self {
        Self::with_scope("mcp")
    }

    fn with_scope(scope: &str) -> Self {
        let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
        let client_id = edge.public_client();
        let token = refresh_token(&edge, &client_id, "first", scope);
        edge.world.keys.replace(Some(cognito::jwks()));
        Self { edge, client_id, token }
    }

    fn request(&self, token: &str) -> edgeward_core::Request {
        let parameters =
            [("grant_type", "refresh_token"), ("client_id", self.client_id.as_str()), ("refresh_token", token)];
        post_form("/token", &[], &parameters)
    }

    fn refresh(&self, token: &str) -> Response<String> {
        self.edge.respond(self.request(token))
    }

    /// A new refresh token for `token`.
    fn refreshed(&self, token: &str) -> String {
        let answer = self.refresh(token);
        assert_eq!(answer.status(), 200, "{}", answer.body());
        body(&answer)["refresh_token"].as_str().unwrap().to_owned()
    }

    fn asked(&self) -> usize {
        self.edge.world.fetched.borrow().len()
    }

    /// Cognito's tokens that it was shown.
    fn shown(&self) -> Vec<String> {
        let sent = self.edge.world.fetched.borrow();
        let forms = sent.iter().map(|request| request.form.as_ref().unwrap().expose());
        forms.map(|form| form.rsplit_once("refresh_token=").unwrap().1.to_owned()).collect()
    }
}

fn answer<'a>(refresh_token: &'a str) -> TokenAnswer<'a> {
    TokenAnswer { refresh_token: Some(refresh_token), ..TokenAnswer::default() }
}

fn body(response: &Response<String>) -> Value {
    serde_json::from_str(response.body()).unwrap()
}

fn refused(response: &Response<String>, status: u16, error: &str) {
    assert_eq!((response.status().as_u16(), body(response)["error"].as_str()), (status, Some(error)));
}

fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn two_at_once_ask_cognito_once() {
    let scene = Scene::new();
    TokenAnswer::default().script(&scene.edge);
    scene.edge.world.held.set(true);
    let mut first = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    let mut second = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    scene.edge.world.held.set(false);
    let tokens = [block_on(first), block_on(second)].map(|response| {
        assert_eq!(response.status(), 200);
        body(&response)["refresh_token"].as_str().unwrap().to_owned()
    });
    assert_eq!(scene.asked(), 1);
    // Both hold Cognito's one new token.
    answer("later").script(&scene.edge);
    tokens.iter().for_each(|token| drop(scene.refreshed(token)));
    assert_eq!(scene.shown(), ["first", "next"]);
}

#[test]
fn a_cognito_that_is_slow_is_asked_once_all_the_same() {
    let scene = Scene::new();
    scene.edge.world.held.set(true);
    let mut first = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    let mut second = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!(poll(first.as_mut()).is_pending() && poll(second.as_mut()).is_pending());
    // The first one shows that it is alive, for as long as the client of the second one waits.
    let mut polls = 0;
    let second = loop {
        polls += 1;
        assert!(poll(first.as_mut()).is_pending());
        if let Poll::Ready(response) = poll(second.as_mut()) {
            break response;
        }
    };
    unavailable(&second);
    assert!((8_000..10_000).contains(&(polls * 50)), "{polls} times 50 ms");
    assert_eq!(scene.asked(), 1);

    scene.edge.world.held.set(false);
    TokenAnswer::default().script(&scene.edge);
    assert_eq!(block_on(first).status(), 200);
    scene.refreshed(&scene.token);
    assert_eq!(scene.asked(), 1);
}

#[test]
fn a_lost_answer_is_given_again_for_as_long_as_cognitos_grace_period() {
    let scene = Scene::new();
    answer("second").script(&scene.edge);
    let first = body(&scene.refresh(&scene.token));
    scene.edge.advance(ROTATED_SECONDS - 1);
    let again = body(&scene.refresh(&scene.token));
    assert_eq!(again["expires_in"], first["expires_in"]);
    assert_ne!(again["access_token"], first["access_token"]);
    assert_eq!(scene.asked(), 1);
    answer("third").script(&scene.edge);
    scene.refreshed(again["refresh_token"].as_str().unwrap());
    assert_eq!(scene.shown(), ["first", "second"]);

    scene.edge.advance(1);
    answer("another").script(&scene.edge);
    scene.refreshed(&scene.token);
    assert_eq!(scene.shown().last().unwrap(), "first", "then it is Cognito's to say");
}

#[test]
fn an_answer_outlives_a_change_of_settings_as_long_as_the_app_client_is_the_same() {
    for (changed, asked) in [
        (("EDGEWARD_ACCESS_TOKEN_SECONDS", "600"), 1),
        (("EDGEWARD_COGNITO_ISSUER", "https://pool.example"), 1),
        (("COGNITO_CLIENT_ID", "another"), 2),
        (("COGNITO_DOMAIN", "b.example"), 2),
    ] {
        let mut scene = Scene::new();
        answer("second").script(&scene.edge);
        scene.refreshed(&scene.token);
        let config = config(&[("EDGEWARD_RESOURCES", RESOURCES), changed]).unwrap();
        scene.edge.edge = scene.edge.edge.with_settings(config, scene.edge.world.clone());
        answer("third").script(&scene.edge);
        scene.refresh(&scene.token);
        assert_eq!(scene.asked(), asked, "{changed:?}");
    }
}

#[test]
fn a_group_that_newer_settings_name_counts_in_an_answer_from_before() {
    let mut scene = Scene::with_scope("mcp admin");
    TokenAnswer { groups: &["admins", "staff"], ..answer("second") }.script(&scene.edge);
    let scope = |response: &Response<String>| body(response)["scope"].as_str().unwrap().to_owned();
    assert_eq!(scope(&scene.refresh(&scene.token)), "mcp admin");
    let resources = RESOURCES.replace("admins", "staff");
    let config = config(&[("EDGEWARD_RESOURCES", &resources)]).unwrap();
    scene.edge.edge = scene.edge.edge.with_settings(config, scene.edge.world.clone());
    assert_eq!(scope(&scene.refresh(&scene.token)), "mcp admin");
    assert_eq!(scene.asked(), 1);
}

#[test]
fn an_older_token_waits_for_what_replaces_the_newest() {
    let scene = Scene::new();
    answer("second").script(&scene.edge);
    let second = scene.refreshed(&scene.token);
    scene.edge.world.held.set(true);
    let mut newest = pin!(scene.edge.edge.respond(scene.request(&second)));
    let mut older = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!((0..3).all(|_| poll(newest.as_mut()).is_pending() && poll(older.as_mut()).is_pending()));
    scene.edge.world.held.set(false);
    answer("third").script(&scene.edge);
    let tokens = [block_on(newest), block_on(older)].map(|response| body(&response)["refresh_token"].clone());
    answer("fourth").script(&scene.edge);
    tokens.iter().for_each(|token| drop(scene.refreshed(token.as_str().unwrap())));
    assert_eq!(scene.shown(), ["first", "second", "third"]);
}

#[test]
fn a_narrower_scope_asks_cognito_no_second_time() {
    let scene = Scene::with_scope("mcp admin");
    answer("second").script(&scene.edge);
    scene.refreshed(&scene.token);
    let parameters = [
        ("grant_type", "refresh_token"),
        ("client_id", scene.client_id.as_str()),
        ("refresh_token", scene.token.as_str()),
        ("scope", "mcp"),
    ];
    let narrow = scene.edge.respond(post_form("/token", &[], &parameters));
    assert_eq!((narrow.status().as_u16(), body(&narrow)["scope"].as_str()), (200, Some("mcp")));
    assert_eq!(scene.asked(), 1);
}

#[test]
fn an_older_token_goes_on_with_the_newest_of_its_family() {
    let scene = Scene::new();
    for next in ["second", "third", "fourth"] {
        answer(next).script(&scene.edge);
    }
    let second = scene.refreshed(&scene.token);
    scene.refreshed(&second);
    let third = scene.refreshed(&scene.token);
    scene.refreshed(&third);
    assert_eq!(scene.shown(), ["first", "second", "third"]);
}

/// What Cognito has given out must not be lost with a request that fails after it.
#[test]
fn a_token_that_cognito_gave_for_a_refused_request_is_used_by_the_next() {
    let scene = Scene::with_scope("mcp admin");
    TokenAnswer { groups: &["nobody"], ..answer("second") }.script(&scene.edge);
    let parameters = [
        ("grant_type", "refresh_token"),
        ("client_id", scene.client_id.as_str()),
        ("refresh_token", scene.token.as_str()),
        ("scope", "admin"),
    ];
    refused(&scene.edge.respond(post_form("/token", &[], &parameters)), 400, "invalid_scope");
    let next = scene.refreshed(&scene.token);
    assert_eq!(scene.shown(), ["first"]);
    answer("third").script(&scene.edge);
    scene.refreshed(&next);
    assert_eq!(scene.shown(), ["first", "second"]);
}

/// Two edges, each with a memory of its own, and a Cognito that lets only the newest token of a family go on.
#[test]
fn a_family_that_two_instances_have_forked_goes_on_with_the_newest_token() {
    let (here, there) = (Scene::new(), Scene::new());
    answer("older").script(&here.edge);
    answer("newer").script(&there.edge);
    let older = here.refreshed(&here.token);
    let newer = there.refreshed(&here.token);

    here.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&here.refresh(&older), 400, "invalid_grant");
    answer("last").script(&here.edge);
    here.refreshed(&newer);
    // Nor is the answer given again whose token is over: Cognito may give out another one.
    answer("newest").script(&here.edge);
    here.refreshed(&here.token);
    assert_eq!(here.shown(), ["first", "older", "newer", "first"]);
    let paths: Vec<_> = here.edge.world.fetched.borrow().iter().map(|request| request.url.clone()).collect();
    assert!(paths.iter().all(|url| url.ends_with("/oauth2/token")), "nothing is revoked: {paths:?}");
}

#[test]
fn an_answer_that_was_lost_to_us_too_is_asked_for_again() {
    let scene = Scene::new();
    scene.edge.world.replies.borrow_mut().push_back(Err(FetchError::Connection));
    TokenAnswer::default().script(&scene.edge);
    refused(&scene.refresh(&scene.token), 503, "temporarily_unavailable");
    assert_eq!(scene.refresh(&scene.token).status(), 200);
    assert_eq!(scene.asked(), 2);
}

#[test]
fn a_request_that_the_platform_has_ended_holds_nobody_up() {
    let scene = Scene::new();
    scene.edge.world.held.set(true);
    // Never polled again, and never dropped before the end.
    let mut ended = Box::pin(scene.edge.edge.respond(scene.request(&scene.token)));
    assert!(poll(ended.as_mut()).is_pending());
    scene.edge.world.held.set(false);
    TokenAnswer::default().script(&scene.edge);
    let mut next = pin!(scene.edge.edge.respond(scene.request(&scene.token)));
    let polls = (0..100).take_while(|_| poll(next.as_mut()).is_pending()).count();
    assert!((2..100).contains(&polls), "waited for {polls} times");
    assert_eq!(scene.asked(), 2);
    // Both have shown that they are alive, for as long as they were.
    assert!(scene.edge.world.slept.get() <= 2_000 + 3 * 500, "{}", scene.edge.world.slept.get());
}

#[test]
fn a_dead_token_is_shown_to_cognito_once_a_minute() {
    let scene = Scene::new();
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    for _ in 0..5 {
        refused(&scene.refresh(&scene.token), 400, "invalid_grant");
        // The same token of Cognito's in another one of ours.
        refused(&scene.refresh(&refresh_token(&scene.edge, &scene.client_id, "first", "mcp")), 400, "invalid_grant");
    }
    assert_eq!(scene.asked(), 1);
    TokenAnswer::default().script(&scene.edge);
    let another = refresh_token(&scene.edge, &scene.client_id, "second", "mcp");
    assert_eq!(scene.refresh(&another).status(), 200, "others are not concerned");

    scene.edge.advance(REFUSED_SECONDS);
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.token), 400, "invalid_grant");
    assert_eq!(scene.asked(), 3);
}

#[test]
fn what_is_not_the_tokens_fault_leaves_it_good() {
    for reply in [
        Ok((429, "")),
        Ok((500, "")),
        Ok((503, "<html>")),
        Ok((400, r#"{"error":"invalid_client"}"#)),
        Err(FetchError::DeadlineExceeded),
        Err(FetchError::Connection),
        Err(FetchError::Unreachable("no such name")),
    ] {
        let scene = Scene::new();
        match reply {
            Ok((status, body)) => scene.edge.reply(status, body),
            Err(error) => scene.edge.world.replies.borrow_mut().push_back(Err(error)),
        }
        let response = scene.refresh(&scene.token);
        refused(&response, 503, "temporarily_unavailable");
        assert!(COME_BACK.contains(&unavailable(&response)), "{reply:?}");
        TokenAnswer::default().script(&scene.edge);
        assert_eq!(scene.refresh(&scene.token).status(), 200, "{reply:?}");
    }
}

#[test]
fn a_revoked_grant_has_no_answers() {
    let scene = Scene::new();
    TokenAnswer::default().script(&scene.edge);
    let next = body(&scene.refresh(&scene.token))["refresh_token"].as_str().unwrap().to_owned();
    // The original token, and the newest.
    (0..2).for_each(|_| scene.edge.reply(200, ""));
    let parameters = [("client_id", scene.client_id.as_str()), ("token", &next)];
    assert_eq!(scene.edge.respond(post_form("/revoke", &[], &parameters)).status(), 200);
    scene.edge.reply(400, r#"{"error":"invalid_grant"}"#);
    refused(&scene.refresh(&scene.token), 400, "invalid_grant");
}

#[test]
fn without_rotation_it_works_and_is_told_once() {
    let scene = Scene::new();
    let mut token = scene.token.clone();
    for _ in 0..3 {
        TokenAnswer { refresh_token: None, ..TokenAnswer::default() }.script(&scene.edge);
        token = scene.refreshed(&token);
        scene.edge.advance(UNROTATED_SECONDS);
    }
    assert_eq!(scene.shown(), ["first"; 3]);
    let records = scene.edge.world.records.borrow();
    let told = records.iter().filter(|record| record.event == Event::NotRotated);
    assert_eq!(told.map(|record| record.level).collect::<Vec<_>>(), [Level::Warn]);
}

#[test]
fn what_is_wrong_at_cognito_ends_no_grant() {
    for error in
        ["unauthorized_client", "invalid_request", "invalid_scope", "unsupported_grant_type", "invalid_client", "x"]
    {
        let scene = Scene::new();
        scene.edge.reply(400, format!(r#"{{"error":"{error}"}}"#));
        refused(&scene.refresh(&scene.token), 503, "temporarily_unavailable");
        TokenAnswer::default().script(&scene.edge);
        scene.refreshed(&scene.token);
        assert_eq!(scene.asked(), 2, "{error}: it is asked again");
    }
}

#[test]
fn a_user_whom_a_lambda_refuses_may_be_let_in_later() {
    let scene = Scene::new();
    for error in ["invalid_request", "invalid_grant"] {
        let description = "PreTokenGeneration failed with error demo@example.com must wait.";
        scene.edge.reply(400, format!(r#"{{"error":"{error}","error_description":"{description}"}}"#));
        refused(&scene.refresh(&scene.token), 400, "access_denied");
        let records = scene.edge.world.records.borrow();
        let record = records.last().unwrap();
        assert_eq!((record.event, record.level), (Event::TokenRefused, Level::Warn));
        let told = "the Lambda trigger PreTokenGeneration has refused the user: [e-mail] must wait";
        assert_eq!(record.reason.as_deref(), Some(told));
        assert!(records.iter().all(|record| record.event != Event::UpstreamFailed));
    }
    // It is not remembered as dead.
    TokenAnswer::default().script(&scene.edge);
    scene.refreshed(&scene.token);
    assert_eq!(scene.asked(), 3);
}

#[test]
fn the_original_token_stays_with_the_newest_and_a_token_from_before_goes_on() {
    let scene = Scene::new();
    let opened = |token: &str| {
        let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(scene.edge.world.now.get()));
        sealed::open::<RefreshToken>(token, ClientDigest::of(&scene.client_id).as_str(), &keys, now).unwrap()
    };
    let family = |token: &str| {
        let token = opened(token);
        (token.original_token, token.upstream_token)
    };
    // As every token was that an edge sealed before.
    assert_eq!(family(&scene.token), (None, "first".to_owned()));
    TokenAnswer { refresh_token: None, ..TokenAnswer::default() }.script(&scene.edge);
    let unrotated = scene.refreshed(&scene.token);
    assert_eq!(family(&unrotated), (None, "first".to_owned()), "nothing was replaced");
    scene.edge.advance(UNROTATED_SECONDS);
    let mut token = unrotated;
    // Of a real pool's size.
    let newest = [1, 2, 3].map(|n| n.to_string().repeat(1_850));
    for newest in &newest {
        answer(newest).script(&scene.edge);
        token = scene.refreshed(&token);
        assert_eq!(family(&token), (Some("first".to_owned()), newest.clone()));
    }
    let both = RefreshToken { original_token: Some(newest[0].clone()), ..opened(&token) };
    let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
    let sealed = sealed::seal(&both, "client", &keys, now, &scene.edge.world).unwrap();
    assert!(sealed.len() < sealed::MAX_BYTES / 2, "{} bytes", sealed.len());
    // Whatever Cognito's tokens may become, what is sealed can be opened.
    for bytes in [3_000, 3_072, 3_073, 6_000] {
        let huge = RefreshToken { upstream_token: "o".repeat(bytes), original_token: None, ..opened(&token) };
        let next = huge.replaced_by(Some(&"n".repeat(bytes)));
        assert_eq!(next.original_token.is_some(), bytes <= 3_072, "{bytes}");
        let sealed = sealed::seal(&next, "client", &keys, now, &scene.edge.world).unwrap();
        assert_eq!(sealed::open::<RefreshToken>(&sealed, "client", &keys, now).as_ref(), Ok(&next), "{bytes}");
    }
}

#[test]
fn id_and_access_token_name_one_issuer_in_either_form() {
    let (original, updated) = (cognito::POOL, "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example");
    for (id, access, status) in [
        (original, original, 200),
        (updated, updated, 200),
        (original, updated, 503),
        (updated, original, 503),
        ("https://evil.example", "https://evil.example", 503),
    ] {
        let scene = Scene::new();
        let claims = |issuer: &str, kind: &str| {
            // A Lambda may add the app client's id as the audience of the access token.
            let (audience, client) = ("upstreamclient", "upstreamclient");
            cognito::sign(&json!({
                "iss": issuer, "sub": cognito::SUBJECT, "aud": audience, "client_id": client, "token_use": kind,
                "exp": START + 1_000, "scope": "openid",
            }))
        };
        let body = json!({ "id_token": claims(id, "id"), "access_token": claims(access, "access") });
        scene.edge.reply(200, body.to_string());
        assert_eq!(scene.refresh(&scene.token).status(), status, "{id} {access}");
    }
}

#[test]
fn a_grant_that_is_refreshed_without_end_uses_up_nothing_of_others() {
    let scene = Scene::new();
    let allowed = [("grant", 3), ("client", 8), ("address", 100)];
    scene.edge.world.allowed.borrow_mut().extend(allowed);
    TokenAnswer::default().script(&scene.edge);
    let statuses: Vec<u16> = (0..200).map(|_| scene.refresh(&scene.token).status().as_u16()).collect();
    assert!(statuses[..3] == [200; 3] && statuses[3..] == [503; 197], "{statuses:?}");
    let answer = scene.refresh(&scene.token);
    refused(&answer, 503, "temporarily_unavailable");
    assert_eq!(answer.headers()["retry-after"], "60");
    let record = scene.edge.world.records.borrow().last().cloned().unwrap();
    assert_eq!((record.event, record.reason.as_deref()), (Event::TooManyRequests, Some("grant")));
    assert!(record.grant.is_some() && record.client.is_some());
    // Another user of the same application, at the same address.
    let other = refresh_token(&scene.edge, &scene.client_id, "other", "mcp");
    TokenAnswer::default().script(&scene.edge);
    assert_eq!(scene.refresh(&other).status(), 200);
}

#[test]
fn a_client_over_any_limit_keeps_a_refresh_token_that_is_good() {
    for limit in ["grant", "client", "address"] {
        let scene = Scene::new();
        let other = r#"{"redirect_uris":["https://o.example/"],"token_endpoint_auth_method":"none"}"#;
        let other = scene.edge.register(other);
        scene.edge.world.allowed.borrow_mut().insert(limit, 0);
        let answer = scene.refresh(&scene.token);
        refused(&answer, 503, "temporarily_unavailable");
        assert_eq!(answer.headers()["retry-after"], "60", "{limit}");
        // One that is not good says nothing about who shows it, and neither does another client's.
        for (client_id, token) in
            [(scene.client_id.as_str(), "nonsense"), (other["client_id"].as_str().unwrap(), &scene.token)]
        {
            let form = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
            let status = scene.edge.respond(post_form("/token", &[], &form)).status();
            assert_eq!(status.as_u16(), if limit == "grant" { 400 } else { 429 }, "{limit}");
        }
    }
}
