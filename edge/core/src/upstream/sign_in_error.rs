//! What Cognito says at the callback when there is no code.
//!
//! Cognito reports nearly everything as `invalid_request`, and federated SAML users' errors as `server_error`; only the
//! description tells a user who is refused from a setting that is wrong. AWS says that descriptions are not fixed strings
//! ("Managed login and federation error responses" in the Developer Guide). So what is not known here is taken for a setting
//! that is wrong, and the log gets the description, redacted, so that somebody can add it.
//!
//! All of it comes through the user's browser, which can forge it: it decides nothing but what that user is shown, what the
//! client is told, and what is logged.

use super::{
    UpstreamError,
    lambda::{LambdaError, SAML},
    redacted::redacted,
};

/// Why a user comes back without a code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// A Lambda trigger has refused the user.
    #[error("{0}")]
    Lambda(LambdaError),
    /// Cognito or the identity provider has refused the user, or the user has given up.
    #[error("{0}")]
    Refused(&'static str),
    /// The pool has linked the user's accounts during this sign-in, which fails for that reason. The next one succeeds.
    #[error("the accounts have been linked, and the first sign-in after that fails")]
    Linked,
    /// No page may be shown, and the user is not signed in.
    #[error("Cognito says login_required")]
    LoginRequired,
    /// No page may be shown, and the identity provider needs one.
    #[error("Cognito says that it needs to ask the user")]
    InteractionRequired,
    /// Cognito or the identity provider cannot answer now.
    #[error("{0}")]
    Unavailable(String),
    /// Something at Cognito or at the identity provider must be mended by the operator.
    #[error("{0}")]
    Misconfigured(String),
}

#[derive(Clone)]
enum Class {
    Refused(&'static str),
    Linked,
    Unavailable(&'static str),
    Misconfigured(&'static str),
}

/// How known descriptions begin, or what stands in them, in lower case; after [`SAML`], where that comes first. Each with
/// where it was seen.
const DESCRIPTIONS: &[(&str, Class)] = &[
    // aws-amplify/amplify-js#9976 and amplify-flutter#1716. AWS has said that it is mended (amplify-swift#2226); linking
    // Lambdas in use still retry.
    ("already found an entry for username", Class::Linked),
    // Messages of Cognito's exceptions NotAuthorizedException, UserNotConfirmedException and PasswordResetRequiredException.
    // Whether they come to the callback is not documented.
    ("user is disabled", Class::Refused("the user is disabled")),
    ("user is not enabled", Class::Refused("the user is disabled")),
    ("user is not confirmed", Class::Refused("the user is not confirmed")),
    ("password reset required", Class::Refused("the user must reset the password")),
    ("user does not exist", Class::Refused("there is no such user")),
    // Developer Guide, "Managed login and federation error responses".
    ("timeout occurred in calling", Class::Unavailable("the identity provider does not answer")),
    ("timeout in calling", Class::Unavailable("the identity provider does not answer")),
    ("read timed out", Class::Unavailable("the identity provider does not answer")),
    ("connect timed out", Class::Unavailable("the identity provider does not answer")),
    ("connection reset", Class::Unavailable("the identity provider does not answer")),
    ("connection refused", Class::Unavailable("the identity provider does not answer")),
    // TooManyRequestsException and InternalErrorException of Cognito's API.
    ("rate exceeded", Class::Unavailable("Cognito's quota is used up")),
    ("too many requests", Class::Unavailable("Cognito's quota is used up")),
    // amazon-archives/amazon-cognito-auth-js#159, accelerated-intelligent-document-processing-on-aws#835.
    ("attribute cannot be updated", Class::Misconfigured(ATTRIBUTES)),
    // aws-amplify/amplify-js#239, aws-samples/cloudfront-authorization-at-edge#153, re:Post "cognito-invalid-saml-response-errors".
    ("attributes required", Class::Misconfigured(ATTRIBUTES)),
    ("username attribute", Class::Misconfigured(ATTRIBUTES)),
    ("invalid user attributes", Class::Misconfigured(ATTRIBUTES)),
    ("the attribute is required", Class::Misconfigured(ATTRIBUTES)),
    ("required attribute cannot be deleted", Class::Misconfigured(ATTRIBUTES)),
    // InvalidLambdaResponseException of Cognito's API.
    ("unrecognizable lambda output", Class::Misconfigured(LAMBDA_OUTPUT)),
    ("invalid lambda", Class::Misconfigured(LAMBDA_OUTPUT)),
    // openchoreo/openchoreo#3217, BerriAI/litellm-docs#1433.
    ("invalid_scope", Class::Misconfigured("a scope that the app client does not have")),
    // amazon-archives/amazon-cognito-auth-js#159.
    ("client is not enabled for oauth2.0 flows", Class::Misconfigured("the app client is not enabled for OAuth flows")),
    ("unauthorized_client", Class::Misconfigured("the app client may not use the authorization code grant")),
];

const ATTRIBUTES: &str = "the attribute mapping of the identity provider does not suit the user pool";

const LAMBDA_OUTPUT: &str = "a Lambda trigger answers what Cognito does not understand";

/// Between the name of an OIDC or social identity provider and the status that it answered with (Developer Guide, as above).
const PROVIDER_ERROR: &str = " error - ";

impl SignInError {
    /// Reads `error` and `error_description` of Cognito's answer.
    pub fn read(error: &str, description: Option<&str>) -> Self {
        let description = description.unwrap_or_default();
        if let Some(lambda) = LambdaError::read(description) {
            return if lambda.is_refusal() { Self::Lambda(lambda) } else { Self::Misconfigured(lambda.to_string()) };
        }
        match error {
            "login_required" => return Self::LoginRequired,
            "interaction_required" | "consent_required" | "account_selection_required" => {
                return Self::InteractionRequired;
            }
            // It is so for the identity provider's own, too, and for a user who does not go on there.
            "access_denied" => return Self::Refused("Cognito says access_denied"),
            _ => {}
        }
        let of_saml = SAML.iter().find_map(|prefix| description.trim_start().strip_prefix(prefix));
        let told = |what: &str| match redacted(description) {
            words if words.is_empty() => what.to_owned(),
            words => format!("{what}: {words}"),
        };
        let class = classify(of_saml.unwrap_or(description)).or_else(|| {
            // Signatures, audiences, certificates: aws/aws-sdk-js-v3#6201.
            of_saml.map(|_| Class::Misconfigured("Cognito does not accept what the identity provider says by SAML"))
        });
        match class.unwrap_or_else(|| of_code(error)) {
            Class::Refused(what) => Self::Refused(what),
            Class::Linked => Self::Linked,
            Class::Unavailable(what) => Self::Unavailable(told(what)),
            Class::Misconfigured(what) => Self::Misconfigured(told(what)),
        }
    }
}

/// What the token endpoint says of a code that is redeemed at the callback.
impl From<UpstreamError> for SignInError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::InvalidGrant(reason) => Self::Refused(reason),
            UpstreamError::UserRefused(lambda) => Self::Lambda(lambda),
            UpstreamError::Unavailable { reason, .. } => Self::Unavailable(reason),
            UpstreamError::InvalidClient
            | UpstreamError::Rejected(_)
            | UpstreamError::LambdaFailed(_)
            | UpstreamError::Unusable(_)
            | UpstreamError::Unverified(_) => Self::Misconfigured(error.to_string()),
        }
    }
}

/// What an error means whose description is not known.
fn of_code(error: &str) -> Class {
    match error {
        "temporarily_unavailable" => Class::Unavailable("Cognito says temporarily_unavailable"),
        "server_error" => Class::Unavailable("Cognito says server_error"),
        "invalid_request" => Class::Misconfigured("Cognito says invalid_request"),
        "invalid_scope" => {
            Class::Misconfigured("Cognito says invalid_scope: a scope that the app client does not have")
        }
        "unauthorized_client" => Class::Misconfigured(
            "Cognito says unauthorized_client: the app client may not use the authorization code grant",
        ),
        _ => Class::Misconfigured("Cognito says an error of its own"),
    }
}

fn classify(description: &str) -> Option<Class> {
    let description = description.to_ascii_lowercase();
    if let Some((_, class)) = DESCRIPTIONS.iter().find(|(known, _)| description.contains(known)) {
        return Some(class.clone());
    }
    let (_, answer) = description.split_once(PROVIDER_ERROR)?;
    let status = answer.split(' ').next()?.parse::<u16>().ok();
    Some(match status {
        Some(400..=407 | 409..=428 | 430..=499) => Class::Misconfigured("the identity provider refuses the user pool"),
        _ => Class::Unavailable("the identity provider fails"),
    })
}

#[cfg(test)]
mod tests;
