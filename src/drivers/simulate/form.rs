//! The forms of file that effects are written in.

use super::effects::Effects;
use super::json::Objects;
use super::parquet::{ROWS_IN_GROUP, Rows};
use super::row::Row;
use crate::engine::Program;
use std::io::{self, BufWriter, Write};

/// How effects are written: the same rows in the same order, whichever it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    #[default]
    Csv,
    /// One array, an object a line.
    Json,
    /// An object a line (NDJSON).
    JsonLines,
    Parquet,
}

impl Form {
    /// The endings of files, without the dot, and what each means.
    pub const ENDINGS: [(&'static str, Form); 5] = [
        ("csv", Form::Csv),
        ("parquet", Form::Parquet),
        ("json", Form::Json),
        ("jsonl", Form::JsonLines),
        ("ndjson", Form::JsonLines),
    ];

    /// The form that an ending means, in letters of either case.
    pub fn of_ending(ending: &str) -> Option<Form> {
        let is = |(known, _): &&(&str, Form)| known.eq_ignore_ascii_case(ending);
        Form::ENDINGS.iter().find(is).map(|(_, form)| *form)
    }
}

type To<'w> = BufWriter<&'w mut (dyn Write + Send)>;

/// A file of effects that is being written.
pub(super) enum Writer<'a, 'w> {
    Csv(Effects<'a, To<'w>>),
    Json(Objects<'a, To<'w>>),
    Parquet(Box<Rows<'a, To<'w>>>),
}

impl<'a, 'w> Writer<'a, 'w> {
    pub fn new(form: Form, program: &'a Program, to: &'w mut (dyn Write + Send)) -> io::Result<Writer<'a, 'w>> {
        let to = BufWriter::with_capacity(1 << 18, to);
        Ok(match form {
            Form::Csv => Writer::Csv(Effects::new(program, to)?),
            Form::Json => Writer::Json(Objects::array(program, to)),
            Form::JsonLines => Writer::Json(Objects::lines(program, to)),
            Form::Parquet => Writer::Parquet(Box::new(Rows::new(program, to, ROWS_IN_GROUP)?)),
        })
    }

    pub fn write(&mut self, row: &Row) -> io::Result<()> {
        match self {
            Writer::Csv(effects) => effects.write(row),
            Writer::Json(objects) => objects.write(row),
            Writer::Parquet(rows) => rows.write(row),
        }
    }

    pub fn finish(self) -> io::Result<()> {
        match self {
            Writer::Csv(effects) => effects.finish().map(drop),
            Writer::Json(objects) => objects.finish().map(drop),
            Writer::Parquet(rows) => rows.finish(),
        }
    }
}
