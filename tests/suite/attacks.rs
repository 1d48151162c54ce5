//! What attackers try, and what comes of it: cases as data, which `tests/ATTACKS.md` is made of.
//!
//! A case sends two things with the same machinery: the attack, and what it would be if it were none. What is answered is
//! told in a few words, and both tellings must be those of the case. So a refusal that refuses everything is noticed.

mod abandoned;
mod bodies;
mod browser_parameters;
mod case;
mod claims;
mod client_ids;
mod code_flow;
mod cookies;
mod document;
mod forged;
mod framing;
mod headers;
mod hosts;
mod injection;
mod limits;
mod open_redirects;
mod origin;
mod parameters;
mod paths;
mod proofs;
mod raw;
mod redirect_uris;
mod rsa_proofs;
mod scene;
mod sealed;
mod seen;
mod sessions;
mod sign_in;
mod token_forms;

use case::Case;
use libtest_mimic::Trial;

use crate::world::Test;

/// Every case, by groups.
fn cases() -> Vec<Case> {
    [
        parameters::cases(),
        browser_parameters::cases(),
        bodies::cases(),
        abandoned::cases(),
        framing::cases(),
        paths::cases(),
        headers::cases(),
        hosts::cases(),
        cookies::cases(),
        injection::cases(),
        limits::cases(),
        redirect_uris::cases(),
        forged::cases(),
        token_forms::cases(),
        claims::cases(),
        proofs::cases(),
        rsa_proofs::cases(),
        sealed::cases(),
        sign_in::cases(),
        open_redirects::cases(),
        code_flow::cases(),
        client_ids::cases(),
        origin::cases(),
        sessions::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

pub(crate) fn tests() -> Vec<Test> {
    cases().into_iter().map(Case::test).collect()
}

/// They need no stack.
pub(crate) fn document_tests() -> Vec<Trial> {
    document::tests()
}
