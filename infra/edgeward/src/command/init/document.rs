//! The file as it is written: with the words that explain it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use url::Url;

use super::{client::Cognito, default_store, questions::Questions};
use crate::{
    cli::Answers,
    project::{Platform, SecretStore},
};

/// What the file says, but for the app client.
pub(super) struct Draft {
    name: String,
    platform: Platform,
    secrets: SecretStore,
    public_url: String,
    pool_id: String,
    domain: String,
    server: Server,
    /// Other settings, by their names.
    others: BTreeMap<String, String>,
}

/// An MCP server's URL, as the edge's settings say it.
#[derive(Debug, PartialEq, Eq)]
struct Server {
    origin_url: String,
    /// Its path there, if it is not the edge's.
    origin_path: Option<String>,
}

impl Draft {
    pub(super) fn ask(answers: &Answers, questions: &Questions, cognito: &Cognito) -> Result<Self> {
        let ask = |option, question, given, default| questions.text(option, question, given, default);
        let public_url = ask(
            "public-url",
            "Public URL of the edge, such as https://mcp.example.com",
            answers.public_url.as_ref(),
            None,
        )?;
        let public_url = origin(&public_url).with_context(|| format!("--public-url {public_url}"))?;
        let server_url = ask(
            "server-url",
            "URL of the MCP server, such as https://server.example.com/mcp",
            answers.server_url.as_ref(),
            None,
        )?;
        let server = Server::parse(&server_url).with_context(|| format!("--server-url {server_url}"))?;
        let name = ask("name", "Name of the deployment", answers.name.as_ref(), Some("prod"))?;
        let mut others = BTreeMap::new();
        for setting in &answers.set {
            let (name, value) =
                setting.split_once('=').with_context(|| format!("--set {setting} is not NAME=VALUE"))?;
            if !name.bytes().all(|c| c.is_ascii_lowercase() || c == b'-') {
                bail!("--set {name}: no setting of the edge is called so; docs/settings.md lists them");
            }
            others.insert(name.to_owned(), value.to_owned());
        }
        Ok(Self {
            others,
            name,
            platform: answers.platform.unwrap_or_default(),
            secrets: answers.secrets.unwrap_or(default_store(cognito.has_credentials)),
            public_url,
            pool_id: cognito.pool_id.clone(),
            domain: cognito.domain.clone(),
            server,
        })
    }

    pub(super) fn text(&self, client_id: &str) -> String {
        let quoted = |text: &str| Value::from(text).to_string();
        let Platform::Cloudflare = self.platform;
        let (store, where_secrets_are) = match self.secrets {
            SecretStore::Ssm => {
                ("ssm", "SSM Parameter Store, below /edgeward/<name>/edge. The other choice is \"file\".")
            }
            SecretStore::File => (
                "file",
                "a file in .edgeward that only you can read:\n# keep a copy of it. The other choice is \"ssm\", SSM Parameter Store.",
            ),
        };
        let origin_path = self.server.origin_path.as_ref().map_or(String::new(), |path| {
            format!(
                "\n[[settings.resources]]\npath = \"/mcp\"\norigin_path = {}\nscopes = {{ mcp = \"Use the tools, resources and \
                 prompts of this server\" }}\n",
                quoted(path)
            )
        });
        let others: String = self.others.iter().map(|(name, value)| format!("{name} = {}\n", quoted(value))).collect();
        format!(
            "# An edge of Edgeward: `edgeward up` deploys it, and again what you change here. It holds no secrets.\n\
             name = {name}\n\
             platform = \"cloudflare\"\n\
             \n\
             [secrets]\n\
             # The edge's keys and the app client's secret are in {where_secrets_are}\n\
             store = \"{store}\"\n\
             \n\
             # All settings: docs/settings.md. A name is the variable's without EDGEWARD_, in lower case, with - for _.\n\
             [settings]\n\
             public-url = {public_url}\n\
             origin-url = {origin_url}\n\
             cognito-user-pool-id = {pool_id}\n\
             cognito-client-id = {client_id}\n\
             cognito-domain = {domain}\n\
             {others}{origin_path}",
            name = quoted(&self.name),
            public_url = quoted(&self.public_url),
            origin_url = quoted(&self.server.origin_url),
            pool_id = quoted(&self.pool_id),
            client_id = quoted(client_id),
            domain = quoted(&self.domain),
        )
    }
}

impl Server {
    /// A URL as people copy it: with the path of the MCP endpoint, which is `/mcp` if there is none.
    fn parse(text: &str) -> Result<Self> {
        let url = absolute(text)?;
        let origin_url = url.origin().ascii_serialization();
        let origin_path = match url.path().trim_end_matches('/') {
            "" | "/mcp" => None,
            path => Some(path.to_owned()),
        };
        Ok(Self { origin_url, origin_path })
    }
}

/// An origin (scheme, host and port) alone.
fn origin(text: &str) -> Result<String> {
    let url = absolute(text)?;
    if url.path() != "/" {
        bail!("has a path: leave out everything after the host");
    }
    Ok(url.origin().ascii_serialization())
}

fn absolute(text: &str) -> Result<Url> {
    let url = Url::parse(text).context("is no absolute URL, such as https://mcp.example.com")?;
    if !["https", "http"].contains(&url.scheme()) || url.host_str().is_none() {
        bail!("is no https URL");
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        bail!("has a query, a fragment or credentials in it: leave them out");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_url_of_a_server_may_have_the_path_of_its_endpoint() {
        let parsed = |text| Server::parse(text).unwrap();
        let server =
            |url: &str, path: Option<&str>| Server { origin_url: url.to_owned(), origin_path: path.map(str::to_owned) };
        for usual in ["https://a.example", "https://a.example/", "https://a.example/mcp", "https://a.example/mcp/"] {
            assert_eq!(parsed(usual), server("https://a.example", None), "{usual}");
        }
        assert_eq!(parsed("https://a.example:8443/api/mcp"), server("https://a.example:8443", Some("/api/mcp")));
        for bad in ["a.example", "ftp://a.example", "https://a.example/mcp?x=1", "https://u:p@a.example", "/mcp"] {
            assert!(Server::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_public_url_is_an_origin() {
        assert_eq!(origin("https://MCP.example.com/").unwrap(), "https://mcp.example.com");
        assert!(origin("https://mcp.example.com/mcp").is_err());
    }
}
