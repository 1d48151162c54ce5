//! What was measured, round by round.

use std::collections::BTreeMap;

/// A figure. Each is measured for several peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Figure {
    /// Its name in the lines for machines.
    pub(crate) name: &'static str,
    /// What it is, for people.
    pub(crate) what: &'static str,
    /// Its unit.
    pub(crate) unit: &'static str,
}

macro_rules! figures {
    ($($constant:ident $name:literal $unit:literal $what:literal)+) => {
        $(pub(crate) const $constant: Figure = Figure { name: $name, what: $what, unit: $unit };)+

        /// All of them, in the order in which they are told.
        pub(crate) const ALL: &[Figure] = &[$($constant),+];
    };
}

figures! {
    CPU "cpu" "µs" "CPU per authenticated tools/call, 16 connections"
    THROUGHPUT "throughput" "/s" "tools/call per second, 16 connections"
    P50 "p50" "ms" "p50 at half the floor's throughput"
    P99 "p99" "ms" "p99 at half the floor's throughput"
    PACED_CPU "cpu-fixed-rate" "µs" "CPU per call at half the floor's throughput"
    REFUSAL "401" "µs" "CPU per 401 to a stranger"
    COLD "cold" "ms" "first answer after the process started"
    FIRST_SEEN "first-seen" "µs" "CPU per call with a token never seen before"
    SIGN_IN "sign-in" "µs" "CPU per complete sign-in"
    REFRESH "refresh" "µs" "CPU per refresh"
    SSE_DELAY "sse-delay" "µs" "delay of an event (median)"
    SSE_CPU "sse-cpu" "ms" "CPU per 1,000 events"
    UPLOAD "upload" "ms" "4 MB upload"
    UPLOAD_MEMORY "upload-memory" "KB" "growth of the wasm memory by 4 MB uploads"
    BUNDLE "bundle" "bytes" "bundle, gzip"
    LIVE_10 "live-10" "µs" "CPU per call with 10 live tokens"
    LIVE_1K "live-1k" "µs" "CPU per call with 1,000 live tokens"
    LIVE_8K "live-8k" "µs" "CPU per call with 8,000 live tokens"
    LIVE_MANY "live-many" "µs" "CPU per call with very many live tokens"
    TOKEN_MEMORY "token-memory" "KB" "wasm memory after very many distinct tokens"
    FETCHES "fetches" "" "requests at the origin per call"
    LAYER "layer" "µs" "origin: CPU per tools/call in rmcp"
}

/// The peers, by the names that the lines for machines have.
pub(crate) mod names {
    pub(crate) const DIRECT: &str = "direct";
    pub(crate) const PASS_THROUGH: &str = "pass-through";
    pub(crate) const EDGEWARD: &str = "edgeward";
    pub(crate) const LIBRARY: &str = "workers-oauth-provider";
    pub(crate) const LIBRARY_KV: &str = "workers-oauth-provider-kv";
    pub(crate) const FASTMCP: &str = "fastmcp";
    /// rmcp behind the identity layer, and without it.
    pub(crate) const WITH_LAYER: &str = "with-layer";
    pub(crate) const WITHOUT_LAYER: &str = "without-layer";

    /// In the order in which they are told.
    pub(crate) const ALL: &[&str] =
        &[DIRECT, PASS_THROUGH, EDGEWARD, LIBRARY, LIBRARY_KV, FASTMCP, WITHOUT_LAYER, WITH_LAYER];
}

/// All that was measured.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    rounds: BTreeMap<(&'static str, &'static str), Vec<f64>>,
    /// Peers beside those that there always are.
    others: Vec<&'static str>,
}

impl Figures {
    /// Notes one measurement.
    pub(crate) fn note(&mut self, figure: Figure, peer: &'static str, value: f64) {
        if !names::ALL.contains(&peer) && !self.others.contains(&peer) {
            self.others.push(peer);
        }
        self.rounds.entry((figure.name, peer)).or_default().push(value);
    }

    /// The peers, in the order in which they are told.
    pub(crate) fn peers(&self) -> Vec<&'static str> {
        names::ALL.iter().chain(&self.others).copied().collect()
    }

    /// The median of a peer's rounds.
    pub(crate) fn median(&self, figure: Figure, peer: &'static str) -> Option<f64> {
        median(self.of(figure, peer)?.to_vec())
    }

    /// The least and the most of a peer's rounds.
    pub(crate) fn spread(&self, figure: Figure, peer: &'static str) -> Option<(f64, f64)> {
        let rounds = self.of(figure, peer)?;
        Some((rounds.iter().copied().fold(f64::MAX, f64::min), rounds.iter().copied().fold(f64::MIN, f64::max)))
    }

    /// One peer beside another: the median of what each round says, since both were measured in it at much the same time.
    pub(crate) fn ratio(&self, figure: Figure, one: &'static str, other: &'static str) -> Option<f64> {
        let pairs = self.of(figure, one)?.iter().zip(self.of(figure, other)?);
        median(pairs.map(|(one, other)| one / other).collect())
    }

    fn of(&self, figure: Figure, peer: &'static str) -> Option<&[f64]> {
        self.rounds.get(&(figure.name, peer)).map(Vec::as_slice)
    }
}

/// The middle one, or the mean of the two in the middle.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half)?;
    Some(if values.len() % 2 == 1 { *upper } else { (values[half - 1] + upper) / 2.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_compares_rounds_and_not_medians() {
        let mut figures = Figures::default();
        for (ours, theirs) in [(2.0, 1.0), (20.0, 10.0), (3.0, 3.0)] {
            figures.note(CPU, names::EDGEWARD, ours);
            figures.note(CPU, names::PASS_THROUGH, theirs);
        }
        assert_eq!(figures.median(CPU, names::EDGEWARD), Some(3.0));
        assert_eq!(figures.spread(CPU, names::EDGEWARD), Some((2.0, 20.0)));
        assert_eq!(figures.ratio(CPU, names::EDGEWARD, names::PASS_THROUGH), Some(2.0));
        assert_eq!(figures.ratio(CPU, names::EDGEWARD, names::FASTMCP), None);
    }

    #[test]
    fn an_even_number_of_rounds_has_its_median_between_two() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(Vec::new()), None);
    }
}
