#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod report;

mod concurrency;

mod clock;
mod coordination;
mod count;
mod fetch;
mod log;
mod memory;
mod randomness;
mod rs256;
mod timer;

mod run;

pub use clock::clock_contract;
pub use coordination::coordination_contract;
pub use count::count_contract;
pub use fetch::{Peer, fetch_contract};
pub use log::log_contract;
pub use memory::memory_contract;
pub use randomness::randomness_contract;
pub use report::{Clause, Report, Verdict};
pub use rs256::rs256_contract;
pub use run::{PORTS, run};
pub use timer::timer_contract;
