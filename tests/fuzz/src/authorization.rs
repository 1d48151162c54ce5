//! The `Authorization` header, at the gate and at the token endpoint.

use edgeward_core::{
    Decision,
    message::authorization_header::{basic_credentials, bearer_token},
};
use headers::{
    Header, HeaderValue,
    authorization::{Authorization, Basic, Bearer},
};
use percent_encoding::percent_decode;

/// The whole input is the header's value. What is found in it is what another library finds; at the gate, where nothing
/// of it is a token of ours, it never passes.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    if let Some(token) = bearer_token(text) {
        crate::accept();
        assert!(!token.is_empty() && token.bytes().all(|c| c.is_ascii_graphic() && c != b','), "{token}");
        let theirs = Authorization::<Bearer>::decode(&mut [value.clone()].iter());
        assert_eq!(theirs.ok().map(|bearer| bearer.token().trim().to_owned()).as_deref(), Some(token));
    }
    if let Some((id, secret)) = basic_credentials(text) {
        let theirs = Authorization::<Basic>::decode(&mut [value].iter()).expect("another library's credentials");
        let decode = |text: &str| percent_decode(text.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
        assert_eq!((decode(theirs.username()), decode(theirs.password())), (id, secret.expose().clone()));
        assert!(bearer_token(text).is_none());
    }
    match crate::edge(&[]).gate("/mcp", Some(text), None) {
        Decision::Respond { response, .. } => {
            assert_eq!(response.status(), 401);
            let challenge = response.headers()["www-authenticate"].to_str().unwrap();
            assert!(challenge.starts_with("Bearer ") && challenge.contains("resource_metadata="), "{challenge}");
        }
        gated => panic!("{gated:?}"),
    }
}
