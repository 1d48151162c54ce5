#![doc = include_str!("../README.md")]
// The crate is a Worker: `entry.mjs` is its only caller.
#![cfg(target_arch = "wasm32")]

mod body;
mod clock;
mod convert;
mod coordination;
mod count;
mod fetch;
mod log;
mod randomness;
mod rs256;
#[cfg(feature = "test-panic")]
mod test_panic;
mod timer;
mod unreachable;

use std::{
    cell::{OnceCell, RefCell},
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};

use coordination::Namespace;
use count::Counters;
use edgeward_core::{
    Body, Config, ConfigErrors, Edge, Gated, Look, MAX_BODY_BYTES, RequestHead, Seen, Target,
    gate::DROPPED_HEADERS,
    limits,
    message::operation::{self, MessageHeaders},
    misconfigured,
    platform::USER_AGENT,
    trace::TRACEPARENT,
    transport,
};
use edgeward_identity::names::edge::SETTINGS;
use js_sys::{Array, Promise, Reflect, futures::future_to_promise};
use rs256::Imported;
use unreachable::Unreachable;
use wasm_bindgen::prelude::*;
use worker::{Env, web_sys};

#[wasm_bindgen]
extern "C" {
    /// Which request the handler is working on: what `instance.mjs` knows of a panic is that it was in its step.
    pub type Work;

    #[wasm_bindgen(method, setter)]
    fn set_request(this: &Work, request: Option<&web_sys::Request>);
}

/// Cloudflare Workers as core's platform.
#[derive(Default)]
struct Workers {
    counters: RefCell<Counters>,
    refreshes: RefCell<Option<Namespace>>,
    imported: Imported,
}

impl Workers {
    fn rebind(&self, env: &Env) {
        self.counters.replace(Counters::of(env));
        self.refreshes.replace(coordination::namespace(env));
    }
}

/// As many as there are random numbers for at one time.
const TRACEPARENTS: usize = 10;

type Start = Result<Edge<Workers>, ConfigErrors>;

thread_local! {
    static EDGE: RefCell<Option<Rc<Start>>> = const { RefCell::new(None) };
    static WORK: OnceCell<Work> = const { OnceCell::new() };
}

/// The edge with the settings that were read last.
fn edge() -> Option<Rc<Start>> {
    EDGE.with(|cell| cell.borrow().clone())
}

/// The names of all settings, with spaces between.
#[wasm_bindgen]
pub fn setting_names() -> String {
    SETTINGS.map(|setting| setting.variable).join(" ")
}

/// Reads the settings: `instance.mjs` calls it before anything else, and again when they have changed. Requests that have begun
/// end with the settings they have. Gives what `entry.mjs` must know: whether the settings can be used, whether answers are to
/// say how long they took, the `User-Agent` for clients that send none, names and values of header fields for the answers that
/// it makes itself, the names of header fields that are not passed on, the longest body of a request, the longest that [`look`] is
/// given, and the longest that [`respond`] is given.
#[wasm_bindgen]
pub fn configure(env: &Env, work: Work) -> Array {
    WORK.with(|cell| cell.set(work)).ok();
    let config = Config::parse(|name| Reflect::get(env, &name.into()).ok()?.as_string());
    let start = config.map(|config| {
        let counters = Counters::of(env);
        counters.warn(&config);
        let refreshes = RefCell::new(coordination::namespace(env));
        let workers = Workers { counters: RefCell::new(counters), refreshes, ..Workers::default() };
        match edge().as_deref() {
            Some(Ok(edge)) => edge.with_settings(config, workers),
            _ => Edge::new(config, workers),
        }
    });
    let config = start.as_ref().ok().map(Edge::config);
    let server_timing = config.is_some_and(|config| config.server_timing);
    let failure_fields: Array = transport::failure_fields(config)
        .map(|(name, value)| Array::of2(&name.as_str().into(), &value.into()))
        .collect();
    let told = Array::of4(&config.is_some().into(), &server_timing.into(), &USER_AGENT.into(), &failure_fields);
    told.push(&DROPPED_HEADERS.join(" ").into());
    for length in [limits::MAX_BODY_BYTES, operation::MAX_BYTES, MAX_BODY_BYTES] {
        told.push(&JsValue::from(length as u32));
    }
    EDGE.with(|cell| cell.replace(Some(Rc::new(start))));
    told
}

/// Takes the bindings of another environment, which has the same settings.
#[wasm_bindgen]
pub fn rebind(env: &Env) {
    if let Some(Ok(edge)) = edge().as_deref() {
        edge.platform().rebind(env);
    }
}

/// Decides about a request from its head, synchronously: `undefined` when the handler is to answer it, as its path is no
/// protected resource; a string of lines to forward it: `forward`, URL, identity, `traceparent` or nothing, until when it
/// repeats (in Unix time) or zero, under which name it is counted or nothing; another to answer it: status, body, what the log is
/// to be told if it repeats or nothing; after both, names and values in turn of header fields for the answer; a number when
/// something else must be looked at: 1 for the headers and 2 for the body, by [`look`]; 3 for the token, by the handler.
#[wasm_bindgen]
pub fn gate(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    has_upgrade: bool,
) -> JsValue {
    let head = Head { authorization, origin_header, traceparent, content_length, has_upgrade };
    decide(method, url, &head, Seen::Nothing)
}

/// As [`gate`], with the header fields by which a policy judges, and the body or what is wrong with that, if it was read; or, in the
/// place of a fault, `too_many` for a request that the counter refuses.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "an object would cost a crossing for each of its members")]
pub fn look(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    has_upgrade: bool,
    protocol_version: Option<String>,
    mcp_method: Option<String>,
    mcp_name: Option<String>,
    content_type: Option<String>,
    content_encoding: Option<String>,
    body: Option<Vec<u8>>,
    fault: Option<String>,
) -> JsValue {
    let headers = MessageHeaders {
        protocol_version: protocol_version.as_deref(),
        method: mcp_method.as_deref(),
        name: mcp_name.as_deref(),
        content_type: content_type.as_deref(),
        content_encoding: content_encoding.as_deref(),
    };
    let is_read = body.is_some() || fault.is_some();
    let body = convert::body(body, fault.as_deref());
    let seen = match body.bytes() {
        _ if fault.as_deref() == Some("too_many") => Seen::TooMany,
        _ if !is_read => Seen::Headers(headers),
        Ok(body) => Seen::Body(headers, body),
        Err(error) => Seen::NoBody(error),
    };
    let head = Head { authorization, origin_header, traceparent, content_length, has_upgrade };
    decide(method, url, &head, seen)
}

/// The header fields with which a page of this origin may read an answer that JavaScript makes: names and values in turn, each on a
/// line of its own. `undefined` if it may not.
#[wasm_bindgen]
pub fn sharing(url: &str, origin: &str) -> Option<String> {
    let start = edge()?;
    let fields = start.as_ref().as_ref().ok()?.sharing(Target::of(url).path, origin)?;
    Some(fields.map(|(name, value)| [name.as_str(), "\n", value].concat()).join("\n"))
}

/// New values for `traceparent`, each on a line of its own, for requests that repeat others.
#[wasm_bindgen]
pub fn traceparents() -> String {
    let Some(start) = edge() else { return String::new() };
    let Ok(edge) = &*start else { return String::new() };
    let mut values = edge.traceparent();
    for _ in 1..TRACEPARENTS {
        values.push('\n');
        values.push_str(&edge.traceparent());
    }
    values
}

/// Whether a response says, in place of the MCP server, that it cannot be reached: `undefined` if not, else two lines: the
/// status for the client, and what is wrong.
#[wasm_bindgen]
pub fn unreachable(status: u16, server: Option<String>) -> Option<String> {
    let Unreachable { is_late, reason } = Unreachable::of(status, server.as_deref())?;
    Some(format!("{}\n{reason}", if is_late { 504 } else { 502 }))
}

/// The header fields that every decision looks at.
struct Head {
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    /// A number, which crosses for nothing. Not a number for a body that announces none.
    content_length: f64,
    has_upgrade: bool,
}

fn decide(method: &str, url: &str, head: &Head, seen: Seen<'_>) -> JsValue {
    let Some(start) = edge() else { return JsValue::UNDEFINED };
    let Ok(edge) = &*start else { return JsValue::UNDEFINED };
    let target = Target::of(url);
    #[cfg(feature = "test-panic")]
    test_panic::in_gate(target.path);
    let head = RequestHead {
        method,
        target,
        authorization: head.authorization.as_deref(),
        origin_header: head.origin_header.as_deref(),
        traceparent: head.traceparent.as_deref(),
        content_length: Some(head.content_length).filter(|length| !length.is_nan()).map(|length| length as u64),
        has_upgrade: head.has_upgrade,
    };
    match edge.look(&head, seen) {
        None => JsValue::UNDEFINED,
        Some(Gated::Forward(forward)) => convert::forward(&forward).into(),
        Some(Gated::Respond { response, repeats }) => convert::refusal(&response, repeats.as_deref()).into(),
        Some(Gated::Look(Look::Headers)) => 1.into(),
        Some(Gated::Look(Look::Body)) => 2.into(),
        Some(Gated::Look(Look::Token)) => 3.into(),
    }
}

/// Answers what the gate does not decide. The request's body comes read, or with what is wrong with it, as in `shedding.mjs`.
#[wasm_bindgen]
pub fn respond(request: web_sys::Request, body: Option<Vec<u8>>, fault: Option<String>) -> Promise {
    future_to_promise(async move {
        let mut answering = pin!(answer(&request, convert::body(body, fault.as_deref())));
        let response = poll_fn(|context| {
            work_on(Some(&request));
            let step = answering.as_mut().poll(context);
            work_on(None);
            step
        });
        response.await.map(JsValue::from)
    })
}

fn work_on(request: Option<&web_sys::Request>) {
    WORK.with(|cell| cell.get().map(|work| work.set_request(request)));
}

async fn answer(request: &web_sys::Request, body: Body) -> Result<web_sys::Response, JsValue> {
    let start = edge().ok_or(JsValue::UNDEFINED)?;
    let response = match &*start {
        Ok(edge) => {
            let request = convert::request(request, body)?;
            #[cfg(feature = "test-panic")]
            test_panic::in_handler(request.target().path).await;
            edge.respond(request).await
        }
        Err(errors) => {
            let traceparent = request.headers().get(TRACEPARENT.as_str())?;
            misconfigured(errors, traceparent.as_deref(), &Workers::default())
        }
    };
    convert::response(&response)
}
