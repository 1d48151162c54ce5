//! State that travels with the client, with a MAC: one that was changed on the way is refused.

use base64ct::{Base64UrlUnpadded, Encoding as _};
use edgeward_origin::server::SessionKeySource;
use hmac::{Hmac, Mac as _};
use rmcp::ErrorData;
use sha2::{Digest as _, Sha256};

/// Seals and opens states, with a key that all tasks have.
#[derive(Clone)]
pub(crate) struct RequestStates(Hmac<Sha256>);

impl RequestStates {
    /// With a key that is made of the first of the keys of sessions, or else with one of this process.
    pub(crate) fn new(keys: &SessionKeySource) -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        match keys {
            SessionKeySource::Given(keys) | SessionKeySource::Parameter(keys) => {
                let first = keys.iter().next().map_or(&[0; 32], |(_, first)| first);
                key[..32].copy_from_slice(&Sha256::digest([b"request state".as_slice(), first].concat()));
            }
            SessionKeySource::Process => getrandom::fill(&mut key)?,
        }
        Ok(Self(Hmac::new(&key.into())))
    }

    pub(crate) fn seal(&self, text: &str) -> String {
        let mac = self.0.clone().chain_update(text).finalize().into_bytes();
        format!("{}.{}", Base64UrlUnpadded::encode_string(text.as_bytes()), Base64UrlUnpadded::encode_string(&mac))
    }

    pub(crate) fn open(&self, state: &str) -> Result<String, ErrorData> {
        let opened = || {
            let (text, mac) = state.split_once('.')?;
            let (text, mac) = (Base64UrlUnpadded::decode_vec(text).ok()?, Base64UrlUnpadded::decode_vec(mac).ok()?);
            self.0.clone().chain_update(&text).verify_slice(&mac).ok()?;
            String::from_utf8(text).ok()
        };
        opened().ok_or_else(|| ErrorData::invalid_params("requestState is not one of this server's", None))
    }
}

#[cfg(test)]
mod tests {
    use edgeward_identity::SealingKeys;

    use super::*;

    #[test]
    fn a_state_comes_back_and_a_changed_one_does_not() {
        let states = RequestStates::new(&SessionKeySource::Process).unwrap();
        let state = states.seal("step 1");
        assert_eq!(states.open(&state).unwrap(), "step 1");
        assert!(states.open(&format!("{state}-x")).is_err());
        assert!(states.open(&state.replacen('c', "d", 1)).is_err());
        assert!(RequestStates::new(&SessionKeySource::Process).unwrap().open(&state).is_err());
    }

    #[test]
    fn tasks_with_the_same_keys_open_each_others_states() {
        let with = |byte| {
            let keys = SealingKeys::of("a", [byte; 32].into());
            RequestStates::new(&SessionKeySource::Given(keys)).unwrap()
        };
        let state = with(7).seal("step 1");
        assert_eq!(with(7).open(&state).unwrap(), "step 1");
        assert!(with(8).open(&state).is_err());
    }
}
