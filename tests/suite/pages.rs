//! The start page, signing out, remembered consent, and leaving for an application.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::{Browser, Decision, Landing, Page, User},
    by_hand::{HandMade, redirect_uri},
    client::SignedIn,
};
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use serde_json::json;

use crate::{
    settings::PRIVATE_USE_SCHEME,
    switching_users::remembered,
    world::{World, tests},
};

tests![
    the_start_page_leads_to_the_resources,
    signing_out_ends_the_session_at_cognito_too,
    signing_out_leads_to_no_address_but_those_of_the_settings,
    consent_is_remembered_for_whoever_opens_the_address_alone,
    an_application_is_opened_by_the_user_alone,
];

async fn the_start_page_leads_to_the_resources(world: Arc<World>) -> Result<()> {
    let http = Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let page = http.get(world.stack.url("/")).header("accept", "text/html").send().await?;
    let headers = page.headers().clone();
    assert_eq!((page.status(), &headers["content-type"]), (StatusCode::OK, &"text/html; charset=utf-8".parse()?));
    assert!(!headers.contains_key("set-cookie"), "{headers:?}");
    assert_eq!(headers["cache-control"], "public, max-age=300, no-transform");
    let body = page.text().await?;
    for path in ["/mcp", "/second"] {
        assert!(body.contains(&format!("<code>{}</code>", world.stack.url(path))), "{body}");
    }
    assert!(!body.contains("<script"), "{body}");

    let head = http.head(world.stack.url("/")).send().await?;
    assert_eq!((head.status(), &head.headers()["cache-control"]), (StatusCode::OK, &headers["cache-control"]));
    // Clients are told that it is not where MCP is spoken, and a browser that opens a resource that it needs a token.
    assert_eq!(http.post(world.stack.url("/")).body("{}").send().await?.status(), StatusCode::METHOD_NOT_ALLOWED);
    let resource = http.get(world.stack.mcp()).header("accept", "text/html").send().await?;
    assert_eq!(resource.status(), StatusCode::UNAUTHORIZED);
    Ok(())
}

async fn signing_out_ends_the_session_at_cognito_too(world: Arc<World>) -> Result<()> {
    let mut browser = Browser::new()?;
    SignedIn::with(&mut browser, &world.stack.mcp(), User::DEMO).await?;
    let page = browser.get(&world.stack.url("/logout")).await?;
    let nowhere: Url = "https://nowhere.example/".parse()?;
    let Landing::Page(page) = browser.follow(page, &nowhere).await? else { unreachable!("it was not asked for") };
    assert_eq!((page.status, page.url.path()), (StatusCode::OK, "/signed-out"), "{}", page.summary());
    assert!(page.body.contains("You are signed out"));

    let client = HandMade::register(&world.stack).await?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let Landing::Page(login) = browser.follow(page, &redirect_uri()).await? else { panic!("still signed in") };
    assert!(login.form().is_some_and(|form| form.field("password").is_some()), "{}", login.summary());
    Ok(())
}

async fn signing_out_leads_to_no_address_but_those_of_the_settings(world: Arc<World>) -> Result<()> {
    let mut browser = Browser::new()?;
    let mut url = world.stack.url("/logout");
    url.query_pairs_mut().append_pair("post_logout_redirect_uri", "https://evil.example/bye?key=1");
    let mark = world.log_mark();
    let page = browser.get(&url).await?;
    assert_eq!((page.status, page.redirect()?), (StatusCode::BAD_REQUEST, None), "{}", page.summary());
    let record = world.record(mark, "logout refused").await?;
    for told in [&page.body, record["reason"].as_str().context("no reason")?] {
        for part in [names::SIGN_OUT_URLS, "https://evil.example/bye?..."] {
            assert!(told.contains(part), "{told}");
        }
    }
    Ok(())
}

async fn consent_is_remembered_for_whoever_opens_the_address_alone(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let url = client.authorization_url(&client.authorization())?;
    remembered(&mut browser, &client, User::DEMO).await?;
    let cookies = browser.cookies.header(&url).context("no cookies")?;
    let http = Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let open = async |site: &str| -> Result<Response> {
        let request = http.get(url.clone()).header("cookie", &cookies).header("sec-fetch-site", site);
        Ok(request.header("sec-fetch-mode", "navigate").header("sec-fetch-dest", "document").send().await?)
    };
    let remembered = open("none").await?;
    assert_eq!(remembered.status(), StatusCode::SEE_OTHER);
    let to = remembered.headers()["location"].to_str()?;
    assert!(to.starts_with(world.stack.cognito().domain_url()), "{to}");
    for site in ["cross-site", "same-site"] {
        assert_eq!(open(site).await?.status(), StatusCode::OK, "the page of another host is asked about: {site}");
    }
    assert_eq!(http.get(url.clone()).header("cookie", &cookies).send().await?.status(), StatusCode::OK);
    Ok(())
}

async fn an_application_is_opened_by_the_user_alone(world: Arc<World>) -> Result<()> {
    let uri = format!("{PRIVATE_USE_SCHEME}://application/oauth/callback");
    let client = HandMade::named(&world.stack, "")?;
    let metadata =
        json!({ "client_name": "An application", "redirect_uris": [uri], "token_endpoint_auth_method": "none" });
    let registered = client.registration(&metadata).await?;
    let asked = client.authorization().with("client_id", registered.text("client_id")).with("redirect_uri", &uri);
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(&client.authorization_url(&asked)?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let nowhere: Url = "https://nowhere.example/".parse()?;
    let Landing::Page(login) = browser.follow(page, &nowhere).await? else { unreachable!("it was not asked for") };
    let page = browser.log_in(&login, User::DEMO).await?;
    let Landing::Page(page) = browser.follow(page, &nowhere).await? else { unreachable!("it was not asked for") };
    let Page { status, body, url, .. } = page;
    assert_eq!((status, url.path()), (StatusCode::OK, "/callback"), "a page and no redirect: {body}");
    assert!(body.contains(&format!("href=\"{uri}?code=")) && body.contains("edgeward-tests:"), "{body}");
    Ok(())
}
