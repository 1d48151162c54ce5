//! Tokens that should not be believed, for tests of whoever verifies them.

use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Sha256;

use crate::config::AppClient;
use crate::jws::{self, Header};
use crate::keys::{SigningKey, foreign_key};
use crate::mint;
use crate::pool::Pool;
use crate::store::Grant;

/// A token made to order. Without any change it is a good one, as the token endpoint would issue it to the first user
/// and the first app client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Forgery {
    /// The user; the first one by default.
    pub username: Option<String>,
    /// The app client; the first one by default.
    pub client_id: Option<String>,
    /// The scopes; by default all the client has.
    pub scope: Option<Vec<String>>,
    /// Claims to set or replace.
    pub claims: Map<String, Value>,
    /// Claims to leave out.
    pub without: Vec<String>,
    /// What is wrong with the signature.
    pub signature: Signature,
}

impl Forgery {
    /// A token with nothing wrong.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets or replaces a claim.
    #[must_use]
    pub fn claim(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.claims.insert(name.to_owned(), value.into());
        self
    }

    /// Leaves a claim out.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.without.push(name.to_owned());
        self
    }

    /// Chooses who signs.
    #[must_use]
    pub fn signed(self, signature: Signature) -> Self {
        Self { signature, ..self }
    }
}

/// Who signs a forgery, and how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// The key for this kind of token: nothing is wrong.
    #[default]
    Genuine,
    /// The pool's key for the other kind of token; Cognito publishes both in one set without telling them apart.
    OtherKind,
    /// A stranger's key under a published name.
    ForeignKey,
    /// A stranger's key under its own name, which is not published.
    UnknownKey,
    /// `alg` is `none` and the signature empty.
    None,
    /// `alg` is `HS256` with the public key as the secret.
    HmacWithPublicKey,
    /// A good token whose signature then loses its last byte to another.
    Damaged,
}

/// The two kinds of signed token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Access,
    Id,
}

/// Makes the token; `None` if it names a user or client the pool does not have.
pub(crate) fn mint(pool: &Pool, kind: TokenKind, forgery: &Forgery) -> Option<String> {
    let client = find_client(pool, forgery)?;
    let user = match &forgery.username {
        Some(name) => pool.users.find(name)?,
        None => pool.users.list().into_iter().next()?,
    };
    let now = pool.now();
    let grant = Grant {
        client_id: client.id.clone(),
        username: user.username,
        scope: forgery.scope.clone().unwrap_or_else(|| client.allowed_scopes.clone()),
        audience: None,
        nonce: None,
        auth_time: now,
        origin_jti: mint::uuid(),
        event_id: mint::uuid(),
    };
    let claims = match kind {
        TokenKind::Access => mint::access_token_claims(pool, client, &grant, now),
        TokenKind::Id => mint::id_token_claims(pool, client, &grant, "", now),
    };
    Some(finish(pool, kind, forgery, claims))
}

/// Changes a good ID token of the pool's as ordered.
pub(crate) fn change_id_token(pool: &Pool, token: &str, forgery: &Forgery) -> Option<String> {
    let claims = jws::verify(&pool.keys.lock(), token)?;
    Some(finish(pool, TokenKind::Id, forgery, claims))
}

fn finish(pool: &Pool, kind: TokenKind, forgery: &Forgery, mut claims: Map<String, Value>) -> String {
    claims.extend(forgery.claims.clone());
    claims.retain(|name, _| !forgery.without.contains(name));
    let keys = pool.keys.lock().signing();
    let (own, other) = match kind {
        TokenKind::Access => (&keys.access, &keys.id),
        TokenKind::Id => (&keys.id, &keys.access),
    };
    sign(own, other, forgery.signature, &claims)
}

fn find_client<'p>(pool: &'p Pool, forgery: &Forgery) -> Option<&'p AppClient> {
    match &forgery.client_id {
        Some(id) => pool.config.app_client(id),
        None => pool.config.app_clients.first(),
    }
}

fn sign(own: &SigningKey, other: &SigningKey, signature: Signature, claims: &Map<String, Value>) -> String {
    match signature {
        Signature::Genuine => jws::sign(own, claims),
        Signature::OtherKind => jws::sign(other, claims),
        Signature::UnknownKey => jws::sign(foreign_key(), claims),
        Signature::ForeignKey => {
            let input = jws::signing_input(&Header { kid: &own.kid, alg: "RS256" }, claims);
            let signature = foreign_key().sign(input.as_bytes());
            jws::with_signature(input, &signature)
        }
        Signature::None => jws::with_signature(jws::signing_input(&Header { kid: &own.kid, alg: "none" }, claims), &[]),
        Signature::HmacWithPublicKey => {
            let input = jws::signing_input(&Header { kid: &own.kid, alg: "HS256" }, claims);
            let tag = hmac(own.public_pem().as_bytes(), input.as_bytes());
            jws::with_signature(input, &tag)
        }
        Signature::Damaged => {
            let input = jws::signing_input(&Header { kid: &own.kid, alg: "RS256" }, claims);
            let mut signature = own.sign(input.as_bytes());
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            jws::with_signature(input, &signature)
        }
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length.
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC refused a key");
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}
