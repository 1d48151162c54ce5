//! The command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum, error::ErrorKind};
use edgeward_identity::UnixTime;
use serde::Deserialize;

use crate::{
    date,
    deployment::{Deployment, Environment},
    project::{self, Platform, SecretStore},
    report::Format,
};

/// Makes and rotates keys, writes the edge's settings, checks a deployment of Edgeward, and takes it away.
#[derive(Debug, Parser)]
#[command(name = "edgeward", version, max_term_width = 120)]
pub(crate) struct Cli {
    /// Print one JSON document instead of lines.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Cli {
    pub(crate) fn format(&self) -> Format {
        if self.json { Format::Json } else { Format::Lines }
    }

    /// What cannot be said by attributes.
    pub(crate) fn check(&self) -> Result<(), clap::Error> {
        match &self.command {
            Command::Leaked(leaked) if !leaked.key.is_empty() && !leaked.what.has_choice_of_keys() => {
                let message = "--key names keys of one kind: signing, sealing, registration or session";
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            Command::Rotate(rotate) if rotate.what == What::ClientSecret && (rotate.begin || rotate.older_than > 0) => {
                let message = "--begin and --older-than are for keys: Cognito holds two client secrets at most";
                Err(Self::command().error(ErrorKind::ArgumentConflict, message))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make the edge's private keys: one that signs, one that seals, one that makes client ids; and the origin's key of
    /// sessions.
    Keygen(Keygen),
    /// Do the step of a rotation that is due, or say when it will be.
    Rotate(Rotate),
    /// After a leak: replace a key or secret at once, and take it out of use everywhere.
    #[command(visible_alias = "leak")]
    Leaked(Leaked),
    /// Write the edge's settings and secrets from the deployment's parameters, and deploy it.
    Push(Push),
    /// Write the public keys to the origin's parameter.
    PublishJwks(Change),
    /// Name everything about the deployment that is missing or inconsistent.
    Check(Check),
    /// Compare the deployment's parameters with the running edge, and ask the edge as its clients do.
    Drift(Drift),
    /// Take away the edge and the parameters that are not the stacks', before those are destroyed.
    Remove(Remove),
    /// Read an existing user pool and MCP server, say what will not work, and write `edgeward.toml`.
    Init(Box<Init>),
    /// Deploy what `edgeward.toml` describes, or what has changed of it, and try it from outside.
    Up(Up),
    /// Store or remove a secret of the edge, such as `clients`.
    Secret(Secret),
    /// Print the licence of this program, and those of the software that it contains.
    Licenses,
}

/// Which deployment: by default the one that `edgeward.toml` in the current folder describes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Which {
    /// Name of a deployment that parameters at AWS describe, those below /edgeward/NAME.
    #[arg(long, value_name = "NAME", env = "EDGEWARD_DEPLOYMENT")]
    pub(crate) deployment: Option<Deployment>,
    /// The file that describes the deployment, as `edgeward init` writes it.
    #[arg(long, value_name = "FILE", env = "EDGEWARD_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// AWS region of its parameters; by default the one in the file, or what AWS's own tools would use.
    #[arg(long)]
    pub(crate) region: Option<String>,
}

/// A command that only writes parameters.
#[derive(Debug, Args)]
pub(crate) struct Change {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Print the edge's keys instead; nothing is stored.
    #[arg(long, conflicts_with_all = ["output", "dry_run"])]
    pub(crate) stdout: bool,
    /// Write the edge's keys to a new file instead, readable only by its owner.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print or write the origin's key of sessions instead of the edge's keys.
    #[arg(long, conflicts_with_all = ["deployment", "dry_run"])]
    pub(crate) session: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) clock: Clock,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The keys that sign access tokens and identity assertions.
    Signing,
    /// The keys that seal what travels through browsers and clients.
    Sealing,
    /// The keys that make client ids.
    Registration,
    /// The keys that seal the ids of sessions at the origin.
    Session,
    /// The secret of the app client at Cognito.
    ClientSecret,
}

#[derive(Debug, Args)]
pub(crate) struct Rotate {
    /// What to rotate.
    pub(crate) what: What,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Begin another rotation although replaced keys of the last one are still kept. After a leak, see `edgeward leaked`.
    #[arg(long)]
    pub(crate) begin: bool,
    /// Begin a rotation only if the key in use is at least this old; for a timer.
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    pub(crate) older_than: u64,
    /// Remove the oldest replaced key now, and whatever depends on it, never the key in use; of a client secret, the one that
    /// is not stored. After a leak, see `edgeward leaked`.
    #[arg(long, conflicts_with = "begin")]
    pub(crate) force_remove: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) clock: Clock,
}

/// What has leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Leak {
    /// A key that signs access tokens and identity assertions.
    Signing,
    /// A key that seals what travels through browsers and clients; replacing it signs everybody out.
    Sealing,
    /// A key that makes client ids.
    Registration,
    /// The whole of EDGEWARD_KEYS: every key of these three kinds.
    Keys,
    /// A key that seals the ids of sessions at the origin.
    Session,
    /// The secret of the app client at Cognito.
    ClientSecret,
    /// What CloudFront shows the origin's firewall.
    OriginSecret,
}

impl Leak {
    /// Whether there may be several keys of which one has leaked.
    const fn has_choice_of_keys(self) -> bool {
        matches!(self, Self::Signing | Self::Sealing | Self::Registration | Self::Session)
    }
}

#[derive(Debug, Args)]
pub(crate) struct Leaked {
    /// What has leaked.
    pub(crate) what: Leak,
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Id of the key that has leaked; may be given several times. By default the key in use.
    #[arg(long, value_name = "ID")]
    pub(crate) key: Vec<String>,
    /// Really do it. Without this, the command says who would have to sign in again.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) clock: Clock,
}

#[derive(Debug, Args)]
pub(crate) struct Push {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Write the secrets alone; code and variables of the edge stay as they are.
    #[arg(long)]
    pub(crate) secrets_only: bool,
    /// Leave domains and routes to wrangler.toml, instead of giving the Worker the public URL's host as its domain.
    #[arg(long)]
    pub(crate) no_domain: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

/// Where the edge is.
#[derive(Debug, Clone, Args)]
pub(crate) struct TargetArguments {
    /// Environment of wrangler.toml; by default the deployment's name, if it is one.
    #[arg(long)]
    pub(crate) env: Option<Environment>,
    /// Where the edge runs.
    #[arg(long, value_enum, default_value_t = Target::Cloudflare)]
    pub(crate) target: Target,
    /// Folder for the settings of a local edge: `wrangler.json` and `.dev.vars`.
    #[arg(long, value_name = "DIR", required_if_eq("target", "local"))]
    pub(crate) output: Option<PathBuf>,
    /// Folder with the edge's wrangler.toml; by default `worker` beside this tool, or `edge/cloudflare` of a checkout, here or
    /// in a folder above.
    #[arg(long, value_name = "DIR")]
    pub(crate) edge_folder: Option<PathBuf>,
    /// The program wrangler; by default `npx wrangler` with the version that was tested, and `wrangler` in a checkout.
    #[arg(long, value_name = "FILE", env = "EDGEWARD_WRANGLER")]
    pub(crate) wrangler: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// Cloudflare Workers, through wrangler.
    Cloudflare,
    /// workerd on this machine: only files are written.
    Local,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Environment of wrangler.toml; by default the deployment's name, if it is one.
    #[arg(long)]
    pub(crate) env: Option<Environment>,
    /// Change what the API can change about an app client of your own; every other value of it stays.
    #[arg(long)]
    pub(crate) fix: bool,
    /// With --fix: say what would be changed, and change nothing.
    #[arg(long, requires = "fix")]
    pub(crate) dry_run: bool,
    /// Also wait for the first bytes of each MCP server's standing stream, for 110 seconds at most.
    #[arg(long)]
    pub(crate) streams: bool,
    /// How long to wait for them; for tests.
    #[arg(long, hide = true, value_name = "MILLISECONDS")]
    pub(crate) silence: Option<u64>,
    #[command(flatten)]
    pub(crate) plain_http: PlainHttp,
    #[command(flatten)]
    pub(crate) clock: Clock,
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    #[command(flatten)]
    pub(crate) which: Which,
    /// Where to ask the edge; by default its public URL. The requests name the host of the public URL.
    #[arg(long, value_name = "URL")]
    pub(crate) edge_url: Option<url::Url>,
    /// Wait this long for an edge that was just deployed: for its name, certificate and settings.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub(crate) wait: u64,
    /// The pause before each look while waiting; for tests.
    #[arg(long, hide = true, value_name = "MILLISECONDS", default_value_t = 10_000)]
    pub(crate) interval: u64,
    #[command(flatten)]
    pub(crate) plain_http: PlainHttp,
}

/// What the file is made of. What is not given is asked for.
#[derive(Debug, Default, Args)]
pub(crate) struct Init {
    /// The file to write.
    #[arg(long, value_name = "FILE", default_value = project::FILE)]
    pub(crate) config: PathBuf,
    /// A TOML file with the answers, named like these options; options win.
    #[arg(long, value_name = "FILE")]
    pub(crate) answers: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) given: Answers,
    /// Ask nothing: what is neither given nor has a default is an error.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Change what the API can change about the app client; every other value of it stays.
    #[arg(long)]
    pub(crate) fix: bool,
}

/// Answers to the questions of `init`.
#[derive(Debug, Clone, Default, Args, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Answers {
    /// Name of the deployment: the Worker is called edgeward-NAME.
    #[arg(long, value_parser = deployment_name)]
    pub(crate) name: Option<String>,
    /// AWS region of the user pool.
    #[arg(long)]
    pub(crate) region: Option<String>,
    /// Id of the user pool.
    #[arg(long, value_name = "ID")]
    pub(crate) user_pool: Option<String>,
    /// Id of the app client, or `new` for one that is made.
    #[arg(long, value_name = "ID")]
    pub(crate) client: Option<String>,
    /// File with the app client's secret, if Cognito cannot be asked for it; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) client_secret_file: Option<PathBuf>,
    /// Host of the user pool's domain, if Cognito cannot be asked for it.
    #[arg(long, value_name = "HOST")]
    pub(crate) domain: Option<String>,
    /// URL at which clients will reach the edge, such as `https://mcp.example.com`.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url: Option<String>,
    /// URL of the MCP server, such as `https://server.example.com/mcp`.
    #[arg(long, value_name = "URL")]
    pub(crate) server_url: Option<String>,
    /// Where the edge runs.
    #[arg(long, value_enum)]
    pub(crate) platform: Option<Platform>,
    /// Where the secrets are kept.
    #[arg(long, value_enum)]
    pub(crate) secrets: Option<SecretStore>,
    /// Another setting for the file; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) set: Vec<String>,
}

fn deployment_name(text: &str) -> Result<String, String> {
    text.parse::<Deployment>().map(|deployment| deployment.to_string())
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Serve it on this machine instead, against the same user pool and MCP server, until Ctrl-C.
    #[arg(long)]
    pub(crate) local: bool,
    /// With --local: the port at localhost.
    #[arg(long, default_value_t = 8787, requires = "local")]
    pub(crate) port: u16,
    /// Deploy although `edgeward check` finds problems.
    #[arg(long)]
    pub(crate) force: bool,
    /// How long to wait for a name and a certificate of a new edge.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) wait: u64,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Where to ask the edge; for tests.
    #[arg(long, hide = true, value_name = "URL")]
    pub(crate) edge_url: Option<url::Url>,
    /// The pause before each look while waiting; for tests.
    #[arg(long, hide = true, value_name = "MILLISECONDS", default_value_t = 10_000)]
    pub(crate) interval: u64,
    #[command(flatten)]
    pub(crate) plain_http: PlainHttp,
    #[command(flatten)]
    pub(crate) clock: Clock,
}

#[derive(Debug, Args)]
pub(crate) struct Secret {
    #[command(subcommand)]
    pub(crate) command: SecretCommand,
    #[command(flatten)]
    pub(crate) which: Which,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Store a secret; its value is read from standard input.
    Set {
        /// Its name, as in docs/settings.md without EDGEWARD_ and in lower case: clients, registration-token.
        name: String,
        /// Read the value from a file.
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
    },
    /// Remove a secret.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlainHttp {
    /// Where to ask the edge without TLS; for tests.
    #[arg(long, hide = true, value_name = "URL")]
    pub(crate) plain_url: Option<url::Url>,
}

#[derive(Debug, Args)]
pub(crate) struct Remove {
    #[command(flatten)]
    pub(crate) which: Which,
    #[command(flatten)]
    pub(crate) target: TargetArguments,
    /// Really remove it: the keys cannot be had back, so every client must register and every user sign in again.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Say what would be done, and change nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Clock {
    /// The time, in seconds since 1970; for tests.
    #[arg(long, hide = true, value_name = "SECONDS")]
    now: Option<u64>,
}

impl Clock {
    pub(crate) fn now(&self) -> UnixTime {
        self.now.map_or_else(date::now, UnixTime::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
