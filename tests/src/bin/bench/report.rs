//! What is told: a table for people, lines for machines, and the budgets.

use std::fmt::Write as _;

use crate::{
    budgets::Budget,
    figures::{self, Figure, Figures, names},
};

/// The table: each figure's median, with the least and the most of its rounds.
pub(crate) fn table(figures: &Figures) -> Vec<[String; 4]> {
    let mut rows = Vec::new();
    for figure in figures::ALL {
        for peer in figures.peers() {
            let (Some(median), Some((least, most))) = (figures.median(*figure, peer), figures.spread(*figure, peer))
            else {
                continue;
            };
            let Figure { what, unit, .. } = figure;
            let spread = if least < most { format!("{}–{}", number(least), number(most)) } else { String::new() };
            rows.push([(*what).to_owned(), peer.to_owned(), format!("{} {unit}", number(median)), spread]);
        }
    }
    rows
}

/// The table as text.
pub(crate) fn text(rows: &[[String; 4]]) -> String {
    let mut text = String::new();
    let mut last = "";
    for [what, peer, median, spread] in rows {
        if what != last {
            // A String takes whatever is written.
            let _ = writeln!(text, "{what}");
            last = what;
        }
        let _ = writeln!(text, "  {peer:<26}{median:>14}   {spread}");
    }
    text
}

/// The ratios, one a line: figure, peers, and how many times as much it is.
pub(crate) fn ratios(figures: &Figures) -> String {
    let mut text = String::new();
    for figure in figures::ALL {
        for (one, others) in [(names::EDGEWARD, figures.peers()), (names::WITH_LAYER, vec![names::WITHOUT_LAYER])] {
            for other in others.into_iter().filter(|other| *other != one) {
                if let Some(ratio) = figures.ratio(*figure, one, other).filter(|ratio| ratio.is_finite()) {
                    let _ = writeln!(text, "ratio {} {one}/{other} {}", figure.name, digits(ratio));
                }
            }
        }
    }
    text
}

/// A ratio of two digits after the point, and of more if it would be nothing.
fn digits(ratio: f64) -> String {
    if ratio < 0.1 { format!("{ratio:.4}") } else { format!("{ratio:.2}") }
}

/// One budget in words.
pub(crate) fn verdict(budget: &Budget) -> [String; 4] {
    let Budget { what, most, measured, unit } = budget;
    let measured = measured.map_or("not measured".to_owned(), |measured| format!("{measured:.2} {unit}"));
    let verdict = if budget.is_met() { "met" } else { "MISSED" };
    [(*what).to_owned(), format!("≤ {most} {unit}"), measured, verdict.to_owned()].map(|cell| cell.trim().to_owned())
}

/// A number with as many digits as mean anything.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        0.0..1.0 => format!("{value:.3}"),
        1.0..100.0 => format!("{value:.2}"),
        _ => format!("{value:.0}"),
    }
}
