//! Audit records: one for each event, described in [AUDIT.md](../AUDIT.md).
//!
//! Reasons are the texts of our own error types. What they quote of a request is cut and has no query of a URI
//! ([`quotable_uri`](crate::oauth::error_code::quotable_uri)); clients and users are called by pseudonyms.

use std::fmt::Display;

pub use edgeward_identity::pseudonym;
use serde::{Serialize, Serializer};

/// Version of the schema. It grows when a field or an event goes or means something else, not when one is added.
pub const VERSION: u8 = 1;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// For the record.
    Info,
    /// Somebody else's mistake, worth counting.
    Warn,
    /// Ours to mend: someone should be told.
    Alert,
}

macro_rules! events {
    ($($(#[$doc:meta])+ $name:ident = $text:literal,)+) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Event {
            $($(#[$doc])+ $name),+
        }

        impl Event {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// Its name, which never changes.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text),+
                }
            }
        }
    };
}

events! {
    /// A client has registered.
    ClientRegistered = "client registered",
    /// A client may not, or not so.
    RegistrationRefused = "registration refused",
    /// The host of a client's document fails, and the document that was there last is used.
    StaleDocument = "stale document used",
    /// A user is asked.
    ConsentShown = "consent shown",
    /// A user need not be asked again.
    ConsentRemembered = "consent remembered",
    /// A user allows it, and goes on to sign in.
    ConsentGiven = "consent given",
    /// A user does not allow it.
    ConsentDenied = "consent denied",
    /// What came instead of a decision.
    ConsentRefused = "consent refused",
    /// An authorization request that leads nowhere.
    AuthorizationRefused = "authorization refused",
    /// The identity provider has sent a user back, signed in; who it is shows when the code is redeemed.
    SignedIn = "signed in",
    /// It has said who signed in, for a consent that is remembered or is to be.
    UserIdentified = "user identified",
    /// Somebody came back from no sign-in of ours.
    CallbackRefused = "callback refused",
    /// A code was redeemed.
    TokenIssued = "token issued",
    /// A refresh token was used.
    TokenRefreshed = "token refreshed",
    /// It was used twice, and answered alike.
    TokenRefreshedAgain = "token refreshed again",
    /// A client gets no token.
    TokenRefused = "token refused",
    /// The identity provider replaces no refresh tokens.
    NotRotated = "refresh tokens are not rotated",
    /// Instances do not coordinate their refreshes.
    NotCoordinated = "refreshes are not coordinated",
    /// A client has given up a grant.
    GrantRevoked = "grant revoked",
    /// What a client gave up was no grant of its own.
    NothingToRevoke = "nothing to revoke",
    /// A client may not give it up.
    RevocationRefused = "revocation refused",
    /// A browser was sent to the identity provider to end its session.
    SignedOut = "signed out",
    /// A browser was not.
    LogoutRefused = "logout refused",
    /// A request to a resource did not pass.
    GateRefused = "gate refused",
    /// A request is for another origin than the issuer's.
    Misdirected = "request misdirected",
    /// A request over a limit.
    TooManyRequests = "too many requests",
    /// The identity provider cannot be reached, does not accept us, or says something that cannot be.
    UpstreamFailed = "upstream failed",
    /// The identity provider has failed so often that it is not asked for some seconds.
    UpstreamLeftAlone = "Cognito is left alone",
    /// It has answered again.
    UpstreamBack = "Cognito is back",
    /// The settings are wrong, so that nothing is served.
    SettingsRefused = "settings refused",
    /// There are no limits.
    NotLimited = "requests are not limited",
    /// There is no room for another request.
    Overloaded = "overloaded",
    /// The gate has broken off.
    GateFailed = "gate failed",
    /// A request to an endpoint has broken off.
    HandlerFailed = "handler failed",
    /// The MCP server does not answer, for a reason that the platform may give.
    OriginUnreachable = "origin unreachable",
    /// The MCP server has not begun to answer in time.
    OriginTooSlow = "origin too slow",
    /// The MCP server does not believe the edge.
    OriginRefused = "origin refused the identity",
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Record {
    /// [`VERSION`].
    pub v: u8,
    /// How much it matters.
    pub level: Level,
    /// What happened.
    pub event: Event,
    /// The status answered, if this is about a request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A pseudonym of the client.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// The grant, or the transaction that becomes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<String>,
    /// A pseudonym of the user: see [`pseudonym`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The trace id of the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
}

impl Record {
    /// A record of `event`.
    pub const fn new(level: Level, event: Event) -> Self {
        let (status, reason, client, grant, subject, trace) = (None, None, None, None, None, None);
        Self { v: VERSION, level, event, status, reason, client, grant, subject, trace }
    }

    /// With the reason.
    #[must_use]
    pub fn because(mut self, reason: &dyn Display) -> Self {
        self.reason = Some(reason.to_string());
        self
    }

    /// With the id of the request's trace.
    #[must_use]
    pub(crate) fn traced(mut self, trace_id: &str) -> Self {
        self.trace = Some(trace_id.to_owned());
        self
    }
}
