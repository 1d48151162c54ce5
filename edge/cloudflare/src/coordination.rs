//! Coordinating refreshes, by a Durable Object a grant: see `refreshes.mjs`.
//!
//! By the platform's own interface, as [`count`](crate::count) does.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use edgeward_core::platform::{
    CLAIM_MS, ClaimOutcome, CoordinateRefreshes, CoordinationError, PublishedAnswer, RefreshClaim, RefreshUpdate,
};
use js_sys::{Promise, Reflect, futures::JsFuture};
use wasm_bindgen::prelude::*;
use worker::{Delay, Env};

use crate::Workers;

#[wasm_bindgen]
extern "C" {
    /// The binding.
    pub(crate) type Namespace;

    #[wasm_bindgen(method, js_name = getByName, catch)]
    fn get_by_name(this: &Namespace, name: &str) -> Result<Object, JsValue>;

    type Object;

    #[wasm_bindgen(method, catch)]
    fn claim(this: &Object, token: &str, holder: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn renew(this: &Object, token: &str, holder: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn publish(
        this: &Object,
        token: &str,
        holder: &str,
        next: Option<&str>,
        sealed: &str,
        seconds: u32,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn withdraw(this: &Object, token: &str, holder: &str, is_refused: bool) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn forget(this: &Object) -> Result<Promise, JsValue>;
}

/// What the binding is called.
const BINDING: &str = "REFRESHES";
/// An object that has not answered by then is given up: it waits for [`CLAIM_MS`] itself, and may be on another continent.
const DEADLINE: Duration = Duration::from_millis(CLAIM_MS as u64 + 800);

/// The binding of this environment, if there is one.
pub(crate) fn namespace(env: &Env) -> Option<Namespace> {
    Reflect::get(env, &BINDING.into()).ok().filter(JsValue::is_object).map(JsCast::unchecked_into)
}

impl Workers {
    /// The object of a grant.
    fn object(&self, grant: &str) -> Result<Object, JsValue> {
        // Without a binding, the bindings have changed since core asked whether there is one.
        self.refreshes.borrow().as_ref().ok_or(JsValue::UNDEFINED)?.get_by_name(grant)
    }
}

/// The answer to a call. No call is repeated here: the platform itself repeats one that has not reached the object.
async fn answer(call: Result<Promise, JsValue>) -> Result<JsValue, CoordinationError> {
    let failed = |_| CoordinationError::Failed;
    let (mut answer, mut late) = (pin!(JsFuture::from(call.map_err(failed)?)), pin!(Delay::from(DEADLINE)));
    poll_fn(|context| match answer.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(answer.map_err(failed)),
        Poll::Pending => late.as_mut().poll(context).map(|()| Err(CoordinationError::TooSlow)),
    })
    .await
}

impl CoordinateRefreshes for Workers {
    fn coordinates_refreshes(&self) -> bool {
        self.refreshes.borrow().is_some()
    }

    async fn claim(&self, claim: &RefreshClaim) -> Result<ClaimOutcome, CoordinationError> {
        let call = self.object(&claim.grant).and_then(|object| object.claim(&claim.token, &claim.holder));
        let answer = answer(call).await?;
        match (answer.as_string(), answer.as_bool()) {
            (Some(sealed), _) => Ok(ClaimOutcome::Answered(sealed)),
            (None, Some(is_ours)) => Ok(if is_ours { ClaimOutcome::Ask } else { ClaimOutcome::Busy }),
            (None, None) => Err(CoordinationError::Failed),
        }
    }

    async fn update(&self, update: RefreshUpdate<'_>) -> Result<(), CoordinationError> {
        use RefreshUpdate::{Forget, Publish, Refuse, Renew, Withdraw};
        let grant = match update {
            Renew(claim) | Publish(claim, _) | Withdraw(claim) | Refuse(claim) => &claim.grant,
            Forget(grant) => grant,
        };
        let call = self.object(grant).and_then(|object| match update {
            Renew(claim) => object.renew(&claim.token, &claim.holder),
            Publish(RefreshClaim { token, holder, .. }, PublishedAnswer { next, sealed, lifetime_seconds }) => {
                object.publish(token, holder, next.as_deref(), sealed, *lifetime_seconds)
            }
            Withdraw(claim) => object.withdraw(&claim.token, &claim.holder, false),
            Refuse(claim) => object.withdraw(&claim.token, &claim.holder, true),
            Forget(_) => object.forget(),
        });
        answer(call).await.map(drop)
    }
}
