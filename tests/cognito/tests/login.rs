//! The login form, its double submit, and the session it starts.

use edgeward_cognito::{DEV_PASSWORD, DEV_USERNAME, LoginPages, Mode};
use reqwest::{Response, StatusCode};

use crate::support::{CALLBACK, LoginForm, PUBLIC_CLIENT, TestPool, header, location, new_browser, query, request};

const HOUR: u64 = 60 * 60;

async fn login_url(pool: &TestPool) -> String {
    location(&pool.authorize(&request()).await)
}

fn set_cookies(answer: &Response) -> Vec<String> {
    answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_form_has_cognitos_fields_and_labels_and_needs_no_script() {
    let pool = TestPool::start().await;
    let form = LoginForm::fetch(&pool.browser, &login_url(&pool).await).await;
    for piece in [
        r#"name="cognitoSignInForm""#,
        r#"<label for="signInFormUsername">"#,
        r#"id="signInFormUsername" type="text" name="username""#,
        r#"<label for="signInFormPassword">"#,
        r#"type="password" name="password""#,
        r#"type="submit" name="signInSubmitButton" value="Sign in""#,
    ] {
        assert!(form.html.contains(piece), "{piece} is not in {}", form.html);
    }
    let hidden: Vec<&str> = form.hidden.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(hidden, ["_csrf", "cognitoAsfData"]);
    assert!(!form.html.contains("<script"));
}

#[tokio::test]
async fn the_form_comes_with_cognitos_cookies() {
    let pool = TestPool::start().await;
    let answer = pool.browser.get(login_url(&pool).await).send().await.unwrap();
    assert_eq!(header(&answer, "x-frame-options"), "DENY");
    let cookies = set_cookies(&answer);
    let names: Vec<&str> = cookies.iter().filter_map(|cookie| cookie.split('=').next()).collect();
    assert_eq!(names, ["XSRF-TOKEN", "csrf-state", "csrf-state-legacy"]);
    for cookie in &cookies {
        for attribute in ["; Path=/", "; Secure", "; HttpOnly"] {
            assert!(cookie.contains(attribute), "{attribute} is not in {cookie}");
        }
    }
    assert!(cookies[0].contains("SameSite=Lax") && cookies[1].contains("SameSite=None"));
    assert!(!cookies[2].contains("SameSite"));
}

#[tokio::test]
async fn the_right_password_gives_a_code_the_state_and_an_hour_long_session() {
    let pool = TestPool::start().await;
    let answer = pool.log_in(&login_url(&pool).await).await;
    let session = set_cookies(&answer).into_iter().find(|cookie| cookie.starts_with("cognito=")).unwrap();
    assert!(session.contains("; Max-Age=3600") && session.contains("; HttpOnly") && session.contains("; Secure"));
    let callback = location(&answer).parse().unwrap();
    let code = query(&callback, "code").unwrap();
    let groups: Vec<usize> = code.split('-').map(str::len).collect();
    assert_eq!(groups, [8, 4, 4, 4, 12]);
    assert_eq!(callback.as_str(), format!("{CALLBACK}?code={code}&state=a-state_1"));
}

#[tokio::test]
async fn a_wrong_password_shows_the_form_again_and_a_second_try_works() {
    let pool = TestPool::start().await;
    let login = login_url(&pool).await;
    let form = LoginForm::fetch(&pool.browser, &login).await;
    for (username, password) in [(DEV_USERNAME, "wrong"), ("nobody", DEV_PASSWORD), (DEV_USERNAME, "")] {
        let answer = LoginForm::fetch(&pool.browser, &login).await.submit(&pool.browser, username, password).await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert!(set_cookies(&answer).iter().all(|cookie| !cookie.starts_with("cognito=")));
        let page = answer.text().await.unwrap();
        assert!(page.contains("Incorrect username or password.") && page.contains(&format!("value=\"{username}\"")));
    }
    assert!(!form.html.contains("Incorrect"));
    assert_eq!(pool.log_in(&login).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn what_was_typed_is_escaped() {
    let pool = TestPool::start().await;
    let form = LoginForm::fetch(&pool.browser, &login_url(&pool).await).await;
    let page = form.submit(&pool.browser, "\"><script>", "x").await.text().await.unwrap();
    assert!(page.contains("&quot;&gt;&lt;script&gt;") && !page.contains("<script"));
}

#[tokio::test]
async fn the_hidden_token_must_equal_the_cookie() {
    let pool = TestPool::start().await;
    let login = login_url(&pool).await;
    let form = LoginForm::fetch(&pool.browser, &login).await;
    let elsewhere = new_browser();
    let stolen = form.submit(&elsewhere, DEV_USERNAME, DEV_PASSWORD).await;
    assert_eq!(stolen.status(), StatusCode::FORBIDDEN);
    // A second form replaces the cookie, so the first can no longer be sent.
    let newer = LoginForm::fetch(&pool.browser, &login).await;
    assert_eq!(form.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await.status(), StatusCode::FORBIDDEN);
    assert_eq!(newer.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn the_form_must_be_sent_within_five_minutes() {
    let pool = TestPool::start().await;
    let login = login_url(&pool).await;
    let form = LoginForm::fetch(&pool.browser, &login).await;
    pool.cognito.advance(300);
    let answer = form.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert!(answer.text().await.unwrap().contains("Something went wrong"));
    let form = LoginForm::fetch(&pool.browser, &login).await;
    pool.cognito.advance(299);
    assert_eq!(form.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await.status(), StatusCode::FOUND);
}

#[tokio::test]
async fn a_session_answers_silently_for_other_scopes_and_other_clients() {
    let pool = TestPool::start().await;
    pool.code(&request()).await;
    for parameters in [request(), request().with("scope", "openid profile"), request().with("client_id", PUBLIC_CLIENT)]
    {
        let location = location(&pool.authorize(&parameters).await);
        assert!(location.starts_with(&format!("{CALLBACK}?code=")), "{location}");
    }
    let stranger = new_browser();
    let answer = stranger.get(pool.authorize(&request()).await.url().clone()).send().await.unwrap();
    assert!(location(&answer).starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn the_session_lasts_an_hour_and_using_it_does_not_extend_it() {
    let pool = TestPool::start().await;
    pool.code(&request()).await;
    pool.cognito.advance(HOUR - 60);
    assert!(location(&pool.authorize(&request()).await).starts_with(CALLBACK));
    pool.cognito.advance(60);
    assert!(location(&pool.authorize(&request()).await).starts_with(&pool.url("/login?")));
}

#[tokio::test]
async fn the_login_page_checks_the_request_like_authorize() {
    let pool = TestPool::start().await;
    let login = login_url(&pool).await;
    let bad = login.replace("localhost%3A8787", "evil.example");
    assert_ne!(bad, login);
    assert!(location(&pool.browser.get(&bad).send().await.unwrap()).contains("error=redirect_mismatch"));
    assert!(location(&pool.browser.post(&bad).send().await.unwrap()).contains("error=redirect_mismatch"));
    assert_eq!(pool.browser.get(&login).send().await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn managed_login_names_the_field_differently_and_fills_in_the_hint() {
    let pool = TestPool::start().await;
    let hinted = request().with("login_hint", "demo@example.com");
    let classic = LoginForm::fetch(&pool.browser, &location(&pool.authorize(&hinted).await)).await;
    assert!(!classic.html.contains("value=\"demo@example.com\""));
    pool.cognito.set_mode(Mode { login: LoginPages::Managed, ..Mode::default() });
    let managed = LoginForm::fetch(&pool.browser, &location(&pool.authorize(&hinted).await)).await;
    assert!(managed.html.contains("value=\"demo@example.com\""));
    assert_eq!(managed.hidden[0].0, "csrf");
    assert_eq!(managed.submit(&pool.browser, DEV_USERNAME, DEV_PASSWORD).await.status(), StatusCode::FOUND);
}
