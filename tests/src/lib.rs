//! Edgeward's black-box suites, demo and development stack.
//!
//! [`Stack::start`](stack::Stack::start) runs the whole of it on this machine: a local Cognito and a weather service in
//! this process, two origins behind a load balancer and the edge (real workerd, under wrangler) as processes of their own. [`browser`] is the
//! user, [`client`] the MCP client, [`by_hand`] one that also does what a good client would not. [`emulator`] plays AWS, and
//! [`rollout`] a CDN that gives the edge new settings while [`load`] goes on. Nothing here knows the edge but through HTTP.

pub mod browser;
pub mod by_hand;
pub mod chromium;
pub mod client;
pub mod container;
pub mod cookie_jar;
pub mod document_host;
pub mod edge;
pub mod emulator;
pub mod examples;
pub mod fault_origin;
pub mod form;
pub mod forward;
pub mod keys;
pub mod load;
pub mod origin;
pub mod origins;
pub mod place;
pub mod port;
pub mod process;
pub mod recorder;
pub mod rollout;
pub mod round_robin;
pub mod signal;
pub mod stack;
pub mod token_proxy;
pub mod twins;
pub mod weather;
pub mod workerd;
