//! The start page, signing out, leaving for an application, and the operator's brand.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use http::{Method, Response, header};
use serde_json::{Value, json};
use support::*;

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

/// What a page shows to be copied.
fn to_copy(page: &str) -> Vec<String> {
    let codes = page.split("<code>").skip(1).map(|rest| rest.split("</code>").next().unwrap());
    codes.map(|code| code.replace("&quot;", "\"").replace("&lt;", "<").replace("&amp;", "&")).collect()
}

#[test]
fn the_start_page_says_where_the_resources_are_and_how_clients_connect() {
    let one = to_copy(TestEdge::new().get("/").body());
    let name = "edge-example-mcp";
    let [url, claude, code, cursor] = one.as_slice() else { panic!("{one:?}") };
    assert_eq!(url, "https://edge.example/mcp");
    assert_eq!(claude, &format!("claude mcp add --transport http {name} {url}"));
    let entry = json!({ name: { "type": "http", "url": url } });
    assert_eq!(serde_json::from_str::<Value>(code).unwrap(), json!({ "servers": entry }));
    assert_eq!(serde_json::from_str::<Value>(cursor).unwrap(), json!({ "mcpServers": entry }));

    let resources = r#"[{"path":"/mcp","name":"<b>Weather & \"more\"</b>","scopes":{"read":"Read"}},
        {"path":"/team/a.b~c","scopes":{"read":"Read"}}]"#;
    let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", resources)]);
    let page = edge.get("/").into_body();
    assert!(page.contains("<h2>&lt;b&gt;Weather &amp; &quot;more&quot;&lt;/b&gt;</h2>"), "{page}");
    let both = to_copy(&page);
    let [_, other, first, second, code, cursor] = both.as_slice() else { panic!("{both:?}") };
    assert_eq!(other, "https://edge.example/team/a.b~c");
    assert_eq!(first, claude);
    assert_eq!(second, &format!("claude mcp add --transport http edge-example-team-a-b-c {other}"));
    for (text, member) in [(code, "servers"), (cursor, "mcpServers")] {
        let servers = &serde_json::from_str::<Value>(text).unwrap()[member];
        assert_eq!(servers.as_object().unwrap().len(), 2);
        assert_eq!(servers["edge-example-team-a-b-c"], json!({ "type": "http", "url": other }));
    }
}

#[test]
fn the_start_page_is_for_everyone_and_is_kept_briefly() {
    let edge = TestEdge::new();
    let page = edge.get("/");
    assert_eq!((page.status().as_u16(), cookies(&page).len()), (200, 0));
    assert_eq!(page.headers()[header::CACHE_CONTROL], "public, max-age=300, no-transform");
    assert!(!page.headers().contains_key(header::PRAGMA));
    assert!(page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().starts_with("default-src 'none';"));
    assert!(!page.body().contains("<script") && !page.body().contains(" style="), "{}", page.body());
    let head = edge.respond(request(Method::HEAD, "/", &[], ""));
    assert_eq!((head.status(), head.headers()), (page.status(), page.headers()));
    // Clients speak MCP at a resource alone.
    assert_eq!(edge.respond(request(Method::POST, "/", &[("authorization", "Bearer x")], "{}")).status(), 405);
    let named = edge.respond(request(Method::GET, "/?x=<b>", &[("host", "attacker.example")], ""));
    assert_eq!(named.body(), page.body(), "what a request says does not show");
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
    for page in [
        edge.get(&authorization_request(&edge.public_client(), &[])),
        edge.get("/"),
        edge.get("/signed-out"),
        edge.get("/authorize"),
    ] {
        assert!(page.body().contains("Acme &amp; Co") && page.body().contains("--accent: #ffcc00"), "{}", page.body());
        assert!(page.body().contains("src=\"https://acme.example/l.svg\""));
        let policy = page.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && policy.contains(" img-src https://acme.example/l.svg;"));
    }
    let plain = TestEdge::new().get("/signed-out");
    assert!(!plain.body().contains("<header") && !plain.body().contains("<img"));
    assert!(!plain.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().contains("img-src"));
}
