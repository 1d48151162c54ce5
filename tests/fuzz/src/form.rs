//! Forms and queries, and who a client is by them.

use base64::{Engine, prelude::BASE64_STANDARD};
use edgeward_core::{
    message::parameters::{Parameters, Repeated},
    oauth::ClientDigest,
};
use percent_encoding::percent_decode;
use serde_json::Value;

use crate::{
    lines, page,
    support::{TestEdge, get, request},
};

const SECRET: &str = "a-secret-of-more-than-32-characters";
const CLIENTS: &str = r#"[{"client_id": "confidential", "redirect_uris": ["https://client.example/cb"],
    "client_secret": "a-secret-of-more-than-32-characters"}]"#;
const NAMES: [&str; 13] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "grant_type",
    "code",
    "refresh_token",
    "resource",
    "scope",
    "state",
    "redirect_uri",
    "token",
    "error",
];

/// The lines are an endpoint's path, an `Authorization` header, and a form, or the query if the endpoint takes one. The
/// form reads as the algorithm of the URL standard reads it, no parameter counts that is there twice; and a client with a
/// secret is one that has shown it, in one place.
pub fn check(data: &[u8]) {
    let mut lines_of_it = data.splitn(3, |byte| *byte == b'\n');
    let (Some(_), Some(_), Some(form)) = (lines_of_it.next(), lines_of_it.next(), lines_of_it.next()) else { return };
    reads_alike(form);
    let Some([path, authorization, form]) = lines(data) else { return };
    let edge = crate::edge(&[("EDGEWARD_CLIENTS", CLIENTS)]);
    match path {
        "/callback" | "/logout" => {
            let response = edge.get(&format!("{path}?{}", form.replace('?', "%3F")));
            match response.status().as_u16() {
                200 | 400 => page::check(response.body()),
                302 => {
                    let location = response.headers()["location"].to_str().unwrap();
                    assert!(location.starts_with("https://login.example/logout?"), "{location}");
                }
                status => panic!("{status}"),
            }
            assert_eq!(get(path).target().path, path);
        }
        "/token" | "/revoke" => ask(&edge, path, authorization, form),
        _ => {}
    }
}

fn ask(edge: &TestEdge, path: &str, authorization: &str, form: &str) {
    if authorization.bytes().any(|c| c.is_ascii_control()) {
        return;
    }
    let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
    if !authorization.is_empty() {
        headers.push(("authorization", authorization));
    }
    let response = edge.respond(request(http::Method::POST, path, &headers, form));
    let body: Value = serde_json::from_str(response.body()).unwrap_or_default();
    let error = body["error"].as_str();
    match (response.status().as_u16(), error) {
        // RFC 7009 §2.2: also for a token that is none.
        (200, None) if path == "/revoke" => {}
        (400, Some(_)) | (401, Some("invalid_client")) | (503, Some("temporarily_unavailable")) => {}
        other => panic!("{other:?}"),
    }
    // The log names who somebody claims to be, too; that was not enough for whoever is told so.
    if error == Some("invalid_client") {
        return;
    }
    let records = edge.world.records.borrow();
    let known = records.iter().find_map(|record| record.client.as_deref());
    if known == Some(ClientDigest::of("confidential").pseudonym().as_str()) {
        crate::accept();
        let pairs = pairs(form.as_bytes());
        let of = |name: &str| -> Vec<&str> {
            pairs
                .iter()
                .filter(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
                .collect()
        };
        let in_header = basic(authorization) == Some(("confidential".to_owned(), SECRET.to_owned()));
        let in_form = of("client_id") == ["confidential"] && of("client_secret") == [SECRET];
        assert!(in_header != in_form, "{authorization} {form}");
        assert!(in_form == authorization.is_empty() && of("client_assertion").is_empty());
        assert!(of("client_id").iter().all(|named| *named == "confidential"));
    }
}

/// As `form_urlencoded` is specified (URL standard §5.1).
fn pairs(form: &[u8]) -> Vec<(String, String)> {
    let decode = |bytes: &[u8]| {
        let bytes: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
        String::from_utf8_lossy(&percent_decode(&bytes).collect::<Vec<u8>>()).into_owned()
    };
    let pair = |part: &[u8]| {
        let end = part.iter().position(|byte| *byte == b'=').unwrap_or(part.len());
        (decode(&part[..end]), decode(part.get(end + 1..).unwrap_or_default()))
    };
    form.split(|byte| *byte == b'&').filter(|part| !part.is_empty()).map(pair).collect()
}

fn reads_alike(form: &[u8]) {
    let (parameters, pairs) = (Parameters::parse(form), pairs(form));
    for name in NAMES {
        let values: Vec<&str> = pairs.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect();
        let expected = match values[..] {
            [] | [""] => Ok(None),
            [value] => Ok(Some(value)),
            _ => Err(Repeated(name)),
        };
        assert_eq!(parameters.get(name), expected, "{name}");
    }
}

/// RFC 6749 §2.3.1.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, rest) = authorization.split_once(' ')?;
    let decoded = String::from_utf8(BASE64_STANDARD.decode(rest.trim_start_matches(' ')).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    let decode = |text: &str| percent_decode(text.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned();
    scheme.eq_ignore_ascii_case("basic").then(|| (decode(id), decode(secret)))
}
