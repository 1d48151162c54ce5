//! `Authorization`: bearer tokens (RFC 6750 §2.1) and clients' credentials (RFC 6749 §2.3.1).

use std::borrow::Cow;

use base64ct::{Base64, Encoding};

use crate::secret::Secret;

/// The bearer token in a header value, if that is what it holds.
pub fn bearer_token(value: &str) -> Option<&str> {
    maybe_bearer_token(value).filter(|token| is_bearer_token(token))
}

/// What stands in the place of a bearer token, whatever its characters are: for who knows which tokens there are.
pub fn maybe_bearer_token(value: &str) -> Option<&str> {
    after_scheme(value, "bearer")
}

/// Whether `text` has the characters of a bearer token.
pub fn is_bearer_token(text: &str) -> bool {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-._~+/=".contains(&c);
    !text.is_empty() && text.bytes().all(allowed)
}

/// A client's id and secret from a `Basic` header value. Both are form-encoded inside (RFC 6749 §2.3.1).
pub fn basic_credentials(value: &str) -> Option<(String, Secret<String>)> {
    let decoded = Base64::decode_vec(after_scheme(value, "basic")?).ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (client_id, client_secret) = text.split_once(':')?;
    Some((form_decode(client_id)?, Secret::new(form_decode(client_secret)?)))
}

fn after_scheme<'a>(value: &'a str, scheme: &str) -> Option<&'a str> {
    let (found, rest) = value.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| rest.trim_start_matches(' '))
}

/// Decodes one form-encoded value: `&` and `=` cannot stand in one unescaped.
fn form_decode(text: &str) -> Option<String> {
    if text.contains('&') || text.contains('=') {
        return None;
    }
    let mut pairs = form_urlencoded::parse(text.as_bytes());
    match pairs.next() {
        None => Some(String::new()),
        Some((value, _)) => Some(Cow::into_owned(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_whatever_the_case_of_the_scheme() {
        assert_eq!(bearer_token("Bearer abc.def-_~+/="), Some("abc.def-_~+/="));
        assert_eq!(bearer_token("bEARER abc"), Some("abc"));
    }

    #[test]
    fn what_is_no_bearer_token_is_refused() {
        for bad in ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "Bearer a, Bearer b", "Bearer ä", "abc"] {
            assert_eq!(bearer_token(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn credentials_are_form_decoded() {
        let value = format!("Basic {}", Base64::encode_string(b"client%3A1:se%2Bcret+x"));
        let (client_id, client_secret) = basic_credentials(&value).unwrap();
        assert_eq!(client_id, "client:1");
        assert!(client_secret.matches(b"se+cret x"));
    }

    #[test]
    fn malformed_credentials_are_refused() {
        for bad in ["Basic", "Basic !", "Basic YQ==", "Bearer YTpi", "Basic YTpi\n"] {
            assert!(basic_credentials(bad).is_none(), "{bad:?}");
        }
    }
}
