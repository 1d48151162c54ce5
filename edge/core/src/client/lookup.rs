//! Finding a client, and checking that a request is its own.

use serde_json::Value;

use super::{
    Client, ClientError, KeySource, Proof,
    assertion::{self, AssertionError, ClientKeys, SeenAssertions},
    credentials::{PresentedClient, PresentedCredentials},
    documents::{DocumentError, Documents, Role, Unfit, Wanted, allowed_url},
    metadata, registration,
};
use crate::{
    oauth::{DocumentUrl, client_id},
    platform::{Platform, UnixTime},
    request_context::RequestContext,
};

/// What is remembered of clients between requests.
#[derive(Default)]
pub struct ClientMemory {
    documents: Documents,
    assertions: SeenAssertions,
}

/// Where clients are looked up during one request.
pub struct ClientLookup<'a, P> {
    /// What is remembered.
    pub memory: &'a ClientMemory,
    /// The request.
    pub context: &'a RequestContext<'a, P>,
}

/// When a key is not known, keys older than this many seconds are fetched anew.
const KEYS_FLOOR_SECONDS: u64 = 60;

impl<P: Platform> ClientLookup<'_, P> {
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
        let config = self.context.config;
        if let Some(client) = config.clients.iter().find(|client| client.client_id == client_id) {
            return Ok(Client::pre_registered(client));
        }
        if client_id.starts_with("https://") {
            return self.described(&allowed_url(client_id, config)?, not_before).await;
        }
        registration::restore(client_id, config).ok_or(ClientError::Unknown)
    }

    async fn described(&self, url: &DocumentUrl, not_before: UnixTime) -> Result<Client, ClientError> {
        let parse = |body: &[u8]| metadata::parse(body, url, self.context.config);
        self.document(Wanted { url, role: Role::Metadata, not_before }, &parse).await
    }

    /// What `parse` makes of a document.
    async fn document<T>(
        &self,
        wanted: Wanted<'_>,
        parse: &dyn Fn(&[u8]) -> Result<T, Unfit>,
    ) -> Result<T, ClientError> {
        let check = |body: &[u8]| parse(body).map(drop);
        let body = self.memory.documents.find(wanted, &check, self.context).await;
        let parsed = body.and_then(|body| parse(&body).map_err(DocumentError::Refused));
        parsed.map_err(|error| ClientError::Document { url: wanted.url.to_string(), error })
    }

    /// Finds the client of a request to the token endpoint and checks that it is it (RFC 6749 §2.3, §3.2.1).
    ///
    /// # Errors
    /// When it is unknown, or shows not exactly the proof it registered.
    pub(crate) async fn authenticate(&self, presented: PresentedClient) -> Result<Client, ClientError> {
        let client = self.find(&presented.client_id).await?;
        match (&client.proof, presented.credentials) {
            (Proof::None, PresentedCredentials::Nothing) => Ok(client),
            (Proof::Secret(secret), PresentedCredentials::Secret(presented)) if secret.matches(presented.expose()) => {
                Ok(client)
            }
            (Proof::Secret(_), PresentedCredentials::Secret(_)) => Err(ClientError::WrongSecret),
            (Proof::Secret(_), PresentedCredentials::Nothing) => Err(ClientError::NoSecret),
            (Proof::Key(_), PresentedCredentials::Nothing) => Err(ClientError::NoAssertion),
            (Proof::None, PresentedCredentials::Secret(_) | PresentedCredentials::Assertion(_))
            | (Proof::Secret(_), PresentedCredentials::Assertion(_))
            | (Proof::Key(_), PresentedCredentials::Secret(_)) => Err(ClientError::OtherMethod),
            (Proof::Key(_), PresentedCredentials::Assertion(assertion)) => {
                self.verify(client, assertion.expose()).await
            }
        }
    }

    async fn verify(&self, client: Client, assertion: &str) -> Result<Client, ClientError> {
        let verify = async |client: &Client, keys: &ClientKeys| {
            assertion::verify(assertion, &client.client_id, keys, &self.memory.assertions, self.context).await
        };
        match verify(&client, &self.keys(&client, UnixTime::from_secs(0)).await?).await {
            Ok(()) => Ok(client),
            // It may have changed its keys.
            Err(AssertionError::UnknownKey) => {
                let not_before = UnixTime::from_secs(self.context.now.as_secs().saturating_sub(KEYS_FLOOR_SECONDS));
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
