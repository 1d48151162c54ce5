//! What crosses between core and an adapter whose half is JavaScript, as JSON.
//!
//! Both halves have tests that read `tests/vectors/crossing.json`: `tests/forward.rs` here, which writes it with
//! `EDGEWARD_WRITE_VECTORS=1`, and `crossing.test.mjs` in `edge/cloudflare/tests`. Bodies of requests cross as bytes beside it.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Response};
use serde_json::{Map, Value};

use crate::{
    edge::Edge,
    forward::{Change, Plan, RULES},
    gate::{Decision, Evidence, Needs},
    message::{
        operation::{self, MessageHeaders},
        request::{Body, BodyError, MAX_BODY_BYTES, REQUEST_HEADERS, Request},
    },
    platform::{Platform, Record, UnixTime},
};

/// What the JavaScript half is told once, and again after the settings have changed: whether the settings can be used, whether
/// answers say how long they took, how requests are forwarded, the header fields by which a policy judges and those that [`request`]
/// needs, the URLs that metrics tell apart, each with its name, and the longest bodies that a policy judges and an endpoint reads.
///
/// Where the settings are wrong there is no edge. Then [`misconfigured`](crate::misconfigured) takes the place of [`Edge::respond`],
/// and every request goes there.
///
/// `of_platform` is what only the adapter knows.
pub fn told<P: Platform>(edge: Option<&Edge<P>>, of_platform: Vec<(&str, Value)>) -> String {
    let routes = edge.map(Edge::measured_urls).unwrap_or_default();
    let mut told = vec![
        ("isUsable", edge.is_some().into()),
        ("serverTiming", edge.is_some_and(|edge| edge.config().server_timing).into()),
        ("rules", rules()),
        ("evidence", Value::from(&operation::HEADERS[..])),
        ("requestHeaders", REQUEST_HEADERS.iter().map(HeaderName::as_str).collect()),
        ("routes", pairs(&mut routes.iter().map(|(url, name)| (&**url, &**name)))),
        ("maxJudgedBytes", operation::MAX_BYTES.into()),
        ("maxHandledBytes", MAX_BODY_BYTES.into()),
    ];
    told.extend(of_platform);
    write(&object(told))
}

fn rules() -> Value {
    object(vec![
        ("remove", Value::from(RULES.remove)),
        ("removePrefix", RULES.remove_prefix.into()),
        ("removeListedIn", RULES.remove_listed_in.into()),
        ("set", pairs(&mut RULES.set.iter().copied())),
        ("setIfEmpty", pairs(&mut RULES.set_if_empty.iter().copied())),
        ("identity", RULES.identity.into()),
        ("trace", RULES.trace.into()),
        ("removeWithTrace", RULES.remove_with_trace.into()),
        ("maxBodyBytes", RULES.max_body_bytes.into()),
        ("firstByteMs", RULES.first_byte_ms.into()),
        ("concludedStatuses", Value::from(RULES.concluded_statuses)),
    ])
}

/// What is wrong with a body, by the names that the JavaScript half has for it.
pub const BODY_ERRORS: [(&str, BodyError); 3] =
    [("too_long", BodyError::TooLong), ("too_slow", BodyError::TooSlow), ("broken_off", BodyError::BrokenOff)];
/// The name of [`Evidence::TooMany`].
pub const TOO_MANY: &str = "too_many";
/// The name of an [`Outcome`](crate::Outcome): the MCP server answered.
pub const ANSWERED: &str = "answered";
/// The name of [`Outcome::Late`](crate::Outcome::Late).
pub const LATE: &str = "late";
/// The name of [`Outcome::Unreachable`](crate::Outcome::Unreachable).
pub const UNREACHABLE: &str = "unreachable";

/// The body of a request, as it was read, or what is wrong with it. A name that nobody knows counts as a body that breaks off.
pub fn body(body: Option<Vec<u8>>, fault: Option<&str>) -> Body {
    match fault.map(body_error) {
        None => Body::Complete(body.unwrap_or_default()),
        Some(BodyError::TooLong) => Body::TooLong,
        Some(BodyError::TooSlow) => Body::TooSlow,
        Some(BodyError::BrokenOff) => Body::BrokenOff,
    }
}

/// The evidence for the gate beside the head.
pub fn evidence<'a>(headers: MessageHeaders<'a>, body: Option<&'a [u8]>, fault: Option<&str>) -> Evidence<'a> {
    match (fault, body) {
        (Some(TOO_MANY), _) => Evidence::TooMany,
        (Some(fault), _) => Evidence::NoBody(body_error(fault)),
        (None, Some(body)) => Evidence::Body(headers, body),
        (None, None) => Evidence::Headers(headers),
    }
}

fn body_error(name: &str) -> BodyError {
    let known = BODY_ERRORS.iter().find(|(known, _)| *known == name);
    known.map_or(BodyError::BrokenOff, |(_, error)| *error)
}

/// A decision: `{"plan": …}`, `{"answer": …}`, or `{"needs": …}`.
pub fn decision(decision: &Decision) -> String {
    match decision {
        Decision::Forward(plan) => only("plan", forward(plan)),
        Decision::Respond { response, repeats } => respond(response, repeats.as_deref()),
        Decision::Needs(needs) => {
            let (what, party) = match needs {
                Needs::MachineAdmission => ("machineAdmission", None),
                Needs::Headers => ("headers", None),
                Needs::Body { party } => ("body", Some(party.as_str())),
            };
            only("needs", object(vec![("what", what.into()), ("party", party.into())]))
        }
    }
}

/// An answer, as the decision to give it.
pub fn answer(response: &Response<String>) -> String {
    respond(response, None)
}

fn forward(plan: &Plan) -> Value {
    let change = |(change, name, value): (Change, HeaderName, &str)| {
        let change = match change {
            Change::Set => "set",
            Change::Append => "append",
        };
        Value::from([change, name.as_str(), value])
    };
    object(vec![
        ("url", plan.url.as_str().into()),
        ("identity", (&*plan.identity).into()),
        ("credentials", if plan.credentials.is_empty() { Value::Null } else { pairs(&mut plan.credentials.iter()) }),
        ("traceparent", plan.traceparent.as_deref().into()),
        ("changes", plan.answer_changes().map(|all| all.map(change)).map_or(Value::Null, Value::from)),
        ("until", plan.repeats_until.map(UnixTime::as_secs).into()),
        ("counted", plan.counted.as_deref().into()),
    ])
}

fn respond(response: &Response<String>, repeats: Option<&Record>) -> String {
    let mut headers =
        response.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap_or_default()));
    let answer = object(vec![
        ("status", response.status().as_u16().into()),
        ("headers", pairs(&mut headers)),
        ("body", response.body().as_str().into()),
        // What the log is told of each that repeats it, as text.
        ("repeats", repeats.map(|record| serde_json::to_string(record).unwrap_or_default()).into()),
    ]);
    only("answer", answer)
}

fn only(name: &str, value: Value) -> String {
    write(&object(vec![(name, value)]))
}

fn write(value: &Value) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// An object with those members that have a value.
fn object(members: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    // Not collected, which would sort them: that is two kilobytes of code.
    for (name, value) in members {
        if !value.is_null() {
            object.insert(name.to_owned(), value);
        }
    }
    Value::Object(object)
}

fn pairs<'a>(all: &mut dyn Iterator<Item = (&'a str, &'a str)>) -> Value {
    let mut pairs = Vec::new();
    for (first, second) in all {
        pairs.push(Value::from([first, second]));
    }
    Value::Array(pairs)
}

/// A request to an endpoint, with its body: `{"method", "url", "headers": {name: value}, "address"}`. `None` if it is none.
pub fn request(text: &str, body: Body) -> Option<Request> {
    let Value::Object(members) = serde_json::from_slice(text.as_bytes()).ok()? else { return None };
    let text = |name: &str| members.get(name).and_then(Value::as_str);
    let fields = members.get("headers")?;
    let mut headers = HeaderMap::new();
    for name in REQUEST_HEADERS {
        let value = fields.get(name.as_str()).and_then(Value::as_str);
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    let method = Method::from_bytes(text("method")?.as_bytes()).ok()?;
    let (url, address) = (text("url")?.to_owned(), text("address").map(str::to_owned));
    Some(Request { method, url, headers, body, address })
}
