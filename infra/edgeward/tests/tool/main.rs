//! The tool as people run it, against doubles of AWS, wrangler, Cloudflare, Cognito and the edge.

mod aws;
mod bad_input;
mod check;
mod client_secret;
mod clients;
mod cloudflare;
mod deploying;
mod drift;
mod edge;
mod keygen;
mod plain_http;
mod push;
mod remove;
mod rotation;
mod waiting;
mod worker_secrets;
mod world;
mod wrangler;
