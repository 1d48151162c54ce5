//! What an edge gives out, as a client, a browser, another instance and the MCP server have it; and how the golden values were made.

use std::collections::BTreeMap;

use edgeward_core::Decision;
use hmac::{Hmac, Mac};
use http::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::{
    cognito::{SUBJECT, TokenAnswer, jwks},
    consent::*,
    support::*,
};

/// Everything that one version of the edge has given out and that must stay good at the next one.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Given {
    /// The edge's settings, keys included.
    pub(crate) settings: BTreeMap<String, String>,
    /// When all of it was given out.
    pub(crate) now: u64,
    /// Of each form of `client_id` that carries a registration; the first one is the client of everything below.
    pub(crate) clients: Vec<Client>,
    /// Consent pages that are open.
    pub(crate) consents: Vec<Consent>,
    /// Sign-ins whose user is at Cognito.
    pub(crate) sign_ins: Vec<SignIn>,
    /// The cookie of a consent that is remembered.
    pub(crate) remembered_consent: String,
    /// Authorization codes.
    pub(crate) codes: Vec<Code>,
    /// Refresh tokens: one from a code, and the one that replaced it.
    pub(crate) refresh_tokens: [String; 2],
    /// Cognito's answer to the first refresh token, as other instances get it.
    pub(crate) refresh_answer: RefreshAnswer,
    /// Access tokens: of a user whose e-mail address is verified, and of one whose address is not.
    pub(crate) access_tokens: [String; 2],
    /// The identity assertion that the MCP server gets with the first access token.
    pub(crate) assertion: String,
    /// The edge's public keys.
    pub(crate) jwks: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) form: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Consent {
    pub(crate) form: String,
    pub(crate) transaction: String,
    pub(crate) sealed: String,
    pub(crate) cookie: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignIn {
    pub(crate) form: String,
    pub(crate) cookie: String,
    pub(crate) at_cognito: AtCognito,
}

/// What Cognito was shown in the browser.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AtCognito {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) code_challenge: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Code {
    pub(crate) form: String,
    pub(crate) code: String,
    pub(crate) at_cognito: AtCognito,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RefreshAnswer {
    pub(crate) grant: String,
    pub(crate) token: String,
    pub(crate) next: String,
    pub(crate) sealed: String,
}

const CLIENTS: [(&str, &str); 4] = [
    (
        "public",
        r#"{"client_name": "Test", "redirect_uris": ["https://client.example/cb", "http://localhost/cb"],
            "token_endpoint_auth_method": "none"}"#,
    ),
    (
        "secret in the header, with a site",
        r#"{"redirect_uris": ["https://client.example/cb"], "client_uri": "https://client.example/"}"#,
    ),
    (
        "secret in the form",
        r#"{"client_name": "Test", "redirect_uris": ["https://client.example/cb"],
            "token_endpoint_auth_method": "client_secret_post"}"#,
    ),
    (
        "without refresh tokens",
        r#"{"client_name": "Test", "redirect_uris": ["https://client.example/cb"], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code"]}"#,
    ),
];

/// Has this version of the edge give out everything.
pub(crate) fn by_this_version() -> Given {
    let overrides =
        [("EDGEWARD_CONSENT", "remember"), ("EDGEWARD_ORIGIN_GROUPS", "admins"), ("EDGEWARD_UNVERIFIED_EMAIL", "tell")];
    let settings: BTreeMap<_, _> = settings(&overrides).into_iter().collect();
    let edge = edge(&settings, START);
    let clients = clients(&edge);
    let client_id = clients[0].client_id.as_str();
    let target = authorization_request(client_id, &[]);

    let page = edge.get(&target);
    let hinted = authorization_request(client_id, &[("prompt", "login"), ("login_hint", "demo"), ("state", "")]);
    let consents = vec![consent("plain", &page), consent("prompt and hint, no state", &edge.get(&hinted))];

    let plain = decide(&edge, &page, "allow", "");
    let wanted = decide(&edge, &edge.get(&target), "allow", "yes");
    let second_round = come_back_as(&edge, &wanted, SUBJECT, "");
    let remembered_consent = set_cookie(&second_round, REMEMBERED).unwrap();
    let unasked = open(&edge, &target, &remembered_consent);
    let sign_ins = vec![
        sign_in("plain", &plain),
        sign_in("consent to be remembered", &wanted),
        sign_in("consent remembered", &unasked),
        sign_in("second round", &second_round),
    ];
    let codes = vec![code("plain", &edge, &plain), code("of the user of a remembered consent", &edge, &second_round)];

    let verified = tokens(&edge, client_id, &codes[0], true);
    let unverified = tokens(&edge, client_id, &codes[0], false);
    let first = text(&verified, "refresh_token");
    edge.world.coordinator.replace(Some(Coordinator::default()));
    let rotated = refresh(&edge, client_id, &first, Some("second"));
    let refresh_answer = published(&edge);

    let access_tokens = [text(&verified, "access_token"), text(&unverified, "access_token")];
    let Decision::Forward(forward) = edge.gate("/mcp", Some(&format!("Bearer {}", access_tokens[0])), None) else {
        panic!("the edge refuses its own token");
    };
    Given {
        now: START,
        consents,
        sign_ins,
        remembered_consent,
        codes,
        refresh_tokens: [first, text(&rotated, "refresh_token")],
        refresh_answer,
        access_tokens,
        assertion: forward.identity.to_string(),
        jwks: edge.get("/.well-known/jwks.json").into_body(),
        clients,
        settings,
    }
}

/// An edge with these settings, at this time, that knows Cognito's keys.
pub(crate) fn edge(settings: &BTreeMap<String, String>, now: u64) -> TestEdge {
    let settings: Vec<_> = settings.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let edge = TestEdge::with(&settings);
    edge.world.now.set(now);
    edge.world.keys.replace(Some(jwks()));
    edge
}

fn clients(edge: &TestEdge) -> Vec<Client> {
    let registered = CLIENTS.map(|(form, metadata)| {
        let answer = edge.register(metadata);
        let text = |member: &str| answer[member].as_str().map(str::to_owned);
        Client { form: form.to_owned(), client_id: text("client_id").unwrap(), client_secret: text("client_secret") }
    });
    registered.into_iter().chain([without_nonce()]).collect()
}

/// As edges made them before ids of confidential clients had a nonce. No version that is left can make one.
fn without_nonce() -> Client {
    let keys: Value = serde_json::from_str(KEYS).unwrap();
    let key = keys["keys"].as_array().unwrap().iter().find(|key| key["alg"] == "HS256").unwrap();
    let key = edgeward_base64url::decode(key["k"].as_str().unwrap()).unwrap();
    let code = |purpose: &str, message: &str| {
        let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(&key).unwrap();
        mac.update(format!("{purpose}\0{message}").as_bytes());
        edgeward_base64url::encode(&mac.finalize().into_bytes())
    };
    let registration = json!({ "r": ["https://client.example/cb"], "n": "Test", "m": "p" });
    let signed = format!("dcr.m1.{}", edgeward_base64url::encode(registration.to_string().as_bytes()));
    let client_id = format!("{signed}.{}", code("client_id/1", &signed));
    let client_secret = Some(code("client_secret/1", &client_id));
    Client { form: "secret in the form, id without a nonce".to_owned(), client_id, client_secret }
}

fn consent(form: &str, page: &Response<String>) -> Consent {
    let field = |name| hidden(page.body(), name);
    let cookie = cookies(page).remove(0);
    Consent { form: form.to_owned(), transaction: field("transaction"), sealed: field("sealed"), cookie }
}

fn sign_in(form: &str, to: &Response<String>) -> SignIn {
    SignIn { form: form.to_owned(), cookie: set_cookie(to, PENDING).unwrap(), at_cognito: AtCognito::of(to) }
}

impl AtCognito {
    /// Of an answer that sends the browser there.
    pub(crate) fn of(to: &Response<String>) -> Self {
        let url = location(to);
        let text = |name| parameter(&url, name).unwrap();
        Self { state: text("state"), nonce: text("nonce"), code_challenge: text("code_challenge") }
    }
}

fn code(form: &str, edge: &TestEdge, to: &Response<String>) -> Code {
    let code = parameter(&location(&come_back(edge, to, "")), "code").unwrap();
    Code { form: form.to_owned(), code, at_cognito: AtCognito::of(to) }
}

/// The answer to a code; Cognito knows the user's name, address and groups.
pub(crate) fn tokens(edge: &TestEdge, client_id: &str, code: &Code, email_verified: bool) -> Response<String> {
    let answer = TokenAnswer {
        refresh_token: Some("first"),
        nonce: Some(code.at_cognito.nonce.clone()),
        groups: &["admins", "others"],
        claims: json!({
            "cognito:username": "demo", "email": "demo@example.com", "email_verified": email_verified,
            "auth_time": START - 60,
        }),
        ..TokenAnswer::default()
    };
    answer.script(edge);
    redeem(edge, client_id, &code.code)
}

/// What the client gets for its code.
pub(crate) fn redeem(edge: &TestEdge, client_id: &str, code: &str) -> Response<String> {
    let fields = [("grant_type", "authorization_code"), ("client_id", client_id), ("code", code)];
    let more = [("redirect_uri", "https://client.example/cb"), ("code_verifier", VERIFIER)];
    edge.respond(post_form("/token", &[], &[&fields[..], &more].concat()))
}

/// What the client gets for its refresh token, when Cognito answers with this one; not scripted, Cognito does not answer.
pub(crate) fn refresh(edge: &TestEdge, client_id: &str, token: &str, next: Option<&str>) -> Response<String> {
    if next.is_some() {
        TokenAnswer { refresh_token: next, groups: &["admins"], ..TokenAnswer::default() }.script(edge);
    }
    let fields = [("grant_type", "refresh_token"), ("client_id", client_id), ("refresh_token", token)];
    edge.respond(post_form("/token", &[], &fields))
}

pub(crate) fn text(response: &Response<String>, member: &str) -> String {
    let body: Value = serde_json::from_str(response.body()).unwrap();
    body[member].as_str().unwrap_or_else(|| panic!("no {member} in {body}")).to_owned()
}

/// The one answer that the platform was given for other instances.
fn published(edge: &TestEdge) -> RefreshAnswer {
    let coordinator = edge.world.coordinator.borrow();
    let told = &coordinator.as_ref().unwrap().told;
    let quoted = |before: &str| {
        let (_, rest) = told.split_once(before).unwrap_or_else(|| panic!("no {before} in {told}"));
        rest.split('"').next().unwrap().to_owned()
    };
    RefreshAnswer {
        grant: quoted("grant: \""),
        token: quoted("token: \""),
        next: quoted("next: Some(\""),
        sealed: quoted("sealed: \""),
    }
}
