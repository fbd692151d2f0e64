//! `scn simulate`: history merged with timers on the virtual clock, contact by contact, on every core.
//!
//! The CRM is opened read-only, and nothing here can name a sender. The wall clock is never read.

mod columns;
mod effects;
mod form;
mod history;
mod json;
mod lines;
mod measured;
mod one;
mod ordered;
mod packed;
mod parquet;
mod picture;
mod progress;
mod report;
mod row;
mod runs;
mod served;
mod sink;
mod sort;
#[cfg(test)]
mod tests;
mod worker;

pub use form::Form;
pub use history::ReadFrom;
pub use lines::ROWS_IN_MEMORY;
pub use picture::Picture;
pub use progress::Progress;
pub use report::{Busiest, Ended, Lived, MeasureTold, NotSimulated, Report, SHOWN};
pub use row::{Acted, Row};
pub use served::runnable;
pub use sort::Rows;

use super::Error;
use super::tables::{Catalog, Fold, Source, Sums, Tables};
use crate::engine::{Engagement, Measures, Program, Value, World};
use crate::ir::{Bundle, Measure};
use crate::model::Id;
use crate::store::ErrorKind;
use crate::store::cache::{Asked, Cache, Settings};
use crate::store::crm::{Bounds, Crm, Findings, Notes};
use crate::time::Instant;
use history::{History, Way, together};
use measured::measured;
use one::one;
use served::as_of_now;
use sink::{Collected, Collecting, Sink};
use std::collections::BTreeMap;
use std::io::Write;
use std::ops::ControlFlow;
use std::sync::Arc;
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
    /// What people do with the messages that are simulated.
    pub engagement: Engagement,
    pub threads: usize,
    /// How many effects a thread keeps in memory; [`ROWS_IN_MEMORY`] unless a test wants less.
    pub rows_in_memory: usize,
    /// How the effects are written.
    pub form: Form,
    /// Whether the report has a [`Picture`].
    pub picture: bool,
    /// Where somebody looks how far it is; `None` when nobody waits.
    pub progress: Option<Arc<Progress>>,
    /// Where the history is kept for the next time, and taken from; `None` to read the CRM. One contact alone is always read
    /// from there.
    pub cache: Option<Settings>,
}

impl Default for Request {
    fn default() -> Request {
        Request {
            from: None,
            to: None,
            contact: Vec::new(),
            engagement: Engagement::default(),
            threads: 1,
            rows_in_memory: ROWS_IN_MEMORY,
            form: Form::Csv,
            picture: false,
            progress: None,
            cache: None,
        }
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

/// Simulates the scenarios whose tables the CRM has, and writes the effects where they are wanted.
pub fn simulate(
    bundle: &Bundle,
    crm: &Crm,
    request: &Request,
    effects: Option<&mut (dyn Write + Send)>,
) -> Result<Simulation, Error> {
    run(bundle, crm, request, Sink::Told(request.form, effects))
}

/// As [`simulate`], for who reads the rows contact by contact. The report tells nothing that is read off the rows: no months,
/// no outcomes, no first messages.
pub fn simulate_by_contact(bundle: &Bundle, crm: &Crm, request: &Request) -> Result<(Simulation, Rows), Error> {
    let mut rows = Rows::default();
    let simulation = run(bundle, crm, request, Sink::Kept(&mut rows))?;
    Ok((simulation, rows))
}

/// What a simulation goes through where the request does not say it: from the first to the last of the events that the scenarios
/// read; `None` where there is none.
pub fn span(bundle: &Bundle, crm: &Crm, request: &Request) -> Result<Option<(Instant, Instant)>, Error> {
    if let (Some(from), Some(to)) = (request.from, request.to) {
        return Ok(Some((from, to)));
    }
    let (bundle, ..) = runnable(bundle, crm);
    if bundle.scenarios.is_empty() {
        return Ok(None);
    }
    let mut crm = crm.again()?;
    crm.identify(&bundle.identity, bundle.settings.zone)?;
    let mut program = Program::link(&bundle, &[])?;
    program.engage(request.engagement);
    let everyone = program.takes_all() || program.has_measures();
    let asked = Asked { crm: &crm, program: &program, identity: &bundle.identity, everyone };
    let kept = request.cache.as_ref().and_then(|settings| Cache::fresh(settings, &asked).ok());
    let bounds = match kept {
        Some(cache) => cache.notes().bounds,
        None => {
            let (world, _) = crm.world(&program)?;
            let ranges = crm.lives(&program, &world)?.ranges(&crm, request.threads)?;
            History::Crm(&crm, ranges).bounds(&program, &world)?
        }
    };
    let Some(bounds) = bounds else { return Ok(None) };
    let (from, to) = (request.from.unwrap_or(bounds.first), request.to.unwrap_or(bounds.last));
    match program.takes_all() && to.0.saturating_sub(from.0) > SPAN_MICROS_MAX {
        true => Err(Error::Span(from, to)),
        false => Ok(Some((from, to))),
    }
}

fn run(bundle: &Bundle, crm: &Crm, request: &Request, sink: Sink<'_>) -> Result<Simulation, Error> {
    let (bundle, not_simulated, absent) = runnable(bundle, crm);
    let mut program = Program::link(&bundle, &[])?;
    program.engage(request.engagement);
    if bundle.scenarios.is_empty() {
        // A CRM that serves no scenario may lack even its contacts: nothing of it is read.
        let report = Report { not_simulated, absent, ..sink.take(&program, Collected::default(), 1)? };
        let (world, measures) = (World::default(), Measures::default());
        return Ok(Simulation { program, world, measures, report });
    }
    let cache = request.cache.as_ref().filter(|_| request.contact.is_empty());
    let everyone = program.takes_all() || program.has_measures();
    let asked = Asked { crm, program: &program, identity: &bundle.identity, everyone };
    let mut way = Way::of(cache, &asked);
    let (mut failures, mut sink) = (0, Some(sink));
    let mut simulation = loop {
        match attempt(&bundle, crm, request, way, &mut sink) {
            // The sink is not taken before all contacts have lived.
            Err(Error::Store(error)) if error.kind == ErrorKind::Cache => {
                way = Way::after(&mut failures, cache, &asked);
            }
            attempted => break attempted?,
        }
    };
    simulation.report.not_simulated = not_simulated;
    simulation.report.absent = absent;
    Ok(simulation)
}

/// Simulates scenarios that the CRM serves, over a history that is come by in this way.
fn attempt(
    bundle: &Bundle,
    crm: &Crm,
    request: &Request,
    way: Way<'_>,
    sink: &mut Option<Sink<'_>>,
) -> Result<Simulation, Error> {
    let mut program = Program::link(bundle, &[])?;
    program.engage(request.engagement);
    let mut crm = crm.again()?;
    if !matches!(way, Way::Use(_)) {
        crm.identify(&bundle.identity, bundle.settings.zone)?;
    }
    let crm = &crm;
    let (history, (mut world, unreadable), read_from) = way.history(&program, crm, request)?;
    program.know_rows(&mut world);
    if let (Some(progress), []) = (&request.progress, request.contact.as_slice())
        && let Some(rows) = history.rows(&program, &world)?
    {
        progress.expect(rows);
    }
    let mut believed = probable_bounds(&program, &world, &history, request)?;
    let (span, measures, asked, mut report) = loop {
        let bounds = match believed {
            Some(bounds) => Some(bounds),
            None => exact_bounds(&program, &world, &history, request)?,
        };
        let span = bounds.map(|bounds| span_of(request, bounds)).or(request.from.zip(request.to));
        let (from, to) = span.unwrap_or((Instant::MIN, Instant::MIN));
        for scenario in &bundle.scenarios {
            program.start_at(&scenario.name, from);
        }
        let measures = match bounds.filter(|_| program.has_measures()) {
            Some(bounds) => measured(&program, &world, &history, (bounds.first, from, to), request)?,
            None => Measures::default(),
        };
        let catalog = &Catalog::of(&program);
        let given = Given { program: &program, world: &world, measures: &measures, from, to, believed, catalog };
        if !request.contact.is_empty() {
            let lives = crm.lives(&program, &world)?;
            let asked = lives.known(crm, &request.contact)?;
            let mut report = one(given, &lives, crm, &asked, request, taken(sink))?;
            report.last_event = bounds.map(|bounds| bounds.last);
            break (span, measures, asked, report);
        }
        let collecting = sink.as_ref().map_or(Collecting::Counted, Sink::collecting);
        request.progress.iter().for_each(|progress| progress.begin(false));
        let mut totals = all(given, &history, request, collecting)?;
        // Where the history is another one than its ends told, everybody lives again.
        let notes = together(std::mem::take(&mut totals.told));
        let found = notes.bounds.map(|bounds| span_of(request, bounds));
        if believed.take().is_some() && found != span {
            continue;
        }
        let report = tell(given, (totals, notes), &history, taken(sink), request.threads)?;
        break (span, measures, Vec::new(), report);
    };
    let to = span.map_or(Instant::MIN, |(_, to)| to);
    let Findings { first, count, .. } = unreadable;
    report.asked = asked;
    report.span = span;
    report.unreadable = first;
    report.unreadable_count = count;
    report.as_of_now = as_of_now(&program);
    report.persons = history.persons();
    report.read_from = read_from;
    report.measures = bundle.measures.iter().map(|measure| told(measure, &measures, to)).collect();
    drop(history);
    Ok(Simulation { program, world, measures, report })
}

fn taken<'a>(sink: &mut Option<Sink<'a>>) -> Sink<'a> {
    sink.take().unwrap_or(Sink::Told(Form::Csv, None))
}

/// From when to when a request simulates a history with these bounds.
fn span_of(request: &Request, bounds: Bounds) -> (Instant, Instant) {
    (request.from.unwrap_or(bounds.first), request.to.unwrap_or(bounds.last))
}

/// What the bounds are believed to be, so that one reading does: it finds out whether they are. `None` where they must be
/// known before, or need not be.
fn probable_bounds(
    program: &Program,
    world: &World,
    history: &History<'_>,
    request: &Request,
) -> Result<Option<Bounds>, Error> {
    let is_named = request.from.is_some() && request.to.is_some();
    // Measures are taken before anybody lives, and where the clock starts scenarios a wrong end could be far away.
    if is_named || program.takes_all() || !request.contact.is_empty() {
        return Ok(None);
    }
    // A cache knows them.
    let History::Crm(crm, _) = history else { return Ok(None) };
    let probable = crm.lives(program, world)?.probable_bounds(crm);
    // Nothing depends on an end that the request names.
    Ok(probable.map(|bounds| Bounds {
        first: request.from.map_or(bounds.first, |_| Instant::MIN),
        last: request.to.map_or(bounds.last, |_| Instant::MAX),
    }))
}

/// The bounds of the history; `None` where it has none, or nobody needs to know them.
fn exact_bounds(
    program: &Program,
    world: &World,
    history: &History<'_>,
    request: &Request,
) -> Result<Option<Bounds>, Error> {
    let is_named = request.from.is_some() && request.to.is_some();
    if is_named && !program.has_measures() {
        return Ok(None);
    }
    let Some(bounds) = history.bounds(program, world)? else { return Ok(None) };
    let (from, to) = span_of(request, bounds);
    if !is_named && program.takes_all() && to.0.saturating_sub(from.0) > SPAN_MICROS_MAX {
        return Err(Error::Span(from, to));
    }
    Ok(Some(bounds))
}

/// What holds for every contact of a simulation.
#[derive(Clone, Copy)]
struct Given<'a> {
    program: &'a Program,
    world: &'a World,
    measures: &'a Measures,
    from: Instant,
    to: Instant,
    /// Where the history is believed to begin and to end.
    believed: Option<Bounds>,
    catalog: &'a Catalog,
}

impl Given<'_> {
    fn fold(&self) -> Fold {
        Fold::new(self.catalog, self.program.settings.zone, Source::Simulation)
    }

    fn tables(&self, sums: Sums) -> Tables {
        let settings = &self.program.settings;
        Tables::new(self.catalog, sums, settings.zone.name(), &settings.currency)
    }
}

fn all(given: Given<'_>, history: &History<'_>, request: &Request, collecting: Collecting) -> Result<Share, Error> {
    let Given { program, world, .. } = given;
    let shares = history.in_threads(program, world, false, |share| {
        worker::work(given, share, request, collecting.collector(program, request.rows_in_memory))
    })?;
    let mut totals = Share::default();
    for share in shares {
        absorb(&mut totals, share);
    }
    Ok(totals)
}

fn tell(
    given: Given<'_>,
    (totals, notes): (Share, Notes),
    history: &History<'_>,
    sink: Sink<'_>,
    threads: usize,
) -> Result<Report, Error> {
    let mut report = sink.take(given.program, totals.collected, threads)?;
    report.threads = history.threads();
    report.notes = history.notes();
    report.notes.absorb(notes);
    report.counts = totals.counts;
    report.busiest = totals.busiest;
    report.picture = totals.picture;
    report.contacts = totals.contacts;
    report.events = totals.events;
    report.of_erased = totals.of_erased;
    report.ended = totals.ended;
    report.tables = given.tables(totals.sums);
    Ok(report)
}

/// Adds what another thread found.
fn absorb(totals: &mut Share, share: Share) {
    totals.collected.absorb(share.collected);
    totals.told.extend(share.told);
    totals.contacts += share.contacts;
    totals.sums.merge(share.sums);
    totals.events += share.events;
    totals.of_erased += share.of_erased;
    if totals.counts.len() < share.counts.len() {
        totals.counts.resize(share.counts.len(), Default::default());
    }
    for (total, more) in totals.counts.iter_mut().zip(&share.counts) {
        total.merge(more);
    }
    if share.busiest.as_ref().is_some_and(|busiest| busiest.is_before(totals.busiest.as_ref())) {
        totals.busiest = share.busiest;
    }
    match (&mut totals.picture, share.picture) {
        (Some(total), Some(more)) => total.absorb(more),
        (total @ None, more) => *total = more,
        (Some(_), None) => {}
    }
    for (place, ended) in share.ended {
        let total = totals.ended.entry(place).or_default();
        total.count += ended.count;
        for (entity, count) in ended.about {
            *total.about.entry(entity).or_default() += count;
        }
    }
}

/// What a measure told by an instant.
fn told(measure: &Measure, measures: &Measures, to: Instant) -> MeasureTold {
    let refreshes = measures.told_between(&measure.name, Instant::MIN, to).to_vec();
    MeasureTold { name: measure.name.clone(), refreshes }
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
