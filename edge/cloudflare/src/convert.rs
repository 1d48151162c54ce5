//! Between JavaScript's types and core's.

use edgeward_core::{
    Outcome,
    crossing::{ANSWERED, LATE},
    message::operation::MessageHeaders,
};
use http::StatusCode;
use js_sys::Array;

use crate::unreachable::Unreachable;

/// Values of header fields.
pub(crate) struct Values([Option<String>; 5]);

impl Values {
    pub(crate) fn of(values: &Array) -> Self {
        Self(std::array::from_fn(|at| values.get(at as u32).as_string()))
    }

    pub(crate) fn headers(&self) -> MessageHeaders<'_> {
        MessageHeaders::of(self.0.each_ref().map(Option::as_deref))
    }
}

/// What came of a forwarded request, by the name that JavaScript has for it, and what the platform says in the MCP server's place.
pub(crate) fn outcome(name: &str, status: u16, server: Option<&str>) -> Outcome {
    match (name, Unreachable::of(status, server)) {
        (LATE, _) => Outcome::Late(None),
        (ANSWERED, None) => StatusCode::from_u16(status).map_or(Outcome::Unreachable(None), Outcome::Answered),
        (ANSWERED, Some(Unreachable { is_late: true, reason })) => Outcome::Late(Some(reason)),
        (ANSWERED, Some(Unreachable { reason, .. })) => Outcome::Unreachable(Some(reason)),
        (_, _) => Outcome::Unreachable(None),
    }
}
