//! What comes to an edge in use, made ready so that nothing but the edge's answer remains to be measured.
#![allow(dead_code, reason = "each program uses a part of it")]

use std::convert::Infallible;

use edgeward_core::{
    Decision, Edge, Evidence, Needs, Request, RequestHead, Target,
    access_token::{self, Grant},
    gate::ASSERTION_REUSE_SECONDS,
    message::operation::MessageHeaders,
    oauth::{ClientDigest, Scope},
    platform::{
        Alone, ClaimOutcome, Clock, CoordinateRefreshes, CoordinationError, Count, Fetch, FetchError, FetchReply,
        FetchRequest, Limit, Log, Memory, Randomness, RandomnessError, Record, RefreshClaim, RefreshUpdate,
        RsaPublicKey, Timer, UnixTime, VerificationError, VerifyRs256,
    },
    request_context::RequestContext,
    sealed::{self, Profile, RefreshToken},
    upstream::Subject,
};
use http::{Method, Response};
use serde_json::{Value, json};

use super::{
    cognito::{POOL, SUBJECT, jwks, sign},
    support::*,
};

const REDIRECT_URI: &str = "https://client.example/cb";
const MACHINE: &str = "1machine";
const RESOURCES: &str = r#"[
    {"path": "/mcp", "scopes": {"mcp": "Use it"}},
    {"path": "/judged", "scopes": {"mcp": "Use it", "delete": "Delete"}, "default_scopes": ["mcp"],
        "policy": {"tools": {"delete_*": ["delete"]}}, "compares_headers": true},
    {"path": "/read", "scopes": {"mcp": "Use it", "delete": "Delete"}, "default_scopes": ["mcp"],
        "policy": {"tools": {"delete_*": ["delete"]}}},
    {"path": "/machines", "scopes": {"mcp": "Use it"}, "machines": {"1machine": {"api/all": ["mcp"]}}}]"#;

const BODY: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_forecast","arguments":{"latitude":38.5,"longitude":-121.5}}}"#;

/// A platform that does nothing with what it is told: no cost of the tests' is measured.
struct Quiet(World);

impl Clock for Quiet {
    fn now(&self) -> UnixTime {
        self.0.now()
    }
}

impl Randomness for Quiet {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.0.fill(bytes)
    }
}

impl Fetch for Quiet {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        self.0.fetch(request).await
    }
}

impl Timer for Quiet {
    async fn sleep(&self, milliseconds: u32) {
        self.0.sleep(milliseconds).await;
    }
}

impl Count for Quiet {
    async fn is_within(&self, _: Limit, _: String) -> bool {
        true
    }
}

impl CoordinateRefreshes for Quiet {
    fn coordinates_refreshes(&self) -> bool {
        true
    }

    async fn claim(&self, _: &RefreshClaim) -> Result<ClaimOutcome, CoordinationError> {
        Ok(ClaimOutcome::Ask)
    }

    async fn update(&self, _: RefreshUpdate<'_>) -> Result<(), CoordinationError> {
        Ok(())
    }
}

/// As on the platform that is measured: nothing is shared, and the compiler knows it.
impl Memory for Quiet {
    type Sharing = Alone;
    type Turn = Infallible;
}

impl VerifyRs256 for Quiet {
    /// The platform's own code is no cost of core's: here every signature is good.
    async fn verify_rs256(&self, _: &RsaPublicKey, _: &[u8], _: &[u8]) -> Result<bool, VerificationError> {
        Ok(true)
    }
}

impl Log for Quiet {
    fn log(&self, _: &Record) {}
}

/// A running edge.
pub(crate) struct Ready {
    edge: Edge<Quiet>,
    world: World,
}

impl Ready {
    fn new() -> Self {
        let overrides = [("EDGEWARD_RESOURCES", RESOURCES)];
        let world = TestEdge::new().world;
        world.keys.replace(Some(jwks()));
        Self { edge: Edge::new(config(&overrides).unwrap(), Quiet(world.clone())), world }
    }

    fn respond(&self, request: Request) -> Response<String> {
        block_on(self.edge.respond(request))
    }

    /// A user's access token for the resource at `path`.
    fn access_token(&self, path: &str) -> String {
        let profile = Profile {
            username: Some("demo".to_owned()),
            email: Some("demo@example.com".to_owned()),
            unverified_email: None,
            groups: vec!["demo-group".to_owned()],
        };
        let subject =
            Subject { subject: SUBJECT.to_owned(), profile, auth_time: Some(UnixTime::from_secs(START - 60)) };
        let grant = Grant {
            client_id: &registered(self),
            subject: &subject,
            resource: &format!("{ISSUER}{path}"),
            scope: &Scope::parse("mcp").unwrap(),
            grant_id: "2dUbDNTlXcdFxtMIPUPZ5Q",
        };
        let end = UnixTime::from_secs(START + 900);
        let token_id = "XcdFxtMIPUPZ5Q2dUbDNTl".to_owned();
        access_token::mint(&grant, token_id, end, &RequestContext::new(None, self.edge.config(), &self.world)).unwrap()
    }
}

fn registration() -> Request {
    let metadata = json!({
        "client_name": "A client", "redirect_uris": [REDIRECT_URI], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"],
        "client_uri": "https://client.example",
    });
    post("/register", "application/json", &metadata.to_string())
}

/// The id of a client.
fn registered(edge: &Ready) -> String {
    text(&edge.respond(registration()), "client_id")
}

fn text(response: &Response<String>, member: &str) -> String {
    let body: Value = serde_json::from_str(response.body()).unwrap();
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}")).to_owned()
}

/// A request to a protected resource.
pub(crate) struct Call {
    edge: Ready,
    path: &'static str,
    url: String,
    authorization: Option<String>,
}

impl Call {
    fn new(path: &'static str, token: impl FnOnce(&Ready) -> String) -> Box<Self> {
        let edge = Ready::new();
        let authorization = Some(format!("Bearer {}", token(&edge)));
        Self { edge, path, url: at(path), authorization }.into()
    }

    /// As every client begins.
    pub(crate) fn without_token() -> Box<Self> {
        Box::new(Self { edge: Ready::new(), path: "/mcp", url: at("/mcp"), authorization: None }).is_refused()
    }

    /// A token of a stranger's own making.
    pub(crate) fn nonsense() -> Box<Self> {
        Self::new("/mcp", |_| "nonsense".to_owned()).is_refused()
    }

    /// A token whose signature is another token's.
    pub(crate) fn forged() -> Box<Self> {
        let forge = |edge: &Ready| {
            let (other, token) = (edge.access_token("/judged"), edge.access_token("/mcp"));
            let (signed, _) = token.rsplit_once('.').unwrap();
            let (_, signature) = other.rsplit_once('.').unwrap();
            format!("{signed}.{signature}")
        };
        Self::new("/mcp", forge).is_refused()
    }

    /// A good token that comes for the first time.
    pub(crate) fn first() -> Box<Self> {
        Self::new("/mcp", |edge| edge.access_token("/mcp"))
    }

    /// A good token that has come before.
    pub(crate) fn known() -> Box<Self> {
        Self::first().passes()
    }

    /// One whose assertion is too old to be used again.
    pub(crate) fn known_for_long() -> Box<Self> {
        let call = Self::known();
        call.edge.world.now.set(START + ASSERTION_REUSE_SECONDS);
        call
    }

    /// One where a policy judges what is called, by the headers.
    pub(crate) fn judged() -> Box<Self> {
        Self::new("/judged", |edge| edge.access_token("/judged")).passes()
    }

    /// One where a policy judges what is called, by the body.
    pub(crate) fn read() -> Box<Self> {
        Self::new("/read", |edge| edge.access_token("/read")).passes()
    }

    /// A machine's token that has come before.
    pub(crate) fn known_machine() -> Box<Self> {
        let call = Self::new("/machines", |_| machine_token("1"));
        assert!(matches!(call.decide(), Some(Decision::Needs(Needs::MachineAdmission))));
        assert!(matches!(call.admit(), Decision::Forward(_)));
        call.passes()
    }

    /// Asks the gate, as an adapter does.
    pub(crate) fn decide(&self) -> Option<Decision> {
        let head = RequestHead {
            method: "POST",
            target: Target::of(&self.url),
            authorization: self.authorization.as_deref(),
            origin_header: None,
            traceparent: None,
            content_length: Some(0),
            has_upgrade: false,
        };
        match self.edge.edge.gate(&head) {
            Some(Decision::Needs(Needs::Headers)) => {
                let headers = MessageHeaders {
                    protocol_version: Some("2026-07-28"),
                    method: Some("tools/call"),
                    name: Some("get_forecast"),
                    ..MessageHeaders::default()
                };
                self.edge.edge.gate_with(&head, Evidence::Headers(headers))
            }
            Some(Decision::Needs(Needs::Body { .. })) => {
                self.edge.edge.gate_with(&head, Evidence::Body(MessageHeaders::default(), BODY))
            }
            gated => gated,
        }
    }

    /// A machine's call, as an adapter asks when the gate needs that.
    pub(crate) fn admit(&self) -> Decision {
        block_on(self.edge.edge.admit_machine(&head(self.path, self.authorization.as_deref(), None)))
    }

    /// A machine's token that comes for the first time, to an edge that has Cognito's keys.
    pub(crate) fn first_machine() -> Box<Self> {
        let known = *Self::known_machine();
        Self { authorization: Some(format!("Bearer {}", machine_token("2"))), ..known }.into()
    }

    fn passes(self: Box<Self>) -> Box<Self> {
        assert!(matches!(self.decide(), Some(Decision::Forward(_))), "{:?}", self.decide());
        self
    }

    fn is_refused(self: Box<Self>) -> Box<Self> {
        assert!(matches!(self.decide(), Some(Decision::Respond { response: answer, .. }) if answer.status() == 401));
        self
    }
}

fn machine_token(token_id: &str) -> String {
    sign(&json!({
        "iss": POOL, "sub": MACHINE, "client_id": MACHINE, "token_use": "access", "scope": "api/all", "version": 2,
        "iat": START, "auth_time": START, "exp": START + 3_600, "jti": token_id,
    }))
}

/// A request to an endpoint of the edge's own.
pub(crate) struct Asked {
    edge: Ready,
    request: Option<Request>,
}

/// What a client and its user ask for in turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The client registers.
    Register,
    /// The user opens the consent page,
    Consent,
    /// allows,
    Allow,
    /// and comes back from Cognito.
    Callback,
    /// The client redeems its code.
    Redeem,
    /// It refreshes its token.
    Refresh,
}

impl Asked {
    /// A sign-in up to this step.
    pub(crate) fn at(step: Step) -> Box<Self> {
        let edge = Ready::new();
        let client_id = registered(&edge);
        let (mut current, mut request) = (Step::Register, registration());
        while current != step {
            let response = edge.respond(request);
            (current, request) = match current {
                Step::Register => (Step::Consent, get(&authorization_request(&client_id, &[]))),
                Step::Consent => (Step::Allow, decision(&response)),
                Step::Allow => (Step::Callback, callback(&edge, &response)),
                Step::Callback => (Step::Redeem, redemption(&client_id, &response)),
                Step::Redeem => (Step::Refresh, refresh(&edge, &client_id, &response)),
                Step::Refresh => panic!("the last step"),
            };
        }
        Self { edge, request: Some(request) }.into()
    }

    /// The metadata that every client reads first.
    pub(crate) fn metadata() -> Box<Self> {
        Self { edge: Ready::new(), request: Some(get("/.well-known/oauth-authorization-server")) }.into()
    }

    /// The answer; there is one only.
    pub(crate) fn answer(&mut self) -> Response<String> {
        self.edge.respond(self.request.take().expect("not answered yet"))
    }
}

fn decision(page: &Response<String>) -> Request {
    let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
    let fields = [("transaction", transaction.as_str()), ("sealed", &sealed), ("decision", "allow")];
    post_form("/authorize", &[("origin", ISSUER), ("cookie", &cookies(page)[0])], &fields)
}

/// Scripts what Cognito will say to the code, too.
fn callback(edge: &Ready, allowed: &Response<String>) -> Request {
    let cognito = location(allowed);
    let id = json!({
        "iss": POOL, "sub": SUBJECT, "aud": "upstreamclient", "token_use": "id", "exp": START + 3_600,
        "auth_time": START, "nonce": parameter(&cognito, "nonce"), "cognito:username": "demo",
        "email": "demo@example.com", "email_verified": true, "cognito:groups": ["demo-group"],
    });
    reply(edge, &id);
    let target = format!("/callback?code=upstream&state={}", parameter(&cognito, "state").unwrap());
    request(Method::GET, &target, &[("cookie", &cookies(allowed)[0])], "")
}

fn reply(edge: &Ready, id: &Value) {
    let access = json!({
        "iss": POOL, "sub": SUBJECT, "client_id": "upstreamclient", "token_use": "access", "exp": START + 3_600,
        "scope": "openid email",
    });
    let body = json!({
        "access_token": sign(&access), "id_token": sign(id), "refresh_token": "r".repeat(1_800), "token_type": "Bearer",
    });
    let reply = FetchReply { status: 200, body: body.to_string().into(), ..FetchReply::default() };
    edge.world.replies.borrow_mut().push_back(Ok(reply));
}

fn redemption(client_id: &str, answer: &Response<String>) -> Request {
    let code = parameter(&location(answer), "code").unwrap();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", &code),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", VERIFIER),
    ];
    post_form("/token", &[], &fields)
}

fn refresh(edge: &Ready, client_id: &str, tokens: &Response<String>) -> Request {
    let id = json!({
        "iss": POOL, "sub": SUBJECT, "aud": "upstreamclient", "token_use": "id", "exp": START + 3_600,
        "auth_time": START, "cognito:username": "demo", "email": "demo@example.com", "email_verified": true,
        "cognito:groups": ["demo-group"],
    });
    reply(edge, &id);
    let token = text(tokens, "refresh_token");
    let fields = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", &token)];
    post_form("/token", &[], &fields)
}

/// A refresh token, open and sealed.
pub(crate) struct Sealing {
    edge: Ready,
    client: ClientDigest,
    token: RefreshToken,
    sealed: String,
}

impl Sealing {
    pub(crate) fn new() -> Box<Self> {
        let edge = Ready::new();
        let client = ClientDigest::of(&registered(&edge));
        let token = RefreshToken {
            upstream_token: "r".repeat(1_800),
            original_token: None,
            subject: SUBJECT.to_owned(),
            resource: format!("{ISSUER}/mcp"),
            scope: Scope::parse("mcp").unwrap(),
            grant_id: "2dUbDNTlXcdFxtMIPUPZ5Q".to_owned(),
        };
        let mut this = Self { edge, client, token, sealed: String::new() };
        this.sealed = this.seal();
        this.into()
    }

    pub(crate) fn seal(&self) -> String {
        let keys = &self.edge.edge.config().keys;
        sealed::seal(&self.token, self.client.as_str(), keys, UnixTime::from_secs(START), &self.edge.world).unwrap()
    }

    pub(crate) fn open(&self) -> RefreshToken {
        let keys = &self.edge.edge.config().keys;
        sealed::open(&self.sealed, self.client.as_str(), keys, UnixTime::from_secs(START)).unwrap()
    }
}
