//! `edgeward.toml`: a deployment in front of a user pool and an MCP server that exist already. It holds no secrets, so it belongs
//! into version control.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use edgeward_core::secret::Secret;
use edgeward_identity::{
    UnixTime,
    names::edge::{COGNITO_USER_POOL_ID, PUBLIC_URL, SETTINGS, Setting},
};
use serde::Deserialize;
use toml::{Table, Value};
use url::Url;

use crate::{
    deployment::{Deployment, Environment, InFile},
    parameter::{Parameter, Parameters},
};

/// What the file is called, unless it is named.
pub(crate) const FILE: &str = "edgeward.toml";

/// A file as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    pub(crate) deployment: Deployment,
    /// Everything that is not secret.
    pub(crate) settings: Parameters,
    /// The AWS region of the user pool, and of secrets that are parameters.
    pub(crate) region: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Document {
    name: String,
    /// There is one platform, and the file says which: others will follow.
    #[serde(rename = "platform")]
    _platform: Platform,
    environment: Option<Environment>,
    #[serde(default)]
    secrets: Secrets,
    settings: Table,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Secrets {
    #[serde(default)]
    store: SecretStore,
    file: Option<PathBuf>,
    region: Option<String>,
}

/// The platform of an edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Platform {
    /// Cloudflare Workers.
    #[default]
    Cloudflare,
}

/// Where the secrets are kept that the edge is given.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SecretStore {
    /// A file that only its owner can read.
    #[default]
    File,
    /// SSM Parameter Store, as SecureStrings.
    Ssm,
}

/// Where the file with the secrets of a deployment is, unless `edgeward.toml` says it: beside that, in a folder that git ignores.
pub(crate) fn secrets_file(name: &str) -> PathBuf {
    Path::new(".edgeward").join(format!("{name}.json"))
}

impl Project {
    /// Reads a file.
    ///
    /// # Errors
    /// When it is not there or malformed: the error names the member.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {}: `edgeward init` writes it, or say --deployment NAME for parameters at AWS",
                path.display()
            )
        })?;
        Self::parse(&text, path).with_context(|| path.display().to_string())
    }

    /// Reads the text of a file.
    pub(crate) fn parse(text: &str, path: &Path) -> Result<Self> {
        let document: Document = toml::from_str(text)?;
        let deployment: Deployment = document.name.parse().map_err(anyhow::Error::msg).context("name")?;
        let mut settings = Parameters::new();
        for (name, value) in &document.settings {
            let Some(setting) = SETTINGS.into_iter().find(|setting| setting.parameter == name) else {
                bail!("settings.{name}: no setting of the edge is called so; docs/settings.md lists them")
            };
            if setting.secret {
                bail!(
                    "settings.{name}: is a secret, and this file is for version control: take it out, and run `edgeward secret \
                     set {name}`. If others have seen the file, replace what it held"
                );
            }
            settings.insert(name.clone(), plain(text_of(setting, value)?));
        }
        let text = |variable| find(&settings, variable);
        let environment = document.environment.unwrap_or_else(|| environment(text(PUBLIC_URL)));
        let pool_region =
            text(COGNITO_USER_POOL_ID).and_then(|id| id.split_once('_')).map(|(region, _)| region.to_owned());
        let region = document.secrets.region.or(pool_region);
        let secrets = match (document.secrets.store, document.secrets.file) {
            (SecretStore::Ssm, Some(_)) => bail!("secrets.file: is for store = \"file\""),
            (SecretStore::Ssm, None) => None,
            (SecretStore::File, file) => {
                let file = file.unwrap_or_else(|| secrets_file(&document.name));
                Some(path.parent().unwrap_or(Path::new("")).join(file))
            }
        };
        let file = InFile { path: path.to_owned(), secrets, environment };
        Ok(Self { deployment: deployment.in_file(file), settings, region })
    }
}

fn find<'a>(settings: &'a Parameters, variable: &str) -> Option<&'a str> {
    let setting = SETTINGS.into_iter().find(|setting| setting.variable == variable)?;
    settings.get(setting.parameter).map(Parameter::text)
}

/// An edge at workers.dev belongs to `dev`, which alone is served there.
fn environment(public_url: Option<&str>) -> Environment {
    let url = public_url.and_then(|text| Url::parse(text).ok());
    let is_workers_dev = url.as_ref().and_then(Url::host_str).is_some_and(|host| host.ends_with(".workers.dev"));
    if is_workers_dev { Environment::Dev } else { Environment::Prod }
}

fn plain(text: String) -> Parameter {
    Parameter { value: Secret::new(text), is_secure: false, version: 0, modified: UnixTime::from_secs(0) }
}

/// A setting as the edge reads it: text as it is, lists of words with spaces between, and everything else as JSON.
fn text_of(setting: Setting, value: &Value) -> Result<String> {
    let name = setting.parameter;
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        Value::Boolean(on) => Ok(if *on { "on" } else { "off" }.to_owned()),
        Value::Array(values) if values.iter().all(Value::is_str) => {
            Ok(values.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "))
        }
        Value::Array(_) | Value::Table(_) => serde_json::to_string(value).with_context(|| format!("settings.{name}")),
        Value::Float(_) | Value::Datetime(_) => {
            bail!("settings.{name}: is a {}, which no setting is", value.type_str())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"
        name = "team"
        platform = "cloudflare"

        [settings]
        public-url = "https://mcp.example.com"
        cognito-user-pool-id = "eu-west-1_Example"
        access-token-seconds = 600
        client-metadata-documents = false
        allowed-origins = ["https://a.example", "https://b.example"]
        brand = { name = "Example" }

        [[settings.resources]]
        path = "/mcp"
        scopes = { read = "Read" }
    "#;

    fn parsed(text: &str) -> Result<Project> {
        Project::parse(text, Path::new("folder/edgeward.toml"))
    }

    #[test]
    fn every_setting_becomes_the_text_that_the_edge_reads() {
        let project = parsed(WHOLE).unwrap();
        let text = |name: &str| project.settings[name].text();
        assert_eq!(text("public-url"), "https://mcp.example.com");
        assert_eq!(text("access-token-seconds"), "600");
        assert_eq!(text("client-metadata-documents"), "off");
        assert_eq!(text("allowed-origins"), "https://a.example https://b.example");
        assert_eq!(text("brand"), r#"{"name":"Example"}"#);
        assert_eq!(text("resources"), r#"[{"path":"/mcp","scopes":{"read":"Read"}}]"#);
        assert_eq!(project.region.as_deref(), Some("eu-west-1"));
        let file = project.deployment.file().unwrap();
        assert_eq!(file.secrets.as_deref(), Some(Path::new("folder/.edgeward/team.json")));
        assert_eq!(file.environment, Environment::Prod);
        assert_eq!(project.deployment.worker(), "edgeward-team");
    }

    #[test]
    fn a_workers_dev_address_belongs_to_dev() {
        let text = WHOLE.replace("mcp.example.com", "edgeward-team.example.workers.dev");
        assert_eq!(parsed(&text).unwrap().deployment.file().unwrap().environment, Environment::Dev);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (from, to, words) in [
            ("name = \"team\"\n", "", "missing field `name`"),
            ("\"team\"", "\"Team\"", "name: a name is 1 to 32"),
            ("\"cloudflare\"", "\"nowhere\"", "unknown variant `nowhere`"),
            ("public-url =", "public-uri =", "settings.public-uri: no setting of the edge is called so"),
            ("public-url =", "keys =", "settings.keys: is a secret"),
            ("= 600", "= 600.5", "settings.access-token-seconds: is a float"),
            ("[settings]", "[secrets]\nstore = \"ssm\"\nfile = \"x\"\n[settings]", "secrets.file: is for store"),
            ("[settings]", "[secrets]\nplace = \"ssm\"\n[settings]", "unknown field `place`"),
        ] {
            let text = WHOLE.replace(from, to);
            assert_ne!(text, WHOLE);
            let error = format!("{:#}", parsed(&text).unwrap_err());
            assert!(error.contains(words), "{words:?} is not in {error:?}");
        }
    }

    #[test]
    fn no_error_shows_a_secret_that_does_not_belong_there() {
        let text = WHOLE.replace("public-url = \"https", "cognito-client-secret = \"s3cret\"\npublic-url = \"https");
        assert!(!format!("{:#}", parsed(&text).unwrap_err()).contains("s3cret"));
    }
}
