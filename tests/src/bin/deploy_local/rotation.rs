//! Keys and the app client's secret are replaced while clients go on.
//!
//! The tool is told the time, or the steps would be days apart. The clients' tokens do not grow old by that, so between
//! steps all of them get new ones, as they would have in those days.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::load::Load;
use serde_json::Value;

use crate::scene::Scene;

const DAY: u64 = 86_400;
/// What is rotated, and what its steps are called.
const ROTATIONS: [(&str, &[&str]); 3] = [
    ("signing", &["a new key verifies", "it signs", "the old key is removed"]),
    ("sealing", &["a new key opens", "it seals", "the old key is removed"]),
    ("client-secret", &["the edge has both", "the old one is deleted"]),
];

/// Rotates one after the other.
pub(crate) async fn show(scene: &Scene, load: &Load) -> Result<()> {
    scene.part("Keys and secret are replaced while clients call, refresh and sign in");
    load.settle().await?;
    let mut now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    for (what, steps) in ROTATIONS {
        let before = published(scene).await?;
        for step in steps {
            // Longer than anything depends on what was replaced.
            now += 400 * DAY;
            let text = rotate(scene, what, now, &[])?;
            roll_out(scene, load).await.with_context(|| format!("{what}: {step}; the tool had said:\n{text}"))?;
            scene.said(&format!("{what}: {step}"));
        }
        let next = rotate(scene, what, now, &["--dry-run"])?;
        ensure!(next.contains("would make a new") || next.contains("would add a secret"), "{what} is not over: {next}");
        let after = published(scene).await?;
        ensure!((before != after) == (what == "signing"), "{what}: {before:?} became {after:?}");
        ensure!(after.len() == 1, "{what}: {after:?}");
    }
    Ok(())
}

/// Does the step that is due then.
fn rotate(scene: &Scene, what: &str, now: u64, options: &[&str]) -> Result<String> {
    let folder = scene.edge_settings().display().to_string();
    let now = now.to_string();
    let arguments = ["rotate", what, "--now", &now, "--target", "local", "--output", &folder];
    scene.tool(&[&arguments[..], options].concat())?.good("edgeward rotate")
}

/// New settings reach one instance after the other, and none is restarted: so requests meet old and new ones for a while.
async fn roll_out(scene: &Scene, load: &Load) -> Result<()> {
    for instance in 0..scene.front.instances() {
        scene.front.change(instance, &scene.edge_settings()).await?;
        load.settle().await.with_context(|| format!("when instance {instance} had the new settings"))?;
    }
    Ok(())
}

/// The ids of the keys that the edge publishes.
async fn published(scene: &Scene) -> Result<Vec<String>> {
    let url = format!("{}/.well-known/jwks.json", scene.front.url());
    let document: Value = reqwest::Client::builder().no_proxy().build()?.get(url).send().await?.json().await?;
    let keys = document["keys"].as_array().context("no keys")?;
    Ok(keys.iter().filter_map(|key| key["kid"].as_str().map(str::to_owned)).collect())
}
