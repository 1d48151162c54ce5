//! The fuzz targets, one module each: `check` reads what a fuzzer made, hands it to Edgeward, and panics when the outcome
//! is not what a second opinion says. Seeds are in `seeds/`, in the form that each module's `check` describes.
#![allow(clippy::unwrap_used, reason = "a panic is how a finding is told")]

pub mod access_token;
pub mod authorization;
pub mod authorize;
pub mod client_assertion;
pub mod cognito_tokens;
pub mod cookies;
pub mod document_url;
pub mod form;
pub mod identity_assertion;
pub mod json_rpc;
pub mod jwks;
pub mod machine_token;
pub mod metadata_document;
pub mod mirrored_headers;
pub mod redirect_uri;
pub mod registration;
pub mod sealed;
pub mod settings;

use std::{
    cell::{Cell, OnceCell},
    rc::Rc,
};

use support::TestEdge;

mod browser;
mod jwt;
mod page;
// The edge with a fake clock and a scripted identity provider that the core's own tests have.
#[path = "../../../edge/core/tests/support/mod.rs"]
mod support;

thread_local! {
    static EDGE: OnceCell<Rc<TestEdge>> = const { OnceCell::new() };
    static ACCEPTED: Cell<usize> = const { Cell::new(0) };
}

/// One edge for all inputs of a target: for those to which it makes no difference what it remembers.
fn edge(overrides: &[(&str, &str)]) -> Rc<TestEdge> {
    let edge = EDGE.with(|edge| Rc::clone(edge.get_or_init(|| TestEdge::with(overrides).into())));
    edge.world.records.borrow_mut().clear();
    edge.world.fetched.borrow_mut().clear();
    edge.world.replies.borrow_mut().clear();
    edge
}

/// Notes that an input was accepted: a target that accepts none of its seeds tests nothing.
fn accept() {
    ACCEPTED.with(|accepted| accepted.set(accepted.get() + 1));
}

/// How many inputs were accepted on this thread.
pub fn accepted() -> usize {
    ACCEPTED.with(Cell::get)
}

/// All targets, by name.
pub const TARGETS: [(&str, fn(&[u8])); 18] = [
    ("access_token", access_token::check),
    ("authorization", authorization::check),
    ("authorize", authorize::check),
    ("client_assertion", client_assertion::check),
    ("cognito_tokens", cognito_tokens::check),
    ("cookies", cookies::check),
    ("document_url", document_url::check),
    ("form", form::check),
    ("identity_assertion", identity_assertion::check),
    ("json_rpc", json_rpc::check),
    ("jwks", jwks::check),
    ("machine_token", machine_token::check),
    ("metadata_document", metadata_document::check),
    ("mirrored_headers", mirrored_headers::check),
    ("redirect_uri", redirect_uri::check),
    ("registration", registration::check),
    ("sealed", sealed::check),
    ("settings", settings::check),
];

/// The lines of an input: `N` of them, of which the last has all that is left. `None` if there are fewer.
fn lines<const N: usize>(data: &[u8]) -> Option<[&str; N]> {
    let lines: Vec<&str> = str::from_utf8(data).ok()?.splitn(N, '\n').collect();
    lines.try_into().ok()
}
