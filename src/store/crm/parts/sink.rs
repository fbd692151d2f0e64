//! What one thread does with the rows of the pieces that it reads.

use super::code::{self, Last, Place};
use super::room::Room;
use crate::model::Id;
use crate::store::crm::Bounds;
use crate::store::crm::decode::LastInstant;
use crate::store::crm::merge::AT;
use crate::store::id::Key;
use crate::time::Zone;
use rusqlite::functions::{Aggregate, Context};
use rusqlite::types::ValueRef;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

/// How much a thread keeps in all before it hands it on, and how much at least of one part: where parts are very many, that is more.
const BUFFERED: usize = 2 << 20;
const BUFFERED_LEAST: usize = 1 << 12;

/// How long a run is at most, about.
const RUN_MAX: usize = 1 << 20;

/// Takes row after row, and puts each into the part of its contact.
#[derive(Debug)]
pub(super) struct Sink {
    room: Arc<Mutex<Room>>,
    /// Where parts begin, but for the first.
    cuts: Arc<[Id]>,
    table: usize,
    piece: u32,
    /// The zone of dates, where the rows are events.
    dated: Option<Zone>,
    /// By part.
    buffers: Vec<Vec<u8>>,
    run: Option<Run>,
    last: Last,
    last_instant: LastInstant,
    pub bounds: Option<Bounds>,
    /// How many rows of events came.
    pub rows: u64,
    /// What the disk that holds temporary files says.
    pub failed: Mutex<Option<io::Error>>,
}

/// The run that rows are added to.
#[derive(Debug)]
struct Run {
    part: usize,
    start: usize,
    contact: Contact,
}

#[derive(Debug)]
enum Contact {
    Number(i64),
    Text(Vec<u8>),
    Other,
}

impl Contact {
    fn is(&self, contact: ValueRef<'_>) -> bool {
        match (self, contact) {
            (Contact::Number(one), ValueRef::Integer(other)) => *one == other,
            (Contact::Text(one), ValueRef::Text(other)) => one == other,
            _ => false,
        }
    }
}

impl Sink {
    pub fn new(room: &Arc<Mutex<Room>>, cuts: &Arc<[Id]>) -> Sink {
        Sink {
            room: Arc::clone(room),
            cuts: Arc::clone(cuts),
            table: 0,
            piece: 0,
            dated: None,
            buffers: (0..=cuts.len()).map(|_| Vec::new()).collect(),
            run: None,
            last: Last::default(),
            last_instant: LastInstant::default(),
            bounds: None,
            rows: 0,
            failed: Mutex::default(),
        }
    }

    /// From now on rows are of this piece of a table, which has so many columns.
    pub fn begin(&mut self, table: usize, piece: u32, columns: usize, dated: Option<Zone>) -> io::Result<()> {
        self.end_run();
        if self.table != table {
            self.hand_on()?;
        }
        (self.table, self.piece, self.dated) = (table, piece, dated);
        self.last.begin(columns.saturating_sub(1));
        Ok(())
    }

    /// Hands on what is left.
    pub fn finish(&mut self) -> io::Result<()> {
        self.end_run();
        self.hand_on()
    }

    fn add<'v>(&mut self, value: impl Fn(usize) -> ValueRef<'v>) -> io::Result<()> {
        let contact = value(0);
        let goes_on = |run: &Run| {
            let written = self.buffers.get(run.part).map_or(0, Vec::len) - run.start;
            run.contact.is(contact) && written < RUN_MAX
        };
        if !self.run.as_ref().is_some_and(goes_on) {
            self.begin_run(contact)?;
        }
        let Some(buffer) = self.run.as_ref().and_then(|run| self.buffers.get_mut(run.part)) else { return Ok(()) };
        let is_known = self.last.write(&value, AT, buffer);
        if let Some(zone) = self.dated {
            self.rows += 1;
            if !is_known && let Some((at, _)) = self.last_instant.read(value(AT), zone) {
                let this = Bounds { first: at, last: at };
                self.bounds = Some(self.bounds.map_or(this, |bounds| bounds.with(this)));
            }
        }
        Ok(())
    }

    fn begin_run(&mut self, contact: ValueRef<'_>) -> io::Result<()> {
        self.end_run();
        let part = match Place::of(contact) {
            Place::Nobody => 0,
            Place::Of(key) => self.cuts.partition_point(|cut| Key::from(cut) <= key),
            Place::Unreadable => self.cuts.len(),
        };
        let most = (BUFFERED / self.buffers.len().max(1)).max(BUFFERED_LEAST);
        if self.buffers.get(part).is_some_and(|buffer| buffer.len() >= most) {
            self.hand_on_part(part)?;
        }
        let Some(buffer) = self.buffers.get_mut(part) else { return Ok(()) };
        if buffer.capacity() == 0 {
            // Growing by itself, it would be twice as long in the end.
            buffer.reserve_exact(most + most / 8);
        }
        let start = code::begin(contact, self.piece, buffer);
        let contact = match contact {
            ValueRef::Integer(number) => Contact::Number(number),
            ValueRef::Text(bytes) => Contact::Text(bytes.to_vec()),
            _ => Contact::Other,
        };
        self.run = Some(Run { part, start, contact });
        self.last.begin_run();
        Ok(())
    }

    fn end_run(&mut self) {
        if let Some(Run { part, start, .. }) = self.run.take()
            && let Some(buffer) = self.buffers.get_mut(part)
        {
            code::end(start, buffer);
        }
    }

    fn hand_on(&mut self) -> io::Result<()> {
        (0..self.buffers.len()).try_for_each(|part| self.hand_on_part(part))
    }

    fn hand_on_part(&mut self, part: usize) -> io::Result<()> {
        let Some(buffer) = self.buffers.get_mut(part).filter(|buffer| !buffer.is_empty()) else { return Ok(()) };
        self.room.lock().unwrap_or_else(PoisonError::into_inner).keep(self.table, part, buffer)
    }
}

/// The SQL function that gives each row to a sink: values come to it as SQLite has them at hand, without a row of a result and
/// its columns being made first.
pub(super) struct Taking(pub Arc<Mutex<Option<Box<Sink>>>>);

/// Its name in SQL.
pub(super) const TAKE: &str = "scn_take";

impl Aggregate<Option<Box<Sink>>, i64> for Taking {
    fn init(&self, _: &mut Context<'_>) -> rusqlite::Result<Option<Box<Sink>>> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).take())
    }

    fn step(&self, row: &mut Context<'_>, sink: &mut Option<Box<Sink>>) -> rusqlite::Result<()> {
        let Some(sink) = sink else { return Ok(()) };
        sink.add(|place| row.get_raw(place)).map_err(|error| {
            let told = rusqlite::Error::UserFunctionError(error.to_string().into());
            sink.failed = Mutex::new(Some(error));
            told
        })
    }

    fn finalize(&self, _: &mut Context<'_>, sink: Option<Option<Box<Sink>>>) -> rusqlite::Result<i64> {
        if let Some(sink) = sink {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = sink;
        }
        Ok(0)
    }
}
