//! `test` blocks.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{Argument, Expr, ExprKind, Path, Test, TestLine, TestLineKind, When};

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

    fn test_line(&mut self, node: Node<'_>) -> Option<TestLine> {
        let span = self.span(&node);
        let line = Children::of(node).next()?;
        let kind = match line.as_rule() {
            Rule::given => self.given(Children::of(line))?,
            Rule::happens => self.happens(Children::of(line))?,
            Rule::expect => {
                let mut children = Children::of(line);
                children.accept(Rule::kw_expect)?;
                self.expect(children.next()?)?
            }
            _ => return None,
        };
        Some(TestLine { span, kind })
    }

    fn given(&mut self, mut children: Children<'_>) -> Option<TestLineKind> {
        let entity = self.name(&mut children)?;
        let name = self.name(&mut children)?;
        let fields = self.arguments(children, Rule::given_field)?;
        Some(TestLineKind::Given { entity, name, fields })
    }

    fn happens(&mut self, mut children: Children<'_>) -> Option<TestLineKind> {
        let at = self.expression(children.seek(Rule::moment)?)?;
        let arriving = match children.accept(Rule::arriving) {
            Some(arriving) => Some(self.expression(Children::of(arriving).seek(Rule::moment)?)?),
            None => None,
        };
        let contact = self.name(&mut children)?;
        let event = self.name(&mut children)?;
        let fields = self.arguments(children, Rule::event_field)?;
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
        let word = self.word(&node);
        let span = word.span;
        Some(Expr { span, kind: ExprKind::Path(Path { segments: vec![word], span }) })
    }

    fn expect(&mut self, node: Node<'_>) -> Option<TestLineKind> {
        let rule = node.as_rule();
        let mut children = Children::of(node);
        if rule == Rule::expect_nothing {
            return Some(TestLineKind::ExpectNothing { otherwise: children.seek(Rule::kw_else).is_some() });
        }
        let channel = self.name(&mut children)?;
        let message = self.name(&mut children)?;
        let contact = self.name(&mut children)?;
        if rule == Rule::expect_none {
            return Some(TestLineKind::ExpectNoMessage { channel, message, contact });
        }
        let when = match children.seek(Rule::moment) {
            Some(moment) => Some(When::At(self.expression(moment)?)),
            None => None,
        };
        Some(TestLineKind::ExpectMessage { channel, message, contact, when })
    }
}
