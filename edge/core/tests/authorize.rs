//! `/register`, `/authorize` and `/callback`: what is refused, how, and what passes.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use http::{Method, Response, header};
use support::*;

/// The page, the form's fields and the cookie of a good request.
fn consent(edge: &TestEdge, client_id: &str) -> (Response<String>, String, String, String) {
    let page = edge.get(&authorization_request(client_id, &[]));
    assert_eq!(page.status(), 200, "{}", page.body());
    let (id, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let cookie = cookies(&page).remove(0);
    (page, id, sealed, cookie)
}

fn decide(edge: &TestEdge, fields: (&str, &str), cookie: &str, origin: &str, decision: &str) -> Response<String> {
    let parameters = [("transaction", fields.0), ("sealed", fields.1), ("decision", decision)];
    edge.respond(post_form("/authorize", &[("origin", origin), ("cookie", cookie)], &parameters))
}

#[test]
fn registering_the_same_metadata_twice_gives_the_same_client_id_to_public_clients_only() {
    let edge = TestEdge::new();
    assert_eq!(edge.public_client(), edge.public_client());
    for method in ["client_secret_basic", "client_secret_post"] {
        let metadata =
            format!(r#"{{"redirect_uris":["https://c.example/cb"],"token_endpoint_auth_method":"{method}"}}"#);
        let (one, other) = (edge.register(&metadata), edge.register(&metadata));
        assert_ne!(one["client_id"], other["client_id"], "{method}");
        assert_ne!(one["client_secret"], other["client_secret"], "{method}");
    }
    let other = edge.register(r#"{"redirect_uris":["https://other.example/cb"]}"#);
    assert_ne!(other["client_id"], edge.public_client());
}

#[test]
fn a_client_that_names_no_method_gets_a_secret_and_a_public_one_does_not() {
    let edge = TestEdge::new();
    let confidential = edge.register(r#"{"redirect_uris":["https://c.example/cb"]}"#);
    assert_eq!(confidential["token_endpoint_auth_method"], "client_secret_basic");
    assert!(confidential["client_secret"].as_str().unwrap().len() >= 43);
    assert_eq!(confidential["client_secret_expires_at"], 0);
    let public = edge.register(r#"{"redirect_uris":["https://c.example/cb"],"token_endpoint_auth_method":"none"}"#);
    assert!(public.get("client_secret").is_none());
}

#[test]
fn a_caller_cannot_choose_what_is_ours() {
    let edge = TestEdge::new();
    let answer = edge.register(
        r#"{"redirect_uris":["https://c.example/cb"],"client_id":"mine","client_secret":"mine","admin":true}"#,
    );
    assert_ne!(answer["client_id"], "mine");
    assert_ne!(answer["client_secret"], "mine");
    assert!(answer.get("admin").is_none());
}

#[test]
fn bad_metadata_are_refused_with_the_codes_of_the_rfc() {
    let edge = TestEdge::new();
    for (metadata, code) in [
        ("", "invalid_client_metadata"),
        ("[]", "invalid_client_metadata"),
        ("{}", "invalid_redirect_uri"),
        (r#"{"redirect_uris":[]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":["http://c.example/cb"]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":["javascript:alert(1)"]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":["cursor://x/cb"]}"#, "invalid_redirect_uri"),
        (r#"{"redirect_uris":["https://c.example/cb#x"]}"#, "invalid_redirect_uri"),
        (
            r#"{"redirect_uris":["https://c.example/cb"],"token_endpoint_auth_method":"private_key_jwt"}"#,
            "invalid_client_metadata",
        ),
        (r#"{"redirect_uris":["https://c.example/cb"],"grant_types":["implicit"]}"#, "invalid_client_metadata"),
        (r#"{"redirect_uris":["https://c.example/cb"],"response_types":["token"]}"#, "invalid_client_metadata"),
    ] {
        let response = edge.respond(post("/register", "application/json", metadata));
        assert_eq!(response.status(), 400, "{metadata}");
        let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
        assert_eq!(body["error"], code, "{metadata}");
    }
    let uris: Vec<_> = (0..10).map(|i| format!("https://c.example/{}/{i}", "a".repeat(90))).collect();
    let long = serde_json::json!({ "redirect_uris": uris }).to_string();
    let response = edge.respond(post("/register", "application/json", &long));
    assert!(response.body().contains("invalid_client_metadata"), "{}", response.body());
    assert_eq!(
        edge.respond(post("/register", "text/plain", r#"{"redirect_uris":["https://c.example/"]}"#)).status(),
        400
    );
}

#[test]
fn a_private_use_scheme_can_be_registered_where_it_is_switched_on() {
    let edge = TestEdge::with(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    edge.register(r#"{"redirect_uris":["cursor://anysphere.cursor-mcp/oauth/callback"]}"#);
}

#[test]
fn without_a_good_client_and_redirect_uri_there_is_a_page_and_no_redirect() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let tampered = format!("{}A", &client_id[..client_id.len() - 1]);
    for target in [
        authorization_request("", &[]),
        authorization_request("unknown", &[]),
        authorization_request(&tampered, &[]),
        authorization_request(&client_id, &[("redirect_uri", "")]),
        authorization_request(&client_id, &[("redirect_uri", "https://evil.example/cb")]),
        authorization_request(&client_id, &[("redirect_uri", "https://client.example/cb/")]),
        format!("{}&client_id=x", authorization_request(&client_id, &[])),
        format!("{}&redirect_uri=https%3A%2F%2Fevil.example", authorization_request(&client_id, &[])),
    ] {
        let response = edge.get(&target);
        assert_eq!(response.status(), 400, "{target}");
        assert!(response.headers().get(header::LOCATION).is_none());
        assert!(response.headers()[header::CONTENT_TYPE].to_str().unwrap().starts_with("text/html"));
    }
    assert_eq!(edge.get(&authorization_request(&client_id, &[])).status(), 200);
}

#[test]
fn everything_else_that_is_wrong_goes_back_to_the_client_with_state_and_iss() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let twice = format!("{}&resource=a&resource=b", authorization_request(&client_id, &[]));
    assert_eq!(parameter(&location(&edge.get(&twice)), "error").as_deref(), Some("invalid_target"));
    for (changes, code) in [
        (vec![("response_type", "")], "invalid_request"),
        (vec![("response_type", "token")], "unsupported_response_type"),
        (vec![("code_challenge", "")], "invalid_request"),
        (vec![("code_challenge_method", "")], "invalid_request"),
        (vec![("code_challenge_method", "plain")], "invalid_request"),
        (vec![("code_challenge", "short")], "invalid_request"),
        (vec![("resource", "https://other.example/mcp")], "invalid_target"),
        (vec![("resource", "https://edge.example/mcp#x")], "invalid_target"),
        (vec![("scope", "mcp admin")], "invalid_scope"),
        (vec![("scope", "openid \u{e4}")], "invalid_scope"),
        (vec![("response_mode", "fragment")], "invalid_request"),
    ] {
        let response = edge.get(&authorization_request(&client_id, &changes));
        assert_eq!(response.status(), 302, "{changes:?} {}", response.body());
        let location = location(&response);
        assert!(location.as_str().starts_with("https://client.example/cb?"), "{location}");
        assert_eq!(parameter(&location, "error").as_deref(), Some(code), "{changes:?}");
        assert_eq!(parameter(&location, "state").as_deref(), Some("client state"));
        assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
        assert_eq!(parameter(&location, "code"), None);
    }
}

#[test]
fn what_is_refused_is_named_in_description_and_log() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    for (change, told) in [
        (("resource", "https://other.example/\"m\"?a=b"), "https://other.example/?m??..."),
        (("scope", "mcp openid admin:all other"), "`admin:all`"),
        (("response_type", "token"), "response_type"),
        (("code_challenge_method", "plain"), "code_challenge_method"),
    ] {
        let response = edge.get(&authorization_request(&client_id, &[change]));
        let description = parameter(&location(&response), "error_description").unwrap();
        let log = edge.logged().pop().unwrap();
        for text in [&description, &log] {
            assert!(text.contains(told), "{told}: {text}");
        }
        // RFC 6749 §4.1.2.1.
        assert!(description.bytes().all(|c| (0x20..0x7f).contains(&c) && !b"\"\\".contains(&c)), "{description}");
    }
    for (uri, told) in [
        ("cursor://other/cb", "EDGEWARD_PRIVATE_USE_SCHEMES"),
        ("http://c.example/cb", "http that is not loopback"),
        ("https://other.example/cb", "not registered"),
    ] {
        let page = edge.get(&authorization_request(&client_id, &[("redirect_uri", uri)]));
        let log = edge.logged().pop().unwrap();
        for text in [page.body(), &log] {
            assert!(text.contains(uri) && text.contains(told), "{told}: {text}");
        }
        let metadata = serde_json::json!({ "redirect_uris": [uri] }).to_string();
        if !told.contains("registered") {
            let refused = edge.respond(post("/register", "application/json", &metadata));
            assert!(refused.body().contains(uri) && refused.body().contains(told), "{}", refused.body());
        }
    }
}

#[test]
fn state_is_returned_with_every_error_however_long_it_is() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    for (length, fits) in [(1, true), (521, true), (1025, true), (2048, true), (2049, false), (8000, false)] {
        let state = "s".repeat(length);
        let asked = |change| edge.get(&authorization_request(&client_id, &[("state", state.as_str()), change]));
        let good = asked(("scope", "mcp"));
        assert_eq!(good.status(), if fits { 200 } else { 302 }, "{length}");
        let bad = asked(("scope", "unknown"));
        for refused in [bad].into_iter().chain((!fits).then_some(good)) {
            assert_eq!(parameter(&location(&refused), "state"), Some(state.clone()));
        }
    }
    let odd = "a\u{e4}\n\"";
    let refused = edge.get(&authorization_request(&client_id, &[("state", odd)]));
    assert_eq!(parameter(&location(&refused), "error").as_deref(), Some("invalid_request"));
    assert_eq!(parameter(&location(&refused), "state").as_deref(), Some(odd));
}

#[test]
fn a_long_state_comes_back_with_the_code() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let state = "s".repeat(2048);
    let page = edge.get(&authorization_request(&client_id, &[("state", &state)]));
    let (id, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let allowed = decide(&edge, (&id, &sealed), &cookies(&page).remove(0), ISSUER, "allow");
    let (cookie, upstream) = (cookies(&allowed).pop().unwrap(), location(&allowed));
    assert!(cookie.len() < 4000, "{}", cookie.len());
    let query = [("code", "upstream-code"), ("state", &parameter(&upstream, "state").unwrap())];
    let back = location(&callback(&edge, &query, &cookie));
    assert_eq!(parameter(&back, "state"), Some(state));
    assert!(parameter(&back, "code").is_some_and(|code| code.len() < 8192));
}

#[test]
fn a_client_with_one_complete_redirect_uri_need_not_name_it() {
    let edge = TestEdge::new();
    for (uris, status) in [
        (r#"["https://one.example/cb"]"#, 200),
        (r#"["https://one.example/cb","https://two.example/cb"]"#, 400),
        (r#"["http://localhost/cb"]"#, 400),
        (r#"["http://127.0.0.1:4000/cb"]"#, 400),
        (r#"["cursor://anysphere.cursor-mcp/oauth/callback"]"#, 200),
    ] {
        let metadata = format!(r#"{{"redirect_uris":{uris},"token_endpoint_auth_method":"none"}}"#);
        let client = edge.register(&metadata);
        let client_id = client["client_id"].as_str().unwrap();
        let page = edge.get(&authorization_request(client_id, &[("redirect_uri", "")]));
        assert_eq!(page.status(), status, "{uris}");
        if status == 400 {
            assert!(page.body().contains("redirect_uri is missing"), "{}", page.body());
        }
        let refused = edge.get(&authorization_request(client_id, &[("redirect_uri", ""), ("scope", "unknown")]));
        assert_eq!(refused.status() == 400, status == 400, "the client is told: {uris}");
    }
}

#[test]
fn a_mixed_list_registers_what_is_allowed() {
    let edge = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "good.example")]);
    let all = r#"["other://cb","https://good.example/cb","https://bad.example/cb","http://localhost/cb","nonsense"]"#;
    let client = edge.register(&format!(r#"{{"redirect_uris":{all},"token_endpoint_auth_method":"none"}}"#));
    assert_eq!(client["redirect_uris"], serde_json::json!(["https://good.example/cb", "http://localhost/cb"]));
    let client_id = client["client_id"].as_str().unwrap();
    for (uri, status) in
        [("https://good.example/cb", 200), ("http://localhost:1/cb", 200), ("https://bad.example/cb", 400)]
    {
        assert_eq!(edge.get(&authorization_request(client_id, &[("redirect_uri", uri)])).status(), status, "{uri}");
    }
    let none = r#"{"redirect_uris":["https://bad.example/cb","other://cb"]}"#;
    let refused = edge.respond(post("/register", "application/json", none));
    assert_eq!(refused.status(), 400);
    for told in ["invalid_redirect_uri", "https://bad.example/cb", "EDGEWARD_REDIRECT_HOSTS"] {
        assert!(refused.body().contains(told), "{}", refused.body());
    }
}

#[test]
fn a_redirect_uri_that_was_left_out_is_refused_with_the_setting_that_left_it_out() {
    let edge = TestEdge::with(&[("EDGEWARD_REDIRECT_HOSTS", "good.example")]);
    let metadata =
        r#"{"redirect_uris":["https://good.example/cb","https://bad.example/cb"],"token_endpoint_auth_method":"none"}"#;
    let client = edge.register(metadata);
    let asked = |uri| edge.get(&authorization_request(client["client_id"].as_str().unwrap(), &[("redirect_uri", uri)]));
    let page = asked("https://bad.example/cb");
    assert!(page.body().contains("EDGEWARD_REDIRECT_HOSTS") && page.body().contains("https://bad.example/cb"));
    assert!(asked("https://good.example/other").body().contains("not registered"));
}

#[test]
fn refused_metadata_name_the_member() {
    let edge = TestEdge::new();
    for (metadata, told) in [
        (r#"{"redirect_uris":"https://c.example/cb"}"#, "`redirect_uris`"),
        (r#"{"redirect_uris":["https://c.example/cb",1]}"#, "`redirect_uris`"),
        (r#"{"redirect_uris":["https://c.example/cb"],"client_name":{}}"#, "`client_name`"),
        (r#"{"redirect_uris":["https://c.example/cb"],"grant_types":"x"}"#, "`grant_types`"),
        (
            r#"{"redirect_uris":["https://c.example/cb"],"token_endpoint_auth_method":"tls_client_auth"}"#,
            "`tls_client_auth`",
        ),
        ("[]", "not a JSON object"),
    ] {
        let refused = edge.respond(post("/register", "application/json", metadata));
        let body: serde_json::Value = serde_json::from_str(refused.body()).unwrap();
        assert!(body["error_description"].as_str().unwrap().contains(told), "{told}: {body}");
        assert!(edge.logged().pop().unwrap().contains(told));
    }
}

#[test]
fn what_clients_add_is_tolerated() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    for changes in [
        vec![("resource", "https://edge.example/mcp")],
        vec![("resource", "HTTPS://EDGE.example/mcp/")],
        vec![("resource", "https://edge.example/mcp?key=1&x=%2Fother")],
        vec![("scope", "mcp offline_access")],
        vec![("scope", "offline_access")],
        vec![("scope", "openid profile email address phone offline_access")],
        vec![("prompt", "consent"), ("unknown", "x")],
        vec![("redirect_uri", "http://localhost:61234/cb")],
        vec![("state", "")],
    ] {
        let response = edge.get(&authorization_request(&client_id, &changes));
        assert_eq!(response.status(), 200, "{changes:?}");
    }
}

#[test]
fn the_consent_page_escapes_what_clients_say_and_locks_itself_down() {
    let edge = TestEdge::new();
    let answer = edge
        .register(r#"{"client_name":"<script>alert(1)</script>\"'&","redirect_uris":["https://client.example/cb"]}"#);
    let (page, ..) = consent(&edge, answer["client_id"].as_str().unwrap());
    assert!(page.body().contains("&lt;script&gt;"), "{}", page.body());
    assert!(!page.body().contains("<script"));
    assert!(page.body().contains("client.example"));
    let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe-inline") && !policy.contains("form-action"), "{policy}");
    assert_eq!(page.headers()[header::CACHE_CONTROL], "no-store, no-transform");
    let cookie = page.headers()[header::SET_COOKIE].to_str().unwrap();
    for part in ["__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert!(!cookie.contains("Domain"));
}

#[test]
fn deny_goes_back_to_the_client() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let (_, id, sealed, cookie) = consent(&edge, &client_id);
    let response = decide(&edge, (&id, &sealed), &cookie, ISSUER, "deny");
    assert_eq!(response.status(), 303);
    let location = location(&response);
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert_eq!(parameter(&location, "state").as_deref(), Some("client state"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
}

#[test]
fn allow_goes_to_cognito_with_nothing_of_the_clients() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let (_, id, sealed, cookie) = consent(&edge, &client_id);
    let response = decide(&edge, (&id, &sealed), &cookie, ISSUER, "allow");
    assert_eq!(response.status(), 303);
    let location = location(&response);
    assert!(location.as_str().starts_with("https://login.example/oauth2/authorize?"), "{location}");
    let mut names: Vec<_> = location.query_pairs().map(|(name, _)| name.into_owned()).collect();
    names.sort();
    assert_eq!(
        names,
        [
            "client_id",
            "code_challenge",
            "code_challenge_method",
            "nonce",
            "redirect_uri",
            "response_type",
            "scope",
            "state"
        ]
    );
    assert_eq!(parameter(&location, "state").unwrap().len(), 22);
    assert_eq!(parameter(&location, "scope").as_deref(), Some("openid email"));
    assert_eq!(parameter(&location, "client_id").as_deref(), Some("upstreamclient"));
    assert_ne!(parameter(&location, "code_challenge").as_deref(), Some(CHALLENGE));
    assert_eq!(parameter(&location, "redirect_uri").as_deref(), Some("https://edge.example/callback"));
}

#[test]
fn a_decision_counts_only_with_its_own_cookie_origin_and_time() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let (_, id, sealed, cookie) = consent(&edge, &client_id);
    let (_, other_id, _, other_cookie) = consent(&edge, &client_id);
    let foreign_value = format!("__Host-edgeward-consent-{id}=AAAAAAAAAAAAAAAAAAAAAA");
    for (fields, cookie, origin) in [
        ((id.as_str(), sealed.as_str()), "", ISSUER),
        ((&id, &sealed), &other_cookie, ISSUER),
        ((&id, &sealed), &foreign_value, ISSUER),
        ((&other_id, &sealed), &other_cookie, ISSUER),
        ((&id, &sealed), &cookie, "https://evil.example"),
        ((&id, &sealed), &cookie, "null"),
        ((&id, &format!("{sealed}A")), &cookie, ISSUER),
    ] {
        let response = decide(&edge, fields, cookie, origin, "allow");
        assert!(matches!(response.status().as_u16(), 400 | 403), "{cookie} {origin}: {}", response.status());
        assert!(response.headers().get(header::LOCATION).is_none());
    }
    // Two tabs at once: the second page has not spoilt the first.
    assert_eq!(decide(&edge, (&id, &sealed), &cookie, ISSUER, "allow").status(), 303);
    edge.advance(600);
    let late = decide(&edge, (&id, &sealed), &cookie, ISSUER, "allow");
    assert_eq!(late.status(), 400);
    assert!(late.body().contains("more than ten minutes") && late.body().contains("connect again"), "{}", late.body());
}

/// From consent to Cognito: the pending cookie and our state there.
fn pending(edge: &TestEdge, client_id: &str) -> (String, String) {
    let (_, id, sealed, cookie) = consent(edge, client_id);
    let response = decide(edge, (&id, &sealed), &cookie, ISSUER, "allow");
    (cookies(&response).pop().unwrap(), parameter(&location(&response), "state").unwrap())
}

fn callback(edge: &TestEdge, query: &[(&str, &str)], cookie: &str) -> Response<String> {
    edge.respond(request(Method::GET, &format!("/callback?{}", form(query)), &[("cookie", cookie)], ""))
}

#[test]
fn the_callback_gives_the_client_a_code_state_and_iss_and_clears_the_cookie() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let (cookie, state) = pending(&edge, &client_id);
    let response = callback(&edge, &[("code", "upstream-code"), ("state", &state)], &cookie);
    assert_eq!(response.status(), 302, "{}", response.body());
    let location = location(&response);
    assert_eq!(parameter(&location, "state").as_deref(), Some("client state"));
    assert_eq!(parameter(&location, "iss").as_deref(), Some(ISSUER));
    let code = parameter(&location, "code").unwrap();
    assert!(!code.contains("upstream-code"));
    let cleared = response.headers()[header::SET_COOKIE].to_str().unwrap();
    assert!(cleared.contains("Max-Age=0"), "{cleared}");
}

#[test]
fn a_lost_foreign_or_late_cookie_gets_a_page() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let (cookie, state) = pending(&edge, &client_id);
    let (other_cookie, other_state) = pending(&edge, &client_id);
    let renamed = format!("__Host-edgeward-signin-{state}={}", other_cookie.split_once('=').unwrap().1);
    for (state, cookie) in
        [(state.as_str(), ""), (&state, &other_cookie), (&other_state, &cookie), (&state, &renamed), ("x", &cookie)]
    {
        let response = callback(&edge, &[("code", "upstream-code"), ("state", state)], cookie);
        assert_eq!(response.status(), 400);
        assert!(response.headers().get(header::LOCATION).is_none());
    }
    // Signing up waits for a mail.
    edge.advance(3_599);
    assert_eq!(callback(&edge, &[("code", "c"), ("state", &state)], &cookie).status(), 302);
    edge.advance(1);
    assert_eq!(callback(&edge, &[("code", "c"), ("state", &state)], &cookie).status(), 400);
}

#[test]
fn cognitos_errors_are_translated_and_its_words_kept_back() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    for (theirs, ours) in [
        ("server_error", "temporarily_unavailable"),
        ("invalid_request", "server_error"),
        ("invalid_scope", "server_error"),
        ("never heard of", "server_error"),
    ] {
        let (cookie, state) = pending(&edge, &client_id);
        let query = [("error", theirs), ("error_description", "secret words"), ("state", state.as_str())];
        let location = location(&callback(&edge, &query, &cookie));
        assert_eq!(parameter(&location, "error").as_deref(), Some(ours), "{theirs}");
        assert!(!location.as_str().contains("secret"), "{location}");
    }
}

#[test]
fn at_most_five_sign_ins_are_pending_in_one_browser() {
    let edge = TestEdge::new();
    let client_id = edge.public_client();
    let old: Vec<String> = (0..6).map(|i| format!("__Host-edgeward-consent-{i}=x")).collect();
    let page =
        edge.respond(request(Method::GET, &authorization_request(&client_id, &[]), &[("cookie", &old.join("; "))], ""));
    let cleared = cookies(&page).into_iter().filter(|cookie| cookie.ends_with('=')).collect::<Vec<_>>();
    assert_eq!(cleared, ["__Host-edgeward-consent-0=", "__Host-edgeward-consent-1="]);
}
