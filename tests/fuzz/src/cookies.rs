//! Our cookies among those of others.

use edgeward_core::Request;
use http::{HeaderValue, header};

use crate::support::{ISSUER, TestEdge, authorization_request, cookies, form, hidden, post_form};

thread_local! {
    /// The cookie of a consent page, and the form on it, filled in.
    static CONSENT: (String, String) = {
        let edge = TestEdge::new();
        let page = edge.get(&authorization_request(&edge.public_client(), &[]));
        let (transaction, sealed) = (hidden(page.body(), "transaction"), hidden(page.body(), "sealed"));
        let fields = [("transaction", &*transaction), ("sealed", &*sealed), ("decision", "allow")];
        (cookies(&page).remove(0), form(&fields))
    };
}

/// Each line is a `Cookie` header, in which `{ours}` stands for our cookie and `{name}` for its name. A decision is taken
/// if our cookie is there, once, and no other is called like it, to a reader that knows RFC 6265 alone.
pub fn check(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let (ours, form) = CONSENT.with(Clone::clone);
    let (name, value) = ours.split_once('=').unwrap();
    let mut request: Request = post_form("/authorize", &[("origin", ISSUER)], &[]);
    request.body = edgeward_core::Body::Complete(form.into_bytes());
    let text = text.replace("{ours}", &ours).replace("{name}", name);
    let mut found = Vec::new();
    for line in text.split('\n') {
        let Ok(value) = HeaderValue::from_bytes(line.as_bytes()) else { continue };
        request.headers.append(header::COOKIE, value);
        let blank = [' ', '\t'];
        let pairs = line.split(';').filter_map(|pair| pair.trim_matches(blank).split_once('='));
        found.extend(pairs.filter(|(key, _)| key.trim_end_matches(blank) == name).map(|(_, value)| value));
    }
    let is_there = found.iter().map(|value| value.trim()).eq([value]);
    match crate::edge(&[]).respond(request).status().as_u16() {
        303 => {
            crate::accept();
            assert!(is_there, "{text}");
        }
        403 | 400 => assert!(!is_there, "{text}"),
        status => panic!("{status}"),
    }
}
