//! From the tree of a file to its pictures.

use super::{Arm, Flow, Graph, Node, Part, Role};
use crate::format::phrase;
use crate::span::Span;
use crate::syntax::tree::{Clause, ClauseKind, GuardKind, IfArm, ItemKind, Scenario, SplitArm, Step, StepKind};
use crate::syntax::{Parsed, Stream};

/// The scenarios of a file, in their order; one without a name is called `stem`.
pub fn graphs(text: &str, parsed: &Parsed, stem: &str) -> Vec<Graph> {
    let stream = Stream::new(text, &parsed.tokens);
    let builder = Builder { words: &stream };
    let scenarios = parsed.file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Scenario(scenario) => Some((item.doc.clone(), scenario)),
        _ => None,
    });
    scenarios.map(|(doc, scenario)| builder.graph(doc, scenario, stem)).collect()
}

struct Builder<'a> {
    words: &'a Stream<'a>,
}

impl Builder<'_> {
    fn graph(&self, doc: Option<String>, scenario: &Scenario, stem: &str) -> Graph {
        let name = scenario.name.as_ref().map_or_else(|| stem.to_owned(), |name| name.value.clone());
        let (mut triggers, mut entry, mut notes) = (Vec::new(), Vec::new(), Vec::new());
        for clause in &scenario.clauses {
            match &clause.kind {
                ClauseKind::Goal { .. } | ClauseKind::StopWhen(_) => notes.push(self.note(clause)),
                ClauseKind::For(_)
                | ClauseKind::Once
                | ClauseKind::OnceEvery(_)
                | ClauseKind::OncePer(_)
                | ClauseKind::OneAtATime
                | ClauseKind::Latest => entry.push(phrase(self.words, clause.span)),
                ClauseKind::When(_)
                | ClauseKind::WhenNo { .. }
                | ClauseKind::Every { .. }
                | ClauseKind::WhenStarted => triggers.push(phrase(self.words, clause.span)),
            }
        }
        triggers.append(&mut entry);
        if triggers.is_empty() {
            triggers.push(format!("scenario {name}"));
        }
        let start = Node { role: Role::Start, lines: triggers };
        let title = scenario.title.as_ref().map(|title| title.value.clone());
        Graph { name, title, doc, start, notes, flow: self.flow(&scenario.steps) }
    }

    /// A standing clause; what a goal does in the end stands on a line of its own.
    fn note(&self, clause: &Clause) -> Node {
        let whole = clause.span;
        let lines = match &clause.kind {
            ClauseKind::Goal { then: Some(step), .. } => {
                let then = self.words.places_under(step.span).start.saturating_sub(1);
                let at = self.words.at(then).map_or(whole.end, |word| word.span.start);
                vec![self.text(whole, whole.start, at), self.text(whole, at, whole.end)]
            }
            _ => vec![phrase(self.words, whole)],
        };
        Node { role: Role::Note, lines }
    }

    fn flow(&self, steps: &[Step]) -> Flow {
        steps.iter().map(|step| self.part(step)).collect()
    }

    fn part(&self, step: &Step) -> Part {
        let role = match &step.kind {
            StepKind::Wait(_) | StepKind::WaitUntil(_) | StepKind::WaitUpTo { .. } => Role::Wait,
            StepKind::Send(_) => Role::Send,
            StepKind::Set { .. }
            | StepKind::Tag { .. }
            | StepKind::Account { .. }
            | StepKind::Start(_)
            | StepKind::Erase(_)
            | StepKind::Call { .. } => Role::Act,
            StepKind::Stop => return self.guarded(step, node(Role::Stop, "stop")),
            StepKind::If { arms, otherwise } => return self.guarded(step, self.branches(arms, otherwise.as_deref())),
            StepKind::Split { name, arms } => {
                let node = Node { role: Role::Choice, lines: vec![format!("split {}", name.value)] };
                let arms = arms.iter().map(|arm| self.share(arm)).collect();
                return self.guarded(step, Part::Choice { node, arms });
            }
            StepKind::Repeat { every, steps, .. } => {
                let head = self.text(step.span, own(step).start, every.span.end);
                let node = Node { role: Role::Repeat, lines: vec![head] };
                return self.guarded(step, Part::Repeat { node, body: self.flow(steps) });
            }
        };
        let mut lines = vec![phrase(self.words, own(step))];
        lines.extend(step.guard.as_ref().map(|guard| phrase(self.words, guard.span)));
        Part::Node(Node { role, lines })
    }

    /// A part that changes the way: where it stands under a condition, that is a choice too.
    fn guarded(&self, step: &Step, part: Part) -> Part {
        let Some(guard) = &step.guard else { return part };
        let node = Node { role: Role::Choice, lines: vec![phrase(self.words, guard.span)] };
        let done = Arm { label: String::new(), flow: vec![part] };
        let passed = Arm { label: String::new(), flow: Vec::new() };
        let arms = match guard.kind {
            GuardKind::Unless => [("no", done), ("yes", passed)],
            GuardKind::OnlyIf => [("yes", done), ("no", passed)],
        };
        Part::Choice { node, arms: arms.map(|(label, arm)| Arm { label: label.to_owned(), ..arm }).into() }
    }

    /// `if A {..}` asks its question; with `else if`, each way says when it is taken.
    fn branches(&self, arms: &[IfArm], otherwise: Option<&[Step]>) -> Part {
        let last = self.flow(otherwise.unwrap_or_default());
        if let [only] = arms {
            let node = node_of(Role::Choice, format!("if {}", phrase(self.words, only.condition.span)));
            let yes = Arm { label: "yes".to_owned(), flow: self.flow(&only.steps) };
            let no = Arm { label: "no".to_owned(), flow: last };
            return Part::Choice { node, arms: vec![yes, no] };
        }
        let mut ways = Vec::new();
        for (place, arm) in arms.iter().enumerate() {
            let word = if place == 0 { "if" } else { "else if" };
            let label = format!("{word} {}", phrase(self.words, arm.condition.span));
            ways.push(Arm { label, flow: self.flow(&arm.steps) });
        }
        ways.push(Arm { label: "else".to_owned(), flow: last });
        Part::Choice { node: node_of(Role::Choice, "the first that holds".to_owned()), arms: ways }
    }

    fn share(&self, arm: &SplitArm) -> Arm {
        Arm { label: format!("{} {}%", arm.name.value, arm.share.value), flow: self.flow(&arm.steps) }
    }

    /// The words between two bytes of the source of `within`.
    fn text(&self, within: Span, start: u32, end: u32) -> String {
        phrase(self.words, Span { start, end, ..within })
    }
}

/// A step without its label and its guard.
fn own(step: &Step) -> Span {
    let start = step.label.as_ref().map_or(step.span.start, |label| label.span.end);
    let end = step.guard.as_ref().map_or(step.span.end, |guard| guard.span.start);
    Span { start, end, ..step.span }
}

fn node_of(role: Role, line: String) -> Node {
    Node { role, lines: vec![line] }
}

fn node(role: Role, line: &str) -> Part {
    Part::Node(node_of(role, line.to_owned()))
}
