//! Clients whose identifier is the URL of a document: which are believed, what is fetched, and how often.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::{future::Future, pin::Pin, task::Waker};

use edgeward_core::platform::{FetchError, FetchReply};
use http::{Response, header};
use serde_json::{Value, json};
use support::*;

const URL: &str = "https://app.example/client";

fn document() -> Value {
    json!({
        "client_id": URL, "client_name": "App", "client_uri": "https://app.example/",
        "redirect_uris": ["https://client.example/cb", "http://localhost/cb", "http://127.0.0.1:1/cb"],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    })
}

fn authorize(edge: &TestEdge) -> Response<String> {
    edge.get(&authorization_request(URL, &[]))
}

/// A token request that nothing is wrong with but what it redeems.
fn ask_token(edge: &TestEdge, client_id: &str) -> (u16, String) {
    let parameters = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", "nonsense")];
    let response = edge.respond(post_form("/token", &[], &parameters));
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!(response.headers().contains_key(header::RETRY_AFTER), response.status() == 503);
    (response.status().as_u16(), body["error"].as_str().unwrap().to_owned())
}

fn answer(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

/// Authenticated: only the refresh token is found wanting.
fn known() -> (u16, String) {
    answer(400, "invalid_grant")
}

#[test]
fn a_document_at_its_url_describes_the_client_and_the_domain_vouches_for_it() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    let page = authorize(&edge);
    assert_eq!(page.status(), 200, "{}", page.body());
    assert!(page.body().contains("App") && page.body().contains("<bdi>app.example</bdi>"), "{}", page.body());
    assert!(!page.body().contains("nobody has verified"));
    {
        let fetched = edge.world.fetched.borrow();
        assert_eq!(fetched.len(), 1);
        assert_eq!((fetched[0].url.as_str(), fetched[0].max_bytes, fetched[0].deadline_ms), (URL, 10 * 1024, 5_000));
        assert!(fetched[0].authorization.is_none() && fetched[0].form.is_none());
    }
    assert_eq!(ask_token(&edge, URL), known());
    assert_eq!(edge.fetches(), 1, "and it is remembered");
}

#[test]
fn redirect_uris_are_the_documents_with_any_port_on_loopback() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    for (uri, status) in [
        ("https://client.example/cb", 200),
        ("http://localhost:61234/cb", 200),
        ("http://127.0.0.1:61234/cb", 200),
        ("http://127.0.0.1/cb", 200),
        ("https://client.example/cb/", 400),
        ("http://localhost:61234/other", 400),
        ("http://[::1]/cb", 400),
        ("https://app.example/cb", 400),
    ] {
        let response = edge.get(&authorization_request(URL, &[("redirect_uri", uri)]));
        assert_eq!(response.status(), status, "{uri}");
    }
    assert_eq!(edge.fetches(), 1);
}

#[test]
fn an_identifier_that_leads_astray_is_not_fetched() {
    let edge = TestEdge::new();
    for url in [
        "http://app.example/client",
        "https://app.example",
        "https://app.example/",
        "https://app.example:8443/client",
        "https://user@app.example/client",
        "https://app.example/client#x",
        "https://app.example/a/../client",
        "https://127.0.0.1/client",
        "https://2130706433/client",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/client",
        "https://[::ffff:10.0.0.1]/client",
        "https://localhost/client",
        "https://metadata.google.internal/client",
        "https://intranet/client",
        // The edge itself, by its name.
        "https://edge.example/client",
    ] {
        assert_eq!(edge.get(&authorization_request(url, &[])).status(), 400, "{url}");
        assert_eq!(ask_token(&edge, url), answer(401, "invalid_client"), "{url}");
    }
    assert_eq!(edge.fetches(), 0);
}

type Change = fn(&mut FetchReply);

#[test]
fn a_document_that_is_no_good_makes_no_client() {
    let changed = |change: fn(&mut Value)| {
        let mut document = document();
        change(&mut document);
        document
    };
    let with = |member: &str, value: Value| {
        let mut document = document();
        document[member] = value;
        document
    };
    let as_it_is: Change = |_| {};
    for (document, change) in [
        (with("client_id", json!("https://app.example/other")), as_it_is),
        (with("client_id", json!("https://APP.example/client")), as_it_is),
        (with("client_id", Value::Null), as_it_is),
        (with("client_name", Value::Null), as_it_is),
        (with("client_name", json!(" \u{200b}")), as_it_is),
        (with("redirect_uris", json!([])), as_it_is),
        (with("redirect_uris", json!("https://client.example/cb")), as_it_is),
        (with("redirect_uris", json!(["javascript:alert(1)", "http://client.example/cb"])), as_it_is),
        (with("client_secret", json!("public")), as_it_is),
        (with("client_secret", Value::Null), as_it_is),
        (with("client_secret_expires_at", json!(0)), as_it_is),
        (with("token_endpoint_auth_method", json!("client_secret_basic")), as_it_is),
        (with("token_endpoint_auth_method", json!("client_secret_post")), as_it_is),
        (with("token_endpoint_auth_method", json!("client_secret_jwt")), as_it_is),
        (with("token_endpoint_auth_method", json!("private_key_jwt")), as_it_is),
        (with("grant_types", json!(["refresh_token"])), as_it_is),
        (with("response_types", json!(["token"])), as_it_is),
        (json!([document()]), as_it_is),
        (json!("text"), as_it_is),
        (document(), |reply| drop(reply.headers.remove(header::CONTENT_TYPE))),
        (document(), |reply| set_header(reply, header::CONTENT_TYPE, "text/html")),
        (document(), |reply| set_header(reply, header::CONTENT_TYPE, "text/json+json")),
        // Which of two it is does not show.
        (document(), |reply| {
            reply.headers.append(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
        }),
        (document(), |reply| reply.body.truncate(20)),
        (document(), |reply| reply.status = 301),
        (document(), |reply| reply.status = 302),
        (document(), |reply| reply.status = 404),
        (document(), |reply| reply.status = 410),
    ] {
        let edge = TestEdge::new();
        edge.reply_document(&document, change);
        let page = authorize(&edge);
        assert_eq!(page.status(), 400, "{document}");
        assert!(page.headers().get(header::LOCATION).is_none());
        edge.reply_document(&document, change);
        assert_eq!(ask_token(&edge, URL), answer(401, "invalid_client"), "{document}");
        assert!(edge.fetches() <= 2);
        // What the host does is remembered for some seconds; what is in the document is not.
        edge.advance(if edge.fetches() == 1 { 30 } else { 0 });
        edge.world.replies.borrow_mut().clear();
        edge.reply_document(&self::document(), |_| {});
        assert_eq!(authorize(&edge).status(), 200, "once it is mended it is good");
    }
    for (document, change) in [
        (with("unknown", json!({ "x": 1 })), as_it_is),
        (changed(|document| drop(document.as_object_mut().unwrap().remove("token_endpoint_auth_method"))), as_it_is),
        (with("redirect_uris", json!(["app://cb", "https://client.example/cb"])), as_it_is),
        (document(), |reply| set_header(reply, header::CONTENT_TYPE, "Application/JSON; charset=utf-8")),
        (document(), |reply| set_header(reply, header::CONTENT_TYPE, "application/client-metadata+json")),
    ] {
        let edge = TestEdge::new();
        edge.reply_document(&document, change);
        assert_eq!(authorize(&edge).status(), 200, "{document}");
    }
}

#[test]
fn a_document_that_is_too_long_makes_no_client() {
    let edge = TestEdge::new();
    edge.world.replies.borrow_mut().push_back(Err(FetchError::TooLong));
    assert_eq!(authorize(&edge).status(), 400);
    assert_eq!(ask_token(&edge, URL), answer(401, "invalid_client"));
}

#[test]
fn a_document_that_cannot_be_had_now_is_nobodys_fault() {
    for outcome in [
        Err(FetchError::DeadlineExceeded),
        Err(FetchError::Connection),
        Err(FetchError::Unreachable("no such name")),
        Ok(FetchReply { status: 500, ..FetchReply::default() }),
        Ok(FetchReply { status: 429, ..FetchReply::default() }),
        Ok(FetchReply { status: 403, ..FetchReply::default() }),
    ] {
        let edge = TestEdge::new();
        edge.world.replies.borrow_mut().push_back(outcome.clone());
        assert_eq!(authorize(&edge).status(), 503, "{outcome:?}");
        assert_eq!(ask_token(&edge, URL), answer(503, "temporarily_unavailable"));
        assert_eq!(edge.fetches(), 1, "its host is left alone for a while");
        edge.advance(5);
        edge.reply_document(&document(), |_| {});
        assert_eq!(ask_token(&edge, URL), known());
    }
}

/// A client whose document is known, and has just become old.
fn grown_old() -> TestEdge {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(ask_token(&edge, URL), known());
    edge.advance(3600);
    edge
}

#[test]
fn a_document_that_was_good_is_used_for_a_day_while_its_host_fails() {
    let with = |status: u16| Ok(FetchReply { status, ..FetchReply::default() });
    for failure in [
        Err(FetchError::DeadlineExceeded),
        Err(FetchError::Connection),
        Err(FetchError::TooLong),
        with(403),
        with(429),
        with(500),
        with(302),
        with(200),
    ] {
        let edge = grown_old();
        let fail = || edge.world.replies.borrow_mut().push_back(failure.clone());
        fail();
        assert_eq!(ask_token(&edge, URL), known(), "{failure:?}");
        assert_eq!(authorize(&edge).status(), 200, "{failure:?}");
        assert_eq!(edge.fetches(), 2, "its host is left alone for a while");
        let log = edge.logged().join("\n");
        assert_eq!(log.matches("stale document used").count(), 1, "{log}");
        assert!(log.contains(URL), "{log}");
        edge.advance(24 * 3600 - 1);
        fail();
        assert_eq!(ask_token(&edge, URL), known(), "{failure:?}");
        edge.advance(30);
        fail();
        assert_ne!(ask_token(&edge, URL), known(), "{failure:?}");
        edge.advance(30);
        edge.reply_document(&document(), |_| {});
        assert_eq!(ask_token(&edge, URL), known(), "{failure:?}");
    }
}

#[test]
fn a_client_that_its_host_withdraws_is_known_no_longer() {
    let withdrawn = |reply: &mut FetchReply| reply.status = 410;
    let missing = |reply: &mut FetchReply| reply.status = 404;
    let mut nameless = document();
    nameless["client_name"] = Value::Null;
    for (document, change) in [(document(), withdrawn as Change), (document(), missing), (nameless, |_| {})] {
        let edge = grown_old();
        edge.reply_document(&document, change);
        assert_eq!(ask_token(&edge, URL), answer(401, "invalid_client"));
        edge.advance(60);
        edge.world.replies.borrow_mut().push_back(Err(FetchError::Connection));
        assert_eq!(ask_token(&edge, URL), answer(503, "temporarily_unavailable"), "nothing is left to be used");
    }
}

#[test]
fn a_host_that_answers_with_something_else_has_said_nothing_about_its_client() {
    let mut other = document();
    other["client_id"] = json!("https://app.example/other");
    for instead in [json!({ "error": "blocked" }), json!([]), other] {
        let edge = grown_old();
        edge.reply_document(&instead, |_| {});
        assert_eq!(ask_token(&edge, URL), known(), "{instead}");
        assert_eq!(authorize(&edge).status(), 200, "{instead}");
        assert_eq!(edge.fetches(), 2, "it is asked again after a minute");
        edge.advance(24 * 3600 - 1);
        edge.reply_document(&instead, |_| {});
        assert_eq!(ask_token(&edge, URL), known(), "{instead}");
        edge.advance(1);
        edge.reply_document(&instead, |_| {});
        assert_eq!(ask_token(&edge, URL), answer(401, "invalid_client"), "a day is over: {instead}");
    }
}

#[test]
fn a_document_that_is_known_is_used_while_strangers_take_all_the_room() {
    let edge = grown_old();
    edge.world.held.set(true);
    let at =
        |number: usize| edge.edge.respond(get(&authorization_request(&format!("https://slow{number}.example/x"), &[])));
    let mut waiting: Vec<Asking<'_>> = (0..128).map(|number| Box::pin(at(number)) as Asking<'_>).collect();
    assert!(waiting.iter_mut().all(|asking| poll(asking).is_none()));
    assert_eq!(poll(&mut asking(&edge)), Some(200));
}

#[test]
fn keys_of_a_host_do_not_have_its_clients_forgotten() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(ask_token(&edge, URL), known());
    for number in 0..60 {
        let url = format!("https://stranger{number}.example/client");
        let mut stranger = document();
        stranger["client_id"] = json!(url);
        stranger["token_endpoint_auth_method"] = json!("private_key_jwt");
        stranger["jwks_uri"] = json!(format!("{URL}?{number}"));
        edge.reply_document(&stranger, |_| {});
        edge.reply_document(&json!({ "keys": [] }), |_| {});
        let parameters = [
            ("grant_type", "refresh_token"),
            ("refresh_token", "x"),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", "e30.e30.e30"),
            ("client_id", url.as_str()),
        ];
        edge.respond(post_form("/token", &[], &parameters));
        edge.world.replies.borrow_mut().clear();
        edge.advance(3);
    }
    let before = edge.fetches();
    assert_eq!((ask_token(&edge, URL), edge.fetches()), (known(), before));
}

#[test]
fn while_a_host_is_asked_the_others_go_on_with_what_is_there() {
    let edge = grown_old();
    edge.world.held.set(true);
    let mut first = asking(&edge);
    assert_eq!(poll(&mut first), None);
    assert_eq!(poll(&mut asking(&edge)), Some(200));
    assert_eq!(edge.fetches(), 2);
}

#[test]
fn strangers_have_few_documents_of_one_host_fetched() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(authorize(&edge).status(), 200);
    let variant = |number: usize| format!("{URL}?{number}");
    for number in 0..256 {
        let mut other = document();
        other["client_id"] = json!("https://app.example/other");
        edge.world.replies.borrow_mut().clear();
        edge.reply_document(&other, |_| {});
        let status = edge.get(&authorization_request(&variant(number), &[])).status();
        assert_eq!(status, if number < 31 { 400 } else { 503 }, "{number}");
    }
    assert_eq!(edge.fetches(), 32);
    assert_eq!(ask_token(&edge, &variant(300)), answer(503, "temporarily_unavailable"));
    // Nobody whose document is known notices.
    assert_eq!(ask_token(&edge, URL), known());
    edge.advance(60);
    edge.world.replies.borrow_mut().clear();
    let mut good = document();
    good["client_id"] = json!(variant(1));
    edge.reply_document(&good, |_| {});
    assert_eq!(ask_token(&edge, &variant(1)), known());
}

#[test]
fn other_hosts_do_not_renew_what_one_host_has_used_up() {
    let edge = TestEdge::new();
    let ask = |url: &str| {
        edge.world.replies.borrow_mut().clear();
        edge.reply_document(&json!({ "error": "blocked" }), |_| {});
        edge.get(&authorization_request(url, &[])).status().as_u16()
    };
    for number in 0..32 {
        assert_eq!(ask(&format!("{URL}?{number}")), 400);
    }
    for number in 0..600 {
        assert_eq!(ask(&format!("https://other{number}.example/client")), 400);
        assert_eq!(ask(&format!("{URL}?{}", number % 256)), 503, "{number}");
    }
    assert_eq!(edge.fetches(), 632);
}

#[test]
fn a_document_that_is_known_is_renewed_when_strangers_have_used_up_its_hosts_budget() {
    let edge = grown_old();
    for number in 0..40 {
        edge.get(&authorization_request(&format!("{URL}?{number}"), &[]));
    }
    edge.world.replies.borrow_mut().clear();
    let before = edge.fetches();
    edge.reply_document(&document(), |_| {});
    assert_eq!(ask_token(&edge, URL), known());
    assert_eq!(edge.fetches(), before + 1);
}

#[test]
fn one_host_does_not_have_the_documents_of_others_forgotten() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(ask_token(&edge, URL), known());
    for number in 0..300 {
        let url = format!("https://many.example/{number}");
        let mut document = document();
        document["client_id"] = json!(url);
        edge.reply_document(&document, |_| {});
        assert_eq!(ask_token(&edge, &url), known());
        edge.advance(4);
    }
    let before = edge.fetches();
    assert_eq!((ask_token(&edge, URL), edge.fetches()), (known(), before));
}

#[test]
fn page_and_log_name_the_url_and_the_reason() {
    let html: Change = |reply| set_header(reply, header::CONTENT_TYPE, "text/html");
    let error: Change = |reply| reply.status = 500;
    let mut other = document();
    other["client_id"] = json!("https://app.example/other");
    let mut wrong = document();
    wrong["redirect_uris"] = json!("https://client.example/cb");
    let mut foreign = document();
    foreign["redirect_uris"] = json!(["app://callback"]);
    for (document, change, reason) in [
        (document(), html, "content type is not JSON"),
        (document(), error, "status 500"),
        (document(), |reply| reply.status = 302, "status 302"),
        (other, |_| {}, "client_id is not its URL"),
        (wrong, |_| {}, "redirect_uris"),
        (foreign, |_| {}, "EDGEWARD_PRIVATE_USE_SCHEMES): app://callback"),
    ] {
        let edge = TestEdge::new();
        edge.reply_document(&document, change);
        let page = authorize(&edge);
        let log = edge.logged().pop().unwrap();
        for text in [page.body(), &log] {
            assert!(text.contains(URL) && text.contains(reason), "{reason}: {text}");
        }
        edge.reply_document(&document, change);
        let parameters = [("grant_type", "refresh_token"), ("client_id", URL), ("refresh_token", "x")];
        let answer = edge.respond(post_form("/token", &[], &parameters));
        assert!(answer.body().contains(URL) && answer.body().contains(reason), "{reason}: {}", answer.body());
    }
}

#[test]
fn a_document_is_kept_as_long_as_it_says_within_bounds() {
    for (cache_control, age, seconds) in [
        (None, None, 3600),
        (Some("max-age=600"), None, 600),
        (Some("max-age=600"), Some("400"), 200),
        (Some("no-store"), None, 60),
        (Some("no-cache, max-age=600"), None, 60),
        (Some("max-age=1"), None, 60),
        (Some("max-age=31536000"), None, 86_400),
    ] {
        let edge = TestEdge::new();
        let cached = |reply: &mut FetchReply| {
            for (name, value) in [(header::CACHE_CONTROL, cache_control), (header::AGE, age)] {
                value.into_iter().for_each(|value| set_header(reply, name.clone(), value));
            }
        };
        edge.reply_document(&document(), cached);
        assert_eq!(ask_token(&edge, URL), known());
        edge.advance(seconds - 1);
        assert_eq!(ask_token(&edge, URL), known());
        assert_eq!(edge.fetches(), 1, "{cache_control:?}");
        edge.advance(1);
        edge.reply_document(&document(), |_| {});
        assert_eq!(ask_token(&edge, URL), known());
        assert_eq!(edge.fetches(), 2, "{cache_control:?}");
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let edge = TestEdge::new();
    let ask = |number: usize| {
        let url = format!("https://app{number}.example/client");
        let mut document = document();
        document["client_id"] = url.as_str().into();
        edge.reply_document(&document, |_| {});
        assert_eq!(ask_token(&edge, &url), known());
        edge.fetches()
    };
    // Each at a host of its own.
    for number in 0..300 {
        ask(number);
    }
    let before = edge.fetches();
    assert_eq!(ask(299), before, "the last one is remembered");
    edge.world.replies.borrow_mut().clear();
    assert_eq!(ask(0), before + 1, "the first one is not");
}

type Asking<'a> = Pin<Box<dyn Future<Output = Response<String>> + 'a>>;

fn asking(edge: &TestEdge) -> Asking<'_> {
    Box::pin(edge.edge.respond(get(&authorization_request(URL, &[]))))
}

fn poll(asking: &mut Asking<'_>) -> Option<u16> {
    match asking.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop())) {
        std::task::Poll::Ready(response) => Some(response.status().as_u16()),
        std::task::Poll::Pending => None,
    }
}

#[test]
fn many_requests_at_once_fetch_a_document_once() {
    let edge = TestEdge::new();
    edge.world.held.set(true);
    let mut waiting: Vec<_> = (0..20).map(|_| asking(&edge)).collect();
    for _ in 0..5 {
        assert!(waiting.iter_mut().all(|asking| poll(asking).is_none()));
    }
    edge.reply_document(&document(), |_| {});
    edge.world.held.set(false);
    for asking in &mut waiting {
        let status = (0..3).find_map(|_| poll(asking));
        assert_eq!(status, Some(200));
    }
    assert_eq!(edge.fetches(), 1);
}

#[test]
fn a_request_takes_over_from_one_that_was_broken_off() {
    let edge = TestEdge::new();
    edge.world.held.set(true);
    let mut first = asking(&edge);
    assert_eq!(poll(&mut first), None);
    // As when a platform ends the request whose user has gone: nothing of it runs any more.
    std::mem::forget(first);
    edge.world.held.set(false);
    edge.reply_document(&document(), |_| {});
    let mut second = asking(&edge);
    assert_eq!((0..1000).find_map(|_| poll(&mut second)), Some(200));
    assert_eq!((edge.fetches(), edge.world.slept.get()), (2, 6_000));
}

#[test]
fn requests_that_wait_too_long_are_told_to_come_back_and_do_not_storm() {
    let edge = TestEdge::new();
    edge.world.held.set(true);
    let mut waiting: Vec<_> = (0..10).map(|_| asking(&edge)).collect();
    let mut answered = Vec::new();
    for _ in 0..1000 {
        waiting.retain_mut(|asking| match poll(asking) {
            Some(status) => {
                answered.push(status);
                false
            }
            None => true,
        });
    }
    assert_eq!(answered, [503; 8], "all but the two that fetch");
    assert_eq!(edge.fetches(), 2);
}

#[test]
fn strangers_with_slow_hosts_do_not_take_all_the_room() {
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(authorize(&edge).status(), 200);
    edge.world.held.set(true);
    let at =
        |number: usize| edge.edge.respond(get(&authorization_request(&format!("https://slow{number}.example/x"), &[])));
    let mut waiting: Vec<Asking<'_>> = (0..128).map(|number| Box::pin(at(number)) as Asking<'_>).collect();
    assert!(waiting.iter_mut().all(|asking| poll(asking).is_none()));
    let mut another: Asking<'_> = Box::pin(at(128));
    assert_eq!(poll(&mut another), Some(503), "no more wait");
    assert_eq!(poll(&mut asking(&edge)), Some(200), "a document that is known is used");
    waiting.pop();
    let mut another: Asking<'_> = Box::pin(at(128));
    assert_eq!(poll(&mut another), None, "one has ended");
}

#[test]
fn hosts_can_be_allowed_and_denied_and_the_whole_of_it_switched_off() {
    for (settings, status) in [
        (vec![("EDGEWARD_CLIENT_METADATA_HOSTS", "app.example other.example")], 200),
        (vec![("EDGEWARD_CLIENT_METADATA_HOSTS", "*.example")], 200),
        (vec![("EDGEWARD_CLIENT_METADATA_HOSTS", "*.app.example")], 400),
        (vec![("EDGEWARD_CLIENT_METADATA_HOSTS", "other.example")], 400),
        (vec![("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "other.example")], 200),
        (vec![("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "app.example")], 400),
        (
            vec![
                ("EDGEWARD_CLIENT_METADATA_HOSTS", "app.example"),
                ("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "*.example"),
            ],
            400,
        ),
        (vec![("EDGEWARD_CLIENT_METADATA_DOCUMENTS", "on")], 200),
        (vec![("EDGEWARD_CLIENT_METADATA_DOCUMENTS", "off")], 400),
    ] {
        let edge = TestEdge::with(&settings);
        edge.reply_document(&document(), |_| {});
        assert_eq!(authorize(&edge).status(), status, "{settings:?}");
        assert_eq!(edge.fetches(), usize::from(status == 200), "{settings:?}");
        let expected = if status == 200 { known() } else { answer(401, "invalid_client") };
        assert_eq!(ask_token(&edge, URL), expected);
    }
}

#[test]
fn redirect_hosts_are_the_operators_to_choose() {
    let edge = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "other.example")]);
    edge.reply_document(&document(), |_| {});
    for (uri, status) in [("https://client.example/cb", 400), ("http://localhost:1/cb", 200)] {
        assert_eq!(edge.get(&authorization_request(URL, &[("redirect_uri", uri)])).status(), status, "{uri}");
    }
}

#[test]
fn it_is_advertised_only_where_it_is_on() {
    let metadata = |settings: &[(&str, &str)]| -> Value {
        let edge = TestEdge::with(settings);
        serde_json::from_str(edge.get("/.well-known/oauth-authorization-server").body()).unwrap()
    };
    let on = metadata(&[]);
    assert_eq!(on["client_id_metadata_document_supported"], true);
    let methods = json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
    for endpoint in ["token", "revocation"] {
        assert_eq!(on[format!("{endpoint}_endpoint_auth_methods_supported")], methods);
        let algorithms = &on[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, json!(["EdDSA", "RS256"]));
    }
    let off = metadata(&[("EDGEWARD_CLIENT_METADATA_DOCUMENTS", "off")]);
    assert!(off.get("client_id_metadata_document_supported").is_none());
    assert!(!off.to_string().contains("private_key_jwt") && !off.to_string().contains("RS256"));
}

#[test]
fn a_pre_registered_client_may_be_called_by_a_url() {
    let clients = json!([{ "client_id": URL, "redirect_uris": ["https://client.example/cb"] }]).to_string();
    let edge = TestEdge::with(&[("EDGEWARD_CLIENTS", &clients)]);
    assert_eq!(authorize(&edge).status(), 200);
    assert_eq!(edge.fetches(), 0);
}
