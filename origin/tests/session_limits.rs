//! A task keeps so many sessions of a user, and so many in all. Idle ones end for others and are restored; those in use
//! stay, and a session too many gets a clear answer.

mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, middleware::from_fn_with_state};
use edgeward_identity::SealingKeys;
use edgeward_origin::{
    Clock, Keys, RequireIdentity, Verifier,
    server::session::{SessionKeys, SessionLimits, Sessions, bind_session},
};
use reqwest::{Method, Response, StatusCode};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ServerCapabilities, ServerConfig},
    service::RequestContext,
    transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService},
};
use serde_json::{Value, json};
use support::{
    AUDIENCE, HEADER, ISSUER, any_port, assertion_of,
    client::{initialize, post},
    key, session_keys,
};
use tokio::{net::TcpListener, sync::Notify, time::timeout};

const PATIENCE: Duration = Duration::from_secs(20);

/// Its tool `wait` waits until it is told to go on; any other answers at once. Every session has a copy.
#[derive(Clone)]
struct Server {
    go_on: Arc<Notify>,
    copies: Arc<()>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        if request.name == "wait" {
            self.go_on.notified().await;
        }
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
    }
}

struct Task {
    address: SocketAddr,
    server: Server,
}

impl Task {
    async fn start(per_subject: usize, total: usize) -> Self {
        let server = Server { go_on: Arc::default(), copies: Arc::default() };
        let keys = SealingKeys::from_jwks(session_keys(&["one"]).as_bytes()).unwrap();
        let limits = SessionLimits { per_subject, total };
        let sessions = Sessions::with(SessionKeys::fixed(&keys), limits, Clock::system());
        let config = sessions.configured(StreamableHttpServerConfig::default());
        let copied = server.clone();
        let mcp = StreamableHttpService::new(move || Ok(copied.clone()), sessions.manager(), config);
        let router = Router::new()
            .route_service("/mcp", mcp)
            .route_layer(from_fn_with_state(sessions, bind_session))
            .route_layer(RequireIdentity::new(Verifier::new(ISSUER, AUDIENCE), Keys::fixed(key().verifying_keys())));
        let listener = TcpListener::bind(any_port()).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, server }
    }

    fn mcp(&self) -> String {
        format!("http://{}/mcp", self.address)
    }

    async fn initialize(&self, subject: &str) -> Response {
        timeout(PATIENCE, initialize(&self.mcp(), &assertion_of(subject)).send()).await.expect("an answer").unwrap()
    }

    async fn open(&self, subject: &str) -> String {
        let opened = self.initialize(subject).await;
        assert_eq!(opened.status(), StatusCode::OK);
        let session = opened.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        // To the end of the answer.
        opened.text().await.unwrap();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.send(subject, &session, &initialized).await.status(), StatusCode::ACCEPTED);
        session
    }

    async fn send(&self, subject: &str, session: &str, message: &Value) -> Response {
        let request = post(&self.mcp(), &assertion_of(subject), message).header("Mcp-Session-Id", session);
        timeout(PATIENCE, request.send()).await.expect("an answer").unwrap()
    }

    async fn call(&self, subject: &str, session: &str, tool: &str) -> Response {
        let message = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": { "name": tool } });
        self.send(subject, session, &message).await
    }

    async fn stream(&self, subject: &str, session: &str) -> Response {
        let request = reqwest::Client::new()
            .request(Method::GET, self.mcp())
            .header(HEADER, assertion_of(subject))
            .header("Accept", "text/event-stream")
            .header("Mcp-Session-Id", session);
        timeout(PATIENCE, request.send()).await.expect("an answer").unwrap()
    }

    /// Until there is room for another session: whoever has gone is noticed a little later.
    async fn opens_at_last(&self, subject: &str) {
        let opened = async {
            while self.initialize(subject).await.status() != StatusCode::OK {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, opened).await.expect("room");
    }

    /// Until the sessions in memory are so many: they end in the background.
    async fn keeps(&self, count: usize) {
        // One is the test's, one the factory's.
        let all_gone = async {
            while Arc::strong_count(&self.server.copies) > count + 2 {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, all_gone).await.expect("sessions that ended are gone");
    }
}

async fn is_done(response: Response) -> bool {
    assert_eq!(response.status(), StatusCode::OK);
    timeout(PATIENCE, response.text()).await.expect("the end").unwrap().contains("done")
}

/// Checks that a session was refused, and how.
async fn refused(response: Response, status: StatusCode, words: &str) {
    assert_eq!(response.status(), status);
    assert!(!response.headers().contains_key("mcp-session-id"));
    assert_eq!(response.headers()["retry-after"], "30");
    let body: Value = response.json().await.unwrap();
    assert_eq!((&body["jsonrpc"], &body["id"], &body["error"]["code"]), (&json!("2.0"), &Value::Null, &json!(-32000)));
    let message = body["error"]["message"].as_str().unwrap();
    assert!(message.contains(words) && message.contains("gain later"), "{message}");
}

#[tokio::test]
async fn idle_sessions_of_a_user_end_for_new_ones_and_are_restored() {
    let task = Task::start(2, 10).await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(task.open("alice").await);
    }
    task.keeps(2).await;
    for _ in 0..3 {
        for session in &sessions {
            assert!(is_done(task.call("alice", session, "now").await).await);
        }
    }
    task.keeps(2).await;
}

#[tokio::test]
async fn a_user_whose_sessions_are_all_in_use_gets_no_other_and_others_do() {
    let task = Task::start(1, 10).await;
    let session = task.open("alice").await;
    let call = task.call("alice", &session, "wait").await;
    let words = "you have 1 here, as many as one user may have";
    refused(task.initialize("alice").await, StatusCode::TOO_MANY_REQUESTS, words).await;
    task.open("bob").await;
    task.server.go_on.notify_one();
    assert!(is_done(call).await, "nothing has ended the call");
    task.opens_at_last("alice").await;
}

#[tokio::test]
async fn a_standing_stream_keeps_its_session() {
    let task = Task::start(10, 1).await;
    let session = task.open("alice").await;
    let stream = task.stream("alice", &session).await;
    assert_eq!(stream.status(), StatusCode::OK);
    let words = "this server has 1, as many as it keeps";
    refused(task.initialize("bob").await, StatusCode::SERVICE_UNAVAILABLE, words).await;
    refused(task.initialize("alice").await, StatusCode::SERVICE_UNAVAILABLE, words).await;
    drop(stream);
    task.opens_at_last("bob").await;
    // Back again, at the cost of bob's.
    assert!(is_done(task.call("alice", &session, "now").await).await);
}

#[tokio::test]
async fn a_call_keeps_its_session_when_its_client_has_gone() {
    let task = Task::start(1, 10).await;
    let session = task.open("alice").await;
    drop(task.call("alice", &session, "wait").await);
    let words = "as many as one user may have";
    refused(task.initialize("alice").await, StatusCode::TOO_MANY_REQUESTS, words).await;
    task.server.go_on.notify_one();
    task.opens_at_last("alice").await;
}

#[tokio::test]
async fn a_session_that_another_task_opened_counts_where_it_is_restored() {
    let (first, second) = (Task::start(10, 10).await, Task::start(1, 10).await);
    let (elsewhere, here) = (first.open("alice").await, second.open("alice").await);
    let call = second.call("alice", &here, "wait").await;
    let words = "as many as one user may have";
    // Not a 404: the client would only initialize again, which would be refused, too.
    refused(second.call("alice", &elsewhere, "now").await, StatusCode::TOO_MANY_REQUESTS, words).await;
    refused(second.stream("alice", &elsewhere).await, StatusCode::TOO_MANY_REQUESTS, words).await;
    second.server.go_on.notify_one();
    assert!(is_done(call).await);
    second.opens_at_last("alice").await;
    assert!(is_done(second.call("alice", &elsewhere, "now").await).await);
    second.keeps(1).await;
}

// Threads, so that requests do meet in the middle of each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_requests_at_once_at_the_limit_lose_nothing() {
    let task = Arc::new(Task::start(10, 10).await);
    let mut sessions = Vec::new();
    for _ in 0..20 {
        sessions.push(task.open("alice").await);
    }
    let calls = sessions.into_iter().map(|session| {
        let task = Arc::clone(&task);
        tokio::spawn(async move {
            let mut done = 0;
            while done < 20 {
                let response = task.call("alice", &session, "now").await;
                // There may be ten others in use.
                if response.status() != StatusCode::TOO_MANY_REQUESTS {
                    assert!(is_done(response).await);
                    done += 1;
                }
            }
        })
    });
    for call in calls.collect::<Vec<_>>() {
        timeout(PATIENCE, call).await.expect("an end").unwrap();
    }
    task.keeps(10).await;
}
