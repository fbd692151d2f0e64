//! Lines in their order, in memory or in a temporary file, that several threads may read from any instant on.

use super::lines::Batch;
use crate::model::Id;
use crate::time::Instant;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// How many bytes of a run there are between two of its marks, about: who reads from an instant on passes over as many.
const MARKED: u64 = 1 << 12;

/// How much of a run on disk one who reads it has in memory.
const READ_AT_ONCE: usize = 1 << 14;

/// Sorted lines.
#[derive(Debug)]
pub struct Run(Source);

#[derive(Debug)]
enum Source {
    Memory(Batch),
    Disk { file: Mutex<File>, length: u64, marks: Vec<Mark> },
}

/// Where the lines of an instant begin in a file, for some of them.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    start: u64,
}

/// From an instant to another, that one excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub from: Instant,
    /// `None` for the end of time, included.
    pub until: Option<Instant>,
}

impl Span {
    pub const ALL: Span = Span { from: Instant::MIN, until: None };
}

/// A run on its way to the disk.
#[derive(Debug)]
pub struct Writer {
    file: BufWriter<File>,
    length: u64,
    marks: Vec<Mark>,
}

impl Writer {
    /// Errors when the disk that holds temporary files refuses.
    pub fn new() -> io::Result<Writer> {
        Ok(Writer { file: BufWriter::new(tempfile::tempfile()?), length: 0, marks: Vec::new() })
    }

    /// Writes lines so that [`Reader::next`] reads them.
    pub fn write(&mut self, at: Instant, contact: &Id, text: &[u8]) -> io::Result<()> {
        if self.marks.last().is_none_or(|last| self.length - last.start >= MARKED) {
            self.marks.push(Mark { at, start: self.length });
        }
        self.put(&at.0.to_le_bytes())?;
        match contact {
            Id::Number(number) => {
                self.put(&[0])?;
                self.put(&number.to_le_bytes())?;
            }
            Id::Text(text) => {
                self.put(&[1])?;
                self.put(&(text.len() as u64).to_le_bytes())?;
                self.put(text.as_bytes())?;
            }
        }
        self.put(&(text.len() as u64).to_le_bytes())?;
        self.put(text)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    pub fn finish(self) -> io::Result<Run> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Run(Source::Disk { file: Mutex::new(file), length: self.length, marks: self.marks }))
    }
}

impl Run {
    /// Lines that are sorted, and stay in memory.
    pub fn in_memory(batch: Batch) -> Run {
        Run(Source::Memory(batch))
    }

    /// Where its lines are in time: instants in their order, with about how many bytes come from each to the next.
    pub fn weights(&self) -> Vec<(Instant, u64)> {
        match &self.0 {
            Source::Memory(batch) => {
                let mut weights: Vec<(Instant, u64)> = Vec::new();
                for block in &batch.blocks {
                    match weights.last_mut() {
                        Some((_, bytes)) if *bytes < MARKED => *bytes += u64::from(block.length),
                        _ => weights.push((block.at, u64::from(block.length))),
                    }
                }
                weights
            }
            Source::Disk { length, marks, .. } => {
                let ends = marks.iter().skip(1).map(|mark| mark.start).chain([*length]);
                marks.iter().zip(ends).map(|(mark, end)| (mark.at, end - mark.start)).collect()
            }
        }
    }

    /// Its lines in a span.
    fn read(&self, span: Span) -> Reader<'_> {
        let from = match &self.0 {
            Source::Memory(batch) => From::Memory(batch, batch.blocks.partition_point(|block| block.at < span.from)),
            Source::Disk { file, length, marks } => {
                let before = |instant: Instant| marks.partition_point(|mark| mark.at < instant);
                let start = |place: usize| marks.get(place).map_or(*length, |mark| mark.start);
                // Lines of the instant may stand before the first mark that has it.
                let at = start(before(span.from).saturating_sub(1));
                let end = span.until.map_or(*length, |until| start(before(until)));
                From::Disk(BufReader::with_capacity(READ_AT_ONCE, Section { file, at, end }))
            }
        };
        Reader { from, span }
    }
}

/// What is read of one run.
struct Reader<'r> {
    from: From<'r>,
    span: Span,
}

enum From<'r> {
    /// And the place of the next block.
    Memory(&'r Batch, usize),
    Disk(BufReader<Section<'r>>),
}

/// A part of a file that others read too.
struct Section<'r> {
    file: &'r Mutex<File>,
    at: u64,
    end: u64,
}

impl Read for Section<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.seek(SeekFrom::Start(self.at))?;
        let read = file.read(buffer.get_mut(..left).unwrap_or_default())?;
        self.at += read as u64;
        Ok(read)
    }
}

impl Reader<'_> {
    /// Where the next lines stand; their text is put into `text`. `None` after the last.
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Option<(Instant, Id)>> {
        let found = loop {
            text.clear();
            let found = match &mut self.from {
                From::Memory(batch, place) => {
                    let block = batch.blocks.get(*place);
                    *place += 1;
                    text.extend_from_slice(block.map_or(&[], |block| batch.text(block)));
                    block.and_then(|block| Some((block.at, batch.contact(block)?.clone())))
                }
                From::Disk(file) => read(file, text)?,
            };
            if found.as_ref().is_none_or(|(at, _)| *at >= self.span.from) {
                break found;
            }
        };
        Ok(found.filter(|(at, _)| self.span.until.is_none_or(|until| *at < until)))
    }
}

fn read(file: &mut impl Read, text: &mut Vec<u8>) -> io::Result<Option<(Instant, Id)>> {
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
    text.resize(read_number(file)? as usize, 0);
    file.read_exact(text)?;
    Ok(Some((Instant(i64::from_le_bytes(at)), contact)))
}

fn read_number(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0u8; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

/// Gives all lines of all runs in a span to `take`, in the order of instants, then contacts, those of one contact at one instant
/// at once. No contact is in two runs with one instant.
pub fn merge(runs: &[Run], span: Span, mut take: impl FnMut(Instant, &Id, &[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut readers: Vec<(Reader<'_>, Vec<u8>)> = runs.iter().map(|run| (run.read(span), Vec::new())).collect();
    let mut heads = BinaryHeap::new();
    for (place, (reader, text)) in readers.iter_mut().enumerate() {
        if let Some(head) = reader.next(text)? {
            heads.push(Reverse((head, place)));
        }
    }
    while let Some(mut first) = heads.peek_mut() {
        let Reverse(((at, contact), place)) = &mut *first;
        let Some((reader, text)) = readers.get_mut(*place) else { return Ok(()) };
        take(*at, contact, text)?;
        match reader.next(text)? {
            Some(next) => (*at, *contact) = next,
            None => drop(PeekMut::pop(first)),
        }
    }
    Ok(())
}
