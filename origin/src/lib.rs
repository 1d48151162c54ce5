#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod caller;
mod clock;
pub mod keys;
mod outbound;
mod pseudonym;
mod refreshed;
mod refusal;
mod remembered;
mod require_identity;

#[cfg(feature = "server")]
pub mod server;

pub use caller::{Caller, NotVerified};
pub use clock::Clock;
pub use edgeward_identity::{self as identity, Identity, Verifier};
pub use keys::Keys;
pub use pseudonym::pseudonym;
pub use refusal::Refusal;
pub use require_identity::{RequireIdentity, RequireIdentityService};
