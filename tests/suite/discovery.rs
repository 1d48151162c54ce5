//! What a client learns before it has a token.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{by_hand, client::challenge};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{World, tests};

tests![
    a_request_without_a_token_is_told_where_to_read_on,
    every_first_request_is_answered_alike,
    both_forms_of_the_resource_document_say_the_same,
    the_authorization_server_tells_its_endpoints,
    the_published_keys_are_public,
    scripts_of_any_origin_can_use_the_endpoints_for_machines,
    endpoints_take_their_own_methods_only,
    endpoints_for_machines_never_redirect,
];

async fn a_request_without_a_token_is_told_where_to_read_on(world: Arc<World>) -> Result<()> {
    let challenge = challenge(&world.stack.mcp()).await?;
    let metadata = world.stack.url("/.well-known/oauth-protected-resource/mcp");
    assert_eq!(challenge, format!(r#"Bearer resource_metadata="{metadata}", scope="mcp""#));
    Ok(())
}

/// Clients differ in what they try first: an event stream, a session to end, a handshake of either era.
async fn every_first_request_is_answered_alike(world: Arc<World>) -> Result<()> {
    let expected = challenge(&world.stack.mcp()).await?;
    let (http, message) = (by_hand::http()?, |method: &str| json!({ "jsonrpc": "2.0", "id": 1, "method": method }));
    let at = |method| http.request(method, world.stack.mcp());
    let modern = at(Method::POST).header("mcp-protocol-version", "2026-07-28").header("mcp-method", "server/discover");
    for (what, request) in [
        ("stream", at(Method::GET).header("accept", "text/event-stream")),
        ("end of a session", at(Method::DELETE).header("mcp-session-id", "unknown")),
        ("initialize", at(Method::POST).json(&message("initialize"))),
        ("server/discover", modern.json(&message("server/discover"))),
        ("nothing", at(Method::POST)),
        ("HEAD", at(Method::HEAD)),
    ] {
        let answer = request.send().await?;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{what}");
        assert_eq!(answer.headers()["www-authenticate"], expected.as_str(), "{what}");
    }
    Ok(())
}

async fn both_forms_of_the_resource_document_say_the_same(world: Arc<World>) -> Result<()> {
    let root = document(&world, "/.well-known/oauth-protected-resource").await?;
    assert_eq!(root, document(&world, "/.well-known/oauth-protected-resource/mcp").await?);
    assert_eq!(root["resource"], world.stack.mcp().as_str());
    assert_eq!(root["authorization_servers"], json!([world.stack.issuer()]));
    let scopes = root["scopes_supported"].as_array().context("no scopes")?;
    assert!(scopes.contains(&json!("mcp")) && !scopes.contains(&json!("offline_access")), "{scopes:?}");
    assert_eq!(root["bearer_methods_supported"], json!(["header"]));
    assert_eq!(without_a_value(&root), "");
    Ok(())
}

async fn endpoints_take_their_own_methods_only(world: Arc<World>) -> Result<()> {
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build()?;
    for (path, method, allow) in [
        ("/token", Method::GET, "POST"),
        ("/token", Method::PUT, "POST"),
        ("/register", Method::GET, "POST"),
        ("/revoke", Method::DELETE, "POST"),
        ("/authorize", Method::PUT, "GET, POST"),
        ("/.well-known/oauth-authorization-server", Method::POST, "GET"),
        ("/logout", Method::POST, "GET"),
    ] {
        let answer = http.request(method.clone(), world.stack.url(path)).send().await?;
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        assert_eq!(answer.headers()["allow"], allow, "{method} {path}");
    }
    Ok(())
}

async fn the_authorization_server_tells_its_endpoints(world: Arc<World>) -> Result<()> {
    let document = document(&world, "/.well-known/oauth-authorization-server").await?;
    assert_eq!(document["issuer"], world.stack.issuer());
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
        ("revocation_endpoint", "/revoke"),
    ] {
        assert_eq!(document[name], world.stack.url(path).as_str());
    }
    assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(document["authorization_response_iss_parameter_supported"], true);
    assert_eq!(document["client_id_metadata_document_supported"], true);
    assert_eq!(document["response_types_supported"], json!(["code"]));
    assert_eq!(document["grant_types_supported"], json!(["authorization_code", "refresh_token"]));
    let scopes = document["scopes_supported"].as_array().context("no scopes")?;
    assert!(scopes.contains(&json!("mcp")) && scopes.contains(&json!("offline_access")), "{scopes:?}");
    assert_eq!(without_a_value(&document), "");
    for endpoint in ["token", "revocation"] {
        let methods = json!(["none", "client_secret_basic", "client_secret_post", "private_key_jwt"]);
        assert_eq!(document[format!("{endpoint}_endpoint_auth_methods_supported")], methods);
        let algorithms = &document[format!("{endpoint}_endpoint_auth_signing_alg_values_supported")];
        assert_eq!(*algorithms, json!(["EdDSA", "RS256"]));
    }
    Ok(())
}

/// The members that have nothing to say.
fn without_a_value(document: &Value) -> String {
    let is_empty = |value: &Value| value.is_null() || value == "" || value.as_array().is_some_and(Vec::is_empty);
    let members = document.as_object().into_iter().flatten();
    members.filter(|(_, value)| is_empty(value)).map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ")
}

/// Clients follow no redirect with a POST, and none of metadata to another place.
async fn endpoints_for_machines_never_redirect(world: Arc<World>) -> Result<()> {
    let http = by_hand::http()?;
    for path in [
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp",
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/register",
        "/token",
        "/revoke",
        "/mcp",
    ] {
        for path in [path.to_owned(), format!("{path}/"), format!("/{path}"), path.to_uppercase()] {
            for method in [Method::GET, Method::POST, Method::OPTIONS, Method::HEAD] {
                let status = http.request(method.clone(), world.stack.url(&path)).send().await?.status();
                assert!(!status.is_redirection(), "{method} {path}: {status}");
            }
        }
    }
    Ok(())
}

async fn the_published_keys_are_public(world: Arc<World>) -> Result<()> {
    let document = document(&world, "/.well-known/jwks.json").await?;
    let keys = document["keys"].as_array().map(Vec::as_slice).unwrap_or_default();
    assert_eq!(keys.len(), 1, "{document}");
    assert_eq!(keys[0]["crv"], "Ed25519");
    assert!(keys[0]["d"].is_null() && keys[0]["k"].is_null());
    Ok(())
}

async fn scripts_of_any_origin_can_use_the_endpoints_for_machines(world: Arc<World>) -> Result<()> {
    let http = by_hand::http()?;
    for (method, path) in [
        (Method::GET, "/.well-known/oauth-protected-resource/mcp"),
        (Method::GET, "/.well-known/oauth-authorization-server"),
        (Method::GET, "/.well-known/jwks.json"),
        (Method::POST, "/register"),
        (Method::POST, "/token"),
        (Method::POST, "/revoke"),
    ] {
        for method in [Method::OPTIONS, method] {
            let request = http.request(method.clone(), world.stack.url(path)).header("origin", "https://any.example");
            let answer = request.header("access-control-request-headers", "mcp-protocol-version").send().await?;
            assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{method} {path}");
            assert!(!answer.headers().contains_key("access-control-allow-credentials"), "{method} {path}");
        }
    }
    Ok(())
}

async fn document(world: &World, path: &str) -> Result<Value> {
    let answer = reqwest::get(world.stack.url(path)).await?;
    assert_eq!(answer.status(), 200, "{path}");
    assert!(answer.headers()["content-type"].to_str()?.starts_with("application/json"), "{path}");
    Ok(answer.json().await?)
}
