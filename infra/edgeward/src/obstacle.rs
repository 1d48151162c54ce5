//! Why the edge does not answer at its URL, and what to do about it.

use std::{error::Error as StdError, fmt, io};

use http::{StatusCode, request};
use url::Url;

use crate::fetch::{Answer, Fetch};

/// What stands between us and the edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The resolver of this machine does not know the host.
    Name(String),
    /// There is no TLS connection, for instance because no certificate is for this host yet.
    Tls(String),
    /// There is no connection, or no answer.
    Silence(String),
    /// Cloudflare answers itself: the host does not lead to a Worker yet.
    NoWorker(String),
    /// The edge answers that it fails, as it does without its settings.
    Failing(String),
    /// Something before the edge stops our request.
    Stopped(String),
    /// Something else answers, or the edge answers something else.
    Other(String),
}

/// Sends a request to `url`: the answer, or what stands between.
pub(crate) async fn ask(fetch: &Fetch, request: request::Builder, body: String, url: &str) -> Result<Answer, Obstacle> {
    match fetch.send(request, body).await {
        Ok(answer) => Ok(answer),
        Err(error) => Err(Obstacle::of_error(&error, url).await),
    }
}

impl Obstacle {
    /// Why a request to `url` has no answer.
    async fn of_error(error: &anyhow::Error, url: &str) -> Self {
        if let Some(tls) = error.chain().find_map(tls_error) {
            return Self::Tls(tls.to_string());
        }
        let parsed = Url::parse(url).ok();
        let address = parsed.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
        if let Some((host, port)) = address
            && tokio::net::lookup_host((host.trim_matches(['[', ']']), port)).await.is_err()
        {
            return Self::Name(host.to_owned());
        }
        Self::Silence(format!("{error:#}"))
    }

    /// Why an answer is not the one that was asked for.
    pub(crate) fn of_answer(answer: &Answer) -> Self {
        let summary = summary(answer);
        match answer.status.as_u16() {
            _ if is_stopped(answer) => Self::Stopped(summary),
            520..=530 => Self::NoWorker(summary),
            500 => Self::Failing(summary),
            _ => Self::Other(summary),
        }
    }

    /// Whether nothing answers at all, so that no other request would be answered either.
    pub(crate) const fn is_silence(&self) -> bool {
        matches!(self, Self::Name(_) | Self::Tls(_) | Self::Silence(_))
    }

    /// Whether time may take it away.
    pub(crate) const fn may_pass(&self) -> bool {
        !matches!(self, Self::Stopped(_))
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::Name(host) => format!(
                "if the edge was deployed just now, the resolver may keep an earlier \"no such name\" for 30 minutes, \
                 Cloudflare's default: compare `dig {host} @1.1.1.1`, and run `edgeward drift --wait 600` later. If no \
                 resolver knows the name, make it a custom domain of the Worker: {DOMAINS}"
            ),
            Self::Tls(_) => {
                "Cloudflare makes a certificate within minutes: look at SSL/TLS > Edge Certificates in the zone, \
                 and run `edgeward drift --wait 600` again"
                    .to_owned()
            }
            Self::Silence(_) => {
                "is the edge deployed? Run `edgeward push`, and compare public-url with the Worker's domain".to_owned()
            }
            Self::NoWorker(_) => format!("see whether the host is a custom domain of the Worker: {DOMAINS}"),
            Self::Failing(_) => {
                "the edge's log says what is wrong; run `edgeward push` if it lacks settings".to_owned()
            }
            Self::Stopped(_) => format!("{EVENTS} names the rule that stops this request"),
            Self::Other(_) => "is the edge deployed? If it is, its log says what is wrong".to_owned(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(host) => write!(f, "the name {host} cannot be resolved"),
            Self::Tls(error) => {
                write!(f, "the TLS handshake fails, which is usual until the host has a certificate: {error}")
            }
            Self::Silence(error) => f.write_str(error),
            Self::NoWorker(summary) => write!(f, "Cloudflare has no Worker at this name: status {summary}"),
            Self::Failing(summary) => {
                write!(f, "the edge fails, as it does when settings are missing or wrong: status {summary}")
            }
            Self::Stopped(summary) => write!(f, "the request is stopped before the edge: status {summary}"),
            Self::Other(what) => write!(f, "status {what}"),
        }
    }
}

/// The status, and what else tells who has answered.
pub(crate) fn summary(answer: &Answer) -> String {
    let field = |name: &str| answer.header(name).map(|value| format!("{name}: {value}"));
    let code = error_code(answer).map(|code| format!("Cloudflare's error {code}"));
    let details: Vec<_> = [field("server"), field("cf-mitigated"), code].into_iter().flatten().collect();
    match details.is_empty() {
        true => answer.status.as_u16().to_string(),
        false => format!("{} ({})", answer.status.as_u16(), details.join(", ")),
    }
}

/// Whether a firewall, a bot rule or a challenge has answered. The edge itself has none of these answers for a request without
/// a token and without `Origin`.
pub(crate) fn is_stopped(answer: &Answer) -> bool {
    const STATUSES: [StatusCode; 3] =
        [StatusCode::PAYMENT_REQUIRED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
    answer.headers.contains_key("cf-mitigated") || STATUSES.contains(&answer.status)
}

/// The number of an error that Cloudflare explains in the body: as JSON, or as `error code: 1010`.
fn error_code(answer: &Answer) -> Option<u64> {
    if answer.status.is_success() {
        return None;
    }
    if let Ok(document) = answer.json() {
        return document["error_code"].as_u64();
    }
    let text = answer.text();
    let (_, rest) = text.split_once("error code: ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// rustls hands its errors to hyper inside I/O errors, whose `source` leaves them out.
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    match error.downcast_ref::<io::Error>() {
        Some(outer) => tls_error(outer.get_ref()?),
        None => error.downcast_ref(),
    }
}

const DOMAINS: &str = "Workers & Pages > the Worker > Settings > Domains & Routes";

/// Where Cloudflare's dashboard lists what a zone has stopped.
pub(crate) const EVENTS: &str = "Security > Analytics > Events in the zone";
