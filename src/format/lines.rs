//! Lines, from words and a plan, and their text.

use super::gaps::{self, Gap};
use super::plan::{CONTINUATION, Plan};
use super::{LINE_WIDTH_MAX, spacing};
use crate::syntax::Stream;

#[derive(Default)]
struct Line<'a> {
    blank_before: bool,
    /// In levels of two spaces.
    indent: usize,
    /// The indentation of what is too wide for the line.
    rest_indent: usize,
    words: Vec<Printed<'a>>,
    comment: Option<&'a str>,
}

struct Printed<'a> {
    text: &'a str,
    /// How many spaces stand before it, unless it begins a line.
    spaces: usize,
    may_break: bool,
}

/// The whole text in its layout.
pub(super) fn write(words: &Stream<'_>, plan: &Plan) -> String {
    let mut writer = Writer { words, plan, lines: Vec::new(), indent: 0, items: 0 };
    for place in 0..words.count() {
        writer.word(place);
    }
    writer.end();
    let mut out = String::with_capacity(words.text.len());
    for line in &writer.lines {
        print(line, &mut out);
    }
    out
}

struct Writer<'a> {
    words: &'a Stream<'a>,
    plan: &'a Plan,
    lines: Vec<Line<'a>>,
    /// The indentation of the last line that the plan began.
    indent: usize,
    /// How many items have begun.
    items: usize,
}

impl<'a> Writer<'a> {
    fn word(&mut self, place: usize) {
        let breaks = self.plan.breaks.get(place).copied().flatten();
        let gap = self.gap(place, breaks.is_some());
        let closing = self.words.text_at(place) == "}";
        let comment_indent = match breaks {
            Some(indent) => indent + usize::from(closing),
            None => self.indent + CONTINUATION,
        };
        let broken_by_comment = !gap.comments.is_empty();
        self.comments(&gap, comment_indent, breaks.is_some());
        if let Some(indent) = breaks {
            self.indent = indent;
            let rest_indent = indent + CONTINUATION;
            self.lines.push(Line { blank_before: gap.blank, indent, rest_indent, ..Line::default() });
        } else if broken_by_comment {
            let indent = self.indent + CONTINUATION;
            self.lines.push(Line { indent, rest_indent: indent, ..Line::default() });
        }
        let printed = Printed {
            text: self.words.text_at(place),
            spaces: usize::from(spacing::space_before(self.words, place))
                + self.plan.pads.get(place).copied().unwrap_or(0),
            may_break: spacing::may_break(self.words, place),
        };
        if let Some(line) = self.lines.last_mut() {
            line.words.push(printed);
        }
    }

    /// The gap before a word, with the blank lines that the layout wants.
    fn gap(&mut self, place: usize, begins_line: bool) -> Gap<'a> {
        let mut gap = gaps::before(self.words, place);
        let item = self.plan.items.get(self.items).filter(|item| item.first == place);
        if let Some(item) = item {
            let previous = self.items.checked_sub(1).and_then(|before| self.plan.items.get(before));
            let together = previous.is_some_and(|previous| {
                previous.single && item.single && self.words.text_at(previous.first) == self.words.text_at(item.first)
            });
            if previous.is_some() && !together {
                gap.separate();
            }
            self.items += 1;
        }
        let after_brace = place.checked_sub(1).is_none_or(|before| self.words.text_at(before) == "{");
        if begins_line && after_brace {
            gap.close_up_start();
        }
        if self.words.text_at(place) == "}" {
            gap.close_up_end();
        }
        gap
    }

    fn comments(&mut self, gap: &Gap<'a>, indent: usize, keep_blank: bool) {
        for comment in &gap.comments {
            let after_word = self.lines.last_mut().filter(|line| !comment.own_line && line.comment.is_none());
            match after_word {
                Some(line) => line.comment = Some(comment.text),
                None => self.lines.push(Line {
                    blank_before: comment.blank && keep_blank,
                    indent,
                    comment: Some(comment.text),
                    ..Line::default()
                }),
            }
        }
    }

    /// The comments after the last word.
    fn end(&mut self) {
        let mut gap = gaps::before(self.words, self.words.count());
        if self.words.count() == 0 {
            gap.close_up_start();
        }
        self.comments(&gap, 0, true);
    }
}

fn print(line: &Line<'_>, out: &mut String) {
    if line.blank_before {
        out.push('\n');
    }
    let mut column = begin(line.indent, out);
    let mut rest = line.words.as_slice();
    let mut begins = true;
    while !rest.is_empty() {
        // Up to the next word before which the line may be broken.
        let length = rest.iter().skip(1).position(|word| word.may_break).map_or(rest.len(), |at| at + 1);
        let (chunk, after) = rest.split_at(length);
        rest = after;
        let width: usize = chunk.iter().map(|word| word.spaces + word.text.chars().count()).sum();
        if !begins && column + width > LINE_WIDTH_MAX {
            out.push('\n');
            column = begin(line.rest_indent, out);
            begins = true;
        }
        for word in chunk {
            let spaces = if begins { 0 } else { word.spaces };
            out.extend(std::iter::repeat_n(' ', spaces));
            out.push_str(word.text);
            column += spaces + word.text.chars().count();
            begins = false;
        }
    }
    if let Some(comment) = line.comment {
        out.push_str(if line.words.is_empty() { "" } else { "  " });
        out.push_str(comment);
    }
    out.push('\n');
}

/// Indents, and says at which column that ends.
fn begin(indent: usize, out: &mut String) -> usize {
    out.extend(std::iter::repeat_n("  ", indent));
    2 * indent
}
