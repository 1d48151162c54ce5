//! `prompt` and `login_hint` of a client (OpenID Connect Core §3.1.2.1), and users who want to be somebody else.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
#[path = "support/consent.rs"]
mod consent;
mod support;

use consent::{BY_THE_USER, decide, remembered, remembering};
use http::{Method, Response};
use support::*;

/// What Cognito is asked after the user has decided so.
fn at_cognito(edge: &TestEdge, changes: &[(&str, &str)], decision: &str) -> (Option<String>, Option<String>) {
    let page = edge.get(&authorization_request(&edge.public_client(), changes));
    let to = location(&decide(edge, &page, decision, ""));
    assert!(to.as_str().starts_with("https://login.example/oauth2/authorize?"), "{to}");
    (parameter(&to, "prompt"), parameter(&to, "login_hint"))
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

#[test]
fn what_a_client_wants_of_the_sign_in_reaches_cognito() {
    let edge = TestEdge::new();
    for (prompt, upstream) in [
        ("", None),
        ("login", some("login")),
        ("select_account", some("select_account")),
        ("login select_account consent", some("login select_account")),
        ("consent", None),
        ("create", None),
    ] {
        assert_eq!(at_cognito(&edge, &[("prompt", prompt)], "allow").0, upstream, "{prompt}");
    }
    let longest = "x".repeat(256);
    for (hint, upstream) in [
        ("demo@example.com", some("demo@example.com")),
        ("J\u{fc}rgen & \"Co\"", some("J\u{fc}rgen & \"Co\"")),
        (longest.as_str(), some(&longest)),
        ("", None),
        (&format!("{longest}x"), None),
        ("line\nbreak", None),
        ("turned \u{202e} around", None),
    ] {
        assert_eq!(at_cognito(&edge, &[("login_hint", hint)], "allow").1, upstream, "{hint}");
    }
}

#[test]
fn a_user_may_be_somebody_else_whatever_the_client_wants() {
    let edge = TestEdge::new();
    for changes in [&[][..], &[("login_hint", "demo")], &[("prompt", "select_account"), ("login_hint", "demo")]] {
        assert_eq!(at_cognito(&edge, changes, "allow-as-somebody-else"), (some("login"), None), "{changes:?}");
    }
    let page = edge.get(&authorization_request(&edge.public_client(), &[]));
    assert_eq!(decide(&edge, &page, "somebody-else", "").status(), 400);
}

#[test]
fn without_a_page_there_is_a_remembered_consent_or_none() {
    let asking = TestEdge::new();
    let edge = remembering(&[]);
    let refused = |response: &Response<String>, error: &str| {
        assert_eq!(response.status(), 302, "{}", response.body());
        let back = location(response);
        assert!(back.as_str().starts_with("https://client.example/cb?"), "{back}");
        assert_eq!(parameter(&back, "error").as_deref(), Some(error));
        assert_eq!(parameter(&back, "state").as_deref(), Some("client state"));
    };
    let target = |edge: &TestEdge, prompt| authorization_request(&edge.public_client(), &[("prompt", prompt)]);
    let open = |edge: &TestEdge, target: &str, cookie: &str, by: &[(&str, &str)]| {
        edge.respond(request(Method::GET, target, &[&[("cookie", cookie)], by].concat(), ""))
    };
    refused(&open(&asking, &target(&asking, "none"), "", &BY_THE_USER), "consent_required");
    refused(&open(&edge, &target(&edge, "none"), "", &BY_THE_USER), "consent_required");
    for prompt in ["none login", "none consent", "create none"] {
        refused(&edge.get(&target(&edge, prompt)), "invalid_request");
    }

    let remembered = remembered(&edge, &target(&edge, ""), "alice");
    let to = open(&edge, &target(&edge, "none"), &remembered, &BY_THE_USER);
    assert_eq!(parameter(&location(&to), "prompt").as_deref(), Some("none"));
    // Another site's frame has nothing to ride on.
    refused(&open(&edge, &target(&edge, "none"), &remembered, &[]), "consent_required");
    for prompt in ["login", "select_account", "consent"] {
        assert_eq!(open(&edge, &target(&edge, prompt), &remembered, &BY_THE_USER).status(), 200, "{prompt}");
    }
    assert_eq!(
        open(&edge, &target(&edge, "create"), &remembered, &BY_THE_USER).status(),
        303,
        "as if it were not there"
    );
}

#[test]
fn cognitos_answer_to_a_sign_in_without_a_page_is_no_page_either() {
    for (error, told) in [
        ("login_required", "login_required"),
        ("interaction_required", "interaction_required"),
        ("consent_required", "interaction_required"),
        ("access_denied", "access_denied"),
        ("server_error", "temporarily_unavailable"),
    ] {
        let edge = remembering(&[]);
        let client_id = edge.public_client();
        let remembered = remembered(&edge, &authorization_request(&client_id, &[]), "alice");
        let headers = [&[("cookie", remembered.as_str())][..], &BY_THE_USER].concat();
        let target = authorization_request(&client_id, &[("prompt", "none")]);
        let to = edge.respond(request(Method::GET, &target, &headers, ""));
        let (cookie, state) = (cookies(&to).remove(0), parameter(&location(&to), "state").unwrap());
        let target = format!("/callback?state={state}&error={error}");
        let back = edge.respond(request(Method::GET, &target, &[("cookie", &cookie)], ""));
        assert_eq!((back.status().as_u16(), parameter(&location(&back), "error").as_deref()), (302, Some(told)));
        assert_eq!(cookies(&back), [format!("__Host-edgeward-signin-{state}=")], "the sign-in is over");
    }
}

#[test]
fn a_hint_costs_no_sign_in_and_no_cookie_is_too_long() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    // Both are twice as long in JSON.
    let hint = "\"".repeat(256);
    let mut with_hint = 0;
    for length in (0..=1024).step_by(64) {
        let state = "\"".repeat(length);
        let changes = [("state", state.as_str()), ("login_hint", &hint), ("prompt", "login select_account")];
        let page = edge.get(&authorization_request(&client_id, &changes));
        let allowed = decide(&edge, &page, "allow", "");
        let to = location(&allowed);
        with_hint += usize::from(parameter(&to, "login_hint").is_some());
        for cookie in cookies(&allowed) {
            assert!(cookie.len() < 4096 - 100, "{} bytes with a state of {length}", cookie.len());
        }
    }
    assert!((1..17).contains(&with_hint), "a short state leaves room for the hint, a long one does not: {with_hint}");
}
