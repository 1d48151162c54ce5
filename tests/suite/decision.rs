//! What the user answers on the consent page.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{
    browser::{Browser, Decision, query},
    by_hand::{HandMade, redirect_uri},
};

use crate::world::{World, tests};

tests![
    a_user_who_denies_is_sent_back_with_access_denied,
    the_consent_page_cannot_be_framed_and_runs_no_script,
    a_decision_from_another_site_is_refused,
    a_decision_without_the_pages_cookie_is_refused,
];

async fn a_user_who_denies_is_sent_back_with_access_denied(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Deny).await?;
    let back = page.redirect()?.expect("a redirect");
    assert_eq!((back.origin(), back.path()), (redirect_uri().origin(), redirect_uri().path()));
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "state").as_deref(), Some(&*client.state));
    assert_eq!(query(&back, "iss").as_deref(), Some(world.stack.issuer()));
    assert_eq!(query(&back, "code"), None);
    Ok(())
}

async fn the_consent_page_cannot_be_framed_and_runs_no_script(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let page = Browser::new()?.get(&client.authorization_url(&client.authorization())?).await?;
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") || !policy.contains("script-src"), "{policy}");
    assert!(!page.body.contains("<script"));
    Ok(())
}

async fn a_decision_from_another_site_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let cookies = browser.cookies.header(&consent.action).unwrap_or_default();
    let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build()?;
    let mut fields = consent.fields.clone();
    fields.push(("decision".to_owned(), "allow".to_owned()));
    let send = |origin: String| {
        http.post(consent.action.clone()).header("cookie", &cookies).header("origin", origin).form(&fields).send()
    };
    let refused = send("https://evil.example".to_owned()).await?;
    assert!(refused.status().is_client_error(), "{}", refused.status());
    assert!(send(world.stack.issuer().to_owned()).await?.status().is_redirection(), "from the edge's own page it goes");
    Ok(())
}

async fn a_decision_without_the_pages_cookie_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let consent = Browser::new()?.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = Browser::new()?.decide(&consent, Decision::Allow).await?;
    assert!(page.status.is_client_error(), "{}", page.status);
    Ok(())
}
