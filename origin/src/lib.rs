#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod caller;
mod clock;
mod outbound;

mod refreshed;

pub mod keys;
mod refusal;
mod remembered;

mod require_identity;

#[cfg(feature = "server")]
pub mod server;

pub use caller::{Caller, NotVerified};
pub use clock::Clock;
pub use edgeward_identity::{self as identity, Identity, Verifier, pseudonym};
pub use keys::Keys;
pub use refusal::Refusal;
pub use require_identity::{RequireIdentity, RequireIdentityService};
