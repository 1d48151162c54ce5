//! What Cognito's answer at `/callback` becomes.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, query},
    by_hand::{HandMade, redirect_uri},
};
use reqwest::{StatusCode, Url};

use crate::{
    transaction::up_to_callback,
    world::{World, tests},
};

tests![
    a_good_answer_gives_a_code_once_and_clears_the_cookie,
    an_error_of_cognitos_is_told_in_our_words,
    an_answer_with_neither_code_nor_error_is_our_fault,
    an_answer_without_a_state_gets_a_page,
];

fn with(callback: &Url, parameters: &[(&str, &str)]) -> Url {
    let mut url = callback.clone();
    url.query_pairs_mut().clear().extend_pairs(parameters);
    url
}

async fn a_good_answer_gives_a_code_once_and_clears_the_cookie(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let pending = |browser: &Browser| {
        let cookies = browser.cookies.of("localhost");
        cookies.iter().filter(|(name, _)| name.starts_with("__Host-edgeward-signin-")).count()
    };
    assert_eq!(pending(&browser), 1);
    let page = browser.get(&callback).await?;
    assert_eq!((page.status, page.header("cache-control")), (StatusCode::FOUND, Some("no-store, no-transform")));
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let back = page.redirect()?.context("no redirect")?;
    assert!(query(&back, "code").is_some_and(|code| !callback.as_str().contains(&code)));
    assert_eq!(pending(&browser), 0);
    let again = browser.get(&callback).await?;
    assert_eq!((again.status, again.redirect()?), (StatusCode::BAD_REQUEST, None));
    Ok(())
}

async fn an_error_of_cognitos_is_told_in_our_words(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    for (theirs, ours) in [
        ("temporarily_unavailable", "temporarily_unavailable"),
        ("server_error", "temporarily_unavailable"),
        ("invalid_request", "server_error"),
        ("invalid_scope", "server_error"),
        ("unauthorized_client", "server_error"),
        ("invalid_client", "server_error"),
        ("never_heard_of", "server_error"),
    ] {
        let callback = up_to_callback(&world, &mut browser, &client).await?;
        let state = query(&callback, "state").context("no state")?;
        let words = "the-words-of-cognito";
        let url = with(&callback, &[("error", theirs), ("error_description", words), ("state", &state)]);
        let back = browser.get(&url).await?.redirect()?.context("no redirect")?;
        assert_eq!((back.origin(), back.path()), (redirect_uri().origin(), redirect_uri().path()));
        assert_eq!((theirs, query(&back, "error").as_deref()), (theirs, Some(ours)));
        assert_eq!(query(&back, "state").as_deref(), Some(&*client.state));
        assert_eq!(query(&back, "iss").as_deref(), Some(world.stack.issuer()));
        assert_eq!(query(&back, "code"), None);
        assert!(!back.as_str().contains(words) && !back.as_str().contains("never_heard_of"), "{back}");
        // The sign-in is over.
        assert_eq!(browser.get(&callback).await?.status, StatusCode::BAD_REQUEST);
    }
    Ok(())
}

async fn an_answer_with_neither_code_nor_error_is_our_fault(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    for extra in [vec![], vec![("code", "")], vec![("code", "a"), ("code", "b")], vec![("error", "a"), ("error", "b")]]
    {
        let callback = up_to_callback(&world, &mut browser, &client).await?;
        let state = query(&callback, "state").context("no state")?;
        let url = with(&callback, &[extra, vec![("state", state.as_str())]].concat());
        let back = browser.get(&url).await?.redirect()?.context("no redirect")?;
        assert_eq!(query(&back, "error").as_deref(), Some("server_error"));
        assert_eq!(query(&back, "code"), None);
    }
    Ok(())
}

async fn an_answer_without_a_state_gets_a_page(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let code = query(&callback, "code").context("no code")?;
    let state = query(&callback, "state").context("no state")?;
    for bad in [
        vec![("code", code.as_str())],
        vec![("code", &code), ("state", "")],
        vec![("code", &code), ("state", &state), ("state", &state)],
        vec![("error", "access_denied")],
        vec![],
    ] {
        let page = browser.get(&with(&callback, &bad)).await?;
        assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None), "{}", page.summary());
    }
    let back = browser.get(&callback).await?.redirect()?.context("no redirect")?;
    assert!(query(&back, "code").is_some());
    Ok(())
}
