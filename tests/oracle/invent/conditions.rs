//! Random conditions. What was asked before is often asked again, in the same words or in nearly the same: what the engine
//! remembers of one question must not answer another.

use super::{Folder, Has, Mood};
use crate::calendar::{Length, Unit};
use crate::random::Random;
use crate::story::{Aggregate, Comparison, Condition, Filter, Guard, Kind, Limit, Path, Pattern, Relation, Window};

const CATEGORIES: [&str; 3] = ["x", "y", "z"];

impl Folder<'_> {
    pub(super) fn condition(&mut self, has: Has, depth: u32) -> Condition {
        match self.mood {
            Mood::Sums if self.random.percent(85) => return two_sums(self.random),
            Mood::Numbers if self.random.percent(60) => return purchases_by_number(self.random),
            _ => {}
        }
        match self.random.below(20) {
            0 if depth > 0 => Condition::Not(Box::new(self.condition(has, depth - 1))),
            1 | 2 if depth > 0 => Condition::And(vec![self.condition(has, depth - 1), self.condition(has, depth - 1)]),
            3 if depth > 0 => Condition::Or(vec![self.condition(has, depth - 1), self.condition(has, depth - 1)]),
            4 => Condition::Tier("gold"),
            5 if has.product => Condition::TriggerQuantityAbove(self.random.range(1, 4)),
            6 if has.discounted => Condition::TriggerDiscounted,
            7 if has.order => Condition::TriggerHasOrder,
            8 if self.acts => Condition::Tagged(self.random.pick(&super::TAGS)),
            9 if self.acts => Condition::PointsAtLeast(self.random.pick(&[5, 10, 15])),
            10 if self.names.len() > 1 => Condition::InStory(self.random.pick(self.names)),
            _ => self.question(has),
        }
    }

    /// A history or an aggregate.
    fn question(&mut self, has: Has) -> Condition {
        let mut question = match self.asked.is_empty() || self.random.percent(40) {
            true if self.random.percent(45) => Condition::History(history(self.random, has), window(self.random)),
            true => aggregate(self.random, has),
            false => self.random.pick(&self.asked),
        };
        if self.random.percent(40) {
            nearly(self.random, &mut question);
        }
        settle(&mut question, has);
        self.asked.push(question.clone());
        question
    }

    /// A question, or two, or whether a scenario runs; nothing else, and no comparison with the trigger's quantity.
    pub(super) fn questions(&mut self, has: Has) -> Condition {
        let mut one = || {
            if self.names.len() > 1 && self.random.percent(10) {
                let runs = Condition::InStory(self.random.pick(self.names));
                return if self.random.percent(50) { runs } else { Condition::Not(Box::new(runs)) };
            }
            let mut question = self.question(has);
            if let Condition::History(pattern, _) = &mut question {
                pattern.filters.retain(|filter| *filter != Filter::MoreThanTrigger);
            }
            question
        };
        let (first, second) = (one(), one());
        match self.random.below(4) {
            0 => Condition::And(vec![first, second]),
            1 => Condition::Or(vec![first, second]),
            _ => first,
        }
    }

    /// For `for`: no instance, so no entry and no message, and the window is written.
    pub(super) fn audience(&mut self, has: Has) -> Condition {
        let mut condition = self.condition(has, 1);
        write_windows(self.random, &mut condition);
        condition
    }

    pub(super) fn guard(&mut self, has: Has) -> Option<Guard> {
        match self.random.below(10) {
            0..=3 => Some(Guard::Unless(self.condition(has, 1))),
            4 => Some(Guard::OnlyIf(self.condition(has, 1))),
            _ => None,
        }
    }
}

/// Filters of an event that look at nothing but the event.
pub(super) fn own_filters(random: &mut Random, event: &str) -> Vec<Filter> {
    let one = |random: &mut Random| match random.below(8) {
        0 | 1 => Filter::Recurring,
        2 if event == "purchased" => Filter::Discounted,
        2 | 3 => Filter::OrderPresent,
        4 => Filter::DelayPresent,
        5 => Filter::Category { is: random.percent(70), name: random.pick(&CATEGORIES) },
        6 => Filter::QuantityAbove(random.range(1, 3)),
        _ => Filter::AmountBelow(random.range(10, 30)),
    };
    let mut filters: Vec<Filter> = (0..random.pick(&[0, 1, 1, 2])).map(|_| one(random)).collect();
    put_where_last(&mut filters);
    filters
}

fn is_where(filter: &Filter) -> bool {
    matches!(filter, Filter::QuantityAbove(_) | Filter::AmountBelow(_) | Filter::MoreThanTrigger)
}

/// `where` comes last, and once: what follows it could be read as a part of it.
fn put_where_last(filters: &mut Vec<Filter>) {
    filters.sort_by_key(is_where);
    filters.dedup();
    let end = filters.iter().position(is_where).map_or(filters.len(), |first| first + 1);
    filters.truncate(end);
}

pub(super) fn length(random: &mut Random) -> Length {
    match random.below(7) {
        0 => Length::new(random.range(1, 60), Unit::Hour),
        1 => Length::new(random.range(1, 45), Unit::Day),
        2 => Length::new(random.range(1, 6), Unit::Week),
        3 => Length::new(random.range(1, 14), Unit::Month),
        4 => Length::new(random.range(1, 2), Unit::Quarter),
        5 => Length::new(random.range(1, 3), Unit::Year),
        _ => Length::new(random.range(1, 900), Unit::Minute),
    }
}

fn window(random: &mut Random) -> Window {
    match random.below(8) {
        0..=2 => Window::Default,
        3 => Window::SinceEntry,
        4 => Window::SinceEntryPlus(length(random)),
        5 => Window::SinceLastMessage,
        6 => Window::InLast(length(random)),
        _ => Window::Ever,
    }
}

fn history(random: &mut Random, has: Has) -> Pattern {
    match random.below(8) {
        0 => Pattern { event: "subscribed", filters: Vec::new() },
        1 => Pattern { event: "cart_updated", filters: Vec::new() },
        2 if has.order => Pattern { event: "order_delivered", filters: vec![Filter::Same(Path::Order)] },
        _ => goods(random, has),
    }
}

/// Purchases, or returns: their fields have the same names, and are read at other places.
fn goods(random: &mut Random, has: Has) -> Pattern {
    let event = random.pick(&["purchased", "purchased", "returned"]);
    let mut filters = Vec::new();
    if has.product && random.percent(50) {
        filters.push(Filter::Same(random.pick(&[Path::Family, Path::Family, Path::Product, Path::Category])));
    }
    if has.order && random.percent(15) {
        filters.push(Filter::Same(Path::Order));
    }
    if has.product && random.percent(10) {
        filters.push(Filter::MoreThanTrigger);
    } else if random.percent(40) {
        filters.extend(own_filters(random, event));
    }
    Pattern { event, filters }
}

fn aggregate(random: &mut Random, has: Has) -> Condition {
    let mut pattern = goods(random, has);
    let kind = kind(random);
    if kind == Kind::Share {
        pattern.filters = own_filters(random, pattern.event);
        if pattern.filters.is_empty() {
            pattern.filters.push(Filter::Recurring);
        }
    }
    let window = if random.percent(30) { Window::Ever } else { window(random) };
    Condition::Aggregate(Aggregate { kind, pattern, window }, comparison(random, kind))
}

/// A value of purchases and one of returns, whose fields have the same names, and are counted as they come up.
fn two_sums(random: &mut Random) -> Condition {
    let mut one = |event| {
        let path = random.pick(&[Path::Quantity, Path::Amount]);
        let kind = random.pick(&[Kind::Sum(path), Kind::Sum(path), Kind::Average(path), Kind::Last(path)]);
        let pattern = Pattern { event, filters: Vec::new() };
        let window = random.pick(&[Window::Ever, Window::Ever, Window::InLast(Length::new(1, Unit::Month))]);
        Condition::Aggregate(Aggregate { kind, pattern, window }, comparison(random, kind))
    };
    let both = vec![one("purchased"), one("returned")];
    if random.percent(50) { Condition::And(both) } else { Condition::Or(both) }
}

/// Purchases of more than so many, or of less than so much.
fn purchases_by_number(random: &mut Random) -> Condition {
    let filter = match random.below(3) {
        0 => Filter::AmountBelow(random.pick(&[10, 20, 30])),
        _ => Filter::QuantityAbove(random.range(1, 4)),
    };
    let (pattern, window) = (Pattern { event: "purchased", filters: vec![filter] }, window(random));
    if random.percent(60) {
        return Condition::History(pattern, window);
    }
    let kind = random.pick(&[Kind::Count, Kind::Sum(Path::Quantity)]);
    let limit = Limit::Number(random.range(1, 6));
    let comparison = Comparison { relation: random.pick(&[Relation::Less, Relation::MoreOrEqual]), limit };
    Condition::Aggregate(Aggregate { kind, pattern, window }, comparison)
}

fn kind(random: &mut Random) -> Kind {
    let text = [Path::Order, Path::Family, Path::Category];
    let number = [Path::Quantity, Path::Amount];
    let any = [Path::Order, Path::Family, Path::Category, Path::Quantity, Path::Amount];
    match random.below(12) {
        0 => Kind::Count,
        1 => Kind::CountDistinct(random.pick(&[Path::Product, Path::Order, Path::Family, Path::Quantity])),
        2 => Kind::CountDays,
        3 | 4 => Kind::Sum(random.pick(&number)),
        5 => Kind::Average(random.pick(&number)),
        6 => Kind::Share,
        7 => Kind::MostCommon(random.pick(&text)),
        8 => Kind::First(random.pick(&any)),
        9 => Kind::Last(random.pick(&any)),
        10 => Kind::MedianGap,
        _ => Kind::AverageGap,
    }
}

fn comparison(random: &mut Random, kind: Kind) -> Comparison {
    let limit = match kind {
        Kind::Sum(Path::Amount) => Limit::Euros(random.range(5, 70)),
        Kind::Average(Path::Amount) | Kind::First(Path::Amount) | Kind::Last(Path::Amount) => {
            Limit::Euros(random.range(5, 35))
        }
        Kind::Sum(_) => Limit::Number(random.range(2, 12)),
        Kind::Share => Limit::Percent(random.pick(&[25, 50, 75])),
        Kind::MedianGap | Kind::AverageGap => Limit::Length(length(random)),
        Kind::MostCommon(path) | Kind::First(path) | Kind::Last(path) if path != Path::Quantity => {
            Limit::Text(random.pick(match path {
                Path::Order => &["o1", "o2", "o3"],
                Path::Family => &["f", "g"],
                _ => &["x", "y"],
            }))
        }
        _ => Limit::Number(random.range(1, 4)),
    };
    let (equal, ordered) = (
        [Relation::Is, Relation::IsNot],
        [Relation::Less, Relation::LessOrEqual, Relation::Is, Relation::MoreOrEqual, Relation::More],
    );
    let relation = if matches!(limit, Limit::Text(_)) { random.pick(&equal) } else { random.pick(&ordered) };
    Comparison { relation, limit }
}

/// Changes one thing of a question.
fn nearly(random: &mut Random, question: &mut Condition) {
    let kind_before = match question {
        Condition::Aggregate(aggregate, _) => Some(aggregate.kind),
        _ => None,
    };
    let (pattern, asked_window) = match question {
        Condition::History(pattern, window) => (pattern, window),
        Condition::Aggregate(aggregate, _) => (&mut aggregate.pattern, &mut aggregate.window),
        _ => return,
    };
    match random.below(6) {
        0 => *asked_window = window(random),
        1 => {
            // The same window, longer or shorter by one.
            if let Window::InLast(length) | Window::SinceEntryPlus(length) = asked_window {
                length.count += random.range(1, 2);
            }
        }
        2 | 3 => {
            // The same filter with another number.
            for filter in &mut pattern.filters {
                match filter {
                    Filter::QuantityAbove(number) => *number = (*number + random.range(1, 2)) % 5,
                    Filter::AmountBelow(number) => *number = 5 + (*number + random.range(3, 12)) % 35,
                    Filter::Category { is, .. } => *is = !*is,
                    Filter::Same(path) if *path != Path::Order => *path = random.pick(&[Path::Product, Path::Category]),
                    _ => {}
                }
            }
        }
        4 if matches!(pattern.event, "purchased" | "returned") => {
            pattern.event = if pattern.event == "purchased" { "returned" } else { "purchased" };
            pattern.filters.retain(|filter| *filter != Filter::Discounted);
            if kind_before == Some(Kind::Share) && pattern.filters.is_empty() {
                pattern.filters.push(Filter::Recurring);
            }
        }
        _ => {
            if let Condition::Aggregate(aggregate, compared) = question
                && aggregate.kind != Kind::Share
            {
                let other = kind(random);
                aggregate.kind = if other == Kind::Share { Kind::Count } else { other };
                *compared = comparison(random, aggregate.kind);
            }
        }
    }
}

/// Asks no more of the trigger than it has, in words that are read as they are meant.
fn settle(question: &mut Condition, has: Has) {
    let (Condition::History(pattern, _) | Condition::Aggregate(Aggregate { pattern, .. }, _)) = question else {
        return;
    };
    pattern.filters.retain(|filter| match filter {
        Filter::Same(Path::Order) => has.order,
        Filter::Same(_) | Filter::MoreThanTrigger => has.product,
        _ => true,
    });
    put_where_last(&mut pattern.filters);
    if let Condition::Aggregate(aggregate, comparison) = question
        && matches!(comparison.relation, Relation::Is | Relation::IsNot)
        && aggregate.window == Window::Default
    {
        // "The longest filter wins": after a path, `is` would be the filter's.
        aggregate.window = Window::SinceEntry;
    }
}

fn write_windows(random: &mut Random, condition: &mut Condition) {
    match condition {
        Condition::History(_, window) | Condition::Aggregate(Aggregate { window, .. }, _) => {
            *window = if random.percent(50) { Window::Ever } else { Window::InLast(length(random)) };
        }
        Condition::Not(inner) => write_windows(random, inner),
        Condition::And(all) | Condition::Or(all) => all.iter_mut().for_each(|each| write_windows(random, each)),
        _ => {}
    }
}
