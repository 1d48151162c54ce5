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
mod memory;
mod randomness;
mod rs256;
#[cfg(feature = "contract")]
mod test_contract;
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

use convert::Values;
use coordination::Namespace;
use count::Counters;
use edgeward_core::{
    Config, ConfigErrors, Edge, Evidence, Failure, RequestHead, Target, crossing, forward, log_without_settings,
    misconfigured,
    platform::{Event, Limit},
};
use edgeward_identity::names::edge::SETTINGS;
use js_sys::{Array, Promise, Reflect, futures::future_to_promise};
use rs256::Imported;
use serde_json::Value;
use wasm_bindgen::prelude::*;
use worker::Env;

#[wasm_bindgen]
extern "C" {
    /// Which request the handler is working on: what `instance.mjs` knows of a panic is that it was in its step.
    pub type Work;

    #[wasm_bindgen(method, setter)]
    fn set_request(this: &Work, request: &JsValue);
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
const TRACES: usize = 10;

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
/// end with the settings they have. Gives what JavaScript must know, as JSON: [`crossing::told`], the statuses with which the platform may
/// answer in the MCP server's place, and the binding that counts for [`Limit::Calls`].
#[wasm_bindgen]
pub fn configure(env: &Env, work: Work) -> String {
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
    let of_platform = vec![
        ("platformStatuses", Value::from(&unreachable::STATUSES[..])),
        ("callsLimit", Limit::Calls.binding().into()),
    ];
    let told = crossing::told(start.as_ref().ok(), of_platform);
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

/// The decision about a request from its head, synchronously, as JSON ([`crossing::decision`]); `undefined` when the handler is to
/// answer it, as its path is no protected resource.
#[wasm_bindgen]
pub fn gate(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    has_upgrade: bool,
) -> Option<String> {
    let head = Head { authorization, origin_header, traceparent, content_length, has_upgrade };
    decide(method, url, &head, Evidence::Nothing)
}

/// As [`gate`], with the header fields by which a policy judges, and the body or what is wrong with that, if it was read; or, in the
/// place of a fault, `too_many` for a request that the counter refuses.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "an object would cost a crossing for each of its members")]
pub fn gate_with(
    method: &str,
    url: &str,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    has_upgrade: bool,
    evidence: &Array,
    body: Option<Vec<u8>>,
    fault: Option<String>,
) -> Option<String> {
    let values = Values::of(evidence);
    let evidence = crossing::evidence(values.headers(), body.as_deref(), fault.as_deref());
    let head = Head { authorization, origin_header, traceparent, content_length, has_upgrade };
    decide(method, url, &head, evidence)
}

/// The decision about a request with a machine's token, which is verified first. `key` is what [`Work`] is told.
#[wasm_bindgen]
#[expect(clippy::too_many_arguments, reason = "as for the gate")]
pub fn admit_machine(
    key: JsValue,
    method: String,
    url: String,
    authorization: Option<String>,
    origin_header: Option<String>,
    traceparent: Option<String>,
    content_length: f64,
    has_upgrade: bool,
) -> Promise {
    working(key, async move {
        let head = Head { authorization, origin_header, traceparent, content_length, has_upgrade };
        let start = edge()?;
        let edge = start.as_ref().as_ref().ok()?;
        Some(crossing::decision(&edge.admit_machine(&head.of(&method, Target::of(&url))).await))
    })
}

/// The answer in place of the MCP server's, as the decision to give it; `undefined` if that one is passed on. `outcome` is
/// `answered`, with status and `Server`, `late` or `unreachable`.
#[wasm_bindgen]
pub fn conclude(outcome: &str, status: u16, server: Option<String>, traceparent: Option<String>) -> Option<String> {
    let outcome = convert::outcome(outcome, status, server.as_deref());
    let start = edge()?;
    let response = match &*start {
        Ok(edge) => edge.conclude(outcome, traceparent.as_deref())?,
        Err(_) => {
            let (response, record) = forward::conclude(outcome, None)?;
            log_without_settings(&record, traceparent.as_deref(), &Workers::default());
            response
        }
    };
    Some(crossing::answer(&response))
}

/// The answer for a request that nothing else has answered, by the name of the [`Failure`].
#[wasm_bindgen]
pub fn fail(failure: &str, url: &str, origin_header: Option<String>, traceparent: Option<String>) -> Option<String> {
    let failure = Failure::named(failure)?;
    let start = edge()?;
    let response = match &*start {
        Ok(edge) => edge.fail(failure, &Target::of(url), origin_header.as_deref(), traceparent.as_deref()),
        Err(_) => {
            let (response, record) = failure.answer(None);
            // Of one without room there may be thousands.
            if let Some(record) = record.filter(|record| record.event != Event::Overloaded) {
                log_without_settings(&record, traceparent.as_deref(), &Workers::default());
            }
            response
        }
    };
    Some(crossing::answer(&response))
}

/// New traces for requests that repeat others: as JSON, the value of `traceparent` and the trace's id of each.
#[wasm_bindgen]
pub fn traces() -> Option<String> {
    let start = edge()?;
    let edge = start.as_ref().as_ref().ok()?;
    let traces = std::iter::repeat_with(|| {
        let trace = edge.new_trace();
        (trace.id().to_owned(), trace.into_traceparent())
    });
    serde_json::to_string(&traces.take(TRACES).collect::<Vec<_>>()).ok()
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

impl Head {
    fn of<'a>(&'a self, method: &'a str, target: Target<'a>) -> RequestHead<'a> {
        RequestHead {
            method,
            target,
            authorization: self.authorization.as_deref(),
            origin_header: self.origin_header.as_deref(),
            traceparent: self.traceparent.as_deref(),
            content_length: Some(self.content_length).filter(|length| !length.is_nan()).map(|length| length as u64),
            has_upgrade: self.has_upgrade,
        }
    }
}

fn decide(method: &str, url: &str, head: &Head, evidence: Evidence<'_>) -> Option<String> {
    let start = edge()?;
    let edge = start.as_ref().as_ref().ok()?;
    let target = Target::of(url);
    #[cfg(feature = "test-panic")]
    test_panic::in_gate(target.path);
    Some(crossing::decision(&edge.gate_with(&head.of(method, target), evidence)?))
}

/// Answers what the gate does not decide, as the decision to give the answer. The request is [`crossing::request`]'s; its body comes
/// read, or with what is wrong with it, as in `shedding.mjs`. `key` is what [`Work`] is told.
#[wasm_bindgen]
pub fn respond(key: JsValue, request: String, body: Option<Vec<u8>>, fault: Option<String>) -> Promise {
    working(key, async move {
        let request = crossing::request(&request, crossing::body(body, fault.as_deref()))?;
        let start = edge()?;
        let response = match &*start {
            Ok(edge) => {
                #[cfg(feature = "test-panic")]
                test_panic::in_handler(request.target().path).await;
                #[cfg(feature = "contract")]
                if let Some(answer) = test_contract::answer(request.target(), edge.platform()).await {
                    return Some(answer);
                }
                edge.respond(request).await
            }
            Err(errors) => misconfigured(errors, request.traceparent(), &Workers::default()),
        };
        Some(crossing::answer(&response))
    })
}

/// Work on a request, of which JavaScript is told around every step. `undefined` if nothing comes of it.
fn working(key: JsValue, work: impl Future<Output = Option<String>> + 'static) -> Promise {
    future_to_promise(async move {
        let mut work = pin!(work);
        let outcome = poll_fn(|context| {
            work_on(&key);
            let step = work.as_mut().poll(context);
            work_on(&JsValue::UNDEFINED);
            step
        });
        Ok(outcome.await.into())
    })
}

fn work_on(key: &JsValue) {
    WORK.with(|cell| cell.get().map(|work| work.set_request(key)));
}
