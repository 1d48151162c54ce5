//! The gate before the MCP server: who may pass, and what goes along.
//!
//! A plain synchronous function over the head of a request. A token that has passed once is remembered until it expires,
//! and the identity assertion made for it is used for [`ASSERTION_REUSE_SECONDS`].

mod admissions;

use std::{borrow::Cow, rc::Rc};

use edgeward_identity::{
    Identity, Kind, assertion,
    jws::Verified,
    limits::{BODY_TOO_LONG, BODY_TOO_LONG_CODE, MAX_BODY_BYTES},
};
use http::{Response, StatusCode, header};
use serde_json::json;

pub use self::admissions::Admissions;
use self::admissions::{Admission, bytes_for};
use crate::{
    access_token::{self, AccessTokenError},
    audit::pseudonym,
    config::{AllowedOrigins, Config, Machine, ProtectedResource},
    limit::{Limit, PERIOD_SECONDS},
    message::{
        authorization_header::{bearer_token, is_bearer_token, maybe_bearer_token},
        cors,
        operation::{self, Malformed, MessageHeaders},
        request::BodyError,
        response::{Caching, json, set},
        target::Target,
    },
    oauth::{
        ClientDigest, Scope,
        error_code::{MAX_QUOTED, quotable_uri},
    },
    platform::{Event, Level, Platform, Record, UnixTime},
    route::Route,
    upstream::{self, UpstreamError, UpstreamMemory},
};

/// An assertion is minted anew after this long; it lives [`assertion::MAX_LIFETIME`].
pub const ASSERTION_REUSE_SECONDS: u64 = 30;
/// The longest `Authorization` that is looked at: a token, or one of Cognito's, behind its scheme.
const MAX_AUTHORIZATION_BYTES: usize = upstream::MAX_MACHINE_TOKEN_BYTES + 16;

/// The header fields of a request, beside those whose names begin with `x-edgeward-`, that are not passed on: credentials for the
/// edge, what concerns only the connection to it (RFC 9110 §7.6.1), and what would make another request of it than was judged.
/// Neither is any that `Connection` names.
pub const DROPPED_HEADERS: [&str; 15] = [
    "authorization",
    "connection",
    "cookie",
    "http2-settings",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "upgrade",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// When to come back if Cognito's keys cannot be had.
const RETRY_AFTER_SECONDS: &str = "5";

/// What the gate looks at.
#[derive(Debug, Clone, Copy)]
pub struct RequestHead<'a> {
    /// The method.
    pub method: &'a str,
    /// Its URL.
    pub target: Target<'a>,
    /// `Authorization`.
    pub authorization: Option<&'a str>,
    /// `Origin`.
    pub origin_header: Option<&'a str>,
    /// `traceparent`.
    pub traceparent: Option<&'a str>,
    /// `Content-Length`: zero without a body, `None` for a body that announces none, which the origin counts.
    pub content_length: Option<u64>,
    /// Whether it has `Upgrade`.
    pub has_upgrade: bool,
}

impl RequestHead<'_> {
    /// Whether an adapter may take others for one like this, from method, URL and `Authorization` alone. The scheme must be spelled
    /// `Bearer`, with one blank after it: a token with many spellings would take as many places in a memory.
    pub(crate) fn may_repeat(&self) -> bool {
        let is_plain = |value: &str| value.strip_prefix("Bearer ").is_some_and(|token| !token.starts_with(' '));
        self.origin_header.is_none()
            && self.traceparent.is_none()
            && !self.has_upgrade
            && self.authorization.is_none_or(is_plain)
    }
}

/// The gate's decision.
#[derive(Debug)]
pub enum Gated {
    /// Pass it on.
    Forward(Forward),
    /// Answer it.
    Respond {
        /// The answer.
        response: Response<String>,
        /// The answer depends only on method and URL, so an adapter may repeat it for requests that have the same, and have no
        /// `Authorization`, `Origin`, `traceparent` and `Upgrade`. For each the adapter logs this record, with a trace of its own.
        /// `None` if the answer depends on more.
        repeats: Option<Box<Record>>,
    },
    /// Its head is not enough: look closer.
    Look(Look),
}

/// What else must be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// The token, which is not ours: see [`vouch`].
    Token,
    /// The header fields by which the policy judges.
    Headers,
    /// The body, of which no more than [`operation::MAX_BYTES`] and one more need be read.
    Body,
}

/// What has been looked at beside the head.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// Nothing.
    Nothing,
    /// These headers.
    Headers(MessageHeaders<'a>),
    /// These headers, and the body.
    Body(MessageHeaders<'a>, &'a [u8]),
    /// The body did not come as it must.
    NoBody(BodyError),
    /// The counter of [`Forward::counted`]: this request is one too many.
    TooMany,
}

/// How to pass a request on: its own method, headers and body, without [`DROPPED_HEADERS`] and every `x-edgeward-*`, but with the
/// identity. A body of no length is not passed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// Where to.
    pub url: String,
    /// The value of `x-edgeward-identity`.
    pub identity: Rc<str>,
    /// The origin of the page whose request this is: the answer is to carry [`cors::fields`] for it.
    pub page_origin: Option<String>,
    /// The value of `traceparent`, if it is another one than came; `tracestate` goes then.
    pub traceparent: Option<String>,
    /// From now until then, exclusively, whoever asks for the same is to be forwarded in the same way: with the same method,
    /// URL and `Authorization`, as now without `Origin`, `traceparent` and `Upgrade`, and with a `Content-Length` of no more than
    /// [`MAX_BODY_BYTES`]. `None` where more is looked at.
    pub repeats_until: Option<UnixTime>,
    /// Under which name the platform is to count this request, and each that repeats it, for [`Limit::Calls`]. If it is one too
    /// many, [`Edge::look`](crate::Edge::look) with [`Seen::TooMany`] has the answer. `None` if it is not counted.
    pub counted: Option<String>,
}

/// Decides about a request for `resource`. Gives a record when it refuses.
pub fn decide(
    head: &RequestHead<'_>,
    seen: Seen<'_>,
    resource: &ProtectedResource,
    config: &Config,
    admissions: &Admissions,
    now: UnixTime,
) -> (Gated, Option<Record>) {
    let outcome =
        check_origin(head, config).and_then(|()| check_framing(head)).and_then(|()| match head.origin_header {
            Some(origin) if head.method == "OPTIONS" => {
                Ok(Gated::Respond { response: cors::preflight(origin), repeats: None })
            }
            _ if matches!(seen, Seen::TooMany) => Err(GateError::TooManyRequests),
            _ => forward(head, seen, resource, config, admissions, now),
        });
    match outcome {
        Ok(gated) => (gated, None),
        Err(error) => {
            let asked = (head.target.path, head.origin_header);
            let (response, mut record) = refusal(&error, asked, resource, config);
            name_holder(&mut record, &error, head, config, admissions);
            let repeats = error == GateError::NoToken && head.may_repeat();
            let repeats = repeats.then(|| Box::new(record.clone()));
            (Gated::Respond { response, repeats }, Some(record))
        }
    }
}

/// Says who comes with a token that has our signature, and is refused.
fn name_holder(
    record: &mut Record,
    error: &GateError,
    head: &RequestHead<'_>,
    config: &Config,
    admissions: &Admissions,
) {
    let is_signed = match error {
        GateError::InsufficientScope(_) | GateError::WrongAudience | GateError::TooManyRequests => true,
        GateError::Token(error) => !matches!(error, AccessTokenError::Jws(_)),
        _ => false,
    };
    let token = head.authorization.filter(|_| is_signed).and_then(maybe_bearer_token);
    let Some(token) = token else { return };
    let mut name = |client_id: &str, grant_id: &str, subject: &str| {
        record.client = Some(ClientDigest::of(client_id).pseudonym());
        record.grant = Some(grant_id.to_owned());
        record.subject = Some(pseudonym(subject));
    };
    // Whether it has expired or not.
    let known =
        admissions.of(admissions.fingerprint(token), UnixTime::from_secs(0), |Admission { identity, .. }| {
            name(&identity.client_id, &identity.grant_id, &identity.subject);
        });
    if known.is_none()
        && let Ok(Verified { claims, .. }) = access_token::signed(token, &config.keys)
    {
        name(&claims.client_id, &claims.grant_id, &claims.subject);
    }
}

/// The answer to a refused request for `path`, which is the resource's, and what the log is told. Pages of allowed origins may
/// read the answer.
pub fn refusal(
    error: &GateError,
    (path, origin_header): (&str, Option<&str>),
    resource: &ProtectedResource,
    config: &Config,
) -> (Response<String>, Record) {
    let mut response = refuse(error, path, resource, config);
    if let Some(origin) = origin_header.filter(|_| !matches!(error, GateError::ForbiddenOrigin(_))) {
        cors::share(&mut response, origin);
    }
    let level = match error {
        GateError::Assertion => Level::Alert,
        GateError::Machine(UpstreamError::Unavailable { .. } | UpstreamError::Unverified(_))
        | GateError::TooManyRequests => Level::Warn,
        _ => Level::Info,
    };
    let mut record = match error {
        GateError::TooManyRequests => Record::new(level, Event::TooManyRequests).because(&Limit::Calls.as_str()),
        _ => Record::new(level, Event::GateRefused).because(error),
    };
    record.status = Some(response.status().as_u16());
    if let GateError::UnknownMachine(client_id) | GateError::ExpiredMachineToken(client_id) = error {
        record.client = Some(ClientDigest::of(client_id).pseudonym());
    }
    (response, record)
}

/// Whether pages of this origin may call the resources.
pub fn may_call(origin: &str, config: &Config) -> bool {
    match &config.allowed_origins {
        AllowedOrigins::All => true,
        AllowedOrigins::These(origins) => origin == config.issuer || origins.iter().any(|allowed| allowed == origin),
    }
}

/// DNS rebinding: a page of another site must not speak to us with what the browser adds.
fn check_origin(head: &RequestHead<'_>, config: &Config) -> Result<(), GateError> {
    match head.origin_header {
        Some(origin) if !may_call(origin, config) => Err(GateError::ForbiddenOrigin(quotable_uri(origin, MAX_QUOTED))),
        _ => Ok(()),
    }
}

/// Nothing of a body that is too long is passed on, and nothing that would be another protocol's behind the request.
fn check_framing(head: &RequestHead<'_>) -> Result<(), GateError> {
    if head.has_upgrade {
        return Err(GateError::Upgrade);
    }
    if head.content_length > Some(MAX_BODY_BYTES as u64) { Err(GateError::BodyTooLong) } else { Ok(()) }
}

fn forward(
    head: &RequestHead<'_>,
    seen: Seen<'_>,
    resource: &ProtectedResource,
    config: &Config,
    admissions: &Admissions,
    now: UnixTime,
) -> Result<Gated, GateError> {
    let value = head.authorization.ok_or(GateError::NoToken)?;
    let token = Some(value).filter(|value| value.len() <= MAX_AUTHORIZATION_BYTES).and_then(maybe_bearer_token);
    let token = token.ok_or(GateError::MalformedToken)?;
    let fingerprint = admissions.fingerprint(token);
    let pass = |admission: &mut Admission| pass(admission, head, seen, resource, config, now);
    let is_meant = |admission: &Admission| admission.resource == resource.indicator.as_str();
    let mut known = false;
    let passed = admissions.of(fingerprint, now, |admission| {
        known = true;
        is_meant(admission).then(|| pass(admission))
    });
    if let Some(outcome) = passed.flatten() {
        return outcome;
    }
    if !is_bearer_token(token) {
        return Err(GateError::MalformedToken);
    }
    // A machine's token names no resource, and may be good for this one, too.
    if !resource.machines.is_empty() && upstream::looks_like_cognitos(token) {
        return Ok(Gated::Look(Look::Token));
    }
    if known {
        return Err(GateError::WrongAudience);
    }
    let mut admission = open(token, config, now)?;
    let outcome = if is_meant(&admission) { pass(&mut admission) } else { Err(GateError::WrongAudience) };
    admissions.put(fingerprint, admission);
    outcome
}

/// Whether what a token allows is enough for the request.
fn pass(
    admission: &mut Admission,
    head: &RequestHead<'_>,
    seen: Seen<'_>,
    resource: &ProtectedResource,
    config: &Config,
    now: UnixTime,
) -> Result<Gated, GateError> {
    let needed = match needed(head, seen, resource)? {
        Ok(needed) => needed,
        Err(look) => return Ok(Gated::Look(look)),
    };
    if !allows(&admission.identity, &needed) {
        return Err(GateError::InsufficientScope(needed.into_owned()));
    }
    let (minted_at, identity) = assertion_of(admission, config, now)?;
    // Of one like it that has a body more must be looked at.
    let repeats = resource.policy.is_none() && head.may_repeat();
    let repeats_until = repeats.then(|| admission.expires_at.min(minted_at.plus(ASSERTION_REUSE_SECONDS)));
    let query = head.target.query.map_or(String::new(), |query| format!("?{query}"));
    let url = format!("{}{}{query}", config.origin_url, resource.origin_path);
    let page_origin = head.origin_header.map(str::to_owned);
    let is_counted = config.rate_limits.is_counted(Limit::Calls);
    // Counters may be shared with other edges.
    let counted = is_counted.then(|| [&config.issuer, " ", &admission.identity.grant_id].concat());
    Ok(Gated::Forward(Forward { url, identity, page_origin, traceparent: None, repeats_until, counted }))
}

/// The scopes that the request needs, all of them, or what must be looked at to tell.
fn needed<'a>(
    head: &RequestHead<'_>,
    seen: Seen<'_>,
    resource: &'a ProtectedResource,
) -> Result<Result<Cow<'a, Scope>, Look>, GateError> {
    // Without a body these ask for nothing. With one, whatever the method, a server may do what the body says.
    let is_empty = head.content_length == Some(0) && matches!(head.method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
    let Some(policy) = resource.policy.as_ref().filter(|_| !is_empty) else {
        return Ok(Ok(Cow::Borrowed(&resource.default_scope)));
    };
    // Servers compare the headers of messages, which are posted.
    let compares = resource.compares_headers && head.method == "POST";
    let (headers, body) = match seen {
        Seen::Nothing if compares => return Ok(Err(Look::Headers)),
        Seen::Nothing => (None, None),
        Seen::Headers(headers) => (Some(headers), None),
        Seen::Body(headers, body) => (Some(headers), Some(body)),
        Seen::NoBody(BodyError::TooLong) => return Err(GateError::BodyTooLongToJudge),
        Seen::NoBody(error) => return Err(error.into()),
        Seen::TooMany => return Err(GateError::TooManyRequests),
    };
    if headers.is_some_and(|headers| !headers.is_plain_json()) {
        return Err(GateError::UnsupportedEncoding);
    }
    let told = headers.filter(|_| compares).and_then(|headers| headers.operation());
    let operations = match (told, body) {
        (Some(operation), _) => vec![operation],
        (None, None) if head.content_length > Some(operation::MAX_BYTES as u64) => {
            return Err(GateError::BodyTooLongToJudge);
        }
        (None, None) => return Ok(Err(Look::Body)),
        // A body need not announce its length.
        (None, Some(body)) if body.len() > operation::MAX_BYTES => return Err(GateError::BodyTooLongToJudge),
        (None, Some(body)) => operation::operations(body)?,
    };
    let needs = operations.iter().map(|operation| policy.needs(operation));
    Ok(Ok(Cow::Owned(needs.fold(resource.default_scope.clone(), |all, needed| all.union(&needed)))))
}

/// Verifies a machine's token of Cognito's own, which may mean to fetch Cognito's keys, and remembers it for `resource`.
///
/// # Errors
/// When the token is not good, is of no machine that may come here, or Cognito's keys cannot be had.
pub async fn vouch<P: Platform>(
    authorization: Option<&str>,
    resource: &ProtectedResource,
    config: &Config,
    (admissions, upstream): (&Admissions, &UpstreamMemory),
    platform: &P,
    now: UnixTime,
) -> Result<(), GateError> {
    let token = authorization.ok_or(GateError::NoToken)?;
    let token = bearer_token(token).ok_or(GateError::MalformedToken)?;
    let verified = upstream::verify_machine_token(token, &config.cognito, upstream, platform, now).await?;
    let is_it = |machine: &&Machine| machine.client_id == verified.client_id;
    let machine = resource.machines.iter().find(is_it);
    let machine = machine.ok_or_else(|| GateError::UnknownMachine(verified.client_id.clone()))?;
    if verified.expires_at <= now {
        return Err(GateError::ExpiredMachineToken(verified.client_id));
    }
    let identity = Identity {
        issuer: config.issuer.clone(),
        audience: audience(resource, config),
        subject: verified.client_id.clone(),
        kind: Kind::Machine,
        client_id: verified.client_id.clone(),
        scopes: resource.expand(&machine.scope(&verified.scope)).to_strings(),
        username: None,
        email: None,
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: verified.client_id,
    };
    let resource = resource.indicator.as_str().to_owned();
    let bytes = bytes_for(token);
    let admission = Admission { identity, resource, expires_at: verified.expires_at, assertion: None, bytes };
    admissions.put(admissions.fingerprint(token), admission);
    Ok(())
}

fn audience(resource: &ProtectedResource, config: &Config) -> String {
    resource.origin_audience.as_ref().unwrap_or(&config.origin_audience).clone()
}

/// An assertion, and when it was minted.
fn assertion_of(admission: &mut Admission, config: &Config, now: UnixTime) -> Result<(UnixTime, Rc<str>), GateError> {
    match &admission.assertion {
        Some((minted_at, assertion)) if now.secs_since(*minted_at) < ASSERTION_REUSE_SECONDS && *minted_at <= now => {
            Ok((*minted_at, Rc::clone(assertion)))
        }
        _ => {
            let lifetime = assertion::MAX_LIFETIME;
            let minted = assertion::mint(&admission.identity, config.keys.signing(), now, lifetime)
                .map_err(|_| GateError::Assertion)?;
            let minted: Rc<str> = minted.into();
            admission.assertion = Some((now, Rc::clone(&minted)));
            Ok((now, minted))
        }
    }
}

fn allows(identity: &Identity, needed: &Scope) -> bool {
    needed.iter().all(|token| identity.scopes.iter().any(|scope| scope == token.as_str()))
}

fn open(token: &str, config: &Config, now: UnixTime) -> Result<Admission, GateError> {
    let (claims, profile, expires_at) = access_token::open(token, &config.issuer, &config.keys, now)?;
    let is_meant = |resource: &&ProtectedResource| resource.indicator.as_str() == claims.audience;
    let resource = config.resources.iter().find(is_meant).ok_or(GateError::WrongAudience)?;
    let identity = Identity {
        issuer: config.issuer.clone(),
        audience: audience(resource, config),
        subject: claims.subject,
        kind: Kind::User,
        client_id: claims.client_id,
        // With what they imply: the origin knows of no hierarchy.
        scopes: resource.expand(&claims.scope).to_strings(),
        username: profile.username,
        email: profile.email,
        unverified_email: profile.unverified_email,
        groups: profile.groups,
        auth_time: claims.auth_time,
        grant_id: claims.grant_id,
    };
    Ok(Admission { identity, resource: claims.audience, expires_at, assertion: None, bytes: bytes_for(token) })
}

/// Why a request does not pass.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GateError {
    /// `Origin` is not one that may call.
    #[error("pages of {0} may not call this server; its operator can allow them (EDGEWARD_ALLOWED_ORIGINS)")]
    ForbiddenOrigin(String),
    /// No `Authorization`.
    #[error("no token")]
    NoToken,
    /// `Authorization` holds no bearer token.
    #[error("no bearer token in the header")]
    MalformedToken,
    /// The token is not good.
    #[error(transparent)]
    Token(#[from] AccessTokenError),
    /// The token is Cognito's, and not good; or its keys cannot be had.
    #[error("token of a machine: {0}")]
    Machine(#[from] UpstreamError),
    /// The token is Cognito's, but of an app client that may not come with it.
    #[error("token of a machine that the settings do not name")]
    UnknownMachine(String),
    /// The token is that of a machine, of this app client, and has expired.
    #[error("token of a machine: expired")]
    ExpiredMachineToken(String),
    /// The token is for another resource.
    #[error("access token: wrong audience")]
    WrongAudience,
    /// The token allows less than this, which the request needs.
    #[error("access token: insufficient scope")]
    InsufficientScope(Scope),
    /// There is a policy, and the server might read another body than the one that was judged.
    #[error("the policy of this server reads only application/json in UTF-8 without Content-Encoding")]
    UnsupportedEncoding,
    /// There is a policy, and the body is no message to judge.
    #[error(transparent)]
    Message(#[from] Malformed),
    /// There is a policy, and the body did not come.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// It is to become another protocol's.
    #[error("the request has the header Upgrade, and this server accepts no other protocol: send it without")]
    Upgrade,
    /// The body is longer than any may be.
    #[error("{BODY_TOO_LONG}")]
    BodyTooLong,
    /// There is a policy, and the body by which it must judge is longer than we read.
    #[error(
        "the request body is longer than {} bytes (1 MiB), the longest that the policy of this server reads",
        operation::MAX_BYTES
    )]
    BodyTooLongToJudge,
    /// [`Limit::Calls`].
    #[error("too many requests with the tokens of this grant: wait a minute")]
    TooManyRequests,
    /// The identity could not be signed.
    #[error("the identity assertion could not be minted")]
    Assertion,
}

/// The answer to a refused request (RFC 6750 §3, RFC 9728 §5.1). The challenge names every scope that is needed,
/// and the metadata at the path as it was spelled: clients compare the resource there with their own URL (RFC 9728 §3.3).
fn refuse(error: &GateError, path: &str, resource: &ProtectedResource, config: &Config) -> Response<String> {
    let needed = if let GateError::InsufficientScope(needed) = error { needed } else { &resource.default_scope };
    let challenge = |error: &str| {
        format!(
            "Bearer {error}resource_metadata=\"{}{}{}\", scope=\"{}\"",
            config.issuer,
            Route::ProtectedResourceMetadata.path(),
            path,
            needed
        )
    };
    let (status, code, challenge) = match error {
        GateError::ForbiddenOrigin(_) => (StatusCode::FORBIDDEN, "forbidden_origin", None),
        // RFC 6750 §3.1: no error code for a request that has shown no token.
        GateError::NoToken => (StatusCode::UNAUTHORIZED, "unauthorized", Some(challenge(""))),
        // A token must not be thrown away because Cognito's keys cannot be had, or not be used.
        GateError::Machine(UpstreamError::Unavailable { .. } | UpstreamError::Unverified(_)) => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable", None)
        }
        GateError::MalformedToken
        | GateError::Token(_)
        | GateError::WrongAudience
        | GateError::UnknownMachine(_)
        | GateError::ExpiredMachineToken(_)
        | GateError::Machine(
            UpstreamError::InvalidClient
            | UpstreamError::InvalidGrant(_)
            | UpstreamError::Rejected(_)
            | UpstreamError::UserRefused(_)
            | UpstreamError::LambdaFailed(_)
            | UpstreamError::Unusable(_),
        ) => (StatusCode::UNAUTHORIZED, "invalid_token", Some(challenge("error=\"invalid_token\", "))),
        GateError::InsufficientScope(_) => {
            (StatusCode::FORBIDDEN, "insufficient_scope", Some(challenge("error=\"insufficient_scope\", ")))
        }
        // Not 426, which would have to name a protocol to come back with (RFC 9110 §15.5.22).
        GateError::Message(_) | GateError::Upgrade => (StatusCode::BAD_REQUEST, "invalid_request", None),
        GateError::Body(error) => (error.status(), "invalid_request", None),
        GateError::UnsupportedEncoding => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "invalid_request", None),
        GateError::BodyTooLong | GateError::BodyTooLongToJudge => {
            (StatusCode::PAYLOAD_TOO_LARGE, BODY_TOO_LONG_CODE, None)
        }
        GateError::TooManyRequests => (StatusCode::TOO_MANY_REQUESTS, "too_many_requests", None),
        GateError::Assertion => (StatusCode::INTERNAL_SERVER_ERROR, "server_error", None),
    };
    // What is wrong at Cognito is the operator's to know.
    let description = if matches!(error, GateError::Machine(_)) { code.to_owned() } else { error.to_string() };
    let mut response = json(status, &json!({ "error": code, "error_description": description }), Caching::NoStore);
    // What only the allowed may call is not for every script to read.
    response.headers_mut().remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    let retry_after = match status {
        StatusCode::SERVICE_UNAVAILABLE => Some(RETRY_AFTER_SECONDS),
        StatusCode::TOO_MANY_REQUESTS => Some(PERIOD_SECONDS),
        _ => None,
    };
    if let Some(seconds) = retry_after {
        set(&mut response, header::RETRY_AFTER, seconds);
    }
    if let Some(challenge) = challenge {
        set(&mut response, header::WWW_AUTHENTICATE, &challenge);
    }
    response
}
