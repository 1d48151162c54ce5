//! One file an endpoint: open what came, decide, seal what must travel, answer.

pub mod authorize;
pub mod callback;
pub mod logout;
pub mod metadata;
pub mod register;
pub mod remembered;
pub mod revoke;
pub mod token;
mod token_error;

use std::{fmt::Display, rc::Rc};

use http::{Response, StatusCode};

use crate::{
    audit::pseudonym,
    authorization::RedirectableRequest,
    client::ClientMemory,
    config::Config,
    message::{request::Request, response::redirect},
    oauth::RedirectTarget,
    page,
    platform::{Event, Level, Record},
    refreshes::Refreshes,
    sealed::Transaction,
    upstream::{UpstreamError, UpstreamMemory},
};

/// What an instance remembers between requests, for its endpoints.
#[derive(Default)]
pub(crate) struct Memories {
    pub(crate) upstream: UpstreamMemory,
    pub(crate) clients: Rc<ClientMemory>,
    pub(crate) refreshes: Rc<Refreshes>,
}

/// An answer, and what the log is told about it.
pub struct Answer {
    /// The answer.
    pub response: Response<String>,
    /// The log line.
    pub record: Record,
    /// One about what caused it, if that is not the request.
    pub cause: Option<Record>,
}

impl Answer {
    fn new(response: Response<String>, level: Level, event: Event) -> Self {
        let mut record = Record::new(level, event);
        record.status = Some(response.status().as_u16());
        Self { response, record, cause: None }
    }

    fn because(mut self, reason: &dyn Display) -> Self {
        self.record = self.record.because(reason);
        self
    }

    fn about(mut self, client: &crate::oauth::ClientDigest, grant: Option<&str>) -> Self {
        self.record.client = Some(client.pseudonym());
        self.record.grant = grant.map(str::to_owned);
        self
    }

    fn of(mut self, subject: &str) -> Self {
        self.record.subject = Some(pseudonym(subject));
        self
    }
}

/// The record of a failure of Cognito's, beside the record of the request.
pub(crate) fn upstream_failure(error: &UpstreamError) -> Option<Record> {
    let level = match error {
        UpstreamError::InvalidGrant(_) | UpstreamError::UserRefused(_) => return None,
        UpstreamError::Unavailable { .. } => Level::Warn,
        UpstreamError::InvalidClient
        | UpstreamError::Rejected(_)
        | UpstreamError::LambdaFailed(_)
        | UpstreamError::Unusable(_)
        | UpstreamError::Unverified(_) => Level::Alert,
    };
    Some(Record::new(level, Event::UpstreamFailed).because(error))
}

/// Where the browser goes back to the client, with the `state` that the client has sent.
#[derive(Clone, Copy)]
pub(crate) struct ClientReturn<'a> {
    target: &'a RedirectTarget,
    state: Option<&'a str>,
}

impl<'a> From<&'a Transaction> for ClientReturn<'a> {
    fn from(transaction: &'a Transaction) -> Self {
        Self { target: &transaction.redirect_target, state: transaction.client_state.as_deref() }
    }
}

impl<'a> From<&'a RedirectableRequest> for ClientReturn<'a> {
    fn from(request: &'a RedirectableRequest) -> Self {
        Self { target: &request.redirect_target, state: request.client_state.as_deref() }
    }
}

/// Sends the browser to the client: at once, but to an application only when the user says so, for what opens then is
/// nothing that the browser shows.
fn redirect_to_client<'a>(
    status: StatusCode,
    target: &RedirectTarget,
    parameters: impl IntoIterator<Item = (&'a str, &'a str)>,
    config: &Config,
) -> Response<String> {
    redirect_to_client_uri(status, target, &target.with(parameters), config)
}

/// As [`redirect_to_client`], to a URI of the client's that has its parameters.
fn redirect_to_client_uri(status: StatusCode, target: &RedirectTarget, uri: &str, config: &Config) -> Response<String> {
    if target.is_private_use() {
        page::open_application(target, uri, &config.pages.brand)
    } else {
        redirect(status, uri)
    }
}

/// Where Cognito sends the browser back to.
fn callback_uri(issuer: &str) -> String {
    format!("{issuer}{}", crate::route::Route::Callback.path())
}

/// A cookie's name: a prefix, and the id of the transaction it belongs to. One cookie a transaction, so that several
/// tabs do not disturb one another.
fn cookie_name(prefix: &str, transaction_id: &str) -> String {
    format!("{prefix}{transaction_id}")
}

/// At most this many transactions at once in one browser.
const MAX_PENDING: usize = 5;

/// The names of the cookies to drop so that one more keeps within [`MAX_PENDING`]. Browsers send older cookies first
/// (RFC 6265 §5.4), so the first found are the oldest.
fn surplus_cookies(request: &Request, prefix: &str, new: &str) -> Vec<String> {
    let Some(cookies) = request.cookies() else { return Vec::new() };
    let names = cookies.iter().map(|(name, _)| name);
    let others: Vec<String> =
        names.filter(|name| name.starts_with(prefix) && *name != new).map(str::to_owned).collect();
    let surplus = (others.len() + 1).saturating_sub(MAX_PENDING);
    others.into_iter().take(surplus).collect()
}
