//! A deployment's name, and all names that follow from it.

use std::{fmt, str::FromStr};

use anyhow::{Result, bail};
use clap::ValueEnum;

/// The name of a deployment: in parameter paths, and in the name of its Worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deployment(String);

impl Deployment {
    pub(crate) fn edge_path(&self) -> String {
        format!("/edgeward/{}/edge", self.0)
    }

    pub(crate) fn origin_path(&self) -> String {
        format!("/edgeward/{}/origin", self.0)
    }

    /// The Worker's name at Cloudflare.
    pub(crate) fn worker(&self) -> String {
        format!("edgeward-{}", self.0)
    }

    /// The environment of `wrangler.toml`: the one asked for, or the one that is called like the deployment.
    pub(crate) fn environment(&self, asked: Option<Environment>) -> Result<Environment> {
        let own = Environment::from_str(&self.0, false).ok();
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
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An environment of the edge's `wrangler.toml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
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
