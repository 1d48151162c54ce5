//! Outbound requests.

use edgeward_core::platform::{Fetch, FetchError, FetchReply, FetchRequest, UnixTime};
use futures_util::StreamExt;
use worker::{AbortSignal, Headers, Method, Request, RequestInit, RequestRedirect, Response, ResponseBody, web_sys};

use crate::Workers;

impl Fetch for Workers {
    async fn fetch(&self, request: FetchRequest) -> Result<FetchReply, FetchError> {
        let signal = AbortSignal::from(web_sys::AbortSignal::timeout_with_u32(request.deadline_ms));
        let outcome = send(&request, &signal).await;
        outcome.map_err(|error| if signal.aborted() { FetchError::DeadlineExceeded } else { error })
    }
}

async fn send(request: &FetchRequest, signal: &AbortSignal) -> Result<FetchReply, FetchError> {
    let prepared = prepare(request).map_err(|_| FetchError::Connection)?;
    let outcome = worker::Fetch::Request(prepared).send_with_signal(signal).await;
    let mut response = outcome.map_err(|_| FetchError::Connection)?;
    let header = |name| response.headers().get(name).ok().flatten();
    let seconds = |name| header(name).and_then(|value| value.parse().ok());
    let mut reply = FetchReply {
        status: response.status_code(),
        retry_after: seconds("retry-after"),
        content_type: header("content-type"),
        cache_control: header("cache-control"),
        age: seconds("age"),
        // What is no date is not a number to JavaScript, and the epoch here.
        expires: header("expires").map(|date| UnixTime::from_secs((js_sys::Date::parse(&date) / 1000.0) as u64)),
        body: Vec::new(),
    };
    reply.body = read(&mut response, request.max_bytes).await?;
    Ok(reply)
}

async fn read(response: &mut Response, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let mut body = Vec::new();
    if matches!(response.body(), ResponseBody::Empty) {
        return Ok(body);
    }
    let mut chunks = response.stream().map_err(|_| FetchError::Connection)?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| FetchError::Connection)?;
        if body.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLong);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn prepare(request: &FetchRequest) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("accept", "application/json")?;
    if let Some(authorization) = &request.authorization {
        headers.set("authorization", authorization.expose())?;
    }
    let mut init = RequestInit::new();
    init.with_redirect(RequestRedirect::Manual);
    if let Some(form) = &request.form {
        headers.set("content-type", "application/x-www-form-urlencoded")?;
        init.with_method(Method::Post).with_body(Some(form.expose().as_str().into()));
    }
    init.with_headers(headers);
    Request::new_with_init(&request.url, &init)
}
