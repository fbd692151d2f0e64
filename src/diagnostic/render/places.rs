//! Lines and columns of many spans, without reading a text again for each.

use crate::diagnostic::{Diagnostic, Label};
use crate::span::{Source, SourceId, Sources, Span};
use std::collections::BTreeMap;

/// How far apart the characters are counted ahead, in bytes.
const STRIDE: usize = 1024;

/// The lines of every text that some findings point into.
pub(super) struct Places<'a> {
    texts: BTreeMap<SourceId, Lines<'a>>,
}

/// One text, with its lines found and its characters counted.
pub(super) struct Lines<'a> {
    pub(super) source: &'a Source,
    /// The byte at which each line starts.
    starts: Vec<usize>,
    /// How many characters begin before byte `n * STRIDE`.
    counted: Vec<usize>,
}

/// Where a span stands. Lines and columns are from 1; columns count characters; the end is excluded.
pub(super) struct Place<'a> {
    pub(super) file: &'a str,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) end_line: usize,
    pub(super) end_column: usize,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<'a> Places<'a> {
    pub(super) fn new<'d>(sources: &'a Sources, diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Places<'a> {
        let mut texts = BTreeMap::new();
        for span in diagnostics.into_iter().flat_map(spans) {
            if let Some(source) = sources.get(span.source) {
                texts.entry(span.source).or_insert_with(|| Lines::new(source));
            }
        }
        Places { texts }
    }

    pub(super) fn lines(&self, source: SourceId) -> Option<&Lines<'a>> {
        self.texts.get(&source)
    }

    /// `None` for a span into no text.
    pub(super) fn locate(&self, span: Span) -> Option<Place<'a>> {
        let lines = self.lines(span.source)?;
        let (start, end) = lines.clip(span);
        let (line, column) = lines.position(start);
        let (end_line, end_column) = lines.position(end);
        Some(Place { file: &lines.source.name, line, column, end_line, end_column, start, end })
    }

    /// The place of a finding's first label.
    pub(super) fn of(&self, diagnostic: &Diagnostic) -> Option<Place<'a>> {
        diagnostic.span().and_then(|span| self.locate(span))
    }
}

fn spans(diagnostic: &Diagnostic) -> impl Iterator<Item = Span> {
    let label = |label: &Label| label.span;
    diagnostic.labels.iter().map(label).chain(diagnostic.fix.iter().map(|fix| fix.span))
}

impl<'a> Lines<'a> {
    fn new(source: &'a Source) -> Lines<'a> {
        let mut starts = vec![0];
        let mut counted = Vec::with_capacity(source.text.len() / STRIDE + 1);
        let mut characters = 0;
        for (place, byte) in source.text.bytes().enumerate() {
            if place.is_multiple_of(STRIDE) {
                counted.push(characters);
            }
            characters += usize::from(begins_character(byte));
            if byte == b'\n' {
                starts.push(place + 1);
            }
        }
        if source.text.len().is_multiple_of(STRIDE) {
            counted.push(characters);
        }
        Lines { source, starts, counted }
    }

    /// The span's ends, moved back to characters that the text has.
    pub(super) fn clip(&self, span: Span) -> (usize, usize) {
        let text = &self.source.text;
        let whole = |offset: u32| text.floor_char_boundary(offset as usize);
        let start = whole(span.start);
        (start, whole(span.end).max(start))
    }

    /// The line of a byte, from 0.
    pub(super) fn line_of(&self, place: usize) -> usize {
        self.starts.partition_point(|start| *start <= place).saturating_sub(1)
    }

    /// The byte at which a line starts, or the end of the text for a line that it does not have.
    pub(super) fn start_of(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.source.text.len())
    }

    /// Line and column of a byte, from 1.
    pub(super) fn position(&self, place: usize) -> (usize, usize) {
        let line = self.line_of(place);
        (line + 1, self.characters_before(place) - self.characters_before(self.start_of(line)) + 1)
    }

    fn characters_before(&self, place: usize) -> usize {
        let stride = place / STRIDE;
        let rest = self.source.text.as_bytes().get(stride * STRIDE..place).unwrap_or(&[]);
        self.counted.get(stride).copied().unwrap_or(0) + rest.iter().filter(|byte| begins_character(**byte)).count()
    }
}

/// Every byte of UTF-8 but a continuation begins a character.
fn begins_character(byte: u8) -> bool {
    byte & 0b1100_0000 != 0b1000_0000
}
