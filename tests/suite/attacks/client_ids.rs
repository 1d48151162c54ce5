//! Requests forged on the server's side: addresses that a client has the edge fetch its description or its keys from.

use std::sync::Arc;

use anyhow::{Result, ensure};
use edgeward_tests::{
    by_hand::{HandMade, http},
    client::REDIRECT_URI,
    document_host::Document,
};
use serde_json::json;

use super::{
    case::{Case, Cases},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "fetching";

/// Hosts that lead inwards, to no one, or nowhere that a name vouches for.
const HOSTS: [(&str, &str); 38] = [
    ("loopback", "127.0.0.1"),
    ("loopback_short", "127.1"),
    ("loopback_decimal", "2130706433"),
    ("loopback_hexadecimal", "0x7f000001"),
    ("loopback_hexadecimal_by_parts", "0x7f.0.0.1"),
    ("loopback_octal", "0177.0.0.1"),
    ("loopback_octal_whole", "017700000001"),
    ("loopback_with_a_dot", "127.0.0.1."),
    ("loopback_encoded", "%31%32%37.0.0.1"),
    ("loopback_in_circles", "\u{2460}\u{2461}\u{2466}.0.0.1"),
    ("unspecified", "0.0.0.0"),
    ("zero", "0"),
    ("private_10", "10.0.0.1"),
    ("private_172", "172.16.0.1"),
    ("private_192", "192.168.1.1"),
    ("carriers", "100.64.0.1"),
    ("metadata_of_clouds", "169.254.169.254"),
    ("metadata_of_clouds_decimal", "2852039166"),
    ("metadata_of_clouds_hexadecimal", "0xa9fea9fe"),
    ("metadata_of_containers", "169.254.170.2"),
    ("broadcast", "255.255.255.255"),
    ("public_address", "1.1.1.1"),
    ("loopback_ipv6", "[::1]"),
    ("loopback_mapped", "[::ffff:127.0.0.1]"),
    ("loopback_mapped_hexadecimal", "[::ffff:7f00:1]"),
    ("loopback_compatible", "[::7f00:1]"),
    ("loopback_nat64", "[64:ff9b::7f00:1]"),
    ("loopback_6to4", "[2002:7f00:1::]"),
    ("link_local_ipv6", "[fe80::1]"),
    ("unique_local_ipv6", "[fd00:ec2::254]"),
    ("localhost", "localhost"),
    ("localhost_with_a_dot", "localhost."),
    ("localhost_below", "a.localhost"),
    ("name_of_clouds", "metadata.google.internal"),
    ("name_of_the_network", "printer.local"),
    ("name_without_a_dot", "metadata"),
    ("name_of_reverse_lookup", "1.0.0.127.in-addr.arpa"),
    ("denied_host", crate::settings::DENIED_HOST),
];

/// Other shapes of a URL.
const URLS: [(&str, &str); 16] = [
    ("without_tls", "http://fetched.example/client"),
    ("of_a_file", "file:///etc/passwd"),
    ("of_gopher", "gopher://127.0.0.1:6379/_INFO"),
    ("with_a_port", "https://fetched.example:6379/client"),
    ("with_a_user", "https://user:password@fetched.example/client"),
    ("with_a_host_as_user", "https://fetched.example@127.0.0.1/client"),
    ("with_a_fragment", "https://fetched.example/client#127.0.0.1"),
    ("without_a_path", "https://fetched.example/"),
    ("with_dots", "https://fetched.example/a/../client"),
    ("with_encoded_dots", "https://fetched.example/a/%2e%2e/client"),
    ("in_capitals", "https://FETCHED.example/client"),
    ("with_a_backslash", r"https://fetched.example\@127.0.0.1/client"),
    ("with_a_tab", "https://fetched.exa\tmple/client"),
    ("with_a_line_break", "https://fetched.example/client\r\nHost: 127.0.0.1"),
    ("with_a_homograph", "https://f\u{435}tched.example/client"),
    ("with_a_fullwidth_stop", "https://127\u{ff0e}0\u{ff0e}0\u{ff0e}1/client"),
];

pub(super) fn cases() -> Vec<Case> {
    [identifiers(), key_sets(), answers()].into_iter().flatten().collect()
}

async fn authorize(world: &World, client_id: &str) -> Result<String> {
    let client = HandMade::named(&world.stack, client_id)?;
    seen(http()?.get(client.authorization_url(&client.authorization())?).send().await?).await
}

fn identifiers() -> Vec<Case> {
    async fn send(world: Arc<World>, url: String) -> Result<String> {
        let document = json!({ "client_id": url, "client_name": "Fetched", "redirect_uris": [REDIRECT_URI] });
        world.hosts()?.put(&url, Document::json(&document));
        authorize(&world, &url).await
    }
    let mut cases = Cases::new(GROUP, send, ("https://fetched.example/client".to_owned(), "200 consent page"));
    for (name, host) in HOSTS {
        let url = format!("https://{host}/client");
        cases =
            cases.add(format!("a_document_at_{name}"), format!("`client_id` {url:?}: not fetched"), url, "400 page");
    }
    for (name, url) in URLS {
        cases = cases.add(
            format!("a_document_{name}"),
            format!("`client_id` {url:?}: not fetched"),
            url.to_owned(),
            "400 page",
        );
    }
    cases.list()
}

/// The keys of a client may be elsewhere, by the same rules.
fn key_sets() -> Vec<Case> {
    async fn send(world: Arc<World>, (name, keys): (String, String)) -> Result<String> {
        let url = format!("https://{name}.fetched.example/client");
        let document = json!({
            "client_id": url, "client_name": "Fetched", "redirect_uris": [REDIRECT_URI],
            "token_endpoint_auth_method": "private_key_jwt", "jwks_uri": keys,
        });
        world.hosts()?.put(&url, Document::json(&document));
        authorize(&world, &url).await
    }
    let good = ("good-keys".to_owned(), "https://fetched.example/keys".to_owned());
    let mut cases = Cases::new(GROUP, send, (good, "200 consent page"));
    for (name, host) in HOSTS.iter().step_by(3) {
        let url = format!("https://{host}/keys");
        cases = cases.add(
            format!("keys_at_{name}"),
            format!("`jwks_uri` {url:?}"),
            (format!("keys-at-{name}"), url),
            "400 page",
        );
    }
    for (name, url) in URLS.iter().step_by(2) {
        cases = cases.add(
            format!("keys_{name}"),
            format!("`jwks_uri` {url:?}"),
            (format!("keys-{name}"), (*url).to_owned()),
            "400 page",
        );
    }
    cases.list()
}

/// What an honest-looking host answers.
fn answers() -> Vec<Case> {
    const INWARDS: &str = "https://inwards.example/client";
    #[derive(Clone, Copy)]
    enum Answers {
        Document,
        Redirect(u16, &'static str),
        Endless,
        Long,
        Html,
        Another,
        NestedDeeply,
        WithASecret,
        Nothing,
    }
    async fn send(world: Arc<World>, (name, answers): (&'static str, Answers)) -> Result<String> {
        let url = format!("https://answers.example/{name}");
        let body = json!({ "client_id": url, "client_name": "Answers", "redirect_uris": [REDIRECT_URI] });
        let good = Document::json(&body);
        let document = match answers {
            Answers::Document => good,
            Answers::Redirect(status, to) => Document { status, ..good.with("location", to) },
            Answers::Endless => Document { endless: true, ..good },
            Answers::Long => Document { body: format!("{body}{}", " ".repeat(10 * 1024)), ..good },
            Answers::Html => good.with("content-type", "text/html"),
            Answers::Another => Document::json(&json!({
                "client_id": "https://answers.example/another", "client_name": "Answers", "redirect_uris": [REDIRECT_URI],
            })),
            Answers::NestedDeeply => Document { body: format!("{}{}", "[".repeat(4_000), "]".repeat(4_000)), ..good },
            Answers::WithASecret => {
                let mut body = body;
                body["client_secret"] = "known-to-all".into();
                Document::json(&body)
            }
            Answers::Nothing => Document { body: String::new(), ..good },
        };
        world.hosts()?.put(&url, document);
        world.hosts()?.put(INWARDS, Document::json(&json!({ "client_id": INWARDS })));
        let answer = authorize(&world, &url).await?;
        ensure!(world.hosts()?.asked(INWARDS).is_empty(), "a redirect was followed");
        Ok(answer)
    }
    let mut cases = Cases::new(GROUP, send, (("good", Answers::Document), "200 consent page"));
    for (name, status, to) in [
        ("a_redirect_301", 301, "/inwards.example/client"),
        ("a_redirect_302", 302, "http://169.254.169.254/latest/meta-data/"),
        ("a_redirect_303", 303, "http://127.0.0.1/"),
        ("a_redirect_307", 307, "/inwards.example/client"),
        ("a_redirect_308", 308, "http://[::1]/"),
    ] {
        cases = cases.add(
            name,
            format!("a document's host redirects with {status} to `{to}`: not followed"),
            (name, Answers::Redirect(status, to)),
            "400 page",
        );
    }
    cases
        .add("an_endless_document", "a document without an end", ("endless", Answers::Endless), "400 page")
        .add("a_long_document", "a document of more than 10 KiB", ("long", Answers::Long), "400 page")
        .add(
            "a_document_of_html",
            "a document as `text/html`, such as anyone may upload",
            ("html", Answers::Html),
            "400 page",
        )
        .add(
            "a_document_of_another_client",
            "a document whose `client_id` is not its URL",
            ("of-another", Answers::Another),
            "400 page",
        )
        .add(
            "a_document_nested_deeply",
            "4,000 arrays within each other",
            ("nested", Answers::NestedDeeply),
            "400 page",
        )
        .add(
            "a_document_with_a_secret",
            "a document that publishes a secret",
            ("secret", Answers::WithASecret),
            "400 page",
        )
        .add("an_empty_document", "an empty document", ("empty", Answers::Nothing), "400 page")
        .list()
}
