//! What a stranger can see of an edge that works: the challenge, a registration, the consent page; and whether each MCP server
//! accepts the edge's word and nobody else's.

mod origin;
mod sign_in;

use edgeward_core::Config;

use super::drift::clients;
use crate::{fetch::Fetch, jwks::PrivateJwks, report::Report, target::Target};

/// Tries the edge and its MCP servers. Nobody is signed in.
pub(super) async fn check(target: &Target, config: &Config, keys: &PrivateJwks, fetch: &Fetch, report: &mut Report) {
    clients::check(target, config, fetch, report).await;
    sign_in::check(target, config, fetch, report).await;
    origin::check(config, keys, None, fetch, report).await;
}

pub(super) use origin::{LONGEST_SILENCE, check as origins};
