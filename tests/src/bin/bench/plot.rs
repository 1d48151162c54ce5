//! The plot: a group of bars for each of the figures that matter most.

use maud::{Markup, PreEscaped, html};

use crate::{
    figures::{CPU, Figure, Figures, P99, REFUSAL, SIGN_IN, names},
    report::number,
};

/// What is shown.
const SHOWN: [Figure; 4] = [CPU, P99, REFUSAL, SIGN_IN];
/// Of whom: not of those beside which the others could not be told apart.
const PEERS: [&str; 3] = [names::PASS_THROUGH, names::EDGEWARD, names::LIBRARY];

const WIDTH: f64 = 760.0;
const LEFT: f64 = 200.0;
const ROW: f64 = 20.0;
const BAR: f64 = 14.0;
const LONGEST: f64 = WIDTH - LEFT - 90.0;

/// The plot as SVG.
pub(crate) fn svg(figures: &Figures) -> String {
    let (mut y, mut groups) = (10.0, Vec::new());
    for figure in SHOWN {
        let bars: Vec<_> = PEERS.iter().filter_map(|peer| Some((*peer, figures.median(figure, peer)?))).collect();
        if bars.is_empty() {
            continue;
        }
        groups.push(group(figure, &bars, y));
        y += ROW * (bars.len() as f64 + 1.8);
    }
    let style = "text { font: 12px sans-serif; fill: #24292f } .title { font-weight: bold } .other { fill: #9aa5b1 } \
                 .edgeward { fill: #1f6feb } @media (prefers-color-scheme: dark) { text { fill: #e6edf3 } }";
    html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (y) } width=(WIDTH) height=(y) role="img" {
            title { "What Edgeward costs beside its peers" }
            style { (PreEscaped(style)) }
            @for group in &groups { (group) }
        }
    }
    .into_string()
}

fn group(figure: Figure, bars: &[(&str, f64)], top: f64) -> Markup {
    let longest = bars.iter().map(|(_, value)| *value).fold(f64::MIN_POSITIVE, f64::max);
    html! {
        text.title x="0" y=(top + BAR) { (figure.what) " (" (figure.unit) ")" }
        @for ((peer, value), row) in bars.iter().zip(1..) {
            @let y = top + ROW * f64::from(row);
            @let length = (value / longest * LONGEST).round();
            text x=(LEFT - 8.0) y=(y + BAR - 2.0) text-anchor="end" { (peer) }
            rect class=(if *peer == names::EDGEWARD { "edgeward" } else { "other" })
                x=(LEFT) y=(y) width=(length) height=(BAR) {}
            text x=(LEFT + length + 6.0) y=(y + BAR - 2.0) { (number(*value)) }
        }
    }
}
