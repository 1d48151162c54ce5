//! Outbound requests.
//!
//! By the platform's own interface: the `worker` crate's knows every option that Cloudflare has, which is ten kilobytes of
//! code.

use edgeward_core::platform::{Fetch, FetchError, FetchReply, FetchRequest, REPLY_HEADERS, USER_AGENT};
use http::HeaderValue;
use js_sys::{Promise, futures::JsFuture};
use wasm_bindgen::prelude::*;
use worker::web_sys::{AbortSignal, Headers, Request, RequestCache, RequestInit, RequestRedirect, Response};

use crate::{
    Workers,
    body::{ReadError, read},
    unreachable::Unreachable,
};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(catch)]
    fn fetch(request: &Request) -> Result<Promise, JsValue>;
}

impl Fetch for Workers {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        let signal = AbortSignal::timeout_with_u32(request.deadline_ms);
        let outcome = send(&request, &signal).await;
        outcome.map_err(|error| if signal.aborted() { FetchError::DeadlineExceeded } else { error })
    }
}

async fn send(request: &FetchRequest, signal: &AbortSignal) -> Result<FetchReply, FetchError> {
    let response = answer(request, signal).await.map_err(|_| FetchError::Connection)?;
    let headers = response.headers();
    let header = |name: &str| headers.get(name).ok().flatten();
    if let Some(unreachable) = Unreachable::of(response.status(), header("server").as_deref()) {
        // Nobody reads its page. A failure to cancel is ignored.
        let _ = response.body().map(|body| body.cancel());
        return Err(match unreachable {
            Unreachable { is_late: true, .. } => FetchError::DeadlineExceeded,
            Unreachable { reason, .. } => FetchError::Unreachable(reason),
        });
    }
    // The platform joins the values of a repeated field.
    let mut reply = FetchReply { status: response.status(), ..FetchReply::default() };
    for name in REPLY_HEADERS {
        if let Some(value) = header(name.as_str()).and_then(|value| HeaderValue::try_from(value).ok()) {
            reply.headers.insert(name, value);
        }
    }
    reply.body = read(response.body(), request.max_bytes).await?;
    Ok(reply)
}

impl From<ReadError> for FetchError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::TooLong => Self::TooLong,
            ReadError::BrokenOff => Self::Connection,
        }
    }
}

async fn answer(request: &FetchRequest, signal: &AbortSignal) -> Result<Response, JsValue> {
    JsFuture::from(fetch(&prepare(request, signal)?)?).await.map(JsCast::unchecked_into)
}

fn prepare(request: &FetchRequest, signal: &AbortSignal) -> Result<Request, JsValue> {
    let headers = Headers::new()?;
    headers.set("accept", "application/json")?;
    headers.set("user-agent", USER_AGENT)?;
    if let Some(authorization) = &request.authorization {
        headers.set("authorization", authorization.expose())?;
    }
    let init = RequestInit::new();
    init.set_redirect(RequestRedirect::Manual);
    // Bypasses the cache even where a cache rule of the zone matches. The platform then adds `Cache-Control` and `Pragma`.
    init.set_cache(RequestCache::NoStore);
    init.set_signal(Some(signal));
    if let Some(form) = &request.form {
        headers.set("content-type", "application/x-www-form-urlencoded")?;
        init.set_method("POST");
        init.set_body(&form.expose().as_str().into());
    }
    init.set_headers(&headers);
    Request::new_with_str_and_init(&request.url, &init)
}
