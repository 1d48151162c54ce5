//! Deploying: code, variables and secrets are one version of the Worker, so no request meets some of them without the rest.

use anyhow::{Result, bail};
use edgeward_core::Config;

use super::{Address, Wrangler, explain, secrets};
use crate::{
    edge::Settings,
    report::{Problem, Report},
};

impl Wrangler {
    /// Uploads the code with these variables and secrets. Other variables that the Worker has are removed. Of its secrets,
    /// which are `standing` if it is there, the obsolete ones are left blank and then removed. A Worker whose version has the
    /// same tag as the one that would be deployed is left alone.
    pub(super) async fn deploy(
        &self,
        settings: &Settings,
        config: &Config,
        address: &Address,
        standing: Option<&[String]>,
        standing_tag: Option<&str>,
        report: &mut Report,
    ) -> Result<()> {
        let obsolete = secrets::obsolete(settings, standing.unwrap_or_default());
        let own = self.own_config(config, address)?;
        let tag = self.weigh_bundle(&own).await?.tag(&own.text, settings);
        if standing_tag == Some(&tag) && obsolete.is_empty() {
            report.did(format!("the Worker {} has this code, these variables and these secrets already", self.worker));
            return Ok(());
        }
        let environment = self.environment.to_string();
        let mut command = self.command(&["deploy", "--env", &environment, "--name", &self.worker]);
        // wrangler opens the file by its name, and gives no other program its standard input.
        command.args(["--config", &own.name, "--secrets-file", "/dev/stdin"]);
        for (name, value) in settings.plain() {
            command.arg("--var").arg(format!("{name}:{value}"));
        }
        command.args(["--tag", &tag]);
        let ended = self.run(command, secrets::uploaded(settings, &obsolete).as_bytes()).await?;
        if !ended.success {
            bail!(
                "`wrangler deploy` failed; its message is above.{} Mend that and run `edgeward push` again. Until then the \
                 Worker {} is either the previous version, if there was one, or the new one, never a mix; its domain and \
                 workers.dev setting may still be the previous ones",
                explain(&ended.said),
                self.worker
            );
        }
        report.did(format!("deployed {}", self.described(settings, address)));
        // A new Worker gets the settings of its logs with its code.
        if standing.is_some() && ended.said.contains(SETTINGS_REFUSED) {
            report.problem(Problem::new(
                format!("the Worker {}", self.worker),
                "Cloudflare did not take the settings of its logs, so they may show the URLs of requests, with codes in them",
                "run `edgeward push` again",
            ));
        }
        self.remove_secrets(&obsolete, report).await
    }

    pub(super) fn would_deploy(&self, settings: &Settings, address: &Address, report: &mut Report) {
        report.did(format!("would deploy {}", self.described(settings, address)));
        secrets::would_remove_unset(settings, report);
    }

    fn described(&self, settings: &Settings, address: &Address) -> String {
        let at = match address {
            Address::Host { name, attach: true } => format!(" at {name}"),
            _ => String::new(),
        };
        let variables: Vec<_> = settings.plain().map(|(name, _)| name).collect();
        let secrets: Vec<_> = settings.secret().map(|(name, _)| name).collect();
        format!(
            "the Worker {}{at} from the environment {}, with the variables {} and the secrets {}",
            self.worker,
            self.environment,
            variables.join(", "),
            secrets.join(", ")
        )
    }
}

/// The beginning of wrangler's warning when the call fails that changes the settings which are no part of a version: tags,
/// of which alone it speaks, and those of logs.
const SETTINGS_REFUSED: &str = "Could not apply service and environment tags";
