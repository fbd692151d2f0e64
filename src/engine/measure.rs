//! Taking measures: what is asked of each contact, merged over all contacts, at each refresh.
//!
//! Sums are whole numbers, so contacts may be taken and merged in any order, on any number of threads.

use super::eval::{Eval, Inside, TriggerValues};
use super::facts::{Facts, Life, Person, World};
use super::measures::Measures;
use super::messages::OwnMessages;
use super::program::{LinkedMeasure, Program};
use super::state::State;
use super::total::length;
use super::value::Value;
use crate::ir::ProbeIx;
use crate::model::{MeasureKind, Refreshed, Type};
use crate::time::{Instant, TimeOfDay, Weekday, Zone};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// Numbers are summed in billionths.
const SCALE: u32 = 9;
/// A number that is larger counts as this large, so that no sum of numbers overflows.
const MOST: i64 = 100_000_000_000_000_000;

/// What is known of a measure after some contacts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Partial {
    /// Contacts for whom the value, or the condition, is known.
    known: u64,
    /// Contacts for whom the condition holds.
    holds: u64,
    /// Of numbers in billionths, of durations in microseconds.
    sum: i128,
    least: Option<Value>,
    greatest: Option<Value>,
}

impl Partial {
    /// Of one contact.
    fn of(value: Value) -> Partial {
        let mut partial = Partial::default();
        match &value {
            Value::Missing | Value::NotGiven => return partial,
            Value::Flag(flag) => partial.holds = u64::from(*flag),
            Value::Number(number) => partial.sum = billionths(*number),
            Value::Duration(duration) => partial.sum = duration.nominal(),
            _ => {}
        }
        partial.known = 1;
        (partial.least, partial.greatest) = (Some(value.clone()), Some(value));
        partial
    }

    /// Adds other contacts.
    fn merge(&mut self, other: Partial) {
        self.known += other.known;
        self.holds += other.holds;
        self.sum = self.sum.saturating_add(other.sum);
        let keep = |known: &mut Option<Value>, new: Option<Value>, order: Ordering| {
            if let Some(new) = new
                && known.as_ref().is_none_or(|known| compare(&new, known) == order)
            {
                *known = Some(new);
            }
        };
        keep(&mut self.least, other.least, Ordering::Less);
        keep(&mut self.greatest, other.greatest, Ordering::Greater);
    }

    /// The value of a measure of this kind and type. Where no contact has what it is made of, a sum is nothing of its type,
    /// and an average, a share, the least and the greatest are missing.
    fn finish(&self, kind: MeasureKind, ty: &Type) -> Value {
        let is_length = *ty == Type::Duration;
        let known = i128::from(self.known);
        match kind {
            MeasureKind::Average if known == 0 => Value::Missing,
            MeasureKind::Average if is_length => whole_seconds(self.sum / known),
            MeasureKind::Average => number(self.sum, known),
            MeasureKind::Sum if is_length => whole_seconds(self.sum),
            MeasureKind::Sum => number(self.sum, 1),
            MeasureKind::Count => Value::Number(Decimal::from(self.holds)),
            MeasureKind::Share => {
                let share = Decimal::from(self.holds).checked_div(Decimal::from(self.known));
                share.map_or(Value::Missing, Value::Number)
            }
            MeasureKind::Least => self.least.clone().unwrap_or_default(),
            MeasureKind::Greatest => self.greatest.clone().unwrap_or_default(),
        }
    }
}

/// A duration in whole seconds, as finely as a text can say an instant.
fn whole_seconds(micros: i128) -> Value {
    Value::Duration(length(micros / 1_000_000 * 1_000_000))
}

fn billionths(number: Decimal) -> i128 {
    let most = Decimal::from(MOST);
    let number = number.clamp(-most, most).round_dp(SCALE);
    (number.trunc().to_i128().unwrap_or(0) * 10i128.pow(SCALE))
        + (number.fract() * Decimal::from(10i64.pow(SCALE))).to_i128().unwrap_or(0)
}

/// A sum of billionths, divided.
fn number(sum: i128, by: i128) -> Value {
    let exact = Decimal::try_from_i128_with_scale(sum, SCALE).ok();
    let exact = exact.and_then(|sum| sum.checked_div(Decimal::from(by)));
    // A sum that has too many digits loses those after the point.
    let whole = || Decimal::try_from_i128_with_scale(sum / 10i128.pow(SCALE) / by, 0).ok();
    exact.or_else(whole).map_or(Value::Missing, Value::Number)
}

/// The order of two values of one type; of two durations of one nominal length, that of their parts, so that it does not
/// matter which contact comes first.
fn compare(one: &Value, two: &Value) -> Ordering {
    match (one, two) {
        (Value::Number(one), Value::Number(two)) => one.cmp(two),
        (Value::Duration(one), Value::Duration(two)) => {
            let parts = |each: &crate::time::Duration| (each.nominal(), each.months, each.days, each.micros);
            parts(one).cmp(&parts(two))
        }
        (Value::Instant(one), Value::Instant(two)) => one.cmp(two),
        (Value::Date(one), Value::Date(two)) => one.cmp(two),
        (Value::Time(one), Value::Time(two)) => one.cmp(two),
        (Value::Text(one), Value::Text(two)) => one.cmp(two),
        (Value::Flag(one), Value::Flag(two)) => one.cmp(two),
        _ => Ordering::Equal,
    }
}

/// All measures of a program at all their refreshes in a stretch of time.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// In the order of time: the instant, and the measure's place in the program.
    refreshes: Vec<(Instant, u16)>,
    partials: Vec<Partial>,
}

impl Census {
    /// The refreshes after `first`, the first event of all, up to `last`, included.
    pub fn new(program: &Program, first: Instant, last: Instant) -> Census {
        let zone = program.settings.zone;
        let mut refreshes = Vec::new();
        for (place, linked) in program.measures().iter().enumerate() {
            let refreshed = linked.measure.refreshed;
            let mut next = next_refresh(refreshed, zone, first).filter(|at| *at <= last);
            while let Some(at) = next {
                refreshes.push((at, place as u16));
                next = next_refresh(refreshed, zone, at).filter(|next| *next > at && *next <= last);
            }
        }
        Census::of(refreshes)
    }

    /// These refreshes: the instants, each with the place of the measure in the program.
    pub fn of(mut refreshes: Vec<(Instant, u16)>) -> Census {
        refreshes.sort_unstable();
        let partials = vec![Partial::default(); refreshes.len()];
        Census { refreshes, partials }
    }

    pub fn is_empty(&self) -> bool {
        self.refreshes.is_empty()
    }

    /// One census for each instant, in the order of time. Nothing may be taken yet.
    pub fn by_instant(&self) -> Vec<(Instant, Census)> {
        let at_one_instant = self.refreshes.chunk_by(|(one, _), (other, _)| one == other);
        at_one_instant.filter_map(|chunk| Some((chunk.first()?.0, Census::of(chunk.to_vec())))).collect()
    }

    /// The refreshes of the measures of these names, and all others. Nothing may be taken yet.
    pub fn partition(self, program: &Program, names: &BTreeSet<&str>) -> (Census, Census) {
        let is_named = |(_, place): &(Instant, u16)| {
            let linked = program.measures().get(usize::from(*place));
            linked.is_some_and(|linked| names.contains(linked.measure.name.as_str()))
        };
        let (named, others) = self.refreshes.into_iter().partition(is_named);
        (Census::of(named), Census::of(others))
    }

    /// Takes one contact at each refresh, as it was by what had arrived before, and as if no scenario had done anything.
    /// Nothing of the life is admitted afterwards.
    pub fn take(&mut self, program: &Program, world: &World, person: &Person, life: &mut Life) {
        life.forget();
        let nothing_done = State::default();
        for (&(at, place), partial) in self.refreshes.iter().zip(&mut self.partials) {
            while life.next().is_some_and(|event| event.arrived < at) {
                life.admit_to_measures(program, world);
            }
            let facts = Facts { world, person, life, measures: Measures::NONE };
            partial.merge(take(program, place, facts, &nothing_done, at));
        }
        life.forget();
    }

    /// Takes one contact at each refresh, as it is.
    pub fn take_as_is(&mut self, program: &Program, facts: Facts<'_>, state: &State) {
        for (&(at, place), partial) in self.refreshes.iter().zip(&mut self.partials) {
            partial.merge(take(program, place, facts, state, at));
        }
    }

    /// Adds what was taken of other contacts, by a census of the same program and stretch of time.
    pub fn merge(&mut self, other: Census) {
        for (partial, more) in self.partials.iter_mut().zip(other.partials) {
            partial.merge(more);
        }
    }

    /// The values of the measures, by name and refresh.
    pub fn values<'p>(&self, program: &'p Program) -> Vec<(&'p str, Instant, Value)> {
        let value = |(&(at, place), partial): (&(Instant, u16), &Partial)| {
            let measure = &program.measures().get(usize::from(place))?.measure;
            Some((measure.name.as_str(), at, partial.finish(measure.kind, &measure.ty)))
        };
        self.refreshes.iter().zip(&self.partials).filter_map(value).collect()
    }

    /// Tells the values of the measures.
    pub fn tell(&self, program: &Program, measures: &mut Measures) {
        for (measure, at, value) in self.values(program) {
            measures.tell(measure, at, value);
        }
    }
}

/// Of the probes of each event, those for which measures ask, who may share them with scenarios.
pub(super) fn probes_of(measures: &[LinkedMeasure], probes_of: &[Vec<ProbeIx>]) -> Vec<Vec<ProbeIx>> {
    let asked: Vec<ProbeIx> = measures.iter().flat_map(|measure| measure.code.probes.iter().copied()).collect();
    let of_event = |probes: &Vec<ProbeIx>| probes.iter().filter(|probe| asked.contains(probe)).copied().collect();
    probes_of.iter().map(of_event).collect()
}

/// What a measure, by its place in the program, takes of one contact as of an instant. Who was erased is not counted.
fn take(program: &Program, measure: u16, facts: Facts<'_>, state: &State, now: Instant) -> Partial {
    let Some(linked) = program.measures().get(usize::from(measure)) else { return Partial::default() };
    if state.is_erased() {
        return Partial::default();
    }
    let inside = Inside { program, state, running: None };
    let eval = Eval {
        code: &linked.code,
        world: facts.world,
        facts: Some(facts),
        inside: Some(inside),
        zone: program.policy().zone(facts, inside, program.settings.zone),
        now,
        entry: None,
        last_message: None,
        messages: OwnMessages::default(),
        trigger: TriggerValues::None,
        event: None,
        not_given: None,
    };
    // Who is not there yet is not counted; a test need not say since when a contact is there.
    let created = linked.measure.since.and_then(|since| Eval { not_given: None, ..eval }.instant(since));
    if created.is_some_and(|created| created > now) {
        return Partial::default();
    }
    Partial::of(eval.value(linked.measure.of).into_owned())
}

/// The next refresh strictly after an instant, in the project's zone.
pub fn next_refresh(refreshed: Refreshed, zone: Zone, after: Instant) -> Option<Instant> {
    const HOUR: i64 = 3_600_000_000;
    match refreshed {
        Refreshed::Hourly => {
            let (_, time) = zone.wall(after);
            after.0.checked_add(HOUR - time.0.rem_euclid(HOUR)).map(Instant)
        }
        Refreshed::Daily => zone.next_time(after, None, TimeOfDay::MIDNIGHT),
        Refreshed::Weekly => zone.next_time(after, Some(Weekday::Monday), TimeOfDay::MIDNIGHT),
        Refreshed::Monthly => super::periodic::next_first_of_month(zone, after, 1, TimeOfDay::MIDNIGHT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    /// Merges in the order given, and finishes.
    fn finished(values: &[Value], kind: MeasureKind, ty: &Type) -> Value {
        let mut all = Partial::default();
        values.iter().for_each(|value| all.merge(Partial::of(value.clone())));
        all.finish(kind, ty)
    }

    #[test]
    fn measures_of_numbers_durations_and_conditions() {
        let number = |text: &str| Value::Number(text.parse().unwrap());
        let days = |days: i32| Value::Duration(Duration::days(days));
        let flag = Value::Flag;
        use MeasureKind::{Average, Count, Greatest, Least, Share, Sum};
        for (values, kind, ty, wanted) in [
            (vec![], Average, Type::Number, Value::Missing),
            (vec![], Sum, Type::Number, number("0")),
            (vec![], Sum, Type::Money, number("0")),
            (vec![], Sum, Type::Duration, days(0)),
            (vec![Value::Missing], Sum, Type::Duration, days(0)),
            (vec![Value::Missing], Average, Type::Duration, Value::Missing),
            (vec![], Count, Type::Number, number("0")),
            (vec![], Share, Type::Percent, Value::Missing),
            (vec![], Least, Type::Number, Value::Missing),
            (vec![number("1"), Value::Missing, number("2")], Average, Type::Number, number("1.5")),
            (vec![number("0.1"), number("0.2")], Sum, Type::Number, number("0.3")),
            (vec![number("-5"), number("2")], Least, Type::Number, number("-5")),
            (vec![number("-5"), number("2")], Greatest, Type::Number, number("2")),
            (vec![days(10), days(20), Value::Missing], Average, Type::Duration, days(15)),
            (
                vec![flag(true), flag(false), flag(true), flag(true), Value::Missing],
                Share,
                Type::Percent,
                number("0.75"),
            ),
            (vec![flag(true), flag(false), flag(true), Value::Missing], Count, Type::Number, number("2")),
        ] {
            assert_eq!(finished(&values, kind, &ty), wanted, "{kind:?} of {values:?} as {ty:?}");
            let mut turned = values.clone();
            turned.reverse();
            assert_eq!(finished(&turned, kind, &ty), wanted, "{kind:?} of {turned:?}");
        }
    }

    #[test]
    fn the_order_of_contacts_does_not_matter_to_the_last_digit() {
        let thirds: Vec<Value> = (1..2_000).map(|each| Value::Number(Decimal::from(each) / Decimal::from(3))).collect();
        let mut turned = thirds.clone();
        turned.reverse();
        assert_eq!(
            finished(&thirds, MeasureKind::Average, &Type::Number),
            finished(&turned, MeasureKind::Average, &Type::Number)
        );
    }

    #[test]
    fn refreshes() {
        let moment = |text: &str| Zone::UTC.parse(text).unwrap().0;
        for (refreshed, after, next) in [
            (Refreshed::Hourly, "2024-01-31 09:59:59", "2024-01-31 10:00"),
            (Refreshed::Hourly, "2024-01-31 10:00", "2024-01-31 11:00"),
            (Refreshed::Daily, "2024-01-31 00:00", "2024-02-01 00:00"),
            (Refreshed::Weekly, "2024-01-31 00:00", "2024-02-05 00:00"),
            (Refreshed::Monthly, "2024-01-31 00:00", "2024-02-01 00:00"),
        ] {
            assert_eq!(next_refresh(refreshed, Zone::UTC, moment(after)), Some(moment(next)), "{refreshed:?}");
        }
    }
}
