//! Random programs over random histories. Each ends; says the same twice, on one thread and on three, whatever the order of
//! the rows, and of one contact whatever the others do; and a run that is interrupted sends what the simulation sends.

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
#[path = "random/difference.rs"]
mod difference;
#[path = "random/history.rs"]
mod history;
#[path = "run/outbox.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod outbox;
#[path = "random/program.rs"]
mod program;
#[path = "fixtures/seeds.rs"]
mod seeds;
#[path = "run/shop.rs"]
#[allow(dead_code, reason = "shared with another test binary")]
mod shop;
#[path = "fixtures/side_by_side.rs"]
mod side_by_side;

use choice::Random;
use history::History;
use program::Program;
use rusqlite::Connection;
use scn::drivers::simulate::{ReadFrom, Request, simulate};
use scn::model::Id;
use scn::store::cache::Settings;
use scn::store::crm::Crm;
use scn::time::Instant;
use seeds::seeds;
use shop::{Shop, Told, template};
use side_by_side::of_each;
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

/// Contact, scenario, step, first trigger, instant in seconds, channel, message.
type Message = (String, String, u16, String, i64, String, String);

struct Case {
    seed: u64,
    program: Program,
    history: History,
    shop: Shop,
}

fn case(seed: u64) -> Case {
    let mut random = Random::new(seed);
    let program = program::program(&mut random);
    let history = history::history(&mut random, &program);
    let templates: Vec<_> = program.messages.iter().map(|(channel, name)| template(channel, name, "one")).collect();
    let shop = Shop::new(&program.text, "UTC", &templates);
    Case { seed, program, history, shop }
}

impl Case {
    /// The instant until which the clock goes: some time after the last event.
    fn to(&self) -> Instant {
        let last = self.history.events.last().map_or(1_600_000_000, |event| event.at);
        Instant::from_seconds(last + 60 * 86_400)
    }

    fn from(&self) -> Instant {
        Instant::from_seconds(self.history.events.first().map_or(1_583_143_200, |event| event.at))
    }

    fn effects(&self, crm: &Path, threads: usize) -> String {
        self.simulated(crm, Request { threads, ..Request::default() }).0
    }

    /// The effects, and what measures told.
    fn simulated(&self, crm: &Path, request: Request) -> (String, Told) {
        let request = Request { from: Some(self.from()), to: Some(self.to()), ..request };
        let mut bytes = Vec::new();
        let simulation = simulate(&self.shop.bundle, &Crm::open(crm).unwrap(), &request, Some(&mut bytes)).unwrap();
        let told = simulation.report.measures.iter().flat_map(|measure| {
            let each = measure.refreshes.iter();
            each.map(|(at, value)| ((measure.name.clone(), *at), value.clone()))
        });
        (String::from_utf8(bytes).unwrap(), told.collect())
    }

    /// The effects from a history that is kept, and where it was read.
    fn effects_kept(&self, crm: &Path, threads: usize) -> (String, ReadFrom) {
        let folder = self.shop.folder.path().join("cache");
        // Nothing is changed here after it was written.
        let cache = Settings { coarse: Duration::ZERO, chunk: 7, ..Settings::in_folder(folder) };
        let (from, to) = (Some(self.from()), Some(self.to()));
        let request = Request { from, to, threads, cache: Some(cache), ..Request::default() };
        let mut bytes = Vec::new();
        let told = simulate(&self.shop.bundle, &Crm::open(crm).unwrap(), &request, Some(&mut bytes)).unwrap();
        (String::from_utf8(bytes).unwrap(), told.report.read_from)
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.shop.folder.path().join(name)
    }

    /// What the run sent, cut at random points and taken up again.
    fn run(&self) -> BTreeSet<Message> {
        self.history.write_beginning(&self.shop.crm());
        let mut random = Random::new(!self.seed);
        let (mut now, to) = (self.from(), self.to());
        let mut rows = self.history.events.as_slice();
        let mut run = self.shop.open(now);
        loop {
            let row = rows.first().map(|row| Instant::from_seconds(row.at));
            let Some(next) = run.next().unwrap().into_iter().chain(row).min().filter(|next| *next <= to) else { break };
            let count = rows.iter().take_while(|row| Instant::from_seconds(row.at) == next).count();
            assert!(next > now || count > 0 || now == self.from(), "all was done at {now}, and {next} is due");
            now = next.max(now);
            let (arrived, later) = rows.split_at(count);
            rows = later;
            let db = Connection::open(self.shop.crm()).unwrap();
            for row in arrived {
                assert_eq!(db.execute(&row.sql, []).unwrap(), 1);
            }
            drop(db);
            if random.percent(20) {
                // Stopped between two batches.
                let batches = random.below(3);
                let asked = std::cell::Cell::new(0);
                run.tick(now, &|| asked.replace(asked.get() + 1) >= batches).unwrap();
            }
            if random.percent(20) {
                drop(run);
                run = self.shop.open(now);
            }
            run.tick(now, &|| false).unwrap();
        }
        let triggers = outbox::triggers(&self.shop.state());
        let rows = outbox::rows(&self.shop.state());
        rows.into_iter()
            .filter(|row| row.state == "accepted")
            .map(|row| {
                let trigger = triggers[&row.key].clone();
                (row.contact, row.scenario, row.step, trigger, row.settled, row.channel, row.message)
            })
            .collect()
    }
}

/// What the effects CSV says was sent.
fn sent(csv: &str) -> BTreeSet<Message> {
    let records = csv::Reader::from_reader(csv.as_bytes()).into_records().map(Result::unwrap);
    let is_sent = |record: &csv::StringRecord| &record[6] == "send" && &record[9] == "sent";
    records
        .filter(is_sent)
        .map(|record| {
            let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
            let trigger = record[3].split(';').next().unwrap().to_owned();
            let text = |place: usize| record[place].to_owned();
            (text(1), text(2), record[5].parse().unwrap(), trigger, at, text(7), text(8))
        })
        .collect()
}

fn lines_of(csv: &str, contact: i64) -> Vec<&str> {
    csv.lines().filter(|line| line.split(',').nth(1) == Some(&contact.to_string())).collect()
}

#[test]
fn a_simulation_ends_and_says_the_same_whatever_the_order() {
    let all = of_each(&seeds(300), |seed| {
        let case = case(seed);
        let told = |what: &str| format!("seed {seed} (SCN_SEED={seed}): {what}\n{}", case.program.text);
        let (full, backwards) = (case.file("full.db"), case.file("backwards.db"));
        case.history.write_all(&full);
        case.history.write_backwards(&backwards);
        let first = case.effects(&full, 1);
        assert_eq!(first, case.effects(&full, 1), "{}", told("not the same twice"));
        assert_eq!(first, case.effects(&full, 3), "{}", told("not the same on three threads"));
        assert_eq!(first, case.effects(&backwards, 2), "{}", told("the order of rows matters"));
        if case.program.text.contains("measure") {
            for (contact, _) in &case.history.contacts {
                let request = Request { contact: vec![Id::Number(*contact)], ..Request::default() };
                let found = case.simulated(&full, request).0;
                let same = lines_of(&first, *contact) == lines_of(&found, *contact)
                    && found.lines().count() == 1 + lines_of(&first, *contact).len();
                assert!(same, "{}", told(&format!("contact {contact} alone is another")));
            }
        }
        if !case.program.crosses {
            for (contact, _) in &case.history.contacts {
                let alone = case.file(&format!("alone{contact}.db"));
                case.history.of(*contact).write_all(&alone);
                let found = case.effects(&alone, 1);
                let same = lines_of(&first, *contact) == lines_of(&found, *contact);
                assert!(same, "{}", told(&format!("contact {contact} depends on others")));
            }
        }
        let kinds = first.lines().skip(1).filter_map(|line| line.split(',').nth(6)).map(str::to_owned);
        kinds.collect::<Vec<String>>()
    });
    let effects = all.iter().map(Vec::len).sum::<usize>();
    let kinds: BTreeSet<String> = all.into_iter().flatten().collect();
    println!("{effects} effects of {kinds:?}");
    assert!(std::env::var("SCN_SEED").is_ok() || effects > 3_000, "{effects} effects");
    let wanted = ["credit", "debit", "send", "set", "start", "tag", "untag"];
    let all = wanted.iter().all(|kind| kinds.contains(*kind));
    assert!(std::env::var("SCN_SEED").is_ok() || all, "only {kinds:?}");
}

#[test]
fn a_history_that_is_kept_says_the_same() {
    of_each(&seeds(60), |seed| {
        let case = case(seed);
        let full = case.file("full.db");
        case.history.write_all(&full);
        let wanted = case.effects(&full, 1);
        for (place, threads) in [2, 1, 2, 3].into_iter().enumerate() {
            let (found, read_from) = case.effects_kept(&full, threads);
            let text = &case.program.text;
            assert_eq!(read_from == ReadFrom::Cache, place > 0, "seed {seed} (SCN_SEED={seed}): {read_from:?}\n{text}");
            assert_eq!(wanted, found, "seed {seed} (SCN_SEED={seed}): not the same from a cache\n{text}");
        }
    });
}

#[test]
fn a_run_that_is_interrupted_sends_what_the_simulation_sends() {
    let all = of_each(&seeds(200), |seed| {
        let case = case(seed);
        let full = case.file("full.db");
        case.history.write_all(&full);
        let (effects, told) = case.simulated(&full, Request::default());
        let wanted = sent(&effects);
        let found = case.run();
        assert_eq!(told, case.shop.told(), "seed {seed} (SCN_SEED={seed}): other measures\n{}", case.program.text);
        let only = |one: &BTreeSet<Message>, other: &BTreeSet<Message>| {
            format!("{:#?}", one.difference(other).collect::<Vec<_>>())
        };
        assert!(
            wanted == found,
            "seed {seed} (SCN_SEED={seed})\n{}\n{}\nonly simulate: {}\nonly run: {}",
            case.program.text,
            case.history.events.iter().map(|event| format!("{}\n", event.sql)).collect::<String>(),
            only(&wanted, &found),
            only(&found, &wanted)
        );
        (wanted.len(), told.len())
    });
    let (messages, refreshes) = all.iter().fold((0, 0), |(all, of), (one, two)| (all + one, of + two));
    println!("{messages} messages, {refreshes} refreshes");
    assert!(std::env::var("SCN_SEED").is_ok() || (messages > 600 && refreshes > 1_000), "{messages}, {refreshes}");
}
