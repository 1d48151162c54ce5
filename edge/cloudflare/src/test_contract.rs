//! The contract of the ports, run on demand against this adapter in its real runtime. Only the build that `make panicking-edge`
//! makes for the tests has this.

use edgeward_core::{Target, crossing, platform::Platform};
use http::Response;

/// The answer to a request for the contract of a port, if this is one.
pub(crate) async fn answer(target: Target<'_>, platform: &impl Platform) -> Option<String> {
    let port = target.path.strip_prefix("/test-contract/")?;
    let lines = edgeward_contract::run(platform, port, target.query).await?;
    Some(crossing::answer(&Response::new(lines)))
}
