//! Operations that need scopes of their own.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, User},
    by_hand::{self, HandMade},
    client::{ERAS, SignedIn, call, text},
};
use reqwest::{Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    settings::{COMPARED_RESOURCE, JUDGED_RESOURCE},
    world::{World, refused, tests},
};

tests![
    one_challenge_names_every_scope_that_an_operation_needs,
    every_member_of_a_batch_is_judged,
    a_body_that_says_otherwise_than_its_headers_is_not_served,
    a_judged_body_arrives_byte_for_byte,
    a_body_that_cannot_be_judged_is_refused,
    a_body_that_the_server_might_decode_is_refused,
    real_clients_of_both_eras_are_judged,
];

/// An access token with this scope for the resource whose messages are judged.
pub(crate) async fn token(world: &World, scope: &str) -> Result<String> {
    token_for(world, JUDGED_RESOURCE, scope).await
}

/// The same for another resource.
pub(crate) async fn token_for(world: &World, resource: &str, scope: &str) -> Result<String> {
    let mut client = HandMade::register(&world.stack).await?;
    client.resource = world.stack.url(resource).into();
    let code = client.code_for(&client.authorization().with("scope", scope), &mut Browser::new()?).await?;
    Ok(client.token(&client.redemption(&code)).await?.text("access_token").to_owned())
}

/// Sends a body as a client does that knows nothing of headers that mirror it.
async fn send(world: &World, token: &str, body: impl Into<String>) -> Result<Response> {
    let request = by_hand::http()?
        .post(world.stack.url(JUDGED_RESOURCE))
        .bearer_auth(token)
        .header("Accept", "application/json, text/event-stream")
        .header("Content-Type", "application/json")
        .body(body.into());
    Ok(request.send().await?)
}

pub(crate) fn message(method: &str, params: &Value) -> String {
    json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string()
}

fn needs(world: &World, answer: &Response, scope: &str) {
    needs_at(world, JUDGED_RESOURCE, answer, scope);
}

fn needs_at(world: &World, resource: &str, answer: &Response, scope: &str) {
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    let metadata = world.stack.url(&format!("/.well-known/oauth-protected-resource{resource}"));
    let challenge = format!(r#"Bearer error="insufficient_scope", resource_metadata="{metadata}", scope="{scope}""#);
    assert_eq!(answer.headers()["www-authenticate"], challenge);
}

async fn one_challenge_names_every_scope_that_an_operation_needs(world: Arc<World>) -> Result<()> {
    let judged = world.stack.url(JUDGED_RESOURCE);
    let (plain, counting) = (token(&world, "use").await?, token(&world, "use count").await?);
    let steps = json!({ "steps": 1, "interval_ms": 1 });
    let modern = |token: &str| anyhow::Ok(by_hand::call(judged.as_str(), "count_slowly", &steps)?.bearer_auth(token));
    needs(&world, &modern(&plain)?.send().await?, "use count");
    let counted = modern(&counting)?.send().await?;
    assert_eq!(counted.status(), StatusCode::OK);
    assert!(counted.text().await?.contains("Counted to 1."));
    // Without the resource's own scope both are named.
    needs(&world, &modern(&token(&world, "alerts").await?)?.send().await?, "use count");

    for (method, params, scope) in [
        ("tools/call", json!({ "name": "count_slowly" }), "use count"),
        ("tools/call", json!({ "name": "COUNT_SLOWLY" }), "use count"),
        ("prompts/get", json!({ "name": "weather_briefing" }), "use brief"),
        ("resources/read", json!({ "uri": "weather://alerts/CA" }), "use alerts"),
        ("resources/read", json!({ "uri": "weather://alerts/../areas" }), "use alerts"),
        ("tools/unheard-of", json!({}), "use count closed brief alerts"),
    ] {
        needs(&world, &send(&world, &plain, message(method, &params)).await?, scope);
    }
    assert_eq!(by_hand::whoami(judged.as_str())?.bearer_auth(&plain).send().await?.status(), StatusCode::OK);
    Ok(())
}

async fn every_member_of_a_batch_is_judged(world: Arc<World>) -> Result<()> {
    let token = token(&world, "use").await?;
    let harmless = message("tools/list", &json!({}));
    let other = message("tools/call", &json!({ "name": "count_slowly" }));
    needs(&world, &send(&world, &token, format!("[{harmless},{other}]")).await?, "use count");
    let passed = send(&world, &token, format!("[{harmless},{harmless}]")).await?;
    assert_ne!(passed.status(), StatusCode::FORBIDDEN, "what a batch of harmless ones is, is the origin's to say");
    Ok(())
}

/// The edge judges the body, or it relies on the headers because the settings say that the origin compares them: then that must
/// not do what the body says instead.
async fn a_body_that_says_otherwise_than_its_headers_is_not_served(world: Arc<World>) -> Result<()> {
    let steps = json!({ "steps": 1, "interval_ms": 1 });
    for (resource, status) in [(JUDGED_RESOURCE, 403), (COMPARED_RESOURCE, 400)] {
        let (token, url) = (token_for(&world, resource, "use").await?, world.stack.url(resource));
        for (method, name) in [("tools/call", "whoami"), ("tools/list", "count_slowly"), ("initialize", "whoami")] {
            let mut request = by_hand::call(url.as_str(), "count_slowly", &steps)?.bearer_auth(&token).build()?;
            request.headers_mut().insert("mcp-method", method.parse()?);
            request.headers_mut().insert("mcp-name", name.parse()?);
            let answer = by_hand::http()?.execute(request).await?;
            assert_eq!(answer.status(), status, "{resource} {method} {name}");
            assert!(!answer.text().await?.contains("Counted"), "{resource} {method} {name}");
        }
        // Two headers: whichever the origin takes, the edge has looked at the body.
        let request = by_hand::call(url.as_str(), "count_slowly", &steps)?.bearer_auth(&token);
        let answer = request.header("Mcp-Name", "whoami").send().await?;
        needs_at(&world, resource, &answer, "use count");
    }
    Ok(())
}

async fn a_judged_body_arrives_byte_for_byte(world: Arc<World>) -> Result<()> {
    let token = token(&world, "use").await?;
    let padding = "x".repeat(900_000);
    let marked = format!(
        "\n{{ \"jsonrpc\":\"2.0\" ,\t\"id\": \"byte-for-byte\",\"method\" :\"tools\\u002flist\",\
         \"params\":{{\"padding\": \"\u{e4}{padding}\" , \"number\": 1.50e+1}}}}\r\n "
    );
    send(&world, &token, marked.clone()).await?;
    let seen = world.stack.origin_traffic().context("not recorded")?.seen();
    let exchange = seen.iter().find(|exchange| exchange.request_body.contains("byte-for-byte")).context("not there")?;
    assert!(exchange.request_body == marked, "the body was changed");
    assert_eq!(exchange.request_headers["content-type"], "application/json");
    assert_eq!(exchange.request_headers["content-length"], marked.len().to_string().as_str());
    for absent in ["authorization", "cookie"] {
        assert!(!exchange.request_headers.contains_key(absent), "{absent}");
    }
    Ok(())
}

async fn a_body_that_cannot_be_judged_is_refused(world: Arc<World>) -> Result<()> {
    let token = token(&world, "use count").await?;
    for body in ["", "{", "[]", r#"{"method":"tools/list","method":"tools/call","params":{"name":"count_slowly"}}"#] {
        assert_eq!(send(&world, &token, body).await?.status(), StatusCode::BAD_REQUEST, "{body}");
    }
    let long = message("tools/list", &json!({ "padding": "x".repeat(1 << 20) }));
    assert_eq!(send(&world, &token, long).await?.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(send(&world, "nonsense", "").await?.status(), StatusCode::UNAUTHORIZED, "before its body is read");
    let seen = world.stack.origin_traffic().context("not recorded")?.seen();
    assert!(seen.iter().all(|exchange| exchange.request_body.len() <= 1 << 20), "it came through");
    Ok(())
}

/// Express, for one, decodes bodies in UTF-7, in which a message can hide another one, and what is compressed.
async fn a_body_that_the_server_might_decode_is_refused(world: Arc<World>) -> Result<()> {
    const HIDING: &str =
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","a":"+ACIALAAi-method+ACIAOgAi-tools/call+ACI-"}"#;
    let [token, judged] = [token(&world, "use count").await?, world.stack.url(JUDGED_RESOURCE).to_string()];
    let mark = world.stack.origin_traffic().context("not recorded")?.seen().len();
    for (name, value) in [
        ("content-type", "application/json; charset=utf-7"),
        ("content-type", "text/plain"),
        ("content-encoding", "gzip"),
        ("content-encoding", "br"),
    ] {
        let mut request = by_hand::http()?.post(&judged).bearer_auth(&token).body(HIDING);
        if name != "content-type" {
            request = request.header("content-type", "application/json");
        }
        let answer = by_hand::Answer::to(request.header(name, value)).await?;
        refused(&answer, StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request");
        assert!(answer.text("error_description").contains("UTF-8"), "{value}");
    }
    let seen = world.stack.origin_traffic().context("not recorded")?.seen();
    assert!(seen[mark..].iter().all(|exchange| exchange.request_body != HIDING), "it came through");
    Ok(())
}

async fn real_clients_of_both_eras_are_judged(world: Arc<World>) -> Result<()> {
    for resource in [JUDGED_RESOURCE, COMPARED_RESOURCE] {
        let url = world.stack.url(resource);
        let client = SignedIn::with(&mut Browser::new()?, &url, User::DEMO).await?;
        for era in ERAS {
            let connection = client.connect(era).await?;
            let told = text(&call(&connection, "whoami", json!({})).await?);
            assert!(told.contains("demo@example.com"), "{resource} {era:?}");
            // It asks for all scopes there are, but this one is not for the user.
            assert!(call(&connection, "get_forecast", json!({ "latitude": 38.5, "longitude": -121.5 })).await.is_err());
            let counted = call(&connection, "count_slowly", json!({ "steps": 3, "interval_ms": 50 })).await?;
            assert_eq!(text(&counted), "Counted to 3.", "{resource} {era:?}: and goes on");
            connection.cancel().await?;
        }
    }
    Ok(())
}
