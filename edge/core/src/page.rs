//! Pages for people. No script, no outside resource; text from clients is escaped by the template.

use base64ct::{Base64, Encoding};
use http::{Response, StatusCode, header};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use crate::{
    authorization::VerifiedAuthorization,
    client::Provenance,
    message::response::{Caching, cache, set, with_status},
};

const STYLE: &str = include_str!("page/style.css");

/// The consent page: who wants what, and where the user will be sent.
pub fn consent(request: &VerifiedAuthorization<'_>, transaction_id: &str, sealed: &str) -> Response<String> {
    let host = request.redirect_target.display_host();
    let name = request.client.name.as_deref();
    let resource = request.resource.name.as_deref().unwrap_or(request.resource.indicator.as_str());
    let body = html! {
        h1 {
            @match name {
                Some(name) => { "Allow " strong { bdi { (name) } } "?" }
                None => { "Allow this application?" }
            }
        }
        p { "It asks to use " strong { bdi { (resource) } } " in your name." }
        @match &request.client.provenance {
            Provenance::Operator => {}
            Provenance::Domain(host) => { p.note { "The name is vouched for by " strong { bdi { (host) } } "." } }
            Provenance::Itself => { p.note { "The application chose its name itself; nobody has verified it." } }
        }
        h2 { "It will be able to" }
        ul {
            @for (token, words) in request.resource.scopes.iter().filter(|(token, _)| request.scope.contains(token.as_str())) {
                li { (words) " " code { (token.as_str()) } }
            }
        }
        h2 { "You will be sent to" }
        p.host { bdi { (host) } }
        @if request.redirect_target.is_loopback() {
            p.note { "That is a program on this computer. Go on only if you have just started it yourself." }
        }
        form method="post" action="/authorize" {
            input type="hidden" name="transaction" value=(transaction_id);
            input type="hidden" name="sealed" value=(sealed);
            div.choice {
                button type="submit" name="decision" value="deny" { "Cancel" }
                button.primary type="submit" name="decision" value="allow" { "Allow" }
            }
        }
        p.note { "If you allow it, you sign in on the next page." }
    };
    respond(StatusCode::OK, "Allow access", &body)
}

/// A page that says what went wrong and how to go on.
pub fn error(status: StatusCode, title: &str, what: &str, way_on: &str) -> Response<String> {
    respond(status, title, &html! { h1 { (title) } p { (what) } p { (way_on) } })
}

fn respond(status: StatusCode, title: &str, body: &Markup) -> Response<String> {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body { main { (body) } }
        }
    };
    let mut response = with_status(status, page.into_string());
    let style = Base64::encode_string(&Sha256::digest(STYLE));
    // No `form-action`: Chromium applies it to every redirect that follows the form, up to the client's own URI.
    let policy = format!("default-src 'none'; style-src 'sha256-{style}'; base-uri 'none'; frame-ancestors 'none'");
    set(&mut response, header::CONTENT_TYPE, "text/html; charset=utf-8");
    set(&mut response, header::CONTENT_SECURITY_POLICY, &policy);
    set(&mut response, header::X_FRAME_OPTIONS, "DENY");
    // `no-referrer` would make browsers send `Origin: null` with the form.
    set(&mut response, header::REFERRER_POLICY, "same-origin");
    set(&mut response, header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    cache(&mut response, Caching::NoStore);
    response
}
