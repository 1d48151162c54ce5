//! What the API can change about an app client, and what it must leave.

use serde_json::{Value, json};

use super::Scene;
use crate::{aws::START, world::World};

/// Each defect of a client: what breaks it, the words that name it, and whether the API can mend it.
#[tokio::test(flavor = "multi_thread")]
async fn every_defect_of_a_client_is_named_and_mended() {
    type Break = fn(&mut Value);
    let defects: [(&str, Break, &str); 10] = [
        (
            "callback",
            |client| client["CallbackURLs"] = json!(["https://other.example/cb"]),
            "does not have the callback URL",
        ),
        ("sign-out", |client| client["LogoutURLs"] = json!([]), "does not have the sign-out URL"),
        ("implicit", |client| client["AllowedOAuthFlows"] = json!(["code", "implicit"]), "allows other flows"),
        (
            "code",
            |client| client["AllowedOAuthFlows"] = json!(["implicit"]),
            "does not allow the authorization code flow",
        ),
        ("scopes", |client| client["AllowedOAuthScopes"] = json!(["openid"]), "does not allow the scope email"),
        ("revocation", |client| client["EnableTokenRevocation"] = json!(false), "does not allow tokens to be revoked"),
        ("provider", |client| client["SupportedIdentityProviders"] = json!([]), "has no identity provider"),
        ("rotation", |client| client["RefreshTokenRotation"] = Value::Null, "does not rotate refresh tokens"),
        (
            "grace",
            |client| client["RefreshTokenRotation"]["RetryGracePeriodSeconds"] = json!(0),
            "with a grace period of 0 seconds",
        ),
        (
            "access tokens",
            |client| {
                client["AccessTokenValidity"] = json!(5);
                client["TokenValidityUnits"]["AccessToken"] = json!("minutes");
            },
            "has access tokens that are good for 300 seconds",
        ),
    ];
    let scene = Scene::begun(&[]).await;
    scene.run(&["keygen", "--now", &START.to_string()]).await.succeeds();
    let good = scene.world.aws().app_client.clone();
    for (name, break_it, words) in defects {
        let mut client = good.clone();
        // A member that no release of the SDK knows stays as well.
        client["SomethingOfNextYear"] = json!({ "Enabled": true });
        client["WriteAttributes"] = json!(["name"]);
        break_it(&mut client);
        scene.world.aws().app_client = client.clone();
        let ran = scene.run(&["check"]).await;
        assert!(ran.all().contains(words), "{name}: {words:?} is not in {ran:#?}");
        assert!(ran.all().contains("edgeward check --fix"), "{name}: {ran:#?}");
        let ran = scene.run(&["check", "--fix", "--dry-run"]).await;
        assert!(ran.all().contains("would give the app client"), "{name}: {ran:#?}");
        assert_eq!(scene.world.aws().app_client, client, "{name}: nothing was changed");
        let ran = scene.run(&["check", "--fix"]).await;
        assert!(!ran.all().contains(words), "{name}: {ran:#?}");
        let fixed = scene.world.aws().app_client.clone();
        assert_eq!(fixed["SomethingOfNextYear"], client["SomethingOfNextYear"], "{name}");
        assert_eq!(fixed["WriteAttributes"], client["WriteAttributes"], "{name}");
        for url in client["CallbackURLs"].as_array().unwrap() {
            assert!(fixed["CallbackURLs"].as_array().unwrap().contains(url), "{name}: {url} is lost");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn init_mends_with_fix_and_without_it_says_how() {
    let scene = Scene::new().await;
    scene.world.aws().app_client["CallbackURLs"] = json!([]);
    let ran = scene.init(&[]).await.fails_with("does not have the callback URL");
    assert!(ran.all().contains("edgeward.toml was not written") && !scene.has_file(), "{ran:#?}");
    assert!(scene.world.aws().parameters.is_empty(), "no secret was stored");
    scene.init(&["--fix"]).await.succeeds();
    assert!(scene.has_file());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stacks_app_client_is_not_mended_by_hand() {
    let world = World::complete().await;
    world.run(&["check", "--fix"]).await.fails_with("the stacks own this one");
    assert!(!world.aws().changes.iter().any(|change| change.starts_with("Update")));
}
