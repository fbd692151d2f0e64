//! Random programs: every sentence of the language may come up, each well-typed, so that each of them compiles.

use super::choice::Random;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A project's text, and what is in it.
#[derive(Clone, Debug)]
pub struct Program {
    pub text: String,
    /// Channel and name.
    pub messages: BTreeSet<(&'static str, String)>,
    /// Whether one contact's life may depend on another's.
    pub crosses: bool,
}

/// What is known where an expression stands.
struct Place<'p> {
    /// The scenario's number.
    scenario: usize,
    /// How many scenarios there are.
    of: usize,
    /// The event whose fields can be read, if any.
    trigger: Option<&'static str>,
    /// Whether an instance runs.
    runs: bool,
    /// Messages that this scenario has sent before.
    sent: &'p [String],
}

const CATEGORIES: [&str; 3] = ["kibble", "toys", "beds"];
const TIERS: [&str; 3] = ["gold", "silver", "basic"];
const TAGS: [&str; 3] = ["vip", "sleeper", "reader"];
/// Measures of what scenarios do.
const FED_BACK: [&str; 7] = [
    "average over contacts of count of sent in last 20 days, refreshed weekly",
    "greatest over contacts of count of days of sent ever, refreshed daily",
    "sum over contacts of points, refreshed weekly",
    "share over contacts of in s0, refreshed daily",
    "share over contacts of \"vip\" in contact.tags, refreshed weekly",
    "count over contacts of contact.tier is \"gold\", refreshed daily",
    "count over contacts of credited in last 1 month, refreshed monthly",
];
const EVENTS: [&str; 4] = ["purchased", "subscribed", "cart_updated", "order_delivered"];

/// A program of one to three scenarios, perhaps under a policy.
pub fn program(random: &mut Random) -> Program {
    let (text, messages) = (String::new(), BTreeSet::new());
    let mut writer = Writer { random, text, messages, crosses: false, fed: false, message: 0 };
    let of = writer.random.range(1, 3) as usize;
    if writer.random.percent(40) {
        writer.policy(of);
    }
    if writer.random.percent(20) {
        writer
            .text
            .push_str("measure rhythm = average over contacts of average gap of purchased ever, refreshed weekly\n");
        writer.crosses = true;
    }
    if writer.random.percent(25) {
        let measure = writer.random.pick(&FED_BACK);
        let _ = writeln!(writer.text, "measure fed = {measure}");
        writer.fed = true;
        writer.crosses = true;
    }
    writer.text.push_str("segment warm = (purchased or subscribed) in last 2 months\n");
    for scenario in 0..of {
        writer.scenario(scenario, of);
    }
    Program { text: writer.text, messages: writer.messages, crosses: writer.crosses }
}

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    messages: BTreeSet<(&'static str, String)>,
    crosses: bool,
    /// Whether there is a measure of what scenarios do.
    fed: bool,
    message: usize,
}

impl Writer<'_> {
    fn policy(&mut self, of: usize) {
        self.text.push_str("policy {\n");
        if self.random.percent(50) {
            self.text.push_str("  time zone contact.time_zone default \"Europe/Paris\"\n");
        }
        match self.random.below(4) {
            0 => self.text.push_str("  quiet hours 20:00 to 09:00 and on sunday\n"),
            1 => self.text.push_str("  quiet hours 12:00 to 14:30\n"),
            _ => {}
        }
        match self.random.below(4) {
            0 => self.text.push_str("  at most 1 marketing message per day and 3 per week\n"),
            1 => self.text.push_str("  at most 2 marketing messages per week\n"),
            _ => {}
        }
        if self.random.percent(50) {
            let names: Vec<String> = (0..of).rev().map(|number| format!("s{number}")).collect();
            let _ = writeln!(self.text, "  priority {}", names.join(", "));
        }
        if self.random.percent(30) {
            self.text.push_str("  holdout 20%\n");
        }
        if self.random.percent(30) {
            self.text.push_str("  expire 12 hours\n");
        }
        self.text.push_str("}\n");
    }

    fn scenario(&mut self, scenario: usize, of: usize) {
        let _ = writeln!(self.text, "scenario s{scenario} {{");
        let trigger = self.trigger(scenario);
        let mut place = Place { scenario, of, trigger, runs: false, sent: &[] };
        // `every` has its own `for` on the line of the trigger.
        let is_written =
            self.text.trim_end().lines().last().is_some_and(|line| line.contains(" for ") && line.contains("every"));
        if !is_written && self.random.percent(30) {
            let audience = self.condition(&place, 1);
            let _ = writeln!(self.text, "  for {audience}");
        }
        self.entry(trigger);
        place.runs = true;
        if self.random.percent(25) {
            let within = self.pick(&["within 30 days of last message", "within 5 days of last message", ""]);
            let goal = self.history(&place, "purchased");
            let _ = writeln!(self.text, "  goal {goal} {within}");
        }
        if self.random.percent(20) {
            let stop = self.pick(&["returned", "purchased where quantity > 2", "subscribed since entry"]);
            let _ = writeln!(self.text, "  stop when {stop}");
        }
        let mut sent = Vec::new();
        let count = self.random.range(1, 5);
        self.steps(&place, &mut sent, count, 2, 1);
        if sent.is_empty() {
            self.send(&Place { sent: &[], ..place }, &mut sent, "  ", false);
        }
        self.text.push_str("}\n");
    }

    /// Writes the trigger, and gives the event whose fields can be read.
    fn trigger(&mut self, scenario: usize) -> Option<&'static str> {
        let (text, event) = match self.random.below(20) {
            0..=6 => ("when purchased", Some("purchased")),
            7 => ("when purchased product.recurring", Some("purchased")),
            8 => ("when purchased where quantity > 1 or returned", None),
            9 | 10 => ("when subscribed", None),
            11 => ("when cart_updated", None),
            12 | 13 => ("when no purchased for 3 weeks", Some("purchased")),
            14 => ("when no purchased ever for 2 months", None),
            15 if self.text.contains("measure rhythm") => ("when no purchased for rhythm", Some("purchased")),
            15 => ("when no (purchased or subscribed) for 40 days", None),
            16 => ("every monday at 09:00 for warm", None),
            17 => ("every month for not warm", None),
            18 => ("every year on contact.birthday - 1 week", None),
            // What scenarios before it may start, or credit.
            _ if scenario > 0 && self.random.percent(50) => ("when credited points", None),
            _ if scenario > 0 => ("when started", None),
            _ => {
                self.crosses = true;
                ("when friend_purchased", None)
            }
        };
        let _ = writeln!(self.text, "  {text}");
        event
    }

    fn entry(&mut self, trigger: Option<&str>) {
        let rule = match self.random.below(8) {
            0 => "once",
            1 => "once every 2 months",
            2 if trigger.is_some() => "once per order",
            3 => "latest",
            4 => "one at a time",
            _ => return,
        };
        let _ = writeln!(self.text, "  {rule}");
    }

    fn steps(&mut self, place: &Place, sent: &mut Vec<String>, count: i64, depth: usize, indent: usize) {
        let space = "  ".repeat(indent);
        for _ in 0..count {
            let before = sent.clone();
            let place = &Place { sent: &before, ..*place };
            match self.random.below(20) {
                0..=4 => self.wait(place, &space),
                5..=9 => self.send(place, sent, &space, true),
                10 | 11 if depth > 0 => {
                    let condition = self.condition(place, 2);
                    let _ = writeln!(self.text, "{space}if {condition} {{");
                    let inside = self.random.range(1, 2);
                    self.steps(place, &mut sent.clone(), inside, depth - 1, indent + 1);
                    if self.random.percent(50) {
                        let _ = writeln!(self.text, "{space}}} else {{");
                        self.steps(place, &mut sent.clone(), 1, depth - 1, indent + 1);
                    }
                    let _ = writeln!(self.text, "{space}}}");
                }
                12 if depth > 0 => {
                    let _ = writeln!(self.text, "{space}split trial{} {{\n{space}  a 30% {{", self.random.below(3));
                    self.steps(place, &mut sent.clone(), 1, depth - 1, indent + 2);
                    let _ = writeln!(self.text, "{space}  }}\n{space}  b 70% {{");
                    self.steps(place, &mut sent.clone(), 1, depth - 1, indent + 2);
                    let _ = writeln!(self.text, "{space}  }}\n{space}}}");
                }
                13 if depth > 0 => {
                    let _ = writeln!(self.text, "{space}repeat 3 times every 9 days {{");
                    self.steps(place, &mut sent.clone(), 1, depth - 1, indent + 1);
                    let _ = writeln!(self.text, "{space}}}");
                }
                14 => {
                    let tier = self.pick(&TIERS);
                    self.act(place, &space, &format!("set contact.tier = \"{tier}\""));
                }
                15 => {
                    let (word, tag) = (self.pick(&["tag", "tag", "untag"]), self.pick(&TAGS));
                    self.act(place, &space, &format!("{word} \"{tag}\""));
                }
                16 => {
                    let act = self.pick(&[
                        "credit 10 points expiring in 2 months",
                        "credit 5 points",
                        "credit 2.50 EUR wallet",
                        "debit 5 points",
                    ]);
                    // What credits points may not be started by it.
                    if !self.is_started_by_credits(place) {
                        self.act(place, &space, act);
                    }
                }
                17 if place.scenario + 1 < place.of => {
                    let next = self.random.range(place.scenario as i64 + 1, place.of as i64 - 1);
                    self.start(place, next, &space);
                }
                _ => {}
            }
        }
    }

    /// `start` of a scenario further down. One that reads the fields of a purchase can be started after a purchase alone.
    fn start(&mut self, place: &Place, next: i64, space: &str) {
        if place.trigger == Some("purchased") {
            let _ = writeln!(self.text, "{space}start s{next}");
        }
    }

    fn is_started_by_credits(&self, place: &Place) -> bool {
        self.text.contains("when credited points") && place.scenario > 0
    }

    fn act(&mut self, place: &Place, space: &str, act: &str) {
        let guard = self.guard(place, 25);
        let _ = writeln!(self.text, "{space}{act}{guard}");
    }

    fn wait(&mut self, place: &Place, space: &str) {
        let length = self.length();
        let text = match self.random.below(8) {
            0..=3 => format!("wait {length}"),
            4 => format!("wait until entry + {length}"),
            5 => "wait until monday at 09:30".to_owned(),
            6 if !place.sent.is_empty() => {
                let message = place.sent[self.random.below(place.sent.len() as u64) as usize].clone();
                let what = self.pick(&["opened", "clicked"]);
                format!("wait up to {length} for {what} {message}")
            }
            _ => format!("wait up to {length} for {}", self.history(place, "purchased")),
        };
        let _ = writeln!(self.text, "{space}{text}");
    }

    fn send(&mut self, place: &Place, sent: &mut Vec<String>, space: &str, guarded: bool) {
        self.message += 1;
        let name = format!("m{}", self.message);
        let class = self.pick(&["", "", "", "", "service ", "transactional "]);
        let channels = self.pick(&["email", "email", "email", "sms", "both"]);
        let what = match channels {
            "both" => format!("email {name} or sms {name}"),
            channel => format!("{channel} {name}"),
        };
        for channel in ["email", "sms"] {
            if channels == channel || channels == "both" {
                self.messages.insert((channel, name.clone()));
            }
        }
        let after_wait = self.text.trim_end().lines().last().is_some_and(|line| {
            line.trim_start().starts_with("wait") && line.len() - line.trim_start().len() == space.len()
        });
        let together = if after_wait && self.random.percent(30) { " together" } else { "" };
        let guard = if guarded { self.guard(place, 40) } else { String::new() };
        let _ = writeln!(self.text, "{space}send {class}{what}{together}{guard}");
        sent.push(name);
    }

    fn guard(&mut self, place: &Place, percent: u64) -> String {
        if !self.random.percent(percent) {
            return String::new();
        }
        let word = self.pick(&["unless", "only if"]);
        format!(" {word} {}", self.condition(place, 1))
    }

    fn condition(&mut self, place: &Place, depth: usize) -> String {
        if depth > 0 && self.random.percent(35) {
            let (one, other) = (self.condition(place, depth - 1), self.condition(place, depth - 1));
            return match self.random.below(3) {
                0 => format!("({one}) and ({other})"),
                1 => format!("({one}) or ({other})"),
                _ => format!("not ({one})"),
            };
        }
        if self.fed && self.random.percent(40) {
            return self.fed();
        }
        match self.random.below(14) {
            0..=2 => {
                let event = self.pick(&EVENTS);
                let no = self.pick(&["", "", "no "]);
                format!("{no}{}", self.history(place, event))
            }
            3 => format!("no (purchased or subscribed) in last {}", self.length()),
            4 | 5 => self.aggregate(place),
            6 => format!("contact.tier is \"{}\"", self.pick(&TIERS)),
            7 => format!("\"{}\" in contact.tags", self.pick(&TAGS)),
            8 => "points >= 10".to_owned(),
            9 if place.of > 1 => {
                let other = (place.scenario + 1) % place.of;
                format!("{}in s{other}", self.pick(&["", "not "]))
            }
            10 if place.runs && !place.sent.is_empty() => {
                let message = place.sent[self.random.below(place.sent.len() as u64) as usize].clone();
                let what = self.pick(&["opened", "clicked", "sent", "no opened"]);
                match self.random.percent(20) {
                    true => format!("opened {message} is unknown"),
                    false => format!("{what} {message}"),
                }
            }
            11 if place.trigger == Some("purchased") => format!("product.category is \"{}\"", self.pick(&CATEGORIES)),
            12 if place.trigger == Some("purchased") => "product.complements is not empty".to_owned(),
            13 => "warm".to_owned(),
            _ => "contact.created_at before 1 month ago".to_owned(),
        }
    }

    /// A condition on the measure of what scenarios do.
    fn fed(&mut self) -> String {
        let known = self.pick(&["", " default 0"]);
        let limit = self.pick(&["0.2", "0.5", "1", "3"]);
        if self.text.contains("measure fed = share") {
            return self.pick(&["fed < 50%", "fed >= 25%", "not fed > 0%"]).to_owned();
        }
        match self.random.percent(50) {
            true => format!("fed{known} >= {limit}"),
            false => format!("fed{known} < {limit}"),
        }
    }

    fn aggregate(&mut self, place: &Place) -> String {
        let window = self.window(place);
        match self.random.below(10) {
            0 => format!("count of purchased {window} >= 2"),
            1 => format!("count of days of purchased {window} > 1"),
            2 => format!("sum of purchased.amount {window} > 50 EUR"),
            3 => format!("average of purchased.amount {window} > 20 EUR"),
            4 => "median gap of purchased ever < 3 weeks".to_owned(),
            5 => "average gap of purchased ever > 10 days".to_owned(),
            6 => format!("share of purchased discounted {window} >= 50%"),
            7 => format!("most common of purchased.product.category {window} is \"{}\"", self.pick(&CATEGORIES)),
            8 => format!("count of purchased.product {window} >= 2"),
            _ => format!("last purchased.quantity {window} is 1"),
        }
    }

    fn history(&mut self, place: &Place, event: &'static str) -> String {
        let filter = match (event, self.random.below(4)) {
            ("purchased", 0) => " product.recurring".to_owned(),
            ("purchased", 1) if place.trigger == Some("purchased") => " same product.family".to_owned(),
            ("purchased", 2) => " where quantity > 1".to_owned(),
            ("subscribed", 0) => " list is \"news\"".to_owned(),
            _ => String::new(),
        };
        format!("{event}{filter} {}", self.window(place))
    }

    fn window(&mut self, place: &Place) -> String {
        match self.random.below(if place.runs { 5 } else { 3 }) {
            0 => "ever".to_owned(),
            1 | 2 => format!("in last {}", self.length()),
            3 => "since entry".to_owned(),
            _ => "since last message".to_owned(),
        }
    }

    fn length(&mut self) -> &'static str {
        self.pick(&["30 minutes", "5 hours", "1 day", "3 days", "1 week", "20 days", "1 month", "36 hours"])
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        self.random.pick(from)
    }
}
