use super::*;

fn kind(error: &SignInError) -> &'static str {
    match error {
        SignInError::Lambda(_) => "lambda",
        SignInError::Refused(_) => "refused",
        SignInError::Linked => "linked",
        SignInError::LoginRequired => "login",
        SignInError::InteractionRequired => "interaction",
        SignInError::Unavailable(_) => "unavailable",
        SignInError::Misconfigured(_) => "misconfigured",
    }
}

/// As they were seen, with their errors.
const SEEN: &[(&str, &str, &str, &str)] = &[
    (
        "invalid_request",
        "PreSignUp failed with error Only staff may sign in.",
        "lambda",
        "the Lambda trigger PreSignUp has refused the user: Only staff may sign in",
    ),
    (
        "server_error",
        "Invalid SAML response received: PreSignUp failed with error Invalid email domain. ",
        "lambda",
        "the Lambda trigger PreSignUp has refused the user: Invalid email domain",
    ),
    (
        "invalid_request",
        "PreSignUp failed with error Unable to import module 'index'.",
        "misconfigured",
        "the Lambda trigger PreSignUp has failed: Unable to import module [name]",
    ),
    ("access_denied", "", "refused", "Cognito says access_denied"),
    (
        "access_denied",
        "Error in SAML Identity Provider; urn:oasis:names:tc:SAML:2.0:status:RequestDenied: No SAML assertion found.",
        "refused",
        "Cognito says access_denied",
    ),
    ("invalid_request", "User is disabled.", "refused", "the user is disabled"),
    ("invalid_request", "User is not confirmed.", "refused", "the user is not confirmed"),
    (
        "invalid_request",
        "Already found an entry for username Google_1029384756",
        "linked",
        "the accounts have been linked, and the first sign-in after that fails",
    ),
    ("login_required", "", "login", "Cognito says login_required"),
    ("interaction_required", "", "interaction", "Cognito says that it needs to ask the user"),
    (
        "invalid_request",
        "Timeout occurred in calling IdP token endpoint",
        "unavailable",
        "the identity provider does not answer: Timeout occurred in calling IdP token endpoint",
    ),
    (
        "invalid_request",
        "Okta Error - 503 error getting token",
        "unavailable",
        "the identity provider fails: Okta Error - 503 error getting token",
    ),
    (
        "invalid_request",
        "Google Error - error getting token",
        "unavailable",
        "the identity provider fails: Google Error - error getting token",
    ),
    (
        "invalid_request",
        "LoginWithAmazon Error - 400 invalid_request The request is missing a required parameter : client_secret",
        "misconfigured",
        "the identity provider refuses the user pool: LoginWithAmazon Error - 400 invalid_request The request is missing a \
         required parameter : client_secret",
    ),
    ("server_error", "", "unavailable", "Cognito says server_error"),
    ("temporarily_unavailable", "", "unavailable", "Cognito says temporarily_unavailable"),
    (
        "server_error",
        "Invalid SAML response received: SAML Assertion signature is invalid. ",
        "misconfigured",
        "Cognito does not accept what the identity provider says by SAML: Invalid SAML response received: SAML Assertion \
         signature is invalid.",
    ),
    (
        "server_error",
        "Error in SAML response processing: Invalid user attributes: username: Attribute does not exist in the schema.",
        "misconfigured",
        "the attribute mapping of the identity provider does not suit the user pool: Error in SAML response processing: \
         Invalid user attributes: username: Attribute does not exist in the schema.",
    ),
    (
        "invalid_request",
        "user.email: Attribute cannot be updated.\n ",
        "misconfigured",
        "the attribute mapping of the identity provider does not suit the user pool: user.email: Attribute cannot be updated.",
    ),
    (
        "invalid_request",
        "attributes required: [given_name, family_name]",
        "misconfigured",
        "the attribute mapping of the identity provider does not suit the user pool: attributes required: [given_name, \
         family_name]",
    ),
    ("invalid_request", "invalid_scope", "misconfigured", "a scope that the app client does not have: invalid_scope"),
    ("invalid_scope", "", "misconfigured", "Cognito says invalid_scope: a scope that the app client does not have"),
    (
        "unauthorized_client",
        "",
        "misconfigured",
        "Cognito says unauthorized_client: the app client may not use the authorization code grant",
    ),
    (
        "invalid_request",
        "something new about alice@example.com",
        "misconfigured",
        "Cognito says invalid_request: something new about [e-mail]",
    ),
    ("never heard of", "", "misconfigured", "Cognito says an error of its own"),
];

#[test]
fn each_known_error_has_its_class_and_its_words_for_the_log() {
    for (error, description, expected, told) in SEEN {
        let read = SignInError::read(error, Some(description).copied().filter(|text| !text.is_empty()));
        assert_eq!((kind(&read), read.to_string().as_str()), (*expected, *told), "{error} {description}");
    }
}

#[test]
fn every_entry_of_the_table_can_be_found() {
    for (known, _) in DESCRIPTIONS {
        assert_eq!(*known, known.to_ascii_lowercase());
        let read = SignInError::read("invalid_request", Some(&known.to_ascii_uppercase()));
        assert!(!read.to_string().contains("Cognito says invalid_request"), "{known}");
    }
}
