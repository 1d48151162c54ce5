//! Access tokens with a header that no token of ours has.

use std::sync::Arc;

use anyhow::{Result, ensure};
use base64ct::{Base64, Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use edgeward_tests::document_host::Document;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    case::{Case, Cases},
    scene::access_token,
    seen::seen,
};
use crate::world::{World, part, sign};

const GROUP: &str = "forged_tokens";
const BAD: &str = "401 invalid_token";

/// What a forger starts from.
pub(super) struct Good<'a> {
    pub(super) world: &'a World,
    pub(super) token: &'a str,
    pub(super) header: Value,
    pub(super) claims: Value,
}

/// Makes a token of it.
pub(super) type Forge = fn(&Good<'_>) -> String;

impl Good<'_> {
    /// With the edge's own key, whatever header and claims say.
    pub(super) fn sign(&self, header: &Value, claims: &Value) -> String {
        self.world.sign(header, claims)
    }

    /// With the edge's own key, the header as JSON text.
    pub(super) fn sign_text(&self, header: &str, claims: &str) -> String {
        sign_text(&self.own_key(), header, claims)
    }

    /// With the edge's own key, the claims as JSON text.
    pub(super) fn sign_claims(&self, claims: &str) -> String {
        self.sign_text(&self.header.to_string(), claims)
    }

    fn header_with(&self, member: &str, value: Value) -> Value {
        let mut header = self.header.clone();
        header[member] = value;
        header
    }

    fn own_key(&self) -> SigningKey {
        SigningKey::from_bytes(&self.key_part("d"))
    }

    fn key_part(&self, part: &str) -> [u8; 32] {
        let keys: Value = serde_json::from_str(&self.world.keys).expect("a JWKS");
        let text = keys["keys"][0][part].as_str().expect("a key");
        Base64UrlUnpadded::decode_vec(text).expect("base64url").try_into().expect("32 bytes")
    }

    /// The token in its three parts.
    pub(super) fn parts(&self) -> [&str; 3] {
        let parts: Vec<_> = self.token.split('.').collect();
        parts.try_into().expect("three parts")
    }

    pub(super) fn signature(&self) -> [u8; 64] {
        Base64UrlUnpadded::decode_vec(self.parts()[2]).expect("base64url").try_into().expect("64 bytes")
    }

    pub(super) fn with_signature(&self, signature: &[u8]) -> String {
        let [header, claims, _] = self.parts();
        format!("{header}.{claims}.{}", Base64UrlUnpadded::encode_string(signature))
    }
}

pub(super) fn stranger() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// The stranger's public key as a JWK.
fn strangers_jwk(key_id: &str) -> Value {
    let x = Base64UrlUnpadded::encode_string(stranger().verifying_key().as_bytes());
    json!({ "kty": "OKP", "crv": "Ed25519", "kid": key_id, "use": "sig", "alg": "EdDSA", "x": x })
}

pub(super) fn sign_text(key: &SigningKey, header: &str, claims: &str) -> String {
    let encode = |text: &str| Base64UrlUnpadded::encode_string(text.as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let signature = key.sign(message.as_bytes()).to_bytes();
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&signature))
}

/// HS256, with any bytes as the key.
fn mac(key: &[u8], header: &Value, claims: &Value) -> String {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let message = format!("{}.{}", encode(header), encode(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length will do");
    mac.update(message.as_bytes());
    format!("{message}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

pub(super) async fn show(world: Arc<World>, forge: Forge) -> Result<String> {
    let token = access_token(&world).await?;
    let good = Good { world: &world, token, header: part(token, 0), claims: part(token, 1) };
    // Whatever a token names as a place to look for keys, there is one that fits.
    for url in KEY_PLACES {
        world.hosts()?.put(url, Document::json(&json!({ "keys": [strangers_jwk("stranger")] })));
    }
    let answer = seen(world.whoami(&forge(&good)).await?).await?;
    for url in KEY_PLACES {
        ensure!(world.hosts()?.asked(url).is_empty(), "{url} was fetched because a token named it");
    }
    Ok(answer)
}

const KEY_PLACES: [&str; 2] = ["https://attacker.example/keys.json", "https://attacker.example/chain.pem"];

/// The same content with the edge's own signature: what all these are compared with.
pub(super) fn honest(good: &Good<'_>) -> String {
    good.sign(&good.header, &good.claims)
}

pub(super) fn cases() -> Vec<Case> {
    [algorithms(), places_of_keys(), key_ids(), types()].into_iter().flatten().collect()
}

fn list() -> Cases<Forge, impl Future<Output = Result<String>> + Send + 'static> {
    Cases::new(GROUP, show, (honest as Forge, "200 as the demo user"))
}

fn algorithms() -> Vec<Case> {
    fn unsigned(good: &Good<'_>, algorithm: &str) -> String {
        let token = sign(&stranger(), &good.header_with("alg", algorithm.into()), &good.claims);
        token.rsplit_once('.').expect("a compact token").0.to_owned() + "."
    }
    fn keyed(good: &Good<'_>, key: &[u8]) -> String {
        mac(key, &good.header_with("alg", "HS256".into()), &good.claims)
    }
    list()
        .add("alg_none", "`alg: none`, no signature", |good| unsigned(good, "none"), BAD)
        .add("alg_none_in_capitals", "`alg: NONE`, no signature", |good| unsigned(good, "NONE"), BAD)
        .add("alg_none_mixed", "`alg: nOnE`, no signature", |good| unsigned(good, "nOnE"), BAD)
        .add("alg_empty", "an empty `alg`, no signature", |good| unsigned(good, ""), BAD)
        .add(
            "alg_none_with_a_signature",
            "`alg: none` with the good signature left in place",
            |good| {
                let [_, claims, signature] = good.parts();
                format!(
                    "{}.{claims}.{signature}",
                    Base64UrlUnpadded::encode_string(br#"{"alg":"none","typ":"at+jwt"}"#)
                )
            },
            BAD,
        )
        .add(
            "alg_left_out",
            "no `alg`, signed with our own key",
            |good| {
                good.sign_text(&format!(r#"{{"typ":"at+jwt","kid":{}}}"#, good.header["kid"]), &good.claims.to_string())
            },
            BAD,
        )
        .add(
            "alg_null",
            "`alg: null`, signed with our own key",
            |good| good.sign(&good.header_with("alg", Value::Null), &good.claims),
            BAD,
        )
        .add(
            "alg_as_a_list",
            "`alg` as a list",
            |good| good.sign(&good.header_with("alg", json!(["EdDSA"])), &good.claims),
            BAD,
        )
        .add(
            "alg_of_rsa",
            "`alg: RS256` over our own signature",
            |good| good.sign(&good.header_with("alg", "RS256".into()), &good.claims),
            BAD,
        )
        .add(
            "alg_of_ecdsa",
            "`alg: ES256` over our own signature",
            |good| good.sign(&good.header_with("alg", "ES256".into()), &good.claims),
            BAD,
        )
        .add(
            "alg_in_small_letters",
            "`alg: eddsa` over our own signature",
            |good| good.sign(&good.header_with("alg", "eddsa".into()), &good.claims),
            BAD,
        )
        .add(
            "our_public_key_as_a_secret",
            "HS256 with the bytes of our public key as the secret",
            |good| keyed(good, &good.key_part("x")),
            BAD,
        )
        .add(
            "our_public_key_as_text_as_a_secret",
            "HS256 with the text of our public key",
            |good| keyed(good, Base64UrlUnpadded::encode_string(&good.key_part("x")).as_bytes()),
            BAD,
        )
        .add(
            "our_public_jwk_as_a_secret",
            "HS256 with our public JWK as the secret",
            |good| {
                let x = Base64UrlUnpadded::encode_string(&good.key_part("x"));
                let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
                keyed(good, jwk.to_string().as_bytes())
            },
            BAD,
        )
        .add("no_secret_at_all", "HS256 with an empty secret", |good| keyed(good, b""), BAD)
        .add("a_secret_that_is_often_used", "HS256 with `secret`", |good| keyed(good, b"secret"), BAD)
        .list()
}

fn places_of_keys() -> Vec<Case> {
    /// Signed by a stranger; the header says where the stranger's key is.
    fn with(good: &Good<'_>, member: &str, value: Value) -> String {
        sign(&stranger(), &good.header_with(member, value), &good.claims)
    }
    list()
        .add(
            "a_strangers_signature",
            "our header and claims, a stranger's signature",
            |good| sign(&stranger(), &good.header, &good.claims),
            BAD,
        )
        .add(
            "a_key_in_the_header",
            "the stranger's key as `jwk` in the header, under our `kid`",
            |good| with(good, "jwk", strangers_jwk(good.header["kid"].as_str().unwrap_or_default())),
            BAD,
        )
        .add(
            "a_key_in_the_header_under_its_own_id",
            "the stranger's key as `jwk`, under its own `kid`",
            |good| {
                let mut header = good.header_with("jwk", strangers_jwk("stranger"));
                header["kid"] = "stranger".into();
                sign(&stranger(), &header, &good.claims)
            },
            BAD,
        )
        .add(
            "a_key_set_elsewhere",
            "`jku` of the attacker's: it is not fetched",
            |good| with(good, "jku", KEY_PLACES[0].into()),
            BAD,
        )
        .add(
            "a_key_set_elsewhere_under_its_own_id",
            "`jku` and `kid` of the attacker's: it is not fetched",
            |good| {
                let mut header = good.header_with("jku", KEY_PLACES[0].into());
                header["kid"] = "stranger".into();
                sign(&stranger(), &header, &good.claims)
            },
            BAD,
        )
        .add(
            "a_certificate_elsewhere",
            "`x5u` of the attacker's: it is not fetched",
            |good| with(good, "x5u", KEY_PLACES[1].into()),
            BAD,
        )
        .add(
            "a_certificate_in_the_header",
            "`x5c` of the attacker's",
            |good| with(good, "x5c", json!([Base64::encode_string(b"a certificate")])),
            BAD,
        )
        .add(
            "an_extension_that_is_critical",
            "`crit` names an extension, signed with our own key",
            |good| good.sign(&good.header_with("crit", json!(["exp"])), &good.claims),
            BAD,
        )
        .add(
            "a_payload_that_is_not_encoded",
            "`b64: false` with `crit`, signed with our own key",
            |good| {
                let mut header = good.header_with("crit", json!(["b64"]));
                header["b64"] = false.into();
                good.sign(&header, &good.claims)
            },
            BAD,
        )
        .add(
            "no_extension_that_is_critical",
            "an empty `crit`, which no token may have, signed with our own key",
            |good| good.sign(&good.header_with("crit", json!([])), &good.claims),
            BAD,
        )
        .add(
            "a_critical_nothing",
            "`crit: null`, signed with our own key",
            |good| good.sign(&good.header_with("crit", Value::Null), &good.claims),
            BAD,
        )
        .list()
}

fn key_ids() -> Vec<Case> {
    fn with(good: &Good<'_>, key_id: Value) -> String {
        sign(&stranger(), &good.header_with("kid", key_id), &good.claims)
    }
    /// Signed with our own key: it is the id alone that is wrong.
    fn ours_with(good: &Good<'_>, key_id: Value) -> String {
        good.sign(&good.header_with("kid", key_id), &good.claims)
    }
    list()
        .add("no_key_id", "no `kid`, signed with our own key", |good| ours_with(good, Value::Null), BAD)
        .add("an_empty_key_id", "an empty `kid`, signed with our own key", |good| ours_with(good, "".into()), BAD)
        .add("an_unknown_key_id", "a `kid` that nobody has", |good| with(good, "unknown".into()), BAD)
        .add(
            "a_key_id_that_is_a_path",
            "`kid: ../../../../dev/null`",
            |good| with(good, "../../../../dev/null".into()),
            BAD,
        )
        .add(
            "a_key_id_that_is_a_query",
            "`kid: x' UNION SELECT 'secret'--`",
            |good| with(good, "x' UNION SELECT 'secret'--".into()),
            BAD,
        )
        .add(
            "a_key_id_that_is_a_url",
            "a `kid` that is the attacker's URL: it is not fetched",
            |good| with(good, KEY_PLACES[0].into()),
            BAD,
        )
        .add("a_key_id_that_is_a_command", "`kid: |sleep 10`", |good| with(good, "|sleep 10".into()), BAD)
        .add("a_key_id_that_is_a_number", "`kid: 0`", |good| with(good, 0.into()), BAD)
        .add(
            "a_key_id_that_is_a_list",
            "`kid` as a list with ours in it, signed with our own key",
            |good| ours_with(good, json!([good.header["kid"]])),
            BAD,
        )
        .add(
            "a_key_id_with_a_blank",
            "our `kid` and a blank, signed with our own key",
            |good| ours_with(good, format!("{} ", good.header["kid"].as_str().unwrap_or_default()).into()),
            BAD,
        )
        .add(
            "a_key_id_in_capitals",
            "our `kid` in capitals, signed with our own key",
            |good| ours_with(good, good.header["kid"].as_str().unwrap_or_default().to_uppercase().into()),
            BAD,
        )
        .add("a_key_id_that_is_long", "a `kid` of 4 KB", |good| with(good, "k".repeat(4096).into()), BAD)
        .add(
            "the_id_of_the_sealing_key",
            "the `kid` of the key that seals, which is no key for signatures",
            |good| {
                let keys: Value = serde_json::from_str(&good.world.keys).expect("a JWKS");
                ours_with(good, keys["keys"][1]["kid"].clone())
            },
            BAD,
        )
        .add("a_name_of_every_object", "`kid: __proto__`", |good| with(good, "__proto__".into()), BAD)
        .list()
}

fn types() -> Vec<Case> {
    fn with(good: &Good<'_>, typ: Value) -> String {
        good.sign(&good.header_with("typ", typ), &good.claims)
    }
    list()
        .add("typ_jwt", "`typ: JWT`, signed with our own key", |good| with(good, "JWT".into()), BAD)
        .add("typ_left_out", "no `typ`, signed with our own key", |good| with(good, Value::Null), BAD)
        .add("typ_in_capitals", "`typ: AT+JWT`, signed with our own key", |good| with(good, "AT+JWT".into()), BAD)
        .add("typ_with_more", "`typ: at+jwt; x`, signed with our own key", |good| with(good, "at+jwt; x".into()), BAD)
        .add("typ_as_a_list", "`typ` as a list, signed with our own key", |good| with(good, json!(["at+jwt"])), BAD)
        .add(
            "typ_of_a_logout_token",
            "`typ: logout+jwt`, signed with our own key",
            |good| with(good, "logout+jwt".into()),
            BAD,
        )
        .add(
            "an_identity_assertion",
            "an identity assertion of the edge's own, with all claims of an access token",
            |good| with(good, "edgeward-identity+jwt".into()),
            BAD,
        )
        .list()
}
