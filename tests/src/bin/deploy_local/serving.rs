//! What serves, once all is deployed: the tasks, CloudFront and load balancer in front of it, the edge.

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    browser::Browser,
    client::{self, SignedIn},
    emulator::Service,
    port::loopback,
    recorder::Recorder,
};
use http::{HeaderMap, HeaderValue};
use serde_json::json;

use crate::{
    scene::{HOME, Scene, USER},
    stacks::{override_parameter, parameter},
    tasks::Tasks,
};

/// Instances of the edge.
const INSTANCES: usize = 2;

pub(crate) struct Serving {
    pub(crate) tasks: Tasks,
    /// Between the edge and CloudFront.
    before_cloudfront: Recorder,
}

impl Serving {
    /// Starts the tasks, registers them with the load balancer, points the edge at CloudFront, and makes a user.
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

        scene.part("The image runs as the containers of two tasks");
        let tasks = Tasks::start(scene).await?;
        scene.said("with the environment of their task definition; registered with the load balancer");

        scene.part("The edge is configured by the operator's tool");
        let edge_folder = scene.edge_settings().display().to_string();
        scene.tool(&["push", "--target", "local", "--output", &edge_folder])?.good("edgeward push")?;
        for _ in 0..INSTANCES {
            scene.front.add(&scene.edge_settings()).await?;
        }
        scene.said(&format!("from the parameters, and serves {}", scene.front.url()));
        make_user(scene, &parameter(scene, "edge/cognito-user-pool-id").await?).await?;
        scene.said(&format!("the user pool has a user, {}", USER.name));
        Ok(Self { tasks, before_cloudfront })
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

        let seen: Vec<_> = self.tasks.seen().flatten().collect();
        let at_container = seen.iter().rev().find(|exchange| exchange.request_body.contains("whoami"));
        let at_container = &at_container.context("the call did not come to a container")?.request_headers;
        let via = header(at_container, "via")?;
        ensure!(via.contains("(CloudFront)"), "via: {via}");
        let trace = header(at_container, "x-amzn-trace-id")?;
        header(at_container, "x-origin-secret")?;
        scene.said(&format!("CloudFront → load balancer → container: via {via}; x-amzn-trace-id {trace}"));
        ensure!(self.tasks.have_logged("/mcp"), "no container's log tells of the call");
        Ok(())
    }
}

/// Makes the user in a pool.
pub(crate) async fn make_user(scene: &Scene, pool: &str) -> Result<()> {
    let email = format!("{}@example.com", USER.name);
    let attributes = json!([{ "Name": "email", "Value": email }, { "Name": "email_verified", "Value": "true" }]);
    let user = json!({
        "UserPoolId": pool, "Username": USER.name, "UserAttributes": attributes, "MessageAction": "SUPPRESS",
    });
    scene.aws.call(HOME, Service::Cognito, "AdminCreateUser", user).await?;
    let password = json!({ "UserPoolId": pool, "Username": USER.name, "Password": USER.password, "Permanent": true });
    scene.aws.call(HOME, Service::Cognito, "AdminSetUserPassword", password).await.map(drop)
}
