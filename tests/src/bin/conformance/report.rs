//! What the tool has written down, counted.

use std::{fs, path::Path};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// Checks that passed and that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Tally {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

/// Counts the checks of those scenarios in a folder of results that are `counted`, and says what is not well; `content` is
/// what the tool itself thinks.
pub(crate) fn of(
    what: &str,
    revision: &str,
    results: &Path,
    expected: usize,
    content: bool,
    counted: &dyn Fn(&str) -> bool,
) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut complaints = Vec::new();
    let mut scenarios = 0;
    for entry in fs::read_dir(results)? {
        let folder = entry?.path();
        let scenario = scenario(&folder.file_name().unwrap_or_default().to_string_lossy());
        if !counted(&scenario) {
            continue;
        }
        let text =
            fs::read(folder.join("checks.json")).with_context(|| format!("no results in {}", folder.display()))?;
        let checks: Vec<Value> = serde_json::from_slice(&text)?;
        let before = tally;
        for check in &checks {
            match check["status"].as_str().unwrap_or_default() {
                "SUCCESS" => tally.passed += 1,
                "FAILURE" => {
                    tally.failed += 1;
                    complaints.push(complaint("failed", &scenario, check));
                }
                "WARNING" => complaints.push(complaint("warning", &scenario, check)),
                "SKIPPED" => complaints.push(complaint("skipped", &scenario, check)),
                _ => {}
            }
        }
        ensure!(tally != before || scenario == UNFINISHED, "{scenario} has checked nothing");
        scenarios += 1;
    }
    ensure!(scenarios == expected, "{scenarios} scenarios were run instead of {expected}");
    ensure!(content || tally.failed > 0, "the tool is not content, though it says of no check that it failed");
    println!("  {what:<15} {revision}  {scenarios:>2} scenarios {:>4} passed {:>3} failed", tally.passed, tally.failed);
    complaints.sort();
    for complaint in complaints {
        println!("      {complaint}");
    }
    Ok(tally)
}

/// A folder's name without what the tool puts around the scenario's: the kind of run, and the time.
fn scenario(folder: &str) -> String {
    let name = folder.strip_prefix("authorization-server-").or_else(|| folder.strip_prefix("server-"));
    let name = name.unwrap_or(folder);
    name.get(..name.len().saturating_sub(TIME.len())).unwrap_or(name).to_owned()
}

/// As it is written there.
const TIME: &str = "-2026-07-28T12-00-00-000Z";
/// The tool's authors have not written its checks yet: it skips itself, whoever is asked.
const UNFINISHED: &str = "tasks-status-notifications";

fn complaint(kind: &str, scenario: &str, check: &Value) -> String {
    let why = check["errorMessage"].as_str().or_else(|| check["details"]["message"].as_str());
    format!("{kind}: {scenario}, {}: {}", check["id"].as_str().unwrap_or_default(), why.unwrap_or("no reason given"))
}
