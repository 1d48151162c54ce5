//! Lambda triggers that refuse or fail, and what arrives where.

use edgeward_cognito::{
    DEV_PASSWORD, DEV_USERNAME, IdentityProvider, LambdaErrors, Mode, ProviderKind, ProviderUser, TokenTrigger,
    TokenTriggerError, Trigger, TriggerFailure,
};
use reqwest::{StatusCode, Url};

use crate::support::{LoginForm, TestPool, assert_granted, assert_refused, location, query, redeem, refresh, request};

async fn federated(kind: ProviderKind) -> TestPool {
    TestPool::start_with(|config| {
        config.identity_providers.push(IdentityProvider {
            users: vec![ProviderUser::new("ada", "ada@example.com")],
            signs_in: Some("ada".to_owned()),
            ..IdentityProvider::new("Entra", kind)
        });
    })
    .await
}

fn through_entra() -> crate::support::Parameters {
    request().with("identity_provider", "Entra")
}

fn refuse(pool: &TestPool, trigger: Trigger) {
    pool.cognito.set_trigger(trigger, Some("Not invited".to_owned()));
}

fn assert_error(callback: &Url, error: &str, description: &str) {
    assert_eq!(query(callback, "error").as_deref(), Some(error), "{callback}");
    assert_eq!(query(callback, "error_description").as_deref(), Some(description));
    assert_eq!(query(callback, "state").as_deref(), Some("a-state_1"));
    assert_eq!(query(callback, "code"), None);
}

#[tokio::test]
async fn a_federated_users_first_sign_in_runs_pre_sign_up_and_post_confirmation() {
    let pool = federated(ProviderKind::Oidc).await;
    for unused in [Trigger::PreAuthentication, Trigger::PostAuthentication] {
        refuse(&pool, unused);
    }
    refuse(&pool, Trigger::PreSignUp);
    let callback = pool.sign_in(&through_entra()).await;
    assert_error(&callback, "invalid_request", "PreSignUp failed with error Not invited. ");
    assert!(callback.as_str().contains("?error_description=PreSignUp+failed+with+error+Not+invited.+&state="));
    assert!(pool.cognito.user("entra_ada").is_none());
    pool.cognito.set_trigger(Trigger::PreSignUp, None);

    refuse(&pool, Trigger::PostConfirmation);
    let callback = pool.sign_in(&through_entra()).await;
    assert_error(&callback, "invalid_request", "PostConfirmation failed with error Not invited. ");
    assert!(pool.cognito.user("entra_ada").is_some());
}

#[tokio::test]
async fn later_sign_ins_run_pre_and_post_authentication() {
    let pool = federated(ProviderKind::Oidc).await;
    pool.code(&through_entra()).await;
    for unused in [Trigger::PreSignUp, Trigger::PostConfirmation] {
        refuse(&pool, unused);
    }
    pool.code(&through_entra()).await;
    for trigger in [Trigger::PostAuthentication, Trigger::PreAuthentication] {
        refuse(&pool, trigger);
        let callback = pool.sign_in(&through_entra()).await;
        assert_error(&callback, "invalid_request", &format!("{trigger} failed with error Not invited. "));
    }
}

#[tokio::test]
async fn saml_wraps_the_message_and_has_another_code() {
    let pool = federated(ProviderKind::Saml).await;
    refuse(&pool, Trigger::PreSignUp);
    let callback = pool.sign_in(&through_entra()).await;
    let description = "Invalid SAML response received: PreSignUp failed with error Not invited. ";
    assert_error(&callback, "server_error", description);
}

#[tokio::test]
async fn a_native_user_learns_it_on_the_login_page_or_at_the_callback() {
    for trigger in [Trigger::PreAuthentication, Trigger::PostAuthentication] {
        let pool = TestPool::start().await;
        refuse(&pool, trigger);
        let message = format!("{trigger} failed with error Not invited.");
        let login = location(&pool.authorize(&request()).await);
        let answer = pool.log_in(&login).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(answer.text().await.unwrap().contains(&message));
        pool.cognito.set_mode(Mode { lambda_errors: LambdaErrors::AtCallback, ..Mode::default() });
        assert_error(&pool.sign_in(&request()).await, "invalid_request", &format!("{message} "));
    }
}

#[tokio::test]
async fn pre_authentication_comes_before_the_password() {
    let pool = TestPool::start().await;
    let login = location(&pool.authorize(&request()).await);
    for (trigger, message) in
        [(Trigger::PreAuthentication, "Not invited"), (Trigger::PostAuthentication, "Incorrect username or password.")]
    {
        for each in [Trigger::PreAuthentication, Trigger::PostAuthentication] {
            pool.cognito.set_trigger(each, None);
        }
        refuse(&pool, trigger);
        let form = LoginForm::fetch(&pool.browser, &login).await;
        let page = form.submit(&pool.browser, DEV_USERNAME, "wrong").await.text().await.unwrap();
        assert!(page.contains(message), "{trigger}");
    }
    assert_ne!(DEV_PASSWORD, "wrong");
}

#[tokio::test]
async fn pre_token_generation_refuses_at_the_callback_and_at_each_refresh() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let code = pool.code(&request()).await;
    refuse(&pool, Trigger::PreTokenGeneration);
    let message = "PreTokenGeneration failed with error Not invited.";
    // The session answers, and is refused too.
    assert_error(&pool.sign_in(&request()).await, "invalid_request", &format!("{message} "));
    assert_granted(pool.token(&redeem(&code))).await;
    let answer = pool.token(&refresh(tokens.text("refresh_token"))).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let body = format!(r#"{{"error":"invalid_request","error_description":"{message}"}}"#);
    assert_eq!(answer.text().await.unwrap(), body);

    let mode = Mode { token_trigger_error: TokenTriggerError::InvalidGrant, ..Mode::default() };
    pool.cognito.set_mode(mode);
    assert_refused(pool.token(&refresh(tokens.text("refresh_token"))), "invalid_grant").await;
    pool.cognito.set_trigger(Trigger::PreTokenGeneration, None);
    assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
}

#[tokio::test]
async fn pre_token_generation_may_refuse_at_the_token_endpoint_only() {
    let pool = TestPool::start().await;
    pool.cognito.set_mode(Mode { token_trigger: TokenTrigger::AtTokenEndpoint, ..Mode::default() });
    refuse(&pool, Trigger::PreTokenGeneration);
    let code = pool.code(&request()).await;
    let answer = pool.token(&redeem(&code)).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("PreTokenGeneration failed with error Not invited."));
}

#[tokio::test]
async fn failures_that_refuse_nobody_have_their_own_messages() {
    let pool = federated(ProviderKind::Oidc).await;
    for (failure, message) in [
        (TriggerFailure::TimesOut, "PreSignUp failed with error Socket timeout while invoking Lambda function. "),
        (
            TriggerFailure::CannotBeInvoked("AccessDeniedException".to_owned()),
            "PreSignUp invocation failed due to error AccessDeniedException. ",
        ),
        (TriggerFailure::AnswersNonsense, "Unrecognizable lambda output "),
    ] {
        pool.cognito.set_trigger_failure(Trigger::PreSignUp, Some(failure));
        assert_error(&pool.sign_in(&through_entra()).await, "invalid_request", message);
    }
    pool.cognito.set_trigger_failure(Trigger::PreSignUp, None);
    pool.code(&through_entra()).await;
}
