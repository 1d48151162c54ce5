//! The gate's decision, and the evidence beside the head of a request.

use http::Response;

use crate::{
    forward::Plan,
    message::{operation::MessageHeaders, request::BodyError},
    platform::Record,
};

/// The gate's decision.
#[derive(Debug)]
pub enum Decision {
    /// Forward the request.
    Forward(Plan),
    /// Answer it.
    Respond {
        /// The answer.
        response: Response<String>,
        /// The answer depends only on method and URL, so an adapter may repeat it for requests that have the same, and have no
        /// `Authorization`, `Origin`, `traceparent` and `Upgrade`. For each the adapter logs this record, with a trace of its own.
        /// `None` if the answer depends on more.
        repeats: Option<Box<Record>>,
    },
    /// Ask again with more than the head.
    Needs(Needs),
}

/// What the gate needs beside the head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needs {
    /// Its own answer to [`Edge::admit_machine`](crate::Edge::admit_machine): the token is Cognito's.
    MachineAdmission,
    /// The header fields by which the policy judges, [`operation::HEADERS`](crate::message::operation::HEADERS).
    Headers,
    /// These and the body, of which no more than [`operation::MAX_BYTES`](crate::message::operation::MAX_BYTES) and one more need
    /// be read.
    Body {
        /// Whose request it is. An adapter lets no party take all its room.
        party: String,
    },
}

/// What the gate is told beside the head.
#[derive(Debug, Clone, Copy)]
pub enum Evidence<'a> {
    /// Nothing.
    Nothing,
    /// These headers.
    Headers(MessageHeaders<'a>),
    /// These headers, and the body.
    Body(MessageHeaders<'a>, &'a [u8]),
    /// The body did not come as it must.
    NoBody(BodyError),
    /// The counter of [`Plan::counted`]: this request is one too many.
    TooMany,
}
