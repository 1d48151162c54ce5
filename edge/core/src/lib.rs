#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod bounded;
pub mod secret;

pub mod oauth;

pub mod message;

pub mod policy;

pub mod audit;
pub mod platform;

pub mod jose;
pub mod trace;

pub mod keys;

pub mod route;
pub mod sealed;

pub mod config;
pub mod request_context;
mod shared_memory;

pub mod client;

mod received;

pub mod authorization;

pub mod page;

pub mod upstream;

pub mod access_token;
pub mod refreshes;

pub mod limit;
pub mod transport;

pub mod failure;

pub mod forward;

pub mod gate;

pub mod endpoint;

pub mod edge;

pub mod crossing;

pub use config::{Config, ConfigErrors};
pub use edge::{Edge, log_without_settings, misconfigured};
pub use edgeward_identity::limits;
pub use failure::Failure;
pub use forward::{Outcome, Plan};
pub use gate::{Decision, Evidence, Needs, RequestHead};
pub use message::{
    request::{Body, MAX_BODY_BYTES, REQUEST_HEADERS, Request},
    target::Target,
};
