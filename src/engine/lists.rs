//! Lists: what is in them, the first of them, and the complements of what was bought.

use super::eval::{Eval, EventAtHand};
use super::value::Value;
use crate::ir::{ExprIx, ProbeIx};
use crate::time::Instant;
use std::cmp::Reverse;

/// What goes with a purchase.
struct Offer {
    /// Its place in the list of complements, from 0.
    rank: usize,
    /// The purchase's place among all, by instant, then arrival.
    purchase: usize,
    value: Value,
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
        let mut bought: Vec<Value> = Vec::new();
        let mut offers: Vec<Offer> = Vec::new();
        let Some(found) = self.events_of(probe, &[], Instant::MIN) else { return Value::Missing };
        for (purchase, event) in found.enumerate() {
            bought.push(event.value(product).into_owned());
            if let Value::List(all) = event.value(complements).as_ref() {
                offers.extend(all.iter().cloned().enumerate().map(|(rank, value)| Offer { rank, purchase, value }));
            }
        }
        offers.sort_by_key(|offer| (offer.rank, Reverse(offer.purchase)));
        let mut best: Vec<Value> = Vec::new();
        for Offer { value, .. } in offers {
            let is_known = |known: &Value| self.equal(known, &value) == Some(true);
            if best.len() < count as usize && !bought.iter().any(is_known) && !best.iter().any(is_known) {
                best.push(value);
            }
        }
        Value::List(best.into())
    }

    /// How many admitted events of a probe's kind there are after an instant.
    pub(super) fn count_since(&self, probe: ProbeIx, start: Instant) -> usize {
        let kind = self.code.code.probes.get(probe).and_then(|probe| self.code.events.get(usize::from(probe.event)));
        kind.zip(self.facts).map_or(0, |(kind, facts)| facts.life.since(*kind, start).len())
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
        let kind = *self.code.events.get(usize::from(definition.event))?;
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
