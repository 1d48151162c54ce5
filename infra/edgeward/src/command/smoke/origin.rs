//! Each MCP server as the edge reaches it: it must accept requests with the edge's identity assertion, and refuse all others.
//! One that does not can be called by everybody who knows its address.

use anyhow::{Context as _, Result};
use edgeward_core::{Config, config::ProtectedResource};
use edgeward_identity::{Identity, Kind as CallerKind, assertion, names::IDENTITY_HEADER};
use http::{Method, Request, StatusCode, header};
use url::Url;

use super::super::mcp;
use crate::{
    date,
    fetch::{Answer, Fetch, USER_AGENT},
    generate,
    jwks::{Kind, PrivateJwks},
    obstacle::{Obstacle, summary},
    report::{Problem, Report},
};

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    None,
    /// An assertion that a stranger has signed.
    Forged,
    /// One that the edge could have signed.
    Edge,
}

/// Asks each MCP server with and without an identity assertion.
pub(in crate::command) async fn check(config: &Config, keys: &PrivateJwks, fetch: &Fetch, report: &mut Report) {
    for resource in &config.resources {
        let url = resource.origin.url.clone();
        if let Some(problem) = over_plain_http(&url) {
            report.problem(problem);
        }
        match look(&url, resource, config, keys, fetch).await {
            Ok(lines) => lines.into_iter().for_each(|line| report.did(line)),
            Err(problem) => report.problem(problem),
        }
    }
}

async fn look(
    url: &str,
    resource: &ProtectedResource,
    config: &Config,
    keys: &PrivateJwks,
    fetch: &Fetch,
) -> Result<Vec<String>, Problem> {
    for proof in [Proof::None, Proof::Forged] {
        let answer = ask(url, proof, resource, config, keys, fetch).await?;
        if answer.status == StatusCode::UNAUTHORIZED || answer.status == StatusCode::FORBIDDEN {
            continue;
        }
        let whose = match proof {
            Proof::None => "without an identity assertion",
            _ => "with an identity assertion that a stranger has signed",
        };
        if answer.status.is_server_error() || answer.status == StatusCode::NOT_FOUND {
            return Err(broken(&answer, url));
        }
        let what = format!(
            "answers a request {whose} with status {}: everybody who knows this address can go around the edge, and call every tool",
            summary(&answer)
        );
        let to_do = format!(
            "have the server verify the header {IDENTITY_HEADER} (docs/identity-assertion.md says how), or let nobody but the edge reach it"
        );
        return Err(Problem::new(url, what, to_do));
    }
    let answer = ask(url, Proof::Edge, resource, config, keys, fetch).await?;
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let what = format!("refuses the edge's own identity assertion: status {}", summary(&answer));
            let to_do = format!(
                "give the server the issuer {} and the audience {}, and let it fetch the keys at {}/.well-known/jwks.json",
                config.issuer, resource.origin.audience, config.issuer
            );
            Err(Problem::new(url, what, to_do))
        }
        status if status.is_server_error() || status == StatusCode::NOT_FOUND => Err(broken(&answer, url)),
        _ => Ok(vec![format!(
            "{url} accepts an identity assertion of the edge's, and refuses requests without one or with a stranger's"
        )]),
    }
}

fn broken(answer: &Answer, url: &str) -> Problem {
    let what = format!("answers with status {}", summary(answer));
    Problem::new(url, what, "is this the URL of the MCP endpoint? The server's log says what is wrong")
}

async fn ask(
    url: &str,
    proof: Proof,
    resource: &ProtectedResource,
    config: &Config,
    keys: &PrivateJwks,
    fetch: &Fetch,
) -> Result<Answer, Problem> {
    let request = Request::builder().method(Method::POST).uri(url).header(header::USER_AGENT, USER_AGENT);
    let (mut request, body) = mcp::initialize(request);
    if proof != Proof::None {
        let failed = |error: anyhow::Error| Problem::new(url, format!("was not asked: {error:#}"), "run this again");
        request = request.header(IDENTITY_HEADER, signed(proof, resource, config, keys).map_err(failed)?);
    }
    match fetch.send(request, body).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            let to_do =
                "is the server running, and reachable from the internet? The edge reaches it from Cloudflare's network";
            let what = match Obstacle::of_error(&error, url).await {
                Obstacle::Tls(error) => format!("has no good certificate: {error}"),
                obstacle => format!("does not answer: {obstacle}"),
            };
            Err(Problem::new(url, what, to_do))
        }
    }
}

/// An assertion for nobody in particular, without scopes.
fn signed(proof: Proof, resource: &ProtectedResource, config: &Config, keys: &PrivateJwks) -> Result<String> {
    let now = date::now();
    let identity = Identity {
        issuer: config.issuer.clone(),
        audience: resource.origin.audience.clone(),
        subject: "edgeward-check".to_owned(),
        kind: CallerKind::User,
        client_id: "edgeward-check".to_owned(),
        scopes: Vec::new(),
        username: None,
        email: None,
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: "edgeward-check".to_owned(),
    };
    let signing = keys.of_kind(Kind::Signing).next().context("there is no key that signs")?;
    let key = match proof {
        Proof::Edge | Proof::None => signing.signing_key(None)?,
        Proof::Forged => generate::one(Kind::Signing, now)?.signing_key(Some(signing.key_id()))?,
    };
    Ok(assertion::mint(&identity, &key, now, assertion::MAX_LIFETIME)?)
}

/// The identity of every user goes along: nobody on the way may read and repeat it.
fn over_plain_http(url: &str) -> Option<Problem> {
    let parsed = Url::parse(url).ok().filter(|parsed| parsed.scheme() == "http")?;
    let is_here = match parsed.host()? {
        url::Host::Domain(name) => name == "localhost",
        url::Host::Ipv4(address) => address.is_loopback(),
        url::Host::Ipv6(address) => address.is_loopback(),
    };
    let what = "is reached over plain http: anybody on the way can read the calls, and repeat an identity for a minute";
    (!is_here).then(|| Problem::new(url, what, "give the server a certificate, and set origin-url to https"))
}
