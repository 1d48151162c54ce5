//! Error codes that clients see.

/// An `error` value of RFC 6749 §4.1.2.1 and §5.2, RFC 7009 §2.2.1,
/// RFC 7591 §3.2.2, RFC 6750 §3.1, RFC 8707 §2 or OpenID Connect Core §3.1.2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The user said no.
    AccessDenied,
    /// No page may be shown, and the user has not allowed it before.
    ConsentRequired,
    /// No page may be shown, and the identity provider needs one.
    InteractionRequired,
    /// Client authentication failed, or there is no such client.
    InvalidClient,
    /// Registration: something in the metadata cannot be.
    InvalidClientMetadata,
    /// The code or refresh token is not good, or not for this request.
    InvalidGrant,
    /// Registration: a redirect URI cannot be.
    InvalidRedirectUri,
    /// The request itself is malformed.
    InvalidRequest,
    /// A scope is unknown or more than was granted.
    InvalidScope,
    /// The resource is not one of ours, or not the one granted.
    InvalidTarget,
    /// An access token is not good.
    InvalidToken,
    /// No page may be shown, and the user is not signed in.
    LoginRequired,
    /// Something of ours failed.
    ServerError,
    /// Something of ours cannot be reached; the same request may work later.
    TemporarilyUnavailable,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// We know no such grant.
    UnsupportedGrantType,
    /// We know no such response type.
    UnsupportedResponseType,
    /// Tokens of this type cannot be revoked.
    UnsupportedTokenType,
}

impl ErrorCode {
    /// The code on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidClient => "invalid_client",
            Self::InvalidClientMetadata => "invalid_client_metadata",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRedirectUri => "invalid_redirect_uri",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::InvalidToken => "invalid_token",
            Self::LoginRequired => "login_required",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedTokenType => "unsupported_token_type",
        }
    }
}

/// Errors quote so many bytes of a refused URI.
pub const MAX_QUOTED: usize = 256;

/// As an `error_description` may hold it (RFC 6749 §4.1.2.1): visible ASCII without `"` and `\`, with `?` for everything else, and
/// no longer than `max` bytes.
pub fn quotable(text: &str, max: usize) -> String {
    let is_allowed = |c: char| matches!(c, '\u{20}'..='\u{7e}') && !matches!(c, '"' | '\\');
    let quoted: String = text.chars().take(max).map(|c| if is_allowed(c) { c } else { '?' }).collect();
    if text.chars().nth(max).is_some() { quoted + "..." } else { quoted }
}

/// As [`quotable`], of a URI, whose query and fragment may hold a secret: without them. If there may be a password before an `@`,
/// nothing of it.
pub fn quotable_uri(text: &str, max: usize) -> String {
    if text.contains('@') {
        return "(not shown)".to_owned();
    }
    let end = text.chars().position(|c| matches!(c, '?' | '#')).map_or(max, |at| at + 1);
    quotable(text, end.min(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_in_a_uri_is_not_quoted() {
        for (uri, quoted) in [
            ("https://host/a", "https://host/a"),
            ("https://host/a?", "https://host/a?"),
            ("https://host/a?api_key=secret", "https://host/a?..."),
            ("https://host/a#secret", "https://host/a#..."),
            ("https://host/a#b?secret", "https://host/a#..."),
            ("https://host/\u{fc}?secret", "https://host/??..."),
            ("app:?secret", "app:?..."),
            ("https://user:password@host/", "(not shown)"),
            ("https://user:pass?word@host/", "(not shown)"),
            ("https://host/12345678901234567890?secret", "https://host/12345678901..."),
        ] {
            assert_eq!(quotable_uri(uri, 24), quoted, "{uri}");
        }
    }

    #[test]
    fn what_is_quoted_has_the_characters_of_a_description() {
        assert_eq!(quotable("a b:/?#\"\\\u{fc}\n", 64), "a b:/?#????");
        assert_eq!(quotable("abcdef", 3), "abc...");
    }
}
