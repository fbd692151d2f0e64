//! Every problem of `scn.toml`, not only the first: what is wrong is taken out, and the rest is read again.

use super::wrong::Wrong;
use super::{File, Settings};
use crate::diagnostic::Diagnostic;
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;
use toml::Deserializer;
use toml::de::{DeTable, DeValue};

/// How many problems are shown.
const PROBLEMS_MAX: usize = 20;

/// Reads a file as far as it is right, and says what is not, in the order of its places.
pub(super) fn read(wrong: &Wrong<'_>, root: &Path) -> (Settings, Vec<Diagnostic>) {
    let mut table = match DeTable::parse(wrong.text) {
        Ok(table) => table,
        Err(error) => return (Settings::in_folder(root), vec![wrong.toml(&error)]),
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    let settings = loop {
        let file = File::deserialize(Deserializer::from(table.clone())).map_err(|error| Box::new(wrong.toml(&error)));
        match file.and_then(|file| file.settings(root).map_err(|error| Box::new(wrong.value(error)))) {
            Ok(settings) => break settings,
            Err(one) => {
                let place = one.span().map(|span| span.range());
                found.push(*one);
                let is_out = place.is_some_and(|place| take_out(table.get_mut(), &place, true) == Taken::Out);
                if !is_out || found.len() == PROBLEMS_MAX {
                    break Settings::in_folder(root);
                }
            }
        }
    };
    found.sort_by_key(Diagnostic::span);
    (settings, found)
}

/// What became of the key or the value at a place.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    NotHere,
    Out,
    /// It is here, and its table goes with it: else the table might lack what is misspelt or has a wrong value.
    WithTable,
}

/// Takes the key or the value at a place out of a table. `is_loose` says that its values are each by itself.
fn take_out(table: &mut DeTable<'_>, place: &Range<usize>, is_loose: bool) -> Taken {
    let holds = |range: Range<usize>| range.start <= place.start && place.end <= range.end;
    let mut out = None;
    for (key, value) in table.iter_mut() {
        if holds(key.span()) {
            if !is_loose {
                return Taken::WithTable;
            }
            out = Some(key.clone());
            break;
        }
        let span = value.span();
        if let DeValue::Table(inner) = value.get_mut() {
            match take_out(inner, place, ["check", "levels"].contains(&key.get_ref().as_ref())) {
                Taken::Out => return Taken::Out,
                Taken::WithTable => {
                    out = Some(key.clone());
                    break;
                }
                Taken::NotHere => {}
            }
        }
        if holds(span) {
            if !is_loose {
                return Taken::WithTable;
            }
            out = Some(key.clone());
            break;
        }
    }
    match out {
        Some(key) => {
            table.remove(&key);
            Taken::Out
        }
        None => Taken::NotHere,
    }
}
