//! What to say of a text that the grammar refuses: one finding an item, at the word that is in the way.
//!
//! pest answers with the furthest place it reached and the rules it tried there. The words come from here.

use super::braces::begins_line;
use super::grammar::Rule;
use super::habits;
use super::keywords::{CLAUSES, ITEMS, KEYWORDS, STEPS, TEST_LINES, WORDS};
use super::meant::{form_of, keyword_meant, misspelt_keyword};
use super::patch::Patched;
use super::tokens::Stream;
use super::{Token, TokenKind, phrases, unseen};
use crate::diagnostic::{Diagnostic, Near, Rule as Finding, suggestion};
use crate::span::{SourceId, Span};
use pest::error::{Error, ErrorVariant, InputLocation};

/// How many expected things a message lists.
const EXPECTED_MAX: usize = 4;

/// How far back a misspelt keyword is looked for, in words.
const NAMES_BEFORE_MAX: usize = 8;

/// Keywords that stand after a name, so that the name before them is missing.
const FOLLOWING: &[&str] = &["and", "at", "or", "only", "then", "to", "together", "unless", "with", "within"];

/// The finding for an item that ends before the token at place `end`, with the word in the way at `place`. The words at the `judged`
/// places are repaired already, or are no keywords with a slip: nothing more is said of them.
pub(super) fn refused(
    error: &Error<Rule>,
    stream: &Stream<'_>,
    source: SourceId,
    place: usize,
    end: usize,
    judged: &[usize],
) -> Diagnostic {
    let expected: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let habit = habits::if_behind_step(expected, stream, place.min(end), judged)
        .or_else(|| habits::within_of_goal(expected, stream, place.min(end)));
    if let Some(found) = habit {
        return found;
    }
    match stream.at(place).filter(|_| place < end) {
        Some(token) => unexpected(expected, stream, place, token, judged),
        None => cut_short(expected, stream, source, end),
    }
}

/// The place of the word that is in the way.
pub(super) fn place(error: &Error<Rule>, stream: &Stream<'_>, text: &Patched<'_>) -> usize {
    let at = match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    };
    stream.place_at(text.place_of(at))
}

/// The item ends where something should follow.
fn cut_short(expected: &[Rule], stream: &Stream<'_>, source: SourceId, end: usize) -> Diagnostic {
    missing_before(expected, stream, end, Span::new(source, 0, 0))
}

/// Something should stand before a place.
fn missing_before(expected: &[Rule], stream: &Stream<'_>, place: usize, otherwise: Span) -> Diagnostic {
    let last = place.checked_sub(1).and_then(|place| stream.at(place));
    let span = last.map_or(otherwise, |token| token.span);
    let after = last.map_or("", |token| stream.text_of(token));
    let found = Diagnostic::new(Finding::UnexpectedText, format!("something is missing after `{after}`"))
        .at(span, wanted(expected));
    let help = help(expected, "").map(str::to_owned).unwrap_or_else(|| form_before(stream, place));
    found.help(help)
}

/// Whether a part breaks off before the line that begins at a place.
fn lacks_its_end(expected: &[Rule], stream: &Stream<'_>, place: usize) -> bool {
    let may_end = |rule: &Rule| {
        let ends = [Rule::step, Rule::clause, Rule::test_line, Rule::given_line, Rule::close_brace, Rule::EOI];
        ends.contains(rule)
    };
    let text = stream.text_at(place);
    let begins = STEPS.contains(&text) || CLAUSES.contains(&text) || TEST_LINES.contains(&text) || text == "}";
    place > 0 && begins && begins_line(stream, place) && !expected.iter().any(may_end)
}

/// How the sentence is written in which a text went astray before the token at `place`: that of the nearest keyword.
fn form_before(stream: &Stream<'_>, place: usize) -> String {
    let (before, keyword) = habits::keyword_before(stream, place);
    // `wait until` is a step, `until` alone a line of a test.
    let keyword = if keyword == "until" && before == "wait" { before } else { keyword };
    match form_of(keyword) {
        Some(form) => format!("write {form}"),
        None => "`docs/reference/grammar.md` shows what can be written where".to_owned(),
    }
}

fn unexpected(expected: &[Rule], stream: &Stream<'_>, place: usize, token: Token, judged: &[usize]) -> Diagnostic {
    let text = stream.text_of(token);
    let after_value = expected.iter().any(|rule| is_operator(*rule)) && !expected.contains(&Rule::equals);
    if let Some(found) = habits::decimal_comma(stream, place)
        .or_else(|| phrases::found(after_value, stream, place, judged))
        .or_else(|| misspelt(expected, stream, place, token, judged))
        .or_else(|| habits::foreign(after_value, stream, place))
    {
        return found;
    }
    if token.kind == TokenKind::Keyword && is_meant_as_name(expected, stream, place) {
        return Diagnostic::new(Finding::ReservedWord, format!("`{text}` is a reserved word, not a name"))
            .at(token.span, wanted(expected))
            .help(format!("choose another name, such as `my_{text}`"));
    }
    if let Some(found) = unseen::found(stream, token) {
        return found;
    }
    if lacks_its_end(expected, stream, place) {
        return missing_before(expected, stream, place, token.span);
    }
    let found =
        Diagnostic::new(Finding::UnexpectedText, format!("unexpected `{text}`")).at(token.span, wanted(expected));
    let help = help(expected, text).or_else(|| habits::help(expected, stream, place)).map(str::to_owned);
    found.help(help.unwrap_or_else(|| form_before(stream, place)))
}

/// How the sentence that was begun is written whole.
fn help(expected: &[Rule], text: &str) -> Option<&'static str> {
    let wants = |rule: Rule| expected.contains(&rule);
    let number = text.starts_with(|letter: char| letter.is_ascii_digit());
    Some(match text {
        "or" if wants(Rule::kw_ever) && wants(Rule::kw_for) => {
            "several events stand in parentheses: `when no (opened or clicked) for 3 days`"
        }
        _ if wants(Rule::kw_ever) && wants(Rule::kw_for) => "write `when no EVENT for DURATION`",
        _ if wants(Rule::account_name) => "write `credit 10 points` or `debit 20 EUR wallet`",
        _ if wants(Rule::word_over) || wants(Rule::word_contacts) => {
            "write `measure NAME = average over contacts of VALUE, refreshed weekly`"
        }
        _ if wants(Rule::word_a) => "write `one at a time`",
        _ if wants(Rule::word_as) => "write `route EVENT to contact.FIELD as NAME`",
        _ if wants(Rule::word_by) => "write `identity contact by email, phone`",
        _ if wants(Rule::word_hours) || wants(Rule::quiet_between) => {
            "write `quiet hours 20:00 to 09:00 and on sunday`"
        }
        _ if wants(Rule::word_messages) || wants(Rule::kw_per) && !wants(Rule::kw_every) => {
            "write `at most 1 message per day and 3 per week`"
        }
        _ if wants(Rule::policy_line) => {
            "write lines such as `at most 1 message per day`, `quiet hours 20:00 to 09:00` or `quiet hours on sunday`"
        }
        _ if wants(Rule::word_times) => "write `repeat 3 times every 2 weeks { ... }`",
        _ if number && (wants(Rule::time)) => "a time has two digits for the hour and two for the minute: `09:00`",
        _ => return None,
    })
}

/// A word that is nearly a keyword: the one in the way, or one before it that was read as a name.
fn misspelt(
    expected: &[Rule],
    stream: &Stream<'_>,
    place: usize,
    token: Token,
    judged: &[usize],
) -> Option<Diagnostic> {
    let name = |token: &Token| token.kind == TokenKind::Name;
    let here = Some(token).filter(name).and_then(|token| {
        let words = expected.iter().flat_map(|rule| keywords_of(*rule));
        let text = stream.text_of(token);
        let words: Vec<&str> = words.collect();
        let begins_clause = words.contains(&"when") && text == "on";
        let meant = if begins_clause { Some("when") } else { keyword_meant(text) };
        let meant = meant.filter(|meant| words.contains(meant)).map(Near::sure);
        let meant = in_its_place(stream, token).filter(|meant| words.contains(&meant.word)).or(meant);
        Some((token, meant.or_else(|| suggestion(text, words))?))
    });
    // `seulement si`: the word before it was read as a message.
    let only = place.checked_sub(1).filter(|before| !judged.contains(before)).and_then(|before| stream.at(before));
    let only = only.filter(|_| here.is_some_and(|(_, meant)| meant.word == "if"));
    let only = only.and_then(|before| nearly_keyword(stream, before)).filter(|(_, meant)| meant.word == "only");
    // Both are one word for their author.
    let only = only.zip(here).map(|((before, only), (_, condition))| {
        let both = Token { span: before.span.to(token.span), ..token };
        (both, Near { word: "only if", is_sure: only.is_sure && condition.is_sure })
    });
    let here = only.or(here.filter(|_| !judged.contains(&place)));
    let (token, meant) = here.or_else(|| misspelt_before(stream, place, judged))?;
    Some(did_you_mean(stream, token, meant))
}

pub(super) fn did_you_mean(stream: &Stream<'_>, token: Token, meant: Near<'_>) -> Diagnostic {
    Diagnostic::new(Finding::UnexpectedText, format!("unknown word `{}`", stream.text_of(token)))
        .at(token.span, format!("did you mean `{meant}`?"))
        .help(format!("write `{meant}`"))
        .meant(token.span, meant)
}

/// A word that was read as a filter, although it is nearly a keyword: `set a.b = c.d olny if e`.
pub(super) fn misspelt_at(stream: &Stream<'_>, filter: Span) -> Option<Diagnostic> {
    let place = stream.places_under(filter).start;
    let is_alone = stream.text_at(place + 1) != ".";
    let (token, meant) = stream.at(place).filter(|_| is_alone).and_then(|token| nearly_keyword(stream, token))?;
    Some(did_you_mean(stream, token, meant))
}

/// The keyword that a name nearly is.
pub(super) fn nearly_keyword(stream: &Stream<'_>, token: Token) -> Option<(Token, Near<'static>)> {
    let text = stream.text_of(token);
    if token.kind != TokenKind::Name {
        return None;
    }
    let meant = in_its_place(stream, token).or_else(|| misspelt_keyword(text))?;
    Some((token, meant))
}

/// The keyword that a name stands for because of what follows it.
fn in_its_place(stream: &Stream<'_>, token: Token) -> Option<Near<'static>> {
    swapped_is(stream, token).or_else(|| erasing(stream, token))
}

/// `delete contact`
fn erasing(stream: &Stream<'_>, token: Token) -> Option<Near<'static>> {
    let is_meant = ["delete", "forget", "remove", "supprimer"].contains(&stream.text_of(token));
    let next = stream.place_at(token.span.range().end);
    (is_meant && stream.text_at(next) == "contact").then(|| Near::sure("erase"))
}

/// Before a value `si` is no French `if`, but `is` with its letters swapped: `contact.tier si "gold"`.
fn swapped_is(stream: &Stream<'_>, token: Token) -> Option<Near<'static>> {
    if stream.text_of(token) != "si" {
        return None;
    }
    let place = stream.place_at(token.span.range().end);
    let value = if stream.text_at(place) == "not" { place + 1 } else { place };
    let is_value = stream.at(value).is_some_and(|next| matches!(next.kind, TokenKind::Text | TokenKind::Number));
    is_value.then(|| Near::sure("is"))
}

/// A misspelt keyword is read as a name, and so are the names after it: `wiat product.delay - 1 month`.
fn misspelt_before(stream: &Stream<'_>, place: usize, judged: &[usize]) -> Option<(Token, Near<'static>)> {
    let is_path = |token: &Token| token.kind == TokenKind::Name || stream.text_of(*token) == ".";
    // `contact.tier si not "gold"`
    let end = if place > 0 && stream.text_at(place - 1) == "not" { place - 1 } else { place };
    let run = (0..end).rev().take(NAMES_BEFORE_MAX).take_while(|&place| stream.at(place).is_some_and(|t| is_path(&t)));
    run.filter_map(|place| {
        // `top of` lacks its number, and is no `stop`.
        if stream.text_at(place) == "top" || judged.contains(&place) {
            return None;
        }
        let beside_dot = [place.wrapping_sub(1), place + 1].iter().any(|&beside| stream.text_at(beside) == ".");
        let token = stream.at(place).filter(|token| token.kind == TokenKind::Name && !beside_dot)?;
        nearly_keyword(stream, token)
    })
    .next()
}

/// The keyword that a word was probably meant to be with which an item should begin.
pub(super) fn beginning_meant(stream: &Stream<'_>, token: Token) -> Option<Near<'static>> {
    let text = stream.text_of(token);
    let begins = ITEMS.iter().chain(STEPS).chain(CLAUSES).copied();
    let other_word = if text == "on" { Some("when") } else { keyword_meant(text) };
    let meant = || other_word.map(Near::sure).or_else(|| suggestion(text, begins));
    (token.kind == TokenKind::Name).then(meant).flatten()
}

/// Tokens that begin no item.
pub(super) fn stray(stream: &Stream<'_>, token: Token) -> Diagnostic {
    let text = stream.text_of(token);
    let found = |message: String| Diagnostic::new(Finding::UnexpectedText, message);
    if let Some(meant) = beginning_meant(stream, token) {
        return did_you_mean(stream, token, meant);
    }
    if let Some(found) = unseen::found(stream, token) {
        return found;
    }
    if STEPS.contains(&text) || CLAUSES.contains(&text) {
        let what = if STEPS.contains(&text) { "step" } else { "clause" };
        return found(format!("`{text}` stands outside a scenario"))
            .at(token.span, format!("a {what} belongs to a scenario"))
            .help("put it into `scenario NAME { ... }`, or begin the file with its trigger, `when EVENT ...`");
    }
    if TEST_LINES.contains(&text) {
        return found(format!("`{text}` stands outside a test"))
            .at(token.span, "this is a line of a test")
            .help("put it into `test \"...\" { ... }`");
    }
    found(format!("unexpected `{text}`"))
        .at(token.span, "expected `scenario`, `when`, `test`, `let`, `entity` or `event`")
        .help(match text {
            "/" | "-" | "*" => "a comment begins with `#`",
            _ => {
                "begin with `scenario NAME { ... }`, or with the trigger of the file's only scenario, `when EVENT ...`"
            }
        })
}

/// What is wanted, in plain words: values and operators are named together.
fn wanted(expected: &[Rule]) -> String {
    if expected.iter().filter(|rule| is_value(**rule)).count() > 2 {
        return "expected a value".to_owned();
    }
    let any_operator = expected.iter().any(|rule| is_operator(*rule));
    let mut words: Vec<String> = Vec::new();
    for rule in expected.iter().filter(|rule| !any_operator || **rule != Rule::open_paren) {
        words.extend(words_of(*rule).filter(|word| !words.contains(word)));
    }
    words.truncate(EXPECTED_MAX);
    if any_operator && words.len() < EXPECTED_MAX {
        words.push("an operator".to_owned());
    }
    match words.as_slice() {
        [] => "this does not belong here".to_owned(),
        [only] => format!("expected {only}"),
        [first @ .., last] => format!("expected {} or {last}", first.join(", ")),
    }
}

fn is_value(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::date
            | Rule::date_time
            | Rule::time
            | Rule::number
            | Rule::percent
            | Rule::quantity
            | Rule::test_quantity
            | Rule::amount
            | Rule::test_amount
            | Rule::text
            | Rule::flag
            | Rule::list
            | Rule::group
            | Rule::call
            | Rule::last_message
            | Rule::kw_last
            | Rule::kw_yes
            | Rule::kw_no
            | Rule::path
            | Rule::minus
    )
}

/// What may stand between two values, or after one.
fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::kw_after
            | Rule::kw_ago
            | Rule::kw_and
            | Rule::kw_before
            | Rule::kw_can
            | Rule::kw_default
            | Rule::kw_is
            | Rule::kw_or
            | Rule::plus
            | Rule::times
            | Rule::over
            | Rule::is_operator
            | Rule::in_operator
            | Rule::is_empty
            | Rule::can_receive
    )
}

/// Whether a keyword stands where only a name can, and does not rather begin what should follow the name.
fn is_meant_as_name(expected: &[Rule], stream: &Stream<'_>, place: usize) -> bool {
    let wants_name = |rule: &Rule| words_of(*rule).as_deref() == Some("a name") || *rule == Rule::close_brace;
    let before = place.checked_sub(1).map_or("", |before| stream.text_at(before));
    let text = stream.text_at(place);
    let follows = STEPS.contains(&text) || CLAUSES.contains(&text) || FOLLOWING.contains(&text);
    let named = ITEMS.contains(&before) || matches!(stream.text_at(place + 1), ":" | "=");
    expected.contains(&Rule::name) && expected.iter().all(wants_name) && (named || !follows)
}

/// How a rule is called in a message; `None` for what would only make the list longer.
fn words_of(rule: Rule) -> Option<String> {
    let plain = |word: &str| Some(word.to_owned());
    match rule {
        Rule::name | Rule::send_class | Rule::parameter | Rule::argument | Rule::event_field => plain("a name"),
        Rule::alternative => plain("a channel and a message"),
        Rule::event_pattern => plain("an event"),
        Rule::path => plain("a path"),
        Rule::field | Rule::given_field => plain("a field"),
        Rule::type_name => plain("a type"),
        Rule::text => plain("a text in quotes"),
        Rule::time => plain("a time such as `09:00`"),
        Rule::date | Rule::date_time | Rule::moment => plain("a date such as `2020-01-10 10:00`"),
        Rule::number => plain("a number"),
        Rule::percent | Rule::quantity | Rule::amount => plain("a number and a unit"),
        Rule::test_quantity | Rule::test_amount | Rule::test_unit => None,
        Rule::period => plain("a day or a period such as `monday` or `month`"),
        Rule::account_name => plain("an account"),
        Rule::split_name => plain("a name for the split"),
        Rule::split_part => plain("a part such as `a 50% { ... }`"),
        Rule::policy_line => plain("`time zone`, `quiet hours`, `at most`, `priority`, `expire`, `holdout`"),
        Rule::quiet_between => plain("a time such as `20:00`"),
        Rule::quiet_days => plain("`on`"),
        Rule::cap_class | Rule::word_messages => plain("`message`"),
        Rule::cap | Rule::first_cap => plain("a number of messages"),
        Rule::measure_kind => plain("`average`, `sum`, `count`, `share`, `least`, `greatest`"),
        Rule::refreshed => plain("`, refreshed weekly`"),
        Rule::expiring => plain("`expiring in`"),
        Rule::every_at => plain("`at`"),
        Rule::every_on => plain("`on`"),
        Rule::given_line => plain("`given`, `at`"),
        Rule::given_row => plain("a name"),
        Rule::case_row => plain("a row of values"),
        Rule::expected_when => plain("`at`, `within`"),
        Rule::expected_at => plain("`at`"),
        Rule::expected_within => plain("`within`"),
        Rule::percent_sign => plain("`%`"),
        Rule::comma => plain("`,`"),
        Rule::plain_operand
        | Rule::plain_sum
        | Rule::comparison
        | Rule::test_value
        | Rule::no_value
        | Rule::account_amount => plain("a value"),
        Rule::expression | Rule::group | Rule::history | Rule::list => plain("an expression"),
        Rule::step => plain("a step"),
        Rule::clause => plain("a clause"),
        Rule::block => plain("`{`"),
        Rule::guard => plain("`unless`, `only if`"),
        Rule::test_line => plain("`given`, `at`, `expect`"),
        Rule::EOI => plain("the end"),
        Rule::open_brace => plain("`{`"),
        Rule::close_brace => plain("`}`"),
        Rule::open_paren => plain("`(`"),
        Rule::close_paren => plain("`)`"),
        Rule::close_bracket => plain("`]`"),
        Rule::colon => plain("`:`"),
        Rule::equals => plain("`=`"),
        Rule::if_arm => plain("`if`"),
        Rule::otherwise | Rule::else_arm => plain("`else`"),
        _ => {
            let name = format!("{rule:?}");
            let word = name.strip_prefix("kw_").or_else(|| name.strip_prefix("word_"))?;
            (!is_operator(rule)).then(|| format!("`{word}`"))
        }
    }
}

/// The keywords with which a rule may begin, for a misspelt one.
fn keywords_of(rule: Rule) -> Vec<&'static str> {
    match rule {
        Rule::step => STEPS.to_vec(),
        Rule::clause => CLAUSES.to_vec(),
        Rule::guard => vec!["unless", "only"],
        Rule::test_line => TEST_LINES.to_vec(),
        Rule::given_line => vec!["given", "at"],
        Rule::policy_line => vec!["time zone", "quiet", "at most", "priority", "expire", "holdout"],
        Rule::expected_when => vec!["at", "within"],
        Rule::expiring => vec!["expiring"],
        Rule::refreshed => vec!["refreshed"],
        Rule::with => vec!["with"],
        Rule::goal_within => vec!["within"],
        Rule::goal_then => vec!["then"],
        Rule::otherwise | Rule::else_arm => vec!["else"],
        Rule::test_of => vec!["of"],
        Rule::window => vec!["since", "ever"],
        Rule::same_filter | Rule::where_filter | Rule::filter => vec!["same", "where"],
        Rule::can_receive => vec!["can"],
        Rule::arriving => vec!["arriving"],
        Rule::once_every => vec!["every"],
        Rule::once_per => vec!["per"],
        Rule::wait_until => vec!["until"],
        Rule::wait_up_to => vec!["up"],
        _ => {
            let name = format!("{rule:?}");
            let word = name.strip_prefix("kw_").or_else(|| name.strip_prefix("word_"));
            KEYWORDS.iter().chain(WORDS).copied().filter(|keyword| Some(*keyword) == word).collect()
        }
    }
}
