#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod assertion;
mod identity;
pub mod jws;
pub mod keys;
pub mod limits;
pub mod names;
mod sealing_keys;
mod time;

pub use assertion::{AssertionError, Verifier};
pub use identity::{Identity, Kind};
pub use keys::{KeyError, SigningKey, VerifyingKeys};
pub use sealing_keys::SealingKeys;
pub use time::UnixTime;
