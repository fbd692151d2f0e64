//! A scenario's text under another name.

use crate::format::format;
use crate::span::SourceId;
use crate::syntax::{Stream, TokenKind, parse};

/// The text with the scenario `from` called `to`, wherever it is declared or named, and with amounts in another currency.
/// A message, a field or a segment that is called like the scenario keeps its name.
pub fn rename(text: &str, from: &str, to: &str, (currency, own): (&str, &str)) -> String {
    let parsed = parse(SourceId::default(), text);
    let words = Stream::new(text, &parsed.tokens);
    let mut renamed = String::with_capacity(text.len());
    let mut end = 0;
    // Whether the words are a list of scenarios: after `of` of a test, and after `priority`.
    let mut listed = false;
    for place in 0..words.count() {
        let Some(token) = words.at(place) else { break };
        let word = words.text_of(token);
        let before = |back: usize| place.checked_sub(back).map_or("", |place| words.text_at(place));
        let of_test = word == "of" && before(2) == "test";
        listed = of_test
            || word == "priority"
            || (listed && matches!(token.kind, TokenKind::Name | TokenKind::Punctuation) && word != "{");
        let names = token.kind == TokenKind::Name
            && word == from
            && (matches!(before(1), "scenario" | "start" | "in")
                || (listed && matches!(before(1), "of" | "," | "priority")));
        let amount = token.kind == TokenKind::Name
            && word == currency
            && place.checked_sub(1).and_then(|place| words.kind_at(place)) == Some(TokenKind::Number);
        let new = match (names, amount) {
            (true, _) => to,
            (_, true) => own,
            _ => continue,
        };
        renamed.push_str(text.get(end..token.span.start as usize).unwrap_or(""));
        renamed.push_str(new);
        end = token.span.end as usize;
    }
    renamed.push_str(text.get(end..).unwrap_or(""));
    // Longer names may need other line ends; a text that cannot be read is left as it is.
    format(&renamed).unwrap_or(renamed)
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn only_the_scenario_is_renamed() {
        let cases = [
            ("scenario a { when started }\n", "scenario b { when started }\n"),
            ("scenario x { when a send email a }\n", "scenario x { when a send email a }\n"),
            ("scenario x { when started start a }\n", "scenario x { when started start b }\n"),
            ("scenario x { when e for not in a }\n", "scenario x { when e for not in b }\n"),
            ("let x = a in a and a\n", "let x = a in b and a\n"),
            (
                "test \"a\" of c, a { given a a expect email a to a expect start a for a }\n",
                "test \"a\" of c, b { given a a expect email a to a expect start b for a }\n",
            ),
            ("policy { priority a, c }\n", "policy { priority b, c }\n"),
            ("let x = 20 GBP\n", "let x = 20 EUR\n"),
            ("let x = a = ", "let x = a = "),
        ];
        for (text, renamed) in cases {
            let found = rename(text, "a", "b", ("GBP", "EUR"));
            let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(squeezed(&found), squeezed(renamed));
        }
    }
}
