//! The last line: how much was found.

use crate::diagnostic::{Diagnostic, Level};

/// How many findings there are of each level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    pub errors: usize,
    pub warnings: usize,
    pub notes: usize,
}

impl Count {
    pub fn of(diagnostics: &[Diagnostic]) -> Count {
        let of = |level| diagnostics.iter().filter(|diagnostic| diagnostic.level == level).count();
        Count { errors: of(Level::Error), warnings: of(Level::Warning), notes: of(Level::Note) }
    }

    /// No error and no warning; notes never count.
    pub fn is_clean(self) -> bool {
        self.errors == 0 && self.warnings == 0
    }
}

/// `2 errors, 1 warning, 3 notes in 4 files; 1 silenced`; `files` is how many were judged.
pub fn summary(count: Count, silenced: usize, files: usize) -> String {
    let found: Vec<String> = [(count.errors, "error"), (count.warnings, "warning"), (count.notes, "note")]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| counted(number, noun))
        .collect();
    let found = if found.is_empty() { "nothing found".to_owned() } else { found.join(", ") };
    let rest = if silenced == 0 { String::new() } else { format!("; {silenced} silenced") };
    format!("{found} in {}{rest}", counted(files, "file"))
}

fn counted(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}
