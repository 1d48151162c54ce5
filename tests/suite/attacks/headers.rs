//! Header fields that must not be believed, must not come through, or came twice.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use base64ct::{Base64, Encoding as _};
use edgeward_tests::by_hand;
use reqwest::Url;
use serde_json::Value;

use super::{
    case::{Case, Cases},
    raw::{self, WHOAMI, WHOAMI_FIELDS},
    scene::access_token,
};
use crate::world::World;

const GROUP: &str = "headers";

pub(super) fn cases() -> Vec<Case> {
    [where_we_are(), who_calls(), credentials(), hop_by_hop()].into_iter().flatten().collect()
}

/// Fields that claim that we are elsewhere.
const CLAIMS: [(&str, &str, &str); 14] = [
    ("x_forwarded_host", "X-Forwarded-Host", "attacker.example"),
    ("x_forwarded_proto", "X-Forwarded-Proto", "http"),
    ("x_forwarded_scheme", "X-Forwarded-Scheme", "javascript"),
    ("x_forwarded_port", "X-Forwarded-Port", "1337"),
    ("x_forwarded_prefix", "X-Forwarded-Prefix", "/attacker"),
    ("x_forwarded_server", "X-Forwarded-Server", "attacker.example"),
    ("x_host", "X-Host", "attacker.example"),
    ("x_original_host", "X-Original-Host", "attacker.example"),
    ("forwarded", "Forwarded", "for=127.0.0.1;host=attacker.example;proto=http"),
    ("x_original_url", "X-Original-URL", "/healthz"),
    ("x_rewrite_url", "X-Rewrite-URL", "/healthz"),
    ("x_accel_redirect", "X-Accel-Redirect", "/healthz"),
    ("cf_visitor", "CF-Visitor", r#"{"scheme":"http"}"#),
    ("front_end_https", "Front-End-Https", "off"),
];

/// What we say of ourselves, whatever the request claims: issuer and endpoints, challenge, refusals.
fn where_we_are() -> Vec<Case> {
    async fn read(world: Arc<World>, field: Option<(&'static str, &'static str)>) -> Result<String> {
        let host = raw::address(&world);
        let field = field.map(|(name, value)| format!("{name}: {value}\r\n")).unwrap_or_default();
        let mut said = Vec::new();
        for (method, path) in [("GET", "/.well-known/oauth-authorization-server"), ("POST", "/mcp")] {
            let request = format!(
                "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{field}Content-Length: 0\r\n\r\n"
            );
            let answer = raw::exchange(&world, request.as_bytes()).await?.context("no answer")?;
            said.push(format!("{} of {}", answer.status, speaker(&world, &answer)));
        }
        Ok(said.join(", "))
    }
    const OURSELVES: &str = "200 of ourselves, 401 of ourselves";
    let mut cases = Cases::new(GROUP, read, (None, OURSELVES));
    for (name, field, value) in CLAIMS {
        let tried = format!("`{field}: {value}`: metadata and challenge stay as they are");
        cases = cases.add(format!("a_claim_by_{name}"), tried, Some((field, value)), OURSELVES);
    }
    cases.list()
}

/// Whom the URLs in an answer name.
fn speaker(world: &World, answer: &raw::Answer) -> &'static str {
    let document: Value = answer.json();
    let challenge = answer.headers.get("www-authenticate").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let metadata = challenge.split('"').find(|part| part.starts_with("http"));
    let members = document.as_object().into_iter().flatten();
    let urls: Vec<Url> =
        members.filter_map(|(_, value)| value.as_str()).chain(metadata).filter_map(|text| text.parse().ok()).collect();
    let ours = |url: &Url| url.origin().ascii_serialization() == world.stack.issuer();
    let paths = |url: &Url| !url.path().contains("attacker");
    if !urls.is_empty() && urls.iter().all(|url| ours(url) && paths(url)) { "ourselves" } else { "somebody else" }
}

/// `POST /mcp` with header fields, for which `TOKEN` stands for a good token.
async fn call(world: Arc<World>, fields: &'static [&'static str]) -> Result<String> {
    let token = access_token(&world).await?;
    let basic = Base64::encode_string(format!("demo:{token}").as_bytes());
    let lines: String =
        fields.iter().map(|field| format!("{}\r\n", field.replace("TOKEN", token).replace("BASIC", &basic))).collect();
    let lines = lines.replace("BLANKS", &" ".repeat(20_000));
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\n{WHOAMI_FIELDS}Content-Length: {}\r\n{lines}\r\n{WHOAMI}",
        raw::address(&world),
        WHOAMI.len()
    );
    raw::send(&world, request.as_bytes()).await
}

const CLOSE: &str = "Connection: close";
const TOKEN: &str = "Authorization: Bearer TOKEN";
const SERVED: &str = "200 as the demo user";

/// Who a caller claims to be, without a token: by address, by name, by an identity of its own.
fn who_calls() -> Vec<Case> {
    let mut cases = Cases::new(GROUP, call, (&[CLOSE, TOKEN] as &[_], SERVED));
    for (name, fields) in [
        ("x_forwarded_for", &[CLOSE, "X-Forwarded-For: 127.0.0.1"] as &[_]),
        ("x_real_ip", &[CLOSE, "X-Real-IP: 127.0.0.1"]),
        ("cf_connecting_ip", &[CLOSE, "CF-Connecting-IP: 127.0.0.1"]),
        ("true_client_ip", &[CLOSE, "True-Client-IP: 127.0.0.1"]),
        ("x_forwarded_user", &[CLOSE, "X-Forwarded-User: demo", "X-Forwarded-Email: demo@example.com"]),
        ("remote_user", &[CLOSE, "Remote-User: demo", "X-Remote-User: demo", "X-Auth-Request-User: demo"]),
        ("x_amzn_oidc_data", &[CLOSE, "X-Amzn-Oidc-Identity: demo", "X-Amzn-Oidc-Data: e30.e30."]),
        ("x_edgeward_identity", &[CLOSE, "X-Edgeward-Identity: TOKEN"]),
        ("x_edgeward_identity_with_underscores", &[CLOSE, "X_Edgeward_Identity: TOKEN"]),
        ("cf_access_jwt_assertion", &[CLOSE, "CF-Access-JWT-Assertion: TOKEN"]),
        ("x_original_url_of_health", &[CLOSE, "X-Original-URL: /healthz", "X-Rewrite-URL: /healthz"]),
    ] {
        cases = cases.add(
            format!("identity_by_{name}"),
            format!("no token, but `{}`", fields[1].replace("TOKEN", "…")),
            fields,
            "401 unauthorized",
        );
    }
    cases
        .add(
            "an_identity_besides_a_token",
            "an identity of the caller's own besides a good token: dropped, and the edge's counts",
            &[CLOSE, TOKEN, "X-Edgeward-Identity: TOKEN"],
            SERVED,
        )
        .add(
            "two_identities_besides_a_token",
            "two of them",
            &[CLOSE, TOKEN, "X-Edgeward-Identity: a", "x-edgeward-identity: b"],
            SERVED,
        )
        .add(
            "an_identity_with_underscores",
            "`x_edgeward_identity` besides a good token",
            &[CLOSE, TOKEN, "x_edgeward_identity: TOKEN"],
            SERVED,
        )
        .add(
            "a_page_of_another_site",
            "`Origin` of another site, with a good token",
            &[CLOSE, TOKEN, "Origin: https://attacker.example"],
            "403 forbidden_origin",
        )
        .add(
            "a_page_of_nobody",
            "`Origin: null`, as of a sandboxed frame",
            &[CLOSE, TOKEN, "Origin: null"],
            "403 forbidden_origin",
        )
        .add(
            "a_page_of_our_host_with_another_port",
            "`Origin` of our host with another port",
            &[CLOSE, TOKEN, "Origin: http://localhost:1"],
            "403 forbidden_origin",
        )
        .add(
            "a_page_of_a_host_that_begins_like_ours",
            "`Origin: http://localhost.attacker.example`",
            &[CLOSE, TOKEN, "Origin: http://localhost.attacker.example"],
            "403 forbidden_origin",
        )
        .add(
            "two_origins",
            "`Origin` twice",
            &[CLOSE, TOKEN, "Origin: https://attacker.example", "Origin: https://attacker.example"],
            "403 forbidden_origin",
        )
        .list()
}

/// How a token is shown.
fn credentials() -> Vec<Case> {
    let bad = "401 invalid_token";
    Cases::new(GROUP, call, (&[CLOSE, TOKEN] as &[_], SERVED))
        .add("two_tokens", "`Authorization` twice, both good", &[CLOSE, TOKEN, TOKEN], bad)
        .add(
            "two_tokens_of_which_one_is_good",
            "`Authorization` twice, the first nonsense",
            &[CLOSE, "Authorization: Bearer nonsense", TOKEN],
            bad,
        )
        .add(
            "two_tokens_in_one_field",
            "two tokens separated by a comma",
            &[CLOSE, "Authorization: Bearer TOKEN, Bearer TOKEN"],
            bad,
        )
        .add("a_token_without_a_scheme", "a good token without `Bearer`", &[CLOSE, "Authorization: TOKEN"], bad)
        .add("a_token_of_another_scheme", "`Authorization: Token …`", &[CLOSE, "Authorization: Token TOKEN"], bad)
        .add(
            "a_token_as_a_password",
            "a good token as the password of `Basic`",
            &[CLOSE, "Authorization: Basic BASIC"],
            bad,
        )
        .add(
            "a_token_behind_dpop",
            "`Authorization: DPoP …`: it would be bound to a key",
            &[CLOSE, "Authorization: DPoP TOKEN"],
            bad,
        )
        .add("a_token_behind_a_tab", "a tab instead of the blank", &[CLOSE, "Authorization: Bearer\tTOKEN"], bad)
        .add("a_token_in_quotes", "a good token in quotes", &[CLOSE, "Authorization: Bearer \"TOKEN\""], bad)
        .add("no_token_behind_bearer", "`Authorization: Bearer` and nothing", &[CLOSE, "Authorization: Bearer "], bad)
        .add(
            "a_token_in_a_cookie",
            "a good token in cookies",
            &[CLOSE, "Cookie: access_token=TOKEN; Authorization=TOKEN"],
            "401 unauthorized",
        )
        .add(
            "a_token_for_a_proxy",
            "a good token in `Proxy-Authorization`",
            &[CLOSE, "Proxy-Authorization: Bearer TOKEN"],
            "401 unauthorized",
        )
        .add(
            "a_token_in_another_field",
            "a good token in `X-Access-Token`",
            &[CLOSE, "X-Access-Token: TOKEN", "X-Api-Key: TOKEN"],
            "401 unauthorized",
        )
        .add(
            "a_token_beyond_ascii",
            "a good token with a letter beyond ASCII behind it",
            &[CLOSE, "Authorization: Bearer TOKENä"],
            bad,
        )
        .list()
        .into_iter()
        .chain(in_the_request())
        .collect()
}

/// RFC 6750 §2.2 and §2.3 are not offered.
fn in_the_request() -> Vec<Case> {
    #[derive(Clone, Copy)]
    enum Place {
        Header,
        Query,
        Form,
    }
    async fn call(world: Arc<World>, place: Place) -> Result<String> {
        let token = access_token(&world).await?;
        let mut url = world.stack.mcp();
        if matches!(place, Place::Query) {
            url.query_pairs_mut().append_pair("access_token", token);
        }
        let request = by_hand::whoami(url.as_str())?;
        let request = match place {
            Place::Header => request.bearer_auth(token),
            Place::Query => request,
            Place::Form => request.form(&[("access_token", token)]),
        };
        super::seen::seen(request.send().await?).await
    }
    Cases::new(GROUP, call, (Place::Header, SERVED))
        .add("a_token_in_the_query", "a good token as `access_token` in the query", Place::Query, "401 unauthorized")
        .add("a_token_in_a_form", "a good token as `access_token` in a form", Place::Form, "401 unauthorized")
        .list()
}

/// Fields that tell proxies to drop or to change something: what the edge sets must arrive all the same.
fn hop_by_hop() -> Vec<Case> {
    Cases::new(GROUP, call, (&[CLOSE, TOKEN] as &[_], SERVED))
        .add(
            "an_identity_that_is_to_be_dropped",
            "`Connection` names `x-edgeward-identity`, so that a proxy drops it",
            &["Connection: close, x-edgeward-identity", TOKEN],
            SERVED,
        )
        .add(
            "a_token_that_is_to_be_dropped",
            "`Connection` names `authorization`: the token is read all the same, and goes no further",
            &["Connection: close, authorization", TOKEN],
            SERVED,
        )
        .add("a_host_that_is_to_be_dropped", "`Connection` names `host`", &["Connection: close, host", TOKEN], SERVED)
        .add(
            "everything_that_is_to_be_dropped",
            "`Connection` names all that matters, and there is no token",
            &["Connection: close, authorization, origin, x-edgeward-identity"],
            "401 unauthorized",
        )
        .add(
            "the_identity_as_a_trailer",
            "`Trailer: x-edgeward-identity`",
            &[CLOSE, TOKEN, "Trailer: x-edgeward-identity", "TE: trailers"],
            SERVED,
        )
        .add(
            "a_proxy_connection",
            "`Proxy-Connection` and `Keep-Alive` that name the identity",
            &[CLOSE, TOKEN, "Proxy-Connection: x-edgeward-identity", "Keep-Alive: x-edgeward-identity"],
            SERVED,
        )
        .add(
            "credentials_for_a_proxy_that_are_to_be_kept",
            "`Proxy-Authorization` besides a good token: it goes no further",
            &[CLOSE, TOKEN, "Proxy-Authorization: Basic BASIC"],
            SERVED,
        )
        .add(
            "another_method_in_a_field",
            "`X-HTTP-Method-Override` and its like besides a good token: they go no further",
            &[CLOSE, TOKEN, "X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE", "X-Method-Override: DELETE"],
            SERVED,
        )
        .add(
            "another_url_in_a_field",
            "`X-Original-URL` and `X-Rewrite-URL` besides a good token: they go no further",
            &[CLOSE, TOKEN, "X-Original-URL: /secret", "X-Rewrite-URL: /secret"],
            SERVED,
        )
        .add(
            "a_token_behind_many_blanks",
            "20,000 blanks between `Bearer` and a good token",
            &[CLOSE, "Authorization: Bearer BLANKSTOKEN"],
            "401 invalid_token",
        )
        .add(
            "an_expectation",
            "`Expect: 100-continue` and no token",
            &[CLOSE, "Expect: 100-continue"],
            "401 unauthorized",
        )
        .list()
}
