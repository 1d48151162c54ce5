//! Refused authorization requests: who sees what.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::{AuthorizationError, ReturnAddress};
use crate::pool::Pool;
use crate::{page, reply};

/// Why there will be no sign-in.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// A 400 with nothing in it.
    Bare,
    /// The browser is sent to the domain's own `/error` page and stays there: no callback ever comes.
    ErrorPage { error: &'static str, client_id: Option<String> },
    /// Managed login has no branding style for the client.
    LoginUnavailable,
    /// The client is told.
    SendBack { to: Box<ReturnAddress>, error: AuthorizationError },
}

impl Refusal {
    pub(crate) fn error_page(error: &'static str, client_id: Option<&str>) -> Self {
        Self::ErrorPage { error, client_id: client_id.map(str::to_owned) }
    }

    pub(crate) fn into_response(self, pool: &Pool) -> Response {
        match self {
            Self::Bare => StatusCode::BAD_REQUEST.into_response(),
            Self::ErrorPage { error, client_id } => {
                let mut query = form_urlencoded::Serializer::new(String::new());
                query.append_pair("error", error).extend_pairs(client_id.map(|id| ("client_id", id)));
                reply::redirect(&format!("{}/error?{}", pool.domain, query.finish()))
            }
            Self::LoginUnavailable => reply::page(StatusCode::FORBIDDEN, page::login_unavailable()),
            Self::SendBack { to, error } => reply::redirect(to.with_error(&error).as_str()),
        }
    }
}
