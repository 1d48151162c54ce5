//! Which URLs a document is fetched from.

use crate::{
    config::{Config, MetadataDocuments},
    oauth::{
        DocumentUrl,
        document_url::DocumentUrlError,
        error_code::{MAX_QUOTED, quotable, quotable_uri},
    },
};

/// A URL that we may be sent to: of good form, not our own, and at a host that the settings allow.
///
/// # Errors
/// The first rule that it breaks.
pub(in crate::client) fn allowed_url(text: &str, config: &Config) -> Result<DocumentUrl, NotAllowed> {
    let MetadataDocuments::On { allowed, denied } = &config.metadata_documents else { return Err(NotAllowed::Off) };
    let quoted = || quotable_uri(text, MAX_QUOTED);
    let url = DocumentUrl::parse(text).map_err(|error| NotAllowed::Url { error, url: quoted() })?;
    let host = url.host();
    // The edge would wait for itself.
    if config.issuer.strip_prefix("https://").is_some_and(|own| own.split(':').next() == Some(host)) {
        return Err(NotAllowed::OwnHost(quoted()));
    }
    if denied.matches(host) || !(allowed.is_empty() || allowed.matches(host)) {
        return Err(NotAllowed::Host(quotable(host, MAX_QUOTED)));
    }
    Ok(url)
}

/// Why we do not go to a URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The settings say that we go to none.
    #[error("metadata documents are off (EDGEWARD_CLIENT_METADATA_DOCUMENTS)")]
    Off,
    /// Its form.
    #[error("{error}: {url}")]
    Url {
        /// The rule that it breaks.
        error: DocumentUrlError,
        /// The URL, as much of it as is fit to be quoted.
        url: String,
    },
    /// It is the edge's own.
    #[error("URL at the edge's own host: {0}")]
    OwnHost(String),
    /// The settings do not allow this host.
    #[error(
        "URL at the host {0}, which is not allowed here (EDGEWARD_CLIENT_METADATA_HOSTS, EDGEWARD_CLIENT_METADATA_DENIED_HOSTS)"
    )]
    Host(String),
}
