//! Text that a terminal shows and does not obey.
//!
//! Sources, names of files and replies of servers come from elsewhere. An escape sequence in them could hide
//! a finding or repaint the screen, and a mark of writing direction could show a text that the file does not hold.

use std::borrow::Cow;

/// One line: control characters and marks of writing direction give way to visible ones, tabs and line feeds to spaces.
pub fn clean(text: &str) -> Cow<'_, str> {
    replaced(text, |character| match character {
        '\t' | '\n' => Some(" "),
        other => substitute(other),
    })
}

/// Several lines: as [`clean`], but line feeds, tabs, and a carriage return before a line feed stay. Every character keeps its
/// length in bytes, so that offsets into the text stay true.
pub fn clean_text(text: &str) -> Cow<'_, str> {
    let bytes = text.as_bytes();
    let mut place = 0;
    replaced(text, |character| {
        place += character.len_utf8();
        match character {
            '\t' | '\n' => None,
            '\r' if bytes.get(place) == Some(&b'\n') => None,
            other => substitute(other),
        }
    })
}

fn replaced(text: &str, mut substitute: impl FnMut(char) -> Option<&'static str>) -> Cow<'_, str> {
    let mut out: Option<String> = None;
    for (place, character) in text.char_indices() {
        match (substitute(character), &mut out) {
            (None, None) => {}
            (None, Some(out)) => out.push(character),
            (Some(shown), Some(out)) => out.push_str(shown),
            (Some(shown), out @ None) => {
                *out = Some(format!("{}{shown}", text.get(..place).unwrap_or("")));
            }
        }
    }
    out.map_or(Cow::Borrowed(text), Cow::Owned)
}

/// What is shown in the place of a character that a terminal would obey, of the same length in bytes.
fn substitute(character: char) -> Option<&'static str> {
    match character {
        '\u{0}'..='\u{1f}' | '\u{7f}' => Some("?"),
        '\u{80}'..='\u{9f}' | '\u{61c}' => Some("·"),
        '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("\u{fffd}"),
        _ => None,
    }
}
