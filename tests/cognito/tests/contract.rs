//! Holds the pool to what is known of Cognito, over HTTP. A file per group of behaviour.

mod support;

mod admin;
mod authorize_errors;
mod custom_claims;
mod discovery;
mod faults;
mod federation;
mod firewall;
mod groups;
mod issuers;
mod keys;
mod login;
mod logout;
mod program;
mod prompt;
mod recording;
mod refresh;
mod resource;
mod revoke;
mod state;
mod token;
mod tokens;
mod triggers;
mod userinfo;
mod users;
