//! The consent page, and what the user answers there.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_tests::{
    browser::{Browser, Decision, query},
    by_hand::{HandMade, redirect_uri},
    form::Form,
};
use reqwest::StatusCode;
use serde_json::json;

use crate::world::{World, changed_at, tests};

tests![
    a_user_who_denies_is_sent_back_with_access_denied,
    the_consent_page_cannot_be_framed_and_runs_no_script,
    a_decision_from_another_site_is_refused,
    a_decision_without_the_pages_cookie_is_refused,
    what_a_client_says_is_escaped,
    asking_again_leaves_the_first_page_good,
    a_changed_transaction_is_refused,
];

async fn a_user_who_denies_is_sent_back_with_access_denied(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Deny).await?;
    // Any other status would have the browser send the form again, to the client (RFC 9700 §4.12).
    assert_eq!(page.status, StatusCode::SEE_OTHER);
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

async fn what_a_client_says_is_escaped(world: Arc<World>) -> Result<()> {
    let name = r#"<script>alert(1)</script>"'&<b>"#;
    let client = HandMade::named(&world.stack, "")?;
    let metadata = json!({ "client_name": name, "redirect_uris": ["https://client.example/cb"] });
    let registered = client.registration(&metadata).await?;
    assert_eq!(registered.text("client_name"), name);
    let good = client.authorization().with("client_id", registered.text("client_id"));
    let good = good.with("redirect_uri", "https://client.example/cb");
    let page = Browser::new()?.get(&client.authorization_url(&good)?).await?;
    assert_eq!(page.status, StatusCode::OK, "{}", page.summary());
    assert!(page.body.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{}", page.body);
    assert!(!page.body.contains("<script") && !page.body.contains("<b>"));
    assert!(page.body.contains("client.example"), "the host is shown");

    let unknown = good.with("client_id", "<script>alert(2)</script>");
    let page = Browser::new()?.get(&client.authorization_url(&unknown)?).await?;
    assert!(page.status == StatusCode::BAD_REQUEST && !page.body.contains("<script"), "{}", page.body);
    Ok(())
}

async fn asking_again_leaves_the_first_page_good(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let url = client.authorization_url(&client.authorization())?;
    let first = browser.open_consent(&url).await?;
    let second = browser.open_consent(&url).await?;
    assert_ne!(first.field("transaction"), second.field("transaction"));
    for consent in [first, second] {
        let page = browser.decide(&consent, Decision::Allow).await?;
        let to = page.redirect()?.with_context(|| page.summary())?;
        assert_eq!(page.status, StatusCode::SEE_OTHER);
        assert!(to.as_str().starts_with(world.stack.cognito().domain_url()), "to Cognito");
    }
    Ok(())
}

async fn a_changed_transaction_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let url = client.authorization_url(&client.authorization())?;
    let (good, other) = (browser.open_consent(&url).await?, browser.open_consent(&url).await?);
    let field = |form: &Form, name: &str| form.field(name).unwrap_or_default().to_owned();
    let sealed = field(&good, "sealed");
    for bad in [
        good.clone().fill("sealed", &changed_at(&sealed, sealed.len() / 2)),
        good.clone().fill("sealed", "nonsense"),
        good.clone().fill("sealed", ""),
        good.clone().fill("sealed", &field(&other, "sealed")),
        good.clone().fill("transaction", &field(&other, "transaction")),
        good.clone().fill("transaction", "AAAAAAAAAAAAAAAAAAAAAA"),
        good.clone().fill("transaction", ""),
    ] {
        let page = browser.decide(&bad, Decision::Allow).await?;
        assert!(page.status.is_client_error() && page.header("location").is_none(), "{}", page.summary());
    }
    for button in [None, Some(("decision", "perhaps"))] {
        let page = browser.submit(&good, button).await?;
        assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None));
    }
    assert!(browser.decide(&good, Decision::Allow).await?.redirect()?.is_some());
    Ok(())
}
