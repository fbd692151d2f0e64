//! Texts on their way out of a database and into SQL.

/// A name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text of the outside world made fit to be shown: control characters, line separators and marks that turn the
/// direction of writing become `?`, and what is longer than `longest` characters is cut.
pub fn cleaned(text: &str, longest: usize) -> String {
    let shown = |letter: char| {
        let hidden = letter.is_control()
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{061c}')
            || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if hidden { '?' } else { letter }
    };
    let mut result: String = text.chars().take(longest).map(shown).collect();
    if text.chars().nth(longest).is_some() {
        result.push('…');
    }
    result
}
