//! Groups, up to the limits of a pool, and the sizes that come of them.

use edgeward_cognito::{Cognito, Config, DEV_USERNAME};
use serde_json::{Value, json};

use crate::support::{TestPool, assert_granted, refresh, request};

/// As many and as long as a pool allows.
fn most() -> Vec<String> {
    (0..100).map(|number| format!("{number:03}{}", "g".repeat(125))).collect()
}

#[tokio::test]
async fn both_tokens_carry_all_the_groups_a_pool_allows() {
    let pool = TestPool::start_with(|config| config.users[0].groups = most()).await;
    let tokens = pool.tokens(&request()).await;
    for claims in [tokens.access(), tokens.id()] {
        assert_eq!(claims["cognito:groups"], json!(most()));
    }
    // 12,800 characters of names, with quotes and commas in base64.
    for name in ["access_token", "id_token"] {
        assert!((17_000..20_000).contains(&tokens.text(name).len()), "{name} has {}", tokens.text(name).len());
    }
}

#[tokio::test]
async fn a_pool_refuses_more_groups_and_longer_or_odd_names() {
    let with = |groups: Vec<String>| {
        let mut config = Config::default();
        config.users[0].groups = groups;
        config
    };
    with(most()).check().unwrap();
    with(vec!["Größe-ß_№1.(a)+\u{301}".to_owned()]).check().unwrap();
    let mut too_many = most();
    too_many.push("one-more".to_owned());
    for groups in
        [too_many, vec!["g".repeat(129)], vec![String::new()], vec!["a b".to_owned()], vec!["a\nb".to_owned()]]
    {
        let config = with(groups);
        assert!(config.check().is_err());
        assert!(Cognito::start(config).await.is_err());
    }
}

#[tokio::test]
async fn groups_change_at_the_next_refresh() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    assert_eq!(tokens.access()["cognito:groups"], json!(["demo-group"]));
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.groups = vec!["second".to_owned(), "first".to_owned()]));
    let later = assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    assert_eq!(later.access()["cognito:groups"], json!(["second", "first"]));
    assert!(pool.cognito.update_user(DEV_USERNAME, |user| user.groups.clear()));
    let later = assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    assert_eq!(later.access().get("cognito:groups"), None::<&Value>);
}
