//! The figures as tables, on the screen and in CAPACITY.md.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    cognito::USER_AUTHENTICATION,
    largest::Walls,
    needs::{DEFAULT, LIFETIMES, Need},
    picture,
    recovery::Recovery,
    series::Figures,
};

const BEGIN: &str = "<!-- What follows is written by `CAPACITY_WRITE=1 make capacity`. -->";
const END: &str = "<!-- That was it. -->";

/// Variations that the picture shows.
pub(crate) const SHIPPED_NAME: &str = "as shipped";
pub(crate) const UNTHROTTLED_NAME: &str = "without a throttle";
pub(crate) const NEITHER_NAME: &str = "with neither";

/// All that was found.
pub(crate) struct Results {
    pub(crate) needs: Vec<Need>,
    /// With as many people as the first wall lets through.
    pub(crate) recoveries: Vec<(Walls, Recovery)>,
    /// Half of the people, at the default lifetime.
    pub(crate) half: Recovery,
    pub(crate) variations: Vec<(&'static str, Recovery)>,
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
    [needs(&results.needs), walls(results), recoveries(results), variations(&results.variations)].join("\n")
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

fn walls(results: &Results) -> String {
    let mut table = String::from(
        "### How many users fit\n\n\
         | lifetime | users at 120 authentications/s, the first wall | users at 300 requests/s of the app client, the second |\n\
         |---|---|---|\n",
    );
    for (Walls { lifetime, first, second }, _) in &results.recoveries {
        table += &format!("| {} | {} | {} |\n", name(*lifetime), grouped(*first), grouped(*second));
    }
    table
}

const RECOVERY: &str =
    "steady | most during the outage | most after it | ÷ steady | asked of the edge | back after | users met";

fn recoveries(results: &Results) -> String {
    let mut table = format!(
        "### Ten minutes without Cognito\n\n\
         As shipped, with as many users as the first wall lets through; at 11 o'clock, with lifetimes of hours at 9. Requests a\n\
         second: the most after it must not be more than 300.\n\n\
         | lifetime | users | {RECOVERY} |\n|---|---|---|---|---|---|---|---|---|\n"
    );
    for (Walls { lifetime, first, .. }, recovery) in &results.recoveries {
        table += &format!("| {} | {} | {} |\n", name(*lifetime), grouped(*first), row(recovery));
    }
    let (Walls { lifetime, first, .. }, _) = &results.recoveries[DEFAULT];
    table + &format!("| {} | half, {} | {} |\n", name(*lifetime), grouped(first / 2), row(&results.half))
}

fn variations(variations: &[(&str, Recovery)]) -> String {
    let mut table = format!(
        "### What it takes\n\n\
         At the default lifetime, with as many users as fit.\n\n\
         | what | {RECOVERY} |\n|---|---|---|---|---|---|---|---|\n"
    );
    for (name, recovery) in variations {
        table += &format!("| {name} | {} |\n", row(recovery));
    }
    table
}

fn row(recovery: &Recovery) -> String {
    let Recovery { steady, during, peak, asked, back, met, .. } = recovery;
    format!(
        "{} | {} | **{}** | {:.0} | {} | {} | {:.0} %",
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
