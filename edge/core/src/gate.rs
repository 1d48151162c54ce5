//! The gate before the MCP server: who may pass, and what goes along.
//!
//! A plain synchronous function over the head of a request. A token that has passed once is remembered until it expires,
//! and the identity assertion made for it is used for [`ASSERTION_REUSE_SECONDS`].

mod admissions;
mod assertion;
mod decision;
mod head;

mod refusal;

mod decide;
mod machine;

pub use self::{
    admissions::Admissions,
    assertion::ASSERTION_REUSE_SECONDS,
    decision::{Decision, Evidence, Needs},
    head::RequestHead,
    refusal::{GateError, refusal},
};
pub(crate) use self::{
    decide::{Gate, may_call},
    machine::admit,
};
