//! As SVG: one file, without a script, a font or a picture of elsewhere.

use super::layout::{Line, POINT, Point, Shape, Way, layout};
use super::text::{FONT_SIZE, LINE_HEIGHT};
use super::{Graph, Role};
use crate::syntax::KEYWORDS;
use std::fmt::Write;

/// Around the picture, in pixels.
const MARGIN: i32 = 24;
/// For the name and the title above it.
const HEADER: i32 = 34;
/// The radius of a bend.
const BEND: i32 = 8;

const FONT: &str = "ui-sans-serif,system-ui,-apple-system,\"Segoe UI\",Roboto,\"Helvetica Neue\",Arial,sans-serif";

/// What has no colour, and so is the same by day and by night.
const SHAPES: &str = "
.name,.word{font-weight:600}
.way{fill:none;stroke-width:1.5}
.frame{stroke-dasharray:2 4}
.back{stroke-dasharray:5 4}
.beside,.note>path{stroke-dasharray:3 4}
";

/// A set of colours. They stand in plain rules, since not every reader of SVG knows variables.
struct Colours {
    page: &'static str,
    frame: &'static str,
    text: &'static str,
    soft: &'static str,
    line: &'static str,
    /// The line of a box, and what fills it.
    of: fn(Role) -> (&'static str, &'static str),
}

const LIGHT: Colours = Colours {
    page: "#ffffff",
    frame: "#f8fafc",
    text: "#1f2937",
    soft: "#64748b",
    line: "#94a3b8",
    of: |role| match role {
        Role::Start => ("#7c3aed", "#f5f3ff"),
        Role::Wait | Role::Repeat => ("#b45309", "#fffbeb"),
        Role::Send => ("#2563eb", "#eff6ff"),
        Role::Act => ("#0f766e", "#f0fdfa"),
        Role::Choice => ("#64748b", "#f8fafc"),
        Role::Stop => ("#be123c", "#fff1f2"),
        Role::End => ("#94a3b8", "#f1f5f9"),
        Role::Note => ("#64748b", "#ffffff"),
    },
};

const DARK: Colours = Colours {
    page: "#0f172a",
    frame: "#131c31",
    text: "#e2e8f0",
    soft: "#94a3b8",
    line: "#64748b",
    of: |role| match role {
        Role::Start => ("#a78bfa", "#251b47"),
        Role::Wait | Role::Repeat => ("#fbbf24", "#2c2310"),
        Role::Send => ("#60a5fa", "#14264a"),
        Role::Act => ("#2dd4bf", "#0f2d2c"),
        Role::Choice => ("#94a3b8", "#1e293b"),
        Role::Stop => ("#fb7185", "#3b1420"),
        Role::End => ("#64748b", "#1e293b"),
        Role::Note => ("#94a3b8", "#0f172a"),
    },
};

pub(super) fn write(graph: &Graph) -> String {
    let picture = layout(graph);
    let title = graph.title.as_deref().unwrap_or_default();
    let heading = super::text::width(&graph.name) + super::text::width(title) + 3 * FONT_SIZE;
    let width = (picture.left + picture.right).max(heading) + 2 * MARGIN;
    let height = picture.height + 2 * MARGIN + HEADER;
    let mut out = String::new();
    // Writing into a string cannot fail.
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title desc\" width=\"{width}\" \
         height=\"{height}\" viewBox=\"0 0 {width} {height}\" font-size=\"{FONT_SIZE}\">"
    );
    let whole = if title.is_empty() { graph.name.clone() } else { format!("{}: {title}", graph.name) };
    let _ = writeln!(out, "<title id=\"title\">{}</title>", escaped(&whole));
    let desc = graph.doc.as_deref().unwrap_or("The steps of a scenario, from its trigger to its end.");
    let _ = writeln!(out, "<desc id=\"desc\">{}</desc>", escaped(desc));
    let _ = writeln!(out, "<style>{}</style>", styles());
    let _ = writeln!(
        out,
        "<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" markerHeight=\"8\" \
         markerUnits=\"userSpaceOnUse\" orient=\"auto\"><path class=\"head\" d=\"M0 0L8 4L0 8z\"/></marker></defs>"
    );
    let _ = writeln!(out, "<rect class=\"page\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>");
    let _ = writeln!(
        out,
        "<text x=\"{MARGIN}\" y=\"{}\"><tspan class=\"name\">{}</tspan><tspan class=\"title\" dx=\"10\">{}</tspan></text>",
        MARGIN + FONT_SIZE,
        escaped(&graph.name),
        escaped(title)
    );
    let _ = writeln!(out, "<g transform=\"translate({MARGIN} {})\">", MARGIN + HEADER);
    // Ways first, so that boxes and labels stand on them.
    let (ways, others): (Vec<_>, Vec<_>) = picture.shapes.iter().partition(|shape| matches!(shape, Shape::Way { .. }));
    let (frames, boxes): (Vec<_>, Vec<_>) = others.into_iter().partition(|shape| matches!(shape, Shape::Frame { .. }));
    for shape in frames.into_iter().chain(ways).chain(boxes) {
        draw(shape, &mut out);
    }
    out.push_str("</g>\n</svg>\n");
    out
}

fn styles() -> String {
    let mut style = format!("{SHAPES}text{{font-family:{FONT}}}\n");
    colours(&LIGHT, &mut style);
    style.push_str("@media (prefers-color-scheme:dark){\n");
    colours(&DARK, &mut style);
    style.push_str("}\n");
    style
}

fn colours(colours: &Colours, style: &mut String) {
    let Colours { page, frame, text, soft, line, of } = colours;
    let _ = writeln!(style, ".page{{fill:{page}}}");
    let _ = writeln!(style, ".frame{{fill:{frame};stroke:{line}}}");
    let _ = writeln!(style, "text{{fill:{text}}}");
    let _ = writeln!(style, ".title,.label text{{fill:{soft}}}");
    let _ = writeln!(style, ".way{{stroke:{line}}}");
    let _ = writeln!(style, ".head{{fill:{line}}}");
    for role in Role::ALL {
        let (class, (line, fill)) = (role.class(), of(role));
        let _ = writeln!(style, ".{class}>path{{stroke:{line};fill:{fill}}}");
        let _ = writeln!(style, ".{class} .word{{fill:{line}}}");
    }
}

fn draw(shape: &Shape, out: &mut String) {
    match shape {
        Shape::Frame { at, width, height } => {
            let Point { x, y } = at;
            let _ = writeln!(
                out,
                "<rect class=\"frame\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"10\"/>"
            );
        }
        Shape::Way { points, kind } => {
            let (class, head) = match kind {
                Way::Arrow => ("way", true),
                Way::Plain => ("way", false),
                Way::Back => ("way back", true),
                Way::Beside => ("way beside", false),
            };
            let marker = if head { " marker-end=\"url(#head)\"" } else { "" };
            let _ = writeln!(out, "<path class=\"{class}\" d=\"{}\"{marker}/>", path(points));
        }
        Shape::Label { at, lines } => {
            out.push_str("<g class=\"label\">\n");
            words(lines, at.x, at.y - LINE_HEIGHT * lines.len() as i32 / 2, out);
            out.push_str("</g>\n");
        }
        Shape::Box { role, at, width, height, lines } => {
            let _ =
                writeln!(out, "<g class=\"{}\"><path d=\"{}\"/>", role.class(), outline(*role, *at, *width, *height));
            let top = at.y + (height - LINE_HEIGHT * lines.len() as i32) / 2;
            words(lines, at.x + width / 2, top, out);
            out.push_str("</g>\n");
        }
    }
}

/// Lines of text around `x`, from `top` on; the keyword that begins a clause or a step stands out.
fn words(lines: &[Line], x: i32, top: i32, out: &mut String) {
    let mut y = top + LINE_HEIGHT - 5;
    for line in lines {
        let _ = write!(out, "<text x=\"{x}\" y=\"{y}\" text-anchor=\"middle\">");
        let word = line.text.split(' ').next().filter(|word| line.begins && KEYWORDS.contains(word));
        if let Some(word) = word {
            let _ = write!(out, "<tspan class=\"word\">{word}</tspan>");
        }
        let rest = line.text.get(word.map_or(0, str::len)..).unwrap_or_default();
        let _ = writeln!(out, "{}</text>", escaped(rest));
        y += LINE_HEIGHT;
    }
}

/// The line around a box.
fn outline(role: Role, at: Point, width: i32, height: i32) -> String {
    let Point { x, y } = at;
    let (right, bottom, middle) = (x + width, y + height, y + height / 2);
    match role {
        Role::Choice => {
            let (inner_left, inner_right) = (x + POINT, right - POINT);
            format!(
                "M{inner_left} {y}H{inner_right}L{right} {middle}L{inner_right} {bottom}H{inner_left}L{x} {middle}z"
            )
        }
        Role::Start | Role::End | Role::Stop => rounded(x, y, width, height, (height / 2).min(18)),
        Role::Wait | Role::Repeat => rounded(x, y, width, height, (height / 2).min(16)),
        Role::Send | Role::Act | Role::Note => rounded(x, y, width, height, 5),
    }
}

fn rounded(x: i32, y: i32, width: i32, height: i32, radius: i32) -> String {
    let (across, down) = (width - 2 * radius, height - 2 * radius);
    let arc = |to_x: i32, to_y: i32| format!("a{radius} {radius} 0 0 1 {to_x} {to_y}");
    format!(
        "M{} {y}h{across}{}v{down}{}h-{across}{}v-{down}{}z",
        x + radius,
        arc(radius, radius),
        arc(-radius, radius),
        arc(-radius, -radius),
        arc(radius, -radius)
    )
}

/// A line through points, its corners rounded.
fn path(points: &[Point]) -> String {
    let mut out = String::new();
    let mut rest = points;
    let mut before: Option<Point> = None;
    while let [point, after @ ..] = rest {
        match (before, after.first()) {
            (None, _) => drop(write!(out, "M{} {}", point.x, point.y)),
            (Some(_), None) => drop(write!(out, "L{} {}", point.x, point.y)),
            (Some(before), Some(next)) => {
                let (into, out_of) = (toward(*point, before), toward(*point, *next));
                let _ = write!(out, "L{} {}Q{} {} {} {}", into.x, into.y, point.x, point.y, out_of.x, out_of.y);
            }
        }
        before = Some(*point);
        rest = after;
    }
    out
}

/// The point that is a bend's radius away from a corner, in the direction of another; half way where they are near.
fn toward(corner: Point, other: Point) -> Point {
    let step = |from: i32, to: i32| {
        let all = to - from;
        all.signum() * BEND.min(all.abs() / 2)
    };
    Point { x: corner.x + step(corner.x, other.x), y: corner.y + step(corner.y, other.y) }
}

/// A text that is nothing but text in XML; what no XML may hold becomes the sign for it.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' | '\t' => out.push(letter),
            '\u{FFFE}' | '\u{FFFF}' => out.push('\u{FFFD}'),
            _ if letter.is_control() => out.push('\u{FFFD}'),
            _ => out.push(letter),
        }
    }
    out
}
