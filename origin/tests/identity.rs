//! The identity layer admits a request with one valid assertion, and no other.

mod support;

use std::convert::Infallible;

use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode},
    response::Response,
    routing::get,
};
use edgeward_identity::{AssertionError, Identity, SigningKey, UnixTime, assertion, jws};
use edgeward_origin::{Caller, Keys, Refusal, RequireIdentity, Verifier};
use support::{AUDIENCE, FakeClock, HEADER, ISSUER, foreign_key, identity, key, key_with_id};
use tower::ServiceExt as _;

const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

/// A server behind the layer that answers with the caller's subject.
fn server() -> Router {
    let layer = RequireIdentity::with_clock(
        Verifier::new(ISSUER, AUDIENCE),
        Keys::fixed(key().verifying_keys()),
        FakeClock::at(NOW.as_secs()).clock(),
    );
    Router::new().route("/", get(|caller: Caller| async move { caller.subject.clone() })).layer(layer)
}

async fn send(assertions: &[&str]) -> Response {
    let mut request = Request::get("/");
    for value in assertions {
        request = request.header(HEADER, *value);
    }
    let response: Result<_, Infallible> = server().oneshot(request.body(Body::empty()).unwrap()).await;
    response.unwrap()
}

async fn body(response: Response) -> String {
    String::from_utf8(axum::body::to_bytes(response.into_body(), 1024).await.unwrap().to_vec()).unwrap()
}

async fn assert_admitted(assertion: &str) {
    let response = send(&[assertion]).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.extensions().get::<Caller>(), Some(&identity().into()));
    assert_eq!(body(response).await, identity().subject);
}

async fn assert_refused(assertions: &[&str], refusal: &Refusal, code: &str) {
    let response = send(assertions).await;
    assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(response.headers()["content-type"], "application/json");
    assert_eq!(response.headers()["cache-control"], "no-store");
    assert!(response.headers().contains_key("www-authenticate"));
    assert_eq!(response.extensions().get::<Refusal>(), Some(refusal));
    assert_eq!(body(response).await, format!(r#"{{"error":"{code}"}}"#));
}

fn mint(identity: &Identity, key: &SigningKey) -> String {
    assertion::mint(identity, key, NOW, 60).unwrap()
}

fn valid() -> String {
    mint(&identity(), &key())
}

#[tokio::test]
async fn a_valid_assertion_is_admitted() {
    assert_admitted(&valid()).await;
}

#[tokio::test]
async fn a_request_without_an_assertion_is_refused() {
    assert_refused(&[], &Refusal::Missing, "identity_missing").await;
}

#[tokio::test]
async fn two_assertions_are_refused_though_both_are_valid() {
    assert_refused(&[&valid(), &valid()], &Refusal::Repeated, "identity_repeated").await;
    // Two in one header are no token.
    assert_eq!(send(&[&format!("{}, {}", valid(), valid())]).await.status(), StatusCode::UNAUTHORIZED);
    assert_admitted(&valid()).await;
}

#[tokio::test]
async fn a_value_that_is_no_token_is_refused() {
    for value in ["", "Bearer", "a.b.c", "null", "{}"] {
        let refusal = Refusal::Invalid(jws::JwsError::Malformed.into());
        assert_refused(&[value], &refusal, "identity_invalid").await;
    }
    assert_refused(&["é"], &Refusal::NotText, "identity_invalid").await;
}

#[tokio::test]
async fn a_forged_assertion_is_refused() {
    let forged = mint(&identity(), &foreign_key("edge-1"));
    assert_refused(&[&forged], &Refusal::Invalid(jws::JwsError::BadSignature.into()), "identity_invalid").await;
    assert_admitted(&valid()).await;
}

#[tokio::test]
async fn an_assertion_signed_with_an_unknown_key_is_refused() {
    let unknown = mint(&identity(), &key_with_id("edge-2"));
    let refusal = Refusal::Invalid(jws::JwsError::UnknownKey { key_id: "edge-2".into() }.into());
    assert_refused(&[&unknown], &refusal, "identity_invalid").await;
}

#[tokio::test]
async fn another_edges_assertion_is_refused() {
    let other = Identity { issuer: "https://edge.example.com".into(), ..identity() };
    let refusal = Refusal::Invalid(AssertionError::WrongIssuer);
    assert_refused(&[&mint(&other, &key())], &refusal, "identity_invalid").await;
}

#[tokio::test]
async fn an_assertion_for_another_origin_is_refused() {
    let other = Identity { audience: "https://origin.example/".into(), ..identity() };
    let refusal = Refusal::Invalid(AssertionError::WrongAudience);
    assert_refused(&[&mint(&other, &key())], &refusal, "identity_invalid").await;
}

#[tokio::test]
async fn an_assertion_about_nobody_is_refused() {
    let about = |subject: &str| mint(&Identity { subject: subject.into(), ..identity() }, &key());
    let refusal = Refusal::Invalid(AssertionError::NoSubject);
    assert_refused(&[&about("")], &refusal, "identity_invalid").await;
    assert_eq!(send(&[&about("somebody")]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn another_kind_of_token_with_the_same_claims_is_refused() {
    let sign = |typ| jws::sign(typ, &identity(), NOW, NOW.plus(60), &key()).unwrap();
    for typ in ["at+jwt", "JWT", "", "EDGEWARD-IDENTITY+JWT"] {
        let refusal = Refusal::Invalid(jws::JwsError::WrongType.into());
        assert_refused(&[&sign(typ)], &refusal, "identity_invalid").await;
    }
    assert_admitted(&sign(assertion::TYPE)).await;
}

#[tokio::test]
async fn an_assertion_is_good_until_it_expires() {
    let expiring =
        |secs| jws::sign(assertion::TYPE, &identity(), UnixTime::from_secs(NOW.as_secs() - 30), secs, &key());
    let refusal = Refusal::Invalid(AssertionError::Expired);
    assert_refused(&[&expiring(NOW).unwrap()], &refusal, "identity_expired").await;
    assert_admitted(&expiring(NOW.plus(1)).unwrap()).await;
}

#[tokio::test]
async fn an_assertion_may_live_a_minute_and_no_longer() {
    let living = |secs| jws::sign(assertion::TYPE, &identity(), NOW, NOW.plus(secs), &key()).unwrap();
    let refusal = Refusal::Invalid(AssertionError::LifetimeTooLong);
    assert_refused(&[&living(61)], &refusal, "identity_invalid").await;
    assert_admitted(&living(60)).await;
}

#[tokio::test]
async fn an_assertion_from_the_future_is_refused_but_a_fast_clock_is_not() {
    let issued = |ahead| assertion::mint(&identity(), &key(), NOW.plus(ahead), 60).unwrap();
    let refusal = Refusal::Invalid(AssertionError::IssuedInFuture);
    assert_refused(&[&issued(6)], &refusal, "identity_expired").await;
    assert_admitted(&issued(5)).await;
}

#[tokio::test]
async fn an_assertion_that_is_known_is_good_no_longer_and_helps_no_other() {
    let clock = FakeClock::at(NOW.as_secs());
    let keys = Keys::fixed(key().verifying_keys());
    let layer = RequireIdentity::with_clock(Verifier::new(ISSUER, AUDIENCE), keys, clock.clock());
    let server = Router::new().route("/", get(|caller: Caller| async move { caller.subject.clone() })).layer(layer);
    let send = async |assertion: &str| {
        let request = Request::get("/").header(HEADER, assertion).body(Body::empty()).unwrap();
        server.clone().oneshot(request).await.unwrap()
    };
    let good = valid();
    let other = mint(&Identity { subject: "another".to_owned(), ..identity() }, &key());
    for _ in 0..3 {
        assert_eq!(body(send(&good).await).await, identity().subject);
        assert_eq!(body(send(&other).await).await, "another");
    }
    let (unsigned, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    for forged in [format!("{unsigned}.{signature}"), format!("{good}A"), good[..good.len() - 1].to_owned()] {
        assert_eq!(send(&forged).await.status(), StatusCode::UNAUTHORIZED, "{forged}");
    }
    clock.advance(59);
    assert_eq!(send(&good).await.status(), StatusCode::OK);
    clock.advance(1);
    let late = send(&good).await;
    assert_eq!(late.extensions().get::<Refusal>(), Some(&Refusal::Invalid(AssertionError::Expired)));
}

#[tokio::test]
async fn what_is_behind_the_layer_never_sees_the_assertion() {
    let layer = RequireIdentity::with_clock(
        Verifier::new(ISSUER, AUDIENCE),
        Keys::fixed(key().verifying_keys()),
        FakeClock::at(NOW.as_secs()).clock(),
    );
    let echo = |request: Request<Body>| async move { format!("{:?}", request.headers()) };
    let server = Router::new().route("/", get(echo)).layer(layer);
    let request = Request::get("/").header(HEADER, valid()).header("x-other", "kept").body(Body::empty()).unwrap();
    let seen = body(server.oneshot(request).await.unwrap()).await;
    assert!(seen.contains("kept") && !seen.contains(HEADER), "{seen}");
}

#[tokio::test]
async fn a_handler_without_the_layer_in_front_fails_closed() {
    let server = Router::new().route("/", get(|_: Caller| async {}));
    let request = Request::get("/").header(HEADER, valid()).body(Body::empty()).unwrap();
    let response = server.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);

    let server = Router::new().route("/", get(|caller: Option<Caller>| async move { caller.is_none().to_string() }));
    let request = Request::get("/").header(HEADER, valid()).body(Body::empty()).unwrap();
    assert_eq!(body(server.oneshot(request).await.unwrap()).await, "true");
}
