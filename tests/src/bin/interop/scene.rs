//! What all clients have in common: the running stack, and the end of their tokens.

use std::time::Duration;

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    recorder::{Exchange, Recorder},
    stack::{Options, Recording, Stack},
};
use http::{HeaderMap, HeaderValue, header};
use serde_json::Value;
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use crate::LIFETIME;

pub(crate) struct Scene {
    pub(crate) stack: Stack,
    /// One signs in at a time, or nobody knows whose token is dated back.
    turn: Mutex<()>,
}

/// The first tokens of a client.
pub(crate) struct Issued {
    expires: Instant,
    access_token: String,
    refresh_token: String,
}

impl Scene {
    pub(crate) async fn start() -> Result<Self> {
        let options = Options { name: "interop".to_owned(), recording: Recording::On, ..Options::default() };
        let this = Self { stack: Stack::start(options).await?, turn: Mutex::default() };
        // What is recorded is to be read.
        let plain = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        this.traffic()?.forward_with(this.stack.edge().url(), plain);
        Ok(this)
    }

    pub(crate) fn traffic(&self) -> Result<&Recorder> {
        self.stack.edge_traffic().context("the traffic is not recorded")
    }

    /// Lets a client sign in, with an access token that soon expires.
    pub(crate) async fn signing_in<T>(&self, sign_in: impl Future<Output = Result<T>>) -> Result<(T, Issued)> {
        let _turn = self.turn.lock().await;
        let before = self.traffic()?.seen().len();
        // The user pool's tokens live for an hour.
        let back = FaultKind::ClockSkew { seconds: LIFETIME - 3600 };
        self.stack.cognito().set_fault(Fault::on(Endpoint::Token, back).times(1));
        let signed_in = timeout(PATIENCE, sign_in).await.context("the sign-in does not come to an end")??;
        let exchanges = self.traffic()?.seen().split_off(before);
        let answer = exchanges.iter().rev().find_map(|exchange| answer(exchange, "authorization_code"));
        let answer = answer.context("nobody has redeemed a code")?;
        let seconds = answer["expires_in"].as_u64().context("a token that does not say when it expires")?;
        let token = |name: &str| answer[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        let (access_token, refresh_token) = (token("access_token")?, token("refresh_token")?);
        let expires = Instant::now() + Duration::from_secs(seconds + 1);
        Ok((signed_in, Issued { expires, access_token, refresh_token }))
    }
}

impl Issued {
    pub(crate) async fn expired(&self) {
        tokio::time::sleep_until(self.expires).await;
    }

    /// How the client has come to new tokens, if it has.
    pub(crate) fn renewed(&self, traffic: &Recorder) -> Option<&'static str> {
        let seen = traffic.seen();
        let mut renewals = seen.iter().filter(|exchange| exchange.request_body.contains(&self.refresh_token));
        renewals.find_map(|exchange| answer(exchange, "refresh_token"))?;
        let refused =
            seen.iter().any(|exchange| exchange.status == 401 && exchange.request().contains(&self.access_token));
        Some(if refused { "on a 401" } else { "ahead of time" })
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

/// What the token endpoint has answered to this grant.
fn answer(exchange: &Exchange, grant_type: &str) -> Option<Value> {
    let asked = exchange.path == "/token" && exchange.request_body.contains(&format!("grant_type={grant_type}"));
    (asked && exchange.status == 200).then(|| serde_json::from_str(&exchange.body).ok()).flatten()
}
