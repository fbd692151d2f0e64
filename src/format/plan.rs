//! Where lines begin, and how far they are indented: from the tree.

use super::{LINE_WIDTH_MAX, gaps, spacing};
use crate::span::Span;
use crate::syntax::Stream;
use crate::syntax::tree::{
    Argument, Clause, ClauseKind, Field, File, Item, ItemKind, SplitArm, Step, StepKind, TestLine, TestLineKind,
};

/// What to do at each word, by its place.
pub(super) struct Plan {
    /// The word begins a line, with that many levels of indentation.
    pub(super) breaks: Vec<Option<usize>>,
    pub(super) items: Vec<PlannedItem>,
}

pub(super) struct PlannedItem {
    pub(super) first: usize,
    /// All of it stands on one line.
    pub(super) single: bool,
}

/// A part of the text that begins a line of its own.
struct Element {
    span: Span,
    kind: Kind,
    children: Vec<Element>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Its children stand between braces.
    Plain,
    /// Its children stand in no braces: a bare scenario.
    Bare,
}

/// How much deeper than its first line the rest of an element stands, in levels.
pub(super) const CONTINUATION: usize = 2;

pub(super) fn plan(words: &Stream<'_>, file: &File) -> Plan {
    let count = words.count();
    let plan = Plan { breaks: vec![None; count], items: Vec::new() };
    let mut planner = Planner { words, plan };
    for item in &file.items {
        let element = item_element(item);
        planner.element(&element, 0);
        let places = words.places_under(item.span);
        let single = planner.stays_on_one_line(&element, 0)
            || (element.children.is_empty() && planner.fits(&element, 0) && !planner.has_comment(&places));
        planner.plan.items.push(PlannedItem { first: places.start, single });
    }
    planner.plan
}

struct Planner<'a> {
    words: &'a Stream<'a>,
    plan: Plan,
}

impl Planner<'_> {
    fn break_at(&mut self, place: usize, indent: usize) {
        if let Some(slot) = self.plan.breaks.get_mut(place) {
            *slot = Some(indent);
        }
    }

    fn element(&mut self, element: &Element, indent: usize) {
        let places = self.words.places_under(element.span);
        self.break_at(places.start, indent);
        if self.stays_on_one_line(element, indent) {
            return;
        }
        let inner = if element.kind == Kind::Bare { indent } else { indent + 1 };
        for child in &element.children {
            self.element(child, inner);
        }
        self.closing_braces(places, indent);
    }

    /// The braces of an element itself close on lines of their own.
    fn closing_braces(&mut self, places: std::ops::Range<usize>, indent: usize) {
        let mut depth = 0;
        for place in places {
            match self.words.text_at(place) {
                "{" => depth += 1,
                "}" => {
                    depth = usize::saturating_sub(depth, 1);
                    let empty = place.checked_sub(1).is_some_and(|before| self.words.text_at(before) == "{")
                        && gaps::before(self.words, place).comments.is_empty();
                    if depth == 0 && !empty {
                        self.break_at(place, indent);
                    }
                }
                _ => {}
            }
        }
    }

    /// Written on one line by its author, and it fits there.
    fn stays_on_one_line(&self, element: &Element, indent: usize) -> bool {
        let written = self.words.text.get(element.span.range()).unwrap_or("");
        !written.contains('\n') && self.fits(element, indent)
    }

    fn fits(&self, element: &Element, indent: usize) -> bool {
        2 * indent + spacing::width(self.words, self.words.places_under(element.span)) <= LINE_WIDTH_MAX
    }

    fn has_comment(&self, places: &std::ops::Range<usize>) -> bool {
        places.clone().skip(1).any(|place| !gaps::before(self.words, place).comments.is_empty())
    }
}

fn leaf(span: Span) -> Element {
    Element { span, kind: Kind::Plain, children: Vec::new() }
}

fn item_element(item: &Item) -> Element {
    let (kind, children) = match &item.kind {
        ItemKind::Entity(entity) => (Kind::Plain, fields(&entity.fields)),
        ItemKind::Event(event) => (Kind::Plain, fields(&event.fields)),
        ItemKind::Extend(extend) => (Kind::Plain, fields(&extend.fields)),
        ItemKind::Let(_) => (Kind::Plain, Vec::new()),
        ItemKind::Segment(_)
        | ItemKind::Measure(_)
        | ItemKind::Account(_)
        | ItemKind::Route(_)
        | ItemKind::Identity(_) => (Kind::Plain, Vec::new()),
        ItemKind::Policy(policy) => (Kind::Plain, policy.lines.iter().map(|line| leaf(line.span)).collect()),
        ItemKind::Given(given) => (Kind::Plain, given.lines.iter().map(test_line_element).collect()),
        ItemKind::Scenario(scenario) => {
            let clauses = scenario.clauses.iter().map(clause_element);
            let mut children: Vec<Element> = clauses.chain(scenario.steps.iter().map(step_element)).collect();
            children.sort_by_key(|child| child.span.start);
            (if scenario.name.is_some() { Kind::Plain } else { Kind::Bare }, children)
        }
        ItemKind::Test(test) => (Kind::Plain, test.lines.iter().map(test_line_element).collect()),
    };
    Element { span: item.span, kind, children }
}

fn test_line_element(line: &TestLine) -> Element {
    let children = match &line.kind {
        TestLineKind::Given { fields, .. } => fields.iter().map(argument).collect(),
        TestLineKind::Cases { rows, .. } => rows.iter().map(|row| leaf(row.span)).collect(),
        TestLineKind::GivenBlock(_)
        | TestLineKind::Until(_)
        | TestLineKind::At { .. }
        | TestLineKind::ExpectMessage { .. }
        | TestLineKind::ExpectAct { .. }
        | TestLineKind::ExpectNoMessage { .. }
        | TestLineKind::ExpectNothing { .. } => Vec::new(),
    };
    Element { span: line.span, kind: Kind::Plain, children }
}

fn fields(fields: &[Field]) -> Vec<Element> {
    fields.iter().map(|field| leaf(field.span)).collect()
}

fn argument(argument: &Argument) -> Element {
    leaf(argument.name.span.to(argument.value.span))
}

fn clause_element(clause: &Clause) -> Element {
    match &clause.kind {
        ClauseKind::Goal { then: Some(step), .. } => Element { span: clause.span, ..step_element(step) },
        _ => leaf(clause.span),
    }
}

fn step_element(step: &Step) -> Element {
    let children = match &step.kind {
        StepKind::If { arms, otherwise } => {
            let steps = arms.iter().flat_map(|arm| &arm.steps).chain(otherwise.iter().flatten());
            steps.map(step_element).collect()
        }
        StepKind::Repeat { steps, .. } => steps.iter().map(step_element).collect(),
        StepKind::Split { arms, .. } => arms.iter().map(split_element).collect(),
        StepKind::Wait(_)
        | StepKind::WaitUntil(_)
        | StepKind::WaitUpTo { .. }
        | StepKind::Send(_)
        | StepKind::Stop
        | StepKind::Set { .. }
        | StepKind::Tag { .. }
        | StepKind::Account { .. }
        | StepKind::Start(_)
        | StepKind::Erase(_)
        | StepKind::Call { .. } => Vec::new(),
    };
    Element { span: step.span, kind: Kind::Plain, children }
}

fn split_element(arm: &SplitArm) -> Element {
    Element { span: arm.span, kind: Kind::Plain, children: arm.steps.iter().map(step_element).collect() }
}
