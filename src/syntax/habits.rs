//! What writers of other languages, and of letters, put between the words: a way out for each.

use super::grammar::Rule;
use super::meant::form_of;
use super::tokens::Stream;
use super::{Token, TokenKind};

/// How far back the keyword of a sentence is looked for, in tokens.
const BEFORE_MAX: usize = 40;

/// The way out where a habit is in the way; `None` where it is something else.
pub(super) fn help(expected: &[Rule], stream: &Stream<'_>, place: usize) -> Option<&'static str> {
    let text = stream.text_at(place);
    let between_steps = expected.contains(&Rule::step);
    let (_, keyword) = keyword_before(stream, place);
    if stream.at(place).is_some_and(is_text) && expected.contains(&Rule::name) {
        return Some(match keyword {
            "scenario" => {
                "a scenario is called by one word, its title may follow: `scenario welcome \"Welcome\" { ... }`"
            }
            _ => "names stand without quotes: `send email reminder`, `when purchased`",
        });
    }
    Some(match (text, keyword) {
        ("=", _) => "`=` gives a value; to compare, write `is`",
        ("<" | "<=" | ">" | ">=", _) => "in a filter, begin the comparison with `where`: `where quantity >= 3`",
        ("&", _) => "write `and`",
        ("!", _) => "write `not`, or `is not`",
        (";", _) => "leave it out: white space is enough between two steps",
        ("'" | "\u{201c}" | "\u{201d}" | "\u{ab}", _) => "texts stand in straight double quotes, `\"so\"`",
        ("-", _) if expected.contains(&Rule::number) => "write the number without `-`",
        ("/" | "-", _) if ["/", "*", "-"].contains(&stream.text_at(place + 1)) => "a comment begins with `#`",
        ("€" | "$" | "£", _) => "a currency is three capital letters after the number: `100 EUR`",
        ("," | "and", "send") => {
            "`or` takes the first channel that reaches the contact: `send email a or sms b`; for both, write `send` twice"
        }
        ("and", "when") => "events are joined by `or`: `when purchased or subscribed`; a condition follows `for`",
        ("and", "every") => "write one scenario for each day, or `every day for ...`",
        ("then" | "send" | "stop" | "wait" | "tag" | "set" | "start", "if" | "else") => {
            "the steps of an `if` stand in braces: `if CONDITION { send email reminder }`"
        }
        ("," | "then" | "and", _) if between_steps => "leave it out: steps follow one another, white space is enough",
        ("after", _) if between_steps => "time passes in `wait`: `wait 3 days`",
        ("unless" | "only", "when") => {
            "`unless` and `only if` follow a step; for whom the scenario is, `for` says; how often, `once`"
        }
        ("for", "wait") => "leave `for` out: `wait 3 days`; until an event at most: `wait up to 3 days for purchased`",
        (".", "when") => "`when` takes an event; for a date of the contact write `every year on contact.birthday`",
        ("not", "when") => "write `when no purchased for 3 months`",
        ("of", _) => "how often is asked by `count of purchased ever`, how much by `sum of purchased.amount ever`",
        ("}", _) if form_of(keyword).is_none() => {
            "check that every `}` closes a `{`, and that nothing is missing before it"
        }
        _ => return None,
    })
}

fn is_text(token: Token) -> bool {
    token.kind == TokenKind::Text
}

/// The nearest keyword before a place that begins a sentence, and the word before that one.
pub(super) fn keyword_before<'t>(stream: &Stream<'t>, place: usize) -> (&'t str, &'t str) {
    let mut before = (0..place).rev().take(BEFORE_MAX);
    let found = before.find(|place| form_of(stream.text_at(*place)).is_some());
    found.map_or(("", ""), |place| {
        (place.checked_sub(1).map_or("", |before| stream.text_at(before)), stream.text_at(place))
    })
}
