//! `test` and `given` blocks.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{
    Argument, CaseRow, ExpectedAct, Expr, ExprKind, Given, GivenId, Path, Test, TestLine, TestLineKind, When, Word,
};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::span::Spanned;

impl Builder<'_> {
    pub(super) fn test(&mut self, mut children: Children<'_>) -> Option<Test> {
        let name = children.seek(Rule::text)?;
        let mut test = Test { name: self.text(&name), of: Vec::new(), lines: Vec::new() };
        for child in children {
            match child.as_rule() {
                Rule::test_of => {
                    let names = Children::of(child).filter(|part| part.as_rule() == Rule::name);
                    test.of = names.map(|name| self.word(&name)).collect();
                }
                Rule::test_line => test.lines.push(self.test_line(child)?),
                _ => {}
            }
        }
        Some(test)
    }

    /// `given shop { ... }`
    pub(super) fn given_block(&mut self, mut children: Children<'_>) -> Option<Given> {
        let name = self.name(&mut children)?;
        let lines = children.filter(|child| child.as_rule() == Rule::given_line);
        Some(Given { name, lines: lines.map(|line| self.test_line(line)).collect::<Option<_>>()? })
    }

    fn test_line(&mut self, node: Node<'_>) -> Option<TestLine> {
        let span = self.span(&node);
        let line = Children::of(node).next()?;
        let rule = line.as_rule();
        let mut children = Children::of(line);
        let kind = match rule {
            Rule::given => {
                children.accept(Rule::kw_given)?;
                self.given(children.next()?)?
            }
            Rule::told => {
                let at = self.expression(children.seek(Rule::moment)?)?;
                self.measure_told(Some(at), Children::of(children.seek(Rule::given_measure)?))?
            }
            Rule::happens => self.happens(children)?,
            Rule::until => TestLineKind::Until(self.expression(children.seek(Rule::moment)?)?),
            Rule::cases => self.cases(children)?,
            Rule::expect => {
                children.accept(Rule::kw_expect)?;
                self.expect(children.next()?)?
            }
            _ => return None,
        };
        Some(TestLine { span, kind })
    }

    fn given(&mut self, node: Node<'_>) -> Option<TestLineKind> {
        let rule = node.as_rule();
        let mut children = Children::of(node);
        if rule == Rule::given_measure {
            return self.measure_told(None, children);
        }
        let first = self.name(&mut children)?;
        let id = match children.accept(Rule::given_id) {
            Some(id) => Some(self.given_id(Children::of(id).next()?)),
            None => None,
        };
        let Some(name) = children.accept(Rule::name) else { return Some(TestLineKind::GivenBlock(first)) };
        let name = self.word(&name);
        Some(TestLineKind::Given { entity: first, id, name, fields: self.arguments(children, Rule::given_field)? })
    }

    fn given_id(&mut self, node: Node<'_>) -> GivenId {
        let is_text = node.as_rule() == Rule::text;
        GivenId { word: if is_text { self.text(&node) } else { self.word(&node) }, is_text }
    }

    fn measure_told(&mut self, at: Option<Expr>, mut children: Children<'_>) -> Option<TestLineKind> {
        children.accept(Rule::kw_measure)?;
        let name = self.name(&mut children)?;
        let value = children.find(|child| matches!(child.as_rule(), Rule::no_value | Rule::plain_operand))?;
        Some(TestLineKind::Measure { at, name, value: self.given_value(value)? })
    }

    fn happens(&mut self, mut children: Children<'_>) -> Option<TestLineKind> {
        let at = self.expression(children.seek(Rule::moment)?)?;
        let arriving = match children.accept(Rule::arriving) {
            Some(arriving) => Some(self.expression(Children::of(arriving).seek(Rule::moment)?)?),
            None => None,
        };
        let contact = self.name(&mut children)?;
        let event = self.name(&mut children)?;
        let mut fields = Vec::new();
        if let Some(message) = children.accept(Rule::message_name) {
            let message = self.name(&mut Children::of(message))?;
            let name = Spanned::new("message".to_owned(), message.span);
            fields.push(Argument { name, value: word_expression(message) });
        }
        fields.extend(self.arguments(children, Rule::event_field)?);
        Some(TestLineKind::At { at, arriving, contact, event, fields })
    }

    /// The fields under a line: a name and a value each.
    fn arguments(&mut self, children: Children<'_>, rule: Rule) -> Option<Vec<Argument>> {
        children
            .filter(|child| child.as_rule() == rule)
            .map(|field| {
                let mut parts = Children::of(field);
                let name = self.name(&mut parts)?;
                Some(Argument { name, value: self.given_value(parts.next()?)? })
            })
            .collect()
    }

    /// A value; the keyword `empty`, which no name can be, is a path of that word.
    fn given_value(&mut self, node: Node<'_>) -> Option<Expr> {
        if node.as_rule() != Rule::no_value {
            return self.expression(node);
        }
        Some(word_expression(self.word(&node)))
    }

    fn cases(&mut self, children: Children<'_>) -> Option<TestLineKind> {
        let mut names = Vec::new();
        let mut rows = Vec::new();
        for child in children {
            match child.as_rule() {
                Rule::name => names.push(self.word(&child)),
                Rule::case_row => rows.push(self.case_row(child)?),
                _ => {}
            }
        }
        Some(TestLineKind::Cases { names, rows })
    }

    fn case_row(&mut self, node: Node<'_>) -> Option<CaseRow> {
        let span = self.span(&node);
        let mut children = Children::of(node);
        let title = children.accept(Rule::text).map(|title| self.text(&title));
        let values = children.map(|value| self.given_value(value)).collect::<Option<_>>()?;
        Some(CaseRow { title, values, span })
    }

    fn expect(&mut self, node: Node<'_>) -> Option<TestLineKind> {
        let rule = node.as_rule();
        let mut children = Children::of(node);
        if rule == Rule::expect_nothing {
            return Some(TestLineKind::ExpectNothing { otherwise: children.seek(Rule::kw_else).is_some() });
        }
        if rule == Rule::expect_act {
            let negated = children.accept(Rule::kw_no).is_some();
            let act = self.expected_act(children.next()?)?;
            let contact = self.name(&mut children)?;
            return Some(TestLineKind::ExpectAct { negated, act, contact, when: self.expected_when(children)? });
        }
        let channel = self.name(&mut children)?;
        let message = self.name(&mut children)?;
        let contact = self.name(&mut children)?;
        if rule == Rule::expect_none {
            return Some(TestLineKind::ExpectNoMessage { channel, message, contact });
        }
        Some(TestLineKind::ExpectMessage { channel, message, contact, when: self.expected_when(children)? })
    }

    /// The outer `None` is a bug.
    #[allow(clippy::option_option, reason = "the outer one is the builders' way to report a bug")]
    fn expected_when(&mut self, mut children: Children<'_>) -> Option<Option<When>> {
        let Some(when) = children.seek(Rule::expected_when) else { return Some(None) };
        let when = Children::of(when).next()?;
        let within = when.as_rule() == Rule::expected_within;
        let mut parts = Children::of(when);
        if !within {
            return Some(Some(When::At(self.expression(parts.seek(Rule::moment)?)?)));
        }
        let duration = self.expression(parts.seek(Rule::plain_operand)?)?;
        let of = match parts.seek(Rule::moment) {
            Some(moment) => Some(self.expression(moment)?),
            None => None,
        };
        Some(Some(When::Within { duration, of }))
    }

    fn expected_act(&mut self, node: Node<'_>) -> Option<ExpectedAct> {
        let rule = node.as_rule();
        let mut children = Children::of(node);
        Some(match rule {
            Rule::act_set => {
                let path = self.path(children.seek(Rule::path)?);
                let value = self.expression(children.seek(Rule::plain_operand)?)?;
                ExpectedAct::Set { field: self.field_of_contact(path)?, value }
            }
            Rule::act_tag => {
                let add = children.next()?.as_rule() == Rule::kw_tag;
                ExpectedAct::Tag { add, tag: self.expression(children.seek(Rule::plain_operand)?)? }
            }
            Rule::act_account => {
                let credit = children.next()?.as_rule() == Rule::kw_credit;
                let amount = self.expression(children.seek(Rule::account_amount)?)?;
                let account = self.word(&children.seek(Rule::account_name)?);
                ExpectedAct::Account { credit, amount, account }
            }
            Rule::act_start => ExpectedAct::Start(self.name(&mut children)?),
            Rule::act_erase => ExpectedAct::Erase,
            Rule::act_call => ExpectedAct::Call(self.name(&mut children)?),
            _ => return None,
        })
    }

    /// `tier`, or `contact.tier` as the step says it.
    fn field_of_contact(&mut self, path: Path) -> Option<Word> {
        let known = match path.segments.as_slice() {
            [_] => true,
            [first, _] => first.value == "contact",
            _ => false,
        };
        if !known {
            self.diagnostics.push(
                Diagnostic::new(Finding::UnexpectedText, "only a field of the contact can be set")
                    .at(path.span, "this is not one")
                    .help("write `expect set tier = \"gold\" for ana`"),
            );
        }
        path.segments.into_iter().next_back()
    }
}

fn word_expression(word: Word) -> Expr {
    let span = word.span;
    Expr { span, kind: ExprKind::Path(Path { segments: vec![word], span }) }
}
