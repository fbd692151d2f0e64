//! Lists: what is in them, the first of them, and the complements of what was bought.

use super::eval::{Eval, EventAtHand};
use super::value::Value;
use crate::ir::{ExprIx, ProbeIx};
use crate::time::Instant;
use rustc_hash::FxHashSet;

/// What goes with a purchase.
struct Offer {
    /// Its place in the list of complements, from 0.
    rank: usize,
    /// How many purchases came after it, by instant, then arrival.
    ago: usize,
    value: Value,
}

/// Values, each once, in the order in which they came.
#[derive(Default)]
struct Distinct {
    known: FxHashSet<Value>,
    values: Vec<Value>,
}

impl Distinct {
    fn add(&mut self, value: &Value) {
        if self.known.insert(value.clone()) {
            self.values.push(value.clone());
        }
    }

    fn has(&self, eval: &Eval<'_>, value: &Value) -> bool {
        self.known.contains(value) || self.values.iter().any(|known| eval.equal(known, value) == Some(true))
    }
}

impl<'a> Eval<'a> {
    /// Whether a value is in a list of the CRM; missing when one of them is.
    pub(super) fn is_in_list(&self, value: ExprIx, list: ExprIx) -> Value {
        let value = self.value(value);
        match self.value(list).as_ref() {
            Value::List(all) if !value.is_missing() => {
                Value::Flag(all.iter().any(|each| self.equal(&value, each) == Some(true)))
            }
            _ => Value::Missing,
        }
    }

    /// The first so many of a list.
    pub(super) fn top(&self, count: u32, list: ExprIx) -> Value {
        match self.value(list).as_ref() {
            Value::List(all) => Value::List(all.iter().take(count as usize).cloned().collect()),
            _ => Value::Missing,
        }
    }

    /// The best so many complements of what the contact bought, without what they bought already: by the rank in the lists
    /// of complements, then the latest purchase.
    pub(super) fn recommend(&self, count: u32, probe: ProbeIx, product: ExprIx, complements: ExprIx) -> Value {
        let mut bought = Distinct::default();
        let mut offers: Vec<Offer> = Vec::new();
        let mut offered: FxHashSet<(usize, Value)> = FxHashSet::default();
        let Some(found) = self.events_of(probe, &[], Instant::MIN) else { return Value::Missing };
        // The latest first: of what was offered before at the same rank, the latest purchase counts.
        for (ago, event) in found.rev().enumerate() {
            bought.add(&event.value(product));
            if let Value::List(all) = event.value(complements).as_ref() {
                for (rank, value) in all.iter().enumerate() {
                    if offered.insert((rank, value.clone())) {
                        offers.push(Offer { rank, ago, value: value.clone() });
                    }
                }
            }
        }
        offers.sort_by_key(|offer| (offer.rank, offer.ago));
        let mut best = Distinct::default();
        for Offer { value, .. } in offers {
            if best.values.len() >= count as usize {
                break;
            }
            if !bought.has(self, &value) && !best.has(self, &value) {
                best.add(&value);
            }
        }
        Value::List(best.values.into())
    }

    /// The program's event of a probe.
    pub(super) fn kind_of(&self, probe: ProbeIx) -> Option<u16> {
        let probe = self.code.code.probes.get(probe)?;
        self.code.events.get(usize::from(probe.event)).copied()
    }

    /// Evaluators over the admitted events of a probe after an instant, by instant, then arrival: those that pass its filter
    /// and have these key values. `None` when there is no life to look at.
    pub(super) fn events_of<'k>(
        &self,
        probe: ProbeIx,
        keys: &'k [Value],
        start: Instant,
    ) -> Option<impl DoubleEndedIterator<Item = Eval<'a>> + use<'a, 'k>> {
        let this = *self;
        let life = self.facts?.life;
        let definition = self.code.code.probes.get(probe)?;
        let kind = self.kind_of(probe)?;
        Some(life.since(kind, start).iter().filter_map(move |place| {
            let event = life.event(*place as usize)?;
            let at_hand = EventAtHand::of(this.code, definition.event, event.at, life.values(*place as usize));
            let inner = Eval { event: Some(at_hand), ..this };
            let passes = definition.filter.is_none_or(|filter| inner.truth(filter) == Some(true))
                && definition.keys.iter().zip(keys).all(|(key, wanted)| inner.value(*key).as_ref() == wanted);
            passes.then_some(inner)
        }))
    }
}
