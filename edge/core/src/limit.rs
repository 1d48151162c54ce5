//! How many requests one party may make at the endpoints that cost something: `/register`, `/authorize`, `/token`,
//! `/revoke`, `/callback`. What is counted, and under which name, is decided here; the platform counts. Calls of the resources are
//! counted only if the settings name [`Limit::Calls`]: see [`Forward::counted`](crate::forward::Plan::counted).
//!
//! The narrow limits come first, and a request that one of them refuses is not counted by the wider ones: so a client that
//! floods is stopped long before it has used up what its address has, which hundreds of others may share, and so is a grant
//! that is refreshed without end, before it has used up what the client has. The names of these end with the address. Without it
//! anyone could use up what a well-known client or redirect host has, and lock out all who use it: neither is a secret.

use http::{Method, Response, StatusCode, header};
use serde_json::json;
use url::Url;

use crate::{
    client::registration,
    config::Config,
    message::{
        request::Body,
        response::{Caching, json, set},
    },
    oauth::{ClientDigest, ErrorCode, redirect_uri},
    page,
    platform::{Limit, Platform},
    received::Received,
    request_context::RequestContext,
    route::Route,
    sealed::RefreshToken,
};

/// All limits count over this many seconds, so whoever is over one can come back after as many.
pub const PERIOD_SECONDS: &str = "60";

/// Who makes a request. All whose name is missing or malformed are one party.
#[derive(Default)]
struct Party {
    /// The refresh token that is shown, if it is good: it names the grant.
    token: Option<RefreshToken>,
    /// `None` where it is sealed in what is sent.
    client: Option<ClientDigest>,
    /// `None` where users are not sent anywhere.
    redirect_host: Option<String>,
}

/// A request over a limit.
#[derive(Debug)]
pub struct Exceeded {
    /// Which.
    pub limit: Limit,
    /// The client that the request names. It has not proved who it is.
    pub client: Option<ClientDigest>,
    /// The grant whose refresh token the request shows.
    pub grant: Option<String>,
}

/// Counts a request. Gives the refresh token that it shows, if that is good: to open it twice would cost a twelfth of a refresh.
///
/// # Errors
/// When it is one too many.
pub(crate) async fn count<P: Platform>(
    received: &Received<'_>,
    context: &RequestContext<'_, P>,
) -> Result<Option<RefreshToken>, Exceeded> {
    let Received { route, method, request, .. } = *received;
    if !matches!(route, Route::Register | Route::Authorize | Route::Callback | Route::Token | Route::Revoke) {
        return Ok(None);
    }
    let Party { token, client, redirect_host } = party(received, context);
    let named = [
        (Limit::Grant, token.as_ref().map(|token| token.grant_id.as_str())),
        (Limit::Client, client.as_ref().map(ClientDigest::as_str)),
        (Limit::RedirectHost, redirect_host.as_deref()),
        (Limit::Address, Some(method.as_str())),
    ];
    let address = network(request.address.as_deref().unwrap_or_default());
    for (limit, name) in named {
        let Some(name) = name else { continue };
        // Counters may be shared with other edges.
        let name = [&context.config.issuer, route.path(), " ", name, " ", address].concat();
        if !context.platform.is_within(limit, name).await {
            let grant = token.as_ref().map(|token| token.grant_id.clone());
            return Err(Exceeded { limit, client: client.clone(), grant });
        }
    }
    Ok(token)
}

fn party<P: Platform>(received: &Received<'_>, context: &RequestContext<'_, P>) -> Party {
    let Received { route, method, request, ref parameters, ref presented } = *received;
    let text = |name| parameters.get(name).ok().flatten();
    match route {
        // The same metadata are the same client, and the other way round.
        Route::Register => {
            let body = if let Body::Complete(body) = &request.body { body.as_slice() } else { &[] };
            Party {
                client: Some(ClientDigest::of(&String::from_utf8_lossy(body))),
                redirect_host: Some(host_of(registration::first_redirect_uri(body).as_deref())),
                ..Party::default()
            }
        }
        Route::Authorize if *method == Method::GET => Party {
            client: Some(ClientDigest::of(text("client_id").unwrap_or_default())),
            redirect_host: Some(host_of(text("redirect_uri"))),
            ..Party::default()
        },
        Route::Token | Route::Revoke => {
            let named = presented.as_ref().map(|presented| presented.digest.clone());
            let client = named.unwrap_or_else(|_| ClientDigest::of(""));
            let token = text("refresh_token").filter(|_| route == Route::Token);
            // It opens for its own client only.
            let token = token.and_then(|token| context.open(token, client.as_str()).ok());
            Party { token, client: Some(client), redirect_host: None }
        }
        _ => Party::default(),
    }
}

/// The host, or the scheme of an application.
fn host_of(redirect_uri: Option<&str>) -> String {
    let url = redirect_uri.filter(|uri| uri.len() <= redirect_uri::MAX_BYTES).and_then(|uri| Url::parse(uri).ok());
    url.map_or(String::new(), |url| url.host_str().unwrap_or(url.scheme()).to_owned())
}

/// The address; of an IPv6 one the network, all of which its user has. Platforms write addresses in one way (RFC 5952); where
/// the zeros that are left out are among the first four groups, a larger network counts as one.
fn network(address: &str) -> &str {
    let mut colons = address.match_indices(':').zip(1..);
    match colons.find(|((at, _), count)| *count == 4 || address[*at..].starts_with("::")) {
        Some(((at, _), _)) => &address[..at],
        None => address,
    }
}

/// The answer to a request that is one too many (RFC 6585 §4). For a machine it looks like the endpoint's other errors.
///
/// A client that shows a refresh token which is good is told that the server is busy: some clients throw their tokens away at every
/// status of the 400s, this one too.
pub(crate) fn refuse(route: Route, exceeded: &Exceeded, config: &Config) -> Response<String> {
    let status = match exceeded.grant {
        Some(_) => StatusCode::SERVICE_UNAVAILABLE,
        None => StatusCode::TOO_MANY_REQUESTS,
    };
    let mut response = if matches!(route, Route::Authorize | Route::Callback) {
        let what = "Too many requests come from this application, or from the network that you are in.";
        page::error(status, "Not at the moment", what, "Try again in a minute.", &config.pages.brand)
    } else {
        let code = ErrorCode::TemporarilyUnavailable.as_str();
        let body = json!({ "error": code, "error_description": "too many requests" });
        let mut response = json(status, &body, Caching::NoStore);
        set(&mut response, header::ACCESS_CONTROL_EXPOSE_HEADERS, header::RETRY_AFTER.as_str());
        response
    };
    set(&mut response, header::RETRY_AFTER, PERIOD_SECONDS);
    response
}
