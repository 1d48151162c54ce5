//! Cookies: planted, doubled, many, and next to those of other sites.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::Browser,
    by_hand::{HandMade, http},
};

use super::{
    case::{Case, Cases},
    scene::Returning,
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "cookies";

/// Makes another `Cookie` field of a good name and value.
type Change = fn(&str, &str) -> Vec<String>;

fn as_it_is(name: &str, value: &str) -> Vec<String> {
    vec![format!("{name}={value}")]
}

pub(super) fn cases() -> Vec<Case> {
    [at_the_decision(), at_the_callback()].into_iter().flatten().collect()
}

fn at_the_decision() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let (client, mut browser) = (HandMade::register(&world.stack).await?, Browser::new()?);
        let mut form = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
        form.fields.push(("decision".to_owned(), "allow".to_owned()));
        let cookies = browser.cookies.of("localhost");
        let (name, value) = cookies.first().context("no cookie")?;
        let mut request = http()?.post(form.action.clone()).header("origin", world.stack.issuer()).form(&form.fields);
        for field in change(name, value) {
            request = request.header("cookie", field);
        }
        seen(request.send().await?).await
    }
    Cases::new(GROUP, send, (as_it_is as Change, "303 to Cognito"))
        .add("no_cookie", "a decision without the page's cookie", |_, _| vec![], "403 page")
        .add(
            "another_value",
            "the cookie with another value",
            |name, _| vec![format!("{name}=AAAAAAAAAAAAAAAAAAAAAA")],
            "400 page",
        )
        .add("an_empty_value", "the cookie without a value", |name, _| vec![format!("{name}=")], "400 page")
        .add(
            "a_second_cookie_behind",
            "a second one of that name behind the good one, as one planted for a path",
            |name, value| vec![format!("{name}={value}; {name}=planted")],
            "403 page",
        )
        .add(
            "a_second_cookie_before",
            "a second one of that name before it",
            |name, value| vec![format!("{name}=planted; {name}={value}")],
            "403 page",
        )
        .add(
            "a_second_cookie_in_a_field_of_its_own",
            "a second `Cookie` field",
            |name, value| vec![format!("{name}={value}"), format!("{name}=planted")],
            "400 page",
        )
        .add(
            "a_name_in_small_letters",
            "the cookie's name in small letters: `__host-` promises nothing",
            |name, value| vec![format!("{}={value}", name.to_lowercase())],
            "403 page",
        )
        .add(
            "a_name_without_its_prefix",
            "the name without `__Host-`, as a neighbour could set it",
            |name, value| vec![format!("{}={value}", name.trim_start_matches("__Host-"))],
            "403 page",
        )
        .add(
            "a_name_behind_a_blank",
            "a name that begins with a space of Unicode's",
            |name, value| vec![format!("\u{a0}{name}={value}")],
            "403 page",
        )
        .add(
            "a_cookie_without_a_name",
            "a cookie without a name whose value looks like ours",
            |name, value| vec![format!("={name}={value}")],
            "403 page",
        )
        .add(
            "a_value_in_quotes_of_another_cookie",
            "our cookie within another's quotes",
            |name, value| vec![format!("x=\"; {name}={value}; y=\"")],
            "303 to Cognito",
        )
        .add(
            "a_hundred_cookies",
            "a hundred cookies of other sites around it: it is found",
            |name, value| {
                let others =
                    |from: usize| (from..from + 50).map(|number| format!("other{number}=x; ")).collect::<String>();
                vec![format!("{}{name}={value}; {}last=x", others(0), others(50))]
            },
            "303 to Cognito",
        )
        .add(
            "many_cookies_of_our_kind",
            "a hundred cookies that are called like ours: it is found",
            |name, value| {
                let ours: String = (0..100).map(|number| format!("__Host-edgeward-consent-{number:022}=x; ")).collect();
                vec![format!("{ours}{name}={value}")]
            },
            "303 to Cognito",
        )
        .list()
}

fn at_the_callback() -> Vec<Case> {
    async fn send(world: Arc<World>, change: Change) -> Result<String> {
        let returning = Returning::new(&world).await?;
        let (name, value) = returning.cookie()?;
        let mut request = http()?.get(returning.callback.clone());
        for field in change(&name, &value) {
            request = request.header("cookie", field);
        }
        seen(request.send().await?).await
    }
    Cases::new(GROUP, send, (as_it_is as Change, "302 to the client with a code"))
        .add("no_cookie_of_a_sign_in", "Cognito's answer without the cookie of the sign-in", |_, _| vec![], "400 page")
        .add(
            "two_cookies_of_a_sign_in",
            "two cookies of that name",
            |name, value| vec![format!("{name}={value}; {name}={value}x")],
            "400 page",
        )
        .add(
            "a_cookie_of_consent_instead",
            "the value under the name of a consent cookie",
            |name, value| vec![format!("{}={value}", name.replace("signin", "consent"))],
            "400 page",
        )
        .list()
}
