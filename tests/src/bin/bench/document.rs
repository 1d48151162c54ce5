//! `BENCHMARKS.md`: what was measured stands between two marks, what people wrote around them stays.

use std::{
    fmt::Write as _,
    fs, io,
    process::Command,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::place;
use serde_json::Value;

use crate::{budgets::Budget, figures::Figures, plot, report, scene::Scene};

const BEGIN: &str = "<!-- measured: begin; written by `BENCH_WRITE=1 make bench` -->";
const END: &str = "<!-- measured: end -->";

/// Writes it, and the plot.
///
/// # Errors
/// When it cannot, or the marks are not there.
pub(crate) fn write(scene: &Scene, figures: &Figures, budgets: &[Budget]) -> Result<()> {
    let root = place::checkout();
    let path = root.join("BENCHMARKS.md");
    let old = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => format!("# Benchmarks\n\n{BEGIN}\n{END}\n"),
        old => old.with_context(|| format!("cannot read {}", path.display()))?,
    };
    let measured = measured(scene, figures, budgets)?;
    fs::write(&path, replaced(&old, &measured)?).with_context(|| format!("cannot write {}", path.display()))?;
    fs::write(root.join("tests/benchmarks.svg"), plot::svg(figures)).context("cannot write the plot")?;
    Ok(())
}

fn replaced(old: &str, measured: &str) -> Result<String> {
    let (before, rest) = old.split_once(BEGIN).context("BENCHMARKS.md does not say where the figures begin")?;
    let (_, after) = rest.split_once(END).context("BENCHMARKS.md does not say where the figures end")?;
    Ok(format!("{before}{BEGIN}\n\n{measured}\n{END}{after}"))
}

fn measured(scene: &Scene, figures: &Figures, budgets: &[Budget]) -> Result<String> {
    let settings = &scene.settings;
    let mut text = format!(
        "{} rounds of {} s a figure, in turn; medians, and the least and the most of the rounds. {}.\n\n{}.\n\n\
         ![CPU, p99, refusals and sign-ins, as bars](tests/benchmarks.svg)\n\n",
        settings.rounds,
        settings.time.as_secs_f64(),
        date()?,
        versions()?.join("; ")
    );
    for (name, reason) in &scene.absent {
        writeln!(text, "Skipped: {name}: {reason}.\n")?;
    }
    text.push_str("| budget | must | measured | |\n|---|---|---|---|\n");
    for row in budgets.iter().map(report::verdict) {
        writeln!(text, "| {} |", row.join(" | "))?;
    }
    text.push_str("\n| figure | | median | spread |\n|---|---|---|---|\n");
    for row in report::table(figures) {
        writeln!(text, "| {} |", row.join(" | "))?;
    }
    writeln!(text, "\n```\n{}```", report::ratios(figures))?;
    Ok(text)
}

fn date() -> Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).context("a clock before 1970")?.as_secs();
    let now = chrono::DateTime::from_timestamp(i64::try_from(now)?, 0).context("a clock beyond all dates")?;
    Ok(now.format("%Y-%m-%d").to_string())
}

/// What was run, and on what kind of machine.
fn versions() -> Result<Vec<String>> {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let models: Vec<_> = processors
        .lines()
        .filter_map(|line| Some(line.strip_prefix("model name")?.split_once(':')?.1.trim()))
        .collect();
    let library = place::checkout().join("tests/tools/node_modules/@cloudflare/workers-oauth-provider/package.json");
    let library: Value = serde_json::from_str(&fs::read_to_string(library).context("the library is not installed")?)?;
    let fastmcp = fs::read_to_string(place::checkout().join("tests/tools/fastmcp.txt"))?;
    let workerd = Command::new(place::workerd()?).arg("--version").output().context("cannot run workerd")?;
    ensure!(workerd.status.success(), "workerd does not tell its version");
    Ok(vec![
        format!("{} processors, {}", models.len(), models.first().unwrap_or(&"of unknown kind")),
        String::from_utf8_lossy(&workerd.stdout).trim().to_owned(),
        format!("workers-oauth-provider {}", library["version"].as_str().unwrap_or_default()),
        fastmcp.trim().replace("==", " "),
        concat!("Rust ", env!("CARGO_PKG_RUST_VERSION")).to_owned(),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_around_the_figures_stays() {
        let old = format!("# Title\n{BEGIN}\nold\n{END}\n## By hand\n");
        assert_eq!(replaced(&old, "new\n").expect("marks"), format!("# Title\n{BEGIN}\n\nnew\n\n{END}\n## By hand\n"));
        assert!(replaced("# Title\n", "new").is_err(), "nothing is written over");
    }
}
