//! What the tests of the documents read of Markdown: lines outside fenced blocks, links, anchors of headings.

use std::collections::{BTreeMap, BTreeSet};

/// Lines outside fenced blocks. A block may be indented, as in a list.
pub(crate) fn lines(document: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    document.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        fenced ^= is_fence;
        !fenced && !is_fence
    })
}

/// Lines of fenced blocks.
pub(crate) fn fenced_lines(document: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    document.lines().map(str::trim_start).filter(move |line| {
        let is_fence = line.starts_with("```");
        fenced ^= is_fence;
        fenced && !is_fence
    })
}

/// Where links and pictures lead. Code is no link.
pub(crate) fn links(document: &str) -> Vec<String> {
    let without_code = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("`");
    let text: Vec<_> = lines(document).map(without_code).collect();
    let targets = text.iter().flat_map(|line| line.split("](").skip(1)).filter_map(|rest| rest.split_once(')'));
    targets.map(|(target, _)| target.to_owned()).collect()
}

/// The anchors that GitHub gives to the headings of a document.
pub(crate) fn anchors(document: &str) -> BTreeSet<String> {
    let mut times = BTreeMap::new();
    let headings = lines(document).filter_map(|line| {
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        title.strip_prefix(' ').filter(|_| (1..=6).contains(&level))
    });
    let slugs = headings.map(slug).map(|slug| {
        let count = times.entry(slug.clone()).or_insert(0);
        *count += 1;
        if *count == 1 { slug } else { format!("{slug}-{}", *count - 1) }
    });
    slugs.collect()
}

/// GitHub's rule: lower case; letters, digits, `_` and `-` stay; a blank becomes `-`; all else goes.
fn slug(title: &str) -> String {
    let is_kept = |c: &char| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ');
    let kept = title.trim().chars().filter(is_kept);
    kept.map(|c| if c == ' ' { '-' } else { c }).flat_map(char::to_lowercase).collect()
}
