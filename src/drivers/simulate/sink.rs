//! What becomes of the rows of a simulation: told and written in the order of time, or kept contact by contact.

use super::report::Tally;
use super::sort::{Order, Rows, Run, merge};
use super::{Effects, Row};
use crate::drivers::Error;
use crate::engine::Program;
use std::io::{BufWriter, Write};

pub(super) enum Sink<'a> {
    /// They are told in order, and are the effects CSV where one is wanted.
    Told(Option<&'a mut dyn Write>),
    /// They are kept, contact by contact.
    Kept(&'a mut Rows),
}

impl Sink<'_> {
    pub(super) fn order(&self) -> Order {
        match self {
            Sink::Told(_) => Row::order,
            Sink::Kept(_) => Row::order_by_contact,
        }
    }

    /// Takes all rows; the runs are sorted by the [order](Sink::order) of the sink.
    pub(super) fn take(self, program: &Program, runs: Vec<Run>, tally: &mut Tally) -> Result<(), Error> {
        let failed = |error| Error::Io("the effects".into(), error);
        let order = self.order();
        match self {
            Sink::Kept(rows) => *rows = Rows::new(runs, order).map_err(failed)?,
            Sink::Told(None) => merge(runs, order, |row| {
                tally.add(&row);
                Ok(())
            })
            .map_err(failed)?,
            Sink::Told(Some(to)) => {
                let to = BufWriter::with_capacity(1 << 18, to);
                let mut effects = Effects::new(program, to).map_err(failed)?;
                merge(runs, order, |row| {
                    tally.add(&row);
                    effects.write(&row)
                })
                .map_err(failed)?;
                effects.finish().map_err(failed)?;
            }
        }
        Ok(())
    }
}
