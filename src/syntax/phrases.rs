//! What daily English, spreadsheets and templates say in several words, or with other marks, and the language in its own.

use super::braces::begins_line;
use super::habits::keyword_before;
use super::keywords::CHANNELS;
use super::tokens::Stream;
use super::tree::Word;
use super::{Token, TokenKind};
use crate::diagnostic::{Diagnostic, Near, Rule as Finding, suggestion};
use crate::span::Span;
use std::ops::Range;

/// Comparisons in words.
const COMPARISONS: &[(&str, &str, &str)] = &[
    ("at", "least", ">="),
    ("at", "most", "<="),
    ("bigger", "than", ">"),
    ("fewer", "than", "<"),
    ("greater", "than", ">"),
    ("higher", "than", ">"),
    ("larger", "than", ">"),
    ("less", "than", "<"),
    ("lower", "than", "<"),
    ("moins", "de", "<"),
    ("more", "than", ">"),
    ("plus", "de", ">"),
    ("smaller", "than", "<"),
];

/// Words for what a list has among its values.
const CONTAINS: &[&str] = &["contain", "contains", "contient", "include", "includes"];

/// What is said of a step that comes due, and adds nothing to it.
const AT_ONCE: &[&str] = &["immediately", "instantly", "maintenant", "now", "please", "today"];

/// The longest phrase, in words: `is greater than or equal to`.
const PHRASE_MAX: usize = 6;

/// The longest value between `between` and `and`, in words.
const VALUE_MAX: usize = 4;

/// The finding for a phrase that is in the way at a place; `None` where there is none, or its words are `judged` already. After a
/// value an operator may follow.
pub(super) fn found(after_value: bool, stream: &Stream<'_>, place: usize, judged: &[usize]) -> Option<Diagnostic> {
    comparison(after_value, stream, place)
        .or_else(|| between(stream, place))
        .filter(|found| !found.fix.as_ref().is_some_and(|fix| judged.contains(&stream.places_under(fix.span).start)))
        .or_else(|| contains(stream, place))
        .or_else(|| hyphen(stream, place))
        .or_else(|| thousands(stream, place))
        .or_else(|| currency_first(stream, place))
        .or_else(|| article(stream, place))
        .or_else(|| of_template(stream, place))
        .or_else(|| at_once(stream, place))
        .or_else(|| business_days(stream, place))
}

fn not_ours(written: &str) -> Diagnostic {
    Diagnostic::new(Finding::UnexpectedText, format!("`{written}` is not of this language"))
}

fn write(found: Diagnostic, span: Span, meant: String) -> Diagnostic {
    found.at(span, format!("did you mean `{meant}`?")).help(format!("write `{meant}`")).fix(span, meant)
}

/// `amount greater than 100 EUR`
fn comparison(after_value: bool, stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let (phrase, sign) = (place.saturating_sub(PHRASE_MAX)..=place).rev().find_map(|first| {
        let (phrase, sign) = sign_at(stream, first)?;
        // `at` is no name, and in the way itself.
        let is_here = match stream.text_at(first) {
            "at" => place == first && (after_value || first > 0 && stream.text_at(first - 1) == "is"),
            _ => place <= phrase.end + usize::from(is_currency(stream.text_at(phrase.end))),
        };
        is_here.then_some((phrase, sign))
    })?;
    let first = phrase.start - usize::from(phrase.start > 0 && stream.text_at(phrase.start - 1) == "is");
    let before = stream.at(first.checked_sub(1)?)?;
    let is_value =
        matches!(before.kind, TokenKind::Name | TokenKind::Number) || is_end_of_value(stream.text_of(before));
    if !is_value {
        return None;
    }
    let written = words(stream, first..phrase.end)?;
    let span = span_of(stream, first..phrase.end)?;
    let is_of_event =
        first > 1 && stream.text_at(first - 2) == "when" && (first == 2 || stream.text_at(first - 3) != "stop");
    if is_of_event || ["time", "times"].contains(&stream.text_at(phrase.end + 1)) {
        let help = format!("how often is asked after the trigger: `for count of purchased ever {sign} 3`");
        return Some(not_ours(written).at(span, "an event is no number").help(help));
    }
    let Some(path) = path_in_filter(stream, first) else {
        return Some(write(not_ours(written), span, sign.to_owned()));
    };
    let meant = format!("where {} {sign}", words(stream, path.clone())?);
    let found = not_ours(written).because("in a filter, a comparison begins with `where`");
    Some(write(found, span_of(stream, path.start..phrase.end)?, meant))
}

/// The phrase that begins at a place, with `or equal to` after it.
fn sign_at(stream: &Stream<'_>, first: usize) -> Option<(Range<usize>, &'static str)> {
    let pair = (stream.text_at(first), stream.text_at(first + 1));
    let (.., sign) = COMPARISONS.iter().find(|(one, two, _)| pair == (*one, *two))?;
    let or_equal = stream.text_at(first + 2) == "or" && stream.text_at(first + 3) == "equal";
    Some(match (or_equal, stream.text_at(first + 4), *sign) {
        (true, "to", ">") => (first..first + 5, ">="),
        (true, "to", "<") => (first..first + 5, "<="),
        _ => (first..first + 2, sign),
    })
}

fn is_end_of_value(text: &str) -> bool {
    [")", "%", "ever", "message"].contains(&text)
}

/// The path right before a place, where it is read as a filter of an event: `purchased quantity`.
fn path_in_filter(stream: &Stream<'_>, end: usize) -> Option<Range<usize>> {
    let path = path_before(stream, end)?;
    let before = path.start.checked_sub(1)?;
    let is_filter = stream.kind_at(before) == Some(TokenKind::Name) && keyword_before(stream, path.start).1 != "where";
    is_filter.then_some(path)
}

/// The path that ends right before a place.
fn path_before(stream: &Stream<'_>, end: usize) -> Option<Range<usize>> {
    let is_word = |place: usize| matches!(stream.kind_at(place), Some(TokenKind::Name | TokenKind::Keyword));
    let mut start = end.checked_sub(1).filter(|last| stream.kind_at(*last) == Some(TokenKind::Name))?;
    while start >= 2 && stream.text_at(start - 1) == "." && is_word(start - 2) {
        start -= 2;
    }
    Some(start..end)
}

/// `amount between 10 EUR and 20 EUR`
fn between(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let word = [place, place.checked_sub(1)?].into_iter().find(|at| stream.text_at(*at) == "between")?;
    let first = word - usize::from(stream.text_at(word.checked_sub(1)?) == "is");
    let span = span_of(stream, word..word + 1)?;
    let found = not_ours("between");
    if word > 0 && stream.text_at(word - 1) == "wait" {
        let help =
            "write one duration, such as `wait 1 day`; until an event at most: `wait up to 2 days for purchased`";
        return Some(found.at(span, "a wait has one length").help(help));
    }
    let Some((path, low, high)) = bounds(stream, first, word) else {
        let help = "compare twice: `count of purchased ever >= 3 and count of purchased ever <= 5`";
        return Some(found.at(span, "a value is compared with one other").help(help));
    };
    let both = format!(
        "{path} >= {low} and {path} <= {high}",
        path = words(stream, path.clone())?,
        low = words(stream, low)?,
        high = words(stream, high.clone())?
    );
    let is_filter = path_in_filter(stream, first).is_some();
    let meant = match stream.text_at(path.start.checked_sub(1)?) {
        "and" | "for" | "if" | "or" | "unless" | "when" | "until" => both,
        _ if is_filter => format!("where ({both})"),
        _ => format!("({both})"),
    };
    Some(write(found, span_of(stream, path.start..high.end)?, meant))
}

/// The path and both values of a `between`.
fn bounds(stream: &Stream<'_>, first: usize, word: usize) -> Option<(Range<usize>, Range<usize>, Range<usize>)> {
    let path = path_before(stream, first)?;
    let and = (word + 2..=word + 1 + VALUE_MAX).find(|at| stream.text_at(*at) == "and")?;
    let low = word + 1..and;
    let high = and + 1..and + 1 + low.len();
    // A value of the same form, such as a number with a unit, follows.
    let is_alike = low.clone().zip(high.clone()).all(|(one, other)| stream.kind_at(one) == stream.kind_at(other));
    let is_plain = matches!(stream.kind_at(low.start), Some(TokenKind::Number));
    (is_alike && is_plain).then_some((path, low, high))
}

/// `contact.tags contains "vip"`
fn contains(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let word = [place, place.checked_sub(1)?].into_iter().find(|at| CONTAINS.contains(&stream.text_at(*at)))?;
    let value = stream.at(word + 1).filter(|value| matches!(value.kind, TokenKind::Text | TokenKind::Name))?;
    let path = words(stream, path_before(stream, word)?)?;
    let value = stream.text_of(value);
    Some(not_ours(stream.text_at(word)).at(span_of(stream, word..word + 1)?, "the value comes first, then `in`").help(
        format!("of a list write `{value} in {path}`; a text is compared with a whole other one: `{path} is {value}`"),
    ))
}

/// `welcome-series`, where no value can be subtracted.
fn hyphen(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let is_part = |token: Token| matches!(token.kind, TokenKind::Name | TokenKind::Number | TokenKind::Keyword);
    let touches = |place: usize| matches!((stream.at(place), stream.at(place + 1)), (Some(one), Some(other)) if one.span.end == other.span.start);
    let first = place.checked_sub(1).filter(|first| stream.kind_at(*first) == Some(TokenKind::Name))?;
    if stream.text_at(place) != "-" || !touches(first) || !touches(place) {
        return None;
    }
    let more = (place..).take_while(|at| touches(*at)).map(|at| at + 1);
    let is_of_name = |at: &usize| stream.text_at(*at) == "-" || stream.at(*at).is_some_and(is_part);
    let last = more.take_while(is_of_name).last().filter(|last| stream.text_at(*last) != "-")?;
    let written = words(stream, first..last + 1)?;
    let span = span_of(stream, first..last + 1)?;
    let found = Diagnostic::new(Finding::UnexpectedText, format!("`{written}` is not a name"));
    Some(write(found.because("`-` subtracts; the words of a name are joined by `_`"), span, written.replace('-', "_")))
}

/// `1 000 EUR`
fn thousands(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let text = |place: usize| stream.at(place).filter(|at| at.kind == TokenKind::Number).map(|at| stream.text_of(at));
    let is_group = |place: usize| {
        let digits = text(place).map(|text| text.split('.').next().unwrap_or(text));
        let gap = stream.trivia_before(place).iter().map(|token| stream.text_of(*token)).collect::<String>();
        digits.is_some_and(is_thousand) && gap.chars().count() == 1 && gap != "\n"
    };
    let first = place.checked_sub(1)?;
    let is_first = text(first).is_some_and(|text| text.len() <= 3 && text.bytes().all(|byte| byte.is_ascii_digit()));
    if !is_first || !is_group(place) {
        return None;
    }
    let end = (place..).find(|at| !is_group(*at))?;
    let written = words(stream, first..end)?;
    let meant: String = (first..end).map(|at| stream.text_at(at)).collect();
    let found = Diagnostic::new(Finding::UnexpectedText, format!("`{written}` is not a number"));
    Some(write(found, span_of(stream, first..end)?, meant))
}

fn is_thousand(digits: &str) -> bool {
    digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `EUR 100`
fn currency_first(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let code = place.checked_sub(1).filter(|code| stream.kind_at(*code) == Some(TokenKind::Name))?;
    let is_message = keyword_before(stream, place).1 == "send";
    if is_message || stream.kind_at(place) != Some(TokenKind::Number) || !is_currency(stream.text_at(code)) {
        return None;
    }
    let written = words(stream, code..place + 1)?;
    let meant = format!("{} {}", stream.text_at(place), stream.text_at(code));
    let found = Diagnostic::new(Finding::UnexpectedText, format!("in `{written}` the currency stands first"));
    Some(write(found, span_of(stream, code..place + 1)?, meant))
}

fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// `in the last 2 days`, `of the last message`
fn article(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let at = match stream.text_at(place) {
        "the" => place,
        "last" => place.checked_sub(1).filter(|before| stream.text_at(*before) == "the")?,
        _ => return None,
    };
    let (article, next) = (stream.at(at)?, stream.at(at + 1)?);
    let with_space = Span { end: next.span.start, ..article.span };
    let left = if begins_line(stream, at + 1) { article.span } else { with_space };
    Some(not_ours("the").at(article.span, "this says nothing here").help("leave it out").fix(left, ""))
}

/// `{{ first_name }}` where a value stands.
fn of_template(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    if stream.text_at(place) != "{" || stream.text_at(place + 1) != "{" {
        return None;
    }
    let end = (place + 2..place + 2 + PHRASE_MAX).find(|at| stream.text_at(*at) == "}")?;
    let path = path_before(stream, end).filter(|path| path.start == place + 2)?;
    let is_whole = path.len() > 1;
    let path = words(stream, path)?;
    let span = span_of(stream, place..end + 1 + usize::from(stream.text_at(end + 1) == "}"))?;
    let found = Diagnostic::new(Finding::UnexpectedText, "`{{ ... }}` is written in templates alone");
    if is_whole {
        return Some(write(found, span, path.to_owned()));
    }
    let meant = format!("contact.{path}");
    Some(
        found
            .at(span, format!("did you mean `{meant}`?"))
            .help(format!("write `{meant}`; what a template is handed by `with`, it reads by that name"))
            // Whose field it is, the text does not say.
            .meant(span, Near { word: &meant, is_sure: false }),
    )
}

/// `3 business days`
fn business_days(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let word = place.checked_sub(1).filter(|word| ["business", "working"].contains(&stream.text_at(*word)))?;
    let count = word.checked_sub(1).filter(|count| stream.kind_at(*count) == Some(TokenKind::Number))?;
    let unit = stream.text_at(place);
    if !["day", "days"].contains(&unit) {
        return None;
    }
    let written = words(stream, word..place + 1)?;
    let found = Diagnostic::new(Finding::UnexpectedText, format!("there is no unit `{written}`"));
    let help = format!("write `{} {unit}`", stream.text_at(count));
    Some(found.at(span_of(stream, word..place + 1)?, "days off are not known").help(help))
}

/// `send email thanks or sms thanks now`
fn at_once(stream: &Stream<'_>, place: usize) -> Option<Diagnostic> {
    let token = stream.at(place).filter(|token| token.kind == TokenKind::Name)?;
    let adds_nothing = AT_ONCE.contains(&stream.text_of(token)) || stream.text_of(token) == "tomorrow";
    (adds_nothing && keyword_before(stream, place).1 == "send").then(|| one_too_many(stream, token.span))
}

/// What stands behind the message of a `send`, and is none of its words.
pub(super) fn one_too_many(stream: &Stream<'_>, span: Span) -> Diagnostic {
    let word = stream.text.get(span.range()).unwrap_or_default();
    let found = Diagnostic::new(Finding::UnexpectedText, format!("`{word}` is one word too many"));
    let left = match stream.places_under(span).start.checked_sub(1).and_then(|before| stream.at(before)) {
        Some(before) => Span { start: before.span.end, ..span },
        None => span,
    };
    match word {
        _ if AT_ONCE.contains(&word) => found
            .at(span, "a step is done as soon as it comes")
            .help("leave it out; time passes only in `wait`")
            .fix(left, ""),
        "tomorrow" => {
            found.at(span, "time passes only in `wait`").help("leave it out, and write `wait 1 day` before the step")
        }
        _ => found
            .at(span, "a channel and a message are two words")
            .help("leave it out; a message is one name, its words joined by `_`: `send email last_chance`"),
    }
}

/// Whether what stands as the class of a message is rather its channel.
pub(super) fn is_channel(class: &Word) -> bool {
    let word = class.value.as_str();
    CHANNELS.contains(&word) || suggestion(word, CHANNELS.iter().copied()).is_some_and(|near| near.is_sure)
}

/// The words of some places as written.
fn words<'t>(stream: &Stream<'t>, places: Range<usize>) -> Option<&'t str> {
    stream.text.get(span_of(stream, places)?.range())
}

fn span_of(stream: &Stream<'_>, places: Range<usize>) -> Option<Span> {
    Some(stream.at(places.start)?.span.to(stream.at(places.end.checked_sub(1)?)?.span))
}
