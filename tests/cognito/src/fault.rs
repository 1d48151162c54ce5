//! Faults a test can order: which endpoint fails, how, and how often.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::forgery::Forgery;

/// A fault at one endpoint, until it is cleared or has struck a number of times.
///
/// Faults wait in a queue; each request to an endpoint meets the first one there for that endpoint. So "two times 429,
/// then one 503" is two calls of `set_fault`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The endpoint that fails.
    pub endpoint: Endpoint,
    /// How it fails.
    pub kind: FaultKind,
    /// For how many requests; none means until cleared.
    #[serde(default)]
    pub times: Option<u32>,
}

impl Fault {
    /// A fault that lasts until it is cleared.
    pub fn on(endpoint: Endpoint, kind: FaultKind) -> Self {
        Self { endpoint, kind, times: None }
    }

    /// The same for the next requests only.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { times: Some(count), ..self }
    }
}

/// The endpoints of both listeners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// `{issuer}/.well-known/openid-configuration`
    Discovery,
    /// `{issuer}/.well-known/jwks.json`
    Jwks,
    /// `/oauth2/authorize`
    Authorize,
    /// `/login`, both the form and its submission
    Login,
    /// `/error`
    ErrorPage,
    /// `/logout`
    Logout,
    /// `/oauth2/token`
    Token,
    /// `/oauth2/userInfo`
    UserInfo,
    /// `/oauth2/revoke`
    Revoke,
    /// `/oauth2/idpresponse` and `/saml2/idpresponse`
    IdpResponse,
}

impl Endpoint {
    /// The endpoint a path belongs to.
    pub fn of(path: &str) -> Option<Self> {
        Some(match path {
            "/oauth2/authorize" => Self::Authorize,
            "/login" => Self::Login,
            "/error" => Self::ErrorPage,
            "/logout" => Self::Logout,
            "/oauth2/token" => Self::Token,
            "/oauth2/userInfo" => Self::UserInfo,
            "/oauth2/revoke" => Self::Revoke,
            "/oauth2/idpresponse" | "/saml2/idpresponse" => Self::IdpResponse,
            _ if path.ends_with("/.well-known/openid-configuration") => Self::Discovery,
            _ if path.ends_with("/.well-known/jwks.json") => Self::Jwks,
            _ => return None,
        })
    }
}

/// How an endpoint fails.
///
/// Where AWS does not document the form of an answer (429, WAF blocks), the body is made up; only the status means
/// something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// 429. The request is not acted on.
    TooManyRequests {
        /// Seconds for a `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// 500. The request is not acted on.
    InternalServerError,
    /// 503. The request is not acted on.
    ServiceUnavailable,
    /// The right answer, late.
    Delay {
        /// How late.
        milliseconds: u64,
    },
    /// No answer while the pool runs.
    Hang,
    /// The request is acted on, then the connection is reset in the middle of the answer's body: the client cannot
    /// know that its code was used or its refresh token replaced.
    ConnectionReset,
    /// The request is acted on, and half of the answer's body arrives as if it were all.
    TruncatedJson,
    /// 200 with a page instead of JSON. The request is not acted on.
    HtmlInsteadOfJson,
    /// What Cloudflare's network answers in place of a server that it cannot reach: see
    /// [`UNREACHABLE`](crate::UNREACHABLE). The request is not acted on.
    Unreachable {
        /// With this status.
        status: u16,
    },
    /// 403 with a page, as from a web application firewall. The request is not acted on.
    WafForbidden,
    /// 202 with AWS WAF's challenge, which a browser's script passes. The request is not acted on.
    WafChallenge,
    /// 405 with AWS WAF's CAPTCHA. The request is not acted on.
    WafCaptcha,
    /// `invalid_client`: 401 at the revocation endpoint, 400 elsewhere.
    InvalidClient,
    /// 400 with an error in OAuth's form. The request is not acted on.
    OAuthError {
        /// `error`.
        code: String,
        /// `error_description`, which Cognito seldom sends.
        #[serde(default)]
        description: Option<String>,
    },
    /// The right answer, after the keys have been rotated (the old ones stay published).
    KeyRotation,
    /// At the token endpoint: tokens whose `iat` and `exp` are off.
    ClockSkew {
        /// Seconds ahead of (or, negative, behind) the pool's time.
        seconds: i64,
    },
    /// At the token endpoint: the right answer, but its ID token has these claims changed and this signature. User, app
    /// client and scope stay those of the request.
    ForgedIdToken(Forgery),
    /// At the key set: the published names with other keys behind them.
    WrongJwks,
}

#[derive(Debug, Default)]
pub(crate) struct FaultQueue(Mutex<Vec<Fault>>);

impl FaultQueue {
    pub(crate) fn push(&self, fault: Fault) {
        self.0.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().clear();
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.0.lock().clone()
    }

    /// The fault the next request to an endpoint meets, counted down.
    pub(crate) fn strike(&self, endpoint: Endpoint) -> Option<FaultKind> {
        let mut queue = self.0.lock();
        queue.retain(|fault| fault.times != Some(0));
        let fault = queue.iter_mut().find(|fault| fault.endpoint == endpoint)?;
        fault.times = fault.times.map(|left| left - 1);
        Some(fault.kind.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_in_order_and_only_where_and_as_often_as_ordered() {
        let queue = FaultQueue::default();
        queue.push(Fault::on(Endpoint::Token, FaultKind::InternalServerError).times(2));
        queue.push(Fault::on(Endpoint::Token, FaultKind::Hang).times(1));
        queue.push(Fault::on(Endpoint::Jwks, FaultKind::WrongJwks));
        assert_eq!(queue.strike(Endpoint::Revoke), None);
        let token: Vec<_> = (0..4).map(|_| queue.strike(Endpoint::Token)).collect();
        let error = Some(FaultKind::InternalServerError);
        assert_eq!(token, [error.clone(), error, Some(FaultKind::Hang), None]);
        assert_eq!(queue.strike(Endpoint::Jwks), Some(FaultKind::WrongJwks));
        queue.clear();
        assert_eq!(queue.strike(Endpoint::Jwks), None);
    }
}
