//! Answers in a few words, as the cases name them.

use anyhow::Result;
use edgeward_tests::browser::Page;
use http::HeaderMap;
use reqwest::{Response, Url};
use serde_json::Value;

/// Where attackers want users and answers to go. Nobody is there.
pub(super) const ATTACKER: &str = "attacker.example";

/// Reads an answer to its end and tells what it is.
pub(super) async fn seen(answer: Response) -> Result<String> {
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Ok(told(status, &headers, &answer.text().await?))
}

/// As [`seen`], of what a browser was answered.
pub(super) fn seen_page(page: &Page) -> String {
    told(page.status.as_u16(), &page.headers, &page.body)
}

/// Tells what an answer is: status, and where it leads, its error, or whose request it served.
///
/// # Panics
/// When it holds what no answer may.
pub(super) fn told(status: u16, headers: &HeaderMap, body: &str) -> String {
    assert!(!headers.contains_key("x-injected"), "a header field of the attacker's");
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if headers.contains_key("location") {
        return format!("{status} {}", destination(header("location")));
    }
    if header("content-type").starts_with("text/html") {
        assert!(!body.contains("<script") && !body.contains("<img src=x"), "markup of the attacker's");
        let is_consent = body.contains(r#"name="decision""#);
        return format!("{status} {}", if is_consent { "consent page" } else { "page" });
    }
    if let Some(error) = error_in(body) {
        assert!(!body.contains("access_token\""), "a token in a refusal");
        return format!("{status} {error}");
    }
    if body.contains("demo@example.com") { format!("{status} as the demo user") } else { status.to_string() }
}

/// The member `error` of the JSON in a body, which may have been sent in chunks.
fn error_in(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body.get(body.find('{')?..=body.rfind('}')?)?).ok()?;
    json["error"].as_str().map(str::to_owned)
}

/// Where a redirect leads, and what it brings along.
fn destination(location: &str) -> String {
    let Ok(url) = Url::parse(location) else { return format!("to {location:?}") };
    let parameter = |name: &str| url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let brings = match (parameter("code"), parameter("error")) {
        (Some(_), None) => "with a code".to_owned(),
        (None, Some(error)) => format!("with {error}"),
        (None, None) => "with nothing".to_owned(),
        (Some(_), Some(_)) => "with a code and an error".to_owned(),
    };
    match (url.host_str(), url.path()) {
        (Some(ATTACKER), _) => format!("to the attacker {brings}"),
        (_, "/oauth2/authorize") => "to Cognito".to_owned(),
        (_, "/logout") => "to Cognito, signed out".to_owned(),
        (Some("127.0.0.1"), "/callback") | (Some("client.example"), "/cb") => format!("to the client {brings}"),
        _ => format!("to {}", url.host_str().unwrap_or(url.scheme())),
    }
}
