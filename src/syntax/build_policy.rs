//! The policy, and what else is declared once: accounts, routes, identity, measures.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{Account, Cap, Identity, Measure, Policy, PolicyLine, PolicyLineKind, Route, Segment, Word};
use crate::span::Spanned;
use crate::time::TimeOfDay;
use rust_decimal::Decimal;

impl Builder<'_> {
    pub(super) fn segment(&mut self, mut children: Children<'_>) -> Option<Segment> {
        let name = self.name(&mut children)?;
        Some(Segment { name, condition: self.expression(children.seek(Rule::expression)?)? })
    }

    pub(super) fn measure(&mut self, mut children: Children<'_>) -> Option<Measure> {
        let name = self.name(&mut children)?;
        let kind = self.name(&mut Children::of(children.seek(Rule::measure_kind)?))?;
        let of = self.expression(children.seek(Rule::expression)?)?;
        let refreshed = self.name(&mut Children::of(children.seek(Rule::refreshed)?))?;
        Some(Measure { name, kind, of, refreshed })
    }

    pub(super) fn account(&mut self, mut children: Children<'_>) -> Option<Account> {
        let name = self.name(&mut children)?;
        Some(Account { name, ty: self.name(&mut children)? })
    }

    pub(super) fn route(&mut self, mut children: Children<'_>) -> Option<Route> {
        let event = self.name(&mut children)?;
        let to = self.path(children.seek(Rule::path)?);
        Some(Route { event, to, name: self.name(&mut children)? })
    }

    pub(super) fn identity(&mut self, mut children: Children<'_>) -> Option<Identity> {
        let entity = self.name(&mut children)?;
        Some(Identity { entity, fields: self.names(children) })
    }

    pub(super) fn policy(&mut self, children: Children<'_>) -> Option<Policy> {
        let lines = children.filter(|child| child.as_rule() == Rule::policy_line);
        Some(Policy { lines: lines.map(|line| self.policy_line(line)).collect::<Option<_>>()? })
    }

    fn policy_line(&mut self, node: Node<'_>) -> Option<PolicyLine> {
        let span = self.span(&node);
        let line = Children::of(node).next()?;
        let rule = line.as_rule();
        let mut children = Children::of(line);
        let kind = match rule {
            Rule::zone_line => PolicyLineKind::TimeZone(self.expression(children.seek(Rule::plain_sum)?)?),
            Rule::quiet_line => self.quiet_hours(children)?,
            Rule::cap_line => self.at_most(children)?,
            Rule::priority_line => PolicyLineKind::Priority(self.names(children)),
            Rule::expire_line => PolicyLineKind::Expire(self.expression(children.seek(Rule::plain_operand)?)?),
            Rule::holdout_line => PolicyLineKind::Holdout(self.spanned_number(&mut children)?),
            _ => return None,
        };
        Some(PolicyLine { span, kind })
    }

    fn quiet_hours(&mut self, children: Children<'_>) -> Option<PolicyLineKind> {
        let mut between = None;
        let mut days = Vec::new();
        for child in children {
            match child.as_rule() {
                Rule::quiet_between => {
                    let mut times = Children::of(child);
                    between = Some((self.spanned_time(&mut times)?, self.spanned_time(&mut times)?));
                }
                Rule::quiet_days => days = self.names(Children::of(child)),
                _ => {}
            }
        }
        Some(PolicyLineKind::QuietHours { between, days })
    }

    fn at_most(&mut self, children: Children<'_>) -> Option<PolicyLineKind> {
        let mut class = None;
        let mut caps = Vec::new();
        for child in children {
            if !matches!(child.as_rule(), Rule::first_cap | Rule::cap) {
                continue;
            }
            let mut parts = Children::of(child);
            let most = self.spanned_number(&mut parts)?;
            if let Some(only) = parts.accept(Rule::cap_class) {
                class = self.name(&mut Children::of(only));
            }
            caps.push(Cap { most, per: self.name(&mut parts)? });
        }
        Some(PolicyLineKind::AtMost { class, caps })
    }

    /// All names among the children.
    pub(super) fn names(&self, children: Children<'_>) -> Vec<Word> {
        children.filter(|child| child.as_rule() == Rule::name).map(|name| self.word(&name)).collect()
    }

    /// The next number among the children.
    pub(super) fn spanned_number(&mut self, children: &mut Children<'_>) -> Option<Spanned<Decimal>> {
        let number = children.seek(Rule::number)?;
        Some(Spanned::new(self.number(&number), self.span(&number)))
    }

    /// The next time of day among the children.
    pub(super) fn spanned_time(&mut self, children: &mut Children<'_>) -> Option<Spanned<TimeOfDay>> {
        let time = children.seek(Rule::time)?;
        Some(Spanned::new(self.time(&time), self.span(&time)))
    }
}
