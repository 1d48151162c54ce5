//! Past the edge: straight to the origin, with assertions that are none, or another's.

use std::{sync::Arc, time::SystemTime};

use anyhow::{Context as _, Result};
use ed25519_dalek::SigningKey;
use edgeward_identity::{
    Identity, Kind, UnixTime, assertion,
    names::{IDENTITY_HEADER, edge::ORIGIN_URL},
};
use edgeward_tests::by_hand::{self, http};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    case::{Case, Cases},
    scene::access_token,
    seen::seen,
};
use crate::world::{World, part, sign};

const GROUP: &str = "origin";
pub(super) const MISSING: &str = "401 identity_missing";
const INVALID: &str = "401 identity_invalid";
const EXPIRED: &str = "401 identity_expired";
pub(super) const SERVED: &str = "200 as the demo user";

pub(super) fn cases() -> Vec<Case> {
    [assertions(), around(), paths()].into_iter().flatten().collect()
}

/// What an assertion is made of.
pub(super) struct Good<'a> {
    world: &'a World,
    identity: Identity,
    now: u64,
    /// A good access token.
    token: &'a str,
}

impl Good<'_> {
    /// As the edge does, at another time.
    fn mint(&self, identity: &Identity, at: u64) -> String {
        let keys: Value = serde_json::from_str(&self.world.keys).expect("a JWKS");
        let key = edgeward_identity::SigningKey::from_value(&keys["keys"][0]).expect("a key");
        assertion::mint(identity, &key, UnixTime::from_secs(at), assertion::MAX_LIFETIME).expect("an assertion")
    }

    pub(super) fn with(&self, change: impl FnOnce(&mut Identity)) -> String {
        let mut identity = self.identity.clone();
        change(&mut identity);
        self.mint(&identity, self.now)
    }

    /// Header and claims of a good one, for what `mint` would not do.
    fn parts(&self) -> (Value, Value) {
        let good = self.mint(&self.identity, self.now);
        (part(&good, 0), part(&good, 1))
    }

    fn with_claim(&self, claim: &str, value: Value) -> String {
        let (header, mut claims) = self.parts();
        claims[claim] = value;
        self.world.sign(&header, &claims)
    }

    fn with_header(&self, member: &str, value: Value) -> String {
        let (mut header, claims) = self.parts();
        header[member] = value;
        self.world.sign(&header, &claims)
    }
}

pub(super) async fn good(world: &World) -> Result<Good<'_>> {
    let identity = Identity {
        issuer: world.stack.issuer().to_owned(),
        audience: world.stack.variables().get(ORIGIN_URL).context("no origin")?.clone(),
        subject: "a-user".to_owned(),
        kind: Kind::User,
        client_id: "a-client".to_owned(),
        scopes: vec!["mcp".to_owned()],
        username: Some("demo".to_owned()),
        email: Some("demo@example.com".to_owned()),
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: "a-grant".to_owned(),
    };
    let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
    Ok(Good { world, identity, now, token: access_token(world).await? })
}

fn whoami(world: &World) -> Result<RequestBuilder> {
    by_hand::whoami(&format!("{}/mcp", world.stack.origin_url()))
}

pub(super) fn honest(good: &Good<'_>) -> String {
    good.mint(&good.identity, good.now)
}

fn assertions() -> Vec<Case> {
    type Forge = fn(&Good<'_>) -> String;
    async fn send(world: Arc<World>, forge: Forge) -> Result<String> {
        let assertion = forge(&good(&world).await?);
        seen(whoami(&world)?.header(IDENTITY_HEADER, assertion).send().await?).await
    }
    Cases::new(GROUP, send, (honest as Forge, SERVED))
        .add(
            "an_access_token_as_an_assertion",
            "the client's access token as identity assertion",
            |good| good.token.to_owned(),
            INVALID,
        )
        .add(
            "an_access_token_with_all_claims",
            "an access token of ours with all claims of an assertion",
            |good| good.with_header("typ", "at+jwt".into()),
            INVALID,
        )
        .add(
            "an_assertion_without_a_type",
            "an assertion without `typ`",
            |good| good.with_header("typ", Value::Null),
            INVALID,
        )
        .add(
            "an_assertion_after_60_s",
            "an assertion replayed after 60 s",
            |good| good.mint(&good.identity, good.now - 61),
            EXPIRED,
        )
        .add(
            "an_assertion_of_yesterday",
            "an assertion of yesterday",
            |good| good.mint(&good.identity, good.now - 86_400),
            EXPIRED,
        )
        .add(
            "an_assertion_of_tomorrow",
            "an assertion issued in the future",
            |good| good.mint(&good.identity, good.now + 86_400),
            EXPIRED,
        )
        .add(
            "an_assertion_that_lives_long",
            "an assertion that claims to live for an hour",
            |good| good.with_claim("exp", (good.now + 3_600).into()),
            INVALID,
        )
        .add(
            "an_assertion_that_never_ends",
            "an assertion without `exp`",
            |good| good.with_claim("exp", Value::Null),
            INVALID,
        )
        .add(
            "an_assertion_without_a_beginning",
            "an assertion without `iat`",
            |good| good.with_claim("iat", Value::Null),
            INVALID,
        )
        .add(
            "an_assertion_for_another_origin",
            "an assertion for another audience",
            |good| good.with(|identity| identity.audience = "https://other-origin.example".into()),
            INVALID,
        )
        .add(
            "an_assertion_for_several_origins",
            "`aud` as a list with ours in it",
            |good| good.with_claim("aud", json!([good.identity.audience])),
            INVALID,
        )
        .add(
            "an_assertion_for_the_resource",
            "`aud` is the resource at the edge",
            |good| good.with(|identity| identity.audience = good.world.stack.mcp().into()),
            INVALID,
        )
        .add(
            "an_assertion_of_another_edge",
            "an assertion of another issuer",
            |good| good.with(|identity| identity.issuer = "https://other-edge.example".into()),
            INVALID,
        )
        .add(
            "an_assertion_about_nobody",
            "an empty `sub`",
            |good| good.with(|identity| identity.subject.clear()),
            INVALID,
        )
        .add("an_assertion_without_a_subject", "no `sub`", |good| good.with_claim("sub", Value::Null), INVALID)
        .add(
            "an_assertion_of_an_unknown_kind",
            "`kind: admin`",
            |good| good.with_claim("kind", "admin".into()),
            INVALID,
        )
        .add(
            "an_assertion_of_a_stranger",
            "an assertion signed with another key under our `kid`",
            |good| {
                let (header, claims) = good.parts();
                sign(&stranger(), &header, &claims)
            },
            INVALID,
        )
        .add(
            "an_assertion_under_an_unknown_key",
            "an assertion under a `kid` that the edge does not publish",
            |good| {
                let (mut header, claims) = good.parts();
                header["kid"] = "other".into();
                sign(&stranger(), &header, &claims)
            },
            INVALID,
        )
        .add(
            "an_assertion_with_its_own_key",
            "a stranger's assertion with the key in its header",
            |good| {
                use base64ct::{Base64UrlUnpadded, Encoding as _};
                let (mut header, claims) = good.parts();
                let x = Base64UrlUnpadded::encode_string(stranger().verifying_key().as_bytes());
                header["jwk"] = json!({ "kty": "OKP", "crv": "Ed25519", "x": x });
                sign(&stranger(), &header, &claims)
            },
            INVALID,
        )
        .add(
            "an_assertion_that_is_not_signed",
            "`alg: none`",
            |good| {
                let token = good.with_header("alg", "none".into());
                format!("{}.", token.rsplit_once('.').expect("parts").0)
            },
            INVALID,
        )
        .add(
            "an_assertion_with_a_critical_extension",
            "`crit` names an extension",
            |good| good.with_header("crit", json!(["exp"])),
            INVALID,
        )
        .add(
            "an_assertion_that_is_changed",
            "a good assertion with another user in it",
            |good| {
                use base64ct::{Base64UrlUnpadded, Encoding as _};
                let token = honest(good);
                let (header, signature) =
                    (token.split_once('.').expect("parts").0, token.rsplit_once('.').expect("parts").1);
                let mut claims = good.parts().1;
                claims["sub"] = "admin".into();
                format!("{header}.{}.{signature}", Base64UrlUnpadded::encode_string(claims.to_string().as_bytes()))
            },
            INVALID,
        )
        .add("an_assertion_that_is_none", "nonsense", |_| "nonsense".to_owned(), INVALID)
        .add("an_empty_assertion", "nothing", |_| String::new(), INVALID)
        .list()
}

fn stranger() -> SigningKey {
    SigningKey::from_bytes(&[31; 32])
}

/// Ways that lead to the origin without an assertion in its place.
fn around() -> Vec<Case> {
    type Prepare = fn(RequestBuilder, &str, &str) -> RequestBuilder;
    async fn send(world: Arc<World>, prepare: Prepare) -> Result<String> {
        let good = good(&world).await?;
        let request = prepare(whoami(&world)?, &honest(&good), good.token);
        seen(request.send().await?).await
    }
    Cases::new(GROUP, send, ((|request, assertion, _| request.header(IDENTITY_HEADER, assertion)) as Prepare, SERVED))
        .add("nothing_at_all", "a request to the origin, with nothing", |request, _, _| request, MISSING)
        .add(
            "a_clients_token",
            "a good access token in `Authorization`",
            |request, _, token| request.bearer_auth(token),
            MISSING,
        )
        .add(
            "an_assertion_as_a_bearer",
            "a good assertion in `Authorization`",
            |request, assertion, _| request.bearer_auth(assertion),
            MISSING,
        )
        .add(
            "an_assertion_in_the_query",
            "a good assertion in the query",
            |request, assertion, _| request.query(&[(IDENTITY_HEADER, assertion)]),
            MISSING,
        )
        .add(
            "an_assertion_in_a_cookie",
            "a good assertion in a cookie",
            |request, assertion, _| request.header("cookie", format!("{IDENTITY_HEADER}={assertion}")),
            MISSING,
        )
        .add(
            "an_assertion_with_underscores",
            "a good assertion in `x_edgeward_identity`",
            |request, assertion, _| request.header("x_edgeward_identity", assertion),
            MISSING,
        )
        .add(
            "an_assertion_under_another_name",
            "a good assertion in `x-edgeward-user`",
            |request, assertion, _| request.header("x-edgeward-user", assertion),
            MISSING,
        )
        .add(
            "two_assertions",
            "a good assertion twice",
            |request, assertion, _| request.header(IDENTITY_HEADER, assertion).header(IDENTITY_HEADER, assertion),
            "401 identity_repeated",
        )
        .add(
            "two_assertions_in_one_field",
            "two good assertions, a comma between",
            |request, assertion, _| request.header(IDENTITY_HEADER, format!("{assertion}, {assertion}")),
            INVALID,
        )
        .add(
            "an_assertion_behind_bearer",
            "`Bearer` before a good assertion",
            |request, assertion, _| request.header(IDENTITY_HEADER, format!("Bearer {assertion}")),
            INVALID,
        )
        .add(
            "headers_of_other_gateways",
            "identities as other gateways put them",
            |request, _, _| {
                request
                    .header("x-forwarded-user", "demo")
                    .header("x-forwarded-email", "demo@example.com")
                    .header("x-amzn-oidc-identity", "demo")
            },
            MISSING,
        )
        .add(
            "a_caller_from_within",
            "`X-Forwarded-For: 127.0.0.1`",
            |request, _, _| request.header("x-forwarded-for", "127.0.0.1"),
            MISSING,
        )
        .add(
            "another_host",
            "a good assertion and another `Host`: rebinding",
            |request, assertion, _| request.header(IDENTITY_HEADER, assertion).header("host", "attacker.example"),
            "403",
        )
        .list()
}

/// Without an assertion; only health is for everyone.
fn paths() -> Vec<Case> {
    async fn send(world: Arc<World>, (method, path): (&'static str, &'static str)) -> Result<String> {
        let url = format!("{}{path}", world.stack.origin_url());
        seen(http()?.request(method.parse()?, url).send().await?).await
    }
    Cases::new(GROUP, send, (("GET", "/healthz"), "200"))
        .add("a_stream", "`GET /mcp`", ("GET", "/mcp"), MISSING)
        .add("an_end_of_a_session", "`DELETE /mcp`", ("DELETE", "/mcp"), MISSING)
        .add("a_head", "`HEAD /mcp`", ("HEAD", "/mcp"), "401")
        .add("an_options", "`OPTIONS /mcp`", ("OPTIONS", "/mcp"), MISSING)
        .add("two_slashes", "`//mcp`", ("POST", "//mcp"), "404")
        .add("a_slash_behind", "`/mcp/`", ("POST", "/mcp/"), "404")
        .add("capitals", "`/MCP`", ("POST", "/MCP"), "404")
        .add("an_encoded_letter", "`/%6dcp`", ("POST", "/%6dcp"), "404")
        .add("the_root", "`/`", ("POST", "/"), "404")
        .add("health_and_more", "`/healthz/..%2fmcp`", ("POST", "/healthz/..%2fmcp"), "404")
        .list()
}
