//! A body that does not come whole is the client's to mend, at every endpoint that reads one.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use edgeward_core::{
    Body,
    platform::{Event, Level},
};
use http::StatusCode;
use support::*;

#[test]
fn a_body_that_breaks_off_or_is_too_long_is_refused_and_nobody_is_alarmed() {
    let edge = TestEdge::new();
    let form = "application/x-www-form-urlencoded";
    for (path, content_type, error, event) in [
        ("/register", "application/json", "invalid_client_metadata", Event::RegistrationRefused),
        ("/token", form, "invalid_request", Event::TokenRefused),
        ("/revoke", form, "invalid_request", Event::RevocationRefused),
        ("/authorize", form, "The form that was sent is not one of ours.", Event::ConsentRefused),
    ] {
        for (body, status, reason) in [
            (Body::TooSlow, StatusCode::REQUEST_TIMEOUT, "the body took too long to arrive"),
            (Body::BrokenOff, StatusCode::BAD_REQUEST, "the body breaks off"),
            (Body::TooLong, StatusCode::PAYLOAD_TOO_LARGE, "the body is longer than 32768 bytes"),
        ] {
            let headers = [("content-type", content_type), ("origin", ISSUER)];
            let mut request = request(http::Method::POST, path, &headers, "");
            request.body = body;
            let response = edge.respond(request);
            assert_eq!(response.status(), status, "{path}");
            assert!(response.body().contains(error), "{path}: {}", response.body());
            let record = edge.world.records.borrow_mut().pop().expect("a record");
            assert_eq!((record.event, record.reason.as_deref()), (event, Some(reason)), "{path}");
            assert!(record.level < Level::Alert, "{path}");
        }
    }
}
