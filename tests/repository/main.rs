//! Checks of the repository itself: that documents are true to the code, that modules use only those above them, that scripts
//! fail when a tool fails, that releases name what they contain. They need no running stack.

mod attacks;
mod documents;
mod faults;
mod field;
mod layers;
mod locks;
mod release;
mod requirements;
mod scripts;
#[path = "../support/mod.rs"]
mod support;
mod wrangler;
