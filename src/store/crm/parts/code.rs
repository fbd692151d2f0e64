//! Rows as bytes. What follows each other in a table and is of one contact is a run: its head has the contact, and a text that
//! is that of the row before is not written again, since the rows of one order share their instant.
//!
//! A run is its length (of what follows, four bytes), its piece (four bytes), the contact, and rows, each with the values of its
//! other columns. Nothing of it outlives the process.

use crate::store::id::Key;
use rusqlite::types::ValueRef;
use std::cmp::Ordering;

const NULL: u8 = 0;
const REAL: u8 = 1;
const TEXT: u8 = 2;
const BLOB: u8 = 3;
/// The text of the row before.
const SAME: u8 = 4;
/// A whole number of so many bytes more than this, the lowest first; those below zero lie between the others.
const INTEGER: u8 = 8;
const INTEGER_LAST: u8 = INTEGER + 8;

/// The texts of the row before, by the places of their columns after the first.
#[derive(Debug, Default)]
pub(super) struct Last(Vec<(bool, Vec<u8>)>);

impl Last {
    /// For rows with so many columns after the first.
    pub fn begin(&mut self, columns: usize) {
        self.0.resize_with(columns, Default::default);
    }

    /// No row is before the next.
    pub fn begin_run(&mut self) {
        self.0.iter_mut().for_each(|(is_known, _)| *is_known = false);
    }

    /// Writes the values of a row after its first; says of the column at this place whether it is a text that is written
    /// already.
    pub fn write<'v>(&mut self, value: impl Fn(usize) -> ValueRef<'v>, asked: usize, to: &mut Vec<u8>) -> bool {
        let mut is_same = false;
        for (place, (is_known, known)) in self.0.iter_mut().enumerate() {
            let value = value(place + 1);
            match value {
                ValueRef::Text(text) if *is_known && text == known.as_slice() => {
                    to.push(SAME);
                    is_same |= place + 1 == asked;
                    continue;
                }
                ValueRef::Text(text) => {
                    known.clear();
                    known.extend_from_slice(text);
                    *is_known = true;
                }
                // What comes after it is compared with what stands before it.
                _ => *is_known = false,
            }
            write(value, to);
        }
        is_same
    }
}

/// Begins a run; gives its place.
pub(super) fn begin(contact: ValueRef<'_>, piece: u32, to: &mut Vec<u8>) -> usize {
    let start = to.len();
    to.extend_from_slice(&[0; 4]);
    to.extend_from_slice(&piece.to_le_bytes());
    write(contact, to);
    start
}

/// Ends the run that began at a place.
pub(super) fn end(start: usize, to: &mut [u8]) {
    let length = (to.len().saturating_sub(start + 4)) as u32;
    if let Some(head) = to.get_mut(start..start + 4) {
        head.copy_from_slice(&length.to_le_bytes());
    }
}

fn write(value: ValueRef<'_>, to: &mut Vec<u8>) {
    match value {
        ValueRef::Null => to.push(NULL),
        ValueRef::Integer(number) => {
            let number = ((number << 1) ^ (number >> 63)) as u64;
            let length = 8 - number.leading_zeros() as usize / 8;
            let [a, b, c, d, e, f, g, h] = number.to_le_bytes();
            let bytes = [INTEGER + length as u8, a, b, c, d, e, f, g, h];
            to.extend_from_slice(bytes.get(..=length).unwrap_or(&bytes));
        }
        ValueRef::Real(number) => {
            to.push(REAL);
            to.extend_from_slice(&number.to_bits().to_le_bytes());
        }
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
            to.push(if matches!(value, ValueRef::Text(_)) { TEXT } else { BLOB });
            write_number(bytes.len() as u64, to);
            to.extend_from_slice(bytes);
        }
    }
}

/// Seven bits a byte, the lowest first.
fn write_number(mut number: u64, to: &mut Vec<u8>) {
    while number >= 128 {
        to.push(number as u8 | 128);
        number >>= 7;
    }
    to.push(number as u8);
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length)?;
    *from = rest;
    Some(taken)
}

fn take_four(from: &mut &[u8]) -> Option<u32> {
    take(from, 4)?.try_into().ok().map(u32::from_le_bytes)
}

fn take_number(from: &mut &[u8]) -> Option<u64> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let (byte, rest) = from.split_first()?;
        *from = rest;
        number |= u64::from(byte & 127).checked_shl(shift)?;
        if *byte < 128 {
            return Some(number);
        }
        shift += 7;
    }
}

/// Reads a value; `before` is the one of the row before.
fn read<'a>(from: &mut &'a [u8], before: ValueRef<'a>) -> Option<ValueRef<'a>> {
    let (tag, rest) = from.split_first()?;
    *from = rest;
    Some(match *tag {
        NULL => ValueRef::Null,
        INTEGER..=INTEGER_LAST => {
            let bytes = take(from, usize::from(*tag - INTEGER))?;
            let number = bytes.iter().rev().fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
            ValueRef::Integer((number >> 1) as i64 ^ -((number & 1) as i64))
        }
        REAL => ValueRef::Real(f64::from_bits(take(from, 8)?.try_into().ok().map(u64::from_le_bytes)?)),
        SAME => before,
        TEXT | BLOB => {
            let length = take_number(from)?;
            let bytes = take(from, usize::try_from(length).ok()?)?;
            if *tag == TEXT { ValueRef::Text(bytes) } else { ValueRef::Blob(bytes) }
        }
        _ => return None,
    })
}

/// Where a run comes among others: rows of nobody first, as SQLite orders them; last those whose contact is no id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place<'a> {
    Nobody,
    Of(Key<'a>),
    Unreadable,
}

impl Place<'_> {
    pub fn of(contact: ValueRef<'_>) -> Place<'_> {
        match (Key::of(contact), contact) {
            (Some(key), _) => Place::Of(key),
            (None, ValueRef::Null) => Place::Nobody,
            (None, _) => Place::Unreadable,
        }
    }
}

#[derive(Clone, Copy)]
struct Run<'a> {
    place: Place<'a>,
    piece: u32,
    contact: ValueRef<'a>,
    rows: &'a [u8],
}

/// The rows of one table in a part: contact by contact, those of one in the order of the table.
pub(in crate::store::crm) struct Rows<'a> {
    runs: std::vec::IntoIter<Run<'a>>,
    rest: &'a [u8],
    values: Vec<ValueRef<'a>>,
    /// Whether a row is at hand.
    is_at_row: bool,
}

impl<'a> Rows<'a> {
    /// Of runs with so many columns; `None` where the bytes are not runs.
    pub fn new(mut bytes: &'a [u8], columns: usize) -> Option<Rows<'a>> {
        let mut runs = Vec::new();
        while !bytes.is_empty() {
            let length = take_four(&mut bytes)?;
            let mut rows = take(&mut bytes, length as usize)?;
            let piece = take_four(&mut rows)?;
            let contact = read(&mut rows, ValueRef::Null)?;
            runs.push(Run { place: Place::of(contact), piece, contact, rows });
        }
        // Those of one piece come in their order.
        runs.sort_by(|one, two| match one.place.cmp(&two.place) {
            Ordering::Equal => one.piece.cmp(&two.piece),
            order => order,
        });
        let (runs, values) = (runs.into_iter(), vec![ValueRef::Null; columns]);
        Some(Rows { runs, rest: &[], values, is_at_row: false })
    }

    pub fn get(&self) -> Option<&[ValueRef<'_>]> {
        self.is_at_row.then_some(&self.values)
    }

    pub fn advance(&mut self) -> Result<(), rusqlite::Error> {
        self.is_at_row = self.next().ok_or_else(damaged)?;
        Ok(())
    }

    /// Goes to the next row; false after the last, `None` where the bytes are not rows.
    fn next(&mut self) -> Option<bool> {
        if self.rest.is_empty() {
            let Some(run) = self.runs.next() else { return Some(false) };
            self.rest = run.rows;
            if let Some(contact) = self.values.first_mut() {
                *contact = run.contact;
            }
        }
        for value in self.values.iter_mut().skip(1) {
            *value = read(&mut self.rest, *value)?;
        }
        Some(true)
    }
}

/// Somebody else has changed the temporary file.
pub(super) fn damaged() -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(std::io::Error::from(std::io::ErrorKind::InvalidData)))
}
