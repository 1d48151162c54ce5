//! `/__idp/{name}`: a stand-in for an identity provider. It believes whatever name is typed.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::config::{IdentityProvider, ProviderKind};
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::{cookies, page, reply};

/// The page that asks who signs in. It is left out if the provider knows the browser, which it does after a sign-in unless
/// `prompt` says to ask, or if the settings say whom it signs in.
pub(crate) async fn show(
    State(pool): State<Arc<Pool>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    let Some((provider, state)) = find(&pool, &name, &parameters) else { return lost() };
    let asks = parameters.first("prompt").is_some();
    let session = cookies::provider_user(&pool, &name, &headers).filter(|_| !asks);
    let signed_in = provider.signs_in.clone().or(session);
    match signed_in.as_deref().and_then(|name| provider.user(name)) {
        Some(user) => answer(&pool, &provider, &state, &user.id),
        None => ask(&provider, &state, parameters.first("login_hint").unwrap_or_default(), None),
    }
}

/// The name that was typed, or the user's refusal.
pub(crate) async fn submit(State(pool): State<Arc<Pool>>, Path(name): Path<String>, body: Bytes) -> Response {
    let fields = Parameters::parse(&body);
    let Some((provider, state)) = find(&pool, &name, &fields) else { return lost() };
    if fields.first("decision") == Some("deny") {
        return back(&pool, &provider, &[("error", "access_denied"), ("error_description", DENIED)], &state);
    }
    let typed = fields.first("username").unwrap_or_default();
    match provider.user(typed) {
        Some(user) => {
            let cookie = cookies::signed_in_at_provider(&pool, &name, &user.id);
            (cookie, answer(&pool, &provider, &state, &user.id)).into_response()
        }
        None => ask(&provider, &state, typed, Some("Nobody has this id or e-mail address.")),
    }
}

fn find(pool: &Pool, name: &str, parameters: &Parameters) -> Option<(IdentityProvider, String)> {
    let state = parameters.first("state")?;
    pool.store.lock().federated_sign_in(state, pool.now()).filter(|sign_in| sign_in.provider == name)?;
    Some((pool.provider(name)?, state.to_owned()))
}

fn ask(provider: &IdentityProvider, state: &str, username: &str, message: Option<&str>) -> Response {
    let page = page::identity_provider(&provider.name, state, username, message);
    reply::page(StatusCode::OK, page)
}

fn answer(pool: &Pool, provider: &IdentityProvider, state: &str, user_id: &str) -> Response {
    let code = pool.store.lock().add_provider_code(user_id);
    back(pool, provider, &[("code", &code)], state)
}

/// Back to Cognito. A SAML provider would send a form, which needs a script or another click; here it is a redirect too.
fn back(pool: &Pool, provider: &IdentityProvider, parameters: &[(&str, &str)], state: &str) -> Response {
    let endpoint = match provider.kind {
        ProviderKind::Saml => "saml2",
        ProviderKind::Oidc | ProviderKind::Google => "oauth2",
    };
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters).append_pair("state", state);
    reply::redirect(&format!("{}/{endpoint}/idpresponse?{}", pool.domain, query.finish()))
}

fn lost() -> Response {
    reply::page(StatusCode::BAD_REQUEST, page::something_went_wrong())
}

const DENIED: &str = "The user did not consent";
