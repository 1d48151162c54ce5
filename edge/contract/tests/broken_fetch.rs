//! A `fetch` that breaks its contract is found out, whatever it does wrong: each fault breaks the clauses that are about it, and no
//! others. The server that it asks is played here, too.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn},
    pin::pin,
    task::{Context, Poll, Waker},
};

use edgeward_contract::{Peer, fetch_contract};
use edgeward_core::platform::{Fetch, FetchError, FetchReply, FetchRequest, REPLY_HEADERS, Timer, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, header};
use serde_json::json;

/// What is wrong with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Nothing,
    AlwaysPosts,
    EncodesForms,
    KeepsCredentials,
    NamesNobody,
    AddsFields,
    DecodesUrls,
    KeepsCookies,
    MixesUp,
    FollowsRedirects,
    FailsForErrors,
    DropsFields,
    KeepsTheFirst,
    KeepsTheLast,
    ReadsText,
    ReversesChunks,
    LeavesCompressed,
    Caches,
    NeverEnds,
    EndsOnlyBeforeTheBody,
    IsImpatient,
    RefusesTheLongest,
    CutsOff,
    MeasuresCompressed,
    TakesWhatCame,
    AnswersForOthers,
}

use Fault::*;

struct Simulated {
    fault: Fault,
    credentials: Cell<Option<String>>,
    has_cookie: Cell<bool>,
    count: Cell<u32>,
    late: Cell<bool>,
}

/// An answer of the peer's.
struct Answer {
    status: u16,
    headers: Vec<(HeaderName, String)>,
    body: Vec<u8>,
    /// How many bytes there are before it is decoded.
    sent: usize,
    end: End,
}

#[derive(PartialEq, Eq)]
enum End {
    Whole,
    Stalls,
    Breaks,
}

fn answer(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    let body = body.into();
    Answer { status, headers: Vec::new(), sent: body.len(), body, end: End::Whole }
}

fn alphabet(length: &str) -> Vec<u8> {
    (b'a'..=b'z').cycle().take(length.parse().unwrap()).collect()
}

impl Simulated {
    fn echo(&self, request: &FetchRequest, target: &str) -> Answer {
        let given = request.authorization.as_ref().map(|secret| secret.expose().clone());
        let kept = self.credentials.take();
        self.credentials.set(given.clone().or_else(|| kept.clone()));
        let mut headers = vec![("host", "peer".to_owned()), ("accept", "application/json".to_owned())];
        if self.fault != NamesNobody {
            headers.push(("user-agent", USER_AGENT.to_owned()));
        }
        let authorization = given.or(kept.filter(|_| self.fault == KeepsCredentials));
        headers.extend(authorization.map(|value| ("authorization", value)));
        if self.fault == AddsFields {
            headers.push(("x-forwarded-for", "192.0.2.1".to_owned()));
        }
        if self.fault == KeepsCookies && self.has_cookie.get() {
            headers.push(("cookie", "contract=kept".to_owned()));
        }
        let body = request.form.as_ref().map(|form| form.expose().clone()).unwrap_or_default();
        let is_post = request.form.is_some() || self.fault == AlwaysPosts;
        if request.form.is_some() {
            headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        }
        let body = if self.fault == EncodesForms { body.replace("%20", "+") } else { body };
        let target = if self.fault == DecodesUrls { target.replace("%2F", "/") } else { target.to_owned() };
        let method = if is_post { "POST" } else { "GET" };
        let echo = json!({ "method": method, "target": target, "headers": headers, "body": body });
        answer(200, echo.to_string())
    }

    async fn peer(&self, request: &FetchRequest, target: &str) -> Answer {
        let parts: Vec<_> = target.split('?').next().unwrap().split('/').skip(1).collect();
        match parts[..] {
            ["redirect", status] if self.fault != FollowsRedirects => answer(status.parse().unwrap(), "redirect"),
            ["echo"] | ["redirect", _] => self.echo(request, target),
            ["status", "204"] => answer(204, ""),
            ["status", status] => answer(status.parse().unwrap(), "a body"),
            ["fields"] => {
                let headers = REPLY_HEADERS.map(|name| (name.clone(), format!("{name} of the peer"))).into();
                Answer { headers, ..answer(200, "") }
            }
            ["repeated"] => {
                let cache = ["public", "max-age=600"].map(|value| (header::CACHE_CONTROL, value.to_owned()));
                let ages = ["1", "2", "3"].map(|value| (header::AGE, value.to_owned()));
                Answer { headers: cache.into_iter().chain(ages).collect(), ..answer(200, "") }
            }
            ["every-byte"] => answer(200, (0..=255).collect::<Vec<u8>>()),
            ["bytes", length] => answer(200, alphabet(length)),
            ["chunks", length] if self.fault == ReversesChunks => {
                answer(200, alphabet(length).into_iter().rev().collect::<Vec<_>>())
            }
            ["chunks", length] => answer(200, alphabet(length)),
            ["compressed", "short"] if self.fault == LeavesCompressed => answer(200, b"\x1f\x8b"),
            ["compressed", "short"] => answer(200, r#"{"compressed":true}"#),
            ["compressed", _] => Answer { sent: 135, ..answer(200, vec![b' '; 100_000]) },
            ["count"] => {
                self.count.set(self.count.get() + u32::from(self.fault != Caches));
                answer(200, self.count.get().to_string())
            }
            ["cookie"] => {
                self.has_cookie.set(true);
                answer(200, "cookie")
            }
            ["late"] => {
                // Another request at the same time comes first.
                self.late.set(true);
                step().await;
                self.late.set(false);
                answer(200, "late")
            }
            ["silent"] => {
                if self.fault == NeverEnds {
                    pending::<()>().await;
                }
                Answer { end: End::Stalls, ..answer(0, "") }
            }
            ["stalls"] => Answer { end: End::Stalls, ..answer(200, "0123456789") },
            ["endless"] => Answer { end: End::Stalls, ..answer(200, vec![b' '; 200_000]) },
            ["breaks-off", _] => Answer { end: End::Breaks, ..answer(200, "0123456789") },
            _ => panic!("no path of PEER.md: {target}"),
        }
    }

    fn headers(&self, sent: &[(HeaderName, String)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in sent.iter().filter(|_| self.fault != DropsFields) {
            let value = HeaderValue::try_from(value).unwrap();
            match self.fault {
                KeepsTheFirst if headers.contains_key(name) => {}
                KeepsTheLast => drop(headers.insert(name, value)),
                _ => drop(headers.append(name, value)),
            }
        }
        headers
    }
}

impl Fetch for Simulated {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        let Some(target) = request.url.strip_prefix("http://peer") else {
            return if self.fault == AnswersForOthers {
                Ok(FetchReply { status: 502, ..FetchReply::default() })
            } else {
                Err(FetchError::Connection)
            };
        };
        let Answer { status, headers, mut body, sent, end } = if self.fault == MixesUp && self.late.get() {
            answer(200, "late")
        } else {
            self.peer(&request, target).await
        };
        if self.fault == IsImpatient && target == "/late" {
            return Err(FetchError::DeadlineExceeded);
        }
        if self.fault == FailsForErrors && status >= 500 {
            return Err(FetchError::Connection);
        }
        let measured = if self.fault == MeasuresCompressed { sent } else { body.len() };
        if self.fault == CutsOff {
            body.truncate(request.max_bytes);
        } else if measured > request.max_bytes || (self.fault == RefusesTheLongest && measured == request.max_bytes) {
            return Err(FetchError::TooLong);
        }
        match end {
            End::Stalls if self.fault == EndsOnlyBeforeTheBody && !body.is_empty() => pending().await,
            End::Stalls if self.fault != CutsOff || body.len() < request.max_bytes => {
                return Err(FetchError::DeadlineExceeded);
            }
            End::Breaks if self.fault != TakesWhatCame => return Err(FetchError::Connection),
            End::Whole | End::Stalls | End::Breaks => {}
        }
        if self.fault == ReadsText {
            body = String::from_utf8_lossy(&body).into_owned().into_bytes();
        }
        Ok(FetchReply { status, headers: self.headers(&headers), body })
    }
}

/// A timer that ends when everything else has had a few steps.
struct Patience;

impl Timer for Patience {
    async fn sleep(&self, _: u32) {
        for _ in 0..5 {
            step().await;
        }
    }
}

async fn step() {
    let mut is_polled = false;
    poll_fn(|_| if std::mem::replace(&mut is_polled, true) { Poll::Ready(()) } else { Poll::Pending }).await;
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return output;
        }
    }
}

#[test]
fn each_fault_breaks_the_clauses_that_are_about_it() {
    const LONGER: &str = "a longer body fails as a whole";
    const ENDLESS: &str = "a body without an end fails when it is too long";
    const DECODED: &str = "a compressed body is measured as it is decoded";
    const REPEATED: &str = "a repeated header field keeps all its values";
    const STALLS: &str = "it ends at the deadline when a body stalls";
    const APART: &str = "requests at the same time get each their own answer";
    let faults: [(Fault, &[&str]); 26] = [
        (Nothing, &[]),
        (AlwaysPosts, &["a request without a form is a GET without a body"]),
        (EncodesForms, &["a form is sent with POST, as it is"]),
        (KeepsCredentials, &["credentials are sent as given, and only where they are given"]),
        (NamesNobody, &["it asks for JSON and names itself"]),
        (AddsFields, &["it sends no other header fields"]),
        (DecodesUrls, &["it asks for exactly the URL"]),
        (KeepsCookies, &["no cookie of an answer is sent with another request"]),
        (MixesUp, &[APART]),
        (FollowsRedirects, &["it follows no redirect"]),
        (FailsForErrors, &["an answer of any status is an answer"]),
        (DropsFields, &["the header fields that core looks at are handed over", REPEATED]),
        (KeepsTheFirst, &[REPEATED]),
        (KeepsTheLast, &[REPEATED]),
        (ReadsText, &["a body is handed over byte by byte"]),
        (ReversesChunks, &["a body in chunks is put together"]),
        (LeavesCompressed, &["a compressed body is decoded, if it was asked for"]),
        (Caches, &["no cache answers"]),
        (NeverEnds, &["it ends at the deadline when no answer comes"]),
        (EndsOnlyBeforeTheBody, &[STALLS]),
        (IsImpatient, &[APART, "it waits for an answer until the deadline", "after all that it works"]),
        (RefusesTheLongest, &["a body of exactly the longest length is whole"]),
        (CutsOff, &[LONGER, ENDLESS, DECODED]),
        (MeasuresCompressed, &[DECODED]),
        (TakesWhatCame, &["a body that breaks off fails as a whole"]),
        (
            AnswersForOthers,
            &["a connection that is closed without an answer fails", "a connection that is refused fails"],
        ),
    ];
    let mut found = 0;
    for (fault, clauses) in faults {
        let (credentials, has_cookie, count, late) = Default::default();
        let port = Simulated { fault, credentials, has_cookie, count, late };
        let base = |name: &str| format!("http://{name}");
        let peer = Peer { serving: base("peer"), closing: base("closing"), refusing: base("refusing") };
        let report = block_on(fetch_contract(&port, &Patience, &peer));
        assert_eq!(report.broken(), clauses, "{fault:?}: {report:#?}");
        found += clauses.len();
    }
    assert!(found > 25, "{found} clauses");
}
