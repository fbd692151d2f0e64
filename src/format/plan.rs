//! Where lines begin, and how far they are indented: from the tree.

use super::{LINE_WIDTH_MAX, gaps, spacing};
use crate::span::Span;
use crate::syntax::Stream;
use crate::syntax::tree::{
    Argument, CaseRow, Clause, ClauseKind, Field, File, Item, ItemKind, SplitArm, Step, StepKind, TestLine,
    TestLineKind,
};

/// What to do at each word, by its place.
pub(super) struct Plan {
    /// The word begins a line, with that many levels of indentation.
    pub(super) breaks: Vec<Option<usize>>,
    /// How many spaces more stand before the word, so that the columns of a table are straight.
    pub(super) pads: Vec<usize>,
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
    /// Several children never stand on one line: a policy.
    Lines,
    /// As lines, and each is a row of cells.
    Table,
    /// A row: its children are cells, which begin no line.
    Cells,
}

/// How much deeper than its first line the rest of an element stands, in levels.
pub(super) const CONTINUATION: usize = 2;

pub(super) fn plan(words: &Stream<'_>, file: &File) -> Plan {
    let count = words.count();
    let plan = Plan { breaks: vec![None; count], pads: vec![0; count], items: Vec::new() };
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
        if element.kind == Kind::Cells {
            return;
        }
        let inner = if element.kind == Kind::Bare { indent } else { indent + 1 };
        for child in &element.children {
            self.element(child, inner);
        }
        if element.kind == Kind::Table {
            self.table(element);
        }
        self.closing_braces(places, indent);
    }

    /// Makes the columns straight, where each row has the same cells and no comment among them.
    fn table(&mut self, table: &Element) {
        let rows: Vec<Vec<usize>> = table.children.iter().map(|row| self.cells(row)).collect();
        let Some(first) = rows.first() else { return };
        let has_comment = |row: &Element| self.has_comment(&self.words.places_under(row.span));
        if rows.iter().any(|row| row.len() != first.len()) || table.children.iter().any(has_comment) {
            return;
        }
        for column in 1..first.len() {
            let width = |row: &Vec<usize>| match (row.get(column - 1), row.get(column)) {
                (Some(from), Some(to)) => spacing::width(self.words, *from..*to),
                _ => 0,
            };
            let widest = rows.iter().map(width).max().unwrap_or(0);
            let pads: Vec<(usize, usize)> =
                rows.iter().filter_map(|row| Some((*row.get(column)?, widest - width(row)))).collect();
            for (place, pad) in pads {
                if let Some(slot) = self.plan.pads.get_mut(place) {
                    *slot = pad;
                }
            }
        }
    }

    /// The places at which the cells of a row begin.
    fn cells(&self, row: &Element) -> Vec<usize> {
        let begins = std::iter::once(row.span).chain(row.children.iter().map(|cell| cell.span));
        begins.map(|span| self.words.places_under(span).start).collect()
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
        if matches!(element.kind, Kind::Lines | Kind::Table) && element.children.len() > 1 {
            return false;
        }
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
        ItemKind::Policy(policy) => (Kind::Lines, policy.lines.iter().map(|line| leaf(line.span)).collect()),
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
    if let TestLineKind::Cases { rows, .. } = &line.kind {
        return Element { span: line.span, kind: Kind::Table, children: rows.iter().map(case_element).collect() };
    }
    let children = match &line.kind {
        TestLineKind::Given { fields, .. } => fields.iter().map(argument).collect(),
        TestLineKind::Cases { .. }
        | TestLineKind::GivenBlock(_)
        | TestLineKind::Measure { .. }
        | TestLineKind::Until(_)
        | TestLineKind::At { .. }
        | TestLineKind::ExpectMessage { .. }
        | TestLineKind::ExpectAct { .. }
        | TestLineKind::ExpectNoMessage { .. }
        | TestLineKind::ExpectNothing { .. } => Vec::new(),
    };
    Element { span: line.span, kind: Kind::Plain, children }
}

/// Its cells: the title begins with the row, and each value.
fn case_element(row: &CaseRow) -> Element {
    let cells = row.values.iter().skip(usize::from(row.title.is_none())).map(|value| leaf(value.span)).collect();
    Element { span: row.span, kind: Kind::Cells, children: cells }
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
