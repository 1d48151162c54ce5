//! A cloud assembly of the CDK as the emulator takes it: a copy without the resources that it does not have.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

/// A cloud assembly.
#[derive(Debug)]
pub struct Assembly {
    source: PathBuf,
    folder: PathBuf,
}

/// How many resources of a type are left out, and why.
pub type LeftOut = BTreeMap<(String, &'static str), usize>;

type Resources = Map<String, Value>;

impl Assembly {
    /// Copies what `cdk synth` has made.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub fn copy(from: &Path, to: &Path) -> Result<Self> {
        let status = Command::new("cp").arg("-R").arg(from).arg(to).status()?;
        if !status.success() {
            bail!("cannot copy {} to {}", from.display(), to.display());
        }
        Ok(Self { source: from.to_owned(), folder: to.to_owned() })
    }

    /// What it is a copy of.
    pub fn source(&self) -> &Path {
        &self.source
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes from its templates what is of none of these types, and what cannot be without it.
    ///
    /// # Errors
    /// When a template is not what the CDK makes.
    pub fn strip(&self, known: &BTreeSet<String>) -> Result<LeftOut> {
        let mut left_out = LeftOut::new();
        for stack in self.stacks()? {
            self.edit(&stack, |template| {
                let resources = template["Resources"].as_object_mut().context("a template without resources")?;
                replace_vpc_origins(resources);
                let mut removed = BTreeSet::new();
                while let Some((id, why)) = next_to_remove(resources, known, &removed) {
                    let kind = resources.remove(&id).map(|resource| type_of(&resource).to_owned()).unwrap_or_default();
                    *left_out.entry((kind, why)).or_default() += 1;
                    removed.insert(id);
                }
                for resource in resources.values_mut() {
                    forget_order(resource, &removed);
                }
                if let Some(outputs) = template.get_mut("Outputs").and_then(Value::as_object_mut) {
                    outputs.retain(|_, output| !refers_to(output, &removed));
                }
                Ok(())
            })?;
        }
        Ok(left_out)
    }

    /// Changes a stack's template. Its name in the bucket of templates is its digest, or the CDK would think that it is
    /// there already.
    ///
    /// # Errors
    /// When there is no such stack, or `change` finds something wrong.
    pub fn edit(&self, stack: &str, change: impl FnOnce(&mut Value) -> Result<()>) -> Result<()> {
        let name = format!("{stack}{TEMPLATE}");
        let path = self.folder.join(&name);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut template: Value = serde_json::from_slice(&text)?;
        change(&mut template).with_context(|| format!("in {name}"))?;
        let text = serde_json::to_string_pretty(&template)?;
        fs::write(&path, &text)?;

        let list = self.folder.join(format!("{stack}.assets.json"));
        let assets: Value = serde_json::from_slice(&fs::read(&list)?)?;
        let files = assets["files"].as_object().context("a list of assets without files")?;
        let old = files.iter().find(|(_, asset)| asset["source"]["path"] == name.as_str()).map(|(digest, _)| digest);
        let old = old.with_context(|| format!("{} does not name the template", list.display()))?;
        let new: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        for path in [list, self.folder.join("manifest.json")] {
            fs::write(&path, fs::read_to_string(&path)?.replace(old, &new))?;
        }
        Ok(())
    }

    fn stacks(&self) -> Result<Vec<String>> {
        let mut stacks = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let name = entry?.file_name().to_string_lossy().into_owned();
            stacks.extend(name.strip_suffix(TEMPLATE).map(str::to_owned));
        }
        stacks.sort();
        Ok(stacks)
    }
}

const TEMPLATE: &str = ".template.json";

fn type_of(resource: &Value) -> &str {
    resource["Type"].as_str().unwrap_or_default()
}

fn next_to_remove(
    resources: &Resources,
    known: &BTreeSet<String>,
    removed: &BTreeSet<String>,
) -> Option<(String, &'static str)> {
    resources.iter().find_map(|(id, resource)| Some((id.clone(), why_not(resource, known, removed)?)))
}

fn why_not(resource: &Value, known: &BTreeSet<String>, removed: &BTreeSet<String>) -> Option<&'static str> {
    let kind = type_of(resource);
    let is_own = kind.starts_with("Custom::");
    if !is_own && !known.contains(kind) {
        return Some("the emulator does not have it");
    }
    if kind == "AWS::CloudWatch::Alarm" && !resource["Properties"]["Metrics"].is_null() {
        return Some("the emulator has no metric maths");
    }
    refers_to(&resource["Properties"], removed).then_some("it is for one that is left out")
}

/// CloudFront reaches the emulator's load balancer by its name.
fn replace_vpc_origins(resources: &mut Resources) {
    let distributions = resources.values_mut().filter(|resource| type_of(resource) == "AWS::CloudFront::Distribution");
    for distribution in distributions {
        let origins = distribution["Properties"]["DistributionConfig"]["Origins"].as_array_mut();
        for origin in origins.into_iter().flatten().filter_map(Value::as_object_mut) {
            if origin.remove("VpcOriginConfig").is_some() {
                origin.insert("CustomOriginConfig".to_owned(), json!({ "OriginProtocolPolicy": "http-only" }));
            }
        }
    }
}

/// Whether a value has a `Ref` or `Fn::GetAtt` to one of these.
fn refers_to(value: &Value, removed: &BTreeSet<String>) -> bool {
    match value {
        Value::Array(items) => items.iter().any(|item| refers_to(item, removed)),
        Value::Object(members) => {
            let names = |target: &Value| target.as_str().is_some_and(|id| removed.contains(id));
            members.get("Ref").is_some_and(names)
                || members.get("Fn::GetAtt").is_some_and(|target| names(&target[0]))
                || members.values().any(|member| refers_to(member, removed))
        }
        _ => false,
    }
}

fn forget_order(resource: &mut Value, removed: &BTreeSet<String>) {
    let Some(resource) = resource.as_object_mut() else { return };
    if let Some(Value::Array(after)) = resource.get_mut("DependsOn") {
        after.retain(|id| !id.as_str().is_some_and(|id| removed.contains(id)));
    }
    if resource.get("DependsOn").and_then(Value::as_str).is_some_and(|id| removed.contains(id)) {
        resource.remove("DependsOn");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_needs_a_resource_that_is_left_out_goes_too_and_nothing_else() {
        let folder = crate::place::run_folder("assembly").unwrap();
        let template = json!({
            "Resources": {
                "Gate": { "Type": "AWS::EC2::NatGateway" },
                "Way": { "Type": "AWS::EC2::Route", "Properties": { "NatGatewayId": { "Ref": "Gate" } } },
                "Net": { "Type": "AWS::EC2::VPC", "DependsOn": ["Gate", "Log"] },
                "Log": { "Type": "AWS::Logs::LogGroup", "DependsOn": "Way" },
                "Own": { "Type": "Custom::ParameterReplica" },
                "Front": { "Type": "AWS::CloudFront::Distribution", "Properties": { "DistributionConfig": {
                    "Origins": [{ "DomainName": "alb", "VpcOriginConfig": { "VpcOriginId": { "Ref": "Gate" } } }],
                } } },
            },
            "Outputs": { "A": { "Value": { "Fn::GetAtt": ["Way", "Id"] } }, "B": { "Value": { "Ref": "Net" } } },
        });
        fs::write(folder.join("one.template.json"), template.to_string()).unwrap();
        let assets = json!({ "files": { "0ld": { "source": { "path": "one.template.json" } } } });
        fs::write(folder.join("one.assets.json"), assets.to_string()).unwrap();
        fs::write(folder.join("manifest.json"), json!({ "template": "s3://bucket/0ld.json" }).to_string()).unwrap();
        let assembly = Assembly { source: folder.clone(), folder };

        let known = ["AWS::EC2::Route", "AWS::EC2::VPC", "AWS::Logs::LogGroup", "AWS::CloudFront::Distribution"];
        let left_out = assembly.strip(&known.map(str::to_owned).into()).unwrap();
        let kinds: Vec<_> = left_out.keys().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(kinds, ["AWS::EC2::NatGateway", "AWS::EC2::Route"]);

        let text = fs::read(assembly.folder.join("one.template.json")).unwrap();
        let stripped: Value = serde_json::from_slice(&text).unwrap();
        let ids: Vec<_> = stripped["Resources"].as_object().unwrap().keys().collect();
        assert_eq!(ids, ["Front", "Log", "Net", "Own"]);
        assert_eq!(stripped["Resources"]["Net"]["DependsOn"], json!(["Log"]));
        assert_eq!(stripped["Resources"]["Log"].get("DependsOn"), None);
        assert_eq!(stripped["Outputs"], json!({ "B": { "Value": { "Ref": "Net" } } }));
        let origin = &stripped["Resources"]["Front"]["Properties"]["DistributionConfig"]["Origins"][0];
        assert_eq!(origin["CustomOriginConfig"]["OriginProtocolPolicy"], "http-only");
        let manifest = fs::read_to_string(assembly.folder.join("manifest.json")).unwrap();
        assert!(!manifest.contains("0ld"), "{manifest}");
    }
}
