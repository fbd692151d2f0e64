//! What several scenarios ask of events in the same words is known once: the histories under which events are filed, and what
//! aggregates take of them.

use super::linked::LinkedCode;
use super::program::{Owner, Program};
use crate::ir::{Expr, ExprIx, Probe, ProbeIx};
use rustc_hash::FxHashMap;
use std::collections::BTreeMap;
use std::mem::discriminant;

/// The numbers of histories, and of what aggregates take of events, by what they are made of.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    probes: BTreeMap<String, ProbeIx>,
    takings: BTreeMap<String, usize>,
    /// How many takings there are, those that nobody can share included.
    count: usize,
}

impl Program {
    /// Numbers the histories of a code, and what its aggregates take of events: what another asks in the same way has its number.
    pub(super) fn share(&mut self, linked: &mut LinkedCode, owner: Owner) {
        let mut numbers = Vec::new();
        for (local, probe) in linked.code.probes.iter() {
            let words = linked.words_of_probe(probe);
            let known = words.as_ref().and_then(|words| self.shared.probes.get(words)).copied();
            let number = known.unwrap_or_else(|| {
                let kind = linked.events.get(usize::from(probe.event)).copied().unwrap_or(u16::MAX);
                let number = self.add_probe(kind, (owner, local));
                self.shared.probes.extend(words.map(|words| (words, number)));
                number
            });
            numbers.push(number);
        }
        linked.probes = numbers;
        let mut numbers = FxHashMap::default();
        for expr in linked.code.exprs.values() {
            let Expr::Aggregate(aggregate) = expr else { continue };
            let event = linked.code.probes.get(aggregate.probe).map(|probe| probe.event);
            let Some((event, of)) = event.zip(aggregate.of) else { continue };
            let Shared { takings, count, .. } = &mut self.shared;
            let mut next = || {
                *count += 1;
                *count
            };
            let number = match linked.words(event, of) {
                Some(words) => *takings.entry(words).or_insert_with(next),
                None => next(),
            };
            // Codes are without copies: the same place may be taken of two events.
            numbers.insert((event, of), number);
        }
        linked.takings = numbers;
    }
}

impl LinkedCode {
    /// The number of a history among all those of the program.
    pub fn probe_number(&self, probe: ProbeIx) -> ProbeIx {
        self.probes.get(usize::from(probe)).copied().unwrap_or(ProbeIx(u32::MAX))
    }

    /// The number of what an aggregate takes of the events of a probe, among all that is taken.
    pub fn taking_number(&self, probe: ProbeIx, of: ExprIx) -> Option<usize> {
        let event = self.code.probes.get(probe)?.event;
        self.takings.get(&(event, of)).copied()
    }

    fn words_of_probe(&self, probe: &Probe) -> Option<String> {
        let filter = probe.filter.map_or(Some(String::new()), |filter| self.words(probe.event, filter))?;
        let keys = probe.keys.iter().map(|key| self.words(probe.event, *key)).collect::<Option<Vec<String>>>()?;
        Some(format!("{} {{{filter}}} [{}]", self.events.get(usize::from(probe.event))?, keys.join(", ")))
    }

    /// What an expression over an event is made of, in words that are the same in every code; `None` where it reads anything
    /// else, so that what it says may differ from one code to another.
    fn words(&self, event: u16, ix: ExprIx) -> Option<String> {
        let expr = self.code.exprs.get(ix)?;
        let own = match expr {
            Expr::Event(slot) => {
                let fields = self.event_fields.get(usize::from(event))?;
                let kind = self.events.get(usize::from(event))?;
                format!("{kind} {}", fields.get(usize::from(*slot))?)
            }
            Expr::Literal(literal) => format!("{literal:?}"),
            Expr::Field { entity, field, .. } => format!("{entity} {field}"),
            Expr::Top(count, _) => count.to_string(),
            Expr::EventAt => String::new(),
            _ if expr.is_of_operands() => String::new(),
            _ => return None,
        };
        let parts = expr.operands().into_iter().map(|part| self.words(event, part)).collect::<Option<Vec<String>>>()?;
        // Texts are in quotes, and brackets stand in pairs: two expressions with the same words are the same.
        Some(format!("{:?} {own} ({})", discriminant(expr), parts.join(", ")))
    }
}

#[cfg(test)]
mod tests;
