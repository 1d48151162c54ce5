//! The user with a browser: keeps cookies, follows redirects one by one, reads forms and sends them.
//!
//! It has no scripts, like the pages. It stops at an address that belongs to the client, which a browser would open.

use anyhow::{Context as _, Result, bail};
use http::{HeaderMap, StatusCode, header};
use reqwest::{Client, Method, Url, redirect::Policy};

use crate::{cookie_jar::CookieJar, form::Form};

/// One browser of one user.
#[derive(Debug)]
pub struct Browser {
    http: Client,
    /// Its cookies.
    pub cookies: CookieJar,
}

/// What was answered to one request.
#[derive(Debug, Clone)]
pub struct Page {
    /// What was asked for.
    pub url: Url,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
}

/// What the user answers on the consent page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Lets the client in.
    Allow,
    /// Lets it in, and wants to be somebody else than the user that Cognito knows.
    AllowAsSomebodyElse,
    /// Does not.
    Deny,
}

/// Where following redirects ended.
#[derive(Debug, Clone)]
pub enum Landing {
    /// At a page.
    Page(Page),
    /// At the client's address, which was not opened.
    Client(Url),
}

/// Who signs in at Cognito.
#[derive(Debug, Clone, Copy)]
pub struct User<'a> {
    /// Name.
    pub name: &'a str,
    /// Password.
    pub password: &'a str,
}

impl User<'static> {
    /// The user that every local stack has.
    pub const DEMO: Self = Self { name: edgeward_cognito::DEV_USERNAME, password: edgeward_cognito::DEV_PASSWORD };
}

impl Browser {
    /// A new browser without cookies.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new() -> Result<Self> {
        let http = Client::builder().user_agent("Mozilla/5.0").no_proxy().redirect(Policy::none()).build()?;
        Ok(Self { http, cookies: CookieJar::default() })
    }

    /// Asks for a page, and does not follow a redirect.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn get(&mut self, url: &Url) -> Result<Page> {
        self.send(Method::GET, url, None).await
    }

    /// Sends a form by one of its buttons, and does not follow a redirect.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn submit(&mut self, form: &Form, button: Option<(&str, &str)>) -> Result<Page> {
        let mut fields = form.fields.clone();
        fields.extend(button.map(|(name, value)| (name.to_owned(), value.to_owned())));
        self.send(Method::POST, &form.action, Some(&fields)).await
    }

    /// Follows redirects from an answer on, up to a page or to the client's address.
    ///
    /// # Errors
    /// When nobody answers, or redirects do not end.
    pub async fn follow(&mut self, mut page: Page, client: &Url) -> Result<Landing> {
        for _ in 0..MAX_REDIRECTS {
            let Some(next) = page.redirect()? else { return Ok(Landing::Page(page)) };
            if is_at(&next, client) {
                return Ok(Landing::Client(next));
            }
            page = self.get(&next).await?;
        }
        bail!("more than {MAX_REDIRECTS} redirects; the last was at {}", page.place())
    }

    /// Opens an authorization URL: the consent page.
    ///
    /// # Errors
    /// When it is none.
    pub async fn open_consent(&mut self, url: &Url) -> Result<Form> {
        let page = self.get(url).await?;
        let form =
            page.form().filter(|form| form.has_button("decision", "allow") && form.has_button("decision", "deny"));
        form.with_context(|| format!("no consent page but {}", page.summary()))
    }

    /// Answers the consent page.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn decide(&mut self, consent: &Form, decision: Decision) -> Result<Page> {
        let value = match decision {
            Decision::Allow => "allow",
            Decision::AllowAsSomebodyElse => "allow-as-somebody-else",
            Decision::Deny => "deny",
        };
        self.submit(consent, Some(("decision", value))).await
    }

    /// Fills in Cognito's login page. It asks for name and password at once, or first for the name and then for one of
    /// several ways to sign in.
    ///
    /// # Errors
    /// When it is none, or the user is not let in.
    pub async fn log_in(&mut self, login: &Page, user: User<'_>) -> Result<Page> {
        let mut page = login.clone();
        for _ in 0..LOGIN_PAGES {
            let form = page.form().with_context(|| format!("no login page but {}", page.summary()))?;
            let (form, button) = if form.field("password").is_some() {
                (
                    form.fill("username", user.name).fill("password", user.password),
                    Some(("signInSubmitButton", "Sign in")),
                )
            } else if form.has_button(BY_PASSWORD.0, BY_PASSWORD.1) {
                (form, Some(BY_PASSWORD))
            } else if form.field("username").is_some() {
                (form.fill("username", user.name), None)
            } else {
                bail!("no login page but {}", page.summary());
            };
            page = self.submit(&form, button).await?;
            if page.status.is_redirection() {
                return Ok(page);
            }
        }
        bail!("{} was not let in: {}", user.name, page.summary())
    }

    /// Does all of it, allowing what is asked for: from the authorization URL to the client's address.
    ///
    /// # Errors
    /// When a page is another than it should be.
    pub async fn sign_in(&mut self, authorization: &Url, client: &Url, user: User<'_>) -> Result<Url> {
        let consent = self.open_consent(authorization).await?;
        let mut page = self.decide(&consent, Decision::Allow).await?;
        // No login page if the browser still has a session at Cognito.
        loop {
            match self.follow(page, client).await? {
                Landing::Client(url) => return Ok(url),
                Landing::Page(login) => page = self.log_in(&login, user).await?,
            }
        }
    }

    async fn send(&mut self, method: Method, url: &Url, form: Option<&[(String, String)]>) -> Result<Page> {
        let mut request = self.http.request(method, url.clone()).header(header::ACCEPT, "text/html");
        if let Some(cookies) = self.cookies.header(url) {
            request = request.header(header::COOKIE, cookies);
        }
        if let Some(fields) = form {
            // The pages here only send forms home.
            request = request.header(header::ORIGIN, url.origin().ascii_serialization()).form(fields);
        }
        let answer =
            request.send().await.with_context(|| format!("no answer from {}", url.origin().ascii_serialization()))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        self.cookies.store(url, &headers);
        Ok(Page { url: url.clone(), status, headers, body: answer.text().await? })
    }
}

impl Page {
    /// Where it redirects to, if it does.
    ///
    /// # Errors
    /// When the address is none.
    pub fn redirect(&self) -> Result<Option<Url>> {
        if !self.status.is_redirection() {
            return Ok(None);
        }
        let location = self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let location = location.with_context(|| format!("a redirect to nowhere at {}", self.place()))?;
        Ok(Some(self.url.join(location)?))
    }

    /// Where its link of this name leads, if it has one.
    pub fn link(&self, name: &str) -> Option<Url> {
        let (before, _) = self.body.split_once(&format!(">{name}</a>"))?;
        let (_, tag) = before.rsplit_once("href=\"")?;
        self.url.join(&tag.split('"').next()?.replace("&amp;", "&")).ok()
    }

    /// Its form.
    pub fn form(&self) -> Option<Form> {
        Form::read(&self.url, &self.body)
    }

    /// A header, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Where it is, without the query, which may have secrets in it.
    pub fn place(&self) -> String {
        format!("{}{}", self.url.origin().ascii_serialization(), self.url.path())
    }

    /// Status, place and beginning of the body, for a message.
    pub fn summary(&self) -> String {
        let beginning: String = self.body.chars().take(400).collect();
        format!("{} from {}: {beginning}", self.status, self.place())
    }
}

/// A parameter of a URL's query.
pub fn query(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

fn is_at(url: &Url, client: &Url) -> bool {
    url.origin() == client.origin() && url.path() == client.path()
}

const MAX_REDIRECTS: usize = 10;
/// Name, way to sign in, password.
const LOGIN_PAGES: usize = 3;
/// The button for signing in with a password, where there are several ways.
const BY_PASSWORD: (&str, &str) = ("challenge", "PASSWORD");
