//! The beginning of a sign-in: a client registers, and its user sees the consent page.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_core::{
    Config,
    config::{ProtectedResource, Registration},
    oauth::CodeVerifier,
    route::Route,
};
use http::{Method, StatusCode, header, request};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::{
    fetch::{Answer, Fetch, USER_AGENT},
    obstacle::{self, Obstacle},
    report::{Problem, Report},
    target::Target,
};

const REDIRECT_URI: &str = "http://127.0.0.1/callback";

pub(super) async fn check(target: &Target, config: &Config, fetch: &Fetch, report: &mut Report) {
    if !matches!(config.registration, Registration::Open) {
        report.did("the consent page was not looked at: clients may not register themselves here");
        return;
    }
    let client_id = match register(target, fetch).await {
        Ok(client_id) => client_id,
        Err(problem) => return report.problem(problem),
    };
    report.did(format!("{} registers a client", target.url(Route::Register.path())));
    for resource in &config.resources {
        match consent_page(target, &client_id, resource, fetch).await {
            Ok(()) => report.did(format!(
                "{} shows the consent page for {}",
                target.url(Route::Authorize.path()),
                resource.path
            )),
            Err(problem) => report.problem(problem),
        }
    }
}

/// Registers a client that nobody will use: the edge keeps nothing of it.
async fn register(target: &Target, fetch: &Fetch) -> Result<String, Problem> {
    let path = Route::Register.path();
    let metadata = json!({
        "client_name": "edgeward up",
        "redirect_uris": [REDIRECT_URI],
        "token_endpoint_auth_method": "none",
    });
    let request = target.request(Method::POST, path).header(header::USER_AGENT, USER_AGENT);
    let request = request.header(header::CONTENT_TYPE, "application/json");
    let answer = sent(request, metadata.to_string(), &target.url(path), fetch).await?;
    let client_id = answer.json().ok().and_then(|document| document["client_id"].as_str().map(str::to_owned));
    match client_id.filter(|_| answer.status == StatusCode::CREATED) {
        Some(client_id) => Ok(client_id),
        None => Err(unexpected(&answer, &target.url(path), "does not register a client", "a 201 with a client_id")),
    }
}

async fn consent_page(
    target: &Target,
    client_id: &str,
    resource: &ProtectedResource,
    fetch: &Fetch,
) -> Result<(), Problem> {
    let path = Route::Authorize.path();
    let mut random = [0; 32];
    let failed = |_| Problem::new("this machine", "gives no random bytes", "run this again");
    getrandom::fill(&mut random).map_err(failed)?;
    let challenge = CodeVerifier::from_random(&random).challenge();
    getrandom::fill(&mut random).map_err(failed)?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("response_type", "code")
        .append_pair("client_id", client_id)
        .append_pair("redirect_uri", REDIRECT_URI)
        .append_pair("code_challenge", challenge.as_str())
        .append_pair("code_challenge_method", "S256")
        .append_pair("resource", resource.indicator.as_str())
        .append_pair("state", &Base64UrlUnpadded::encode_string(&random[..16]))
        .finish();
    let request = target.request(Method::GET, &format!("{path}?{query}")).header(header::USER_AGENT, USER_AGENT);
    let request = request.header(header::ACCEPT, "text/html");
    let url = target.url(path);
    let answer = sent(request, String::new(), &url, fetch).await?;
    let is_page = answer.header(header::CONTENT_TYPE).is_some_and(|value| value.starts_with("text/html"));
    if answer.status == StatusCode::OK && is_page && answer.text().contains("<form") {
        return Ok(());
    }
    let what = format!("does not show the consent page for {}", resource.path);
    Err(unexpected(&answer, &url, &what, "a 200 with a form"))
}

async fn sent(request: request::Builder, body: String, url: &str, fetch: &Fetch) -> Result<Answer, Problem> {
    let answer = obstacle::ask(fetch, request, body, url).await;
    answer.map_err(|obstacle| Problem::new(url, format!("has no answer: {obstacle}"), obstacle.remedy()))
}

fn unexpected(answer: &Answer, url: &str, what: &str, should: &str) -> Problem {
    let said = answer.json().unwrap_or(Value::Null);
    let said = ["error_description", "error"].iter().find_map(|member| said[member].as_str()).unwrap_or("no reason");
    let obstacle = Obstacle::of_answer(answer);
    Problem::new(url, format!("{what}: {obstacle}, {said}, and should answer {should}"), obstacle.remedy())
}
