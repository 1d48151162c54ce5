//! The tool as people run it, against doubles of AWS, wrangler, Cloudflare, Cognito and the edge.

mod aws;
mod bad_input;
mod check;
mod client_secret;
mod cloudflare;
mod deploying;
mod drift;
mod keygen;
mod push;
mod remove;
mod rotation;
mod worker_secrets;
mod world;
