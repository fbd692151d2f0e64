//! Whether a CRM tells the same thing whenever it is asked, as long as its file is the same.

use super::{Crm, Error};
use crate::store::cache::Cold;
use crate::store::text::quoted;
use rusqlite::Connection;
use std::collections::{BTreeMap, BTreeSet};

/// What tells another thing at another time (SQLite, "Date And Time Functions", "Built-In Scalar SQL Functions").
/// `subsec` alone is the present; behind another argument it is not, which is not told apart.
const UNSTEADY: [&str; 8] =
    ["now", "localtime", "utc", "current_timestamp", "current_date", "current_time", "subsec", "subsecond"];
/// These stand for the present where no time is given; those with a format where nothing comes after it.
const OF_TIME: [&str; 5] = ["date", "time", "datetime", "julianday", "unixepoch"];
const OF_TIME_TOO: [&str; 2] = ["strftime", "timediff"];
/// What gives one of its arguments, or a number: no text that is not there.
const MAKES_NO_TEXT: [&str; 24] = [
    "cast",
    "coalesce",
    "ifnull",
    "nullif",
    "iif",
    "min",
    "max",
    "abs",
    "round",
    "count",
    "sum",
    "total",
    "avg",
    "length",
    "instr",
    "row_number",
    "rank",
    "dense_rank",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "decimal",
    "numeric",
];
/// What stands before brackets that are no call.
const NO_CALL: [&str; 29] = [
    "when",
    "then",
    "else",
    "case",
    "and",
    "or",
    "not",
    "in",
    "as",
    "is",
    "select",
    "distinct",
    "from",
    "join",
    "on",
    "using",
    "where",
    "having",
    "by",
    "limit",
    "over",
    "filter",
    "values",
    "exists",
    "between",
    "all",
    "union",
    "except",
    "materialized",
];
/// What a pragma says is of the connection, not of the file.
const PRAGMA: &str = "pragma_";

/// What SQLite says of names, in small letters.
struct Schema {
    /// The statements of views, and of tables.
    views: BTreeMap<String, String>,
    tables: BTreeMap<String, String>,
    /// Functions of one row that may answer otherwise when they are asked again: `random`, `changes`, `sqlite_version`.
    chances: BTreeSet<String>,
}

impl Schema {
    /// The first of these that is a view with a function of time.
    fn asking<'a>(&self, reached: &'a [String]) -> Option<&'a String> {
        reached.iter().find(|name| self.views.get(*name).is_some_and(|sql| asks_for_time(&words(sql))))
    }

    /// Whether the words of a view ask for the clock, for chance, or for what is not in the file.
    fn is_unsteady(&self, words: &[String]) -> bool {
        let word = |place: usize| words.get(place).map_or("", String::as_str);
        (0..words.len()).any(|place| match word(place) {
            name if UNSTEADY.contains(&name) || name.starts_with(PRAGMA) => true,
            name if self.chances.contains(name) => word(place + 1) == "(",
            name if OF_TIME.contains(&name) && word(place + 1) == "(" && word(place + 2) == ")" => true,
            name if is_of_time(name) && word(place + 1) == "(" => {
                let arguments = arguments(words.get(place + 2..).unwrap_or(&[]));
                let is_alone = name == "strftime" && !has_comma(arguments);
                is_alone || arguments.iter().any(|word| word == "select")
            }
            _ => false,
        })
    }
}

impl Crm {
    /// Refuses a CRM in which one of these tables, or what a view among them reads, may tell another thing without a change of
    /// the file. A view is judged by its words: in doubt it may.
    pub(in crate::store) fn refuse_unsteady(&self, tables: &[&str]) -> Result<(), Cold> {
        let schema = self.read_schema()?;
        let reached = reached(&schema, tables);
        let mut views = reached.iter().filter_map(|name| Some((name, schema.views.get(name)?)));
        if let Some((view, _)) = views.find(|(_, sql)| schema.is_unsteady(&words(sql))) {
            return Err(Cold::View(view.clone()));
        }
        // One view, or a select within it, may take for a time what another has put together.
        let makes = reached.iter().filter_map(|name| schema.views.get(name)).any(|sql| makes_text(&words(sql)));
        if let Some(view) = schema.asking(&reached).filter(|_| makes) {
            return Err(Cold::View(view.clone()));
        }
        let is_virtual = |name: &&String| schema.tables.get(*name).is_some_and(|sql| is_virtual(sql));
        match reached.iter().find(is_virtual) {
            Some(table) => Err(Cold::Virtual(table.clone())),
            None => Ok(()),
        }
    }

    /// Refuses a CRM in which a view may be told the present by a value: `datetime(column)` is that of the clock where the
    /// column holds `now`. As long as the file is the same, it holds what it holds.
    pub(in crate::store) fn refuse_present(&self, tables: &[&str]) -> Result<(), Cold> {
        let schema = self.read_schema()?;
        let reached = reached(&schema, tables);
        let Some(view) = schema.asking(&reached) else { return Ok(()) };
        for table in reached.iter().filter(|name| schema.tables.contains_key(*name)) {
            if holds_present(&self.connection, table).map_err(|error| unseen(self.error(&error)))? {
                return Err(Cold::View(view.clone()));
            }
        }
        Ok(())
    }

    fn read_schema(&self) -> Result<Schema, Cold> {
        let statements = |kind: &str| {
            let mut all = self.connection.prepare("SELECT name, sql FROM sqlite_schema WHERE type = ?1")?;
            let all = all.query_map([kind], |row| {
                Ok((row.get::<_, String>(0)?.to_lowercase(), row.get::<_, String>(1)?.to_lowercase()))
            })?;
            all.collect::<Result<BTreeMap<String, String>, rusqlite::Error>>()
        };
        let read = || {
            let (views, tables) = (statements("view")?, statements("table")?);
            // SQLITE_DETERMINISTIC is not of all functions of many rows, which are steady.
            let sql = "SELECT name FROM pragma_function_list WHERE type = 's' AND NOT flags & 0x800";
            let mut all = self.connection.prepare(sql)?;
            let all = all.query_map([], |row| row.get::<_, String>(0))?;
            let chances = all.collect::<Result<BTreeSet<String>, rusqlite::Error>>()?;
            Ok(Schema { views, tables, chances })
        };
        read().map_err(|error: rusqlite::Error| unseen(self.error(&error)))
    }
}

fn unseen(error: Error) -> Cold {
    Cold::Unstamped(error.to_string())
}

/// The tables and views that are read where these are, by their names in small letters: SQL does not tell letters apart. What
/// the words of a view hold, it may read.
fn reached(schema: &Schema, tables: &[&str]) -> Vec<String> {
    let tables: Vec<String> = tables.iter().map(|table| table.to_lowercase()).collect();
    // A list has a table of its own, whose name begins with that of what has it.
    let is_read = |name: &str| {
        tables
            .iter()
            .any(|table| name.strip_prefix(table.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('_')))
    };
    let names: BTreeSet<&String> = schema.views.keys().chain(schema.tables.keys()).collect();
    let mut reached: Vec<String> = names.iter().filter(|name| is_read(name)).map(|name| (*name).clone()).collect();
    let mut next = 0;
    while let Some(name) = reached.get(next) {
        next += 1;
        let Some(sql) = schema.views.get(name) else { continue };
        let words = words(sql);
        let more = names.iter().filter(|each| is_named(each, sql, &words) && !reached.contains(each));
        let more: Vec<String> = more.map(|name| (*name).clone()).collect();
        reached.extend(more);
    }
    reached
}

/// Whether a statement may name something. A name of other letters than those of words may stand anywhere, and a quote in it is there twice.
fn is_named(name: &String, sql: &str, words: &[String]) -> bool {
    let is_word = name.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
    let bare = |text: &str| text.replace(['"', '\'', '`', '[', ']'], "");
    if is_word { words.contains(name) } else { bare(sql).contains(&bare(name)) }
}

fn is_virtual(sql: &str) -> bool {
    let words = words(sql);
    words.get(1).is_some_and(|word| word == "virtual")
}

/// Whether a column of a table, also one that is made of others, holds a text that stands for the present, or for the zone of this machine.
fn holds_present(connection: &Connection, table: &str) -> Result<bool, rusqlite::Error> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1)")?;
    let columns = columns.query_map([table], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<String> = UNSTEADY.iter().map(|word| format!("'{word}'")).collect();
    let texts = texts.join(", ");
    // As a function of time reads it: the bytes of a BLOB too, and nothing behind a NUL.
    let holds = columns.iter().map(|column| format!("printf('%s', {}) COLLATE NOCASE IN ({texts})", quoted(column)));
    let holds: Vec<String> = holds.collect();
    if holds.is_empty() {
        return Ok(false);
    }
    let sql = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE {})", quoted(table), holds.join(" OR "));
    connection.query_row(&sql, [], |row| row.get(0))
}

/// The words of a statement, its brackets, its commas, and the strokes and arrows that make texts. A comment is none of it. What
/// is quoted is one word; behind a quote of its own where it could be taken for something else.
fn words(sql: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut rest = sql;
    while let Some(letter) = rest.chars().next() {
        if letter.is_alphanumeric() || letter == '_' {
            if let Some(word) = words.last_mut() {
                word.push(letter);
            }
            rest = rest.get(letter.len_utf8()..).unwrap_or_default();
            continue;
        }
        let (token, length) = token(rest, letter);
        words.extend([token, String::new()]);
        rest = rest.get(length..).unwrap_or_default();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// What begins with a letter of no word, empty where it says nothing; and how many bytes it has.
fn token(sql: &str, first: char) -> (String, usize) {
    let until = |end: &str, from: usize| {
        let after = sql.get(from..).and_then(|rest| rest.find(end));
        after.map_or(sql.len(), |place| from + place + end.len())
    };
    match first {
        '-' if sql.starts_with("--") => (String::new(), until("\n", 2)),
        '/' if sql.starts_with("/*") => (String::new(), until("*/", 2)),
        '-' if sql.starts_with("->") => ("->".to_owned(), 2),
        '\'' | '"' | '`' | '[' => {
            let end = if first == '[' { ']' } else { first };
            let length = quoted_length(sql, end);
            let inner = sql.get(1..length.saturating_sub(1)).unwrap_or_default();
            let is_word = inner.chars().all(|letter| letter.is_alphanumeric() || letter == '_');
            (if is_word { inner.to_owned() } else { format!("'{inner}") }, length)
        }
        '(' | ')' | ',' | '|' => (first.to_string(), 1),
        other => (String::new(), other.len_utf8()),
    }
}

/// The bytes of what is quoted, with its quotes: one that is there twice is none.
fn quoted_length(sql: &str, end: char) -> usize {
    let mut letters = sql.char_indices().skip(1).peekable();
    while let Some((place, letter)) = letters.next() {
        let is_twice = |next: &(usize, char)| end != ']' && next.1 == end;
        if letter == end && letters.next_if(is_twice).is_none() {
            return place + 1;
        }
    }
    sql.len()
}

fn is_of_time(word: &str) -> bool {
    OF_TIME.contains(&word) || OF_TIME_TOO.contains(&word)
}

/// Whether a function of time is called.
fn asks_for_time(words: &[String]) -> bool {
    words.windows(2).any(|pair| matches!(pair, [name, open] if is_of_time(name) && open == "("))
}

/// What stands before the bracket that closes.
fn arguments(words: &[String]) -> &[String] {
    let mut depth = 1;
    let close = words.iter().position(|word| {
        depth += i32::from(word == "(") - i32::from(word == ")");
        depth == 0
    });
    words.get(..close.unwrap_or(words.len())).unwrap_or(words)
}

/// Whether there is a comma outside of brackets.
fn has_comma(arguments: &[String]) -> bool {
    let mut depth = 0;
    arguments.iter().any(|word| {
        depth += i32::from(word == "(") - i32::from(word == ")");
        depth == 0 && word == ","
    })
}

/// Whether a text may come of a view that stands nowhere: a part of another, several in one, or the bytes of a BLOB.
fn makes_text(words: &[String]) -> bool {
    let word = |place: usize| words.get(place).map_or("", String::as_str);
    (0..words.len()).any(|place| match word(place) {
        "|" | "->" | "x" => true,
        name if word(place + 1) == "(" && is_word(name) => {
            let after = place + 2 + arguments(words.get(place + 2..).unwrap_or(&[])).len();
            // The columns of a view, or of a select that has a name.
            let are_columns = word(after + 1) == "as"
                && matches!(word(after + 2), "(" | "select" | "with" | "values" | "materialized" | "not");
            !are_columns && !is_of_time(name) && !MAKES_NO_TEXT.contains(&name) && !NO_CALL.contains(&name)
        }
        _ => false,
    })
}

fn is_word(text: &str) -> bool {
    text.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}
