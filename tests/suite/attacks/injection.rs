//! Values that we say back or log: line breaks, markup, and lines of a log that nobody wrote.

use std::sync::Arc;

use anyhow::{Result, ensure};
use edgeward_tests::{
    browser::Browser,
    by_hand::{HandMade, http},
};
use reqwest::StatusCode;
use serde_json::json;

use super::{
    case::{Case, Cases},
    scene::{Returning, WEB_REDIRECT_URI},
    seen::{seen, seen_page},
};
use crate::world::{World, sign};

const GROUP: &str = "injection";
/// What would be a header field of its own.
const BREAK: &str = "\r\nX-Injected: 1\r\nSet-Cookie: injected=1";
const MARKUP: &str = r#""><script>alert(1)</script><img src=x onerror=alert(1)>"#;

pub(super) fn cases() -> Vec<Case> {
    [requests(), clients(), addresses(), logs()].into_iter().flatten().collect()
}

fn requests() -> Vec<Case> {
    async fn send(world: Arc<World>, (name, value): (&'static str, String)) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let good = client.authorization();
        let changed = if name.is_empty() { good } else { good.with(name, &value) };
        seen(http()?.get(client.authorization_url(&changed)?).send().await?).await
    }
    let mut cases = Cases::new(GROUP, send, (("", String::new()), "200 consent page"));
    for (name, answer) in [
        ("state", "302 to the client with invalid_request"),
        ("scope", "302 to the client with invalid_scope"),
        ("resource", "302 to the client with invalid_target"),
        ("response_type", "302 to the client with unsupported_response_type"),
        ("code_challenge", "302 to the client with invalid_request"),
        ("code_challenge_method", "302 to the client with invalid_request"),
        ("client_id", "400 page"),
        ("redirect_uri", "400 page"),
    ] {
        cases = cases
            .add(
                format!("a_line_break_in_{name}"),
                format!("a header field behind a line break in `{name}`"),
                (name, format!("x{BREAK}")),
                answer,
            )
            .add(
                format!("markup_in_{name}"),
                format!("a script in `{name}`"),
                (name, MARKUP.to_owned()),
                if name == "state" { "200 consent page" } else { answer },
            );
    }
    cases.list()
}

/// What a client says of itself stands on the consent page.
fn clients() -> Vec<Case> {
    async fn send(world: Arc<World>, (member, value): (&'static str, &'static str)) -> Result<String> {
        let client = HandMade::named(&world.stack, "")?;
        let mut metadata = json!({ "client_name": "Good", "redirect_uris": [WEB_REDIRECT_URI] });
        metadata[member] = value.into();
        let registered = client.registration(&metadata).await?;
        if registered.status != StatusCode::CREATED {
            return Ok(format!("{} {}", registered.status.as_u16(), registered.text("error")));
        }
        let asked = client.authorization().with("client_id", registered.text("client_id"));
        let page =
            Browser::new()?.get(&client.authorization_url(&asked.with("redirect_uri", WEB_REDIRECT_URI))?).await?;
        ensure!(!page.body.contains(['\u{202e}', '\u{2066}']), "writing is turned around");
        ensure!(!page.body.contains("javascript:") && !page.body.contains("tracker.example"), "{}", page.summary());
        Ok(seen_page(&page))
    }
    let shown = "200 consent page";
    Cases::new(GROUP, send, (("client_name", "Good"), shown))
        .add("markup_in_a_name", "a script in `client_name`: shown as text", ("client_name", MARKUP), shown)
        .add(
            "a_line_break_in_a_name",
            "a header field behind a line break in `client_name`",
            ("client_name", BREAK),
            shown,
        )
        .add(
            "a_name_that_turns_around",
            "marks in `client_name` that turn the direction of writing",
            ("client_name", "\u{202e}live\u{2066}"),
            shown,
        )
        .add("a_script_as_a_site", "`javascript:` as `client_uri`", ("client_uri", "javascript:alert(1)"), shown)
        .add(
            "a_picture_that_tracks",
            "a `logo_uri` that would tell who looks at the page: nothing is loaded",
            ("logo_uri", "https://tracker.example/pixel.png"),
            shown,
        )
        .add("a_script_as_a_logo", "`javascript:` as `logo_uri`", ("logo_uri", "javascript:alert(1)"), shown)
        .list()
}

fn addresses() -> Vec<Case> {
    async fn send(world: Arc<World>, path: String) -> Result<String> {
        seen(http()?.get(format!("{}{path}", world.stack.issuer())).send().await?).await
    }
    async fn come_back(world: Arc<World>, (name, value): (&'static str, &'static str)) -> Result<String> {
        let mut returning = Returning::new(&world).await?;
        let mut url = returning.callback.clone();
        let state = returning.parameter("state")?;
        let pairs = match name {
            "" => vec![("code", "x"), ("state", &*state)],
            "error_description" => vec![("error", "invalid_request"), (name, value), ("state", &*state)],
            _ => vec![(name, value), ("state", &*state)],
        };
        url.query_pairs_mut().clear().extend_pairs(pairs);
        Ok(seen_page(&returning.browser.get(&url).await?))
    }
    let escaped = "%0d%0aX-Injected:%201";
    let coming_back = Cases::new(GROUP, come_back, (("", ""), "302 to the client with a code"))
        .add(
            "a_line_break_in_cognitos_error",
            "a header field behind a line break in `error` at `/callback`",
            ("error", BREAK),
            "302 to the client with server_error",
        )
        .add(
            "markup_in_cognitos_error",
            "a script in `error` at `/callback`",
            ("error", MARKUP),
            "302 to the client with server_error",
        )
        .add(
            "a_line_break_in_a_refusal",
            "a header field behind a line break in what a Lambda says, in `error_description` at `/callback`: shown as text",
            ("error_description", "PreSignUp failed with error x\r\nX-Injected: 1."),
            "403 page",
        )
        .add(
            "markup_in_a_refusal",
            "a script in what a Lambda says: shown as text",
            ("error_description", "PreSignUp failed with error \"><script>alert(1)</script><img src=x onerror=alert(1)>."),
            "403 page",
        )
        .add(
            "markup_in_an_unknown_refusal",
            "a script in a description that is not known: shown to nobody",
            ("error_description", MARKUP),
            "302 to the client with server_error",
        )
        .list();
    Cases::new(GROUP, send, ("/.well-known/oauth-protected-resource/mcp".to_owned(), "200"))
        .add(
            "a_line_break_in_a_resource",
            "a header field in the path of a resource's metadata",
            format!("/.well-known/oauth-protected-resource/{escaped}"),
            "404 not_found",
        )
        .add("a_line_break_in_the_path", "a header field in a path", format!("/{escaped}"), "404 not_found")
        .add(
            "markup_in_the_path",
            "a script in a path",
            "/%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
            "404 not_found",
        )
        .add(
            "a_line_break_after_signing_out",
            "a header field in `post_logout_redirect_uri`",
            format!("/logout?post_logout_redirect_uri=x{escaped}"),
            "400 page",
        )
        .add(
            "markup_in_a_state",
            "a script in `state` at `/callback`",
            "/callback?code=x&state=%22%3E%3Cscript%3Ealert(1)%3C/script%3E".to_owned(),
            "400 page",
        )
        .list()
        .into_iter()
        .chain(coming_back)
        .collect()
}

/// The log has one line of JSON a record, whatever strangers write.
fn logs() -> Vec<Case> {
    async fn send(world: Arc<World>, key_id: &'static str) -> Result<String> {
        let token = match key_id {
            "" => super::scene::access_token(&world).await?.to_owned(),
            _ => sign(
                &ed25519_dalek::SigningKey::from_bytes(&[9; 32]),
                &json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": key_id }),
                &json!({}),
            ),
        };
        let mark = world.log_mark();
        let answer = seen(world.whoami(&token).await?).await?;
        if !key_id.is_empty() {
            world.record(mark, "gate refused").await?;
            let forged = world.stack.edge().records_after(mark).into_iter().any(|record| record["event"] == "forged");
            ensure!(!forged, "a record of the attacker's is in the log");
        }
        Ok(answer)
    }
    Cases::new(GROUP, send, ("", "200 as the demo user"))
        .add(
            "a_record_in_a_key_id",
            "a line of the log in the `kid` of a token",
            "x\n{\"level\":\"info\",\"event\":\"forged\"}\n",
            "401 invalid_token",
        )
        .add(
            "an_escape_in_a_key_id",
            "escape sequences of terminals in a `kid`",
            "\u{1b}[2J\u{1b}]0;x\u{7}",
            "401 invalid_token",
        )
        .list()
}
