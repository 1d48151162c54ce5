//! Each port of the edge's adapter keeps its contract (`edge/contract`), in the runtime that runs the edge.

mod peer;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::Arc,
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::{
    by_hand::http,
    edge::{
        Capability, Edge, Limits, Sandbox,
        skip::{self, What},
    },
    place,
};
use futures_util::future::try_join_all;
use peer::Peer;
use reqwest::StatusCode;
use serde_json::Value;

use crate::{
    faulty::until,
    skips::SKIPS,
    world::{World, tests},
};

tests![every_port_keeps_its_contract, what_is_deployed_runs_no_contract];

/// What the records say that the contract of the log writes. With what could break a line of JSON, and no encoding in a query.
const REASON: &str = "the-contract-of-the-log{}[]:,\\";
/// So low that a counter says no soon.
const LIMITS: Limits = Limits::Of([5; 5]);

/// A clause, and why it is not kept.
type Unkept = (String, String);

/// What came of the contract of one port.
#[derive(Default)]
struct Outcome {
    clauses: BTreeSet<String>,
    broken: Vec<Unkept>,
    left_out: Vec<Unkept>,
}

impl Outcome {
    /// Whether clauses are left out, and how many for which reason.
    fn print(&self, port: &str) -> bool {
        let mut reasons = BTreeMap::<_, usize>::new();
        for (_, reason) in &self.left_out {
            *reasons.entry(reason).or_default() += 1;
        }
        println!("{port}: {} clauses", self.clauses.len());
        for (reason, count) in &reasons {
            println!("{port}: {count} of them are left out: {reason}");
        }
        !reasons.is_empty()
    }
}

/// The clauses of each port.
fn documented() -> Result<BTreeMap<String, BTreeSet<String>>> {
    let text = fs::read_to_string(place::checkout().join("edge/contract/CLAUSES.md"))?;
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let mut clauses = BTreeMap::<_, BTreeSet<_>>::new();
    for (port, clause) in rows {
        clauses.entry(port.to_owned()).or_default().insert(clause.to_owned());
    }
    Ok(clauses)
}

async fn run(edge: &Edge, port: &str, query: &str) -> Result<Outcome> {
    let answer = http()?.get(format!("{}/test-contract/{port}?{query}", edge.url())).send().await?;
    let status = answer.status();
    let text = answer.text().await?;
    ensure!(status == StatusCode::OK, "{port}: {status} {text}");
    let mut outcome = Outcome::default();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).with_context(|| format!("{port}: {line}"))?;
        let member = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
        ensure!(member("port") == port, "{port}: {line}");
        outcome.clauses.insert(member("clause"));
        let unkept = (member("clause"), member("reason"));
        match member("verdict").as_str() {
            "kept" => {}
            "left out" => outcome.left_out.push(unkept),
            _ => outcome.broken.push(unkept),
        }
    }
    Ok(outcome)
}

async fn every_port_keeps_its_contract(world: Arc<World>) -> Result<()> {
    let documented = documented()?;
    ensure!(documented.len() > 8, "CLAUSES.md has {documented:?}");
    let peer = Peer::start().await?;
    let start = async |name, sandbox| world.stack.start_edge(name, sandbox, world.stack.variables()).await;
    let contract = Sandbox::from(Capability::Contract);
    let edge = start("contract-edge", contract.clone().limit(LIMITS)).await?;
    let query = format!("{}&reason={REASON}", peer.query);
    let outcomes = try_join_all(documented.keys().map(|port| run(&edge, port, &query))).await?;
    for port in SKIPS.iter().filter_map(|skip| if let What::Port(name) = skip.what { Some(name) } else { None }) {
        assert!(documented.contains_key(port), "suite/skips.rs excuses {port}, which is no port");
    }
    let mut broken = Vec::new();
    for ((port, clauses), outcome) in documented.iter().zip(outcomes) {
        // A clause that was not run is not kept.
        assert_eq!(&outcome.clauses, clauses, "{port}");
        let (is_left_out, excuse) = (outcome.print(port), skip::of_port(SKIPS, world.edge.name, port));
        assert_eq!(is_left_out, excuse.is_some(), "{port}: suite/skips.rs says {excuse:?}");
        broken.extend(outcome.broken.into_iter().map(|(clause, reason)| format!("{port}: {clause}: {reason}")));
    }
    assert!(broken.is_empty(), "{broken:#?}");

    // Who reads the log finds each record, whole.
    let levels = || {
        let records = edge.records().into_iter().filter(|record| record["reason"] == REASON);
        records.map(|record| record["level"].as_str().unwrap_or_default().to_owned()).collect::<BTreeSet<_>>()
    };
    let all = ["alert", "info", "warn"].map(str::to_owned);
    until("the records of the contract are in the log", || levels() == all.clone().into()).await?;
    edge.stop();

    // A platform without counters says yes.
    let edge = start("unlimited-contract-edge", contract).await?;
    let outcome = run(&edge, "count", "").await?;
    assert_eq!(outcome.broken, []);
    outcome.print("count, where there are no limits");
    assert_eq!(outcome.left_out.len() + 1, documented["count"].len(), "{:?}", outcome.left_out);
    Ok(())
}

async fn what_is_deployed_runs_no_contract(world: Arc<World>) -> Result<()> {
    for path in ["/test-contract/clock", "/test-contract/fetch", "/test-contract"] {
        let answer = http()?.get(world.stack.url(path)).send().await?;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
    }
    Ok(())
}
