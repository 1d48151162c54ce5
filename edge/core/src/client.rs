//! OAuth clients: who they are, and proof that they are it.
//!
//! A client is pre-registered, or carries its own registration in its `client_id` (see [`registration`]), or its
//! `client_id` is the URL of a document that describes it (the module `metadata`).

mod assertion;
mod credentials;
mod documents;
mod lookup;
mod metadata;
pub mod registration;
mod text;

use assertion::ClientKeys;
pub use assertion::{ALGORITHMS, AssertionError};
pub(crate) use credentials::PresentedClient;
pub use documents::{DocumentError, Documents, HostFailure, NotAllowed, Unfit};
pub use lookup::{ClientLookup, ClientMemory};

use crate::{
    config::{PreRegistered, SecretDigest},
    message::parameters::Repeated,
    oauth::{ClientDigest, DocumentUrl, RedirectUri, Scope},
};

/// An OAuth client.
#[derive(Debug, Clone)]
pub struct Client {
    /// Its identifier.
    pub client_id: String,
    /// The identifier's digest.
    pub digest: ClientDigest,
    /// The name to show for it.
    pub name: Option<String>,
    /// Who vouches for the name.
    pub provenance: Provenance,
    /// The host of its web site (`client_uri`), as it says itself.
    pub site_host: Option<String>,
    /// Its redirect URIs.
    pub redirect_uris: Vec<RedirectUri>,
    /// Whether it gets refresh tokens.
    pub refresh: Refresh,
    /// The only scopes that it may ask for, if not all.
    pub scopes: Option<Scope>,
    proof: Proof,
}

/// How a client proves that it is it.
#[derive(Debug, Clone)]
enum Proof {
    /// It cannot.
    None,
    /// With a secret.
    Secret(SecretDigest),
    /// With a signature.
    Key(KeySource),
}

/// Where a client's public keys are.
#[derive(Debug, Clone)]
enum KeySource {
    /// In its metadata.
    Here(ClientKeys),
    /// At a URL.
    At(DocumentUrl),
}

/// Who vouches for what a client says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Provenance {
    /// The operator, in the settings.
    Operator,
    /// Whoever holds this domain: the client's metadata are there.
    Domain(String),
    /// No one but the client.
    Itself,
}

/// Whether a client gets refresh tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refresh {
    /// It does.
    Granted,
    /// It registered without the grant.
    NotRegistered,
}

impl Client {
    fn pre_registered(client: &PreRegistered) -> Self {
        Self {
            client_id: client.client_id.clone(),
            digest: ClientDigest::of(&client.client_id),
            name: client.client_name.clone(),
            provenance: Provenance::Operator,
            site_host: None,
            redirect_uris: client.redirect_uris.clone(),
            refresh: Refresh::Granted,
            scopes: client.scopes.clone(),
            proof: client.client_secret.clone().map_or(Proof::None, Proof::Secret),
        }
    }
}

/// Why there is no authenticated client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// No client has this identifier, or its registration is not ours.
    #[error("unknown client")]
    Unknown,
    /// Its identifier is a URL that we do not go to.
    #[error("the URL that identifies the client cannot be used: {0}")]
    DocumentUrl(#[from] NotAllowed),
    /// It, or its keys, cannot be had from where they are.
    #[error("the client's document at {url} cannot be used: {error}")]
    Document {
        /// Where, as much of it as is fit to be quoted: the client's identifier, or its `jwks_uri`.
        url: String,
        /// Why not.
        error: DocumentError,
    },
    /// No `client_id` in the request.
    #[error("the request names no client")]
    NotNamed,
    /// `Authorization` does not hold `Basic` credentials.
    #[error("malformed client credentials")]
    MalformedCredentials,
    /// A secret in the header and one in the form, or a secret and an assertion.
    #[error("two client authentication methods in one request")]
    TwoMethods,
    /// The header names one client, the form another.
    #[error("two clients named in one request")]
    TwoClients,
    /// The secret is not the client's.
    #[error("wrong client secret")]
    WrongSecret,
    /// A confidential client showed no secret.
    #[error("no client secret")]
    NoSecret,
    /// A client that signs showed no assertion.
    #[error("no client assertion")]
    NoAssertion,
    /// A client showed something that it does not have: it takes itself for another client.
    #[error("another authentication method than the client's")]
    OtherMethod,
    /// An assertion without its type, or a type without an assertion.
    #[error("client_assertion and client_assertion_type belong together")]
    IncompleteAssertion,
    /// An assertion of another type.
    #[error("unknown client_assertion_type")]
    AssertionType,
    /// The assertion proves nothing.
    #[error("client assertion: {0}")]
    Assertion(#[from] AssertionError),
    /// A parameter came twice.
    #[error(transparent)]
    Repeated(#[from] Repeated),
}

impl ClientError {
    /// Whether the same request may work soon.
    pub const fn is_temporary(&self) -> bool {
        matches!(self, Self::Document { error, .. } if error.is_temporary())
    }
}
