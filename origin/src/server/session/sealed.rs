//! The session id that a client sees: all that a task needs to restore the session, sealed.
//!
//! `<key id>.<base64url of nonce and ciphertext>`, XChaCha20-Poly1305 with a random nonce, as everything that the edge
//! seals. Purpose, key id and the caller's subject stand in the associated data: an id that was made for one user does
//! not open for another.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use chacha20poly1305::{
    XNonce,
    aead::{Aead as _, Payload},
};
use edgeward_identity::UnixTime;
use rmcp::{
    model::{ClientCapabilities, Implementation, InitializeRequestParams, ProtocolVersion},
    transport::streamable_http_server::session::SessionState,
};
use serde::{Deserialize, Serialize};

use super::keys::Ciphers;

/// How long a session id can be opened, in seconds: a day.
pub const LIFETIME: u64 = 24 * 60 * 60;

/// Longest session id, in bytes. Load balancers and proxies take 8 KiB of headers or more; this leaves room for the rest.
pub const MAX_BYTES: usize = 2048;

const PURPOSE: &str = "mcp session/1";
const NONCE_BYTES: usize = 24;

/// A session as it travels.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Session {
    /// rmcp's own id.
    pub(super) id: String,
    /// What the client initialized with, as far as a task needs it.
    pub(super) client: InitializeRequestParams,
}

impl Session {
    /// Leaves out what only describes the client to people: its title, description, icons and website.
    pub(super) fn new(id: &str, state: &SessionState) -> Self {
        let params = &state.initialize_params;
        let info = Implementation::new(&params.client_info.name, &params.client_info.version);
        let client = InitializeRequestParams::new(params.capabilities.clone(), info)
            .with_protocol_version(params.protocol_version.clone());
        Self { id: id.to_owned(), client }
    }

    pub(super) fn state(&self) -> SessionState {
        SessionState::new(self.client.clone())
    }

    pub(super) fn seal(&self, subject: &str, keys: &Ciphers, now: UnixTime) -> Result<String, SealError> {
        let (key_id, cipher) = keys.first().ok_or(SealError::Failed)?;
        let mut nonce = [0; NONCE_BYTES];
        getrandom::fill(&mut nonce)?;
        let content = Content {
            expires_at: now.plus(LIFETIME).as_secs(),
            id: self.id.clone(),
            version: self.client.protocol_version.clone(),
            capabilities: self.client.capabilities.clone(),
            name: self.client.client_info.name.clone(),
            client_version: self.client.client_info.version.clone(),
        };
        let content = serde_json::to_vec(&content).map_err(|_| SealError::Failed)?;
        let payload = Payload { msg: &content, aad: &associated_data(key_id, subject) };
        let ciphertext = cipher.encrypt(XNonce::from_slice(&nonce), payload).map_err(|_| SealError::Failed)?;
        let bytes = [nonce.as_slice(), &ciphertext].concat();
        let sealed = format!("{key_id}.{}", Base64UrlUnpadded::encode_string(&bytes));
        if sealed.len() > MAX_BYTES { Err(SealError::TooLong) } else { Ok(sealed) }
    }

    /// Opens what [`Self::seal`] made for `subject`.
    pub(super) fn open(sealed: &str, subject: &str, keys: &Ciphers, now: UnixTime) -> Result<Self, OpenError> {
        if sealed.len() > MAX_BYTES {
            return Err(OpenError::NotOurs);
        }
        let (key_id, encoded) = sealed.split_once('.').ok_or(OpenError::NotOurs)?;
        let bytes = Base64UrlUnpadded::decode_vec(encoded).map_err(|_| OpenError::NotOurs)?;
        let (nonce, ciphertext) = bytes.split_at_checked(NONCE_BYTES).ok_or(OpenError::NotOurs)?;
        let cipher = keys.find(key_id).ok_or(OpenError::UnknownKey)?;
        let payload = Payload { msg: ciphertext, aad: &associated_data(key_id, subject) };
        let content = cipher.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| OpenError::NotOurs)?;
        let content: Content = serde_json::from_slice(&content).map_err(|_| OpenError::NotOurs)?;
        if UnixTime::from_secs(content.expires_at) <= now {
            return Err(OpenError::Expired);
        }
        let info = Implementation::new(content.name, content.client_version);
        let client = InitializeRequestParams::new(content.capabilities, info).with_protocol_version(content.version);
        Ok(Self { id: content.id, client })
    }
}

/// What is inside. Names are short, as they travel with each request.
#[derive(Serialize, Deserialize)]
struct Content {
    #[serde(rename = "x")]
    expires_at: u64,
    #[serde(rename = "i")]
    id: String,
    #[serde(rename = "p")]
    version: ProtocolVersion,
    #[serde(rename = "c")]
    capabilities: ClientCapabilities,
    #[serde(rename = "n")]
    name: String,
    #[serde(rename = "v")]
    client_version: String,
}

/// The parts are separated by a byte that neither purpose nor key id contains.
fn associated_data(key_id: &str, subject: &str) -> Vec<u8> {
    [PURPOSE, key_id, subject].join("\0").into_bytes()
}

/// Why a session could not be sealed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealError {
    #[error("no randomness: {0}")]
    Randomness(#[from] getrandom::Error),
    #[error("the client's capabilities, name and version make a session id of more than {MAX_BYTES} bytes")]
    TooLong,
    #[error("the session could not be sealed")]
    Failed,
}

/// Why a session id does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum OpenError {
    #[error("sealed with an unknown key")]
    UnknownKey,
    #[error("not a session id, altered, or somebody else's")]
    NotOurs,
    #[error("expired")]
    Expired,
}

#[cfg(test)]
mod tests {
    use edgeward_identity::SealingKeys;
    use rmcp::model::ElicitationCapability;
    use serde_json::json;
    use zeroize::Zeroizing;

    use super::*;

    const NOW: UnixTime = UnixTime::from_secs(1_790_000_000);

    fn keys(key_id: &str, byte: u8) -> Ciphers {
        Ciphers::of(&SealingKeys::of(key_id, Zeroizing::new([byte; 32])))
    }

    fn state(name: &str) -> SessionState {
        let mut capabilities = ClientCapabilities::default();
        capabilities.elicitation = Some(ElicitationCapability::default());
        let mut info = Implementation::new(name, "1.2");
        info.description = Some("x".repeat(100_000));
        SessionState::new(InitializeRequestParams::new(capabilities, info))
    }

    fn session() -> Session {
        Session::new("67e55044-10b1-426f-9247-bb680e5fe0c8", &state("a client"))
    }

    #[test]
    fn a_session_opens_for_the_subject_it_was_sealed_for_and_no_other() {
        let keys = keys("a", 7);
        let sealed = session().seal("alice", &keys, NOW).unwrap();
        assert!(sealed.len() < 300, "{}", sealed.len());
        assert_eq!(Session::open(&sealed, "alice", &keys, NOW), Ok(session()));
        for other in ["bob", "", "alice\0", "a"] {
            assert_eq!(Session::open(&sealed, other, &keys, NOW), Err(OpenError::NotOurs), "{other:?}");
        }
    }

    #[test]
    fn it_opens_with_its_own_key_only() {
        let sealed = session().seal("alice", &keys("a", 7), NOW).unwrap();
        assert_eq!(Session::open(&sealed, "alice", &keys("a", 8), NOW), Err(OpenError::NotOurs));
        assert_eq!(Session::open(&sealed, "alice", &keys("b", 7), NOW), Err(OpenError::UnknownKey));
    }

    #[test]
    fn it_opens_for_a_day() {
        let keys = keys("a", 7);
        let sealed = session().seal("alice", &keys, NOW).unwrap();
        assert!(Session::open(&sealed, "alice", &keys, NOW.plus(LIFETIME - 1)).is_ok());
        assert_eq!(Session::open(&sealed, "alice", &keys, NOW.plus(LIFETIME)), Err(OpenError::Expired));
    }

    #[test]
    fn a_changed_session_id_does_not_open() {
        let keys = keys("a", 7);
        let sealed = session().seal("alice", &keys, NOW).unwrap();
        for index in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[index] ^= 1;
            let changed = String::from_utf8(bytes).unwrap();
            assert!(Session::open(&changed, "alice", &keys, NOW).is_err(), "{changed}");
        }
        for shorter in 0..sealed.len() {
            assert!(Session::open(&sealed[..shorter], "alice", &keys, NOW).is_err());
        }
    }

    #[test]
    fn it_is_visible_ascii_of_bounded_length_and_two_are_never_alike() {
        let keys = keys("a", 7);
        let sealed = session().seal("alice", &keys, NOW).unwrap();
        assert!(sealed.bytes().all(|byte| byte.is_ascii_graphic()));
        assert_ne!(session().seal("alice", &keys, NOW).unwrap(), sealed);

        let longest = (0..2000)
            .rev()
            .find_map(|length| Session::new("id", &state(&"n".repeat(length))).seal("alice", &keys, NOW).ok());
        assert!((MAX_BYTES - 2..=MAX_BYTES).contains(&longest.unwrap().len()));
        let too_long = Session::new("id", &state(&"n".repeat(2000)));
        assert_eq!(too_long.seal("alice", &keys, NOW), Err(SealError::TooLong));
    }

    #[test]
    fn capabilities_of_any_kind_travel() {
        let params = json!({
            "protocolVersion": "2025-06-18",
            "capabilities": { "sampling": {}, "roots": { "listChanged": true }, "experimental": { "x": { "y": 1 } } },
            "clientInfo": { "name": "a client", "version": "1.2" },
        });
        let params: InitializeRequestParams = serde_json::from_value(params).unwrap();
        let session = Session::new("id", &SessionState::new(params.clone()));
        let keys = keys("a", 7);
        let sealed = session.seal("alice", &keys, NOW).unwrap();
        assert_eq!(Session::open(&sealed, "alice", &keys, NOW).unwrap().state().initialize_params, params);
    }
}
