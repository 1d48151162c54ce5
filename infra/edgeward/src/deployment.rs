//! A deployment's name, where it is described, and all names that follow from that.

use std::{fmt, path::PathBuf, str::FromStr};

use anyhow::{Result, bail};
use clap::ValueEnum;
use edgeward_identity::names::edge::{Setting, setting};
use serde::Deserialize;

/// A deployment. Its name is in parameter paths, and in the name of its Worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment {
    name: String,
    description: Description,
}

/// What describes a deployment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Description {
    /// Parameters in SSM Parameter Store, which the stacks write.
    Parameters,
    /// A file, `edgeward.toml`, with the secrets elsewhere.
    File(InFile),
}

/// A description in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct InFile {
    /// The file, as it is shown to people.
    pub(crate) path: PathBuf,
    /// The file with the secrets; none if they are parameters.
    pub(crate) secrets: Option<PathBuf>,
    /// The environment of `wrangler.toml` that it belongs to.
    pub(crate) environment: Environment,
}

impl Deployment {
    /// The same deployment, described in a file.
    pub(crate) fn in_file(self, file: InFile) -> Self {
        Self { description: Description::File(file), ..self }
    }

    /// The file that describes it, if one does.
    pub(crate) const fn file(&self) -> Option<&InFile> {
        match &self.description {
            Description::File(file) => Some(file),
            Description::Parameters => None,
        }
    }

    pub(crate) fn edge_path(&self) -> String {
        format!("/edgeward/{}/edge", self.name)
    }

    pub(crate) fn origin_path(&self) -> String {
        format!("/edgeward/{}/origin", self.name)
    }

    /// The Worker's name at Cloudflare.
    pub(crate) fn worker(&self) -> String {
        format!("edgeward-{}", self.name)
    }

    /// Where a secret of the edge is kept: the name of a parameter, or a file and the name in it.
    pub(crate) fn secret(&self, parameter: &str) -> String {
        match self.file().and_then(|file| file.secrets.as_ref()) {
            Some(path) => format!("{}#{parameter}", path.display()),
            None => format!("{}/{parameter}", self.edge_path()),
        }
    }

    /// Where a variable or secret of the edge is set, for people.
    pub(crate) fn place(&self, variable: &str) -> String {
        let found = setting(variable);
        let parameter = found.map_or("", |setting| setting.parameter);
        let place = match (self.file(), found) {
            (Some(file), Some(Setting { secret: false, .. })) => format!("{}: {parameter}", file.path.display()),
            (Some(_), _) => self.secret(parameter),
            (None, _) => format!("{}/{parameter}", self.edge_path()),
        };
        format!("{place} ({variable})")
    }

    /// The environment of `wrangler.toml`: the one asked for, or the one that the file says or that is called like the
    /// deployment.
    pub(crate) fn environment(&self, asked: Option<Environment>) -> Result<Environment> {
        if let Some(file) = self.file() {
            return Ok(asked.unwrap_or(file.environment));
        }
        let own = Environment::from_str(&self.name, false).ok();
        match (own, asked) {
            (Some(own), Some(asked)) if own != asked => {
                bail!("the deployment {self} belongs to the environment {own}, not {asked}: leave out --env")
            }
            (Some(environment), _) | (None, Some(environment)) => Ok(environment),
            (None, None) => {
                bail!("the deployment {self} is not called like an environment: add --env dev, staging or prod")
            }
        }
    }
}

impl FromStr for Deployment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usable = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if text.is_empty()
            || text.len() > 32
            || text.starts_with('-')
            || text.ends_with('-')
            || !text.bytes().all(usable)
        {
            return Err("a name is 1 to 32 of a-z, 0-9 and `-`, the latter only inside".to_owned());
        }
        Ok(Self { name: text.to_owned(), description: Description::Parameters })
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// An environment of the edge's `wrangler.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Environment {
    Dev,
    Staging,
    Prod,
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dev => "dev",
            Self::Staging => "staging",
            Self::Prod => "prod",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_into_paths_and_host_names() {
        for good in ["prod", "a", "team-2"] {
            assert_eq!(good.parse::<Deployment>().unwrap().to_string(), good);
        }
        for bad in ["", "-a", "a-", "Prod", "a/b", "a_b", &"a".repeat(33)] {
            assert!(bad.parse::<Deployment>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_deployment_that_is_called_like_an_environment_belongs_to_it() {
        let prod: Deployment = "prod".parse().unwrap();
        assert_eq!(prod.environment(None).unwrap(), Environment::Prod);
        assert_eq!(prod.environment(Some(Environment::Prod)).unwrap(), Environment::Prod);
        assert!(prod.environment(Some(Environment::Dev)).is_err());
        let other: Deployment = "team-2".parse().unwrap();
        assert_eq!(other.environment(Some(Environment::Dev)).unwrap(), Environment::Dev);
        assert!(other.environment(None).is_err());
    }
}
