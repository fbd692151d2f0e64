//! `scn simulate`: history merged with timers on the virtual clock, contact by contact, on every core.
//!
//! The CRM is opened read-only, and nothing here can name a sender. The wall clock is never read.

mod columns;
mod effects;
mod form;
mod json;
mod lines;
mod parquet;
mod picture;
mod progress;
mod report;
mod row;
mod sink;
mod sort;
#[cfg(test)]
mod tests;
mod worker;

pub use form::Form;
pub use lines::ROWS_IN_MEMORY;
pub use picture::Picture;
pub use progress::Progress;
pub use report::{Busiest, Ended, Lived, NotSimulated, Report, SHOWN};
pub use row::{Acted, Row};
pub use sort::Rows;

use super::Error;
use super::life::Contact;
use super::tables::{Catalog, Fold, Source, Sums, Tables};
use crate::engine::{Census, Engagement, Facts, Life, Measures, Outcome, Output, Program, State, Value, What, World};
use crate::ir::{Bundle, Code, Expr, FieldUse, Measure, Scenario};
use crate::model::{CrmTable, Id};
use crate::store::crm::{Bounds, ContactRange, Crm, Lack, Lives, Notes};
use crate::time::Instant;
use picture::Painter;
use progress::Steps;
use sink::{Collected, Collecting, Sink};
use std::collections::{BTreeMap, BTreeSet};
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
    let (world, _) = crm.world(&program)?;
    let lives = crm.lives(&program, &world)?;
    let ranges = lives.ranges(&crm, request.threads)?;
    let Some(bounds) = bounds(&lives, &crm, &ranges)? else { return Ok(None) };
    let (from, to) = (request.from.unwrap_or(bounds.first), request.to.unwrap_or(bounds.last));
    match program.takes_all() && to.0.saturating_sub(from.0) > SPAN_MICROS_MAX {
        true => Err(Error::Span(from, to)),
        false => Ok(Some((from, to))),
    }
}

fn run(bundle: &Bundle, crm: &Crm, request: &Request, sink: Sink<'_>) -> Result<Simulation, Error> {
    let (bundle, not_simulated, absent) = runnable(bundle, crm);
    let mut crm = crm.again()?;
    crm.identify(&bundle.identity, bundle.settings.zone)?;
    let crm = &crm;
    let mut program = Program::link(&bundle, &[])?;
    program.engage(request.engagement);
    if bundle.scenarios.is_empty() {
        // A CRM that serves no scenario may lack even its contacts: nothing of it is read.
        let report = Report { not_simulated, absent, ..sink.take(&program, Collected::default())? };
        let (world, measures) = (World::default(), Measures::default());
        return Ok(Simulation { program, world, measures, report });
    }
    let (mut world, unreadable) = crm.world(&program)?;
    program.know_rows(&mut world);
    let ranges = crm.lives(&program, &world)?.ranges(crm, request.threads)?;
    if let (Some(progress), []) = (&request.progress, request.contact.as_slice()) {
        // The measures read everything once before.
        let times = if bundle.measures.is_empty() { 1 } else { 2 };
        progress.expect(crm.lives(&program, &world)?.rows(crm)? * times);
    }
    let mut believed = probable_bounds(&program, &world, crm, request)?;
    let (span, measures, asked, mut report) = loop {
        let (span, measures) = match believed {
            Some(bounds) => (Some(span_of(request, bounds)), Measures::default()),
            None => exact_span(&program, &world, crm, &ranges, request)?,
        };
        let (from, to) = span.unwrap_or((Instant::MIN, Instant::MIN));
        for scenario in &bundle.scenarios {
            program.start_at(&scenario.name, from);
        }
        let lives = crm.lives(&program, &world)?;
        let catalog = &Catalog::of(&program);
        let given = Given { program: &program, world: &world, measures: &measures, from, to, believed, catalog };
        let asked = lives.known(crm, &request.contact)?;
        if !request.contact.is_empty() {
            let report = one(given, &lives, crm, &asked, request, sink)?;
            break (span, measures, asked, report);
        }
        let totals = all(given, &lives, crm, &ranges, request, sink.collecting())?;
        // Where the history is another one than its ends told, everybody lives again.
        let found = totals.notes.bounds.map(|bounds| span_of(request, bounds));
        if believed.take().is_some() && found != span {
            continue;
        }
        let report = tell(given, totals, ranges.len(), sink)?;
        break (span, measures, asked, report);
    };
    let to = span.map_or(Instant::MIN, |(_, to)| to);
    report.asked = asked;
    report.span = span;
    report.not_simulated = not_simulated;
    report.absent = absent;
    report.unreadable = unreadable.first;
    report.unreadable_count = unreadable.count;
    report.as_of_now = as_of_now(&program);
    report.persons = crm.persons().groups().len();
    report.measures = bundle.measures.iter().map(|measure| told(measure, &measures, &world, to)).collect();
    Ok(Simulation { program, world, measures, report })
}

/// From when to when a request simulates a history with these bounds.
fn span_of(request: &Request, bounds: Bounds) -> (Instant, Instant) {
    (request.from.unwrap_or(bounds.first), request.to.unwrap_or(bounds.last))
}

/// What the bounds are believed to be, so that one reading does: it finds out whether they are. `None` where they must be
/// known before, or need not be.
fn probable_bounds(program: &Program, world: &World, crm: &Crm, request: &Request) -> Result<Option<Bounds>, Error> {
    let is_named = request.from.is_some() && request.to.is_some();
    // Measures are taken before anybody lives, and where the clock starts scenarios a wrong end could be far away.
    if is_named || program.takes_all() || !request.contact.is_empty() {
        return Ok(None);
    }
    let probable = crm.lives(program, world)?.probable_bounds(crm);
    // Nothing depends on an end that the request names.
    Ok(probable.map(|bounds| Bounds {
        first: request.from.map_or(bounds.first, |_| Instant::MIN),
        last: request.to.map_or(bounds.last, |_| Instant::MAX),
    }))
}

/// From when to when, by the bounds of the history where the request does not say it; and the measures of that time.
fn exact_span(
    program: &Program,
    world: &World,
    crm: &Crm,
    ranges: &[ContactRange],
    request: &Request,
) -> Result<(Option<(Instant, Instant)>, Measures), Error> {
    let named = request.from.zip(request.to);
    if named.is_some() && !program.has_measures() {
        return Ok((named, Measures::default()));
    }
    let lives = crm.lives(program, world)?;
    let Some(bounds) = bounds(&lives, crm, ranges)? else { return Ok((named, Measures::default())) };
    let (from, to) = span_of(request, bounds);
    if named.is_none() && program.takes_all() && to.0.saturating_sub(from.0) > SPAN_MICROS_MAX {
        return Err(Error::Span(from, to));
    }
    Ok((Some((from, to)), measures(program, world, crm, ranges, (bounds.first, to), request.progress.as_deref())?))
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

/// Takes the measures of all contacts, each thread of its own, at their refreshes after the first event of all.
fn measures(
    program: &Program,
    world: &World,
    crm: &Crm,
    ranges: &[ContactRange],
    (first, last): (Instant, Instant),
    progress: Option<&Progress>,
) -> Result<Measures, Error> {
    let mut census = Census::new(program, first, last);
    let lives = crm.lives(program, world)?.of_everyone();
    if census.is_empty() {
        return Ok(Measures::default());
    }
    let shares = in_threads(crm, ranges, |crm, range| {
        let mut share = census.clone();
        let mut steps = Steps::of(progress);
        // What cannot be read is told when the contacts live.
        lives.read(crm, range, &mut Notes::default(), |person, life| {
            share.take(program, world, person, life);
            steps.add(life.len());
            ControlFlow::Continue(())
        })?;
        Ok(share)
    })?;
    shares.into_iter().for_each(|share| census.merge(share));
    Ok(census.finish(program))
}

/// The bounds of the history, each thread looking at the events of its contacts.
fn bounds(lives: &Lives<'_>, crm: &Crm, ranges: &[ContactRange]) -> Result<Option<Bounds>, Error> {
    let found = in_threads(crm, ranges, |crm, range| Ok(lives.bounds(crm, range)?))?;
    Ok(found.into_iter().flatten().reduce(Bounds::with))
}

/// Does something with each range of contacts, in a thread of its own with a connection of its own; what comes of it is in
/// the order of ranges.
fn in_threads<T: Send>(
    crm: &Crm,
    ranges: &[ContactRange],
    work: impl Fn(&Crm, &ContactRange) -> Result<T, Error> + Sync,
) -> Result<Vec<T>, Error> {
    let crms = ranges.iter().map(|_| crm.again()).collect::<Result<Vec<Crm>, _>>()?;
    std::thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> =
            ranges.iter().zip(crms).map(|(range, crm)| scope.spawn(move || work(&crm, range))).collect();
        let panicked = |panic| std::panic::resume_unwind(panic);
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(panicked)).collect()
    })
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
    // Money without a column is no revenue, and the tables say so. An event that is told on has no table of its own.
    let mut revenue = bundle.revenue.clone();
    revenue.retain(|event| {
        let has = |field: &FieldUse, table: &CrmTable| table.columns.iter().any(|each| each.name == field.name);
        crm.shape().table(&event.name).is_none_or(|table| event.fields.iter().all(|field| has(field, table)))
    });
    // What templates read is not looked at: nothing is rendered here.
    let bundle = Bundle { scenarios: runs, measures, revenue, messages: Vec::new(), ..bundle.clone() };
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
    lives: &Lives<'_>,
    crm: &Crm,
    ranges: &[ContactRange],
    request: &Request,
    collecting: Collecting,
) -> Result<Share, Error> {
    let shares = in_threads(crm, ranges, |crm, range| {
        let collector = collecting.collector(given.program, request.rows_in_memory);
        worker::work(given, lives, crm, range, request, collector)
    })?;
    let mut totals = Share::default();
    for share in shares {
        absorb(&mut totals, share);
    }
    Ok(totals)
}

fn tell(given: Given<'_>, totals: Share, threads: usize, sink: Sink<'_>) -> Result<Report, Error> {
    let mut report = sink.take(given.program, totals.collected)?;
    report.threads = threads;
    report.notes = totals.notes;
    report.counts = totals.counts;
    report.busiest = totals.busiest;
    report.picture = totals.picture;
    report.contacts = totals.contacts;
    report.events = totals.events;
    report.ended = totals.ended;
    report.tables = given.tables(totals.sums);
    Ok(report)
}

/// Adds what the next range found, in the order of ranges.
fn absorb(totals: &mut Share, share: Share) {
    totals.collected.absorb(share.collected);
    totals.notes.absorb(share.notes);
    totals.contacts += share.contacts;
    totals.sums.merge(share.sums);
    totals.events += share.events;
    if totals.counts.len() < share.counts.len() {
        totals.counts.resize(share.counts.len(), Default::default());
    }
    for (total, more) in totals.counts.iter_mut().zip(&share.counts) {
        total.merge(more);
    }
    let more = |busiest: &Busiest| totals.busiest.as_ref().is_none_or(|most| busiest.messages > most.messages);
    if share.busiest.as_ref().is_some_and(more) {
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

/// One contact, with its story.
fn one(
    given: Given<'_>,
    lives: &Lives<'_>,
    crm: &Crm,
    contact: &[Id],
    request: &Request,
    sink: Sink<'_>,
) -> Result<Report, Error> {
    let Given { program, world, measures, from, to, catalog, .. } = given;
    let (trace, refusals, marks) = (Some(Vec::new()), Some(Vec::new()), Some(Vec::new()));
    let mut out = Output { trace, refusals, marks, ..Output::default() };
    let mut fold = given.fold();
    let mut lived = Vec::new();
    let mut notes = Notes::default();
    let (mut contacts, mut events) = (0, 0);
    let mut collector = sink.collecting().collector(program, ROWS_IN_MEMORY);
    let mut rows = Vec::new();
    let mut painter = request.picture.then(|| Painter::new(program.settings.zone));
    let mut failed = None;
    lives.read_these(crm, contact, &mut notes, |person, life: &mut Life| {
        contacts += 1;
        events += life.len() as u64;
        let mut state = State::default();
        Contact { program, world, person, measures, life, state: &mut state }.live(from, to, &mut out);
        if let Some(marks) = &mut out.marks {
            fold.take_contact(catalog, marks);
        }
        out.effects.extend(state.deferred(program));
        lived.push(Lived {
            contact: person.id.clone(),
            zone: program.zone_of(Facts { world, person, life, measures }, &state),
            trace: out.trace.as_mut().map(std::mem::take).unwrap_or_default(),
            refusals: out.refusals.as_mut().map(std::mem::take).unwrap_or_default(),
            clocks: state.clocks(),
        });
        let sent = out.effects.iter().filter(|effect| matches!(effect.what, What::Send { outcome: Outcome::Sent, .. }));
        if let Some(painter) = &mut painter {
            sent.for_each(|effect| painter.sent(effect.at, effect.unit));
            painter.close();
        }
        rows.extend(out.effects.drain(..).filter_map(|effect| Row::of(effect, &person.id, world)));
        match collector.add(&person.id, &mut rows) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        }
    })?;
    if let Some(error) = failed {
        return Err(Error::Io("temporary files".into(), error));
    }
    let mut report = sink.take(program, collector.finish())?;
    report.threads = 1;
    report.notes = notes;
    report.counts = out.counts;
    report.contacts = contacts;
    report.events = events;
    report.lived = lived;
    report.picture = painter.map(Painter::finish);
    report.tables = given.tables(fold.finish());
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
