//! Consent that is remembered: of one user, client, redirect URI, resource and scope, in one browser.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
#[path = "support/consent.rs"]
mod consent;
mod support;

use cognito::TokenAnswer;
use consent::*;
use edgeward_core::{
    oauth::Scope,
    platform::{Event, UnixTime},
    sealed::{self, RememberedConsent},
};
use http::{Method, Response, StatusCode};
use support::*;

fn good(edge: &TestEdge) -> String {
    authorization_request(&edge.public_client(), &[])
}

/// Checks that the browser goes to Cognito for the second round, and that it needs no page.
fn is_second_round(back: &Response<String>, first: &Response<String>) {
    assert_eq!(back.status(), StatusCode::SEE_OTHER, "{}", back.body());
    let (first, second) = (location(first), location(back));
    let of = |url, name| parameter(url, name).unwrap();
    assert_eq!(of(&second, "state"), of(&first, "state"), "one sign-in, and one grant");
    for name in ["nonce", "code_challenge"] {
        assert_ne!(of(&second, name), of(&first, name), "{name}");
    }
    assert_eq!(parameter(&second, "login_hint"), None);
    assert!(parameter(&second, "prompt").is_none_or(|prompt| prompt == "none"));
}

/// The client's code, after the second round.
fn code(edge: &TestEdge, second: &Response<String>) -> String {
    let asked = edge.fetches();
    let back = come_back(edge, second, "");
    assert_eq!((back.status().as_u16(), edge.fetches()), (302, asked), "{}", back.body());
    assert_eq!(set_cookie(&back, PENDING), None, "the sign-in is over");
    let back = location(&back);
    assert!(back.as_str().starts_with("https://client.example/cb?"), "{back}");
    assert_eq!(parameter(&back, "state").as_deref(), Some("client state"));
    parameter(&back, "code").expect("a code")
}

/// What the token endpoint says when Cognito says that the code is of `subject`.
fn redeem(edge: &TestEdge, second: &Response<String>, client_id: &str, subject: &str) -> Response<String> {
    let code = code(edge, second);
    TokenAnswer { nonce: parameter(&location(second), "nonce"), subject, ..TokenAnswer::default() }.script(edge);
    let fields = [("grant_type", "authorization_code"), ("client_id", client_id), ("code", &code)];
    edge.respond(post_form("/token", &[], &[&fields[..], &[("code_verifier", VERIFIER)]].concat()))
}

#[test]
fn it_is_remembered_once_it_shows_who_gave_it() {
    let edge = remembering(&[]);
    let to = decide(&edge, &edge.get(&good(&edge)), "allow", "yes");
    assert_eq!(set_cookie(&to, REMEMBERED), None, "nobody knows yet who it is");
    let second = come_back_as(&edge, &to, "alice", "");
    is_second_round(&second, &to);
    assert!(set_cookie(&second, REMEMBERED).is_some());
    code(&edge, &second);
}

#[test]
fn it_is_remembered_only_where_settings_and_user_say_so() {
    let asking = TestEdge::new();
    assert!(!asking.get(&good(&asking)).body().contains("name=\"remember\""));
    let edge = remembering(&[]);
    assert!(edge.get(&good(&edge)).body().contains("name=\"remember\""));
    // One round, and Cognito is asked at the token endpoint.
    code(&edge, &decide(&edge, &edge.get(&good(&edge)), "allow", ""));
    code(&asking, &decide(&asking, &asking.get(&good(&asking)), "allow", "yes"));
    let denied = decide(&edge, &edge.get(&good(&edge)), "deny", "yes");
    assert_eq!(cookies(&denied).len(), 1, "the page's alone");
    // Settings that have changed since.
    let cookie = remembered(&edge, &good(&edge), "alice");
    assert_eq!(open(&asking, &good(&asking), &cookie).status(), 200);
}

#[test]
fn the_same_user_is_not_asked_again() {
    let edge = remembering(&[]);
    let client_id = edge.public_client();
    let target = authorization_request(&client_id, &[]);
    let cookie = remembered(&edge, &target, "alice");
    let to = open(&edge, &target, &cookie);
    assert_eq!(to.status(), 303, "{}", to.body());
    let second = come_back_as(&edge, &to, "alice", &cookie);
    is_second_round(&second, &to);
    assert_eq!(set_cookie(&second, REMEMBERED), None, "its time is that of the question");
    assert_eq!(redeem(&edge, &second, &client_id, "alice").status(), 200);
    let of = |event| edge.world.records.borrow().iter().rev().find(|record| record.event == event).cloned().unwrap();
    let (identified, issued) = (of(Event::UserIdentified), of(Event::TokenIssued));
    assert_eq!((&identified.grant, &identified.subject), (&issued.grant, &issued.subject));
    assert_eq!(of(Event::ConsentRemembered).grant, issued.grant);
}

#[test]
fn somebody_else_is_asked_before_there_is_a_code() {
    let edge = remembering(&[]);
    let target = authorization_request(&edge.public_client(), &[("scope", "mcp"), ("login_hint", "alice")]);
    let alices = remembered(&edge, &target, "alice");
    let to = open(&edge, &target, &alices);
    let back = come_back_as(&edge, &to, "bob", &alices);
    assert_eq!((back.status(), set_cookie(&back, PENDING)), (StatusCode::FOUND, None), "{}", back.body());
    let again = location(&back);
    assert_eq!(again.origin().ascii_serialization() + again.path(), "https://edge.example/authorize");
    assert_eq!(
        edge.world.records.borrow().last().unwrap().reason.as_deref(),
        Some("the remembered consent is another user's")
    );
    for (name, value) in [("state", "client state"), ("redirect_uri", "https://client.example/cb"), ("scope", "mcp")] {
        assert_eq!(parameter(&again, name).as_deref(), Some(value));
    }

    // In the same browser, and whoever opened the address: it is a redirect of the first request.
    let ask = || open(&edge, &format!("/authorize?{}", again.query().unwrap()), &alices);
    let denied = location(&decide(&edge, &ask(), "deny", ""));
    assert_eq!(parameter(&denied, "error").as_deref(), Some("access_denied"));
    code(&edge, &decide(&edge, &ask(), "allow", ""));
    let to = open(&edge, &target, &alices);
    is_second_round(&come_back_as(&edge, &to, "alice", &alices), &to);

    // If bob wants it, too, the browser remembers his.
    let second = come_back_as(&edge, &decide(&edge, &ask(), "allow", "yes"), "bob", &alices);
    let bobs = set_cookie(&second, REMEMBERED).unwrap();
    assert_eq!(bobs.split_once('=').unwrap().0, alices.split_once('=').unwrap().0);
    let to = open(&edge, &target, &bobs);
    is_second_round(&come_back_as(&edge, &to, "bob", &bobs), &to);
    assert_eq!(come_back_as(&edge, &open(&edge, &target, &bobs), "alice", &bobs).status(), 302);
}

#[test]
fn a_client_that_forbids_pages_is_told_when_it_is_somebody_elses() {
    let edge = remembering(&[]);
    let client_id = edge.public_client();
    let alices = remembered(&edge, &authorization_request(&client_id, &[]), "alice");
    let silent = authorization_request(&client_id, &[("prompt", "none")]);
    let to = open(&edge, &silent, &alices);
    let second = come_back_as(&edge, &to, "alice", &alices);
    is_second_round(&second, &to);
    assert_eq!(parameter(&location(&second), "prompt").as_deref(), Some("none"));
    code(&edge, &second);

    let back = come_back_as(&edge, &open(&edge, &silent, &alices), "bob", &alices);
    assert_eq!((back.status(), set_cookie(&back, PENDING)), (StatusCode::FOUND, None));
    let back = location(&back);
    assert!(back.as_str().starts_with("https://client.example/cb?"), "{back}");
    assert_eq!(parameter(&back, "error").as_deref(), Some("consent_required"));
    assert_eq!(parameter(&back, "state").as_deref(), Some("client state"));
}

#[test]
fn a_consent_without_a_user_counts_for_nobody() {
    let edge = remembering(&[]);
    let target = good(&edge);
    let cookie = remembered(&edge, &target, "alice");
    let (name, _) = cookie.split_once('=').unwrap();
    let seal = |subject: Option<&str>| {
        let consent = RememberedConsent { scope: Scope::parse("mcp").unwrap(), subject: subject.map(str::to_owned) };
        let id = name.strip_prefix(REMEMBERED).unwrap();
        let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
        format!("{name}={}", sealed::seal(&consent, id, &keys, now, &edge.world).unwrap())
    };
    assert_eq!(open(&edge, &target, &seal(Some("alice"))).status(), 303);
    assert_eq!(open(&edge, &target, &seal(None)).status(), 200, "as an edge before this one sealed it");
    // Nor where one takes the place of the other during the sign-in, or nothing does.
    for meanwhile in [seal(None), seal(Some("bob")), String::new()] {
        let back = come_back_as(&edge, &open(&edge, &target, &cookie), "alice", &meanwhile);
        assert!(location(&back).as_str().starts_with("https://edge.example/authorize?"), "{meanwhile}");
    }
}

#[test]
fn the_code_of_the_second_round_must_be_the_same_users() {
    let edge = remembering(&[]);
    let client_id = edge.public_client();
    for (subject, status) in [("bob", 400), ("alice", 200)] {
        let to = decide(&edge, &edge.get(&authorization_request(&client_id, &[])), "allow", "yes");
        let answer = redeem(&edge, &come_back_as(&edge, &to, "alice", ""), &client_id, subject);
        assert_eq!(answer.status(), status, "{subject}");
        assert_eq!(answer.body().contains("\"invalid_grant\""), status == 400, "{}", answer.body());
    }
}

#[test]
fn two_sign_ins_at_once_do_not_disturb_each_other() {
    let edge = remembering(&[]);
    let target = good(&edge);
    let cookie = remembered(&edge, &target, "alice");
    let (one, other) = (open(&edge, &target, &cookie), open(&edge, &target, &cookie));
    for (to, first) in [(&other, &one), (&one, &other)] {
        let cookies = [&cookie, set_cookie(first, PENDING).unwrap().as_str()].join("; ");
        code(&edge, &come_back_as(&edge, to, "alice", &cookies));
    }
}

#[test]
fn what_cognito_says_when_it_is_asked_is_told_as_at_any_sign_in() {
    let invalid = (400, r#"{"error":"invalid_grant"}"#);
    let failing = (503, "");
    let lambda =
        (400, r#"{"error":"invalid_request","error_description":"PreTokenGeneration failed with error Staff only."}"#);
    let settings = (401, r#"{"error":"invalid_client"}"#);
    for ((status, body), told) in [
        (invalid, Err("You were not signed in")),
        (lambda, Err("Staff only")),
        (failing, Ok("temporarily_unavailable")),
        (settings, Ok("server_error")),
    ] {
        let edge = remembering(&[]);
        let to = decide(&edge, &edge.get(&good(&edge)), "allow", "yes");
        edge.reply(status, body);
        let back = come_back(&edge, &to, "");
        assert_eq!(set_cookie(&back, REMEMBERED), None);
        match told {
            Ok(error) => assert_eq!(parameter(&location(&back), "error").as_deref(), Some(error)),
            Err(words) => assert!(back.status() == 403 && back.body().contains(words), "{}", back.body()),
        }
    }
}

#[test]
fn a_sign_in_that_is_over_or_too_old_is_not_begun_again() {
    let edge = remembering(&[]);
    let to = decide(&edge, &edge.get(&good(&edge)), "allow", "yes");
    let second = come_back_as(&edge, &to, "alice", "");
    code(&edge, &second);
    // The browser's button back: the sign-in's cookie is gone.
    let state = parameter(&location(&to), "state").unwrap();
    assert_eq!(open(&edge, &format!("/callback?code=c&state={state}"), "").status(), 400);
    edge.advance(3601);
    let asked = edge.fetches();
    assert_eq!((come_back(&edge, &second, "").status().as_u16(), edge.fetches()), (400, asked));
    assert_eq!((come_back(&edge, &to, "").status().as_u16(), edge.fetches()), (400, asked));
}

#[test]
fn cognito_is_not_asked_more_often_than_the_limits_let() {
    let edge = remembering(&[]);
    let to = decide(&edge, &edge.get(&good(&edge)), "allow", "yes");
    edge.world.allowed.borrow_mut().insert("address", 2);
    for status in [403, 403, 429] {
        edge.reply(400, r#"{"error":"invalid_grant"}"#);
        let back = come_back(&edge, &to, "");
        assert_eq!(back.status(), status);
        assert!(back.headers()["content-type"].to_str().unwrap().starts_with("text/html"), "a page");
    }
}

#[test]
fn a_request_without_room_for_another_question_is_asked_now() {
    let edge = remembering(&[]);
    let metadata = format!(
        r#"{{"client_name":"{}","redirect_uris":["https://client.example/cb","https://client.example/{}"]}}"#,
        "n".repeat(64),
        "x".repeat(400)
    );
    let client_id = edge.register(&metadata)["client_id"].as_str().unwrap().to_owned();
    assert!(client_id.len() > 600, "{}", client_id.len());
    let request = |state: &str| authorization_request(&client_id, &[("state", state)]);
    let cookie = remembered(&edge, &request("s"), "alice");
    assert_eq!(open(&edge, &request("s"), &cookie).status(), 303);
    // Twice as long in JSON.
    let long = "\"".repeat(900);
    assert_eq!(open(&edge, &request(&long), &cookie).status(), 200);
}

#[test]
fn no_cookie_of_a_sign_in_is_too_long() {
    let edge = remembering(&[]);
    let client_id = edge.public_client();
    let subject = "7d8ca528-4931-4254-9273-ea5ee853f271";
    for length in (0..=1024).step_by(64) {
        let target = authorization_request(&client_id, &[("state", &"\"".repeat(length))]);
        let page = edge.get(&target);
        if page.status() != 200 {
            continue;
        }
        let to = decide(&edge, &page, "allow", "yes");
        let second = come_back_as(&edge, &to, subject, "");
        let cookie = set_cookie(&second, REMEMBERED).unwrap();
        for response in [&to, &second, &open(&edge, &target, &cookie)] {
            for cookie in cookies(response) {
                assert!(cookie.len() < 4096 - 100, "{} bytes with a state of {length}", cookie.len());
            }
        }
    }
}

#[test]
fn it_counts_where_the_user_opened_the_address_alone() {
    let edge = remembering(&[]);
    let target = good(&edge);
    let cookie = remembered(&edge, &target, "alice");
    let with = |headers: &[(&str, &str)]| {
        edge.respond(request(Method::GET, &target, &[&[("cookie", cookie.as_str())], headers].concat(), ""))
    };
    let response = with(&BY_THE_USER);
    assert_eq!(response.status(), 303, "{}", response.body());
    assert_eq!(open(&edge, &target, "").status(), 200, "another browser is asked");

    // Whatever is not plainly the user's own doing is asked about.
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", ""),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", ""),
    ] {
        let headers = BY_THE_USER.map(|(known, usual)| (known, if known == name { value } else { usual }));
        assert_eq!(with(&headers).status(), 200, "{name}: {value}");
    }
    assert_eq!(with(&[]).status(), 200, "a browser that does not say");
    let headers =
        BY_THE_USER.map(|(known, usual)| (known, if known == "sec-fetch-site" { "same-origin" } else { usual }));
    assert_eq!(with(&headers).status(), 303);
}

#[test]
fn it_is_for_one_client_redirect_uri_resource_and_scope() {
    let resources = r#"[{"path":"/mcp","scopes":{"read":"Read","write":"Write"},"default_scopes":["read"]},
        {"path":"/other","scopes":{"read":"Read"}}]"#;
    let edge = remembering(&[("EDGEWARD_RESOURCES", resources)]);
    let client = edge.public_client();
    let cookie = remembered(&edge, &authorization_request(&client, &[]), "alice");
    let status = |target: &str| open(&edge, target, &cookie).status().as_u16();
    assert_eq!(status(&authorization_request(&client, &[])), 303);
    let other = edge.register(r#"{"redirect_uris":["https://client.example/cb"],"client_name":"Other"}"#);
    assert_eq!(status(&authorization_request(other["client_id"].as_str().unwrap(), &[])), 200);
    for change in [
        ("redirect_uri", "http://localhost:1234/cb"),
        ("resource", "https://edge.example/other"),
        ("scope", "write"),
        ("scope", "read write"),
        ("prompt", "consent"),
        ("prompt", "login"),
    ] {
        assert_eq!(status(&authorization_request(&client, &[change])), 200, "{change:?}");
    }
    // It is not good under another name, and not for ever.
    let target = authorization_request(other["client_id"].as_str().unwrap(), &[]);
    let others = remembered(&edge, &target, "alice");
    assert_eq!(open(&edge, &target, &others).status(), 303);
    let (name, value) = (others.split_once('=').unwrap().0, cookie.split_once('=').unwrap().1);
    assert_eq!(open(&edge, &target, &format!("{name}={value}")).status(), 200);
    edge.advance(30 * 24 * 3600);
    assert_eq!(status(&authorization_request(&client, &[])), 200);
}

#[test]
fn a_program_on_this_computer_is_remembered_whatever_its_port() {
    let edge = remembering(&[]);
    let client = edge.public_client();
    let target =
        |port: u16| authorization_request(&client, &[("redirect_uri", &format!("http://localhost:{port}/cb"))]);
    let cookie = remembered(&edge, &target(1234), "alice");
    let to = open(&edge, &target(5678), &cookie);
    assert_eq!(to.status(), 303);
    // Somebody else is asked where they came from.
    let again = location(&come_back_as(&edge, &to, "bob", &cookie));
    assert_eq!(parameter(&again, "redirect_uri").as_deref(), Some("http://localhost:5678/cb"));
}
