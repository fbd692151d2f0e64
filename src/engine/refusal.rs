//! Why an event, or the contact, let a scenario start, or did not: the clauses of the trigger, `for` and the entry rule, with
//! the values that they read.

use super::describe;
use super::entry::Candidate;
use super::eval::Eval;
use super::explain::{Clause, ClauseOf, Read, explain};
use super::output::{Count, TriggerRef};
use super::step::Stepper;
use super::value::Value;
use crate::ir::{EntryRule, Expr, ExprIx, Start};
use crate::time::Instant;

/// An event that started no instance of a scenario, because of its trigger's filter or of `for`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub at: Instant,
    /// The place of the scenario in the program.
    pub unit: u16,
    pub trigger: TriggerRef,
    /// Those that do not hold, at least one.
    pub clauses: Vec<Clause>,
}

impl<'a> Stepper<'a, '_> {
    /// Notes why a candidate was refused by its filter, or by `for`.
    pub(super) fn refuse(&mut self, candidate: Candidate<'a>) {
        let mut clauses = self.filter_clauses(candidate);
        clauses.retain(|clause| clause.holds() != Some(true));
        if clauses.is_empty() {
            clauses.extend(self.audience_clause(candidate).filter(|clause| clause.holds() != Some(true)));
        }
        let Candidate { unit_slot: unit, row, .. } = candidate;
        let trigger = self.trigger_of(row);
        if let (false, Some(refusals)) = (clauses.is_empty(), &mut self.out.refusals) {
            refusals.push(Refusal { at: self.now, unit, trigger, clauses });
        }
    }

    /// What is told of a candidate that starts.
    pub(super) fn let_in_by(&self, candidate: Candidate<'a>) -> Vec<Clause> {
        if self.out.trace.is_none() {
            return Vec::new();
        }
        let mut clauses = self.filter_clauses(candidate);
        if let Start::Silence { duration, .. } = candidate.unit.scenario.start {
            clauses.extend(self.values(&self.eval_of(candidate), &[(ClauseOf::Length, Some(duration))]));
        }
        clauses.extend(self.audience_clause(candidate));
        clauses
    }

    /// What is told of a candidate that was refused; `key` is the value of `once per`.
    pub(super) fn refused_by(&self, candidate: Candidate<'a>, count: Count, key: Option<Value>) -> Vec<Clause> {
        if self.out.trace.is_none() {
            return Vec::new();
        }
        match count {
            Count::FilterUnknown => self.filter_clauses(candidate),
            Count::NotFor => self.audience_clause(candidate).into_iter().collect(),
            Count::NotAgain => vec![Clause::truth(ClauseOf::Entry, Some(false), self.entry_read(candidate, key))],
            Count::BeforeStart => {
                let starts = Read::value("it takes events from", Value::Instant(candidate.unit.starts_at));
                vec![Clause::truth(ClauseOf::Entry, Some(false), vec![starts])]
            }
            _ => Vec::new(),
        }
    }

    fn eval_of(&self, candidate: Candidate<'a>) -> Eval<'_> {
        let Candidate { unit, entry, row, trigger, .. } = candidate;
        Eval { not_given: None, ..self.start_eval(unit, row, trigger.map(|trigger| trigger.event), entry) }
    }

    /// The clauses of the trigger's filter, one by one.
    fn filter_clauses(&self, candidate: Candidate<'a>) -> Vec<Clause> {
        let Candidate { unit, trigger: Some(trigger), .. } = candidate else { return Vec::new() };
        let Some(filter) = trigger.filter else { return Vec::new() };
        let eval = self.eval_of(candidate);
        let place = unit.scenario.start.events().iter().position(|each| each == trigger).unwrap_or(0) as u16;
        let parts: &[ExprIx] = match unit.code.code.exprs.get(filter) {
            Some(Expr::And(parts)) => parts.as_slice(),
            _ => &[filter],
        };
        let explained = |(clause, part): (usize, &ExprIx)| {
            explain(&eval, self.program.needs(), ClauseOf::Filter(place, clause as u16), *part, true)
        };
        parts.iter().enumerate().map(explained).collect()
    }

    fn audience_clause(&self, candidate: Candidate<'a>) -> Option<Clause> {
        let audience = candidate.unit.scenario.audience?;
        Some(explain(&self.eval_of(candidate), self.program.needs(), ClauseOf::Audience, audience, true))
    }

    /// What the entry rule read.
    fn entry_read(&self, candidate: Candidate<'a>, key: Option<Value>) -> Vec<Read> {
        let unit = candidate.unit;
        let mark = self.state.marks.get(&unit.scenario.name);
        let last = mark.and_then(|mark| mark.last_entry);
        let entered = last.map(|last| Read::value("it entered last", Value::Instant(last)));
        match unit.scenario.entry {
            EntryRule::OnceEvery(duration) => {
                let length = self.eval_of(candidate).duration(duration);
                let next = last.zip(length).and_then(|(last, length)| self.zone().add(last, length));
                let again = next.map(|next| Read::value("it may enter again", Value::Instant(next)));
                entered.into_iter().chain(again).collect()
            }
            EntryRule::OncePer(path) => {
                let words = describe::expression(&unit.code, self.program.needs(), path);
                key.map(|key| Read::value(&words, key)).into_iter().collect()
            }
            EntryRule::OneAtATime => {
                let running = mark.and_then(|mark| mark.running).and_then(|handle| self.state.get(handle));
                let since = running.map(|instance| Read::value("one runs since", Value::Instant(instance.entry)));
                since.into_iter().collect()
            }
            EntryRule::Always | EntryRule::Once | EntryRule::Latest => entered.into_iter().collect(),
        }
    }
}
