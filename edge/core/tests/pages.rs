//! Signing out, leaving for an application, remembered consent, and the operator's brand.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use http::{Method, Response, header};
use support::*;

/// What a browser sends when the user opens an address, or a program does it for them.
const BY_THE_USER: [(&str, &str); 3] =
    [("sec-fetch-site", "none"), ("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];

/// A good answer to the consent page that `target` shows.
fn decide(edge: &TestEdge, target: &str, decision: &str, more: &[(&str, &str)]) -> Response<String> {
    let page = edge.get(target);
    assert_eq!(page.status(), 200, "{}", page.body());
    let (id, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let mut fields = vec![("transaction", id.as_str()), ("sealed", &sealed), ("decision", decision)];
    fields.extend(more);
    edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(&page)[0])], &fields))
}

fn open(edge: &TestEdge, target: &str, headers: &[(&str, &str)]) -> Response<String> {
    edge.respond(request(Method::GET, target, headers, ""))
}

#[test]
fn signing_out_ends_the_session_at_cognito_and_forgets_ours() {
    let edge = TestEdge::new();
    let headers = [("cookie", "__Host-edgeward-signin-a=1; other=2; __Host-edgeward-remembered-b=3")];
    let response = open(&edge, "/logout", &headers);
    assert_eq!(response.status(), 302);
    let to = location(&response);
    assert_eq!(to.origin().ascii_serialization() + to.path(), "https://login.example/logout");
    assert_eq!(parameter(&to, "client_id").as_deref(), Some("upstreamclient"));
    assert_eq!(parameter(&to, "logout_uri").as_deref(), Some("https://edge.example/signed-out"));
    assert_eq!(cookies(&response), ["__Host-edgeward-signin-a=", "__Host-edgeward-remembered-b="]);
    let page = edge.get("/signed-out");
    assert!(page.status() == 200 && page.body().contains("You are signed out"), "{}", page.body());
}

#[test]
fn a_browser_is_sent_on_to_exactly_the_addresses_of_the_settings() {
    let edge = TestEdge::with(&[("EDGEWARD_SIGN_OUT_URLS", "https://app.example/bye https://other.example/")]);
    let ask = |uri: &str| edge.get(&format!("/logout?{}", form(&[("post_logout_redirect_uri", uri)])));
    for good in ["https://app.example/bye", "https://other.example/"] {
        assert_eq!(parameter(&location(&ask(good)), "logout_uri").as_deref(), Some(good));
    }
    for bad in [
        "https://app.example/bye/",
        "https://app.example/bye?x",
        "https://APP.example/bye",
        "https://app.example",
        "https://other.example",
        "https://evil.example/",
    ] {
        let response = ask(bad);
        assert!(response.status() == 400 && !response.headers().contains_key(header::LOCATION), "{bad}");
    }
    let twice =
        "/logout?post_logout_redirect_uri=https://app.example/bye&post_logout_redirect_uri=https://evil.example/";
    assert_eq!(edge.get(twice).status(), 400);
}

#[test]
fn an_application_is_opened_by_the_user_and_nothing_else() {
    let edge = TestEdge::with(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    let client = edge
        .register(r#"{"redirect_uris":["cursor://a.b/cb?x=1"],"client_name":"C","token_endpoint_auth_method":"none"}"#);
    let client = client["client_id"].as_str().unwrap();
    let target = authorization_request(client, &[("redirect_uri", "cursor://a.b/cb?x=1"), ("state", "s\"><b>")]);
    let denied = decide(&edge, &target, "deny", &[]);
    assert_eq!(denied.status(), 200, "no redirect: {denied:?}");
    let link = denied.body().split("href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&amp;", "&");
    let link = url::Url::parse(&link).unwrap();
    assert_eq!((link.scheme(), parameter(&link, "error").as_deref()), ("cursor", Some("access_denied")));
    assert_eq!(parameter(&link, "state").as_deref(), Some("s\"><b>"));
    assert!(denied.body().contains("cursor:") && !denied.body().contains("<b>"), "{}", denied.body());

    let allowed = decide(&edge, &target, "allow", &[]);
    let (state, cookie) = (parameter(&location(&allowed), "state").unwrap(), cookies(&allowed).remove(0));
    let back = open(&edge, &format!("/callback?code=c&state={state}"), &[("cookie", &cookie)]);
    assert!(back.status() == 200 && back.body().contains("href=\"cursor://a.b/cb?x=1&amp;code="), "{}", back.body());
    assert_eq!(cookies(&back), [format!("__Host-edgeward-signin-{state}=")], "the sign-in is over");
}

#[test]
fn consent_is_remembered_only_where_settings_and_user_say_so() {
    let target = |edge: &TestEdge| authorization_request(&edge.public_client(), &[]);
    let asking = TestEdge::new();
    assert!(!asking.get(&target(&asking)).body().contains("name=\"remember\""));
    assert_eq!(cookies(&decide(&asking, &target(&asking), "allow", &[("remember", "yes")])).len(), 1);

    let edge = TestEdge::with(&[("EDGEWARD_CONSENT", "remember")]);
    assert!(edge.get(&target(&edge)).body().contains("name=\"remember\""));
    assert_eq!(cookies(&decide(&edge, &target(&edge), "allow", &[])).len(), 1, "the sign-in's alone");
    assert_eq!(cookies(&decide(&edge, &target(&edge), "deny", &[("remember", "yes")])).len(), 1, "the page's alone");
    let allowed = decide(&edge, &target(&edge), "allow", &[("remember", "yes")]);
    let cookie = cookies(&allowed).into_iter().find(|cookie| cookie.starts_with("__Host-edgeward-remembered-"));
    let cookie = cookie.expect("a cookie that remembers");

    let with_cookie = |headers: &[(&str, &str)], target: &str| {
        let mut all = vec![("cookie", cookie.as_str())];
        all.extend(headers);
        open(&edge, target, &all)
    };
    let response = with_cookie(&BY_THE_USER, &target(&edge));
    assert_eq!(response.status(), 303, "{}", response.body());
    assert!(location(&response).as_str().starts_with("https://login.example/oauth2/authorize?"));
    assert_eq!(open(&edge, &target(&edge), &BY_THE_USER).status(), 200, "another browser is asked");

    // Whatever is not plainly the user's own doing is asked about.
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", ""),
        ("sec-fetch-mode", "cors"),
        ("sec-fetch-mode", "no-cors"),
        ("sec-fetch-dest", "iframe"),
        ("sec-fetch-dest", "image"),
        ("sec-fetch-dest", ""),
    ] {
        let headers = BY_THE_USER.map(|(known, usual)| (known, if known == name { value } else { usual }));
        assert_eq!(with_cookie(&headers, &target(&edge)).status(), 200, "{name}: {value}");
    }
    assert_eq!(with_cookie(&[], &target(&edge)).status(), 200, "a browser that does not say");
    for site in ["same-origin", "same-site"] {
        let headers = BY_THE_USER.map(|(known, usual)| (known, if known == "sec-fetch-site" { site } else { usual }));
        assert_eq!(with_cookie(&headers, &target(&edge)).status(), 303, "{site}");
    }
}

#[test]
fn remembered_consent_is_for_one_client_redirect_uri_resource_and_scope() {
    let resources = r#"[{"path":"/mcp","scopes":{"read":"Read","write":"Write"},"default_scopes":["read"]},
        {"path":"/other","scopes":{"read":"Read"}}]"#;
    let edge = TestEdge::with(&[("EDGEWARD_CONSENT", "remember"), ("EDGEWARD_RESOURCES", resources)]);
    let client = edge.public_client();
    let allowed = decide(&edge, &authorization_request(&client, &[]), "allow", &[("remember", "yes")]);
    let cookie = cookies(&allowed).remove(1);
    let status = |target: &str| {
        let mut headers = vec![("cookie", cookie.as_str())];
        headers.extend(BY_THE_USER);
        open(&edge, target, &headers).status().as_u16()
    };
    assert_eq!(status(&authorization_request(&client, &[])), 303);
    let other = edge.register(r#"{"redirect_uris":["https://client.example/cb"],"client_name":"Other"}"#);
    assert_eq!(status(&authorization_request(other["client_id"].as_str().unwrap(), &[])), 200);
    for change in [
        ("redirect_uri", "http://localhost:1234/cb"),
        ("resource", "https://edge.example/other"),
        ("scope", "write"),
        ("scope", "read write"),
        ("prompt", "consent"),
        ("prompt", "login"),
    ] {
        assert_eq!(status(&authorization_request(&client, &[change])), 200, "{change:?}");
    }
    // It is not good under another name, and not for ever.
    let (name, value) = cookie.split_once('=').unwrap();
    let renamed = format!("{}A={value}", &name[..name.len() - 1]);
    assert_eq!(open(&edge, &authorization_request(&client, &[]), &[("cookie", &renamed)]).status(), 200);
    edge.advance(30 * 24 * 3600);
    assert_eq!(status(&authorization_request(&client, &[])), 200);
}

#[test]
fn a_program_on_this_computer_is_remembered_whatever_its_port() {
    let edge = TestEdge::with(&[("EDGEWARD_CONSENT", "remember")]);
    let client = edge.public_client();
    let target =
        |port: u16| authorization_request(&client, &[("redirect_uri", &format!("http://localhost:{port}/cb"))]);
    let cookie = cookies(&decide(&edge, &target(1234), "allow", &[("remember", "yes")])).remove(1);
    let mut headers = vec![("cookie", cookie.as_str())];
    headers.extend(BY_THE_USER);
    assert_eq!(open(&edge, &target(5678), &headers).status(), 303);
}

#[test]
fn a_user_is_told_where_the_answer_goes() {
    let edge = TestEdge::with(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    for (redirect_uri, host, warning) in [
        ("https://client.example/cb", "client.example", None),
        ("http://127.0.0.1/cb", "127.0.0.1", Some("a program on this computer")),
        ("http://localhost/cb", "localhost", Some("a program on this computer")),
        ("http://[::1]/cb", "[::1]", Some("a program on this computer")),
        ("cursor://a.b/cb", "cursor:", Some("an application on this device")),
    ] {
        let client = edge.register(&format!(r#"{{"redirect_uris":["{redirect_uri}"]}}"#));
        let target = authorization_request(client["client_id"].as_str().unwrap(), &[("redirect_uri", redirect_uri)]);
        let page = edge.get(&target).into_body();
        assert!(page.contains(&format!("<p class=\"host\"><bdi>{host}</bdi></p>")), "{redirect_uri}: {page}");
        for words in ["a program on this computer", "an application on this device"] {
            assert_eq!(page.contains(words), warning == Some(words), "{redirect_uri}: {words}");
        }
    }
}

#[test]
fn a_user_is_told_when_a_client_calls_another_host_its_home() {
    let edge = TestEdge::new();
    let page = |client_uri: &str, redirect_uri: &str| {
        let metadata = format!(r#"{{"redirect_uris":["{redirect_uri}"],"client_uri":"{client_uri}"}}"#);
        let client_id = edge.register(&metadata)["client_id"].as_str().unwrap().to_owned();
        edge.get(&authorization_request(&client_id, &[("redirect_uri", redirect_uri)])).into_body()
    };
    assert!(page("https://home.example/", "https://away.example/cb").contains("<bdi>home.example</bdi>"));
    assert!(!page("https://home.example/", "https://home.example/cb").contains("its home"));
    assert!(!page("https://home.example/", "http://localhost/cb").contains("its home"), "there is another warning");
}

#[test]
fn pages_show_the_operators_brand_and_load_nothing_else() {
    let brand = r##"{"name":"Acme & Co","logo":"https://acme.example/l.svg","color":"#ffcc00"}"##;
    let edge = TestEdge::with(&[("EDGEWARD_BRAND", brand)]);
    for page in
        [edge.get(&authorization_request(&edge.public_client(), &[])), edge.get("/signed-out"), edge.get("/authorize")]
    {
        assert!(page.body().contains("Acme &amp; Co") && page.body().contains("--accent: #ffcc00"), "{}", page.body());
        assert!(page.body().contains("src=\"https://acme.example/l.svg\""));
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains(" img-src https://acme.example/l.svg;"));
    }
    let plain = TestEdge::new().get("/signed-out");
    assert!(!plain.body().contains("<header") && !plain.body().contains("<img"));
    assert!(!plain.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("img-src"));
}
