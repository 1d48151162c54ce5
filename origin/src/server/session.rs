//! Binds a legacy session to the user who opened it.
//!
//! A session id alone must not let another user into the session (MCP 2025-11-25, "Session Hijacking"). So a client
//! never sees the bare id: it gets the id with a MAC over id and subject, and the MAC is checked, for the subject of
//! each request, before the id reaches rmcp. Nothing is stored. The key lives as long as the process, as do sessions.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    middleware::Next,
    response::{IntoResponse, Response},
};
use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::Caller;

/// Makes and checks the ids that clients see.
#[derive(Clone)]
pub(crate) struct SessionBinding(Arc<Hmac<Sha256>>);

impl SessionBinding {
    /// A binding with a new random key.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; KEY_BYTES];
        getrandom::fill(&mut key)?;
        Ok(Self::with_key(key))
    }

    fn with_key(key: [u8; KEY_BYTES]) -> Self {
        Self(Arc::new(Mac::new(&key.into())))
    }

    /// `id` as the client of `subject` sees it.
    fn seal(&self, id: &str, subject: &str) -> String {
        let tag = self.mac(id, subject).finalize().into_bytes();
        format!("{id}.{}", Base64UrlUnpadded::encode_string(tag.get(..TAG_BYTES).unwrap_or_default()))
    }

    /// The bare id, if `sealed` was made for `subject`.
    fn open<'a>(&self, sealed: &'a str, subject: &str) -> Option<&'a str> {
        let (id, tag) = sealed.rsplit_once('.')?;
        let mut bytes = [0; TAG_BYTES];
        let tag = Base64UrlUnpadded::decode(tag, &mut bytes).ok().filter(|tag| tag.len() == TAG_BYTES)?;
        self.mac(id, subject).verify_truncated_left(tag).ok().map(|()| id)
    }

    fn mac(&self, id: &str, subject: &str) -> Hmac<Sha256> {
        // The length keeps (id, subject) unambiguous whatever they contain.
        let length = u64::try_from(id.len()).unwrap_or(u64::MAX);
        Mac::chain_update(self.0.as_ref().clone(), length.to_be_bytes()).chain_update(id).chain_update(subject)
    }
}

/// One block of SHA-256, the size that HMAC takes as it is.
const KEY_BYTES: usize = 64;
const TAG_BYTES: usize = 16;
const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const FIRST_WITHOUT_SESSIONS: &str = "2026-07-28";

/// Middleware: opens the session id of the request and seals that of the response.
pub(crate) async fn bind_session(
    State(binding): State<SessionBinding>,
    caller: Caller,
    mut request: Request,
    next: Next,
) -> Response {
    if request.headers().contains_key(&SESSION_ID) {
        match open_only(&binding, request.headers(), &caller.subject) {
            Some(id) => {
                request.headers_mut().insert(SESSION_ID, id);
            }
            // These revisions have no sessions and ignore the header. Without it there is no session to get into,
            // even if the request's body turns out to be a legacy one.
            None if is_modern(request.headers()) => {
                request.headers_mut().remove(SESSION_ID);
            }
            // As for a session that has ended: the client initializes anew.
            None => return (StatusCode::NOT_FOUND, "Not Found: Session not found").into_response(),
        }
    }
    let mut response = next.run(request).await;
    let sealed = response.headers().get(&SESSION_ID).map(|id| {
        let sealed = id.to_str().map(|id| binding.seal(id, &caller.subject)).unwrap_or_default();
        HeaderValue::try_from(sealed).ok()
    });
    match sealed {
        Some(Some(sealed)) => {
            response.headers_mut().insert(SESSION_ID, sealed);
        }
        // Never a bare id.
        Some(None) => {
            response.headers_mut().remove(SESSION_ID);
        }
        None => {}
    }
    response
}

fn open_only(binding: &SessionBinding, headers: &HeaderMap, subject: &str) -> Option<HeaderValue> {
    let mut values = headers.get_all(&SESSION_ID).iter();
    let id = binding.open(values.next()?.to_str().ok()?, subject)?;
    if values.next().is_some() {
        return None;
    }
    HeaderValue::from_str(id).ok()
}

fn is_modern(headers: &HeaderMap) -> bool {
    // Revisions are dates, so they compare as text.
    headers.get(PROTOCOL_VERSION).and_then(|value| value.to_str().ok()).is_some_and(|v| v >= FIRST_WITHOUT_SESSIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

    #[test]
    fn a_session_opens_for_the_subject_it_was_sealed_for_and_no_other() {
        let binding = SessionBinding::with_key([7; KEY_BYTES]);
        let sealed = binding.seal(ID, "alice");
        assert_eq!(binding.open(&sealed, "alice"), Some(ID));
        assert_eq!(binding.open(&sealed, "bob"), None);
        assert_eq!(binding.open(ID, "alice"), None);
        assert_eq!(SessionBinding::with_key([8; KEY_BYTES]).open(&sealed, "alice"), None);
    }

    #[test]
    fn a_changed_session_id_does_not_open() {
        let binding = SessionBinding::with_key([7; KEY_BYTES]);
        let sealed = binding.seal(ID, "alice");
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert_eq!(binding.open(&changed, "alice"), None, "{changed}");
        }
        for shorter in 0..sealed.len() {
            assert_eq!(binding.open(&sealed[..shorter], "alice"), None);
        }
    }
}
