//! `prompt` at the authorization endpoint (OpenID Connect Core 3.1.2.1), as AWS documents it: with managed login only.

use super::AuthorizationError;
use crate::config::LoginPages;
use crate::parameters::Parameters;

/// What the client asks of the sign-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// No page may be shown.
    pub(crate) none: bool,
    /// The session must not answer.
    pub(crate) login: bool,
    /// What an identity provider is told: all but `none`, which AWS says is not handed on.
    pub(crate) forwarded: Option<String>,
}

/// Reads the rules. `select_account` and `consent` have "no effect on local sign-in": a session answers all the same, and
/// only an identity provider learns of them. Hosted UI (classic) does not know the parameter and ignores it.
///
/// Assumed: `none` beside another rule is an error, as OpenID Connect has it, and an unknown rule is handed on.
pub(super) fn check(pages: LoginPages, parameters: &Parameters) -> Result<Prompt, AuthorizationError> {
    let Some(prompt) = parameters.first("prompt").filter(|_| pages == LoginPages::Managed) else {
        return Ok(Prompt::default());
    };
    let rules: Vec<&str> = prompt.split(' ').filter(|rule| !rule.is_empty()).collect();
    let has = |name: &str| rules.contains(&name);
    if has("none") && rules.len() > 1 {
        return Err(AuthorizationError::INVALID_REQUEST);
    }
    let none = has("none");
    Ok(Prompt { none, login: has("login"), forwarded: (!none && !rules.is_empty()).then(|| rules.join(" ")) })
}
