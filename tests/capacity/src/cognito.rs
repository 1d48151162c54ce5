//! Cognito, as far as it counts: its quotas, and an outage.

use std::ops::Range;

/// Requests a second, as the User Guide gives them for an account in a region.
/// "UserAuthentication": each step of a sign-in is one, and so is a refresh at the token endpoint.
pub(crate) const USER_AUTHENTICATION: u32 = 120;
/// For one app client of a domain; not adjustable. One source IP has as many.
pub(crate) const APP_CLIENT: u32 = 300;
/// For a domain in all; not adjustable.
pub(crate) const DOMAIN: u32 = 500;
/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    /// A refresh.
    Refresh,
    /// What a sign-in begins with: `/oauth2/authorize` and the login page.
    LoginPage,
    /// What it ends with: the login, an authentication if one factor is enough, and the code, which has an allocation of its
    /// own.
    Login,
}

impl Request {
    /// What it costs of authentications, and of the app client's requests.
    fn costs(self) -> (u32, u32) {
        match self {
            Self::Refresh => (1, 1),
            Self::LoginPage => (0, 2),
            Self::Login => (1, 2),
        }
    }
}

/// What comes of it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What was asked for.
    Given,
    /// 429. It uses up nothing.
    Throttled,
    /// None, until the edge stops waiting.
    Nothing,
}

/// The host of the user pool's domain.
pub(crate) struct Cognito {
    /// Authentications a second, or `None` where no quota is enforced.
    quota: Option<u32>,
    outage: Range<u32>,
    /// Of this second.
    second: u32,
    authentications: u32,
    requests: u32,
}

impl Cognito {
    pub(crate) fn new(quota: Option<u32>, outage: Range<u32>) -> Self {
        Self { quota, outage, second: 0, authentications: 0, requests: 0 }
    }

    pub(crate) fn ask(&mut self, request: Request, now: u32) -> Answer {
        if self.outage.contains(&now) {
            return Answer::Nothing;
        }
        if now != self.second {
            (self.second, self.authentications, self.requests) = (now, 0, 0);
        }
        let (authentications, requests) = request.costs();
        let fits = |quota| self.authentications + authentications <= quota && self.requests + requests <= APP_CLIENT;
        if !self.quota.is_none_or(fits) {
            return Answer::Throttled;
        }
        self.authentications += authentications;
        self.requests += requests;
        Answer::Given
    }
}
