//! What writers of other languages, and of letters, put between the words: a way out for each.

use super::braces::begins_line;
use super::errors::{did_you_mean, nearly_keyword};
use super::grammar::Rule;
use super::keywords::{ITEMS, STEPS};
use super::meant::form_of;
use super::tokens::Stream;
use super::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Rule as Finding};
use crate::time::Weekday;

/// How far back the keyword of a sentence is looked for, in tokens.
const BEFORE_MAX: usize = 40;

/// How a condition of several parts is written in a filter.
const WHERE_WHOLE: &str = "put the whole condition into parentheses: `where (quantity > 5 and quantity < 30)`";

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
    if stream.kind_at(place) == Some(TokenKind::Number)
        && place.checked_sub(1).is_some_and(|at| ITEMS.contains(&stream.text_at(at)))
    {
        return Some("a name begins with a letter, or with `_`");
    }
    let is_alternative =
        (0..place).rev().find(|at| !is_of_path(stream, *at)).is_some_and(|at| stream.text_at(at) == "or");
    Some(match (text, keyword) {
        ("is" | ".", _) if is_unit_of_is(stream, place) => {
            "a number takes the word after it for its unit: join both, `where (quantity is 1 and discounted)`"
        }
        ("last", _) if stream.at(place).is_some() && compares_before_window(stream, place) => {
            "the time stands before the comparison: `count of purchased in last 3 months > 3`"
        }
        ("at", "wait") if between_steps && is_day(stream, place) => {
            "a day stands after `until`: `wait until monday at 09:00`"
        }
        ("at", "wait") if between_steps => "write two waits: `wait 3 days wait until at 09:00`",
        ("and" | "or", "where") => WHERE_WHOLE,
        ("not", "where") => "put what is denied into parentheses: `where (not discounted)`",
        ("<" | "<=" | ">" | ">=", "where") if is_alternative => WHERE_WHOLE,
        ("<" | "<=" | ">" | ">=", _) => "in a filter, begin the comparison with `where`: `where quantity >= 3`",
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
        ("after" | "in", _) if between_steps => "time passes in `wait`: before the step, write `wait 3 days`",
        ("at", "send") => {
            "time passes in `wait`: before the step, write `wait until at 09:00` or `wait until monday at 09:00`"
        }
        (_, "send") if place > 0 && stream.text_at(place - 1) == "on" => {
            "time passes in `wait`: before the step, write `wait until monday at 09:00`"
        }
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

/// What other languages write for a word of this one: the word is put in its place.
pub(super) fn foreign(after_value: bool, stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let token = stream.at(place)?;
    let text = stream.text_of(token);
    if token.kind == TokenKind::Unknown && text.chars().count() > 1 && !text.starts_with('"') {
        let inner: String = text.chars().skip(1).take(text.chars().count().saturating_sub(2)).collect();
        let meant = format!("\"{}\"", inner.trim());
        return Some(
            Diagnostic::new(Finding::UnexpectedText, "these are no quotes of the language")
                .at(token.span, "texts stand in straight double quotes")
                .help(format!("write `{meant}`"))
                .fix(token.span, meant),
        );
    }
    let next = stream.text_at(place + 1);
    let before = place.checked_sub(1).map_or("", |before| stream.text_at(before));
    let (first, last, meant) = match (text, next) {
        ("=", _) if before == ">" => (place - 1, place, ">="),
        ("=", _) if before == "<" => (place - 1, place, "<="),
        ("=", ">") if after_value => (place, place + 1, ">="),
        ("=", "<") if after_value => (place, place + 1, "<="),
        ("=", "=") if after_value => (place, place + 1, "is"),
        ("=", _) if after_value => (place, place, "is"),
        ("!", "=") if after_value => (place, place + 1, "is not"),
        (">", _) if before == "<" => (place - 1, place, "is not"),
        ("&", "&") if after_value => (place, place + 1, "and"),
        ("&", _) if after_value => (place, place, "and"),
        ("|", "|") if after_value => (place, place + 1, "or"),
        ("|", _) if after_value => (place, place, "or"),
        ("!", _) if !after_value => (place, place, "not"),
        ("\u{2013}" | "\u{2014}" | "\u{2212}", _) => (place, place, "-"),
        _ => return None,
    };
    let span = stream.at(first)?.span.to(stream.at(last)?.span);
    // A word stands apart from the words beside it.
    let is_apart = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_whitespace);
    let bytes = stream.text.as_bytes();
    let before = if is_apart(span.range().start.checked_sub(1).and_then(|at| bytes.get(at))) { "" } else { " " };
    let after = if is_apart(bytes.get(span.range().end)) { "" } else { " " };
    let written = stream.text.get(span.range()).unwrap_or(text);
    let found = Diagnostic::new(Finding::UnexpectedText, format!("`{written}` is not of this language"));
    let found = match meant {
        "is" => found.because("`=` gives a value; `is` compares"),
        _ => found,
    };
    Some(
        found
            .at(span, format!("did you mean `{meant}`?"))
            .help(format!("write `{meant}`"))
            .fix(span, format!("{before}{meant}{after}")),
    )
}

/// `10,50 EUR`: the decimals after a comma, in which another number would begin. The place is that of the comma or after it.
pub(super) fn decimal_comma(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let comma = if stream.text_at(place) == "," { place } else { place.checked_sub(1)? };
    let (whole, decimals) = (comma.checked_sub(1)?, comma + 1);
    let number = |place: usize| {
        let token = stream.at(place).filter(|token| token.kind == TokenKind::Number)?;
        let text = stream.text_of(token);
        text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.').then_some((token.span, text))
    };
    let ((first, whole), (last, decimals)) = (number(whole)?, number(decimals)?);
    if stream.text_at(comma) != "," || last.start != first.end + 1 || decimals.contains('.') {
        return None;
    }
    let found = Diagnostic::new(Finding::UnexpectedText, format!("`{whole},{decimals}` is not a number"))
        .at(first.to(last), "decimals stand after a point");
    if stream.text_at(comma + 2).starts_with(|letter: char| letter.is_lowercase()) {
        // Read as decimals, it would be wrong once more.
        return Some(found.help("a duration has no decimals: write it in a smaller unit, such as `36 hours`"));
    }
    let in_thousands = whole.split_once('.').map(|(thousands, rest)| (format!("{thousands}{rest}"), rest.len()));
    // Of three digits nobody knows whether they are thousands.
    Some(match (in_thousands, decimals.len()) {
        (Some((whole, 3)), 1 | 2) => {
            found.help(format!("write `{whole}.{decimals}`")).fix(first.to(last), format!("{whole}.{decimals}"))
        }
        (Some(_), _) => found.help("write one point, before the decimals: `1500.00`"),
        (None, 3) => found.help(format!("write `{whole}{decimals}` for thousands, `{whole}.{decimals}` for decimals")),
        (None, _) => {
            found.help(format!("write `{whole}.{decimals}`")).fix(first.to(last), format!("{whole}.{decimals}"))
        }
    })
}

/// `send email reminder if CONDITION`: what is in the way is that no block follows.
pub(super) fn if_behind_step(
    expected: &[Rule],
    stream: &Stream<'_>,
    place: usize,
    judged: &[usize],
) -> Option<Diagnostic> {
    if !expected.contains(&Rule::block) && !expected.contains(&Rule::open_brace) {
        return None;
    }
    let before = (0..place).rev().take(BEFORE_MAX).take_while(|place| !["{", "}"].contains(&stream.text_at(*place)));
    let place_of_if = before.filter(|place| stream.text_at(*place) == "if").last()?;
    let token = stream.at(place_of_if)?;
    let before = place_of_if.checked_sub(1).filter(|before| !judged.contains(before));
    if let Some((only, meant)) = before.and_then(|before| nearly_keyword(stream, stream.at(before)?))
        && meant.word == "only"
    {
        return Some(did_you_mean(stream, only, meant));
    }
    let step =
        (0..place_of_if).rev().find(|place| begins_line(stream, *place) || STEPS.contains(&stream.text_at(*place)))?;
    let is_behind = step < place_of_if && !begins_line(stream, place_of_if) && STEPS.contains(&stream.text_at(step));
    let is_last = place >= stream.count() || begins_line(stream, place) || stream.text_at(place) == "}";
    let is_plain = !["else", "only"].contains(&stream.text_at(place_of_if.checked_sub(1)?));
    (is_behind && is_last && is_plain).then(|| {
        Diagnostic::new(Finding::UnexpectedText, "this `if` stands behind a step, and has no block")
            .at(token.span, "did you mean `only if`?")
            .help("write `only if`: then the step before it is done only if the condition holds")
            .fix(token.span, "only if")
    })
}

/// `goal purchased within 30 days`: it is always counted from the last message.
pub(super) fn within_of_goal(expected: &[Rule], stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    if !expected.contains(&Rule::kw_of) {
        return None;
    }
    let mut before = (0..place).rev().take(BEFORE_MAX).filter(|place| form_of(stream.text_at(*place)).is_some());
    let within = before.next().filter(|place| stream.text_at(*place) == "within")?;
    before.find(|place| stream.text_at(*place) == "goal")?;
    let (first, last) = (stream.at(within)?, stream.at(place.checked_sub(1)?)?);
    if place == within + 1 {
        return None;
    }
    Some(
        Diagnostic::new(Finding::UnexpectedText, "this `within` lacks what it is counted from")
            .at(first.span.to(last.span), "of which message?")
            .help("write `of last message` after it: a goal is counted from the last message that was sent")
            .fix(last.span, format!("{} of last message", stream.text_of(last))),
    )
}

/// `quantity is 1 quantity is 2`: the name before a place was read as the unit of a number.
fn is_unit_of_is(stream: &Stream<'_>, place: usize) -> bool {
    place >= 3
        && stream.kind_at(place - 1) == Some(TokenKind::Name)
        && stream.kind_at(place - 2) == Some(TokenKind::Number)
        && ["is", "not"].contains(&stream.text_at(place - 3))
}

/// `count of purchased > 3 in last 3 months`
fn compares_before_window(stream: &Stream<'_>, place: usize) -> bool {
    let is_of_line = |at: &usize| !is_end_of_condition(stream.text_at(*at));
    let mut before = (0..place).rev().take(BEFORE_MAX).take_while(is_of_line);
    let is_after_in = before.next().is_some_and(|at| stream.text_at(at) == "in");
    is_after_in
        && before.any(|at| ["<", ">", "is"].contains(&stream.text_at(at)))
        && before.any(|at| stream.text_at(at) == "of")
}

fn is_end_of_condition(text: &str) -> bool {
    ["and", "or", "for", "if", "when", "unless", "{", "}"].contains(&text)
}

/// Whether a word belongs to a path.
fn is_of_path(stream: &Stream<'_>, place: usize) -> bool {
    stream.kind_at(place) == Some(TokenKind::Name) || stream.text_at(place) == "."
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

/// Whether a day of the week stands before a place.
fn is_day(stream: &Stream<'_>, place: usize) -> bool {
    place.checked_sub(1).is_some_and(|before| Weekday::named(stream.text_at(before)).is_some())
}
