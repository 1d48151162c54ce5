//! The test double keeps the contract that every adapter is held to, and a port that breaks it is found out.
#![cfg(not(target_arch = "wasm32"))]

mod support;

use std::{cell::Cell, collections::BTreeMap};

use edgeward_contract::{
    Report, Verdict, clock_contract, coordination_contract, count_contract, log_contract, memory_contract,
    randomness_contract, rs256_contract, timer_contract,
};
use edgeward_core::platform::{
    Clock, CoordinationError, Count, Level, Limit, Randomness, RandomnessError, RsaPublicKey, Timer, UnixTime,
    VerificationError, VerifyRs256,
};
use support::{
    Coordinator, START, TestEdge, World, block_on,
    shared_memory::{Mode, SharedMemory},
    yield_once,
};

const CLAUSES: &str = include_str!("../../contract/CLAUSES.md");

/// What the double does otherwise on purpose.
const EXCUSED: [(&str, &str); 2] = [
    ("it waits at least as long as it is told", "time is moved by tests: a wait only lets others go on"),
    ("a short wait ends before a long one", "time is moved by tests: all waits are alike"),
];

/// The document's clauses, by port.
fn documented() -> BTreeMap<&'static str, Vec<&'static str>> {
    let rows = CLAUSES.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let mut clauses = BTreeMap::<_, Vec<_>>::new();
    for (port, clause) in rows {
        clauses.entry(port).or_default().push(clause);
    }
    clauses
}

fn world() -> World {
    let mut world = TestEdge::new().world;
    world.memory = Some(SharedMemory::new(Mode::Works));
    world.allowed.borrow_mut().extend(Limit::ALL.map(|limit| (limit.as_str(), 5)));
    world.coordinator.replace(Some(Coordinator::default()));
    world
}

/// A timer that moves the double's clock.
struct Passing<'a>(&'a World, Cell<u32>);

impl<'a> Passing<'a> {
    fn of(world: &'a World) -> Self {
        Self(world, Cell::default())
    }
}

impl Timer for Passing<'_> {
    async fn sleep(&self, milliseconds: u32) {
        let passed = self.1.get() + milliseconds;
        self.0.now.set(self.0.now.get() + u64::from(passed / 1000));
        self.1.set(passed % 1000);
        yield_once().await;
    }
}

fn memory(world: &World) -> Report {
    block_on(memory_contract(world, world, &Passing::of(world)))
}

fn coordination(world: &World) -> Report {
    block_on(coordination_contract(world, world, &Passing::of(world)))
}

fn all(report: &Report) -> Vec<&str> {
    report.names(|_| true)
}

fn left_out(report: &Report) -> Vec<&str> {
    report.names(|verdict| matches!(verdict, Verdict::LeftOut(_)))
}

#[test]
fn the_double_keeps_every_clause() {
    let world = world();
    let reports = [
        block_on(clock_contract(&world, &Passing::of(&world))),
        block_on(randomness_contract(&world)),
        block_on(timer_contract(&world, &world)),
        block_on(count_contract(&world, &world)),
        block_on(rs256_contract(&world)),
        coordination(&world),
        memory(&world),
        block_on(log_contract(&world, "a reason")),
    ];
    let mut documented = documented();
    let fetch = documented.remove("fetch").unwrap();
    println!("fetch: {} clauses are left out: its replies are scripted by each test", fetch.len());
    let mut broken = Vec::new();
    for report in &reports {
        assert_eq!(Some(all(report)), documented.remove(report.port), "CLAUSES.md, {}", report.port);
        assert!(left_out(report).is_empty(), "{report:#?}");
        println!("{}: {} clauses", report.port, report.clauses.len());
        for name in report.broken() {
            let (_, reason) = EXCUSED.iter().find(|(known, _)| *known == name).unwrap_or_else(|| panic!("{report:#?}"));
            println!("{}: `{name}` is left out: {reason}", report.port);
            broken.push(name);
        }
    }
    assert_eq!(broken, EXCUSED.map(|(name, _)| name));
    assert!(documented.is_empty(), "CLAUSES.md has {documented:?}");
    let levels: Vec<_> = world.records.borrow().iter().map(|record| record.level).collect();
    assert_eq!(levels, [Level::Info, Level::Warn, Level::Alert]);
}

#[test]
fn what_a_platform_does_not_have_is_left_out() {
    let world = TestEdge::new().world;
    for report in [memory(&world), coordination(&world)] {
        assert_eq!(left_out(&report), all(&report));
    }
    let report = block_on(count_contract(&world, &world));
    assert!(report.broken().is_empty(), "{report:#?}");
    assert_eq!(left_out(&report), all(&report)[1..]);
    assert!(report.to_json_lines().lines().all(|line| line.starts_with('{')), "a line a clause");
}

#[test]
fn a_platform_that_fails_breaks_every_clause() {
    let world = world();
    world.cannot_verify.set(true);
    world.coordinator.borrow_mut().as_mut().unwrap().fails = Some(CoordinationError::TooSlow);
    world.memory.as_ref().unwrap().set(Mode::Fails);
    for report in [block_on(rs256_contract(&world)), coordination(&world), memory(&world)] {
        assert_eq!(report.broken(), all(&report));
    }
}

#[test]
fn a_memory_that_loses_or_mixes_up_values_is_found_out() {
    let finds = "what was put is found, under its name alone";
    let notes = "a name is noted once";
    for (mode, clauses) in
        [(Mode::Forgets, vec![finds, notes]), (Mode::Garbage, vec![finds]), (Mode::Swaps, vec![finds])]
    {
        let world = world();
        world.memory.as_ref().unwrap().set(mode);
        let report = memory(&world);
        for clause in clauses {
            assert!(report.broken().contains(&clause), "{mode:?}: {report:#?}");
        }
    }
}

#[test]
fn leases_and_values_that_never_end_are_found_out() {
    let world = world();
    // With a timer that does not move the clock, nothing ends.
    let report = block_on(coordination_contract(&world, &world, &world));
    assert_eq!(report.broken(), ["a lease that is not renewed ends", "an answer is gone after its lifetime"]);
    let report = block_on(memory_contract(&world, &world, &world));
    assert_eq!(report.broken(), ["a value is gone after its time", "a note is gone after its time"]);
    let report = block_on(clock_contract(&world, &world));
    assert_eq!(report.broken(), ["it moves while requests wait"]);
}

/// A port with a fault.
struct Faulty<F>(F);

impl<F: Fn() -> u64> Clock for Faulty<F> {
    fn now(&self) -> UnixTime {
        UnixTime::from_secs(self.0())
    }
}

impl<F: Fn(&mut [u8])> Randomness for Faulty<F> {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), RandomnessError> {
        self.0(bytes);
        Ok(())
    }
}

impl<F: Fn(Limit, String) -> bool> Count for Faulty<F> {
    async fn is_within(&self, limit: Limit, name: String) -> bool {
        self.0(limit, name)
    }
}

impl<F: Fn(&[u8]) -> bool> VerifyRs256 for Faulty<F> {
    async fn verify_rs256(&self, _: &RsaPublicKey, _: &[u8], signature: &[u8]) -> Result<bool, VerificationError> {
        Ok(self.0(signature))
    }
}

#[test]
fn a_wrong_clock_is_found_out() {
    let world = world();
    let readings = Cell::new(START);
    let step = |by: i64| {
        readings.set(readings.get().wrapping_add_signed(by));
        readings.get()
    };
    let clauses = |port: &dyn Fn() -> u64| {
        let report = block_on(clock_contract(&Faulty(port), &world));
        report.broken().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(clauses(&|| step(-1)), ["it does not go back", "it moves while requests wait"]);
    assert_eq!(clauses(&|| step(1_000)), ["it moves while requests wait"]);
    assert_eq!(
        clauses(&|| START * 1000),
        ["it tells a time after 2025 and before 2100", "it moves while requests wait"]
    );
}

#[test]
fn bytes_that_are_not_random_are_found_out() {
    let world = world();
    let [fills, alike, balanced] =
        ["it fills all bytes, whatever their number", "no two fills are alike", "ones are as frequent as zeros"];
    let zeros = block_on(randomness_contract(&Faulty(|_: &mut [u8]| {})));
    assert_eq!(zeros.broken(), [fills, alike, balanced]);
    let fixed = block_on(randomness_contract(&Faulty(|bytes: &mut [u8]| bytes.fill(0b0101_0101))));
    assert_eq!(fixed.broken(), [alike]);
    let short = block_on(randomness_contract(&Faulty(|bytes: &mut [u8]| {
        let most = bytes.len().min(1_024);
        world.fill(&mut bytes[..most]).unwrap();
    })));
    assert_eq!(short.broken(), [fills, balanced]);
}

#[test]
fn a_counter_that_mixes_names_or_limits_up_is_found_out() {
    let world = world();
    let counted = |port: &dyn Fn(Limit, String) -> bool| {
        let report = block_on(count_contract(&Faulty(port), &world));
        report.broken().into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    let within = |limit, name| block_on(world.is_within(limit, name));
    let [first, no, names, limits] = [
        "the first request of a name is within every limit",
        "it says no to a name over the limit, for every limit",
        "it counts names apart",
        "it counts limits apart",
    ];
    assert_eq!(counted(&|limit, _| within(limit, String::new())), [names, limits]);
    assert_eq!(counted(&|_, name| within(Limit::Calls, name)), [limits]);
    assert_eq!(counted(&|limit, name| limit == Limit::Grant || within(limit, name)), [no]);
    assert_eq!(counted(&|_, _| false), [first, names, limits]);
}

#[test]
fn a_verifier_that_says_always_the_same_is_found_out() {
    let good = ["keys of 2048, 3072 and 4096 bits verify", "any message verifies"];
    let together = "verdicts of requests at the same time are each their own";
    let yes = block_on(rs256_contract(&Faulty(|_: &[u8]| true)));
    assert_eq!(all(&yes).len() - yes.broken().len(), good.len(), "{yes:#?}");
    assert!(good.iter().all(|clause| !yes.broken().contains(clause)), "{yes:#?}");
    let no = block_on(rs256_contract(&Faulty(|_: &[u8]| false)));
    assert_eq!(no.broken(), [good[0], good[1], together]);
    // One that looks at the length alone.
    let careless = block_on(rs256_contract(&Faulty(|signature: &[u8]| matches!(signature.len(), 256 | 384 | 512))));
    assert!(careless.broken().contains(&"a changed signature is false"), "{careless:#?}");
}
