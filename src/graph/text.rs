//! How wide a text is, and how it is broken into lines, without a font: a picture is seen with whichever font is there, so
//! widths are guessed on the large side.

/// The height of a line of text, in pixels.
pub(super) const LINE_HEIGHT: i32 = 18;
/// The size of the letters, in pixels.
pub(super) const FONT_SIZE: i32 = 13;

/// How wide a text is at [`FONT_SIZE`], in pixels.
pub(super) fn width(text: &str) -> i32 {
    let hundredths: i32 = text.chars().map(letter_width).fold(0, i32::saturating_add);
    hundredths.saturating_mul(FONT_SIZE) / 100
}

/// In hundredths of the font's size, as in a wide font of screens.
fn letter_width(letter: char) -> i32 {
    match letter {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 34,
        ' ' => 33,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '"' | '/' | 'I' => 43,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 96,
        '+' | '=' | '<' | '>' => 82,
        // East Asian letters and pictures are as wide as they are high.
        '\u{1100}'.. => 105,
        _ if letter.is_uppercase() => 72,
        _ => 62,
    }
}

/// The lines of a text, each at most `width_max` pixels wide where its words allow it, and all about as wide; a word that is
/// much wider is broken.
pub(super) fn wrapped(text: &str, width_max: i32) -> Vec<String> {
    let words: Vec<String> = text.split(' ').flat_map(|word| pieces(word, 2 * width_max)).collect();
    let mut lines = filled(&words, width_max);
    for narrower in (1..10).map(|tenth| width_max - tenth * width_max / 10) {
        let balanced = filled(&words, narrower);
        if balanced.len() > lines.len() {
            break;
        }
        lines = balanced;
    }
    lines
}

/// As many words on each line as it takes.
fn filled(words: &[String], width_max: i32) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in words {
        if !line.is_empty() && width(&line) + width(" ") + width(word) > width_max {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

/// A word, in parts that are no wider than that.
fn pieces(word: &str, width_max: i32) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut wide = 0;
    for letter in word.chars() {
        let more = letter_width(letter) * FONT_SIZE / 100;
        if wide + more > width_max {
            pieces.push(String::new());
            wide = 0;
        }
        wide += more;
        if let Some(piece) = pieces.last_mut() {
            piece.push(letter);
        }
    }
    pieces
}
