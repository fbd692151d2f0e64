//! One contact alone, with its story.

use super::picture::Painter;
use super::sink::Sink;
use super::worker::rows_of_erased;
use super::{Given, ROWS_IN_MEMORY, Report, Request, Row};
use crate::drivers::Error;
use crate::drivers::life::Contact;
use crate::drivers::simulate::Lived;
use crate::engine::{Facts, Life, Output, State};
use crate::model::Id;
use crate::store::crm::{Crm, Lives, Notes};
use std::ops::ControlFlow;

/// One contact, with its story.
pub(super) fn one(
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
    let (mut contacts, mut events, mut of_erased) = (0, 0, 0);
    let mut collector = sink.collecting().collector(program, ROWS_IN_MEMORY);
    let mut rows = Vec::new();
    let mut painter = request.picture.then(|| Painter::new(program.settings.zone));
    let mut failed = None;
    lives.read_these(crm, contact, &mut notes, |person, life: &mut Life| {
        contacts += 1;
        let mut state = State::default();
        Contact { program, world, person, measures, life, state: &mut state }.live(from, to, &mut out);
        events += life.admitted_rows() as u64;
        of_erased += rows_of_erased(life, &state, &out.effects);
        if let Some(marks) = &mut out.marks {
            fold.take_contact(catalog, marks, state.standing());
        }
        out.effects.extend(state.deferred(program));
        lived.push(Lived {
            contact: person.id.clone(),
            zone: program.zone_of(Facts { world, person, life, measures }, &state),
            trace: out.trace.as_mut().map(std::mem::take).unwrap_or_default(),
            refusals: out.refusals.as_mut().map(std::mem::take).unwrap_or_default(),
            clocks: state.clocks(),
        });
        if let Some(painter) = &mut painter {
            painter.take_contact(&out.effects);
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
    let mut report = sink.take(program, collector.finish(), 1)?;
    report.threads = 1;
    report.notes = notes;
    report.counts = out.counts;
    report.contacts = contacts;
    report.events = events;
    report.of_erased = of_erased;
    report.lived = lived;
    report.picture = painter.map(Painter::finish);
    report.tables = given.tables(fold.finish());
    Ok(report)
}
