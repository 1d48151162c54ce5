//! Parameters that come by way of the browser: of Cognito's answer, of the consent page, and of signing out.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, query},
    by_hand::{HandMade, http},
    form::Form,
};

use super::{
    case::{Case, Cases},
    scene::Returning,
    seen::{ATTACKER, seen, seen_page},
};
use crate::world::World;

const GROUP: &str = "browser_parameters";

pub(super) fn cases() -> Vec<Case> {
    [callback(), decide(), log_out()].into_iter().flatten().collect()
}

fn callback() -> Vec<Case> {
    async fn send(world: Arc<World>, more: &'static [(&'static str, &'static str)]) -> Result<String> {
        let mut returning = Returning::new(&world).await?;
        let mut url = returning.callback.clone();
        for (name, value) in more {
            let value = if value.is_empty() {
                query(&returning.callback, name).context("no value")?
            } else {
                (*value).to_owned()
            };
            url.query_pairs_mut().append_pair(name, &value);
        }
        Ok(seen_page(&returning.browser.get(&url).await?))
    }
    Cases::new(GROUP, send, (&[] as &[_], "302 to the client with a code"))
        .add("two_states_at_the_callback", "`state` twice at `/callback`, the same", &[("state", "")], "400 page")
        .add(
            "two_codes_at_the_callback",
            "Cognito's `code` twice, the second the attacker's",
            &[("code", "attackers")],
            "302 to the client with server_error",
        )
        .add("a_code_and_an_error", "an `error` added to Cognito's code", &[("error", "access_denied")], "403 page")
        .add(
            "where_to_go_at_the_callback",
            "`redirect_uri` at `/callback`: it has no effect",
            &[("redirect_uri", "https://attacker.example/")],
            "302 to the client with a code",
        )
        .list()
}

fn decide() -> Vec<Case> {
    async fn send(world: Arc<World>, change: fn(&mut Form)) -> Result<String> {
        let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
        let mut form = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
        form.fields.push(("decision".to_owned(), "allow".to_owned()));
        change(&mut form);
        Ok(seen_page(&browser.submit(&form, None).await?))
    }
    Cases::new(GROUP, send, ((|_| {}) as fn(&mut Form), "303 to Cognito"))
        .add(
            "two_decisions",
            "`decision` twice: `deny`, then `allow`",
            |form| form.fields.push(("decision".to_owned(), "deny".to_owned())),
            "400 page",
        )
        .add(
            "two_sealed_transactions",
            "`sealed` twice",
            |form| form.fields.push(("sealed".to_owned(), "another".to_owned())),
            "400 page",
        )
        .add(
            "two_transactions",
            "`transaction` twice",
            |form| form.fields.push(("transaction".to_owned(), "another".to_owned())),
            "400 page",
        )
        .add(
            "a_decision_in_capitals",
            "`decision=ALLOW`",
            |form| *form = form.clone().fill("decision", "ALLOW"),
            "400 page",
        )
        .add(
            "a_redirect_uri_with_the_decision",
            "`redirect_uri` of the attacker's with the decision to deny: it has no effect",
            |form| {
                *form = form.clone().fill("decision", "deny").fill("redirect_uri", &format!("https://{ATTACKER}/"));
            },
            "303 to the client with access_denied",
        )
        .list()
}

fn log_out() -> Vec<Case> {
    async fn send(world: Arc<World>, uris: &'static [&'static str]) -> Result<String> {
        let mut url = world.stack.url("/logout");
        for uri in uris {
            url.query_pairs_mut().append_pair("post_logout_redirect_uri", uri);
        }
        seen(http()?.get(url).send().await?).await
    }
    Cases::new(GROUP, send, (&[] as &[_], "302 to Cognito, signed out"))
        .add(
            "two_addresses_after_signing_out",
            "`post_logout_redirect_uri` twice",
            &["https://a.example/", "https://a.example/"],
            "400 page",
        )
        .add(
            "the_attackers_address_after_signing_out",
            "`post_logout_redirect_uri` of the attacker's",
            &["https://attacker.example/"],
            "400 page",
        )
        .add(
            "a_script_after_signing_out",
            "`javascript:` as `post_logout_redirect_uri`",
            &["javascript:alert(1)"],
            "400 page",
        )
        .add(
            "a_path_after_signing_out",
            "`//attacker.example` as `post_logout_redirect_uri`",
            &["//attacker.example"],
            "400 page",
        )
        .list()
}
