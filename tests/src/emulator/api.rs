//! The few calls of AWS's API that the tests make themselves. Nothing is signed: the emulator does not look.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::forward;

/// A service with a JSON protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// User pools.
    Cognito,
    /// Container images.
    Ecr,
    /// Containers.
    Ecs,
    /// Log groups.
    Logs,
    /// Secrets Manager.
    Secrets,
    /// Parameter Store.
    Ssm,
    /// What has which tags.
    Tagging,
}

impl Service {
    /// What it is called in credentials, and in the header that names the operation.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Cognito => ("cognito-idp", "AWSCognitoIdentityProviderService"),
            Self::Ecr => ("ecr", "AmazonEC2ContainerRegistry_V20150921"),
            Self::Ecs => ("ecs", "AmazonEC2ContainerServiceV20141113"),
            Self::Logs => ("logs", "Logs_20140328"),
            Self::Secrets => ("secretsmanager", "secretsmanager"),
            Self::Ssm => ("ssm", "AmazonSSM"),
            Self::Tagging => ("tagging", "ResourceGroupsTaggingAPI_20170126"),
        }
    }
}

/// AWS's API.
#[derive(Debug, Clone)]
pub struct Aws {
    http: Client,
    url: String,
}

impl Aws {
    pub(super) fn at(url: &str) -> Result<Self> {
        Ok(Self { http: forward::client()?, url: url.to_owned() })
    }

    /// Calls an operation.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn call(&self, region: &str, service: Service, operation: &str, input: Value) -> Result<Value> {
        let (name, target) = service.names();
        let request = self
            .http
            .post(&self.url)
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", format!("{target}.{operation}"))
            .body(input.to_string());
        let answer = signed(request, region, name).send().await.with_context(|| format!("no answer to {operation}"))?;
        let status = answer.status();
        let text = answer.text().await?;
        if !status.is_success() {
            bail!("{operation} in {region}: {status} {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{operation} is answered with what is no JSON"))
    }

    /// The value of a parameter; none if there is no such parameter.
    ///
    /// # Errors
    /// When the operation is refused.
    pub async fn parameter(&self, region: &str, name: &str) -> Result<Option<Parameter>> {
        let found =
            self.call(region, Service::Ssm, "GetParameters", json!({ "Names": [name], "WithDecryption": true }));
        let found = found.await?;
        let parameter = &found["Parameters"][0];
        let value = parameter["Value"].as_str().map(str::to_owned);
        let version = parameter["Version"].as_u64().unwrap_or_default();
        Ok(value.map(|value| Parameter { value, version }))
    }

    /// Writes a parameter.
    ///
    /// # Errors
    /// When the operation is refused.
    pub async fn put_parameter(&self, region: &str, name: &str, value: &str) -> Result<()> {
        let input = json!({ "Name": name, "Value": value, "Type": "String", "Overwrite": true });
        self.call(region, Service::Ssm, "PutParameter", input).await.map(drop)
    }

    /// Has a load balancer's target group send requests to an address of this machine, as ECS does for its tasks.
    ///
    /// # Errors
    /// When the operation is refused.
    pub async fn register_target(&self, region: &str, target_group: &str, target: SocketAddr) -> Result<()> {
        self.change_targets("RegisterTargets", region, target_group, target).await
    }

    /// Takes an address of this machine out of a target group again.
    ///
    /// # Errors
    /// When that is refused.
    pub async fn deregister_target(&self, region: &str, target_group: &str, target: SocketAddr) -> Result<()> {
        self.change_targets("DeregisterTargets", region, target_group, target).await
    }

    async fn change_targets(&self, action: &str, region: &str, target_group: &str, target: SocketAddr) -> Result<()> {
        let form = [
            ("Action", action),
            ("Version", "2015-12-01"),
            ("TargetGroupArn", target_group),
            ("Targets.member.1.Id", &target.ip().to_string()),
            ("Targets.member.1.Port", &target.port().to_string()),
        ];
        let request = self.http.post(&self.url).form(&form);
        let answer = signed(request, region, "elasticloadbalancing").send().await?;
        if !answer.status().is_success() {
            bail!("{action}: {} {}", answer.status(), answer.text().await?);
        }
        Ok(())
    }
}

/// A parameter of Parameter Store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its value.
    pub value: String,
    /// How often it was written.
    pub version: u64,
}

/// The region is in the credentials' scope, and nowhere else.
fn signed(request: RequestBuilder, region: &str, service: &str) -> RequestBuilder {
    let scope = format!("test/20260101/{region}/{service}/aws4_request");
    request.header("authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"))
}
