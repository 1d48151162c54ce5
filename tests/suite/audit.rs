//! What the edge writes down of what happens, by its log: each thing once, with who, why, and the trace.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result};
use edgeward_cognito::{Endpoint, Fault, FaultKind};
use edgeward_tests::{
    browser::{Browser, Decision},
    by_hand::{Answer, HandMade, Parameters, http, whoami},
};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    faulty::until,
    settings::OTHER_SCOPE,
    world::{World, part, tests},
};

tests![
    everything_is_written_down_once_with_who_why_and_trace,
    a_trace_goes_from_the_client_through_the_edge_to_the_origin,
    a_request_without_a_trace_gets_one,
];

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// What AUDIT.md of the edge says about names of users.
fn pseudonym(subject: &str) -> String {
    Sha256::digest(subject).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

/// The edge's log, read step by step.
struct Log<'a> {
    world: &'a World,
    mark: usize,
}

impl Log<'_> {
    /// What has been written since the last step; waits for a record of this event.
    async fn until(&mut self, event: &str) -> Result<Vec<Value>> {
        self.world.record(self.mark, event).await?;
        let log = self.world.stack.edge().log();
        let mut records = self.world.stack.runtime().records(&log[self.mark..]);
        // That is about the edge as it starts, whose log comes late.
        records.retain(|record| record["event"] != "requests are not limited");
        self.mark = log.len();
        Ok(records)
    }
}

/// The one record, without what is checked for all of them.
fn only(records: Vec<Value>) -> Value {
    assert_eq!(records.len(), 1, "{records:?}");
    records.into_iter().next().map(checked).unwrap_or_default()
}

fn checked(mut record: Value) -> Value {
    let members = record.as_object_mut().expect("an object");
    assert_eq!(members.remove("v"), Some(json!(1)));
    let trace = members.remove("trace");
    assert!(trace.as_ref().and_then(Value::as_str).is_some_and(|trace| trace.len() == 32), "{members:?}: {trace:?}");
    record
}

async fn everything_is_written_down_once_with_who_why_and_trace(world: Arc<World>) -> Result<()> {
    let mut log = Log { world: &world, mark: world.log_mark() };

    let mut client = HandMade::named(&world.stack, "")?;
    let metadata = json!({ "client_name": "Written down", "redirect_uris": [edgeward_tests::client::REDIRECT_URI] });
    let registered = client.registration(&metadata).await?;
    client.client_id = registered.text("client_id").to_owned();
    let record = only(log.until("client registered").await?);
    let id = record["client"].as_str().context("no client")?.to_owned();
    assert_eq!(record, json!({ "level": "info", "event": "client registered", "status": 201, "client": id }));

    client.registration(&json!({ "redirect_uris": [] })).await?;
    let record = only(log.until("registration refused").await?);
    assert_eq!((&record["level"], &record["status"]), (&json!("info"), &json!(400)));
    assert!(record["reason"].is_string());

    let mut browser = Browser::new()?;
    let page = http()?.get(client.authorization_url(&client.authorization())?).send().await?;
    assert_eq!(page.status(), StatusCode::OK);
    let record = only(log.until("consent shown").await?);
    assert_eq!(record, json!({ "level": "info", "event": "consent shown", "status": 200, "client": id }));

    let code = client.code(&mut browser).await?;
    let records: Vec<_> = log.until("signed in").await?.into_iter().map(checked).collect();
    let grant = records.last().context("no record")?["grant"].clone();
    assert!(grant.as_str().is_some_and(|grant| grant.len() == 22));
    let step = |event: &str, status: u16| json!({ "level": "info", "event": event, "status": status, "client": id, "grant": grant });
    assert_eq!(records[1..], [step("consent given", 303), step("signed in", 302)]);
    assert_eq!(records[0]["event"], "consent shown");

    let mut other = Browser::new()?;
    let consent = other.open_consent(&client.authorization_url(&client.authorization())?).await?;
    log.until("consent shown").await?;
    other.decide(&consent, Decision::Deny).await?;
    let record = only(log.until("consent denied").await?);
    assert!(record["grant"].is_string() && record["grant"] != grant, "{record}");
    let (denied, reason) = (&record["grant"], "the user did not allow it");
    assert_eq!(
        record,
        json!({ "level": "info", "event": "consent denied", "status": 303, "client": id, "grant": denied, "reason": reason })
    );

    let tokens = client.token(&client.redemption(&code)).await?;
    let subject = pseudonym(part(tokens.text("access_token"), 1)["sub"].as_str().context("no subject")?);
    let step = |event: &str, status: u16| {
        let mut record = step(event, status);
        record["subject"] = subject.as_str().into();
        record
    };
    assert_eq!(only(log.until("token issued").await?), step("token issued", 200));

    let refreshing = client.refreshing(tokens.text("refresh_token"));
    let refreshed = client.token(&refreshing).await?;
    assert_eq!(only(log.until("token refreshed").await?), step("token refreshed", 200));
    client.token(&refreshing).await?;
    assert_eq!(only(log.until("token refreshed again").await?), step("token refreshed again", 200));

    client.token(&client.redemption("nonsense")).await?;
    let record = only(log.until("token refused").await?);
    assert_eq!((&record["level"], &record["status"], &record["client"]), (&json!("info"), &json!(400), &json!(id)));
    assert!(record["reason"].as_str().is_some_and(|reason| reason.starts_with("authorization code")));

    // Whom Cognito's failure hits, and Cognito's failure.
    world.stack.cognito().set_fault(Fault::on(Endpoint::Token, FaultKind::InvalidClient).times(1));
    client.token(&client.refreshing(refreshed.text("refresh_token"))).await?;
    let records: Vec<_> = log.until("token refused").await?.into_iter().map(checked).collect();
    let reason = "Cognito does not accept the app client's id and secret";
    assert_eq!(
        records,
        [
            json!({ "level": "alert", "event": "upstream failed", "reason": reason }),
            json!({ "level": "alert", "event": "token refused", "status": 503, "reason": reason, "client": id }),
        ]
    );

    world.whoami("nonsense").await?;
    let record = only(log.until("gate refused").await?);
    assert_eq!((&record["level"], &record["status"]), (&json!("info"), &json!(401)));
    assert!(record["reason"].is_string() && record["subject"].is_null());
    // Where only scope is missing, it is known who.
    let narrow = world.sign(&part(tokens.text("access_token"), 0), &{
        let mut claims = part(tokens.text("access_token"), 1);
        claims["scope"] = OTHER_SCOPE.into();
        claims
    });
    world.whoami(&narrow).await?;
    let mut record = only(log.until("gate refused").await?);
    record.as_object_mut().context("no object")?.remove("reason");
    assert_eq!(record, step("gate refused", 403));

    let revoking = Parameters::new([("client_id", &client.client_id), ("token", refreshed.text("refresh_token"))]);
    client.revoke(&revoking.clone().with("client_secret", "not its own")).await?;
    let record = only(log.until("revocation refused").await?);
    assert_eq!((&record["status"], &record["client"]), (&json!(401), &json!(id)));
    client.revoke(&revoking).await?;
    assert_eq!(only(log.until("grant revoked").await?), step("grant revoked", 200));

    http()?.get(world.stack.url("/logout")).send().await?;
    assert_eq!(only(log.until("signed out").await?), json!({ "level": "info", "event": "signed out", "status": 302 }));
    Ok(())
}

async fn a_trace_goes_from_the_client_through_the_edge_to_the_origin(world: Arc<World>) -> Result<()> {
    let token = HandMade::register(&world.stack).await?.tokens().await?.text("access_token").to_owned();
    let traceparent = TRACEPARENT.replace(ID, "0af7651916cd43dd8448eb211c80319c");
    let request = whoami(world.stack.mcp().as_str())?.bearer_auth(&token);
    let answer = request.header("traceparent", &traceparent).header("tracestate", "vendor=1").send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    answer.text().await?;
    let origin = world.stack.origin_traffic().context("not recorded")?.seen();
    let exchange = origin.iter().find(|exchange| {
        exchange.request_headers.get("traceparent").is_some_and(|value| value == traceparent.as_str())
    });
    let exchange = exchange.context("the origin was not told")?;
    assert_eq!(exchange.request_headers["tracestate"], "vendor=1");
    logged_by_the_origin(&world, "0af7651916cd43dd8448eb211c80319c").await?;

    // What the edge writes about a request has its trace, at the gate and at the endpoints.
    let mark = world.log_mark();
    whoami(world.stack.mcp().as_str())?.header("traceparent", TRACEPARENT).send().await?;
    assert_eq!(world.record(mark, "gate refused").await?["trace"], ID);
    let mark = world.log_mark();
    Answer::to(http()?.post(world.stack.url("/token")).header("traceparent", TRACEPARENT)).await?;
    assert_eq!(world.record(mark, "token refused").await?["trace"], ID);
    Ok(())
}

async fn a_request_without_a_trace_gets_one(world: Arc<World>) -> Result<()> {
    let token = HandMade::register(&world.stack).await?.tokens().await?.text("access_token").to_owned();
    let before = world.stack.origin_traffic().context("not recorded")?.seen().len();
    for traceparent in [None, Some("nonsense"), Some("00-00000000000000000000000000000000-00f067aa0ba902b7-01")] {
        let request = whoami(world.stack.mcp().as_str())?.bearer_auth(&token).header("tracestate", "vendor=1");
        let request = traceparent.into_iter().fold(request, |request, value| request.header("traceparent", value));
        assert_eq!(request.send().await?.status(), StatusCode::OK);
    }
    let origin = world.stack.origin_traffic().context("not recorded")?.seen();
    let mut ids = BTreeSet::new();
    for exchange in &origin[before..] {
        let values: Vec<_> = exchange.request_headers.get_all("traceparent").iter().collect();
        assert_eq!(values.len(), 1, "{values:?}");
        let fields: Vec<_> = values[0].to_str()?.split('-').map(str::to_owned).collect();
        assert_eq!(fields.iter().map(String::len).collect::<Vec<_>>(), [2, 32, 16, 2], "{fields:?}");
        // It belonged to the other one.
        assert!(!exchange.request_headers.contains_key("tracestate"));
        ids.insert(fields[1].clone());
    }
    assert_eq!(ids.len(), 3, "{ids:?}");
    for id in &ids {
        logged_by_the_origin(&world, id).await?;
    }
    Ok(())
}

/// It writes its line when the answer has gone.
async fn logged_by_the_origin(world: &World, id: &str) -> Result<()> {
    until("the origin's log has the trace", || world.stack.origins().log().contains(id)).await
}
