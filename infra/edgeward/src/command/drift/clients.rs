//! Whether MCP clients reach the edge, or the zone that it is in stops them.

use edgeward_core::{
    Config,
    config::ProtectedResource,
    gate::{self, GateError},
    route::Route,
};
use http::{Method, StatusCode, header, request};

use super::super::mcp;
use crate::{
    fetch::{Answer, Fetch},
    obstacle::{EVENTS, Obstacle, ask, is_stopped, summary},
    report::{Problem, Report},
    target::Target,
};

/// Somebody who calls an MCP server.
struct Client {
    name: &'static str,
    user_agent: Option<&'static str>,
    kind: Kind,
}

/// Which features of a zone stop a client.
#[derive(Clone, Copy)]
enum Kind {
    /// The servers of an assistant that people use in their browser.
    Assistant,
    Browser,
    Library,
}

/// What a client gets in place of the edge's answer.
enum Fault {
    Problem(Problem),
    /// A zone with its default settings does it, and few clients meet it.
    Usual(String),
}

/// As the clients themselves send it: claude.ai, ChatGPT, Chrome, and libraries that programs are made with.
const CLIENTS: [Client; 5] = [
    Client { name: "Claude", user_agent: Some("Claude-User"), kind: Kind::Assistant },
    Client { name: "ChatGPT", user_agent: Some("openai-mcp/1.0.0"), kind: Kind::Assistant },
    Client {
        name: "a browser",
        user_agent: Some(
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 \
             Safari/537.36",
        ),
        kind: Kind::Browser,
    },
    Client { name: "an HTTP library", user_agent: Some("python-httpx/0.28.1"), kind: Kind::Library },
    Client { name: "a client", user_agent: None, kind: Kind::Library },
];

/// Asks as each client does before it has a token, and names those that the edge does not answer.
pub(in crate::command) async fn check(target: &Target, config: &Config, fetch: &Fetch, report: &mut Report) {
    let mut reached = Vec::new();
    for client in &CLIENTS {
        match fault(client, target, config, fetch).await {
            Some(Fault::Problem(problem)) => report.problem(problem),
            Some(Fault::Usual(line)) => report.did(line),
            None => reached.push(client.words()),
        }
    }
    if !reached.is_empty() {
        report.did(format!(
            "the edge answers requests sent from here in the name of {}; Cloudflare may still stop clients by their \
             addresses: see {EVENTS}",
            reached.join(", ")
        ));
    }
}

/// The first thing that goes wrong for this client. The others would repeat it.
async fn fault(client: &Client, target: &Target, config: &Config, fetch: &Fetch) -> Option<Fault> {
    for resource in &config.resources {
        let (request, body) = mcp::initialize(client.request(target, Method::POST, &resource.path));
        let found = ask(fetch, request, body, &target.url(&resource.path)).await;
        let expected = challenge(resource, config);
        let is_expected = |answer: &Answer| {
            answer.status == StatusCode::UNAUTHORIZED && answer.header(header::WWW_AUTHENTICATE) == Some(&expected)
        };
        let should = format!("a 401 with WWW-Authenticate: {expected}");
        if let Some(fault) = client.judge("POST", &target.url(&resource.path), found, is_expected, &should) {
            return Some(fault);
        }
        let path = format!("{}{}", Route::ProtectedResourceMetadata.path(), resource.path);
        let request = client.request(target, Method::GET, &path).header(header::ACCEPT, "application/json");
        let found = ask(fetch, request, String::new(), &target.url(&path)).await;
        let is_expected = |answer: &Answer| {
            let document = answer.json().unwrap_or_default();
            answer.status == StatusCode::OK && document["resource"] == resource.indicator.as_str()
        };
        let should = "a 200 with the metadata of the resource";
        if let Some(fault) = client.judge("GET", &target.url(&path), found, is_expected, should) {
            return Some(fault);
        }
    }
    None
}

/// What the edge answers a request without a token, by the code that it runs.
fn challenge(resource: &ProtectedResource, config: &Config) -> String {
    let (response, _) = gate::refusal(&GateError::NoToken, &resource.path, None, resource, config);
    let value = response.headers().get(header::WWW_AUTHENTICATE);
    value.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
}

impl Client {
    fn words(&self) -> String {
        match self.user_agent {
            Some(user_agent) => format!("{} (User-Agent: {user_agent})", self.name),
            None => format!("{} without User-Agent", self.name),
        }
    }

    fn request(&self, target: &Target, method: Method, path: &str) -> request::Builder {
        let request = target.request(method, path);
        match self.user_agent {
            Some(user_agent) => request.header(header::USER_AGENT, user_agent),
            None => request,
        }
    }

    fn judge(
        &self,
        method: &str,
        url: &str,
        found: Result<Answer, Obstacle>,
        is_expected: impl Fn(&Answer) -> bool,
        should: &str,
    ) -> Option<Fault> {
        let problem = |what: String, remedy: String| Some(Fault::Problem(Problem::new(url, what, remedy)));
        let answer = match found {
            Ok(answer) if is_expected(&answer) => return None,
            Ok(answer) => answer,
            Err(obstacle) => {
                let what = format!("{method} as {} has no answer: {obstacle}", self.words());
                return problem(what, obstacle.remedy());
            }
        };
        let mut what =
            format!("{method} as {} gets status {}, and should get {should}", self.words(), summary(&answer));
        if !is_stopped(&answer) {
            let remedy = match answer.status {
                StatusCode::UNAUTHORIZED => super::PUSH.to_owned(),
                _ => Obstacle::of_answer(&answer).remedy(),
            };
            return problem(what, remedy);
        }
        if self.user_agent.is_none() {
            return Some(Fault::Usual(format!(
                "{url}: {method} as {} is stopped before the edge: status {}. \"Browser Integrity Check\", which is on in \
                 a new zone, does that; few MCP clients send no User-Agent",
                self.words(),
                summary(&answer)
            )));
        }
        if matches!(self.kind, Kind::Assistant) {
            let name = self.name;
            what += &format!(
                ". Users of {name} see that sign-in works, then nothing: their browser signs in, and the servers of \
                 {name} are stopped"
            );
        }
        problem(what, format!("{}. {EVENTS} names the rule", self.kind.settings()))
    }
}

impl Kind {
    /// What to change in the zone. A rule with the action Skip does not help: Bot Fight Mode knows no exceptions.
    const fn settings(self) -> &'static str {
        match self {
            Self::Assistant => {
                "in the zone in Cloudflare's dashboard, turn off \"Block AI bots\" and \"Bot fight mode\" (Security > \
                 Settings > Bot traffic), and allow the client where AI Crawl Control > Security lists it"
            }
            Self::Browser => {
                "in the zone in Cloudflare's dashboard, turn off \"Bot fight mode\", \"Under Attack mode\" and rules that \
                 challenge or block (Security > Settings, Security > Security rules)"
            }
            Self::Library => {
                "in the zone in Cloudflare's dashboard, turn off \"Browser Integrity Check\" and \"Bot fight mode\" \
                 (Security > Settings)"
            }
        }
    }
}
