//! Where a body ends: told twice, wrongly, or so that two readers see two requests.

use std::sync::Arc;

use anyhow::Result;

use super::{
    case::{Case, Cases},
    raw,
};
use crate::world::World;

const GROUP: &str = "framing";
const FORM: &str = "application/x-www-form-urlencoded";

/// How a body says how long it is.
#[derive(Clone, Copy)]
struct Framed(&'static str, &'static str);

pub(super) fn cases() -> Vec<Case> {
    async fn send(world: Arc<World>, Framed(fields, body): Framed) -> Result<String> {
        let request = format!(
            "POST /revoke HTTP/1.1\r\nHost: {}\r\nContent-Type: {FORM}\r\nConnection: close\r\n{fields}\r\n\r\n{body}",
            raw::address(&world)
        );
        raw::send(&world, request.as_bytes()).await
    }
    // What would be a request of its own, were it taken for one.
    const SMUGGLED: &str = "0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    Cases::new(GROUP, send, (Framed("Content-Length: 37", "client_id=tests-public&token=nonsense"), "200"))
        .add(
            "a_length_and_chunks",
            "`Content-Length` and `Transfer-Encoding: chunked`: the chunks count, and the request behind the last one is none",
            Framed("Content-Length: 4\r\nTransfer-Encoding: chunked", SMUGGLED),
            "401 invalid_client",
        )
        .add(
            "two_lengths",
            "two `Content-Length` that differ",
            Framed("Content-Length: 37\r\nContent-Length: 3", "client_id=tests-public&token=nonsense"),
            "400",
        )
        .add("a_length_that_is_negative", "`Content-Length: -1`", Framed("Content-Length: -1", ""), "400")
        .add(
            "a_length_with_a_sign",
            "`Content-Length: +37`",
            Framed("Content-Length: +37", "client_id=tests-public&token=nonsense"),
            "400",
        )
        .add(
            "chunks_of_another_name",
            "`Transfer-Encoding: xchunked`, and a request behind it",
            Framed("Transfer-Encoding: xchunked", SMUGGLED),
            "400",
        )
        .add(
            "a_field_folded",
            "a header field on two lines",
            Framed("X-Folded: a\r\n b\r\nContent-Length: 37", "client_id=tests-public&token=nonsense"),
            "400",
        )
        .add(
            "a_blank_before_the_colon",
            "`Content-Length : 37`",
            Framed("Content-Length : 37", "client_id=tests-public&token=nonsense"),
            "400",
        )
        .list()
}
