//! How requests come: for the issuer's own origin, over TLS if that is https; and what browsers are told of it.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    by_hand::{self, Answer, HandMade, http},
    edge::{Edge, Sandbox},
    fault_origin::{Behaviour, FaultOrigin},
    form::Form,
};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::json;

use crate::{
    faulty::until,
    world::{World, part, tests},
};

tests![
    plain_http_is_refused_whatever_it_brings,
    browsers_stay_with_tls_and_nobody_changes_what_is_answered,
    a_sign_in_over_tls_begins_as_strictly_as_on_this_machine,
];

const PUBLIC_URL: &str = "https://edge.example";
const PLAIN_HTTP: &str = "this server does not answer over plain http, use https: https://edge.example";
const STRICT: &str = "max-age=31536000";
const UNCHANGED: [&str; 2] = ["no-store, no-transform", "public, max-age=300, no-transform"];

/// An edge whose issuer is https. By its address it is reached as through the platform's TLS, with another `Host` over plain http.
struct OverTls {
    edge: Edge,
    origin: FaultOrigin,
    /// A good token for its resource.
    token: String,
}

impl OverTls {
    async fn start(world: &World) -> Result<Self> {
        let origin = FaultOrigin::start(&world.stack.origin_url()).await?;
        origin.set(Behaviour::Answers(Duration::ZERO));
        let mut variables = world.stack.variables().clone();
        variables.insert(names::PUBLIC_URL.to_owned(), PUBLIC_URL.to_owned());
        variables.insert(names::ORIGIN_URL.to_owned(), origin.url());
        let edge = world.stack.start_edge("tls-edge", Sandbox::default(), &variables).await?;
        let good = HandMade::register(&world.stack).await?.tokens().await?;
        let (header, mut claims) = (part(good.text("access_token"), 0), part(good.text("access_token"), 1));
        claims["iss"] = PUBLIC_URL.into();
        claims["aud"] = format!("{PUBLIC_URL}/mcp").into();
        Ok(Self { edge, origin, token: world.sign(&header, &claims) })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.edge.url())
    }

    fn whoami(&self) -> Result<RequestBuilder> {
        by_hand::whoami(&self.url("/mcp"))
    }

    /// A public client that is registered here.
    async fn client(&self, world: &World) -> Result<HandMade> {
        let mut client = HandMade::named(&world.stack, "")?.at(self.edge.url());
        let metadata = json!({ "client_name": "Test", "redirect_uris": ["http://127.0.0.1:33418/callback"] });
        client.client_id = client.registration(&metadata).await?.text("client_id").to_owned();
        client.resource = format!("{PUBLIC_URL}/mcp");
        Ok(client)
    }
}

async fn plain_http_is_refused_whatever_it_brings(world: Arc<World>) -> Result<()> {
    const FIELDS: [(&str, &str); 6] = [
        ("x-forwarded-proto", "https"),
        ("forwarded", "proto=https;host=edge.example"),
        ("x-forwarded-ssl", "on"),
        ("front-end-https", "on"),
        ("cf-visitor", r#"{"scheme":"https"}"#),
        ("x-forwarded-host", "edge.example"),
    ];
    let tls = OverTls::start(&world).await?;
    let plain = |request: RequestBuilder| request.header("host", "edge.example");
    let form =
        || anyhow::Ok(http()?.post(tls.url("/token")).form(&[("grant_type", "refresh_token"), ("client_id", "a")]));
    let call = || anyhow::Ok(tls.whoami()?.bearer_auth(&tls.token));
    let mut requests = vec![
        (call()?, StatusCode::OK),
        (tls.whoami()?, StatusCode::UNAUTHORIZED),
        (form()?, StatusCode::UNAUTHORIZED),
        (
            http()?.post(tls.url("/register")).json(&json!({ "redirect_uris": ["https://client.example/cb"] })),
            StatusCode::CREATED,
        ),
        (http()?.get(tls.url("/authorize")), StatusCode::BAD_REQUEST),
        (http()?.get(tls.url("/callback?code=a&state=b")), StatusCode::BAD_REQUEST),
        (http()?.get(tls.url("/.well-known/oauth-authorization-server")), StatusCode::OK),
        (http()?.request(Method::OPTIONS, tls.url("/token")), StatusCode::NO_CONTENT),
        (http()?.get(tls.url("/healthz")), StatusCode::OK),
        (http()?.get(tls.url("/nothing")), StatusCode::NOT_FOUND),
    ];
    for (name, value) in FIELDS {
        requests.push((call()?.header(name, value), StatusCode::OK));
    }
    let mark = tls.edge.log().len();
    let mut count = 0;
    for (request, otherwise) in requests {
        let copy = || request.try_clone().context("a body that is a stream");
        assert_eq!(copy()?.send().await?.status(), otherwise, "over TLS: {request:?}");
        let received = tls.origin.received();
        // The second one repeats the first, where that may be.
        for _ in 0..2 {
            let refused = Answer::to(plain(copy()?)).await?;
            assert_eq!((refused.status.as_u16(), refused.text("error")), (421, "misdirected_request"), "{request:?}");
            assert_eq!(refused.text("error_description"), PLAIN_HTTP);
            assert_eq!(refused.headers["cache-control"], "no-store, no-transform");
            // RFC 6797 §7.2: not over plain http.
            assert!(!refused.headers.contains_key("strict-transport-security"));
            assert!(!refused.headers.contains_key("location") && !refused.headers.contains_key("set-cookie"));
            count += 1;
        }
        assert_eq!(tls.origin.received(), received, "nothing is forwarded");
    }
    let written = || -> Vec<_> {
        let all = tls.edge.records_after(mark);
        all.into_iter().filter(|record| record["event"] == "request misdirected").collect()
    };
    until("each refusal is written down", || written().len() >= count).await?;
    tls.edge.stop();
    let written = written();
    assert_eq!(written.len(), count);
    for record in &written {
        assert_eq!((&record["level"], &record["status"]), (&json!("warn"), &json!(421)), "{record}");
        assert_eq!(record["reason"], "the request came over plain http");
    }
    let traces: HashSet<_> = written.iter().filter_map(|record| record["trace"].as_str()).collect();
    assert_eq!(traces.len(), count, "each has a trace of its own");
    assert!(!tls.edge.log().contains(&tls.token));
    Ok(())
}

async fn browsers_stay_with_tls_and_nobody_changes_what_is_answered(world: Arc<World>) -> Result<()> {
    let tls = OverTls::start(&world).await?;
    let client = tls.client(&world).await?;
    let local = HandMade::register(&world.stack).await?;
    let consent = |client: &HandMade| client.authorization_url(&client.authorization());
    for (client, base, strict) in [(&client, tls.edge.url(), Some(STRICT)), (&local, world.stack.issuer(), None)] {
        let at = |method: Method, path: &str| anyhow::Ok(http()?.request(method, format!("{base}{path}")));
        let mut asked = vec![http()?.get(consent(client)?)];
        for path in [
            "/.well-known/oauth-protected-resource",
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resource/other",
            "/.well-known/oauth-authorization-server",
            "/.well-known/jwks.json",
            "/register",
            "/authorize",
            "/callback",
            "/token",
            "/revoke",
            "/logout",
            "/logout?post_logout_redirect_uri=a",
            "/signed-out",
            "/healthz",
            "/mcp",
            "/nothing",
        ] {
            for method in [Method::GET, Method::POST, Method::PUT] {
                asked.push(at(method, path)?);
            }
        }
        asked.extend([
            at(Method::POST, "/mcp")?.bearer_auth("nonsense"),
            at(Method::POST, "/mcp")?.header("origin", "https://evil.example"),
            at(Method::POST, "/register")?.json(&json!({ "redirect_uris": ["https://client.example/cb"] })),
        ]);
        for request in asked {
            let answer = request.send().await?;
            let (url, status) = (answer.url().path().to_owned(), answer.status());
            expect(answer.headers(), strict, &format!("{status} {url}"));
        }
        let preflight = at(Method::OPTIONS, "/token")?.send().await?;
        assert_eq!(field(preflight.headers(), "strict-transport-security"), strict);
    }
    // What the script around the wasm answers itself.
    tls.origin.refuse();
    let failed = tls.whoami()?.bearer_auth(&tls.token).send().await?;
    assert_eq!(failed.status(), StatusCode::BAD_GATEWAY);
    expect(failed.headers(), Some(STRICT), "502");
    Ok(())
}

fn field<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn expect(headers: &HeaderMap, strict: Option<&str>, what: &str) {
    assert_eq!(field(headers, "strict-transport-security"), strict, "{what}");
    let caching = field(headers, "cache-control").unwrap_or_default();
    assert!(UNCHANGED.contains(&caching), "{what}: {caching}");
}

async fn a_sign_in_over_tls_begins_as_strictly_as_on_this_machine(world: Arc<World>) -> Result<()> {
    let tls = OverTls::start(&world).await?;
    let client = tls.client(&world).await?;
    let page = http()?.get(client.authorization_url(&client.authorization())?).send().await?;
    let (status, cookie) = (page.status(), field(page.headers(), "set-cookie").context("no cookie")?.to_owned());
    let form = Form::read(&page.url().clone(), &page.text().await?).context("no form")?;
    assert_eq!(status, StatusCode::OK);
    let strict = |cookie: &str| {
        let (pair, attributes) = cookie.split_once("; ").unwrap_or_default();
        assert!(pair.starts_with("__Host-edgeward-"), "{pair}");
        assert!(attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age="), "{attributes}");
        assert!(!attributes.contains("Domain"), "{attributes}");
        pair.to_owned()
    };
    let pair = strict(&cookie);
    let decide = async |origin: &str| {
        let decision = form.clone().fill("decision", "allow");
        let request = http()?.post(tls.url("/authorize")).header("origin", origin).header("cookie", &pair);
        anyhow::Ok(request.form(&decision.fields).send().await?)
    };
    assert_eq!(decide(tls.edge.url()).await?.status(), StatusCode::FORBIDDEN, "another site's page");
    let allowed = decide(PUBLIC_URL).await?;
    assert_eq!(allowed.status(), StatusCode::SEE_OTHER);
    let cookies = allowed.headers().get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    assert!(cookies.map(strict).any(|pair| pair.starts_with("__Host-edgeward-signin-")));
    let location = field(allowed.headers(), "location").context("nowhere to go")?;
    assert!(location.contains("redirect_uri=https%3A%2F%2Fedge.example%2Fcallback"), "{location}");
    Ok(())
}
