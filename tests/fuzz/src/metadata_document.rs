//! Client ID metadata documents.

use serde_json::Value;

use crate::{
    document_url, page, redirect_uri,
    support::{TestEdge, authorization_request, post_form},
};

const URL: &str = "https://app.example/client";

/// The whole input is the document. A client that is made of it is what a parser of JSON finds in it, under its own URL
/// and without a secret; it is fetched once if it is good, and nothing else but what its `jwks_uri` may name.
pub fn check(data: &[u8]) {
    let edge = TestEdge::with(&[("EDGEWARD_PRIVATE_USE_SCHEMES", "cursor")]);
    let document: Value = serde_json::from_slice(data).unwrap_or_default();
    let uris = document["redirect_uris"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut uris: Vec<&str> = uris.iter().filter_map(Value::as_str).take(4).collect();
    uris.push("https://nobody.example/");
    for (number, uri) in uris.iter().enumerate() {
        edge.reply_document(&Value::Null, |reply| reply.body = data.to_vec());
        let response = edge.get(&authorization_request(URL, &[("redirect_uri", uri)]));
        edge.world.replies.borrow_mut().clear();
        page::check(response.body());
        match response.status().as_u16() {
            200 => {
                assert_eq!(edge.fetches(), 1, "a good one is fetched once");
                crate::accept();
                is_client(&document);
                assert!(number + 1 < uris.len() || uris[..number].contains(uri), "nobody's redirect URI");
                redirect_uri::accepted(uri);
            }
            400 => {}
            status => panic!("{status} {uri}"),
        }
    }
    let parameters = [
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_assertion", "e30.e30.e30"),
        ("client_id", URL),
    ];
    let status = edge.respond(post_form("/token", &[], &parameters)).status();
    assert!(matches!(status.as_u16(), 400 | 401 | 503), "{status}");
    for request in edge.world.fetched.borrow().iter().filter(|request| request.url != URL) {
        assert_eq!(Some(request.url.as_str()), document["jwks_uri"].as_str());
        document_url::check(request.url.as_bytes());
        assert!(!request.url.starts_with("https://edge.example/") && request.authorization.is_none());
    }
}

/// What must hold of a document that makes a client.
fn is_client(document: &Value) {
    assert_eq!(document["client_id"], URL);
    assert!(!document.as_object().unwrap().keys().any(|member| member.starts_with("client_secret")));
    assert!(document["client_name"].as_str().is_some_and(|name| !name.trim().is_empty()));
    match &document["token_endpoint_auth_method"] {
        Value::Null => {}
        Value::String(method) if method == "none" => {}
        Value::String(method) if method == "private_key_jwt" => {
            assert!(document.get("jwks").is_some_and(|keys| !keys.is_null()) != document["jwks_uri"].is_string());
        }
        method => panic!("{method}"),
    }
    for (member, word) in [("grant_types", "authorization_code"), ("response_types", "code")] {
        let listed = document[member].as_array();
        assert!(listed.is_none_or(|listed| listed.iter().any(|value| value == word)), "{member}");
    }
}
