//! Two contacts that turn out to be one person: their states become one.

use super::facts::Person;
use super::marks::{Journey, Merged};
use super::output::EffectKey;
use super::program::{Program, Unit};
use super::state::{Handle, Phase, State};
use super::value::Value;
use crate::ir::{EntryRule, FieldUse};
use crate::model::CHANNELS;
use crate::time::{Instant, Zone};
use std::collections::{BTreeMap, BTreeSet};

impl Person {
    /// Takes in another row of the same person: this one, the older, keeps its fields. Of each consent the strictest counts:
    /// one that is no in one of the rows is no, one that is missing in one of them is missing. `fields` are those of the
    /// values.
    pub fn unite(&mut self, fields: &[FieldUse], other: &Person) {
        let no = Value::Flag(false);
        for (field, (value, also)) in fields.iter().zip(self.values.iter_mut().zip(&other.values)) {
            if is_consent(&field.name) && *value != no && (*also == no || also.is_missing()) {
                *value = also.clone();
            }
        }
    }
}

/// `email_consent`, and so for each channel.
fn is_consent(field: &str) -> bool {
    let channel = field.strip_suffix("_consent");
    channel.is_some_and(|channel| CHANNELS.iter().any(|(name, _)| *name == channel))
}

impl State {
    /// Takes in the state of another row of the same person: its instances, what its entry rules, caps and silences
    /// remember, and what scenarios made happen to it. What they set in that row stays in that row.
    ///
    /// Of several running instances under an entry rule one goes on ([`State::one_goes_on`]). Gives the messages that must not
    /// leave. Nothing starts. Timers are filed when the state is next read.
    pub fn unite(&mut self, other: State, program: &Program) -> Merged {
        let mut other = other;
        other.own.forget_all_changes();
        self.absorb(other);
        // Who was erased by one row is erased.
        if self.is_erased() {
            return Merged { messages: self.end_all(), journeys: Vec::new() };
        }
        self.one_goes_on(program, |_, _, _| false)
    }

    /// What came of older events of the same contact, which was lived again without knowing what runs already, is in the state:
    /// of running instances that an entry rule would not have let in beside each other one goes on.
    pub fn as_one_life(&mut self, program: &Program, zone: Zone) -> Merged {
        self.one_goes_on(program, |unit, before, entry| {
            let EntryRule::OnceEvery(length) = unit.scenario.entry else { return false };
            // What depends on the contact was asked when each entered.
            let Some(Value::Duration(length)) = unit.code.constants.get(usize::from(length)) else { return true };
            zone.add(before, *length).is_some_and(|next| entry >= next)
        })
    }

    /// Of several running instances of a scenario under an entry rule, which came together from two states, one goes on, the
    /// oldest, with `latest` the newest; the others end, but for those of which `may_enter` says, by the entries of the last
    /// that goes on and theirs, that they may run too. Gives the messages that were theirs alone.
    fn one_goes_on(&mut self, program: &Program, may_enter: impl Fn(&Unit, Instant, Instant) -> bool) -> Merged {
        let mut running: BTreeMap<&str, Vec<(Instant, Handle)>> = BTreeMap::new();
        for (slot, instance) in self.slots.iter().enumerate() {
            let Some(instance) = instance else { continue };
            let Some(unit) = program.unit(instance.unit) else { continue };
            // Any number of instances may run where each trigger starts one, or each value of a path.
            let is_alone = !matches!(unit.scenario.entry, EntryRule::Always | EntryRule::OncePer(_));
            if is_alone && matches!(instance.phase, Phase::Waiting(_) | Phase::WaitingFor(_)) {
                let handle = Handle { serial: instance.serial, slot: slot as u32 };
                running.entry(&unit.scenario.name).or_default().push((instance.entry, handle));
            }
        }
        let mut ended: Vec<EffectKey> = Vec::new();
        let mut journeys: Vec<Journey> = Vec::new();
        for (scenario, mut instances) in running {
            instances.sort_unstable();
            let rule = program.current(scenario).map(|(_, unit)| &unit.scenario.entry);
            let stays = if rule == Some(&EntryRule::Latest) { instances.pop() } else { Some(instances.remove(0)) };
            let mut last = stays.map(|(entry, _)| entry);
            for (entry, handle) in instances {
                let unit = self.get(handle).and_then(|instance| program.unit(instance.unit));
                if unit.zip(last).is_some_and(|(unit, last)| may_enter(unit, last, entry)) {
                    last = Some(entry);
                    continue;
                }
                let Some(instance) = self.take(handle) else { continue };
                journeys.push(Journey::of(&instance));
                ended.extend(instance.pending.iter().map(|pending| pending.key));
                self.release(handle, instance);
            }
            // Rules that ask for the running instance know which one it is.
            if let (Some((_, handle)), Some(mark)) = (stays, self.marks.get_mut(scenario))
                && matches!(rule, Some(EntryRule::Latest | EntryRule::OneAtATime))
            {
                mark.running = Some(handle);
            }
        }
        // A message that left together with another instance's is still that one's.
        let kept: BTreeSet<EffectKey> =
            self.slots.iter().flatten().flat_map(|each| each.pending.iter().map(|pending| pending.key)).collect();
        ended.retain(|key| !kept.contains(key));
        Merged { messages: ended, journeys }
    }
}
