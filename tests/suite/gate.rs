//! Who gets through to the origin.

use std::{collections::HashSet, sync::Arc};

use anyhow::Result;
use ed25519_dalek::SigningKey;
use edgeward_cognito::Forgery;
use edgeward_identity::names::IDENTITY_HEADER;
use edgeward_tests::{
    browser::Browser,
    by_hand::{self, HandMade, http},
    edge::Sandbox,
};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};

use crate::{
    faulty::until,
    settings::{OTHER_RESOURCE, OTHER_SCOPE},
    world::{World, part, sign, tests},
};

tests![
    a_forged_token_is_refused,
    a_token_in_the_query_is_no_token,
    an_expired_token_is_refused,
    a_token_for_another_audience_or_from_another_issuer_is_refused,
    a_token_for_another_resource_of_the_edge_is_refused,
    a_token_with_too_little_scope_is_refused,
    a_request_that_only_resembles_the_one_before_it_is_judged_itself,
    a_stranger_who_comes_again_is_answered_and_written_down_as_before,
    a_token_of_another_type_is_refused,
    a_token_of_cognitos_is_refused,
    an_identity_from_outside_is_not_passed_on,
    the_origin_gets_no_token_and_no_cookie,
    the_origin_refuses_whoever_comes_past_the_edge,
    a_page_of_another_origin_is_refused,
    a_page_that_may_call_can_read_the_answer,
];

/// A good access token.
async fn token(world: &World) -> Result<String> {
    Ok(HandMade::register(&world.stack).await?.tokens().await?.text("access_token").to_owned())
}

/// The good token, changed and signed with the edge's own key.
fn changed(world: &World, token: &str, claim: &str, value: Value) -> String {
    let mut claims = part(token, 1);
    claims[claim] = value;
    world.sign(&part(token, 0), &claims)
}

fn refused(world: &World, answer: &Response) {
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let challenge = answer.headers()["www-authenticate"].to_str().expect("text");
    let metadata = world.stack.url("/.well-known/oauth-protected-resource/mcp");
    assert!(challenge.starts_with("Bearer "), "{challenge}");
    for part in [r#"error="invalid_token""#, &format!(r#"resource_metadata="{metadata}""#), r#"scope="mcp""#] {
        assert!(challenge.contains(part), "{challenge}");
    }
}

async fn a_forged_token_is_refused(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    let (header, claims) = (part(&good, 0), part(&good, 1));
    assert_eq!(world.whoami(&world.sign(&header, &claims)).await?.status(), StatusCode::OK, "our signature is good");
    let stranger = SigningKey::from_bytes(&[7; 32]);
    refused(&world, &world.whoami(&sign(&stranger, &header, &claims)).await?);

    let mut unsigned = header.clone();
    unsigned["alg"] = "none".into();
    let text = sign(&stranger, &unsigned, &claims);
    let (unsigned, _) = text.rsplit_once('.').expect("a compact token");
    refused(&world, &world.whoami(&format!("{unsigned}.")).await?);
    refused(&world, &world.whoami("nonsense").await?);
    assert_eq!(world.whoami(&good).await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_token_in_the_query_is_no_token(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    let mut url = world.stack.mcp();
    url.query_pairs_mut().append_pair("access_token", &good);
    let answer = by_hand::whoami(url.as_str())?.send().await?;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(by_hand::whoami(url.as_str())?.bearer_auth(&good).send().await?.status(), StatusCode::OK);
    Ok(())
}

async fn an_expired_token_is_refused(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    let issued = part(&good, 1)["iat"].as_u64().expect("iat");
    let mark = world.log_mark();
    refused(&world, &world.whoami(&changed(&world, &good, "exp", (issued - 3_600).into())).await?);
    let reason = "access token: expired";
    let told = || world.stack.edge().records_after(mark).into_iter().find(|record| record["reason"] == reason);
    until("it is written down", || told().is_some()).await?;
    // So that an operator can follow a client that loops.
    let record = told().expect("it is there");
    assert_eq!(record["grant"], part(&good, 1)["grant_id"], "{record}");
    assert!(record["client"].is_string() && record["subject"].is_string(), "{record}");
    let later = issued + 600;
    assert_eq!(world.whoami(&changed(&world, &good, "exp", later.into())).await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_token_for_another_audience_or_from_another_issuer_is_refused(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    for (claim, value) in [
        ("aud", json!("https://other.example/mcp")),
        ("aud", json!(world.stack.issuer())),
        ("aud", Value::Null),
        ("iss", json!("https://other.example")),
    ] {
        refused(&world, &world.whoami(&changed(&world, &good, claim, value)).await?);
    }
    Ok(())
}

async fn a_token_for_another_resource_of_the_edge_is_refused(world: Arc<World>) -> Result<()> {
    let client = HandMade::register(&world.stack).await?;
    let second = world.stack.url(OTHER_RESOURCE);
    let parameters = client.authorization().with("resource", second.as_str()).with("scope", "second");
    let code = client.code_for(&parameters, &mut Browser::new()?).await?;
    let tokens = client.token(&client.redemption(&code).with("resource", second.as_str())).await?;
    let theirs = tokens.text("access_token");
    refused(&world, &world.whoami(theirs).await?);
    let ours = token(&world).await?;
    for (token, status) in [(ours.as_str(), StatusCode::UNAUTHORIZED), (theirs, StatusCode::OK)] {
        assert_eq!(by_hand::whoami(second.as_str())?.bearer_auth(token).send().await?.status(), status);
    }
    Ok(())
}

async fn a_token_with_too_little_scope_is_refused(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    for scope in [OTHER_SCOPE, "second", ""] {
        let answer = world.whoami(&changed(&world, &good, "scope", scope.into())).await?;
        let metadata = world.stack.url("/.well-known/oauth-protected-resource/mcp");
        let challenge = format!(r#"Bearer error="insufficient_scope", resource_metadata="{metadata}", scope="mcp""#);
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{scope}");
        assert_eq!(answer.headers()["www-authenticate"], challenge);
    }
    let more = format!("{OTHER_SCOPE} mcp");
    assert_eq!(world.whoami(&changed(&world, &good, "scope", more.into())).await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_request_that_only_resembles_the_one_before_it_is_judged_itself(world: Arc<World>) -> Result<()> {
    const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    const MARK: &str = "x-resembling";
    let good = token(&world).await?;
    let mcp = world.stack.mcp();
    let ask = |url: &str, token: &str| anyhow::Ok(by_hand::whoami(url)?.bearer_auth(token));
    let same = || ask(mcp.as_str(), &good);
    let recorded = |mark: &str| -> Vec<_> {
        let all = world.stack.origin_traffic().expect("recorded").seen();
        all.into_iter().filter(|seen| seen.request_headers.get(MARK).is_some_and(|value| value == mark)).collect()
    };
    let cases = [
        ("page", same()?.header("origin", "https://evil.example"), StatusCode::FORBIDDEN),
        ("resource", ask(world.stack.url(OTHER_RESOURCE).as_str(), &good)?, StatusCode::UNAUTHORIZED),
        ("token", ask(mcp.as_str(), &good[..good.len() - 4])?, StatusCode::UNAUTHORIZED),
        ("two tokens", same()?.header("authorization", "Bearer another"), StatusCode::UNAUTHORIZED),
        ("query", ask(&format!("{mcp}?a=b"), &good)?, StatusCode::OK),
        ("trace", same()?.header("traceparent", TRACEPARENT), StatusCode::OK),
    ];
    for (case, request, status) in cases {
        // The second one is forwarded without a question to the gate.
        for _ in 0..2 {
            assert_eq!(same()?.header(MARK, "same").send().await?.status(), StatusCode::OK);
        }
        assert_eq!(request.header(MARK, case).send().await?.status(), status, "{case}");
        let passed = recorded(case);
        assert_eq!(passed.len(), usize::from(status == StatusCode::OK), "{case}");
        match (case, passed.first()) {
            ("query", Some(seen)) => assert!(seen.path.ends_with("?a=b"), "{}", seen.path),
            ("trace", Some(seen)) => assert_eq!(seen.request_headers["traceparent"], TRACEPARENT),
            (_, passed) => assert!(passed.is_none()),
        }
    }
    let same = recorded("same");
    let traces: HashSet<_> = same.iter().map(|seen| &seen.request_headers["traceparent"]).collect();
    assert_eq!((same.len(), traces.len()), (12, 12), "each has a trace of its own");
    Ok(())
}

async fn a_stranger_who_comes_again_is_answered_and_written_down_as_before(world: Arc<World>) -> Result<()> {
    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    let good = token(&world).await?;
    let edge = world.stack.start_edge("strangers-edge", Sandbox::default(), world.stack.variables()).await?;
    let mcp = format!("{}/mcp", edge.url());
    let stranger = || by_hand::whoami(&mcp);
    let challenge = |answer: &Response| answer.headers()["www-authenticate"].to_str().expect("text").to_owned();
    let asks_for = |path: &str| format!("/.well-known/oauth-protected-resource{path}\"");
    let told = async |answer: Response| {
        let (status, caching) = (answer.status(), answer.headers()["cache-control"].clone());
        anyhow::Ok((status, challenge(&answer), caching, answer.text().await?))
    };
    let expected = told(stranger()?.send().await?).await?;
    assert!(expected.0 == StatusCode::UNAUTHORIZED && expected.1.contains(&asks_for("/mcp")), "{expected:?}");
    let mut refused = 1;

    let traceparent = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let other = format!("{}{OTHER_RESOURCE}", edge.url());
    // More than are remembered.
    let many = (0..70).map(|number| by_hand::whoami(&format!("{mcp}?{number}")));
    let cases = [
        Ok(stranger()?.header("origin", "https://evil.example")),
        Ok(stranger()?.header("traceparent", traceparent)),
        by_hand::whoami(&other),
        Ok(http()?.get(&mcp)),
        Ok(stranger()?.bearer_auth("nonsense")),
        Ok(stranger()?.bearer_auth(&good)),
    ];
    let mut statuses = Vec::new();
    for case in cases.into_iter().chain(many) {
        for _ in 0..2 {
            assert_eq!(told(stranger()?.send().await?).await?, expected);
            refused += 1;
        }
        let answer = case?.send().await?;
        refused += usize::from(answer.status() != StatusCode::OK);
        statuses.push(answer.status().as_u16());
        if answer.url().path() == OTHER_RESOURCE {
            assert!(challenge(&answer).contains(&asks_for(OTHER_RESOURCE)));
        }
    }
    let (cases, many) = statuses.split_at(6);
    assert_eq!(cases, [403, 401, 401, 401, 401, 200]);
    assert!(many.iter().all(|status| *status == 401));

    let written = || -> Vec<_> {
        let all = edge.records();
        all.into_iter().filter(|record| record["event"] == "gate refused").collect()
    };
    until("each refusal is written down", || written().len() >= refused).await?;
    edge.stop();
    let written = written();
    assert_eq!(written.len(), refused);
    let traces: HashSet<_> = written.iter().filter_map(|record| record["trace"].as_str()).collect();
    assert_eq!(traces.len(), refused, "each has a trace of its own");
    assert!(traces.contains(TRACE) && traces.iter().all(|trace| trace.len() == 32));
    let alike = written.iter().filter(|record| record["reason"] == written[0]["reason"]);
    let fields = |record: &Value| record.as_object().map(|fields| fields.keys().cloned().collect::<Vec<_>>());
    assert!(alike.clone().all(|record| fields(record) == fields(&written[0]) && record["status"] == 401));
    assert_eq!(alike.count(), refused - 2);
    Ok(())
}

async fn a_token_of_another_type_is_refused(world: Arc<World>) -> Result<()> {
    let good = token(&world).await?;
    let mut header = part(&good, 0);
    header["typ"] = "JWT".into();
    refused(&world, &world.whoami(&world.sign(&header, &part(&good, 1))).await?);
    Ok(())
}

async fn a_token_of_cognitos_is_refused(world: Arc<World>) -> Result<()> {
    let cognito = world.stack.cognito();
    let forgeries = [
        cognito.mint_access_token(&Forgery::new()),
        cognito.mint_id_token(&Forgery::new()),
        // As Cognito would issue it with resource binding.
        cognito.mint_access_token(&Forgery::new().claim("aud", world.stack.mcp().as_str())),
        cognito.mint_id_token(&Forgery::new().claim("aud", world.stack.mcp().as_str())),
    ];
    for token in forgeries {
        refused(&world, &world.whoami(&token.expect("a token")).await?);
    }
    Ok(())
}

async fn an_identity_from_outside_is_not_passed_on(world: Arc<World>) -> Result<()> {
    let mcp = world.stack.mcp();
    let spoofed = by_hand::whoami(mcp.as_str())?.header(IDENTITY_HEADER, "spoofed-by-a-test").send().await?;
    assert_eq!(spoofed.status(), StatusCode::UNAUTHORIZED);
    let token = token(&world).await?;
    let request = by_hand::whoami(mcp.as_str())?.bearer_auth(&token).header(IDENTITY_HEADER, "spoofed-by-a-test");
    let answer = request.header("x-edgeward-other", "spoofed-by-a-test").send().await?;
    assert_eq!(answer.status(), StatusCode::OK);
    assert!(answer.text().await?.contains("demo@example.com"));
    let traffic = world.stack.origin_traffic().expect("recorded").seen();
    assert!(!traffic.is_empty());
    assert!(traffic.iter().all(|exchange| !exchange.request().contains("spoofed-by-a-test")));
    assert!(traffic.iter().all(|exchange| exchange.request_headers.get_all(IDENTITY_HEADER).iter().count() <= 1));
    Ok(())
}

async fn the_origin_gets_no_token_and_no_cookie(world: Arc<World>) -> Result<()> {
    let token = token(&world).await?;
    let request =
        by_hand::whoami(world.stack.mcp().as_str())?.bearer_auth(&token).header("cookie", "a=cookie-of-a-test");
    assert_eq!(request.send().await?.status(), StatusCode::OK);
    let traffic = world.stack.origin_traffic().expect("recorded").seen();
    assert!(!traffic.is_empty());
    for exchange in &traffic {
        assert!(!exchange.request_headers.contains_key("authorization"));
        assert!(!exchange.request_headers.contains_key("cookie"));
        assert!(!exchange.request().contains(&token));
    }
    Ok(())
}

async fn the_origin_refuses_whoever_comes_past_the_edge(world: Arc<World>) -> Result<()> {
    let token = token(&world).await?;
    let mcp = format!("{}/mcp", world.stack.origin_url());
    let requests = [
        by_hand::whoami(&mcp)?,
        by_hand::whoami(&mcp)?.bearer_auth(&token),
        by_hand::whoami(&mcp)?.header(IDENTITY_HEADER, &token),
        by_hand::whoami(&mcp)?.header(IDENTITY_HEADER, "nonsense"),
    ];
    for request in requests {
        assert_eq!(request.send().await?.status(), StatusCode::UNAUTHORIZED);
    }
    Ok(())
}

async fn a_page_of_another_origin_is_refused(world: Arc<World>) -> Result<()> {
    let token = token(&world).await?;
    let send = |origin: &str| -> Result<_> {
        Ok(by_hand::whoami(world.stack.mcp().as_str())?.bearer_auth(&token).header("origin", origin).send())
    };
    assert_eq!(send("https://evil.example")?.await?.status(), StatusCode::FORBIDDEN);
    assert_eq!(send(world.stack.issuer())?.await?.status(), StatusCode::OK);
    Ok(())
}

async fn a_page_that_may_call_can_read_the_answer(world: Arc<World>) -> Result<()> {
    let (token, page) = (token(&world).await?, world.stack.issuer());
    let shared = |answer: &Response| {
        let field = |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        field("access-control-allow-origin") == page
            && field("access-control-expose-headers").contains("WWW-Authenticate")
            && field("vary").contains("Origin")
    };
    let ask = || Ok::<_, anyhow::Error>(by_hand::whoami(world.stack.mcp().as_str())?.header("origin", page));
    let answer = ask()?.bearer_auth(&token).send().await?;
    assert!(answer.status() == StatusCode::OK && shared(&answer), "{answer:?}");
    assert!(answer.text().await?.contains("demo"), "the body came along");
    let refused = ask()?.send().await?;
    assert!(refused.status() == StatusCode::UNAUTHORIZED && shared(&refused), "{refused:?}");
    let question = http()?.request(Method::OPTIONS, world.stack.mcp()).header("origin", page).send().await?;
    assert!(question.status() == StatusCode::NO_CONTENT && shared(&question), "{question:?}");
    assert!(!shared(&world.whoami(&token).await?), "nobody asked");
    Ok(())
}
