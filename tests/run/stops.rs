//! After a stop that is longer than the waits between its messages, a run sends what the simulation sends: each message has
//! its turn before its instance goes on. The stops are shorter than `expire`, and nothing happens in one that changes an
//! answer: whatever happens to a contact comes just after a look. What ends a `wait up to` may come at any instant: then it is
//! not said when a message came due, but that it left. So it is in a night of quiet hours, after which each leaves once.

use super::equal::Life;
use super::outbox;
use super::random::Random;
use super::seeds::seeds;
use super::shop::{Shop, template};
use rusqlite::Connection;
use scn::drivers::simulate::{Request, simulate};
use scn::store::crm::Crm;
use scn::time::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const START: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const CONTACTS: i64 = 5;

/// A message: contact, step, when it came due, its name.
type Message = (String, u16, i64, String);

/// What came of a case.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    /// Of those who were not erased, as are the tags.
    messages: BTreeSet<Message>,
    /// How many messages there were, those to the erased included.
    count: usize,
    erased: BTreeSet<String>,
    tags: BTreeSet<(String, String)>,
}

impl Answer {
    /// Forgets when messages came due; how many there are is known by `count`.
    fn forget_when(&mut self) {
        let messages = std::mem::take(&mut self.messages);
        self.messages = messages.into_iter().map(|(contact, step, _, name)| (contact, step, 0, name)).collect();
    }
}

/// What ends a `wait up to`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// A purchase: it comes just after a look.
    Looked,
    /// A subscription: it comes at any instant; each contact buys once.
    Anytime,
}

/// A scenario whose later steps speak of earlier messages, and those that go with it.
fn scenario(random: &mut Random, ends: Ends) -> (String, Vec<(&'static str, String)>) {
    let mut text = String::new();
    if random.percent(20) {
        text += "scenario clock {\n  every day at 06:30\n  for count of purchased where (quantity >= 0) ever >= 2\n  erase contact\n}\n";
    }
    let minutes = random.range(30, 26 * 60);
    let follows = format!("scenario follows {{\n  when started\n  send email f1\n  wait {minutes} minutes\n");
    text += &follows;
    text += random.pick(&["  send email f2 only if sent f1\n}\n", "  erase contact only if sent f1\n}\n"]);
    text += "scenario story {\n  when purchased\n";
    if random.percent(30) {
        text += random.pick(&["  once\n", "  latest\n"]);
    }
    if random.percent(50) {
        text += "  goal purchased within 40 days of last message\n";
    }
    let mut messages: Vec<(&'static str, String)> = Vec::new();
    for number in 1..=random.range(2, 5) {
        if number > 1 || random.percent(70) {
            let minutes = random.range(30, 26 * 60);
            text += &match random.below(5) {
                0 if ends == Ends::Looked => format!("  wait up to {minutes} minutes for purchased\n"),
                0 | 1 if ends == Ends::Anytime => format!("  wait up to {minutes} minutes for subscribed\n"),
                1 => format!("  wait until entry + {} minutes\n", number * 900 + random.range(0, 300)),
                _ => format!("  wait {minutes} minutes\n"),
            };
        }
        let channel = random.pick(&["email", "email", "sms"]);
        let name = format!("m{number}");
        let guard = match (messages.is_empty(), random.below(4)) {
            (false, 0 | 1) => format!(" only if sent {}", random.pick(&messages).1),
            (false, 2) => format!(" unless sent {}", random.pick(&messages).1),
            _ => String::new(),
        };
        text += &format!("  send {channel} {name}{guard}\n");
        messages.push((channel, name));
    }
    let last = messages.last().unwrap().1.clone();
    text += &format!("  wait {} minutes\n", random.range(30, 26 * 60));
    text += &match random.below(6) {
        0 => format!("  erase contact only if sent {last}\n"),
        1 => format!("  tag \"told\" only if sent {last}\n"),
        2 => format!("  if sent {last} {{ tag \"told\" }} else {{ send email m9 }}\n"),
        3 => "  send email m9 together\n".to_owned(),
        4 => "  start follows\n  send email m9\n".to_owned(),
        _ => "  send email m9 unless purchased since last message\n".to_owned(),
    };
    messages.extend(["m9", "f1", "f2"].map(|name| ("email", name.to_owned())));
    (text + "}\n", messages)
}

/// When each contact buys something.
fn purchases(random: &mut Random, ends: Ends) -> Vec<(i64, i64)> {
    let mut purchases = BTreeMap::new();
    for contact in 1..=CONTACTS {
        for _ in 0..if ends == Ends::Looked { random.range(1, 3) } else { 1 } {
            purchases.insert(START + random.range(1, 12 * DAY), contact);
        }
    }
    purchases.into_iter().collect()
}

fn shop(random: &mut Random, purchases: &[(i64, i64)], ends: Ends) -> (Shop, String) {
    let (text, messages) = scenario(random, ends);
    let shop = shop_of(random, &text, &messages, purchases);
    for number in 0..if ends == Ends::Anytime { 12 * CONTACTS } else { 0 } {
        let (contact, at) = (number % CONTACTS + 1, START + random.range(1, 15 * DAY));
        shop.sql(&format!("INSERT INTO subscribed VALUES ({number}, {contact}, {at}, 'news')"));
    }
    (shop, text)
}

fn shop_of(random: &mut Random, text: &str, messages: &[(&'static str, String)], purchases: &[(i64, i64)]) -> Shop {
    let templates: Vec<_> = messages.iter().map(|(channel, name)| template(channel, name, "hello")).collect();
    let shop = Shop::new(text, "Europe/Paris", &templates);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT);
         CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
         CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, list TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at, quantity, amount, \"order\" TEXT);
         INSERT INTO product VALUES (1, 'soap', 'soap');",
    );
    for contact in 1..=CONTACTS {
        let phone = if random.percent(80) { "'+33600000000'" } else { "NULL" };
        shop.sql(&format!("INSERT INTO contact VALUES ({contact}, 'c{contact}@example.com', {phone})"));
    }
    for (place, (at, contact)) in purchases.iter().enumerate() {
        shop.sql(&format!("INSERT INTO purchased VALUES ({place}, {contact}, 1, {at}, 1, '9.95', NULL)"));
    }
    shop
}

fn simulated(shop: &Shop, to: Instant) -> Answer {
    let request = Request { from: Some(Instant::from_seconds(START)), to: Some(to), ..Request::default() };
    let mut bytes = Vec::new();
    simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, Some(&mut bytes)).unwrap();
    let mut answer = Answer::default();
    for record in csv::Reader::from_reader(bytes.as_slice()).records().map(Result::unwrap) {
        let contact = record[1].to_owned();
        match (&record[6], &record[9]) {
            ("send", "sent") => {
                let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
                answer.messages.insert((contact, record[5].parse().unwrap(), at, record[8].to_owned()));
                answer.count += 1;
            }
            ("erase", "done") => drop(answer.erased.insert(contact)),
            ("tag", "done") => drop(answer.tags.insert((contact, record[8].to_owned()))),
            ("send" | "tag" | "erase", "skipped" | "suppressed" | "cancelled") | ("start", "done") => {}
            other => panic!("{other:?}"),
        }
    }
    answer.messages.retain(|message| !answer.erased.contains(&message.0));
    answer.tags.retain(|tag| !answer.erased.contains(&tag.0));
    answer
}

/// A run that looks now and then: before whatever happens to anybody, and at other instants less than `expire` apart.
fn lived(shop: &Shop, mut random: Random, purchases: &[(i64, i64)], to: Instant) -> (Answer, u32) {
    let mut looks = Random::new(random.next());
    let full = shop.crm();
    let mut life = Life { shop, full: &full, random, cuts: 0 };
    let mut now = START;
    let mut run = life.tick(shop.open(Instant::from_seconds(now)), Instant::from_seconds(now));
    while now < to.seconds() {
        let before = purchases.iter().map(|(at, _)| at - 1).find(|at| *at > now);
        now = (now + looks.range(HOUR, 40 * HOUR)).min(to.seconds()).min(before.unwrap_or(i64::MAX));
        run = life.tick(run, Instant::from_seconds(now));
        let next = run.next().unwrap();
        assert!(next.is_none_or(|next| next.seconds() >= now), "at {now} something is left: {:?}", run.report());
    }
    (kept(shop), life.cuts)
}

fn kept(shop: &Shop) -> Answer {
    let mut answer = Answer::default();
    for row in outbox::rows(&shop.state()) {
        match row.state.as_str() {
            "accepted" => drop(answer.messages.insert((row.contact, row.step, row.due, row.message))),
            "skipped" | "suppressed" | "cancelled" => {}
            _ => panic!("{row:?}"),
        }
    }
    let texts = |path: &Path, sql: &str| -> Vec<(String, String)> {
        let db = Connection::open(path).unwrap();
        let mut statement = db.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    };
    let gone = texts(&shop.state(), "SELECT CAST(count AS TEXT), state FROM scn_gone");
    let gone: usize = gone.iter().filter(|row| row.1 == "accepted").map(|row| row.0.parse::<usize>().unwrap()).sum();
    answer.count = answer.messages.len() + gone;
    let there = texts(&shop.crm(), "SELECT CAST(id AS TEXT), '' FROM contact");
    answer.erased = (1..=CONTACTS).map(|contact| contact.to_string()).collect();
    answer.erased.retain(|contact| !there.iter().any(|(known, _)| known == contact));
    answer.tags.extend(texts(&shop.crm(), "SELECT CAST(contact AS TEXT), tags FROM contact_tags"));
    answer
}

#[test]
fn after_a_stop_each_message_has_its_turn() {
    let (mut messages, mut erased, mut tags, mut cuts) = (0, 0, 0, 0);
    for seed in seeds(80) {
        let mut random = Random::new(seed);
        let ends = if random.percent(30) { Ends::Anytime } else { Ends::Looked };
        let purchases = purchases(&mut random, ends);
        let (shop, text) = shop(&mut random, &purchases, ends);
        let to = Instant::from_seconds(START + 25 * DAY);
        let mut wanted = simulated(&shop, to);
        let (mut found, more) = lived(&shop, random, &purchases, to);
        if ends == Ends::Anytime {
            [&mut wanted, &mut found].into_iter().for_each(Answer::forget_when);
        }
        assert_eq!(
            found, wanted,
            "seed {seed} (run it alone with SCN_SEED={seed}), found and simulated\n{text}{purchases:?}"
        );
        messages += wanted.count;
        erased += wanted.erased.len();
        tags += wanted.tags.len();
        cuts += more;
    }
    println!("{messages} messages, {erased} erased, {tags} tags, {cuts} cuts");
    assert!(std::env::var("SCN_SEED").is_ok() || (messages > 1_200 && erased > 20 && tags > 50 && cuts > 500));
}

/// Scenarios that meet in a night: what is late begins, ends, and replaces what quiet hours hold.
fn night(random: &mut Random) -> String {
    let mut text = String::from("policy { quiet hours 20:00 to 08:00 }\nscenario late {\n  when purchased\n");
    for number in 1..=random.range(1, 3) {
        text += &format!("  send transactional email t{number}\n  wait {} minutes\n", random.range(1, 90));
    }
    text += random.pick(&["  start story\n}\n", "  start story\n  tag \"told\"\n}\n", "  tag \"told\"\n}\n"]);
    text += "scenario story {\n  when subscribed\n  latest\n";
    text += random.pick(&["", "  goal \"told\" in contact.tags\n", "  stop when \"told\" in contact.tags\n"]);
    text + random.pick(&["  send email m1\n  wait 1 day\n}\n", "  send email m1\n}\n"])
}

#[test]
fn after_a_night_of_stops_each_scenario_has_one_message() {
    let (mut messages, mut held) = (0, 0);
    for seed in seeds(60) {
        let mut random = Random::new(seed);
        let text = night(&mut random);
        let (dusk, morning) = (START + 20 * HOUR, START + 33 * HOUR);
        let all = |from, random: &mut Random| -> Vec<(i64, i64)> {
            (1..=CONTACTS).map(|contact| (from + random.range(1, 5 * HOUR), contact)).collect()
        };
        let names = ["t1", "t2", "t3", "m1"].map(|name| ("email", name.to_owned()));
        let (purchases, subscriptions) = (all(dusk, &mut random), all(dusk, &mut random));
        let shop = shop_of(&mut random, &text, &names, &purchases);
        for (at, contact) in subscriptions {
            shop.sql(&format!("INSERT INTO subscribed VALUES ({contact}, {contact}, {at}, 'news')"));
        }
        let mut wanted = simulated(&shop, Instant::from_seconds(morning));
        let full = shop.crm();
        let mut life = Life { shop: &shop, full: &full, random: Random::new(random.next()), cuts: 0 };
        let mut run = shop.open(Instant::from_seconds(START));
        let mut now = START;
        // The last look before the morning finds all that happened in the night.
        while now < morning {
            run = life.tick(run, Instant::from_seconds(now));
            let last = if now < morning - 3 * HOUR { morning - 3 * HOUR } else { morning };
            now = (now + random.range(HOUR, 12 * HOUR)).min(last);
        }
        life.tick(run, Instant::from_seconds(morning));
        let mut found = kept(&shop);
        [&mut wanted, &mut found].into_iter().for_each(Answer::forget_when);
        assert_eq!(
            found, wanted,
            "seed {seed} (run it alone with SCN_SEED={seed}), found and simulated\n{text}{purchases:?}"
        );
        messages += wanted.count;
        held += wanted.messages.iter().filter(|message| message.3 == "m1").count();
    }
    println!("{messages} messages, {held} of them held");
    assert!(std::env::var("SCN_SEED").is_ok() || (messages > 400 && held > 100));
}
