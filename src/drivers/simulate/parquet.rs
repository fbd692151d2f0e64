//! The effects as Apache Parquet: instants are timestamps in microseconds UTC, texts are dictionaries.

use super::columns::{End, end_of, last_columns, push_id, push_triggers, scenario};
use super::json::said;
use super::row::Row;
use crate::engine::Program;
use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;
use rustc_hash::FxHashMap;
use std::io::{self, Write};
use std::sync::Arc;

/// How many rows one row group has, all of which are in memory until it is written: about 20 MiB. It is what DuckDB writes too,
/// and what it gives to one thread.
pub const ROWS_IN_GROUP: usize = 122_880;

/// The columns are those of the CSV; what a row does not have is null.
const SCHEMA: &str = "message effects {
    required int64 at (TIMESTAMP(MICROS, true));
    required binary contact (STRING);
    required binary scenario (STRING);
    required binary trigger (STRING);
    required int64 entered_at (TIMESTAMP(MICROS, true));
    required int32 step (INTEGER(16, false));
    required binary effect (STRING);
    optional binary channel (STRING);
    optional binary message (STRING);
    required binary outcome (STRING);
    optional binary reason (STRING);
}";

/// Writes rows as row groups.
pub struct Rows<'a, W: Write + Send> {
    program: &'a Program,
    writer: SerializedFileWriter<W>,
    group: Group,
    rows_in_group: usize,
    scenarios: FxHashMap<u16, ByteArray>,
    /// The columns from `effect` on, which few rows have alone.
    ends: FxHashMap<End, Last>,
}

/// The columns from `effect` on.
type Last = [Option<ByteArray>; 5];

/// The rows that are not written yet, column by column.
#[derive(Default)]
struct Group {
    at: Vec<i64>,
    contact: Vec<ByteArray>,
    scenario: Vec<ByteArray>,
    trigger: Vec<ByteArray>,
    entered_at: Vec<i64>,
    step: Vec<i32>,
    last: [Texts; 5],
}

/// A column of texts that a row may do without.
#[derive(Default)]
struct Texts {
    present: Vec<ByteArray>,
    /// 1 for a row that has one, else 0.
    levels: Vec<i16>,
}

impl<'a, W: Write + Send> Rows<'a, W> {
    pub fn new(program: &'a Program, to: W, rows_in_group: usize) -> io::Result<Rows<'a, W>> {
        let schema = parse_message_type(SCHEMA).map_err(failed)?;
        let mut properties = WriterProperties::builder()
            .set_created_by(concat!("scn ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_compression(Compression::SNAPPY);
        for instants in ["at", "entered_at"] {
            let column = ColumnPath::from(instants);
            properties = properties
                .set_column_dictionary_enabled(column.clone(), false)
                .set_column_encoding(column, Encoding::DELTA_BINARY_PACKED);
        }
        let writer = SerializedFileWriter::new(to, Arc::new(schema), Arc::new(properties.build())).map_err(failed)?;
        Ok(Rows {
            program,
            writer,
            group: Group::default(),
            rows_in_group: rows_in_group.max(1),
            scenarios: FxHashMap::default(),
            ends: FxHashMap::default(),
        })
    }

    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        let Rows { program, group, scenarios, ends, .. } = self;
        group.at.push(row.at.0);
        let mut contact = Vec::new();
        push_id(&mut contact, &row.contact);
        group.contact.push(contact.into());
        let name = scenarios.entry(row.unit).or_insert_with(|| scenario(program, row).into());
        group.scenario.push(name.clone());
        let mut trigger = Vec::new();
        push_triggers(program, row, &mut trigger);
        group.trigger.push(trigger.into());
        group.entered_at.push(row.entered_at.0);
        group.step.push(i32::from(row.ordinal));
        let last = match end_of(row) {
            Some(end) => ends.entry(end).or_insert_with(|| last_of(program, row)).clone(),
            None => last_of(program, row),
        };
        for (column, text) in group.last.iter_mut().zip(last) {
            column.levels.push(i16::from(text.is_some()));
            column.present.extend(text);
        }
        if group.at.len() < self.rows_in_group { Ok(()) } else { self.write_group() }
    }

    fn write_group(&mut self) -> io::Result<()> {
        if self.group.at.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.group);
        let mut group = self.writer.next_row_group().map_err(failed)?;
        rows.write(&mut group).map_err(failed)?;
        group.close().map_err(failed)?;
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<()> {
        self.write_group()?;
        self.writer.close().map_err(failed)?;
        Ok(())
    }
}

impl Group {
    /// Writes the columns in the order of [`SCHEMA`].
    fn write<W: Write + Send>(self, group: &mut SerializedRowGroupWriter<'_, W>) -> Result<(), ParquetError> {
        let texts = |group: &mut SerializedRowGroupWriter<'_, W>, texts: &[ByteArray], levels: Option<&[i16]>| {
            let Some(mut column) = group.next_column()? else { return Err(no_column()) };
            column.typed::<ByteArrayType>().write_batch(texts, levels, None)?;
            column.close()
        };
        let instants = |group: &mut SerializedRowGroupWriter<'_, W>, instants: &[i64]| {
            let Some(mut column) = group.next_column()? else { return Err(no_column()) };
            column.typed::<Int64Type>().write_batch(instants, None, None)?;
            column.close()
        };
        instants(group, &self.at)?;
        texts(group, &self.contact, None)?;
        texts(group, &self.scenario, None)?;
        texts(group, &self.trigger, None)?;
        instants(group, &self.entered_at)?;
        let Some(mut step) = group.next_column()? else { return Err(no_column()) };
        step.typed::<Int32Type>().write_batch(&self.step, None, None)?;
        step.close()?;
        let [effect, channel, message, outcome, reason] = self.last;
        // `effect` and `outcome` are in every row: their levels are not asked for.
        for (column, is_optional) in
            [(effect, false), (channel, true), (message, true), (outcome, false), (reason, true)]
        {
            texts(group, &column.present, is_optional.then_some(&column.levels))?;
        }
        Ok(())
    }
}

impl<W: Write + Send> std::fmt::Debug for Rows<'_, W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("rows", &self.group.at.len()).finish_non_exhaustive()
    }
}

fn last_of(program: &Program, row: &Row) -> Last {
    let [effect, channel, message, outcome, reason] = last_columns(program, row);
    let optional = |text: &str| said(text).map(ByteArray::from);
    [
        Some(effect.as_ref().into()),
        optional(&channel),
        optional(&message),
        Some(outcome.as_ref().into()),
        optional(&reason),
    ]
}

fn no_column() -> ParquetError {
    ParquetError::General("the schema has fewer columns than a row".into())
}

/// What the disk said, where it was the disk.
fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(cause) => io::Error::other(cause),
        },
        error => io::Error::other(error),
    }
}
