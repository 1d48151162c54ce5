//! How often the gate allocates while it decides, which is the same on every machine.
#![cfg(not(target_arch = "wasm32"))]

#[path = "support/cognito.rs"]
mod cognito;
#[path = "support/ready.rs"]
mod ready;
mod support;

use ready::Call;

/// The allocations of one decision, the answer included.
fn allocations(call: &Call) -> u64 {
    allocation_counter::measure(|| drop(call.decide())).count_total
}

/// Should one of these change, write the new number down here if it is worth it, and say why in the commit.
#[test]
fn a_decision_allocates_as_often_as_is_written_here() {
    let counted = [
        // The URL and the `traceparent`.
        ("a known token", allocations(&Call::known()), 2),
        ("a known machine's token", allocations(&Call::known_machine()), 2),
        ("a known token, what is called judged by the headers", allocations(&Call::judged()), 8),
        // With the name of the party whose body is read.
        ("a known token, what is called judged by the body", allocations(&Call::read()), 12),
        ("a known token with an assertion too old", allocations(&Call::known_for_long()), 15),
        // Header and claims are read member by member.
        ("a token that comes for the first time", allocations(&Call::first()), 67),
        // With what the log is told of the next one like it.
        ("no token", allocations(&Call::without_token()), 22),
        ("a stranger's token", allocations(&Call::nonsense()), 22),
    ];
    let wrong: Vec<_> = counted.iter().filter(|(_, counted, written)| counted != written).collect();
    assert!(wrong.is_empty(), "what is decided, allocations, what is written: {wrong:#?}");
}
