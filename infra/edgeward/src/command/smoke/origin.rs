//! Each MCP server as the edge reaches it: it must accept requests with the edge's identity assertion, and refuse all others.
//! One that does not can be called by everybody who knows its address.

mod stream;

use std::time::Duration;

use anyhow::{Context as _, Result};
use edgeward_core::{Config, config::ProtectedResource};
use edgeward_identity::{Identity, Kind as CallerKind, assertion, names::IDENTITY_HEADER};
use http::{Method, Request, StatusCode, header, request};
use url::Url;

use super::super::mcp;
use crate::{
    date,
    fetch::{Answer, Fetch, USER_AGENT, is_loopback},
    generate,
    jwks::{Kind, PrivateJwks},
    obstacle::{self, Obstacle, summary},
    report::{Problem, Report},
};

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// A stranger, with nothing.
    None,
    /// A stranger's assertion, with the server's credentials if it demands any.
    Forged,
    /// The edge itself.
    Edge,
}

/// What was found of a server.
enum Found {
    Good(String),
    /// It works, and somebody should know.
    Note(Problem),
}

pub(in crate::command) use self::stream::LONGEST_SILENCE;

/// Asks each MCP server with and without an identity assertion; with `silence`, also how long its stream is silent.
pub(in crate::command) async fn check(
    config: &Config,
    keys: &PrivateJwks,
    silence: Option<Duration>,
    fetch: &Fetch,
    report: &mut Report,
) {
    for resource in &config.resources {
        if let Some(problem) = over_plain_http(&resource.origin.url) {
            report.problem(problem);
        }
        let server = Server { resource, config, keys, fetch };
        let looked = server.look().await;
        let is_usable = looked.is_ok();
        tell(looked, report);
        if let Some(silence) = silence.filter(|_| is_usable) {
            tell(server.stream(silence).await, report);
        }
    }
}

fn tell(found: Result<Found, Problem>, report: &mut Report) {
    match found {
        Ok(Found::Good(line)) => report.did(line),
        Ok(Found::Note(note)) => report.note(note),
        Err(problem) => report.problem(problem),
    }
}

/// One MCP server.
struct Server<'a> {
    resource: &'a ProtectedResource,
    config: &'a Config,
    keys: &'a PrivateJwks,
    fetch: &'a Fetch,
}

impl Server<'_> {
    async fn look(&self) -> Result<Found, Problem> {
        let url = &self.resource.origin.url;
        let alone = self.ask(Proof::None).await?;
        if !is_refusal(&alone) {
            return Err(self.believes_anybody(&alone, "without an identity assertion"));
        }
        let forged = self.ask(Proof::Forged).await?;
        let verifies = is_refusal(&forged);
        if !verifies && self.resource.origin.credentials.is_empty() {
            return Err(self.believes_anybody(&forged, "with an identity assertion that a stranger has signed"));
        }
        let own = self.ask(Proof::Edge).await?;
        if is_refusal(&own) {
            return Err(self.refuses_the_edge(&own));
        }
        if verifies {
            let line =
                "accepts an identity assertion of the edge's, and refuses requests without one or with a stranger's";
            return Ok(Found::Good(format!("{url} {line}")));
        }
        let what = "verifies no identity: it demands the credential that the edge sends, and does not know who calls";
        Ok(Found::Note(Problem::new(url, what, VERIFY)))
    }

    fn believes_anybody(&self, answer: &Answer, whose: &str) -> Problem {
        let what = format!(
            "answers a request {whose} with status {}: everybody who knows this address can go around the edge, and call every tool",
            summary(answer)
        );
        Problem::new(&self.resource.origin.url, what, format!("{VERIFY}, or let nobody but the edge reach it"))
    }

    fn refuses_the_edge(&self, answer: &Answer) -> Problem {
        let url = &self.resource.origin.url;
        let what = format!("refuses the edge's own identity assertion: status {}", summary(answer));
        let issuer = &self.config.issuer;
        let to_do = format!(
            "give the server the issuer {issuer} and the audience {}, and let it fetch the keys at {issuer}/.well-known/jwks.json. If it \
             demands a credential of its own: `edgeward secret set origin-credentials`",
            self.resource.origin.audience
        );
        Problem::new(url, what, to_do)
    }

    /// A request to it, as somebody with this proof sends it.
    fn request(&self, method: Method, proof: Proof) -> Result<request::Builder, Problem> {
        let url = &self.resource.origin.url;
        let request = Request::builder().method(method).uri(url).header(header::USER_AGENT, USER_AGENT);
        if proof == Proof::None {
            return Ok(request);
        }
        let failed = |error: anyhow::Error| Problem::new(url, format!("was not asked: {error:#}"), "run this again");
        let request = request.header(IDENTITY_HEADER, self.signed(proof).map_err(failed)?);
        let credentials = self.resource.origin.credentials.iter();
        Ok(credentials.fold(request, |request, (name, value)| request.header(name, value)))
    }

    /// The answer, if the server itself gives one that says something about identities.
    async fn ask(&self, proof: Proof) -> Result<Answer, Problem> {
        let url = &self.resource.origin.url;
        let request = Request::builder().method(Method::POST).uri(url).header(header::USER_AGENT, USER_AGENT);
        let (mut request, body) = mcp::initialize(request);
        if proof != Proof::None {
            let failed =
                |error: anyhow::Error| Problem::new(url, format!("was not asked: {error:#}"), "run this again");
            request = request.header(IDENTITY_HEADER, self.signed(proof).map_err(failed)?);
            for (name, value) in self.resource.origin.credentials.iter() {
                request = request.header(name, value);
            }
        }
        let answer = obstacle::ask(self.fetch, request, body, url).await.map_err(|obstacle| {
            let what = match obstacle {
                Obstacle::Tls(error) => format!("has no good certificate: {error}"),
                obstacle => format!("does not answer: {obstacle}"),
            };
            let to_do =
                "is the server running, and reachable from the internet? The edge reaches it from Cloudflare's network";
            Problem::new(url, what, to_do)
        })?;
        if answer.status.is_redirection() {
            let to = answer.header(header::LOCATION).unwrap_or("nowhere");
            let what = format!("redirects to {to}: the edge does not follow, and clients would go around it");
            return Err(Problem::new(
                url,
                what,
                "set origin-url, or the resource's origin_path, to where the server answers",
            ));
        }
        if answer.status.is_server_error() || answer.status == StatusCode::NOT_FOUND {
            let what = format!("answers with status {}", summary(&answer));
            return Err(Problem::new(
                url,
                what,
                "is this the URL of the MCP endpoint? The server's log says what is wrong",
            ));
        }
        Ok(answer)
    }

    /// An assertion for nobody in particular, without scopes.
    fn signed(&self, proof: Proof) -> Result<String> {
        let now = date::now();
        let nobody = || "edgeward-check".to_owned();
        let identity = Identity {
            issuer: self.config.issuer.clone(),
            audience: self.resource.origin.audience.clone(),
            subject: nobody(),
            kind: CallerKind::User,
            client_id: nobody(),
            scopes: Vec::new(),
            username: None,
            email: None,
            unverified_email: None,
            groups: Vec::new(),
            auth_time: None,
            grant_id: nobody(),
        };
        let signing = self.keys.of_kind(Kind::Signing).next().context("there is no key that signs")?;
        let key = match proof {
            Proof::Edge | Proof::None => signing.signing_key(None)?,
            Proof::Forged => generate::one(Kind::Signing, now)?.signing_key(Some(signing.key_id()))?,
        };
        Ok(assertion::mint(&identity, &key, now, assertion::MAX_LIFETIME)?)
    }
}

fn is_refusal(answer: &Answer) -> bool {
    [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&answer.status)
}

const VERIFY: &str = "have the server verify the header x-edgeward-identity (docs/identity-assertion.md says how)";

/// The identity of every user goes along: nobody on the way may read and repeat it.
fn over_plain_http(url: &str) -> Option<Problem> {
    let is_plain = Url::parse(url).is_ok_and(|url| url.scheme() == "http");
    let what = "is reached over plain http: anybody on the way can read the calls, and repeat an identity for a minute";
    (is_plain && !is_loopback(url))
        .then(|| Problem::new(url, what, "give the server a certificate, and set origin-url to https"))
}
