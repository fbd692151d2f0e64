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
#[path = "fixtures/seeds.rs"]
mod seeds;

use choice::Random;
use scn::compile::pressure::{Figures, Pressure, WINDOWS, pressure};
use scn::compile::{Input, InputFile, compile};
use scn::drivers::simulate::{Request, simulate};
use scn::ir::{Bundle, Class, Op};
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use scn::time::Instant;
use seeds::seeds;
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
        for each in &pressure.scenarios {
            let of = messages.iter().filter(|message| message.scenario == each.scenario);
            self.hold(busiest(of), &each.most, &|said| what(&format!("{}: {said}", each.scenario)));
        }
        // What caps hold may leave in another window: without them nothing is said of what leaves under them.
        if !pressure.has_caps {
            self.hold(busiest(messages.iter()), &pressure.without_caps, &|said| what(&format!("without caps: {said}")));
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

#[test]
fn no_simulation_sends_more_than_the_bound() {
    let mut held = Held::default();
    for seed in seeds(150) {
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
    assert!(std::env::var("SCN_SEED").is_ok() || held.bounds > 400 && held.reached > 80, "{held:?}");
}

/// A text, what happens to one contact, and the most that it may be sent in a day, a week and a month; where a history can send as
/// much, it does.
struct Tight {
    name: &'static str,
    text: &'static str,
    /// Table, further columns, their values, and instants in seconds after the start, 2020-01-01 00:00 UTC.
    rows: Vec<(&'static str, &'static str, &'static str, Vec<i64>)>,
    bound: [Option<u64>; 3],
    found: [u64; 3],
}

const TABLES: &str = "
CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
INSERT INTO contact VALUES (1, 'ana@example.com');
CREATE TABLE product(id INTEGER PRIMARY KEY);
INSERT INTO product VALUES (1);
CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at INTEGER NOT NULL, product INTEGER NOT NULL,
    quantity INTEGER NOT NULL, amount NUMERIC NOT NULL);
CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at INTEGER NOT NULL, list TEXT NOT NULL);
CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at INTEGER NOT NULL, cart TEXT NOT NULL);
";
/// 2020-01-01 00:00 UTC, a wednesday.
const START: i64 = 1_577_836_800;
const HOUR: i64 = 3_600;

fn carts(times: impl IntoIterator<Item = i64>) -> (&'static str, &'static str, &'static str, Vec<i64>) {
    ("cart_updated", "cart", "'c'", times.into_iter().collect())
}

fn subscribed(at: i64) -> (&'static str, &'static str, &'static str, Vec<i64>) {
    ("subscribed", "list", "'news'", vec![at])
}

fn purchased(times: impl IntoIterator<Item = i64>) -> (&'static str, &'static str, &'static str, Vec<i64>) {
    ("purchased", "product, quantity, amount", "1, 1, 10", times.into_iter().collect())
}

fn tight() -> Vec<Tight> {
    let some = |figures: [u64; 3]| figures.map(Some);
    vec![
        Tight {
            name: "one instance ever: its waits keep its messages apart",
            text: "scenario s { when subscribed once send email a wait 10 days send email b wait 20 days send email c }",
            rows: vec![subscribed(0)],
            bound: some([1, 1, 3]),
            found: [1, 1, 3],
        },
        Tight {
            name: "a window does not include its end: what comes once a day comes once in a day",
            text: "scenario s { when cart_updated once every 1 day send email a }",
            rows: vec![carts((0..400).map(|turn| turn * 6 * HOUR))],
            bound: some([1, 7, 31]),
            found: [1, 7, 31],
        },
        Tight {
            name: "a wait that may be over at once keeps nothing apart, and of several channels one is taken",
            text: "scenario s { when subscribed once send email a or sms a wait up to 9 days for purchased send email b }",
            rows: vec![subscribed(0), purchased([60])],
            bound: some([2, 2, 2]),
            found: [2, 2, 2],
        },
        Tight {
            name: "of the branches the one with more",
            text: "scenario s { when subscribed once if purchased ever { send email a } else { send email b send email c } }",
            rows: vec![subscribed(0)],
            bound: some([2, 2, 2]),
            found: [2, 2, 2],
        },
        Tight {
            name: "the turns of a repeat",
            text: "scenario s { when subscribed once repeat 5 times every 8 hours { send email a } }",
            rows: vec![subscribed(0)],
            bound: some([3, 5, 5]),
            found: [3, 5, 5],
        },
        Tight {
            name: "an instant counted from the entry",
            text: "scenario s { when subscribed once send email a wait 10 hours send email b wait until entry + 30 hours send email c }",
            rows: vec![subscribed(0)],
            bound: some([2, 3, 3]),
            found: [2, 3, 3],
        },
        Tight {
            name: "the newer replaces the running one: each waits for itself",
            text: "scenario s { when cart_updated latest wait 4 hours send email a }",
            rows: vec![carts((0..200).map(|turn| turn * (4 * HOUR + 1)))],
            bound: some([6, 42, 183]),
            found: [6, 42, 183],
        },
        Tight {
            name: "a goal may be reached in any wait, and its step sends once more",
            text: "scenario s { when subscribed once goal purchased then send email thanks send email a wait 5 days send email b wait 1 day }",
            rows: vec![subscribed(0), purchased([5 * 24 * HOUR + HOUR])],
            bound: some([2, 3, 3]),
            found: [2, 3, 3],
        },
        Tight {
            name: "silences follow each other",
            text: "scenario s { when no purchased for 10 days send email a }",
            rows: vec![purchased((0..5).map(|turn| turn * (10 * 24 * HOUR + 1)))],
            bound: some([1, 1, 4]),
            found: [1, 1, 4],
        },
        Tight {
            name: "a month may have 28 days, and what starts another twice starts it twice",
            text: "scenario a { every month for has contact.email start b wait 1 hour start b } scenario b { when started send email x }",
            rows: vec![carts([0, 100 * 24 * HOUR])],
            bound: some([2, 2, 4]),
            found: [2, 2, 4],
        },
        Tight {
            name: "on the day on which clocks go forward, a day has 23 hours",
            text: "policy { time zone \"Europe/Paris\" } scenario s { every day at 09:00 for has contact.email send email a }",
            rows: vec![carts([0, 150 * 24 * HOUR])],
            bound: some([2, 8, 35]),
            found: [2, 8, 31],
        },
        Tight {
            name: "together, one message in each day that a window touches",
            text: "scenario s { when cart_updated wait 2 days send email a together }",
            rows: vec![carts((0..32).flat_map(|day| {
                let hour = match day {
                    0 => 23,
                    7 => 22,
                    31 => 9,
                    _ => 12,
                };
                [day * 24 * HOUR + hour * HOUR, day * 24 * HOUR + hour * HOUR + 60]
            }))],
            bound: some([2, 8, 32]),
            found: [2, 8, 32],
        },
        Tight {
            name: "caps limit marketing whatever begins it",
            text: "policy { at most 1 marketing message per day and 3 per week } scenario s { when cart_updated send email a }",
            rows: vec![carts((0..960).map(|turn| turn * HOUR))],
            bound: some([1, 3, 15]),
            found: [1, 3, 15],
        },
        Tight {
            name: "caps let service and transactional messages pass",
            text: "policy { at most 1 marketing message per month } scenario s { when subscribed once send email a send service email b \
                   send transactional email c wait 1 day send email d send service email e }",
            rows: vec![subscribed(0)],
            bound: some([3, 4, 4]),
            found: [3, 4, 4],
        },
        Tight {
            name: "what quiet hours hold leaves with what comes after them",
            text: "policy { quiet hours on saturday and on sunday } scenario a { when subscribed once send email a } \
                   scenario b { when subscribed once wait 40 hours send email b }",
            // Saturday 2020-01-04 at noon.
            rows: vec![subscribed(84 * HOUR)],
            bound: some([2, 2, 2]),
            found: [2, 2, 2],
        },
        Tight {
            name: "nothing limits events",
            text: "scenario s { when cart_updated send email a }",
            rows: vec![carts([0])],
            bound: [None, None, None],
            found: [1, 1, 1],
        },
        Tight {
            name: "a wait until a birthday lets the instances of a year come together",
            text: "scenario s { when cart_updated once every 1 month wait until contact.birthday send email a }",
            rows: vec![carts([0])],
            bound: some([14, 14, 15]),
            found: [0, 0, 0],
        },
    ]
}

#[test]
fn small_programs_reach_their_bound() {
    let mut wrong = Vec::new();
    for Tight { name, text, rows, bound, found } in tight() {
        let bundle = bundle(text);
        let pressure = pressure(&bundle);
        let folder = tempfile::tempdir().unwrap();
        let crm = folder.path().join("crm.db");
        let db = rusqlite::Connection::open(&crm).unwrap();
        db.execute_batch(TABLES).unwrap();
        if text.contains("contact.birthday") {
            db.execute_batch("ALTER TABLE contact ADD birthday TEXT").unwrap();
        }
        let mut last = 0;
        for (table, columns, values, times) in rows {
            for at in times {
                last = last.max(at);
                let sql = format!("INSERT INTO {table}(contact, at, {columns}) VALUES (1, {}, {values})", START + at);
                db.execute(&sql, []).unwrap();
            }
        }
        drop(db);
        let to = START + last + 60 * DAY;
        let messages = sent(&bundle, &crm, Instant::from_seconds(START), Instant::from_seconds(to));
        let busiest = busiest(messages.iter());
        if (pressure.all, busiest) != (bound, found) {
            wrong.push(format!(
                "{name}\n  bound {:?}, wanted {bound:?}\n  found {busiest:?}, wanted {found:?}",
                pressure.all
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What caps hold back leaves later, beside what is due then: a scenario may so send more on one day than without them.
#[test]
fn the_figure_of_a_scenario_holds_under_the_caps() {
    let bundle = bundle(
        "policy { at most 3 marketing messages per week expire 10 days } \
         scenario news { when subscribed once send email a send email b send email c } \
         scenario s { when cart_updated once every 1 day send email x }",
    );
    let folder = tempfile::tempdir().unwrap();
    let crm = folder.path().join("crm.db");
    let db = rusqlite::Connection::open(&crm).unwrap();
    db.execute_batch(TABLES).unwrap();
    db.execute("INSERT INTO subscribed(contact, at, list) VALUES (1, ?1, 'news')", [START]).unwrap();
    for day in 1..=3 {
        let at = START + day * DAY + HOUR;
        db.execute("INSERT INTO cart_updated(contact, at, cart) VALUES (1, ?1, 'c')", [at]).unwrap();
    }
    drop(db);
    let (from, to) = (Instant::from_seconds(START), Instant::from_seconds(START + 60 * DAY));
    let messages = sent(&bundle, &crm, from, to);
    let pressure = pressure(&bundle);
    let figures = |scenario: &str| {
        let of = pressure.scenarios.iter().find(|each| each.scenario == scenario).unwrap();
        let found = busiest(messages.iter().filter(|message| message.scenario == scenario));
        (found[0], of.most[0], of.without_caps[0])
    };
    assert_eq!(figures("news"), (3, Some(3), Some(3)));
    assert_eq!(figures("s"), (3, Some(3), Some(1)));
    Held::default().hold_all(&messages, &pressure, &str::to_owned);
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name())).unwrap();
        match path.is_dir() {
            true => copy(&path, &to.join(name)),
            false => drop(std::fs::copy(&path, to.join(name)).unwrap()),
        }
    }
}

fn scn(folder: &Path, arguments: &[&str]) -> String {
    let output =
        std::process::Command::new(env!("CARGO_BIN_EXE_scn")).current_dir(folder).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

const POLICY: &str = "policy {
  time zone contact.time_zone default \"Europe/Paris\"
  quiet hours 20:00 to 09:00 and on sunday
  at most 1 marketing message per day and 3 per week
}
";

/// The scenarios of the library on the shop's history, without a policy and with one.
#[test]
fn the_library_stays_below_its_bound() {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("shop");
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios"), &shop);
    let mut held = Held::default();
    for policy in [None, Some(POLICY)] {
        if let Some(policy) = policy {
            std::fs::write(shop.join("policy.scn"), policy).unwrap();
        }
        scn(&shop, &["simulate", "--to", "2011-03-31", "--effects", "effects.csv"]);
        let told: serde_json::Value =
            serde_json::from_str(&scn(&shop, &["check", "--pressure", "--format", "json"])).unwrap();
        let figures = |of: &serde_json::Value| -> Figures { WINDOWS.map(|(window, _)| of[window].as_u64()) };
        let mut messages = Vec::new();
        for record in csv::Reader::from_path(shop.join("effects.csv")).unwrap().into_records().map(Result::unwrap) {
            if &record[6] == "send" && &record[9] == "sent" {
                messages.push(Sent {
                    contact: record[1].to_owned(),
                    scenario: record[2].to_owned(),
                    channel: record[7].to_owned(),
                    class: Class::Marketing,
                    at: chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp(),
                });
            }
        }
        assert!(messages.len() > 1_000, "{} messages", messages.len());
        let project = &told[0];
        held.hold(busiest(messages.iter()), &figures(&project["all"]), &|said| format!("all: {said}"));
        for each in project["scenarios"].as_array().unwrap() {
            let name = each["scenario"].as_str().unwrap();
            let of = messages.iter().filter(|message| message.scenario == name);
            held.hold(busiest(of), &figures(&each["most"]), &|said| format!("{name}: {said}"));
            let is_bounded = WINDOWS.iter().all(|(window, _)| each["without_caps"][window].is_u64());
            assert_eq!(is_bounded, each["reason"].is_null(), "{name} says why it has no bound");
            assert_eq!(is_bounded, !each["path_of_a_day"].as_array().unwrap().is_empty(), "{name} shows its path");
        }
        for (channel, figures_of) in project["channels"].as_object().unwrap() {
            let of = messages.iter().filter(|message| message.channel == *channel);
            held.hold(busiest(of), &figures(figures_of), &|said| format!("{channel}: {said}"));
        }
    }
    println!("{held:?}");
    assert!(held.bounds > 30 && held.reached > 15, "{held:?}");
}
