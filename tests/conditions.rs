//! What the checker says of conditions, the engine says too: where it claims that one is always true, or never, no random life
//! shows another answer.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and reads which seed is wanted"
)]

#[path = "oracle/random.rs"]
mod choice;
#[path = "fixtures/seeds.rs"]
mod seeds;

use choice::Random;
use scn::compile::{Compiled, Input, InputFile, compile};
use scn::diagnostic::Rule;
use scn::drivers::test;
use scn::engine::{Outcome, Program, Told};
use scn::ir::{Bundle, Op, StepIx};
use scn::model::{Configuration, Surroundings};
use seeds::seeds;
use std::collections::BTreeMap;
use std::fmt::Write;

const MODEL: &str = "event rated { stars: number, score: number?, mood: \"good\" | \"bad\" | \"so\", place: text?, ok: flag, \
                     sure: flag?, length: duration, day: date? }\n";
const CASES: u64 = 250;

/// Writes a scenario: each condition in a line of its own.
struct Writer {
    random: Random,
    text: String,
    /// The line of each `if`, in order.
    ifs: Vec<usize>,
    /// The line of each guarded tag, and the tag.
    guards: BTreeMap<usize, String>,
}

impl Writer {
    fn line(&self) -> usize {
        self.text.matches('\n').count() + 1
    }

    fn number(&mut self) -> String {
        self.random.range(0, 3).to_string()
    }

    fn text_value(&mut self) -> &'static str {
        self.random.pick(&["\"a\"", "\"b\"", "\"c\""])
    }

    /// What is asked of the trigger alone.
    fn of_trigger(&mut self, prefix: &str) -> String {
        let op = self.random.pick(&[">", ">=", "<", "<=", "is", "is not"]);
        let field = self.random.pick(&["stars", "score"]);
        let not = self.random.pick(&["", "not "]);
        let number = self.number();
        let text = self.text_value();
        match self.random.below(15) {
            0..=3 => format!("{prefix}{field} {op} {number}"),
            4 => format!("{prefix}stars {} {prefix}score", self.random.pick(&[">", "<=", "<", ">="])),
            5 => format!("{prefix}mood is {not}{}", self.random.pick(&["\"good\"", "\"bad\"", "\"so\""])),
            6 => format!("{prefix}mood in [\"good\", {}]", self.random.pick(&["\"bad\"", "\"so\""])),
            7 => format!("{prefix}place is {not}{text}"),
            8 => format!("{prefix}place is {not}empty"),
            9 => format!("({prefix}place default \"a\") is {not}{text}"),
            10 => format!("{not}{prefix}{}", self.random.pick(&["ok", "sure"])),
            11 => format!("({prefix}sure default no)"),
            12 => {
                let length = self.random.pick(&["30 days", "1 month", "31 days", "720 hours"]);
                format!("{prefix}length {op} {length}")
            }
            13 => format!("{prefix}day before 2020-01-0{}", self.random.range(1, 3)),
            _ => format!("({prefix}score default {number}) {op} {}", self.random.range(0, 3)),
        }
    }

    fn of_contact(&mut self, in_step: bool) -> String {
        let op = self.random.pick(&[">", ">=", "<", "<=", "is"]);
        let number = self.random.range(0, 3);
        let last =
            self.random.pick(&["in last 1 day", "in last 2 days", "in last 1 month", "in last 2 months", "ever"]);
        let no = self.random.pick(&["", "no "]);
        let filter = self.random.pick(&["", "stars is 2 ", "same place ", "ok "]);
        match self.random.below(8) {
            0 => format!("contact.tier is {}", self.text_value()),
            1 => format!("has contact.{}", self.random.pick(&["tier", "created_at"])),
            2 => {
                let order = self.random.pick(&["before", "after"]);
                let ago = self.random.pick(&["1 month", "2 months", "3 days", "30 days"]);
                format!("contact.created_at {order} {ago} ago")
            }
            3 => format!("count of rated {filter}{last} {op} {number}"),
            4 => format!("share of rated ok {last} {} {}%", self.random.pick(&[">", "<="]), number * 50),
            5 if in_step => format!("{no}rated {filter}since entry"),
            _ => format!("{no}rated {filter}{last}"),
        }
    }

    fn condition(&mut self, prefix: &str, place: u8, depth: u32) -> String {
        if depth == 0 || self.random.percent(30) {
            return match place > 0 && self.random.percent(40) {
                true => self.of_contact(place > 1),
                false => self.of_trigger(prefix),
            };
        }
        let one = self.condition(prefix, place, depth - 1);
        match self.random.below(8) {
            0 => format!("not ({one})"),
            1 => format!("(({one}) is unknown)"),
            2 => format!("(({one}) or not ({one}))"),
            3..=5 => format!("({one} and {})", self.condition(prefix, place, depth - 1)),
            _ => format!("({one} or {})", self.condition(prefix, place, depth - 1)),
        }
    }

    fn steps(&mut self, depth: u32) {
        for _ in 0..self.random.range(1, 3) {
            match self.random.below(10) {
                0 => self.text.push_str("wait 1 day\n"),
                1 => self.text.push_str("set contact.tier = \"b\"\n"),
                2 => self.text.push_str("tag \"seen\"\n"),
                3..=4 => {
                    let (line, tag) = (self.line(), format!("guarded {}", self.guards.len()));
                    let word = self.random.pick(&["only if", "unless"]);
                    let condition = self.condition("trigger.", 2, 2);
                    let _ = writeln!(self.text, "tag \"{tag}\" {word} {condition}");
                    self.guards.insert(line, tag);
                }
                _ => self.branches(depth),
            }
        }
    }

    fn branches(&mut self, depth: u32) {
        for arm in 0..self.random.range(1, 3) {
            self.ifs.push(self.line());
            let word = if arm == 0 { "if" } else { "else if" };
            let condition = self.condition("trigger.", 2, 2);
            let _ = writeln!(self.text, "{word} {condition} {{");
            match self.random.percent(25) {
                true => self.text.push_str("stop\n"),
                false if depth > 0 => self.steps(depth - 1),
                false => self.text.push_str("tag \"inner\"\n"),
            }
            self.text.push_str("}\n");
        }
    }

    fn happenings(&mut self) {
        for _ in 0..8 {
            let day = self.random.range(1, 3);
            let month = self.random.range(1, 3);
            let hour = self.random.range(10, 20);
            let stars = self.random.range(0, 4);
            let mood = self.random.pick(&["good", "bad", "so"]);
            let ok = self.random.pick(&["yes", "no"]);
            let length = self.random.pick(&["30 days", "1 month", "2 months", "720 hours"]);
            let _ =
                write!(self.text, "at 2020-0{month}-0{day} {hour}:00 ana rated stars {stars} mood \"{mood}\" ok {ok}");
            for (field, values) in [
                ("day", ["2020-01-01", "2020-01-02", "2020-01-03", "2019-01-01"]),
                ("score", ["0", "1", "2", "3"]),
                ("place", ["\"a\"", "\"b\"", "\"d\"", "\"\""]),
                ("sure", ["yes", "no", "yes", "no"]),
            ] {
                if self.random.percent(70) {
                    let _ = write!(self.text, " {field} {}", self.random.pick(&values));
                }
            }
            let _ = writeln!(self.text, " length {length}");
        }
    }
}

fn program(seed: u64) -> Writer {
    let mut writer =
        Writer { random: Random::new(seed), text: MODEL.to_owned(), ifs: Vec::new(), guards: BTreeMap::new() };
    writer.text.push_str("scenario story {\nwhen rated");
    if writer.random.percent(30) {
        let filter = writer.condition("", 0, 2);
        let _ = write!(writer.text, " where ({filter})");
    }
    writer.text.push('\n');
    if writer.random.percent(40) {
        let audience = writer.condition("trigger.", 1, 2);
        let _ = writeln!(writer.text, "for {audience}");
    }
    writer.steps(2);
    writer.text.push_str("tag \"end\"\n}\ntest \"life\" {\n");
    let tier = writer.random.pick(&["\"a\"", "\"b\"", "empty"]);
    let created = writer.random.pick(&["2020-01-01 10:00", "2019-01-01 10:00", "empty"]);
    let _ =
        writeln!(writer.text, "given contact ana {{ email: \"a@example.com\", tier: {tier}, created_at: {created} }}");
    writer.happenings();
    writer.text.push_str("expect nothing\n}\n");
    writer
}

fn compiled(text: &str) -> Compiled {
    let mut input = Input::default();
    let source = input.sources.add("case.scn", text);
    input.files.push(InputFile { source, stem: "case".into(), folder: String::new(), selected: true });
    compile(&input, &Surroundings::default(), &Configuration::default())
}

/// What a life showed: of each branch in order its answers, the tags that were set, how many instances began.
struct Shown {
    branches: Vec<Vec<Option<bool>>>,
    tags: Vec<String>,
    started: usize,
}

fn lived(bundle: &Bundle, compiled: &Compiled) -> Shown {
    let program = Program::link(bundle, &[]).unwrap();
    let verdict = test::run(&program, &compiled.tests[0]);
    let scenario = bundle.scenarios.iter().find(|scenario| scenario.name == "story").unwrap();
    let places: Vec<StepIx> = (0..scenario.steps.len() as u32)
        .map(|place| StepIx(place as _))
        .filter(|place| matches!(scenario.steps.get(*place).unwrap().op, Op::Branch { .. }))
        .collect();
    let mut branches = vec![Vec::new(); places.len()];
    let mut started = 0;
    for line in &verdict.trace {
        match line.what {
            Told::Started => started += 1,
            Told::Branch { holds } => {
                let place = places.iter().position(|place| Some(*place) == line.step).unwrap();
                branches[place].push(holds);
            }
            _ => {}
        }
    }
    let tags = verdict
        .done
        .iter()
        .filter(|done| done.outcome == Outcome::Done)
        .map(|done| format!("{:?}", done.act))
        .collect();
    Shown { branches, tags, started }
}

#[test]
fn what_is_claimed_of_conditions_is_so() {
    let (mut claims, mut judged, mut unread) = (BTreeMap::new(), 0, 0);
    for seed in seeds(CASES) {
        let written = program(seed);
        let compiled = compiled(&written.text);
        let Some(bundle) = &compiled.bundle else {
            unread += 1;
            assert!(unread < CASES / 10, "{:?}\n{}", compiled.diagnostics, written.text);
            continue;
        };
        let shown = lived(bundle, &compiled);
        judged += shown.branches.iter().map(Vec::len).sum::<usize>();
        assert_eq!(shown.branches.len(), written.ifs.len(), "{}", written.text);
        for found in &compiled.diagnostics {
            let wrong = |what: &str| format!("seed {seed}: {}: {what}\n{}", found.message, written.text);
            let line = found.span().map_or(0, |span| compiled.sources.position(span).0);
            match found.rule {
                Rule::CannotStart => assert_eq!(shown.started, 0, "{}", wrong("it starts")),
                Rule::ConstantCondition => {}
                _ => continue,
            }
            *claims.entry(found.message.clone()).or_insert(0) += 1;
            let branch = written.ifs.iter().position(|each| *each == line).map(|place| &shown.branches[place]);
            let set =
                written.guards.get(&line).map(|tag| shown.tags.iter().any(|each| each.contains(&format!("\"{tag}\""))));
            match (found.message.as_str(), branch, set) {
                ("this condition is always true", Some(branch), _) => {
                    assert!(branch.iter().all(|holds| *holds == Some(true)), "{}", wrong("not always"));
                }
                ("this condition is never true", Some(branch), _) => {
                    assert!(branch.iter().all(|holds| *holds != Some(true)), "{}", wrong("it is"));
                }
                (said, _, Some(set))
                    if said == "this condition is never true" || said.starts_with("this `unless` always holds") =>
                {
                    assert!(!set, "{}", wrong("the step comes"));
                }
                _ => {}
            }
        }
    }
    if std::env::var("SCN_SEED").is_err() {
        let total: i32 = claims.values().sum();
        assert!(total > 60 && judged > 1000 && unread < CASES / 10, "{claims:?}, {judged} answers, {unread} unread");
    }
}

/// As many arms as a shop has categories or towns: each is judged by all before it, and the one that comes twice is told.
#[test]
fn a_long_chain_of_arms_is_judged() {
    let mut text = String::from("scenario story {\nwhen subscribed\nonce\nif contact.tier is \"a0\" { tag \"x\" }\n");
    for arm in 1..600 {
        let _ = writeln!(text, "else if contact.tier is \"a{}\" {{ tag \"x\" }}", if arm == 500 { 3 } else { arm });
    }
    for stop in 0..300 {
        let _ = writeln!(text, "stop only if contact.tier is \"b{stop}\"");
    }
    text.push_str("stop only if contact.tier is \"c\"");
    for part in 0..1500 {
        let _ = write!(text, " and contact.tier is not \"a{part}\"");
    }
    text.push_str("\ntag \"end\"\n}\n");
    let compiled = compiled(&text);
    let found: Vec<(Rule, usize)> = (compiled.diagnostics.iter())
        .map(|found| (found.rule, found.span().map_or(0, |span| compiled.sources.position(span).0)))
        .collect();
    assert_eq!(found, [(Rule::ConstantCondition, 504)]);
}
