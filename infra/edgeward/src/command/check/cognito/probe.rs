//! What a browser would see: the edge's authorization request as Cognito answers it, and the login page.
//!
//! Nothing is signed in, and no redirect is followed but the one to the login page.

use std::collections::BTreeSet;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_core::{
    Config,
    config::ProtectedResource,
    oauth::{ClientDigest, CodeVerifier, Prompt, RedirectUri, redirect_uri::PrivateUseSchemes},
    route::Route,
    sealed::Transaction,
    upstream,
};
use http::{Request, StatusCode, header};
use url::Url;

use super::{
    domain::{UNBRANDED, branding},
    remedy::{LOGIN_PAGES, Remedy},
};
use crate::{
    fetch::{Answer, Fetch, USER_AGENT},
    obstacle::summary,
    report::{Problem, Report, Weight},
};

/// Where an answer leads.
enum Step {
    /// To the login page, which is asked next.
    Login(Url),
    /// A user could sign in there.
    Good(String),
    Bad(Problem),
    /// What users would see there cannot be told from here.
    Unseen(Problem),
}

pub(super) async fn check(config: &Config, remedy: &Remedy, fetch: &Fetch, report: &mut Report) {
    let Ok(domain) = Url::parse(&config.cognito.domain) else { return };
    let probe = Probe { config, remedy, domain, place: format!("{}/oauth2/authorize", config.cognito.domain) };
    let mut asked = BTreeSet::new();
    let mut sees = None;
    for resource in &config.resources {
        for scope in [resource.default_scope.clone(), resource.scope()] {
            let scopes: Vec<_> = resource.upstream_scopes(&scope).into_iter().map(str::to_owned).collect();
            if !asked.insert(scopes.clone()) {
                continue;
            }
            let Some(url) = authorization_url(config, resource, &scopes) else { continue };
            match probe.ask(&url, sees.is_none(), fetch, report).await {
                Ok(words) => sees = sees.or(Some(words)),
                // The others would repeat it.
                Err((weight, finding)) => return report.add(weight, finding),
            }
        }
    }
    if let Some(words) = sees {
        report.did(format!("Cognito takes the edge's authorization request: {words}"));
    }
}

/// The edge's authorization request, with a transaction that nobody has begun.
fn authorization_url(config: &Config, resource: &ProtectedResource, scopes: &[String]) -> Option<Url> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).ok()?;
    let verifier = CodeVerifier::from_random(&random);
    getrandom::fill(&mut random).ok()?;
    let id = Base64UrlUnpadded::encode_string(&random[..16]);
    let client = format!("{}{}", config.issuer, Route::Callback.path());
    let redirect_uri = RedirectUri::parse(&client, &PrivateUseSchemes::default()).ok()?;
    let transaction = Transaction {
        client: ClientDigest::of(&client),
        redirect_target: redirect_uri.clone().find_in(&[redirect_uri])?,
        client_state: None,
        code_challenge: verifier.challenge(),
        resource: resource.indicator.as_str().to_owned(),
        scope: resource.default_scope.clone(),
        upstream_verifier: verifier.expose().to_owned(),
        upstream_nonce: id.clone(),
        id,
        prompt: Prompt::default(),
        login_hint: None,
        remembered: None,
    };
    let scopes: Vec<_> = scopes.iter().map(String::as_str).collect();
    let url = upstream::authorization_url(&config.cognito, &scopes, &client, &transaction)?;
    Url::parse(&url).ok()
}

struct Probe<'a> {
    config: &'a Config,
    remedy: &'a Remedy,
    domain: Url,
    place: String,
}

impl Probe<'_> {
    /// What a user would see, in words, or why Cognito does not take the request, or cannot be asked.
    async fn ask(
        &self,
        url: &Url,
        and_login: bool,
        fetch: &Fetch,
        report: &mut Report,
    ) -> Result<String, (Weight, Problem)> {
        let login = match self.get(url, &self.place, fetch).await {
            Step::Good(words) => return Ok(words),
            Step::Bad(problem) => return Err((Weight::Problem, problem)),
            Step::Unseen(note) => return Err((Weight::Note, note)),
            Step::Login(_) if !and_login => return Ok(String::new()),
            Step::Login(login) => login,
        };
        let place = format!("{}/login", self.config.cognito.domain);
        match self.get(&login, &place, fetch).await {
            Step::Good(words) => Ok(words),
            Step::Bad(problem) => Err((Weight::Problem, problem)),
            Step::Unseen(note) => {
                report.note(note);
                Ok("it redirects to the login page".to_owned())
            }
            Step::Login(_) => {
                let problem = Problem::new(place, "redirects to itself", "look at it with a browser, and ask AWS");
                Err((Weight::Problem, problem))
            }
        }
    }

    async fn get(&self, url: &Url, place: &str, fetch: &Fetch) -> Step {
        match get(fetch, url, place).await {
            Ok(answer) => self.judge(&answer, url, place),
            Err(problem) => Step::Bad(problem),
        }
    }

    fn judge(&self, answer: &Answer, asked: &Url, place: &str) -> Step {
        let bad = |what: String, to_do: String| Step::Bad(Problem::new(place, what, to_do));
        if answer.status.is_redirection() {
            let location = answer.header(header::LOCATION).and_then(|location| asked.join(location).ok());
            return match location {
                Some(location) => self.redirect(&location, place),
                None => bad(format!("answers {} without a Location", answer.status.as_u16()), BROWSER.to_owned()),
            };
        }
        let unseen = |what: String, to_do: &str| Step::Unseen(Problem::new(place, what, to_do));
        // A challenge has the status 202, a CAPTCHA 405 (WAF Developer Guide, "CAPTCHA and Challenge action behavior").
        if let Some(action @ ("challenge" | "captcha")) = answer.header(WAF_ACTION) {
            let asks = if action == "captcha" { "CAPTCHA" } else { "challenge" };
            let what = format!(
                "AWS WAF asks for a {asks} first, which browsers pass and this tool does not: the login page was not looked at"
            );
            return unseen(what, BROWSER);
        }
        match answer.status {
            StatusCode::OK => Step::Good(format!("{} shows a login page", self.domain.host_str().unwrap_or_default())),
            StatusCode::FORBIDDEN if answer.text().contains("Login pages unavailable") => {
                let client = format!("the app client {}", self.remedy.client);
                bad(format!("{client} {UNBRANDED}"), branding(self.remedy))
            }
            StatusCode::FORBIDDEN => unseen(
                format!(
                    "is stopped before Cognito (status {}), perhaps only for this machine's address: the login page was not \
                     looked at",
                    summary(answer)
                ),
                "look at the firewall of the user pool (AWS WAF > Web ACLs > Sampled requests): a rule blocks this machine, and \
                 perhaps every browser",
            ),
            StatusCode::NOT_FOUND => bad(
                "answers 404: no user pool serves login pages there".to_owned(),
                "compare cognito-domain with the user pool's domain".to_owned(),
            ),
            StatusCode::TOO_MANY_REQUESTS => {
                bad("answers 429: Cognito limits its requests".to_owned(), "run this again in a minute".to_owned())
            }
            _ => bad(format!("answers {} instead of a login page", summary(answer)), BROWSER.to_owned()),
        }
    }

    fn redirect(&self, location: &Url, place: &str) -> Step {
        let bad = |(what, to_do): (String, String)| Step::Bad(Problem::new(place, what, to_do));
        let parameter = |name: &str| {
            location.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.chars().take(200).collect())
        };
        let error: Option<String> = parameter("error");
        let callback = format!("{}{}", self.config.issuer, Route::Callback.path());
        let is_callback = location.as_str().split(['?', '#']).next() == Some(callback.as_str());
        if is_callback {
            let error = error.unwrap_or_default();
            return bad(self.callback_error(&error, parameter("error_description").as_deref()));
        }
        if location.origin() != self.domain.origin() {
            let host = location.host_str().unwrap_or_default();
            return Step::Good(format!("it sends users to {host}, an identity provider"));
        }
        match location.path() {
            "/error" => bad(self.page_error(&error.or_else(|| parameter("code")).unwrap_or_default())),
            "/login" => Step::Login(location.clone()),
            path => bad((format!("redirects to {path} instead of the login page"), BROWSER.to_owned())),
        }
    }

    /// An error that Cognito shows on a page of its own: users see it, and the edge is never told.
    fn page_error(&self, error: &str) -> (String, String) {
        let what = format!("ends on Cognito's page {error:?}");
        let client = &self.remedy.client;
        let pages = |to_do: &str| self.remedy.client(LOGIN_PAGES, to_do);
        if error == "redirect_mismatch" {
            let callback = format!("{}{}", self.config.issuer, Route::Callback.path());
            (
                format!("{what}: the app client {client} does not have the callback URL {callback}"),
                pages("add it, to the letter"),
            )
        } else if error == "invalid_request" {
            let pool = &self.remedy.pool;
            (
                format!("{what}: there is no app client {client} at this domain"),
                format!(
                    "compare cognito-client-id and cognito-domain with the user pool {pool}: the domain may be another pool's"
                ),
            )
        } else if error == "unauthorized_client" || error.contains("not enabled for OAuth") {
            (
                format!("{what}: the app client {client} may not use the authorization code flow"),
                pages("allow the authorization code grant"),
            )
        } else {
            (what, BROWSER.to_owned())
        }
    }

    /// An error that Cognito sends back to the edge.
    fn callback_error(&self, error: &str, description: Option<&str>) -> (String, String) {
        let description = description.unwrap_or_default();
        let what = match description {
            "" => format!("comes back with the error {error:?}"),
            _ => format!("comes back with the error {error:?} ({description:?})"),
        };
        let client = &self.remedy.client;
        let pages = |to_do: &str| self.remedy.client(LOGIN_PAGES, to_do);
        if error == "invalid_scope" || description.contains("invalid_scope") {
            let asked = super::asked(self.config).into_iter().collect::<Vec<_>>().join(", ");
            (
                format!("{what}: the app client {client} does not allow a scope of these: {asked}"),
                pages("add the scopes, or correct cognito-scopes and resources"),
            )
        } else if error == "unauthorized_client" {
            (
                format!("{what}: the app client {client} may not use the authorization code flow"),
                pages("allow the authorization code grant"),
            )
        } else {
            (what, format!("look into the log of the user pool's domain, or ask AWS: {BROWSER}"))
        }
    }
}

async fn get(fetch: &Fetch, url: &Url, place: &str) -> Result<Answer, Problem> {
    let request = Request::get(url.as_str()).header(header::USER_AGENT, USER_AGENT).header(header::ACCEPT, "text/html");
    let remedy = "compare cognito-domain with the user pool's domain; a new one needs some minutes";
    let unanswered = |error: String| Problem::new(place, format!("does not answer: {error}"), remedy);
    match fetch.send(request, String::new()).await {
        Ok(answer) if answer.status.is_server_error() => Err(unanswered(format!("status {}", answer.status.as_u16()))),
        Ok(answer) => Ok(answer),
        Err(error) => Err(unanswered(format!("{error:#}"))),
    }
}

/// What AWS WAF does with a request that it does not let through.
const WAF_ACTION: &str = "x-amzn-waf-action";
const BROWSER: &str = "begin a sign-in with a browser, and read what the page says";
