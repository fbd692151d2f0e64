//! How many instances of each scenario can begin within a stretch of time, and so how many of its steps can come.

use super::length::{Calendar, DAY, constant, is_set};
use super::walk::{Again, Passed, Walk};
use crate::ir::{Bundle, Code, EntryRule, Expr, ExprIx, Moment, Occurrence, Op, Start, StepIx};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// A scenario, and a length of time.
type Asked = (usize, Option<i64>);

/// The scenarios of a bundle, as far as they limit each other.
#[derive(Debug)]
pub struct Folder<'a> {
    bundle: &'a Bundle,
    calendar: Calendar<'a>,
    pub walks: Vec<Walk<'a>>,
    /// What is known of entries, by scenario and length.
    known: RefCell<BTreeMap<Asked, Option<u64>>>,
    /// The scenarios whose entries are being counted.
    counting: RefCell<Vec<usize>>,
}

/// How many marked steps can come in a stretch of time; `None` where nothing limits them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    pub most: Option<u64>,
    pub how: How,
}

/// What leads to a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// So many instances, each of which goes this way; not all of them at one time, unless so many can begin in one such stretch.
    Instances { instances: u64, way: Vec<Passed>, is_at_one_time: bool },
    /// Each step so many times, for instances that began at different times.
    Steps(Vec<(StepIx, u64)>),
    /// Instances one after the other: a new one begins when the one before ends.
    InTurn(Vec<Passed>),
}

/// Why nothing limits a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// Each event begins an instance.
    EachEvent,
    /// `once per PATH`: each value begins one.
    EachValue,
    /// `latest`, `one at a time`: one may follow the other at once.
    InTurnAtOnce,
    /// A silence may be as short as one likes.
    ShortSilence,
    /// The date of `every year on` may move.
    MovingDate,
    /// A scenario without limit starts it.
    StartedBy(String),
    /// A wait has no longest length: instances of any time ago may come to the step together.
    LongWait(StepIx),
    /// One instance alone sends too many.
    TooMany,
}

impl<'a> Folder<'a> {
    pub fn of(bundle: &'a Bundle, hold: i64) -> Folder<'a> {
        let calendar = Calendar::of(bundle);
        let walks = bundle.scenarios.iter().map(|scenario| Walk::of(scenario, calendar, hold)).collect();
        Folder { bundle, calendar, walks, known: RefCell::default(), counting: RefCell::default() }
    }

    /// How many of the marked steps can come in a stretch of time of this length in microseconds, its end excluded; `None`
    /// is all time. Where they are messages, only one of an instance that came in the part that is `held`, before all else, still
    /// counts: its next message takes it back.
    pub fn count(&self, scenario: usize, marks: &dyn Fn(StepIx) -> bool, length: Option<i64>, held: i64) -> Count {
        let nothing = Count { most: Some(0), how: How::Steps(Vec::new()) };
        let Some(walk) = self.walks.get(scenario) else { return nothing };
        let steps: Vec<StepIx> = (0..walk.scenario.steps.len()).map(StepIx::from).collect();
        let marked: Vec<StepIx> =
            steps.into_iter().filter(|step| marks(*step) && walk.comes(*step).is_some()).collect();
        if marked.is_empty() {
            return nothing;
        }
        let mut counts = vec![
            self.by_instances(scenario, walk, &marked, length, held),
            self.by_steps(scenario, walk, &marked, length),
        ];
        // Instances of different ages are not at one step: of two that are as low, that by steps tells what comes.
        if matches!(counts.first(), Some(Count { how: How::Instances { is_at_one_time: false, .. }, .. })) {
            counts.reverse();
        }
        if walk.is_exclusive() && length.is_some() {
            counts.push(in_turn(walk, &marked, length, held));
        }
        // The least of several bounds is one; a count without any comes last.
        counts.into_iter().min_by_key(|count| count.most.unwrap_or(u64::MAX)).unwrap_or(nothing)
    }

    /// Those instances that can have a marked step in it, times what one of them can do.
    fn by_instances(
        &self,
        scenario: usize,
        walk: &Walk<'_>,
        marked: &[StepIx],
        length: Option<i64>,
        held: i64,
    ) -> Count {
        let whole = length.unwrap_or(i64::MAX);
        let times = walk.times(|step| marked.contains(&step), whole, Again::Never);
        let (all, from) = times.most(whole);
        let each = all.min(times.most(whole.saturating_sub(held)).0.saturating_add(1));
        let comes: Vec<_> = marked.iter().filter_map(|step| walk.comes(*step)).collect();
        let earliest = comes.iter().map(|comes| comes.earliest).min().unwrap_or(0);
        let latest = comes.iter().map(|comes| comes.latest).try_fold(0, |latest, each| Some(each?.max(latest)));
        let entries = self.entries(scenario, longer(length, latest.map(|latest| latest.saturating_sub(earliest))));
        let most = entries.filter(|_| each < walk.counted_max()).map(|entries| entries.saturating_mul(each as u64));
        let is_at_one_time = entries == self.entries(scenario, length);
        let instances = entries.unwrap_or(0);
        Count { most, how: How::Instances { instances, way: times.way(from, each), is_at_one_time } }
    }

    /// Each marked step by itself: an instance comes to it once.
    fn by_steps(&self, scenario: usize, walk: &Walk<'_>, marked: &[StepIx], length: Option<i64>) -> Count {
        let mut most = Some(0_u64);
        let mut steps = Vec::new();
        for step in marked {
            let spread = walk.comes(*step).and_then(|comes| Some(comes.latest?.saturating_sub(comes.earliest)));
            let entries = self.entries(scenario, longer(length, spread));
            let together = length.and_then(|length| self.departures(walk, *step, length));
            let count = entries.into_iter().chain(together).min();
            most = most.zip(count).map(|(most, count)| most.saturating_add(count));
            steps.push((*step, count.unwrap_or(0)));
        }
        Count { most, how: How::Steps(steps) }
    }

    /// How many messages leave a step that instances take together; `None` where each may leave alone.
    fn departures(&self, walk: &Walk<'_>, step: StepIx, length: i64) -> Option<u64> {
        let Some(Op::Send(send)) = walk.scenario.steps.get(step).map(|step| &step.op) else { return None };
        let wait = send.together?;
        let node = walk.scenario.steps.get(wait).filter(|node| node.guard.is_none())?;
        let day = DAY - self.calendar.shift;
        match &node.op {
            // Those that stand in the wait leave at one instant, but for those that come due after midnight; who enters it
            // later waits at least so long.
            Op::Wait(_) => {
                let wait = walk.shortest_wait(wait);
                let days = times_in(length, day)?;
                match wait >= DAY + self.calendar.shift {
                    true => Some(days.saturating_add(1)),
                    false => times_in(length, wait).map(|waits| waits.saturating_add(days)),
                }
            }
            // They all come due at the same instants.
            Op::WaitUntil(Moment::Weekly { day: weekday, .. }) if !self.calendar.zone_moves => match weekday {
                Some(_) => times_in(length, 7 * DAY - self.calendar.shift),
                None => times_in(length, day),
            },
            _ => None,
        }
    }

    /// How many instances can begin in a stretch of time.
    pub fn entries(&self, scenario: usize, length: Option<i64>) -> Option<u64> {
        if let Some(known) = self.known.borrow().get(&(scenario, length)) {
            return *known;
        }
        // A round of scenarios that start each other is limited by the entry rule of each alone.
        if self.counting.borrow().contains(&scenario) {
            return self.by_rule(scenario, length);
        }
        self.counting.borrow_mut().push(scenario);
        let begun = self.begun(scenario, length);
        self.counting.borrow_mut().pop();
        let found = self.by_rule(scenario, length).into_iter().chain(begun).min();
        self.known.borrow_mut().insert((scenario, length), found);
        found
    }

    /// By its own trigger, and by the steps that start it.
    fn begun(&self, scenario: usize, length: Option<i64>) -> Option<u64> {
        let mut begun = self.by_trigger(scenario, length)?;
        for starter in 0..self.walks.len() {
            begun = begun.saturating_add(self.starts(starter, scenario, length)?);
        }
        Some(begun)
    }

    fn starts(&self, starter: usize, started: usize, length: Option<i64>) -> Option<u64> {
        let (from, to) = (self.walks.get(starter)?.scenario, self.walks.get(started)?.scenario);
        let is_start = |step: StepIx| matches!(from.steps.get(step).map(|step| &step.op), Some(Op::Start { scenario }) if *scenario == to.name);
        self.count(starter, &is_start, length, 0).most
    }

    fn by_rule(&self, scenario: usize, length: Option<i64>) -> Option<u64> {
        let scenario = self.walks.get(scenario)?.scenario;
        match &scenario.entry {
            EntryRule::Once => Some(1),
            EntryRule::OnceEvery(every) => times_in(length?, self.calendar.shortest_of(&scenario.code, *every)),
            EntryRule::Always | EntryRule::OncePer(_) | EntryRule::Latest | EntryRule::OneAtATime => None,
        }
    }

    fn by_trigger(&self, scenario: usize, length: Option<i64>) -> Option<u64> {
        let scenario = self.walks.get(scenario)?.scenario;
        let apart = match &scenario.start {
            Start::Started => return Some(0),
            Start::Events(_) => return None,
            // The next silence begins after the one before has ended.
            Start::Silence { duration, .. } => self.calendar.shortest_of(&scenario.code, *duration),
            Start::Every { occurrence, .. } => self.apart(&scenario.code, occurrence),
        };
        times_in(length?, apart)
    }

    /// The shortest time between two turns of a period; 0 where nothing is known.
    fn apart(&self, code: &Code, occurrence: &Occurrence) -> i64 {
        let apart = match occurrence {
            Occurrence::Day { .. } => crate::time::Duration::days(1),
            Occurrence::Weekly { .. } => crate::time::Duration::days(7),
            Occurrence::Monthly { months, .. } => crate::time::Duration::months(i32::from(*months)),
            // 29 February and the ends of months move an anniversary by a few days.
            Occurrence::Anniversary { date, shift, .. }
                if self.is_settled(code, *date) && shift.is_none_or(|shift| constant(code, shift).is_some()) =>
            {
                crate::time::Duration::days(360)
            }
            Occurrence::Anniversary { .. } => return 0,
        };
        self.calendar.shortest(apart)
    }

    /// Whether a date stays what it is, as far as scenarios go.
    fn is_settled(&self, code: &Code, date: ExprIx) -> bool {
        match code.exprs.get(date) {
            Some(Expr::Literal(_)) => true,
            Some(Expr::Contact(slot)) => {
                code.contact.get(usize::from(*slot)).is_some_and(|field| !is_set(self.bundle, &field.name))
            }
            Some(Expr::Default(one, other)) => self.is_settled(code, *one) && self.is_settled(code, *other),
            _ => false,
        }
    }

    /// Why nothing limits the marked steps.
    pub fn why(&self, scenario: usize, marks: &dyn Fn(StepIx) -> bool, length: i64) -> Why {
        let Some(walk) = self.walks.get(scenario) else { return Why::TooMany };
        let times = walk.times(marks, length, Again::Never);
        if times.most(length).0 >= walk.counted_max() {
            return Why::TooMany;
        }
        if self.entries(scenario, Some(length)).is_some() {
            let waits = (0..walk.scenario.steps.len()).map(StepIx::from).filter(|step| walk.is_wait(*step));
            let endless = |step: &StepIx| walk.comes(StepIx(step.0 + 1)).is_some_and(|comes| comes.latest.is_none());
            return waits.into_iter().find(endless).map_or(Why::TooMany, Why::LongWait);
        }
        let entry = &walk.scenario.entry;
        match (&walk.scenario.start, entry) {
            _ if self.by_trigger(scenario, Some(length)).is_some() => {
                let starter = (0..self.walks.len()).find(|from| self.starts(*from, scenario, Some(length)).is_none());
                let name = starter.and_then(|starter| self.walks.get(starter)).map(|walk| walk.scenario.name.clone());
                Why::StartedBy(name.unwrap_or_default())
            }
            (Start::Silence { .. }, _) => Why::ShortSilence,
            (Start::Every { .. }, _) => Why::MovingDate,
            (_, EntryRule::OncePer(_)) => Why::EachValue,
            (_, EntryRule::Latest | EntryRule::OneAtATime) => Why::InTurnAtOnce,
            _ => Why::EachEvent,
        }
    }
}

/// The most that instances can do which come one after the other.
fn in_turn(walk: &Walk<'_>, marked: &[StepIx], length: Option<i64>, held: i64) -> Count {
    let length = length.unwrap_or(i64::MAX);
    let times = walk.times(|step| marked.contains(&step), length, Again::InTurn);
    let (all, from) = times.most(length);
    if all >= walk.counted_max() || times.is_endless() {
        return Count { most: None, how: How::InTurn(Vec::new()) };
    }
    // An instance that replaces another takes back what that one still had to send.
    let most = match walk.takes_back() {
        true => all.min(times.most(length.saturating_sub(held)).0.saturating_add(1)),
        false => all,
    };
    Count { most: Some(most as u64), how: How::InTurn(times.way(from, most)) }
}

/// How many instants that lie at least so far `apart` there can be in a stretch of time, its end excluded; `None` where
/// they may lie at one instant.
fn times_in(length: i64, apart: i64) -> Option<u64> {
    (apart > 0).then(|| (length.max(1) as u64).div_ceil(apart as u64))
}

fn longer(length: Option<i64>, by: Option<i64>) -> Option<i64> {
    Some(length?.saturating_add(by?))
}
