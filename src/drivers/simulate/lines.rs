//! The lines of the effects in their order, however many: each thread sorts its own, keeps them on disk when they are many,
//! and what is left is one merge of bytes.

use super::effects::Format;
use super::report::Tally;
use super::row::Row;
use crate::engine::Program;
use crate::model::Id;
use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::sync::Arc;

/// How many lines one thread keeps before it writes a run to disk: about 12 MiB.
pub const ROWS_IN_MEMORY: usize = 100_000;

/// How many runs of one thread are on disk at most.
const RUNS_MAX: usize = 64;

/// The lines of one contact at one instant, in their order: nothing comes between them. The contacts of a run have places in
/// the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Block {
    at: Instant,
    contact: u32,
    start: u32,
    length: u32,
}

/// Lines and the bytes they are made of.
#[derive(Debug, Default)]
struct Batch {
    blocks: Vec<Block>,
    /// How many lines they are.
    lines: usize,
    bytes: Vec<u8>,
    contacts: Vec<Id>,
}

impl Batch {
    /// Puts the blocks into the order of instants, then contacts.
    fn sort(&mut self) {
        if !self.contacts.is_sorted() {
            let mut places: Vec<u32> = (0..self.contacts.len() as u32).collect();
            let id = |place: &u32| self.contacts.get(*place as usize);
            places.sort_by_key(id);
            let mut ranks = vec![0; places.len()];
            for (rank, place) in places.iter().enumerate() {
                ranks.iter_mut().skip(*place as usize).take(1).for_each(|slot| *slot = rank as u32);
            }
            for block in &mut self.blocks {
                block.contact = ranks.get(block.contact as usize).copied().unwrap_or(0);
            }
            self.contacts.sort();
        }
        self.blocks.sort_unstable();
    }

    /// Keeps the room for the next lines.
    fn clear(&mut self) {
        self.blocks.clear();
        self.lines = 0;
        self.bytes.clear();
        self.contacts.clear();
    }

    fn text(&self, block: &Block) -> &[u8] {
        self.bytes.get(block.start as usize..(block.start + block.length) as usize).unwrap_or(&[])
    }
}

/// Collects what became of the contacts of one thread: counts, and the lines of the effects where they are wanted.
#[derive(Debug)]
pub struct Lines<'a> {
    format: Option<Format<'a>>,
    tally: Tally,
    batch: Batch,
    limit: usize,
    runs: Vec<Run>,
}

/// Lines in their order.
#[derive(Debug)]
pub struct Run(Source);

#[derive(Debug)]
enum Source {
    Memory(Batch, usize),
    Disk(BufReader<File>),
}

impl<'a> Lines<'a> {
    /// `are_wanted` says whether the lines are, beside the counts; so many are kept in memory.
    pub fn new(program: &'a Program, are_wanted: bool, limit: usize) -> Lines<'a> {
        Lines {
            format: are_wanted.then(|| Format::new(program)),
            tally: Tally::new(program),
            batch: Batch::default(),
            limit: limit.max(1),
            runs: Vec::new(),
        }
    }

    /// Adds all rows of a contact, and drains them. Errors when the disk that holds temporary files refuses.
    pub fn add(&mut self, contact: &Id, rows: &mut Vec<Row>) -> io::Result<()> {
        if rows.is_empty() {
            return Ok(());
        }
        // They come in the order of instants already, but for those that were deferred.
        rows.sort_by(Row::order);
        rows.iter().for_each(|row| self.tally.add(row));
        if let Some(format) = &mut self.format {
            let Batch { blocks, lines, bytes, contacts } = &mut self.batch;
            *lines += rows.len();
            let place = contacts.len() as u32;
            contacts.push(contact.clone());
            for row in &*rows {
                let start = bytes.len();
                format.write(row, bytes);
                let length = (bytes.len() - start) as u32;
                match blocks.last_mut() {
                    Some(last) if last.at == row.at && last.contact == place => last.length += length,
                    _ => blocks.push(Block { at: row.at, contact: place, start: start as u32, length }),
                }
            }
        }
        rows.clear();
        // What a place cannot count goes to disk before.
        if self.batch.lines >= self.limit || self.batch.bytes.len() > (u32::MAX / 2) as usize {
            self.spill()?;
        }
        Ok(())
    }

    fn spill(&mut self) -> io::Result<()> {
        // Files are not many, however long the history is.
        if self.runs.len() >= RUNS_MAX {
            let mut file = BufWriter::new(tempfile::tempfile()?);
            merge(std::mem::take(&mut self.runs), |at, contact, text| keep(&mut file, at, contact, text))?;
            self.runs.push(Run::on_disk(file)?);
        }
        self.batch.sort();
        let mut file = BufWriter::new(tempfile::tempfile()?);
        for block in &self.batch.blocks {
            if let Some(contact) = self.batch.contacts.get(block.contact as usize) {
                keep(&mut file, block.at, contact, self.batch.text(block))?;
            }
        }
        self.runs.push(Run::on_disk(file)?);
        self.batch.clear();
        Ok(())
    }

    /// All lines, in sorted runs, and the counts.
    pub fn finish(mut self) -> (Vec<Run>, Tally) {
        self.batch.sort();
        self.runs.push(Run(Source::Memory(self.batch, 0)));
        (self.runs, self.tally)
    }
}

impl Run {
    fn on_disk(file: BufWriter<File>) -> io::Result<Run> {
        let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(Run(Source::Disk(BufReader::with_capacity(1 << 14, file))))
    }

    /// Where the next lines stand; their text is appended to `text`. `None` after the last.
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Option<(Instant, Id)>> {
        match &mut self.0 {
            Source::Memory(batch, place) => {
                let Some(block) = batch.blocks.get(*place) else { return Ok(None) };
                *place += 1;
                text.extend_from_slice(batch.text(block));
                let contact = batch.contacts.get(block.contact as usize);
                Ok(contact.map(|contact| (block.at, contact.clone())))
            }
            Source::Disk(file) => read(file, text),
        }
    }
}

/// Writes lines so that [`read`] reads them.
fn keep(file: &mut impl Write, at: Instant, contact: &Id, text: &[u8]) -> io::Result<()> {
    file.write_all(&at.0.to_le_bytes())?;
    match contact {
        Id::Number(number) => {
            file.write_all(&[0])?;
            file.write_all(&number.to_le_bytes())?;
        }
        Id::Text(text) => {
            file.write_all(&[1])?;
            file.write_all(&(text.len() as u64).to_le_bytes())?;
            file.write_all(text.as_bytes())?;
        }
    }
    file.write_all(&(text.len() as u64).to_le_bytes())?;
    file.write_all(text)
}

fn read(file: &mut BufReader<File>, text: &mut Vec<u8>) -> io::Result<Option<(Instant, Id)>> {
    let mut at = [0u8; 8];
    match file.read_exact(&mut at) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let mut kind = [0u8; 1];
    file.read_exact(&mut kind)?;
    let number = read_number(file)?;
    let contact = if kind == [0] {
        Id::Number(number)
    } else {
        let mut bytes = vec![0; number as usize];
        file.read_exact(&mut bytes)?;
        let text = String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        Id::Text(Arc::from(text))
    };
    let (start, length) = (text.len(), read_number(file)? as usize);
    text.resize(start + length, 0);
    file.read_exact(text.get_mut(start..).unwrap_or(&mut []))?;
    Ok(Some((Instant(i64::from_le_bytes(at)), contact)))
}

fn read_number(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0u8; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

/// Gives all lines of all runs to `take`, in the order of instants, then contacts, those of one contact at one instant at once.
/// No contact is in two runs with one instant.
pub fn merge(mut runs: Vec<Run>, mut take: impl FnMut(Instant, &Id, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut texts: Vec<Vec<u8>> = runs.iter().map(|_| Vec::new()).collect();
    let mut heads = BinaryHeap::new();
    for (place, (run, text)) in runs.iter_mut().zip(&mut texts).enumerate() {
        if let Some(head) = run.next(text)? {
            heads.push(Reverse((head, place)));
        }
    }
    while let Some(mut first) = heads.peek_mut() {
        let Reverse(((at, contact), place)) = &mut *first;
        let (Some(run), Some(text)) = (runs.get_mut(*place), texts.get_mut(*place)) else { return Ok(()) };
        take(*at, contact, text)?;
        text.clear();
        match run.next(text)? {
            Some(next) => (*at, *contact) = next,
            None => drop(PeekMut::pop(first)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
