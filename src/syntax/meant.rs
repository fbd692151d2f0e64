//! What a beginner writes for a keyword, and how the sentence of each keyword is written.

use super::keywords::{KEYWORDS, following_words};
use crate::diagnostic::{Near, suggestion};

/// Words of daily English and of French, and the keyword that says it. None of them is declared by the library.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("after_that", "then"),
    ("alors", "then"),
    ("attendre", "wait"),
    ("attends", "wait"),
    ("attente", "wait"),
    ("aucun", "no"),
    ("aucune", "no"),
    ("chaque", "every"),
    ("depuis", "since"),
    ("each", "every"),
    ("elif", "else"),
    ("elseif", "else"),
    ("envoie", "send"),
    ("envoyer", "send"),
    ("equals", "is"),
    ("est", "is"),
    ("et", "and"),
    ("fin", "stop"),
    ("jusque", "until"),
    ("lorsque", "when"),
    ("mail", "send"),
    ("ou", "or"),
    ("pause", "wait"),
    ("politique", "policy"),
    ("pour", "for"),
    ("puis", "then"),
    ("quand", "when"),
    ("répéter", "repeat"),
    ("sauf", "unless"),
    ("scénario", "scenario"),
    ("seulement", "only"),
    ("si", "if"),
    ("sinon", "else"),
    ("sleep", "wait"),
    ("sont", "is"),
    ("whenever", "when"),
];

/// Units in French and as they are abbreviated.
const OTHER_UNITS: &[(&str, &str)] = &[
    ("an", "year"),
    ("année", "year"),
    ("années", "years"),
    ("ans", "years"),
    ("d", "days"),
    ("h", "hours"),
    ("heure", "hour"),
    ("heures", "hours"),
    ("hrs", "hours"),
    ("j", "days"),
    ("jour", "day"),
    ("jours", "days"),
    ("m", "minutes"),
    ("min", "minutes"),
    ("mins", "minutes"),
    ("mois", "months"),
    ("s", "seconds"),
    ("sec", "seconds"),
    ("semaine", "week"),
    ("semaines", "weeks"),
    ("trimestre", "quarter"),
    ("w", "weeks"),
    ("y", "years"),
];

/// Currencies by their names, and by their codes in small letters.
const CURRENCIES: &[(&str, &str)] = &[
    ("aud", "AUD"),
    ("cad", "CAD"),
    ("chf", "CHF"),
    ("dollar", "USD"),
    ("dollars", "USD"),
    ("eur", "EUR"),
    ("euro", "EUR"),
    ("euros", "EUR"),
    ("gbp", "GBP"),
    ("jpy", "JPY"),
    ("livres", "GBP"),
    ("pounds", "GBP"),
    ("usd", "USD"),
];

/// Events in other words, and as beginners form them.
const OTHER_EVENTS: &[(&str, &str)] = &[
    ("acheté", "purchased"),
    ("bought", "purchased"),
    ("bougth", "purchased"),
    ("buyed", "purchased"),
    ("buys", "purchased"),
    ("ordered", "purchased"),
    ("ouvert", "opened"),
    ("sended", "sent"),
    ("sends", "sent"),
    ("signup", "subscribed"),
];

/// Channels in other words.
const OTHER_CHANNELS: &[(&str, &str)] =
    &[("courriel", "email"), ("courrier", "post"), ("mail", "email"), ("texto", "sms")];

/// Days in French.
const OTHER_DAYS: &[(&str, &str)] = &[
    ("dimanche", "sunday"),
    ("jeudi", "thursday"),
    ("lundi", "monday"),
    ("mardi", "tuesday"),
    ("mercredi", "wednesday"),
    ("samedi", "saturday"),
    ("vendredi", "friday"),
];

/// Types as other languages call them.
const OTHER_TYPES: &[(&str, &str)] = &[
    ("bool", "flag"),
    ("boolean", "flag"),
    ("datetime", "instant"),
    ("decimal", "number"),
    ("float", "number"),
    ("int", "number"),
    ("integer", "number"),
    ("str", "text"),
    ("string", "text"),
    ("timestamp", "instant"),
    ("varchar", "text"),
];

const NUMBERS: &[&str] = &[
    "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "un", "une", "deux", "trois",
    "quatre", "cinq", "dix",
];

/// How the sentence of each keyword is written, for a text that broke off or went astray in it.
const FORMS: &[(&str, &str)] = &[
    ("account", "`account points: number`"),
    ("at", "`at 2020-01-10 10:00 ana purchased quantity 2`"),
    ("call", "`call WEBHOOK with product = product.name`"),
    ("cases", "`cases delay, due { \"three weeks\": 3 weeks, 2020-01-24 }`"),
    ("credit", "`credit 10 points` or `credit 20 EUR wallet expiring in 12 months`"),
    ("debit", "`debit 10 points` or `debit 20 EUR wallet`"),
    ("else", "`if CONDITION { ... } else { ... }`"),
    ("entity", "`entity shop { name: text, city: text? }`"),
    ("erase", "`erase contact`"),
    ("event", "`event visited { page: text, seconds: number? }`"),
    ("every", "`every month`, `every monday at 09:00` or `every year on contact.birthday`"),
    ("expect", "`expect email reminder to ana at 2020-01-10 10:00` or `expect nothing else`"),
    ("extend", "`extend contact { skin_type: \"dry\" | \"oily\" ? }`"),
    ("for", "`for contact can receive email`"),
    ("given", "`given contact ana { email: \"ana@example.com\" }`"),
    ("goal", "`goal purchased within 30 days of last message`"),
    ("has", "`has contact.birthday`"),
    ("holdout", "`holdout 5%`"),
    ("identity", "`identity contact by email, phone`"),
    ("if", "`if purchased since entry { ... } else { ... }`"),
    ("let", "`let dear = amount >= 100 EUR`"),
    ("measure", "`measure NAME = average over contacts of VALUE, refreshed weekly`"),
    ("once", "`once`, `once every 6 months` or `once per order`"),
    ("one", "`one at a time`"),
    ("only", "`only if CONDITION`, as in `send email reminder only if contact.tier is \"gold\"`"),
    ("policy", "`policy { quiet hours 20:00 to 09:00 }`"),
    ("quiet", "`quiet hours 20:00 to 09:00 and on sunday`"),
    ("repeat", "`repeat 3 times every 2 weeks { ... }`"),
    ("route", "`route purchased to contact.referrer as friend_purchased`"),
    ("scenario", "`scenario NAME { when purchased send email thanks }`"),
    ("segment", "`segment reader = opened in last 60 days`"),
    ("send", "`send email reminder` or `send email reminder or sms reminder unless purchased`"),
    ("set", "`set contact.tier = \"gold\"`"),
    ("since", "`since entry`, `since last message` or `since 2020-01-10`"),
    ("split", "`split NAME { a 50% { ... } b 50% { ... } }`"),
    ("start", "`start SCENARIO`"),
    ("stop", "`stop`, or before the first step `stop when purchased`"),
    ("tag", "`tag \"dormant\"`"),
    ("test", "`test \"what it shows\" of SCENARIO { given ... at ... expect ... }`"),
    ("unless", "`unless purchased since entry`"),
    ("untag", "`untag \"dormant\"`"),
    ("until", "`until 2021-01-01`"),
    ("wait", "`wait 3 days`, `wait until monday at 09:00` or `wait up to 3 days for purchased`"),
    ("when", "`when purchased`, `when purchased product.recurring` or `when no purchased for 3 months`"),
    ("where", "`where quantity >= 3` or `where (quantity >= 3 and amount > 20 EUR)`"),
    ("with", "`with offer = \"spring\"`"),
    ("within", "`within 30 days`"),
];

/// The keyword that a word of daily English or French stands for.
pub(super) fn keyword_meant(word: &str) -> Option<&'static str> {
    let small = word.to_lowercase();
    let in_capitals = KEYWORDS.iter().copied().find(|keyword| *keyword == small && word != small);
    in_capitals.or_else(|| found(OTHER_WORDS, &small))
}

/// The keyword that a name was probably meant to be. Before a step, a misspelt one reads as one more filter:
/// `when purchased sned email thanks`.
pub fn misspelt_keyword(name: &str) -> Option<Near<'static>> {
    keyword_meant(name).map(Near::sure).or_else(|| suggestion(name, following_words()))
}

/// The type that a word of other languages names.
pub fn type_meant(word: &str) -> Option<&'static str> {
    found(OTHER_TYPES, &word.to_lowercase())
}

/// Whether a word is a number that should stand in digits.
pub fn is_number_word(word: &str) -> bool {
    NUMBERS.contains(&word.to_lowercase().as_str())
}

/// The event that a word stands for.
pub fn event_meant(word: &str) -> Option<&'static str> {
    found(OTHER_EVENTS, &word.to_lowercase())
}

/// The channel that a word stands for.
pub fn channel_meant(word: &str) -> Option<&'static str> {
    found(OTHER_CHANNELS, &word.to_lowercase())
}

/// The day of the week that a word stands for.
pub fn day_meant(word: &str) -> Option<&'static str> {
    found(OTHER_DAYS, &word.to_lowercase())
}

/// The unit of time that a word stands for.
pub fn unit_meant(word: &str) -> Option<&'static str> {
    found(OTHER_UNITS, &word.to_lowercase())
}

/// The code of the currency that a word names.
pub fn currency_meant(word: &str) -> Option<&'static str> {
    found(CURRENCIES, &word.to_lowercase())
}

/// How a sentence with this keyword is written, in backticks.
pub(super) fn form_of(keyword: &str) -> Option<&'static str> {
    found(FORMS, keyword)
}

fn found(table: &[(&str, &'static str)], word: &str) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == word).map(|(_, meant)| *meant)
}
