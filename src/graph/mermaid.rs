//! As a Mermaid flowchart: first the boxes, then what leads where.

use super::{Graph, Node, Part, Role, goes_on};
use std::fmt::Write;

/// Colours that are seen on light and on dark ground; what fills the boxes is the theme's.
const STYLES: &[(Role, &str)] = &[
    (Role::Start, "stroke:#7c3aed,stroke-width:2px"),
    (Role::Wait, "stroke:#b45309"),
    (Role::Send, "stroke:#2563eb,stroke-width:2px"),
    (Role::Act, "stroke:#0f766e"),
    (Role::Choice, "stroke:#64748b"),
    (Role::Repeat, "stroke:#b45309,stroke-width:2px"),
    (Role::Stop, "stroke:#be123c"),
    (Role::End, "stroke:#64748b"),
    (Role::Note, "stroke:#64748b,stroke-dasharray:4 3"),
];

pub(super) fn write(graph: &Graph) -> String {
    let mut writer = Writer { boxes: String::new(), edges: String::new(), count: 0, used: Vec::new() };
    let start = writer.node(&graph.start);
    let mut ends = writer.flow(&graph.flow, vec![End { from: start, label: None }]);
    if goes_on(&graph.flow) {
        let end = writer.node(&Node { role: Role::End, lines: vec!["end".to_owned()] });
        writer.lead(&mut ends, end);
    }
    for note in &graph.notes {
        let id = writer.node(note);
        writer.edge(start, "-.-", None, id);
    }
    let mut out = String::from("flowchart TD\n");
    let title = graph.title.as_ref().map_or_else(|| graph.name.clone(), |title| format!("{}: {title}", graph.name));
    // Writing into a string cannot fail.
    let _ = writeln!(out, "  accTitle: {}", escaped(&title));
    if let Some(doc) = &graph.doc {
        let _ = writeln!(out, "  accDescr: {}", escaped(doc));
    }
    out.push_str(&writer.boxes);
    out.push_str(&writer.edges);
    for (role, style) in STYLES.iter().filter(|(role, _)| writer.used.contains(role)) {
        let _ = writeln!(out, "  classDef {} {style}", role.class());
    }
    out
}

/// A way that is still open.
struct End {
    from: usize,
    label: Option<String>,
}

struct Writer {
    boxes: String,
    edges: String,
    count: usize,
    used: Vec<Role>,
}

impl Writer {
    /// The boxes and edges of a flow that these ways lead to; the ways that lead out of it.
    fn flow(&mut self, flow: &[Part], mut ends: Vec<End>) -> Vec<End> {
        for part in flow {
            ends = self.part(part, ends);
        }
        ends
    }

    fn part(&mut self, part: &Part, mut ends: Vec<End>) -> Vec<End> {
        match part {
            Part::Node(node) => {
                let from = self.node(node);
                self.lead(&mut ends, from);
                if node.role == Role::Stop { Vec::new() } else { vec![End { from, label: None }] }
            }
            Part::Choice { node, arms } => {
                let from = self.node(node);
                self.lead(&mut ends, from);
                let mut open = Vec::new();
                for arm in arms {
                    open.extend(self.flow(&arm.flow, vec![End { from, label: Some(arm.label.clone()) }]));
                }
                open
            }
            Part::Repeat { node, body } => {
                let from = self.node(node);
                self.lead(&mut ends, from);
                let open = self.flow(body, vec![End { from, label: None }]);
                for end in open.iter().filter(|end| end.from != from) {
                    self.edge(end.from, "-.->", end.label.as_deref(), from);
                }
                open
            }
        }
    }

    fn node(&mut self, node: &Node) -> usize {
        let id = self.count;
        self.count += 1;
        if !self.used.contains(&node.role) {
            self.used.push(node.role);
        }
        let lines: Vec<String> = node.lines.iter().map(|line| escaped(line)).collect();
        let (open, close) = match node.role {
            Role::Start | Role::End => ("([", "])"),
            Role::Wait => ("(", ")"),
            Role::Send => ("[/", "/]"),
            Role::Act => ("[", "]"),
            Role::Choice => ("{{", "}}"),
            Role::Repeat => ("[[", "]]"),
            Role::Stop => ("(((", ")))"),
            Role::Note => (">", "]"),
        };
        let text = lines.join("<br/>");
        let _ = writeln!(self.boxes, "  n{id}{open}\"{text}\"{close}:::{}", node.role.class());
        id
    }

    fn lead(&mut self, ends: &mut Vec<End>, to: usize) {
        for end in ends.drain(..) {
            self.edge(end.from, "-->", end.label.as_deref(), to);
        }
    }

    fn edge(&mut self, from: usize, arrow: &str, label: Option<&str>, to: usize) {
        let label = label.map_or_else(String::new, |label| format!("|\"{}\"|", escaped(label)));
        let _ = writeln!(self.edges, "  n{from} {arrow}{label} n{to}");
    }
}

/// A text that means nothing to Mermaid, to Markdown or to HTML: what is neither a letter nor harmless stands as the number
/// of its character.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut letters = text.chars().peekable();
    let mut before = ' ';
    while let Some(letter) = letters.next() {
        let within_word = before.is_alphanumeric() && letters.peek().is_some_and(|next| next.is_alphanumeric());
        match letter {
            ' ' | '.' | ',' | ':' | '?' | '/' | '=' | '+' | '(' | ')' => out.push(letter),
            // Elsewhere, Markdown or Mermaid may read something into them.
            '_' | '-' if within_word => out.push(letter),
            '-' if before == ' ' && letters.peek() == Some(&' ') => out.push(letter),
            '\n' | '\r' | '\t' => out.push(' '),
            _ if letter.is_alphanumeric() => out.push(letter),
            // Two of them begin a formula.
            '$' if before == '$' => out.push_str("#8203;#36;"),
            // It has no sign of its own that a reader could miss.
            _ if letter.is_control() => out.push('\u{FFFD}'),
            _ => {
                let _ = write!(out, "#{};", u32::from(letter));
            }
        }
        before = letter;
    }
    out
}
