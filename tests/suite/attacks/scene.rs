//! What many cases need: clients, tokens, browsers on their way.

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::{Browser, query},
    by_hand::{Answer, HandMade},
};
use reqwest::{StatusCode, Url};
use serde_json::json;
use tokio::sync::OnceCell;

use crate::{transaction::up_to_callback, world::World};

/// The https redirect URI of the client of [`web_client`].
pub(super) const WEB_REDIRECT_URI: &str = "https://client.example/cb";

static ACCESS_TOKEN: OnceCell<String> = OnceCell::const_new();

/// A good access token, which all share: looking at it does not use it up.
pub(super) async fn access_token(world: &World) -> Result<&'static str> {
    let sign_in = async || anyhow::Ok(signed_in(world).await?.1.text("access_token").to_owned());
    Ok(ACCESS_TOKEN.get_or_try_init(sign_in).await?)
}

/// A new public client with tokens.
pub(super) async fn signed_in(world: &World) -> Result<(HandMade, Answer)> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    Ok((client, tokens))
}

/// A new public client with a code that it has not redeemed.
pub(super) async fn with_code(world: &World) -> Result<(HandMade, String)> {
    let client = HandMade::register(&world.stack).await?;
    let code = client.code(&mut Browser::new()?).await?;
    Ok((client, code))
}

/// A public client with a redirect URI on the web and one on this machine.
pub(super) async fn web_client(world: &World) -> Result<HandMade> {
    let metadata = json!({ "client_name": "Web", "redirect_uris": [WEB_REDIRECT_URI, "http://localhost/callback"] });
    let answer = HandMade::named(&world.stack, "")?.registration(&metadata).await?;
    ensure!(answer.status == StatusCode::CREATED, "registration was answered with {}", answer.body);
    HandMade::named(&world.stack, answer.text("client_id"))
}

/// A browser on its way back from Cognito, and where it is sent.
pub(super) struct Returning {
    pub(super) client: HandMade,
    pub(super) browser: Browser,
    pub(super) callback: Url,
}

impl Returning {
    /// Up to Cognito's answer, which is not opened.
    pub(super) async fn new(world: &World) -> Result<Self> {
        let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
        let callback = up_to_callback(world, &mut browser, &client).await?;
        Ok(Self { client, browser, callback })
    }

    /// A parameter of Cognito's answer.
    pub(super) fn parameter(&self, name: &str) -> Result<String> {
        query(&self.callback, name).with_context(|| format!("no {name} in Cognito's answer"))
    }

    /// The cookie of the sign-in: its name and value.
    pub(super) fn cookie(&self) -> Result<(String, String)> {
        let cookies = self.browser.cookies.of("localhost");
        let found = cookies.into_iter().find(|(name, _)| name.starts_with("__Host-edgeward-signin-"));
        found.map(|(name, value)| (name.to_owned(), value.to_owned())).context("no cookie of the sign-in")
    }
}
