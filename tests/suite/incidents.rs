//! What SECURITY.md tells operators to do after a leak or a theft, done: the operator's tool and Cognito's administration, in
//! front of a running edge and an origin that reads its parameters. What was stolen is worth nothing afterwards, and everybody
//! else goes on as stated.

// The operator's tool is tested against the same.
#[path = "../../infra/edgeward/tests/tool/aws.rs"]
#[allow(dead_code, reason = "the tool's tests use all of it")]
mod aws;
pub(crate) mod scene;

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use ed25519_dalek::SigningKey;
use edgeward_identity::{Identity, Kind, UnixTime, assertion, names::IDENTITY_HEADER};
use edgeward_tests::{
    browser::{Browser, Decision, Landing, query},
    by_hand::{self, HandMade, redirect_uri},
    edge::Capability,
};
use reqwest::StatusCode;
use serde_json::Value;
use tokio::time::timeout;

use self::scene::Scene;
use crate::{
    sessions::Session,
    settings::OTHER_USER,
    world::{World, part, refused, sign, tests},
};

tests![
    a_leaked_signing_key_is_refused_by_the_edge_and_the_origin,
    everybody_is_signed_out_with_the_sealing_key,
    a_leaked_registration_key_knows_no_client,
    a_leaked_session_key_ends_the_sessions_made_with_it,
    a_leaked_client_secret_is_replaced_and_grants_go_on,
    a_stolen_laptop_is_shut_out,
];

const OK: StatusCode = StatusCode::OK;
const BAD: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// An access token with the claims of another one and another user, signed with a key of `EDGEWARD_KEYS`.
fn forged(token: &str, key: &Value) -> Result<String> {
    let secret = Base64UrlUnpadded::decode_vec(key["d"].as_str().context("no private key")?)?;
    let key = SigningKey::from_bytes(secret.as_slice().try_into()?);
    let mut claims = part(token, 1);
    claims["sub"] = "somebody-else".into();
    Ok(sign(&key, &part(token, 0), &claims))
}

/// What an origin answers somebody who comes past the edge, with an assertion signed with a key of `EDGEWARD_KEYS`.
async fn past_the_edge(scene: &Scene, key: &Value) -> Result<StatusCode> {
    let now = UnixTime::from_secs(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs());
    let identity = Identity {
        issuer: scene.front.url(),
        audience: scene.origin_url.clone(),
        subject: "somebody-else".to_owned(),
        kind: Kind::User,
        client_id: "made-up".to_owned(),
        scopes: vec!["mcp".to_owned()],
        username: None,
        email: None,
        unverified_email: None,
        groups: Vec::new(),
        auth_time: None,
        grant_id: "made-up".to_owned(),
    };
    let assertion = assertion::mint(&identity, &edgeward_identity::SigningKey::from_value(key)?, now, 60)?;
    let request = by_hand::whoami(&format!("{}/mcp", scene.origin_url))?.header(IDENTITY_HEADER, assertion);
    Ok(request.send().await?.status())
}

/// The edge refuses tokens from the moment that it has the new settings; the origin, from the first call with the new key on.
/// That an origin without such a call follows within ten minutes is shown by `origin/tests/key_fetching.rs`.
async fn a_leaked_signing_key_is_refused_by_the_edge_and_the_origin(world: Arc<World>) -> Result<()> {
    let scene = world.incidents().await?;
    let [leaked] = &scene.keys("sign-")?[..] else { panic!("not one signing key") };
    let client = scene.client(&world).await?;
    let tokens = client.tokens().await?;
    let forged = forged(tokens.text("access_token"), leaked)?;
    assert_eq!((scene.call(&forged).await?, past_the_edge(scene, leaked).await?), (OK, OK), "it is worth something");

    let said = scene.leaked("signing").await?;
    assert!(
        said.contains("nobody whose client has a refresh token has to sign in again for the signing key"),
        "{said}"
    );
    assert!(!scene.parameter("origin/jwks")?.contains(leaked["kid"].as_str().context("no id")?));
    scene.roll_out().await?;
    for token in [&forged, tokens.text("access_token")] {
        assert_eq!(scene.call(token).await?, UNAUTHORIZED);
    }
    // Clients refresh and go on, and with that the origin knows. It asks for keys every ten seconds at the most.
    let refreshed = scene.refresh(&client, &tokens).await?;
    assert_eq!(refreshed.status, OK, "{}", refreshed.text("error"));
    let goes_on = async {
        while scene.call(refreshed.text("access_token")).await? != OK {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        anyhow::Ok(())
    };
    timeout(Duration::from_secs(15), goes_on).await.context("calls do not go on")??;
    assert_eq!(past_the_edge(scene, leaked).await?, UNAUTHORIZED);
    assert_eq!(scene.call(&forged).await?, UNAUTHORIZED);
    Ok(())
}

/// The same command signs everybody out, whether anything has leaked or not.
async fn everybody_is_signed_out_with_the_sealing_key(world: Arc<World>) -> Result<()> {
    let scene = world.incidents().await?;
    let client = scene.client(&world).await?;
    let (tokens, mut browser) = (client.tokens().await?, Browser::new()?);
    let code = client.again()?;
    let redemption = code.redemption(&code.code(&mut browser).await?);
    assert_eq!(scene.call(tokens.text("access_token")).await?, OK);

    let said = scene.leaked("sealing").await?;
    assert!(said.contains("everybody has to sign in again"), "{said}");
    scene.roll_out().await?;
    assert_eq!(scene.call(tokens.text("access_token")).await?, UNAUTHORIZED, "at once");
    refused(&scene.refresh(&client, &tokens).await?, BAD, "invalid_grant");
    refused(&code.token(&redemption).await?, BAD, "invalid_grant");
    // The client stays registered, and its user signs in again.
    let again = client.again()?.tokens().await?;
    assert_eq!(scene.call(again.text("access_token")).await?, OK);
    Ok(())
}

async fn a_leaked_registration_key_knows_no_client(world: Arc<World>) -> Result<()> {
    let scene = world.incidents().await?;
    let client = scene.client(&world).await?;
    let tokens = client.tokens().await?;
    let said = scene.leaked("registration").await?;
    assert!(said.contains("users of clients that have registered themselves have to sign in again"), "{said}");
    scene.roll_out().await?;
    refused(&scene.refresh(&client, &tokens).await?, UNAUTHORIZED, "invalid_client");
    let url = client.authorization_url(&client.authorization())?;
    assert_eq!(Browser::new()?.get(&url).await?.status, BAD, "no user is asked");
    assert_eq!(scene.call(tokens.text("access_token")).await?, OK, "until it expires");
    let registered_again = scene.client(&world).await?.tokens().await?;
    assert_eq!(scene.call(registered_again.text("access_token")).await?, OK);
    Ok(())
}

/// A task that is not restarted reads the key within ten minutes: see `origin/tests/other_task.rs`.
async fn a_leaked_session_key_ends_the_sessions_made_with_it(world: Arc<World>) -> Result<()> {
    let scene = world.incidents().await?;
    let tokens = scene.client(&world).await?.tokens().await?;
    let open = async || {
        let session = Session::open_at(format!("{}/mcp", scene.front.url()), tokens.text("access_token").to_owned());
        session.await
    };
    let session = open().await?;
    session.whoami(2).await?;
    let said = scene.leaked("session").await?;
    assert!(said.contains("nobody has to sign in again for the session key"), "{said}");
    scene.restart_origin().await?;
    let ended = session.whoami(3).await.expect_err("the session goes on");
    assert!(ended.to_string().contains("404"), "so that clients initialize anew: {ended}");
    open().await?.whoami(2).await.map(drop)
}

async fn a_leaked_client_secret_is_replaced_and_grants_go_on(world: Arc<World>) -> Result<()> {
    let scene = world.incidents().await?;
    let client = scene.client(&world).await?;
    let tokens = client.tokens().await?;
    let said = scene.leaked("client-secret").await?;
    assert!(said.contains("nobody has to sign in again for the client secret"), "{said}");
    // From here on Cognito knows the new one alone.
    scene.settle_client_secrets();
    // An instance that has the old one loses nobody's grant.
    refused(&scene.refresh(&client, &tokens).await?, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    scene.roll_out().await?;
    let refreshed = scene.refresh(&client, &tokens).await?;
    assert_eq!(refreshed.status, OK, "{}", refreshed.text("error"));
    assert_eq!(scene.call(refreshed.text("access_token")).await?, OK);
    Ok(())
}

/// The thief has tokens of two clients, the older refresh token of one of them, and the browser.
async fn a_stolen_laptop_is_shut_out(world: Arc<World>) -> Result<()> {
    let mut browser = Browser::new()?;
    let (one, other) = (HandMade::register(&world.stack).await?, HandMade::register(&world.stack).await?);
    let sign_in = async |client: &HandMade, browser: &mut Browser| {
        let url = client.authorization_url(&client.authorization())?;
        let callback = browser.sign_in(&url, &redirect_uri(), OTHER_USER).await?;
        let answer = client.token(&client.redemption(&query(&callback, "code").context("no code")?)).await?;
        assert_eq!(answer.status, OK, "{}", answer.text("error"));
        anyhow::Ok(answer)
    };
    let first = sign_in(&one, &mut browser).await?;
    let ones = one.token(&one.refreshing(first.text("refresh_token"))).await?;
    let others = sign_in(&other, &mut Browser::new()?).await?;

    let (cognito, name) = (world.stack.cognito(), OTHER_USER.name);

    // To sign the user out is not enough: the thief's browser signs in again, and needs no password.
    cognito.sign_out_globally(name);
    for (client, token) in [(&one, &ones), (&other, &others)] {
        refused(&client.token(&client.refreshing(token.text("refresh_token"))).await?, BAD, "invalid_grant");
    }
    let thief = one.again()?;
    let Landing::Client(callback) = lands(&mut browser, &thief).await? else { panic!("the browser is asked") };
    let code = query(&callback, "code").context("no code")?;
    let thiefs = thief.token(&thief.redemption(&code)).await?;
    assert_eq!(thiefs.status, OK, "{}", thiefs.text("error"));

    assert!(cognito.update_user(name, |user| user.enabled = false));
    cognito.sign_out_globally(name);
    refused(&thief.token(&thief.refreshing(thiefs.text("refresh_token"))).await?, BAD, "invalid_grant");
    // An answer that the edge remembers for a minute gives no refresh token that works.
    let remembered = one.token(&one.refreshing(first.text("refresh_token"))).await?;
    if remembered.status == OK {
        refused(&one.token(&one.refreshing(remembered.text("refresh_token"))).await?, BAD, "invalid_grant");
    }
    let landing = lands(&mut browser, &one).await?;
    assert!(matches!(landing, Landing::Page(_)), "the browser signs the thief in: {landing:?}");

    // What goes on, and for how long: 15 minutes, by the default of EDGEWARD_ACCESS_TOKEN_SECONDS.
    let edge = world.stack.start_edge("edge-after-a-theft", Capability::Clock, world.stack.variables()).await?;
    let call = async |token: &str| -> Result<StatusCode> {
        Ok(by_hand::whoami(&format!("{}/mcp", edge.url()))?.bearer_auth(token).send().await?.status())
    };
    for token in [&ones, &others, &thiefs] {
        assert_eq!(call(token.text("access_token")).await?, OK);
    }
    edge.move_clock(900).await?;
    for token in [&ones, &others, &thiefs] {
        assert_eq!(call(token.text("access_token")).await?, UNAUTHORIZED);
    }
    edge.stop();

    // An hour later the session of the login pages is over, and the owner comes back with another password.
    cognito.advance(3_600);
    assert!(cognito.update_user(name, |user| {
        user.enabled = true;
        user.password = "another-password".to_owned();
    }));
    for (client, token) in [(&one, &ones), (&other, &others), (&thief, &thiefs)] {
        refused(&client.token(&client.refreshing(token.text("refresh_token"))).await?, BAD, "invalid_grant");
    }
    let landing = lands(&mut browser, &one).await?;
    assert!(matches!(landing, Landing::Page(_)), "the browser signs the thief in: {landing:?}");
    assert!(cognito.update_user(name, |user| user.password = OTHER_USER.password.to_owned()));
    sign_in(&one.again()?, &mut Browser::new()?).await?;
    Ok(())
}

/// Where a browser ends whose user lets a client in, without typing a name or password.
async fn lands(browser: &mut Browser, client: &HandMade) -> Result<Landing> {
    let consent = browser.open_consent(&client.authorization_url(&client.authorization())?).await?;
    let page = browser.decide(&consent, Decision::Allow).await?;
    browser.follow(page, &redirect_uri()).await
}
