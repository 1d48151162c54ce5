//! Errors of the user pool's Lambda triggers: how an organisation says no to a user.

use std::fmt;

use super::redacted::{MAX_CHARACTERS, redacted};
use crate::message::visible::visible;

/// Triggers that can end a sign-in or a refresh.
const TRIGGERS: &[&str] = &[
    "PreSignUp",
    "PostConfirmation",
    "PreAuthentication",
    "PostAuthentication",
    "PreTokenGeneration",
    "UserMigration",
    "InboundFederation",
];

/// Between a trigger's name and what its Lambda says: of PreSignUp at the callback in aws-amplify/amplify-js#3778 and #4770, of
/// the others in the exception `UserLambdaValidationException` of Cognito's API (aws-amplify/amplify-flutter#1051).
const SAYS: &str = " failed with error ";
/// Between a trigger's name and Cognito's reason why the Lambda could not be run (`UnexpectedLambdaException`).
const NOT_RUN: &str = " invocation failed due to ";
/// What the Lambda runtime, or code that has not expected it, says of a failure: the user was not judged. It is no full list.
const CRASHES: &[&str] = &[
    "Socket timeout while invoking",
    "Task timed out after",
    "Unable to import module",
    "Cannot find module",
    "Runtime exited",
    "is not a function",
    "is not defined",
    "is not valid JSON",
    "Cannot read propert",
    "Unexpected token",
    "Traceback",
    "Exception",
    "Rate exceeded",
    "Throttl",
    // Of the network: the directory that the Lambda asks does not answer.
    "ECONN",
    "ETIMEDOUT",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "socket hang up",
    "fetch failed",
    "status code 5",
    "timed out",
    "Connection refused",
    "Connection reset",
];
/// Before all that, where the user comes from an identity provider with SAML.
pub(super) const SAML: &[&str] = &["Invalid SAML response received: ", "Error in SAML response processing: "];

/// What a Lambda trigger has said.
#[derive(Clone, PartialEq, Eq)]
pub struct LambdaError {
    trigger: &'static str,
    /// What the Lambda said, fit to be shown to the user. It may name them.
    words: Option<String>,
    is_refusal: bool,
}

impl LambdaError {
    /// Reads Cognito's description of an error, if it is one of a Lambda trigger.
    pub(super) fn read(description: &str) -> Option<Self> {
        let text = SAML.iter().find_map(|prefix| description.trim_start().strip_prefix(prefix)).unwrap_or(description);
        let (trigger, words, is_run) = match (text.split_once(SAYS), text.split_once(NOT_RUN)) {
            (Some((trigger, words)), _) => (trigger, words, true),
            (None, Some((trigger, words))) => (trigger, words, false),
            (None, None) => return None,
        };
        let trigger = TRIGGERS.iter().find(|known| **known == trigger.trim())?;
        // Cognito may add which of its services has failed, and adds a full stop.
        let words = words.split(" (Service: ").next().unwrap_or_default().trim();
        let words = visible(words.strip_suffix('.').unwrap_or(words), MAX_CHARACTERS);
        let has_crashed = words.as_ref().is_some_and(|words| CRASHES.iter().any(|crash| words.contains(crash)));
        Some(Self { trigger, words, is_refusal: is_run && !has_crashed })
    }

    /// Whether the Lambda has refused the user, and not failed itself.
    pub const fn is_refusal(&self) -> bool {
        self.is_refusal
    }

    /// What the Lambda said, for the user only: it may name them.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref().filter(|_| self.is_refusal)
    }
}

/// For the log: without what may name the user.
impl fmt::Display for LambdaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = if self.is_refusal { "has refused the user" } else { "has failed" };
        write!(f, "the Lambda trigger {} {verb}", self.trigger)?;
        self.words.as_ref().map_or(Ok(()), |words| write!(f, ": {}", redacted(words)))
    }
}

/// As [`fmt::Display`].
impl fmt::Debug for LambdaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_trigger_is_known_by_what_cognito_says() {
        for (description, words, told) in [
            (
                "PreSignUp failed with error Only staff may sign in.",
                Some("Only staff may sign in"),
                "the Lambda trigger PreSignUp has refused the user: Only staff may sign in",
            ),
            (
                "PreTokenGeneration failed with error This account is not authorized..",
                Some("This account is not authorized."),
                "the Lambda trigger PreTokenGeneration has refused the user: This account is not authorized.",
            ),
            (
                "PostAuthentication failed with error alice@example.com may not. (Service: AWSCognito; Status Code: 400)",
                Some("alice@example.com may not"),
                "the Lambda trigger PostAuthentication has refused the user: [e-mail] may not",
            ),
            (
                "Invalid SAML response received: PreSignUp failed with error Invalid email domain. ",
                Some("Invalid email domain"),
                "the Lambda trigger PreSignUp has refused the user: Invalid email domain",
            ),
            (
                "PreAuthentication failed with error .",
                None,
                "the Lambda trigger PreAuthentication has refused the user",
            ),
            (
                "PostConfirmation failed with error callback is not a function.",
                None,
                "the Lambda trigger PostConfirmation has failed: callback is not a function",
            ),
            (
                "PreSignUp failed with error 2024-09-17T20:31:07.019Z 266cfb3f-4bba Task timed out after 3.00 seconds.",
                None,
                "the Lambda trigger PreSignUp has failed: [id] [id] Task timed out after 3.00 seconds",
            ),
            (
                "PreSignUp invocation failed due to error AccessDeniedException.",
                None,
                "the Lambda trigger PreSignUp has failed: error AccessDeniedException",
            ),
        ] {
            let error = LambdaError::read(description).expect(description);
            assert_eq!((error.words(), error.to_string().as_str()), (words, told), "{description}");
            assert_eq!(error.is_refusal(), !told.contains("has failed"), "{description}");
            assert_eq!(format!("{error:?}"), told, "nothing else is in a message of a test");
        }
        for other in
            ["", "failed with error x", "Other failed with error x", "x PreSignUp failed with error y", "PreSignUp"]
        {
            assert_eq!(LambdaError::read(other), None, "{other}");
        }
    }

    #[test]
    fn what_a_user_is_shown_is_bounded_and_visible() {
        let error = LambdaError::read(&format!("PreSignUp failed with error \u{202e}{}", "x".repeat(1_000))).unwrap();
        assert_eq!(error.words(), Some("x".repeat(MAX_CHARACTERS).as_str()));
    }
}
