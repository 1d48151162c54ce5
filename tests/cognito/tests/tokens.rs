//! What is in the tokens.

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_cognito::{DEV_CLIENT_ID, Forgery, Signature};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::support::{TestPool, claims, names, part, request};

#[tokio::test]
async fn an_access_token_has_cognitos_claims_and_no_others() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let claims = tokens.access();
    assert_eq!(
        names(&claims),
        [
            "auth_time",
            "client_id",
            "cognito:groups",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "origin_jti",
            "scope",
            "sub",
            "token_use",
            "username",
            "version"
        ]
    );
    assert_eq!(claims["iss"], pool.cognito.issuer_url());
    assert_eq!((&claims["client_id"], &claims["token_use"]), (&json!(DEV_CLIENT_ID), &json!("access")));
    assert_eq!((&claims["username"], &claims["version"]), (&json!("demo"), &json!(2)));
    assert_eq!((&claims["scope"], &claims["cognito:groups"]), (&json!("openid email"), &json!(["demo-group"])));
    assert_eq!(number(&claims["exp"]) - number(&claims["iat"]), 3600);
    assert!((pool.cognito.now() - number(&claims["iat"])).abs() < 30);
    assert!((900..1300).contains(&tokens.text("access_token").len()));
}

#[tokio::test]
async fn an_id_token_names_client_nonce_and_access_token() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let claims = tokens.id();
    assert_eq!(
        names(&claims),
        [
            "at_hash",
            "aud",
            "auth_time",
            "cognito:groups",
            "cognito:username",
            "email",
            "email_verified",
            "event_id",
            "exp",
            "iat",
            "iss",
            "jti",
            "nonce",
            "origin_jti",
            "sub",
            "token_use"
        ]
    );
    assert_eq!((&claims["aud"], &claims["token_use"]), (&json!(DEV_CLIENT_ID), &json!("id")));
    assert_eq!((&claims["nonce"], &claims["email_verified"]), (&json!("a-nonce"), &json!(true)));
    let digest = Sha256::digest(tokens.text("access_token"));
    assert_eq!(claims["at_hash"], Base64UrlUnpadded::encode_string(&digest[..16]));
    for shared in ["sub", "origin_jti", "event_id", "auth_time"] {
        assert_eq!(claims[shared], tokens.access()[shared]);
    }
    assert_ne!(claims["jti"], tokens.access()["jti"]);
}

#[tokio::test]
async fn the_scope_decides_which_attributes_are_in_the_id_token() {
    let pool = TestPool::start().await;
    for (scope, email, name) in [("openid", true, true), ("openid email", true, false), ("openid profile", true, true)]
    {
        let claims = pool.tokens(&request().with("scope", scope)).await.id();
        assert_eq!((claims.contains_key("email"), claims.contains_key("name")), (email, name), "{scope}");
    }
}

#[tokio::test]
async fn headers_have_kid_and_alg_only_and_the_kinds_have_different_keys() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let (access, id) = (part(tokens.text("access_token"), 0), part(tokens.text("id_token"), 0));
    for header in [&access, &id] {
        assert_eq!((names(header), &header["alg"]), (vec!["alg", "kid"], &json!("RS256")));
    }
    assert_ne!(access["kid"], id["kid"]);
}

#[tokio::test]
async fn a_refresh_token_looks_like_an_encrypted_jwt() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let token = tokens.text("refresh_token");
    assert_eq!(token.split('.').count(), 5);
    assert_eq!(part(token, 0)["cty"], "JWT");
    assert!(token.starts_with(&Base64UrlUnpadded::encode_string(br#"{"cty":"JWT"#)[..14]));
    assert!((1_700..=1_852).contains(&token.len()), "{}", token.len());
}

#[tokio::test]
async fn settings_add_acr_and_amr_and_take_jti_away() {
    let pool = TestPool::start_with(|config| {
        config.acr = Some("urn:cognito:loa:1".to_owned());
        config.amr = vec!["pwd".to_owned()];
        config.app_clients[0].token_revocation = false;
        config.app_clients[0].access_token_validity = 300;
        config.users[0].groups.clear();
    })
    .await;
    let claims = pool.tokens(&request()).await.access();
    assert_eq!((&claims["acr"], &claims["amr"]), (&json!("urn:cognito:loa:1"), &json!(["pwd"])));
    assert_eq!(number(&claims["exp"]) - number(&claims["iat"]), 300);
    for absent in ["jti", "origin_jti", "cognito:groups"] {
        assert!(!claims.contains_key(absent));
    }
}

#[tokio::test]
async fn a_forgery_differs_in_what_was_ordered() {
    let pool = TestPool::start().await;
    let good = claims(&pool.cognito.mint_access_token(&Forgery::new()).unwrap());
    let order = Forgery::new().claim("exp", 1).without("username");
    let forged = claims(&pool.cognito.mint_access_token(&order).unwrap());
    assert_eq!((&forged["exp"], forged.get("username")), (&json!(1), None));
    assert_eq!((&forged["sub"], good.contains_key("username")), (&good["sub"], true));
    let id = pool.cognito.mint_id_token(&Forgery::new()).unwrap();
    assert_eq!(claims(&id)["token_use"], "id");
    assert!(pool.cognito.issued_secrets().iter().any(|secret| secret.value == id));
    let nobody = Forgery { username: Some("nobody".to_owned()), ..Forgery::new() };
    assert!(pool.cognito.mint_access_token(&nobody).is_none());
}

#[tokio::test]
async fn forged_signatures_are_named_as_ordered() {
    let pool = TestPool::start().await;
    let header = |signature| part(&pool.cognito.mint_access_token(&Forgery::new().signed(signature)).unwrap(), 0);
    let genuine = header(Signature::Genuine);
    let id_kid = part(&pool.cognito.mint_id_token(&Forgery::new()).unwrap(), 0)["kid"].clone();
    assert_eq!(header(Signature::OtherKind)["kid"], id_kid);
    assert_eq!(header(Signature::ForeignKey), genuine);
    assert_eq!(header(Signature::Damaged), genuine);
    assert_ne!(header(Signature::UnknownKey)["kid"], genuine["kid"]);
    assert_eq!(header(Signature::None)["alg"], "none");
    assert_eq!(header(Signature::HmacWithPublicKey)["alg"], "HS256");
}

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap()
}
