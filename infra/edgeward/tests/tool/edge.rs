//! The edge as its callers see it: its documents, its refusal of requests without a token, and the zone before it.

use std::collections::{BTreeMap, VecDeque};

use axum::{
    body::Body,
    http::{HeaderMap, Method, Response, StatusCode, header},
};
use edgeward_core::{
    Config,
    endpoint::metadata,
    gate::{self, GateError},
};
use serde_json::Value;

/// Where requests go that are made without TLS.
pub(crate) const PLAIN: &str = "/plain";
pub(crate) const JWKS: &str = "/.well-known/jwks.json";
pub(crate) const METADATA: &str = "/.well-known/oauth-protected-resource";

/// An edge, or nothing while it has no documents.
#[derive(Debug, Default)]
pub(crate) struct Edge {
    pub(crate) documents: BTreeMap<String, Value>,
    /// Of each resource, by its path.
    challenges: BTreeMap<String, String>,
    pub(crate) sends_hsts: bool,
    /// Whether clients can register.
    pub(crate) registers: bool,
    /// Answers to requests for the JWKS before the edge is ready, one for each.
    pub(crate) before: VecDeque<Instead>,
    pub(crate) zone: Option<Zone>,
    /// The answer without TLS.
    pub(crate) plain: Option<Instead>,
    /// Every request.
    pub(crate) asked: Vec<Asked>,
}

/// An answer in place of the edge's.
#[derive(Debug, Clone)]
pub(crate) struct Instead {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// A zone that stops a client by its `User-Agent`, or one that has none.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) stops: Option<&'static str>,
    pub(crate) answer: Instead,
}

#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) user_agent: Option<String>,
    pub(crate) host: String,
}

impl Edge {
    /// Runs with these settings from now on.
    pub(crate) fn run_with(&mut self, config: &Config) {
        let parsed = |response: Response<String>| serde_json::from_str(response.body()).unwrap();
        self.documents = BTreeMap::from([
            (JWKS.to_owned(), parsed(metadata::jwks(config))),
            ("/.well-known/oauth-authorization-server".to_owned(), parsed(metadata::authorization_server(config))),
        ]);
        self.challenges.clear();
        for resource in &config.resources {
            let path = format!("{METADATA}{}", resource.path);
            let document = parsed(metadata::protected_resource(&path, config).unwrap());
            self.documents.insert(path, document);
            let (refusal, _) = gate::refusal(&GateError::NoToken, &resource.path, None, resource, config);
            let challenge = refusal.headers()[header::WWW_AUTHENTICATE].to_str().unwrap().to_owned();
            self.challenges.insert(resource.path.clone(), challenge);
        }
        self.registers = true;
        self.sends_hsts = config.issuer.starts_with("https:");
    }

    pub(crate) fn answer(&mut self, method: &Method, path: &str, headers: &HeaderMap) -> Response<Body> {
        for credentials in ["authorization", "cookie"] {
            assert!(!headers.contains_key(credentials), "{path} is asked with {credentials}");
        }
        let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        let user_agent = text("user-agent");
        let host = text("host").unwrap();
        self.asked.push(Asked { method: method.clone(), path: path.to_owned(), user_agent: user_agent.clone(), host });
        if path.starts_with(PLAIN) {
            return self.plain.clone().unwrap_or_else(Instead::misdirected).into_response();
        }
        if let Some(zone) = self.zone.as_ref().filter(|zone| zone.stops == user_agent.as_deref()) {
            return zone.answer.clone().into_response();
        }
        if path == JWKS
            && let Some(instead) = self.before.pop_front()
        {
            return instead.into_response();
        }
        let response = Response::builder();
        let response = match self.sends_hsts {
            true => response.header("strict-transport-security", "max-age=31536000"),
            false => response,
        };
        if self.documents.is_empty() {
            return response.status(StatusCode::NOT_FOUND).body(Body::empty()).unwrap();
        }
        if (method, path) == (&Method::POST, "/register") && self.registers {
            let client = serde_json::json!({ "client_id": "a-client" }).to_string();
            return response.status(StatusCode::CREATED).body(client.into()).unwrap();
        }
        if (method, path) == (&Method::GET, "/authorize") {
            let page = response.header(header::CONTENT_TYPE, "text/html; charset=utf-8");
            return page.body("<!doctype html><form method=post></form>".into()).unwrap();
        }
        match (self.challenges.get(path), self.documents.get(path)) {
            (Some(challenge), _) if method == Method::POST => response
                .status(StatusCode::UNAUTHORIZED)
                .header(header::WWW_AUTHENTICATE, challenge)
                .body(Body::empty()),
            (_, Some(document)) if method == Method::GET => response.body(document.to_string().into()),
            _ => response.status(StatusCode::NOT_FOUND).body(Body::empty()),
        }
        .unwrap()
    }
}

impl Instead {
    pub(crate) fn new(status: u16, body: &str) -> Self {
        Self { status, headers: Vec::new(), body: body.to_owned() }
    }

    /// An answer of Cloudflare's own.
    pub(crate) fn cloudflare(status: u16, body: &str) -> Self {
        Self::new(status, body).with("server", "cloudflare")
    }

    pub(crate) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// The edge's own answer without TLS.
    fn misdirected() -> Self {
        Self::new(421, r#"{"error":"misdirected_request"}"#)
    }

    fn into_response(self) -> Response<Body> {
        let named = Response::builder().status(self.status);
        let named = self.headers.into_iter().fold(named, |response, (name, value)| response.header(name, value));
        named.body(self.body.into()).unwrap()
    }
}
