//! `scn simulate`: history merged with timers on the virtual clock, contact by contact, on every core.
//!
//! The CRM is opened read-only, and nothing here can name a sender. The wall clock is never read.

mod effects;
mod history;
mod report;
mod row;
mod sort;
mod worker;

pub use effects::{Effects, HEADER};
pub use history::ReadFrom;
pub use report::{Busiest, Ended, NotSimulated, Report, SHOWN};
pub use row::{Acted, Row};
pub use sort::ROWS_IN_MEMORY;

use super::Error;
use super::life::Contact;
use crate::engine::{Census, Life, Measures, Output, Program, State, Value, World};
use crate::ir::{Bundle, Code, Expr, Measure, Scenario};
use crate::model::Id;
use crate::store::ErrorKind;
use crate::store::cache::{Asked, Cache, Cold, Settings};
use crate::store::crm::{Crm, Findings, Lack, Lives, Notes};
use crate::time::Instant;
use history::{History, Making};
use report::Tally;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;
use worker::Share;

/// What to simulate.
#[derive(Clone, Debug)]
pub struct Request {
    /// Events before it start nothing, and are history all the same; `None` for the first event.
    pub from: Option<Instant>,
    /// The last instant, included; `None` for the last event of the CRM.
    pub to: Option<Instant>,
    /// One contact alone, with its story: the ids that are meant, a number and its text being two. Empty for all contacts.
    pub contact: Vec<Id>,
    pub threads: usize,
    /// How many effects a thread keeps in memory; [`ROWS_IN_MEMORY`] unless a test wants less.
    pub rows_in_memory: usize,
    /// Where the history is kept for the next time, and taken from; `None` to read the CRM. One contact alone is always read
    /// from there.
    pub cache: Option<Settings>,
}

impl Default for Request {
    fn default() -> Request {
        let (contact, rows_in_memory) = (Vec::new(), ROWS_IN_MEMORY);
        Request { from: None, to: None, contact, threads: 1, rows_in_memory, cache: None }
    }
}

/// A finished simulation: the report, and the program whose slots it uses.
#[derive(Debug)]
pub struct Simulation {
    pub program: Program,
    pub world: World,
    pub measures: Measures,
    pub report: Report,
}

/// What the events of a CRM may span at most where scenarios start by the clock or measures are taken, unless both ends are
/// named: 100 years. A date that stands for "never" (9999-12-31) would be millions of turns of the clock.
const SPAN_MICROS_MAX: i64 = 36_525 * 86_400_000_000;

/// Simulates the scenarios whose tables the CRM has, and writes the effects CSV where one is wanted.
pub fn simulate(
    bundle: &Bundle,
    crm: &Crm,
    request: &Request,
    effects: Option<&mut dyn Write>,
) -> Result<Simulation, Error> {
    let mut effects = effects;
    let (bundle, not_simulated, absent) = runnable(bundle, crm);
    let told = Report { not_simulated, absent, ..Report::default() };
    let program = Program::link(&bundle, &[])?;
    if bundle.scenarios.is_empty() {
        // A CRM that serves no scenario may lack even its contacts: nothing of it is read.
        let mut tally = Tally::new(&program);
        write(&program, Vec::new(), &mut tally, effects)?;
        let report = Report { not_simulated: told.not_simulated, absent: told.absent, ..tally.finish() };
        let (world, measures) = (World::default(), Measures::default());
        return Ok(Simulation { program, world, measures, report });
    }
    let work = Work { bundle: &bundle, crm, request };
    let mut way = work.way(&program);
    let mut failures = 0;
    loop {
        let effects = effects.as_mut().map(|effects| &mut **effects as &mut dyn Write);
        match work.simulate(way, effects) {
            // Nothing has been written yet: the lives come before the effects.
            Err(Error::Store(error)) if error.kind == ErrorKind::Cache => {
                failures += 1;
                way = match failures {
                    1 => work.make(&program, Cold::Unusable),
                    _ => Way::Read(ReadFrom::Cold(Cold::Unusable)),
                };
            }
            Err(error) => return Err(error),
            Ok(mut simulation) => {
                simulation.report.not_simulated = told.not_simulated;
                simulation.report.absent = told.absent;
                return Ok(simulation);
            }
        }
    }
}

/// What is simulated, and what of.
#[derive(Clone, Copy)]
struct Work<'a> {
    bundle: &'a Bundle,
    crm: &'a Crm,
    request: &'a Request,
}

/// How the history is come by.
enum Way<'a> {
    /// From the CRM.
    Read(ReadFrom),
    /// From the CRM, into a cache.
    Make(Box<Making<'a>>),
    Use(Cache),
}

impl<'a> Work<'a> {
    fn way(&self, program: &'a Program) -> Way<'a> {
        let Some(settings) = self.request.cache.as_ref().filter(|_| self.request.contact.is_empty()) else {
            return Way::Read(ReadFrom::Crm);
        };
        match Cache::fresh(settings, &self.asked(program)) {
            Ok(cache) => Way::Use(cache),
            Err(cold) => self.make(program, cold),
        }
    }

    /// Makes a cache, which is not there for this reason; where it can be made.
    fn make(&self, program: &'a Program, because: Cold) -> Way<'a> {
        match &self.request.cache {
            Some(settings) if because.may_be_made() => Making::begin(settings, &self.asked(program), because)
                .map_or_else(|cold| Way::Read(ReadFrom::Cold(cold)), |making| Way::Make(Box::new(making))),
            _ => Way::Read(ReadFrom::Cold(because)),
        }
    }

    fn asked(&self, program: &'a Program) -> Asked<'a> {
        let everyone = program.takes_all() || !self.bundle.measures.is_empty();
        Asked { crm: self.crm, program, identity: &self.bundle.identity, everyone }
    }

    fn simulate(&self, way: Way<'_>, effects: Option<&mut dyn Write>) -> Result<Simulation, Error> {
        let Work { bundle, request, .. } = *self;
        let mut program = Program::link(bundle, &[])?;
        let mut crm = self.crm.again()?;
        if !matches!(way, Way::Use(_)) {
            crm.identify(&bundle.identity, bundle.settings.zone)?;
        }
        let (history, (world, unreadable), read_from) = self.history(way, &program, &crm)?;
        let (span, measures) = self.span(&program, &world, &history)?;
        let (from, to) = span.unwrap_or((Instant::MIN, Instant::MIN));
        for scenario in &bundle.scenarios {
            program.start_at(&scenario.name, from);
        }
        let given = Given { program: &program, world: &world, measures: &measures, from, to };
        let (asked, mut report) = match request.contact.as_slice() {
            [_, ..] => {
                let lives = crm.lives(&program, &world)?;
                let asked = lives.known(&crm, &request.contact)?;
                let report = one(given, &lives, &crm, &asked, effects)?;
                (asked, report)
            }
            [] => (Vec::new(), all(given, &history, request.rows_in_memory, effects)?),
        };
        report.asked = asked;
        report.span = span;
        report.unreadable = unreadable.first;
        report.unreadable_count = unreadable.count;
        report.as_of_now = as_of_now(&program);
        report.persons = history.persons();
        report.read_from = read_from;
        report.measures = bundle.measures.iter().map(|measure| told(measure, &measures, &world, to)).collect();
        drop(history);
        Ok(Simulation { program, world, measures, report })
    }

    /// The history, with the entities and what cannot be read of them.
    fn history<'h>(
        &self,
        way: Way<'_>,
        program: &Program,
        crm: &'h Crm,
    ) -> Result<(History<'h>, (World, Findings), ReadFrom), Error> {
        let threads = self.request.threads;
        if let Way::Use(cache) = way {
            let world = cache.world(program.needs())?;
            return Ok((History::of_cache(cache, threads), world, ReadFrom::Cache));
        }
        let (world, unreadable) = crm.world(program)?;
        let history = History::of_crm(crm, &crm.lives(program, &world)?, threads)?;
        let (history, read_from) = match way {
            Way::Make(making) => making.finish(history, program, (&world, &unreadable), self.asked(program).everyone)?,
            Way::Read(read_from) => (history, read_from),
            Way::Use(_) => (history, ReadFrom::Cache),
        };
        Ok((history, (world, unreadable), read_from))
    }

    /// The first and last instant, and the measures up to it.
    fn span(
        &self,
        program: &Program,
        world: &World,
        history: &History<'_>,
    ) -> Result<(Option<(Instant, Instant)>, Measures), Error> {
        let has_measures = !self.bundle.measures.is_empty();
        let (from, to) = (self.request.from, self.request.to);
        if let (Some(from), Some(to), false) = (from, to, has_measures) {
            return Ok((Some((from, to)), Measures::default()));
        }
        let Some(bounds) = history.bounds(program, world)? else { return Ok((from.zip(to), Measures::default())) };
        let named = from.is_some() && to.is_some();
        let (from, to) = (from.unwrap_or(bounds.first), to.unwrap_or(bounds.last));
        if !named && program.takes_all() && to.0.saturating_sub(from.0) > SPAN_MICROS_MAX {
            return Err(Error::Span(from, to));
        }
        Ok((Some((from, to)), measures(program, world, history, (bounds.first, to))?))
    }
}

/// What holds for every contact of a simulation.
#[derive(Clone, Copy)]
struct Given<'a> {
    program: &'a Program,
    world: &'a World,
    measures: &'a Measures,
    from: Instant,
    to: Instant,
}

/// Takes the measures of all contacts, each thread of its own, at their refreshes after the first event of all.
fn measures(
    program: &Program,
    world: &World,
    history: &History<'_>,
    (first, last): (Instant, Instant),
) -> Result<Measures, Error> {
    let mut census = Census::new(program, first, last);
    if census.is_empty() {
        return Ok(Measures::default());
    }
    let shares = history.in_threads(program, world, true, |share| {
        let mut own = census.clone();
        // What cannot be read is told when the contacts live.
        share.read(&mut Notes::default(), |person, life| {
            own.take(program, world, person, life);
            ControlFlow::Continue(())
        })?;
        Ok(own)
    })?;
    shares.into_iter().for_each(|share| census.merge(share));
    Ok(census.finish(program))
}

/// The scenarios that the CRM can serve; those that it cannot, and why; and what it lacks that may be absent.
pub fn runnable(bundle: &Bundle, crm: &Crm) -> (Bundle, Vec<NotSimulated>, Vec<Lack>) {
    let mut runs: Vec<Scenario> = Vec::new();
    let (mut not, mut absent) = (Vec::new(), Vec::new());
    for scenario in &bundle.scenarios {
        let measures = measures_of(&scenario.code, bundle).map(|measure| &measure.code);
        let mut all: Vec<Lack> = measures.chain([&scenario.code]).flat_map(|code| crm.lacks(code)).collect();
        all.sort();
        all.dedup();
        let (optional, lacks): (Vec<Lack>, Vec<Lack>) = all.into_iter().partition(Lack::is_optional);
        if lacks.is_empty() {
            runs.push(scenario.clone());
            absent.extend(optional);
        } else {
            not.push(NotSimulated { scenario: scenario.name.clone(), lacks });
        }
    }
    absent.extend(crm.lacks(&bundle.policy.code).into_iter().filter(Lack::is_optional));
    absent.sort();
    absent.dedup();
    let mut measures = bundle.measures.clone();
    measures.retain(|measure| {
        let reads = |scenario: &Scenario| measures_of(&scenario.code, bundle).any(|read| read.name == measure.name);
        runs.iter().any(reads)
    });
    // What templates read is not looked at: nothing is rendered here.
    let bundle = Bundle { scenarios: runs, measures, messages: Vec::new(), ..bundle.clone() };
    (bundle, not, absent)
}

/// The measures that a scenario reads.
fn measures_of<'b>(code: &Code, bundle: &'b Bundle) -> impl Iterator<Item = &'b Measure> {
    let read: BTreeSet<String> = (code.exprs.values().iter())
        .filter_map(|expr| if let Expr::Measure(name) = expr { Some(name.clone()) } else { None })
        .collect();
    bundle.measures.iter().filter(move |measure| read.contains(&measure.name))
}

fn all(
    given: Given<'_>,
    history: &History<'_>,
    rows_in_memory: usize,
    effects: Option<&mut dyn Write>,
) -> Result<Report, Error> {
    let Given { program, world, .. } = given;
    let shares = history.in_threads(program, world, false, |share| worker::work(given, share, rows_in_memory))?;
    let mut tally = Tally::new(given.program);
    let mut totals = Share::default();
    for share in shares {
        absorb(&mut totals, share);
    }
    let runs = std::mem::take(&mut totals.runs);
    write(given.program, runs, &mut tally, effects)?;
    let mut report = tally.finish();
    report.threads = history.threads();
    report.notes = history.notes();
    report.notes.absorb(totals.notes);
    report.counts = totals.counts;
    report.busiest = totals.busiest;
    report.contacts = totals.contacts;
    report.events = totals.events;
    report.ended = totals.ended;
    Ok(report)
}

/// Adds what the next range found, in the order of ranges.
fn absorb(totals: &mut Share, share: Share) {
    totals.runs.extend(share.runs);
    totals.notes.absorb(share.notes);
    totals.contacts += share.contacts;
    totals.events += share.events;
    if totals.counts.len() < share.counts.len() {
        totals.counts.resize(share.counts.len(), Default::default());
    }
    for (total, more) in totals.counts.iter_mut().zip(&share.counts) {
        total.merge(more);
    }
    if share.busiest.as_ref().is_some_and(|busiest| busiest.is_before(totals.busiest.as_ref())) {
        totals.busiest = share.busiest;
    }
    for (place, ended) in share.ended {
        let total = totals.ended.entry(place).or_default();
        total.count += ended.count;
        for (entity, count) in ended.about {
            *total.about.entry(entity).or_default() += count;
        }
    }
}

fn write(
    program: &Program,
    runs: Vec<sort::Run>,
    tally: &mut Tally,
    effects: Option<&mut dyn Write>,
) -> Result<(), Error> {
    let failed = |error| Error::Io("the effects".into(), error);
    match effects {
        None => sort::merge(runs, |row| {
            tally.add(&row);
            Ok(())
        })
        .map_err(failed),
        Some(to) => {
            let to = BufWriter::with_capacity(1 << 18, to);
            let mut effects = Effects::new(program, to).map_err(failed)?;
            sort::merge(runs, |row| {
                tally.add(&row);
                effects.write(&row)
            })
            .map_err(failed)?;
            effects.finish().map_err(failed)?;
            Ok(())
        }
    }
}

/// One contact, with its story.
fn one(
    given: Given<'_>,
    lives: &Lives<'_>,
    crm: &Crm,
    contact: &[Id],
    effects: Option<&mut dyn Write>,
) -> Result<Report, Error> {
    let Given { program, world, measures, from, to } = given;
    let mut out = Output { trace: Some(Vec::new()), ..Output::default() };
    let mut notes = Notes::default();
    let (mut contacts, mut events) = (0, 0);
    let mut rows = sort::Sorter::new(ROWS_IN_MEMORY);
    let mut failed = None;
    lives.read_these(crm, contact, &mut notes, |person, life: &mut Life| {
        contacts += 1;
        events += life.len() as u64;
        let mut state = State::default();
        Contact { program, world, person, measures, life, state: &mut state }.live(from, to, &mut out);
        out.effects.extend(state.deferred(program));
        for row in out.effects.drain(..).filter_map(|effect| Row::of(effect, &person.id, world)) {
            if let Err(error) = rows.push(row) {
                failed = Some(error);
            }
        }
        ControlFlow::Continue(())
    })?;
    if let Some(error) = failed {
        return Err(Error::Io("temporary files".into(), error));
    }
    let mut tally = Tally::new(program);
    write(program, rows.finish(), &mut tally, effects)?;
    let mut report = tally.finish();
    report.threads = 1;
    report.notes = notes;
    report.counts = out.counts;
    report.contacts = contacts;
    report.events = events;
    report.trace = out.trace.unwrap_or_default();
    Ok(report)
}

/// What a measure told last, in words.
fn told(measure: &Measure, measures: &Measures, world: &World, to: Instant) -> (String, String) {
    let value = measures.value(&measure.name, to).cloned().unwrap_or_default();
    (measure.name.clone(), super::story::value_words(&value, world))
}

/// What the CRM keeps no history of: fields of entities and contacts, read as they are now.
fn as_of_now(program: &Program) -> Vec<String> {
    let needs = program.needs();
    let contact = needs.contact.iter().map(|field| format!("contact.{}", field.name));
    let entities = needs
        .entities
        .iter()
        .flat_map(|entity| entity.fields.iter().map(move |field| format!("{}.{}", entity.name, field.name)));
    contact.chain(entities).collect()
}

impl Simulation {
    /// The texts that the program reads of some contacts (addresses, mostly), for a report that may show them.
    pub fn reveal(&self, crm: &Crm, contacts: &[Id]) -> Result<BTreeMap<Id, String>, Error> {
        let mut revealed = BTreeMap::new();
        crm.lives(&self.program, &self.world)?.read_these(crm, contacts, &mut Notes::default(), |person, _| {
            let texts = person.values.iter().filter_map(|value| match value {
                Value::Text(text) => Some(text.as_ref()),
                _ => None,
            });
            revealed.insert(person.id.clone(), texts.collect::<Vec<_>>().join(" "));
            ControlFlow::Continue(())
        })?;
        Ok(revealed)
    }
}
