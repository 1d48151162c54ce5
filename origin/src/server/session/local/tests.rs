//! Clients that disconnect, at each `await` on the way of their request.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    http::StatusCode,
    middleware::from_fn_with_state,
    response::Response,
};
use edgeward_identity::{Identity, Kind};
use rmcp::{ServerHandler, transport::streamable_http_server::StreamableHttpService};
use serde_json::{Value, json};
use tokio::task::{consume_budget, yield_now};
use tower::Service as _;

use super::{
    super::{SESSION_ID, SessionKeys, SessionLimits, Sessions, bind_session, exchange::Exchange},
    LocalSessions,
};
use crate::{Caller, Clock};

/// Every session has a copy.
#[derive(Clone)]
struct Server {
    _copies: Arc<()>,
}

impl ServerHandler for Server {}

const ONE: SessionLimits = SessionLimits { per_subject: 1, total: 10 };

/// A task with a place for one session.
struct Task {
    sessions: Sessions,
    router: Router,
    copies: Arc<()>,
}

impl Task {
    fn new() -> Self {
        let sessions = Sessions::with(SessionKeys::random().unwrap(), ONE, Clock::system());
        let copies = Arc::default();
        let server = Server { _copies: Arc::clone(&copies) };
        let config = sessions.configured(Default::default());
        let mcp = StreamableHttpService::new(move || Ok(server.clone()), sessions.manager(), config);
        let bound = from_fn_with_state(sessions.clone(), bind_session);
        Self { sessions, router: Router::new().route_service("/mcp", mcp).route_layer(bound), copies }
    }

    fn answer(&self, session: Option<&str>, message: &Value) -> impl Future<Output = Response> + use<> {
        let request = Request::post("/mcp")
            .header("Host", "localhost")
            .header("Content-Type", "application/json")
            .header("Accept", "application/json, text/event-stream")
            .extension(alice());
        let request = session.into_iter().fold(request, |request, id| request.header(SESSION_ID, id));
        let answering = self.router.clone().call(request.body(Body::from(message.to_string())).unwrap());
        async { answering.await.unwrap() }
    }

    fn initialize(&self) -> impl Future<Output = Response> + use<> {
        let client = json!({ "name": "test", "version": "0" });
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        self.answer(None, &json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params }))
    }

    fn ping(&self, session: &str) -> impl Future<Output = Response> + use<> {
        self.answer(Some(session), &json!({ "jsonrpc": "2.0", "id": 2, "method": "ping" }))
    }

    async fn open(&self) -> String {
        let response = self.initialize().await;
        let session = response.headers()[SESSION_ID].to_str().unwrap().to_owned();
        to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(self.answer(Some(&session), &initialized).await.status(), StatusCode::ACCEPTED);
        session
    }

    async fn serves(&self, session: &str, dropped: &str) {
        let response = self.ping(session).await;
        assert_eq!(response.status(), StatusCode::OK, "{dropped}");
        let answer = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        assert!(String::from_utf8_lossy(&answer).contains(r#""result":{}"#), "{dropped}: {answer:?}");
    }

    /// Sessions end after five idle minutes, and nothing is left of them. The clock advances when all is idle.
    async fn is_empty_in_the_end(&self, dropped: &str) {
        tokio::time::sleep(Duration::from_secs(600)).await;
        let local = &self.sessions.0.manager.sessions;
        assert_eq!((local.places.counts(), local.rmcp.sessions.read().await.len()), ((0, 0), 0), "{dropped}");
        assert_eq!(Arc::strong_count(&self.copies), 2, "the test's and the factory's: {dropped}");
    }
}

fn alice() -> Caller {
    Caller::from(Identity {
        issuer: "https://edge.example".into(),
        audience: "https://origin.example".into(),
        subject: "alice".into(),
        kind: Kind::User,
        client_id: "client-1".into(),
        scopes: vec![],
        username: None,
        email: None,
        unverified_email: None,
        groups: vec![],
        auth_time: None,
        grant_id: "grant-1".into(),
    })
}

/// Polls this so many times and drops it; says whether it was ready by then.
///
/// The first poll comes to the first `await` of tokio's, and each other one to the next: before it, the budget of this task is used up
/// but for one.
async fn dropped_after(polls: usize, answering: impl Future) -> bool {
    yield_now().await;
    let budget = budget().await;
    let mut answering = pin!(answering);
    for poll in 0..polls {
        yield_now().await;
        for _ in 0..budget - poll.min(1) {
            consume_budget().await;
        }
        if poll_fn(|context| Poll::Ready(answering.as_mut().poll(context).is_ready())).await {
            return true;
        }
    }
    false
}

/// What a poll of this task may do until it has to let others go on.
async fn budget() -> usize {
    let mut used = 0;
    poll_fn(|context| {
        while pin!(consume_budget()).poll(context).is_ready() {
            used += 1;
        }
        Poll::Ready(())
    })
    .await;
    used
}

/// What an `initialize` waits for: rmcp's list of sessions, the end of other sessions, that of the one that ends for it, and
/// three times in rmcp's handshake. Fewer would mean that the test does not drop it there.
const AWAITS: usize = 6;

#[tokio::test(start_paused = true)]
async fn an_initialize_that_is_dropped_breaks_no_session_and_leaves_none() {
    for polls in 0.. {
        let (task, dropped) = (Task::new(), format!("dropped after {polls} polls"));
        let first = task.open().await;
        let answered = dropped_after(polls, task.initialize()).await;
        task.serves(&first, &dropped).await;
        let second = task.open().await;
        task.serves(&second, &dropped).await;
        task.serves(&first, &dropped).await;
        task.is_empty_in_the_end(&dropped).await;
        if answered {
            assert!(polls > AWAITS, "{polls}");
            break;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_dropped_while_it_restores_a_session_breaks_none_and_leaves_none() {
    for polls in 0.. {
        let (task, dropped) = (Task::new(), format!("dropped after {polls} polls"));
        let (first, second) = (task.open().await, task.open().await);
        let answered = dropped_after(polls, task.ping(&first)).await;
        task.serves(&first, &dropped).await;
        task.serves(&second, &dropped).await;
        task.is_empty_in_the_end(&dropped).await;
        if answered {
            break;
        }
    }
}

/// `bind_session` restores in a task of its own, unless the session ends by itself in the moment in which it is asked for.
#[tokio::test]
async fn a_restoring_that_is_dropped_leaves_no_place() {
    for polls in 0.. {
        let local = LocalSessions::new(ONE);
        let _idle = Exchange::of("alice", None).during(local.create()).await.unwrap();
        let restoring = Exchange::of("alice", None).during(local.restore("restored".into()));
        if dropped_after(polls, restoring).await {
            break;
        }
        let _ended = local.ending.lock().await;
        assert_eq!(local.places.counts().0, local.rmcp.sessions.read().await.len(), "dropped after {polls} polls");
    }
}
