//! The stacks: synthesized, and deployed without what the emulator lacks.

use anyhow::{Context as _, Result};
use edgeward_tests::emulator::{self, assembly::Assembly};

use crate::scene::{HOME, Scene};

/// Makes the assembly as for AWS, with this context, and a copy of it for the emulator.
pub(crate) fn synthesize(scene: &Scene, context: &[&str]) -> Result<Assembly> {
    scene.part("The stacks are synthesized");
    let made = scene.folder.join("assembly");
    let made_text = made.display().to_string();
    let name = format!("deployment={}", scene.deployment);
    let settings = format!("deployments={}", scene.deployments().display());
    let arguments = ["synth", "--quiet", "--no-lookups", "--output", &made_text, "-c", &name, "-c", &settings];
    let context: Vec<_> = context.iter().flat_map(|&said| ["-c", said]).collect();
    scene.cdk(&[&arguments, &*context].concat())?.good("cdk synth")?;
    let assembly = Assembly::copy(&made, &scene.folder.join("stripped"))?;
    scene.said("in a copy for the emulator, these are left out:");
    for ((kind, why), count) in assembly.strip(&emulator::known_types()?)? {
        scene.said(&format!("  {count} × {kind}: {why}"));
    }
    Ok(assembly)
}

/// Deploys them, and then the edge.
pub(crate) async fn deploy(scene: &Scene, assembly: &Assembly) -> Result<()> {
    scene.part("They are deployed");
    let folder = assembly.folder().display().to_string();
    let arguments = ["deploy", scene.deployment, "--stacks-only", "--bootstrap", "--assembly", &folder];
    scene.script(&arguments, &[])?.good("deploying the stacks")?;
    scene.said("the regions are bootstrapped, the keys are made, the stacks stand");

    scene.part("What has another address here than at AWS is written over its parameter");
    let url = scene.emulator.url();
    let pool = parameter(scene, "edge/cognito-user-pool-id").await?;
    for (name, value) in
        [("edge/cognito-domain", url.clone()), ("edge/cognito-jwks-url", format!("{url}/{pool}/.well-known/jwks.json"))]
    {
        override_parameter(scene, name, &value).await?;
    }
    Ok(())
}

/// A parameter of the deployment in its home region.
pub(crate) async fn parameter(scene: &Scene, name: &str) -> Result<String> {
    let name = format!("/edgeward/{}/{name}", scene.deployment);
    let found = scene.aws.parameter(HOME, &name).await?;
    Ok(found.with_context(|| format!("there is no parameter {name}"))?.value)
}

/// Writes one.
pub(crate) async fn override_parameter(scene: &Scene, name: &str, value: &str) -> Result<()> {
    scene.aws.put_parameter(HOME, &format!("/edgeward/{}/{name}", scene.deployment), value).await?;
    scene.said(&format!("{name} = {value}"));
    Ok(())
}
