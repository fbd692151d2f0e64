//! Histories counted by hand (`tests/data/tables/`), merges, and intervals against published ones.

#![allow(
    clippy::disallowed_methods,
    clippy::panic,
    clippy::iter_over_hash_type,
    reason = "tests read their data, and panic"
)]

#[path = "../../../tests/fixtures/table_lines.rs"]
mod table_lines;

use super::statistics::{Interval, Share, newcombe, welch, wilson};
use super::sums::View;
use super::*;
use crate::compile::{Input, InputFile, compile};
use crate::engine::{Amount, EffectKey, Journey, Left, Mark, Marked, Outcome, Program, Reason, Receipt, TriggerRef};
use crate::model::{Configuration, Id, Surroundings};
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::path::Path;
use table_lines::lines;

/// 2020-01-01T00:00:00Z, and so many hours.
fn hour(text: &str) -> Instant {
    Instant::from_seconds(1_577_836_800 + text.parse::<i64>().unwrap() * 3600)
}

/// A case: its names, its contacts, and the lines of its tables.
struct Case {
    catalog: Catalog,
    contacts: Vec<Vec<Happening>>,
    /// Of each contact: its journeys that wait, and the steps that may be next.
    waits: Vec<Vec<(Journey, Vec<u32>)>>,
    expected: Vec<String>,
    scenarios: BTreeMap<String, u16>,
    /// By scenario and number.
    steps: BTreeMap<(u16, u16), u32>,
}

impl Case {
    fn read(text: &str) -> Case {
        let (catalog, contacts, expected) = (Catalog::default(), Vec::new(), Vec::new());
        let (scenarios, steps) = (BTreeMap::new(), BTreeMap::new());
        let mut case = Case { catalog, contacts, waits: Vec::new(), expected, scenarios, steps };
        let mut is_expected = false;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words = words(line);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            match words.as_slice() {
                _ if is_expected => case.expected.push(line.to_owned()),
                ["expect"] => is_expected = true,
                ["contact"] => {
                    case.contacts.push(Vec::new());
                    case.waits.push(Vec::new());
                }
                [scenario, trigger, "waits", "before", steps @ ..] => case.waits_before(scenario, trigger, steps),
                ["scenario", name, goal @ ..] => case.scenario(name, goal),
                ["step", number, class, ..] => {
                    let rest = line.split_once(": ").unwrap().1;
                    let (messages, of) = rest.split_once(" of ").unwrap_or((rest, ""));
                    case.step(number.parse().unwrap(), *class == "marketing:", messages, of);
                }
                words => {
                    let happening = case.happening(words);
                    case.contacts.last_mut().unwrap().push(happening);
                }
            }
        }
        case
    }

    fn scenario(&mut self, name: &str, goal: &[&str]) {
        let number = self.catalog.scenario(name);
        self.scenarios.insert(name.to_owned(), number);
        let scenario = self.catalog.scenarios.last_mut().unwrap();
        scenario.goal = match goal {
            ["window", ..] => GoalKind::Window,
            ["without", "window"] => GoalKind::WithoutWindow,
            _ => GoalKind::None,
        };
        if let ["window", events @ ..] = goal {
            for event in events {
                self.catalog.kind(event, &[number], true);
            }
        }
    }

    fn step(&mut self, number: u16, is_marketing: bool, messages: &str, of: &str) {
        let messages = messages.split(" or ").map(|each| {
            let (channel, message) = each.split_once(' ').unwrap();
            self.catalog.message(channel, message)
        });
        let messages: Vec<u32> = messages.collect();
        let scenario = self.scenarios.get(of).copied().unwrap_or(0);
        let step = self.catalog.step(CatalogStep { scenario, number, messages, is_marketing });
        self.steps.insert((scenario, number), step);
    }

    fn waits_before(&mut self, scenario: &str, trigger: &str, steps: &[&str]) {
        let unit = self.scenarios[scenario];
        let trigger = TriggerRef { kind: 0, id: Id::Text(trigger.into()) };
        let journey = Journey { unit, entered_at: self.entry(unit, &trigger, Instant(0)), trigger };
        let steps = steps.iter().map(|step| self.step_of(unit, step)).collect();
        self.waits.last_mut().unwrap().push((journey, steps));
    }

    fn happening(&mut self, words: &[&str]) -> Happening {
        let at = hour(words[0]);
        let what = match words[1..] {
            ["event", kind, money, ref of @ ..] => Happens::Event {
                kind: self.catalog.kind(kind, &[], false),
                money: Amount::of(money.parse().unwrap()),
                counts_for: self.counts_for(of),
            },
            ["erased"] => Happens::Erased,
            ["held", number, "because", ref reason @ ..] => {
                Happens::Held { key: key(number), reason: reason_named(&reason.join(" ")) }
            }
            ["receipt", number, ref outcome @ ..] => Happens::Receipt {
                key: key(number),
                receipt: match outcome.join(" ").as_str() {
                    "accepted" => Receipt::Accepted,
                    "bounced, hard" => Receipt::Bounced { hard: true },
                    _ => Receipt::Uncertain,
                },
            },
            [scenario, trigger, ref what @ ..] => {
                let unit = self.scenarios[scenario];
                let trigger = TriggerRef { kind: 0, id: Id::Text(trigger.into()) };
                let journey = Some(Journey { unit, entered_at: self.entry(unit, &trigger, at), trigger });
                return Happening { at, journey, what: self.of_journey(unit, what) };
            }
            _ => panic!("{words:?}"),
        };
        Happening { at, journey: None, what }
    }

    /// The journeys with these triggers; all that began, where nothing is said.
    fn counts_for(&self, triggers: &[&str]) -> Vec<Journey> {
        let journeys = self.contacts.last().unwrap().iter().filter_map(|happening| happening.journey.clone());
        let named =
            |journey: &Journey| triggers.is_empty() || triggers.contains(&journey.trigger.id.to_string().as_str());
        let mut found: Vec<Journey> = journeys.filter(named).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// A journey begins with its first line.
    fn entry(&self, unit: u16, trigger: &TriggerRef, at: Instant) -> Instant {
        let known = self.contacts.last().unwrap().iter().filter_map(|happening| happening.journey.as_ref());
        let mut known = known.filter(|journey| journey.unit == unit && journey.trigger == *trigger);
        known.next().map_or(at, |journey| journey.entered_at)
    }

    fn of_journey(&mut self, unit: u16, words: &[&str]) -> Happens {
        let after = |word: &str| words.iter().position(|each| *each == word).and_then(|place| words.get(place + 1));
        let closes = after("closes").map(|instant| hour(instant));
        let leads = !words.contains(&"too");
        let given = after("key").map(|number| key(number));
        match *words {
            ["entered"] => Happens::Entered,
            ["goal"] => Happens::Goal,
            ["left", ref how @ ..] => {
                let how = how.join(" ");
                Happens::Left { how: Left::ALL.into_iter().find(|left| left.name() == how).unwrap() }
            }
            ["drew", split, arm] => {
                self.catalog.scenarios[usize::from(unit)].has_splits = true;
                Happens::Drew { arm: self.catalog.arm(split, arm) }
            }
            ["decided", step, ..] => Happens::Decided { key: given.unwrap(), step: self.step_of(unit, step), leads },
            ["sent", step, message, ..] => {
                let (channel, message) = message.split_once(' ').unwrap();
                let message = self.catalog.message(channel, message);
                let key = given.unwrap_or(EffectKey([0; 16]));
                Happens::Sent { key, step: self.step_of(unit, step), message, leads, closes }
            }
            ["not", "sent", step, ref rest @ ..] => {
                let ends = rest.iter().position(|word| ["key", "closes"].contains(word)).unwrap_or(rest.len());
                let said = rest[..ends].join(" ");
                let (outcome, reason) = said.split_once(" because ").unwrap_or((&said, ""));
                let outcome = Outcome::ALL.into_iter().find(|each| each.name() == outcome).unwrap();
                let (step, reason) = (self.step_of(unit, step), reason_named(reason));
                let message = self.catalog.message_at(step, 0).unwrap_or(u32::MAX);
                Happens::NotSent { key: given, step, message, outcome, reason, closes }
            }
            _ => panic!("{words:?}"),
        }
    }

    fn step_of(&self, unit: u16, number: &str) -> u32 {
        self.steps[&(unit, number.parse().unwrap())]
    }

    /// The sums of some of its contacts, in this order.
    fn sums(&self, contacts: &[usize]) -> Sums {
        let mut fold = Fold::new(&self.catalog, Zone::UTC, Source::Journal);
        for contact in contacts {
            self.contacts[*contact].iter().for_each(|each| fold.take(&self.catalog, each.clone()));
            self.waits[*contact].iter().for_each(|(journey, steps)| fold.waits_before(journey, steps));
            fold.end_contact(&self.catalog);
        }
        fold.finish()
    }

    fn tables(&self, sums: Sums) -> Tables {
        Tables::new(&self.catalog, sums, "UTC", "EUR")
    }
}

fn words(line: &str) -> Vec<String> {
    let quoted = line.split('"').enumerate().flat_map(|(place, part)| match place % 2 {
        0 => part.split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        _ => vec![part.to_owned()],
    });
    quoted.collect()
}

fn key(number: &str) -> EffectKey {
    EffectKey([number.parse().unwrap(); 16])
}

fn reason_named(text: &str) -> Reason {
    Reason::ALL.into_iter().find(|reason| reason.text() == text).unwrap()
}

fn cases() -> Vec<(String, Case)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tables");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        (name, Case::read(&std::fs::read_to_string(path).unwrap()))
    };
    paths.iter().map(read).collect()
}

#[test]
fn histories_that_were_counted_by_hand() {
    let cases = cases();
    assert!(cases.len() >= 6);
    for (name, case) in cases {
        let all: Vec<usize> = (0..case.contacts.len()).collect();
        assert_eq!(lines(&case.tables(case.sums(&all))), case.expected, "{name}");
    }
}

/// However contacts are cut into shares, and in whatever order shares are merged.
#[test]
fn the_order_of_merging_does_not_matter() {
    for (name, case) in cases() {
        let mut random: u64 = 17;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (random >> 33) as usize % below
        };
        for _ in 0..50 {
            let mut order: Vec<usize> = (0..case.contacts.len()).collect();
            for place in (1..order.len()).rev() {
                order.swap(place, next(place + 1));
            }
            let mut shares: Vec<Sums> = Vec::new();
            let mut rest = order.as_slice();
            while !rest.is_empty() {
                let (share, later) = rest.split_at(1 + next(rest.len()));
                shares.insert(next(shares.len() + 1), case.sums(share));
                rest = later;
            }
            let mut sums = Sums::default();
            shares.into_iter().for_each(|share| sums.merge(share));
            assert_eq!(lines(&case.tables(sums)), case.expected, "{name} {order:?}");
        }
    }
}

fn is_near(found: Option<Interval>, (low, high): (f64, f64)) {
    let found = found.unwrap();
    assert!((found.low - low).abs() < 6e-5 && (found.high - high).abs() < 6e-5, "{found:?}, not {low} to {high}");
}

/// Newcombe, "Two-sided confidence intervals for the single proportion", Statistics in Medicine 17 (1998), 857-872, Table I,
/// method 3.
#[test]
fn wilson_as_published() {
    for (part, of, limits) in
        [(81, 263, (0.2553, 0.3662)), (15, 148, (0.0624, 0.1605)), (0, 20, (0.0, 0.1611)), (1, 29, (0.0061, 0.1718))]
    {
        is_near(wilson(Share { part, of }), limits);
    }
    assert_eq!(wilson(Share { part: 0, of: 0 }), None);
    assert_eq!(wilson(Share { part: 5, of: 5 }).unwrap().high, 1.0);
}

/// Newcombe 1998, Statistics in Medicine 17, 873-890, Table II, method 10.
#[test]
fn newcombe_as_published() {
    for ((part, of), (second, of_second), limits) in [
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((0, 10), (0, 10), (-0.2775, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
        ((10, 10), (0, 10), (0.6075, 1.0)),
    ] {
        is_near(newcombe(Share { part, of }, Share { part: second, of: of_second }), limits);
    }
    assert_eq!(newcombe(Share { part: 1, of: 2 }, Share { part: 0, of: 0 }), None);
}

/// As statsmodels 0.14 has it: `CompareMeans(DescrStatsW(x), DescrStatsW(y)).tconfint_diff(usevar="unequal")`.
#[test]
fn welch_as_statsmodels_has_it() {
    let group = |amounts: &[f64]| {
        let mut group = Group::default();
        amounts.iter().for_each(|amount| group.add(false, (amount * 10_000.0).round() as i128));
        group
    };
    let one = group(&[27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]);
    let two = group(&[27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 24.4, 23.0]);
    is_near(welch(&one, &two), (-4.767355, -0.817645));
    let (one, two) = (group(&[0.0, 0.0, 0.0, 12.5, 0.0, 99.9, 0.0, 3.25]), group(&[0.0, 5.0, 0.0, 0.0, 1.5]));
    is_near(welch(&one, &two), (-15.951240, 42.263740));
    assert_eq!(welch(&one, &group(&[1.0])), None);
    assert_eq!(welch(&group(&[0.0, 0.0]), &group(&[0.0, 0.0])), None);
}

#[test]
fn quartiles_are_nearest_ranks() {
    let cell = |hours: &[(u32, u64)]| Cell { hours: hours.iter().copied().collect(), ..Cell::default() };
    assert_eq!(cell(&[]).hours_at((1, 2)), None);
    let four = cell(&[(1, 1), (2, 1), (5, 2)]);
    assert_eq!([1, 2, 3].map(|part| four.hours_at((part, 4))), [Some(1), Some(2), Some(5)]);
    assert_eq!(cell(&[(0, 1), (9, 2)]).hours_at((1, 2)), Some(9));
}

#[test]
fn instances_that_one_step_starts_at_one_instant_are_one_journey() {
    let mut input = Input::default();
    let text = "scenario a { when purchased start b start b }
        scenario b { when started wait 1 day tag \"x\" }
        scenario c { when purchased wait 1 day tag \"y\" }";
    let source = input.sources.add("case.scn", text);
    input.files.push(InputFile { source, stem: "case".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    let bundle = compiled.bundle.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics));
    let catalog = Catalog::of(&Program::link(&bundle, &[]).unwrap());
    // Of the journeys of `c` nothing needs to be remembered.
    for (unit, entered) in [(1, 1), (2, 2)] {
        let trigger = |id| TriggerRef { kind: 0, id: Id::Number(if unit == 1 { 7 } else { id }) };
        let mark = |id, what| {
            let journey = Journey { unit, entered_at: hour("0"), trigger: trigger(id) };
            Mark { at: hour("0"), journey: Some(journey), what }
        };
        let how = Left::Finished;
        let mut marks: Vec<Mark> = [1, 2].map(|id| mark(id, Marked::Entered)).into();
        marks.extend([1, 2].map(|id| mark(id, Marked::Left { how })));
        let mut fold = Fold::new(&catalog, Zone::UTC, Source::Simulation);
        fold.take_contact(&catalog, &mut marks, std::iter::empty());
        let (rows, _) = fold.finish().rows(&catalog);
        let cell = rows.get(&(View::All, unit, 0)).unwrap();
        assert_eq!((cell.entered, cell.waiting), (entered, 0), "{unit}");
    }
}
