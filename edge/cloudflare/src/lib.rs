#![doc = include_str!("../README.md")]
// The crate is a Worker: `entry.mjs` is its only caller.
#![cfg(target_arch = "wasm32")]

mod body;
mod clock;
mod convert;
mod count;
mod fetch;
mod log;
mod randomness;
mod rs256;
#[cfg(feature = "test-panic")]
mod test_panic;
mod timer;

use std::{
    cell::OnceCell,
    future::{Future, poll_fn},
    pin::pin,
    rc::Rc,
};

use count::Counters;
use edgeward_core::{
    Config, ConfigErrors, Edge, Gated, Look, RequestHead, Seen, Target, limits,
    message::operation::{self, MirroredHeaders},
    misconfigured,
    platform::USER_AGENT,
    trace::TRACEPARENT,
    transport,
};
use js_sys::{Array, Reflect};
use rs256::Imported;
use wasm_bindgen::prelude::*;
use worker::{Context, Env, Result, event, web_sys};

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
    counters: Counters,
    imported: Imported,
}

/// As many as there are random numbers for at one time.
const TRACEPARENTS: usize = 10;

type Start = std::result::Result<Edge<Workers>, ConfigErrors>;

thread_local! {
    /// One edge an isolate: settings change only with a deploy, which starts new isolates.
    static EDGE: OnceCell<Rc<Start>> = const { OnceCell::new() };
    static WORK: OnceCell<Work> = const { OnceCell::new() };
}

fn edge(env: &Env) -> Rc<Start> {
    EDGE.with(|cell| {
        let start = || {
            let config = Config::parse(|name| Reflect::get(env, &name.into()).ok()?.as_string());
            Rc::new(
                config.map(|config| Edge::new(config, Workers { counters: Counters::of(env), ..Workers::default() })),
            )
        };
        Rc::clone(cell.get_or_init(start))
    })
}

/// Reads the settings. `instance.mjs` calls it once for each instance of the wasm, before anything else. Gives what
/// `entry.mjs` must know: whether answers are to say how long they took, the `User-Agent` for clients that send none, the
/// longest body of a request, the longest that [`look`] is given, and names and values of header fields for the answers that
/// it makes itself.
#[wasm_bindgen]
pub fn configure(env: &Env, work: Work) -> Array {
    WORK.with(|cell| cell.set(work)).ok();
    let start = edge(env);
    let config = start.as_ref().as_ref().ok().map(Edge::config);
    let server_timing = config.is_some_and(|config| config.server_timing);
    let failure_fields: Array = transport::failure_fields(config)
        .map(|(name, value)| Array::of2(&name.as_str().into(), &value.into()))
        .collect();
    let lengths = [limits::MAX_BODY_BYTES, operation::MAX_BYTES].map(|length| JsValue::from(length as u32));
    let [longest, longest_judged] = &lengths;
    Array::of5(&server_timing.into(), &USER_AGENT.into(), longest, longest_judged, &failure_fields)
}

/// Decides about a request from its head, synchronously: `undefined` when the handler is to answer it, as its path is no
/// protected resource; a string of lines to forward it: `forward`, URL, identity, `traceparent` or nothing, until when it
/// repeats (in Unix time) or zero; another to answer it: status, body, what the log is to be told if it repeats or nothing;
/// after both, names and values in turn of header fields for the answer; a number when something else must be looked at: 1 for
/// the headers and 2 for the body, by [`look`]; 3 for the token, by the handler.
#[wasm_bindgen]
pub fn gate(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
) -> JsValue {
    let head = Head { authorization, origin_header, traceparent, content_length };
    decide(method, url, &head, Seen::Nothing)
}

/// As [`gate`], with the headers that say what a request asks for, and its body if that was read.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "an object would cost a crossing for each of its members")]
pub fn look(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    protocol_version: Option<String>,
    mcp_method: Option<String>,
    mcp_name: Option<String>,
    body: Option<Vec<u8>>,
) -> JsValue {
    let headers = MirroredHeaders {
        protocol_version: protocol_version.as_deref(),
        method: mcp_method.as_deref(),
        name: mcp_name.as_deref(),
    };
    let seen = body.as_deref().map_or(Seen::Headers(headers), |body| Seen::Body(headers, body));
    let head = Head { authorization, origin_header, traceparent, content_length };
    decide(method, url, &head, seen)
}

/// New values for `traceparent`, each on a line of its own, for requests that repeat others.
#[wasm_bindgen]
pub fn traceparents() -> String {
    let Some(start) = EDGE.with(|cell| cell.get().map(Rc::clone)) else { return String::new() };
    let Ok(edge) = &*start else { return String::new() };
    let values: Vec<_> = (0..TRACEPARENTS).map(|_| edge.traceparent()).collect();
    values.join("\n")
}

/// The header fields that every decision looks at.
struct Head {
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    /// A number, which crosses for nothing.
    content_length: f64,
}

fn decide(method: &str, url: &str, head: &Head, seen: Seen<'_>) -> JsValue {
    let Some(start) = EDGE.with(|cell| cell.get().map(Rc::clone)) else { return JsValue::UNDEFINED };
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
        content_length: head.content_length as u64,
    };
    match edge.look(&head, seen) {
        None => JsValue::UNDEFINED,
        Some(Gated::Forward(forward)) => convert::forward(&forward).into(),
        Some(Gated::Respond { response, repeats }) => convert::refusal(&response, repeats.as_deref()).into(),
        Some(Gated::Look(Look::MirroredHeaders)) => 1.into(),
        Some(Gated::Look(Look::Body)) => 2.into(),
        Some(Gated::Look(Look::Token)) => 3.into(),
    }
}

/// Everything that the gate does not decide.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, _context: Context) -> Result<web_sys::Response> {
    let note = |request| WORK.with(|cell| cell.get().map(|work| work.set_request(request)));
    let mut answering = pin!(answer(&request, &env));
    poll_fn(|context| {
        note(Some(&request));
        let step = answering.as_mut().poll(context);
        note(None);
        step
    })
    .await
}

async fn answer(request: &web_sys::Request, env: &Env) -> Result<web_sys::Response> {
    let response = match &*edge(env) {
        Ok(edge) => {
            let request = convert::request(request).await?;
            #[cfg(feature = "test-panic")]
            test_panic::in_handler(request.target().path).await;
            edge.respond(request).await
        }
        Err(errors) => {
            let traceparent = request.headers().get(TRACEPARENT.as_str())?;
            misconfigured(errors, traceparent.as_deref(), &Workers::default())
        }
    };
    Ok(convert::response(&response)?)
}
