//! The decision about a request.

use std::borrow::Cow;

use edgeward_identity::{Identity, Kind, jws::Verified, limits::MAX_BODY_BYTES};

use super::{
    admissions::{Admission, Admissions, bytes_for},
    assertion::{ASSERTION_REUSE_SECONDS, assertion_of},
    decision::{Decision, Evidence, Needs},
    head::RequestHead,
    refusal::{GateError, refusal},
};
use crate::{
    access_token::{self, AccessTokenError},
    audit::pseudonym,
    config::{AllowedOrigins, Config, ProtectedResource},
    forward::Plan,
    message::{
        authorization_header::{is_bearer_token, maybe_bearer_token},
        cors, operation,
        request::BodyError,
    },
    oauth::{
        ClientDigest, Scope,
        error_code::{MAX_QUOTED, quotable_uri},
    },
    platform::{Limit, Record, UnixTime},
    upstream,
};

/// The longest `Authorization` that is looked at: a token, or one of Cognito's, behind its scheme.
const MAX_AUTHORIZATION_BYTES: usize = upstream::MAX_MACHINE_TOKEN_BYTES + 16;

/// The gate before a resource, for one request.
pub(crate) struct Gate<'a> {
    /// The head of the request.
    pub(crate) head: &'a RequestHead<'a>,
    /// What it is for.
    pub(crate) resource: &'a ProtectedResource,
    /// The settings.
    pub(crate) config: &'a Config,
    /// What has passed before.
    pub(crate) admissions: &'a Admissions,
    /// When it came.
    pub(crate) now: UnixTime,
}

/// Whether pages of this origin may call the resources.
pub(crate) fn may_call(origin: &str, config: &Config) -> bool {
    match &config.allowed_origins {
        AllowedOrigins::All => true,
        AllowedOrigins::These(origins) => origin == config.issuer || origins.iter().any(|allowed| allowed == origin),
    }
}

impl Gate<'_> {
    /// Decides about the request. Gives a record when it refuses.
    pub(crate) fn decide(&self, evidence: Evidence<'_>) -> (Decision, Option<Record>) {
        let Self { head, resource, config, .. } = *self;
        match self.check(evidence) {
            Ok(decision) => (decision, None),
            Err(error) => {
                let (response, mut record) = refusal(&error, head.target.path, head.origin_header, resource, config);
                self.name_holder(&mut record, &error);
                let repeats = error == GateError::NoToken && head.may_repeat();
                let repeats = repeats.then(|| Box::new(record.clone()));
                (Decision::Respond { response, repeats }, Some(record))
            }
        }
    }

    fn check(&self, evidence: Evidence<'_>) -> Result<Decision, GateError> {
        self.check_origin()?;
        self.check_framing()?;
        match self.head.origin_header {
            Some(origin) if self.head.method == "OPTIONS" => {
                Ok(Decision::Respond { response: cors::preflight(origin), repeats: None })
            }
            _ if matches!(evidence, Evidence::TooMany) => Err(GateError::TooManyRequests),
            _ => self.forward(evidence),
        }
    }

    /// DNS rebinding: a page of another site must not speak to us with what the browser adds.
    fn check_origin(&self) -> Result<(), GateError> {
        match self.head.origin_header {
            Some(origin) if !may_call(origin, self.config) => {
                Err(GateError::ForbiddenOrigin(quotable_uri(origin, MAX_QUOTED)))
            }
            _ => Ok(()),
        }
    }

    /// Refuses bodies that announce too many bytes, and upgrades to other protocols.
    fn check_framing(&self) -> Result<(), GateError> {
        if self.head.has_upgrade {
            return Err(GateError::Upgrade);
        }
        let is_too_long = self.head.content_length > Some(MAX_BODY_BYTES as u64);
        if is_too_long { Err(GateError::BodyTooLong) } else { Ok(()) }
    }

    fn forward(&self, evidence: Evidence<'_>) -> Result<Decision, GateError> {
        let Self { head, resource, config, admissions, now } = *self;
        let value = head.authorization.ok_or(GateError::NoToken)?;
        let token = Some(value).filter(|value| value.len() <= MAX_AUTHORIZATION_BYTES).and_then(maybe_bearer_token);
        let token = token.ok_or(GateError::MalformedToken)?;
        let fingerprint = admissions.fingerprint(token);
        let is_meant = |admission: &Admission| admission.resource == resource.indicator.as_str();
        let mut known = false;
        let passed = admissions.of(fingerprint, now, |admission| {
            known = true;
            is_meant(admission).then(|| self.pass(admission, evidence))
        });
        if let Some(outcome) = passed.flatten() {
            return outcome;
        }
        if !is_bearer_token(token) {
            return Err(GateError::MalformedToken);
        }
        // A machine's token names no resource, and may be good for this one, too.
        if !resource.machines.is_empty() && upstream::looks_like_cognitos(token) {
            return Ok(Decision::Needs(Needs::MachineAdmission));
        }
        if known {
            return Err(GateError::WrongAudience);
        }
        let mut admission = open(token, config, now)?;
        let outcome =
            if is_meant(&admission) { self.pass(&mut admission, evidence) } else { Err(GateError::WrongAudience) };
        admissions.put(fingerprint, admission);
        outcome
    }

    /// Says who comes with a token that has our signature, and is refused.
    fn name_holder(&self, record: &mut Record, error: &GateError) {
        let is_signed = match error {
            GateError::InsufficientScope(_) | GateError::WrongAudience | GateError::TooManyRequests => true,
            GateError::Token(error) => !matches!(error, AccessTokenError::Jws(_)),
            _ => false,
        };
        let token = self.head.authorization.filter(|_| is_signed).and_then(maybe_bearer_token);
        let Some(token) = token else { return };
        let mut name = |client_id: &str, grant_id: &str, subject: &str| {
            record.client = Some(ClientDigest::of(client_id).pseudonym());
            record.grant = Some(grant_id.to_owned());
            record.subject = Some(pseudonym(subject));
        };
        // Whether it has expired or not.
        let (fingerprint, ever) = (self.admissions.fingerprint(token), UnixTime::from_secs(0));
        let known = self.admissions.of(fingerprint, ever, |Admission { identity, .. }| {
            name(&identity.client_id, &identity.grant_id, &identity.subject);
        });
        if known.is_none()
            && let Ok(Verified { claims, .. }) = access_token::signed(token, &self.config.keys)
        {
            name(&claims.client_id, &claims.grant_id, &claims.subject);
        }
    }

    /// Whether what a token allows is enough for the request.
    fn pass(&self, admission: &mut Admission, evidence: Evidence<'_>) -> Result<Decision, GateError> {
        let Self { head, resource, config, now, .. } = *self;
        let needed = match needed(head, evidence, resource)? {
            Ok(needed) => needed,
            Err(Unknown::Headers) => return Ok(Decision::Needs(Needs::Headers)),
            Err(Unknown::Body) => {
                return Ok(Decision::Needs(Needs::Body { party: admission.identity.grant_id.clone() }));
            }
        };
        if !allows(&admission.identity, &needed) {
            return Err(GateError::InsufficientScope(needed.into_owned()));
        }
        let (minted_at, identity) = assertion_of(admission, config, now)?;
        // A request like it with a body needs a closer look.
        let repeats = resource.policy.is_none() && head.may_repeat();
        let repeats_until = repeats.then(|| admission.expires_at.min(minted_at.plus(ASSERTION_REUSE_SECONDS)));
        let query = head.target.query.map_or(String::new(), |query| format!("?{query}"));
        let url = [&resource.origin.url, query.as_str()].concat();
        let page_origin = head.origin_header.map(str::to_owned);
        let is_counted = config.rate_limits.is_counted(Limit::Calls);
        // Counters may be shared with other edges.
        let counted = is_counted.then(|| [&config.issuer, " ", &admission.identity.grant_id].concat());
        Ok(Decision::Forward(Plan {
            url,
            identity,
            credentials: resource.origin.credentials.clone(),
            traceparent: None,
            page_origin,
            repeats_until,
            counted,
        }))
    }
}

/// What must be read before it is known which scopes a request needs.
enum Unknown {
    Headers,
    Body,
}

/// The scopes that the request needs, all of them, or what must be read to tell.
fn needed<'a>(
    head: &RequestHead<'_>,
    evidence: Evidence<'_>,
    resource: &'a ProtectedResource,
) -> Result<Result<Cow<'a, Scope>, Unknown>, GateError> {
    // Without a body these ask for nothing. With one, whatever the method, a server may do what the body says.
    let is_empty = head.content_length == Some(0) && matches!(head.method, "GET" | "HEAD" | "DELETE" | "OPTIONS");
    let Some(policy) = resource.policy.as_ref().filter(|_| !is_empty) else {
        return Ok(Ok(Cow::Borrowed(&resource.default_scope)));
    };
    // Servers compare the headers of messages, which are posted.
    let compares = resource.compares_headers && head.method == "POST";
    let (headers, body) = match evidence {
        Evidence::Nothing if compares => return Ok(Err(Unknown::Headers)),
        Evidence::Nothing => (None, None),
        Evidence::Headers(headers) => (Some(headers), None),
        Evidence::Body(headers, body) => (Some(headers), Some(body)),
        Evidence::NoBody(BodyError::TooLong) => return Err(GateError::BodyTooLongToJudge),
        Evidence::NoBody(error) => return Err(error.into()),
        Evidence::TooMany => return Err(GateError::TooManyRequests),
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
        (None, None) => return Ok(Err(Unknown::Body)),
        // A body need not announce its length.
        (None, Some(body)) if body.len() > operation::MAX_BYTES => return Err(GateError::BodyTooLongToJudge),
        (None, Some(body)) => operation::operations(body)?,
    };
    let needs = operations.iter().map(|operation| policy.needs(operation));
    Ok(Ok(Cow::Owned(needs.fold(resource.default_scope.clone(), |all, needed| all.union(&needed)))))
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
        audience: resource.origin.audience.clone(),
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
