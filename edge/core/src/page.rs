//! Pages for people. No script; of what is elsewhere, at most the operator's logo; text from clients is escaped by the
//! template.

use std::borrow::Cow;

use base64ct::{Base64, Encoding};
use http::{Response, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{
    authorization::VerifiedAuthorization,
    client::Provenance,
    config::{Brand, ConsentMode, Pages, ProtectedResource},
    message::response::{Caching, cache, set, with_status},
    oauth::RedirectTarget,
};

const STYLE: &str = include_str!("page/style.css");

/// The consent page: who wants what, and where the user will be sent.
pub fn consent(
    verified: &VerifiedAuthorization<'_>,
    transaction_id: &str,
    sealed: &str,
    pages: &Pages,
) -> Response<String> {
    let host = verified.request.redirect_target.display_host();
    let name = verified.request.client.name.as_deref();
    let resource = verified.resource.name.as_deref().unwrap_or(verified.resource.indicator.as_str());
    let body = html! {
        h1 {
            @match name {
                Some(name) => { "Allow " strong { bdi { (name) } } "?" }
                None => { "Allow this application?" }
            }
        }
        p { "It asks to use " strong { bdi { (resource) } } " in your name." }
        @match &verified.request.client.provenance {
            Provenance::Operator => {}
            Provenance::Domain(host) => { p.note { "The name is vouched for by " strong { bdi { (host) } } "." } }
            Provenance::Itself => { p.note { "The application chose its name itself; nobody has verified it." } }
        }
        h2 { "It will be able to" }
        ul {
            @for (token, words) in verified.resource.scopes.iter().filter(|(token, _)| verified.scope.contains(token.as_str())) {
                li { (words) " " code { (token.as_str()) } }
            }
        }
        h2 { "You will be sent to" }
        p.host { bdi { (host) } }
        @if verified.request.redirect_target.is_loopback() {
            p.note { "That is a program on this computer. Go on only if you have just started it yourself." }
        } @else if verified.request.redirect_target.is_private_use() {
            p.note { "That is an application on this device. Go on only if you have just used it." }
        } @else if let Some(site) = verified.request.client.site_host.as_deref().filter(|site| *site != host) {
            p.note { "The application calls " strong { bdi { (site) } } " its home, which is not where you will be sent." }
        }
        form method="post" action="/authorize" {
            input type="hidden" name="transaction" value=(transaction_id);
            input type="hidden" name="sealed" value=(sealed);
            @if pages.consent == ConsentMode::Remember {
                label.remember { input type="checkbox" name="remember" value="yes"; " Do not ask me again in this browser" }
            }
            div.choice {
                button type="submit" name="decision" value="deny" { "Cancel" }
                button.primary type="submit" name="decision" value="allow" { "Allow" }
            }
            p.note { "If you allow it, you sign in on the next page, or go on as the user you are signed in as." }
            button.other type="submit" name="decision" value="allow-as-somebody-else" { "Allow, and sign in as somebody else" }
        }
    };
    respond(StatusCode::OK, "Allow access", &body, &pages.brand)
}

/// The start page: the resources, and how to connect clients to them. It says only what the settings say.
pub fn start(resources: &[ProtectedResource], brand: &Brand) -> Response<String> {
    let mut servers = Vec::new();
    for resource in resources {
        servers.push((name_at_clients(resource.indicator.as_str(), &servers), resource));
    }
    let body = html! {
        h1 { "Connect to this MCP server" }
        p { "It gives AI assistants tools. You sign in, and decide what each of them may do in your name." }
        @for resource in resources {
            h2 { (resource.name.as_deref().unwrap_or("URL")) }
            p.host { code { (resource.indicator.as_str()) } }
        }
        h2 { "Claude, ChatGPT" }
        p { "Settings → Connectors → Add custom connector. ChatGPT calls it Create, and shows it in developer mode." }
        h2 { "Claude Code" }
        @for (name, resource) in &servers {
            p { code { "claude mcp add --transport http " (name) " " (resource.indicator.as_str()) } }
        }
        @for (file, member) in [("VS Code: .vscode/mcp.json", "servers"), ("Cursor: .cursor/mcp.json", "mcpServers")] {
            h2 { (file) }
            p {
                code {
                    "{\"" (member) "\":{"
                    // Neither name nor URL has a character that JSON would escape.
                    @for (index, (name, resource)) in servers.iter().enumerate() {
                        @if index > 0 { "," }
                        "\"" (name) "\":{\"type\":\"http\",\"url\":\"" (resource.indicator.as_str()) "\"}"
                    }
                    "}}"
                }
            }
        }
    };
    let mut response = respond(StatusCode::OK, "Connect", &body, brand);
    response.headers_mut().remove(header::PRAGMA);
    cache(&mut response, Caching::Briefly);
    response
}

/// What clients may call a resource: some take only letters, digits and hyphens. No name that another one has taken.
fn name_at_clients<T>(url: &str, taken: &[(String, T)]) -> String {
    let name = url.split_once("://").map_or(url, |(_, name)| name);
    let mut name = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    while taken.iter().any(|(other, _)| *other == name) {
        name += "-2";
    }
    name
}

/// The page before an application is opened, which only the user may do.
pub fn open_application(target: &RedirectTarget, uri: &str, brand: &Brand) -> Response<String> {
    let scheme = target.display_host();
    let body = html! {
        h1 { "Go back to the application" }
        p { "It opens links that begin with" }
        p.host { bdi { (scheme) } }
        div.choice { a.primary href=(uri) { "Open it" } }
        p.note { "If nothing opens, the application is not on this device; close this page and start again from there." }
    };
    respond(StatusCode::OK, "Back to the application", &body, brand)
}

/// A sign-in that has ended without a code, and what its user can do.
pub struct Refusal<'a> {
    /// What the user is told.
    pub title: &'static str,
    /// More of it.
    pub what: &'static str,
    /// What the organisation says, as a Lambda of its user pool does.
    pub words: Option<&'a str>,
    /// The text of the link to another sign-in.
    pub retry: &'static str,
    /// Its address.
    pub retry_uri: &'a str,
    /// The client's redirect URI with the error.
    pub back_uri: &'a str,
}

/// The page of a refusal. It names where the way back leads, as an application may be opened.
pub fn refusal(status: StatusCode, refusal: &Refusal<'_>, target: &RedirectTarget, brand: &Brand) -> Response<String> {
    let body = html! {
        h1 { (refusal.title) }
        p { (refusal.what) }
        @if let Some(words) = refusal.words {
            h2 { "Your organisation says" }
            blockquote { bdi { (words) } }
        }
        div.choice {
            a.button href=(refusal.back_uri) { "Go back to the application" }
            a.primary href=(refusal.retry_uri) { (refusal.retry) }
        }
        p.note { "The application is at " bdi { (target.display_host()) } "." }
    };
    respond(status, refusal.title, &body, brand)
}

/// A page that says what happened and how to go on.
pub fn error(status: StatusCode, title: &str, what: &str, way_on: &str, brand: &Brand) -> Response<String> {
    respond(status, title, &html! { h1 { (title) } p { (what) } p { (way_on) } }, brand)
}

fn respond(status: StatusCode, title: &str, body: &Markup, brand: &Brand) -> Response<String> {
    let style = style(brand);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) @if let Some(name) = &brand.name { " – " (name) } }
                style { (PreEscaped(&style)) }
            }
            body {
                @if brand.name.is_some() || brand.logo.is_some() {
                    header {
                        @if let Some(logo) = &brand.logo { img src=(logo) alt="" height="32"; }
                        @if let Some(name) = &brand.name { bdi { (name) } }
                    }
                }
                main { (body) }
            }
        }
    };
    let mut response = with_status(status, page.into_string());
    let digest = Base64::encode_string(&Sha256::digest(style.as_bytes()));
    let images = brand.logo.as_ref().map(|logo| format!(" img-src {logo};")).unwrap_or_default();
    // No `form-action`: Chromium applies it to every redirect that follows the form, up to the client's own URI.
    let policy =
        format!("default-src 'none'; style-src 'sha256-{digest}';{images} base-uri 'none'; frame-ancestors 'none'");
    set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    set(&mut response, header::X_FRAME_OPTIONS, "DENY");
    // `no-referrer` would make browsers send `Origin: null` with the form.
    set(&mut response, header::REFERRER_POLICY, "same-origin");
    cache(&mut response, Caching::NoStore);
    response
}

/// The style sheet, with the operator's colour after, and so instead of, ours.
fn style(brand: &Brand) -> Cow<'static, str> {
    match brand.color {
        None => STYLE.into(),
        Some(color) => {
            let (color, on_it) = (color.css(), color.readable_on_it());
            format!("{STYLE}main {{ --accent: {color}; --on-accent: {on_it}; }}\n").into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_resources_have_one_name_at_clients() {
        let mut servers = Vec::new();
        for path in ["a.b", "a-b", "a-b-2", "a_b", "c"] {
            servers.push((name_at_clients(&format!("https://edge.example/{path}"), &servers), ()));
        }
        let names: Vec<_> = servers.iter().map(|(name, ())| name.strip_prefix("edge-example-").unwrap()).collect();
        assert_eq!(names, ["a-b", "a-b-2", "a-b-2-2", "a-b-2-2-2", "c"]);
    }
}
