//! The domain's HTML pages. They work without scripts.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::config::LoginPages;
use crate::federation;

/// The sign-in form.
#[derive(Debug)]
pub(crate) struct LoginForm<'a> {
    /// Query of the login URL, sent back with the form.
    pub(crate) query: &'a str,
    pub(crate) csrf_token: &'a str,
    pub(crate) username: &'a str,
    /// What was wrong with the last attempt.
    pub(crate) message: Option<&'a str>,
    pub(crate) pages: LoginPages,
    /// Whether the pool's own users may sign in.
    pub(crate) is_local: bool,
    /// Names of the identity providers to choose from.
    pub(crate) providers: &'a [String],
}

pub(crate) fn login(form: &LoginForm<'_>) -> Markup {
    let csrf_field = csrf_field(form.pages);
    layout(
        "Sign in",
        &html! {
            @if form.is_local { form name="cognitoSignInForm" action={ "/login?" (form.query) } method="POST" {
                h1 { "Sign in" }
                p.hint { "Local user pool for development and tests." }
                @if let Some(message) = form.message { p.message #loginErrorMessage role="alert" { (message) } }
                input type="hidden" name=(csrf_field) value=(form.csrf_token);
                label for="signInFormUsername" { "Username" }
                input #signInFormUsername type="text" name="username" value=(form.username) autocomplete="username"
                    autocapitalize="none" spellcheck="false" required autofocus;
                label for="signInFormPassword" { "Password" }
                input #signInFormPassword type="password" name="password" autocomplete="current-password" required;
                input type="hidden" name="cognitoAsfData" value="";
                input type="submit" name="signInSubmitButton" value="Sign in";
            } }
            @if !form.providers.is_empty() {
                main {
                    @for name in form.providers {
                        p { a href=(provider_link(form.query, name)) { "Continue with " (name) } }
                    }
                }
            }
        },
    )
}

/// The same request, for one provider.
fn provider_link(query: &str, provider: &str) -> String {
    let mut link = form_urlencoded::Serializer::new(String::new());
    let pairs = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "identity_provider");
    link.extend_pairs(pairs).append_pair("identity_provider", provider);
    format!("/oauth2/authorize?{}", link.finish())
}

/// The stand-in for an identity provider.
pub(crate) fn identity_provider(name: &str, state: &str, username: &str, message: Option<&str>) -> Markup {
    layout(
        name,
        &html! {
            form action=(federation::path(name)) method="POST" {
                h1 { (name) }
                p.hint { "Stand-in for an identity provider: no password is needed." }
                @if let Some(message) = message { p.message role="alert" { (message) } }
                input type="hidden" name="state" value=(state);
                label for="username" { "Id or e-mail address" }
                input #username type="text" name="username" value=(username) autocapitalize="none" spellcheck="false"
                    autofocus;
                input type="submit" value="Continue";
                button type="submit" name="decision" value="deny" { "Cancel" }
            }
        },
    )
}

/// Name of the hidden field that repeats the `XSRF-TOKEN` cookie.
pub(crate) fn csrf_field(pages: LoginPages) -> &'static str {
    match pages {
        LoginPages::Classic => "_csrf",
        LoginPages::Managed => "csrf",
    }
}

pub(crate) fn error(detail: Option<&str>) -> Markup {
    layout(
        "Error",
        &html! {
            main {
                h1 { "An error was encountered with the requested page." }
                @if let Some(detail) = detail { p { (detail) } }
            }
        },
    )
}

pub(crate) fn login_unavailable() -> Markup {
    layout("Error", &html! { main { h1 { "Login pages unavailable. Please contact an administrator." } } })
}

pub(crate) fn something_went_wrong() -> Markup {
    layout(
        "Error",
        &html! { main { h1 { "Something went wrong" } p { "Please return to the application and try again." } } },
    )
}

fn layout(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { (content) }
        }
    }
}

const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#f2f3f3;color:#16191f;\
font:16px/1.5 system-ui,sans-serif}\
form,main{width:min(24rem,92vw);background:#fff;padding:2rem;border-radius:.75rem;box-shadow:0 1px 8px #0002}\
h1{font-size:1.4rem;margin:0 0 .25rem}\
.hint{margin:0 0 1.25rem;color:#545b64;font-size:.9rem}\
.message{background:#fdf3f1;border:1px solid #d13212;border-radius:.4rem;padding:.5rem .75rem;margin:0 0 1rem}\
label{display:block;font-weight:600;margin-bottom:.25rem}\
input[type=text],input[type=password]{width:100%;padding:.55rem .7rem;margin-bottom:1rem;font:inherit;\
border:1px solid #687078;border-radius:.4rem}\
input[type=submit]{width:100%;padding:.6rem;font:inherit;font-weight:600;color:#fff;background:#0972d3;border:0;\
border-radius:.4rem;cursor:pointer}\
input:focus-visible{outline:2px solid #0972d3;outline-offset:2px}";
