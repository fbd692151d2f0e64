//! Why nothing started: the clauses that an event or a contact does not pass, with the values that they read.

use super::describe;
use super::entry::Candidate;
use super::eval::Eval;
use super::output::TriggerRef;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Expr, ExprIx};
use crate::time::Instant;

/// An event that started no instance of a scenario, because of its trigger's filter or of `for`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub at: Instant,
    /// The place of the scenario in the program.
    pub unit: u16,
    pub trigger: TriggerRef,
    /// Those that do not hold, at least one.
    pub clauses: Vec<RefusedClause>,
}

/// A clause that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedClause {
    /// Of a filter, the place of the trigger among the scenario's, and of the clause in its filter; `None` for `for`.
    pub of: Option<(u16, u16)>,
    /// Whether it is unknown, and not false.
    pub is_unknown: bool,
    /// What it reads of the event, the contact and measures, in the order of the text.
    pub read: Vec<(String, Value)>,
}

impl<'a> Stepper<'a, '_> {
    /// Notes why a candidate was refused by its filter, or by `for`.
    pub(super) fn refuse(&mut self, candidate: Candidate<'a>) {
        let Candidate { unit_slot, unit, entry, row, .. } = candidate;
        let eval = Eval {
            not_given: None,
            ..self.start_eval(unit, row, candidate.trigger.map(|trigger| trigger.event), entry)
        };
        let judge = |of: Option<(u16, u16)>, clause: ExprIx| {
            let truth = eval.truth(clause);
            (truth != Some(true)).then(|| {
                let mut read = Vec::new();
                self.read_by(&eval, clause, &mut read);
                RefusedClause { of, is_unknown: truth.is_none(), read }
            })
        };
        let mut clauses: Vec<RefusedClause> = Vec::new();
        if let Some(trigger) = candidate.trigger
            && let Some(filter) = trigger.filter
        {
            let place = unit.scenario.start.events().iter().position(|each| each == trigger).unwrap_or(0) as u16;
            let parts = match unit.code.code.exprs.get(filter) {
                Some(Expr::And(parts)) => parts.as_slice(),
                _ => &[filter],
            };
            let parts = parts.iter().enumerate();
            clauses.extend(parts.filter_map(|(clause, part)| judge(Some((place, clause as u16)), *part)));
        }
        if clauses.is_empty() {
            clauses.extend(unit.scenario.audience.and_then(|audience| judge(None, audience)));
        }
        let trigger = self.trigger_of(row);
        if let (false, Some(refusals)) = (clauses.is_empty(), &mut self.out.refusals) {
            refusals.push(Refusal { at: self.now, unit: unit_slot, trigger, clauses });
        }
    }

    /// What a condition reads, with its values; what it asks of histories is told by the trace.
    fn read_by(&self, eval: &Eval<'_>, ix: ExprIx, read: &mut Vec<(String, Value)>) {
        let Some(expr) = eval.code.code.exprs.get(ix) else { return };
        let name = match expr {
            Expr::Event(_) | Expr::Field { .. } => eval.path(ix),
            Expr::Contact(_) | Expr::Trigger(_) | Expr::Measure(_) | Expr::Balance(_) | Expr::Aggregate(_) => {
                describe::expression(eval.code, self.program.needs(), ix)
            }
            Expr::History { .. } | Expr::Scan { .. } => return,
            other => return other.operands().iter().for_each(|operand| self.read_by(eval, *operand, read)),
        };
        let value = (name, eval.value(ix).into_owned());
        if !read.contains(&value) {
            read.push(value);
        }
    }
}
