//! Limits over all scenarios: the contact's zone, quiet hours, caps, the holdout, and who goes first.

use super::eval::{Eval, Inside};
use super::explain::Read;
use super::facts::Facts;
use super::key::Hashed;
use super::known::Known;
use super::linked::LinkedCode;
use super::needs::Needs;
use super::output::Reason;
use super::value::Value;
use crate::ir::{Cap, Class, Code, ExprIx, Policy};
use crate::model::{Id, QuietHours};
use crate::time::{Instant, TimeOfDay, Zone};
use rust_decimal::Decimal;

#[cfg(test)]
mod tests;

/// A policy, linked to a program.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkedPolicy {
    zone: Option<ExprIx>,
    code: LinkedCode,
    quiet_hours: QuietHours,
    caps: Vec<Cap>,
    priority: Vec<String>,
    /// Persons whose draw is below are held out.
    holdout: Decimal,
}

/// A message that counts in the caps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub at: Instant,
    pub class: Class,
}

/// The messages of one person that were claimed for sending, in the order of time, as far back as the caps look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Claims(pub Vec<Claim>);

impl LinkedPolicy {
    pub fn new(policy: &Policy, needs: &Needs) -> LinkedPolicy {
        LinkedPolicy {
            zone: policy.zone,
            code: LinkedCode::new(&policy.code, needs, usize::MAX),
            quiet_hours: policy.quiet_hours.clone(),
            caps: policy.caps.clone(),
            priority: policy.priority.clone(),
            holdout: policy.holdout,
        }
    }

    /// What the zone of a contact is read by, where it says one.
    pub fn code(&self) -> Option<&Code> {
        self.zone.is_some().then_some(&self.code.code)
    }

    /// The place of a scenario in `priority`; those that are not listed share the last.
    pub fn rank(&self, scenario: &str) -> u16 {
        let place = self.priority.iter().position(|name| name == scenario).unwrap_or(self.priority.len());
        u16::try_from(place).unwrap_or(u16::MAX)
    }

    /// The zone of this contact; `fallback` where the policy says nothing of it, or the contact has none.
    pub fn zone(&self, facts: Facts<'_>, inside: Inside<'_>, fallback: Zone) -> Zone {
        let Some(ix) = self.zone else { return fallback };
        let eval = Eval::of_contact(&self.code, facts, inside);
        match eval.value(ix).as_ref() {
            Value::Text(name) => inside.state.known.zone(name).unwrap_or(fallback),
            _ => fallback,
        }
    }

    /// Whether no quiet hour and no cap ever holds a message of this class.
    pub fn lets_pass(&self, class: Class) -> bool {
        let is_quiet = self.quiet_hours.between.is_some() || !self.quiet_hours.days.is_empty();
        class == Class::Transactional || !(is_quiet || self.caps.iter().any(|cap| cap.class == class))
    }

    /// Whether it keeps any message back.
    pub fn has_limits(&self) -> bool {
        !(self.lets_pass(Class::Marketing) && self.lets_pass(Class::Service)) || self.has_holdout()
    }

    /// Whether it holds persons out.
    pub fn has_holdout(&self) -> bool {
        self.holdout > Decimal::ZERO
    }

    /// Until when a message of this class must wait at least, and why; `None` when it may leave now. One that `has_slot`
    /// counts in the caps already.
    pub fn hold(
        &self,
        class: Class,
        has_slot: bool,
        zone: Zone,
        now: Instant,
        claims: &Claims,
        known: &Known,
    ) -> Option<(Instant, Reason)> {
        if self.lets_pass(class) {
            return None;
        }
        let free = if has_slot { now } else { claims.free_at(&self.caps, class, now) };
        let quiet_now = known.quiet_until(self, zone, now);
        let quiet = if free == now { quiet_now } else { known.quiet_until(self, zone, free) };
        let until = quiet.unwrap_or(free);
        let reason = if quiet_now.is_some() { Reason::QuietHours } else { Reason::Cap };
        (until > now).then_some((until, reason))
    }

    /// When the quiet hours in which an instant lies are over; `None` when it lies in none.
    pub fn quiet_until(&self, zone: Zone, at: Instant) -> Option<Instant> {
        quiet_until(&self.quiet_hours, zone, at)
    }

    /// What [`LinkedPolicy::hold`] rests on: the quiet hours in which an instant lies, with their end; the caps that are full,
    /// with the instants of the messages that fill them, and below each when there is room again; and the quiet hours in which
    /// there is room again in all of them.
    pub fn held_by(&self, class: Class, has_slot: bool, zone: Zone, now: Instant, claims: &Claims) -> Vec<Read> {
        let quiet_at = |at| quiet_until(&self.quiet_hours, zone, at);
        let quiet = |until| Read::value(&quiet_words(&self.quiet_hours), Value::Instant(until));
        let (quiet_now, mut free) = (quiet_at(now), now);
        let mut read: Vec<Read> = quiet_now.map(quiet).into_iter().collect();
        for cap in self.caps.iter().filter(|cap| cap.class == class && !has_slot) {
            let counts = |claim: &&Claim| claim.class == class && claim.at.0.saturating_add(span(cap)) > now.0;
            let filling: Vec<Value> = claims.0.iter().filter(counts).map(|claim| Value::Instant(claim.at)).collect();
            if filling.len() >= cap.most as usize {
                let room = claims.free_at(std::slice::from_ref(cap), class, now);
                free = free.max(room);
                read.push(Read::value(&cap_words(cap), Value::List(filling.into())));
                read.push(Read { depth: 1, ..Read::value("room again", Value::Instant(room)) });
            }
        }
        read.extend(quiet_at(free).filter(|_| quiet_now.is_none_or(|until| until <= free)).map(quiet));
        read
    }

    /// Whether the marketing messages of this person are not sent, so that it can be seen what they change.
    pub fn holds_out(&self, person: &Id) -> bool {
        self.holdout > Decimal::ZERO && draw(person) < self.holdout
    }

    /// Remembers a claim, and forgets those at which no cap looks any more.
    pub fn claim(&self, claims: &mut Claims, class: Class, now: Instant) {
        let spans = self.caps.iter().filter(|cap| cap.class == class).map(span);
        if let Some(longest) = spans.max() {
            claims.0.retain(|claim| claim.class != class || claim.at.0.saturating_add(longest) > now.0);
            claims.0.push(Claim { at: now, class });
        }
    }
}

impl Claims {
    /// The earliest instant, from now on, at which every cap of a class has room for one more. A claim counts until just
    /// before its instant and the length of the cap.
    fn free_at(&self, caps: &[Cap], class: Class, now: Instant) -> Instant {
        let own = || self.0.iter().rev().filter(|claim| claim.class == class);
        let free = |cap: &Cap| {
            let full_since = own().nth((cap.most as usize).checked_sub(1)?)?;
            Some(Instant(full_since.at.0.saturating_add(span(cap))))
        };
        caps.iter().filter(|cap| cap.class == class).filter_map(free).fold(now, Instant::max)
    }
}

/// `quiet hours 20:00 to 09:00 and on sunday`
fn quiet_words(quiet: &QuietHours) -> String {
    let mut parts: Vec<String> = quiet.between.iter().map(|(from, to)| format!("{from} to {to}")).collect();
    parts.extend(quiet.days.iter().map(|day| format!("on {}", day.name())));
    format!("quiet hours {}", parts.join(" and "))
}

/// `at most 1 marketing message per day`
fn cap_words(cap: &Cap) -> String {
    let class = match cap.class {
        Class::Marketing => "marketing",
        Class::Service => "service",
        Class::Transactional => "transactional",
    };
    let messages = if cap.most == 1 { "message" } else { "messages" };
    format!("at most {} {class} {messages} in {}", cap.most, cap.per)
}

/// The length of a cap, in microseconds.
fn span(cap: &Cap) -> i64 {
    i64::try_from(cap.per.nominal()).unwrap_or(i64::MAX)
}

/// When the quiet hours in which an instant lies are over; `None` when it lies in none. They include their start and
/// exclude their end, at the instants that the wall times have in this zone.
fn quiet_until(quiet: &QuietHours, zone: Zone, at: Instant) -> Option<Instant> {
    // More than a week of quiet hours is for ever.
    const MOST: usize = 24;
    let mut until = None;
    for _ in 0..MOST {
        match quiet_span_end(quiet, zone, until.unwrap_or(at)) {
            Some(end) => until = Some(end),
            None => return until,
        }
    }
    Some(Instant::MAX)
}

/// The end of one stretch of quiet hours in which an instant lies.
fn quiet_span_end(quiet: &QuietHours, zone: Zone, at: Instant) -> Option<Instant> {
    let clock = zone.clock_around(at);
    let (today, _) = clock.wall(at);
    // A stretch over midnight began yesterday; a wall time that did not exist may have moved it by a day.
    let days = if clock.is_steady() { -1..=0 } else { -2..=1 };
    let days = days.filter_map(|days| Some((today.add_days(days)?, today.add_days(days + 1)?)));
    days.flat_map(|(day, next)| {
        let between = quiet.between.filter(|(from, to)| from != to).map(|(from, to)| {
            let end = if from < to { day } else { next };
            (clock.instant(day, from), clock.instant(end, to))
        });
        let whole = quiet
            .days
            .contains(&day.weekday())
            .then(|| (clock.instant(day, TimeOfDay::MIDNIGHT), clock.instant(next, TimeOfDay::MIDNIGHT)));
        between.into_iter().chain(whole)
    })
    .filter(|(start, end)| (*start..*end).contains(&at))
    .map(|(_, end)| end)
    .max()
}

/// Between 0 and 1, the same for a person whenever and wherever it is drawn: the start of BLAKE3 over `scn-holdout-1` and
/// the person's id.
pub(super) fn draw(person: &Id) -> Decimal {
    let mut hashed = Hashed::new(b"scn-holdout-1");
    hashed.id(person);
    Decimal::from(u32::from_le_bytes(hashed.start())) / Decimal::from(1u64 << 32)
}
