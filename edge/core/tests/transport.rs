//! Requests for another origin than the issuer's are refused, at every path; and browsers are told to use TLS.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Decision, Failure, Request, RequestHead, Target,
    access_token::{self, Grant},
    oauth::Scope,
    platform::{Event, Level, Record, UnixTime},
    request_context::RequestContext,
    route::Route,
    sealed::Profile,
    upstream::Subject,
};
use http::{Method, Response, header};
use proptest::prelude::*;
use serde_json::Value;
use support::*;

const LOCAL: &str = "http://localhost:8787";
const STRICT: &str = "max-age=31536000";
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// All that is not [`ISSUER`], though some would be to a parser of URLs.
const OTHERS: [&str; 16] = [
    "https://other.example",
    "https://www.edge.example",
    "https://edge.example.attacker.example",
    "https://edge.example.",
    "https://EDGE.example",
    "HTTPS://edge.example",
    "https://edge.example:443",
    "https://edge.example:8443",
    "https://edge.example:",
    "https://edge.exampl",
    "https://edge.example@attacker.example",
    "https://attacker.example@edge.example",
    "https://edge.example?",
    "https://[::1]",
    "wss://edge.example",
    "",
];
const PLAIN: [&str; 4] =
    ["http://edge.example", "http://edge.example:443", "http://other.example", "http://edge.example:8080"];

/// The edge's own paths, and others.
fn paths() -> Vec<&'static str> {
    let own = Route::ALL.into_iter().map(Route::path);
    own.chain(["/", "/mcp", "/mcp/", "/.well-known/oauth-protected-resource/mcp", "/nothing/here"]).collect()
}

fn token(edge: &TestEdge) -> String {
    let subject = Subject { subject: "user".into(), profile: Profile::default(), auth_time: None };
    let (scope, resource) = (Scope::parse("mcp").unwrap(), format!("{ISSUER}/mcp"));
    let grant = Grant { client_id: "client", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
    let (config, now) = (edge.edge.config(), UnixTime::from_secs(START));
    format!(
        "Bearer {}",
        access_token::mint(&grant, "token".into(), now.plus(900), &RequestContext::new(None, config, &edge.world))
            .unwrap()
    )
}

fn head<'a>(url: &'a str, authorization: Option<&'a str>) -> RequestHead<'a> {
    RequestHead {
        method: "POST",
        target: Target::of(url),
        authorization,
        origin_header: None,
        traceparent: None,
        content_length: Some(0),
        has_upgrade: false,
    }
}

fn strict(response: &Response<String>) -> Option<&str> {
    response.headers().get(header::STRICT_TRANSPORT_SECURITY).map(|value| value.to_str().unwrap())
}

fn misdirected(response: &Response<String>, scheme: &str) {
    let body: Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!((response.status().as_u16(), &body["error"]), (421, &"misdirected_request".into()));
    let description = body["error_description"].as_str().unwrap();
    assert!(description.ends_with(ISSUER), "{description}");
    assert_eq!(description.contains("use https: "), scheme == "http", "{description}");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    assert_eq!((strict(response), response.headers().get(header::LOCATION)), (None, None));
}

fn written(edge: &TestEdge, reason: &str) {
    let records = edge.world.records.take();
    let [record] = &*records else { panic!("{records:?}") };
    assert_eq!((record.event, record.level, record.status), (Event::Misdirected, Level::Warn, Some(421)));
    assert_eq!(record.reason.as_deref(), Some(reason));
    assert!(record.trace.is_some());
}

#[test]
fn every_path_is_refused_at_another_origin() {
    let edge = TestEdge::new();
    let token = token(&edge);
    let others = OTHERS.map(|origin| (origin, "the request is for another origin than EDGEWARD_PUBLIC_URL"));
    let plain = PLAIN.map(|origin| (origin, "the request came over plain http"));
    for (origin, reason) in others.into_iter().chain(plain) {
        let scheme = origin.split(':').next().unwrap_or_default();
        for path in paths() {
            let url = format!("{origin}{path}");
            for authorization in [None, Some(token.as_str())] {
                match edge.edge.gate(&head(&url, authorization)) {
                    Some(Decision::Respond { response, repeats }) => {
                        misdirected(&response, scheme);
                        assert_eq!(repeats.is_some(), authorization.is_none(), "{url}");
                    }
                    other => panic!("{url}: {other:?}"),
                }
                written(&edge, reason);
            }
            for method in [Method::GET, Method::POST, Method::HEAD, Method::OPTIONS] {
                let request = Request { url: url.clone(), ..request(method, "", &[("authorization", &token)], "") };
                misdirected(&edge.respond(request), scheme);
                written(&edge, reason);
            }
        }
    }
    // The same at the issuer's own origin.
    for path in paths() {
        let url = at(path);
        match edge.edge.gate(&head(&url, Some(&token))) {
            Some(Decision::Forward(_)) => assert!(path.starts_with("/mcp"), "{path}"),
            other => assert!(other.is_none() && !path.starts_with("/mcp"), "{path}"),
        }
        assert_ne!(edge.get(path).status(), 421, "{path}");
    }
    assert!(edge.world.records.take().iter().all(|record| record.event != Event::Misdirected));
}

#[test]
fn nothing_of_a_misdirected_request_is_used() {
    let edge = TestEdge::new();
    let form = post_form("/token", &[], &[("grant_type", "refresh_token"), ("refresh_token", "a-secret")]);
    let answer = edge.respond(Request { url: "http://edge.example/token?code=a-secret".into(), ..form });
    misdirected(&answer, "http");
    assert!(!answer.body().contains("a-secret"));
    let told = format!("{:?}", edge.world.records.borrow());
    assert!(!told.contains("a-secret") && !told.contains("edge.example"), "{told}");
    assert!(edge.world.counted.borrow().is_empty() && edge.fetches() == 0);
}

#[test]
fn who_is_misdirected_again_is_refused_in_the_same_way() {
    let edge = TestEdge::new();
    let refused = |head: &RequestHead<'_>| match edge.edge.gate(head) {
        Some(Decision::Respond { response, repeats }) => (response.into_body(), repeats.map(|record| *record)),
        other => panic!("{other:?}"),
    };
    let stranger = head("https://other.example/mcp", None);
    let (answer, repeats) = refused(&stranger);
    edge.advance(100_000);
    assert_eq!(refused(&stranger), (answer, repeats.clone()));
    let repeats = repeats.expect("it repeats");
    let told = edge.world.records.borrow();
    assert!(told.iter().all(|record| Record { trace: None, ..record.clone() } == repeats) && told.len() == 2);
    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    drop(told);
    let traced = RequestHead { traceparent: Some(&traceparent), ..stranger };
    assert_eq!(refused(&traced).1, None);
    assert_eq!(edge.world.records.borrow()[2].trace.as_deref(), Some(TRACE));
    assert_eq!(refused(&RequestHead { origin_header: Some(ISSUER), ..stranger }).1, None);
}

#[test]
fn every_answer_over_tls_says_to_stay_with_it() {
    let edge = TestEdge::new();
    let client = edge.public_client();
    let answers = || {
        let asked = paths()
            .into_iter()
            .flat_map(|path| [Method::GET, Method::POST, Method::OPTIONS].map(|method| (path.to_owned(), method)));
        asked.chain([(authorization_request(&client, &[]), Method::GET)])
    };
    for (path, method) in answers() {
        let answer = edge.respond(request(method, &path, &[], ""));
        assert_eq!(strict(&answer), Some(STRICT), "{path}");
    }
    for origin_header in [None, Some(ISSUER), Some("https://evil.example")] {
        for method in ["POST", "OPTIONS"] {
            let url = at("/mcp");
            match edge.edge.gate(&RequestHead { method, origin_header, ..head(&url, None) }) {
                Some(Decision::Respond { response, .. }) => assert_eq!(strict(&response), Some(STRICT)),
                other => panic!("{other:?}"),
            }
        }
    }
    let (failed, _) = Failure::Overloaded.answer(Some(edge.edge.config()));
    assert_eq!(strict(&failed), Some(STRICT));
}

#[test]
fn an_edge_on_this_machine_says_nothing_of_tls() {
    let edge = TestEdge::with(&[("EDGEWARD_PUBLIC_URL", LOCAL)]);
    for path in paths() {
        let answer = edge.respond(Request { url: format!("{LOCAL}{path}"), ..get("") });
        assert_eq!((strict(&answer), answer.status() == 421), (None, false), "{path}");
    }
    let (url, others) =
        (format!("{LOCAL}/mcp"), ["http://127.0.0.1:8787", "http://localhost", "https://localhost:8787"]);
    assert!(matches!(edge.edge.gate(&head(&url, None)), Some(Decision::Respond { response, .. })
        if response.status() == 401 && strict(&response).is_none()));
    for other in others {
        let answer = edge.respond(Request { url: format!("{other}/healthz"), ..get("") });
        assert_eq!(answer.status(), 421, "{other}");
        assert!(answer.body().contains("at this address, use http://localhost:8787"), "{}", answer.body());
    }
    for config in [Some(edge.edge.config()), None] {
        let (failed, _) = Failure::Overloaded.answer(config);
        assert_eq!(
            (strict(&failed), &failed.headers()[header::CACHE_CONTROL]),
            (None, &"no-store, no-transform".parse().unwrap())
        );
    }
}

#[test]
fn nobody_may_change_what_is_answered() {
    let edge = TestEdge::new();
    let client = edge.public_client();
    let asked = paths().into_iter().map(str::to_owned).chain([
        authorization_request(&client, &[]),
        authorization_request(&client, &[("response_type", "token")]),
        authorization_request("unknown", &[]),
    ]);
    for path in asked {
        for method in [Method::GET, Method::POST, Method::PUT] {
            let answer = edge.respond(request(method.clone(), &path, &[], ""));
            let caching = answer.headers()[header::CACHE_CONTROL].to_str().unwrap();
            let expected = ["no-store, no-transform", "public, max-age=300, no-transform"];
            assert!(expected.contains(&caching), "{method} {path}: {caching}");
        }
    }
}

proptest! {
    /// As a parser of URLs does it.
    #[test]
    fn a_target_is_what_a_parser_makes_of_its_url(
        scheme in "https?", host in "[a-z0-9]{1,9}(\\.[a-z]{2,5})?|\\[::[0-9a-f]{1,3}\\]",
        port in prop::option::of(1_u16..), rest in "(/[ -~]{0,20})?",
    ) {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let url = url::Url::parse(&format!("{scheme}://{host}{port}{}", rest.replace('#', "")));
        prop_assume!(url.is_ok());
        let url = url.unwrap();
        let origin = url.origin().ascii_serialization();
        prop_assert_eq!(Target::of(url.as_str()), Target { origin: &origin, path: url.path(), query: url.query() });
    }
}
