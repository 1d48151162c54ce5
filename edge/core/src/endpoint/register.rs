//! `POST /register` (RFC 7591 §3).

use http::StatusCode;
use serde_json::json;

use super::Answer;
use crate::{
    client::registration,
    config::{Config, Registration},
    message::{
        request::{Body, Request},
        response::{Caching, json},
    },
    oauth::{ClientDigest, ErrorCode},
    platform::Level,
};

/// Registers a client.
pub fn handle(request: &Request, config: &Config) -> Answer {
    if config.registration == Registration::Off {
        let body = json!({ "error": "access_denied", "error_description": "registration is off" });
        return Answer::new(json(StatusCode::FORBIDDEN, &body, Caching::NoStore), Level::Info, "registration refused");
    }
    let Body::Complete(body) = &request.body else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, ErrorCode::InvalidClientMetadata, "the body is too long");
    };
    if request.media_type().as_deref() != Some("application/json") {
        let what = "the content type is not application/json";
        return refuse(StatusCode::BAD_REQUEST, ErrorCode::InvalidClientMetadata, what);
    }
    match registration::register(body, config) {
        Ok(information) => {
            let digest = ClientDigest::of(information["client_id"].as_str().unwrap_or(""));
            let response = json(StatusCode::CREATED, &information, Caching::NoStore);
            Answer::new(response, Level::Info, "client registered").about(&digest, None)
        }
        Err(error) => refuse(StatusCode::BAD_REQUEST, error.code(), &error.to_string()),
    }
}

fn refuse(status: StatusCode, code: ErrorCode, description: &str) -> Answer {
    let body = json!({ "error": code.as_str(), "error_description": description });
    Answer::new(json(status, &body, Caching::NoStore), Level::Info, "registration refused").because(description)
}
