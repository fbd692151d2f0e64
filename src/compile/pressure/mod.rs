//! The most messages that one person can get, over all scenarios: a bound that holds whatever happens, found in the program
//! alone.
//!
//! Counted are messages that leave, in any stretch of 24 hours, of 168, and of a month of 30.436875 days, its end excluded: the
//! windows of the caps. The bound takes each condition as it would send most, each wait as short as it can be, and events as
//! often as one likes; entry rules, periods and silences limit what begins. What quiet hours and caps hold is counted where it
//! leaves. Outside of it are messages that a stop of the run or late rows bring together, contacts that turn out to be one
//! person, and dates of the CRM that move.

mod length;
mod starts;
#[cfg(test)]
mod tests;
mod walk;

pub use starts::{How, Why};
pub use walk::Passed;

use crate::ir::{Bundle, Class, Op, Scenario, StepIx};
use crate::model::QuietHours;
use crate::time::Duration;
use length::{Calendar, DAY};
use starts::{Count, Folder};
use std::collections::BTreeSet;

/// The stretches of time that are looked at: their names and their lengths in microseconds, as in the caps.
pub const WINDOWS: [(&str, i64); 3] = [("day", DAY), ("week", 7 * DAY), ("month", 2_629_746_000_000)];

const CLASSES: [Class; 3] = [Class::Marketing, Class::Service, Class::Transactional];

/// The most messages in each of [`WINDOWS`]; `None` where there is no bound.
pub type Figures = [Option<u64>; 3];

/// The most messages to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pressure {
    /// Each scenario that sends, in the order of their names.
    pub scenarios: Vec<OfScenario>,
    pub without_caps: Figures,
    /// Under all that the policy says.
    pub all: Figures,
    /// Whether the policy has a cap on what is sent here.
    pub has_caps: bool,
    /// Under the policy: those classes and channels that are sent.
    pub classes: Vec<(Class, Figures)>,
    pub channels: Vec<(String, Figures)>,
    /// How long quiet hours may hold a message, in microseconds.
    pub held: i64,
}

/// What one scenario sends to one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfScenario {
    pub scenario: String,
    /// Under all that the policy says. It may be more than without caps: what they hold leaves later, beside what is due then.
    pub most: Figures,
    pub without_caps: Figures,
    /// What leads to the figure of a day without caps, in parts that add up to it; empty where there is no bound.
    pub paths: Vec<How>,
    /// Why there is none without caps.
    pub why: Option<Why>,
    /// Whether all that it sends is marketing, which caps limit.
    pub is_marketing: bool,
}

/// Finds the bound.
pub fn pressure(bundle: &Bundle) -> Pressure {
    let free = Limits::of(bundle, false);
    let capped = Limits::of(bundle, true);
    let scenarios: Vec<OfScenario> = (bundle.scenarios.iter().enumerate())
        .filter(|(_, scenario)| sends(scenario).next().is_some())
        .map(|(place, scenario)| free.of_scenario(place, scenario, &capped))
        .collect();
    let sent: BTreeSet<usize> =
        bundle.scenarios.iter().flat_map(|scenario| sends(scenario).map(|(_, send)| rank(send.class))).collect();
    let classes = CLASSES.iter().filter(|class| sent.contains(&rank(**class)));
    let has_caps =
        bundle.policy.caps.iter().any(|cap| cap.class != Class::Transactional && sent.contains(&rank(cap.class)));
    let channels: BTreeSet<&String> = (bundle.scenarios.iter().flat_map(sends))
        .flat_map(|(_, send)| send.alternatives.iter().map(|each| &each.channel))
        .collect();
    Pressure {
        without_caps: WINDOWS.map(|(_, window)| free.total(window)),
        all: WINDOWS.map(|(_, window)| capped.total(window)),
        has_caps,
        classes: classes
            .map(|class| (*class, WINDOWS.map(|(_, window)| capped.of_class(*class, None, window))))
            .collect(),
        channels: channels
            .into_iter()
            .map(|channel| {
                let of = |window: i64| sum(CLASSES.iter().map(|class| capped.of_class(*class, Some(channel), window)));
                (channel.clone(), WINDOWS.map(|(_, window)| of(window)))
            })
            .collect(),
        held: free.hold(Class::Service),
        scenarios,
    }
}

/// A folder of scenarios under the policy, with its caps or without.
struct Limits<'a> {
    bundle: &'a Bundle,
    folder: Folder<'a>,
    with_caps: bool,
    /// How long quiet hours may hold a message, and how long anything may.
    quiet: i64,
    expire: i64,
}

impl<'a> Limits<'a> {
    fn of(bundle: &'a Bundle, with_caps: bool) -> Limits<'a> {
        let calendar = Calendar::of(bundle);
        let expire = calendar.longest(bundle.settings.expire).max(0);
        let quiet = match longest_quiet(&bundle.policy.quiet_hours) {
            Some(0) => 0,
            Some(quiet) if !calendar.zone_moves => quiet.saturating_add(calendar.shift).min(expire),
            _ => expire,
        };
        let mut limits = Limits { bundle, folder: Folder::of(bundle, 0), with_caps, quiet, expire };
        let held = CLASSES.iter().map(|class| limits.hold(*class)).max().unwrap_or(0);
        limits.folder = Folder::of(bundle, held);
        limits
    }

    /// How long policy may hold a message of a class after it came due.
    fn hold(&self, class: Class) -> i64 {
        match class {
            Class::Transactional => 0,
            _ if self.with_caps && self.bundle.policy.caps.iter().any(|cap| cap.class == class) => self.expire,
            _ => self.quiet,
        }
    }

    /// How many messages of a class leave at most under the caps.
    fn cap(&self, class: Class, window: i64) -> Option<u64> {
        let caps = self.bundle.policy.caps.iter();
        let of_class = caps.filter(|cap| self.with_caps && class != Class::Transactional && cap.class == class);
        of_class
            .filter_map(|cap| {
                let span = u64::try_from(cap.per.nominal()).ok().filter(|span| *span > 0)?;
                Some(u64::from(cap.most).saturating_mul((window as u64).div_ceil(span)))
            })
            .min()
    }

    /// The messages of one scenario that leave in a window; of one class, of one channel, or all.
    fn count(&self, place: usize, class: Option<Class>, channel: Option<&str>, window: i64) -> Count {
        let scenario = self.bundle.scenarios.get(place);
        let is_meant = |step: StepIx| match scenario.and_then(|scenario| scenario.steps.get(step)).map(|step| &step.op)
        {
            Some(Op::Send(send)) => {
                class.is_none_or(|class| send.class == class)
                    && channel.is_none_or(|channel| send.alternatives.iter().any(|each| each.channel == channel))
            }
            _ => false,
        };
        let classes = scenario.into_iter().flat_map(sends).map(|(_, send)| send.class);
        let hold = classes.filter(|each| class.is_none_or(|class| *each == class)).map(|class| self.hold(class)).max();
        // What leaves in a window came due in it, or before it by as long as it may be held.
        let hold = hold.unwrap_or(0);
        self.folder.count(place, &is_meant, Some(window.saturating_add(hold)), hold)
    }

    /// The least of two bounds: all messages at once, or each class with the time that its own are held.
    fn parts(&self, place: usize, window: i64) -> Vec<Count> {
        let all = vec![self.count(place, None, None, window)];
        let classes: Vec<Count> = CLASSES.iter().map(|class| self.count(place, Some(*class), None, window)).collect();
        let total = |counts: &[Count]| sum(counts.iter().map(|count| count.most)).unwrap_or(u64::MAX);
        if total(&classes) < total(&all) { classes } else { all }
    }

    /// What one scenario sends in a window: all its messages at once, or each class under its own caps.
    fn of_one(&self, place: usize, window: i64) -> Option<u64> {
        let all = sum(self.parts(place, window).iter().map(|count| count.most));
        let classes = CLASSES.iter().map(|class| {
            let count = self.count(place, Some(*class), None, window).most;
            count.into_iter().chain(self.cap(*class, window)).min()
        });
        all.into_iter().chain(sum(classes)).min()
    }

    /// `capped` are the same scenarios under the caps.
    fn of_scenario(&self, place: usize, scenario: &Scenario, capped: &Limits<'_>) -> OfScenario {
        let without_caps = WINDOWS.map(|(_, window)| self.of_one(place, window));
        let most = WINDOWS.map(|(_, window)| capped.of_one(place, window));
        let unlimited =
            without_caps.iter().zip(WINDOWS).find(|(most, _)| most.is_none()).map(|(_, (_, window))| window);
        let is_send = |step: StepIx| matches!(scenario.steps.get(step).map(|step| &step.op), Some(Op::Send(_)));
        let why = unlimited.map(|window| self.folder.why(place, &is_send, window));
        let paths = match why {
            None => {
                let parts = self.parts(place, DAY).into_iter().filter(|count| count.most != Some(0));
                parts.map(|count| count.how).collect()
            }
            Some(_) => Vec::new(),
        };
        let is_marketing = sends(scenario).all(|(_, send)| send.class == Class::Marketing);
        OfScenario { scenario: scenario.name.clone(), most, without_caps, paths, why, is_marketing }
    }

    fn of_class(&self, class: Class, channel: Option<&str>, window: i64) -> Option<u64> {
        let counts = (0..self.bundle.scenarios.len()).map(|place| self.count(place, Some(class), channel, window).most);
        sum(counts).into_iter().chain(self.cap(class, window)).min()
    }

    fn total(&self, window: i64) -> Option<u64> {
        let scenarios =
            (0..self.bundle.scenarios.len()).map(|place| sum(self.parts(place, window).iter().map(|count| count.most)));
        let classes = CLASSES.iter().map(|class| self.of_class(*class, None, window));
        sum(scenarios).into_iter().chain(sum(classes)).min()
    }
}

fn sends(scenario: &Scenario) -> impl Iterator<Item = (StepIx, &crate::ir::Send)> {
    scenario.steps.iter().filter_map(|(place, step)| match &step.op {
        Op::Send(send) => Some((place, send)),
        _ => None,
    })
}

fn rank(class: Class) -> usize {
    CLASSES.iter().position(|each| *each == class).unwrap_or(0)
}

/// `None` where one of them has no bound.
fn sum(figures: impl Iterator<Item = Option<u64>>) -> Option<u64> {
    figures.into_iter().try_fold(0_u64, |sum, each| Some(sum.saturating_add(each?)))
}

/// The longest stretch of quiet hours by the clock, in microseconds; `None` where they never end.
fn longest_quiet(quiet: &QuietHours) -> Option<i64> {
    const WEEK: i64 = 7;
    let mut stretches: Vec<(i64, i64)> = Vec::new();
    // Two weeks, so that each stretch of a week stands whole in them.
    for day in 0..2 * WEEK {
        let midnight = day * DAY;
        if let Some((from, to)) = quiet.between.filter(|(from, to)| from != to) {
            let end = if from < to { midnight } else { midnight + DAY };
            stretches.push((midnight + from.0, end + to.0));
        }
        let weekday = crate::time::Date(i32::try_from(day).unwrap_or(0)).weekday();
        if quiet.days.contains(&weekday) {
            stretches.push((midnight, midnight + DAY));
        }
    }
    stretches.sort_unstable();
    let (mut longest, mut open): (i64, Option<(i64, i64)>) = (0, None);
    for (from, to) in stretches {
        open = match open {
            Some((begin, end)) if from <= end => Some((begin, end.max(to))),
            _ => Some((from, to)),
        };
        longest = open.map_or(longest, |(begin, end)| longest.max(end - begin));
    }
    (longest < WEEK * DAY).then_some(longest)
}

/// A length as a text says it: its two largest units.
pub fn in_words(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let duration = match days {
        0 => Duration::seconds(rest),
        _ => Duration { days: i32::try_from(days).unwrap_or(i32::MAX), micros: rest / 3600 * 3_600_000_000, months: 0 },
    };
    duration.to_string()
}
