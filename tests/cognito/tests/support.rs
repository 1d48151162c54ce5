//! A pool with a browser and a client in front of it.

use std::collections::HashMap;

use base64ct::{Base64UrlUnpadded, Encoding};
use edgeward_cognito::{AppClient, Cognito, Config, DEV_CLIENT_ID, DEV_CLIENT_SECRET, DEV_PASSWORD, DEV_USERNAME};
use edgeward_cognito::{ResourceServer, User};
use reqwest::{Client, IntoUrl, RequestBuilder, Response, StatusCode, Url, redirect::Policy};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

pub(crate) const CALLBACK: &str = "http://localhost:8787/callback";
pub(crate) const VERIFIER: &str = "a-code-verifier-of-the-forty-three-characters-";
pub(crate) const PUBLIC_CLIENT: &str = "edgewardpublicclient000001";
pub(crate) const MACHINE_CLIENT: &str = "edgewardmachineclient00001";
pub(crate) const MACHINE_SECRET: &str = "machine_secret_of_the_test_pool_0001";
pub(crate) const MCP: &str = "https://mcp.example.com/mcp";
pub(crate) const OTHER: &str = "https://other.example.com";

/// A pool and one browser.
pub(crate) struct TestPool {
    pub(crate) cognito: Cognito,
    /// Keeps cookies, follows no redirects.
    pub(crate) browser: Client,
}

impl TestPool {
    /// The development pool with custom scopes, a public client and a machine client.
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        let server = |id: &str, scopes: &[&str]| ResourceServer {
            identifier: id.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
        };
        config.resource_servers = vec![server(MCP, &["read", "write"]), server(OTHER, &["read"])];
        let custom = [format!("{MCP}/read"), format!("{MCP}/write"), format!("{OTHER}/read")];
        config.app_clients[0].allowed_scopes.extend(custom);
        let public = AppClient { callback_urls: vec![CALLBACK.to_owned()], ..AppClient::public(PUBLIC_CLIENT) };
        let read = format!("{MCP}/read");
        let write = format!("{MCP}/write");
        let machine = AppClient::machine(MACHINE_CLIENT, MACHINE_SECRET, &[&read, &write]);
        config.app_clients.extend([public, machine]);
        config.users.push(User::new("other", "other-password", "6f1c2a9e-7c1d-4d7e-9a55-0d0e5eed0002"));
        change(&mut config);
        let cognito = Cognito::start(config).await.unwrap();
        Self { cognito, browser: new_browser() }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cognito.domain_url())
    }

    /// `GET /oauth2/authorize`.
    pub(crate) async fn authorize(&self, parameters: &Parameters) -> Response {
        self.browser.get(self.url("/oauth2/authorize")).query(&parameters.0).send().await.unwrap()
    }

    /// Fills in and sends the login form at a URL, as the demo user.
    pub(crate) async fn log_in(&self, login: &str) -> Response {
        let form = LoginForm::fetch(&self.browser, login).await;
        form.submit(&self.browser, DEV_USERNAME, DEV_PASSWORD).await
    }

    /// Goes from authorize to the callback, through the login form if there is one.
    pub(crate) async fn sign_in(&self, parameters: &Parameters) -> Url {
        let answer = self.authorize(parameters).await;
        let location = location(&answer);
        if location.starts_with(&self.url("/login?")) {
            let answer = self.log_in(&location).await;
            return Url::parse(&self::location(&answer)).unwrap();
        }
        // An identity provider that shows no page.
        let mut location = location;
        while !location.starts_with(CALLBACK) && location.starts_with(self.cognito.domain_url()) {
            location = self::location(&self.browser.get(&location).send().await.unwrap());
        }
        Url::parse(&location).unwrap()
    }

    pub(crate) async fn code(&self, parameters: &Parameters) -> String {
        let callback = self.sign_in(parameters).await;
        query(&callback, "code").unwrap_or_else(|| panic!("no code in {callback}"))
    }

    /// `POST /oauth2/token`, nothing added.
    pub(crate) fn token(&self, form: &Parameters) -> RequestBuilder {
        http().post(self.url("/oauth2/token")).form(&form.0)
    }

    /// Signs in and redeems the code.
    pub(crate) async fn tokens(&self, parameters: &Parameters) -> Tokens {
        let code = self.code(parameters).await;
        Tokens(ok_json(self.token(&redeem(&code)).send().await.unwrap()).await)
    }
}

pub(crate) fn new_browser() -> Client {
    Client::builder().user_agent("Mozilla/5.0").cookie_store(true).redirect(Policy::none()).build().unwrap()
}

/// A client that the firewall lets through.
pub(crate) fn http() -> Client {
    Client::builder().user_agent("edgeward-cognito-tests").build().unwrap()
}

pub(crate) async fn get(url: impl IntoUrl) -> reqwest::Result<Response> {
    http().get(url).send().await
}

/// Parameters of a query or form that tests take a good set of and change.
#[derive(Clone)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    pub(crate) fn new(pairs: &[(&str, &str)]) -> Self {
        Self(pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect())
    }

    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    /// Adds without replacing.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.0.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn parse_fragment(url: &Url) -> HashMap<String, String> {
        form_urlencoded::parse(url.fragment().unwrap().as_bytes()).into_owned().collect()
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.0.retain(|(known, _)| known != name);
        self
    }
}

/// An authorization request with nothing wrong.
pub(crate) fn request() -> Parameters {
    Parameters::new(&[
        ("response_type", "code"),
        ("client_id", DEV_CLIENT_ID),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "a-state_1"),
        ("nonce", "a-nonce"),
        ("code_challenge", &challenge(VERIFIER)),
        ("code_challenge_method", "S256"),
    ])
}

/// A token request for a code of [`request`], with `client_secret_post`.
pub(crate) fn redeem(code: &str) -> Parameters {
    Parameters::new(&[
        ("grant_type", "authorization_code"),
        ("client_id", DEV_CLIENT_ID),
        ("client_secret", DEV_CLIENT_SECRET),
        ("code", code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ])
}

pub(crate) fn refresh(token: &str) -> Parameters {
    Parameters::new(&[
        ("grant_type", "refresh_token"),
        ("client_id", DEV_CLIENT_ID),
        ("client_secret", DEV_CLIENT_SECRET),
        ("refresh_token", token),
    ])
}

pub(crate) fn challenge(verifier: &str) -> String {
    Base64UrlUnpadded::encode_string(&Sha256::digest(verifier))
}

/// The answer of the token endpoint.
#[derive(Debug)]
pub(crate) struct Tokens(pub(crate) Value);

impl Tokens {
    pub(crate) fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    pub(crate) fn access(&self) -> Map<String, Value> {
        claims(self.text("access_token"))
    }

    pub(crate) fn id(&self) -> Map<String, Value> {
        claims(self.text("id_token"))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        names(self.0.as_object().unwrap())
    }
}

/// The login form as a browser without scripts sees it.
pub(crate) struct LoginForm {
    pub(crate) action: String,
    pub(crate) html: String,
    pub(crate) hidden: Vec<(String, String)>,
}

impl LoginForm {
    pub(crate) async fn fetch(browser: &Client, url: &str) -> Self {
        let answer = browser.get(url).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let url = answer.url().clone();
        let html = answer.text().await.unwrap();
        let attribute = |tag: &str, name: &str| {
            let value = tag.split(&format!(" {name}=\"")).nth(1)?.split('"').next()?;
            Some(value.replace("&amp;", "&"))
        };
        let action = html.split("<form").nth(1).and_then(|form| attribute(form, "action")).expect("no form");
        let hidden = html
            .split("<input")
            .filter(|tag| attribute(tag, "type").as_deref() == Some("hidden"))
            .map(|tag| (attribute(tag, "name").unwrap(), attribute(tag, "value").unwrap()))
            .collect();
        Self { action: url.join(&action).unwrap().into(), html, hidden }
    }

    pub(crate) async fn submit(&self, browser: &Client, username: &str, password: &str) -> Response {
        let mut fields = self.hidden.clone();
        for (name, value) in [("username", username), ("password", password), ("signInSubmitButton", "Sign in")] {
            fields.push((name.to_owned(), value.to_owned()));
        }
        browser.post(&self.action).form(&fields).send().await.unwrap()
    }
}

pub(crate) fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::FOUND);
    header(answer, "location")
}

pub(crate) fn header(answer: &Response, name: &str) -> String {
    let value = answer.headers().get(name).unwrap_or_else(|| panic!("no {name} in {:?}", answer.headers()));
    value.to_str().unwrap().to_owned()
}

pub(crate) fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

pub(crate) async fn ok_json(answer: Response) -> Value {
    assert_eq!(answer.status(), StatusCode::OK);
    answer.json().await.unwrap()
}

/// A refusal of the token endpoint: 400 and exactly this body.
pub(crate) async fn assert_refused(request: RequestBuilder, code: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    assert_eq!(header(&answer, "content-type"), "application/json;charset=UTF-8");
    assert_eq!(answer.text().await.unwrap(), format!(r#"{{"error":"{code}"}}"#));
}

pub(crate) async fn assert_granted(request: RequestBuilder) -> Tokens {
    Tokens(ok_json(request.send().await.unwrap()).await)
}

/// Names of members, sorted.
pub(crate) fn names(object: &Map<String, Value>) -> Vec<&str> {
    let mut names: Vec<&str> = object.keys().map(String::as_str).collect();
    names.sort_unstable();
    names
}

pub(crate) fn claims(token: &str) -> Map<String, Value> {
    part(token, 1)
}

/// A part of a compact token, decoded.
pub(crate) fn part(token: &str, index: usize) -> Map<String, Value> {
    let part = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(part).unwrap()).unwrap()
}
