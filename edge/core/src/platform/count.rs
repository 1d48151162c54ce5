//! Limits of requests, which the platform counts.

use std::future::Future;

/// Counts requests.
pub trait Count {
    /// Counts a request for `name`, and says whether `name` is still within `limit`. Names are counted apart, and so are
    /// limits.
    ///
    /// It need not be exact, and a platform that cannot count says yes: users must not be shut out because a counter is
    /// gone.
    fn is_within(&self, limit: Limit, name: String) -> impl Future<Output = bool>;
}

/// The limits, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Of the requests with the tokens of one grant to the resources.
    Calls,
    /// Of the refreshes of one grant.
    Grant,
    /// Of one client behind one address.
    Client,
    /// Of all clients together that have their users sent to one host, behind one address.
    RedirectHost,
    /// Of one address.
    Address,
}

impl Limit {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 5] = [Self::Calls, Self::Grant, Self::Client, Self::RedirectHost, Self::Address];

    /// Its name, in settings and log lines.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calls => "calls",
            Self::Grant => "grant",
            Self::Client => "client",
            Self::RedirectHost => "redirect-host",
            Self::Address => "address",
        }
    }

    /// What the platform's counter for it is called, where such things have names.
    pub const fn binding(self) -> &'static str {
        match self {
            Self::Calls => "CALLS_LIMIT",
            Self::Grant => "GRANT_LIMIT",
            Self::Client => "CLIENT_LIMIT",
            Self::RedirectHost => "REDIRECT_HOST_LIMIT",
            Self::Address => "ADDRESS_LIMIT",
        }
    }
}
