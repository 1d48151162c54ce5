//! A made-up edge, whose clock cannot be moved.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use reqwest::ClientBuilder;
use serde_json::Value;

use super::*;
use crate::edge::{Edge, EdgeRuntime, Launch, Running, Sandbox, Settings, Variables, chosen};

#[derive(Debug)]
struct Clockless;

impl EdgeRuntime for Clockless {
    fn capabilities(&self) -> &'static [Capability] {
        const { Capability::ALL.split_at(1).1 }
    }

    fn launch(&self, _: &Launch<'_>) -> Result<Box<dyn Running>> {
        bail!("launched")
    }

    fn records(&self, _: &str) -> Vec<Value> {
        Vec::new()
    }

    fn at_address(&self, client: ClientBuilder, _: u8) -> ClientBuilder {
        client
    }
}

const MADE_UP: KnownEdge = KnownEdge { name: "made-up", runtime: &Clockless };
const REASON: &str = "time is the same for everybody";
const TABLE: [Skip; 2] = [
    Skip { edge: "made-up", what: What::Lacking(Capability::Clock), reason: REASON },
    Skip { edge: "made-up", what: What::Test("code::a_code_is_refused"), reason: "it takes every code" },
];

fn tests() -> BTreeSet<&'static str> {
    ["code::a_code_is_refused", "code::a_code_works"].into()
}

/// How starting an edge ends for a test that asks for this.
async fn asking_for(sandbox: impl Into<Sandbox>) -> anyhow::Error {
    let variables = Variables::new();
    let (settings, sandbox) = (Settings::Given(&variables), sandbox.into());
    let launch = Launch { name: "edge", port: 1, settings, sandbox, folder: Path::new("nowhere") };
    Edge::start(MADE_UP.runtime, &launch).await.expect_err("nothing is started here")
}

#[tokio::test]
async fn a_test_that_asks_for_what_the_runtime_lacks_is_skipped() {
    let lacking = asking_for(Capability::Clock).await;
    assert_eq!(of_error(&TABLE, "made-up", &lacking), Some(REASON));
    // As an attack's error, which says which of its requests it was.
    let lacking = Err::<(), _>(lacking).context("the control").expect_err("it is an error");
    assert_eq!(of_error(&TABLE, "made-up", &lacking), Some(REASON));
    assert_eq!(of_error(&TABLE, "cloudflare", &lacking), None, "another edge has a clock");
    assert_eq!(of_error(&TABLE[1..], "made-up", &lacking), None, "without a reason it fails");
}

#[tokio::test]
async fn a_test_that_asks_for_what_there_is_gets_it() {
    for sandbox in [Sandbox::default(), Capability::Documents.into()] {
        let error = asking_for(sandbox).await;
        assert_eq!((error.to_string().as_str(), of_error(&TABLE, "made-up", &error)), ("launched", None));
    }
}

#[test]
fn a_test_that_the_table_names_is_skipped_at_that_edge() {
    assert_eq!(of_test(&TABLE, "made-up", "code::a_code_is_refused"), Some("it takes every code"));
    assert_eq!(of_test(&TABLE, "made-up", "code::a_code_works"), None);
    assert_eq!(of_test(&TABLE, "cloudflare", "code::a_code_is_refused"), None);
}

#[test]
fn a_table_with_a_mistake_is_noticed() {
    assert_eq!(mistakes(&TABLE, &[MADE_UP], &tests()), [""; 0]);
    let line = TABLE[1];
    for (wrong, said) in [
        (Skip { edge: "nowhere", ..line }, "nowhere is no edge"),
        (Skip { reason: " ", ..line }, "no reason: made-up"),
        (Skip { what: What::Test("code::gone"), ..line }, "code::gone is no test"),
        (Skip { what: What::Lacking(Capability::Limits), ..line }, "made-up has Limits"),
        (TABLE[0], "twice: made-up"),
    ] {
        let found = mistakes(&[TABLE[0], wrong], &[MADE_UP], &tests());
        assert!(matches!(&found[..], [only] if only.contains(said)), "{said}: {found:?}");
    }
    assert_eq!(mistakes(&TABLE[1..], &[MADE_UP], &tests()), ["no reason why made-up lacks Clock"]);
}

#[test]
fn a_port_that_a_platform_does_not_have_is_named_for_that_platform() {
    let table = [Skip { edge: "made-up", what: What::Port("memory"), reason: REASON }];
    assert_eq!(of_port(&table, "made-up", "memory"), Some(REASON));
    assert_eq!(of_port(&table, "made-up", "count"), None);
    assert_eq!(of_port(&table, "cloudflare", "memory"), None);
    let found = mistakes(&[table[0], table[0]], &[], &tests());
    assert_eq!(found, ["made-up is no edge", "made-up is no edge", "twice: made-up, Port(\"memory\")"]);
}

#[test]
fn edges_are_chosen_by_name() {
    let other = KnownEdge { name: "other", runtime: &Clockless };
    let names = |asked: &str| -> Result<Vec<_>> {
        Ok(chosen(&[MADE_UP, other], asked)?.into_iter().map(|edge| edge.name).collect())
    };
    for (asked, expected) in [
        ("", vec!["made-up"]),
        ("other", vec!["other"]),
        ("other made-up", vec!["other", "made-up"]),
        ("all", vec!["made-up", "other"]),
    ] {
        assert_eq!(names(asked).expect("they are there"), expected, "{asked}");
    }
    let error = names("other unknown").expect_err("it is not there").to_string();
    assert!(error.contains("`unknown`") && error.contains("made-up, other"), "{error}");
}
