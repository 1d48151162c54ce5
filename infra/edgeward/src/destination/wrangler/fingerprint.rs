//! What a version of the Worker was made of, as the tag of that version: a deployment of the same can be left out.

use edgeward_identity::names::edge::KEYS;
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256, Sha512};

use crate::edge::Settings;

/// A digest of a bundle.
#[derive(Debug, Default)]
pub(super) struct Bundle(Sha256);

impl Bundle {
    /// Adds a file, after those whose names come before its own.
    pub(super) fn add(&mut self, name: &str, content: &[u8]) {
        add(&mut self.0, name.as_bytes());
        add(&mut self.0, content);
    }

    /// The tag of a version with this code, this configuration and these settings. Everybody with access to the account sees
    /// it, so its key is secret: else they could try out secrets that are easy to guess.
    pub(super) fn tag(self, configuration: &str, settings: &Settings) -> String {
        let mut content = self.0;
        add(&mut content, configuration.as_bytes());
        for (name, value) in settings.plain().chain(settings.secret()) {
            add(&mut content, name.as_bytes());
            add(&mut content, value.as_bytes());
        }
        let key = Sha512::digest(settings.get(KEYS).unwrap_or_default().as_bytes());
        let mut mac = <Hmac<Sha256> as hmac::digest::KeyInit>::new(&key);
        mac.update(&content.finalize());
        let mac = mac.finalize().into_bytes();
        mac.iter().take(LENGTH / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Cloudflare takes 25 characters.
const LENGTH: usize = 24;

/// With its length before it, no two lists of parts are the same bytes.
fn add(digest: &mut Sha256, part: &[u8]) {
    digest.update((part.len() as u64).to_be_bytes());
    digest.update(part);
}

#[cfg(test)]
mod tests {
    use edgeward_identity::names::edge::{CLIENTS, PUBLIC_URL};

    use super::*;

    fn tag(file: &str, configuration: &str, url: &str, clients: &str, keys: &str) -> String {
        let mut settings = Settings::of(&Default::default());
        settings.set(PUBLIC_URL, url);
        settings.set(CLIENTS, clients);
        settings.set(KEYS, keys);
        let mut bundle = Bundle::default();
        bundle.add("entry.js", file.as_bytes());
        bundle.tag(configuration, &settings)
    }

    #[test]
    fn everything_that_is_deployed_changes_the_tag() {
        let same = tag("code", "{}", "https://a.example", "[]", "keys");
        assert_eq!(same.len(), LENGTH);
        assert_eq!(same, tag("code", "{}", "https://a.example", "[]", "keys"));
        for other in [
            tag("code2", "{}", "https://a.example", "[]", "keys"),
            tag("code", "{ }", "https://a.example", "[]", "keys"),
            tag("code", "{}", "https://b.example", "[]", "keys"),
            tag("code", "{}", "https://a.example", "[1]", "keys"),
            tag("code", "{}", "https://a.example", "[]", "keys2"),
        ] {
            assert_ne!(same, other);
        }
    }
}
