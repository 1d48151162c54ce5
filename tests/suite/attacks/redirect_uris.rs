//! Redirect URIs: shapes that some parser or comparison has let by.
//!
//! What is registered is `https://client.example/cb` and `http://localhost/callback`. The first list is registered, the
//! second one is asked for by a client that has registered those two, the third stands in a client's own document.

use std::sync::Arc;

use anyhow::Result;
use edgeward_tests::{
    by_hand::{HandMade, http},
    document_host::Document,
};
use serde_json::json;

use super::{
    case::{Case, Cases},
    scene::{WEB_REDIRECT_URI, web_client},
    seen::seen,
};
use crate::world::World;

const GROUP: &str = "redirect_uris";

pub(super) fn cases() -> Vec<Case> {
    [registered(), asked_for(), in_documents()].into_iter().flatten().collect()
}

/// Shapes that nobody may register.
const SHAPES: [(&str, &str); 66] = [
    ("user", "https://client.example@attacker.example/cb"),
    ("user_and_password", "https://client.example:443@attacker.example/cb"),
    ("empty_user", "https://@attacker.example/cb"),
    ("user_with_a_slash_encoded", "https://client.example%2f@attacker.example/cb"),
    ("user_on_loopback", "http://localhost@attacker.example/callback"),
    ("loopback_as_a_password", "http://a:127.0.0.1@attacker.example/callback"),
    ("fragment", "https://client.example/cb#x"),
    ("empty_fragment", "https://client.example/cb#"),
    ("fragment_before_the_host", "https://attacker.example#client.example/cb"),
    ("backslash_for_a_slash", r"https://client.example\cb"),
    ("backslash_before_an_at", r"https://attacker.example\@client.example/cb"),
    ("backslashes_for_slashes", r"https:\\client.example\cb"),
    ("slash_and_backslash", r"https:/\client.example/cb"),
    ("tab_in_the_scheme", "ht\ttps://client.example/cb"),
    ("tab_in_the_host", "https://client\t.example/cb"),
    ("line_break_in_the_path", "https://client.example/c\nb"),
    ("return_in_the_path", "https://client.example/cb\rx"),
    ("null_in_the_host", "https://client.example\0.attacker.example/cb"),
    ("blank_before", " https://client.example/cb"),
    ("blank_behind", "https://client.example/cb "),
    ("blank_in_the_host", "https://client .example/cb"),
    ("no_slashes", "https:client.example/cb"),
    ("one_slash", "https:/client.example/cb"),
    ("three_slashes", "https:///client.example/cb"),
    ("no_scheme", "//client.example/cb"),
    ("no_host", "https:///"),
    ("path_alone", "/cb"),
    ("name_alone", "client.example/cb"),
    ("empty", ""),
    ("homograph_in_cyrillic", "https://\u{441}lient.example/cb"),
    ("fullwidth_letters", "https://\u{ff43}lient.example/cb"),
    ("fullwidth_full_stop", "https://client\u{ff0e}example/cb"),
    ("ideographic_full_stop", "https://client\u{3002}example/cb"),
    ("soft_hyphen", "https://cli\u{ad}ent.example/cb"),
    ("zero_width_space", "https://client.example\u{200b}/cb"),
    ("turned_writing", "https://client.example/\u{202e}bc"),
    ("sharp_s", "https://fa\u{df}.example/cb"),
    ("encoded_beyond_ascii_in_the_host", "https://%D1%81lient.example/cb"),
    ("encoded_slash_in_the_host", "https://client.example%2fattacker.example/cb"),
    ("encoded_at_in_the_host", "https://client.example%40attacker.example/cb"),
    ("http_on_the_web", "http://client.example/cb"),
    ("http_on_another_loopback", "http://127.0.0.2/callback"),
    ("http_on_all_addresses", "http://0.0.0.0/callback"),
    ("http_on_all_of_ipv6", "http://[::]/callback"),
    ("localhost_with_a_dot", "http://localhost./callback"),
    ("localhost_as_a_part", "http://localhost.attacker.example/callback"),
    ("localhost_at_the_end", "http://attacker-localhost/callback"),
    ("localhost_below", "http://a.localhost/callback"),
    ("loopback_as_a_part", "http://127.0.0.1.attacker.example/callback"),
    ("loopback_by_a_service", "http://127.0.0.1.nip.io/callback"),
    ("loopback_mapped", "http://[::ffff:127.0.0.1]/callback"),
    ("loopback_with_a_zone", "http://[::1%25lo]/callback"),
    ("private_address", "http://192.168.0.1/callback"),
    ("metadata_address", "http://169.254.169.254/latest/meta-data"),
    ("port_that_is_none", "https://client.example:99999/cb"),
    ("port_that_is_a_word", "https://client.example:http/cb"),
    ("script", "javascript:alert(1)"),
    ("script_in_capitals", "JaVaScRiPt:alert(1)"),
    ("script_with_slashes", "javascript://client.example/%0aalert(1)"),
    ("data", "data:text/html;base64,PHNjcmlwdD4="),
    ("blob", "blob:https://client.example/cb"),
    ("file", "file:///etc/passwd"),
    ("ftp", "ftp://client.example/cb"),
    ("vbscript", "vbscript:msgbox(1)"),
    ("intent", "intent://client.example/cb#Intent;scheme=https;end"),
    ("scheme_nobody_allowed", "evil-app://cb"),
];

/// Other spellings of what is registered, and what looks like it.
const LIKENESSES: [(&str, &str); 40] = [
    ("slash_behind", "https://client.example/cb/"),
    ("query_added", "https://client.example/cb?next=https://attacker.example/"),
    ("empty_query", "https://client.example/cb?"),
    ("parameter_doubled", "https://client.example/cb?code=attackers"),
    ("fragment_added", "https://client.example/cb#x"),
    ("path_below", "https://client.example/cb/more"),
    ("path_that_begins_alike", "https://client.example/cbx"),
    ("path_in_capitals", "https://client.example/CB"),
    ("path_with_dots", "https://client.example/x/../cb"),
    ("path_that_leaves", "https://client.example/cb/../open-redirect"),
    ("path_with_encoded_dots", "https://client.example/cb/%2e%2e/open-redirect"),
    ("path_with_a_letter_encoded", "https://client.example/%63b"),
    ("path_with_a_null", "https://client.example/cb%00"),
    ("path_with_a_parameter", "https://client.example/cb;x"),
    ("two_slashes_in_the_path", "https://client.example//cb"),
    ("port_of_https", "https://client.example:443/cb"),
    ("another_port", "https://client.example:8443/cb"),
    ("empty_port", "https://client.example:/cb"),
    ("host_in_capitals", "https://CLIENT.example/cb"),
    ("scheme_in_capitals", "HTTPS://client.example/cb"),
    ("host_with_a_dot_behind", "https://client.example./cb"),
    ("host_below", "https://a.client.example/cb"),
    ("host_that_ends_alike", "https://evilclient.example/cb"),
    ("host_that_begins_alike", "https://client.example.attacker.example/cb"),
    ("host_encoded", "https://cl%69ent.example/cb"),
    ("user_added", "https://client.example@attacker.example/cb"),
    ("backslash_and_another_host", r"https://attacker.example\.client.example/cb"),
    ("another_host", "https://attacker.example/cb"),
    ("without_tls", "http://client.example/cb"),
    ("loopback_with_another_path", "http://localhost:51234/other"),
    ("loopback_with_a_slash_behind", "http://localhost:51234/callback/"),
    ("loopback_with_a_query", "http://localhost:51234/callback?next=x"),
    ("loopback_by_another_name", "http://127.0.0.1:51234/callback"),
    ("loopback_of_ipv6", "http://[::1]:51234/callback"),
    ("loopback_in_decimal", "http://2130706433:51234/callback"),
    ("loopback_with_tls", "https://localhost:51234/callback"),
    ("loopback_with_dots", "http://localhost:51234/x/../callback"),
    ("loopback_with_a_user", "http://user@localhost:51234/callback"),
    ("loopback_with_a_dot_behind", "http://localhost.:51234/callback"),
    ("wildcard", "https://*.example/cb"),
];

fn registered() -> Vec<Case> {
    async fn send(world: Arc<World>, uri: &'static str) -> Result<String> {
        let client = HandMade::named(&world.stack, "")?;
        let answer = client.registration(&json!({ "redirect_uris": [uri] })).await?;
        Ok(format!("{} {}", answer.status.as_u16(), answer.text("error")).trim_end().to_owned())
    }
    let mut cases = Cases::new(GROUP, send, ("http://localhost/callback", "201"));
    for (name, uri) in SHAPES {
        cases = cases.add(
            format!("{name}_is_registered"),
            format!("{uri:?} is registered"),
            uri,
            "400 invalid_redirect_uri",
        );
    }
    cases.list()
}

fn asked_for() -> Vec<Case> {
    async fn send(world: Arc<World>, uri: &'static str) -> Result<String> {
        let client = web_client(&world).await?;
        let asked = client.authorization().with("redirect_uri", uri);
        seen(http()?.get(client.authorization_url(&asked)?).send().await?).await
    }
    let mut cases = Cases::new(GROUP, send, (WEB_REDIRECT_URI, "200 consent page"));
    for (name, uri) in LIKENESSES {
        let (attack, control) = (
            (uri, "400 page"),
            if uri.contains("51234") { "http://localhost:51234/callback" } else { WEB_REDIRECT_URI },
        );
        cases = cases.beside(
            format!("{name}_is_asked_for"),
            format!("{uri:?} is asked for"),
            attack,
            (control, "200 consent page"),
        );
    }
    cases.list()
}

/// What is not allowed is left out of a document: nobody is sent there.
fn in_documents() -> Vec<Case> {
    async fn send(world: Arc<World>, (name, uri): (&'static str, &'static str)) -> Result<String> {
        let url = format!("https://redirects.example/{name}");
        let document =
            json!({ "client_id": url, "client_name": "Described", "redirect_uris": [WEB_REDIRECT_URI, uri] });
        world.hosts()?.put(&url, Document::json(&document));
        let client = HandMade::named(&world.stack, &url)?;
        let asked = client.authorization().with("redirect_uri", uri);
        seen(http()?.get(client.authorization_url(&asked)?).send().await?).await
    }
    let mut cases = Cases::new(GROUP, send, (("good", "http://localhost/callback"), "200 consent page"));
    // An empty one is none, and stands for the only one that is allowed.
    for (name, uri) in SHAPES.iter().copied().filter(|(_, uri)| !uri.is_empty()).step_by(7) {
        cases = cases.add(
            format!("{name}_is_in_a_document"),
            format!("{uri:?} stands in a client's document, and is asked for"),
            (name, uri),
            "400 page",
        );
    }
    cases.list()
}
