//! Client assertions: each is good once, wherever it is shown.

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_core::Request;
use jwt_compact::{Algorithm, AlgorithmSignature, alg::Ed25519, jwk::JsonWebKey};
use serde_json::{Value, json};

use crate::{
    Scene, outcome,
    support::{ISSUER, START, TestEdge, post_form, shared_memory::Mode},
};

pub(crate) const URL: &str = "https://app.example/client";
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// A key of the tests' own; nothing else is signed with it.
const KEY: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"e1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

/// The client's document, with its key under this name.
pub(crate) fn document(key_id: &str) -> Value {
    let mut jwk: Value = serde_json::from_str(KEY).unwrap();
    jwk.as_object_mut().unwrap().remove("d");
    jwk["kid"] = key_id.into();
    json!({
        "client_id": URL, "client_name": "App", "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "private_key_jwt", "jwks": { "keys": [jwk] },
    })
}

/// A token request whose assertion has this id, and names this key. Only the refresh token is wrong.
pub(crate) fn showing(id: &str, key_id: &str) -> Request {
    let encode = |value: &Value| Base64UrlUnpadded::encode_string(value.to_string().as_bytes());
    let claims = json!({ "iss": URL, "sub": URL, "aud": ISSUER, "exp": START + 300, "jti": id });
    let message = format!("{}.{}", encode(&json!({ "alg": "EdDSA", "kid": key_id })), encode(&claims));
    let jwk = serde_json::from_slice::<JsonWebKey<'_>>(KEY.as_bytes()).unwrap();
    let key = <Ed25519 as Algorithm>::SigningKey::try_from(&jwk).unwrap();
    let signature = Base64UrlUnpadded::encode_string(&Ed25519.sign(&key, message.as_bytes()).as_bytes());
    let assertion = format!("{message}.{signature}");
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nonsense"),
        ("client_id", URL),
        ("client_assertion_type", TYPE),
        ("client_assertion", &assertion),
    ];
    post_form("/token", &[], &parameters)
}

pub(crate) fn proven() -> (u16, String) {
    (400, "invalid_grant".to_owned())
}

pub(crate) fn refused() -> (u16, String) {
    (401, "invalid_client".to_owned())
}

fn show(edge: &TestEdge, id: &str) -> (u16, String) {
    outcome(&edge.respond(showing(id, "e1")))
}

#[test]
fn an_assertion_is_refused_by_every_instance_after_the_first() {
    let scene = Scene::new();
    scene.world.reply_document(&document("e1"), |_| {});
    let [first, second] = [scene.instance(), scene.instance()];
    assert_eq!(show(&first, "one"), proven());
    for edge in [&second, &first, &scene.instance()] {
        assert_eq!(show(edge, "one"), refused());
        edge.advance(60);
    }
    assert_eq!(show(&second, "another"), proven());
    assert_eq!(show(&first, "another"), refused());
    assert!(scene.world.logged().iter().any(|line| line.contains("used before")), "{:?}", scene.world.logged());
}

#[test]
fn of_many_instances_at_once_one_accepts_an_assertion() {
    let scene = Scene::new();
    scene.world.reply_document(&document("e1"), |_| {});
    let answers = scene.together(&scene.instances(8), |_| showing("one", "e1"));
    let accepted = answers.iter().filter(|answer| outcome(answer) == proven()).count();
    assert_eq!(accepted, 1);
    assert!(answers.iter().all(|answer| [proven(), refused()].contains(&outcome(answer))));
}

#[test]
fn the_same_id_of_another_client_is_another_assertion() {
    let scene = Scene::new();
    let other = "https://other.example/client";
    scene.world.reply_document(&document("e1"), |_| {});
    assert_eq!(show(&scene.instance(), "one"), proven());
    // Signed by the first client, so that it is refused for that and not as a replay.
    let mut request = showing("one", "e1");
    request.body = edgeward_core::Body::Complete(
        String::from_utf8(request.body.bytes().unwrap().to_vec())
            .unwrap()
            .replace("app.example", "other.example")
            .into(),
    );
    let mut described = document("e1");
    described["client_id"] = other.into();
    scene.world.reply_document(&described, |_| {});
    assert_eq!(outcome(&scene.instance().respond(request)), refused());
    assert!(scene.world.logged().iter().all(|line| !line.contains("used before")), "{:?}", scene.world.logged());
}

#[test]
fn while_the_memory_is_broken_each_instance_decides_alone() {
    let scene = Scene::new();
    scene.memory.set(Mode::Fails);
    let [first, second] = [scene.instance(), scene.instance()];
    for edge in [&first, &second] {
        scene.world.reply_document(&document("e1"), |_| {});
        assert_eq!(show(edge, "one"), proven());
        assert_eq!(show(edge, "one"), refused());
    }
}

#[test]
fn an_assertion_is_refused_by_an_instance_whose_clock_is_behind() {
    let scene = Scene::new();
    scene.world.reply_document(&document("e1"), |_| {});
    // It has expired, but clocks may differ by a minute.
    scene.world.world.now.set(START + 340);
    assert_eq!(show(&scene.instance(), "once"), proven());
    scene.memory.ages(30);
    scene.world.world.now.set(START + 335);
    assert_eq!(show(&scene.instance(), "once"), refused());
}
