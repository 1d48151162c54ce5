//! `private_key_jwt`: what clients prove themselves with.

use serde_json::{Value, json};

use crate::{
    jwt, lines,
    support::{ISSUER, START, TestEdge, post_form},
};

const CLIENT: &str = "https://app.example/client";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The lines say how an assertion is made: see [`jwt::make`]. What proves the client is signed with one of its keys,
/// unchanged, for us, short-lived and used once, to another library too.
pub fn check(data: &[u8]) {
    let Some([how, header, claims, changes]) = lines(data) else { return };
    let assertion = jwt::make(how, header, claims, changes);
    let edge = TestEdge::new();
    let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "s1", "x": jwt::ED25519_PUBLIC });
    let document = json!({
        "client_id": CLIENT, "client_name": "App", "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [ed25519, jwt::rsa_jwk()] },
    });
    // An unknown key has it fetched again.
    for _ in 0..2 {
        edge.reply_document(&document, |_| {});
    }
    let proves = show(&edge, &assertion);
    assert!(!proves || !show(&edge, &assertion), "taken a second time");
    if proves {
        crate::accept();
        let token = jwt::verify(&assertion).expect("an assertion that another library verifies");
        let key = if token.header["alg"] == "RS256" { "r1" } else { "s1" };
        assert!(token.header.get("kid").is_none_or(|kid| kid.is_null() || kid == key));
        assert_eq!((token.text("iss"), token.text("sub")), (Some(CLIENT), Some(CLIENT)));
        let is_here = |audience: &Value| audience == ISSUER || *audience == format!("{ISSUER}/token");
        let audience = &token.claims["aud"];
        assert!(is_here(audience) || audience.as_array().is_some_and(|all| all.iter().any(is_here)));
        assert!((START - 59..=START + 360).contains(&token.seconds("exp").unwrap()));
        for claim in ["nbf", "iat"] {
            assert!(token.seconds(claim).is_none_or(|time| time <= START + 60));
        }
        assert!((1..=256).contains(&token.text("jti").unwrap().len()));
    }
}

/// Whether the client is taken for proven: then only the refresh token is found wanting.
fn show(edge: &TestEdge, assertion: &str) -> bool {
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nonsense"),
        ("client_id", CLIENT),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    let response = edge.respond(post_form("/token", &[], &parameters));
    let body: Value = serde_json::from_str(response.body()).unwrap();
    match (response.status().as_u16(), body["error"].as_str().unwrap()) {
        (400, "invalid_grant") => true,
        (401, "invalid_client") => false,
        // No assertion at all.
        (400, "invalid_request") if assertion.is_empty() => false,
        other => panic!("{other:?}"),
    }
}
