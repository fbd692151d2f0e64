//! What becomes of the rows of a simulation: told and written in the order of time, or kept contact by contact.

use super::report::Tally;
use super::sort::{Order, Rows, Run, merge};
use super::{Form, Row, form};
use crate::drivers::Error;
use crate::engine::Program;
use std::io::Write;

pub(super) enum Sink<'a> {
    /// They are told in order, and written in a form where that is wanted.
    Told(Form, Option<&'a mut (dyn Write + Send)>),
    /// They are kept, contact by contact.
    Kept(&'a mut Rows),
}

impl Sink<'_> {
    pub(super) fn order(&self) -> Order {
        match self {
            Sink::Told(..) => Row::order,
            Sink::Kept(_) => Row::order_by_contact,
        }
    }

    /// Takes all rows; the runs are sorted by the [order](Sink::order) of the sink.
    pub(super) fn take(self, program: &Program, runs: Vec<Run>, tally: &mut Tally) -> Result<(), Error> {
        let failed = |error| Error::Io("the effects".into(), error);
        let order = self.order();
        match self {
            Sink::Kept(rows) => *rows = Rows::new(runs, order).map_err(failed)?,
            Sink::Told(_, None) => merge(runs, order, |row| {
                tally.add(&row);
                Ok(())
            })
            .map_err(failed)?,
            Sink::Told(form, Some(to)) => {
                let mut effects = form::Writer::new(form, program, to).map_err(failed)?;
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
