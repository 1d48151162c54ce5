//! The configuration that wrangler reads for one deployment: `wrangler.toml` with what the deployment decides. wrangler has
//! no arguments for most of it.

use std::{
    fs,
    path::{Path, PathBuf},
    process,
};

use anyhow::{Context as _, Result};
use edgeward_core::Config;
use serde_json::{Value, json};

use super::{
    super::{CONFIG, bindings},
    Address, Wrangler,
};

/// Removed when dropped. It holds no secret.
pub(super) struct OwnConfig {
    pub(super) name: String,
    pub(super) text: String,
    path: PathBuf,
}

impl Wrangler {
    /// Writes it beside `wrangler.toml`, so that the paths in it mean the same.
    pub(super) fn own_config(&self, config: &Config, address: &Address) -> Result<OwnConfig> {
        let mut own = read(&self.folder.join(CONFIG))?;
        let bindings = bindings::of(&own, self.environment, config)?;
        let environment = &mut own["env"][self.environment.to_string()];
        for (name, value) in bindings {
            environment[name] = value;
        }
        environment["workers_dev"] = (*address == Address::WorkersDev).into();
        environment["preview_urls"] = false.into();
        if let Address::Host { name, attach: true } = address {
            let domain = json!({ "pattern": name, "custom_domain": true, "previews_enabled": false });
            match environment["routes"].as_array_mut() {
                Some(routes) => routes.push(domain),
                None => environment["routes"] = json!([domain]),
            }
        }
        // Another push from the same checkout has a file of its own.
        let name = format!(".wrangler-{}-{}.json", self.worker, process::id());
        let path = self.folder.join(&name);
        let text = own.to_string();
        fs::write(&path, &text).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(OwnConfig { name, text, path })
    }
}

fn read(path: &Path) -> Result<Value> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    toml::from_str(&text).with_context(|| format!("cannot read {}", path.display()))
}

impl Drop for OwnConfig {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}
