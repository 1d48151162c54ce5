//! What `make budgets` has counted is what is recorded, 5 % more or less. More is too slow; less is a gain that could be
//! lost again unnoticed until it is recorded.

use std::{collections::BTreeMap, env, fs};

use serde_json::Value;

const COUNTED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/instructions.json");
const RECORDED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/instructions.txt");
const WRITE: &str = "EDGEWARD_WRITE_INSTRUCTIONS";
/// Where the record was made. Elsewhere there is nothing to compare with.
const ARCHITECTURE: &str = "x86_64";

/// Instructions by what they are spent on.
type Counts = BTreeMap<String, u64>;

/// What the harness printed: a line of JSON for each benchmark.
fn counted() -> Counts {
    let text = fs::read_to_string(COUNTED).expect("nothing is counted: `make budgets` does");
    let count = |line| {
        let benchmark: Value = serde_json::from_str(line).unwrap();
        let name = ["function_name", "id"].map(|member| benchmark[member].as_str().unwrap()).join(" ");
        let metrics = &benchmark["profiles"][0]["data"]["total"]["metrics"];
        (name, metrics["Ir"]["values"]["new"].as_u64().unwrap())
    };
    text.lines().map(count).collect()
}

fn recorded() -> Counts {
    let text = fs::read_to_string(RECORDED).unwrap();
    let rows = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    rows.map(|row| row.rsplit_once(' ').unwrap())
        .map(|(name, count)| (name.trim_end().to_owned(), count.parse().unwrap()))
        .collect()
}

fn is_within_allowance(counted: u64, recorded: u64) -> bool {
    counted.abs_diff(recorded) * 20 <= recorded
}

/// Only what no longer holds is written anew: many small steps must not add up unseen.
fn write(counted: &Counts, recorded: &Counts) {
    let text = fs::read_to_string(RECORDED).unwrap();
    let head = text.lines().take_while(|line| line.starts_with('#'));
    let rows = counted.iter().map(|(name, counted)| {
        let kept = recorded.get(name).filter(|recorded| is_within_allowance(*counted, **recorded));
        format!("{name:24}{:>10}", kept.unwrap_or(counted))
    });
    let lines: Vec<_> = head.map(str::to_owned).chain(rows).collect();
    fs::write(RECORDED, lines.join("\n") + "\n").unwrap();
}

#[test]
fn instructions_are_as_recorded() {
    let (counted, recorded) = (counted(), recorded());
    if env::var_os(WRITE).is_some() {
        return write(&counted, &recorded);
    }
    let mut wrong = Vec::new();
    for (name, count) in &counted {
        let before = recorded.get(name).copied().unwrap_or_default();
        println!("instructions {name:24}{count:>10} of {before:>10}");
        if !is_within_allowance(*count, before) {
            wrong.push(format!("{name}: {before} recorded, {count} counted"));
        }
    }
    let gone = recorded.keys().filter(|name| !counted.contains_key(*name));
    wrong.extend(gone.map(|name| format!("{name}: recorded, not counted")));
    if env::consts::ARCH != ARCHITECTURE {
        println!("not compared: recorded on {ARCHITECTURE}, counted on {}", env::consts::ARCH);
        return;
    }
    assert!(wrong.is_empty(), "{wrong:#?}\nIf it is meant: {WRITE}=1 make budgets, and the commit says why.");
}
