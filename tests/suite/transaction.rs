//! A sign-in belongs to one browser and one request.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, User, query},
    by_hand::{HandMade, redirect_uri},
};
use reqwest::{StatusCode, Url};

use crate::world::{World, tests};

tests![
    a_second_browser_cannot_finish_what_the_first_began,
    an_unknown_state_is_refused,
    a_swapped_state_gives_no_token,
    two_sign_ins_of_one_browser_do_not_disturb_each_other,
];

/// Up to Cognito's answer, which is not opened.
pub(crate) async fn up_to_callback(world: &World, browser: &mut Browser, client: &HandMade) -> Result<Url> {
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let edge = world.stack.url("/callback");
    match browser.follow(page, &edge).await? {
        Landing::Client(callback) => Ok(callback),
        Landing::Page(login) => {
            let page = browser.log_in(&login, User::DEMO).await?;
            page.redirect()?.context("Cognito did not send the browser back")
        }
    }
}

async fn a_second_browser_cannot_finish_what_the_first_began(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut first = Browser::new()?;
    let callback = up_to_callback(&world, &mut first, &client).await?;
    let page = Browser::new()?.get(&callback).await?;
    assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None));

    let page = first.get(&callback).await?;
    let back = page.redirect()?.context("no redirect")?;
    assert_eq!(back.origin(), redirect_uri().origin());
    assert_eq!(query(&back, "state").as_deref(), Some(&*client.state));
    assert_eq!(query(&back, "iss").as_deref(), Some(world.stack.issuer()));
    let code = query(&back, "code").context("no code")?;
    assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    Ok(())
}

async fn an_unknown_state_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let page = browser.get(&with_state(&callback, "AAAAAAAAAAAAAAAAAAAAAA")).await?;
    assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None));
    Ok(())
}

async fn a_swapped_state_gives_no_token(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let other = client.again()?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let other_callback = up_to_callback(&world, &mut browser, &other).await?;
    let state = query(&other_callback, "state").context("no state")?;
    let page = browser.get(&with_state(&callback, &state)).await?;
    // Both are this browser's, so only Cognito can tell: its code belongs to another verifier.
    if let Some(code) = page.redirect()?.and_then(|back| query(&back, "code")) {
        let answer = other.token(&other.redemption(&code)).await?;
        assert_eq!((answer.status, answer.text("error")), (StatusCode::BAD_REQUEST, "invalid_grant"));
    }
    Ok(())
}

async fn two_sign_ins_of_one_browser_do_not_disturb_each_other(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let other = client.again()?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let other_callback = up_to_callback(&world, &mut browser, &other).await?;
    for (client, callback) in [(&client, callback), (&other, other_callback)] {
        let back = browser.get(&callback).await?.redirect()?.context("no redirect")?;
        let code = query(&back, "code").context("no code")?;
        assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    }
    Ok(())
}

fn with_state(callback: &Url, state: &str) -> Url {
    let mut changed = callback.clone();
    let pairs = callback.query_pairs().map(|(name, value)| match &*name {
        "state" => (name, state.into()),
        _ => (name, value),
    });
    changed.query_pairs_mut().clear().extend_pairs(pairs);
    changed
}
