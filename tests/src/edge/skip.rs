//! Tests that an edge's runtime cannot run. The reasons stand in one table: a test is skipped because it is named there, or
//! because it asks for a [capability](Capability) that the runtime lacks, whose reason is there.

use std::collections::BTreeSet;

use super::{Capability, KnownEdge, Lacks};

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Skip {
    /// The edge's name.
    pub edge: &'static str,
    /// What it does not run.
    pub what: What,
    /// Why not.
    pub reason: &'static str,
}

/// What an edge does not run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum What {
    /// A test, by its name without the edge's.
    Test(&'static str),
    /// Whatever needs this.
    Lacking(Capability),
    /// The contract of a port that its platform does not have, by the port's name.
    Port(&'static str),
}

/// Why an edge does not run this test, if the table names it.
pub fn of_test(table: &[Skip], edge: &str, test: &str) -> Option<&'static str> {
    let is_it = |skip: &&Skip| skip.edge == edge && matches!(skip.what, What::Test(name) if name == test);
    table.iter().find(is_it).map(|skip| skip.reason)
}

/// Why an edge's platform does not have this port, if the table names it.
pub fn of_port(table: &[Skip], edge: &str, port: &str) -> Option<&'static str> {
    let is_it = |skip: &&Skip| skip.edge == edge && matches!(skip.what, What::Port(name) if name == port);
    table.iter().find(is_it).map(|skip| skip.reason)
}

/// Why a test that has ended with this error is skipped, if it has asked for what the edge lacks. An error without a reason in
/// the table is a failure.
pub fn of_error(table: &[Skip], edge: &str, error: &anyhow::Error) -> Option<&'static str> {
    let Lacks(missing) = *error.downcast_ref()?;
    let is_it = |skip: &&Skip| skip.edge == edge && skip.what == What::Lacking(missing);
    table.iter().find(is_it).map(|skip| skip.reason)
}

/// What is wrong with a table: each line must be about an edge, and a test or a capability, that are there, and have a reason;
/// and each capability that an edge lacks must have one. Which ports there are the test of their contracts knows.
pub fn mistakes(table: &[Skip], edges: &[KnownEdge], tests: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for (at, Skip { edge, what, reason }) in table.iter().enumerate() {
        let known = edges.iter().find(|known| known.name == *edge);
        if known.is_none() {
            found.push(format!("{edge} is no edge"));
        }
        if reason.trim().is_empty() {
            found.push(format!("no reason: {edge}, {what:?}"));
        }
        if table[..at].iter().any(|earlier| earlier.edge == *edge && earlier.what == *what) {
            found.push(format!("twice: {edge}, {what:?}"));
        }
        match what {
            What::Test(name) if !tests.contains(name) => found.push(format!("{name} is no test")),
            What::Lacking(capability) if known.is_some_and(|known| has(known, *capability)) => {
                found.push(format!("{edge} has {capability}"));
            }
            What::Test(_) | What::Lacking(_) | What::Port(_) => {}
        }
    }
    for edge in edges {
        let reasons = |missing| table.iter().any(|skip| skip.edge == edge.name && skip.what == What::Lacking(missing));
        let missing = Capability::ALL.into_iter().filter(|missing| !has(edge, *missing) && !reasons(*missing));
        found.extend(missing.map(|missing| format!("no reason why {} lacks {missing}", edge.name)));
    }
    found
}

fn has(edge: &KnownEdge, capability: Capability) -> bool {
    edge.runtime.capabilities().contains(&capability)
}

#[cfg(test)]
mod tests;
