//! rmcp's client, with its own OAuth, in a program like this one.

use anyhow::{Context as _, Result};
use axum::{Router, http::Uri, routing::get};
use edgeward_tests::{
    client::{self, Connection, Era, SignedIn, SigningIn},
    port::loopback,
};
use reqwest::Url;
use tokio::{net::TcpListener, sync::mpsc};

use crate::{
    browser::Browser,
    scene::Scene,
    subject::{Subject, tools_over, whoami_over},
};

pub(crate) struct RustSdk {
    mcp: Url,
    browser: Browser,
    signed_in: Option<SignedIn>,
    connection: Option<Connection>,
}

impl RustSdk {
    pub(crate) fn new(scene: &Scene) -> Result<Self> {
        let browser = Browser::new(&scene.stack.folder().join("rmcp"))?;
        Ok(Self { mcp: scene.stack.mcp(), browser, signed_in: None, connection: None })
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection.as_ref().context("it is not connected")
    }
}

impl Subject for RustSdk {
    async fn sign_in(&mut self) -> Result<()> {
        let (returned, mut returns) = mpsc::channel(1);
        let page = move |uri: Uri| async move {
            let _ = returned.send(uri.to_string()).await;
            "Signed in."
        };
        let listener = TcpListener::bind(loopback(0)).await?;
        let own = format!("http://{}", listener.local_addr()?);
        let serving =
            tokio::spawn(async move { axum::serve(listener, Router::new().route("/callback", get(page))).await });

        let challenge = client::challenge(&self.mcp).await?;
        let signing_in = SigningIn::at(&format!("{own}/callback"), &self.mcp, &challenge, "Edgeward interop").await?;
        self.browser.visit(&signing_in.authorization_url().await?).await?;
        let callback = returns.recv().await.context("the user did not come back")?;
        let signed_in = signing_in.finish(&format!("{own}{callback}").parse()?).await?;
        serving.abort();
        self.connection = Some(signed_in.connect(Era::Modern).await?);
        self.signed_in = Some(signed_in);
        Ok(())
    }

    async fn tools(&mut self) -> Result<String> {
        tools_over(self.connection()?).await
    }

    async fn whoami(&mut self) -> Result<String> {
        whoami_over(self.connection()?).await
    }

    async fn reconnect(&mut self) -> Result<()> {
        if let Some(connection) = self.connection.take() {
            connection.cancel().await?;
        }
        let signed_in = self.signed_in.as_ref().context("it is not signed in")?;
        self.connection = Some(signed_in.connect(Era::Legacy).await?);
        Ok(())
    }

    fn browser(&self) -> &Browser {
        &self.browser
    }
}
