//! What the project has promised itself.

use crate::figures::{
    BUNDLE, CPU, FETCHES, Figures, LAYER, LIVE_1K, LIVE_8K, LIVE_10, P99, REFUSAL, SIGN_IN, SSE_DELAY, TOKEN_MEMORY,
    UPLOAD_MEMORY, names,
};

/// One promise, and what came of it.
#[derive(Debug)]
pub(crate) struct Budget {
    /// What it is about.
    pub(crate) what: &'static str,
    /// What is allowed, at most.
    pub(crate) most: f64,
    /// What was measured; nothing, if it was not.
    pub(crate) measured: Option<f64>,
    /// The unit of both.
    pub(crate) unit: &'static str,
}

impl Budget {
    /// Whether it is kept.
    pub(crate) fn is_met(&self) -> bool {
        self.measured.is_some_and(|measured| measured <= self.most)
    }
}

/// All of them.
pub(crate) fn all(figures: &Figures) -> Vec<Budget> {
    let to = |figure, other| figures.ratio(figure, names::EDGEWARD, other);
    let ours = |figure| figures.median(figure, names::EDGEWARD);
    let growth = |figure| Some(ours(figure)? / ours(LIVE_10)?);
    let delay =
        ours(SSE_DELAY).zip(figures.median(SSE_DELAY, names::DIRECT)).map(|(ours, direct)| (ours - direct) / 1e3);
    let layer = figures.ratio(LAYER, names::WITH_LAYER, names::WITHOUT_LAYER).map(|ratio| (1.0 - 1.0 / ratio) * 100.0);
    let budget = |what, most, measured, unit| Budget { what, most, measured, unit };
    vec![
        budget("CPU per authenticated call / pass-through", 1.25, to(CPU, names::PASS_THROUGH), ""),
        budget("CPU per authenticated call / workers-oauth-provider (in-memory KV)", 0.55, to(CPU, names::LIBRARY), ""),
        budget("p99 at a fixed rate / pass-through", 1.25, to(P99, names::PASS_THROUGH), ""),
        budget("CPU of a 401 / pass-through with an origin call", 0.60, to(REFUSAL, names::PASS_THROUGH), ""),
        budget(
            "CPU of a sign-in / workers-oauth-provider (wrangler's local KV)",
            1.0,
            to(SIGN_IN, names::LIBRARY_KV),
            "",
        ),
        budget("SSE, added delay per event", 1.0, delay, "ms"),
        budget("4 MB upload, growth of the wasm memory", 0.0, ours(UPLOAD_MEMORY), "KB"),
        budget("outbound fetches per authenticated call", 1.0, ours(FETCHES), ""),
        budget("bundle, gzip", 300.0, ours(BUNDLE).map(|bytes| bytes / 1024.0), "KB"),
        budget("CPU per call, 1,000 live tokens / 10", 1.15, growth(LIVE_1K), ""),
        budget("CPU per call, 8,000 live tokens / 10", 1.15, growth(LIVE_8K), ""),
        budget("wasm memory after very many tokens", 65_536.0, ours(TOKEN_MEMORY), "KB"),
        budget("identity layer's share of a tools/call at the origin", 5.0, layer, "%"),
    ]
}
