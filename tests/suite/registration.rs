//! Dynamic client registration (RFC 7591), and the ids that come of it.

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, Result};
use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, http},
    client::REDIRECT_URI,
    edge::Sandbox,
};
use hmac::{Hmac, Mac as _};
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    faulty::until,
    settings::PRIVATE_USE_SCHEME,
    world::{World, refused, tests},
};

tests![
    the_answer_says_what_was_registered,
    a_client_that_names_no_method_gets_a_secret,
    the_same_metadata_give_the_same_public_client,
    nobody_gets_the_secret_of_another_client_with_the_same_metadata,
    a_caller_does_not_choose_its_id_or_secret,
    a_redirect_uri_that_could_lead_astray_is_refused,
    of_a_mixed_list_what_is_allowed_is_registered,
    cursor_registers_as_it_does,
    a_refusal_names_the_member_and_the_setting,
    a_name_that_cannot_be_seen_counts_as_absent,
    a_name_in_an_older_id_is_shown_as_it_would_be_registered_today,
    metadata_that_ask_for_what_is_not_offered_are_refused,
    a_body_that_is_not_metadata_is_refused,
    metadata_that_are_too_long_are_refused,
    a_long_name_is_cut,
];

const TOO_LARGE: StatusCode = StatusCode::PAYLOAD_TOO_LARGE;
const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// Any body of any type.
async fn post(world: &World, content_type: &str, body: impl Into<String>) -> Result<Answer> {
    let request = http()?.post(world.stack.url("/register")).header("content-type", content_type);
    Answer::to(request.body(body.into())).await
}

async fn register(world: &World, metadata: &Value) -> Result<Answer> {
    post(world, "application/json", metadata.to_string()).await
}

fn members(answer: &Answer) -> BTreeSet<&str> {
    answer.body.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect()
}

async fn the_answer_says_what_was_registered(world: Arc<World>) -> Result<()> {
    let metadata = json!({
        "client_name": "Wörkshop", "redirect_uris": [REDIRECT_URI, "https://client.example/callback"],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"], "application_type": "native", "scope": "mcp offline_access",
        "client_uri": "https://client.example/", "logo_uri": "https://client.example/logo.png",
        "tos_uri": "https://client.example/tos", "policy_uri": "https://client.example/policy",
        "contacts": ["admin@client.example"], "software_id": "workshop", "software_version": "2.1",
        "client_name#ja": "工房", "tos_uri#de-DE": "https://client.example/agb",
    });
    let mut sent = metadata.clone();
    sent["unknown"] = json!({ "x": 1 });
    sent["logo_uri#ja"] = "javascript:alert(1)".into();
    let answer = register(&world, &sent).await?;
    assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(answer.headers["cache-control"], "no-store, no-transform");
    let mut registered = answer.body.clone();
    let client_id = registered["client_id"].take();
    assert!(client_id.as_str().is_some_and(|id| id.is_ascii() && id.len() <= 1024), "{client_id}");
    registered.as_object_mut().expect("an object").remove("client_id");
    assert_eq!(registered, metadata);

    let code_only = json!({ "redirect_uris": [REDIRECT_URI], "grant_types": ["authorization_code"] });
    assert_eq!(register(&world, &code_only).await?.body["grant_types"], json!(["authorization_code"]));
    Ok(())
}

async fn a_client_that_names_no_method_gets_a_secret(world: Arc<World>) -> Result<()> {
    let silent = register(&world, &json!({ "redirect_uris": [REDIRECT_URI] })).await?;
    assert_eq!(silent.text("token_endpoint_auth_method"), "client_secret_basic");
    for method in ["client_secret_basic", "client_secret_post"] {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method });
        let answer = register(&world, &metadata).await?;
        assert_eq!((answer.status, answer.text("token_endpoint_auth_method")), (StatusCode::CREATED, method));
        assert!(answer.text("client_secret").len() >= 43);
        assert_eq!(answer.body["client_secret_expires_at"], 0);
    }
    let metadata = json!({ "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none" });
    let public = register(&world, &metadata).await?;
    assert!(!members(&public).contains("client_secret") && !members(&public).contains("client_secret_expires_at"));
    Ok(())
}

async fn the_same_metadata_give_the_same_public_client(world: Arc<World>) -> Result<()> {
    let metadata = |name: &str| json!({ "client_name": name, "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none" });
    let (first, second) = (register(&world, &metadata("Twice")).await?, register(&world, &metadata("Twice")).await?);
    assert_eq!((first.status, &first.body), (StatusCode::CREATED, &second.body));
    let other = register(&world, &metadata("Once")).await?;
    assert_ne!(other.text("client_id"), first.text("client_id"));
    Ok(())
}

async fn nobody_gets_the_secret_of_another_client_with_the_same_metadata(world: Arc<World>) -> Result<()> {
    for method in [Value::Null, json!("client_secret_basic"), json!("client_secret_post")] {
        let metadata = json!({
            "client_name": "Known to everybody", "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": method,
        });
        let (first, second) = (register(&world, &metadata).await?, register(&world, &metadata).await?);
        assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
        assert_ne!(first.text("client_id"), second.text("client_id"), "{method}");
        assert_ne!(first.text("client_secret"), second.text("client_secret"), "{method}");
        // Each secret is good for its own client only.
        for (client, secret, status) in [(&first, &first, BAD), (&first, &second, StatusCode::UNAUTHORIZED)] {
            let form = [("grant_type", "refresh_token"), ("refresh_token", "nonsense")];
            let request = http()?.post(world.stack.url("/token")).form(&form);
            let request = match client.text("token_endpoint_auth_method") {
                "client_secret_post" => http()?.post(world.stack.url("/token")).form(&[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "nonsense"),
                    ("client_id", client.text("client_id")),
                    ("client_secret", secret.text("client_secret")),
                ]),
                _ => request.basic_auth(client.text("client_id"), Some(secret.text("client_secret"))),
            };
            assert_eq!(Answer::to(request).await?.status, status, "{method}");
        }
    }
    Ok(())
}

async fn a_caller_does_not_choose_its_id_or_secret(world: Arc<World>) -> Result<()> {
    let metadata = json!({
        "redirect_uris": [REDIRECT_URI], "client_id": "chosen", "client_secret": "chosen-by-the-caller",
        "client_secret_expires_at": 1, "registration_access_token": "chosen", "issuer": "https://evil.example",
    });
    let answer = register(&world, &metadata).await?;
    assert_eq!(answer.status, StatusCode::CREATED);
    assert!(!answer.body.to_string().contains("chosen"), "{}", answer.body);
    assert_eq!(answer.body["client_secret_expires_at"], 0);
    assert!(!members(&answer).contains("registration_access_token") && !members(&answer).contains("issuer"));
    Ok(())
}

async fn a_redirect_uri_that_could_lead_astray_is_refused(world: Arc<World>) -> Result<()> {
    for bad in [
        "http://client.example/callback",
        "http://127.0.0.2/callback",
        "http://localhost.client.example/callback",
        "https://client.example/callback#fragment",
        "https://client.example/callback#",
        "https://user@client.example/callback",
        "https:client.example/callback",
        "https://client.example/call back",
        "https://client.example\\@evil.example/callback",
        "//client.example/callback",
        "/callback",
        "",
        "cursor://other.extension/oauth/callback",
        "javascript:alert(1)",
        "data:text/html,hello",
    ] {
        let answer = register(&world, &json!({ "redirect_uris": [bad] })).await?;
        assert_eq!((bad, answer.status, answer.text("error")), (bad, BAD, "invalid_redirect_uri"));
        refused(&answer, BAD, "invalid_redirect_uri");
        // Among good ones, it is left out.
        let answer = register(&world, &json!({ "redirect_uris": [bad, REDIRECT_URI] })).await?;
        assert_eq!((bad, answer.status), (bad, StatusCode::CREATED));
        assert_eq!(answer.body["redirect_uris"], json!([REDIRECT_URI]));
    }
    for missing in [json!({}), json!({ "redirect_uris": [] })] {
        refused(&register(&world, &missing).await?, BAD, "invalid_redirect_uri");
    }
    for good in [
        "https://client.example/callback?kept=1",
        "http://localhost/callback",
        "http://127.0.0.1:1/callback",
        "http://[::1]:1/callback",
        &format!("{PRIVATE_USE_SCHEME}://callback"),
    ] {
        let answer = register(&world, &json!({ "redirect_uris": [REDIRECT_URI, good] })).await?;
        assert_eq!((good, answer.status), (good, StatusCode::CREATED));
    }
    Ok(())
}

async fn of_a_mixed_list_what_is_allowed_is_registered(world: Arc<World>) -> Result<()> {
    let all =
        json!(["vscode://a/cb", "https://a.example/cb", "http://a.example/cb", "http://localhost/cb", "nonsense"]);
    let metadata = json!({ "redirect_uris": all, "token_endpoint_auth_method": "none" });
    let answer = register(&world, &metadata).await?;
    assert_eq!(answer.body["redirect_uris"], json!(["https://a.example/cb", "http://localhost/cb"]));
    let client = HandMade::named(&world.stack, answer.text("client_id"))?;
    for (uri, status) in [("https://a.example/cb", 200), ("http://localhost:4711/cb", 200), ("vscode://a/cb", 400)] {
        let url = client.authorization_url(&client.authorization().with("redirect_uri", uri))?;
        assert_eq!(Browser::new()?.get(&url).await?.status.as_u16(), status, "{uri}");
    }
    Ok(())
}

async fn cursor_registers_as_it_does(world: Arc<World>) -> Result<()> {
    let native = "cursor://anysphere.cursor-mcp/oauth/callback";
    let uris = json!([native, "https://www.cursor.com/agents/mcp/oauth/callback", "http://localhost:8787/callback"]);
    let metadata = json!({
        "client_name": "Cursor", "redirect_uris": uris, "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
    });
    // The stack that suites share has set the setting; this one is as it comes.
    let mut variables = world.stack.variables().clone();
    variables.remove(names::PRIVATE_USE_SCHEMES);
    let edge = world.stack.start_edge("cursor-edge", Sandbox::default(), &variables).await?;
    let answer = Answer::to(http()?.post(format!("{}/register", edge.url())).json(&metadata)).await?;
    assert_eq!((answer.status, &answer.body["redirect_uris"]), (StatusCode::CREATED, &uris));
    let client = HandMade::named(&world.stack, answer.text("client_id"))?.at(edge.url());
    let authorization = client.authorization().with("redirect_uri", native);
    let page = Browser::new()?.get(&client.authorization_url(&authorization)?).await?;
    assert_eq!(page.status, StatusCode::OK, "{}", page.summary());
    edge.stop();
    Ok(())
}

async fn a_refusal_names_the_member_and_the_setting(world: Arc<World>) -> Result<()> {
    for (member, value, told) in [
        (
            "redirect_uris",
            json!(["vscode://a/cb"]),
            "scheme that is not allowed here (EDGEWARD_PRIVATE_USE_SCHEMES): vscode://a/cb",
        ),
        ("redirect_uris", json!(["http://a.example/cb"]), "http that is not loopback: http://a.example/cb"),
        ("redirect_uris", json!([7]), "`redirect_uris`"),
        ("client_name", json!([]), "`client_name`"),
        ("token_endpoint_auth_method", json!("self_signed_tls_client_auth"), "`self_signed_tls_client_auth`"),
    ] {
        let mut metadata = json!({ "redirect_uris": [REDIRECT_URI] });
        metadata[member] = value;
        let mark = world.log_mark();
        let answer = register(&world, &metadata).await?;
        assert_eq!(answer.status, BAD);
        assert!(answer.text("error_description").contains(told), "{told}: {}", answer.body);
        let is_logged = || {
            let records = world.stack.edge().records_after(mark);
            records.iter().any(|record| record["reason"].as_str().is_some_and(|reason| reason.contains(told)))
        };
        until("the log says it", is_logged).await?;
    }
    Ok(())
}

async fn a_name_that_cannot_be_seen_counts_as_absent(world: Arc<World>) -> Result<()> {
    for (name, shown) in [
        ("\u{200b}\u{2063} \u{ad}", None),
        ("\u{3164}\u{115f}\u{ffa0}", None),
        ("\u{2800}\u{2800}", None),
        ("\u{e0041}\u{fe0f}\u{34f}", None),
        ("Cl\u{200d}au\u{202e}de", Some("Claude")),
        ("Two\u{a0}\n words", Some("Two words")),
    ] {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI], "client_name": name });
        let answer = register(&world, &metadata).await?;
        assert_eq!(answer.body.get("client_name").and_then(Value::as_str), shown, "{name:?}");
    }
    Ok(())
}

async fn a_name_in_an_older_id_is_shown_as_it_would_be_registered_today(world: Arc<World>) -> Result<()> {
    // As a version made it that let every character into a name.
    let registration = json!({ "r": [REDIRECT_URI], "n": "Cl\u{200d}au\u{202e}de\u{ad}", "m": "n" });
    let keys: Value = serde_json::from_str(&world.keys)?;
    let key = keys["keys"].as_array().into_iter().flatten().find(|key| key["alg"] == "HS256").context("no key")?;
    let text = |member: &str| key[member].as_str().context("no text");
    let encoded = Base64UrlUnpadded::encode_string(registration.to_string().as_bytes());
    let signed = format!("dcr.{}.{encoded}", text("kid")?);
    let secret = Base64UrlUnpadded::decode_vec(text("k")?).context("no base64url")?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret)?;
    mac.update(format!("client_id/1\0{signed}").as_bytes());
    let code = Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes());
    let client = HandMade::named(&world.stack, &format!("{signed}.{code}"))?;
    let page = Browser::new()?.get(&client.authorization_url(&client.authorization())?).await?;
    assert!(page.status == StatusCode::OK && page.body.contains("<bdi>Claude</bdi>"), "{}", page.summary());
    Ok(())
}

async fn metadata_that_ask_for_what_is_not_offered_are_refused(world: Arc<World>) -> Result<()> {
    for (member, bad, good) in [
        ("token_endpoint_auth_method", json!("private_key_jwt"), json!("none")),
        ("grant_types", json!(["client_credentials"]), json!(["authorization_code", "client_credentials"])),
        ("grant_types", json!(["refresh_token"]), json!(["authorization_code", "refresh_token"])),
        ("response_types", json!(["token"]), json!(["code", "token"])),
        ("redirect_uris", json!(REDIRECT_URI), json!([REDIRECT_URI])),
        ("client_name", json!(["a", "list"]), json!("a name")),
    ] {
        let mut metadata = json!({ "redirect_uris": [REDIRECT_URI] });
        metadata[member] = bad;
        refused(&register(&world, &metadata).await?, BAD, "invalid_client_metadata");
        metadata[member] = good;
        assert_eq!(register(&world, &metadata).await?.status, StatusCode::CREATED, "{metadata}");
    }
    Ok(())
}

async fn a_body_that_is_not_metadata_is_refused(world: Arc<World>) -> Result<()> {
    let good = json!({ "redirect_uris": [REDIRECT_URI] }).to_string();
    for bad in ["", "[]", "null", "redirect_uris=x", &good[1..]] {
        refused(&post(&world, "application/json", bad).await?, BAD, "invalid_client_metadata");
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded"] {
        refused(&post(&world, content_type, &*good).await?, BAD, "invalid_client_metadata");
    }
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        assert_eq!(post(&world, content_type, &*good).await?.status, StatusCode::CREATED);
    }
    Ok(())
}

async fn metadata_that_are_too_long_are_refused(world: Arc<World>) -> Result<()> {
    let uris = |count: usize, length: usize| -> Vec<_> {
        (10..10 + count).map(|number| format!("https://client.example/{}{number}", "p".repeat(length - 25))).collect()
    };
    let register = async |uris: Vec<String>| register(&world, &json!({ "redirect_uris": uris })).await;
    refused(&register(uris(17, 25)).await?, BAD, "invalid_redirect_uri");
    assert_eq!(register(uris(16, 25)).await?.status, StatusCode::CREATED);
    refused(&register(uris(1, 2049)).await?, BAD, "invalid_redirect_uri");
    // The id must stay within a kilobyte.
    refused(&register(uris(10, 100)).await?, BAD, "invalid_client_metadata");
    assert_eq!(register(uris(5, 100)).await?.status, StatusCode::CREATED);

    let padded = |length: usize| {
        let metadata = json!({ "redirect_uris": [REDIRECT_URI] }).to_string();
        format!("{metadata}{}", " ".repeat(length - metadata.len()))
    };
    let too_large = post(&world, "application/json", padded(32 * 1024 + 1)).await?;
    refused(&too_large, TOO_LARGE, "invalid_client_metadata");
    assert_eq!(post(&world, "application/json", padded(32 * 1024)).await?.status, StatusCode::CREATED);
    Ok(())
}

async fn a_long_name_is_cut(world: Arc<World>) -> Result<()> {
    for (name, registered) in [("é".repeat(64), "é".repeat(64)), ("é".repeat(65), "é".repeat(64))] {
        let answer = register(&world, &json!({ "redirect_uris": [REDIRECT_URI], "client_name": name })).await?;
        assert_eq!((answer.status, answer.text("client_name")), (StatusCode::CREATED, registered.as_str()));
    }
    Ok(())
}
