//! One edge with a fake clock, seeded randomness and a scripted identity provider.
#![allow(dead_code, reason = "each test program uses a part of it")]

mod coordinator;
pub(crate) mod shared_memory;

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    future::Future,
    ops::RangeInclusive,
    pin::pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

pub(crate) use coordinator::Coordinator;
use edgeward_core::{
    Body, Config, Decision, Edge, Needs, REQUEST_HEADERS, Request, RequestHead, Target,
    jose::software,
    platform::{
        ClaimOutcome, Clock, CoordinateRefreshes, CoordinationError, Count, Fetch, FetchError, FetchReply,
        FetchRequest, Limit, Log, Memory, MemoryName, MemoryUnavailable, Randomness, RandomnessError, Recalled, Record,
        RefreshClaim, RefreshUpdate, RsaPublicKey, Timer, Together, UnixTime, VerificationError, VerifyRs256,
    },
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use shared_memory::{MemoryTurn, SharedMemory};

pub(crate) const ISSUER: &str = "https://edge.example";
pub(crate) const KEYS: &str = r#"{"keys":[
 {"kty":"OKP","crv":"Ed25519","kid":"s1","use":"sig","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
 {"kty":"oct","kid":"e1","use":"enc","alg":"XC20P","k":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"},
 {"kty":"oct","kid":"m1","use":"sig","alg":"HS256","k":"ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8"}]}"#;
/// RFC 7636 appendix B.
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(crate) const START: u64 = 1_790_000_000;

/// `Retry-After` is up to so many seconds more than it must be.
pub(crate) const SPREAD: u64 = 25;
/// What it is where no time is known.
pub(crate) const COME_BACK: RangeInclusive<u64> = 5..=5 + SPREAD;

/// Settings that are enough, with `overrides` on top; an empty value unsets.
pub(crate) fn settings(overrides: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut all = vec![
        ("COGNITO_USER_POOL_ID", "eu-west-1_Example"),
        ("COGNITO_CLIENT_ID", "upstreamclient"),
        ("COGNITO_CLIENT_SECRET", "upstreamsecret"),
        ("COGNITO_DOMAIN", "login.example"),
        ("EDGEWARD_PUBLIC_URL", ISSUER),
        ("EDGEWARD_ORIGIN_URL", "https://origin.example"),
        ("EDGEWARD_KEYS", KEYS),
    ];
    all.extend(overrides);
    all.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

pub(crate) fn config(overrides: &[(&str, &str)]) -> Result<Config, edgeward_core::ConfigErrors> {
    let settings = settings(overrides);
    Config::parse(|name| settings.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone()))
}

/// What the test controls while the edge runs.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) now: Rc<Cell<u64>>,
    /// So many seconds the clock of this instance is ahead.
    pub(crate) ahead: i64,
    pub(crate) replies: Rc<RefCell<VecDeque<Result<FetchReply, FetchError>>>>,
    pub(crate) fetched: Rc<RefCell<Vec<FetchRequest>>>,
    pub(crate) records: Rc<RefCell<Vec<Record>>>,
    /// Milliseconds slept in all.
    pub(crate) slept: Rc<Cell<u64>>,
    /// The answer for Cognito's keys, which is then neither scripted nor counted.
    pub(crate) keys: Rc<RefCell<Option<String>>>,
    /// Requests of each name, by limit and name.
    pub(crate) counted: Rc<RefCell<HashMap<(&'static str, String), u32>>>,
    /// How many of a name are within a limit; none means all.
    pub(crate) allowed: Rc<RefCell<HashMap<&'static str, u32>>>,
    /// Whether answers are kept back.
    pub(crate) held: Rc<Cell<bool>>,
    /// Whether the platform fails to verify signatures.
    pub(crate) cannot_verify: Rc<Cell<bool>>,
    /// The memory that instances share, if they do.
    pub(crate) memory: Option<SharedMemory>,
    /// What coordinates their refreshes, if anything.
    pub(crate) coordinator: Rc<RefCell<Option<Coordinator>>>,
    counter: Rc<Cell<u64>>,
}

impl Clock for World {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.now.get().saturating_add_signed(self.ahead))
    }
}

impl Randomness for World {
    /// Different each time, the same in each run.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        for chunk in bytes.chunks_mut(8) {
            self.counter.set(self.counter.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let word = (self.counter.get() ^ (self.counter.get() >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            chunk.copy_from_slice(&word.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl Fetch for World {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        let keys = self.keys.borrow().clone().filter(|_| request.url.ends_with("/jwks.json"));
        if let Some(keys) = keys {
            return Ok(FetchReply { status: 200, body: keys.into(), ..FetchReply::default() });
        }
        self.fetched.borrow_mut().push(request);
        while self.held.get() {
            yield_once().await;
        }
        self.replies.borrow_mut().pop_front().unwrap_or(Err(FetchError::Connection))
    }
}

impl Timer for World {
    /// Others go on, and time passes.
    async fn sleep(&self, milliseconds: u32) {
        self.slept.set(self.slept.get() + u64::from(milliseconds));
        yield_once().await;
    }
}

impl Count for World {
    async fn is_within(&self, limit: Limit, name: String) -> bool {
        let mut counted = self.counted.borrow_mut();
        let count = counted.entry((limit.as_str(), name)).or_default();
        *count += 1;
        self.allowed.borrow().get(limit.as_str()).is_none_or(|allowed| *count <= *allowed)
    }
}

impl CoordinateRefreshes for World {
    fn coordinates_refreshes(&self) -> bool {
        self.coordinator.borrow().is_some()
    }

    /// Another one that asks goes on meanwhile.
    async fn claim(&self, claim: &RefreshClaim) -> Result<ClaimOutcome, CoordinationError> {
        yield_once().await;
        let (turn, is_lost) =
            self.coordinate(|coordinator, now| (coordinator.claim(claim, now), coordinator.loses_turns))?;
        if is_lost { Err(CoordinationError::TooSlow) } else { Ok(turn) }
    }

    async fn update(&self, update: RefreshUpdate<'_>) -> Result<(), CoordinationError> {
        self.coordinate(|coordinator, now| coordinator.update(update, now))
    }
}

/// Not asked if there is none.
impl Memory for World {
    type Sharing = Together;
    type Turn = MemoryTurn;

    fn is_shared(&self) -> bool {
        self.memory.is_some()
    }

    async fn look(&self, name: &MemoryName) -> Result<Option<Vec<u8>>, MemoryUnavailable> {
        self.shared().look(name, self.now.get()).await
    }

    async fn recall(
        &self,
        name: &MemoryName,
        is_good: &dyn Fn(&[u8]) -> bool,
        patience_ms: u32,
    ) -> Recalled<Vec<u8>, MemoryTurn> {
        self.shared().recall(name, is_good, patience_ms, &self.now).await
    }

    async fn keep(&self, turn: MemoryTurn, value: &[u8], seconds: u32) {
        self.shared().keep(turn, value, seconds, self.now.get()).await;
    }

    async fn put(&self, name: &MemoryName, value: &[u8], seconds: u32) {
        self.shared().put(name, value, seconds, self.now.get()).await;
    }

    async fn insert_if_absent(&self, name: &MemoryName, seconds: u32) -> Option<bool> {
        self.shared().insert_if_absent(name, seconds, self.now.get()).await
    }
}

impl World {
    fn shared(&self) -> &SharedMemory {
        self.memory.as_ref().expect("core has been told that there is none")
    }

    fn coordinate<T>(&self, act: impl FnOnce(&mut Coordinator, u64) -> T) -> Result<T, CoordinationError> {
        let mut coordinator = self.coordinator.borrow_mut();
        let coordinator = coordinator.as_mut().expect("core has been told that there is none");
        coordinator.calls += 1;
        if let Some(error) = coordinator.fails { Err(error) } else { Ok(act(coordinator, self.now.get())) }
    }
}

impl VerifyRs256 for World {
    /// Others go on meanwhile.
    async fn verify_rs256(
        &self,
        key: &RsaPublicKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<bool, VerificationError> {
        yield_once().await;
        if self.cannot_verify.get() {
            return Err(VerificationError);
        }
        Ok(software::verify_rs256(key, message, signature))
    }
}

impl Log for World {
    fn log(&self, record: &Record) {
        self.records.borrow_mut().push(record.clone());
    }
}

pub(crate) struct TestEdge {
    pub(crate) edge: Edge<World>,
    pub(crate) world: World,
}

impl TestEdge {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(overrides: &[(&str, &str)]) -> Self {
        let world = World {
            now: Rc::new(Cell::new(START)),
            ahead: 0,
            replies: Rc::default(),
            fetched: Rc::default(),
            records: Rc::default(),
            slept: Rc::default(),
            keys: Rc::default(),
            counted: Rc::default(),
            allowed: Rc::default(),
            held: Rc::default(),
            cannot_verify: Rc::default(),
            memory: None,
            coordinator: Rc::default(),
            counter: Rc::default(),
        };
        Self { edge: Edge::new(config(overrides).unwrap(), world.clone()), world }
    }

    /// Another instance of the same edge, with a memory of its own. Time, and what instances share, are the same.
    pub(crate) fn another(&self, overrides: &[(&str, &str)]) -> Self {
        let other = Self::with(overrides);
        let World { now, coordinator, .. } = self.world.clone();
        // What is random differs from one instance to the other.
        other.world.counter.set(self.world.counter.get() ^ (1 << 63));
        let world = World { now, coordinator, ..other.world };
        Self { edge: Edge::new(config(overrides).unwrap(), world.clone()), world }
    }

    /// An instance with nothing in its own memory, in the same world. It shares this memory with the others.
    pub(crate) fn sharing(&self, memory: &SharedMemory, overrides: &[(&str, &str)]) -> Self {
        let world = World { memory: Some(memory.clone()), ..self.world.clone() };
        Self { edge: Edge::new(config(overrides).unwrap(), world.clone()), world }
    }

    /// An instance in the same world, whose clock is so many seconds ahead, or behind.
    pub(crate) fn ahead(&self, seconds: i64) -> Self {
        let world = World { ahead: seconds, ..self.world.clone() };
        Self { edge: Edge::new(config(&[]).unwrap(), world.clone()), world }
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.world.now.set(self.world.now.get() + seconds);
    }

    pub(crate) fn reply(&self, status: u16, body: impl Into<Vec<u8>>) {
        self.world.replies.borrow_mut().push_back(Ok(FetchReply {
            status,
            body: body.into(),
            ..FetchReply::default()
        }));
    }

    /// Scripts a document, with further changes to the answer.
    pub(crate) fn reply_document(&self, document: &serde_json::Value, change: impl FnOnce(&mut FetchReply)) {
        let mut reply = FetchReply { status: 200, body: document.to_string().into(), ..FetchReply::default() };
        set_header(&mut reply, header::CONTENT_TYPE, "application/json");
        change(&mut reply);
        self.world.replies.borrow_mut().push_back(Ok(reply));
    }

    pub(crate) fn fetches(&self) -> usize {
        self.world.fetched.borrow().len()
    }

    /// What was logged, a line each: event and reason.
    pub(crate) fn logged(&self) -> Vec<String> {
        let line = |record: &Record| format!("{}: {}", record.event.as_str(), record.reason.as_deref().unwrap_or(""));
        self.world.records.borrow().iter().map(line).collect()
    }

    pub(crate) fn respond(&self, request: Request) -> Response<String> {
        block_on(self.edge.respond(request))
    }

    pub(crate) fn get(&self, target: &str) -> Response<String> {
        self.respond(get(target))
    }

    pub(crate) fn gate(&self, path: &str, authorization: Option<&str>, origin_header: Option<&str>) -> Decision {
        self.edge.gate(&head(path, authorization, origin_header)).expect("a protected resource")
    }

    /// As an adapter asks for a machine.
    pub(crate) fn gate_machine(&self, path: &str, token: &str) -> Decision {
        let authorization = format!("Bearer {token}");
        match self.gate(path, Some(&authorization), None) {
            Decision::Needs(Needs::MachineAdmission) => {
                block_on(self.edge.admit_machine(&head(path, Some(&authorization), None)))
            }
            decision => decision,
        }
    }

    /// Registers a public client and gives its id.
    pub(crate) fn register(&self, metadata: &str) -> serde_json::Value {
        let response = self.respond(post("/register", "application/json", metadata));
        assert_eq!(response.status(), 201, "{}", response.body());
        serde_json::from_str(response.body()).unwrap()
    }

    pub(crate) fn public_client(&self) -> String {
        let metadata = r#"{"client_name":"Test","redirect_uris":["https://client.example/cb","http://localhost/cb"],
            "token_endpoint_auth_method":"none"}"#;
        self.register(metadata)["client_id"].as_str().unwrap().to_owned()
    }
}

/// Gives an answer this value of a header field, in the place of any other.
pub(crate) fn set_header(reply: &mut FetchReply, name: HeaderName, value: &str) {
    reply.headers.insert(name, HeaderValue::from_str(value).unwrap());
}

/// An authorization request that is good, with `changes`; an empty value takes a parameter away.
pub(crate) fn authorization_request(client_id: &str, changes: &[(&str, &str)]) -> String {
    let mut parameters = vec![
        ("response_type", "code"),
        ("client_id", client_id),
        ("redirect_uri", "https://client.example/cb"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "client state"),
    ];
    for (name, value) in changes {
        parameters.retain(|(key, _)| key != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish();
    format!("/authorize?{query}")
}

pub(crate) fn form(parameters: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
}

/// The head of a POST without a body.
pub(crate) const fn head<'a>(
    path: &'a str,
    authorization: Option<&'a str>,
    origin_header: Option<&'a str>,
) -> RequestHead<'a> {
    let (traceparent, content_length, has_upgrade) = (None, Some(0), false);
    let target = target(path);
    RequestHead { method: "POST", target, authorization, origin_header, traceparent, content_length, has_upgrade }
}

/// What is at this path at the edge.
pub(crate) const fn target(path: &str) -> Target<'_> {
    Target { origin: ISSUER, path, query: None }
}

/// The URL of something at the edge.
pub(crate) fn at(target: &str) -> String {
    format!("{ISSUER}{target}")
}

pub(crate) fn get(target: &str) -> Request {
    request(Method::GET, target, &[], "")
}

pub(crate) fn post(target: &str, content_type: &str, body: &str) -> Request {
    request(Method::POST, target, &[("content-type", content_type)], body)
}

pub(crate) fn post_form(target: &str, headers: &[(&str, &str)], parameters: &[(&str, &str)]) -> Request {
    let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
    all.extend(headers);
    request(Method::POST, target, &all, &form(parameters))
}

pub(crate) fn request(method: Method, target: &str, headers: &[(&str, &str)], body: &str) -> Request {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        let name = name.parse::<HeaderName>().unwrap();
        // As an adapter does.
        if REQUEST_HEADERS.contains(&name) {
            map.append(name, HeaderValue::from_str(value).unwrap());
        }
    }
    Request { method, url: at(target), headers: map, body: Body::Complete(body.as_bytes().to_vec()), address: None }
}

/// Come back later, and when: what was shown is as good as before.
pub(crate) fn unavailable(response: &Response<String>) -> u64 {
    let body: serde_json::Value = serde_json::from_str(response.body()).unwrap();
    assert_eq!((response.status().as_u16(), &body["error"]), (503, &"temporarily_unavailable".into()));
    response.headers()[header::RETRY_AFTER].to_str().unwrap().parse().unwrap()
}

/// `name=value` of each cookie set.
pub(crate) fn cookies(response: &Response<String>) -> Vec<String> {
    let values = response.headers().get_all(header::SET_COOKIE).iter();
    values.map(|value| value.to_str().unwrap().split(';').next().unwrap().to_owned()).collect()
}

/// The value of a hidden field.
pub(crate) fn hidden(page: &str, name: &str) -> String {
    let start = page.find(&format!("name=\"{name}\" value=\"")).expect("the field");
    page[start..].split('"').nth(3).unwrap().to_owned()
}

pub(crate) fn location(response: &Response<String>) -> url::Url {
    url::Url::parse(response.headers()[header::LOCATION].to_str().unwrap()).unwrap()
}

pub(crate) fn parameter(url: &url::Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// Lets others go on.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs a future that waits for nothing but the fake timer: everything it asks for is scripted.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    for _ in 0..1_000 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("a scripted future waited");
}
