//! What a request to the token endpoint shows to prove that it is a client's (RFC 6749 §2.3).

use http::header;

use super::{
    ClientError,
    assertion::{self, AssertionError},
};
use crate::{
    message::{authorization_header::basic_credentials, parameters::Parameters, request::Request},
    oauth::ClientDigest,
    secret::Secret,
};

/// Whom a request to the token endpoint names, and what it shows for it. That it is this client has not been checked.
pub(crate) struct PresentedClient {
    pub(super) client_id: String,
    pub(crate) digest: ClientDigest,
    pub(super) credentials: PresentedCredentials,
}

/// What a client shows at the token endpoint.
pub(super) enum PresentedCredentials {
    Nothing,
    Secret(Secret<String>),
    Assertion(Secret<String>),
}

impl PresentedClient {
    /// Reads it from a request and its form: it shows not more than one thing (RFC 6749 §2.3).
    ///
    /// # Errors
    /// When it names no client, or more than one, or shows more than one thing.
    pub(crate) fn of(request: &Request, form: &Parameters<'_>) -> Result<Self, ClientError> {
        let (client_id, credentials) = presented(request, form)?;
        Ok(Self { digest: ClientDigest::of(&client_id), client_id, credentials })
    }
}

fn presented(request: &Request, form: &Parameters<'_>) -> Result<(String, PresentedCredentials), ClientError> {
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
        true => PresentedCredentials::Nothing,
        false => PresentedCredentials::Secret(secret),
    };
    match (credentials, secret, assertion) {
        (Some((header_id, secret)), None, None) => match form_id {
            Some(form_id) if form_id != header_id => Err(ClientError::TwoClients),
            _ => Ok((header_id, of_secret(secret))),
        },
        (None, secret, None) => {
            let client_id = form_id.ok_or(ClientError::NotNamed)?;
            Ok((client_id.to_owned(), secret.map_or(PresentedCredentials::Nothing, of_secret)))
        }
        // RFC 7521 §4.2 leaves `client_id` optional; if it is there, the assertion must be by that client.
        (None, None, Some(assertion)) => {
            let client_id = match form_id {
                Some(client_id) => client_id.to_owned(),
                None => assertion::claimed_client(assertion.expose()).ok_or(AssertionError::Malformed)?,
            };
            Ok((client_id, PresentedCredentials::Assertion(assertion)))
        }
        (Some(_), Some(_), _) | (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => Err(ClientError::TwoMethods),
    }
}
