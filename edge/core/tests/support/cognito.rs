//! What Cognito sends: tokens signed with RS256, and the key that verifies them.
#![allow(dead_code, reason = "each test program uses a part of it")]

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_core::{
    oauth::{ClientDigest, Scope},
    platform::UnixTime,
    sealed::{self, RefreshToken},
};
use jwt_compact::{
    Algorithm, AlgorithmSignature,
    alg::{Rsa, RsaPrivateKey},
    jwk::JsonWebKey,
};
use serde_json::{Value, json};

use super::support::{ISSUER, START, TestEdge, config};

/// A key of the tests' own; nothing else is signed with it.
const RSA: &str = include_str!("rsa.json");
pub(crate) const POOL: &str = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Example";
pub(crate) const SUBJECT: &str = "subject";

/// The user pool's keys.
pub(crate) fn jwks() -> String {
    let mut jwk: Value = serde_json::from_str(RSA).unwrap();
    for private in ["d", "p", "q"] {
        jwk.as_object_mut().unwrap().remove(private);
    }
    json!({ "keys": [jwk] }).to_string()
}

/// A token with these claims.
pub(crate) fn sign(claims: &Value) -> String {
    sign_written(&claims.to_string())
}

/// A token with claims that are written so.
fn sign_written(claims: &str) -> String {
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let message = format!("{}.{}", encode(r#"{"alg":"RS256","kid":"r1"}"#), encode(claims));
    let jwk = serde_json::from_slice::<JsonWebKey<'_>>(RSA.as_bytes()).unwrap();
    let signature = Rsa::rs256().sign(&RsaPrivateKey::try_from(&jwk).unwrap(), message.as_bytes());
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature.as_bytes()))
}

/// An answer of the token endpoint about the user, in these groups and with this scope in Cognito's access token.
pub(crate) struct TokenAnswer<'a> {
    pub(crate) refresh_token: Option<&'a str>,
    pub(crate) nonce: Option<String>,
    pub(crate) groups: &'a [&'a str],
    pub(crate) scope: &'a str,
    /// The user.
    pub(crate) subject: &'a str,
    /// Further claims of the ID token.
    pub(crate) claims: Value,
}

impl Default for TokenAnswer<'_> {
    fn default() -> Self {
        let (scope, subject) = ("openid email", SUBJECT);
        Self { refresh_token: Some("next"), nonce: None, groups: &[], scope, subject, claims: json!({}) }
    }
}

impl TokenAnswer<'_> {
    pub(crate) fn body(&self) -> String {
        self.body_written(str::to_owned)
    }

    /// Its tokens' JSON is written anew.
    pub(crate) fn body_written(&self, write: fn(&str) -> String) -> String {
        let sign = |claims: &Value| sign_written(&write(&claims.to_string()));
        let exp = START + 100_000;
        let mut id = json!({
            "iss": POOL, "sub": self.subject, "aud": "upstreamclient", "token_use": "id", "exp": exp,
            "nonce": self.nonce, "cognito:groups": self.groups,
        });
        id.as_object_mut().unwrap().extend(self.claims.as_object().unwrap().clone());
        let access = json!({
            "iss": POOL, "sub": self.subject, "client_id": "upstreamclient", "token_use": "access", "exp": exp,
            "scope": self.scope, "cognito:groups": self.groups,
        });
        let mut body = json!({ "access_token": sign(&access), "id_token": sign(&id), "token_type": "Bearer" });
        if let Some(token) = self.refresh_token {
            body["refresh_token"] = token.into();
        }
        body.to_string()
    }

    /// Scripts it as the next answer.
    pub(crate) fn script(&self, edge: &TestEdge) {
        edge.reply(200, self.body());
    }
}

/// A refresh token of `client_id` with this scope, around one of Cognito's.
pub(crate) fn refresh_token(edge: &TestEdge, client_id: &str, upstream_token: &str, scope: &str) -> String {
    let token = RefreshToken {
        upstream_token: upstream_token.to_owned(),
        original_token: None,
        subject: SUBJECT.to_owned(),
        resource: format!("{ISSUER}/mcp"),
        scope: Scope::parse(scope).unwrap(),
        // One for each sign-in.
        grant_id: format!("grant of {upstream_token}"),
    };
    let (keys, now) = (config(&[]).unwrap().keys, UnixTime::from_secs(START));
    sealed::seal(&token, ClientDigest::of(client_id).as_str(), &keys, now, &edge.world).unwrap()
}
