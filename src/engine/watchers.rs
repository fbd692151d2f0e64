//! Who must be asked when something happens: an index over the instances, which is never saved. One whose instance has moved on
//! is forgotten when it is next looked at.

use super::by_number::ByNumber;
use super::by_row::Filed;
use super::facts::Keys;
use super::state::{Handle, Instance, State};
use crate::ir::ProbeIx;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// An instance that must be asked when something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub handle: Handle,
    pub what: Watched,
}

/// What of an instance an event may make true. The order is that in which they are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Watched {
    Goal,
    StopWhen,
    /// What it waits for, as long as it stands in the wait of this generation.
    Wait(u32),
}

type Watches = SmallVec<[Watch; 2]>;

/// All who watch.
#[derive(Clone, Debug, Default)]
pub(super) struct Watchers {
    /// By probe.
    of: Vec<OfProbe>,
    /// At how many places of `of` somebody watches.
    places: usize,
    /// Who must be asked at every event.
    all: Vec<Watch>,
}

/// Who must be asked when an event of a probe happens, by what it is filed under.
#[derive(Clone, Debug, Default)]
struct OfProbe {
    by_keys: FxHashMap<Keys, Watches>,
    by_number: ByNumber<Watches>,
}

impl Watchers {
    pub fn clear(&mut self) {
        self.all.clear();
        if std::mem::take(&mut self.places) > 0 {
            for OfProbe { by_keys, by_number } in &mut self.of {
                by_keys.clear();
                by_number.clear();
            }
        }
    }
}

impl State {
    pub(super) fn watch(&mut self, probe: ProbeIx, under: Filed<'_>, watch: Watch) {
        let probe = usize::from(probe);
        let Watchers { of, places, .. } = &mut self.watchers;
        if of.len() <= probe {
            of.resize_with(probe + 1, OfProbe::default);
        }
        let Some(OfProbe { by_keys, by_number }) = of.get_mut(probe) else { return };
        let known = match under {
            Filed::Number(number) => by_number.get_mut(number),
            Filed::Keys(keys) => by_keys.get_mut(keys),
        };
        match known {
            Some(watches) => {
                *places += usize::from(watches.is_empty());
                watches.push(watch);
            }
            None => {
                *places += 1;
                let watches = SmallVec::from_iter([watch]);
                match under {
                    Filed::Number(number) => by_number.insert(number, watches),
                    Filed::Keys(keys) => drop(by_keys.insert(keys.iter().cloned().collect(), watches)),
                }
            }
        }
    }

    /// Watches at every event.
    pub(super) fn watch_always(&mut self, watch: Watch) {
        self.watchers.all.push(watch);
    }

    pub(super) fn has_watchers(&self) -> bool {
        !self.watchers.all.is_empty() || self.watchers.places > 0
    }

    /// Adds to `to` those who watch for what is filed here, forgetting those who are gone or have moved on.
    pub(super) fn watchers_of(&mut self, probe: ProbeIx, under: Filed<'_>, to: &mut Vec<Watch>) {
        let State { watchers: Watchers { of, places, .. }, slots, .. } = self;
        let Some(OfProbe { by_keys, by_number }) = of.get_mut(usize::from(probe)) else { return };
        let watches = match under {
            Filed::Number(number) => by_number.get_mut(number),
            Filed::Keys(keys) => by_keys.get_mut(keys),
        };
        let Some(watches) = watches.filter(|watches| !watches.is_empty()) else { return };
        watches.retain(|watch| is_kept(slots, watch));
        to.extend_from_slice(watches);
        if watches.is_empty() {
            *places -= 1;
            if let Filed::Keys(keys) = under {
                by_keys.remove(keys);
            }
        }
    }

    /// Adds to `to` those who are asked at every event, forgetting those who are gone or have moved on.
    pub(super) fn watchers_of_all(&mut self, to: &mut Vec<Watch>) {
        let State { watchers: Watchers { all, .. }, slots, .. } = self;
        all.retain(|watch| is_kept(slots, watch));
        to.extend_from_slice(all);
    }
}

/// Whether a watch still concerns somebody.
fn is_kept(slots: &[Option<Instance>], watch: &Watch) -> bool {
    let instance = slots.get(watch.handle.slot as usize).and_then(Option::as_ref);
    instance.is_some_and(|instance| match watch.what {
        _ if instance.serial != watch.handle.serial => false,
        Watched::Goal | Watched::StopWhen => true,
        Watched::Wait(generation) => instance.generation == generation,
    })
}
