//! `GET /oauth2/authorize`: to the login page, or straight back if the browser has a session.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::HeaderMap;
use axum::response::Response;

use crate::authorization::{AuthorizationError, AuthorizationRequest, ProviderChoice, Refusal};
use crate::config::{Flow, TokenTrigger};
use crate::issued::SecretKind;
use crate::parameters::Parameters;
use crate::pool::Pool;
use crate::store::Session;
use crate::trigger::Trigger;
use crate::{federation, reply, token};

/// A session answers for any client of the pool and any scope: there is no consent page.
pub(crate) async fn handle(State(pool): State<Arc<Pool>>, RawQuery(query): RawQuery, headers: HeaderMap) -> Response {
    let query = query.unwrap_or_default();
    let parameters = Parameters::parse(query.as_bytes());
    let request = match AuthorizationRequest::check(&pool, &parameters) {
        Ok(request) => request,
        Err(refusal) => return refusal.into_response(&pool),
    };
    let goes_to_provider = matches!(request.provider, ProviderChoice::Named(_)) && !request.prompt.none;
    let session = pool.session(&headers).filter(|_| !request.prompt.login && !goes_to_provider);
    match (session, &request.provider) {
        (Some(session), _) => send_back(&pool, &request, &session),
        (None, _) if request.prompt.none => {
            Refusal::SendBack { to: Box::new(request.return_address), error: AuthorizationError::LOGIN_REQUIRED }
                .into_response(&pool)
        }
        (None, ProviderChoice::Named(name) | ProviderChoice::Only(name)) => {
            federation::start(&pool, &request, name, &query)
        }
        (None, ProviderChoice::LoginPage { .. }) => reply::redirect(&format!("{}/login?{query}", pool.domain)),
    }
}

/// The answer for a user who was not let in.
pub(super) fn sign_in_failed(request: &AuthorizationRequest<'_>, error: &AuthorizationError) -> Response {
    reply::redirect(request.return_address.with_sign_in_error(error).as_str())
}

/// The answer for a user who has signed in: a code in the query, or tokens in the fragment.
pub(super) fn send_back(pool: &Pool, request: &AuthorizationRequest<'_>, session: &Session) -> Response {
    let runs_now = request.flow == Flow::Implicit || pool.mode().token_trigger == TokenTrigger::BeforeCode;
    if let Err(message) = if runs_now { pool.triggers.run(Trigger::PreTokenGeneration) } else { Ok(()) } {
        // Seen with a space after the full stop.
        return sign_in_failed(request, &AuthorizationError::described("invalid_request", format!("{message} ")));
    }
    let location = match request.flow {
        Flow::Code => {
            let code = pool.store.lock().add_code(request.code(session), pool.now());
            let code = pool.issued.note(SecretKind::AuthorizationCode, code);
            request.return_address.with_code(&code)
        }
        Flow::Implicit => {
            let tokens = token::user_tokens(pool, request.client, &request.grant(session), pool.now());
            let text = |name: &str| tokens.get(name).and_then(|value| value.as_str());
            let expires_in = request.client.access_token_validity.to_string();
            let mut parameters = Vec::new();
            parameters.extend(text("id_token").map(|token| ("id_token", token)));
            parameters.extend(text("access_token").map(|token| ("access_token", token)));
            // Lower case here, unlike at the token endpoint.
            parameters.extend([("token_type", "bearer"), ("expires_in", &expires_in)]);
            request.return_address.with_fragment(&parameters)
        }
        // `check_response_type` gives the two flows above only.
        Flow::ClientCredentials => request.return_address.with_error(&AuthorizationError::SERVER_ERROR),
    };
    reply::redirect(location.as_str())
}
