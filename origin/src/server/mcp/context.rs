//! What a tool can ask about the request that calls it.

use axum::http::request::Parts;
use rmcp::{
    ErrorData,
    handler::server::common::{AsRequestContext, FromContextPart},
};

use crate::{Caller, pseudonym, server::trace::TraceId};

/// A tool that takes a [`Caller`] gets the one of this very request, also within a session.
impl<C: AsRequestContext> FromContextPart<C> for Caller {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let parts = context.as_request_context().extensions.get::<Parts>();
        parts
            .and_then(|parts| parts.extensions.get::<Self>().cloned())
            .ok_or_else(|| ErrorData::internal_error("the caller was not verified", None))
    }
}

/// What a tool's own log line says about the request: enough to find the request's line.
#[derive(Debug, Clone)]
pub(super) struct LogContext {
    pub(super) trace_id: String,
    pub(super) subject: String,
}

impl<C: AsRequestContext> FromContextPart<C> for LogContext {
    fn from_context_part(context: &mut C) -> Result<Self, ErrorData> {
        let parts = context.as_request_context().extensions.get::<Parts>();
        let trace_id = parts.and_then(|parts| parts.extensions.get::<TraceId>());
        let caller = parts.and_then(|parts| parts.extensions.get::<Caller>());
        Ok(Self {
            trace_id: trace_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            subject: caller.map(|caller| pseudonym(&caller.subject)).unwrap_or_default(),
        })
    }
}
