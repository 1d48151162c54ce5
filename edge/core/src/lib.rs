#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod secret;

pub mod oauth;

pub mod message;

pub mod jose;

pub mod policy;

pub mod audit;
pub mod platform;
pub mod trace;

pub mod keys;
pub mod route;
pub mod sealed;

pub mod config;

pub mod client;

pub mod authorization;

pub mod page;

pub mod upstream;

pub mod access_token;
pub mod refreshes;

pub mod gate;

pub mod limit;

pub mod transport;

pub mod endpoint;

pub mod edge;

pub use config::{Config, ConfigErrors};
pub use edge::{Edge, misconfigured};
pub use edgeward_identity::limits;
pub use gate::{Forward, Gated, Look, RequestHead, Seen};
pub use message::{
    request::{Body, MAX_BODY_BYTES, REQUEST_HEADERS, Request},
    target::Target,
};
