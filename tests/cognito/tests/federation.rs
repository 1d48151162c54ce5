//! Sign-in through identity providers.

use edgeward_cognito::{
    AppClient, DEV_CLIENT_ID, DEV_PASSWORD, DEV_POOL_ID, DEV_USERNAME, Endpoint, Fault, FaultKind, Identity,
    IdentityProvider, ProviderError, ProviderKind, ProviderUser,
};
use reqwest::{Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::support::{
    CALLBACK, LoginForm, Parameters, TestPool, Tokens, assert_granted, assert_refused, http, location, new_browser,
    ok_json, query, redeem, refresh, request,
};

const KINDS: [(&str, ProviderKind); 3] =
    [("Entra", ProviderKind::Oidc), ("Okta", ProviderKind::Saml), ("Google", ProviderKind::Google)];

fn ada() -> ProviderUser {
    ProviderUser {
        email_verified: true,
        attributes: [("name".to_owned(), "Ada".to_owned())].into(),
        ..ProviderUser::new("Ada-1", "ada@example.com")
    }
}

/// A pool with one provider of each kind, which know Ada and Bob.
async fn federated() -> TestPool {
    TestPool::start_with(|config| {
        for (name, kind) in KINDS {
            let users = vec![ada(), ProviderUser::new("bob", "bob@example.com")];
            config.identity_providers.push(IdentityProvider { users, ..IdentityProvider::new(name, kind) });
        }
    })
    .await
}

fn through(provider: &str) -> Parameters {
    request().with("identity_provider", provider)
}

impl TestPool {
    /// Follows redirects up to a page or to the callback.
    async fn follow(&self, mut answer: Response) -> Result<Url, Response> {
        while answer.status() == StatusCode::FOUND {
            let next = location(&answer);
            if next.starts_with(CALLBACK) {
                return Ok(Url::parse(&next).unwrap());
            }
            answer = self.browser.get(next).send().await.unwrap();
        }
        Err(answer)
    }

    /// Signs in at the provider's page.
    async fn federated_sign_in(&self, parameters: &Parameters, user: &str) -> Url {
        let page = self.follow(self.authorize(parameters).await).await.expect_err("no page");
        let form = LoginForm::fetch(&self.browser, page.url().as_str()).await;
        let fields: Vec<(String, String)> =
            form.hidden.iter().cloned().chain([("username".to_owned(), user.to_owned())]).collect();
        let answer = self.browser.post(&form.action).form(&fields).send().await.unwrap();
        self.follow(answer).await.expect("a page instead of the callback")
    }

    async fn federated_tokens(&self, provider: &str, user: &str) -> Tokens {
        let callback = self.federated_sign_in(&through(provider).with("scope", "openid email profile"), user).await;
        let code = query(&callback, "code").unwrap_or_else(|| panic!("no code in {callback}"));
        assert_granted(self.token(&redeem(&code))).await
    }

    /// The same browser somewhere where nobody knows it.
    fn forget_browser(&mut self) {
        self.browser = new_browser();
    }
}

#[tokio::test]
async fn the_first_sign_in_makes_a_user_named_after_the_provider() {
    for (name, kind) in KINDS {
        let pool = federated().await;
        let tokens = pool.federated_tokens(name, "ada@example.com").await;
        let username = format!("{}_ada-1", name.to_lowercase());
        assert_eq!(tokens.access()["username"], username);
        assert_eq!(tokens.id()["cognito:username"], username);
        for claims in [tokens.access(), tokens.id()] {
            assert_eq!(claims["cognito:groups"], json!([format!("{DEV_POOL_ID}_{name}")]));
        }
        assert_eq!((&tokens.id()["email"], &tokens.id()["name"]), (&json!("ada@example.com"), &json!("Ada")));
        let (provider_type, issuer) = match kind {
            ProviderKind::Oidc => ("OIDC", json!(null)),
            ProviderKind::Saml => ("SAML", json!("https://idp.example.com/Okta")),
            ProviderKind::Google => ("Google", json!(null)),
        };
        let created = (tokens.access()["auth_time"].as_i64().unwrap() * 1_000).to_string();
        let identity = json!({"userId": "Ada-1", "providerName": name, "providerType": provider_type,
            "issuer": issuer, "primary": "true", "dateCreated": created});
        assert_eq!(tokens.id()["identities"], json!([identity]));
        assert!(!tokens.access().contains_key("identities"));
        assert_refused(pool.token(&refresh("garbage")), "invalid_grant").await;
    }
}

#[tokio::test]
async fn a_case_sensitive_pool_keeps_the_letters() {
    let pool = TestPool::start_with(|config| {
        config.case_sensitive_usernames = true;
        let users = vec![ada()];
        config.identity_providers =
            vec![IdentityProvider { users, ..IdentityProvider::new("Entra", ProviderKind::Oidc) }];
    })
    .await;
    assert_eq!(pool.federated_tokens("Entra", "Ada-1").await.access()["username"], "Entra_Ada-1");
}

#[tokio::test]
async fn an_address_is_verified_only_if_that_is_mapped_and_so() {
    let mut pool = federated().await;
    assert_eq!(pool.federated_tokens("Entra", "Ada-1").await.id()["email_verified"], false);
    assert!(pool.cognito.update_identity_provider("Entra", |entra| entra.maps_email_verified = true));
    pool.forget_browser();
    assert_eq!(pool.federated_tokens("Entra", "Ada-1").await.id()["email_verified"], true);
    pool.forget_browser();
    assert_eq!(pool.federated_tokens("Entra", "bob").await.id()["email_verified"], false);
}

#[tokio::test]
async fn each_sign_in_writes_over_what_the_pool_has_but_keeps_groups_and_other_attributes() {
    let mut pool = federated().await;
    let first = pool.federated_tokens("Entra", "Ada-1").await;
    assert!(pool.cognito.update_user("entra_ada-1", |user| {
        user.email = Some("changed@example.com".to_owned());
        user.email_verified = true;
        user.groups.push("staff".to_owned());
        user.attributes.insert("name".to_owned(), "Changed".to_owned());
        user.attributes.insert("locale".to_owned(), "en".to_owned());
    }));
    // A refresh does not ask the provider.
    let later = assert_granted(pool.token(&refresh(first.text("refresh_token")))).await;
    assert_eq!((&later.id()["email"], &later.id()["email_verified"]), (&json!("changed@example.com"), &json!(true)));
    pool.forget_browser();
    let second = pool.federated_tokens("Entra", "Ada-1").await;
    assert_eq!((&second.id()["email"], &second.id()["email_verified"]), (&json!("ada@example.com"), &json!(false)));
    assert_eq!((&second.id()["name"], &second.id()["locale"]), (&json!("Ada"), &json!("en")));
    assert_eq!(second.access()["cognito:groups"], json!([format!("{DEV_POOL_ID}_Entra"), "staff"]));
    assert_eq!(second.access()["sub"], first.access()["sub"]);
}

#[tokio::test]
async fn somebody_who_left_keeps_refreshing_but_cannot_sign_in() {
    let mut pool = federated().await;
    let tokens = pool.federated_tokens("Entra", "Ada-1").await;
    assert!(pool.cognito.update_identity_provider("Entra", |entra| entra.users.clear()));
    assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    pool.forget_browser();
    let page = pool.follow(pool.authorize(&through("Entra")).await).await.expect_err("no page");
    let form = LoginForm::fetch(&pool.browser, page.url().as_str()).await;
    let answer = form.submit(&pool.browser, "Ada-1", "").await;
    assert!(answer.text().await.unwrap().contains("Nobody has this id"));
}

#[tokio::test]
async fn a_linked_identity_signs_in_the_native_user_without_the_providers_group() {
    let pool = federated().await;
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.identities = vec![Identity::linked("Google", "bob")]));
    let tokens = pool.federated_tokens("Google", "bob").await;
    assert_eq!(tokens.access()["username"], DEV_USERNAME);
    assert_eq!(tokens.access()["cognito:groups"], json!(["demo-group"]));
    let id = tokens.id();
    assert_eq!((&id["email"], &id["email_verified"]), (&json!("bob@example.com"), &json!(false)));
    assert_eq!((&id["identities"][0]["primary"], &id["identities"][0]["userId"]), (&json!("false"), &json!("bob")));
    assert!(!tokens.access().contains_key("identities"));
    let request = http().get(pool.url("/oauth2/userInfo")).bearer_auth(tokens.text("access_token"));
    let told = ok_json(request.send().await.unwrap()).await;
    let identities: Value = serde_json::from_str(told["identities"].as_str().unwrap()).unwrap();
    assert_eq!(identities, id["identities"]);
    assert_eq!(told["email_verified"], "false");
    let six = (0..6).map(|number| Identity::linked("Google", &number.to_string())).collect();
    assert!(!pool.cognito.update_user(DEV_USERNAME, |user| user.identities = six));
}

#[tokio::test]
async fn the_login_page_offers_the_providers_of_the_client_and_the_password() {
    let pool = federated().await;
    let form = LoginForm::fetch(&pool.browser, &location(&pool.authorize(&request()).await)).await;
    for (name, _) in KINDS {
        assert!(form.html.contains(&format!("Continue with {name}")), "{name}");
    }
    assert!(form.html.contains("signInFormPassword") && !form.html.contains("<script"));
    let link = form.html.split("href=\"").nth(1).and_then(|link| link.split('"').next()).unwrap().replace("&amp;", "&");
    let answer = pool.browser.get(pool.url(&link)).send().await.unwrap();
    assert!(location(&answer).starts_with(&pool.url("/__idp/Entra?state=")));
}

async fn with_providers(names: &[&str]) -> TestPool {
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    TestPool::start_with(|config| {
        for (name, kind) in KINDS {
            config.identity_providers.push(IdentityProvider::new(name, kind));
        }
        let AppClient { identity_providers, .. } = &mut config.app_clients[0];
        *identity_providers = Some(names);
    })
    .await
}

#[tokio::test]
async fn a_client_has_only_the_providers_of_its_list() {
    let pool = with_providers(&["COGNITO", "Okta"]).await;
    let form = LoginForm::fetch(&pool.browser, &location(&pool.authorize(&request()).await)).await;
    assert!(form.html.contains("Continue with Okta") && !form.html.contains("Continue with Entra"));
    let refused = location(&pool.authorize(&through("Entra")).await);
    assert!(refused.starts_with(&format!("{CALLBACK}?error=invalid_request")), "{refused}");

    let pool = with_providers(&["Okta", "Entra"]).await;
    let login = location(&pool.authorize(&request()).await);
    let page = pool.browser.get(&login).send().await.unwrap();
    let token = page.cookies().find(|cookie| cookie.name() == "XSRF-TOKEN").unwrap().value().to_owned();
    let page = page.text().await.unwrap();
    assert!(page.contains("Continue with Okta") && !page.contains("signInFormPassword"));
    let fields = [("_csrf", token.as_str()), ("username", DEV_USERNAME), ("password", DEV_PASSWORD)];
    let sent = pool.browser.post(&login).form(&fields).send().await.unwrap();
    assert_eq!(sent.status(), StatusCode::FORBIDDEN);
    let refused = location(&pool.authorize(&through("COGNITO")).await);
    assert!(refused.starts_with(&format!("{CALLBACK}?error=invalid_request")), "{refused}");
}

#[tokio::test]
async fn a_client_with_one_provider_has_no_login_page() {
    let pool = with_providers(&["Okta"]).await;
    let answer = pool.authorize(&request()).await;
    assert!(location(&answer).starts_with(&pool.url("/__idp/Okta?state=")));
    let login = answer.url().as_str().replace("/oauth2/authorize", "/login");
    let answer = pool.browser.get(login).send().await.unwrap();
    assert!(location(&answer).starts_with(&pool.url("/__idp/Okta?state=")));
}

#[tokio::test]
async fn the_session_answers_afterwards_but_not_when_a_provider_is_named() {
    let pool = federated().await;
    pool.federated_tokens("Entra", "Ada-1").await;
    assert!(location(&pool.authorize(&request()).await).starts_with(&format!("{CALLBACK}?code=")));
    assert!(location(&pool.authorize(&through("Okta")).await).starts_with(&pool.url("/__idp/Okta?")));
}

#[tokio::test]
async fn the_provider_knows_the_browser_after_a_sign_in_and_signing_out_of_the_pool() {
    let pool = federated().await;
    pool.federated_tokens("Entra", "Ada-1").await;
    let sign_out =
        Url::parse_with_params(&pool.url("/logout"), [("client_id", DEV_CLIENT_ID), ("logout_uri", SIGNED_OUT)]);
    assert_eq!(location(&pool.browser.get(sign_out.unwrap()).send().await.unwrap()), SIGNED_OUT);
    let silent = pool.follow(pool.authorize(&through("Entra")).await).await.expect("a page");
    assert!(query(&silent, "code").is_some());
    // Another provider does not know it.
    pool.follow(pool.authorize(&through("Okta")).await).await.expect_err("no page");
}

#[tokio::test]
async fn somebody_can_be_signed_in_without_a_page() {
    let pool = federated().await;
    for (name, _) in KINDS {
        assert!(pool.cognito.update_identity_provider(name, |idp| idp.signs_in = Some("bob@example.com".to_owned())));
        let callback = pool.follow(pool.authorize(&through(name)).await).await.expect("a page");
        assert!(query(&callback, "code").is_some());
    }
    assert!(!pool.cognito.update_identity_provider("Nobody", |_| {}));
}

#[tokio::test]
async fn the_users_refusal_arrives_as_access_denied() {
    for (name, _) in KINDS {
        let pool = federated().await;
        let page = pool.follow(pool.authorize(&through(name)).await).await.expect_err("no page");
        let form = LoginForm::fetch(&pool.browser, page.url().as_str()).await;
        let mut fields = form.hidden.clone();
        fields.push(("decision".to_owned(), "deny".to_owned()));
        let answer = pool.browser.post(&form.action).form(&fields).send().await.unwrap();
        let callback = pool.follow(answer).await.expect("a page");
        assert_eq!(query(&callback, "error").as_deref(), Some("access_denied"));
        assert_eq!(query(&callback, "state").as_deref(), Some("a-state_1"));
    }
}

#[tokio::test]
async fn errors_of_the_provider_arrive_as_ordered() {
    let pool = federated().await;
    for (error, code, description) in [
        (ProviderError::access_denied("Consent required"), "access_denied", "Consent required"),
        (ProviderError::timeout(), "invalid_request", "Timeout occurred in calling IdP token endpoint"),
        (
            ProviderError::token_endpoint("Entra", 400, "Bad Request Client is not authorized"),
            "invalid_request",
            "Entra Error - 400 Bad Request Client is not authorized",
        ),
        (ProviderError::exception(), "server_error", "Exception processing authorization code"),
        (
            ProviderError::already_found("entra_ada-1"),
            "invalid_request",
            "Already found an entry for username entra_ada-1",
        ),
        (
            ProviderError::attributes_required(&["email", "name"]),
            "invalid_request",
            "attributes required: [email, name]",
        ),
        (
            ProviderError::invalid_saml_response("Invalid ProviderName/Username combination. Please check again"),
            "server_error",
            "Invalid SAML response received: Invalid ProviderName/Username combination. Please check again. ",
        ),
    ] {
        assert!(pool.cognito.update_identity_provider("Entra", |entra| {
            entra.signs_in = Some("Ada-1".to_owned());
            entra.error = Some(error);
        }));
        let callback = pool.follow(pool.authorize(&through("Entra")).await).await.expect("a page");
        assert_eq!(query(&callback, "error").as_deref(), Some(code));
        assert_eq!(query(&callback, "error_description").as_deref(), Some(description));
        assert_eq!(query(&callback, "state").as_deref(), Some("a-state_1"));
    }
    assert!(pool.cognito.user("entra_ada-1").is_none());
    assert!(pool.cognito.update_identity_provider("Entra", |entra| entra.error = None));
    let callback = pool.follow(pool.authorize(&through("Entra")).await).await.expect("a page");
    assert!(query(&callback, "code").is_some());
}

#[tokio::test]
async fn a_disabled_federated_user_is_sent_back() {
    let mut pool = federated().await;
    pool.federated_tokens("Entra", "Ada-1").await;
    assert!(pool.cognito.update_user("entra_ada-1", |user| user.enabled = false));
    pool.forget_browser();
    let callback = pool.federated_sign_in(&through("Entra"), "Ada-1").await;
    assert_eq!(query(&callback, "error").as_deref(), Some("invalid_request"));
    assert_eq!(query(&callback, "error_description").as_deref(), Some("User is not enabled"));
}

#[tokio::test]
async fn an_answer_counts_once_and_within_five_minutes() {
    let pool = federated().await;
    let start = |name: &'static str| {
        let pool = &pool;
        async move {
            let page = pool.follow(pool.authorize(&through(name)).await).await.expect_err("no page");
            LoginForm::fetch(&pool.browser, page.url().as_str()).await
        }
    };
    let form = start("Entra").await;
    let answer = form.submit(&pool.browser, "Ada-1", "").await;
    let response = location(&answer);
    assert!(response.starts_with(&pool.url("/oauth2/idpresponse?code=")));
    assert_eq!(pool.browser.get(&response).send().await.unwrap().status(), StatusCode::FOUND);
    assert_eq!(pool.browser.get(&response).send().await.unwrap().status(), StatusCode::BAD_REQUEST);

    let form = start("Okta").await;
    let response = location(&form.submit(&pool.browser, "Ada-1", "").await);
    assert!(response.starts_with(&pool.url("/saml2/idpresponse?code=")));
    pool.cognito.advance(300);
    assert_eq!(pool.browser.get(&response).send().await.unwrap().status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_firewall_can_stop_the_answer_of_a_provider() {
    let pool = federated().await;
    pool.cognito.set_fault(Fault::on(Endpoint::IdpResponse, FaultKind::WafForbidden).times(1));
    assert!(pool.cognito.update_identity_provider("Entra", |entra| entra.signs_in = Some("Ada-1".to_owned())));
    let page = pool.follow(pool.authorize(&through("Entra")).await).await.expect_err("the callback");
    assert_eq!(page.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_pool_refuses_providers_it_could_not_have() {
    for (name, kind) in [
        ("ab", ProviderKind::Oidc),
        ("_abc", ProviderKind::Oidc),
        ("a b c", ProviderKind::Oidc),
        ("COGNITO", ProviderKind::Oidc),
        ("Google", ProviderKind::Oidc),
        ("Another", ProviderKind::Google),
    ] {
        let config = edgeward_cognito::Config {
            identity_providers: vec![IdentityProvider::new(name, kind)],
            ..edgeward_cognito::Config::default()
        };
        assert!(config.check().is_err(), "{name}");
    }
}

const SIGNED_OUT: &str = "http://localhost:8787/signed-out";
