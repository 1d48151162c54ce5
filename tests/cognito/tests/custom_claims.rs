//! Claims from a pre token generation Lambda.

use edgeward_cognito::CustomClaims;
use serde_json::{Map, Value, json};

use crate::support::{MACHINE_CLIENT, MACHINE_SECRET, Parameters, TestPool, Tokens, assert_granted, refresh, request};

fn map(value: Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

async fn machine(pool: &TestPool) -> Tokens {
    let form = Parameters::new(&[
        ("grant_type", "client_credentials"),
        ("client_id", MACHINE_CLIENT),
        ("client_secret", MACHINE_SECRET),
    ]);
    assert_granted(pool.token(&form)).await
}

#[tokio::test]
async fn a_machine_token_can_have_any_audience_and_actor() {
    let pool = TestPool::start().await;
    assert!(!machine(&pool).await.access().contains_key("aud"));
    for aud in [json!(MACHINE_CLIENT), json!("https://elsewhere.example"), json!([MACHINE_CLIENT])] {
        let machine_token = map(json!({"aud": aud, "act": {"sub": "agent"}}));
        pool.cognito.set_custom_claims(CustomClaims { machine_token, ..CustomClaims::default() });
        let claims = machine(&pool).await.access();
        assert_eq!((&claims["aud"], &claims["act"]["sub"]), (&aud, &json!("agent")));
        assert_eq!(claims["client_id"], MACHINE_CLIENT);
    }
}

#[tokio::test]
async fn each_kind_of_token_has_its_own_changes_also_at_a_refresh() {
    let pool = TestPool::start().await;
    pool.cognito.set_custom_claims(CustomClaims {
        id_token: map(json!({"email": null, "plan": "gold"})),
        access_token: map(json!({"plan": "silver", "large": "x".repeat(10_000)})),
        machine_token: Map::new(),
    });
    let tokens = pool.tokens(&request()).await;
    let later = assert_granted(pool.token(&refresh(tokens.text("refresh_token")))).await;
    for tokens in [tokens, later] {
        assert_eq!((&tokens.id()["plan"], tokens.id().get("email")), (&json!("gold"), None));
        assert_eq!(tokens.access()["plan"], "silver");
        assert!(tokens.text("access_token").len() > 13_000);
    }
    assert!(!machine(&pool).await.access().contains_key("plan"));
}
