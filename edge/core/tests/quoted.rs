//! What refusals quote of a request, on pages, in answers and in the log: what is wrong, and no secret.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    oauth::{ClientDigest, Scope, error_code::MAX_QUOTED},
    platform::UnixTime,
    sealed::{self, RefreshToken},
};
use http::Response;
use serde_json::{Value, json};
use support::*;

const DOCUMENT: &str = "https://app.example/client?api_key=SECRET";

fn document() -> Value {
    json!({
        "client_id": DOCUMENT, "client_name": "App", "redirect_uris": ["https://client.example/cb"],
        "token_endpoint_auth_method": "none",
    })
}

/// All that is told of a refusal: where a browser is sent, the page or body, and the log.
fn told(edge: &TestEdge, response: &Response<String>) -> String {
    let location = response.headers().get(http::header::LOCATION).map(|value| value.to_str().unwrap());
    let description = location.and_then(|uri| parameter(&url::Url::parse(uri).unwrap(), "error_description"));
    [description.unwrap_or_default(), response.body().clone(), edge.logged().join("\n")].join("\n")
}

#[test]
fn no_refusal_quotes_the_query_of_a_uri() {
    let register = |uri: &str| {
        let metadata = json!({ "redirect_uris": [uri] }).to_string();
        post("/register", "application/json", &metadata)
    };
    let client_id = TestEdge::new().public_client();
    let authorize = |changes: &[(&str, &str)]| get(&authorization_request(&client_id, changes));
    for (asked, quoted) in [
        (authorize(&[("resource", "https://edge.example/wrong?api_key=SECRET")]), "https://edge.example/wrong?..."),
        (authorize(&[("resource", "https://edge.example/mcp#SECRET")]), "https://edge.example/mcp#..."),
        (authorize(&[("redirect_uri", "https://client.example/cb?SECRET")]), "https://client.example/cb?..."),
        (authorize(&[("redirect_uri", "app://cb?SECRET")]), "app://cb?..."),
        (register("http://client.example/cb?SECRET"), "http://client.example/cb?..."),
        (register("https://client.example/cb#SECRET"), "https://client.example/cb#..."),
        (register("https://user:SECRET@client.example/cb"), "(not shown)"),
        (get(&authorization_request("https://app.example:8443/c?SECRET", &[])), "https://app.example:8443/c?..."),
    ] {
        let edge = TestEdge::new();
        let response = edge.respond(asked);
        let (told, log) = (told(&edge, &response), edge.logged().join("\n"));
        assert!(told.contains(quoted) && log.contains(quoted) && !told.contains("SECRET"), "{quoted}: {told}");
    }
}

#[test]
fn no_refusal_quotes_the_query_of_a_documents_url() {
    let mut nameless = document();
    nameless["client_name"] = Value::Null;
    let mut elsewhere = document();
    elsewhere["token_endpoint_auth_method"] = json!("private_key_jwt");
    elsewhere["jwks_uri"] = json!("https://app.example:8443/keys?SECRET");
    for document in [nameless, elsewhere, json!({ "error": "SECRET" })] {
        let edge = TestEdge::new();
        edge.reply_document(&document, |_| {});
        edge.reply_document(&document, |_| {});
        let page = edge.get(&authorization_request(DOCUMENT, &[]));
        let form = [("grant_type", "refresh_token"), ("client_id", DOCUMENT), ("refresh_token", "x")];
        let answer = edge.respond(post_form("/token", &[], &form));
        for told in [told(&edge, &page), answer.body().clone()] {
            assert!(told.contains("https://app.example/client?...") && !told.contains("SECRET"), "{told}");
        }
    }
    let edge = TestEdge::new();
    edge.reply_document(&document(), |_| {});
    assert_eq!(edge.get(&authorization_request(DOCUMENT, &[])).status(), 200);
    edge.advance(3600);
    assert_eq!(edge.get(&authorization_request(DOCUMENT, &[])).status(), 200);
    let log = edge.logged().join("\n");
    assert!(log.contains("stale document used: https://app.example/client?...") && !log.contains("SECRET"), "{log}");
}

#[test]
fn what_is_quoted_is_cut() {
    let audit = include_str!("../AUDIT.md");
    assert!(audit.contains(&format!("at most two values of {MAX_QUOTED} characters each")));
    let long = |length: usize| "x".repeat(length);
    let host = format!("{}.denied.example", [long(60).as_str(); 10].join("."));
    let (client, uri) = (format!("https://app.example/{}", long(1_000)), format!("app://{}", long(1_000)));
    let mut document = document();
    document["client_id"] = json!(client);
    let with = |member: &str, value: Value| {
        let mut document = document.clone();
        document[member] = value;
        document
    };
    let mut elsewhere = with("token_endpoint_auth_method", json!("private_key_jwt"));
    elsewhere["jwks_uri"] = json!(format!("https://{host}/keys"));
    for (client, document) in [
        (&format!("https://{host}/client"), Value::Null),
        (&client, Value::Null),
        (&client, with("redirect_uris", json!([uri]))),
        (&client, with("token_endpoint_auth_method", json!(long(1_000)))),
        (&client, elsewhere),
    ] {
        let edge = TestEdge::with(&[("EDGEWARD_CLIENT_METADATA_DENIED_HOSTS", "*.denied.example")]);
        edge.reply_document(&document, |_| {});
        let page = edge.get(&authorization_request(client, &[])).into_body();
        let line = serde_json::to_string(edge.world.records.borrow().last().unwrap()).unwrap();
        for told in [&page, &line] {
            let longest = told.split(|c| c != 'x' && c != '.').map(str::len).max().unwrap();
            assert!(told.contains("x...") && longest <= MAX_QUOTED + "....".len(), "{told}");
        }
        assert!(line.len() < 1_024, "{}: {line}", line.len());
    }
}

#[test]
fn an_authorization_request_is_told_what_is_wrong_with_which_value() {
    let client_id = TestEdge::new().public_client();
    for (name, value, quoted) in [
        ("response_type", "token", "response_type is not code: `token`"),
        ("response_mode", "form_post\n", "response_mode is not query: `form_post?`"),
        ("code_challenge_method", "S512", "code_challenge_method is not S256: `S512`"),
        ("code_challenge_method", "", "code_challenge_method is not S256: `plain`"),
    ] {
        let edge = TestEdge::new();
        let response = edge.get(&authorization_request(&client_id, &[(name, value)]));
        let description = parameter(&location(&response), "error_description");
        assert_eq!(description.as_deref(), Some(quoted));
        assert!(edge.logged().pop().unwrap().contains(quoted), "{:?}", edge.logged());
    }
}

#[test]
fn a_sign_out_is_refused_with_the_address_and_the_setting() {
    let edge = TestEdge::new();
    let response = edge.get("/logout?post_logout_redirect_uri=https://other.example/bye%3FSECRET");
    let (page, log) = (response.body(), edge.logged().pop().unwrap());
    for told in [page, &log] {
        assert!(told.contains("EDGEWARD_SIGN_OUT_URLS") && told.contains("https://other.example/bye?..."), "{told}");
        assert!(!told.contains("SECRET"), "{told}");
    }
    let twice = edge.get("/logout?post_logout_redirect_uri=a&post_logout_redirect_uri=b");
    assert!(twice.body().contains("more than once"), "{}", twice.body());
}

#[test]
fn a_clients_url_is_refused_by_name() {
    let ask = |edge: &TestEdge, url: &str| {
        let page = edge.get(&authorization_request(url, &[]));
        let form = [("grant_type", "refresh_token"), ("client_id", url), ("refresh_token", "x")];
        let answer = edge.respond(post_form("/token", &[], &form));
        assert_eq!((page.status().as_u16(), answer.status().as_u16()), (400, 401));
        [page.into_body(), answer.into_body(), edge.logged().pop().unwrap()]
    };
    let own = format!("{ISSUER}/client?SECRET");
    for told in ask(&TestEdge::new(), &own) {
        assert!(told.contains("own host: https://edge.example/client?...") && !told.contains("SECRET"), "{told}");
    }
    for told in ask(&TestEdge::with(&[("EDGEWARD_CLIENT_METADATA_DOCUMENTS", "off")]), DOCUMENT) {
        assert!(told.contains("EDGEWARD_CLIENT_METADATA_DOCUMENTS") && !told.contains("unknown"), "{told}");
    }
    let mut other_method = document();
    other_method["token_endpoint_auth_method"] = json!("tls_client_auth");
    let edge = TestEdge::new();
    edge.reply_document(&other_method, |_| {});
    edge.reply_document(&other_method, |_| {});
    for told in ask(&edge, DOCUMENT) {
        assert!(told.contains("token_endpoint_auth_method") && told.contains("`tls_client_auth`"), "{told}");
    }
}

#[test]
fn a_token_request_is_told_what_is_wrong_with_which_value() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let scope = Scope::parse("mcp").unwrap();
    let (keys, now, client) = (config(&[]).unwrap().keys, UnixTime::from_secs(START), ClientDigest::of(&client_id));
    let code = code(&edge, &client_id);
    let refresh = |resource: &str| {
        let token = RefreshToken {
            upstream_token: "cognitos".to_owned(),
            original_token: None,
            subject: "subject".to_owned(),
            resource: resource.to_owned(),
            scope: scope.clone(),
            grant_id: "grant".to_owned(),
        };
        sealed::seal(&token, client.as_str(), &keys, now, &edge.world).unwrap()
    };
    let (good, gone) = (refresh("https://edge.example/mcp"), refresh("https://edge.example/gone"));
    let redeeming = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id.as_str()),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let refreshing =
        |token| [("grant_type", "refresh_token"), ("client_id", client_id.as_str()), ("refresh_token", token)];
    let elsewhere = ("resource", "https://other.example/mcp?SECRET");
    for (form, error, quoted) in [
        (vec![("grant_type", "password"), redeeming[1]], "unsupported_grant_type", "`password`"),
        (
            [&redeeming[..], &[("redirect_uri", "https://a.example/cb?SECRET")]].concat(),
            "invalid_grant",
            "https://a.example/cb?...",
        ),
        ([&redeeming[..], &[elsewhere]].concat(), "invalid_target", "https://other.example/mcp?..."),
        ([&redeeming[..], &[elsewhere, elsewhere]].concat(), "invalid_target", "`resource` was sent more than once"),
        ([&refreshing(&good)[..], &[elsewhere]].concat(), "invalid_grant", "https://other.example/mcp?..."),
        (refreshing(&gone).to_vec(), "invalid_grant", "no longer served: https://edge.example/gone"),
    ] {
        let answer = edge.respond(post_form("/token", &[], &form));
        let body: Value = serde_json::from_str(answer.body()).unwrap();
        assert_eq!((answer.status().as_u16(), &body["error"]), (400, &json!(error)), "{quoted}");
        for told in [body["error_description"].as_str().unwrap(), &edge.logged().pop().unwrap()] {
            assert!(told.contains(quoted) && !told.contains("SECRET"), "{quoted}: {told}");
        }
    }
    assert_eq!(edge.fetches(), 0, "Cognito was asked");
}

/// A code, straight from the callback.
fn code(edge: &TestEdge, client_id: &str) -> String {
    let page = edge.get(&authorization_request(client_id, &[]));
    let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let fields = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", "allow")];
    let headers = [("origin", ISSUER), ("cookie", &cookies(&page)[0])];
    let allowed = edge.respond(post_form("/authorize", &headers, &fields));
    let target = format!("/callback?code=upstream&state={}", parameter(&location(&allowed), "state").unwrap());
    let answer = edge.respond(request(http::Method::GET, &target, &[("cookie", &cookies(&allowed)[0])], ""));
    parameter(&location(&answer), "code").unwrap()
}
