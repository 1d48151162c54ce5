//! Identity providers that the pool is federated with.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// An identity provider and the people it knows. A stand-in for it is served on the domain, under `/__idp/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProvider {
    /// Its name in the pool: `identity_provider` at authorize, `providerName` in tokens.
    pub name: String,
    /// What it speaks.
    pub kind: ProviderKind,
    /// `issuer` of the `identities` claim. Only SAML providers have one there: their entity id.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Whether the provider's `email_verified` is mapped. Without it every e-mail address from there is unverified, at each
    /// sign-in anew.
    #[serde(default)]
    pub maps_email_verified: bool,
    /// Who can sign in there.
    #[serde(default)]
    pub users: Vec<ProviderUser>,
    /// The user's id or e-mail address that the provider signs in without showing a page, as if it knew the browser.
    #[serde(default)]
    pub signs_in: Option<String>,
    /// How every sign-in through the provider ends at the client, instead of with a code.
    #[serde(default)]
    pub error: Option<ProviderError>,
}

impl IdentityProvider {
    /// A provider without anybody that maps no `email_verified`.
    pub fn new(name: &str, kind: ProviderKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            issuer: (kind == ProviderKind::Saml).then(|| format!("https://idp.example.com/{name}")),
            maps_email_verified: false,
            users: Vec::new(),
            signs_in: None,
            error: None,
        }
    }

    /// The user with this id or e-mail address.
    pub fn user(&self, name: &str) -> Option<&ProviderUser> {
        self.users.iter().find(|user| user.id == name || user.email.as_deref() == Some(name))
    }
}

/// What an identity provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// OpenID Connect; returns to `/oauth2/idpresponse`.
    Oidc,
    /// SAML 2.0; returns to `/saml2/idpresponse`.
    Saml,
    /// Google, which must also be its name; returns to `/oauth2/idpresponse`.
    Google,
}

impl ProviderKind {
    /// `providerType` of the `identities` claim.
    pub(crate) fn provider_type(self) -> &'static str {
        match self {
            Self::Oidc => "OIDC",
            Self::Saml => "SAML",
            Self::Google => "Google",
        }
    }
}

/// Somebody an identity provider knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderUser {
    /// `sub`, or `NameID`.
    pub id: String,
    /// The e-mail address, if the provider tells one.
    #[serde(default)]
    pub email: Option<String>,
    /// What the provider says of it; Entra and SAML providers say nothing.
    #[serde(default)]
    pub email_verified: bool,
    /// Attributes, under the names that the pool maps them to.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

impl ProviderUser {
    /// Somebody with an e-mail address that the provider does not call verified.
    pub fn new(id: &str, email: &str) -> Self {
        Self { id: id.to_owned(), email: Some(email.to_owned()), ..Self::default() }
    }
}

/// `error` and `error_description` as they arrive at the client's callback.
///
/// The functions give the forms that were seen; anything else can be made from the two fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProviderError {
    /// `error`.
    pub code: String,
    /// `error_description`.
    #[serde(default)]
    pub description: Option<String>,
}

impl ProviderError {
    /// Any other.
    pub fn new(code: &str, description: Option<&str>) -> Self {
        Self { code: code.to_owned(), description: description.map(str::to_owned) }
    }

    /// The provider answered the authorization request with an error of OAuth's, such as `access_denied`, which Cognito
    /// hands on (AWS: "Amazon Cognito only returns what it receives from a provider").
    pub fn access_denied(description: &str) -> Self {
        Self::new("access_denied", Some(description))
    }

    /// The provider's token endpoint refused Cognito, which is the operator's fault: a secret that has expired, say. The form
    /// is documented at the authorization endpoint.
    pub fn token_endpoint(provider: &str, status: u16, error: &str) -> Self {
        Self::invalid_request(format!("{provider} Error - {status} {error}"))
    }

    /// The provider's token endpoint did not answer.
    pub fn timeout() -> Self {
        Self::invalid_request("Timeout occurred in calling IdP token endpoint".to_owned())
    }

    /// The provider's answer could not be used, for a reason that only the operator can find (aws-amplify/amplify-cli#2082).
    pub fn exception() -> Self {
        Self::new("server_error", Some("Exception processing authorization code"))
    }

    /// The SAML response does not satisfy the pool; Cognito adds a full stop and a space (aws/aws-sdk-js-v3#6201).
    pub fn invalid_saml_response(reason: &str) -> Self {
        Self::new("server_error", Some(&format!("Invalid SAML response received: {reason}. ")))
    }

    /// A pre sign-up Lambda has just linked the identity to a native user (aws-amplify/amplify-flutter#1716). The next
    /// sign-in works.
    pub fn already_found(username: &str) -> Self {
        Self::invalid_request(format!("Already found an entry for username {username}"))
    }

    /// The provider did not send what the pool requires of its users (aws-amplify/amplify-js#7240).
    pub fn attributes_required(names: &[&str]) -> Self {
        Self::invalid_request(format!("attributes required: [{}]", names.join(", ")))
    }

    fn invalid_request(description: String) -> Self {
        Self { code: "invalid_request".to_owned(), description: Some(description) }
    }
}
