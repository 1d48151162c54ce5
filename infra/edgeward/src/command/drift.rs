//! `edgeward drift`

use anyhow::{Result, bail};
use edgeward_core::{Config, endpoint::metadata, route::Route};
use serde_json::Value;

use super::{Described, accepted};
use crate::{
    cli::Drift,
    cloudflare::Cloudflare,
    edge::Settings,
    fetch::Fetch,
    report::{Problem, Report},
};

const PUSH: &str = "run `edgeward push`";

/// Compares the deployment's parameters with the running edge.
pub(crate) async fn run(arguments: &Drift, report: &mut Report) -> Result<()> {
    let deployment = &arguments.which.deployment;
    let described = Described::read(&arguments.which).await?;
    let config = accepted(&described.settings, deployment, report)?;
    let base = arguments.edge_url.as_ref().map_or(config.issuer.as_str(), |url| url.as_str()).trim_end_matches('/');
    let fetch = Fetch::new()?;
    for (path, expected) in documents(&config) {
        compare(&format!("{base}{path}"), &expected, &fetch, report).await;
    }
    match Cloudflare::from_environment() {
        Some(cloudflare) => bindings(&cloudflare, &fetch, &described.settings, &deployment.worker(), report).await,
        None => report.did(
            "the Worker's variables and secrets were not compared: that needs CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID",
        ),
    }
    if report.has_problems() {
        bail!("the edge is not what the parameters of the deployment {deployment} say");
    }
    report.did(format!("the edge is what the parameters of the deployment {deployment} say"));
    Ok(())
}

/// What the edge answers if it has these settings, by the code that it runs.
fn documents(config: &Config) -> Vec<(String, Value)> {
    let parsed = |response: http::Response<String>| serde_json::from_str(response.body()).unwrap_or_default();
    let mut documents = vec![
        (Route::Jwks.path().to_owned(), parsed(metadata::jwks(config))),
        (Route::AuthorizationServerMetadata.path().to_owned(), parsed(metadata::authorization_server(config))),
    ];
    for resource in &config.resources {
        let path = format!("{}{}", Route::ProtectedResourceMetadata.path(), resource.path);
        if let Some(document) = metadata::protected_resource(&path, config) {
            documents.push((path, parsed(document)));
        }
    }
    documents
}

async fn compare(url: &str, expected: &Value, fetch: &Fetch, report: &mut Report) {
    let found = match fetch.json(url, None).await {
        Ok(found) => found,
        Err(error) => {
            let remedy = "is the edge deployed? If it is, its log says what is wrong";
            report.problem(Problem::new(url, format!("cannot be read: {error:#}"), remedy));
            return;
        }
    };
    let before = report.has_problems();
    let names = |document: &Value| document.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    let mut members = [names(expected), names(&found)].into_iter().flatten().flatten().collect::<Vec<_>>();
    members.sort();
    members.dedup();
    for member in members {
        if found.get(&member) == expected.get(&member) {
            continue;
        }
        let what = match member.as_str() {
            "keys" => format!(
                "has the keys {}, and should have {}, in this order",
                key_ids(&found["keys"]),
                key_ids(&expected["keys"])
            ),
            _ => format!("says {member} is {}, and should say {}", found[&member], expected[&member]),
        };
        report.problem(Problem::new(url, what, PUSH));
    }
    if !before && !report.has_problems() {
        report.did(format!("{url} is as it should be"));
    }
}

fn key_ids(keys: &Value) -> String {
    let ids = keys.as_array().into_iter().flatten().map(|key| key["kid"].as_str().unwrap_or("?"));
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() { "(none)".to_owned() } else { ids.join(", ") }
}

async fn bindings(cloudflare: &Cloudflare, fetch: &Fetch, settings: &Settings, worker: &str, report: &mut Report) {
    let place = format!("the Worker {worker}");
    let found = match cloudflare.bindings(fetch, worker).await {
        Ok(found) => found,
        Err(error) => {
            let what = format!("cannot be read from Cloudflare: {error:#}");
            let remedy =
                "compare CLOUDFLARE_ACCOUNT_ID and the token's permissions, or run `edgeward push` if it is new";
            report.problem(Problem::new(place, what, remedy));
            return;
        }
    };
    let mut problem = |what: String, remedy: &str| report.problem(Problem::new(place.clone(), what, remedy));
    for (name, expected) in settings.plain() {
        match found.variables.get(name) {
            None => problem(format!("lacks the variable {name}"), PUSH),
            Some(text) if text != expected => {
                problem(format!("has {name} = {text:?}, and the parameter says {expected:?}"), PUSH);
            }
            Some(_) => {}
        }
    }
    for name in found.variables.keys().filter(|name| !settings.plain().any(|(expected, _)| expected == *name)) {
        problem(format!("has the variable {name}, for which there is no parameter"), PUSH);
    }
    for (name, _) in settings.secret().filter(|(name, _)| !found.secrets.iter().any(|found| found == name)) {
        problem(format!("lacks the secret {name}"), PUSH);
    }
    for name in found.secrets.iter().filter(|name| !settings.secret().any(|(expected, _)| expected == *name)) {
        let remedy = "run `edgeward push`, or `wrangler secret delete` if it is none of Edgeward's";
        problem(format!("has the secret {name}, for which there is no parameter"), remedy);
    }
}
