//! `POST /register`: what is registered and told back, and who may register.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use http::{Response, header};
use serde_json::{Value, json};
use sha2::Sha256;
use support::*;

const TOKEN: &str = "initial-access-token-of-32-chars";

fn register(edge: &TestEdge, metadata: &Value) -> Value {
    edge.register(&metadata.to_string())
}

fn attempt(edge: &TestEdge, authorization: Option<&str>) -> Response<String> {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.map(|value| ("authorization", value)));
    let body = r#"{"redirect_uris":["https://client.example/cb"]}"#;
    edge.respond(request(http::Method::POST, "/register", &headers, body))
}

#[test]
fn all_that_describes_a_client_is_told_back() {
    let metadata = json!({
        "redirect_uris": ["https://client.example/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "application_type": "native", "client_name": "App", "client_name#ja": "アプリ", "client_name#de-DE": "Programm",
        "client_uri": "https://app.example", "client_uri#fr": "https://app.example/fr",
        "logo_uri": "https://app.example/logo.png", "tos_uri": "https://app.example/tos",
        "policy_uri": "https://app.example/policy", "contacts": ["admin@app.example", "Somebody"],
        "scope": "mcp offline_access", "software_id": "4NRB1-0XZABZI9E6-5SM3R", "software_version": "1.0",
    });
    let mut answer = register(&TestEdge::new(), &metadata);
    assert!(answer.as_object_mut().unwrap().remove("client_id").is_some());
    assert_eq!(answer, metadata);
}

#[test]
fn what_is_not_registered_is_not_told_back() {
    let edge = TestEdge::new();
    for (member, value) in [
        ("client_id", json!("mine")),
        ("client_id#ja", json!("mine")),
        ("client_secret", json!("mine")),
        ("client_id_issued_at", json!(1)),
        ("registration_access_token", json!("mine")),
        ("registration_client_uri", json!("https://evil.example/")),
        ("issuer", json!("https://evil.example")),
        ("jwks_uri", json!("https://app.example/jwks")),
        ("software_statement", json!("a.b.c")),
        ("redirect_uris#ja", json!(["https://evil.example/"])),
        ("grant_types#ja", json!(["implicit"])),
        ("scope#ja", json!("mcp")),
        ("client_name#", json!("App")),
        ("client_name#not a tag", json!("App")),
        ("client_name#a\"b", json!("App")),
        ("client_name#ja", json!(["App"])),
        ("client_uri", json!("")),
        ("client_uri", json!("javascript:alert(1)")),
        ("logo_uri", json!("data:image/png;base64,AAAA")),
        ("logo_uri", json!(1)),
        ("tos_uri", json!("https://user:secret@app.example/")),
        ("policy_uri", json!(format!("https://app.example/{}", "x".repeat(600)))),
        ("scope", json!("unknown other")),
        ("scope", json!("\"")),
        ("application_type", json!("toaster")),
        ("contacts", json!("admin@app.example")),
        ("software_id", json!({})),
        ("constructor", json!("x")),
    ] {
        let mut metadata =
            json!({ "redirect_uris": ["https://client.example/cb"], "token_endpoint_auth_method": "none" });
        let plain = register(&edge, &metadata);
        metadata[member] = value.clone();
        assert_eq!(register(&edge, &metadata), plain, "{member}: {value}");
    }
    let metadata = json!({ "redirect_uris": ["https://client.example/cb"], "scope": "mcp unknown" });
    assert_eq!(register(&edge, &metadata)["scope"], "mcp");
}

#[test]
fn what_later_requests_do_not_need_is_not_kept() {
    let edge = TestEdge::new();
    let short = json!({
        "redirect_uris": ["https://client.example/cb"], "client_name": "App", "token_endpoint_auth_method": "none",
    });
    let mut long = short.clone();
    long["contacts"] = json!(vec!["x".repeat(64); 8]);
    for member in ["tos_uri", "policy_uri", "logo_uri"] {
        long[member] = json!(format!("https://app.example/{}", "x".repeat(400)));
    }
    assert_eq!(register(&edge, &long)["client_id"], register(&edge, &short)["client_id"]);
    // The site's host is kept where there is room for it.
    let mut with_site = short.clone();
    with_site["client_uri"] = json!("https://app.example/about");
    assert_ne!(register(&edge, &with_site)["client_id"], register(&edge, &short)["client_id"]);
    let full = |site: &str| {
        let uris: Vec<_> = (0..5).map(|i| format!("https://client.example/{i}{}", "x".repeat(92))).collect();
        json!({ "redirect_uris": uris, "client_uri": site, "token_endpoint_auth_method": "none" })
    };
    let without = register(&edge, &full(""));
    let site = format!("https://{}.example/", ["x".repeat(60), "y".repeat(60), "z".repeat(60)].join("."));
    let with = register(&edge, &full(&site));
    assert_eq!(with["client_id"], without["client_id"]);
    assert_eq!(with["client_uri"], site);
}

/// An id that an edge has made which looked at nothing.
fn id_of(registration: &Value) -> String {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["kid"] == "m1").unwrap();
    let key = Base64UrlUnpadded::decode_vec(key["k"].as_str().unwrap()).unwrap();
    let signed = format!("dcr.m1.{}", Base64UrlUnpadded::encode_string(registration.to_string().as_bytes()));
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    mac.update(format!("client_id/1\0{signed}").as_bytes());
    format!("{signed}.{}", Base64UrlUnpadded::encode_string(&mac.finalize().into_bytes()))
}

#[test]
fn a_name_in_an_older_id_is_shown_as_it_would_be_registered_today() {
    let edge = TestEdge::new();
    for (name, shown) in [
        (json!("Cl\u{200d}au\u{202e}de\u{ad}"), Some("Claude".to_owned())),
        (json!("x".repeat(300)), Some("x".repeat(64))),
        (json!("\u{2800}\u{200b}"), None),
        (json!("Claude"), Some("Claude".to_owned())),
    ] {
        let id = id_of(&json!({ "r": ["https://client.example/cb"], "n": name, "m": "n" }));
        let page = edge.get(&authorization_request(&id, &[])).into_body();
        let unnamed = id_of(&json!({ "r": ["https://client.example/cb"], "m": "n" }));
        let unnamed = edge.get(&authorization_request(&unnamed, &[])).into_body();
        let told =
            |page: &str| page.split("<h1>").nth(1).unwrap().split("name=\"transaction\"").next().unwrap().to_owned();
        match shown {
            Some(shown) => assert!(told(&page).contains(&format!("<bdi>{shown}</bdi>")), "{name}: {page}"),
            None => assert_eq!(told(&page), told(&unnamed), "{name}"),
        }
    }
}

#[test]
fn an_initial_access_token_is_asked_for_where_the_settings_say_so() {
    for tokens in [TOKEN.to_owned(), format!("{}-2 {TOKEN}", TOKEN)] {
        let edge = TestEdge::with(&[("EDGEWARD_REGISTRATION", "token"), ("EDGEWARD_REGISTRATION_TOKEN", &tokens)]);
        for bad in [
            None,
            Some("Bearer wrong".to_owned()),
            Some(format!("Bearer {}", &TOKEN[1..])),
            Some(format!("Bearer {TOKEN}x")),
            Some("Bearer ".to_owned()),
            Some(format!("Basic {TOKEN}")),
            Some(TOKEN.to_owned()),
            Some(format!("Bearer {tokens} x")),
        ] {
            let response = attempt(&edge, bad.as_deref());
            assert_eq!(response.status(), 401, "{bad:?}");
            assert!(response.body().contains("invalid_token"), "{}", response.body());
            let challenge = response.headers()[header::WWW_AUTHENTICATE].to_str().unwrap();
            assert_eq!(challenge.contains("invalid_token"), bad.is_some());
            assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store, no-transform");
        }
        assert_eq!(attempt(&edge, Some(&format!("Bearer {TOKEN}"))).status(), 201);
        assert!(edge.get("/.well-known/oauth-authorization-server").body().contains("registration_endpoint"));
    }
}

#[test]
fn registration_can_be_off_and_asks_for_no_token_when_it_is_open() {
    let off = TestEdge::with(&[("EDGEWARD_REGISTRATION", "off")]);
    let response = attempt(&off, Some(&format!("Bearer {TOKEN}")));
    assert_eq!(response.status(), 403);
    assert!(response.body().contains("access_denied"));
    assert!(!off.get("/.well-known/oauth-authorization-server").body().contains("registration_endpoint"));
    let open = TestEdge::new();
    assert_eq!(attempt(&open, Some("Bearer whatever")).status(), 201);
    assert_eq!(attempt(&open, None).status(), 201);
}

#[test]
fn redirect_hosts_are_the_operators_to_choose() {
    let edge = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "client.example *.good.example")]);
    let register = |uri: &str| {
        let metadata = json!({ "redirect_uris": [uri], "token_endpoint_auth_method": "none" }).to_string();
        let response = edge.respond(post("/register", "application/json", &metadata));
        let body: Value = serde_json::from_str(response.body()).unwrap();
        (response.status().as_u16(), body["error"].as_str().unwrap_or_default().to_owned())
    };
    for good in
        ["https://client.example/cb", "https://a.good.example/cb", "http://localhost/cb", "http://127.0.0.1:1/cb"]
    {
        assert_eq!(register(good).0, 201, "{good}");
    }
    for bad in ["https://evil.example/cb", "https://good.example/cb", "https://client.example.evil.example/cb"] {
        assert_eq!(register(bad), (400, "invalid_redirect_uri".to_owned()), "{bad}");
    }
    // Registered before the setting was made: what is not allowed any more falls out, the rest stays.
    let client_id = TestEdge::new().public_client();
    let narrow = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "other.example")]);
    assert_eq!(narrow.get(&authorization_request(&client_id, &[])).status(), 400);
    let loopback = [("redirect_uri", "http://localhost:1/cb")];
    assert_eq!(narrow.get(&authorization_request(&client_id, &loopback)).status(), 200);
    let without = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "!loopback")]);
    assert_eq!(without.get(&authorization_request(&client_id, &loopback)).status(), 400);
    assert_eq!(without.get(&authorization_request(&client_id, &[])).status(), 200);
    // The operator's own clients have the operator's own addresses.
    let clients = json!([{ "client_id": "known", "redirect_uris": ["https://client.example/cb"] }]).to_string();
    let settings = [("EDGEWARD_REDIRECT_HOSTS", "other.example"), ("EDGEWARD_CLIENTS", clients.as_str())];
    assert_eq!(TestEdge::with(&settings).get(&authorization_request("known", &[])).status(), 200);
}

#[test]
fn a_pre_registered_client_asks_only_for_the_scopes_it_may_have() {
    let resources = r#"[{"path":"/mcp","scopes":{"read":"R","write":"W","admin":"A"},"default_scopes":["read","write"]},
        {"path":"/other","scopes":{"other":"O"}}]"#;
    let client = |scopes: Value| {
        let clients =
            json!([{ "client_id": "known", "redirect_uris": ["https://client.example/cb"], "scopes": scopes }]);
        TestEdge::with(&[("EDGEWARD_CLIENTS", &clients.to_string()), ("EDGEWARD_RESOURCES", resources)])
    };
    let edge = client(json!(["read", "admin"]));
    let ask = |changes: &[(&str, &str)]| {
        let response = edge.get(&authorization_request("known", changes));
        match response.status().as_u16() {
            200 => "shown".to_owned(),
            _ => parameter(&location(&response), "error").unwrap(),
        }
    };
    for (changes, outcome) in [
        (vec![("scope", "read")], "shown"),
        (vec![("scope", "read admin offline_access")], "shown"),
        (vec![("scope", "write")], "invalid_scope"),
        (vec![("scope", "read write")], "invalid_scope"),
        (vec![], "shown"),
        (vec![("resource", "https://edge.example/other")], "invalid_scope"),
        (vec![("resource", "https://edge.example/other"), ("scope", "other")], "invalid_scope"),
    ] {
        assert_eq!(ask(&changes), outcome, "{changes:?}");
    }
    let page = edge.get(&authorization_request("known", &[]));
    assert!(
        page.body().contains("<code>read</code>") && !page.body().contains("<code>write</code>"),
        "of the defaults"
    );
    let unlimited = client(Value::Null);
    assert_eq!(unlimited.get(&authorization_request("known", &[("scope", "read write admin")])).status(), 200);
}
