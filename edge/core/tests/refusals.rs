//! What becomes of a sign-in that Cognito ends without a code: what the user sees, what the client is told, what is logged.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::platform::{Event, Level};
use http::{Method, Response, header};
use support::*;

/// A sign-in under way: its cookie and state at Cognito.
struct Pending {
    cookie: String,
    state: String,
}

impl Pending {
    fn new(edge: &TestEdge) -> Self {
        Self::of(edge, &authorization_request(&edge.public_client(), &[("login_hint", "demo")]))
    }

    fn of(edge: &TestEdge, target: &str) -> Self {
        let page = edge.get(target);
        let (id, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
        let fields = [("transaction", id.as_str()), ("sealed", &sealed), ("decision", "allow")];
        let allowed =
            edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(&page)[0])], &fields));
        Self { cookie: cookies(&allowed).remove(0), state: id }
    }

    fn back(&self, edge: &TestEdge, answer: &[(&str, &str)]) -> Response<String> {
        let query = form(&[answer, &[("state", &self.state)]].concat());
        edge.respond(request(Method::GET, &format!("/callback?{query}"), &[("cookie", &self.cookie)], ""))
    }
}

/// The links of a page, in order.
fn links(page: &str) -> Vec<url::Url> {
    let links = page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap().replace("&amp;", "&"));
    links.map(|link| url::Url::parse(&link).unwrap()).collect()
}

fn refused_by_lambda(words: &str) -> [(&'static str, String); 2] {
    [("error", "invalid_request".to_owned()), ("error_description", format!("PreSignUp failed with error {words}."))]
}

#[test]
fn a_user_whom_a_lambda_refuses_reads_why_and_can_go_two_ways() {
    let edge = TestEdge::new();
    let pending = Pending::new(&edge);
    edge.world.records.borrow_mut().clear();
    let answer = refused_by_lambda("<b>Only staff</b> may, not demo@example.com");
    let answer = answer.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = pending.back(&edge, &answer);
    assert_eq!((page.status().as_u16(), page.headers().get(header::LOCATION)), (403, None));
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    assert_eq!(page.headers()[header::REFERRER_POLICY], "same-origin");
    let body = page.body();
    assert!(body.contains("&lt;b&gt;Only staff&lt;/b&gt; may, not demo@example.com</bdi>"), "{body}");
    assert!(body.contains("client.example"), "where the way back leads");

    let [back, again] = links(body).try_into().unwrap();
    assert_eq!(back.origin().ascii_serialization() + back.path(), "https://client.example/cb");
    for (name, value) in [("error", "access_denied"), ("state", "client state"), ("iss", ISSUER)] {
        assert_eq!(parameter(&back, name).as_deref(), Some(value));
    }
    assert!(!back.as_str().contains("staff"), "the client learns nothing more: {back}");
    assert_eq!(again.origin().ascii_serialization() + again.path(), "https://login.example/oauth2/authorize");
    for (name, value) in [("prompt", Some("login")), ("login_hint", None), ("state", Some(pending.state.as_str()))] {
        assert_eq!(parameter(&again, name).as_deref(), value, "{name}");
    }
    assert!(parameter(&again, "code_challenge").is_some() && parameter(&again, "nonce").is_some());

    {
        let records = edge.world.records.borrow();
        let [record] = &records[..] else { panic!("{records:?}") };
        assert_eq!((record.event, record.level, record.status), (Event::AuthorizationRefused, Level::Warn, Some(403)));
        let told = "the Lambda trigger PreSignUp has refused the user: <b>Only staff</b> may, not [e-mail]";
        assert_eq!((record.reason.as_deref(), record.grant.as_deref()), (Some(told), Some(&*pending.state)));
    }
    // The sign-in is still open, for somebody else.
    assert!(cookies(&page).is_empty());
    let back = pending.back(&edge, &[("code", "upstream")]);
    assert!(parameter(&location(&back), "code").is_some());
}

#[test]
fn each_class_has_its_answer_its_level_and_its_cookie() {
    for (error, description, status, code, level, cause) in [
        ("access_denied", "", 403, "access_denied", Level::Info, None),
        ("invalid_request", "User is disabled.", 403, "access_denied", Level::Info, None),
        ("login_required", "", 403, "access_denied", Level::Info, None),
        (
            "invalid_request",
            "Already found an entry for username Google_1029384756",
            409,
            UNAVAILABLE,
            Level::Info,
            None,
        ),
        ("invalid_request", "Connection reset", 302, UNAVAILABLE, Level::Info, Some(Level::Warn)),
        ("server_error", "", 302, UNAVAILABLE, Level::Info, Some(Level::Warn)),
        ("invalid_request", "attributes required: [email]", 302, "server_error", Level::Alert, Some(Level::Alert)),
        ("invalid_request", "of demo@example.com", 302, "server_error", Level::Alert, Some(Level::Alert)),
        ("unauthorized_client", "", 302, "server_error", Level::Alert, Some(Level::Alert)),
    ] {
        let edge = TestEdge::new();
        let pending = Pending::new(&edge);
        edge.world.records.borrow_mut().clear();
        let response = pending.back(&edge, &[("error", error), ("error_description", description)]);
        let back = if status == 302 { location(&response) } else { links(response.body()).remove(0) };
        assert_eq!((response.status().as_u16(), parameter(&back, "error").as_deref()), (status, Some(code)), "{error}");
        assert_eq!(parameter(&back, "state").as_deref(), Some("client state"));
        assert!(!back.as_str().contains("Google") && !back.as_str().contains("demo"), "{back}");
        let cleared = cookies(&response);
        assert_eq!(cleared.len(), usize::from(status == 302), "{error} {description}: {cleared:?}");
        let records = edge.world.records.borrow();
        let levels = |event| records.iter().find(|record| record.event == event).map(|record| record.level);
        assert_eq!(levels(Event::AuthorizationRefused), Some(level), "{error} {description}");
        assert_eq!(levels(Event::UpstreamFailed), cause, "{error} {description}");
        for record in records.iter() {
            let reason = record.reason.as_deref().unwrap();
            assert!(!reason.contains('@') && !reason.contains("Google_"), "{reason}");
        }
    }
}

const UNAVAILABLE: &str = "temporarily_unavailable";

#[test]
fn after_linking_the_same_user_signs_in_again() {
    let edge = TestEdge::new();
    let pending = Pending::new(&edge);
    let description = "Already found an entry for username Google_1029384756";
    let page = pending.back(&edge, &[("error", "invalid_request"), ("error_description", description)]);
    assert!(page.body().contains("sign in once more") && !page.body().contains("Google"), "{}", page.body());
    let again = links(page.body()).pop().unwrap();
    assert_eq!((parameter(&again, "prompt"), parameter(&again, "login_hint").as_deref()), (None, Some("demo")));
}

#[test]
fn a_refusal_leads_to_an_application_by_a_link_only() {
    let edge = TestEdge::with(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    let client = edge.register(r#"{"redirect_uris":["cursor://a.b/cb"],"token_endpoint_auth_method":"none"}"#);
    let client = client["client_id"].as_str().unwrap();
    let pending = Pending::of(&edge, &authorization_request(client, &[("redirect_uri", "cursor://a.b/cb")]));
    let page = pending.back(&edge, &[("error", "access_denied")]);
    assert!(page.status() == 403 && page.body().contains("<bdi>cursor:</bdi>"), "{}", page.body());
    assert_eq!(links(page.body())[0].scheme(), "cursor");
}

#[test]
fn no_page_is_shown_without_this_browsers_own_sign_in() {
    let edge = TestEdge::new();
    let (mine, others) = (Pending::new(&edge), Pending::new(&edge));
    let answer = refused_by_lambda("Call 0123 456");
    let answer = answer.each_ref().map(|(name, value)| (*name, value.as_str()));
    let (no_cookie, no_state) = (String::new(), String::new());
    for (cookie, state) in [
        (&no_cookie, &mine.state),
        (&others.cookie, &mine.state),
        (&mine.cookie, &others.state),
        (&mine.cookie, &no_state),
    ] {
        let (cookie, state) = (cookie.clone(), state.clone());
        let page = Pending { cookie, state }.back(&edge, &answer);
        assert_eq!(page.status(), 400);
        assert!(!page.body().contains("0123") && links(page.body()).is_empty(), "{}", page.body());
    }
    assert!(mine.back(&edge, &answer).body().contains("Call 0123 456"));
}

#[test]
fn what_a_lambda_says_is_bounded() {
    let edge = TestEdge::new();
    let pending = Pending::new(&edge);
    let answer = refused_by_lambda(&format!("\u{202e}{}", "word ".repeat(1_000)));
    let answer = answer.each_ref().map(|(name, value)| (*name, value.as_str()));
    let page = pending.back(&edge, &answer);
    assert!(page.body().matches("word").count() == 40 && !page.body().contains('\u{202e}'), "{}", page.body());
    let records = edge.world.records.borrow();
    assert!(records.last().unwrap().reason.as_ref().unwrap().len() < 260);
}
