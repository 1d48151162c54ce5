//! Who signs in: `prompt` and `login_hint` of clients, and users who want to be somebody else.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{LoginPages, Mode};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, Page, User, query},
    by_hand::{HandMade, redirect_uri},
};
use reqwest::{Client, StatusCode, Url, redirect::Policy};

use crate::{
    settings::OTHER_USER,
    world::{World, tests},
};

tests![
    a_user_whom_cognito_knows_signs_in_as_somebody_else,
    a_client_may_ask_for_a_new_sign_in_and_name_the_user,
    a_client_that_forbids_pages_gets_errors_and_no_page,
    a_client_that_forbids_pages_gets_a_code_where_nothing_is_to_be_asked,
    a_consent_that_is_remembered_is_one_users,
];

/// While it lives, the pool has managed login: only that knows `prompt`.
pub(crate) struct ManagedLogin<'a>(&'a World, Mode);

impl<'a> ManagedLogin<'a> {
    pub(crate) fn new(world: &'a World) -> Self {
        let before = world.stack.cognito().config().mode;
        world.stack.cognito().set_mode(Mode { login: LoginPages::Managed, ..before });
        Self(world, before)
    }
}

impl Drop for ManagedLogin<'_> {
    fn drop(&mut self) {
        self.0.stack.cognito().set_mode(self.1);
    }
}

/// Who `whoami` says has signed in, by the address that ends the way through the browser.
async fn who(world: &World, client: &HandMade, back: &Url) -> Result<String> {
    let code = query(back, "code").context("no code")?;
    let tokens = client.token(&client.redemption(&code)).await?;
    assert_eq!(tokens.status, StatusCode::OK, "{}", tokens.body);
    let text = world.whoami(tokens.text("access_token")).await?.text().await?;
    let names = [User::DEMO, OTHER_USER].map(|user| user.name);
    let name = names.into_iter().find(|name| text.contains(&format!("\"username\":\"{name}\"")));
    Ok(name.with_context(|| format!("nobody: {text}"))?.to_owned())
}

async fn decided(browser: &mut Browser, client: &HandMade, decision: Decision) -> Result<Landing> {
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, decision).await?;
    browser.follow(page, &redirect_uri()).await
}

/// Cognito's login page, where nobody has signed in yet.
fn login_page(landing: Landing) -> Page {
    let Landing::Page(login) = landing else { panic!("signed in without being asked: {landing:?}") };
    assert!(login.form().is_some_and(|form| form.field("password").is_some()), "{}", login.summary());
    login
}

async fn a_user_whom_cognito_knows_signs_in_as_somebody_else(world: Arc<World>) -> Result<()> {
    let _managed = ManagedLogin::new(&world);
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let back =
        browser.sign_in(&client.authorization_url(&client.authorization())?, &redirect_uri(), User::DEMO).await?;
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name);
    let Landing::Client(back) = decided(&mut browser, &client, Decision::Allow).await? else { panic!("asked again") };
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name, "as whom Cognito knows");

    let login = login_page(decided(&mut browser, &client, Decision::AllowAsSomebodyElse).await?);
    let page = browser.log_in(&login, OTHER_USER).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("not signed in") };
    assert_eq!(who(&world, &client, &back).await?, OTHER_USER.name);
    let Landing::Client(back) = decided(&mut browser, &client, Decision::Allow).await? else { panic!("asked again") };
    assert_eq!(who(&world, &client, &back).await?, OTHER_USER.name, "Cognito knows the other one now");
    Ok(())
}

async fn a_client_may_ask_for_a_new_sign_in_and_name_the_user(world: Arc<World>) -> Result<()> {
    let _managed = ManagedLogin::new(&world);
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let good = client.authorization();
    browser.sign_in(&client.authorization_url(&good)?, &redirect_uri(), User::DEMO).await?;
    let asked = good.with("prompt", "login").with("login_hint", OTHER_USER.name);
    let consent = browser.open_consent(&client.authorization_url(&asked)?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let login = login_page(browser.follow(page, &redirect_uri()).await?);
    let form = login.form().context("no form")?;
    assert_eq!(form.field("username"), Some(OTHER_USER.name), "{}", login.summary());
    let page = browser.log_in(&login, OTHER_USER).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("not signed in") };
    assert_eq!(who(&world, &client, &back).await?, OTHER_USER.name);
    Ok(())
}

/// Has a user of this browser allow what the client asks for, not be asked again, and sign in. Where that leads.
pub(crate) async fn remembered(browser: &mut Browser, client: &HandMade, user: User<'_>) -> Result<Url> {
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent.fill("remember", "yes"), Decision::Allow).await?;
    let login = login_page(browser.follow(page, &redirect_uri()).await?);
    let page = browser.log_in(&login, user).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("not signed in") };
    Ok(back)
}

/// Opens an address as a user does who types it, and goes on to where that leads.
async fn open_and_follow(browser: &mut Browser, url: &Url) -> Result<Landing> {
    let (_, to, headers) = open(browser, url).await?;
    browser.cookies.store(url, &headers);
    let page = browser.get(&to.context("no redirect")?).await?;
    browser.follow(page, &redirect_uri()).await
}

/// From then on Cognito does not know the user of this browser.
fn forget_session(world: &World, browser: &mut Browser) -> Result<()> {
    let cognito: Url = world.stack.cognito().domain_url().parse()?;
    browser.cookies.forget(cognito.host_str().context("no host")?);
    Ok(())
}

/// A family has one browser.
async fn a_consent_that_is_remembered_is_one_users(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let url = client.authorization_url(&client.authorization())?;
    let silent = client.authorization_url(&client.authorization().with("prompt", "none"))?;
    let back = remembered(&mut browser, &client, User::DEMO).await?;
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name);
    let Landing::Client(back) = open_and_follow(&mut browser, &url).await? else { panic!("asked") };
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name, "who is not asked again");

    // The other one signs in, and is asked before there is a code.
    forget_session(&world, &mut browser)?;
    let login = login_page(open_and_follow(&mut browser, &url).await?);
    let page = browser.log_in(&login, OTHER_USER).await?;
    let Landing::Page(consent) = browser.follow(page, &redirect_uri()).await? else { panic!("a code") };
    assert_eq!(consent.url.path(), "/authorize");
    let consent = consent.form().context("no consent page")?;
    let Landing::Client(back) = open_and_follow(&mut browser, &silent).await? else { panic!("a page") };
    assert_eq!(query(&back, "error").as_deref(), Some("consent_required"));
    let page = browser.decide(&consent, Decision::Deny).await?;
    assert_eq!(query(&page.redirect()?.context("no redirect")?, "error").as_deref(), Some("access_denied"));
    // Once more, and allowed.
    let Landing::Page(consent) = open_and_follow(&mut browser, &url).await? else { panic!("a code") };
    let page = browser.decide(&consent.form().context("no consent page")?, Decision::Allow).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("asked again") };
    assert_eq!(who(&world, &client, &back).await?, OTHER_USER.name);

    // The first one's still counts.
    forget_session(&world, &mut browser)?;
    let login = login_page(open_and_follow(&mut browser, &url).await?);
    let page = browser.log_in(&login, User::DEMO).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("asked") };
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name);
    Ok(())
}

/// Opens an address as a user does who types it.
async fn open(browser: &Browser, url: &Url) -> Result<(StatusCode, Option<Url>, reqwest::header::HeaderMap)> {
    let http = Client::builder().no_proxy().redirect(Policy::none()).build()?;
    let request = http.get(url.clone()).header("cookie", browser.cookies.header(url).unwrap_or_default());
    let request = request.header("sec-fetch-site", "none").header("sec-fetch-mode", "navigate");
    let answer = request.header("sec-fetch-dest", "document").send().await?;
    let headers = answer.headers().clone();
    let location = headers.get("location").and_then(|value| value.to_str().ok()).map(Url::parse).transpose()?;
    Ok((answer.status(), location, headers))
}

async fn a_client_that_forbids_pages_gets_errors_and_no_page(world: Arc<World>) -> Result<()> {
    let _managed = ManagedLogin::new(&world);
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let silent = client.authorization_url(&client.authorization().with("prompt", "none"))?;
    let error = |back: &Url| {
        assert_eq!(query(back, "state").as_deref(), Some(&*client.state));
        query(back, "error").unwrap_or_default()
    };
    let (status, back, _) = open(&browser, &silent).await?;
    assert_eq!((status, back.as_ref().map(error)), (StatusCode::FOUND, Some("consent_required".to_owned())));
    let both = client.authorization_url(&client.authorization().with("prompt", "none login"))?;
    assert_eq!(open(&browser, &both).await?.1.as_ref().map(error).as_deref(), Some("invalid_request"));

    // The user has allowed it in this browser, and has no session at Cognito any more.
    remembered(&mut browser, &client, User::DEMO).await?;
    forget_session(&world, &mut browser)?;
    let (status, to, headers) = open(&browser, &silent).await?;
    browser.cookies.store(&silent, &headers);
    let to = to.context("no redirect")?;
    assert!(status == StatusCode::SEE_OTHER && to.as_str().starts_with(world.stack.cognito().domain_url()), "{to}");
    let page = browser.get(&to).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("a page") };
    assert_eq!(error(&back), "login_required");
    Ok(())
}

async fn a_client_that_forbids_pages_gets_a_code_where_nothing_is_to_be_asked(world: Arc<World>) -> Result<()> {
    let _managed = ManagedLogin::new(&world);
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    remembered(&mut browser, &client, User::DEMO).await?;
    let silent = client.authorization_url(&client.authorization().with("prompt", "none"))?;
    let (_, to, headers) = open(&browser, &silent).await?;
    browser.cookies.store(&silent, &headers);
    let page = browser.get(&to.context("no redirect")?).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("a page") };
    assert_eq!(who(&world, &client, &back).await?, User::DEMO.name);
    Ok(())
}
