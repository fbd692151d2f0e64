//! Reading an item in spite of its mistakes, so that the next one is shown too, and the rest is judged.
//!
//! A word with a sure repair is read as if it were repaired. Else the part in which the mistake lies, a clause, a step or a line
//! of a test, is left out, and the rest is read again.

use super::braces::{Brace, Slips, begins_line};
use super::build::Builder;
use super::cut::{Piece, PieceKind};
use super::keywords::{CLAUSES, STEPS, TEST_LINES};
use super::patch::{HOLE, Patched};
use super::tokens::Stream;
use super::{TokenKind, braces, errors, grammar, tree, unseen};
use crate::diagnostic::{self, Diagnostic, Rule};
use crate::span::SourceId;
use std::ops::Range;

/// How many mistakes of one item are shown, and how often it is read: each time costs its length.
const MISTAKES_MAX: usize = 9;
const READINGS_MAX: usize = 24;

/// What came of an item: nothing where too much of it cannot be read.
pub(super) struct Read {
    pub(super) kind: Option<tree::ItemKind>,
    pub(super) findings: Vec<Diagnostic>,
}

pub(super) struct Resumer<'a> {
    stream: &'a Stream<'a>,
    source: SourceId,
    piece: Piece,
    slips: &'a Slips,
    is_test: bool,
    /// The places that are left out, or are read as something else.
    holes: Vec<Range<usize>>,
    /// The places of words that are read as what they stand for already, or are no keyword although they are near to one.
    judged: Vec<usize>,
}

impl<'a> Resumer<'a> {
    pub(super) fn new(stream: &'a Stream<'a>, source: SourceId, piece: Piece, slips: &'a Slips) -> Resumer<'a> {
        let first = stream.at(piece.start);
        let meant = first.and_then(|first| errors::beginning_meant(stream, first)).map(|near| near.word);
        let first = meant.unwrap_or_else(|| stream.text_at(piece.start));
        let is_test = piece.kind == PieceKind::Item && first == "test";
        Resumer { stream, source, piece, slips, is_test, holes: Vec::new(), judged: Vec::new() }
    }

    pub(super) fn read(mut self, written: &'a str, offset: usize) -> Read {
        let mut text = Patched::new(written, offset);
        self.mend_braces(&mut text);
        let mut findings = self.end_texts(&mut text);
        findings.extend(self.join_words(&mut text));
        // The place of the word that was repaired last.
        let mut repaired = self.begin(&mut findings, &mut text);
        for _ in 0..READINGS_MAX {
            let error = match grammar::item(text.text()) {
                Ok(mut nodes) => {
                    let mut builder =
                        Builder { source: self.source, stream: self.stream, text: &text, diagnostics: findings };
                    let kind = nodes.next().and_then(|node| builder.item(node));
                    let mut findings = builder.diagnostics;
                    if kind.is_none() {
                        findings.push(self.disagreement());
                    }
                    keep_few_doubts(&mut findings);
                    let is_whole = self.holes.is_empty() && self.is_balanced();
                    return Read { kind: kind.and_then(|kind| incomplete(kind, is_whole)), findings };
                }
                Err(error) => error,
            };
            let place = errors::place(&error, self.stream, &text);
            if let Some(word) = repaired.take().filter(|word| place == *word || place == word + 1)
                && self.doubt(&error, word, place, &mut findings, &mut text)
            {
                continue;
            }
            if !self.follows(place) {
                if findings.len() == MISTAKES_MAX {
                    break;
                }
                let found = self.refused(&error, place);
                repaired = self.repair(&found, &mut text);
                findings.push(found);
                if repaired.is_some() {
                    continue;
                }
            }
            if !self.leave_out(place, &mut text) {
                break;
            }
        }
        // Whatever happens, what is not read is told.
        if findings.is_empty() {
            findings.push(self.disagreement());
        }
        Read { kind: None, findings }
    }

    fn disagreement(&self) -> Diagnostic {
        let found = Diagnostic::new(Rule::UnexpectedText, "this cannot be read")
            .help("please report it with this text; a shorter sentence may be read");
        match self.stream.at(self.piece.start) {
            Some(token) => found.at(token.span, "a bug of scn"),
            None => found,
        }
    }

    fn is_balanced(&self) -> bool {
        self.slips.places(self.piece.start + 1, self.piece.end + 1).next().is_none()
    }

    /// Puts the braces that are missing, and takes out those that are too many.
    fn mend_braces(&self, text: &mut Patched<'_>) {
        let range = |place: usize| self.stream.at(place).map(|token| token.span.range());
        for place in self.slips.places(self.piece.start + 1, self.piece.end + 1) {
            if place < self.piece.end
                && self.slips.is_too_many(place)
                && let Some(brace) = range(place)
            {
                text.replace(brace, " ");
            }
            let missing = self.slips.missing(place).filter(|brace| place < self.piece.end || *brace == Brace::Close);
            let missing: String = missing.map(|brace| if brace == Brace::Open { " {" } else { " }" }).collect();
            if let Some(before) = range(place - 1).filter(|_| !missing.is_empty()) {
                text.replace(before.end..before.end, &missing);
            }
        }
    }

    /// Ends the texts that have no end.
    fn end_texts(&mut self, text: &mut Patched<'_>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for place in self.piece.start..self.piece.end {
            let Some(unclosed) = braces::end_of_unclosed(self.stream, place) else { continue };
            let Some(span) = self.stream.at(place).map(|token| token.span) else { continue };
            if found.len() == MISTAKES_MAX {
                break;
            }
            let brace = match unclosed.brace {
                Some(Brace::Open) => " {",
                Some(Brace::Close) => " }",
                None => "",
            };
            let is_plain = |letter: char| letter.is_alphanumeric() || " _-".contains(letter);
            let finding = Diagnostic::new(Rule::UnclosedText, "this text has no closing quote")
                .at(span, "it must end on the line on which it begins")
                .help("write `\"` at its end");
            // Of several words only the author knows which the text has.
            let is_sure =
                !unclosed.inner.is_empty() && unclosed.inner.chars().all(|each| is_plain(each) && each != ' ');
            let inner = if unclosed.inner.chars().all(is_plain) { unclosed.inner } else { "" };
            let repaired = format!("\"{inner}\"{brace}");
            text.replace(span.range(), &repaired);
            self.holes.push(place..place);
            found.push(if is_sure { finding.fix(span, repaired) } else { finding });
        }
        found
    }

    /// Takes out the characters without width: what they part is one word.
    fn join_words(&mut self, text: &mut Patched<'_>) -> Vec<Diagnostic> {
        let mut found = Vec::new();
        for place in self.piece.start..self.piece.end {
            let unseen = self.stream.at(place).filter(|token| unseen::is_without_width(self.stream, *token));
            let Some(finding) = unseen.and_then(|token| unseen::found(self.stream, token)) else { continue };
            if found.len() == MISTAKES_MAX {
                break;
            }
            self.repair(&finding, text);
            found.push(finding);
        }
        found
    }

    /// Reads the word with which the item begins as the keyword that it stands for.
    fn begin(&mut self, findings: &mut Vec<Diagnostic>, text: &mut Patched<'_>) -> Option<usize> {
        let first = self.stream.at(self.piece.start).filter(|token| token.kind == TokenKind::Name)?;
        let found = errors::stray(self.stream, first);
        let repaired = self.repair(&found, text);
        findings.push(found);
        repaired
    }

    /// Whether what is in the way at a place is so because of what was left out right before it.
    fn follows(&self, place: usize) -> bool {
        self.holes.iter().any(|hole| hole.start <= place && place <= hole.end)
    }

    fn refused(&self, error: &grammar::Refusal, place: usize) -> Diagnostic {
        errors::refused(error, self.stream, self.source, place, self.piece.end, &self.judged)
    }

    /// Reads a word as it was probably meant, and gives its place.
    fn repair(&mut self, found: &Diagnostic, text: &mut Patched<'_>) -> Option<usize> {
        let fix = found.fix.as_ref()?;
        let places = self.stream.places_under(fix.span);
        text.replace(fix.span.range(), &fix.replacement);
        self.judged.extend(places.clone());
        let last = places.end.saturating_sub(1);
        self.holes.push(places.start..last);
        Some(last)
    }

    /// Right after a word that was repaired the text still cannot be read, at a place: unless that is a slip of its own, the repair is no
    /// safe one, and one that was a guess is taken back.
    fn doubt(
        &mut self,
        error: &grammar::Refusal,
        word: usize,
        place: usize,
        findings: &mut Vec<Diagnostic>,
        text: &mut Patched<'_>,
    ) -> bool {
        if place != word && self.refused(error, place).fix.is_some() {
            return false;
        }
        let Some(fix) = findings.last_mut().and_then(|found| found.fix.as_mut()) else { return false };
        let is_word = self.stream.kind_at(word) == Some(TokenKind::Name) && !fix.replacement.contains(' ');
        if !is_word || fix.is_safe && place != word {
            fix.is_safe = false;
            return false;
        }
        text.restore(fix.span.range());
        self.holes.pop();
        findings.pop();
        true
    }

    /// Leaves out the part in which the mistake at a place lies; false where there is no such part, or nothing more to leave out.
    fn leave_out(&mut self, place: usize, text: &mut Patched<'_>) -> bool {
        let Some(Part { places, replacement }) = self.part_around(place) else { return false };
        // What was left out before and is in the way still takes what is around it with it.
        let (Some(first), Some(last)) = (self.stream.at(places.start), self.stream.at(places.end - 1)) else {
            return false;
        };
        text.replace(first.span.range().start..last.span.range().end, &replacement);
        self.holes.retain(|hole| hole.end < places.start || places.end < hole.start);
        self.holes.push(places);
        true
    }

    /// The part in which a mistake lies, and what is read in its place.
    fn part_around(&self, place: usize) -> Option<Part> {
        let place = place.min(self.piece.end);
        let mut open: Vec<Level> = vec![Level { begin: self.piece.start, part: None }];
        let around = usize::from(self.piece.kind != PieceKind::BareScenario);
        for at in self.piece.start..place {
            self.slips.missing(at).filter(|_| at > self.piece.start).for_each(|brace| step(&mut open, brace, at));
            if open.len() > around && self.begins_part(at, open.last().and_then(|level| level.part)) {
                open.last_mut()?.part = Some(at);
            }
            if let Some(brace) = self.slips.own(self.stream, at) {
                step(&mut open, brace, at + 1);
            }
        }
        // A part that was taken out before, and did not suffice: that around it.
        let is_inside = open.len() > around;
        let mut level = open.pop()?;
        // What the block begins with begins no part, and should.
        level.part = level.part.or(Some(level.begin).filter(|begin| is_inside && *begin <= place));
        let mut end = self.end_of(place, level.part);
        loop {
            let start = level.part.map(|start| self.begun_anew(start, place));
            if let Some(start) = start {
                let places = start..end.max(start + 1);
                if !self.is_left_out(&places) {
                    return Some(self.part(places, place));
                }
                let whole = level.part.unwrap_or(start)..end.max(start + 1);
                if !self.is_left_out(&whole) {
                    return Some(Part { places: whole, replacement: HOLE.to_owned() });
                }
                let further = self.end_of(end.max(place) + 1, level.part);
                if further > end {
                    return Some(Part { places: whole.start..further, replacement: HOLE.to_owned() });
                }
            }
            level = open.pop()?;
            end = self.end_of_block(end, level.part);
        }
    }

    fn is_left_out(&self, places: &Range<usize>) -> bool {
        self.holes.iter().any(|hole| hole.start <= places.start && places.end <= hole.end)
    }

    /// A word at the beginning of a line that begins no part, although one was to be expected: `sendd email reminder`.
    fn begun_anew(&self, start: usize, place: usize) -> usize {
        let line = (start + 1..=place.min(self.piece.end - 1)).rev().find(|at| begins_line(self.stream, *at));
        line.filter(|at| self.stream.kind_at(*at) == Some(TokenKind::Name)).unwrap_or(start)
    }

    /// The part itself; where only its head is wrong, the block of an `if` is kept.
    fn part(&self, places: Range<usize>, place: usize) -> Part {
        let keyword = |word: &str| self.stream.text_at(places.start) == word;
        let whole = || Part { places: places.clone(), replacement: HOLE.to_owned() };
        let opens = |at: &usize| self.slips.own(self.stream, *at) == Some(Brace::Open);
        if keyword("if") {
            let head = (places.start..place.min(places.end)).rev().find(|at| self.stream.text_at(*at) == "if");
            let block = head.and_then(|head| (head..places.end).find(opens)).filter(|block| *block >= place);
            return match (head, block) {
                (Some(head), Some(block)) if head + 1 < block && !self.is_left_out(&(head + 1..block)) => {
                    Part { places: head + 1..block, replacement: format!("{HOLE} ") }
                }
                _ => whole(),
            };
        }
        let guarded = places.clone().any(|at| ["unless", "only"].contains(&self.stream.text_at(at)));
        let is_plain = ["wait", "for"].iter().any(|word| keyword(word)) && !guarded && places.len() > 1;
        match is_plain {
            true => Part { places: places.start + 1..places.end, replacement: HOLE.to_owned() },
            false => whole(),
        }
    }

    /// Where the next part begins, at a place or after it, or the block ends. A part that begins a line ends with a line.
    fn end_of(&self, from: usize, part: Option<usize>) -> usize {
        // The trigger of a bare scenario begins its file.
        let is_bare = |part: usize| part == self.piece.start && self.piece.kind == PieceKind::BareScenario;
        let by_lines = part.is_some_and(|part| begins_line(self.stream, part) && !is_bare(part));
        let mut depth = 0usize;
        for at in from..self.piece.end {
            if at > from && depth == 0 && self.slips.missing(at).any(|brace| brace == Brace::Close) {
                return at;
            }
            let is_free = !by_lines || begins_line(self.stream, at);
            if depth == 0 && is_free && part.is_none_or(|part| part < at) && self.begins_part(at, part) {
                return at;
            }
            match self.slips.own(self.stream, at) {
                Some(Brace::Open) => depth += 1,
                Some(Brace::Close) if depth == 0 => return at,
                Some(Brace::Close) => depth -= 1,
                None => {}
            }
        }
        self.piece.end
    }

    /// The place after the `}` that closes the block around a place, and what belongs to its part.
    fn end_of_block(&self, from: usize, part: Option<usize>) -> usize {
        let mut depth = 0usize;
        for at in from..self.piece.end {
            match self.slips.own(self.stream, at) {
                Some(Brace::Open) => depth += 1,
                Some(Brace::Close) if depth == 0 => return self.end_of(at + 1, part),
                Some(Brace::Close) => depth -= 1,
                None => {}
            }
        }
        self.piece.end
    }

    /// Whether a clause, a step or a line of a test begins at a place.
    fn begins_part(&self, place: usize, part: Option<usize>) -> bool {
        // It may stand for `when`.
        if place == self.piece.start && self.piece.kind == PieceKind::BareScenario {
            return true;
        }
        if self.stream.kind_at(place) != Some(TokenKind::Keyword) && self.stream.text_at(place) != "@" {
            return self.is_test && self.stream.text_at(place) == "cases" && begins_line(self.stream, place);
        }
        let text = self.stream.text_at(place);
        if self.is_test {
            return TEST_LINES.contains(&text) && begins_line(self.stream, place);
        }
        let before = place.checked_sub(1).map_or("", |before| self.stream.text_at(before));
        if !(STEPS.contains(&text) || CLAUSES.contains(&text) || text == "@") || before == "@" {
            return false;
        }
        if begins_line(self.stream, place) {
            return true;
        }
        let part = part.map_or("", |part| self.stream.text_at(part));
        match (before, text) {
            ("stop", "when") | ("only" | "else", "if") | ("once" | "times", "every") => false,
            (_, "for") => !["wait", "when"].contains(&part),
            (_, "every") => part != "repeat",
            (_, "if") => self.may_end_part(place),
            _ => before != "then",
        }
    }

    /// Whether the word before a place may be the last of a part.
    fn may_end_part(&self, place: usize) -> bool {
        let Some(before) = place.checked_sub(1) else { return true };
        let text = self.stream.text_at(before);
        match self.stream.kind_at(before) {
            Some(TokenKind::Punctuation) => ["{", "}", ")", "]", "%"].contains(&text),
            Some(TokenKind::Keyword) => {
                ["ago", "empty", "ever", "latest", "no", "once", "stop", "together", "yes"].contains(&text)
            }
            _ => true,
        }
    }
}

/// A part, and what is read in its place.
struct Part {
    places: Range<usize>,
    replacement: String,
}

/// What is open at a place: where it begins, and where its last part does.
#[derive(Clone, Copy)]
struct Level {
    begin: usize,
    part: Option<usize>,
}

fn step(open: &mut Vec<Level>, brace: Brace, begin: usize) {
    match brace {
        Brace::Open => open.push(Level { begin, part: None }),
        Brace::Close if open.len() > 1 => drop(open.pop()),
        Brace::Close => {}
    }
}

/// Doubts wait until what is wrong is mended; and whoever gives cause for many is told of some.
fn keep_few_doubts(findings: &mut Vec<Diagnostic>) {
    let is_error = |found: &Diagnostic| found.level == diagnostic::Level::Error;
    if findings.iter().any(is_error) {
        findings.retain(is_error);
    } else {
        findings.truncate(MISTAKES_MAX);
    }
}

/// Of what is not whole only a scenario is judged: of the others too much would be said that follows.
fn incomplete(kind: tree::ItemKind, is_whole: bool) -> Option<tree::ItemKind> {
    match kind {
        kind if is_whole => Some(kind),
        tree::ItemKind::Scenario(scenario) => {
            Some(tree::ItemKind::Scenario(tree::Scenario { incomplete: true, ..scenario }))
        }
        _ => None,
    }
}
