//! What edges do not run, and why: the one place for it.

use std::collections::BTreeSet;

use edgeward_tests::edge::{
    EDGES,
    skip::{Skip, What, mistakes},
};
use libtest_mimic::Trial;

/// An edge that cannot show something is excused here: a test by its name without the edge's, everything that needs a capability
/// that its runtime lacks, or the contract of a port that its platform does not have.
pub(crate) const SKIPS: &[Skip] = &[Skip {
    edge: "cloudflare",
    what: What::Port("memory"),
    reason: "an isolate serves many requests and remembers for all of them, and a Durable Object coordinates refreshes",
}];

pub(crate) fn tests() -> Vec<Trial> {
    vec![Trial::test("skips::every_skip_names_what_is_there_and_has_a_reason", || {
        let tests: Vec<_> = EDGES.iter().flat_map(|edge| crate::all(*edge)).collect();
        let names: BTreeSet<_> = tests.iter().map(|test| test.name.as_str()).collect();
        let found = mistakes(SKIPS, EDGES, &names);
        if found.is_empty() { Ok(()) } else { Err(found.join("; ").into()) }
    })]
}
