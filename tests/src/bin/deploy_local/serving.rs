//! What serves, once all is deployed: the container as a task, CloudFront and load balancer in front of it, the edge.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::Browser,
    client::{self, SignedIn},
    container::Container,
    emulator::Service,
    origin::ready,
    place,
    port::{Port, loopback},
    recorder::Recorder,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::{Value, json};

use crate::{
    scene::{DEPLOYMENT, HOME, Scene, USER},
    stacks::{override_parameter, parameter},
};

pub(crate) struct Serving {
    container: Container,
    /// Between the load balancer and the container.
    behind_balancer: Recorder,
    /// Between the edge and CloudFront.
    before_cloudfront: Recorder,
}

impl Serving {
    /// Starts the container, registers it with the load balancer, points the edge at CloudFront, and makes a user.
    pub(crate) async fn start(scene: &Scene) -> Result<Self> {
        let before_cloudfront = Recorder::start(loopback(0)).await?;
        let domain = parameter(scene, "stack/distribution-domain").await?;
        let viewer = HeaderMap::from_iter([
            (http::header::HOST, HeaderValue::from_str(&domain)?),
            // The emulator has no TLS of its own.
            (http::HeaderName::from_static("x-forwarded-proto"), HeaderValue::from_static("https")),
        ]);
        before_cloudfront.forward_with(scene.emulator.viewer_url(), viewer);
        override_parameter(scene, "edge/origin-url", &format!("http://{}", before_cloudfront.address())).await?;

        scene.part("The image runs as the task's container");
        let service = service(scene).await?;
        let task = task_definition(scene, &service).await?;
        let behind_balancer = Recorder::start(loopback(0)).await?;
        let container = run_task(scene, &task, &behind_balancer).await?;
        let target_group = service["loadBalancers"][0]["targetGroupArn"].as_str().context("no target group")?;
        scene.aws.register_target(HOME, target_group, behind_balancer.address().port()).await?;
        scene.said("with the environment of its task definition; registered with the load balancer");

        scene.part("The edge is configured by the operator's tool");
        let edge_folder = scene.edge_settings().display().to_string();
        scene.tool(&["push", "--target", "local", "--output", &edge_folder])?.good("edgeward push")?;
        scene.front.add(&scene.edge_settings()).await?;
        scene.said(&format!("from the parameters, and serves {}", scene.front.url()));
        make_user(scene).await?;
        scene.said(&format!("the user pool has a user, {}", USER.name));
        Ok(Self { container, behind_balancer, before_cloudfront })
    }

    /// Signs in and calls a tool, and shows that the call went all the way.
    pub(crate) async fn show_the_path(&self, scene: &Scene) -> Result<()> {
        scene.part("A user signs in at the emulator's login page, and a tool is called");
        let client = SignedIn::with(&mut Browser::new()?, &scene.mcp()?, USER).await?;
        for era in client::ERAS {
            let connection = client.connect(era).await?;
            let answer = client::call(&connection, "whoami", json!({})).await?;
            let who = answer.structured_content.context("whoami told nothing")?;
            ensure!(who["username"] == USER.name, "whoami told of another user: {who}");
            scene.said(&format!("{era:?}: the tool was called by {}, {}", who["username"], who["email"]));
            connection.cancel().await?;
        }

        let seen = self.before_cloudfront.seen();
        let at_cloudfront = seen.iter().rev().find(|exchange| exchange.request_body.contains("whoami"));
        let at_cloudfront = at_cloudfront.context("the call did not come to CloudFront")?;
        let header = |headers: &HeaderMap, name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.map(str::to_owned).with_context(|| format!("no header {name}"))
        };
        ensure!(at_cloudfront.request_headers.get("authorization").is_none(), "the token went past the edge");
        header(&at_cloudfront.request_headers, "x-edgeward-identity")?;
        let cache = header(&at_cloudfront.headers, "x-cache")?;
        ensure!(cache == "Miss from cloudfront", "x-cache: {cache}");
        scene.said(&format!("edge → CloudFront: an identity instead of the token; x-cache: {cache}"));

        let seen = self.behind_balancer.seen();
        let at_container = seen.iter().rev().find(|exchange| exchange.request_body.contains("whoami"));
        let at_container = &at_container.context("the call did not come to the container")?.request_headers;
        let via = header(at_container, "via")?;
        ensure!(via.contains("(CloudFront)"), "via: {via}");
        let trace = header(at_container, "x-amzn-trace-id")?;
        header(at_container, "x-origin-secret")?;
        scene.said(&format!("CloudFront → load balancer → container: via {via}; x-amzn-trace-id {trace}"));
        ensure!(self.container.process().log().contains("/mcp"), "the container's log does not tell of the call");
        Ok(())
    }
}

/// The service of the origin.
async fn service(scene: &Scene) -> Result<Value> {
    let cluster = format!("edgeward-{DEPLOYMENT}-cluster");
    let service = format!("edgeward-{DEPLOYMENT}-origin");
    let input = json!({ "cluster": cluster, "services": [service] });
    let mut found = scene.aws.call(HOME, Service::Ecs, "DescribeServices", input).await?;
    Ok(found["services"][0].take())
}

async fn task_definition(scene: &Scene, service: &Value) -> Result<Value> {
    let input = json!({ "taskDefinition": service["taskDefinition"] });
    let mut found = scene.aws.call(HOME, Service::Ecs, "DescribeTaskDefinition", input).await?;
    Ok(found["taskDefinition"].take())
}

async fn run_task(scene: &Scene, task: &Value, behind_balancer: &Recorder) -> Result<Container> {
    let container = &task["containerDefinitions"][0];
    ensure!(container["user"] == "65532:65532" && container["readonlyRootFilesystem"] == true, "{container}");
    let told = container["environment"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut variables: BTreeMap<_, _> = told.map(|pair| (text(&pair["name"]), text(&pair["value"]))).collect();
    // What ECS gives every task of its own: a role's credentials, and a network interface.
    let port = Port::Free.choose()?;
    variables.extend(scene.emulator.variables(HOME).into_iter().map(|(name, value)| (name.to_owned(), value)));
    variables.insert("EDGEWARD_LISTEN".to_owned(), loopback(port).to_string());
    let archive = place::checkout().join("target/image/edgeward-origin.tar");
    let running = Container::start(&archive, &variables, &scene.folder)?;
    let url = format!("http://{}", loopback(port));
    ready(running.process(), &format!("{url}/healthz"), StatusCode::OK, Duration::from_secs(20)).await?;
    behind_balancer.forward_to(&url);
    Ok(running)
}

async fn make_user(scene: &Scene) -> Result<()> {
    let pool = parameter(scene, "edge/cognito-user-pool-id").await?;
    let email = format!("{}@example.com", USER.name);
    let attributes = json!([{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }]);
    let user = json!({
        "UserPoolId": pool, "Username": USER.name, "UserAttributes": attributes, "MessageAction": "SUPPRESS",
    });
    scene.aws.call(HOME, Service::Cognito, "AdminCreateUser", user).await?;
    let password = json!({ "UserPoolId": pool, "Username": USER.name, "Password": USER.password, "Permanent": true });
    scene.aws.call(HOME, Service::Cognito, "AdminSetUserPassword", password).await.map(drop)
}
