//! How many messages one person can get: what a simulation sends stays below the bound in every window, over random programs and
//! over the library; and for small programs the bound is what a history can reach.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and writes CRMs into a temporary folder"
)]

#[path = "oracle/random.rs"]
mod choice;
#[path = "random/history.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod history;
#[path = "random/program.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod program;

use choice::Random;
use scn::compile::pressure::{Figures, Pressure, WINDOWS, pressure};
use scn::compile::{Input, InputFile, compile};
use scn::drivers::simulate::{Request, simulate};
use scn::ir::{Bundle, Class, Op};
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use scn::time::Instant;
use std::collections::BTreeMap;
use std::path::Path;

const DAY: i64 = 86_400;

/// A message of the effects CSV.
struct Sent {
    contact: String,
    scenario: String,
    channel: String,
    class: Class,
    /// Seconds since 1970.
    at: i64,
}

fn bundle(text: &str) -> Bundle {
    let mut input = Input::default();
    let source = input.sources.add("case.scn", text);
    input.files.push(InputFile { source, stem: "case".into(), folder: String::new(), selected: true });
    let compiled = compile(&input, &Surroundings::default(), &Configuration::default());
    compiled.bundle.unwrap_or_else(|| panic!("{text}\n{:#?}", compiled.diagnostics))
}

fn sent(bundle: &Bundle, crm: &Path, from: Instant, to: Instant) -> Vec<Sent> {
    let request = Request { from: Some(from), to: Some(to), threads: 1, ..Request::default() };
    let mut bytes = Vec::new();
    simulate(bundle, &Crm::open(crm).unwrap(), &request, Some(&mut bytes)).unwrap();
    let classes: BTreeMap<(String, u16), Class> = (bundle.scenarios.iter())
        .flat_map(|scenario| {
            scenario.steps.values().iter().filter_map(|step| match &step.op {
                Op::Send(send) => Some(((scenario.name.clone(), step.ordinal), send.class)),
                _ => None,
            })
        })
        .collect();
    let records = csv::Reader::from_reader(bytes.as_slice()).into_records().map(Result::unwrap);
    records
        .filter(|record| &record[6] == "send" && &record[9] == "sent")
        .map(|record| Sent {
            contact: record[1].to_owned(),
            scenario: record[2].to_owned(),
            channel: record[7].to_owned(),
            class: classes[&(record[2].to_owned(), record[5].parse().unwrap())],
            at: chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp(),
        })
        .collect()
}

/// The most of these messages that one person got in each of the windows, its end excluded.
fn busiest<'a>(messages: impl Iterator<Item = &'a Sent>) -> [u64; 3] {
    let mut persons: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for message in messages {
        persons.entry(&message.contact).or_default().push(message.at);
    }
    let mut most = [0; 3];
    for times in persons.values_mut() {
        times.sort_unstable();
        for (most, (_, window)) in most.iter_mut().zip(WINDOWS) {
            let seconds = window / 1_000_000;
            for (place, first) in times.iter().enumerate() {
                let count = times[place..].partition_point(|time| time - first < seconds) as u64;
                *most = count.max(*most);
            }
        }
    }
    most
}

/// How often a bound was there to be held, and how often it was reached.
#[derive(Debug, Default)]
struct Held {
    bounds: usize,
    reached: usize,
}

impl Held {
    fn hold(&mut self, found: [u64; 3], bound: &Figures, what: &dyn Fn(&str) -> String) {
        for ((found, bound), (window, _)) in found.into_iter().zip(bound).zip(WINDOWS) {
            let Some(bound) = *bound else { continue };
            assert!(found <= bound, "{}", what(&format!("{found} messages in a {window}, the bound is {bound}")));
            self.bounds += usize::from(found > 0);
            self.reached += usize::from(found > 0 && found == bound);
        }
    }

    fn hold_all(&mut self, messages: &[Sent], pressure: &Pressure, what: &dyn Fn(&str) -> String) {
        self.hold(busiest(messages.iter()), &pressure.all, &|said| what(&format!("all: {said}")));
        for (class, figures) in &pressure.classes {
            let of = messages.iter().filter(|message| message.class == *class);
            self.hold(busiest(of), figures, &|said| what(&format!("{class:?}: {said}")));
        }
        for (channel, figures) in &pressure.channels {
            let of = messages.iter().filter(|message| message.channel == *channel);
            self.hold(busiest(of), figures, &|said| what(&format!("{channel}: {said}")));
        }
        // What caps hold may leave in another window: each scenario by itself is a bound where there are none.
        if !pressure.has_caps {
            self.hold(busiest(messages.iter()), &pressure.without_caps, &|said| what(&format!("without caps: {said}")));
            for each in &pressure.scenarios {
                let of = messages.iter().filter(|message| message.scenario == each.scenario);
                self.hold(busiest(of), &each.most, &|said| what(&format!("{}: {said}", each.scenario)));
            }
        }
    }
}

/// Gives an entry rule to some of the scenarios of a random program that have none, so that more of them have a bound.
fn limited(text: &str, random: &mut Random) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut limited = String::new();
    for (place, line) in lines.iter().enumerate() {
        limited += &format!("{line}\n");
        let next = lines.get(place + 1).copied().unwrap_or_default();
        let is_trigger = ["  when ", "  every "].iter().any(|word| line.starts_with(word));
        let is_before_rule = line.starts_with("  for ") || is_trigger && !next.starts_with("  for ");
        let has_rule = ["  once", "  latest", "  one at a time"].iter().any(|word| next.starts_with(word));
        if is_before_rule && !has_rule && random.percent(60) {
            let rule = random.pick(&["once", "once every 1 day", "once every 36 hours", "once every 1 week", "latest"]);
            limited += &format!("  {rule}\n");
        }
    }
    limited
}

/// One seed, or several: `SCN_SEED=17`, `SCN_SEED=401..2000`.
fn seeds(cases: u64) -> Vec<u64> {
    match std::env::var("SCN_SEED") {
        Ok(seeds) => {
            let (from, to) = seeds.split_once("..").unwrap_or((&seeds, &seeds));
            (from.parse().unwrap()..=to.parse().unwrap()).collect()
        }
        Err(_) => (1..=cases).collect(),
    }
}

#[test]
fn no_simulation_sends_more_than_the_bound() {
    let mut held = Held::default();
    for seed in seeds(400) {
        let mut random = Random::new(seed);
        let program = program::program(&mut random);
        let history = history::history(&mut random, &program);
        let text = limited(&program.text, &mut random);
        let bundle = bundle(&text);
        let folder = tempfile::tempdir().unwrap();
        let crm = folder.path().join("crm.db");
        history.write_all(&crm);
        let first = history.events.first().map_or(1_583_143_200, |event| event.at);
        let last = history.events.last().map_or(1_600_000_000, |event| event.at);
        let messages = sent(&bundle, &crm, Instant::from_seconds(first), Instant::from_seconds(last + 60 * DAY));
        let what = |said: &str| format!("seed {seed} (SCN_SEED={seed}): {said}\n{text}");
        held.hold_all(&messages, &pressure(&bundle), &what);
    }
    println!("{held:?}");
    assert!(std::env::var("SCN_SEED").is_ok() || held.bounds > 500 && held.reached > 100, "{held:?}");
}
