//! `scn run`: new rows of the CRM and due timers on the wall clock; what is decided commits with what it was decided
//! from, and only then does a sender take it.
//!
//! The driver is a function of the instants it is given: [`Run::tick`] does everything that is due by then. What
//! the wall clock says, and how long to sleep, is for whoever calls it.

mod backfill;
mod batch;
mod calls;
mod circuit;
mod connections;
mod deliver;
pub(super) mod journal;
mod looks;
mod measures;
mod migrate;
mod older;
mod persons;
mod poll;
mod step;
mod writes;

pub use backfill::Rehearsal;
pub use deliver::{Delivery, Post};
pub use migrate::{Group, Migration};
pub use older::{WaitingVersion, WhyWaiting};

use super::Error;
use super::simulate::{NotSimulated, runnable};
use crate::engine::{Counts, Measures, Needs, Program, World};
use crate::ir::{Bundle, KeptVersion};
use crate::model::Id;
use crate::store::crm::{Crm, Lack, Notes};
use crate::store::state::{MessageState, Recovered, State};
use crate::time::Instant;
use calls::Line;
use circuit::Circuit;
use looks::Looks;
use older::Older;
use rustc_hash::FxHashSet;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use writes::RefusedWrites;

/// How far the clock may have gone back since it was last seen: five minutes.
const CLOCK_BACK_MAX: i64 = 5 * 60 * 1_000_000;

/// What a run works with.
#[derive(Debug)]
pub struct Setup<'a> {
    pub bundle: &'a Bundle,
    pub crm: Crm,
    pub state: &'a Path,
    pub delivery: Delivery,
}

/// A run at work: it holds the lock of its state file.
#[derive(Debug)]
pub struct Run {
    bundle: Bundle,
    program: Arc<Program>,
    /// The versions before the present one that the program has.
    older: Vec<KeptVersion>,
    crm: Crm,
    state: State,
    delivery: Delivery,
    world: World,
    /// The version of the CRM that was looked at last.
    version: Option<i64>,
    /// By event: the rows that were ever seen.
    seen: Vec<FxHashSet<Id>>,
    last_poll: Option<Instant>,
    /// The look that the state file knows of.
    last_poll_written: Option<Instant>,
    /// Contacts of which a value cannot be read, or whose version cannot run: not stepped until it can.
    set_aside: BTreeSet<Id>,
    /// Those of whom a version cannot run.
    without_version: BTreeSet<Id>,
    circuit: Circuit,
    refused_writes: Option<RefusedWrites>,
    looks: Looks,
    /// Of each row that is not the oldest of its person, the person to whom what was kept of it was given.
    united: BTreeMap<Id, Id>,
    measures: Measures,
    /// The instant up to which measures were taken.
    looked_at: Option<Instant>,
    /// The latest refresh at which each measure was taken.
    told_measures: BTreeMap<String, Instant>,
    /// What is known of each webhook.
    lines: BTreeMap<String, Line>,
    /// When the tick began that is going on.
    ticked: std::time::Instant,
    report: Report,
}

/// What a run did, and what it waits for.
#[derive(Debug, Default)]
pub struct Report {
    pub recovered: Recovered,
    /// Scenarios whose tables the CRM lacks.
    pub not_run: Vec<NotSimulated>,
    pub absent: Vec<Lack>,
    /// Scenarios that are not among those given, whose instances go on with the version they began with.
    pub older: BTreeSet<String>,
    /// Older versions that contacts need and that cannot run.
    pub waiting: Vec<WaitingVersion>,
    /// Contacts that are set aside because they wait for one of these.
    pub without_version: u64,
    /// Rows of the CRM that were taken in.
    pub rows: u64,
    /// Rows that were there before the start.
    pub history: u64,
    /// Rows of the CRM, at the last look, that name somebody who was erased and has no row in `contact`.
    pub of_erased: u64,
    pub counts: BTreeMap<String, Counts>,
    /// Messages that left, by channel.
    pub sent: BTreeMap<String, u64>,
    /// Messages that did not leave, by outcome and reason.
    pub not_sent: BTreeMap<(String, String), u64>,
    /// What steps other than `send` did, by the effect's name.
    pub done: BTreeMap<&'static str, u64>,
    /// What they did not, by the effect's name, outcome and reason.
    pub not_done: BTreeMap<(&'static str, &'static str, &'static str), u64>,
    /// What can be mended (a template, an address), in words, each once.
    pub troubles: BTreeSet<String>,
    pub notes: Notes,
    /// Values of entities that cannot be read.
    pub unreadable: BTreeSet<String>,
    /// Whether the server refuses so much that sending stopped.
    pub circuit_open: bool,
    /// Webhooks that refuse so many calls that no more are made.
    pub stopped_webhooks: BTreeSet<String>,
    /// Messages that wait for another try.
    pub deferred: u64,
}

/// What is next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    pub next_timer: Option<Instant>,
    pub next_message: Option<Instant>,
    pub messages: Vec<(MessageState, Option<String>, u64)>,
    /// From when on each scenario takes events.
    pub starts: BTreeMap<String, Instant>,
}

/// Why a run does not begin.
#[derive(Debug)]
pub enum Refusal {
    Error(Error),
    /// The clock is before what it said last time.
    ClockWentBack {
        last: Instant,
    },
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        Refusal::Error(error)
    }
}

impl From<crate::store::Error> for Refusal {
    fn from(error: crate::store::Error) -> Refusal {
        Refusal::Error(Error::Store(error))
    }
}

impl Run {
    /// Opens the state file, which is made where there is none, and takes up what was left. `name` is this
    /// process among all that ever worked on the file. A scenario that never ran starts with this second: many a CRM
    /// counts in seconds, and what happens after the start has then an instant before it.
    pub fn open(setup: Setup<'_>, name: &str, now: Instant) -> Result<Run, Refusal> {
        let (mut state, recovered) = State::open(setup.state, name, now)?;
        let last_poll = state.last_poll()?;
        if let Some(last) = last_poll.filter(|last| now.0 < last.0.saturating_sub(CLOCK_BACK_MAX)) {
            return Err(Refusal::ClockWentBack { last });
        }
        let (bundle, not_run, absent) = served(setup.bundle, &setup.crm);
        let versions: Vec<_> = bundle.versions().map(|each| (each.hash, each.version.kept())).collect();
        state.keep_programs(&versions)?;
        let Older { mut program, versions: older, waiting } = older::with_older(&mut state, &bundle, &setup.crm)?;
        let mut starts = state.starts()?;
        for scenario in &bundle.scenarios {
            if !starts.contains_key(&scenario.name) {
                let start = Instant::from_seconds(now.seconds());
                state.set_start(&scenario.name, start)?;
                starts.insert(scenario.name.clone(), start);
            }
        }
        for (scenario, start) in &starts {
            program.start_at(scenario, *start);
        }
        let mut seen = Vec::new();
        for event in &program.needs().events {
            seen.push(state.seen(&event.name)?);
        }
        let names: BTreeSet<&str> = bundle.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
        let gone = older.iter().map(|kept| &kept.version.scenario).filter(|each| !names.contains(each.name.as_str()));
        let report = Report {
            recovered,
            not_run,
            absent,
            older: gone.map(|scenario| scenario.name.clone()).collect(),
            waiting,
            ..Report::default()
        };
        let delivery = setup.delivery;
        let looks = Looks::of(&bundle);
        let mut run = Run {
            bundle,
            program: Arc::new(program),
            older,
            crm: setup.crm,
            state,
            delivery,
            world: World::default(),
            version: None,
            seen,
            last_poll,
            last_poll_written: last_poll,
            set_aside: BTreeSet::new(),
            without_version: BTreeSet::new(),
            circuit: Circuit::default(),
            refused_writes: None,
            looks,
            united: BTreeMap::new(),
            measures: Measures::default(),
            looked_at: None,
            told_measures: BTreeMap::new(),
            lines: BTreeMap::new(),
            ticked: std::time::Instant::now(),
            report,
        };
        run.settle_files(now)?;
        run.read_measures()?;
        // At least once: what nobody knows of is sent again, under the same Message-ID.
        run.state.resend_transactional(now)?;
        Ok(run)
    }

    /// Does everything that is due by `now`: takes new rows, steps contacts, sends messages. With `stop`, ends between
    /// two batches when it says so; nothing is lost then.
    pub fn tick(&mut self, now: Instant, stop: &dyn Fn() -> bool) -> Result<(), Error> {
        self.ticked = std::time::Instant::now();
        self.finish_erasures(now)?;
        self.poll(now)?;
        if !self.refresh(now, stop)? {
            return Ok(());
        }
        self.try_writes_again(now);
        while !stop() {
            if self.step_batch(now)? || self.look_batch(now)? || self.write_crm(now)? {
                continue;
            }
            if self.report.circuit_open || !self.deliver(now, stop)? {
                break;
            }
        }
        Ok(())
    }

    /// The next instant at which something is to be done, as far as is known; `None` when only new rows can be.
    pub fn next(&self) -> Result<Option<Instant>, Error> {
        let refresh = self.looked_at.and_then(|looked| self.next_refresh_after(looked));
        Ok(self.state.next_wake()?.into_iter().chain(self.state.next_due()?).chain(refresh).min())
    }

    pub fn outlook(&self) -> Result<Outlook, Error> {
        Ok(Outlook {
            next_timer: self.state.next_wake()?,
            next_message: self.state.next_due()?,
            messages: self.state.message_counts()?,
            starts: self.state.starts()?,
        })
    }

    pub fn report(&self) -> &Report {
        &self.report
    }

    pub fn program(&self) -> &Program {
        &self.program
    }

    /// When the CRM was looked at last, by this run or one before it.
    pub fn last_poll(&self) -> Option<Instant> {
        self.last_poll
    }

    fn needs(&self) -> &Needs {
        self.program.needs()
    }

    fn count(&mut self, counts: &[Counts]) {
        for (unit, more) in counts.iter().enumerate() {
            let Some(unit) = self.program.unit(unit as u16) else { continue };
            self.report.counts.entry(unit.scenario.name.clone()).or_default().merge(more);
        }
    }

    fn did_not_send(&mut self, outcome: &str, reason: &str) {
        *self.report.not_sent.entry((outcome.to_owned(), reason.to_owned())).or_default() += 1;
    }
}

/// The scenarios whose tables the CRM has, those of their templates included; the others, and what may be absent.
fn served(bundle: &Bundle, crm: &Crm) -> (Bundle, Vec<NotSimulated>, Vec<Lack>) {
    let (mut served, mut not_run, absent) = runnable(bundle, crm);
    served.messages = bundle.messages.clone();
    served.scenarios.retain(|scenario| {
        let messages = served.messages.iter().filter(|message| message.scenario == scenario.name);
        let mut lacks: Vec<Lack> = messages.flat_map(|message| crm.lacks(&message.code)).collect();
        lacks.retain(|lack| !lack.is_optional());
        lacks.sort();
        lacks.dedup();
        if lacks.is_empty() {
            return true;
        }
        not_run.push(NotSimulated { scenario: scenario.name.clone(), lacks });
        false
    });
    let names: BTreeSet<&str> = served.scenarios.iter().map(|scenario| scenario.name.as_str()).collect();
    served.messages.retain(|message| names.contains(message.scenario.as_str()));
    (served, not_run, absent)
}
