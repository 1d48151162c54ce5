//! Messages on the wire: parsing and printing, without judgement.

pub mod authorization_header;
pub mod caching;
pub mod cors;
pub use edgeward_identity::json;
pub(crate) mod media_type;
pub mod members;
pub mod operation;
pub mod parameters;
pub mod request;
pub mod response;
pub mod target;
pub mod visible;
