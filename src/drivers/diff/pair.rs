//! Which row of one program is which of another, for one person: `docs/decisions/0039-what-is-the-same-message.md`.

use super::item::{Item, Trigger};
use crate::time::Instant;
use std::collections::BTreeMap;

/// Of what no event started, how far apart two messages may be that are one: 31 days.
const PERIOD_MICROS_MAX: u64 = 31 * 86_400_000_000;

/// Of each row the place of the one that it is in the other program.
#[derive(Debug, Default)]
pub struct Pairs {
    pub of_old: Vec<Option<usize>>,
    pub of_new: Vec<Option<usize>>,
}

/// Pairs the rows of one person. Both are in the order of time.
///
/// First the same step of the same instance; then that of an instance of the same trigger; then the same message of the same
/// scenario and trigger at another step; then another message of the same instance that leaves at the same instant; then one
/// that shares a trigger with it, where several leave together; last the same message for the same trigger by another scenario.
/// Of several that could be, the nearest in time.
pub fn pair(old: &[Item], new: &[Item]) -> Pairs {
    let mut pairs = Pairs { of_old: vec![None; old.len()], of_new: vec![None; new.len()] };
    let mut open = Open { old, new, pairs: &mut pairs };
    open.by(|item| Some((item.scenario, item.step, item.visit, item.effect, &item.trigger, item.entered_at)));
    open.by(|item| Some((item.scenario, item.step, item.visit, item.effect, &item.trigger)));
    open.by(|item| item.happens().then_some((item.scenario, item.effect, &*item.message, &item.trigger)));
    open.by(|item| Some((item.scenario, item.effect, &*item.message, &item.trigger)));
    open.by(|item| {
        let leaves = item.is_message() && item.happens();
        leaves.then_some((item.scenario, &item.trigger, item.entered_at, item.at))
    });
    open.by_shared_trigger();
    open.by(|item| (item.is_message() && item.happens()).then_some((&*item.message, &item.trigger)));
    pairs
}

struct Open<'a> {
    old: &'a [Item],
    new: &'a [Item],
    pairs: &'a mut Pairs,
}

impl<'a> Open<'a> {
    fn pair(&mut self, old: usize, new: usize) {
        if let (Some(of_old), Some(of_new)) = (self.pairs.of_old.get_mut(old), self.pairs.of_new.get_mut(new)) {
            *of_old = Some(new);
            *of_new = Some(old);
        }
    }

    /// Pairs what has the same key and is not paired yet.
    fn by<K: Ord>(&mut self, key: impl Fn(&'a Item) -> Option<K>) {
        let mut keys: BTreeMap<K, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
        for (place, item) in unpaired(self.old, &self.pairs.of_old) {
            if let Some(key) = key(item) {
                keys.entry(key).or_default().0.push(place);
            }
        }
        if keys.is_empty() {
            return;
        }
        for (place, item) in unpaired(self.new, &self.pairs.of_new) {
            if let Some(found) = key(item).and_then(|key| keys.get_mut(&key)) {
                found.1.push(place);
            }
        }
        for (old, new) in keys.into_values().filter(|(_, new)| !new.is_empty()) {
            self.nearest(&old, &new);
        }
    }

    /// Pairs two lists in the order of time: each with the nearest of the other that no other is nearer to.
    fn nearest(&mut self, old: &[usize], new: &[usize]) {
        let (mut olds, mut news) = (old.iter().copied().peekable(), new.iter().copied().peekable());
        while let (Some(old), Some(new)) = (olds.peek().copied(), news.peek().copied()) {
            let apart = self.apart(old, new);
            let after =
                |list: &std::iter::Peekable<std::iter::Copied<std::slice::Iter<'_, usize>>>| list.clone().nth(1);
            if after(&news).is_some_and(|next| self.apart(old, next) < apart) {
                news.next();
            } else if after(&olds).is_some_and(|next| self.apart(next, new) < apart) {
                olds.next();
            } else {
                let is_of_a_trigger = self.old.get(old).is_some_and(|item| item.trigger.is_some());
                if is_of_a_trigger || apart <= PERIOD_MICROS_MAX {
                    self.pair(old, new);
                }
                olds.next();
                news.next();
            }
        }
    }

    /// How many microseconds are between two rows.
    fn apart(&self, old: usize, new: usize) -> u64 {
        let at = |items: &[Item], place: usize| items.get(place).map_or(Instant::MIN, |item| item.at);
        at(self.old, old).0.abs_diff(at(self.new, new).0)
    }

    /// Pairs what leaves together for triggers of which one is the same.
    fn by_shared_trigger(&mut self) {
        type Key<'k> = (u16, &'k str, &'k Trigger);
        let may = |item: &Item| item.is_message() && item.happens();
        if !self.old.iter().chain(self.new).any(|item| !item.also.is_empty()) {
            return;
        }
        let mut by_trigger: BTreeMap<Key<'a>, usize> = BTreeMap::new();
        for (place, item) in unpaired(self.old, &self.pairs.of_old).filter(|(_, item)| may(item)) {
            for trigger in triggers(item) {
                by_trigger.entry((item.scenario, &item.message, trigger)).or_insert(place);
            }
        }
        let news: Vec<(usize, &'a Item)> =
            unpaired(self.new, &self.pairs.of_new).filter(|(_, item)| may(item)).collect();
        for (place, item) in news {
            let found = triggers(item).find_map(|trigger| by_trigger.get(&(item.scenario, &*item.message, trigger)));
            if let Some(old) = found.copied().filter(|old| self.pairs.of_old.get(*old) == Some(&None)) {
                self.pair(old, place);
            }
        }
    }
}

fn triggers(item: &Item) -> impl Iterator<Item = &Trigger> {
    std::iter::once(&item.trigger).chain(&item.also)
}

fn unpaired<'a>(items: &'a [Item], of: &[Option<usize>]) -> impl Iterator<Item = (usize, &'a Item)> {
    items.iter().enumerate().zip(of).filter(|(_, of)| of.is_none()).map(|(item, _)| item)
}
