//! The documents are true to the code: settings, targets, events and links that they name are there.

use std::{collections::BTreeSet, path::Path};

use crate::support::{
    README, codes, documents, is_target,
    markdown::{anchors, fenced_lines, lines, links},
    read, root,
};

const NAMES: &str = include_str!("../../shared/src/names.rs");
const DEV: &str = include_str!("../src/bin/dev.rs");

/// The README may not grow: the reference is in `docs/`.
const MOST_README_LINES: usize = 150;

/// README and `docs/`: path and text.
fn guide() -> Vec<(String, String)> {
    let pages = documents("docs").into_iter().map(|path| path.to_str().unwrap().to_owned());
    let all: Vec<_> = pages.chain(["README.md".to_owned()]).map(|path| (path.clone(), read(path))).collect();
    assert!(all.len() > 10, "{} pages", all.len());
    all
}

/// Every setting that edge or origin reads.
fn settings() -> BTreeSet<&'static str> {
    let quoted = NAMES.split('"').skip(1).step_by(2);
    quoted.filter(|name| is_setting(name)).collect()
}

fn is_setting(word: &str) -> bool {
    (word.starts_with("EDGEWARD_") || word.starts_with("COGNITO_"))
        && !word.ends_with('_')
        && word.bytes().all(|c| c.is_ascii_uppercase() || c == b'_')
}

/// The settings that a document names, with or without a value.
fn named_settings(document: &str) -> BTreeSet<&str> {
    let names = codes(document).into_iter().filter_map(|code| code.split('=').next());
    names.filter(|name| is_setting(name)).collect()
}

/// Cells of a section's table rows, without its head.
fn rows<'a>(document: &'a str, section: &str) -> Vec<Vec<&'a str>> {
    let heading = format!("## {section}");
    let lines = lines(document).skip_while(|line| *line != heading).skip(1).take_while(|line| !line.starts_with("## "));
    let rows = lines.filter(|line| line.starts_with("| "));
    rows.skip(1).map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

#[test]
fn the_readme_stays_short() {
    let count = README.lines().count();
    assert!(count <= MOST_README_LINES, "{count} lines: move the reference to docs/");
}

#[test]
fn the_page_of_settings_names_every_setting_and_no_other() {
    assert_eq!(named_settings(&read("docs/settings.md")), settings());
}

#[test]
fn no_page_names_a_setting_that_is_not_there() {
    for (path, text) in guide() {
        let unknown: Vec<_> = named_settings(&text)
            .into_iter()
            .filter(|name| !settings().contains(name) && !DEV.contains(&format!("\"{name}\"")))
            .collect();
        assert!(unknown.is_empty(), "{path} names {unknown:?}");
    }
}

#[test]
fn the_development_stack_has_the_ports_of_its_page() {
    let clients = read("docs/clients.md");
    let rows = rows(&clients, "Try it on this machine");
    assert_eq!(rows.len(), 4, "{rows:?}");
    for row in rows {
        let [_, address, variable] = row[..] else { panic!("{row:?}") };
        let port = address.rsplit(':').next().unwrap();
        let chosen = format!("chosen(\"{}\", {port},", variable.trim_matches('`'));
        assert!(DEV.contains(&chosen), "make dev does not say {chosen}");
    }
}

#[test]
fn every_target_that_is_named_is_there() {
    let mut count = 0;
    for (path, text) in guide() {
        let calls = codes(&text).into_iter().chain(fenced_lines(&text)).filter(|code| code.starts_with("make "));
        for call in calls {
            // What follows the target are variables, and a comment.
            let target: Vec<_> = call.split_whitespace().take(2).collect();
            assert!(is_target(&target.join(" ")), "{path} names {call}");
            count += 1;
        }
    }
    assert!(count > 30, "{count} targets");
}

#[test]
fn every_folder_of_the_readme_is_there() {
    let folders = codes(README).into_iter().filter(|code| code.ends_with('/') && !code.starts_with('/'));
    let folders: Vec<_> = folders.collect();
    assert!(folders.len() > 5, "{folders:?}");
    for folder in folders {
        assert!(root().join(folder).is_dir(), "{folder} is not there");
    }
}

#[test]
fn every_alert_has_a_row_that_says_what_to_do() {
    let (audit, page) = (read("edge/core/AUDIT.md"), read("docs/observability.md"));
    let events = rows(&audit, "Events").into_iter().filter(|row| row[1].contains("alert"));
    let alerts: BTreeSet<_> = events.flat_map(|row| codes(row[0])).collect();
    let described: BTreeSet<_> = rows(&page, "Set alerts").into_iter().flat_map(|row| codes(row[0])).collect();
    assert!(alerts.len() > 8, "{alerts:?}");
    assert_eq!(described, alerts);
}

#[test]
fn the_page_about_cost_has_the_prices_of_the_infra_readme() {
    let (page, prices) = (read("docs/cost.md"), read("infra/README.md"));
    let named: Vec<_> = page.split(" USD").filter_map(|before| before.rsplit(' ').next()).collect();
    // The last part has no price after it.
    let (_, named) = named.split_last().unwrap();
    assert!(!named.is_empty());
    for price in named {
        assert!(prices.contains(&format!(" {price} USD")), "{price} USD is not in infra/README.md");
    }
}

#[test]
fn every_page_is_in_the_index() {
    let index = links(&read("docs/README.md"));
    for (path, _) in guide() {
        let Some(page) = path.strip_prefix("docs/").filter(|page| *page != "README.md") else { continue };
        assert!(index.iter().any(|link| link == page), "docs/README.md does not name {page}");
    }
}

#[test]
fn every_link_leads_to_a_file_and_a_heading_that_are_there() {
    let mut broken = Vec::new();
    let mut count = 0;
    for path in documents(".") {
        let text = read(&path);
        for link in links(&text) {
            if link.contains("://") {
                continue;
            }
            count += 1;
            if !leads_somewhere(&path, &text, &link) {
                broken.push(format!("{}: {link}", path.display()));
            }
        }
    }
    assert!(count > 150, "{count} links");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Whether a link in the document at `path` leads to a file, and its anchor to a heading there.
fn leads_somewhere(path: &Path, text: &str, link: &str) -> bool {
    let (file, anchor) = link.split_once('#').map_or((link, None), |(file, anchor)| (file, Some(anchor)));
    let target = path.parent().unwrap().join(file);
    let target = if file.is_empty() { path } else { &target };
    match anchor {
        None => root().join(target).exists(),
        Some(anchor) if file.is_empty() => anchors(text).contains(anchor),
        Some(anchor) => root().join(target).is_file() && anchors(&read(target)).contains(anchor),
    }
}

#[test]
fn anchors_are_those_that_github_makes() {
    let document =
        "# Why …\n## What `check` looks at\n```sh\n# no heading\n```\n## E-mail, and `_x`\n## Why …\n#no heading\n";
    let expected = ["why-", "what-check-looks-at", "e-mail-and-_x", "why--1"];
    assert_eq!(anchors(document), expected.map(str::to_owned).into());
    assert_eq!(links("[a](b#c) `[no](link)` ![d](e.png)"), ["b#c", "e.png"]);
    assert!(!leads_somewhere(Path::new("docs/README.md"), "", "../README.md#no-such-heading"));
    assert!(!leads_somewhere(Path::new("docs/README.md"), "# A", "#b"));
    assert!(!leads_somewhere(Path::new("docs/README.md"), "", "no-such-page.md"));
}
