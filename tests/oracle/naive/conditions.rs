//! What is true, false or unknown.

use super::Life;
use super::{Instance, State};
use crate::calendar::{self, Parts, Seconds};
use crate::story::{Condition, Filter, Path, Pattern, Window};
use crate::world::{Fact, Key};

impl Life<'_> {
    /// "A condition is true, false or unknown, by Kleene's rules." Of an instance, or of the event that would start one.
    pub(super) fn truth(&self, condition: &Condition, place: Option<usize>, event: Option<&Fact>) -> Option<bool> {
        let instance = place.map(|place| &self.instances[place]);
        let trigger = instance.map(|each| &each.trigger).or(event);
        match condition {
            Condition::Not(inner) => self.truth(inner, place, event).map(|truth| !truth),
            Condition::And(all) => {
                let all: Vec<Option<bool>> = all.iter().map(|each| self.truth(each, place, event)).collect();
                if all.contains(&Some(false)) {
                    return Some(false);
                }
                (!all.contains(&None)).then_some(true)
            }
            Condition::Or(all) => {
                let all: Vec<Option<bool>> = all.iter().map(|each| self.truth(each, place, event)).collect();
                if all.contains(&Some(true)) {
                    return Some(true);
                }
                (!all.contains(&None)).then_some(false)
            }
            Condition::Tier(name) => self.tier.as_ref().map(|tier| tier == name),
            Condition::Tagged(name) => Some(self.tags.contains(name)),
            Condition::PointsAtLeast(number) => Some(self.points >= *number),
            Condition::InStory(name) => {
                let runs = |each: &Instance| each.state == State::Runs && self.stories[each.story].name == *name;
                let claims = |place: usize| {
                    let each = &self.instances[place];
                    !each.converted && self.stories[each.story].name == *name
                };
                Some(self.instances.iter().any(runs) || self.claiming.is_some_and(claims))
            }
            Condition::TriggerQuantityAbove(number) => Some(trigger?.quantity > *number),
            Condition::TriggerDiscounted => trigger?.discounted,
            Condition::TriggerHasOrder => Some(trigger?.order.is_some()),
            Condition::Aggregate(aggregate, comparison) => {
                let start = self.start(&aggregate.window, instance);
                let events = match start {
                    // Without a last message nothing has happened since.
                    None => self.key_is_known(&aggregate.pattern, trigger).then(Vec::new)?,
                    Some(start) => self.events(&aggregate.pattern, aggregate.kind, start, trigger)?,
                };
                self.compared(aggregate.kind, &aggregate.pattern, &events, *comparison)
            }
            Condition::History(pattern, window) => {
                // "`since last message` (...) without one, what refers to it is false."
                let Some(start) = self.start(window, instance) else { return Some(false) };
                if !self.key_is_known(pattern, trigger) {
                    return None;
                }
                // "All include now": what has not arrived has not happened.
                Some(self.facts[..self.arrived].iter().any(|fact| {
                    fact.event == pattern.event
                        && fact.at > start
                        && self.passes(&pattern.filters, fact, trigger) == Some(true)
                }))
            }
        }
    }

    /// After when; `None` since a last message that there is not.
    fn start(&self, window: &Window, instance: Option<&Instance>) -> Option<Seconds> {
        let entry = || instance.map(|instance| instance.trigger.at);
        match window {
            Window::Default | Window::SinceEntry => entry(),
            Window::SinceEntryPlus(length) => Some(calendar::add(self.zone, entry()?, length.parts())),
            Window::SinceLastMessage => instance?.last_message,
            Window::InLast(length) => {
                Some(calendar::add(self.zone, self.now, Parts::default().plus(length.parts(), -1)))
            }
            Window::Ever => Some(Seconds::MIN),
        }
    }

    /// `same PATH` has something to compare with.
    pub(super) fn key_is_known(&self, pattern: &Pattern, trigger: Option<&Fact>) -> bool {
        pattern.filters.iter().all(|filter| match filter {
            Filter::Same(path) => trigger.is_some_and(|trigger| value_of(*path, trigger).is_some()),
            _ => true,
        })
    }

    /// Whether an event passes all filters; unknown when one is.
    pub(super) fn passes(&self, filters: &[Filter], fact: &Fact, trigger: Option<&Fact>) -> Option<bool> {
        let mut result = Some(true);
        for filter in filters {
            let product = fact.product.as_ref();
            let truth = match filter {
                Filter::Recurring => product.map(|product| product.recurring),
                Filter::Discounted => fact.discounted,
                Filter::OrderPresent => Some(fact.order.is_some()),
                Filter::DelayPresent => Some(product.is_some_and(|product| product.delay.is_some())),
                Filter::Category { is, name } => {
                    let category = product.and_then(|product| product.category.as_ref());
                    category.map(|category| (category == name) == *is)
                }
                Filter::ListIs(name) => fact.list.as_ref().map(|list| list == name),
                Filter::QuantityAbove(number) => Some(fact.quantity > *number),
                Filter::AmountBelow(number) => Some(fact.amount < *number * 100),
                Filter::Same(path) => match (value_of(*path, fact), trigger.and_then(|each| value_of(*path, each))) {
                    (Some(one), Some(other)) => Some(one == other),
                    _ => None,
                },
                Filter::MoreThanTrigger => trigger.map(|trigger| fact.quantity > trigger.quantity),
            };
            match truth {
                Some(true) => {}
                Some(false) => return Some(false),
                None => result = None,
            }
        }
        result
    }
}

/// The value of a path of an event; `None` when it is missing.
pub(super) fn value_of(path: Path, fact: &Fact) -> Option<String> {
    match path {
        Path::Quantity => Some(fact.quantity.to_string()),
        Path::Amount => Some(fact.amount.to_string()),
        Path::Order => fact.order.clone(),
        Path::Product => fact.product_id.as_ref().map(Key::to_string),
        Path::Family => fact.product.as_ref().map(|product| product.family.clone()),
        Path::Category => fact.product.as_ref().and_then(|product| product.category.clone()),
    }
}
