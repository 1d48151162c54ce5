//! The service's tasks: the image as ECS would run it, twice, each a target of the load balancer.

use std::{collections::BTreeMap, fs, net::Ipv4Addr, time::Duration};

use anyhow::{Context as _, Result, bail, ensure};
use edgeward_tests::{
    browser::Browser,
    client::{self, Era, SignedIn},
    container::Container,
    emulator::Service,
    origin::ready,
    place,
    port::{Port, loopback},
    recorder::{Exchange, Recorder},
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::scene::{DEPLOYMENT, HOME, Scene, USER};

/// Running tasks.
pub(crate) struct Tasks {
    definition: Value,
    target_group: String,
    running: Vec<Task>,
    started: usize,
}

struct Task {
    container: Container,
    /// Between the load balancer and the container.
    target: Recorder,
}

impl Tasks {
    /// Starts two, and registers them with the load balancer.
    pub(crate) async fn start(scene: &Scene) -> Result<Self> {
        let service = service(scene).await?;
        let definition = task_definition(scene, &service).await?;
        let target_group = service["loadBalancers"][0]["targetGroupArn"].as_str().context("no target group")?;
        let mut this = Self { definition, target_group: target_group.to_owned(), running: Vec::new(), started: 0 };
        for _ in 0..2 {
            this.add(scene).await?;
        }
        Ok(this)
    }

    /// All that came from the load balancer, each task's by itself.
    pub(crate) fn seen(&self) -> impl Iterator<Item = Vec<Exchange>> + '_ {
        self.running.iter().map(|task| task.target.seen())
    }

    /// Whether a task's log has this.
    pub(crate) fn have_logged(&self, text: &str) -> bool {
        self.running.iter().any(|task| task.container.process().log().contains(text))
    }

    /// Uses one session of an older client at both tasks; then replaces one, and uses it at the new one.
    pub(crate) async fn show(&mut self, scene: &Scene) -> Result<()> {
        scene.part("A session of an older client goes from task to task");
        let client = SignedIn::with(&mut Browser::new()?, &scene.mcp()?, USER).await?;
        let connection = client.connect(Era::Legacy).await?;
        self.meet_all(&connection).await?;
        scene.said("it was opened at one task, and called at both");
        self.add(scene).await?;
        self.retire(scene).await?;
        self.meet_all(&connection).await?;
        scene.said("one task was replaced, and the session was called at the new one");
        connection.cancel().await?;
        Ok(())
    }

    /// Calls until each task has answered once more. The load balancer chooses at random.
    async fn meet_all(&self, connection: &client::Connection) -> Result<()> {
        let calls =
            || self.seen().map(|seen| seen.iter().filter(|exchange| is_call(exchange)).count()).collect::<Vec<_>>();
        let before = calls();
        for _ in 0..MAX_CALLS {
            client::call(connection, "whoami", json!({})).await?;
            if calls().iter().zip(&before).all(|(now, before)| now > before) {
                return Ok(());
            }
        }
        bail!("after {MAX_CALLS} calls, a task has not been asked: {before:?} became {:?}", calls())
    }

    async fn add(&mut self, scene: &Scene) -> Result<()> {
        self.started += 1;
        let folder = scene.folder.join(format!("task-{}", self.started));
        fs::create_dir_all(&folder)?;
        let container = &self.definition["containerDefinitions"][0];
        ensure!(container["user"] == "65532:65532" && container["readonlyRootFilesystem"] == true, "{container}");
        let told = container["environment"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut variables: BTreeMap<_, _> = told.map(|pair| (text(&pair["name"]), text(&pair["value"]))).collect();
        // What ECS gives every task of its own: a role's credentials, and a network interface.
        let port = Port::Free.choose()?;
        variables.extend(scene.emulator.variables(HOME).into_iter().map(|(name, value)| (name.to_owned(), value)));
        variables.insert("EDGEWARD_LISTEN".to_owned(), loopback(port).to_string());
        let archive = place::checkout().join("target/image/edgeward-origin.tar");
        let container = Container::start(&archive, &variables, &folder)?;
        let url = format!("http://{}", loopback(port));
        ready(container.process(), &format!("{url}/healthz"), StatusCode::OK, Duration::from_secs(20)).await?;
        // The emulator tells targets by their addresses, as if all had the same port.
        let own = Ipv4Addr::new(127, 0, 0, u8::try_from(self.started)?);
        let target = Recorder::start((own, 0).into()).await?;
        target.forward_to(&url);
        scene.aws.register_target(HOME, &self.target_group, target.address()).await?;
        self.running.push(Task { container, target });
        Ok(())
    }

    /// Takes the oldest out, as a deployment does.
    async fn retire(&mut self, scene: &Scene) -> Result<()> {
        let oldest = self.running.remove(0);
        scene.aws.deregister_target(HOME, &self.target_group, oldest.target.address()).await?;
        oldest.container.terminate()?;
        let status = oldest.container.process().ends(Duration::from_secs(30)).await?;
        ensure!(status.success(), "the task ended with {status}");
        Ok(())
    }
}

fn is_call(exchange: &Exchange) -> bool {
    exchange.request_headers.contains_key("mcp-session-id") && exchange.request_body.contains("whoami")
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

const MAX_CALLS: usize = 60;
