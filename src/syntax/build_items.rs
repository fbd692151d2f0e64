//! Items: entities, events, definitions, scenarios.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{Entity, Event, Extend, Field, ItemKind, Let, Parameter, Scenario, TypeName};
use crate::diagnostic::{Diagnostic, Rule as Finding};

impl Builder<'_> {
    /// The one item under the grammar's entry `item`.
    pub(super) fn item(&mut self, node: Node<'_>) -> Option<ItemKind> {
        let item = Children::of(node).next()?;
        let rule = item.as_rule();
        let mut children = Children::of(item);
        Some(match rule {
            Rule::entity => {
                let name = self.name(&mut children)?;
                ItemKind::Entity(Entity { name, fields: self.fields(children)? })
            }
            Rule::event => {
                let name = self.name(&mut children)?;
                ItemKind::Event(Event { name, fields: self.fields(children)? })
            }
            Rule::extend => {
                let name = self.name(&mut children)?;
                ItemKind::Extend(Extend { name, fields: self.fields(children)? })
            }
            Rule::definition => ItemKind::Let(self.definition(children)?),
            Rule::scenario | Rule::bare_scenario => ItemKind::Scenario(self.scenario(children)?),
            Rule::test => ItemKind::Test(self.test(children)?),
            Rule::given_block => ItemKind::Given(self.given_block(children)?),
            Rule::segment => ItemKind::Segment(self.segment(children)?),
            Rule::measure => ItemKind::Measure(self.measure(children)?),
            Rule::account => ItemKind::Account(self.account(children)?),
            Rule::route => ItemKind::Route(self.route(children)?),
            Rule::identity => ItemKind::Identity(self.identity(children)?),
            Rule::policy => ItemKind::Policy(self.policy(children)?),
            _ => return None,
        })
    }

    fn fields(&mut self, children: Children<'_>) -> Option<Vec<Field>> {
        children.filter(|child| child.as_rule() == Rule::field).map(|child| self.field(child)).collect()
    }

    fn field(&mut self, node: Node<'_>) -> Option<Field> {
        let span = self.span(&node);
        let doc = self.stream.doc_before(span.start as usize);
        let mut children = Children::of(node);
        let name = self.name(&mut children)?;
        let ty = self.type_name(children.seek(Rule::type_name)?);
        let optional = children.accept(Rule::question_mark).is_some();
        let default = match children.seek(Rule::field_default) {
            Some(default) => Some(self.expression(Children::of(default).next()?)?),
            None => None,
        };
        Some(Field { doc, name, ty, optional, default, span })
    }

    fn type_name(&mut self, node: Node<'_>) -> TypeName {
        let mut children = Children::of(node);
        match children.accept(Rule::name) {
            Some(name) => TypeName::Named(self.word(&name)),
            None => TypeName::Enumeration(children.map(|text| self.text(&text)).collect()),
        }
    }

    fn definition(&mut self, mut children: Children<'_>) -> Option<Let> {
        let name = self.name(&mut children)?;
        let mut parameters = Vec::new();
        if let Some(list) = children.accept(Rule::parameters) {
            for parameter in Children::of(list) {
                let mut parts = Children::of(parameter);
                let name = self.name(&mut parts)?;
                let ty = self.type_name(parts.seek(Rule::type_name)?);
                parameters.push(Parameter { name, ty });
            }
        }
        let body = self.expression(children.seek(Rule::expression)?)?;
        Some(Let { name, parameters, body })
    }

    fn scenario(&mut self, children: Children<'_>) -> Option<Scenario> {
        let mut scenario =
            Scenario { name: None, title: None, clauses: Vec::new(), steps: Vec::new(), incomplete: false };
        let mut misplaced = None;
        for child in children {
            match child.as_rule() {
                Rule::name => scenario.name = Some(self.word(&child)),
                Rule::text => scenario.title = Some(self.text(&child)),
                Rule::clause => {
                    let clause = self.clause(child)?;
                    if let Some(step) = scenario.steps.first() {
                        misplaced.get_or_insert((clause.span, step.span));
                    }
                    scenario.clauses.push(clause);
                }
                Rule::step => scenario.steps.push(self.step(child)?),
                _ => {}
            }
        }
        self.note_beside(&scenario.steps);
        if let Some((clause, step)) = misplaced {
            self.diagnostics.push(
                Diagnostic::new(Finding::ClauseAfterStep, "a clause stands after a step")
                    .at(clause, "this belongs to the whole scenario")
                    .at(step, "the steps begin here")
                    .help("put the trigger, `for`, the entry rule, `goal` and `stop when` before the first step"),
            );
        }
        Some(scenario)
    }
}
