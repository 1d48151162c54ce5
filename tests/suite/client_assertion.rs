//! Clients that prove themselves with a signature: `private_key_jwt` (RFC 7523).

use std::{sync::Arc, time::SystemTime};

use anyhow::Result;
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, Parameters},
    client::REDIRECT_URI,
    document_host::Document,
    edge::{Capability, Sandbox},
};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::world::{World, refused, sign, tests};

tests![
    a_client_proves_itself_with_a_key_of_its_document,
    a_client_may_keep_its_keys_elsewhere_and_change_them,
    a_host_that_answers_with_something_else_loses_no_client,
    an_assertion_that_proves_nothing_leaves_the_code_good,
];

const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// A client that signs.
struct Signing {
    client: HandMade,
    key: SigningKey,
    key_id: &'static str,
}

impl Signing {
    fn new(world: &World, url: &str, key: SigningKey) -> Result<Self> {
        Ok(Self { client: HandMade::named(&world.stack, url)?, key, key_id: "first" })
    }

    fn key_set(&self) -> Value {
        let x = Base64UrlUnpadded::encode_string(self.key.verifying_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": self.key_id, "x": x }] })
    }

    fn document(&self, keys: &str, value: Value) -> Document {
        Document::json(&json!({
            "client_id": self.client.client_id, "client_name": "Signing", "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "private_key_jwt", keys: value,
        }))
    }

    fn claims(&self, world: &World) -> Result<Value> {
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        let id = HandMade::named(&world.stack, "")?.state;
        let client_id = &self.client.client_id;
        Ok(json!({
            "iss": client_id, "sub": client_id, "aud": world.stack.issuer(), "iat": now, "exp": now + 60, "jti": id,
        }))
    }

    fn assertion(&self, claims: &Value) -> String {
        sign(&self.key, &json!({ "alg": "EdDSA", "kid": self.key_id }), claims)
    }

    async fn show(&self, form: &Parameters, assertion: &str) -> Result<Answer> {
        let form = form.clone().with("client_assertion_type", TYPE).with("client_assertion", assertion);
        self.client.token(&form).await
    }
}

async fn a_client_proves_itself_with_a_key_of_its_document(world: Arc<World>) -> Result<()> {
    let url = "https://signs.example/client";
    let this = Signing::new(&world, url, SigningKey::from_bytes(&[1; 32]))?;
    world.hosts()?.put(url, this.document("jwks", this.key_set()));
    let form = this.client.redemption(&this.client.code(&mut Browser::new()?).await?);
    let tokens = this.show(&form, &this.assertion(&this.claims(&world)?)).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.text("error"));
    let refreshing = this.client.refreshing(tokens.text("refresh_token"));
    refused(&this.client.token(&refreshing).await?, UNAUTHORIZED, "invalid_client");
    let mut claims = this.claims(&world)?;
    claims["aud"] = json!([world.stack.url("/token").as_str()]);
    let refreshed = this.show(&refreshing.without("client_id"), &this.assertion(&claims)).await?;
    assert_eq!(refreshed.status, StatusCode::OK);
    let revoking = Parameters::new([
        ("token", refreshed.text("refresh_token")),
        ("client_assertion_type", TYPE),
        ("client_assertion", &this.assertion(&this.claims(&world)?)),
    ]);
    assert_eq!(this.client.revoke(&revoking).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_client_may_keep_its_keys_elsewhere_and_change_them(world: Arc<World>) -> Result<()> {
    let (url, keys) = ("https://signs.example/elsewhere", "https://keys.example/jwks");
    let mut this = Signing::new(&world, url, SigningKey::from_bytes(&[2; 32]))?;
    world.hosts()?.put(url, this.document("jwks_uri", json!(keys)));
    let form = this.client.refreshing("nonsense");
    world.hosts()?.put(keys, Document { status: 500, ..Document::json(&Value::Null) });
    let assertion = this.assertion(&this.claims(&world)?);
    let answer = this.show(&form, &assertion).await?;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    world.hosts()?.put(keys, Document::json(&this.key_set()));
    let mut answer = this.show(&form, &assertion).await?;
    while answer.status == StatusCode::SERVICE_UNAVAILABLE {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        answer = this.show(&form, &assertion).await?;
    }
    refused(&answer, StatusCode::BAD_REQUEST, "invalid_grant");
    // Known keys are not asked for again at each key that is unknown.
    let asked = world.hosts()?.asked(keys).len();
    this.key_id = "second";
    for _ in 0..3 {
        let assertion = this.assertion(&this.claims(&world)?);
        refused(&this.show(&form, &assertion).await?, UNAUTHORIZED, "invalid_client");
    }
    assert_eq!(world.hosts()?.asked(keys).len(), asked);
    Ok(())
}

async fn a_host_that_answers_with_something_else_loses_no_client(world: Arc<World>) -> Result<()> {
    let (url, keys) = ("https://blocked.example/client", "https://blocked.example/jwks");
    let sandbox = Sandbox::from(Capability::Clock).divert_hosts(Some(world.hosts()?.address()));
    let edge = world.stack.start_edge("blocked-edge", sandbox, world.stack.variables()).await?;
    let mut this = Signing::new(&world, url, SigningKey::from_bytes(&[5; 32]))?;
    this.client = this.client.at(edge.url());
    let kept = |document: Document| document.with("cache-control", "max-age=600");
    world.hosts()?.put(url, kept(this.document("jwks_uri", json!(keys))));
    world.hosts()?.put(keys, kept(Document::json(&this.key_set())));
    let form = this.client.refreshing("nonsense");
    let prove = async |ahead: u64| {
        let mut claims = this.claims(&world)?;
        claims["iat"] = Value::Null;
        claims["exp"] = json!(claims["exp"].as_u64().unwrap_or_default() + ahead);
        let answer = this.show(&form, &this.assertion(&claims)).await?;
        refused(&answer, StatusCode::BAD_REQUEST, "invalid_grant");
        anyhow::Ok(())
    };
    prove(0).await?;
    // A firewall now answers for both.
    for url in [url, keys] {
        world.hosts()?.put(url, Document::json(&json!({ "error": "blocked" })));
    }
    for seconds in [601, 4_000] {
        edge.move_clock(seconds).await?;
        prove(seconds.unsigned_abs()).await?;
    }
    assert_eq!((world.hosts()?.asked(url).len(), world.hosts()?.asked(keys).len()), (3, 3));
    edge.stop();
    Ok(())
}

async fn an_assertion_that_proves_nothing_leaves_the_code_good(world: Arc<World>) -> Result<()> {
    let url = "https://signs.example/wrongly";
    let this = Signing::new(&world, url, SigningKey::from_bytes(&[3; 32]))?;
    world.hosts()?.put(url, this.document("jwks", this.key_set()));
    let form = this.client.redemption(&this.client.code(&mut Browser::new()?).await?);
    let claims = this.claims(&world)?;
    for (member, value) in [
        ("iss", json!("https://signs.example/client")),
        ("sub", json!("https://signs.example/client")),
        ("aud", json!("https://other.example")),
        ("aud", json!([world.stack.issuer(), "https://other.example"])),
        ("aud", json!(world.stack.mcp().as_str())),
        ("exp", json!(1_000_000_000)),
        ("exp", json!(claims["exp"].as_u64().unwrap_or_default() + 3600)),
        ("exp", Value::Null),
        ("jti", Value::Null),
    ] {
        let mut changed = claims.clone();
        changed[member] = value;
        refused(&this.show(&form, &this.assertion(&changed)).await?, UNAUTHORIZED, "invalid_client");
    }
    let foreign = SigningKey::from_bytes(&[4; 32]);
    for header in [json!({ "alg": "EdDSA", "kid": "first" }), json!({ "alg": "EdDSA" })] {
        refused(&this.show(&form, &sign(&foreign, &header, &claims)).await?, UNAUTHORIZED, "invalid_client");
    }
    for header in [json!({ "alg": "none", "kid": "first" }), json!({ "alg": "EdDSA", "kid": "first", "crit": ["x"] })] {
        refused(&this.show(&form, &sign(&this.key, &header, &claims)).await?, UNAUTHORIZED, "invalid_client");
    }
    let good = this.assertion(&claims);
    let twice = form.clone().with("client_secret", "x");
    refused(&this.show(&twice, &good).await?, StatusCode::BAD_REQUEST, "invalid_request");
    assert_eq!(this.show(&form, &good).await?.status, StatusCode::OK);
    refused(&this.show(&form, &good).await?, UNAUTHORIZED, "invalid_client");
    Ok(())
}
