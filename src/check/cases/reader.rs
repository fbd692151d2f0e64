//! The lines of one test, or of one row of its table.

use super::acts::Acts;
use super::table::Row;
use super::values::is_empty;
use super::{Case, Given, Happening, MeasureTold, Value};
use crate::check::engagement::{BY, says_by_whom};
use crate::check::names::{declared_twice, with_suggestion};
use crate::check::scope::{Checker, Place, Scope, Triggers};
use crate::check::typed;
use crate::diagnostic::{Diagnostic, Rule, suggestion};
use crate::model::Id;
use crate::span::Span;
use crate::syntax::tree::{self, Argument, GivenId, TestLine, TestLineKind, Word};
use crate::time::Instant;
use std::collections::BTreeMap;

pub(super) struct Reader<'c, 'n, 't> {
    pub(super) checker: &'c mut Checker<'n>,
    /// What the names of the test's table stand for.
    pub(super) row: &'t Row<'t>,
    /// The scenarios that the test runs.
    pub(super) scenarios: Vec<String>,
    /// The rows that the test gives: entity and place, by name.
    pub(super) rows: BTreeMap<String, (String, Span)>,
    /// What its scenarios do.
    pub(super) acts: Acts,
    /// The instant of the latest `at` line that was read.
    pub(super) latest: Option<Instant>,
    pub(super) sound: bool,
    /// Whether a block of rows is not known, so that nothing is said of a row that is not given.
    pub(super) misses_rows: bool,
}

impl<'c, 'n, 't> Reader<'c, 'n, 't> {
    pub(super) fn new(
        checker: &'c mut Checker<'n>,
        scenarios: &[typed::Scenario],
        names: Option<&[String]>,
        row: &'t Row<'t>,
    ) -> Reader<'c, 'n, 't> {
        Reader {
            acts: Acts::of(scenarios, names.unwrap_or_default()),
            scenarios: names.unwrap_or_default().to_vec(),
            sound: names.is_some(),
            rows: BTreeMap::new(),
            misses_rows: false,
            latest: None,
            checker,
            row,
        }
    }

    pub(super) fn report(&mut self, found: Diagnostic) {
        self.checker.out.push(found);
        self.sound = false;
    }

    pub(super) fn case(mut self, test: &tree::Test, span: Span) -> Option<Case> {
        let lines = self.unfold(&test.lines);
        for line in &lines {
            if let TestLineKind::Given { entity, name, .. } = &line.kind {
                self.declare(entity, name);
            }
        }
        let name = match &self.row.title {
            Some(title) => format!("{} ({title})", test.name.value),
            None => test.name.value.clone(),
        };
        let mut case = Case {
            name,
            span,
            scenarios: self.scenarios.clone(),
            given: Vec::new(),
            measures: Vec::new(),
            events: Vec::new(),
            expectations: Vec::new(),
            until: None,
        };
        for line in lines {
            self.line(line, &mut case);
        }
        self.sound.then_some(case)
    }

    /// The lines with those of the blocks that they name, in their place.
    fn unfold<'l>(&mut self, lines: &'l [TestLine]) -> Vec<&'l TestLine>
    where
        'n: 'l,
    {
        let mut unfolded = Vec::with_capacity(lines.len());
        // The lines that are left, of the test and of each block that is open, with the block's name.
        let mut open: Vec<(&str, std::slice::Iter<'l, TestLine>)> = vec![("", lines.iter())];
        while let Some((_, rest)) = open.last_mut() {
            let Some(line) = rest.next() else {
                open.pop();
                continue;
            };
            let TestLineKind::GivenBlock(name) = &line.kind else {
                unfolded.push(line);
                continue;
            };
            if let Some(block) = self.block(name) {
                if open.iter().any(|(opened, _)| *opened == name.value) {
                    let found = Diagnostic::new(Rule::DefinitionCycle, format!("`given {}` names itself", name.value));
                    self.report(found.at(name.span, "in its own lines").help("leave this line out"));
                    continue;
                }
                open.push((&block.name.value, block.lines.iter()));
            }
        }
        unfolded
    }

    fn block(&mut self, name: &Word) -> Option<&'n tree::Given> {
        let names = self.checker.names;
        let found = names.givens.get(name.value.as_str()).copied();
        if found.is_none() {
            self.sound = false;
            self.misses_rows = true;
            if !names.is_silent(&name.value) {
                let report = Diagnostic::new(Rule::UnknownName, format!("no `given` block is called `{}`", name.value));
                let near = suggestion(&name.value, names.givens.keys().copied());
                let otherwise = match names.model.entities.contains_key(&name.value) {
                    true => format!("to give a row, name it: `given {} NAME {{ ... }}`", name.value),
                    false => format!("declare it: `given {} {{ given product ... }}`", name.value),
                };
                self.report(with_suggestion(report, name, near, &otherwise));
            }
        }
        found
    }

    fn declare(&mut self, entity: &Word, name: &Word) {
        if let Some((_, first)) = self.rows.get(&name.value) {
            let first = *first;
            self.report(declared_twice("row", &name.value, name.span, first));
            return;
        }
        if let Some(value) = self.row.value(&name.value) {
            let span = value.span;
            self.report(declared_twice("row", &name.value, name.span, span));
            return;
        }
        self.rows.insert(name.value.clone(), (entity.value.clone(), name.span));
    }

    fn line(&mut self, line: &TestLine, case: &mut Case) {
        match &line.kind {
            TestLineKind::Measure { at, name, value } => {
                case.measures.extend(self.measure(at.as_ref(), name, value));
            }
            TestLineKind::Given { entity, id, name, fields } => {
                let id = self.id(entity, id.as_ref(), name, &case.given);
                if let Some(record) = self.entity(entity) {
                    let fields = self.fields(record, fields);
                    let (entity, name) = (entity.value.clone(), name.value.clone());
                    case.given.extend(id.map(|id| Given { entity, id, name, fields }));
                }
            }
            TestLineKind::At { at, arriving, contact, event, fields } => {
                case.events.extend(self.happening(line.span, at, arriving.as_ref(), (contact, event), fields));
            }
            TestLineKind::Until(until) => case.until = case.until.max(self.instant(until)),
            // Both are done before the lines are read one by one.
            TestLineKind::GivenBlock(_) | TestLineKind::Cases { .. } => {}
            TestLineKind::ExpectMessage { .. }
            | TestLineKind::ExpectNoMessage { .. }
            | TestLineKind::ExpectAct { .. }
            | TestLineKind::ExpectNothing { .. } => {
                case.expectations.extend(self.expected(line).map(|expected| (line.span, expected)));
            }
        }
    }

    /// The id of a row: the text of its name, or what stands before `as`.
    fn id(&mut self, entity: &Word, id: Option<&GivenId>, name: &Word, given: &[Given]) -> Option<Id> {
        let (id, place) = match id {
            None => (Id::Text(name.value.as_str().into()), name.span),
            Some(GivenId { word, is_text: true }) if !word.value.is_empty() => {
                (Id::Text(word.value.as_str().into()), word.span)
            }
            Some(GivenId { word, .. }) => match word.value.parse() {
                Ok(number) => (Id::Number(number), word.span),
                Err(_) => {
                    let found = Diagnostic::new(Rule::BadLiteral, "this is no id").at(word.span, "empty, or too large");
                    self.report(found.help("write a whole number, or a text in quotes"));
                    return None;
                }
            },
        };
        if let Some(first) =
            given.iter().find(|row| row.entity == entity.value && row.id == id && row.name != name.value)
        {
            let first = self.rows.get(&first.name).map_or(place, |(_, span)| *span);
            self.report(declared_twice("id", &id.to_string(), place, first));
            return None;
        }
        Some(id)
    }

    /// `given measure brand_rhythm = 40 days`, `at 2020-01-06 00:00 measure brand_rhythm = 40 days`
    fn measure(&mut self, at: Option<&tree::Expr>, name: &Word, value: &tree::Expr) -> Option<MeasureTold> {
        let names = self.checker.names;
        let Some(declared) = names.measures.get(name.value.as_str()) else {
            if !names.is_silent(&name.value) {
                let report = Diagnostic::new(Rule::UnknownName, format!("no measure is called `{}`", name.value));
                let near = suggestion(&name.value, names.measures.keys().copied());
                self.report(with_suggestion(
                    report,
                    name,
                    near,
                    "declare it: `measure NAME = average over contacts of ...`",
                ));
            }
            self.sound = false;
            return None;
        };
        let Some(ty) = declared.ty().cloned() else {
            self.sound = false;
            return None;
        };
        let at = match at {
            Some(at) => Some(self.instant(at)?),
            None => None,
        };
        let value = match is_empty(self.written(value)) {
            true => None,
            false => Some(self.constant(value, &ty)?),
        };
        Some(MeasureTold { name: name.value.clone(), at, value })
    }

    fn happening(
        &mut self,
        span: Span,
        at: &tree::Expr,
        arriving: Option<&tree::Expr>,
        (contact, event): (&Word, &Word),
        fields: &[Argument],
    ) -> Option<Happening> {
        let instant = self.instant(at);
        self.latest = instant.or(self.latest);
        let seen = arriving.map(|arriving| (self.instant(arriving), arriving.span));
        let contact = self.named(contact);
        let is_known = self.contact(&contact);
        if !is_known && !self.checker.names.model.events.contains_key(&event.value) {
            // Two words that changed places are one mistake.
            self.sound = false;
            return None;
        }
        let scope = Scope::new(Place::TriggerFilter, Triggers::Open);
        let Some(record) = self.checker.event(&scope, event) else {
            self.sound = false;
            return None;
        };
        let mut fields = self.fields(record, fields);
        if says_by_whom(record) && !fields.iter().any(|(name, _)| name == BY) {
            // Where nobody is named, it was the person.
            fields.push((BY.to_owned(), Value::Empty));
        }
        if let (Some(instant), Some((Some(arriving), place))) = (instant, seen)
            && arriving < instant
        {
            let report = Diagnostic::new(Rule::BadLiteral, "an event cannot arrive before it happens")
                .at(place, "earlier than the event itself")
                .at(at.span, "the event happens here")
                .help("write a later instant after `arriving`");
            self.report(report);
        }
        let arriving = seen.and_then(|(instant, _)| instant);
        let event = event.value.clone();
        Some(Happening { span, at: instant?, arriving, contact: contact.value, event, fields })
    }
}
