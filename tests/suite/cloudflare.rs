//! What only Cloudflare's edge has: bindings and Durable Objects, data points, calls into and out of wasm, isolates that live on,
//! the answers of its network.

mod bindings;
mod budgets;
mod network;
mod observation;
mod rebinding;
mod refresh_objects;
mod refresh_races;
mod repeats;
mod room;

use crate::world::Test;

/// The edge's name, which the names of these tests begin with.
pub(crate) const NAME: &str = "cloudflare";

/// The tests that run at the same time as others.
pub(crate) fn together() -> Vec<Test> {
    refresh_objects::tests()
}

/// The tests that run one by one after those.
pub(crate) fn serial() -> Vec<Test> {
    [
        bindings::tests(),
        observation::tests(),
        refresh_races::tests(),
        rebinding::tests(),
        room::tests(),
        repeats::tests(),
        network::tests(),
        budgets::tests(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
