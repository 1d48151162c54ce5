//! Where the answer to an authorization request goes, and the `state` that goes with it.

use percent_encoding::percent_decode_str;
use url::Url;

use super::{AuthorizationError, Refusal};
use crate::config::StateHandling;

/// A redirect URI that matched, with the request's `state`.
#[derive(Debug, Clone)]
pub(crate) struct ReturnAddress {
    /// As registered: this text, not its normal form, is what the token request must repeat.
    text: String,
    url: Url,
    state: Option<String>,
}

impl ReturnAddress {
    pub(super) fn new(redirect_uri: &str, state: Option<String>) -> Result<Self, Refusal> {
        // Callbacks are checked when the pool starts, so this does not fail.
        let url = Url::parse(redirect_uri).map_err(|_| Refusal::error_page("redirect_mismatch", None))?;
        Ok(Self { text: redirect_uri.to_owned(), url, state })
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.text
    }

    /// `?code=…&state=…`, after the parameters the redirect URI may already have. There is no `iss` (RFC 9207).
    pub(crate) fn with_code(&self, code: &str) -> Url {
        self.with_query(&[("code", code)])
    }

    /// `?error=…`, with `state` if the request had one.
    pub(crate) fn with_error(&self, error: &AuthorizationError) -> Url {
        let mut parameters = vec![("error", &*error.code)];
        parameters.extend(error.description.as_deref().map(|description| ("error_description", description)));
        self.with_query(&parameters)
    }

    /// The error of a sign-in that has failed: description, state, error, in the order in which it was seen to arrive
    /// (aws-amplify/amplify-cli#2082).
    pub(crate) fn with_sign_in_error(&self, error: &AuthorizationError) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .extend_pairs(error.description.as_deref().map(|description| ("error_description", description)))
            .extend_pairs(self.state.iter().map(|state| ("state", state)))
            .append_pair("error", &error.code);
        url
    }

    /// The implicit flow's answer, in the fragment.
    pub(crate) fn with_fragment(&self, parameters: &[(&str, &str)]) -> Url {
        let mut fragment = form_urlencoded::Serializer::new(String::new());
        fragment.extend_pairs(parameters);
        fragment.extend_pairs(self.state.iter().map(|state| ("state", state)));
        let mut url = self.url.clone();
        url.set_fragment(Some(&fragment.finish()));
        url
    }

    fn with_query(&self, parameters: &[(&str, &str)]) -> Url {
        let mut url = self.url.clone();
        url.query_pairs_mut().extend_pairs(parameters).extend_pairs(self.state.iter().map(|state| ("state", state)));
        url
    }
}

/// The `state` to send back.
///
/// A `%` that two hex digits do not follow, in the decoded state, was reported to fail the whole request with an empty
/// 400, whatever else it says.
pub(super) fn check_state(handling: StateHandling, state: Option<&str>) -> Result<Option<String>, Refusal> {
    let Some(state) = state else { return Ok(None) };
    let mut after_percent = state.split('%').skip(1);
    if !after_percent.all(|rest| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())) {
        return Err(Refusal::Bare);
    }
    Ok(Some(match handling {
        StateHandling::Echo => state.to_owned(),
        StateHandling::Mangle => percent_decode_str(&state.replace('+', " ")).decode_utf8_lossy().into_owned(),
    }))
}
