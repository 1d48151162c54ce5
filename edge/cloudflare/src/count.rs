//! Counting, by the platform's rate limiting bindings: one a limit, each with its number and period in `wrangler.toml`.
//! They count in memory near the request, for each of the platform's locations apart.
//!
//! By the platform's own interface: the `worker` crate's goes through serde, which is four kilobytes of code.

use edgeward_core::{
    Config,
    platform::{Count, Event, Level, Limit, Record},
};
use js_sys::{Object, Promise, Reflect, futures::JsFuture};
use wasm_bindgen::prelude::*;
use worker::Env;

use crate::{Workers, log};

#[wasm_bindgen]
extern "C" {
    type RateLimit;

    #[wasm_bindgen(method, catch)]
    fn limit(this: &RateLimit, options: &Object) -> Result<Promise, JsValue>;
}

/// The bindings there are.
#[derive(Default)]
pub(crate) struct Counters([Option<RateLimit>; Limit::ALL.len()]);

impl Counters {
    /// Those of the environment.
    pub(crate) fn of(env: &Env) -> Self {
        let binding = |limit: Limit| Reflect::get(env, &limit.binding().into()).ok().filter(JsValue::is_object);
        Self(Limit::ALL.map(|limit| binding(limit).map(JsCast::unchecked_into)))
    }

    /// Warns of those that are missing.
    pub(crate) fn warn(&self, config: &Config) {
        let counted = Limit::ALL.iter().zip(&self.0).filter(|(limit, _)| config.rate_limits.is_counted(**limit));
        let missing = counted.filter(|(_, counter)| counter.is_none());
        let missing: Vec<_> = missing.map(|(limit, _)| limit.binding()).collect();
        if !missing.is_empty() {
            log::write(&Record::new(Level::Warn, Event::NotLimited).because(&missing.join(", ")));
        }
    }

    /// Asks the one for this limit, if there is one.
    fn ask(&self, limit: Limit, name: &str) -> Option<Result<Promise, JsValue>> {
        let (_, counter) = Limit::ALL.iter().zip(&self.0).find(|(known, _)| **known == limit)?;
        let options = Object::new();
        let asked = Reflect::set(&options, &"key".into(), &name.into());
        counter.as_ref().map(|counter| asked.and_then(|_| counter.limit(&options)))
    }
}

impl Count for Workers {
    async fn is_within(&self, limit: Limit, name: String) -> bool {
        let Some(asked) = self.counters.borrow().ask(limit, &name) else { return true };
        answer(asked).await.unwrap_or(true)
    }
}

async fn answer(asked: Result<Promise, JsValue>) -> Result<bool, JsValue> {
    let outcome = JsFuture::from(asked?).await?;
    Ok(Reflect::get(&outcome, &"success".into())?.is_truthy())
}
