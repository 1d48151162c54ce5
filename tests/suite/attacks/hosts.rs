//! Requests for another host than the issuer's: a Worker may be reached under several names, and answers for one.

use std::sync::Arc;

use anyhow::Result;

use super::{
    case::{Case, Cases},
    raw::{self, WHOAMI, WHOAMI_FIELDS},
    scene::access_token,
};
use crate::world::World;

const GROUP: &str = "hosts";
const MISDIRECTED: &str = "421 misdirected_request";
const ATTACKER: &str = "Host: attacker.example";
/// `OWN` stands for host and port of the issuer.
const OWN: &str = "Host: OWN";

pub(super) fn cases() -> Vec<Case> {
    [endpoints(), with_a_token()].into_iter().flatten().collect()
}

fn named(world: &World, fields: &str) -> String {
    fields.replace("OWN", world.host())
}

/// A request line, the field `Host`.
async fn ask(world: Arc<World>, (line, host): (&'static str, &'static str)) -> Result<String> {
    let host = named(&world, host);
    let request = format!("{line} HTTP/1.1\r\n{host}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    raw::send(&world, request.as_bytes()).await
}

fn endpoints() -> Vec<Case> {
    let mut cases = Cases::new(GROUP, ask, (("GET /healthz", OWN), "200"));
    for (name, line, otherwise) in [
        ("metadata_of_the_resource", "GET /.well-known/oauth-protected-resource", "200"),
        ("metadata_of_the_resource_by_path", "GET /.well-known/oauth-protected-resource/mcp", "200"),
        ("metadata_of_the_server", "GET /.well-known/oauth-authorization-server", "200"),
        ("keys", "GET /.well-known/jwks.json", "200"),
        ("registering", "POST /register", "400 invalid_client_metadata"),
        ("asking_for_consent", "GET /authorize", "400 page"),
        ("a_decision", "POST /authorize", "403 page"),
        ("coming_back", "GET /callback", "400 page"),
        ("a_token_request", "POST /token", "400 invalid_request"),
        ("a_revocation", "POST /revoke", "400 invalid_request"),
        ("signing_out", "GET /logout", "302 to Cognito, signed out"),
        ("having_signed_out", "GET /signed-out", "200 page"),
        ("health", "GET /healthz", "200"),
        ("the_resource", "POST /mcp", "401 unauthorized"),
        ("a_preflight", "OPTIONS /token", "204"),
        ("nothing", "GET /nothing", "404 not_found"),
    ] {
        let tried = format!("`{line}` with `{ATTACKER}`");
        cases = cases.beside(name, tried, ((line, ATTACKER), MISDIRECTED), ((line, OWN), otherwise));
    }
    cases.list()
}

/// `POST /mcp` with a good token and these fields.
async fn call(world: Arc<World>, fields: &'static [&'static str]) -> Result<String> {
    let token = access_token(&world).await?;
    let fields = named(&world, &fields.join("\r\n"));
    let request = format!(
        "POST /mcp HTTP/1.1\r\n{fields}\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n{WHOAMI_FIELDS}\
         Content-Length: {}\r\n\r\n{WHOAMI}",
        WHOAMI.len()
    );
    raw::send(&world, request.as_bytes()).await
}

fn with_a_token() -> Vec<Case> {
    const SERVED: &str = "200 as the demo user";
    let mut cases = Cases::new(GROUP, call, (&[OWN] as &[_], SERVED));
    for (name, tried, fields) in [
        ("another_host", "`Host: attacker.example`", &[ATTACKER] as &[_]),
        ("no_port", "our host without its port", &["Host: localhost"]),
        ("another_port", "our host with another port", &["Host: localhost:1"]),
        ("a_dot_behind", "our host with a dot behind it", &["Host: localhost.:1"]),
        ("a_host_that_begins_like_ours", "a host that begins like ours", &["Host: localhost.attacker.example:1"]),
        ("our_host_as_a_user", "our host as user information", &["Host: OWN@attacker.example"]),
        ("our_host_forwarded", "our host as `X-Forwarded-Host`", &[ATTACKER, "X-Forwarded-Host: OWN"]),
        ("our_host_in_forwarded", "our host in `Forwarded`", &[ATTACKER, "Forwarded: host=\"OWN\";proto=http"]),
        (
            "our_host_as_the_original",
            "our host as `X-Original-Host`, `X-Host`",
            &[ATTACKER, "X-Original-Host: OWN", "X-Host: OWN"],
        ),
        ("our_host_as_origin", "our host as `Origin`", &[ATTACKER, "Origin: http://OWN"]),
    ] {
        cases = cases.add(format!("a_token_at_{name}"), format!("{tried}, with a good token"), fields, MISDIRECTED);
    }
    for (name, fields) in [
        ("another_host_forwarded", &[OWN, "X-Forwarded-Host: attacker.example"] as &[_]),
        ("https_forwarded", &[OWN, "X-Forwarded-Proto: https"]),
        ("both_by_forwarded", &[OWN, "Forwarded: host=attacker.example;proto=https"]),
    ] {
        let tried = format!("`{}` at our own host is ignored", fields[1]);
        cases = cases.add(format!("a_token_and_{name}"), tried, fields, SERVED);
    }
    cases.list()
}
