//! Paths and methods: other spellings of a resource, and ways around the check of the method.

use std::sync::Arc;

use anyhow::Result;

use super::{
    case::{Case, Cases},
    raw::{self, WHOAMI, WHOAMI_FIELDS},
    scene::access_token,
};
use crate::world::World;

const GROUP: &str = "paths";

/// Whether the caller shows a good token.
#[derive(Clone, Copy, PartialEq)]
enum Shows {
    Token,
    Nothing,
}

pub(super) fn cases() -> Vec<Case> {
    [with_token(), without_token(), methods(), elsewhere()].into_iter().flatten().collect()
}

async fn call(world: Arc<World>, (target, shows): (&'static str, Shows)) -> Result<String> {
    let authorization = match shows {
        Shows::Token => format!("Authorization: Bearer {}\r\n", access_token(&world).await?),
        Shows::Nothing => String::new(),
    };
    let request = format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{WHOAMI_FIELDS}{authorization}Content-Length: \
         {}\r\n\r\n{WHOAMI}",
        raw::address(&world),
        WHOAMI.len()
    );
    raw::send(&world, request.as_bytes()).await
}

/// Spellings that are no resource: a token is good at its resource alone, and nothing else is passed on.
fn with_token() -> Vec<Case> {
    let control = (("/mcp", Shows::Token), "200 as the demo user");
    let mut cases = Cases::new(GROUP, call, control);
    for (name, target) in [
        ("two_slashes", "//mcp"),
        ("two_slashes_behind", "/mcp//"),
        ("a_semicolon_segment", "/mcp/..;/"),
        ("a_semicolon_segment_before", "/..;/mcp"),
        ("a_parameter_of_the_path", "/mcp;x=1"),
        ("an_encoded_letter", "/%6dcp"),
        ("an_encoded_slash", "/%2fmcp"),
        ("an_encoded_slash_behind", "/mcp%2f"),
        ("an_encoded_backslash", "/%5cmcp"),
        ("twice_encoded", "/%256dcp"),
        ("capitals", "/MCP"),
        ("a_dot_behind", "/mcp."),
        ("a_blank_behind", "/mcp%20"),
        ("a_null_behind", "/mcp%00"),
        ("a_line_break_behind", "/mcp%0d%0a"),
        ("an_extension", "/mcp.json"),
        ("a_path_below", "/mcp/admin"),
        ("a_path_of_the_origins", "/mcp/%2e%2e%2fhealthz"),
        ("a_fullwidth_letter", "/%EF%BD%8Dcp"),
        ("an_overlong_letter", "/%c1%adcp"),
    ] {
        cases = cases.add(
            format!("with_{name}"),
            format!("`{target}`, with a good token"),
            (target, Shows::Token),
            "404 not_found",
        );
    }
    cases.list()
}

/// Spellings that the platform reads as the resource: the gate sees what the origin will see.
fn without_token() -> Vec<Case> {
    let mut cases = Cases::new(GROUP, call, (("/mcp", Shows::Token), "200 as the demo user"));
    for (name, target) in [
        ("nothing_else", "/mcp"),
        ("a_slash_behind", "/mcp/"),
        ("dots", "/x/../mcp"),
        ("encoded_dots", "/x/%2e%2e/mcp"),
        ("half_encoded_dots", "/x/.%2E/mcp"),
        ("a_single_dot", "/./mcp"),
        ("dots_above_the_root", "/../../mcp"),
        ("a_way_out_of_the_well_known", "/.well-known/../mcp"),
        ("a_way_out_of_health", "/healthz/../mcp"),
        ("a_query_that_looks_like_a_path", "/mcp?/../healthz"),
        ("an_absolute_form", "http://localhost/mcp"),
        ("an_absolute_form_of_another_host", "http://attacker.example/mcp"),
    ] {
        cases = cases.add(
            format!("no_token_and_{name}"),
            format!("`{target}`, without a token"),
            (target, Shows::Nothing),
            "401 unauthorized",
        );
    }
    for (name, target) in [("two_slashes", "//mcp"), ("an_encoded_letter", "/%6dcp")] {
        cases = cases.add(
            format!("no_token_and_{name}"),
            format!("`{target}`, without a token"),
            (target, Shows::Nothing),
            "404 not_found",
        );
    }
    cases.list()
}

/// A method, a path, and header fields.
type Asked = (&'static str, &'static str, &'static str);

async fn ask(world: Arc<World>, (method, target, fields): Asked) -> Result<String> {
    let request = format!(
        "{method} {target} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: 0\r\n{fields}\r\n",
        raw::address(&world)
    );
    raw::send(&world, request.as_bytes()).await
}

fn methods() -> Vec<Case> {
    const OVERRIDE: &str = "X-HTTP-Method-Override: POST\r\nX-HTTP-Method: POST\r\nX-Method-Override: POST\r\n";
    let not_allowed = "405 method_not_allowed";
    Cases::new(GROUP, ask, (("GET", "/healthz", ""), "200"))
        .add(
            "a_method_that_is_overridden",
            "`GET /token` with `X-HTTP-Method-Override: POST`",
            ("GET", "/token", OVERRIDE),
            not_allowed,
        )
        .add("a_method_in_the_query", "`GET /token?_method=POST`", ("GET", "/token?_method=POST", ""), not_allowed)
        .add(
            "a_registration_by_get",
            "`GET /register` with the method overridden",
            ("GET", "/register", OVERRIDE),
            not_allowed,
        )
        .add("a_revocation_by_put", "`PUT /revoke`", ("PUT", "/revoke", ""), not_allowed)
        .add(
            "a_callback_by_post",
            "`POST /callback`: answers come by redirect alone",
            ("POST", "/callback", ""),
            not_allowed,
        )
        .add("signing_out_by_post", "`POST /logout`", ("POST", "/logout", ""), not_allowed)
        .add("keys_by_put", "`PUT /.well-known/jwks.json`", ("PUT", "/.well-known/jwks.json", ""), not_allowed)
        .add(
            "metadata_by_delete",
            "`DELETE /.well-known/oauth-authorization-server`",
            ("DELETE", "/.well-known/oauth-authorization-server", ""),
            not_allowed,
        )
        .add(
            "a_trace",
            "`TRACE /mcp`, which would show header fields to a script",
            ("TRACE", "/mcp", ""),
            "401 unauthorized",
        )
        .add("a_head_without_a_token", "`HEAD /mcp` without a token", ("HEAD", "/mcp", ""), "401")
        .add(
            "options_without_an_origin",
            "`OPTIONS /mcp` of no page, without a token",
            ("OPTIONS", "/mcp", ""),
            "401 unauthorized",
        )
        .add(
            "delete_without_a_token",
            "`DELETE /mcp`: to end another's session",
            ("DELETE", "/mcp", "Mcp-Session-Id: x\r\n"),
            "401 unauthorized",
        )
        .add(
            "a_stream_without_a_token",
            "`GET /mcp`: to listen to another's stream",
            ("GET", "/mcp", "Mcp-Session-Id: x\r\nAccept: text/event-stream\r\n"),
            "401 unauthorized",
        )
        .add(
            "an_upgrade_without_a_token",
            "`Upgrade: websocket` at `/mcp`",
            (
                "GET",
                "/mcp",
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
            ),
            "400 invalid_request",
        )
        .add("a_method_that_is_none", "a method that nobody knows, at `/mcp`", ("HACK", "/mcp", ""), "501")
        .add("a_method_in_small_letters", "`post /token`", ("post", "/token", ""), "501")
        .list()
}

/// What the edge has beside its resources, by other spellings.
fn elsewhere() -> Vec<Case> {
    let mut cases = Cases::new(GROUP, ask, (("GET", "/.well-known/jwks.json", ""), "200"));
    for (name, target) in [
        ("keys_with_a_slash", "/.well-known/jwks.json/"),
        ("keys_in_capitals", "/.WELL-KNOWN/jwks.json"),
        ("what_is_next_to_the_keys", "/.well-known/keys.json"),
        ("files_of_the_edge", "/.dev.vars"),
        ("files_above_the_edge", "/..%2f..%2f..%2fetc%2fpasswd"),
        ("metadata_of_a_resource_that_is_none", "/.well-known/oauth-protected-resource/other"),
        ("metadata_of_a_resource_above", "/.well-known/oauth-protected-resource/mcp/..%2fsecond"),
        ("a_double_slash_that_could_be_a_host", "//attacker.example/%2e%2e"),
        ("a_backslash_that_could_be_a_host", "/%5c%5cattacker.example"),
        ("an_authorize_with_a_slash", "/authorize/"),
        ("health_of_the_origin", "/origin/healthz"),
    ] {
        cases = cases.add(name, format!("`{target}`"), ("GET", target, ""), "404 not_found");
    }
    cases.list()
}
