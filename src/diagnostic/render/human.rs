//! Findings for people, drawn by miette: the line, what is wrong in it, why, and the way out.

use super::clean::{clean, clean_text};
use super::places::{Lines, Places};
use crate::diagnostic::{Diagnostic, Label, Level};
use crate::span::{SourceId, Sources};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, Severity, SourceCode,
    SourceSpan, SpanContents,
};
use std::fmt;

/// The least width that messages are wrapped to: narrower they cannot be read.
const WIDTH_MIN: usize = 40;
/// The greatest, however wide the terminal: longer lines are hard to follow.
const WIDTH_MAX: usize = 120;
/// A longer line is cut around what is wrong in it, in bytes.
const LINE_MAX: usize = 400;
/// How much of a cut line is shown on each side, in bytes.
const AROUND: usize = 60;
/// How many lines are shown before and after.
const CONTEXT_LINES: usize = 1;

/// How findings are drawn.
#[derive(Clone, Copy, Debug)]
pub struct Style<'a> {
    /// With escape sequences of terminals: for terminals alone.
    pub colour: bool,
    /// Where messages are wrapped, in characters; lines of the text are never.
    pub width: usize,
    /// Where the pages of the rules are: then a code is a link to its page, in terminals that show links (OSC 8).
    pub pages: Option<&'a str>,
}

/// Without colour and links, 100 characters wide: for files and pipes.
impl Default for Style<'_> {
    fn default() -> Self {
        Style { colour: false, width: 100, pages: None }
    }
}

/// The findings as drawings, an empty line after each.
pub fn human(sources: &Sources, diagnostics: &[Diagnostic], style: Style<'_>) -> String {
    let places = Places::new(sources, diagnostics);
    let theme = if style.colour { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(style.width.clamp(WIDTH_MIN, WIDTH_MAX))
        .with_links(style.colour)
        .with_cause_chain()
        .with_context_lines(CONTEXT_LINES)
        .without_syntax_highlighting();
    // Elsewhere an address would be printed beside the code.
    let pages = style.pages.filter(|_| style.colour);
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Writing into a string cannot fail.
        let _ = handler.render_report(&mut out, &Report::new(&places, diagnostic, pages));
        for source in other_texts(sources, diagnostic) {
            let _ = handler.render_report(&mut out, &Report::elsewhere(&places, source, &diagnostic.labels));
        }
        out.push('\n');
    }
    out
}

/// A finding as miette wants it. It holds the lines around its labels only, so that drawing it costs as much
/// as what is drawn, whatever the length of the text.
#[derive(Debug)]
struct Report {
    code: Option<String>,
    page: Option<String>,
    message: String,
    level: Level,
    reason: Option<Reason>,
    help: Option<String>,
    excerpt: Option<Excerpt>,
    labels: Vec<LabeledSpan>,
}

#[derive(Debug)]
struct Reason(String);

impl Report {
    fn new(places: &Places<'_>, diagnostic: &Diagnostic, pages: Option<&str>) -> Report {
        let info = diagnostic.rule.info();
        let own = diagnostic.span().map(|span| span.source);
        let (excerpt, labels) = own.map_or((None, Vec::new()), |own| drawn(places, own, &diagnostic.labels));
        Report {
            code: Some(format!("{}[{}] {}", diagnostic.level.name(), info.code, info.name)),
            page: pages.map(|pages| info.page_in(pages)),
            message: clean_text(&diagnostic.message).into_owned(),
            level: diagnostic.level,
            reason: diagnostic.reason.as_deref().map(|reason| Reason(clean_text(reason).into_owned())),
            help: diagnostic.help.as_deref().map(|help| clean_text(help).into_owned()),
            excerpt,
            labels,
        }
    }

    /// The labels of a finding that stand in another text than its own.
    fn elsewhere(places: &Places<'_>, source: SourceId, labels: &[Label]) -> Report {
        let (excerpt, labels) = drawn(places, source, labels);
        let name = places.lines(source).map_or("", |lines| &lines.source.name);
        Report {
            code: None,
            page: None,
            message: format!("see also `{}`", clean(name)),
            level: Level::Note,
            reason: None,
            help: None,
            excerpt,
            labels,
        }
    }
}

/// The texts that a finding points into beside its own; miette draws one text at a time.
fn other_texts(sources: &Sources, diagnostic: &Diagnostic) -> Vec<SourceId> {
    let own = diagnostic.span().map(|span| span.source);
    let mut others: Vec<SourceId> = diagnostic.labels.iter().map(|label| label.span.source).collect();
    others.sort_unstable();
    others.dedup();
    others.retain(|source| Some(*source) != own && sources.get(*source).is_some());
    others
}

/// The part of a text that the labels in it need, and the labels moved into that part.
fn drawn(places: &Places<'_>, source: SourceId, labels: &[Label]) -> (Option<Excerpt>, Vec<LabeledSpan>) {
    let Some(lines) = places.lines(source) else { return (None, Vec::new()) };
    let mut marks: Vec<(usize, usize, &str)> = Vec::new();
    for label in labels.iter().filter(|label| label.span.source == source) {
        let (start, end) = lines.clip(label.span);
        marks.push((start, end, &label.text));
    }
    let mut excerpt = Excerpt::around(lines, &mut marks);
    let end = excerpt.offset + excerpt.text.len();
    if marks.iter().any(|mark| mark.0 == end) {
        // miette draws no mark where there is no character.
        excerpt.text.push(' ');
    }
    let labels = marks.into_iter().enumerate().map(|(place, (start, end, text))| {
        let text = (!text.is_empty()).then(|| clean(text).into_owned());
        let span = (start - excerpt.offset, end - start);
        match place {
            // The excerpt is headed by the place of the finding, not by what comes first in the text.
            0 => LabeledSpan::new_primary_with_span(text, span),
            _ => LabeledSpan::new_with_span(text, span),
        }
    });
    let labels = labels.collect();
    (Some(excerpt), labels)
}

/// Some lines of a text, that know their number in it.
#[derive(Debug)]
struct Excerpt {
    name: String,
    text: String,
    /// The byte of the whole text at which it starts.
    offset: usize,
    /// The number of its first line, from 0.
    first_line: usize,
    /// The column at which its first line is cut, from 0.
    first_column: usize,
}

impl Excerpt {
    /// The lines of the marks and those around them. Where one of these lines is too long, a part of the first
    /// mark's line, and the other marks that stand in it whole.
    fn around(lines: &Lines<'_>, marks: &mut Vec<(usize, usize, &str)>) -> Excerpt {
        let start = marks.iter().map(|mark| mark.0).min().unwrap_or(0);
        let end = marks.iter().map(|mark| mark.1).max().unwrap_or(0);
        let first = lines.line_of(start).saturating_sub(CONTEXT_LINES);
        let last = lines.line_of(end) + CONTEXT_LINES;
        let fits = (first..=last).all(|line| lines.start_of(line + 1) - lines.start_of(line) <= LINE_MAX);
        if fits {
            return Excerpt::cut(lines, lines.start_of(first), lines.start_of(last + 1));
        }
        let (start, end) = marks.first().map_or((0, 0), |mark| (mark.0, mark.1));
        let line = lines.line_of(start);
        let text = &lines.source.text;
        let from = text.floor_char_boundary(start.saturating_sub(AROUND)).max(lines.start_of(line));
        let line_end = text
            .get(start..lines.start_of(line + 1))
            .map_or(start, |rest| start + rest.trim_end_matches(['\r', '\n']).len());
        let to = text.floor_char_boundary(end.min(start + LINE_MAX) + AROUND).min(line_end).max(start);
        marks.retain_mut(|mark| {
            mark.1 = mark.1.min(to);
            (from..=to).contains(&mark.0)
        });
        Excerpt::cut(lines, from, to)
    }

    fn cut(lines: &Lines<'_>, from: usize, to: usize) -> Excerpt {
        let (line, column) = lines.position(from);
        Excerpt {
            name: clean(&lines.source.name).into_owned(),
            text: clean_text(lines.source.text.get(from..to).unwrap_or("")).into_owned(),
            offset: from,
            first_line: line - 1,
            first_column: column - 1,
        }
    }
}

impl SourceCode for Excerpt {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let inner = self.text.read_span(span, lines_before, lines_after)?;
        let cut = if inner.line() == 0 { self.first_column } else { 0 };
        // miette counts bytes.
        let before = self.text.get(..inner.span().offset()).unwrap_or("");
        let characters = before.rfind('\n').map_or(before, |feed| before.get(feed + 1..).unwrap_or("")).chars().count();
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            *inner.span(),
            inner.line() + self.first_line,
            characters + cut,
            inner.line_count(),
        )))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.reason.as_ref().map(|reason| reason as _)
    }
}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.as_ref().map(|code| Box::new(code) as _)
    }

    fn url<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.page.as_ref().map(|page| Box::new(page) as _)
    }

    fn severity(&self) -> Option<Severity> {
        Some(match self.level {
            Level::Error => Severity::Error,
            Level::Warning => Severity::Warning,
            Level::Note => Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as _)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.excerpt.as_ref().map(|excerpt| excerpt as _)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        (!self.labels.is_empty()).then(|| Box::new(self.labels.iter().cloned()) as _)
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}
