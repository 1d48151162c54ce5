//! Key rotation as a verifier sees it.

use edgeward_cognito::{Endpoint, Fault, FaultKind, Forgery};
use rsa::pkcs1v15::{Signature, VerifyingKey};
use rsa::signature::Verifier;
use rsa::{BigUint, RsaPublicKey};
use serde_json::Value;
use sha2::Sha256;

use base64ct::{Base64UrlUnpadded, Encoding};

use crate::support::{TestPool, get, ok_json, part, request};

async fn key_set(pool: &TestPool) -> Vec<Value> {
    ok_json(get(pool.cognito.jwks_url()).await.unwrap()).await["keys"].as_array().unwrap().clone()
}

fn verifies(keys: &[Value], token: &str) -> bool {
    let kid = &part(token, 0)["kid"];
    let Some(key) = keys.iter().find(|key| key["kid"] == *kid) else { return false };
    let number =
        |name: &str| BigUint::from_bytes_be(&Base64UrlUnpadded::decode_vec(key[name].as_str().unwrap()).unwrap());
    let key = VerifyingKey::<Sha256>::new(RsaPublicKey::new(number("n"), number("e")).unwrap());
    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = Base64UrlUnpadded::decode_vec(signature).unwrap();
    key.verify(input.as_bytes(), &Signature::try_from(signature.as_slice()).unwrap()).is_ok()
}

fn minted(pool: &TestPool) -> [String; 2] {
    let order = Forgery::new();
    [pool.cognito.mint_access_token(&order).unwrap(), pool.cognito.mint_id_token(&order).unwrap()]
}

#[tokio::test]
async fn both_kinds_of_token_verify_with_the_published_keys() {
    let pool = TestPool::start().await;
    let tokens = pool.tokens(&request()).await;
    let keys = key_set(&pool).await;
    assert!(verifies(&keys, tokens.text("access_token")) && verifies(&keys, tokens.text("id_token")));
}

#[tokio::test]
async fn rotation_publishes_beside_switches_and_retires() {
    let pool = TestPool::start().await;
    let old = minted(&pool);
    let old_keys = key_set(&pool).await;

    pool.cognito.publish_next_keys();
    let both = key_set(&pool).await;
    assert_eq!(both.len(), 4);
    assert!(minted(&pool).iter().all(|token| verifies(&old_keys, token)));

    pool.cognito.rotate_keys();
    let new = minted(&pool);
    assert!(new.iter().all(|token| verifies(&both, token) && !verifies(&old_keys, token)));
    assert!(old.iter().all(|token| verifies(&both, token)));

    pool.cognito.retire_old_keys();
    let new_keys = key_set(&pool).await;
    assert_eq!(new_keys.len(), 2);
    assert!(new.iter().all(|token| verifies(&new_keys, token)));
    assert!(old.iter().all(|token| !verifies(&new_keys, token)));
}

#[tokio::test]
async fn a_wrong_key_set_has_the_right_names_and_verifies_nothing() {
    let pool = TestPool::start().await;
    let right = key_set(&pool).await;
    pool.cognito.set_fault(Fault::on(Endpoint::Jwks, FaultKind::WrongJwks).times(1));
    let wrong = key_set(&pool).await;
    let kids = |keys: &[Value]| keys.iter().map(|key| key["kid"].clone()).collect::<Vec<_>>();
    assert_eq!(kids(&wrong), kids(&right));
    let tokens = minted(&pool);
    assert!(tokens.iter().all(|token| !verifies(&wrong, token)));
    let again = key_set(&pool).await;
    assert!(tokens.iter().all(|token| verifies(&again, token)));
}

#[tokio::test]
async fn keys_can_rotate_just_before_a_token_is_issued() {
    let pool = TestPool::start().await;
    let before = key_set(&pool).await;
    pool.cognito.set_fault(Fault::on(Endpoint::Token, FaultKind::KeyRotation).times(1));
    let tokens = pool.tokens(&request()).await;
    assert!(!verifies(&before, tokens.text("access_token")));
    assert!(verifies(&key_set(&pool).await, tokens.text("access_token")));
}
