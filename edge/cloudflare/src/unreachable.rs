//! What Cloudflare answers in place of a server that it cannot reach.
//!
//! On Cloudflare's network a `fetch` of such a server does not fail: it gives a response with one of the statuses below,
//! `Server: cloudflare` and an error page. A server that itself stands behind Cloudflare passes on the same. Locally
//! `fetch` fails.

/// The statuses that may say so.
pub(crate) const STATUSES: [u16; 8] = [520, 521, 522, 523, 524, 525, 526, 530];

/// A server that cannot be reached.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unreachable {
    /// Whether it got the request, and did not answer in time.
    pub(crate) is_late: bool,
    /// What is wrong, for the person on call.
    pub(crate) reason: &'static str,
}

impl Unreachable {
    /// What a response says, by its status and its `Server`; none if it is the server's own.
    ///
    /// 527 is retired and 528 was never used. 529 is what other servers call "overloaded", also behind Cloudflare.
    pub(crate) fn of(status: u16, server: Option<&str>) -> Option<Self> {
        let (is_late, reason) = match status {
            520 => (false, "status 520: it broke the connection, or its answer is no HTTP or too long in its head"),
            521 => (false, "status 521: it refuses connections"),
            522 => (false, "status 522: no connection in time"),
            523 => (false, "status 523: no route to its address"),
            524 => (true, "status 524: no answer in time"),
            525 => (false, "status 525: the TLS handshake failed"),
            526 => (false, "status 526: its TLS certificate is not valid"),
            530 => (false, "status 530: its name leads to no address"),
            _ => return None,
        };
        server.filter(|server| server.eq_ignore_ascii_case("cloudflare")).map(|_| Self { is_late, reason })
    }
}
