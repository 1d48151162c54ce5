//! Users who sign in with one browser, whose consent may be remembered. Cognito's doing is in `cognito`.
#![allow(dead_code, reason = "each test program uses a part of it")]

use http::{Method, Response};

use super::{
    cognito::{TokenAnswer, jwks},
    support::*,
};

/// What a browser sends when the user opens an address, or a program does it for them.
pub(crate) const BY_THE_USER: [(&str, &str); 3] =
    [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// Beginnings of names of cookies.
pub(crate) const PENDING: &str = "__Host-edgeward-signin-";
pub(crate) const REMEMBERED: &str = "__Host-edgeward-remembered-";

/// An edge that may remember consents, and knows Cognito's keys.
pub(crate) fn remembering(overrides: &[(&str, &str)]) -> TestEdge {
    let edge = TestEdge::with(&[&[("EDGEWARD_CONSENT", "remember")], overrides].concat());
    *edge.world.keys.borrow_mut() = Some(jwks());
    edge
}

/// The cookie of this kind that a response sets.
pub(crate) fn set_cookie(response: &Response<String>, kind: &str) -> Option<String> {
    cookies(response).into_iter().find(|cookie| cookie.starts_with(kind) && !cookie.ends_with('='))
}

/// Opens an address as a user does who types it.
pub(crate) fn open(edge: &TestEdge, target: &str, cookies: &str) -> Response<String> {
    edge.respond(request(Method::GET, target, &[&[("cookie", cookies)][..], &BY_THE_USER].concat(), ""))
}

/// Answers a consent page.
pub(crate) fn decide(edge: &TestEdge, page: &Response<String>, decision: &str, remember: &str) -> Response<String> {
    assert_eq!(page.status(), 200, "{}", page.body());
    let (id, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let fields = [("transaction", id.as_str()), ("sealed", &sealed), ("decision", decision), ("remember", remember)];
    edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(page)[0])], &fields))
}

/// Comes back from Cognito with a code, as the response `to` sent the browser there.
pub(crate) fn come_back(edge: &TestEdge, to: &Response<String>, more_cookies: &str) -> Response<String> {
    let url = location(to);
    assert!(url.as_str().starts_with("https://login.example/oauth2/authorize?"), "{url}");
    let state = parameter(&url, "state").unwrap();
    let cookies = [set_cookie(to, PENDING).expect("a sign-in").as_str(), more_cookies].join("; ");
    edge.respond(request(Method::GET, &format!("/callback?code=c&state={state}"), &[("cookie", &cookies)], ""))
}

/// As [`come_back`], where the edge asks Cognito who has signed in.
pub(crate) fn come_back_as(
    edge: &TestEdge,
    to: &Response<String>,
    subject: &str,
    more_cookies: &str,
) -> Response<String> {
    TokenAnswer { nonce: parameter(&location(to), "nonce"), subject, ..TokenAnswer::default() }.script(edge);
    let asked = edge.fetches();
    let back = come_back(edge, to, more_cookies);
    assert_eq!(edge.fetches(), asked + 1, "Cognito is asked once: {}", back.body());
    back
}

/// Has this user allow what `target` asks for, and sign in. The cookie that remembers it.
pub(crate) fn remembered(edge: &TestEdge, target: &str, subject: &str) -> String {
    let to = decide(edge, &edge.get(target), "allow", "yes");
    set_cookie(&come_back_as(edge, &to, subject, ""), REMEMBERED).expect("a cookie that remembers")
}
