//! The words that no name may be, and what they begin.

/// Every reserved word, sorted. The grammar's rule `keyword` reserves exactly these.
pub const KEYWORDS: &[&str] = &[
    "account", "after", "ago", "and", "at", "before", "call", "can", "credit", "debit", "default", "else", "empty",
    "entity", "erase", "event", "ever", "every", "expect", "extend", "for", "given", "goal", "has", "identity", "if",
    "in", "is", "last", "latest", "let", "measure", "no", "not", "of", "once", "one", "only", "or", "per", "policy",
    "repeat", "route", "same", "scenario", "segment", "send", "set", "since", "split", "start", "stop", "tag", "test",
    "then", "to", "together", "unless", "untag", "until", "up", "wait", "when", "where", "with", "within", "yes",
];

/// The longer words that mean something in one place only, for those who misspell them there.
pub(super) const WORDS: &[&str] = &[
    "arriving",
    "average",
    "cases",
    "common",
    "contacts",
    "count",
    "expire",
    "expiring",
    "holdout",
    "hours",
    "median",
    "message",
    "most",
    "nothing",
    "over",
    "priority",
    "quiet",
    "receive",
    "refreshed",
    "share",
    "time",
    "times",
    "zone",
];

/// The words that begin an item.
pub(super) const ITEMS: &[&str] = &[
    "account", "entity", "event", "extend", "identity", "let", "measure", "policy", "route", "scenario", "segment",
    "test",
];

/// The items that have no braces: they end where the next one begins.
pub(super) const DEFINITIONS: &[&str] = &["account", "identity", "let", "measure", "route", "segment"];

/// The words that begin a clause of a scenario.
pub(super) const CLAUSES: &[&str] = &["every", "for", "goal", "latest", "once", "one", "stop", "when"];

/// The words that begin a step.
pub(super) const STEPS: &[&str] = &[
    "call", "credit", "debit", "erase", "if", "repeat", "send", "set", "split", "start", "stop", "tag", "untag", "wait",
];

/// The words that may follow where a name ends, for those who misspell them there. Short words are near to too much.
pub(super) fn following_words() -> impl Iterator<Item = &'static str> {
    let rest = ["and", "only", "since", "together", "unless", "where", "within"];
    STEPS.iter().chain(CLAUSES).copied().chain(rest).filter(|word| word.len() > 3)
}

/// The names of the channels: no keywords, but two words of a `send` are told apart by them.
pub const CHANNELS: &[&str] = &["email", "sms", "push", "post", "phone", "webhook"];

/// The words that begin a line of a test.
pub(super) const TEST_LINES: &[&str] = &["at", "cases", "expect", "given", "until"];
