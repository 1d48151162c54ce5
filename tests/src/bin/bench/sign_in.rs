//! Signing in, the same way at each peer: register, authorize, whatever pages come, token.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_tests::{
    browser::{self, Browser, Landing, User},
    by_hand::{Answer, http, redirect_uri},
    client::REDIRECT_URI,
};
use reqwest::{Client, Url};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::task::JoinSet;

use crate::{
    figures::{Figures, REFRESH, SIGN_IN},
    measure::per,
    peer::{Auth, Peer},
    scene::Scene,
};

/// A client that has tokens.
#[derive(Debug)]
pub(crate) struct SignedIn {
    http: Client,
    base: String,
    client_id: String,
    /// The access token.
    pub(crate) access_token: String,
    refresh_token: String,
}

impl SignedIn {
    /// Registers and signs the demo user in.
    ///
    /// # Errors
    /// When anything on the way is not as it should be.
    pub(crate) async fn at(peer: &Peer) -> Result<Self> {
        Self::with_scope(&peer.url, peer.scope).await
    }

    async fn with_scope(base: &str, scope: &str) -> Result<Self> {
        let http = http()?;
        let metadata = json!({
            "client_name": "Bench",
            "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "scope": scope,
        });
        let registered = Answer::to(http.post(format!("{base}/register")).json(&metadata)).await?;
        let client_id = registered.text("client_id").to_owned();
        ensure!(!client_id.is_empty(), "registration was answered with {}: {}", registered.status, registered.body);

        let mut random = [0; 32];
        getrandom::fill(&mut random).context("the system has no randomness")?;
        let verifier = Base64UrlUnpadded::encode_string(&random);
        let resource = format!("{base}/mcp");
        let authorization = Url::parse_with_params(
            &format!("{base}/authorize"),
            [
                ("response_type", "code"),
                ("client_id", &client_id),
                ("redirect_uri", REDIRECT_URI),
                ("scope", scope),
                ("state", "bench"),
                ("resource", &resource),
                ("code_challenge", &Base64UrlUnpadded::encode_string(&Sha256::digest(&verifier))),
                ("code_challenge_method", "S256"),
            ],
        )?;
        let callback = authorize(&authorization).await?;
        let code = browser::query(&callback, "code")
            .with_context(|| format!("no code, but {:?}", browser::query(&callback, "error_description")))?;
        let this =
            Self { http, base: base.to_owned(), client_id, access_token: String::new(), refresh_token: String::new() };
        let tokens = this
            .token(&[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", REDIRECT_URI),
                ("code_verifier", &verifier),
                ("resource", &resource),
            ])
            .await?;
        let text = |name: &str| tokens[name].as_str().unwrap_or_default().to_owned();
        Ok(Self { access_token: text("access_token"), refresh_token: text("refresh_token"), ..this })
    }

    /// Gets new tokens.
    ///
    /// # Errors
    /// When it is refused.
    pub(crate) async fn refresh(&mut self) -> Result<()> {
        let form = [("grant_type", "refresh_token"), ("refresh_token", &self.refresh_token)];
        let tokens = self.token(&form).await?;
        if let Some(next) = tokens["refresh_token"].as_str() {
            next.clone_into(&mut self.refresh_token);
        }
        Ok(())
    }

    async fn token(&self, form: &[(&str, &str)]) -> Result<Value> {
        let request = self.http.post(format!("{}/token", self.base));
        let mut fields = form.to_vec();
        fields.push(("client_id", &self.client_id));
        let answer = Answer::to(request.form(&fields)).await?;
        ensure!(!answer.text("access_token").is_empty(), "no token but {}: {}", answer.status, answer.body);
        Ok(answer.body)
    }
}

/// Does what pages ask for, until the browser is sent to the client.
async fn authorize(authorization: &Url) -> Result<Url> {
    let mut browser = Browser::new()?;
    let mut page = browser.get(authorization).await?;
    for _ in 0..4 {
        let asking = match browser.follow(page, &redirect_uri()).await? {
            Landing::Client(url) => return Ok(url),
            Landing::Page(asking) => asking,
        };
        let form = asking.form().with_context(|| format!("no form at {}", asking.summary()))?;
        page = if form.field("password").is_some() {
            browser.log_in(&asking, User::DEMO).await?
        } else {
            // Edgeward's button, and FastMCP's.
            let yes = [("decision", "allow"), ("action", "approve")];
            let button = yes.into_iter().find(|(name, value)| form.has_button(name, value));
            browser.submit(&form, button).await?
        };
    }
    bail!("the sign-in does not end")
}

/// So many sign in at once.
const AT_ONCE: usize = 4;

/// Measures sign-ins and refreshes.
///
/// # Errors
/// When one fails.
pub(crate) async fn measure(scene: &Scene, figures: &mut Figures) -> Result<()> {
    for round in 0..scene.settings.rounds {
        for peer in scene.in_turn(round).filter(|peer| peer.auth == Auth::Checked) {
            let before = peer.cpu_time();
            let done = sign_in_for(peer, scene.settings.time).await?;
            figures.note(SIGN_IN, peer.name, per(peer.cpu_time().saturating_sub(before), done));

            let mut client = SignedIn::at(peer).await?;
            let (before, begun) = (peer.cpu_time(), Instant::now());
            let mut done = 0.0;
            while begun.elapsed() < scene.settings.time {
                client.refresh().await.with_context(|| format!("a refresh at {}", peer.name))?;
                done += 1.0;
            }
            figures.note(REFRESH, peer.name, per(peer.cpu_time().saturating_sub(before), done));
        }
    }
    Ok(())
}

/// Signs users in for a while; gives how many.
async fn sign_in_for(peer: &Peer, time: Duration) -> Result<f64> {
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (base, scope, begun) = (peer.url.clone(), peer.scope, Instant::now());
        workers.spawn(async move {
            let mut done = 0.0;
            while begun.elapsed() < time {
                SignedIn::with_scope(&base, scope).await?;
                done += 1.0;
            }
            anyhow::Ok(done)
        });
    }
    let mut all = 0.0;
    while let Some(ended) = workers.join_next().await {
        all += ended.context("a user was lost")?.with_context(|| format!("a sign-in at {}", peer.name))?;
    }
    Ok(all)
}
