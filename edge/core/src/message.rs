//! What crosses the wire: parsed and printed, not yet judged.

pub mod authorization_header;
pub mod caching;
pub mod cors;
pub use edgeward_identity::json;
pub mod members;
pub mod operation;
pub mod parameters;
pub mod request;
pub mod response;
pub mod target;
pub mod visible;
