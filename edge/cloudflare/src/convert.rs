//! Between JavaScript's types and core's.

use edgeward_core::{
    Body, Evidence, Outcome,
    message::{operation::MessageHeaders, request::BodyError},
};
use http::StatusCode;
use js_sys::Array;

use crate::unreachable::Unreachable;

/// A body as it was read, or what was wrong with it, by the name that JavaScript has for that.
pub(crate) fn body(body: Option<Vec<u8>>, fault: Option<&str>) -> Body {
    match fault.map(body_error) {
        None => Body::Complete(body.unwrap_or_default()),
        Some(BodyError::TooLong) => Body::TooLong,
        Some(BodyError::TooSlow) => Body::TooSlow,
        Some(BodyError::BrokenOff) => Body::BrokenOff,
    }
}

fn body_error(fault: &str) -> BodyError {
    match fault {
        "too_long" => BodyError::TooLong,
        "too_slow" => BodyError::TooSlow,
        _ => BodyError::BrokenOff,
    }
}

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

/// What the gate is told beside the head.
pub(crate) fn evidence<'a>(headers: MessageHeaders<'a>, body: Option<&'a [u8]>, fault: Option<&str>) -> Evidence<'a> {
    match (fault, body) {
        (Some("too_many"), _) => Evidence::TooMany,
        (Some(fault), _) => Evidence::NoBody(body_error(fault)),
        (None, Some(body)) => Evidence::Body(headers, body),
        (None, None) => Evidence::Headers(headers),
    }
}

/// What came of a forwarded request, by the name that JavaScript has for it, and what the platform says in the MCP server's place.
pub(crate) fn outcome(name: &str, status: u16, server: Option<&str>) -> Outcome {
    match (name, Unreachable::of(status, server)) {
        ("late", _) => Outcome::Late(None),
        ("answered", None) => StatusCode::from_u16(status).map_or(Outcome::Unreachable(None), Outcome::Answered),
        ("answered", Some(Unreachable { is_late: true, reason })) => Outcome::Late(Some(reason)),
        ("answered", Some(Unreachable { reason, .. })) => Outcome::Unreachable(Some(reason)),
        (_, _) => Outcome::Unreachable(None),
    }
}
