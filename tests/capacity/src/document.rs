//! The figures as tables, on the screen and in CAPACITY.md.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    cases::Case,
    cognito::{APP_CLIENT, USER_AUTHENTICATION},
    largest::Walls,
    needs::{LIFETIMES, Need},
    picture,
    recovery::{Bound, Recovery},
    series::Figures,
};

const BEGIN: &str = "<!-- What follows is written by `CAPACITY_WRITE=1 make capacity`. -->";
const END: &str = "<!-- That was it. -->";

/// All that was found.
pub(crate) struct Results {
    pub(crate) needs: Vec<Need>,
    /// One for each lifetime.
    pub(crate) walls: Vec<Walls>,
    /// As shipped, with as many people as the first wall lets through, and with half of them.
    pub(crate) lifetimes: Vec<(Case, Recovery)>,
    pub(crate) policies: Vec<(Case, Recovery)>,
    pub(crate) instances: Vec<(Case, Recovery)>,
}

impl Results {
    /// Every outage, with what came of it.
    pub(crate) fn cases(&self) -> impl Iterator<Item = &(Case, Recovery)> {
        self.lifetimes.iter().chain(&self.policies).chain(&self.instances)
    }
}

/// Puts tables and picture where people read them.
///
/// # Errors
/// When the document is not there, or has lost its markers.
pub(crate) fn write(results: &Results) -> Result<()> {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let path = tests.join("CAPACITY.md");
    let text = fs::read_to_string(&path).context("CAPACITY.md")?;
    let (before, rest) = text.split_once(BEGIN).context("CAPACITY.md has no beginning of tables")?;
    let (_, after) = rest.split_once(END).context("CAPACITY.md has no end of tables")?;
    fs::write(&path, format!("{before}{BEGIN}\n\n{}\n{END}{after}", tables(results)))?;
    fs::write(tests.join("capacity.svg"), picture::draw(results))?;
    Ok(())
}

/// The tables.
pub(crate) fn tables(results: &Results) -> String {
    [
        needs(&results.needs),
        walls(&results.walls),
        lifetimes(&results.lifetimes),
        policies(&results.policies),
        instances(&results.instances),
    ]
    .join("\n")
}

fn needs(needs: &[Need]) -> String {
    let mut table = String::from(
        "### What people need\n\n\
         Requests a second at Cognito: on average in the busiest hour / p99 of its seconds / most in any second of the day.\n\n\
         | lifetime | users | refresh | token (codes) | JWKS | revoke | authentications, p99 of 120 | busiest hour by formula |\n\
         |---|---|---|---|---|---|---|---|\n",
    );
    for need in needs {
        let Need { refreshes, codes, keys, authentications, .. } = need;
        let three = |figures: &Figures| {
            format!("{} / {} / {}", short(figures.mean), grouped(figures.p99), grouped(figures.peak))
        };
        table += &format!(
            "| {} | {} | {} | {} | {} | 0 | {} % | {} |\n",
            name(need.lifetime),
            grouped(need.people),
            three(refreshes),
            three(codes),
            three(keys),
            grouped((f64::from(authentications.p99) / f64::from(USER_AUTHENTICATION) * 100.0).round() as u32),
            short(need.paper),
        );
    }
    table
}

fn walls(walls: &[Walls]) -> String {
    let mut table = String::from(
        "### How many users fit\n\n\
         | lifetime | users at 120 authentications/s, the first wall | users at 300 requests/s of the app client, the second |\n\
         |---|---|---|\n",
    );
    for Walls { lifetime, first, second } in walls {
        table += &format!("| {} | {} | {} |\n", name(*lifetime), grouped(*first), grouped(*second));
    }
    table
}

const RECOVERY: &str =
    "steady | most during the outage | most after it | bound | ÷ steady | asked of the edge | back after | users met";
const RULE: &str = "---|---|---|---|---|---|---|---|";

fn lifetimes(cases: &[(Case, Recovery)]) -> String {
    let mut table = format!(
        "### Ten minutes without Cognito\n\n\
         As shipped, with as many users as the first wall lets through; at 11 o'clock, with lifetimes of hours at 9. Requests a\n\
         second. The bound: no second after the outage has more than {APP_CLIENT}.\n\n\
         | lifetime | users | {RECOVERY} |\n|---|---|{RULE}\n"
    );
    for (Case { name: users, load, .. }, recovery) in cases {
        let users = if *users == "half" { "half, " } else { "" };
        table += &format!("| {} | {users}{} | {} |\n", name(load.lifetime), grouped(load.people), row(recovery));
    }
    table
}

fn policies(cases: &[(Case, Recovery)]) -> String {
    let mut table = format!(
        "### What it takes\n\n\
         At the default lifetime, with as many users as fit.\n\n\
         | what | {RECOVERY} |\n|---|{RULE}\n"
    );
    for (Case { name, .. }, recovery) in cases {
        table += &format!("| {name} | {} |\n", row(recovery));
    }
    table
}

fn instances(cases: &[(Case, Recovery)]) -> String {
    let mut table = format!(
        "### With more instances\n\n\
         How many instances of the edge serve at a time is the platform's choice.\n\n\
         | instances | what | lifetime | users | {RECOVERY} |\n|---|---|---|---|{RULE}\n"
    );
    for (Case { name: what, load, variation, .. }, recovery) in cases {
        let (instances, users) = (grouped(variation.instances), grouped(load.people));
        table += &format!("| {instances} | {what} | {} | {users} | {} |\n", name(load.lifetime), row(recovery));
    }
    table
}

fn row(recovery: &Recovery) -> String {
    let Recovery { steady, during, peak, over, asked, back, met, .. } = recovery;
    let bound = match recovery.bound() {
        Bound::Holds => "holds".to_owned(),
        Bound::Exceeded => format!("EXCEEDED in {} s", grouped(*over as u32)),
    };
    format!(
        "{} | {} | **{}** | {bound} | {:.0} | {} | {} | {:.0} %",
        short(*steady),
        grouped(*during),
        grouped(*peak),
        f64::from(*peak) / steady,
        grouped(*asked),
        back.map_or("not that day".to_owned(), duration),
        met * 100.0
    )
}

/// The name of a lifetime.
pub(crate) fn name(lifetime: u32) -> &'static str {
    LIFETIMES.iter().find(|(seconds, _)| *seconds == lifetime).map_or("", |(_, name)| name)
}

fn duration(seconds: usize) -> String {
    if seconds < 120 { format!("{seconds} s") } else { format!("{:.0} min", seconds as f64 / 60.0) }
}

fn short(value: f64) -> String {
    match value {
        _ if value >= 100.0 => grouped(value.round() as u32),
        _ if value >= 1.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// With commas.
pub(crate) fn grouped(number: u32) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(|group| String::from_utf8_lossy(group));
    groups.collect::<Vec<_>>().join(",")
}
