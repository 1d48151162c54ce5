//! Authorization requests: what a browser is sent to `/authorize` with.

use form_urlencoded::parse;

use crate::{
    browser, page,
    support::{CHALLENGE, ISSUER},
};

/// The whole input is a query, in which `{client}` stands for a client's id and `{challenge}` for a PKCE challenge. There
/// is a page, or the browser is sent to a redirect URI of the client's, with our name and the client's own `state`.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let edge = crate::edge(&[]);
    let query = text.replace("{client}", &edge.public_client()).replace("{challenge}", CHALLENGE);
    let response = edge.respond(crate::support::get(&format!("/authorize?{query}")));
    let sent: Vec<(String, String)> =
        parse(query.as_bytes()).map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
    let only = |name: &str| {
        let mut values = sent.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        values.next().filter(|value| !value.is_empty() && values.next().is_none())
    };
    match response.status().as_u16() {
        status @ (200 | 400 | 503) => {
            page::check(response.body());
            if status == 200 {
                crate::accept();
                assert_eq!((only("response_type"), only("code_challenge_method")), (Some("code"), Some("S256")));
                assert!(is_the_clients(only("redirect_uri").unwrap()));
                let is_ours = |resource| browser::read(resource).is_some_and(|seen| seen.host == "edge.example");
                assert!(only("resource").is_none_or(is_ours));
            }
        }
        302 | 303 => {
            let location = response.headers()["location"].to_str().unwrap();
            assert!(is_the_clients(location), "{location}");
            let back = url::Url::parse(location).unwrap();
            let of = |name: &str| -> Vec<String> {
                back.query_pairs().filter(|(key, _)| key == name).map(|(_, value)| value.into_owned()).collect()
            };
            assert_eq!(of("iss"), [ISSUER], "{location}");
            assert_eq!(of("error").len(), 1, "{location}");
            assert!(of("code").is_empty());
            let state = of("state");
            assert!(state.is_empty() || only("state") == Some(state[0].as_str()), "{location}");
        }
        status => panic!("{status}"),
    }
}

/// `https://client.example/cb`, or `http://localhost/cb` with any port.
fn is_the_clients(uri: &str) -> bool {
    browser::read(uri).is_some_and(|seen| {
        seen.path == "/cb"
            && matches!((&*seen.scheme, &*seen.host), ("https", "client.example") | ("http", "localhost"))
    })
}
