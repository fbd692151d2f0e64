//! The lines of the effects in their order, however many: each thread sorts its own, keeps them on disk when they are many,
//! and what is left is a merge of bytes.

use super::effects::Format;
use super::packed::{Packed, pack};
use super::report::Tally;
use super::row::Row;
use super::runs::{Run, Span, Writer, merge};
use crate::engine::Program;
use crate::model::Id;
use crate::time::Instant;
use std::io;

/// How many lines one thread keeps before it writes a run to disk: 2 to 14 MiB, by how much they have in common.
pub const ROWS_IN_MEMORY: usize = 100_000;

/// How many runs of one thread are on disk at most.
const RUNS_MAX: usize = 64;

/// The lines of one contact at one instant, in their order: nothing comes between them. The contacts of a run have places in
/// the order of ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Block {
    pub at: Instant,
    contact: u32,
    /// Where they are packed.
    start: u32,
    length: u32,
    /// How many bytes they have as text.
    pub text: u32,
}

/// Lines and the bytes they are made of.
#[derive(Debug, Default)]
pub struct Batch {
    pub blocks: Vec<Block>,
    /// How many lines they are.
    lines: usize,
    /// The lines of each block, packed.
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

    pub fn contact(&self, block: &Block) -> Option<&Id> {
        self.contacts.get(block.contact as usize)
    }

    pub fn lines(&self, block: &Block) -> Packed<'_> {
        let bytes = self.bytes.get(block.start as usize..(block.start + block.length) as usize);
        Packed { bytes: bytes.unwrap_or(&[]), text: block.text }
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
    /// The line at hand, and the one before.
    line: Vec<u8>,
    before: Vec<u8>,
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
            line: Vec::new(),
            before: Vec::new(),
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
                self.line.clear();
                format.write(row, &mut self.line);
                let text = self.line.len() as u32;
                let start = bytes.len();
                match blocks.last_mut().filter(|last| last.at == row.at && last.contact == place) {
                    Some(block) => {
                        pack(&self.line, &self.before, bytes);
                        block.length += (bytes.len() - start) as u32;
                        block.text += text;
                    }
                    None => {
                        pack(&self.line, &[], bytes);
                        let (start, length) = (start as u32, (bytes.len() - start) as u32);
                        blocks.push(Block { at: row.at, contact: place, start, length, text });
                    }
                }
                std::mem::swap(&mut self.line, &mut self.before);
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
            let mut file = Writer::new()?;
            merge(&std::mem::take(&mut self.runs), Span::ALL, |at, contact, lines| file.write(at, contact, lines))?;
            self.runs.push(file.finish()?);
        }
        self.batch.sort();
        let mut file = Writer::new()?;
        for block in &self.batch.blocks {
            if let Some(contact) = self.batch.contact(block) {
                file.write(block.at, contact, self.batch.lines(block))?;
            }
        }
        self.runs.push(file.finish()?);
        self.batch.clear();
        Ok(())
    }

    /// All lines, in sorted runs, and the counts.
    pub fn finish(mut self) -> (Vec<Run>, Tally) {
        self.batch.sort();
        self.runs.push(Run::in_memory(self.batch));
        (self.runs, self.tally)
    }
}

#[cfg(test)]
mod tests;
