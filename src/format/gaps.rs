//! What stands between two words: comments and blank lines.

use crate::syntax::{Stream, TokenKind};

/// The comments between two words, and what matters of the white space around them.
#[derive(Debug, Default)]
pub(super) struct Gap<'a> {
    pub(super) comments: Vec<Comment<'a>>,
    /// A blank line stands before the next word, after the last comment.
    pub(super) blank: bool,
    /// The next word begins a line.
    pub(super) line_feed: bool,
}

#[derive(Debug)]
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    /// It begins its line; otherwise it stands after a word.
    pub(super) own_line: bool,
    pub(super) blank: bool,
}

/// The gap before the word at `place`, or after the last.
pub(super) fn before<'a>(words: &Stream<'a>, place: usize) -> Gap<'a> {
    let mut gap = Gap::default();
    let mut line_feeds = 0;
    let mut first = place == 0;
    for token in words.trivia_before(place) {
        if token.kind == TokenKind::Space {
            line_feeds += words.text_of(*token).matches('\n').count();
            continue;
        }
        gap.comments.push(Comment {
            text: words.text_of(*token),
            own_line: line_feeds > 0 || first,
            blank: line_feeds > 1,
        });
        line_feeds = 0;
        first = false;
    }
    gap.blank = line_feeds > 1;
    gap.line_feed = line_feeds > 0;
    gap
}

impl Gap<'_> {
    /// How many blank lines the author put anywhere in it, one a place.
    fn has_blank(&self) -> bool {
        self.blank || self.comments.iter().any(|comment| comment.blank)
    }

    /// Allows or forbids the blank line before the first thing that begins a line.
    fn set_first_blank(&mut self, blank: bool) {
        match self.comments.iter_mut().find(|comment| comment.own_line) {
            Some(comment) => comment.blank = blank,
            None => self.blank = blank,
        }
    }

    /// A blank line in it, unless the author put one already.
    pub(super) fn separate(&mut self) {
        if !self.has_blank() {
            self.set_first_blank(true);
        }
    }

    /// No blank line after an opening brace or at the beginning of the text.
    pub(super) fn close_up_start(&mut self) {
        self.set_first_blank(false);
    }

    /// No blank line before a closing brace.
    pub(super) fn close_up_end(&mut self) {
        self.blank = false;
    }
}
