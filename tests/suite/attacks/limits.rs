//! Single values: at, above and far above their limits.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{
    by_hand::{HandMade, http},
    client::REDIRECT_URI,
};
use serde_json::json;

use super::{
    case::{Case, Cases},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "limits";

/// A redirect URI of this many bytes.
fn uri_of(length: usize) -> String {
    let start = "https://client.example/";
    format!("{start}{}", "p".repeat(length - start.len()))
}

pub(super) fn cases() -> Vec<Case> {
    [authorize(), register()].into_iter().flatten().collect()
}

fn authorize() -> Vec<Case> {
    async fn send(world: Arc<World>, (name, value): (&'static str, String)) -> Result<String> {
        let client = HandMade::register(&world.stack).await?;
        let good = client.authorization();
        let asked = if name.is_empty() { good } else { good.with(name, &value) };
        seen(http()?.get(client.authorization_url(&asked)?).send().await?).await
    }
    let shown = "200 consent page";
    let state = |length: usize| ("state", "s".repeat(length));
    Cases::new(GROUP, send, (("", String::new()), shown))
        .beside(
            "a_long_state",
            "a `state` of 2049 characters; one of 2048 is shown",
            (state(2049), "302 to the client with invalid_request"),
            (state(2048), shown),
        )
        .add("a_very_long_state", "a `state` of 12 KB", state(12_000), "302 to the client with invalid_request")
        .add("a_long_client_id", "a `client_id` of 1025 characters", ("client_id", "c".repeat(1025)), "400 page")
        .add("a_very_long_client_id", "a `client_id` of 12 KB", ("client_id", "c".repeat(12_000)), "400 page")
        .add(
            "a_long_client_id_that_is_a_url",
            "a `client_id` of 1025 characters that is a URL: not fetched",
            ("client_id", format!("https://long.example/{}", "c".repeat(1_004))),
            "400 page",
        )
        .add("a_long_redirect_uri", "a `redirect_uri` of 513 characters", ("redirect_uri", uri_of(513)), "400 page")
        .add(
            "a_long_scope",
            "a `scope` of 12 KB",
            ("scope", "mcp ".repeat(3_000) + "x"),
            "302 to the client with invalid_scope",
        )
        .add(
            "a_scope_of_many_words",
            "a thousand scopes that nobody has",
            ("scope", (0..1_000).map(|number| format!("s{number} ")).collect::<String>().trim_end().to_owned()),
            "302 to the client with invalid_scope",
        )
        .add(
            "a_long_resource",
            "a `resource` of 12 KB",
            ("resource", format!("https://long.example/{}", "r".repeat(12_000))),
            "302 to the client with invalid_target",
        )
        .add(
            "a_long_challenge",
            "a `code_challenge` of 12 KB",
            ("code_challenge", "a".repeat(12_000)),
            "302 to the client with invalid_request",
        )
        .list()
        .into_iter()
        .chain(cookie())
        .collect()
}

/// All of a request travels in one cookie; what would not fit is refused before the user is asked.
fn cookie() -> Vec<Case> {
    async fn send(world: Arc<World>, (uri, state): (usize, usize)) -> Result<String> {
        let uri = uri_of(uri);
        let client = HandMade::named(&world.stack, "")?;
        let registered = client.registration(&json!({ "redirect_uris": [uri] })).await?;
        let asked = client.authorization().with("client_id", registered.text("client_id"));
        // Characters that JSON writes with two.
        let asked = asked.with("redirect_uri", &uri).with("state", &"\"".repeat(state));
        let answer = http()?.get(client.authorization_url(&asked)?).send().await?;
        let told = seen(answer).await?;
        Ok(told.replace("to client.example", "to the client"))
    }
    Cases::new(GROUP, send, ((500, 100), "200 consent page"))
        .add(
            "too_much_for_a_cookie",
            "a `state` of 1024 quotes, each written with two characters, and a long redirect URI",
            (512, 1024),
            "302 to the client",
        )
        .list()
}

fn register() -> Vec<Case> {
    async fn send(world: Arc<World>, (uris, length): (usize, usize)) -> Result<String> {
        let uris: Vec<String> = (0..uris).map(|number| format!("{}{number:02}", uri_of(length - 2))).collect();
        let uris = if uris.is_empty() { vec![REDIRECT_URI.to_owned()] } else { uris };
        let answer = HandMade::named(&world.stack, "")?.registration(&json!({ "redirect_uris": uris })).await?;
        Ok(format!("{} {}", answer.status.as_u16(), answer.text("error")).trim_end().to_owned())
    }
    let bad = "400 invalid_redirect_uri";
    Cases::new(GROUP, send, ((1, 30), "201"))
        .beside(
            "a_long_redirect_uri_is_registered",
            "a redirect URI of 513 bytes; one of 512 is registered",
            ((1, 513), bad),
            ((1, 512), "201"),
        )
        .beside(
            "many_redirect_uris_are_registered",
            "17 redirect URIs; 16 are registered",
            ((17, 30), bad),
            ((16, 30), "201"),
        )
        .add("hundreds_of_redirect_uris_are_registered", "500 redirect URIs", (500, 30), bad)
        .beside(
            "too_much_for_a_client_id",
            "redirect URIs that do not fit in a `client_id` of 1024 bytes",
            ((2, 500), "400 invalid_client_metadata"),
            ((1, 500), "201"),
        )
        .list()
}
