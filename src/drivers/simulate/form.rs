//! The forms of file that effects are written in.

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
