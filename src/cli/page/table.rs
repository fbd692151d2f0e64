//! Tables that sort.

use super::Said;
use crate::cli::counted::grouped;
use maud::{Markup, Render, html};

/// A text without a blank that is no longer than this stays on one line.
const WORD_MAX: usize = 24;

/// A table with a title. A row has as many cells as there are columns; the first cell names the row.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    pub title: String,
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
    /// Below the table, one sentence each.
    pub notes: Vec<String>,
    /// Whether it is shown only to those who ask for it.
    pub is_folded: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    pub kind: Kind,
}

/// How a column is set and sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// From the left, by letters.
    Text,
    /// From the right, by size.
    Number,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Text(String),
    Count(u64),
    /// As it is shown, and by what it is sorted.
    Number(String, f64),
    /// A line drawn through counts, and what it shows in words.
    Line(Vec<u64>, String),
    /// There is nothing to say: it is sorted last.
    Empty,
}

impl Column {
    pub fn text(name: &str) -> Column {
        Column { name: name.to_owned(), kind: Kind::Text }
    }

    pub fn number(name: &str) -> Column {
        Column { name: name.to_owned(), kind: Kind::Number }
    }
}

impl Cell {
    pub fn text(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }

    /// A part of a whole, in percent.
    pub fn share(part: u64, whole: u64) -> Cell {
        Cell::Number(super::histogram::share(part, whole), part as f64 / whole.max(1) as f64)
    }

    /// By what the script sorts it.
    fn key(&self) -> Option<String> {
        match self {
            // Its digits are its text.
            Cell::Count(..1_000) | Cell::Text(_) | Cell::Empty => None,
            Cell::Count(count) => Some(count.to_string()),
            Cell::Number(_, value) => Some(value.to_string()),
            Cell::Line(counts, _) => Some(counts.iter().sum::<u64>().to_string()),
        }
    }
}

impl Render for Table {
    fn render(&self) -> Markup {
        let table = html! {
            div.scroll tabindex="0" role="region" aria-label=(crate::diagnostic::render::clean(&self.title).as_ref()) {
                table.sorts {
                    caption { (Said(&self.title)) }
                    thead { tr { @for column in &self.columns { (column) } } }
                    tbody {
                        @for row in &self.rows {
                            tr { @for (place, cell) in row.iter().enumerate() { (self.cell(place, cell)) } }
                        }
                    }
                }
            }
            @for note in &self.notes { p.note { (Said(note)) } }
        };
        if self.is_folded {
            return html! { details { summary { (Said(&self.title)) } (table) } };
        }
        table
    }
}

impl Render for Column {
    fn render(&self) -> Markup {
        html! {
            th scope="col" .number[self.kind == Kind::Number] {
                button type="button" { (Said(&self.name)) }
            }
        }
    }
}

impl Table {
    fn cell(&self, place: usize, cell: &Cell) -> Markup {
        let is_number = self.columns.get(place).is_some_and(|column| column.kind == Kind::Number);
        // A month is not broken at its hyphen.
        let is_word = matches!(cell, Cell::Text(text) if text.len() <= WORD_MAX && !text.contains(' '));
        let shown = match cell {
            Cell::Text(text) | Cell::Number(text, _) => html! { (Said(text)) },
            Cell::Count(count) => html! { (grouped(*count)) },
            Cell::Line(counts, told) => super::days::line(counts, told),
            Cell::Empty => html! { span.none { "\u{2013}" } },
        };
        html! {
            @if place == 0 {
                th scope="row" data-key=[cell.key()] { (shown) }
            } @else {
                td .number[is_number] .word[is_word] data-key=[cell.key()] { (shown) }
            }
        }
    }
}
