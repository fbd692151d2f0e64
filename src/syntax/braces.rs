//! Where a brace was lost, or is too many: told by how the lines are set, as the author sees it.
//!
//! An item that begins in the first column ends all braces before it. Where the braces of an item do not match, the first line
//! that stands no deeper than the line of an open `{` is where its `}` was lost; a `}` deeper than any open line is too many, or its `{`
//! was lost at the last line that stands as deep.

use super::keywords::{CLAUSES, ITEMS, STEPS};
use super::tokens::Stream;
use super::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;
use std::collections::BTreeMap;

/// How many slips of one item are told apart; a text with more is no text of braces.
const SLIPS_MAX: usize = 8;

/// How far back the word is looked for that has a block.
const BEFORE_MAX: usize = 100;

/// The words whose line opens a block.
const OPENING: &[&str] = &["if", "else", "repeat", "split", "}", "given", "cases"];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slip {
    /// A `}` is missing before this place, for the `{` at the other.
    NoClose { open: usize },
    /// A `{` is missing before this place.
    NoOpen,
    /// The `{` or `}` at this place is too many.
    TooMany,
}

/// The slips of a text, by place; of one place in their order.
#[derive(Debug, Default)]
pub(super) struct Slips {
    at: BTreeMap<usize, Vec<Slip>>,
}

/// What a place does to the braces that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brace {
    Open,
    Close,
}

impl Slips {
    pub(super) fn of(stream: &Stream<'_>) -> Slips {
        let mut slips = Slips::default();
        let (mut start, mut depth, mut item) = (0, 0usize, "");
        for place in 0..=stream.count() {
            let begins = match begins_in_first_column(stream, place) {
                // In a test whose lines stand in the first column it is one of them.
                Some(Beginning::WithoutBrace) => depth == 0 || item != "test",
                beginning => beginning.is_some(),
            };
            if place > 0 && (place == stream.count() || begins) {
                slips.look(stream, start, place);
                (start, depth) = (place, 0);
            }
            if depth == 0 && ITEMS.contains(&stream.text_at(place)) {
                item = stream.text_at(place);
            }
            depth = match written(stream, place) {
                Some(Brace::Open) => depth + 1,
                Some(Brace::Close) => depth.saturating_sub(1),
                None => depth,
            };
        }
        slips
    }

    /// The braces that are missing before a place.
    pub(super) fn missing(&self, place: usize) -> impl Iterator<Item = Brace> {
        self.at.get(&place).into_iter().flatten().filter_map(|slip| match slip {
            Slip::NoClose { .. } => Some(Brace::Close),
            Slip::NoOpen => Some(Brace::Open),
            Slip::TooMany => None,
        })
    }

    /// The brace at a place, unless it is too many.
    pub(super) fn own(&self, stream: &Stream<'_>, place: usize) -> Option<Brace> {
        written(stream, place).filter(|_| !self.is_too_many(place))
    }

    pub(super) fn is_too_many(&self, place: usize) -> bool {
        self.at.get(&place).is_some_and(|slips| slips.contains(&Slip::TooMany))
    }

    /// The places from one to another, the last not included, that have slips.
    pub(super) fn places(&self, start: usize, end: usize) -> impl Iterator<Item = usize> {
        self.at.range(start..end).map(|(place, _)| *place)
    }

    pub(super) fn findings(&self, stream: &Stream<'_>) -> Vec<Diagnostic> {
        let all = self.at.iter().flat_map(|(place, slips)| slips.iter().map(move |slip| (*place, *slip)));
        let mut found: Vec<Diagnostic> = Vec::new();
        for (place, slip) in all {
            let Some(next) = finding(stream, place, slip) else { continue };
            match found.last_mut().filter(|last| is_same_loss(last, &next)) {
                // One brace more is missing at this place.
                Some(last) => last.labels.extend(next.labels.into_iter().skip(1)),
                None => found.push(next),
            }
        }
        for each in &mut found {
            let lost = each.labels.len().saturating_sub(1);
            if each.rule == Rule::UnclosedBrace && lost > 1 {
                each.message = format!("{lost} `}}` are missing");
                each.help = Some(format!("write `}}` {lost} times, where each block ends"));
            }
        }
        found
    }

    /// Judges the words of one item.
    fn look(&mut self, stream: &Stream<'_>, start: usize, end: usize) {
        let (mut depth, mut closing_nothing) = (0usize, 0usize);
        for place in start..end {
            match written(stream, place) {
                Some(Brace::Open) => depth += 1,
                Some(Brace::Close) if depth == 0 => closing_nothing += 1,
                Some(Brace::Close) => depth -= 1,
                None => {}
            }
        }
        if depth == 0 && closing_nothing == 0 {
            return;
        }
        let mut look = Look {
            stream,
            start,
            open: Vec::new(),
            to_close: depth,
            to_open: closing_nothing,
            has_opened: false,
            found: Vec::new(),
            line: Line::default(),
        };
        for place in start..end {
            look.word(place);
        }
        let still_open: Vec<Open> = look.open.iter().rev().copied().collect();
        look.found.extend(still_open.into_iter().map(|open| (end, Slip::NoClose { open: open.place })));
        for (place, slip) in look.found.into_iter().take(SLIPS_MAX) {
            self.at.entry(place).or_default().push(slip);
        }
    }
}

/// A `{` that is open: how deep its line stands, and whether the lines in it stand deeper.
#[derive(Clone, Copy)]
struct Open {
    place: usize,
    line: Line,
    is_indented: Option<bool>,
    /// How deep its first line stands.
    body: Option<usize>,
}

/// A line of the text: its number, the place of its first word, and how deep that stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Line {
    number: usize,
    first: usize,
    column: usize,
}

struct Look<'a> {
    stream: &'a Stream<'a>,
    start: usize,
    open: Vec<Open>,
    /// How many `}` are missing in all, and how many `{`.
    to_close: usize,
    to_open: usize,
    has_opened: bool,
    found: Vec<(usize, Slip)>,
    line: Line,
}

impl Look<'_> {
    fn word(&mut self, place: usize) {
        let begins = place == self.start || begins_line(self.stream, place);
        if begins {
            self.line = Line { number: self.line.number + 1, first: place, column: column(self.stream, place) };
        }
        let text = self.stream.text_at(place);
        if begins && place > self.start {
            self.new_line(place, text);
        }
        let opens = written(self.stream, place) == Some(Brace::Open);
        match text {
            "{" if self.to_close > 0 && place > self.start && !self.may_open(place) => {
                self.to_close -= 1;
                self.found.push((place, Slip::TooMany));
            }
            _ if opens => {
                self.has_opened = true;
                self.open.push(Open { place, line: self.line, is_indented: None, body: None });
            }
            _ if written(self.stream, place) == Some(Brace::Close) => self.close(place, begins),
            _ => {}
        }
    }

    /// Whether the words before a `{` can have a block.
    fn may_open(&self, place: usize) -> bool {
        let before = |place: usize| place.checked_sub(1).map_or("", |before| self.stream.text_at(before));
        if ["{", "%"].contains(&before(place)) {
            return before(place) == "%";
        }
        // Right after the word of an item stands its name, whatever it is.
        let is_name = |at: &usize| ITEMS.contains(&before(*at));
        let words = (self.start..place).rev().take(BEFORE_MAX).filter(|at| !is_name(at));
        let mut words = words.map(|at| self.stream.text_at(at)).filter(|text| {
            OPENING.contains(text) || ITEMS.contains(text) || STEPS.contains(text) || CLAUSES.contains(text)
        });
        words.next().is_none_or(|text| OPENING.contains(&text) || ITEMS.contains(&text) || text == "every")
    }

    /// A line that stands no deeper than that of an open brace comes after its end.
    fn new_line(&mut self, place: usize, text: &str) {
        let column = self.line.column;
        if let Some(open) = self.open.last_mut() {
            let is_inside = column > open.line.column;
            open.is_indented.get_or_insert(is_inside || text == "}");
            open.body.get_or_insert(column);
        }
        while let Some(open) = self.open.last() {
            let ended = match text {
                "}" => column < open.line.column,
                // What is left of `} else {`.
                "else" => open.body.is_some_and(|body| column < body),
                _ => column <= open.line.column,
            };
            // An item whose lines all stand at its own depth tells nothing.
            let is_told = open.is_indented != Some(false) || self.open.len() > 1;
            if self.to_close == 0 || !ended || !is_told {
                break;
            }
            self.found.push((place, Slip::NoClose { open: open.place }));
            self.to_close -= 1;
            self.open.pop();
        }
    }

    fn close(&mut self, place: usize, begins: bool) {
        let Some(open) = self.open.last().copied() else { return self.too_many(place, begins) };
        let is_at_home = match begins {
            true => self.line.column <= open.line.column || open.is_indented == Some(false),
            // It is the last of a text without lines.
            false => open.line == self.line || self.stream.at(place + 1).is_none(),
        };
        if is_at_home || self.to_open == 0 {
            self.open.pop();
        } else {
            self.too_many(place, begins);
        }
    }

    /// A `}` without its `{`: that was lost at the last line that stands as deep and begins a block, or there is none.
    fn too_many(&mut self, place: usize, begins: bool) {
        self.to_open = self.to_open.saturating_sub(1);
        if self.found.len() >= SLIPS_MAX {
            return;
        }
        let inner = self.open.last().map_or(self.start, |open| open.place + 1);
        let lost = if begins { self.lost_before(place, inner) } else { self.lost_in_line(place) };
        match lost {
            Some(lost) => self.found.push((lost, Slip::NoOpen)),
            // An item without any brace lacks its first, as the grammar says.
            None if !self.has_opened && ITEMS.contains(&self.stream.text_at(self.start)) => {}
            None => self.found.push((place, Slip::TooMany)),
        }
    }

    /// The end of the line as deep as this `}` that begins a block, and after which all lines are deeper.
    fn lost_before(&self, place: usize, from: usize) -> Option<usize> {
        let mut body = None;
        for before in (from..place).rev() {
            if before > self.start && !begins_line(self.stream, before) {
                continue;
            }
            let column = column(self.stream, before);
            if column > self.line.column {
                body = Some(before);
                continue;
            }
            let text = self.stream.text_at(before);
            let opens = OPENING.contains(&text) || ITEMS.contains(&text);
            return body.filter(|_| column == self.line.column && opens);
        }
        None
    }

    /// The first `NAME:` of the line.
    fn lost_in_line(&self, place: usize) -> Option<usize> {
        let mut fields = (self.line.first + 1)..place;
        fields.find(|&before| {
            self.stream.kind_at(before) == Some(TokenKind::Name)
                && self.stream.text_at(before + 1) == ":"
                && !["{", ","].contains(&self.stream.text_at(before - 1))
        })
    }
}

/// The brace that stands at a place, or ends the text without end that stands there.
fn written(stream: &Stream<'_>, place: usize) -> Option<Brace> {
    match stream.text_at(place) {
        "{" => Some(Brace::Open),
        "}" => Some(Brace::Close),
        _ => end_of_unclosed(stream, place)?.brace,
    }
}

/// A text without end: what it says, and the brace that its line ends with.
pub(super) struct Unclosed<'t> {
    pub(super) inner: &'t str,
    pub(super) brace: Option<Brace>,
}

/// The text without end that stands at a place.
pub(super) fn end_of_unclosed<'t>(stream: &Stream<'t>, place: usize) -> Option<Unclosed<'t>> {
    let token = stream.at(place).filter(|token| token.kind == TokenKind::Unknown)?;
    let text = stream.text_of(token).strip_prefix('"')?.trim_end();
    let braces = [('{', Brace::Open), ('}', Brace::Close)];
    let brace = braces.into_iter().find_map(|(letter, brace)| Some((text.strip_suffix(letter)?, brace)));
    Some(match brace {
        Some((inner, brace)) => Unclosed { inner: inner.trim_end(), brace: Some(brace) },
        None => Unclosed { inner: text, brace: None },
    })
}

/// Whether two findings are braces that are missing at one place.
fn is_same_loss(one: &Diagnostic, other: &Diagnostic) -> bool {
    let place = |found: &Diagnostic| found.labels.first().map(|label| label.span);
    one.rule == Rule::UnclosedBrace && other.rule == Rule::UnclosedBrace && place(one) == place(other)
}

fn finding(stream: &Stream<'_>, place: usize, slip: Slip) -> Option<Diagnostic> {
    let before = place.checked_sub(1).and_then(|before| stream.at(before));
    Some(match slip {
        Slip::NoClose { open } => Diagnostic::new(Rule::UnclosedBrace, "a `}` is missing")
            .at(before?.span, "expected after this")
            .at(stream.at(open)?.span, "this `{` is never closed")
            .help("write `}` where the block ends"),
        Slip::NoOpen => Diagnostic::new(Rule::UnexpectedText, "a `{` is missing")
            .at(before?.span, "expected after this: a `}` follows that closes nothing")
            .help("write `{` where the block begins"),
        Slip::TooMany => {
            let token = stream.at(place)?;
            let (message, label) = match stream.text_of(token) {
                "{" => ("this `{` is one too many", "nothing before it has a block that begins here"),
                _ => ("this `}` closes nothing", "there is no `{` for it"),
            };
            Diagnostic::new(Rule::UnexpectedText, message)
                .at(token.span, label)
                .help("leave it out, or look for a brace that was lost before it")
        }
    })
}

/// How an item begins at the very beginning of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    Certain,
    /// `given NAME` whose `{` may be lost: its lines stand deeper.
    WithoutBrace,
}

fn begins_in_first_column(stream: &Stream<'_>, place: usize) -> Option<Beginning> {
    let token = stream.at(place).filter(|token| token.kind == TokenKind::Keyword)?;
    if !is_in_first_column(stream, token) {
        return None;
    }
    let before = place.checked_sub(1).map_or("", |before| stream.text_at(before));
    match stream.text_of(token) {
        "given" if stream.kind_at(place + 1) == Some(TokenKind::Name) => {
            let next = stream.text_at(place + 2);
            // What else stands there is the rest of a row.
            let is_line = matches!(next, "given" | "at") && begins_line(stream, place + 2);
            match next {
                "{" => Some(Beginning::Certain),
                _ => (is_line && column(stream, place + 2) > 0).then_some(Beginning::WithoutBrace),
            }
        }
        text => {
            let is_item = ITEMS.contains(&text) && !ITEMS.contains(&before) && before != "given";
            is_item.then_some(Beginning::Certain)
        }
    }
}

pub(super) fn is_in_first_column(stream: &Stream<'_>, token: Token) -> bool {
    let start = token.span.start as usize;
    start == 0 || stream.text.as_bytes().get(start - 1) == Some(&b'\n')
}

/// Whether a word is the first of its line.
pub(super) fn begins_line(stream: &Stream<'_>, place: usize) -> bool {
    place == 0 || stream.trivia_before(place).iter().any(|token| stream.text_of(*token).contains('\n'))
}

/// How many bytes stand before a word on its line.
fn column(stream: &Stream<'_>, place: usize) -> usize {
    let start = stream.at(place).map_or(0, |token: Token| Span::range(token.span).start);
    let before = stream.text.get(..start).unwrap_or_default();
    start - before.rfind('\n').map_or(0, |line| line + 1)
}
