//! The tower layer that lets a request through only with a valid identity assertion.

use std::{
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};

use axum::{
    http::{HeaderMap, Request},
    response::{IntoResponse, Response},
};
use edgeward_identity::{AssertionError, Verifier, jws::JwsError, names::IDENTITY_HEADER};
use futures_util::future::BoxFuture;
use tower::{Layer, Service};

use crate::{Caller, Clock, Keys, Refusal, remembered::Remembered};

/// Admits only requests whose [`IDENTITY_HEADER`] holds exactly one valid assertion.
///
/// An admitted request carries its [`Caller`] in its extensions and no longer has the header, so nothing behind the
/// layer can log it or pass it on. Any other request is answered with a [`Refusal`]. The response's extensions hold
/// the [`Caller`] or the `Refusal`, for whoever logs it.
#[derive(Debug, Clone)]
pub struct RequireIdentity(Arc<Gate>);

#[derive(Debug)]
struct Gate {
    verifier: Verifier,
    keys: Keys,
    clock: Clock,
    remembered: Remembered,
}

impl RequireIdentity {
    /// A layer that believes what `verifier` accepts under `keys`.
    pub fn new(verifier: Verifier, keys: Keys) -> Self {
        Self::with_clock(verifier, keys, Clock::system())
    }

    /// Like [`Self::new`], with the time from `clock`.
    pub fn with_clock(verifier: Verifier, keys: Keys, clock: Clock) -> Self {
        Self(Arc::new(Gate { verifier, keys, clock, remembered: Remembered::default() }))
    }
}

impl<S> Layer<S> for RequireIdentity {
    type Service = RequireIdentityService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireIdentityService { gate: self.0.clone(), inner }
    }
}

/// What [`RequireIdentity`] wraps a service in.
#[derive(Debug, Clone)]
pub struct RequireIdentityService<S> {
    gate: Arc<Gate>,
    inner: S,
}

impl<S, B> Service<Request<B>> for RequireIdentityService<S>
where
    S: Service<Request<B>, Error = Infallible> + Clone + Send + 'static,
    S::Response: IntoResponse,
    S::Future: Send,
    B: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response, Infallible>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let gate = self.gate.clone();
        // The clone that was polled ready is the one to call; the fresh one stays behind.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        Box::pin(async move {
            let caller = match gate.admit(request.headers()).await {
                Ok(caller) => caller,
                Err(refusal) => return Ok(refusal.into_response()),
            };
            request.headers_mut().remove(IDENTITY_HEADER);
            request.extensions_mut().insert(caller.clone());
            let mut response = inner.call(request).await?.into_response();
            response.extensions_mut().insert(caller);
            Ok(response)
        })
    }
}

impl Gate {
    async fn admit(&self, headers: &HeaderMap) -> Result<Caller, Refusal> {
        let mut values = headers.get_all(IDENTITY_HEADER).iter();
        let value = values.next().ok_or(Refusal::Missing)?;
        if values.next().is_some() {
            return Err(Refusal::Repeated);
        }
        let assertion = value.to_str().map_err(|_| Refusal::NotText)?;
        let now = self.clock.now();
        let unavailable = |unavailable: crate::refreshed::Unavailable| Refusal::KeysUnavailable {
            retry_after: unavailable.retry_after,
        };
        let keys = self.keys.current(now).await.map_err(unavailable)?;
        match self.remembered.verify(assertion, &self.verifier, &keys, now) {
            // The edge may have a new key.
            Err(error @ AssertionError::Jws(JwsError::UnknownKey { .. })) => {
                let newer = self.keys.newer_than(&keys, now).await.map_err(unavailable)?.ok_or(error)?;
                Ok(self.remembered.verify(assertion, &self.verifier, &newer, now)?)
            }
            verdict => Ok(verdict?),
        }
    }
}
