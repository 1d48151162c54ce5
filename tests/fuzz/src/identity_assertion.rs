//! Identity assertions, as they come to the origin.

use edgeward_identity::{UnixTime, Verifier, VerifyingKeys};

use crate::{
    jwt, lines,
    support::{ISSUER, KEYS, START},
};

const ORIGIN: &str = "https://origin.example";

/// The lines say how an assertion is made: see [`jwt::make`]. What the origin takes is signed with the edge's key,
/// unchanged, for this origin and for a minute, to another library too.
pub fn check(data: &[u8]) {
    let Some([how, header, claims, changes]) = lines(data) else { return };
    let assertion = jwt::make(how, header, claims, changes);
    let keys = VerifyingKeys::from_jwks(KEYS.as_bytes()).unwrap();
    let now = UnixTime::from_secs(START);
    let Ok(identity) = Verifier::new(ISSUER, ORIGIN).verify(&assertion, &keys, now) else { return };
    crate::accept();
    let token = jwt::verify(&assertion).expect("an assertion that another library verifies");
    assert_eq!(token.header["alg"], "EdDSA");
    assert_eq!(token.header["typ"], "edgeward-identity+jwt");
    assert_eq!(token.header["kid"], "s1");
    assert_eq!(token.text("iss"), Some(ISSUER));
    assert_eq!(token.text("aud"), Some(ORIGIN));
    let (issued, expires) = (token.seconds("iat").unwrap(), token.seconds("exp").unwrap());
    assert!(issued <= START + 5 && expires > START && expires <= issued + 60, "{issued} to {expires}");
    assert_eq!(token.text("sub"), Some(identity.subject.as_str()));
    assert!(!identity.subject.is_empty());
    assert_eq!(token.text("client_id"), Some(identity.client_id.as_str()));
    let scopes: Vec<&str> = token.text("scope").unwrap().split(' ').filter(|scope| !scope.is_empty()).collect();
    assert_eq!(scopes, identity.scopes);
    let is_machine = token.text("kind") == Some("machine");
    assert_eq!(is_machine, identity.kind == edgeward_identity::Kind::Machine);
    // What is read is written as it was.
    let again = serde_json::to_value(&identity).unwrap();
    assert_eq!(serde_json::from_value::<edgeward_identity::Identity>(again).unwrap(), identity);
}
