//! The vocabulary of OAuth as types: what does not parse does not exist.

pub mod client_id;
pub mod document_url;
pub mod error_code;
pub mod pkce;
pub mod prompt;
pub mod redirect_uri;
pub mod resource;
pub mod scope;

pub use client_id::ClientDigest;
pub use document_url::DocumentUrl;
pub use error_code::ErrorCode;
pub use pkce::{CodeChallenge, CodeVerifier};
pub use prompt::Prompt;
pub use redirect_uri::{RedirectTarget, RedirectUri, RefusedRedirectUri};
pub use resource::Resource;
pub use scope::{Scope, ScopeToken};
