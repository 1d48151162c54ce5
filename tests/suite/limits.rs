//! How many requests one party may make: with the limits that the edge is deployed with, and with smaller ones, which are
//! reached sooner.

use std::sync::Arc;

use anyhow::{Result, ensure};
use edgeward_identity::names::edge as names;
use edgeward_tests::{
    browser::Browser,
    by_hand::{Answer, HandMade, call_over, http},
    client::REDIRECT_URI,
    edge::{Edge, Limits, Sandbox},
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use serde_json::json;

use crate::{
    faulty::until,
    world::{World, refused, tests},
};

tests![
    five_hundred_users_behind_one_address_are_not_hit,
    a_client_that_floods_is_told_when_to_come_back_and_others_go_on,
    a_redirect_host_and_an_address_have_limits_of_their_own,
    a_grant_that_is_refreshed_without_end_is_told_to_come_back,
    a_grant_that_calls_without_end_is_told_to_come_back_if_the_settings_say_so,
];

/// Addresses, by number.
const OFFICE: u8 = 7;
const HOME: u8 = 1;
const TOO_MANY: StatusCode = StatusCode::TOO_MANY_REQUESTS;

async fn limited_edge(world: &World, limits: Limits) -> Result<Edge> {
    world.stack.start_edge("limited-edge", Sandbox::default().limit(limits), world.stack.variables()).await
}

/// Somebody at an address of their own.
struct Somebody<'a> {
    http: Client,
    edge: &'a Edge,
}

impl<'a> Somebody<'a> {
    fn at(address: u8, edge: &'a Edge) -> Result<Self> {
        Ok(Self { http: edge.http_from(address)?, edge })
    }

    fn post(&self, path: &str) -> RequestBuilder {
        self.http.post(format!("{}{path}", self.edge.url()))
    }

    async fn register(&self, name: &str, redirect_uri: &str) -> Result<Answer> {
        let metadata =
            json!({ "client_name": name, "redirect_uris": [redirect_uri], "token_endpoint_auth_method": "none" });
        Answer::to(self.post("/register").json(&metadata)).await
    }

    async fn ask(&self, client: &HandMade) -> Result<Response> {
        let url = client.authorization_url(&client.authorization())?;
        Ok(self.http.get(url).send().await?)
    }

    async fn refresh(&self, client_id: &str) -> Result<Answer> {
        let form = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", "of-long-ago")];
        Answer::to(self.post("/token").form(&form)).await
    }
}

async fn five_hundred_users_behind_one_address_are_not_hit(world: Arc<World>) -> Result<()> {
    let edge = limited_edge(&world, Limits::Deployed).await?;
    let somebody = Somebody::at(OFFICE, &edge)?;
    // All with the same application, the hardest case: they are one client. The token request is one that costs no visit
    // to Cognito; it is counted like any other.
    let registered = somebody.register("Of the whole office", REDIRECT_URI).await?;
    assert_eq!(registered.status, StatusCode::CREATED);
    let client = HandMade::named(&world.stack, registered.text("client_id"))?.at(edge.url());
    let users = stream::iter(0..500).map(async |_| {
        let client = client.again()?;
        let page = somebody.ask(&client).await?;
        ensure!(page.status() == StatusCode::OK, "consent page: {}", page.status());
        let answer = somebody.refresh(&client.client_id).await?;
        ensure!(answer.text("error") == "invalid_grant", "token request: {}", answer.status);
        Ok(())
    });
    users.buffer_unordered(8).try_collect::<()>().await?;
    edge.stop();
    Ok(())
}

async fn a_client_that_floods_is_told_when_to_come_back_and_others_go_on(world: Arc<World>) -> Result<()> {
    // Codes of the stack's own edge, which the other one takes as well.
    let mut sign_in = Browser::new()?;
    let other = HandMade::register(&world.stack).await?;
    let codes = [other.code(&mut sign_in).await?, other.code(&mut sign_in).await?];
    let edge = limited_edge(&world, Limits::Of([600, 60, 100, 2400, 6000])).await?;
    let somebody = Somebody::at(OFFICE, &edge)?;
    let redeem = async |code: &str| Answer::to(somebody.post("/token").form(&form(&other, code))).await;
    assert_eq!(redeem(&codes[0]).await?.status, StatusCode::OK);

    // A minute may end meanwhile, once.
    let mut flood = stream::iter(0..2 * 100 + 8).map(|_| somebody.refresh("flooding")).buffer_unordered(8);
    let mut stopped = None;
    while stopped.is_none() {
        let answer = flood.try_next().await?.expect("nothing stops it");
        stopped = Some(answer).filter(|answer| answer.status == TOO_MANY);
    }
    drop(flood);
    let answer = stopped.expect("it is there");
    refused(&answer, TOO_MANY, "temporarily_unavailable");
    assert_eq!(answer.headers["retry-after"], "60");
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert_eq!(answer.headers["access-control-expose-headers"], "retry-after");

    assert_eq!(redeem(&codes[1]).await?.status, StatusCode::OK, "another client at the same address");
    let elsewhere = Somebody::at(HOME, &edge)?;
    assert_eq!(elsewhere.refresh("flooding").await?.status, StatusCode::UNAUTHORIZED, "the same client elsewhere");
    until("it is logged", || edge.log().contains("too many requests")).await?;
    edge.stop();
    let records = edge.records();
    let record = records.iter().find(|record| record["event"] == "too many requests").expect("a record");
    assert_eq!((&record["reason"], &record["status"]), (&json!("client"), &json!(429)));
    assert!(!edge.log().contains("requests are not limited"));
    Ok(())
}

fn form(client: &HandMade, code: &str) -> Vec<(&'static str, String)> {
    vec![
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", client.client_id.clone()),
        ("code", code.to_owned()),
        ("redirect_uri", REDIRECT_URI.to_owned()),
        ("code_verifier", client.verifier.clone()),
    ]
}

async fn a_redirect_host_and_an_address_have_limits_of_their_own(world: Arc<World>) -> Result<()> {
    let edge = limited_edge(&world, Limits::Of([600, 60, 2, 4, 12])).await?;
    let somebody = Somebody::at(OFFICE, &edge)?;
    let elsewhere = Somebody::at(HOME, &edge)?;

    // Each time another client of the same host. A minute may end meanwhile, once.
    let mut refusals = Vec::new();
    for number in 0..10 {
        let answer = somebody.register(&format!("Number {number}"), "https://evil.example/back").await?;
        refusals.push(answer.status == TOO_MANY);
    }
    assert!(!refusals[0] && refusals.contains(&true), "{refusals:?}");
    assert_eq!(elsewhere.register("Elsewhere", "https://evil.example/back").await?.status, StatusCode::CREATED);

    // People see a page.
    let client = HandMade::named(&world.stack, "unknown")?.at(edge.url());
    let mut page = somebody.ask(&client).await?;
    assert_eq!(page.status(), StatusCode::BAD_REQUEST);
    for _ in 0..5 {
        page = if page.status() == TOO_MANY { page } else { somebody.ask(&client).await? };
    }
    assert_eq!((page.status(), &page.headers()["retry-after"]), (TOO_MANY, &"60".parse()?));
    assert!(page.headers()["content-type"].to_str()?.starts_with("text/html"));
    assert!(page.text().await?.contains("Too many requests"));

    // Clients without end, of all of which the address is the same.
    for path in ["/token", "/revoke"] {
        let mut answers = Vec::new();
        for number in 0..26 {
            let form = [("client_id", format!("client-{number}"))];
            answers.push(Answer::to(somebody.post(path).form(&form)).await?);
        }
        assert_ne!(answers[0].status, TOO_MANY);
        let answer = answers.iter().find(|answer| answer.status == TOO_MANY).expect("nothing stops it");
        refused(answer, TOO_MANY, "temporarily_unavailable");
        let form = [("client_id", "client-0")];
        assert_ne!(Answer::to(elsewhere.post(path).form(&form)).await?.status, TOO_MANY);
    }
    edge.stop();
    Ok(())
}

async fn a_grant_that_is_refreshed_without_end_is_told_to_come_back(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let [mine, others] = [client.tokens().await?, client.again()?.tokens().await?];
    let edge = limited_edge(&world, Limits::Of([600, 3, 100, 2400, 6000])).await?;
    let somebody = Somebody::at(OFFICE, &edge)?;
    let refresh = async |token: &str| {
        let form =
            [("grant_type", "refresh_token"), ("client_id", client.client_id.as_str()), ("refresh_token", token)];
        Answer::to(somebody.post("/token").form(&form)).await
    };
    let mut stopped = None;
    // A minute may end meanwhile, once.
    for _ in 0..12 {
        let answer = refresh(mine.text("refresh_token")).await?;
        stopped = (answer.status != StatusCode::OK).then_some(answer);
        if stopped.is_some() {
            break;
        }
    }
    let answer = stopped.expect("nothing stops it");
    refused(&answer, StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable");
    assert_eq!(answer.headers["retry-after"], "60");
    assert_eq!(refresh(others.text("refresh_token")).await?.status, StatusCode::OK, "another user of the same client");
    until("it is logged", || edge.log().contains("too many requests")).await?;
    edge.stop();
    let records = edge.records();
    let record = records.iter().find(|record| record["event"] == "too many requests").expect("a record");
    assert_eq!((&record["reason"], &record["status"]), (&json!("grant"), &json!(503)));
    assert!(record["grant"].is_string() && record["client"].is_string(), "{record}");
    Ok(())
}

async fn a_grant_that_calls_without_end_is_told_to_come_back_if_the_settings_say_so(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let [mine, others] = [client.tokens().await?, client.again()?.tokens().await?];
    let mut variables = world.stack.variables().clone();
    variables.insert(names::RATE_LIMITS.to_owned(), "calls:3".to_owned());
    let sandbox = Sandbox::default().limit(Limits::Of([3, 60, 1200, 2400, 6000]));
    let edge = world.stack.start_edge("counting-edge", sandbox, &variables).await?;
    let http = http()?;
    let call = async |token: &str, origin: Option<&str>| {
        let mcp = format!("{}/mcp", edge.url());
        let mut request = call_over(&http, &mcp, "whoami", &json!({}), "1").bearer_auth(token);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        Answer::to(request).await
    };
    let mine = mine.text("access_token");
    // Alike, so that the edge repeats what the gate has said; then from a page, and the gate is asked each time.
    for origin in [None, variables.get(names::PUBLIC_URL).map(String::as_str)] {
        let mut stopped = None;
        // A minute may end meanwhile, once.
        for _ in 0..12 {
            let answer = call(mine, origin).await?;
            stopped = (answer.status != StatusCode::OK).then_some(answer);
            if stopped.is_some() {
                break;
            }
        }
        let answer = stopped.expect("nothing stops it");
        refused(&answer, TOO_MANY, "too_many_requests");
        assert_eq!(answer.headers["retry-after"], "60");
        let shared =
            answer.headers.get("access-control-allow-origin").map(|origin| origin.to_str().unwrap_or_default());
        assert_eq!(shared, origin);
    }
    assert_eq!(
        call(others.text("access_token"), None).await?.status,
        StatusCode::OK,
        "another user of the same client"
    );
    until("it is logged", || edge.log().contains("too many requests")).await?;
    edge.stop();
    let records = edge.records();
    let record = records.iter().find(|record| record["event"] == "too many requests").expect("a record");
    assert_eq!(
        (&record["reason"], &record["status"], &record["level"]),
        (&json!("calls"), &json!(429), &json!("warn"))
    );
    assert!(["grant", "client", "subject"].iter().all(|member| record[*member].is_string()), "{record}");
    Ok(())
}
