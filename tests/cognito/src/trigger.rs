//! Lambda triggers that fail. One that works changes nothing here, but for [`CustomClaims`](crate::CustomClaims).

use std::collections::BTreeMap;
use std::fmt;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// A Lambda trigger of the pool.
///
/// AWS lists which run for a federated user: at the first sign-in pre sign-up and post confirmation, at later ones pre and
/// post authentication. Pre token generation runs at every sign-in and refresh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Before a federated user is created. Native users do not sign up here.
    PreSignUp,
    /// After a federated user was created, who stays in the pool if it fails.
    PostConfirmation,
    /// Before the password of a native user is looked at, and before a federated user's later sign-ins.
    PreAuthentication,
    /// After a native user's sign-in, and after a federated user's later sign-ins.
    PostAuthentication,
    /// Before tokens, and at each refresh; see [`TokenTrigger`](crate::TokenTrigger).
    PreTokenGeneration,
}

impl fmt::Display for Trigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PreSignUp => "PreSignUp",
            Self::PostConfirmation => "PostConfirmation",
            Self::PreAuthentication => "PreAuthentication",
            Self::PostAuthentication => "PostAuthentication",
            Self::PreTokenGeneration => "PreTokenGeneration",
        })
    }
}

/// How a trigger fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TriggerFailure {
    /// It throws an error with this message (`UserLambdaValidationException`): the user is refused.
    Refuses(String),
    /// It does not answer within five seconds, three times in a row.
    TimesOut,
    /// It cannot be invoked, for this reason, such as `AccessDeniedException` (`UnexpectedLambdaException`).
    CannotBeInvoked(String),
    /// Its answer is not understood (`InvalidLambdaResponseException`).
    AnswersNonsense,
}

#[derive(Debug, Default)]
pub(crate) struct Triggers(Mutex<BTreeMap<Trigger, TriggerFailure>>);

impl Triggers {
    pub(crate) fn set(&self, trigger: Trigger, failure: Option<TriggerFailure>) {
        let mut failures = self.0.lock();
        match failure {
            Some(failure) => failures.insert(trigger, failure),
            None => failures.remove(&trigger),
        };
    }

    /// Runs a trigger. The message is what Cognito says of the failure; it adds a full stop to the Lambda's own.
    pub(crate) fn run(&self, trigger: Trigger) -> Result<(), String> {
        Err(match self.0.lock().get(&trigger) {
            None => return Ok(()),
            Some(TriggerFailure::Refuses(message)) => format!("{trigger} failed with error {message}."),
            Some(TriggerFailure::TimesOut) => {
                format!("{trigger} failed with error Socket timeout while invoking Lambda function.")
            }
            Some(TriggerFailure::CannotBeInvoked(reason)) => {
                format!("{trigger} invocation failed due to error {reason}.")
            }
            Some(TriggerFailure::AnswersNonsense) => "Unrecognizable lambda output".to_owned(),
        })
    }
}
