//! Client assertions (`private_key_jwt`) that prove nothing.

use std::{sync::Arc, time::SystemTime};

use anyhow::{Result, ensure};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use edgeward_tests::{
    by_hand::{HandMade, http},
    client::REDIRECT_URI,
    document_host::Document,
};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    case::{Case, Cases},
    forged::sign_text,
    scene::access_token,
    seen::seen,
};
use crate::world::{World, sign};

const GROUP: &str = "proofs";
const CLIENT: &str = "https://attacked.example/client";
const ELSEWHERE: &str = "https://attacker.example/client-keys.json";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A header and claims that are good, to be made an assertion of.
struct Good {
    world: Arc<World>,
    header: Value,
    claims: Value,
}

type Forge = fn(&Good) -> String;

impl Good {
    fn header_with(&self, member: &str, value: Value) -> String {
        let mut header = self.header.clone();
        header[member] = value;
        sign(&key(), &header, &self.claims)
    }

    fn claims_with(&self, claim: &str, value: Value) -> String {
        let mut claims = self.claims.clone();
        claims[claim] = value;
        sign(&key(), &self.header, &claims)
    }

    fn expires_at(&self) -> u64 {
        self.claims["exp"].as_u64().unwrap_or_default()
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[21; 32])
}

fn stranger() -> SigningKey {
    SigningKey::from_bytes(&[22; 32])
}

fn public(key: &SigningKey, key_id: &str) -> Value {
    let x = Base64UrlUnpadded::encode_string(key.verifying_key().as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "x": x })
}

fn honest(good: &Good) -> String {
    sign(&key(), &good.header, &good.claims)
}

/// Shows an assertion where nothing is used up by it: to give up a token that is none.
async fn show(world: Arc<World>, forge: Forge) -> Result<String> {
    let document = json!({
        "client_id": CLIENT, "client_name": "Attacked", "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [public(&key(), "good")] },
    });
    world.hosts()?.put(CLIENT, Document::json(&document));
    world.hosts()?.put(ELSEWHERE, Document::json(&json!({ "keys": [public(&stranger(), "stranger")] })));
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    let id = HandMade::named(&world.stack, "")?.state;
    let claims = json!({
        "iss": CLIENT, "sub": CLIENT, "aud": world.stack.issuer(), "iat": now, "exp": now + 60, "jti": id,
    });
    let good = Good { world: Arc::clone(&world), header: json!({ "alg": "EdDSA", "kid": "good" }), claims };
    let answer = present(&world, CLIENT, &forge(&good)).await?;
    ensure!(world.hosts()?.asked(ELSEWHERE).is_empty(), "keys were fetched because an assertion named them");
    Ok(answer)
}

/// Shows an assertion of `client` where nothing is used up by it.
pub(super) async fn present(world: &World, client: &str, assertion: &str) -> Result<String> {
    let form = [
        ("client_id", client),
        ("token", "nonsense"),
        ("client_assertion_type", TYPE),
        ("client_assertion", assertion),
    ];
    seen(http()?.post(world.stack.url("/revoke")).form(&form).send().await?).await
}

pub(super) fn cases() -> Vec<Case> {
    let bad = "401 invalid_client";
    let mut cases = Cases::new(GROUP, show, (honest as Forge, "200"))
        .add(
            "alg_none",
            "`alg: none`, no signature",
            |good| {
                let token = good.header_with("alg", "none".into());
                format!("{}.", token.rsplit_once('.').expect("parts").0)
            },
            bad,
        )
        .add(
            "the_public_key_as_a_secret",
            "HS256 with the client's public key as the secret",
            |good| {
                let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
                let message = format!("{}.{}", encode(&json!({ "alg": "HS256", "kid": "good" })), encode(&good.claims));
                let mut mac =
                    Hmac::<Sha256>::new_from_slice(key().verifying_key().as_bytes()).expect("any length will do");
                mac.update(message.as_bytes());
                format!("{message}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
            },
            bad,
        )
        .add(
            "another_algorithm",
            "`alg: RS256` over a signature of Ed25519",
            |good| good.header_with("alg", "RS256".into()),
            bad,
        )
        .add(
            "a_strangers_signature",
            "signed by a stranger under the client's `kid`",
            |good| sign(&stranger(), &good.header, &good.claims),
            bad,
        )
        .add(
            "a_strangers_signature_without_an_id",
            "signed by a stranger, no `kid`",
            |good| sign(&stranger(), &json!({ "alg": "EdDSA" }), &good.claims),
            bad,
        )
        .add(
            "a_key_in_the_header",
            "signed by a stranger, whose key is in the header",
            |good| {
                sign(
                    &stranger(),
                    &json!({ "alg": "EdDSA", "kid": "good", "jwk": public(&stranger(), "good") }),
                    &good.claims,
                )
            },
            bad,
        )
        .add(
            "keys_elsewhere",
            "signed by a stranger, `jku` says where the key is: it is not fetched",
            |good| sign(&stranger(), &json!({ "alg": "EdDSA", "kid": "stranger", "jku": ELSEWHERE }), &good.claims),
            bad,
        )
        .add("a_critical_extension", "`crit` names an extension", |good| good.header_with("crit", json!(["exp"])), bad)
        .add(
            "a_key_id_that_is_unknown",
            "a `kid` that the document does not have",
            |good| good.header_with("kid", "other".into()),
            bad,
        )
        .add(
            "another_issuer",
            "`iss` of another client",
            |good| good.claims_with("iss", "https://other.example/client".into()),
            bad,
        )
        .add(
            "another_subject",
            "`sub` of another client",
            |good| good.claims_with("sub", "https://other.example/client".into()),
            bad,
        )
        .add(
            "a_subject_that_is_pre_registered",
            "`iss` and `sub` of a client of the settings",
            |good| {
                let mut claims = good.claims.clone();
                claims["iss"] = "tests-confidential".into();
                claims["sub"] = "tests-confidential".into();
                sign(&key(), &good.header, &claims)
            },
            bad,
        )
        .add(
            "another_audience",
            "`aud` of another server: its operator shows here what it was given",
            |good| good.claims_with("aud", "https://other.example".into()),
            bad,
        )
        .add(
            "the_resource_as_audience",
            "`aud` is the resource",
            |good| good.claims_with("aud", good.world.stack.mcp().as_str().into()),
            bad,
        )
        .add(
            "a_list_of_other_audiences",
            "`aud` as a list of others",
            |good| good.claims_with("aud", json!(["https://other.example", "https://another.example"])),
            bad,
        )
        .add("no_audience", "no `aud`", |good| good.claims_with("aud", Value::Null), bad)
        .add("expired", "`exp` an hour ago", |good| good.claims_with("exp", (good.expires_at() - 3_660).into()), bad)
        .add("never_expires", "no `exp`", |good| good.claims_with("exp", Value::Null), bad)
        .add(
            "expires_late",
            "`exp` in an hour",
            |good| good.claims_with("exp", (good.expires_at() + 3_600).into()),
            bad,
        )
        .add(
            "expires_in_text",
            "`exp` as text",
            |good| good.claims_with("exp", good.expires_at().to_string().into()),
            bad,
        )
        .add("expires_beyond_numbers", "`exp: 1e300`", |good| good.claims_with("exp", json!(1e300)), bad)
        .add("expires_before_the_epoch", "`exp: -1`", |good| good.claims_with("exp", (-1).into()), bad)
        .add("not_yet", "`nbf` in an hour", |good| good.claims_with("nbf", (good.expires_at() + 3_600).into()), bad)
        .add(
            "from_the_future",
            "`iat` in an hour",
            |good| good.claims_with("iat", (good.expires_at() + 3_600).into()),
            bad,
        )
        .add("no_name_of_its_own", "no `jti`", |good| good.claims_with("jti", Value::Null), bad)
        .add("a_long_name_of_its_own", "a `jti` of 4 KB", |good| good.claims_with("jti", "x".repeat(4096).into()), bad)
        .add(
            "an_assertion_that_is_long",
            "more than 8 KiB",
            |good| good.claims_with("x", "x".repeat(8 * 1024).into()),
            bad,
        )
        .add(
            "nested_deeply",
            "2,000 arrays within each other in the claims",
            |good| sign_text(&key(), &good.header.to_string(), &format!("{}{}", "[".repeat(2_000), "]".repeat(2_000))),
            bad,
        );
    cases = cases.add(
        "two_issuers",
        "`iss` twice, the last another's",
        |good| {
            let own = good.claims.to_string();
            sign_text(
                &key(),
                &good.header.to_string(),
                &format!(r#"{},"iss":"https://other.example/client"}}"#, own.trim_end_matches('}')),
            )
        },
        bad,
    );
    cases.list().into_iter().chain([replayed(), another_kind()].into_iter().flatten()).collect()
}

/// An assertion is good once.
fn replayed() -> Vec<Case> {
    async fn show_times(world: Arc<World>, times: usize) -> Result<String> {
        let assertion = {
            let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
            let id = HandMade::named(&world.stack, "")?.state;
            sign(
                &key(),
                &json!({ "alg": "EdDSA", "kid": "good" }),
                &json!({
                    "iss": CLIENT, "sub": CLIENT, "aud": world.stack.issuer(), "iat": now, "exp": now + 60, "jti": id,
                }),
            )
        };
        // The document is there, whoever comes first.
        show(Arc::clone(&world), honest).await?;
        let mut answer = String::new();
        for _ in 0..times {
            answer = present(&world, CLIENT, &assertion).await?;
        }
        Ok(answer)
    }
    Cases::new(GROUP, show_times, (1, "200"))
        .add("replayed", "an assertion shown a second time", 2, "401 invalid_client")
        .list()
}

/// An access token of ours is no proof of a client.
fn another_kind() -> Vec<Case> {
    async fn send(world: Arc<World>, honestly: bool) -> Result<String> {
        match honestly {
            true => show(world, honest).await,
            false => present(&world, CLIENT, access_token(&world).await?).await,
        }
    }
    Cases::new(GROUP, send, (true, "200"))
        .add("an_access_token", "our own access token as client assertion", false, "401 invalid_client")
        .list()
}
