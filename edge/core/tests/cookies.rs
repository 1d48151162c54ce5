//! Our cookies among those of others.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use http::StatusCode;
use support::{ISSUER, TestEdge, authorization_request, cookies, hidden, post_form};

/// The answer to a consent given with this `Cookie` header, in which `{ours}` stands for the cookie of the page.
fn decide(cookie_header: &str) -> StatusCode {
    let edge = TestEdge::new();
    let page = edge.get(&authorization_request(&edge.public_client(), &[]));
    let header = cookie_header.replace("{ours}", &cookies(&page)[0]);
    let fields = [
        ("transaction", hidden(page.body(), "transaction")),
        ("sealed", hidden(page.body(), "sealed")),
        ("decision", "allow".to_owned()),
    ];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    edge.respond(post_form("/authorize", &[("cookie", &header), ("origin", ISSUER)], &fields)).status()
}

#[test]
fn cookies_of_other_sites_do_not_disturb() {
    for header in [
        "{ours}",
        "a=b; {ours}; c=d",
        "broken=\"x; {ours}",
        "json={\"a\": \"b\\\"\"}; {ours}",
        "name=J\u{fc}rgen; {ours}; =; ;x",
    ] {
        assert_eq!(decide(header), StatusCode::SEE_OTHER, "{header}");
    }
}

#[test]
fn another_sites_cookie_is_never_taken_for_ours() {
    for header in ["\"{ours}", "x{ours}", "\u{fc}{ours}", "x=\"; {ours}\"; {ours}", "{ours}; {ours}"] {
        assert_eq!(decide(header), StatusCode::FORBIDDEN, "{header}");
    }
}
