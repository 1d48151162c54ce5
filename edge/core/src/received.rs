//! A request to one of the edge's own endpoints, read once: its parameters, and the client that it names.

use http::Method;

use crate::{
    client::{ClientError, PresentedClient},
    message::{
        parameters::Parameters,
        request::{Body, Request},
    },
    route::Route,
};

/// What an endpoint is asked.
pub(crate) struct Received<'a> {
    pub(crate) route: Route,
    /// GET for a HEAD.
    pub(crate) method: &'a Method,
    pub(crate) request: &'a Request,
    /// Of the query; of a POST, of its form. Empty where the endpoint takes none.
    pub(crate) parameters: Parameters<'a>,
    /// Whom a request to the token or revocation endpoint names. Other endpoints know no such client.
    pub(crate) presented: Result<PresentedClient, ClientError>,
}

impl<'a> Received<'a> {
    /// Reads a request for `route`.
    pub(crate) fn read(route: Route, method: &'a Method, request: &'a Request) -> Self {
        let encoded = match (route, &request.body) {
            (Route::Authorize | Route::Token | Route::Revoke, Body::Complete(body)) if *method == Method::POST => body,
            (Route::Authorize | Route::Callback | Route::Logout, _) if *method == Method::GET => {
                request.target().query.unwrap_or_default().as_bytes()
            }
            _ => &[],
        };
        let parameters = Parameters::parse(encoded);
        let presented = match route {
            Route::Token | Route::Revoke => PresentedClient::of(request, &parameters),
            // Other endpoints do not ask for it.
            _ => Err(ClientError::NotNamed),
        };
        Self { route, method, request, parameters, presented }
    }
}
