//! Edgeward's black-box suites, demo and development stack.

pub mod weather;
