//! The public URL without TLS: the edge must not serve it.

use edgeward_core::Config;
use http::{Method, Request, StatusCode, header};
use url::Url;

use super::mcp;
use crate::{
    fetch::{Answer, Fetch, USER_AGENT},
    obstacle::summary,
    report::{Problem, Report},
};

/// Asks each resource over plain http, at `other` if that is given.
pub(super) async fn check(config: &Config, other: Option<&Url>, fetch: &Fetch, report: &mut Report) {
    let Some(host) = Url::parse(&config.issuer).ok().filter(|url| url.scheme() == "https") else { return };
    // The port of the public URL speaks TLS.
    let Some(host) = host.host_str() else { return };
    let base = other.map_or_else(|| format!("http://{host}"), |url| url.as_str().trim_end_matches('/').to_owned());
    for resource in &config.resources {
        let url = format!("{base}{}", resource.path);
        let request = Request::builder().method(Method::POST).uri(&url).header(header::USER_AGENT, USER_AGENT);
        let (request, body) = mcp::initialize(request);
        // Nothing is served where nothing answers, as before the first deployment.
        let Ok(answer) = fetch.send(request, body).await else { continue };
        match fault(&answer, host, &url) {
            Some(what) => report.problem(Problem::new(url, what, REMEDY)),
            None => report.did(format!("{url} is not served: status {}", summary(&answer))),
        }
    }
}

/// What is wrong with an answer to a request over plain http.
fn fault(answer: &Answer, host: &str, asked: &str) -> Option<String> {
    let is_served = answer.status.is_success()
        || answer.status == StatusCode::UNAUTHORIZED
        || answer.headers.contains_key(header::WWW_AUTHENTICATE);
    if is_served {
        return Some(format!(
            "is served without TLS (status {}): anybody on the way reads the tokens that clients send there",
            summary(answer)
        ));
    }
    let location = answer.header(header::LOCATION).filter(|_| answer.status.is_redirection())?;
    let target = Url::parse(asked).and_then(|asked| asked.join(location)).ok();
    match target {
        Some(url) if url.scheme() == "https" && url.host_str() == Some(host) => None,
        _ => Some(format!("redirects to {location}, and not to https at {host}")),
    }
}

const REMEDY: &str = "run `edgeward push`: an edge of this version refuses plain http. SSL/TLS > Edge Certificates > \"Always Use \
                      HTTPS\" in Cloudflare's zone redirects it before the edge";
