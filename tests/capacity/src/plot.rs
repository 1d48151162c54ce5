//! Lines in panels, as SVG that is legible in light and dark.

use maud::{Markup, PreEscaped, html};

const WIDTH: f64 = 860.0;
const PANEL: f64 = 340.0;
/// Of the field within its panel.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 650.0;
const TOP: f64 = 46.0;
const BOTTOM: f64 = 280.0;

/// Colours twice over, as not every program that shows SVG knows variables.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #1f2328; } .title { font-size: 15px; font-weight: 600; } \
polyline { fill: none; stroke-width: 1.8; stroke-linejoin: round; } .limit { stroke-dasharray: 5 4; } \
.paper { fill: #fff; } .faint { fill: #59636e; } .grid { stroke: #d8dee4; } \
.limit { stroke: #cf222e; } .limit-text { fill: #cf222e; } \
.c0 { stroke: #0969da; } .c1 { stroke: #bc4c00; } .c2 { stroke: #1a7f37; } .c3 { stroke: #8250df; } .c4 { stroke: #7d6000; } \
@media (prefers-color-scheme: dark) { \
text { fill: #e6edf3; } .paper { fill: #0d1117; } .faint { fill: #9198a1; } .grid { stroke: #30363d; } \
.limit { stroke: #ff7b72; } .limit-text { fill: #ff7b72; } \
.c0 { stroke: #58a6ff; } .c1 { stroke: #f0883e; } .c2 { stroke: #3fb950; } .c3 { stroke: #bc8cff; } .c4 { stroke: #d4b106; } }";

/// How values lie along an axis.
#[derive(Clone, Copy)]
pub(crate) enum Scale {
    Linear,
    Logarithmic,
}

/// An axis.
pub(crate) struct Axis {
    pub(crate) label: &'static str,
    pub(crate) scale: Scale,
    pub(crate) from: f64,
    pub(crate) to: f64,
    pub(crate) ticks: Vec<(f64, String)>,
}

impl Axis {
    /// From 0 to 1 along the axis.
    fn place(&self, value: f64) -> f64 {
        let (value, from, to) = match self.scale {
            Scale::Linear => (value, self.from, self.to),
            Scale::Logarithmic => (value.max(self.from).ln(), self.from.ln(), self.to.ln()),
        };
        ((value - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn x(&self, value: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * self.place(value)
    }

    fn y(&self, value: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * self.place(value)
    }
}

/// A field with lines, their names beside it.
pub(crate) struct Panel {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) lines: Vec<(String, Vec<(f64, f64)>)>,
    /// Values of `y` that are not to be exceeded.
    pub(crate) limits: Vec<(f64, String)>,
}

/// The panels, one below the other.
pub(crate) fn svg(panels: &[Panel]) -> String {
    let height = PANEL * panels.len() as f64;
    let svg = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox=(format!("0 0 {WIDTH} {height}")) width=(WIDTH) height=(height) {
            style { (PreEscaped(STYLE)) }
            rect class="paper" width=(WIDTH) height=(height) {}
            @for (number, panel) in panels.iter().enumerate() {
                g transform=(format!("translate(0 {})", PANEL * number as f64)) { (panel.draw()) }
            }
        }
    };
    svg.into_string().replace("><", ">\n<") + "\n"
}

impl Panel {
    fn draw(&self) -> Markup {
        html! {
            text.title x=(LEFT) y="22" { (self.title) }
            text.faint x=(LEFT) y=(TOP - 8.0) { (self.y.label) }
            text.faint x=(RIGHT) y=(BOTTOM + 36.0) text-anchor="end" { (self.x.label) }
            @for (value, name) in &self.y.ticks {
                (line("grid", (LEFT, self.y.y(*value)), (RIGHT, self.y.y(*value))))
                text.faint x=(LEFT - 8.0) y=(round(self.y.y(*value) + 4.0)) text-anchor="end" { (name) }
            }
            @for (value, name) in &self.x.ticks {
                (line("grid", (self.x.x(*value), BOTTOM), (self.x.x(*value), BOTTOM + 5.0)))
                text.faint x=(round(self.x.x(*value))) y=(BOTTOM + 19.0) text-anchor="middle" { (name) }
            }
            @for (value, name) in &self.limits {
                (line("limit", (LEFT, self.y.y(*value)), (RIGHT, self.y.y(*value))))
                text.limit-text x=(RIGHT + 8.0) y=(round(self.y.y(*value) + 4.0)) { (name) }
            }
            @for (number, (_, points)) in self.lines.iter().enumerate() {
                polyline class=(format!("c{number}")) points=(self.points(points)) {}
            }
            @for (number, (name, _)) in self.lines.iter().enumerate() {
                @let y = BOTTOM - 16.0 * (self.lines.len() - 1 - number) as f64;
                (line(&format!("c{number}"), (RIGHT + 10.0, y - 4.0), (RIGHT + 30.0, y - 4.0)))
                text x=(RIGHT + 36.0) y=(y) { (name) }
            }
        }
    }

    fn points(&self, points: &[(f64, f64)]) -> String {
        let points = points.iter().map(|(x, y)| format!("{},{}", round(self.x.x(*x)), round(self.y.y(*y))));
        points.collect::<Vec<_>>().join(" ")
    }
}

fn line(class: &str, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) -> Markup {
    html! { line class=(class) x1=(round(x1)) y1=(round(y1)) x2=(round(x2)) y2=(round(y2)) stroke-width="1.5" {} }
}

/// To a tenth of a pixel.
fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
