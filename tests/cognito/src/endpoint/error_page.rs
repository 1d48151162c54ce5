//! `GET /error`: where a browser is left when the request cannot be trusted with a redirect.

use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::Response;

use crate::parameters::Parameters;
use crate::{page, reply};

/// A 400 page that names the `error` parameter.
pub(crate) async fn handle(RawQuery(query): RawQuery) -> Response {
    let parameters = Parameters::parse(query.unwrap_or_default().as_bytes());
    reply::page(StatusCode::BAD_REQUEST, page::error(parameters.first("error")))
}
