//! What is counted, under which names, and who is stopped.

mod support;

use edgeward_core::{
    Request,
    platform::{Event, Limit},
};
use http::StatusCode;
use support::{TestEdge, VERIFIER, authorization_request, config, cookies, get, hidden, post, post_form};

const OFFICE: &str = "198.51.100.7";

fn from(address: &str, mut request: Request) -> Request {
    request.address = Some(address.to_owned());
    request
}

fn limited(numbers: [u32; 5]) -> TestEdge {
    let edge = TestEdge::new();
    edge.world.allowed.borrow_mut().extend(Limit::ALL.map(Limit::as_str).into_iter().zip(numbers));
    edge
}

/// The numbers that the edge is deployed with.
fn deployed() -> TestEdge {
    let text = include_str!("../../cloudflare/wrangler.toml");
    let numbers = Limit::ALL.map(|limit| {
        let from_name = text.split(&format!("\"{}\"", limit.binding())).nth(1).unwrap();
        let number = from_name.split("limit = ").nth(1).unwrap().split(',').next().unwrap();
        number.parse().unwrap()
    });
    limited(numbers)
}

/// A name for a client that makes it another client.
fn metadata(name: &str, host: &str) -> String {
    format!(r#"{{"client_name":"{name}","redirect_uris":["https://{host}/cb"],"token_endpoint_auth_method":"none"}}"#)
}

fn token_request(client_id: &str) -> Request {
    let parameters = [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", "of-an-earlier-sign-in"),
        ("code_verifier", VERIFIER),
    ];
    post_form("/token", &[], &parameters)
}

#[test]
fn five_hundred_users_behind_one_address_sign_in_and_refresh_within_a_minute() {
    let edge = deployed();
    // All of them use the same application, which is the hardest case: they are one client.
    for _ in 0..500 {
        let registered = edge.respond(from(OFFICE, post("/register", "application/json", &metadata("A", "a.example"))));
        assert_eq!(registered.status(), StatusCode::CREATED);
        let registered: serde_json::Value = serde_json::from_str(registered.body()).unwrap();
        let client_id = registered["client_id"].as_str().unwrap();
        let target = authorization_request(client_id, &[("redirect_uri", "https://a.example/cb")]);
        let page = edge.respond(from(OFFICE, get(&target)));
        assert_eq!(page.status(), StatusCode::OK);
        let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
        let decision = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", "allow")];
        let headers = [("origin", support::ISSUER), ("cookie", &cookies(&page)[0])];
        let decided = edge.respond(from(OFFICE, post_form("/authorize", &headers, &decision)));
        assert_eq!(decided.status(), StatusCode::SEE_OTHER);
        // The code, and a refresh.
        for _ in 0..2 {
            assert_eq!(edge.respond(from(OFFICE, token_request(client_id))).status(), StatusCode::BAD_REQUEST);
        }
    }
}

#[test]
fn a_client_that_floods_is_stopped_and_others_at_its_address_go_on() {
    let edge = deployed();
    let flood = (0..20_000).map(|_| edge.respond(from(OFFICE, token_request("flooding"))).status());
    let passed = flood.filter(|status| *status != StatusCode::TOO_MANY_REQUESTS).count();
    assert_eq!(passed, 1200);
    assert_ne!(edge.respond(from(OFFICE, token_request("other"))).status(), StatusCode::TOO_MANY_REQUESTS);
    // Who only uses its name, somewhere else, has not been locked out.
    assert_ne!(edge.respond(from("192.0.2.1", token_request("flooding"))).status(), StatusCode::TOO_MANY_REQUESTS);
    // A request that names nobody is a client's as well.
    let nameless = (0..2000).map(|_| edge.respond(from(OFFICE, post_form("/token", &[], &[]))).status());
    assert_eq!(nameless.filter(|status| *status != StatusCode::TOO_MANY_REQUESTS).count(), 1200);
    assert_ne!(edge.respond(from(OFFICE, token_request("other"))).status(), StatusCode::TOO_MANY_REQUESTS);
}

#[test]
fn many_clients_of_one_redirect_host_are_stopped_and_those_of_others_go_on() {
    let edge = limited([600, 60, 2, 4, 100]);
    let register = |name: &str, host: &str| {
        edge.respond(from(OFFICE, post("/register", "application/json", &metadata(name, host)))).status()
    };
    let ask = |name: &str, host: &str| {
        let target = authorization_request(name, &[("redirect_uri", &format!("https://{host}/cb"))]);
        edge.respond(from(OFFICE, get(&target))).status()
    };
    for name in ["a", "b", "c", "d"] {
        assert_eq!(register(name, "evil.example"), StatusCode::CREATED);
        // It is no client, which is found out afterwards.
        assert_eq!(ask(name, "evil.example"), StatusCode::BAD_REQUEST);
    }
    assert_eq!(register("e", "evil.example"), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(ask("e", "evil.example"), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(register("e", "good.example"), StatusCode::CREATED);
    assert_eq!(ask("e", "good.example"), StatusCode::BAD_REQUEST);
}

#[test]
fn an_address_has_a_limit_whoever_it_names() {
    let edge = limited([600, 60, 10, 10, 3]);
    for path in ["/token", "/revoke"] {
        let request = |client: usize, address: &str| {
            let parameters = [("client_id", format!("client-{client}"))];
            let parameters = parameters.each_ref().map(|(name, value)| (*name, value.as_str()));
            edge.respond(from(address, post_form(path, &[], &parameters))).status()
        };
        for client in 0..3 {
            assert_ne!(request(client, "2001:db8::1"), StatusCode::TOO_MANY_REQUESTS);
        }
        // All of a /64 is one user's.
        assert_eq!(request(3, "2001:db8::ffff:1:2:3"), StatusCode::TOO_MANY_REQUESTS);
        assert_ne!(request(4, "2001:db8:0:1::1"), StatusCode::TOO_MANY_REQUESTS);
    }
}

#[test]
fn a_refusal_says_when_to_come_back_in_the_way_of_its_endpoint() {
    for (request, is_page) in [
        (post("/register", "application/json", &metadata("A", "a.example")), false),
        (get("/authorize"), true),
        (get("/callback"), true),
        (post_form("/authorize", &[], &[]), true),
        (token_request("client"), false),
        (post_form("/revoke", &[], &[]), false),
    ] {
        let edge = limited([0; 5]);
        let response = edge.respond(from(OFFICE, request));
        assert_eq!(response.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(response.headers()["retry-after"], "60");
        assert_eq!(response.headers()["cache-control"], "no-store, no-transform");
        if is_page {
            assert!(response.body().contains("Try again in a minute"));
        } else {
            let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
            assert_eq!(body["error"], "temporarily_unavailable");
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
            assert_eq!(response.headers()["access-control-expose-headers"], "retry-after");
        }
        let records = edge.world.records.borrow();
        assert_eq!(records.len(), 1);
        assert_eq!((records[0].event, records[0].status), (Event::TooManyRequests, Some(429)));
    }
}

#[test]
fn nothing_else_is_counted() {
    let edge = limited([0; 5]);
    for target in ["/", "/healthz", "/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/logout"] {
        assert_ne!(edge.respond(from(OFFICE, get(target))).status(), StatusCode::TOO_MANY_REQUESTS);
    }
    let preflight = support::request(http::Method::OPTIONS, "/token", &[], "");
    assert_eq!(edge.respond(from(OFFICE, preflight)).status(), StatusCode::NO_CONTENT);
    edge.gate("/mcp", None, None);
    assert!(edge.world.counted.borrow().is_empty());
}

#[test]
fn names_are_counted_for_each_endpoint_and_edge_apart() {
    let edge = TestEdge::new();
    edge.respond(from(OFFICE, token_request("client")));
    edge.respond(from(OFFICE, post_form("/revoke", &[], &[("client_id", "client")])));
    let counted = edge.world.counted.borrow();
    assert!(counted.keys().all(|(_, name)| name.starts_with(support::ISSUER) && name.ends_with(OFFICE)));
    assert_eq!(counted.len(), 4, "{counted:?}");
    // What a client calls itself may be long; what is counted is not.
    assert!(counted.keys().all(|(_, name)| name.len() < 128));
}

#[test]
fn other_numbers_are_read_from_a_setting() {
    let numbers = |text: &str| {
        let limits = config(&[("EDGEWARD_RATE_LIMITS", text)]).map(|config| config.rate_limits);
        limits.map(|limits| Limit::ALL.map(|limit| limits.get(limit)))
    };
    assert_eq!(numbers(""), Ok([None; 5]));
    assert_eq!(numbers("client:7"), Ok([None, None, Some(7), None, None]));
    assert_eq!(
        numbers("address:9 redirect-host:8  client:7 grant:6 calls:5"),
        Ok([Some(5), Some(6), Some(7), Some(8), Some(9)])
    );
    for bad in
        ["client", "client:", "client:0", "client:-1", "client:1 client:2", "ip:1", "client=1", "client:5000000000"]
    {
        let error = numbers(bad).unwrap_err().to_string();
        assert!(error.starts_with("EDGEWARD_RATE_LIMITS is not a list of limits"), "{bad}: {error}");
    }
}
