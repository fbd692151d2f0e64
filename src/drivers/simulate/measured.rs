//! What measures tell in a simulation: taken of all contacts before anybody lives for the report.

use super::Request;
use super::history::{History, Told};
use super::progress::Steps;
use crate::drivers::Error;
use crate::drivers::epochs::{Epochs, Living};
use crate::engine::{Census, Measures, Program, World};
use crate::time::Instant;
use std::ops::ControlFlow;

/// Takes the measures of all contacts, each thread of its own, at their refreshes after the `first` event of all up to the end
/// of the simulation. Where one depends on what scenarios do, everybody lives up to each refresh.
pub(super) fn measured(
    program: &Program,
    world: &World,
    history: &History<'_>,
    (first, from, to): (Instant, Instant, Instant),
    request: &Request,
) -> Result<Measures, Error> {
    let mut measures = Measures::default();
    let census = Census::new(program, first, to);
    if census.is_empty() {
        return Ok(measures);
    }
    let progress = request.progress.as_deref();
    progress.iter().for_each(|progress| progress.begin(true));
    if program.feeds_back() {
        let shares = history.in_threads(program, world, true, |share| {
            let (mut living, mut steps) = (Vec::new(), Steps::of(progress));
            share.read(&mut Told::new(), |person, life| {
                steps.add(life.len());
                living.push(Living::new(person.clone(), std::mem::take(life), from));
                ControlFlow::Continue(())
            })?;
            Ok(living)
        })?;
        return Ok(Epochs { program, world, shares, measures }.live(&census));
    }
    let shares = history.in_threads(program, world, true, |share| {
        let mut own = census.clone();
        let mut steps = Steps::of(progress);
        // What cannot be read is told when the contacts live.
        share.read(&mut Told::new(), |person, life| {
            own.take(program, world, person, life);
            steps.add(life.len());
            ControlFlow::Continue(())
        })?;
        Ok(own)
    })?;
    let mut all = census;
    shares.into_iter().for_each(|share| all.merge(share));
    all.tell(program, &mut measures);
    Ok(measures)
}
