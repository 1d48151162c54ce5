//! Clients whose id is the URL of their metadata (draft-ietf-oauth-client-id-metadata-document).

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use edgeward_cognito::UNREACHABLE;
use edgeward_tests::{
    browser::{Browser, Page, User, query},
    by_hand::{HandMade, http, redirect_uri},
    client::{Era, REDIRECT_URI, SigningIn, call, challenge, text},
    document_host::Document,
    edge::{Capability, Sandbox},
};
use futures_util::future::try_join_all;
use reqwest::StatusCode;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{
    faulty::until,
    settings::DENIED_HOST,
    world::{World, part, refused, tests},
};

tests![
    a_client_with_a_document_signs_in_without_registering,
    a_real_client_uses_its_document_where_there_is_one,
    the_consent_page_names_the_domain_that_vouches,
    a_document_is_asked_for_politely_and_remembered,
    its_redirect_uris_are_its_own_with_any_port_on_loopback,
    an_id_that_leads_astray_is_not_followed,
    a_document_that_is_no_good_makes_no_client,
    a_redirect_is_not_followed,
    a_document_that_is_too_long_or_endless_is_given_up,
    a_host_that_does_not_answer_is_waited_for_and_left_alone,
    many_at_once_have_a_document_fetched_once,
    a_user_who_leaves_does_not_keep_the_others_waiting,
    page_and_token_answer_name_the_document_and_the_reason,
    a_host_that_fails_later_loses_no_client,
    variants_of_one_url_cause_few_requests,
    a_document_refused_as_keys_is_a_client_all_the_same,
];

const BAD: StatusCode = StatusCode::BAD_REQUEST;

fn document(url: &str) -> Value {
    json!({
        "client_id": url, "client_name": "Described", "client_uri": "https://client.example/",
        "redirect_uris": [REDIRECT_URI, "http://localhost/callback", "https://client.example/callback"],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "refresh_token"],
    })
}

/// A client whose document is there.
fn described(world: &World, url: &str) -> Result<HandMade> {
    world.hosts()?.put(url, Document::json(&document(url)));
    HandMade::named(&world.stack, url)
}

async fn open(client: &HandMade) -> Result<Page> {
    Browser::new()?.get(&client.authorization_url(&client.authorization())?).await
}

/// A page, and no way on; and not a client at the token endpoint either.
async fn is_unknown(client: &HandMade) -> Result<()> {
    let page = open(client).await?;
    assert_eq!((page.status, page.redirect()?), (BAD, None), "{}: {}", client.client_id, page.summary());
    let answer = client.token(&client.refreshing("nonsense")).await?;
    refused(&answer, StatusCode::UNAUTHORIZED, "invalid_client");
    Ok(())
}

async fn is_known(client: &HandMade) -> Result<()> {
    let page = open(client).await?;
    assert_eq!(page.status, StatusCode::OK, "{}: {}", client.client_id, page.summary());
    refused(&client.token(&client.refreshing("nonsense")).await?, BAD, "invalid_grant");
    Ok(())
}

async fn a_client_with_a_document_signs_in_without_registering(world: Arc<World>) -> Result<()> {
    let url = "https://sign-in.example/client.json";
    let client = described(&world, url)?;
    let tokens = client.tokens().await?;
    assert_eq!(part(tokens.text("access_token"), 1)["client_id"], url);
    assert_eq!(world.whoami(tokens.text("access_token")).await?.status(), StatusCode::OK);
    let refreshed = client.token(&client.refreshing(tokens.text("refresh_token"))).await?;
    assert_eq!(refreshed.status, StatusCode::OK);
    let other = described(&world, "https://sign-in.example/other.json")?;
    refused(&other.token(&other.refreshing(refreshed.text("refresh_token"))).await?, BAD, "invalid_grant");
    Ok(())
}

async fn a_real_client_uses_its_document_where_there_is_one(world: Arc<World>) -> Result<()> {
    let (url, mcp) = ("https://real.example/client.json", world.stack.mcp());
    world.hosts()?.put(url, Document::json(&document(url)));
    let signing_in = SigningIn::start_described(&mcp, &challenge(&mcp).await?, url).await?;
    assert!(signing_in.wire.take().iter().all(|asked| asked.path != "/register"));
    let authorization = signing_in.authorization_url().await?;
    assert_eq!(query(&authorization, "client_id").as_deref(), Some(url));
    let callback = Browser::new()?.sign_in(&authorization, &redirect_uri(), User::DEMO).await?;
    let client = signing_in.finish(&callback).await?;
    let connection = client.connect(Era::Modern).await?;
    assert!(text(&call(&connection, "whoami", json!({})).await?).contains("demo"));
    client.refresh().await?;
    Ok(())
}

async fn the_consent_page_names_the_domain_that_vouches(world: Arc<World>) -> Result<()> {
    let page = open(&described(&world, "https://vouches.example/client")?).await?;
    assert!(page.body.contains("Described") && page.body.contains("vouches.example"), "{}", page.summary());
    assert!(page.body.contains("127.0.0.1") && !page.body.contains("nobody has verified"));
    Ok(())
}

async fn a_document_is_asked_for_politely_and_remembered(world: Arc<World>) -> Result<()> {
    let url = "https://remembered.example/client?version=1";
    let client = described(&world, url)?;
    is_known(&client).await?;
    is_known(&client).await?;
    let asked = world.hosts()?.asked(url);
    assert_eq!((asked.len(), asked[0].method.as_str()), (1, "GET"));
    assert_eq!(asked[0].headers["accept"], "application/json");
    for name in ["authorization", "cookie", "x-edgeward-identity"] {
        assert!(!asked[0].headers.contains_key(name), "{name}");
    }
    Ok(())
}

async fn its_redirect_uris_are_its_own_with_any_port_on_loopback(world: Arc<World>) -> Result<()> {
    let client = described(&world, "https://redirects.example/client")?;
    for (uri, status) in [
        ("https://client.example/callback", StatusCode::OK),
        ("http://localhost:51234/callback", StatusCode::OK),
        ("http://127.0.0.1:51234/callback", StatusCode::OK),
        ("http://127.0.0.1:51234/other", BAD),
        ("https://redirects.example/callback", BAD),
    ] {
        let parameters = client.authorization().with("redirect_uri", uri);
        let page = Browser::new()?.get(&client.authorization_url(&parameters)?).await?;
        assert_eq!(page.status, status, "{uri}: {}", page.summary());
    }
    Ok(())
}

async fn an_id_that_leads_astray_is_not_followed(world: Arc<World>) -> Result<()> {
    let denied = format!("https://{DENIED_HOST}/client");
    for url in [
        "http://astray.example/client",
        "https://astray.example/",
        "https://astray.example:8443/client",
        "https://user@astray.example/client",
        "https://astray.example/client#x",
        "https://astray.example/a/../client",
        "https://ASTRAY.example/client",
        "https://127.0.0.1/client",
        "https://0x7f.1/client",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/client",
        "https://[::ffff:127.0.0.1]/client",
        "https://[64:ff9b::7f00:1]/client",
        "https://localhost/client",
        "https://metadata.google.internal/client",
        &denied,
    ] {
        let client = described(&world, url)?;
        is_unknown(&client).await?;
        assert!(world.hosts()?.asked(url).is_empty(), "{url}");
    }
    assert!(world.hosts()?.asked("https://astray.example/client").is_empty());
    is_known(&described(&world, "https://astray.example/client")?).await
}

async fn a_document_that_is_no_good_makes_no_client(world: Arc<World>) -> Result<()> {
    let url = |number: usize| format!("https://no-good-{number}.example/client");
    let changes: [(&str, Value); 8] = [
        ("client_id", json!("https://no-good-0.example/another")),
        ("client_name", Value::Null),
        ("redirect_uris", json!([])),
        ("redirect_uris", json!(["http://client.example/callback"])),
        ("client_secret", json!("everybody knows it")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("token_endpoint_auth_method", json!("private_key_jwt")),
        ("response_types", json!(["token"])),
    ];
    let mut documents: Vec<Document> = Vec::new();
    for (number, (member, value)) in changes.into_iter().enumerate() {
        let mut changed = document(&url(number));
        changed[member] = value;
        documents.push(Document::json(&changed));
    }
    let next = || Document::json(&document(&url(8)));
    documents.push(next().with("content-type", "text/html"));
    documents.push(Document { body: "<!doctype html>".into(), ..next() });
    documents.push(Document { status: 404, ..next() });
    for (number, document) in documents.into_iter().enumerate() {
        let (client, mark) = (HandMade::named(&world.stack, &url(number))?, world.log_mark());
        world.hosts()?.put(&url(number), document);
        is_unknown(&client).await?;
        // What the host does is remembered for some seconds; what is in the document is not, and is mended at once.
        let is_hosts_own = [8, 10].contains(&number);
        assert_eq!(world.hosts()?.asked(&url(number)).len(), if is_hosts_own { 1 } else { 2 });
        let is_named = || {
            let records = world.stack.edge().records_after(mark);
            records.iter().any(|record| record["reason"].as_str().is_some_and(|reason| reason.contains(&url(number))))
        };
        until("the log names the document", is_named).await?;
        world.hosts()?.put(&url(number), Document::json(&self::document(&url(number))));
        if !is_hosts_own {
            is_known(&client).await?;
        }
    }
    let good = "https://no-good.example/good";
    let typed = Document::json(&document(good)).with("content-type", "application/client+json; charset=utf-8");
    world.hosts()?.put(good, typed);
    is_known(&HandMade::named(&world.stack, good)?).await
}

async fn a_redirect_is_not_followed(world: Arc<World>) -> Result<()> {
    let target = "https://redirected.example/client";
    world.hosts()?.put(target, Document::json(&document(target)));
    for status in [301, 302, 303, 307, 308] {
        let url = format!("https://redirects-on.example/{status}");
        // What is there would do, were it not for the redirect; what it leads to as well.
        let away = Document::json(&document(&url)).with("location", "/redirected.example/client");
        world.hosts()?.put(&url, Document { status, ..away });
        is_unknown(&HandMade::named(&world.stack, &url)?).await?;
        assert_eq!(world.hosts()?.asked(&url).len(), 1);
    }
    assert!(world.hosts()?.asked(target).is_empty());
    Ok(())
}

async fn a_document_that_is_too_long_or_endless_is_given_up(world: Arc<World>) -> Result<()> {
    let of_length = |url: &str, length: usize| {
        let mut body = document(url).to_string();
        body.push_str(&" ".repeat(length - body.len()));
        Document { body, ..Document::json(&Value::Null) }
    };
    let (long, endless, fits) =
        ("https://too-long.example/client", "https://endless.example/client", "https://fits.example/client");
    world.hosts()?.put(long, of_length(long, 10 * 1024 + 1));
    world.hosts()?.put(endless, Document { endless: true, ..Document::json(&Value::Null) });
    world.hosts()?.put(fits, of_length(fits, 10 * 1024));
    is_unknown(&HandMade::named(&world.stack, long)?).await?;
    is_unknown(&HandMade::named(&world.stack, endless)?).await?;
    is_known(&HandMade::named(&world.stack, fits)?).await
}

async fn a_host_that_does_not_answer_is_waited_for_and_left_alone(world: Arc<World>) -> Result<()> {
    let url = "https://slow.example/client";
    world.hosts()?.put(url, Document { delay: Duration::from_secs(20), ..Document::json(&document(url)) });
    let client = HandMade::named(&world.stack, url)?;
    let page = timeout(Duration::from_secs(8), open(&client)).await??;
    assert_eq!((page.status, page.redirect()?), (StatusCode::SERVICE_UNAVAILABLE, None), "{}", page.summary());
    let answer = timeout(Duration::from_secs(1), client.token(&client.refreshing("nonsense"))).await??;
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert!(answer.headers.contains_key("retry-after"));
    assert_eq!(world.hosts()?.asked(url).len(), 1);

    let failing = "https://failing.example/client";
    world.hosts()?.put(failing, Document { status: 500, ..Document::json(&document(failing)) });
    assert_eq!(open(&HandMade::named(&world.stack, failing)?).await?.status, StatusCode::SERVICE_UNAVAILABLE);
    for status in UNREACHABLE {
        let url = format!("https://unreachable-{status}.example/client");
        world.hosts()?.put(&url, Document::unreachable(status));
        let (client, mark) = (HandMade::named(&world.stack, &url)?, world.log_mark());
        assert_eq!(open(&client).await?.status, StatusCode::SERVICE_UNAVAILABLE);
        let why = || {
            let records = world.stack.edge().records_after(mark);
            let mut reasons = records.into_iter().filter_map(|record| record["reason"].as_str().map(str::to_owned));
            let told =
                if status == 524 { "no answer before the deadline".to_owned() } else { format!("status {status}: ") };
            reasons.any(|reason| reason.contains(&told))
        };
        until("the log says why", why).await?;
        refused(
            &client.token(&client.refreshing("nonsense")).await?,
            StatusCode::SERVICE_UNAVAILABLE,
            "temporarily_unavailable",
        );
        assert_eq!(world.hosts()?.asked(&url).len(), 1);
    }
    let nowhere = HandMade::named(&world.stack, "https://nowhere.invalid/client")?;
    assert_eq!(open(&nowhere).await?.status, StatusCode::SERVICE_UNAVAILABLE);
    Ok(())
}

async fn many_at_once_have_a_document_fetched_once(world: Arc<World>) -> Result<()> {
    let url = "https://many.example/client";
    world.hosts()?.put(url, Document { delay: Duration::from_millis(700), ..Document::json(&document(url)) });
    let client = HandMade::named(&world.stack, url)?;
    for page in try_join_all((0..20).map(|_| open(&client))).await? {
        assert_eq!(page.status, StatusCode::OK, "{}", page.summary());
    }
    assert_eq!(world.hosts()?.asked(url).len(), 1);
    Ok(())
}

async fn a_user_who_leaves_does_not_keep_the_others_waiting(world: Arc<World>) -> Result<()> {
    let url = "https://left.example/client";
    world.hosts()?.put(url, Document { delay: Duration::from_secs(20), ..Document::json(&document(url)) });
    let client = HandMade::named(&world.stack, url)?;
    let authorize = client.authorization_url(&client.authorization())?;
    // The first one goes away while the document is fetched for them.
    let leaving = http()?.get(authorize).timeout(Duration::from_millis(500)).send().await;
    assert!(leaving.is_err());
    assert_eq!(world.hosts()?.asked(url).len(), 1);
    world.hosts()?.put(url, Document::json(&document(url)));
    // Whether the request that was left ends at once or at its deadline is the platform's to say. Ended, another takes
    // over; else it fails, which those who waited for it are told, and it is tried again when they come back.
    let until_shown = || async {
        let mut page = open(&client).await?;
        while page.status == StatusCode::SERVICE_UNAVAILABLE {
            tokio::time::sleep(Duration::from_millis(500)).await;
            page = open(&client).await?;
        }
        anyhow::Ok(page)
    };
    for page in timeout(Duration::from_secs(20), try_join_all((0..5).map(|_| until_shown()))).await?? {
        assert_eq!(page.status, StatusCode::OK, "{}", page.summary());
    }
    assert_eq!(world.hosts()?.asked(url).len(), 2);
    Ok(())
}

async fn page_and_token_answer_name_the_document_and_the_reason(world: Arc<World>) -> Result<()> {
    let base = |url: &str| Document::json(&document(url));
    let url = |number: usize| format!("https://explained.example/{number}");
    let cases = [
        ("content type is not JSON", base(&url(0)).with("content-type", "text/html")),
        ("status 302", Document { status: 302, ..base(&url(1)).with("location", "/elsewhere") }),
        ("status 404", Document { status: 404, ..base(&url(2)) }),
        ("status 403", Document { status: 403, ..base(&url(3)) }),
        ("client_id is not its URL", base("https://explained.example/another")),
    ];
    for (number, (reason, document)) in cases.into_iter().enumerate() {
        let url = url(number);
        world.hosts()?.put(&url, document);
        let client = HandMade::named(&world.stack, &url)?;
        let page = open(&client).await?;
        assert!(page.body.contains(&url) && page.body.contains(reason), "{reason}: {}", page.summary());
        let answer = client.token(&client.refreshing("nonsense")).await?;
        let told = answer.text("error_description");
        assert!(told.contains(&url) && told.contains(reason), "{reason}: {told}");
    }
    Ok(())
}

async fn a_host_that_fails_later_loses_no_client(world: Arc<World>) -> Result<()> {
    let url = "https://failing-later.example/client";
    let sandbox = Sandbox::from(Capability::Clock).divert_hosts(Some(world.hosts()?.address()));
    let edge = world.stack.start_edge("stale-edge", sandbox, world.stack.variables()).await?;
    world.hosts()?.put(url, Document::json(&document(url)).with("cache-control", "max-age=600"));
    let client = HandMade::named(&world.stack, url)?.at(edge.url());
    is_known(&client).await?;
    // Its host now refuses requests from data centres.
    world.hosts()?.put(url, Document { status: 403, ..Document::json(&Value::Null) });
    edge.move_clock(601).await?;
    is_known(&client).await?;
    assert_eq!(world.hosts()?.asked(url).len(), 2);
    edge.move_clock(600 + 24 * 3600 - 60).await?;
    is_known(&client).await?;
    let stale = edge.records().into_iter().filter(|record| record["event"] == "stale document used");
    let reasons: Vec<_> = stale.map(|record| record["reason"].to_string()).collect();
    assert!(
        !reasons.is_empty() && reasons.iter().all(|reason| reason.contains(url) && reason.contains("403")),
        "{reasons:?}"
    );
    edge.move_clock(600 + 24 * 3600 + 60).await?;
    assert_eq!(open(&client).await?.status, StatusCode::SERVICE_UNAVAILABLE);
    edge.stop();
    Ok(())
}

async fn variants_of_one_url_cause_few_requests(world: Arc<World>) -> Result<()> {
    let host = "https://variants.example/client";
    let known = described(&world, host)?;
    is_known(&known).await?;
    let variants: Vec<String> = (0..256).map(|number| format!("{host}?{number}")).collect();
    for url in &variants {
        let page = open(&HandMade::named(&world.stack, url)?).await?;
        assert!(matches!(page.status.as_u16(), 400 | 503), "{}", page.summary());
    }
    let hosts = world.hosts()?;
    let asked: usize = variants.iter().map(|url| hosts.asked(url).len()).sum();
    // A minute may end meanwhile, once.
    assert!((1..=64).contains(&asked), "{asked}");
    is_known(&known).await
}

async fn a_document_refused_as_keys_is_a_client_all_the_same(world: Arc<World>) -> Result<()> {
    let (url, stranger) = ("https://victim.example/client", "https://stranger-of-keys.example/client");
    world.hosts()?.put(url, Document::json(&document(url)));
    let mut claims = document(stranger);
    claims["token_endpoint_auth_method"] = json!("private_key_jwt");
    claims["jwks_uri"] = json!(url);
    world.hosts()?.put(stranger, Document::json(&claims));
    let client = HandMade::named(&world.stack, stranger)?;
    let form = client
        .refreshing("nonsense")
        .with("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        .with("client_assertion", "eyJhbGciOiJFZERTQSJ9.e30.AA");
    refused(&client.token(&form).await?, StatusCode::UNAUTHORIZED, "invalid_client");
    assert_eq!(world.hosts()?.asked(url).len(), 1);
    is_known(&HandMade::named(&world.stack, url)?).await
}
