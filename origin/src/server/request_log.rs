//! One log line per request, written when its response has ended: a streamed answer counts to its last byte. The same
//! is measured.
//!
//! The line holds the method, the route's pattern (never the path), status, duration, trace id, and the caller's
//! pseudonym or the reason for the refusal. Never a header's value, never a body.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Instant,
};

use axum::{
    body::{Body, Bytes},
    extract::{MatchedPath, Request, State},
    http::{Method, StatusCode},
    middleware::Next,
    response::Response,
};
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::{
    health,
    method::known_method,
    metrics::{EndedRequest, Metrics},
    trace::TraceId,
};
use crate::{Caller, Refusal, pseudonym};

/// Middleware: logs and measures the request, and puts its [`TraceId`] into its extensions.
pub(crate) async fn log_request(State(metrics): State<Metrics>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = TraceId::of(request.headers());
    request.extensions_mut().insert(trace_id.clone());
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());

    // Holds the line from here on, so that a request whose client goes away before there is a response is logged too.
    let mut line = Line { metrics, started, trace_id, method, route, answer: None, ended: Ended::Aborted };
    let response = next.run(request).await;
    line.answer = Some(Answer {
        status: response.status(),
        subject: response.extensions().get::<Caller>().map(|caller| pseudonym(&caller.subject)),
        refusal: response.extensions().get::<Refusal>().cloned(),
    });
    response.map(|body| Body::new(LoggedBody { body, line }))
}

/// Written when it is dropped.
struct Line {
    metrics: Metrics,
    started: Instant,
    trace_id: TraceId,
    method: Method,
    route: Option<String>,
    answer: Option<Answer>,
    ended: Ended,
}

struct Answer {
    status: StatusCode,
    subject: Option<String>,
    refusal: Option<Refusal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The last byte was handed over.
    Complete,
    /// The connection went away first.
    Aborted,
}

impl Drop for Line {
    fn drop(&mut self) {
        let ended = match self.ended {
            Ended::Complete => "complete",
            Ended::Aborted => "aborted",
        };
        let duration = self.started.elapsed();
        self.metrics.request(&EndedRequest {
            method: &self.method,
            route: self.route.as_deref(),
            status: self.answer.as_ref().map(|answer| answer.status),
            refusal: self.answer.as_ref().and_then(|answer| answer.refusal.as_ref()),
            aborted: self.ended == Ended::Aborted,
            duration,
        });
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let method = known_method(&self.method).unwrap_or("other");
        let route = self.route.as_deref().unwrap_or("none");
        let trace_id = self.trace_id.as_str();
        let status = self.answer.as_ref().map(|answer| answer.status.as_u16());
        let subject = self.answer.as_ref().and_then(|answer| answer.subject.as_deref());
        let refusal = self.answer.as_ref().and_then(|answer| answer.refusal.as_ref()).map(tracing::field::display);
        if self.route.as_deref() == Some(health::PATH) {
            // The load balancer asks every few seconds.
            tracing::debug!(method, route, status, duration_ms, trace_id, ended, "request");
        } else {
            tracing::info!(method, route, status, duration_ms, trace_id, subject, refusal, ended, "request");
        }
    }
}

/// A body that tells its line when it has ended.
struct LoggedBody {
    body: Body,
    line: Line,
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.line.ended = Ended::Complete;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for LoggedBody {
    fn drop(&mut self) {
        // An empty body is never polled.
        if self.body.is_end_stream() {
            self.line.ended = Ended::Complete;
        }
    }
}
