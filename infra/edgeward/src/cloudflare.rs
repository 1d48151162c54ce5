//! What Cloudflare says about a Worker.

use std::{collections::BTreeMap, env};

use anyhow::{Context as _, Result};
use edgeward_core::secret::Secret;
use serde::Deserialize;

use crate::fetch::Fetch;

/// Access to Cloudflare's API.
#[derive(Debug)]
pub(crate) struct Cloudflare {
    base: String,
    account: String,
    token: Secret<String>,
}

/// The variables and secrets of a Worker.
#[derive(Debug, Default)]
pub(crate) struct Bindings {
    pub(crate) variables: BTreeMap<String, String>,
    /// Their names; nobody can read their values.
    pub(crate) secrets: Vec<String>,
}

#[derive(Deserialize)]
struct Answer {
    result: Settings,
}

#[derive(Deserialize)]
struct Settings {
    bindings: Vec<Binding>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Binding {
    PlainText {
        name: String,
        text: String,
    },
    SecretText {
        name: String,
    },
    #[serde(other)]
    Other,
}

impl Cloudflare {
    /// Through the variables that wrangler reads too, if they are set.
    pub(crate) fn from_environment() -> Option<Self> {
        let given = |name| env::var(name).ok().filter(|value| !value.is_empty());
        Some(Self {
            base: given("CLOUDFLARE_API_BASE_URL").unwrap_or_else(|| "https://api.cloudflare.com/client/v4".to_owned()),
            account: given("CLOUDFLARE_ACCOUNT_ID")?,
            token: Secret::new(given("CLOUDFLARE_API_TOKEN")?),
        })
    }

    pub(crate) async fn bindings(&self, fetch: &Fetch, worker: &str) -> Result<Bindings> {
        let url = format!("{}/accounts/{}/workers/scripts/{worker}/settings", self.base, self.account);
        let answer = fetch.json(&url, Some(&self.token)).await?;
        let answer: Answer = serde_json::from_value(answer).context("an answer without bindings")?;
        let mut bindings = Bindings::default();
        for binding in answer.result.bindings {
            match binding {
                Binding::PlainText { name, text } => {
                    bindings.variables.insert(name, text);
                }
                Binding::SecretText { name } => bindings.secrets.push(name),
                Binding::Other => {}
            }
        }
        Ok(bindings)
    }
}
