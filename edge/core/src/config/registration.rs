//! Whether clients may register themselves (RFC 7591).

use edgeward_identity::names::edge as names;

use super::{Reader, SecretDigest};
use crate::message::authorization_header::is_bearer_token;

/// Who may register a client.
#[derive(Debug, Clone)]
pub enum Registration {
    /// Anyone.
    Open,
    /// Who has an initial access token: one of these, two while one replaces the other.
    Token(Vec<SecretDigest>),
    /// No one.
    Off,
}

/// Shorter ones could be guessed.
const MIN_TOKEN_CHARACTERS: usize = 32;

pub(super) fn read<F: Fn(&str) -> Option<String>>(read: &mut Reader<F>) -> Registration {
    let mode = read.optional(names::REGISTRATION, |text| match text {
        "open" | "off" | "token" => Ok(text.to_owned()),
        _ => Err("is neither `open`, `off` nor `token`".into()),
    });
    let mode = mode.as_deref().unwrap_or("open");
    let tokens = |text: &str| {
        // An operator who sets a token expects registration to ask for it.
        if mode != "token" {
            return Err(format!("is set, but {} is not `token`", names::REGISTRATION));
        }
        let tokens: Vec<&str> = text.split_whitespace().collect();
        if tokens.len() > 2 {
            return Err("holds more than two tokens".into());
        }
        if !tokens.iter().all(|token| token.len() >= MIN_TOKEN_CHARACTERS && is_bearer_token(token)) {
            return Err(format!(
                "holds something that is no bearer token of at least {MIN_TOKEN_CHARACTERS} characters"
            ));
        }
        Ok(tokens.into_iter().map(SecretDigest::of).collect())
    };
    match mode {
        "token" => Registration::Token(read.required(names::REGISTRATION_TOKEN, tokens).unwrap_or_default()),
        mode => {
            read.optional(names::REGISTRATION_TOKEN, tokens);
            if mode == "off" { Registration::Off } else { Registration::Open }
        }
    }
}
