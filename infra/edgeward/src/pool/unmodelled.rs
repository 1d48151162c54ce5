//! What Cognito's API has and this release of the SDK does not: members of an answer, and whole operations.
//!
//! The SDK signs, sends and retries as ever. An interceptor keeps the answer's bytes, and for an operation that the SDK lacks
//! another one with the same request goes under the other's name.

use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_cognitoidentityprovider::{
    config::{ConfigBag, Intercept, RuntimeComponents, interceptors::AfterDeserializationInterceptorContextRef},
    error::BoxError,
};
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// The bytes of the last answer; they may hold a secret.
#[derive(Clone, Default)]
pub(super) struct Answer(Arc<Mutex<Zeroizing<Vec<u8>>>>);

impl Answer {
    /// Keeps the answer of the operation that it is given to.
    pub(super) fn keeper(&self) -> Keeper {
        Keeper(self.clone())
    }

    /// The members that `T` has, if the answer has them.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.0.lock().unwrap_or_else(PoisonError::into_inner)).ok()
    }
}

pub(super) struct Keeper(Answer);

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keeper")
    }
}

impl Intercept for Keeper {
    fn name(&self) -> &'static str {
        "Keeper"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let bytes = context.response().body().bytes().unwrap_or_default();
        *(self.0).0.lock().unwrap_or_else(PoisonError::into_inner) = Zeroizing::new(bytes.to_vec());
        Ok(())
    }
}
