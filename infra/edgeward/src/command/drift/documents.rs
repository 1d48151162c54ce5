//! The edge's public documents.

use std::time::Duration;

use edgeward_core::{Config, endpoint::metadata, route::Route};
use headers::{HeaderMapExt as _, StrictTransportSecurity};
use http::{Method, StatusCode, header};
use serde_json::Value;

use super::PUSH;
use crate::{
    fetch::{Fetch, USER_AGENT},
    obstacle::{self, Obstacle},
    report::{Problem, Report},
    target::Target,
    waiting::{self, Patience},
};

/// A document that the edge serves.
struct Document {
    path: String,
    /// What it is if the edge has these settings, by the code that the edge runs.
    expected: Value,
}

/// What was found at its URL.
#[derive(Debug)]
struct Found {
    document: Value,
    has_hsts: bool,
}

impl Found {
    /// Whether the header is missing where the edge sends it: on https.
    fn lacks_hsts(&self, config: &Config) -> bool {
        config.issuer.starts_with("https:") && !self.has_hsts
    }
}

/// Compares the documents, waiting for an edge that has not everything yet. Says whether anything answers at all.
pub(in crate::command) async fn check(
    target: &Target,
    config: &Config,
    patience: Patience,
    fetch: &Fetch,
    report: &mut Report,
) -> bool {
    let documents = all(config);
    let look = async || ask_all(&documents, target, fetch).await;
    let found =
        waiting::until(patience, look, |found| pending(&documents, found, config), |line| report.progress(&line)).await;
    let answers = !found.iter().any(|found| matches!(found, Err(obstacle) if obstacle.is_silence()));
    for (document, found) in documents.iter().zip(found) {
        let url = target.url(&document.path);
        let problems = match found {
            Ok(found) => differences(&url, document, &found, config),
            Err(obstacle) => {
                let waited = match patience.limit {
                    Duration::ZERO => String::new(),
                    limit if obstacle.may_pass() => format!(", after waiting for {}", waiting::words(limit)),
                    _ => String::new(),
                };
                vec![Problem::new(&url, format!("cannot be read: {obstacle}{waited}"), obstacle.remedy())]
            }
        };
        if problems.is_empty() {
            report.did(format!("{url} is as it should be"));
        }
        problems.into_iter().for_each(|problem| report.problem(problem));
    }
    answers
}

fn all(config: &Config) -> Vec<Document> {
    let parsed = |response: http::Response<String>| serde_json::from_str(response.body()).unwrap_or_default();
    let document = |path: &str, response| Document { path: path.to_owned(), expected: parsed(response) };
    let mut documents = vec![
        document(Route::Jwks.path(), metadata::jwks(config)),
        document(Route::AuthorizationServerMetadata.path(), metadata::authorization_server(config)),
    ];
    for resource in &config.resources {
        let path = format!("{}{}", Route::ProtectedResourceMetadata.path(), resource.path);
        documents.extend(metadata::protected_resource(&path, config).map(|response| document(&path, response)));
    }
    documents
}

/// Asks for each, or until nobody answers.
async fn ask_all(documents: &[Document], target: &Target, fetch: &Fetch) -> Vec<Result<Found, Obstacle>> {
    let mut all = Vec::new();
    for document in documents {
        let found = ask(&document.path, target, fetch).await;
        let is_silence = matches!(&found, Err(obstacle) if obstacle.is_silence());
        all.push(found);
        if is_silence {
            break;
        }
    }
    all
}

async fn ask(path: &str, target: &Target, fetch: &Fetch) -> Result<Found, Obstacle> {
    let request = target.request(Method::GET, path);
    let request = request.header(header::USER_AGENT, USER_AGENT).header(header::ACCEPT, "application/json");
    let answer = obstacle::ask(fetch, request, String::new(), &target.url(path)).await?;
    if answer.status != StatusCode::OK {
        return Err(Obstacle::of_answer(&answer));
    }
    let has_hsts =
        answer.headers.typed_get::<StrictTransportSecurity>().is_some_and(|hsts| hsts.max_age() > Duration::ZERO);
    match answer.json() {
        Ok(document) => Ok(Found { document, has_hsts }),
        Err(error) => Err(Obstacle::Other(format!("200, and {error:#}"))),
    }
}

/// What is still to come, if anything: an edge that has just been deployed, or its settings.
fn pending(documents: &[Document], found: &[Result<Found, Obstacle>], config: &Config) -> Option<String> {
    found.iter().zip(documents).find_map(|(found, document)| match found {
        Ok(found) if found.document != document.expected => {
            Some(format!("the edge still answers as its older settings say ({})", document.path))
        }
        // An older version of the edge may have the same settings.
        Ok(found) => {
            found.lacks_hsts(config).then(|| "the edge still answers without Strict-Transport-Security".into())
        }
        Err(obstacle) => obstacle.may_pass().then(|| obstacle.to_string()),
    })
}

fn differences(url: &str, document: &Document, found: &Found, config: &Config) -> Vec<Problem> {
    let Document { expected, .. } = document;
    let lacks_hsts = found.lacks_hsts(config);
    let found = &found.document;
    let names = |document: &Value| document.as_object().map(|members| members.keys().cloned().collect::<Vec<_>>());
    let mut members = [names(expected), names(found)].into_iter().flatten().flatten().collect::<Vec<_>>();
    members.sort();
    members.dedup();
    let differing = members.into_iter().filter(|member| found.get(member) != expected.get(member));
    let mut problems: Vec<_> = differing
        .map(|member| match member.as_str() {
            "keys" => format!(
                "has the keys {}, and should have {}, in this order",
                key_ids(&found["keys"]),
                key_ids(&expected["keys"])
            ),
            _ => format!("says {member} is {}, and should say {}", found[&member], expected[&member]),
        })
        .map(|what| Problem::new(url, what, PUSH))
        .collect();
    if lacks_hsts {
        let what = "is answered without Strict-Transport-Security, so browsers may go on to use plain http";
        let remedy =
            "run `edgeward push`; if that does not help, a rule of the zone removes the header (Rules > Overview)";
        problems.push(Problem::new(url, what, remedy));
    }
    problems
}

fn key_ids(keys: &Value) -> String {
    let ids = keys.as_array().into_iter().flatten().map(|key| key["kid"].as_str().unwrap_or("?"));
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() { "(none)".to_owned() } else { ids.join(", ") }
}
