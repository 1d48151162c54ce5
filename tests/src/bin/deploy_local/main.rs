//! Deploys everything to this machine as to AWS, signs in, calls, rotates and takes all away again: `make deploy-local`.
//!
//! The emulator plays AWS, workerd Cloudflare. The CDK's command line, the stacks, the operator's tool, the containers of
//! two tasks and the edge are the real ones.

mod existing;
mod leftovers;
mod refusals;
mod replica;
mod rotation;
mod scene;
mod serving;
mod stacks;
mod tasks;

use std::process::ExitCode;

use anyhow::{Context as _, Result};
use edgeward_tests::{load::Load, signal::to_its_end};
use serde_json::json;

use self::{scene::Scene, serving::Serving};

#[tokio::main]
async fn main() -> ExitCode {
    to_its_end("deploy-local", run()).await
}

async fn run() -> Result<ExitCode> {
    println!("Edgeward on an emulated AWS: deploy, sign in, call, rotate, take away.");
    let scene = Scene::start(scene::DEPLOYMENT).await?;
    let logs = scene.folder.display().to_string();
    act(&scene).await.with_context(|| format!("the logs are in {logs}"))?;
    drop(scene);
    let scene = Scene::start("existing").await?;
    let other_logs = scene.folder.display().to_string();
    existing::show(&scene).await.with_context(|| format!("the logs are in {other_logs}"))?;
    println!("\nDone. The logs are in {logs} and {other_logs}");
    println!("deploy-local: ok");
    Ok(ExitCode::SUCCESS)
}

async fn act(scene: &Scene) -> Result<()> {
    scene.write_settings(scene.deployment, &json!({}))?;
    let assembly = stacks::synthesize(scene, &[])?;
    refusals::show(scene, &assembly).await?;
    stacks::deploy(scene, &assembly).await?;
    let mut serving = Serving::start(scene).await?;
    serving.show_the_path(scene).await?;
    serving.tasks.show(scene).await?;
    replica::show(scene, &assembly).await?;
    let load = Load::start(&scene.mcp()?, scene::USER);
    rotation::show(scene, &load).await?;
    let tally = load.stop().await?;
    scene.said(&format!(
        "meanwhile {} calls, {} refreshes and {} sign-ins, of which none failed",
        tally.calls, tally.refreshes, tally.sign_ins
    ));
    drop(serving);
    leftovers::show(scene, &assembly, &[scene::HOME, scene::GLOBAL]).await.map(drop)
}
