//! The verified caller, as handlers and tools ask for it.

use std::{convert::Infallible, ops::Deref, sync::Arc};

use axum::{
    Json,
    extract::{FromRequestParts, OptionalFromRequestParts},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use edgeward_identity::Identity;
use serde_json::json;

/// Who is calling, as verified by [`RequireIdentity`](crate::RequireIdentity).
///
/// An axum extractor: a handler that takes it cannot run without a verified caller. Clones share one [`Identity`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller(Arc<Identity>);

impl From<Identity> for Caller {
    fn from(identity: Identity) -> Self {
        Self(Arc::new(identity))
    }
}

impl Deref for Caller {
    type Target = Identity;

    fn deref(&self) -> &Identity {
        &self.0
    }
}

/// The layer is not in front of this handler: a mistake of the server, hence a 500.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotVerified;

impl IntoResponse for NotVerified {
    fn into_response(self) -> Response {
        tracing::error!("a handler asked for the caller, but no RequireIdentity layer is in front of it");
        (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": "identity_not_verified" }))).into_response()
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = NotVerified;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, NotVerified> {
        parts.extensions.get::<Self>().cloned().ok_or(NotVerified)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
