//! Deploying: code, variables and secrets are one version of the Worker, so no request meets some of them without the rest.

use anyhow::{Result, bail};
use edgeward_core::Config;

use super::{Address, Wrangler, explain, secrets};
use crate::{
    edge::Settings,
    report::{Problem, Report},
};

impl Wrangler {
    /// Uploads the code with these variables and secrets. Other variables that the Worker has are removed; its obsolete
    /// secrets are left blank, as they can be removed only after that.
    pub(super) async fn deploy(
        &self,
        settings: &Settings,
        config: &Config,
        address: &Address,
        obsolete: &[&'static str],
        report: &mut Report,
    ) -> Result<()> {
        let own = self.own_config(config, address)?;
        let environment = self.environment.to_string();
        let mut command = self.command(&["deploy", "--env", &environment, "--name", &self.worker]);
        // wrangler opens the file by its name, and gives no other program its standard input.
        command.args(["--config", &own.name, "--secrets-file", "/dev/stdin"]);
        for (name, value) in settings.plain() {
            command.arg("--var").arg(format!("{name}:{value}"));
        }
        let ended = self.run(command, secrets::uploaded(settings, obsolete).as_bytes()).await?;
        if !ended.success {
            bail!(
                "`wrangler deploy` failed; its message is above.{} Mend that and run `edgeward push` again. Until then the \
                 Worker {} is the older one, if there was one, or the new one, but never half of each; its addresses may be \
                 the older ones",
                explain(&ended.said),
                self.worker
            );
        }
        report.did(format!("deployed {}", self.described(settings, address)));
        if ended.said.contains(SETTINGS_REFUSED) {
            report.problem(Problem::new(
                format!("the Worker {}", self.worker),
                "Cloudflare did not take the settings of its logs, so they may show the URLs of requests, with codes in them",
                "run `edgeward push` again",
            ));
        }
        Ok(())
    }

    pub(super) fn would_deploy(&self, settings: &Settings, address: &Address, report: &mut Report) {
        report.did(format!("would deploy {}", self.described(settings, address)));
        let unset: Vec<_> = secrets::unset(settings).collect();
        if !unset.is_empty() {
            report.did(format!("would remove the secrets {} after that, if the Worker has them", unset.join(", ")));
        }
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
