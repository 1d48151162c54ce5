//! Access tokens, as they come to the gate.

use std::cell::OnceCell;

use edgeward_core::{
    Decision,
    platform::UnixTime,
    sealed::{self, Profile},
};
use edgeward_identity::{Identity, Verifier, VerifyingKeys};

use crate::{
    jwt, lines,
    support::{ISSUER, KEYS, START, TestEdge, config},
};

const TOKEN_ID: &str = "token-id";

thread_local! {
    static PROFILE: OnceCell<String> = const { OnceCell::new() };
}

/// The lines say how a token is made, its header, its claims and changes: see [`jwt::make`]. In the claims `{profile}`
/// stands for a sealed profile. What passes the gate is signed with our key, unchanged, for this resource and not
/// expired, to another library too; and the origin is told the same caller.
pub fn check(data: &[u8]) {
    let Some([how, header, claims, changes]) = lines(data) else { return };
    let profile = PROFILE.with(|profile| profile.get_or_init(seal).clone());
    let token = jwt::make(how, header, &claims.replace("{profile}", &profile), changes);
    let edge = crate::edge(&[]);
    match edge.gate("/mcp", Some(&format!("Bearer {token}")), None) {
        Decision::Respond { response, .. } => assert!(matches!(response.status().as_u16(), 401 | 403), "{response:?}"),
        Decision::Needs(needs) => panic!("{needs:?} though there is no policy"),
        // Only we sign such tokens, and none without a user, whom no origin would take.
        Decision::Forward(_) if jwt::verify(&token).is_some_and(|token| token.text("sub") == Some("")) => {}
        Decision::Forward(forward) => {
            crate::accept();
            let identity = is_told(&forward.identity);
            let token = jwt::verify(&token).expect("a token that another library verifies");
            assert_eq!(token.header["alg"], "EdDSA");
            assert_eq!(token.header["typ"], "at+jwt");
            assert_eq!(token.header["kid"], "s1");
            assert_eq!(token.text("iss"), Some(ISSUER));
            assert_eq!(token.text("aud"), Some("https://edge.example/mcp"));
            assert_eq!(token.text("jti"), Some(TOKEN_ID), "the profile opens for it alone");
            assert!(token.seconds("exp") > Some(START));
            assert_eq!(token.text("sub"), Some(identity.subject.as_str()));
            assert_eq!(token.text("client_id"), Some(identity.client_id.as_str()));
            assert_eq!(token.text("grant_id"), Some(identity.grant_id.as_str()));
            assert!(identity.scopes.iter().any(|scope| scope == "mcp"));
            let told: Vec<&str> = token.text("scope").unwrap().split(' ').filter(|scope| !scope.is_empty()).collect();
            assert!(identity.scopes.iter().all(|scope| told.contains(&scope.as_str())), "{told:?}");
            assert_eq!(identity.username.as_deref(), Some("somebody"));
        }
    }
}

fn seal() -> String {
    let profile = Profile { username: Some("somebody".to_owned()), ..Profile::default() };
    let (config, world) = (config(&[]).unwrap(), TestEdge::new().world);
    sealed::seal(&profile, TOKEN_ID, &config.keys, UnixTime::from_secs(START), &world).unwrap()
}

/// The caller, as the origin reads it.
pub(crate) fn is_told(assertion: &str) -> Identity {
    let keys = VerifyingKeys::from_jwks(KEYS.as_bytes()).unwrap();
    let verifier = Verifier::new(ISSUER, "https://origin.example");
    verifier.verify(assertion, &keys, UnixTime::from_secs(START)).expect("an assertion that the origin takes")
}
