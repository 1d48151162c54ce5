//! Users whom Cognito, a Lambda of the operator's or an identity provider does not let in: what they see, what their clients
//! get, and what the log says.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use edgeward_cognito::{ProviderError, Trigger, TriggerFailure};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, Page, User, query},
    by_hand::{HandMade, redirect_uri},
};
use reqwest::{StatusCode, Url};

use crate::{
    settings::OTHER_USER,
    switching_users::ManagedLogin,
    transaction::up_to_callback,
    world::{World, refused, tests},
};

tests![
    a_user_whom_a_lambda_refuses_reads_why_and_signs_in_as_somebody_else,
    a_user_who_is_refused_goes_back_to_the_client,
    each_error_has_its_page_or_its_code_and_its_line_in_the_log,
    a_lambda_that_fails_is_the_operators_to_mend,
    a_user_whose_accounts_were_linked_signs_in_once_more,
    a_user_whom_a_lambda_refuses_at_a_refresh_may_be_let_in_again,
    a_lambda_that_fails_ends_no_grant,
];

const WORDS: &str = "Only <b>staff</b> may sign in, not demo@example.com";

/// While it lives, a trigger fails.
struct Failing<'a>(&'a World, Trigger);

impl<'a> Failing<'a> {
    fn new(world: &'a World, trigger: Trigger, failure: TriggerFailure) -> Self {
        world.stack.cognito().set_trigger_failure(trigger, Some(failure));
        Self(world, trigger)
    }

    fn refusing(world: &'a World, trigger: Trigger) -> Self {
        Self::new(world, trigger, TriggerFailure::Refuses(WORDS.to_owned()))
    }
}

impl Drop for Failing<'_> {
    fn drop(&mut self) {
        self.0.stack.cognito().set_trigger_failure(self.1, None);
    }
}

/// What the browser is answered at the end of the way to the client that Cognito does not let it go.
async fn turned_away(world: &World, browser: &mut Browser, client: &HandMade) -> Result<Page> {
    let callback = up_to_callback(world, browser, client).await?;
    assert_eq!(query(&callback, "code"), None, "Cognito lets them in");
    browser.get(&callback).await
}

async fn a_user_whom_a_lambda_refuses_reads_why_and_signs_in_as_somebody_else(world: Arc<World>) -> Result<()> {
    let _managed = ManagedLogin::new(&world);
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let mark = world.log_mark();
    let refusing = Failing::refusing(&world, Trigger::PreTokenGeneration);
    let page = turned_away(&world, &mut browser, &client).await?;
    assert_eq!((page.status, page.redirect()?), (StatusCode::FORBIDDEN, None), "{}", page.summary());
    assert!(page.body.contains("Only &lt;b&gt;staff&lt;/b&gt; may sign in, not demo@example.com"), "{}", page.body);
    let policy = page.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    let record = world.record(mark, "authorization refused").await?;
    assert_eq!((&record["level"], &record["status"]), (&"warn".into(), &403.into()), "{record}");
    let told =
        "the Lambda trigger PreTokenGeneration has refused the user: Only <b>staff</b> may sign in, not [e-mail]";
    assert_eq!(record["reason"], told, "{record}");
    assert!(!world.stack.edge().log()[mark..].contains("upstream failed"), "nobody is paged");

    drop(refusing);
    let again = page.link("Sign in as somebody else").context("no link")?;
    assert!(again.as_str().starts_with(world.stack.cognito().domain_url()), "{again}");
    let login = browser.get(&again).await?;
    let Landing::Page(login) = browser.follow(login, &redirect_uri()).await? else { panic!("as the same user") };
    let page = browser.log_in(&login, OTHER_USER).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("not signed in") };
    let code = query(&back, "code").context("no code")?;
    assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_user_who_is_refused_goes_back_to_the_client(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let _refusing = Failing::refusing(&world, Trigger::PreTokenGeneration);
    let page = turned_away(&world, &mut Browser::new()?, &client).await?;
    let back = page.link("Go back to the application").context("no link")?;
    assert_eq!((back.origin(), back.path()), (redirect_uri().origin(), redirect_uri().path()));
    assert_eq!(query(&back, "error").as_deref(), Some("access_denied"));
    assert_eq!(query(&back, "state").as_deref(), Some(&*client.state));
    assert_eq!(query(&back, "iss").as_deref(), Some(world.stack.issuer()));
    assert!(!back.as_str().contains("staff"), "{back}");
    Ok(())
}

/// Cognito's answer with an error in place of the code, as if an identity provider had failed.
fn instead(callback: &Url, error: &ProviderError) -> Result<Url> {
    let state = query(callback, "state").context("no state")?;
    let mut url = callback.clone();
    let description = error.description.clone().unwrap_or_default();
    url.query_pairs_mut().clear().extend_pairs([
        ("error_description", description.as_str()),
        ("state", &state),
        ("error", &error.code),
    ]);
    Ok(url)
}

async fn each_error_has_its_page_or_its_code_and_its_line_in_the_log(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let unavailable = "temporarily_unavailable";
    for (error, status, code, level, is_failure) in [
        (ProviderError::access_denied("The user ada@example.com cancelled"), 403, "access_denied", "info", false),
        (ProviderError::new("invalid_request", Some("User is not enabled")), 403, "access_denied", "info", false),
        (ProviderError::already_found("Google_1029384756"), 409, unavailable, "info", false),
        (ProviderError::timeout(), 302, unavailable, "info", true),
        (ProviderError::token_endpoint("Okta", 503, "error getting token"), 302, unavailable, "info", true),
        (ProviderError::token_endpoint("Okta", 401, "invalid_client"), 302, "server_error", "alert", true),
        (
            ProviderError::invalid_saml_response("SAML Assertion signature is invalid."),
            302,
            "server_error",
            "alert",
            true,
        ),
        (ProviderError::attributes_required(&["email"]), 302, "server_error", "alert", true),
        (ProviderError::new("invalid_request", Some("about ada@example.com")), 302, "server_error", "alert", true),
    ] {
        let callback = up_to_callback(&world, &mut browser, &client).await?;
        let mark = world.log_mark();
        let page = browser.get(&instead(&callback, &error)?).await?;
        let back = match page.redirect()? {
            Some(back) => back,
            None => page.link("Go back to the application").with_context(|| page.summary())?,
        };
        let seen = (page.status.as_u16(), query(&back, "error"), query(&back, "state"));
        assert_eq!(seen, (status, Some(code.to_owned()), Some(client.state.clone())), "{error:?}");
        let record = world.record(mark, "authorization refused").await?;
        assert_eq!(record["level"], level, "{record}");
        let log = &world.stack.edge().log()[mark..];
        assert_eq!(log.contains("upstream failed"), is_failure, "{log}");
        for person in ["ada@example.com", "Google_1029384756"] {
            assert!(!log.contains(person) && !page.body.contains(person) && !back.as_str().contains(person), "{log}");
        }
    }
    Ok(())
}

async fn a_lambda_that_fails_is_the_operators_to_mend(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    for failure in [
        TriggerFailure::TimesOut,
        TriggerFailure::CannotBeInvoked("AccessDeniedException".to_owned()),
        TriggerFailure::AnswersNonsense,
    ] {
        let mark = world.log_mark();
        let _failing = Failing::new(&world, Trigger::PreTokenGeneration, failure);
        let page = turned_away(&world, &mut Browser::new()?, &client).await?;
        let back = page.redirect()?.with_context(|| page.summary())?;
        assert_eq!(query(&back, "error").as_deref(), Some("server_error"));
        let record = world.record(mark, "upstream failed").await?;
        assert_eq!(record["level"], "alert", "{record}");
        assert!(record["reason"].as_str().is_some_and(|reason| reason.contains("Lambda")), "{record}");
    }
    Ok(())
}

async fn a_user_whose_accounts_were_linked_signs_in_once_more(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let mut browser = Browser::new()?;
    let callback = up_to_callback(&world, &mut browser, &client).await?;
    let page = browser.get(&instead(&callback, &ProviderError::already_found("Google_1029384756"))?).await?;
    assert_eq!(page.status, StatusCode::CONFLICT, "{}", page.summary());
    let again = page.link("Sign in again").context("no link")?;
    let page = browser.get(&again).await?;
    let Landing::Client(back) = browser.follow(page, &redirect_uri()).await? else { panic!("not signed in") };
    let code = query(&back, "code").context("no code")?;
    assert_eq!(client.token(&client.redemption(&code)).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_user_whom_a_lambda_refuses_at_a_refresh_may_be_let_in_again(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let refreshing = client.refreshing(tokens.text("refresh_token"));
    let refusing = Failing::refusing(&world, Trigger::PreTokenGeneration);
    let mark = world.log_mark();
    for _ in 0..2 {
        let answer = client.token(&refreshing).await?;
        refused(&answer, StatusCode::BAD_REQUEST, "access_denied");
        assert!(answer.text("error_description").contains("a Lambda of the user pool"), "{}", answer.body);
    }
    let record = world.record(mark, "token refused").await?;
    assert_eq!(record["level"], "warn", "{record}");
    assert!(record["reason"].as_str().is_some_and(|reason| reason.ends_with("not [e-mail]")), "{record}");
    // A user who signs in again reads why.
    let mut browser = Browser::new()?;
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    let Landing::Page(login) = browser.follow(page, &redirect_uri()).await? else { panic!("signed in") };
    let page = browser.log_in(&login, User::DEMO).await?;
    let Landing::Page(page) = browser.follow(page, &redirect_uri()).await? else { panic!("signed in") };
    assert_eq!(page.status, StatusCode::FORBIDDEN, "{}", page.summary());
    // Nothing is remembered against a user who may come back.
    drop(refusing);
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}

async fn a_lambda_that_fails_ends_no_grant(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let tokens = client.tokens().await?;
    let refreshing = client.refreshing(tokens.text("refresh_token"));
    let unreached = TriggerFailure::Refuses("connect ETIMEDOUT 10.0.0.5:443".to_owned());
    for failure in [TriggerFailure::TimesOut, TriggerFailure::AnswersNonsense, unreached] {
        let mark = world.log_mark();
        let _failing = Failing::new(&world, Trigger::PreTokenGeneration, failure);
        let answer = client.token(&refreshing).await?;
        refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
        assert_eq!(world.record(mark, "upstream failed").await?["level"], "alert");
    }
    assert_eq!(client.token(&refreshing).await?.status, StatusCode::OK);
    Ok(())
}
