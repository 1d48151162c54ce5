//! OAuth clients: who they are, and proof that they are it.
//!
//! A client is pre-registered, or carries its own registration in its `client_id` (see [`registration`]), or its
//! `client_id` is the URL of a document that describes it (the module `metadata`).

mod assertion;
mod documents;
mod metadata;
pub mod registration;
mod text;

pub use assertion::{ALGORITHMS, AssertionError};
use assertion::{ClientKeys, SeenAssertions};
pub use documents::{DocumentError, Documents, HostFailure, NotAllowed, Unfit};
use documents::{Role, Wanted, allowed_url};
use http::header;
use serde_json::Value;

use crate::{
    config::{Config, PreRegistered, SecretDigest},
    message::{
        authorization_header::basic_credentials,
        parameters::{Parameters, Repeated},
        request::Request,
    },
    oauth::{ClientDigest, DocumentUrl, RedirectUri, Scope, client_id},
    platform::{Platform, UnixTime},
    route::Route,
    secret::Secret,
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

/// What is remembered of clients between requests.
#[derive(Default)]
pub struct ClientMemory {
    documents: Documents,
    assertions: SeenAssertions,
}

/// Where clients are looked up during one request.
pub struct Directory<'a, P> {
    /// The settings.
    pub config: &'a Config,
    /// What is remembered.
    pub memory: &'a ClientMemory,
    /// For fetching documents.
    pub platform: &'a P,
    /// The time.
    pub now: UnixTime,
}

/// What a client shows at the token endpoint.
enum Shown {
    Nothing,
    Secret(Secret<String>),
    Assertion(Secret<String>),
}

/// When a key is not known, keys older than this many seconds are fetched anew.
const KEYS_FLOOR_SECONDS: u64 = 60;

impl<P: Platform> Directory<'_, P> {
    /// Finds the client called `client_id`.
    ///
    /// # Errors
    /// [`ClientError::Unknown`] and its like, from which clients recover by registering again;
    /// [`ClientError::Document`] when its document cannot be had.
    pub async fn find(&self, client_id: &str) -> Result<Client, ClientError> {
        self.find_not_before(client_id, UnixTime::from_secs(0)).await
    }

    async fn find_not_before(&self, client_id: &str, not_before: UnixTime) -> Result<Client, ClientError> {
        if client_id.len() > client_id::MAX_BYTES {
            return Err(ClientError::Unknown);
        }
        if let Some(client) = self.config.clients.iter().find(|client| client.client_id == client_id) {
            return Ok(Client::pre_registered(client));
        }
        if client_id.starts_with("https://") {
            return self.described(&allowed_url(client_id, self.config)?, not_before).await;
        }
        registration::restore(client_id, self.config).ok_or(ClientError::Unknown)
    }

    async fn described(&self, url: &DocumentUrl, not_before: UnixTime) -> Result<Client, ClientError> {
        let parse = |body: &[u8]| metadata::parse(body, url, self.config);
        self.document(Wanted { url, role: Role::Metadata, not_before }, &parse).await
    }

    /// What `parse` makes of a document.
    async fn document<T>(
        &self,
        wanted: Wanted<'_>,
        parse: &dyn Fn(&[u8]) -> Result<T, Unfit>,
    ) -> Result<T, ClientError> {
        let check = |body: &[u8]| parse(body).map(drop);
        let body = self.memory.documents.find(wanted, &check, self.platform, self.now).await;
        let parsed = body.and_then(|body| parse(&body).map_err(DocumentError::Refused));
        parsed.map_err(|error| ClientError::Document { url: wanted.url.to_string(), error })
    }

    /// Finds the client of a request to the token endpoint and checks that it is it (RFC 6749 §2.3, §3.2.1).
    ///
    /// # Errors
    /// When it is unknown, or shows not exactly the proof it registered.
    pub async fn authenticate(&self, request: &Request, form: &Parameters<'_>) -> Result<Client, ClientError> {
        let (client_id, shown) = shown(request, form)?;
        let client = self.find(&client_id).await?;
        match (&client.proof, shown) {
            (Proof::None, Shown::Nothing) => Ok(client),
            (Proof::Secret(secret), Shown::Secret(shown)) if secret.matches(shown.expose()) => Ok(client),
            (Proof::Secret(_), Shown::Secret(_)) => Err(ClientError::WrongSecret),
            (Proof::Secret(_), Shown::Nothing) => Err(ClientError::NoSecret),
            (Proof::Key(_), Shown::Nothing) => Err(ClientError::NoAssertion),
            (Proof::None, Shown::Secret(_) | Shown::Assertion(_))
            | (Proof::Secret(_), Shown::Assertion(_))
            | (Proof::Key(_), Shown::Secret(_)) => Err(ClientError::OtherMethod),
            (Proof::Key(_), Shown::Assertion(assertion)) => self.verify(client, assertion.expose()).await,
        }
    }

    async fn verify(&self, client: Client, assertion: &str) -> Result<Client, ClientError> {
        let token_endpoint = format!("{}{}", self.config.issuer, Route::Token.path());
        let audiences = [self.config.issuer.as_str(), &token_endpoint];
        let verify = async |client: &Client, keys: &ClientKeys| {
            let (seen, platform) = (&self.memory.assertions, self.platform);
            assertion::verify(assertion, &client.client_id, keys, &audiences, seen, platform, self.now).await
        };
        match verify(&client, &self.keys(&client, UnixTime::from_secs(0)).await?).await {
            Ok(()) => Ok(client),
            // It may have changed its keys.
            Err(AssertionError::UnknownKey) => {
                let not_before = UnixTime::from_secs(self.now.as_secs().saturating_sub(KEYS_FLOOR_SECONDS));
                let client = match (&client.proof, self.find_not_before(&client.client_id, not_before).await) {
                    // The keys may have changed all the same, and their host need not be the one that fails.
                    (Proof::Key(KeySource::At(_)), Err(error)) if error.is_temporary() => client,
                    (_, renewed) => renewed?,
                };
                verify(&client, &self.keys(&client, not_before).await?).await?;
                Ok(client)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn keys(&self, client: &Client, not_before: UnixTime) -> Result<ClientKeys, ClientError> {
        match &client.proof {
            Proof::Key(KeySource::Here(keys)) => Ok(keys.clone()),
            Proof::Key(KeySource::At(url)) => {
                self.document(Wanted { url, role: Role::KeySet, not_before }, &key_set).await
            }
            Proof::None | Proof::Secret(_) => Err(ClientError::OtherMethod),
        }
    }
}

fn key_set(body: &[u8]) -> Result<ClientKeys, Unfit> {
    let jwks = serde_json::from_slice(body).ok().filter(|jwks: &Value| jwks["keys"].is_array());
    ClientKeys::parse(&jwks.ok_or(Unfit::foreign("it is no JWKS"))?)
}

/// Whom a request to the token endpoint names; that it is it has not been checked.
pub(crate) fn claimed(request: &Request, form: &Parameters<'_>) -> Option<String> {
    shown(request, form).ok().map(|(client_id, _)| client_id)
}

/// Whom a request names, and what it shows for it: not more than one thing (RFC 6749 §2.3).
fn shown(request: &Request, form: &Parameters<'_>) -> Result<(String, Shown), ClientError> {
    let secret_of = |text: Option<&str>| text.map(|text| Secret::new(text.to_owned()));
    let form_id = form.get("client_id")?;
    let secret = secret_of(form.get("client_secret")?);
    let assertion = secret_of(form.get("client_assertion")?);
    let assertion = match (form.get("client_assertion_type")?, assertion) {
        (None, None) => None,
        (Some(assertion::TYPE), Some(assertion)) => Some(assertion),
        (Some(_), Some(_)) => return Err(ClientError::AssertionType),
        (None, Some(_)) | (Some(_), None) => return Err(ClientError::IncompleteAssertion),
    };
    let credentials = match request.headers.contains_key(header::AUTHORIZATION) {
        false => None,
        true => {
            let value = request.header(header::AUTHORIZATION);
            Some(value.and_then(basic_credentials).ok_or(ClientError::MalformedCredentials)?)
        }
    };
    let of_secret = |secret: Secret<String>| match secret.expose().is_empty() {
        true => Shown::Nothing,
        false => Shown::Secret(secret),
    };
    match (credentials, secret, assertion) {
        (Some((header_id, secret)), None, None) => match form_id {
            Some(form_id) if form_id != header_id => Err(ClientError::TwoClients),
            _ => Ok((header_id, of_secret(secret))),
        },
        (None, secret, None) => {
            let client_id = form_id.ok_or(ClientError::NotNamed)?;
            Ok((client_id.to_owned(), secret.map_or(Shown::Nothing, of_secret)))
        }
        // RFC 7521 §4.2 leaves `client_id` optional; if it is there, the assertion must be by that client.
        (None, None, Some(assertion)) => {
            let client_id = match form_id {
                Some(client_id) => client_id.to_owned(),
                None => assertion::claimed_client(assertion.expose()).ok_or(AssertionError::Malformed)?,
            };
            Ok((client_id, Shown::Assertion(assertion)))
        }
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(ClientError::TwoMethods),
    }
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
