#![doc = include_str!("../README.md")]

mod admin;
mod authorization;
mod client_authentication;
mod clock;
mod config;
mod cookies;
mod custom_claims;
mod directory;
mod endpoint;
mod fault;
mod federation;
mod firewall;
mod forgery;
mod issued;
mod issuers;
mod jws;
mod keys;
mod mint;
mod page;
mod parameters;
mod pool;
mod recording;
mod reply;
mod reset;
mod sabotage;
mod server;
mod store;
mod token;
mod trigger;
mod unreachable;

pub use config::{
    Answers, AppClient, Config, ConfigError, DEV_CLIENT_ID, DEV_CLIENT_SECRET, DEV_PASSWORD, DEV_POOL_ID, DEV_USERNAME,
    Firewall, Flow, Identity, IdentityProvider, LambdaErrors, LoginPages, Mode, ProviderError, ProviderKind,
    ProviderUser, Replay, ResourceServer, Revocation, Rotation, StateHandling, TokenTrigger, TokenTriggerError, User,
};
pub use custom_claims::CustomClaims;
pub use fault::{Endpoint, Fault, FaultKind};
pub use forgery::{Forgery, Signature};
pub use issued::{IssuedSecret, SecretKind};
pub use issuers::{IssuerForm, Issuers};
pub use recording::{Listener, RecordedRequest};
pub use server::{Cognito, Error};
pub use trigger::{Trigger, TriggerFailure};
pub use unreachable::{UNREACHABLE, unreachable};
