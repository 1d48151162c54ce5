//! The tool as people run it, against doubles of AWS, wrangler, Cloudflare, Cognito and the edge.

mod aws;
mod bad_input;
mod check;
mod client_secret;
mod clients;
mod cloudflare;
mod cognito;
mod deploying;
mod drift;
mod edge;
mod existing;
mod firewall;
mod keygen;
mod leaked;
mod licenses;
mod managed_secret;
mod plain_http;
mod probe;
mod push;
mod remove;
mod rotation;
mod server_exists;
mod waiting;
mod worker_secrets;
mod world;
mod wrangler;
