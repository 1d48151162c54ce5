#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod assertion;
mod hex;
mod identity;
pub mod json;
pub mod jws;
pub mod keys;
pub mod limits;
pub mod names;
mod pseudonym;
mod sealing_keys;
mod time;
pub mod traceparent;

pub use assertion::{AssertionError, Verifier};
pub use identity::{Identity, Kind};
pub use keys::{KeyError, SigningKey, VerifyingKeys};
pub use pseudonym::pseudonym;
pub use sealing_keys::SealingKeys;
pub use time::UnixTime;
