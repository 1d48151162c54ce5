//! A parameter of one region, and its replica in the other.

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::emulator::{Parameter, assembly::Assembly};

use crate::scene::{DEPLOYMENT, GLOBAL, HOME, Scene};

/// Changes a parameter by a deployment, and sees its replica change; deploys again, and sees it left alone.
pub(crate) async fn show(scene: &Scene, assembly: &Assembly) -> Result<()> {
    scene.part("A parameter of us-east-1 is replicated");
    let first = both(scene).await?;
    ensure!(first[0].value == first[1].value, "{first:?}");
    scene.said(&format!("made: {HOME} has what {GLOBAL} has"));

    let stack = format!("edgeward-{DEPLOYMENT}-global");
    let changed = format!("{}-changed", first[0].value);
    let edited = Assembly::copy(assembly.folder(), &scene.folder.join("edited"))?;
    edited.edit(&stack, |template| {
        let resources = template["Resources"].as_object_mut().context("no resources")?;
        for resource in resources.values_mut() {
            let parameter = resource["Type"] == "AWS::SSM::Parameter";
            let replica = resource["Type"] == "Custom::ParameterReplica";
            if parameter {
                resource["Properties"]["Value"] = changed.as_str().into();
            }
            if replica {
                resource["Properties"]["value"] = changed.as_str().into();
            }
        }
        Ok(())
    })?;
    deploy(scene, &edited, &stack)?;
    let second = both(scene).await?;
    ensure!(second.iter().all(|parameter| parameter.value == changed), "{second:?}");
    scene.said("changed: the replica has the new value");

    deploy(scene, &edited, &stack)?;
    let third = both(scene).await?;
    ensure!(third == second, "a deployment without a change wrote: {third:?}");
    scene.said("deployed again without a change: neither was written");

    deploy(scene, assembly, &stack)?;
    let last = both(scene).await?;
    ensure!(last[1].value == first[1].value, "{last:?}");
    Ok(())
}

fn deploy(scene: &Scene, assembly: &Assembly, stack: &str) -> Result<()> {
    let folder = assembly.folder().display().to_string();
    let arguments = ["deploy", stack, "--exclusively", "--require-approval", "never", "--app", &folder];
    scene.cdk(&arguments)?.good("cdk deploy").map(drop)
}

async fn both(scene: &Scene) -> Result<[Parameter; 2]> {
    let name = format!("/edgeward/{DEPLOYMENT}/stack/firewall-arn");
    let found = |parameter: Option<Parameter>| parameter.with_context(|| format!("there is no {name}"));
    let original = found(scene.aws.parameter(GLOBAL, &name).await?)?;
    Ok([original, found(scene.aws.parameter(HOME, &name).await?)?])
}
