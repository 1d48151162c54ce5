//! What deploying says to bad input, before it does anything; and to a failure on the way.

use anyhow::{Result, ensure};
use edgeward_tests::emulator::{Service, assembly::Assembly};
use serde_json::{Value, json};

use crate::scene::{DEPLOYMENT, GLOBAL, HOME, Scene, other_architecture};

/// A registry of the account's own, and an image in it.
const REGISTRY: &str = "123456789012.dkr.ecr.eu-west-1.amazonaws.com";
const REPOSITORY: &str = "for-another-architecture";

/// Shows each.
pub(crate) async fn show(scene: &Scene, assembly: &Assembly) -> Result<()> {
    scene.part("Bad input is named before anything is made");
    let stacks = ["--stacks-only"];
    let refuse = |what: &str, changes: &Value, options: &[&str], expected: &str| {
        scene.write_settings("refused", changes)?;
        let ran = scene.script(&[&["deploy", "refused"], options].concat(), &[])?;
        let said = ran.text.lines().find(|line| line.contains(expected)).unwrap_or_default().trim();
        ensure!(!ran.good && !said.is_empty(), "{what}: no {expected:?} in:\n{}", ran.text);
        ensure!(ran.text.contains("nothing was done"), "{what}: {}", ran.text);
        scene.said(&format!("{what}: {}", said.trim_start_matches("- ")));
        Ok(())
    };
    refuse("no region", &json!({ "region": "Ireland" }), &stacks, "region: must be an AWS region such as eu-west-1")?;
    refuse("another account", &json!({ "account": "210987654321" }), &stacks, "the credentials are of the account")?;
    refuse("no bootstrap", &json!({}), &stacks, &format!("the CDK is not bootstrapped in {HOME}"))?;
    refuse("no Cloudflare token", &json!({}), &[], "there are no credentials of Cloudflare")?;

    let prefix = "taken";
    let pool = taken_domain(scene, prefix).await?;
    let changes = json!({ "userPool": { "domainPrefix": prefix } });
    refuse("a taken prefix", &changes, &stacks, &format!("domain taken belongs to the user pool {pool}"))?;
    image_for_another_architecture(scene).await?;
    let changes = json!({ "server": { "image": format!("{REGISTRY}/{REPOSITORY}:1") } });
    refuse("an image for another architecture", &changes, &stacks, "server.image is for")?;
    let changes = json!({ "server": { "image": format!("{REGISTRY}/{REPOSITORY}:2") } });
    refuse("an image that is not there", &changes, &stacks, "server.image names no image")?;

    fail(scene, assembly, prefix)?;
    let domain = json!({ "UserPoolId": pool, "Domain": prefix });
    scene.aws.call(HOME, Service::Cognito, "DeleteUserPoolDomain", domain).await?;
    scene.aws.call(HOME, Service::Cognito, "DeleteUserPool", json!({ "UserPoolId": pool })).await?;
    Ok(())
}

/// A prefix that only CloudFormation finds to be taken, as if by another account.
fn fail(scene: &Scene, assembly: &Assembly, prefix: &str) -> Result<()> {
    scene.part("A deployment that fails on the way says what failed, what stands, and how to go on");
    let stack = format!("edgeward-{DEPLOYMENT}-security");
    let failing = Assembly::copy(assembly.folder(), &scene.folder.join("failing"))?;
    failing.edit(&stack, |template| {
        for resource in template["Resources"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
            if resource["Type"] == "AWS::Cognito::UserPoolDomain" {
                resource["Properties"]["Domain"] = prefix.into();
            }
        }
        Ok(())
    })?;
    let folder = failing.folder().display().to_string();
    let ran = scene.script(&["deploy", DEPLOYMENT, "--stacks-only", "--bootstrap", "--assembly", &folder], &[])?;
    ensure!(!ran.good, "it was deployed: {}", ran.text);
    for expected in [
        "(AWS::Cognito::UserPoolDomain): ",
        "what to do: ",
        // It may have come first, or not: neither of the two needs the other.
        &format!("stack edgeward-{DEPLOYMENT}-global in {GLOBAL}: "),
        &format!("stack {stack} in {HOME}: ROLLBACK_COMPLETE"),
        &format!("stack edgeward-{DEPLOYMENT}-server in {HOME}: not there"),
        &format!("make deploy DEPLOYMENT={DEPLOYMENT}"),
        &format!("make destroy DEPLOYMENT={DEPLOYMENT}"),
    ] {
        let said = ran.text.lines().rev().find(|line| line.contains(expected)).unwrap_or_default().trim();
        ensure!(!said.is_empty(), "no {expected:?} in:\n{}", ran.text);
        scene.said(said);
    }
    Ok(())
}

/// A user pool of somebody else's in the account, with a domain.
async fn taken_domain(scene: &Scene, prefix: &str) -> Result<String> {
    let made = scene.aws.call(HOME, Service::Cognito, "CreateUserPool", json!({ "PoolName": "theirs" })).await?;
    let pool = made["UserPool"]["Id"].as_str().unwrap_or_default().to_owned();
    let domain = json!({ "UserPoolId": pool, "Domain": prefix });
    scene.aws.call(HOME, Service::Cognito, "CreateUserPoolDomain", domain).await?;
    Ok(pool)
}

async fn image_for_another_architecture(scene: &Scene) -> Result<()> {
    scene.aws.call(HOME, Service::Ecr, "CreateRepository", json!({ "repositoryName": REPOSITORY })).await?;
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "digest": format!("sha256:{}", "0".repeat(64)),
            "size": 2,
            "platform": { "os": "linux", "architecture": other_architecture() },
        }],
    });
    let image = json!({
        "repositoryName": REPOSITORY, "imageTag": "1", "imageManifest": manifest.to_string(),
        "imageManifestMediaType": manifest["mediaType"],
    });
    scene.aws.call(HOME, Service::Ecr, "PutImage", image).await.map(drop)
}
