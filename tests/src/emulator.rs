//! AWS on this machine: ministack, an emulator that nobody here wrote, with a proxy in front that adds the little that it
//! lacks of Cognito.

mod api;
pub mod assembly;
mod endpoint;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use http::StatusCode;

pub use self::api::{Aws, Parameter, Service};
use self::endpoint::Endpoint;
use crate::{
    origin::ready,
    place,
    port::{Port, loopback},
    process::Process,
};

/// The account that everything is in.
pub const ACCOUNT: &str = "123456789012";

/// A running emulator; it stops, and forgets everything, when it is dropped.
#[derive(Debug)]
pub struct Emulator {
    endpoint: Endpoint,
    process: Process,
    /// The emulator itself, past the proxy.
    url: String,
}

impl Emulator {
    /// Starts it, with its log in `folder`. Requests that name no region, as CloudFront's viewers', are for `region`.
    ///
    /// # Errors
    /// When it is not installed or does not start.
    pub async fn start(region: &str, folder: &Path) -> Result<Self> {
        let port = Port::Free.choose()?;
        // It leaves its functions' code behind when it is stopped.
        let temporary = folder.join("emulator-tmp");
        fs::create_dir_all(&temporary).with_context(|| format!("cannot make {}", temporary.display()))?;
        let mut command = Command::new(installed("ministack")?);
        command
            .current_dir(folder)
            .env("PATH", place::node_path())
            .env("TMPDIR", temporary)
            // The functions find AWS's SDK here, which comes with Lambda's runtime elsewhere.
            .env("NODE_PATH", place::checkout().join("infra/node_modules"))
            .env("MINISTACK_ACCOUNT_ID", ACCOUNT)
            .env("MINISTACK_REGION", region)
            .env("BIND_HOST", "127.0.0.1")
            .env("GATEWAY_PORT", port.to_string());
        let process = Process::spawn("emulator", &mut command, folder)?;
        let url = format!("http://{}", loopback(port));
        ready(&process, &format!("{url}/_ministack/health"), StatusCode::OK, Duration::from_secs(30)).await?;
        let endpoint = Endpoint::start(&url).await?;
        Ok(Self { endpoint, process, url })
    }

    /// Where AWS's clients and browsers find it: what `AWS_ENDPOINT_URL` is set to.
    pub fn url(&self) -> String {
        format!("http://{}", self.endpoint.address())
    }

    /// The emulator past the proxy: what CloudFront's viewers talk to.
    pub fn viewer_url(&self) -> &str {
        &self.url
    }

    /// Its API.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn aws(&self) -> Result<Aws> {
        Aws::at(&self.url())
    }

    /// The program.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// What a program needs in its environment to take the emulator for AWS.
    pub fn variables(&self, region: &str) -> Vec<(&'static str, String)> {
        vec![
            ("AWS_ENDPOINT_URL", self.url()),
            ("AWS_REGION", region.to_owned()),
            ("AWS_ACCESS_KEY_ID", "test".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ]
    }
}

/// The types of CloudFormation's resources that the emulator has, as its own code lists them.
///
/// # Errors
/// When it is not installed, or lists them another way.
pub fn known_types() -> Result<BTreeSet<String>> {
    let mut command = Command::new(installed("python")?);
    let output = command.args(["-c", LIST_TYPES]).output().context("cannot run the emulator's Python")?;
    if !output.status.success() {
        bail!("the emulator does not list its types: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn installed(program: &str) -> Result<PathBuf> {
    let path = place::checkout().join("target/emulator/bin").join(program);
    if !path.is_file() {
        bail!("the emulator is not installed: run `.ci/setup emulator`");
    }
    Ok(path)
}

const LIST_TYPES: &str = "import json; from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS; \
                          print(json.dumps(sorted(_RESOURCE_HANDLERS)))";
