//! `prompt` and `login_hint` at the authorization endpoint.

use edgeward_cognito::{IdentityProvider, LoginPages, Mode, ProviderKind, ProviderUser};
use reqwest::Url;

use crate::support::{CALLBACK, TestPool, location, query, request};

const HOUR: u64 = 60 * 60;

async fn managed() -> TestPool {
    let pool = TestPool::start_with(|config| {
        let people = vec![ProviderUser::new("ada", "ada@example.com")];
        for (name, kind) in
            [("Entra", ProviderKind::Oidc), ("Okta", ProviderKind::Saml), ("Google", ProviderKind::Google)]
        {
            config
                .identity_providers
                .push(IdentityProvider { users: people.clone(), ..IdentityProvider::new(name, kind) });
        }
    })
    .await;
    pool.cognito.set_mode(Mode { login: LoginPages::Managed, ..Mode::default() });
    pool
}

async fn goes_to(pool: &TestPool, prompt: &str) -> String {
    location(&pool.authorize(&request().with("prompt", prompt)).await)
}

#[tokio::test]
async fn classic_pages_ignore_prompt() {
    let pool = TestPool::start().await;
    assert!(goes_to(&pool, "none").await.starts_with(&pool.url("/login?")));
    pool.code(&request()).await;
    for prompt in ["login", "select_account", "none login"] {
        assert!(goes_to(&pool, prompt).await.starts_with(&format!("{CALLBACK}?code=")), "{prompt}");
    }
}

#[tokio::test]
async fn none_shows_no_page() {
    let pool = managed().await;
    let error = format!("{CALLBACK}?error=login_required&state=a-state_1");
    assert_eq!(goes_to(&pool, "none").await, error);
    let named = request().with("identity_provider", "Entra").with("prompt", "none");
    assert_eq!(location(&pool.authorize(&named).await), error);
    pool.code(&request()).await;
    assert!(goes_to(&pool, "none").await.starts_with(&format!("{CALLBACK}?code=")));
    assert!(location(&pool.authorize(&named).await).starts_with(&format!("{CALLBACK}?code=")));
}

#[tokio::test]
async fn none_stands_alone() {
    let pool = managed().await;
    assert!(goes_to(&pool, "none login").await.starts_with(&format!("{CALLBACK}?error=invalid_request")));
}

#[tokio::test]
async fn login_asks_again_and_starts_a_new_hour() {
    let pool = managed().await;
    let first = pool.tokens(&request()).await.access()["auth_time"].as_i64().unwrap();
    pool.cognito.advance(HOUR / 2);
    let silent = pool.tokens(&request()).await.access()["auth_time"].as_i64().unwrap();
    assert_eq!(silent, first);
    let again = pool.tokens(&request().with("prompt", "login")).await.access()["auth_time"].as_i64().unwrap();
    assert!(again - first >= 1_800);
    pool.cognito.advance(HOUR / 2 + 60);
    assert!(goes_to(&pool, "consent").await.starts_with(CALLBACK));
    assert!(goes_to(&pool, "login select_account").await.starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn select_account_and_consent_do_nothing_to_a_session() {
    let pool = managed().await;
    pool.code(&request()).await;
    for prompt in ["select_account", "consent", "select_account consent"] {
        assert!(goes_to(&pool, prompt).await.starts_with(&format!("{CALLBACK}?code=")), "{prompt}");
    }
}

#[tokio::test]
async fn an_identity_provider_is_told_the_prompt_and_one_without_saml_the_hint() {
    let pool = managed().await;
    for (provider, hint) in [("Entra", Some("ada")), ("Okta", None), ("Google", Some("ada"))] {
        let parameters = request()
            .with("identity_provider", provider)
            .with("prompt", "select_account login")
            .with("login_hint", "ada");
        let url = Url::parse(&location(&pool.authorize(&parameters).await)).unwrap();
        assert_eq!(url.path(), format!("/__idp/{provider}"));
        assert_eq!(query(&url, "prompt").as_deref(), Some("select_account login"));
        assert_eq!(query(&url, "login_hint").as_deref(), hint);
    }
}
