//! `tests/ATTACKS.md`: the table of the cases is made of them.

use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use anyhow::{Context as _, Result, ensure};
use edgeward_tests::place;

use libtest_mimic::{Failed, Trial};

use super::cases;

/// Set to anything, the table is written instead of compared.
const WRITE: &str = "EDGEWARD_WRITE_ATTACKS";
const BEGIN: &str = "<!-- The cases begin. Written by the suite. -->\n";
const END: &str = "<!-- The cases end. -->\n";

pub(super) fn tests() -> Vec<Trial> {
    let test = || the_document_is_up_to_date().map_err(|error| Failed::from(format!("{error:#}")));
    vec![Trial::test("attacks::the_document_is_up_to_date", test)]
}

fn path() -> PathBuf {
    place::checkout().join("tests/ATTACKS.md")
}

fn table() -> Result<String> {
    let (mut text, mut group) = (String::new(), "");
    for case in &cases() {
        if case.group != group {
            group = case.group;
            let count = cases().iter().filter(|other| other.group == group).count();
            writeln!(
                text,
                "\n### {group}: {count}\n\n| case | what is tried | answer | without it |\n|---|---|---|---|"
            )?;
        }
        let tried = case.tried.replace('|', "\\|");
        writeln!(text, "| `{}` | {tried} | {} | {} |", case.name, case.answer, case.control)?;
    }
    text.push('\n');
    Ok(text)
}

fn the_document_is_up_to_date() -> Result<()> {
    let names: Vec<String> = cases().iter().map(super::Case::full_name).collect();
    ensure!(names.len() == names.iter().collect::<BTreeSet<_>>().len(), "two cases of one name");
    let document = fs::read_to_string(path())?;
    let (before, rest) = document.split_once(BEGIN).context("no beginning of the cases")?;
    let (_, after) = rest.split_once(END).context("no end of the cases")?;
    let current = format!("{before}{BEGIN}{}{END}{after}", table()?);
    if std::env::var_os(WRITE).is_some() {
        fs::write(path(), current)?;
        return Ok(());
    }
    let named = before.split('`').filter(|word| word.starts_with("attacks::") && word.matches("::").count() == 2);
    let unknown: BTreeSet<_> = named.filter(|word| !names.iter().any(|name| name == word)).collect();
    ensure!(unknown.is_empty(), "no such cases: {unknown:#?}");
    ensure!(document == current, "tests/ATTACKS.md is not up to date; {WRITE}=1 and this test again write it");
    Ok(())
}
