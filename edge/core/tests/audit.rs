//! What is written down is what AUDIT.md says.

mod support;

use std::collections::BTreeSet;

use edgeward_core::{
    Decision,
    access_token::{self, Grant},
    audit::{Event, Level, Record, VERSION},
    oauth::Scope,
    platform::UnixTime,
    request_context::RequestContext,
    sealed::Profile,
    upstream::Subject,
};
use http::{Method, StatusCode};
use support::{ISSUER, START, TestEdge, authorization_request, config, cookies, hidden, post_form, request};

const AUDIT: &str = include_str!("../AUDIT.md");
const TRACEPARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// The first cells of the table that has this head.
fn table(head: &str) -> Vec<&'static str> {
    let rows = AUDIT.split(head).nth(1).unwrap().lines().skip(2);
    let rows = rows.take_while(|row| row.starts_with('|'));
    rows.map(|row| row.split('`').nth(1).unwrap()).collect()
}

fn full() -> Record {
    let text = || Some("text".to_owned());
    Record {
        status: Some(200),
        reason: text(),
        client: text(),
        grant: text(),
        subject: text(),
        trace: text(),
        ..Record::new(Level::Info, Event::TokenIssued)
    }
}

#[test]
fn the_document_lists_every_event_once_and_in_order() {
    let events: Vec<_> = Event::ALL.iter().map(|event| event.as_str()).collect();
    let listed = table("| event | level | who | when |");
    assert_eq!(listed.iter().collect::<BTreeSet<_>>(), events.iter().collect());
    assert_eq!(listed.len(), events.len());
}

#[test]
fn the_document_lists_every_field() {
    let record = serde_json::to_value(full()).unwrap();
    let fields: BTreeSet<_> = record.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(table("| field | what |").into_iter().collect::<BTreeSet<_>>(), fields);
    assert_eq!(record["v"], VERSION);
    let example: serde_json::Value =
        serde_json::from_str(AUDIT.split("```").nth(1).unwrap().trim_start_matches("json")).unwrap();
    assert!(example.as_object().unwrap().keys().all(|name| fields.contains(name.as_str())));
}

#[test]
fn what_does_not_apply_is_left_out() {
    let line = serde_json::to_string(&Record::new(Level::Alert, Event::SettingsRefused)).unwrap();
    assert_eq!(line, r#"{"v":1,"level":"alert","event":"settings refused"}"#);
}

#[test]
fn a_record_has_the_trace_id_that_came_or_one_of_its_own() {
    let edge = TestEdge::new();
    let told = |traceparent: &str| {
        edge.world.records.borrow_mut().clear();
        edge.respond(request(Method::GET, "/logout", &[("traceparent", traceparent)], ""));
        edge.world.records.borrow()[0].trace.clone().unwrap()
    };
    assert_eq!(told(TRACEPARENT), "4bf92f3577b34da6a3ce929d0e0e4736");
    let (one, other) = (told("nonsense"), told("nonsense"));
    assert_ne!(one, other);
    assert_eq!((one.len(), other.len()), (32, 32));

    edge.world.records.borrow_mut().clear();
    assert!(matches!(edge.gate("/mcp", None, None), Decision::Respond { .. }));
    assert_eq!(edge.world.records.borrow()[0].trace.as_ref().map(String::len), Some(32));
}

/// Who loops with a token that the gate refuses can be followed, by what the token says; but nobody can have others named.
#[test]
fn a_refused_token_names_its_client_if_the_signature_is_ours() {
    const RESOURCES: &str = r#"[{"path": "/mcp", "scopes": {"mcp": "Use it", "more": "Use more"}},
        {"path": "/other", "scopes": {"mcp": "Use it"}}]"#;
    let edge = TestEdge::with(&[("EDGEWARD_RESOURCES", RESOURCES)]);
    let mint = |settings: &[(&str, &str)], path: &str| {
        let (config, now) = (config(settings).unwrap(), UnixTime::from_secs(START));
        let subject = Subject { subject: "abc".into(), profile: Profile::default(), auth_time: None };
        let (scope, resource) = (Scope::parse("mcp").unwrap(), format!("{}{path}", config.issuer));
        let grant = Grant { client_id: "c", subject: &subject, resource: &resource, scope: &scope, grant_id: "grant" };
        access_token::mint(&grant, "token".into(), now.plus(900), &RequestContext::new(None, &config, &edge.world))
            .unwrap()
    };
    let (good, elsewhere, gone) = (mint(&[], "/mcp"), mint(&[], "/other"), mint(&[], "/gone"));
    let foreign = mint(&[("EDGEWARD_PUBLIC_URL", "https://old.example")], "/mcp");
    let (signed, _) = good.rsplit_once('.').unwrap();
    let (_, signature) = elsewhere.rsplit_once('.').unwrap();
    let forged = format!("{signed}.{signature}");
    let told = |token: &str| {
        edge.world.records.borrow_mut().clear();
        let Decision::Respond { response, .. } = edge.gate("/mcp", Some(&format!("Bearer {token}")), None) else {
            panic!("not refused")
        };
        let record = edge.world.records.borrow_mut().pop().unwrap();
        assert_eq!((record.event, record.status), (Event::GateRefused, Some(response.status().as_u16())));
        let named = record.client.is_some();
        assert_eq!((named, named), (record.grant.is_some(), record.subject.is_some()));
        assert!(
            !named || (record.grant.as_deref(), record.subject.as_deref()) == (Some("grant"), Some("ba7816bf8f01"))
        );
        (response.status().as_u16(), record.reason.unwrap(), named)
    };
    let refused = |status, reason: &str, named| (status, format!("access token: {reason}"), named);
    assert_eq!(told(&good), refused(403, "insufficient scope", true));
    // For the first time, and remembered.
    for token in [&elsewhere, &elsewhere, &gone] {
        assert_eq!(told(token), refused(401, "wrong audience", true));
    }
    assert_eq!(told(&foreign), refused(401, "wrong issuer", true));
    assert!(matches!(told(&forged), (401, _, false)));
    assert!(matches!(told("nonsense"), (401, _, false)));
    edge.advance(900);
    for token in [&good, &elsewhere, &gone] {
        assert_eq!(told(token), refused(401, "expired", true));
    }
    assert!(matches!(told(&forged), (401, _, false)));
}

#[test]
fn a_users_decision_is_told_as_what_it_is() {
    for (decision, event, status) in [("deny", Event::ConsentDenied, 303), ("allow", Event::ConsentGiven, 303)] {
        let edge = TestEdge::new();
        let page = edge.get(&authorization_request(&edge.public_client(), &[]));
        assert_eq!(page.status(), StatusCode::OK);
        let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
        let form = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", decision)];
        edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(&page)[0])], &form));
        let records = edge.world.records.borrow();
        let record = records.last().unwrap();
        assert_eq!((record.event, record.status, record.grant.as_ref()), (event, Some(status), Some(&transaction)));
        assert!(record.client.is_some());
    }
}

#[test]
fn a_failure_of_cognitos_is_told_beside_what_it_did() {
    let edge = TestEdge::new();
    let client = edge.public_client();
    let page = edge.get(&authorization_request(&client, &[]));
    let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let form = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", "allow")];
    let decided = edge.respond(post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(&page)[0])], &form));
    let cookie = cookies(&decided).into_iter().find(|cookie| cookie.contains("signin")).unwrap();
    for (answer, level, reason) in [
        ("error=server_error", Level::Warn, "Cognito says server_error"),
        ("error=invalid_scope", Level::Alert, "Cognito says invalid_scope: a scope that the app client does not have"),
    ] {
        edge.world.records.borrow_mut().clear();
        let target = format!("/callback?state={transaction}&{answer}");
        edge.respond(request(Method::GET, &target, &[("cookie", &cookie)], ""));
        let records = edge.world.records.borrow();
        let told: Vec<_> = records.iter().map(|record| (record.event, record.reason.as_deref())).collect();
        assert_eq!(told, [(Event::UpstreamFailed, Some(reason)), (Event::AuthorizationRefused, Some(reason))]);
        assert_eq!(records[0].level, level);
        assert!(records[0].trace.is_some() && records[0].trace == records[1].trace);
    }
    // Who is refused by Cognito is no failure of Cognito's.
    edge.world.records.borrow_mut().clear();
    let target = format!("/callback?state={transaction}&error=access_denied");
    edge.respond(request(Method::GET, &target, &[("cookie", &cookie)], ""));
    assert_eq!(edge.world.records.borrow().len(), 1);
}
