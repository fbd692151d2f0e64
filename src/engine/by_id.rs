//! Events of a life by their ids.

use super::facts::Life;
use crate::model::Id;
use crate::time::Instant;
use rustc_hash::FxHashMap;

/// The last of the admitted events of a kind and id, for those that were seen.
#[derive(Clone, Debug, Default)]
pub(super) struct ById {
    places: FxHashMap<(u16, Id), usize>,
    seen: (usize, usize),
}

/// How many of the last events are looked at before they are filed by their ids.
const RECENT: usize = 8;

impl Life {
    /// The admitted event of this kind and id.
    pub fn find(&self, kind: u16, id: &Id) -> Option<usize> {
        let is_it = |place: &usize| self.event(*place).is_some_and(|event| event.kind == kind && event.id == *id);
        // Mostly it is one of the last; for older ones they are filed.
        self.admitted().rev().take(RECENT).find(is_it).or_else(|| {
            let mut index = self.by_id.borrow_mut();
            let ById { places, seen } = &mut *index;
            for place in self.admitted_since(seen) {
                if let Some(event) = self.event(place) {
                    let known = places.entry((event.kind, event.id.clone())).or_insert(place);
                    *known = place.max(*known);
                }
            }
            places.get(&(kind, id.clone())).copied()
        })
    }

    /// As [`Life::find`], of an event of which it is known when it happened: where the program looks through its kind, only
    /// those of that instant are looked at.
    pub(super) fn find_at(&self, kind: u16, id: &Id, at: Instant) -> Option<usize> {
        let since = self.since(kind, Instant(at.0.saturating_sub(1))).iter();
        let then = since.filter_map(|place| Some((*place as usize, self.event(*place as usize)?)));
        let then = then.take_while(|(_, event)| event.at == at).filter(|(_, event)| event.id == *id);
        then.map(|(place, _)| place).max().or_else(|| self.find(kind, id))
    }
}
