//! What of a legacy session cannot reach another task has a defined answer there: never a 5xx, never a wait for ever.
#![expect(deprecated, reason = "clients before 2026-07-28 are asked for what that revision deprecates")]

mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state};
use edgeward_identity::SealingKeys;
use edgeward_origin::{
    Clock, Keys, RequireIdentity, Verifier,
    keys::{KeysError, MAX_AGE},
    server::session::{LIFETIME, SessionKeys, SessionLimits, Sessions, bind_session},
};
use reqwest::Response;
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities, ServerConfig},
    service::RequestContext,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use serde_json::{Value, json};
use support::{AUDIENCE, FakeClock, HEADER, ISSUER, any_port, assertion_of, client::post, key, now, session_keys};
use tokio::{net::TcpListener, sync::Notify, time::timeout};

/// Its tool `ask` asks the client for its roots; `wait` waits until it is cancelled or told to go on.
#[derive(Clone, Default)]
struct Asking {
    go_on: Arc<Notify>,
}

impl ServerHandler for Asking {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let text = match &*request.name {
            "ask" => {
                let roots = context
                    .peer
                    .list_roots()
                    .await
                    .map_err(|error| ErrorData::internal_error(error.to_string(), None))?;
                roots.roots.iter().map(|root| root.uri.as_str()).collect()
            }
            _ => tokio::select! {
                () = context.ct.cancelled() => "cancelled".to_owned(),
                () = self.go_on.notified() => "done".to_owned(),
            },
        };
        Ok(CallToolResult::success(vec![ContentBlock::text(text)]).into())
    }
}

/// One of several tasks with the same key.
struct Task {
    address: SocketAddr,
    go_on: Arc<Notify>,
}

impl Task {
    async fn start(clock: Clock) -> Self {
        Self::with(SessionKeys::fixed(&given(&["one"])), clock).await
    }

    async fn with(keys: SessionKeys, clock: Clock) -> Self {
        let server = Asking::default();
        let go_on = server.go_on.clone();
        let sessions = Sessions::with(keys, SessionLimits::default(), clock);
        let config = sessions.configured(StreamableHttpServerConfig::default());
        let mcp = StreamableHttpService::new(move || Ok(server.clone()), sessions.manager(), config);
        let router = Router::new()
            .route_service("/mcp", mcp)
            .route_layer(from_fn_with_state(sessions, bind_session))
            .route_layer(RequireIdentity::new(Verifier::new(ISSUER, AUDIENCE), Keys::fixed(key().verifying_keys())));
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, go_on }
    }

    async fn pair() -> (Self, Self) {
        (Self::start(Clock::system()).await, Self::start(Clock::system()).await)
    }

    fn mcp(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    async fn open(&self) -> String {
        let capabilities = json!({ "roots": {} });
        let info = json!({ "name": "test", "version": "0" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": info });
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let opened = post(&self.mcp(), &assertion_of("alice"), &message).send().await.unwrap();
        opened.headers()["mcp-session-id"].to_str().unwrap().to_owned()
    }

    async fn send(&self, session: &str, message: &Value) -> Response {
        let request = post(&self.mcp(), &assertion_of("alice"), message).header("Mcp-Session-Id", session);
        timeout(PATIENCE, request.send()).await.expect("an answer in time").unwrap()
    }

    async fn call(&self, session: &str, id: u64, tool: &str) -> Events {
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": tool } });
        Events::of(self.send(session, &message).await)
    }

    /// A GET, after this event if there is one.
    async fn listen(&self, session: &str, last_event_id: Option<&str>) -> Events {
        let mut request = reqwest::Client::new()
            .get(self.mcp())
            .header(HEADER, assertion_of("alice"))
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", session);
        if let Some(id) = last_event_id {
            request = request.header("Last-Event-ID", id);
        }
        Events::of(request.send().await.unwrap())
    }
}

fn given(key_ids: &[&str]) -> SealingKeys {
    SealingKeys::from_jwks(session_keys(key_ids).as_bytes()).unwrap()
}

/// An event stream.
struct Events {
    response: Response,
    text: String,
}

impl Events {
    fn of(response: Response) -> Self {
        assert_eq!(response.status(), 200);
        Self { response, text: String::new() }
    }

    /// The next event: its id and its message; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field =
                    |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
                let found = (field("id:").to_owned(), serde_json::from_str(field("data:")).unwrap_or_default());
                self.text = rest.to_owned();
                return Some(found);
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("an event in time").unwrap()?;
            self.text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    /// The next message, and the id of its event.
    async fn message(&mut self) -> (String, Value) {
        loop {
            let (id, message) = self.next().await.expect("a message");
            if !message.is_null() {
                return (id, message);
            }
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(10);

fn roots(id: &Value, uri: &str) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "result": { "roots": [{ "uri": uri }] } })
}

fn text(message: &Value) -> &str {
    message["result"]["content"][0]["text"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_answer_that_reaches_another_task_answers_nothing_there() {
    let (a, b) = Task::pair().await;
    let session = a.open().await;
    let (mut at_a, mut at_b) = (a.call(&session, 2, "ask").await, b.call(&session, 3, "ask").await);
    let ((_, asked_by_a), (_, asked_by_b)) = (at_a.message().await, at_b.message().await);
    assert_eq!((&asked_by_a["method"], &asked_by_b["method"]), (&json!("roots/list"), &json!("roots/list")));
    assert_ne!(asked_by_a["id"], asked_by_b["id"], "one is not taken for the other");

    assert_eq!(b.send(&session, &roots(&asked_by_a["id"], "file:///a")).await.status(), 202);
    assert_eq!(a.send(&session, &roots(&asked_by_b["id"], "file:///b")).await.status(), 202);
    let error = json!({ "code": -1, "message": "no" });
    let refused = json!({ "jsonrpc": "2.0", "id": asked_by_a["id"], "error": error });
    assert_eq!(b.send(&session, &refused).await.status(), 202);

    assert_eq!(a.send(&session, &roots(&asked_by_a["id"], "file:///a")).await.status(), 202);
    assert_eq!(b.send(&session, &roots(&asked_by_b["id"], "file:///b")).await.status(), 202);
    assert_eq!(text(&at_a.message().await.1), "file:///a");
    assert_eq!(text(&at_b.message().await.1), "file:///b");
}

#[tokio::test]
async fn a_cancellation_that_reaches_another_task_has_no_effect() {
    let (a, b) = Task::pair().await;
    let session = a.open().await;
    let mut call = a.call(&session, 2, "wait").await;
    let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } });
    assert_eq!(b.send(&session, &cancelled).await.status(), 202);
    a.go_on.notify_one();
    assert_eq!(text(&call.message().await.1), "done");
}

#[tokio::test]
async fn a_call_is_resumed_at_its_own_task_only_and_never_as_another_call() {
    let (a, b) = Task::pair().await;
    let session = a.open().await;
    let mut at_a = a.call(&session, 2, "wait").await;
    let mut at_b = b.call(&session, 3, "wait").await;
    // The event that primes a stream.
    let (id, _) = at_a.next().await.unwrap();
    at_b.next().await.unwrap();
    drop(at_a);

    let mut elsewhere = b.listen(&session, Some(&id)).await;
    assert_eq!(elsewhere.next().await, None, "an empty stream, at once");
    b.go_on.notify_one();
    assert_eq!(at_b.message().await.1["id"], 3, "the other call still has its own stream");

    let mut resumed = a.listen(&session, Some(&id)).await;
    a.go_on.notify_one();
    let (_, message) = resumed.message().await;
    assert_eq!((&message["id"], text(&message)), (&json!(2), "done"));
}

#[tokio::test]
async fn a_standing_stream_begins_anew_at_another_task() {
    let (a, b) = Task::pair().await;
    let session = a.open().await;
    let mut standing = a.listen(&session, None).await;
    let (id, _) = standing.next().await.unwrap();
    for last in [None, Some(id.as_str()), Some("0123.7"), Some("nonsense")] {
        let mut again = b.listen(&session, last).await;
        assert!(timeout(Duration::from_millis(200), again.message()).await.is_err(), "it stands: {last:?}");
    }
}

#[tokio::test]
async fn a_session_id_is_good_for_a_day() {
    let clock = FakeClock::at(now().as_secs());
    let task = Task::start(clock.clock()).await;
    let session = task.open().await;
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    clock.advance(LIFETIME - 1);
    assert_eq!(task.send(&session, &ping).await.status(), 200);
    clock.advance(1);
    assert_eq!(task.send(&session, &ping).await.status(), 404);
}

#[tokio::test]
async fn a_task_that_nobody_has_asked_for_long_seals_with_no_old_key() {
    let clock = FakeClock::at(now().as_secs());
    let keys = SessionKeys::refreshed(&given(&["old"]), || async { Ok(session_keys(&["new"]).into_bytes()) });
    let task = Task::with(keys, clock.clock()).await;
    assert!(task.open().await.starts_with("old."));
    clock.advance(MAX_AGE);
    assert!(task.open().await.starts_with("old."));
    clock.advance(1);
    assert!(task.open().await.starts_with("new."));
}

#[tokio::test]
async fn when_the_keys_cannot_be_read_an_unknown_one_is_a_503_and_known_ones_work() {
    let unreadable = || async { Err(KeysError::Unreadable("not today".to_owned())) };
    let keys = SessionKeys::refreshed(&given(&["one"]), unreadable);
    let (task, other) = tokio::join!(Task::with(keys, Clock::system()), async {
        Task::with(SessionKeys::fixed(&given(&["two"])), Clock::system()).await
    });
    let ping = json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" });
    let refused = task.send(&other.open().await, &ping).await;
    assert_eq!(refused.status(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert_eq!(task.send(&task.open().await, &ping).await.status(), 200);
}
