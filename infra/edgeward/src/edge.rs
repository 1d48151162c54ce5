//! The edge's settings, assembled from parameters.

use std::collections::BTreeMap;

use edgeward_core::{Config, secret::Secret};
use edgeward_identity::names::edge::{
    CLIENTS, COGNITO_CLIENT_SECRET, KEYS, ORIGIN_CREDENTIALS, REGISTRATION_TOKEN, SETTINGS, setting,
};

use crate::{deployment::Deployment, parameter::Parameters, report::Problem};

/// Variables and secrets of the edge, by name. `Debug` hides every value.
#[derive(Debug, Clone)]
pub(crate) struct Settings(BTreeMap<&'static str, Secret<String>>);

impl Settings {
    /// What the parameters say; empty ones count as unset.
    pub(crate) fn of(parameters: &Parameters) -> Self {
        let given = SETTINGS.into_iter().filter_map(|setting| {
            let text = parameters.get(setting.parameter)?.text().trim();
            (!text.is_empty()).then(|| (setting.variable, Secret::new(text.to_owned())))
        });
        Self(given.collect())
    }

    pub(crate) fn get(&self, variable: &str) -> Option<&str> {
        self.0.get(variable).map(|value| value.expose().as_str())
    }

    pub(crate) fn set(&mut self, variable: &'static str, value: &str) {
        self.0.insert(variable, Secret::new(value.to_owned()));
    }

    /// Reads them as the edge will.
    pub(crate) fn config(&self, deployment: &Deployment) -> Result<Config, Vec<Problem>> {
        Config::parse(|name| self.get(name).map(str::to_owned)).map_err(|errors| {
            let problem = |error: edgeward_core::config::ConfigError| {
                Problem::new(deployment.place(error.setting), error.problem, remedy(error.setting, deployment))
            };
            errors.0.into_iter().map(problem).collect()
        })
    }

    /// What anybody may see.
    pub(crate) fn plain(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.of_secrecy(false)
    }

    /// What nobody may see.
    pub(crate) fn secret(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.of_secrecy(true)
    }

    fn of_secrecy(&self, secret: bool) -> impl Iterator<Item = (&'static str, &str)> {
        let all = SETTINGS.into_iter().filter(move |setting| setting.secret == secret);
        all.filter_map(|setting| Some((setting.variable, self.get(setting.variable)?)))
    }
}

fn remedy(variable: &str, deployment: &Deployment) -> String {
    let remedy = match (variable, deployment.file()) {
        (KEYS, Some(_)) => "`edgeward up` makes keys; malformed ones must be mended by hand",
        (KEYS, None) => "`edgeward keygen` makes keys; malformed ones must be mended by hand",
        (COGNITO_CLIENT_SECRET, _) => "`edgeward push` reads it from the app client",
        (CLIENTS | REGISTRATION_TOKEN | ORIGIN_CREDENTIALS, _) => {
            let parameter = setting(variable).map_or("", |setting| setting.parameter);
            return format!("store it anew: `edgeward secret set {parameter}`");
        }
        (_, Some(file)) => return format!("correct it in {}", file.path.display()),
        (_, None) => "set it in the stacks' configuration and deploy them",
    };
    remedy.to_owned()
}
