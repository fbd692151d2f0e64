//! The text of an item as it is read on after a mistake: bad parts taken out, sure repairs made. It knows where each
//! of its bytes stands in the file, so that the tree has its true places.

use super::tokens::Stream;
use std::ops::Range;

/// What stands for a part that cannot be read; the grammar's rule `hole`. A text that holds it is refused before.
pub(super) const HOLE: &str = "\0";

pub(super) struct Patched<'t> {
    /// The item as written.
    written: &'t str,
    /// Where it begins in the file.
    offset: usize,
    /// In order and apart from one another; the ranges are of `written`.
    edits: Vec<(Range<usize>, String)>,
    text: String,
}

impl<'t> Patched<'t> {
    pub(super) fn new(written: &'t str, offset: usize) -> Patched<'t> {
        Patched { written, offset, edits: Vec::new(), text: written.to_owned() }
    }

    /// The text as it is read.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Puts a replacement in the place of a range of the file. What was changed inside it before is forgotten.
    pub(super) fn replace(&mut self, range: Range<usize>, replacement: &str) {
        let range = range.start.saturating_sub(self.offset)..range.end.saturating_sub(self.offset);
        let is_apart = |edit: &(Range<usize>, String)| edit.0.end <= range.start || range.end <= edit.0.start;
        self.edits.retain(is_apart);
        let place = self.edits.partition_point(|(edit, _)| edit.start < range.start || edit.end <= range.start);
        self.edits.insert(place, (range, replacement.to_owned()));
        self.apply();
    }

    /// Takes back what was put in the place of a range of the file.
    pub(super) fn restore(&mut self, range: Range<usize>) {
        let range = range.start.saturating_sub(self.offset)..range.end.saturating_sub(self.offset);
        self.edits.retain(|(edit, _)| *edit != range);
        self.apply();
    }

    fn apply(&mut self) {
        self.text.clear();
        let mut done = 0;
        for (edit, replacement) in &self.edits {
            self.text.push_str(self.written.get(done..edit.start).unwrap_or_default());
            self.text.push_str(replacement);
            done = edit.end;
        }
        self.text.push_str(self.written.get(done..).unwrap_or_default());
    }

    /// Whether a word of the file was taken out.
    pub(super) fn is_left_out(&self, stream: &Stream<'_>, place: usize) -> bool {
        let Some(start) = stream.at(place).map(|token| token.span.range().start.saturating_sub(self.offset)) else {
            return false;
        };
        let before = self.edits.partition_point(|(edit, _)| edit.start <= start);
        let edit = before.checked_sub(1).and_then(|index| self.edits.get(index));
        edit.is_some_and(|(edit, replacement)| start < edit.end && (replacement == HOLE || replacement == " "))
    }

    /// Where a byte of the text stands in the file: that inside a replacement, at the end of what it replaces.
    pub(super) fn place_of(&self, byte: usize) -> usize {
        let (mut read, mut written) = (0, 0);
        for (edit, replacement) in &self.edits {
            let start = read + (edit.start - written);
            if byte < start {
                break;
            }
            let end = start + replacement.len();
            if byte < end {
                return self.offset + if byte == start { edit.start } else { edit.end };
            }
            (read, written) = (end, edit.end);
        }
        self.offset + written + (byte - read)
    }
}

#[cfg(test)]
mod tests {
    use super::Patched;

    #[test]
    fn bytes_keep_their_places() {
        let mut text = Patched::new("wiat 3 days snd x", 10);
        text.replace(10..14, "wait");
        text.replace(22..25, "send");
        assert_eq!(text.text(), "wait 3 days send x");
        let places = |text: &Patched| (0..=text.text().len()).map(|byte| text.place_of(byte)).collect::<Vec<_>>();
        assert_eq!(places(&text), [10, 14, 14, 14, 14, 15, 16, 17, 18, 19, 20, 21, 22, 25, 25, 25, 25, 26, 27]);
        text.replace(15..21, "\0");
        assert_eq!(text.text(), "wait \0 send x");
        assert_eq!(places(&text), [10, 14, 14, 14, 14, 15, 21, 22, 25, 25, 25, 25, 26, 27]);
        text.restore(15..21);
        assert_eq!(text.text(), "wait 3 days send x");
        text.replace(14..27, " {");
        assert_eq!(text.text(), "wait {");
        assert_eq!(places(&text), [10, 14, 14, 14, 14, 27, 27]);
    }
}
