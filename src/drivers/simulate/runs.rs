//! Lines in their order, in memory or in a temporary file, that several threads may read from any instant on.

use super::lines::Batch;
use super::packed::Packed;
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
    /// And where the file ends.
    Disk(Mutex<File>, Place, Vec<Mark>),
}

/// Where the lines of an instant begin in a file, for some of them.
#[derive(Clone, Copy, Debug)]
struct Mark {
    at: Instant,
    place: Place,
}

/// How many bytes of a file come before, and how much text is in them.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    bytes: u64,
    text: u64,
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
    end: Place,
    marks: Vec<Mark>,
}

impl Writer {
    /// Errors when the disk that holds temporary files refuses.
    pub fn new() -> io::Result<Writer> {
        Ok(Writer { file: BufWriter::new(tempfile::tempfile()?), end: Place::default(), marks: Vec::new() })
    }

    /// Writes the lines of a contact at an instant so that [`Reader::next`] reads them.
    pub fn write(&mut self, at: Instant, contact: &Id, lines: Packed<'_>) -> io::Result<()> {
        if self.marks.last().is_none_or(|last| self.end.bytes - last.place.bytes >= MARKED) {
            self.marks.push(Mark { at, place: self.end });
        }
        self.end.text += u64::from(lines.text);
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
        self.put(&lines.text.to_le_bytes())?;
        self.put(&(lines.bytes.len() as u32).to_le_bytes())?;
        self.put(lines.bytes)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.end.bytes += bytes.len() as u64;
        self.file.write_all(bytes)
    }

    pub fn finish(self) -> io::Result<Run> {
        let file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Run(Source::Disk(Mutex::new(file), self.end, self.marks)))
    }
}

impl Run {
    /// Lines that are sorted, and stay in memory.
    pub fn in_memory(batch: Batch) -> Run {
        Run(Source::Memory(batch))
    }

    /// Where its lines are in time: instants in their order, with about how many bytes of text come from each to the next.
    pub fn weights(&self) -> Vec<(Instant, u64)> {
        match &self.0 {
            Source::Memory(batch) => {
                let mut weights: Vec<(Instant, u64)> = Vec::new();
                for block in &batch.blocks {
                    match weights.last_mut() {
                        Some((_, text)) if *text < MARKED => *text += u64::from(block.text),
                        _ => weights.push((block.at, u64::from(block.text))),
                    }
                }
                weights
            }
            Source::Disk(_, end, marks) => {
                let ends = marks.iter().skip(1).map(|mark| mark.place).chain([*end]);
                marks.iter().zip(ends).map(|(mark, end)| (mark.at, end.text - mark.place.text)).collect()
            }
        }
    }

    /// Its lines in a span.
    fn read(&self, span: Span) -> Reader<'_> {
        let from = match &self.0 {
            Source::Memory(batch) => From::Memory(batch, batch.blocks.partition_point(|block| block.at < span.from)),
            Source::Disk(file, end, marks) => {
                let before = |instant: Instant| marks.partition_point(|mark| mark.at < instant);
                let start = |place: usize| marks.get(place).map_or(*end, |mark| mark.place).bytes;
                // Lines of the instant may stand before the first mark that has it.
                let at = start(before(span.from).saturating_sub(1));
                let end = span.until.map_or(end.bytes, |until| start(before(until)));
                // Of many runs a span has a little each, and every thread reads all of them.
                let length = usize::try_from(end.saturating_sub(at)).unwrap_or(READ_AT_ONCE);
                From::Disk(BufReader::with_capacity(length.clamp(64, READ_AT_ONCE), Section { file, at, end }))
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
    /// Where the next lines stand, which are put into `lines`. `None` after the last.
    fn next(&mut self, lines: &mut Kept) -> io::Result<Option<(Instant, Id)>> {
        let found = loop {
            let found = match &mut self.from {
                From::Memory(batch, place) => {
                    let block = batch.blocks.get(*place);
                    *place += 1;
                    block.and_then(|block| {
                        let Packed { bytes, text } = batch.lines(block);
                        lines.bytes.clear();
                        lines.bytes.extend_from_slice(bytes);
                        lines.text = text;
                        Some((block.at, batch.contact(block)?.clone()))
                    })
                }
                From::Disk(file) => read(file, lines)?,
            };
            if found.as_ref().is_none_or(|(at, _)| *at >= self.span.from) {
                break found;
            }
        };
        Ok(found.filter(|(at, _)| self.span.until.is_none_or(|until| *at < until)))
    }
}

/// The lines that a reader is at.
#[derive(Default)]
struct Kept {
    bytes: Vec<u8>,
    text: u32,
}

fn read(file: &mut impl Read, lines: &mut Kept) -> io::Result<Option<(Instant, Id)>> {
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
    let mut sizes = [[0u8; 4]; 2];
    file.read_exact(sizes.as_flattened_mut())?;
    let [text, length] = sizes.map(u32::from_le_bytes);
    lines.text = text;
    lines.bytes.resize(length as usize, 0);
    file.read_exact(&mut lines.bytes)?;
    Ok(Some((Instant(i64::from_le_bytes(at)), contact)))
}

fn read_number(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0u8; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

/// Gives all lines of all runs in a span to `take`, in the order of instants, then contacts, those of one contact at one instant
/// at once. No contact is in two runs with one instant.
pub fn merge(
    runs: &[Run],
    span: Span,
    mut take: impl FnMut(Instant, &Id, Packed<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut readers: Vec<(Reader<'_>, Kept)> = runs.iter().map(|run| (run.read(span), Kept::default())).collect();
    let mut heads = BinaryHeap::new();
    for (place, (reader, lines)) in readers.iter_mut().enumerate() {
        if let Some(head) = reader.next(lines)? {
            heads.push(Reverse((head, place)));
        }
    }
    while let Some(mut first) = heads.peek_mut() {
        let Reverse(((at, contact), place)) = &mut *first;
        let Some((reader, lines)) = readers.get_mut(*place) else { return Ok(()) };
        take(*at, contact, Packed { bytes: &lines.bytes, text: lines.text })?;
        match reader.next(lines)? {
            Some(next) => (*at, *contact) = next,
            None => drop(PeekMut::pop(first)),
        }
    }
    Ok(())
}
