//! What must not be found in the logs and the traffic of the whole run.

use std::{collections::BTreeSet, fs, sync::Arc};

use aho_corasick::AhoCorasick;
use anyhow::{Context as _, Result};
use base64ct::{Base64, Encoding as _};
use edgeward_cognito::SecretKind;
use edgeward_identity::names::IDENTITY_HEADER;
use edgeward_tests::{browser::query, form::Form, recorder::Exchange};
use reqwest::Url;
use serde_json::Value;

use crate::world::{World, tests};

tests![
    no_log_contains_a_secret,
    nothing_of_cognitos_leaves_the_edge,
    no_request_of_the_edge_may_be_answered_by_a_cache,
];

async fn no_log_contains_a_secret(world: Arc<World>) -> Result<()> {
    let mut secrets: BTreeSet<String> =
        world.stack.cognito().issued_secrets().into_iter().map(|secret| secret.value).collect();
    for keys in [world.keys.as_str(), world.stack.origins().session_keys()] {
        let keys: Value = serde_json::from_str(keys)?;
        for key in keys["keys"].as_array().into_iter().flatten() {
            secrets.extend([&key["d"], &key["k"]].into_iter().filter_map(|part| part.as_str().map(str::to_owned)));
        }
    }
    let edge = world.stack.edge_traffic().context("not recorded")?.seen();
    for exchange in &edge {
        secrets.extend(secrets_at_edge(exchange));
    }
    for exchange in world.stack.origin_traffic().context("not recorded")?.seen() {
        let assertions = exchange.request_headers.get_all(IDENTITY_HEADER).iter();
        secrets.extend(assertions.filter_map(|value| value.to_str().ok().map(str::to_owned)));
    }
    // What a test sends as nonsense is no secret.
    secrets.retain(|secret| secret.len() >= 12);
    assert!(secrets.len() > 20 || edge.len() < 20, "only {} secrets were found to look for", secrets.len());

    let any_secret = AhoCorasick::new(&secrets)?;
    for entry in fs::read_dir(world.stack.folder())? {
        let path = entry?.path();
        // Folders hold code, and names of variables.
        if path.is_dir() {
            continue;
        }
        let log = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
        assert!(!log.is_empty(), "{} is empty", path.display());
        // The value stays out of the message: it is a secret in what is printed too.
        let line = any_secret.find(&log).map(|found| log[..found.start()].lines().count());
        assert!(line.is_none(), "{} has a secret in line {}", path.display(), line.unwrap_or_default());
    }
    Ok(())
}

/// Every secret that an exchange with the edge shows: tokens, codes, verifiers, cookies, sealed fields, client secrets.
fn secrets_at_edge(exchange: &Exchange) -> Vec<String> {
    let mut found = Vec::new();
    let sessions = [&exchange.request_headers, &exchange.headers].map(|headers| headers.get("mcp-session-id"));
    found.extend(sessions.into_iter().flatten().filter_map(|id| id.to_str().ok().map(str::to_owned)));
    let url = |text: &str| Url::parse("http://edge.invalid").and_then(|base| base.join(text)).ok();
    let form = url(&format!("/?{}", exchange.request_body));
    let location = exchange.headers.get("location").and_then(|value| value.to_str().ok()).and_then(url);
    for url in [url(&exchange.path), form, location].into_iter().flatten() {
        for name in ["code", "code_verifier", "refresh_token", "client_secret", "client_assertion", "token"] {
            found.extend(query(&url, name));
        }
    }
    let answer: Value = serde_json::from_str(&exchange.body).unwrap_or_default();
    for name in ["access_token", "refresh_token", "client_secret"] {
        found.extend(answer[name].as_str().map(str::to_owned));
    }
    for header in exchange.headers.get_all("set-cookie") {
        let value = header.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
        found.extend(value.map(|(_, value)| value.to_owned()));
    }
    if let Some(value) = exchange.request_headers.get("authorization").and_then(|value| value.to_str().ok()) {
        found.extend(value.strip_prefix("Bearer ").map(str::to_owned));
        let basic = value.strip_prefix("Basic ");
        let credentials = basic.and_then(|text| String::from_utf8(Base64::decode_vec(text).ok()?).ok());
        found.extend(credentials.and_then(|text| Some(text.split_once(':')?.1.to_owned())));
        found.extend(basic.map(str::to_owned));
    }
    if let Some(form) = Url::parse("http://edge.invalid").ok().and_then(|url| Form::read(&url, &exchange.body)) {
        // The other field is the transaction's id: it names the grant in the log too, and opens nothing.
        found.extend(form.fields.into_iter().filter(|(name, _)| name == "sealed").map(|(_, value)| value));
    }
    found
}

async fn nothing_of_cognitos_leaves_the_edge(world: Arc<World>) -> Result<()> {
    // A browser carries Cognito's code to the edge, but the edge never sends it anywhere but home.
    let issued = world.stack.cognito().issued_secrets();
    let secrets: Vec<_> = issued.into_iter().filter(|secret| secret.kind != SecretKind::Password).collect();
    let edge = world.stack.edge_traffic().context("not recorded")?.seen();
    let origin = world.stack.origin_traffic().context("not recorded")?.seen();
    if edge.iter().any(|exchange| exchange.path == "/token" && exchange.status == 200) {
        for kind in [SecretKind::AccessToken, SecretKind::IdToken, SecretKind::RefreshToken] {
            assert!(secrets.iter().any(|secret| secret.kind == kind), "no {kind:?} was issued");
        }
        assert!(!origin.is_empty());
    }
    let any_secret = AhoCorasick::new(secrets.iter().map(|secret| &secret.value))?;
    let kind_in = |text: &str| any_secret.find(text).map(|found| secrets[found.pattern().as_usize()].kind);
    for exchange in &edge {
        let place = format!("{} {}", exchange.method, exchange.path.split('?').next().unwrap_or_default());
        assert_eq!(kind_in(&exchange.answer()), None, "in the answer to {place}");
    }
    for request in origin.iter().map(Exchange::request) {
        assert_eq!(kind_in(&request), None, "in a request to the origin");
    }
    Ok(())
}

/// The platform's own cache does not show here; the header fields show that `fetch` was told to leave it alone.
async fn no_request_of_the_edge_may_be_answered_by_a_cache(world: Arc<World>) -> Result<()> {
    let machines = ["/oauth2/token", "/oauth2/revoke", "/.well-known/jwks.json"];
    let cognito = world.stack.cognito().requests().into_iter();
    let cognito = cognito.filter(|request| machines.iter().any(|path| request.path.ends_with(path)));
    for request in cognito {
        assert_eq!(request.cache_control.as_deref(), Some("no-cache"), "{}", request.path);
        assert!(request.has_header("pragma"), "{}", request.path);
    }
    for asked in world.document_host.all() {
        let told =
            ["cache-control", "pragma"].map(|name| asked.headers.get(name).and_then(|value| value.to_str().ok()));
        assert_eq!(told, [Some("no-cache"); 2], "{}", asked.url);
    }
    for exchange in world.stack.origin_traffic().context("not recorded")?.seen() {
        let header = |name: &str| exchange.request_headers.get(name).and_then(|value| value.to_str().ok());
        // Tests that go past the edge have no trace.
        if exchange.request_headers.contains_key("traceparent") {
            let told = ["cache-control", "pragma"].map(header);
            assert_eq!(told, [Some("no-store"), Some("no-cache")], "{} {}", exchange.method, exchange.path);
        }
    }
    Ok(())
}
