//! Holds the pool to what is known of Cognito, over HTTP. A file per group of behaviour.

mod support;

mod admin;
mod authorize_errors;
mod discovery;
mod faults;
mod firewall;
mod keys;
mod login;
mod logout;
mod program;
mod recording;
mod refresh;
mod resource;
mod revoke;
mod state;
mod token;
mod tokens;
mod userinfo;
