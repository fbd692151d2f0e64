//! The steps that change something or lead elsewhere: `set`, `credit`, `start`, `split` and their like.

use super::build::Builder;
use super::grammar::{Children, Node, Rule};
use super::tree::{SplitArm, StepKind};

impl Builder<'_> {
    pub(super) fn act(&mut self, node: Node<'_>) -> Option<StepKind> {
        let rule = node.as_rule();
        if rule == Rule::account_step {
            return self.account_step(node);
        }
        let mut children = Children::of(node);
        Some(match rule {
            Rule::set_step => {
                let path = self.path(children.seek(Rule::path)?);
                StepKind::Set { path, value: self.expression(children.seek(Rule::expression)?)? }
            }
            Rule::tag_step => {
                let add = children.next()?.as_rule() == Rule::kw_tag;
                StepKind::Tag { add, tag: self.expression(children.seek(Rule::expression)?)? }
            }
            Rule::start_step => StepKind::Start(self.name(&mut children)?),
            Rule::erase_step => StepKind::Erase(self.name(&mut children)?),
            Rule::call_step => {
                let webhook = self.name(&mut children)?;
                let with = match children.accept(Rule::with) {
                    Some(with) => self.with(with)?,
                    None => Vec::new(),
                };
                StepKind::Call { webhook, with }
            }
            Rule::split_step => {
                let name = self.word(&children.seek(Rule::split_name)?);
                let arms = children.filter(|child| child.as_rule() == Rule::split_part);
                StepKind::Split { name, arms: arms.map(|arm| self.split_arm(arm)).collect::<Option<_>>()? }
            }
            Rule::repeat_step => {
                let times = self.spanned_number(&mut children)?;
                let every = self.expression(children.seek(Rule::expression)?)?;
                StepKind::Repeat { times, every, steps: self.block(children.seek(Rule::block)?)? }
            }
            _ => return None,
        })
    }

    fn account_step(&mut self, node: Node<'_>) -> Option<StepKind> {
        let mut children = Children::of(node);
        let credit = children.next()?.as_rule() == Rule::kw_credit;
        let amount = self.expression(children.seek(Rule::account_amount)?)?;
        let account = self.word(&children.seek(Rule::account_name)?);
        let expiring = match children.accept(Rule::expiring) {
            Some(expiring) => Some(self.first_expression(expiring)?),
            None => None,
        };
        Some(StepKind::Account { credit, amount, account, expiring })
    }

    fn split_arm(&mut self, node: Node<'_>) -> Option<SplitArm> {
        let span = self.span(&node);
        let mut children = Children::of(node);
        let name = self.name(&mut children)?;
        let share = self.spanned_number(&mut children)?;
        Some(SplitArm { name, share, steps: self.block(children.seek(Rule::block)?)?, span })
    }
}
