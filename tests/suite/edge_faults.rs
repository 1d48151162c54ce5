//! The edge itself fails: a panic in one request, an instance that is gone between two.

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result, bail};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, User, query},
    by_hand::{self, Answer, HandMade},
    edge::{Capability, Edge, Sandbox},
    fault_origin::Behaviour,
};
use reqwest::{Response, StatusCode};
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    faulty::{access_token, until},
    machines,
    settings::{JUDGED_RESOURCE, MACHINE},
    world::{World, refused, tests},
};

tests![a_panic_leaves_other_requests_and_the_next_one_alone, a_sign_in_outlives_a_new_instance_at_every_step,];

const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// Instances that a sign-in is spread over.
const STEPS: usize = 6;

async fn event(stream: &mut Response, event: &str) -> Result<()> {
    let chunk = timeout(Duration::from_secs(5), stream.chunk()).await.context("no event in time")??;
    assert_eq!(chunk.context("the stream has ended")?, format!("data: {event}\n\n"));
    Ok(())
}

async fn a_panic_leaves_other_requests_and_the_next_one_alone(world: Arc<World>) -> Result<()> {
    let faulty = world.faulty().await?;
    faulty.origin.set(Behaviour::Streams);
    let edge = world.stack.start_edge("panicking-edge", Capability::Panics, &faulty.variables).await?;
    let cognito = world.stack.cognito();
    let machine = machines::token(&world, MACHINE).await?;
    let ask = async |path: &str| {
        let request = by_hand::http()?.get(format!("{}{path}", edge.url())).header("traceparent", TRACEPARENT);
        timeout(Duration::from_secs(5), Answer::to(request)).await.with_context(|| format!("no answer to {path}"))?
    };
    for (path, status, error, logged) in [
        ("/test-panic/gate", 500, "server_error", "gate failed"),
        ("/test-panic/handler", 503, "temporarily_unavailable", "handler failed"),
        ("/test-panic/later", 503, "temporarily_unavailable", "handler failed"),
        ("/test-panic/trap", 503, "temporarily_unavailable", "handler failed"),
    ] {
        let client = HandMade::register(&world.stack).await?;
        let tokens = client.tokens().await?;
        let client = client.at(edge.url());
        let call = async |path: &str, token: &str| -> Result<Response> {
            let request = by_hand::whoami(&format!("{}{path}", edge.url()))?.bearer_auth(token);
            timeout(Duration::from_secs(5), request.send()).await.context("a call waits for ever")?.map_err(Into::into)
        };
        let refresh = async || {
            let request = client.refreshing(tokens.text("refresh_token"));
            timeout(Duration::from_secs(5), client.token(&request)).await.context("a refresh waits for ever")?
        };
        // An instance that knows no keys, so that others wait in it for Cognito.
        ask("/test-panic/gate").await?;
        let mark = edge.log().len();
        let mut open = call("/mcp", tokens.text("access_token")).await?;
        event(&mut open, "open").await?;
        cognito.clear_requests();
        cognito.set_fault(Fault::on(Endpoint::Jwks, FaultKind::Delay { milliseconds: 2_000 }).times(2));
        let panic = async {
            until("both wait for Cognito", || cognito.requests().len() == 2).await?;
            let panicked = ask(path).await?;
            assert_eq!((panicked.status.as_u16(), panicked.text("error")), (status, error), "{path}");
            assert_eq!(panicked.headers["cache-control"], "no-store, no-transform");
            assert_eq!(panicked.headers.get("retry-after").is_some(), status == 503, "{path}");
            assert_eq!(ask("/healthz").await?.status, StatusCode::OK, "{path}: the next request");
            // What has left wasm behind does not notice.
            faulty.origin.send("after");
            event(&mut open, "after").await
        };
        let (refreshed, called, panicked) = tokio::join!(refresh(), call(JUDGED_RESOURCE, &machine), panic);
        panicked?;
        assert_eq!(called?.status(), StatusCode::OK, "{path}: a machine whose token was being verified");
        let refreshed = refreshed?;
        assert_eq!(refreshed.status, StatusCode::OK, "{path}: a refresh that was under way: {}", refreshed.body);
        assert_eq!(
            call("/mcp", refreshed.text("access_token")).await?.status(),
            StatusCode::OK,
            "{path}: the next call"
        );
        let record = || edge.records_after(mark).into_iter().find(|record| record["event"] == logged);
        until("it is logged", || record().is_some()).await?;
        let record = record().context("nothing is logged")?;
        assert_eq!((&record["level"], &record["status"]), (&json!("alert"), &json!(status)), "{record}");
        assert_eq!(record["trace"], TRACEPARENT[3..35], "{record}");
    }
    edge.stop();
    // What is deployed has no such switch.
    assert_eq!(world.stack.edge().process().exited()?, None);
    for path in ["/test-panic/gate", "/test-panic/handler"] {
        let answer = by_hand::http()?.get(world.stack.url(path)).send().await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}

async fn a_sign_in_outlives_a_new_instance_at_every_step(world: Arc<World>) -> Result<()> {
    let public = world.stack.edge_traffic().context("not recorded")?;
    let back = Back(&world);
    // As many as there are steps, started at the same time; each has seen nothing until it is its turn.
    let mut starting = JoinSet::new();
    for number in 1..=STEPS {
        let world = Arc::clone(&world);
        starting.spawn(async move {
            let name = format!("new-edge-{number}");
            world.stack.start_edge(&name, Sandbox::default(), world.stack.variables()).await
        });
    }
    let mut fresh = Vec::new();
    while let Some(started) = starting.join_next().await {
        fresh.push(started??);
    }
    let mut instance: Option<Edge> = None;
    // Stops the instance that has seen all, and goes on with the next one.
    let mut renew = async || {
        if let Some(old) = instance.take() {
            tokio::task::spawn_blocking(move || drop(old)).await?;
        }
        let next = fresh.pop().context("more steps than instances")?;
        public.forward_to(next.url());
        instance = Some(next);
        anyhow::Ok(())
    };
    let mut browser = Browser::new()?;
    renew().await?;
    let client = HandMade::register(&world.stack).await?;
    renew().await?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    renew().await?;
    let allowed = browser.decide(&consent, Decision::Allow).await?;
    let Landing::Page(login) = browser.follow(allowed, &world.stack.url("/callback")).await? else {
        bail!("no login page");
    };
    let callback = browser.log_in(&login, User::DEMO).await?.redirect()?.context("not sent back")?;
    renew().await?;
    let callback = browser.get(&callback).await?.redirect()?.context("not sent back to the client")?;
    renew().await?;
    let code = query(&callback, "code").context("no code")?;
    let tokens = client.token(&client.redemption(&code)).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    renew().await?;
    let answer = world.whoami(tokens.text("access_token")).await?;
    assert_eq!(answer.status(), StatusCode::OK);
    let next = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    assert_eq!(next.status, StatusCode::OK, "{}", next.body);
    let own = by_hand::Parameters::new([("client_id", &client.client_id), ("token", next.text("refresh_token"))]);
    assert_eq!(client.revoke(&own).await?.status, StatusCode::OK);
    let over = client.token(&client.refreshing(next.text("refresh_token"))).await?;
    refused(&over, StatusCode::BAD_REQUEST, "invalid_grant");
    drop(back);
    assert_eq!(world.whoami(&access_token(&world).await?).await?.status(), StatusCode::OK);
    Ok(())
}

/// The stack's own edge is at the public address again when this is dropped.
pub(crate) struct Back<'a>(pub(crate) &'a World);

impl Drop for Back<'_> {
    fn drop(&mut self) {
        if let Some(public) = self.0.stack.edge_traffic() {
            public.forward_to(self.0.stack.edge().url());
        }
    }
}
