//! How many instructions core spends on what every request runs, and on what every sign-in pays for.
//!
//! Cognito's signatures are verified by the platform, so a stub says here that they are good.
//!
//! Each is run once under callgrind. `make budgets` compares what it counts with `instructions.txt`, and leaves out what each
//! processor would do in its own way and wasm has not. What may still differ is glibc's choice of a `memcpy` and the seeds
//! of hash maps: less than 1 % together.

#![allow(missing_docs, unreachable_pub, reason = "the harness' macros make more than what is written here")]

#[path = "../tests/support/cognito.rs"]
mod cognito;
#[path = "../tests/support/ready.rs"]
mod ready;
#[path = "../tests/support/mod.rs"]
mod support;

use edgeward_core::{Config, Decision, sealed::RefreshToken};
use gungraun::{Callgrind, prelude::*};
use http::Response;
use ready::{Asked, Call, Sealing, Step};

// What a benchmark is given it also gives back: taking it apart is not measured.

#[library_benchmark]
#[bench::without_token(Call::without_token())]
#[bench::nonsense(Call::nonsense())]
#[bench::forged(Call::forged())]
#[bench::first(Call::first())]
#[bench::known(Call::known())]
#[bench::known_for_long(Call::known_for_long())]
#[bench::judged(Call::judged())]
#[bench::read(Call::read())]
#[bench::known_machine(Call::known_machine())]
fn gate(call: Box<Call>) -> (Box<Call>, Option<Decision>) {
    let gated = call.decide();
    (call, gated)
}

#[library_benchmark]
#[bench::metadata(Asked::metadata())]
#[bench::register(Asked::at(Step::Register))]
#[bench::consent(Asked::at(Step::Consent))]
#[bench::allow(Asked::at(Step::Allow))]
#[bench::callback(Asked::at(Step::Callback))]
#[bench::redeem(Asked::at(Step::Redeem))]
#[bench::refresh(Asked::at(Step::Refresh))]
fn respond(mut asked: Box<Asked>) -> (Box<Asked>, Response<String>) {
    let answer = asked.answer();
    (asked, answer)
}

#[library_benchmark]
#[bench::first_machine(Call::first_machine())]
fn admit(call: Box<Call>) -> (Box<Call>, Decision) {
    let decision = call.admit();
    (call, decision)
}

#[library_benchmark]
#[bench::refresh_token(Sealing::new())]
fn seal(sealing: Box<Sealing>) -> (Box<Sealing>, String) {
    let sealed = sealing.seal();
    (sealing, sealed)
}

#[library_benchmark]
#[bench::refresh_token(Sealing::new())]
fn open(sealing: Box<Sealing>) -> (Box<Sealing>, RefreshToken) {
    let opened = sealing.open();
    (sealing, opened)
}

#[library_benchmark]
#[bench::settings(support::settings(&[]))]
fn start(settings: Vec<(String, String)>) -> (Vec<(String, String)>, Option<Config>) {
    let value = |name: &str| settings.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let config = Config::parse(value).ok();
    (settings, config)
}

library_benchmark_group!(name = budgets, benchmarks = [gate, respond, admit, seal, open, start]);
main!(
    config = LibraryBenchmarkConfig::default().tool(Callgrind::with_args(["--cache-sim=no"])),
    library_benchmark_groups = budgets
);
