//! What becomes of `state`.

use edgeward_cognito::{Mode, StateHandling};
use reqwest::StatusCode;

use crate::support::{TestPool, query, request};

async fn returned(pool: &TestPool, state: &str) -> Option<String> {
    query(&pool.sign_in(&request().with("state", state)).await, "state")
}

#[tokio::test]
async fn state_comes_back_as_sent() {
    let pool = TestPool::start().await;
    for state in ["abcXYZ019-_", "a+b/c==", "a%2Fb", "ä ö"] {
        assert_eq!(returned(&pool, state).await.as_deref(), Some(state));
    }
    assert_eq!(query(&pool.sign_in(&request().without("state")).await, "state"), None);
}

#[tokio::test]
async fn mangling_leaves_only_unpadded_base64url_alone() {
    let pool = TestPool::start().await;
    pool.cognito.set_mode(Mode { state: StateHandling::Mangle, ..Mode::default() });
    assert_eq!(returned(&pool, "abcXYZ019-_").await.as_deref(), Some("abcXYZ019-_"));
    assert_eq!(returned(&pool, "a+b").await.as_deref(), Some("a b"));
    assert_eq!(returned(&pool, "a%2Fb%3D").await.as_deref(), Some("a/b="));
}

#[tokio::test]
async fn a_percent_sign_without_hex_digits_is_an_empty_400() {
    let pool = TestPool::start().await;
    for state in ["%zz", "100%", "a%2"] {
        let answer = pool.authorize(&request().with("state", state)).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        assert_eq!(answer.text().await.unwrap(), "");
    }
    assert_eq!(pool.authorize(&request().with("state", "%7A")).await.status(), StatusCode::FOUND);
}
