//! Bodies: at, above and far above each limit, of the wrong type, in the wrong encoding, or none that can be read.

use std::sync::Arc;

use anyhow::Result;
use edgeward_identity::limits::MAX_BODY_BYTES;
use edgeward_tests::{
    browser::Browser,
    by_hand::{HandMade, http},
    client::REDIRECT_URI,
};
use futures_util::stream;
use reqwest::Body;
use serde_json::json;

use super::{
    case::{Case, Cases},
    scene::signed_in,
    seen::seen,
};
use crate::{policy, settings::JUDGED_RESOURCE, world::World};

const GROUP: &str = "bodies";
const KIB: usize = 1024;
const JSON: &str = "application/json";
/// What an older client begins with: it has no header fields that mirror it, so it is judged by its body.
const INITIALIZE: &str = concat!(
    r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"#,
    r#""clientInfo":{"name":"raw","version":"0"}}}"#
);
const FORM: &str = "application/x-www-form-urlencoded";

/// A body of this many bytes, or as long as it is by itself.
#[derive(Clone, Copy)]
enum Length {
    Of(usize),
    /// In chunks, so that nothing announces it.
    Unannounced(usize),
}

pub(super) fn cases() -> Vec<Case> {
    [lengths(), types(), json_bodies()].into_iter().flatten().collect()
}

fn body(mut text: String, filler: &str, length: Length) -> Body {
    let (Length::Of(bytes) | Length::Unannounced(bytes)) = length;
    text.push_str(&filler.repeat(bytes.saturating_sub(text.len())));
    match length {
        Length::Of(_) => text.into(),
        Length::Unannounced(_) => {
            let chunks: Vec<_> = text.as_bytes().chunks(8 * KIB).map(|chunk| anyhow::Ok(chunk.to_vec())).collect();
            Body::wrap_stream(stream::iter(chunks))
        }
    }
}

fn lengths() -> Vec<Case> {
    async fn register(world: Arc<World>, length: Length) -> Result<String> {
        let body = body(json!({ "redirect_uris": [REDIRECT_URI] }).to_string(), " ", length);
        let url = format!("{}/register", world.stack.edge().url());
        seen(http()?.post(url).header("content-type", JSON).body(body).send().await?).await
    }
    async fn redeem(world: Arc<World>, length: Length) -> Result<String> {
        let (client, tokens) = signed_in(&world).await?;
        let form = client.refreshing(tokens.text("refresh_token")).and("padding", "");
        let text = client.authorization_url(&form)?.query().unwrap_or_default().to_owned();
        let url = format!("{}/token", world.stack.edge().url());
        seen(http()?.post(url).header("content-type", FORM).body(body(text, "x", length)).send().await?).await
    }
    async fn revoke(world: Arc<World>, length: Length) -> Result<String> {
        let text = "client_id=tests-public&token=nonsense&padding=".to_owned();
        let url = format!("{}/revoke", world.stack.edge().url());
        seen(http()?.post(url).header("content-type", FORM).body(body(text, "x", length)).send().await?).await
    }
    async fn decide(world: Arc<World>, length: Length) -> Result<String> {
        let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
        let form = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
        let cookies = browser.cookies.header(&form.action).unwrap_or_default();
        let mut url = form.action.clone();
        url.query_pairs_mut()
            .clear()
            .extend_pairs(&form.fields)
            .append_pair("decision", "allow")
            .append_pair("padding", "");
        let text = url.query().unwrap_or_default().to_owned();
        let request = http()?.post(format!("{}/authorize", world.stack.edge().url())).header("content-type", FORM);
        let request = request.header("origin", world.stack.issuer()).header("cookie", cookies);
        seen(request.body(body(text, "x", length)).send().await?).await
    }
    async fn call(world: Arc<World>, length: Length) -> Result<String> {
        let token = policy::token(&world, "use").await?;
        let url = format!("{}{JUDGED_RESOURCE}", world.stack.edge().url());
        let request = http()?.post(url).bearer_auth(token).header("content-type", JSON);
        let request = request.header("accept", "application/json, text/event-stream");
        seen(request.body(body(INITIALIZE.to_owned(), " ", length)).send().await?).await
    }
    async fn call_unjudged(world: Arc<World>, length: Length) -> Result<String> {
        let (_, tokens) = signed_in(&world).await?;
        let request =
            http()?.post(format!("{}/mcp", world.stack.edge().url())).bearer_auth(tokens.text("access_token"));
        let request = request.header("content-type", JSON).header("accept", "application/json, text/event-stream");
        seen(request.body(body(INITIALIZE.to_owned(), " ", length)).send().await?).await
    }
    let at = 32 * KIB;
    let over = [
        ("just_over", "one byte over the limit of 32 KiB", Length::Of(at + 1)),
        ("far_over", "2 MiB, announced", Length::Of(2048 * KIB)),
        ("unannounced", "40 KiB in chunks, not announced", Length::Unannounced(40 * KIB)),
    ];
    let mut registering = Cases::new(GROUP, register, (Length::Of(at), "201"));
    let mut redeeming = Cases::new(GROUP, redeem, (Length::Of(at), "200"));
    let mut revoking = Cases::new(GROUP, revoke, (Length::Of(at), "200"));
    let mut deciding = Cases::new(GROUP, decide, (Length::Of(at), "303 to Cognito"));
    for (name, tried, length) in over {
        registering = registering.add(
            format!("metadata_{name}"),
            format!("`/register`: {tried}"),
            length,
            "413 invalid_client_metadata",
        );
        redeeming = redeeming.add(
            format!("a_token_request_{name}"),
            format!("`/token`: {tried}"),
            length,
            "413 invalid_request",
        );
        revoking =
            revoking.add(format!("a_revocation_{name}"), format!("`/revoke`: {tried}"), length, "413 invalid_request");
        deciding =
            deciding.add(format!("a_decision_{name}"), format!("`POST /authorize`: {tried}"), length, "413 page");
    }
    let calling = Cases::new(GROUP, call, (Length::Of(1024 * KIB), "200"))
        .add(
            "a_message_just_over",
            "a message to be judged, one byte over the limit of 1 MiB",
            Length::Of(1024 * KIB + 1),
            "413 body_too_long",
        )
        .add(
            "a_message_far_over",
            "a message to be judged of 2 MiB, announced",
            Length::Of(2048 * KIB),
            "413 body_too_long",
        )
        .add(
            "a_message_unannounced",
            "a message to be judged of 2 MiB in chunks",
            Length::Unannounced(2048 * KIB),
            "413 body_too_long",
        );
    // Nothing long reaches the origin, whose traffic is recorded: `body_limit` tries what is as long as it may be, or comes in
    // chunks.
    let most = MAX_BODY_BYTES;
    let unjudged = Cases::new(GROUP, call_unjudged, (Length::Of(0), "200"))
        .add(
            "any_message_just_over",
            "any message, one byte over the limit of 4 MiB",
            Length::Of(most + 1),
            "413 body_too_long",
        )
        .add("any_message_far_over", "any message of 16 MiB, announced", Length::Of(4 * most), "413 body_too_long");
    [registering.list(), redeeming.list(), revoking.list(), deciding.list(), calling.list(), unjudged.list()]
        .into_iter()
        .flatten()
        .collect()
}

/// A body, and what its header says it is.
#[derive(Clone)]
struct Typed(&'static [&'static str], Option<&'static str>, Vec<u8>);

fn types() -> Vec<Case> {
    async fn revoke(world: Arc<World>, typed: Typed) -> Result<String> {
        post(&world, "/revoke", typed).await
    }
    async fn register(world: Arc<World>, typed: Typed) -> Result<String> {
        post(&world, "/register", typed).await
    }
    let form = || b"client_id=tests-public&token=nonsense".to_vec();
    let metadata = || json!({ "redirect_uris": [REDIRECT_URI] }).to_string().into_bytes();
    let typed = |types, body| Typed(types, None, body);
    let wide = |body: Vec<u8>| body.into_iter().flat_map(|byte| [byte, 0]).collect::<Vec<u8>>();
    let bad = "400 invalid_request";
    let revoking = Cases::new(GROUP, revoke, (typed(&[FORM], form()), "200"))
        .add("a_form_without_a_type", "a form without `Content-Type`", typed(&[], form()), bad)
        .add(
            "a_form_as_text",
            "a form as `text/plain`, which pages of other sites may send",
            typed(&["text/plain"], form()),
            bad,
        )
        .add("a_form_as_json", "a form as `application/json`", typed(&[JSON], form()), bad)
        .add(
            "a_form_of_parts",
            "a form as `multipart/form-data`",
            typed(
                &["multipart/form-data; boundary=x"],
                b"--x\r\nContent-Disposition: form-data; name=\"client_id\"\r\n\r\ntests-public\r\n--x--\r\n".to_vec(),
            ),
            bad,
        )
        .add(
            "json_as_a_form",
            "JSON as a form",
            typed(&[FORM], br#"{"client_id":"tests-public","token":"nonsense"}"#.to_vec()),
            "401 invalid_client",
        )
        .add("a_form_of_two_types", "`Content-Type` twice, one of them right", typed(&[FORM, JSON], form()), bad)
        .add(
            "a_type_that_begins_right",
            "`application/x-www-form-urlencodedx`",
            typed(&["application/x-www-form-urlencodedx"], form()),
            bad,
        )
        .add(
            "a_form_in_utf_16",
            "a form in UTF-16, and its `charset` says so",
            typed(&["application/x-www-form-urlencoded; charset=utf-16le"], wide(form())),
            "401 invalid_client",
        )
        .add(
            "a_form_compressed",
            "a form that is said to be compressed",
            Typed(&[FORM], Some("gzip"), b"\x1f\x8b\x08\0\0\0\0\0".to_vec()),
            "401 invalid_client",
        )
        .add(
            "a_form_that_is_no_text",
            "bytes that are no UTF-8 for a client",
            typed(&[FORM], b"client_id=%ff%fe&token=nonsense".to_vec()),
            "401 invalid_client",
        )
        .add(
            "a_form_with_semicolons",
            "`;` between the parameters",
            typed(&[FORM], b"client_id=tests-public;token=nonsense".to_vec()),
            "401 invalid_client",
        )
        .list();
    let bad = "400 invalid_client_metadata";
    let registering = Cases::new(GROUP, register, (typed(&[JSON], metadata()), "201"))
        .add("metadata_without_a_type", "metadata without `Content-Type`", typed(&[], metadata()), bad)
        .add(
            "metadata_as_text",
            "metadata as `text/plain`, which pages of other sites may send",
            typed(&["text/plain"], metadata()),
            bad,
        )
        .add("metadata_as_a_form", "metadata as a form", typed(&[FORM], metadata()), bad)
        .add(
            "metadata_of_a_vendor",
            "metadata as `application/vnd.x+json`",
            typed(&["application/vnd.x+json"], metadata()),
            bad,
        )
        .add(
            "metadata_of_two_types",
            "`Content-Type` twice, one of them right",
            typed(&[JSON, "text/plain"], metadata()),
            bad,
        )
        .add(
            "metadata_in_utf_16",
            "metadata in UTF-16, and its `charset` says so",
            typed(&["application/json; charset=utf-16le"], wide(metadata())),
            bad,
        )
        .add(
            "metadata_with_a_mark",
            "metadata behind a byte order mark",
            typed(&[JSON], [b"\xef\xbb\xbf".to_vec(), metadata()].concat()),
            bad,
        )
        .add(
            "metadata_that_are_no_text",
            "metadata with bytes that are no UTF-8",
            typed(&[JSON], [metadata(), b"\xff".to_vec()].concat()),
            bad,
        )
        .list();
    [revoking, registering].into_iter().flatten().collect()
}

async fn post(world: &World, path: &str, Typed(types, encoding, body): Typed) -> Result<String> {
    let mut request = http()?.post(world.stack.url(path)).body(body);
    for name in types {
        request = request.header("content-type", *name);
    }
    if let Some(encoding) = encoding {
        request = request.header("content-encoding", encoding);
    }
    seen(request.send().await?).await
}

fn json_bodies() -> Vec<Case> {
    async fn register(world: Arc<World>, body: String) -> Result<String> {
        post(&world, "/register", Typed(&[JSON], None, body.into_bytes())).await
    }
    async fn call(world: Arc<World>, body: String) -> Result<String> {
        let request = http()?.post(world.stack.url(JUDGED_RESOURCE)).bearer_auth(policy::token(&world, "use").await?);
        let request = request.header("content-type", JSON).header("accept", "application/json, text/event-stream");
        seen(request.body(body).send().await?).await
    }
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let metadata = |more: &str| format!(r#"{{"redirect_uris":["{REDIRECT_URI}"]{more}}}"#);
    let bad = "400 invalid_client_metadata";
    let registering = Cases::new(GROUP, register, (metadata(""), "201"))
        .add(
            "metadata_nested_deeply",
            "10,000 arrays within each other in metadata",
            metadata(&format!(r#","x":{}"#, nested(10_000))),
            bad,
        )
        .add("metadata_cut_short", "metadata without their end", metadata("").replace('}', ""), bad)
        .add("metadata_with_more_behind", "a second object behind the metadata", format!("{}{{}}", metadata("")), bad)
        .add("metadata_that_are_a_list", "a list of metadata", format!("[{}]", metadata("")), bad)
        .add(
            "redirect_uris_that_are_an_object",
            "`redirect_uris` as an object",
            format!(r#"{{"redirect_uris":{{"0":"{REDIRECT_URI}"}}}}"#),
            bad,
        )
        .add(
            "metadata_with_two_redirect_uris",
            "`redirect_uris` twice: the last one counts, and is checked",
            metadata(r#","redirect_uris":["https://u@attacker.example/"]"#),
            "400 invalid_redirect_uri",
        )
        .list();
    let judged = |params: &str| format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#);
    let bad = "400 invalid_request";
    let calling = Cases::new(GROUP, call, (INITIALIZE.to_owned(), "200"))
        .add(
            "a_message_nested_deeply",
            "10,000 arrays within each other in a message",
            judged(&format!(r#"{{"name":"whoami","arguments":{}}}"#, nested(10_000))),
            bad,
        )
        .add(
            "a_message_with_two_methods",
            "`method` twice: one that needs nothing, one that does",
            r#"{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"count_slowly"}}"#
                .to_owned(),
            bad,
        )
        .add(
            "a_message_with_two_names",
            "`name` of the tool twice",
            judged(r#"{"name":"whoami","name":"count_slowly"}"#),
            bad,
        )
        .add(
            "a_message_with_a_name_in_capitals",
            "`Name` besides `name`",
            judged(r#"{"name":"whoami","Name":"count_slowly"}"#),
            bad,
        )
        .add(
            "a_message_with_an_escaped_name",
            "`name` twice, once written with escapes",
            judged(r#"{"name":"whoami","\u006eame":"count_slowly"}"#),
            bad,
        )
        .add(
            "a_forbidden_tool_in_a_batch",
            "a tool that needs more, behind one that does not",
            format!("[{INITIALIZE},{}]", judged(r#"{"name":"count_slowly","arguments":{}}"#)),
            "403 insufficient_scope",
        )
        .add(
            "a_forbidden_tool",
            "a tool that needs more scope",
            judged(r#"{"name":"count_slowly","arguments":{}}"#),
            "403 insufficient_scope",
        )
        .list();
    [registering, calling].into_iter().flatten().collect()
}
