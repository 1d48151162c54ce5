//! Taking everything away, and looking whether anything is left.

use anyhow::{Result, ensure};
use edgeward_tests::emulator::{Service, assembly::Assembly};
use serde_json::{Value, json};

use crate::scene::{GLOBAL, HOME, Scene};

/// Takes the deployment away; it has something in these regions. Gives what the script says.
pub(crate) async fn show(scene: &Scene, assembly: &Assembly, regions: &[&str]) -> Result<String> {
    scene.part("All is taken away");
    for region in regions {
        ensure!(!left(scene, region).await?.is_empty(), "nothing is found in {region} while all stands");
    }
    let (folder, edge) = (assembly.folder().display().to_string(), scene.edge_settings().display().to_string());
    scene.tool(&["remove", "--yes", "--target", "local", "--output", &edge])?.good("edgeward remove")?;
    let arguments = ["destroy", scene.deployment, "--yes", "--stacks-only", "--assembly", &folder];
    let said = scene.script(&arguments, &[])?.good("destroying the stacks")?;
    ensure!(!scene.edge_settings().join(".dev.vars").exists(), "the edge's secrets are left");
    for region in [HOME, GLOBAL] {
        let left = left(scene, region).await?;
        ensure!(left.is_empty(), "left in {region}: {left:#?}");
    }
    scene.said("in every region no parameter, log group, secret, user pool, cluster or tagged resource is left");
    Ok(said)
}

/// Whatever is called like the deployment, or has its tag.
async fn left(scene: &Scene, region: &str) -> Result<Vec<String>> {
    let asked = [
        (Service::Ssm, "DescribeParameters", json!({})),
        (Service::Logs, "DescribeLogGroups", json!({})),
        (Service::Secrets, "ListSecrets", json!({})),
        (Service::Cognito, "ListUserPools", json!({ "MaxResults": 60 })),
        (Service::Ecs, "ListClusters", json!({})),
    ];
    let mut left = Vec::new();
    for (service, operation, input) in asked {
        texts(&scene.aws.call(region, service, operation, input).await?, &mut left);
    }
    left.retain(|text| {
        text.contains(&format!("edgeward-{}", scene.deployment))
            || text.contains(&format!("edgeward/{}", scene.deployment))
    });

    let tag = json!({ "TagFilters": [{ "Key": "edgeward:deployment", "Values": [scene.deployment] }] });
    let tagged = scene.aws.call(region, Service::Tagging, "GetResources", tag).await?;
    let tagged = tagged["ResourceTagMappingList"].as_array().into_iter().flatten();
    let tagged = tagged.filter_map(|resource| resource["ResourceARN"].as_str());
    // ECS remembers services and task definitions that are no more; its clusters were listed above.
    left.extend(tagged.filter(|arn| !arn.starts_with("arn:aws:ecs:")).map(str::to_owned));
    Ok(left)
}

/// All texts in an answer.
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(members) => members.values().for_each(|member| texts(member, into)),
        _ => {}
    }
}
