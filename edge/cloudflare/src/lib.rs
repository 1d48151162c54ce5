#![doc = include_str!("../README.md")]
// The crate is a Worker: `entry.mjs` is its only caller.
#![cfg(target_arch = "wasm32")]

mod clock;
mod convert;
mod fetch;
mod log;
mod randomness;
mod timer;

use std::{cell::OnceCell, rc::Rc};

use edgeward_core::{Config, ConfigErrors, Edge, Gated, RequestHead, misconfigured, platform::Log};
use wasm_bindgen::prelude::*;
use worker::{Context, Env, Request, Response, Result, event};

/// Cloudflare Workers as core's platform.
struct Workers;

type Start = std::result::Result<Edge<Workers>, ConfigErrors>;

thread_local! {
    /// One edge an isolate: settings change only with a deploy, which starts new isolates.
    static EDGE: OnceCell<Rc<Start>> = const { OnceCell::new() };
}

fn edge(env: &Env) -> Rc<Start> {
    EDGE.with(|cell| {
        let start = || {
            let config = Config::parse(|name| env.var(name).ok().map(|value| value.to_string()));
            Rc::new(config.map(|config| Edge::new(config, Workers)))
        };
        Rc::clone(cell.get_or_init(start))
    })
}

/// Reads the settings. `entry.mjs` calls it once for each instance of the wasm, before anything else.
#[wasm_bindgen]
pub fn configure(env: &Env) {
    edge(env);
}

/// Decides about a request from its head, synchronously: `undefined` when the path is no protected resource; to forward
/// it, a string of lines: URL, identity, then names and values in turn of header fields for the answer; to answer it, an
/// array of status, header names and values in turn, and body.
#[wasm_bindgen]
pub fn gate(method: &str, url: &str, authorization: Option<String>, origin_header: Option<String>) -> JsValue {
    let Some(start) = EDGE.with(|cell| cell.get().map(Rc::clone)) else { return JsValue::UNDEFINED };
    let Ok(edge) = &*start else { return JsValue::UNDEFINED };
    let (path, query) = convert::path_and_query(url);
    let head = RequestHead {
        method,
        path,
        query,
        authorization: authorization.as_deref(),
        origin_header: origin_header.as_deref(),
    };
    match edge.gate(&head) {
        None => JsValue::UNDEFINED,
        Some(Gated::Forward(forward)) => convert::forward(&forward).into(),
        Some(Gated::Respond(response)) => convert::response_parts(&response),
    }
}

/// Everything that the gate does not decide.
#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    match &*edge(&env) {
        Ok(edge) => {
            let request = convert::request(request).await?;
            convert::response(edge.respond(request).await)
        }
        Err(errors) => {
            let (response, record) = misconfigured(errors);
            Workers.log(&record);
            convert::response(response)
        }
    }
}
