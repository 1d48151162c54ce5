//! Client metadata that are registered.

use serde_json::Value;

use crate::{
    page, redirect_uri,
    support::{TestEdge, authorization_request, post, post_form},
};

/// All that an answer may have, without the language tags.
const MEMBERS: [&str; 17] = [
    "client_id",
    "client_secret",
    "client_secret_expires_at",
    "redirect_uris",
    "token_endpoint_auth_method",
    "grant_types",
    "response_types",
    "client_name",
    "client_uri",
    "logo_uri",
    "tos_uri",
    "policy_uri",
    "software_id",
    "software_version",
    "application_type",
    "scope",
    "contacts",
];

/// The whole input is the body. What is registered is part of what was sent, to a parser of JSON; id and secret are ours and work;
/// for the same metadata a public client's are the same, and a confidential one's are others; the consent page shows the client
/// without becoming another page.
pub fn check(data: &[u8]) {
    let edge = crate::edge(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    let Ok(body) = str::from_utf8(data) else { return };
    let register = || edge.respond(post("/register", "application/json", body));
    let response = register();
    let answer: Value = serde_json::from_str(response.body()).unwrap();
    match response.status().as_u16() {
        201 => {}
        400 => {
            let error = answer["error"].as_str().unwrap();
            return assert!(matches!(error, "invalid_client_metadata" | "invalid_redirect_uri"), "{answer}");
        }
        status => panic!("{status}: {answer}"),
    }
    crate::accept();
    let sent: Value = serde_json::from_str(body).unwrap();
    let list = |from: &Value| from["redirect_uris"].as_array().unwrap().clone();
    let (registered, mut sent) = (list(&answer), list(&sent).into_iter());
    assert!(!registered.is_empty() && registered.iter().all(|uri| sent.any(|other| other == *uri)), "in their order");
    for member in answer.as_object().unwrap().keys() {
        assert!(MEMBERS.contains(&member.split('#').next().unwrap()), "{member}");
    }
    let client_id = answer["client_id"].as_str().unwrap();
    assert!(client_id.starts_with("dcr.m1.") && client_id.len() <= 1024, "{client_id}");
    let is_public = answer["token_endpoint_auth_method"] == "none";
    let again: Value = serde_json::from_str(register().body()).unwrap();
    for member in ["client_id", "client_secret"] {
        assert_eq!(again[member] == answer[member], is_public, "{member}");
    }

    for uri in answer["redirect_uris"].as_array().unwrap().iter().take(2) {
        let uri = uri.as_str().unwrap();
        if redirect_uri::accepted(uri).is_some() {
            let page = edge.get(&authorization_request(client_id, &[("redirect_uri", uri)]));
            assert_eq!(page.status(), 200, "{uri}: {}", page.body());
            page::check(page.body());
        }
    }
    let at = data.len() % client_id.len();
    let other = if client_id.as_bytes()[at] == b'A' { "B" } else { "A" };
    let other_id = format!("{}{other}{}", &client_id[..at], &client_id[at + 1..]);
    assert_eq!(edge.get(&authorization_request(&other_id, &[])).status(), 400, "a client that nobody registered");

    let secret = answer.get("client_secret").map(|secret| secret.as_str().unwrap());
    assert_eq!(secret.is_some(), answer["token_endpoint_auth_method"] != "none");
    let known = proves(&edge, client_id, secret.unwrap_or_default());
    assert!(known && !proves(&edge, client_id, "another") && (secret.is_none() || !proves(&edge, client_id, "")));
    assert_eq!(edge.fetches(), 0);
}

/// Whether the client is taken for proven: then only the refresh token is found wanting.
fn proves(edge: &TestEdge, client_id: &str, secret: &str) -> bool {
    let parameters = [
        ("grant_type", "refresh_token"),
        ("refresh_token", "nonsense"),
        ("client_id", client_id),
        ("client_secret", secret),
    ];
    let response = edge.respond(post_form("/token", &[], &parameters));
    response.status() == 400 && response.body().contains("invalid_grant")
}
