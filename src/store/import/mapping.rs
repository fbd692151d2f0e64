//! Running a mapping: statement after statement, fenced.

use super::{Error, ErrorKind, ImportError};
use crate::store::text::cleaned;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Batch, Connection};
use std::path::Path;

/// Runs all statements of a mapping; results of a SELECT are not looked at.
pub(super) fn run(connection: &mut Connection, path: &Path, sql: &str) -> Result<(), ImportError> {
    let file = path.display().to_string();
    connection.authorizer(Some(authorize)).map_err(|error| Error::sqlite(&file, &error))?;
    let result = run_fenced(connection, &file, sql);
    let lifted = connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>);
    lifted.map_err(|error| Error::sqlite(&file, &error))?;
    result
}

fn run_fenced(connection: &Connection, file: &str, sql: &str) -> Result<(), ImportError> {
    let mut batch = Batch::new(connection, sql);
    // Where the statements that have run end.
    let mut done = 0;
    loop {
        let rest = sql.get(done..).unwrap_or("");
        let failed = |error: &rusqlite::Error, text: &str| {
            let start = rest.find(text).unwrap_or(0);
            failure(file, sql, done + start, error)
        };
        let mut statement = match batch.next() {
            Ok(Some(statement)) => statement,
            Ok(None) => return Ok(()),
            Err(error) => {
                // SQLite names the rest of the text, from the statement on, and the place in it.
                let text =
                    if let rusqlite::Error::SqlInputError { sql, .. } = &error { sql.clone() } else { String::new() };
                return Err(failed(&error, &text));
            }
        };
        let text = statement.expanded_sql().unwrap_or_default();
        let mut run = || {
            let mut rows = statement.query([])?;
            while rows.next()?.is_some() {}
            Ok(())
        };
        run().map_err(|error: rusqlite::Error| failed(&error, &text))?;
        done += rest.find(&text).unwrap_or(0) + text.len();
    }
}

fn failure(file: &str, sql: &str, statement: usize, error: &rusqlite::Error) -> ImportError {
    let place = match error {
        rusqlite::Error::SqlInputError { offset, .. } if *offset >= 0 => {
            statement + usize::try_from(*offset).unwrap_or(0)
        }
        _ => statement + leading(sql.get(statement..).unwrap_or("")),
    };
    let known = Error::sqlite(file, error);
    // A full disk is not the mapping's fault.
    if matches!(known.kind, ErrorKind::Full | ErrorKind::Io | ErrorKind::Corrupt | ErrorKind::Busy) {
        return ImportError::Store(known);
    }
    let line = sql.as_bytes().iter().take(place).filter(|byte| **byte == b'\n').count() + 1;
    let words = match error {
        rusqlite::Error::SqlInputError { msg, .. } | rusqlite::Error::SqliteFailure(_, Some(msg)) => msg.clone(),
        _ => error.to_string(),
    };
    let problem = if words.starts_with("not authorized") {
        "a mapping cannot open files, change settings or end the transaction".to_owned()
    } else {
        cleaned(&words, 200)
    };
    ImportError::Mapping { file: file.to_owned(), line, problem }
}

/// The length of the white space and comments before a statement.
fn leading(text: &str) -> usize {
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.find('\n').and_then(|end| comment.get(end..)).unwrap_or("");
        } else if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.find("*/").and_then(|end| comment.get(end + 2..)).unwrap_or("");
        } else {
            return text.len() - rest.len();
        }
    }
}

/// A mapping fills tables; it neither leaves its database nor its transaction.
fn authorize(context: AuthContext<'_>) -> Authorization {
    match context.action {
        AuthAction::Attach { .. }
        | AuthAction::Detach { .. }
        | AuthAction::Pragma { .. }
        | AuthAction::Transaction { .. }
        | AuthAction::Savepoint { .. }
        | AuthAction::Unknown { .. } => Authorization::Deny,
        AuthAction::Function { function_name } if function_name.eq_ignore_ascii_case("load_extension") => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }
}
