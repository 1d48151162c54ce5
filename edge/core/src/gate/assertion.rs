//! The identity assertion that goes along to the MCP server.

use std::rc::Rc;

use edgeward_identity::assertion;

use super::{admissions::Admission, refusal::GateError};
use crate::{config::Config, platform::UnixTime};

/// An assertion is minted anew after this long; it lives [`assertion::MAX_LIFETIME`].
pub const ASSERTION_REUSE_SECONDS: u64 = 30;

/// An assertion, and when it was minted.
pub(super) fn assertion_of(
    admission: &mut Admission,
    config: &Config,
    now: UnixTime,
) -> Result<(UnixTime, Rc<str>), GateError> {
    match &admission.assertion {
        Some((minted_at, assertion)) if now.secs_since(*minted_at) < ASSERTION_REUSE_SECONDS && *minted_at <= now => {
            Ok((*minted_at, Rc::clone(assertion)))
        }
        _ => {
            let lifetime = assertion::MAX_LIFETIME;
            let minted = assertion::mint(&admission.identity, config.keys.signing(), now, lifetime)
                .map_err(|_| GateError::Assertion)?;
            let minted: Rc<str> = minted.into();
            admission.assertion = Some((now, Rc::clone(&minted)));
            Ok((now, minted))
        }
    }
}
