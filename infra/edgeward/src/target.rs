//! Where the edge is asked.

use edgeward_core::Config;
use http::{HeaderValue, Method, Request, header, request};
use url::Url;

/// The URL at which the edge is asked, and the host that it is asked for.
#[derive(Debug)]
pub(crate) struct Target {
    base: String,
    /// The edge refuses requests for another host than its own, so a request that goes elsewhere names that.
    host: Option<HeaderValue>,
}

impl Target {
    /// The public URL, or another one.
    pub(crate) fn new(config: &Config, other: Option<&Url>) -> Self {
        let Some(other) = other else { return Self { base: config.issuer.clone(), host: None } };
        let host = Url::parse(&config.issuer).ok().and_then(|url| HeaderValue::try_from(url.authority()).ok());
        Self { base: other.as_str().trim_end_matches('/').to_owned(), host }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// A request for a path, without credentials.
    pub(crate) fn request(&self, method: Method, path: &str) -> request::Builder {
        let request = Request::builder().method(method).uri(self.url(path));
        match &self.host {
            Some(host) => request.header(header::HOST, host),
            None => request,
        }
    }
}
