//! Messages by SMS: the alphabet and the segments that they are paid by, and the hours at which they ring.
//!
//! A text of the default alphabet (GSM 03.38) has 160 characters in one segment and 153 in each of several; one other
//! character makes all of it UCS-2, of which 70 and 67 fit.

use super::templates::{SENT_HERE, place_in};
use super::typed::{Class, Policy, Scenario, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::{QuietHours, TemplateShape};
use crate::span::Span;

/// The default alphabet (GSM 03.38), line feed and the space among them.
const ALPHABET: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: each takes two places.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How many places a character takes in the default alphabet; `None` when it has none.
fn places(letter: char) -> Option<usize> {
    match letter {
        _ if ALPHABET.contains(letter) => Some(1),
        _ if EXTENSION.contains(letter) => Some(2),
        _ => None,
    }
}

/// How many segments a text takes, `wide` in UCS-2. No character is cut in two.
fn segments(text: &str, wide: bool) -> usize {
    let (one, each) = if wide { (70, 67) } else { (160, 153) };
    // What has no place in the default alphabet would be written with one that has.
    let width = |letter: char| if wide { letter.len_utf16() } else { places(letter).unwrap_or(1) };
    if text.chars().map(width).sum::<usize>() <= one {
        return 1;
    }
    let (mut count, mut full) = (1, 0);
    for width in text.chars().map(width) {
        if full + width > each {
            count += 1;
            full = 0;
        }
        full += width;
    }
    count
}

/// How many segments a template comes to at least, and the character that makes them more.
pub(super) fn judge_sms(shape: &TemplateShape, sent: Span, out: &mut Vec<Diagnostic>) {
    let text = shape.body.shortest.trim_end();
    let mut foreign: Vec<(usize, char)> = Vec::new();
    for range in &shape.body.literal {
        let letters = shape.text.get(range.clone()).unwrap_or("").char_indices();
        foreign
            .extend(letters.filter(|(_, letter)| places(*letter).is_none()).map(|(at, each)| (range.start + at, each)));
    }
    let path = &shape.path;
    if let Some((at, letter)) = foreign.first() {
        let mut kinds: Vec<char> = foreign.iter().map(|(_, letter)| *letter).collect();
        kinds.sort_unstable();
        kinds.dedup();
        let all = kinds.iter().map(|letter| named(*letter)).collect::<Vec<_>>().join(", ");
        let (wide, narrow) = (segments(text, true), segments(text, false));
        let cost = match wide.cmp(&narrow) {
            std::cmp::Ordering::Greater => format!("{} at least, instead of {narrow}", counted(wide)),
            _ => format!("{} at least, with less room for values", counted(wide)),
        };
        out.push(
            Diagnostic::new(
                Rule::SmsAlphabet,
                format!("{} makes `{path}` an SMS of 70 characters a segment, not 160", named(*letter)),
            )
            .at(place_in(shape, &(*at..at + letter.len_utf8())), "not in the alphabet of SMS")
            .at(sent, SENT_HERE)
            .because(format!("one character outside it makes the whole text UCS-2: {cost}"))
            .help(match near(*letter) {
                Some(" ") if kinds.len() == 1 => "write a plain space instead".to_owned(),
                Some(near) if kinds.len() == 1 => format!("write `{near}` instead"),
                _ => format!("write without {all}, if the words allow it"),
            }),
        );
        return;
    }
    let count = segments(text, false);
    if count > 1 {
        out.push(
            Diagnostic::new(Rule::SmsLong, format!("`{path}` is an SMS of {} at least", counted(count)))
                .at(
                    place_in(shape, &shape.body.range),
                    format!("{} characters without its values", text.chars().count()),
                )
                .at(sent, SENT_HERE)
                .because("each segment is paid as an SMS of its own; one holds 160 characters, several hold 153 each")
                .help("say it in 160 characters, values included"),
        );
    }
}

fn counted(segments: usize) -> String {
    if segments == 1 { "1 segment".to_owned() } else { format!("{segments} segments") }
}

/// A character as it can be read; of one that cannot be seen, its number.
fn named(letter: char) -> String {
    match letter {
        '\u{a0}' | '\u{202f}' => format!("a space that does not break (U+{:04X})", u32::from(letter)),
        _ if letter.is_whitespace() || letter.is_control() => format!("the character U+{:04X}", u32::from(letter)),
        _ => format!("`{letter}`"),
    }
}

/// What a reader takes for the same.
fn near(letter: char) -> Option<&'static str> {
    Some(match letter {
        '’' | '‘' | '´' | '`' => "'",
        '“' | '”' | '„' | '«' | '»' => "\"",
        '…' => "...",
        '–' | '—' | '‑' => "-",
        'ç' => "c",
        'ê' | 'ë' => "e",
        'â' | 'á' => "a",
        'î' | 'ï' | 'í' => "i",
        'ô' | 'ó' => "o",
        'û' | 'ú' => "u",
        'œ' => "oe",
        'À' | 'Â' => "A",
        'È' | 'Ê' => "E",
        '\u{a0}' | '\u{202f}' => " ",
        _ => return None,
    })
}

/// Marketing by SMS, and no hours at which it must not ring: said once, at the first.
pub fn check_hours(scenarios: &[Scenario], policy: &Policy, out: &mut Vec<Diagnostic>) {
    let QuietHours { between, days } = &policy.quiet_hours;
    if between.is_some() || !days.is_empty() {
        return;
    }
    let steps = scenarios.iter().flat_map(Scenario::all_steps);
    let sends = steps.filter_map(|step| match &step.kind {
        StepKind::Send(send) if send.class == Class::Marketing => Some(send),
        _ => None,
    });
    let by_sms = sends.flat_map(|send| &send.alternatives).filter(|alternative| alternative.channel == "sms");
    let mut places: Vec<(Span, &str)> = by_sms.map(|each| (each.span, each.message.as_str())).collect();
    places.sort_unstable();
    places.dedup();
    let Some((first, message)) = places.first() else { return };
    let others = match places.len() - 1 {
        0 => String::new(),
        1 => " and one more message".to_owned(),
        more => format!(" and {more} more messages"),
    };
    out.push(
        Diagnostic::new(
            Rule::SmsAtNight,
            format!("`{message}`{others} may ring at night: marketing by SMS without quiet hours"),
        )
        .at(*first, "sent at any hour")
        .because(
            "an SMS rings where the person sleeps; France allows none from 22:00 to 08:00, on Sundays and holidays",
        )
        .help(
            "write `policy { quiet hours 20:00 to 09:00 and on sunday }`, in a file of its own, such as `policy.scn`",
        ),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_as_networks_do() {
        for (text, wide, expected) in [
            (String::new(), false, 1),
            ("a".repeat(160), false, 1),
            ("a".repeat(161), false, 2),
            ("a".repeat(306), false, 2),
            ("a".repeat(307), false, 3),
            // The euro takes two places, and is not cut in two.
            ("€".repeat(80), false, 1),
            (format!("{}€", "a".repeat(159)), false, 2),
            (format!("{}€{}", "a".repeat(152), "a".repeat(152)), false, 3),
            ("ê".repeat(70), true, 1),
            ("ê".repeat(71), true, 2),
            ("ê".repeat(134), true, 2),
            ("ê".repeat(135), true, 3),
            // A surrogate pair is two units, and is not cut in two.
            (format!("{}🎂{}", "a".repeat(66), "a".repeat(66)), true, 3),
        ] {
            assert_eq!(segments(&text, wide), expected, "{} {wide}", text.chars().count());
        }
    }

    #[test]
    fn french_is_partly_in_the_alphabet() {
        assert!("éèàùÉÇ€".chars().all(|letter| places(letter).is_some()));
        assert!("çêâîôûëïœ’«»…ÈÀ\u{a0}".chars().all(|letter| places(letter).is_none()));
        assert_eq!((ALPHABET.chars().count(), EXTENSION.chars().count()), (127, 10));
    }
}
