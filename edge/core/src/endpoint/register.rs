//! `POST /register` (RFC 7591 §3).

use http::{StatusCode, header};
use serde_json::json;

use super::Answer;
use crate::{
    client::registration,
    config::{Config, Registration},
    message::{
        authorization_header::bearer_token,
        request::Request,
        response::{Caching, json, set},
    },
    oauth::{ClientDigest, ErrorCode},
    platform::{Event, Level, Randomness},
};

/// Registers a client.
pub(crate) fn handle(request: &Request, config: &Config, randomness: &impl Randomness) -> Answer {
    match &config.registration {
        Registration::Open => {}
        Registration::Token(tokens) => {
            let shown = request.header(header::AUTHORIZATION).and_then(bearer_token);
            if !shown.is_some_and(|shown| tokens.iter().any(|token| token.matches(shown))) {
                return refuse_token(request);
            }
        }
        Registration::Off => return refuse(StatusCode::FORBIDDEN, ErrorCode::AccessDenied, "registration is off"),
    }
    let body = match request.body() {
        Ok(body) => body,
        Err(error) => return refuse(error.status(), ErrorCode::InvalidClientMetadata, &error.to_string()),
    };
    if request.media_type().as_deref() != Some("application/json") {
        let what = "the content type is not application/json";
        return refuse(StatusCode::BAD_REQUEST, ErrorCode::InvalidClientMetadata, what);
    }
    match registration::register(body, config, randomness) {
        Ok(information) => {
            let digest = ClientDigest::of(information["client_id"].as_str().unwrap_or(""));
            let response = json(StatusCode::CREATED, &information, Caching::NoStore);
            Answer::new(response, Level::Info, Event::ClientRegistered).about(&digest, None)
        }
        Err(error) => {
            let code = error.code();
            let mut answer = refuse(StatusCode::BAD_REQUEST, code, &error.to_string());
            if code == ErrorCode::ServerError {
                *answer.response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                answer.record.level = Level::Alert;
            }
            answer
        }
    }
}

/// RFC 6750 §3: who showed no token is not told that it is wrong.
fn refuse_token(request: &Request) -> Answer {
    let what = "registration needs an initial access token";
    let mut answer = refuse(StatusCode::UNAUTHORIZED, ErrorCode::InvalidToken, what);
    let challenge = match request.headers.contains_key(header::AUTHORIZATION) {
        true => r#"Bearer error="invalid_token""#,
        false => "Bearer",
    };
    set(&mut answer.response, header::WWW_AUTHENTICATE, challenge);
    answer
}

fn refuse(status: StatusCode, code: ErrorCode, description: &str) -> Answer {
    let body = json!({ "error": code.as_str(), "error_description": description });
    Answer::new(json(status, &body, Caching::NoStore), Level::Info, Event::RegistrationRefused).because(&description)
}
