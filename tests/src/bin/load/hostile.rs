//! Requests that must be refused, while others are served.

use anyhow::{Result, ensure};
use edgeward_tests::{by_hand::call_over, stack::Stack};
use reqwest::{Client, RequestBuilder, Url};
use serde_json::json;

/// How many of the requests are hostile.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Hostility {
    /// None.
    None,
    /// One in five.
    EveryFifth,
}

impl Hostility {
    /// Whether this one is.
    pub(crate) fn strikes(self, number: usize) -> bool {
        matches!(self, Self::EveryFifth) && number.is_multiple_of(5)
    }
}

/// What is tried.
#[derive(Debug)]
pub(crate) struct Attacks {
    mcp: Url,
    issuer: String,
    /// Another token each time, of good form, with a signature that is not the edge's.
    forged: String,
    good: String,
}

impl Attacks {
    /// Prepares them; `good` is a user's own token.
    ///
    /// # Errors
    /// When that is no token.
    pub(crate) fn prepare(stack: &Stack, good: &str) -> Result<Self> {
        let signed = good.rsplit_once('.').map(|(signed, _)| signed);
        ensure!(signed.is_some(), "no token");
        Ok(Self {
            mcp: stack.mcp(),
            issuer: stack.issuer().to_owned(),
            forged: signed.unwrap_or_default().to_owned(),
            good: good.to_owned(),
        })
    }

    /// Tries the next one.
    ///
    /// # Errors
    /// When it is not refused.
    pub(crate) async fn strike(&self, http: &Client, number: usize) -> Result<()> {
        let (what, request, status) = self.attack(http, number);
        let answer = request.send().await?;
        ensure!(answer.status() == status, "{what} was answered with {}", answer.status());
        // The connection is used again.
        answer.bytes().await?;
        Ok(())
    }

    fn attack(&self, http: &Client, number: usize) -> (&'static str, RequestBuilder, u16) {
        let call = || call_over(http, self.mcp.as_str(), "whoami", &json!({}), "load");
        let post = |path: &str| http.post(format!("{}{path}", self.issuer));
        let forged = format!("{}.{number:086}", self.forged);
        match number % 8 {
            0 => ("no token", call(), 401),
            1 => ("a forged token", call().bearer_auth(forged), 401),
            2 => ("a long token", call().bearer_auth("a".repeat(12_000)), 401),
            3 => ("a foreign page", call().bearer_auth(&self.good).header("origin", "https://evil.example"), 403),
            4 => {
                ("an unknown client", post("/token").form(&[("grant_type", "refresh_token"), ("client_id", "x")]), 401)
            }
            5 => {
                ("a script as redirect URI", post("/register").json(&json!({ "redirect_uris": ["javascript:x"] })), 400)
            }
            6 => ("a body too long", post("/register").body("a".repeat(300_000)), 413),
            _ => ("a page for an unknown client", http.get(format!("{}/authorize?client_id=x", self.issuer)), 400),
        }
    }
}
