//! What is true, false or unknown.

use super::Life;
use crate::calendar::{self, Parts, Seconds};
use crate::story::{Condition, Filter, Path, Window};
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
            Condition::Tier(name) => self.person.tier.as_ref().map(|tier| tier == name),
            Condition::TriggerQuantityAbove(number) => Some(trigger?.quantity > *number),
            Condition::TriggerDiscounted => trigger?.discounted,
            Condition::TriggerHasOrder => Some(trigger?.order.is_some()),
            Condition::History(pattern, window) => {
                // "`since last message` (...) without one, what refers to it is false."
                let start = match window {
                    Window::Default | Window::SinceEntry => instance?.trigger.at,
                    Window::SinceEntryPlus(length) => calendar::add(self.zone, instance?.trigger.at, length.parts()),
                    Window::SinceLastMessage => match instance?.last_message {
                        None => return Some(false),
                        Some(last) => last,
                    },
                    Window::InLast(length) => {
                        calendar::add(self.zone, self.now, Parts::default().plus(length.parts(), -1))
                    }
                    Window::Ever => Seconds::MIN,
                };
                for filter in &pattern.filters {
                    // `same PATH` has nothing to compare with.
                    if let Filter::Same(path) = filter
                        && value_of(*path, trigger?).is_none()
                    {
                        return None;
                    }
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
        Path::Order => fact.order.clone(),
        Path::Product => fact.product_id.as_ref().map(Key::to_string),
        Path::Family => fact.product.as_ref().map(|product| product.family.clone()),
        Path::Category => fact.product.as_ref().and_then(|product| product.category.clone()),
    }
}
