//! After a stop that is longer than the waits between its messages, a run sends what the simulation sends: each message has
//! its turn before its instance goes on. The stops are shorter than `expire`, and nothing happens in one that changes an
//! answer: whatever happens to a contact comes just after a look.

use super::equal::{Life, seeds};
use super::outbox;
use super::random::Random;
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
    /// Of those who were not erased.
    messages: BTreeSet<Message>,
    /// How many messages there were, those to the erased included.
    count: usize,
    erased: BTreeSet<String>,
    tags: BTreeSet<(String, String)>,
}

/// A scenario whose later steps speak of earlier messages.
fn scenario(random: &mut Random) -> (String, Vec<(&'static str, String)>) {
    let mut text = String::from("scenario story {\n  when purchased\n");
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
                0 => format!("  wait up to {minutes} minutes for purchased\n"),
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
    text += &match random.below(5) {
        0 => format!("  erase contact only if sent {last}\n"),
        1 => format!("  tag \"told\" only if sent {last}\n"),
        2 => format!("  if sent {last} {{ tag \"told\" }} else {{ send email m9 }}\n"),
        3 => "  send email m9 together\n".to_owned(),
        _ => "  send email m9 unless purchased since last message\n".to_owned(),
    };
    messages.push(("email", "m9".into()));
    (text + "}\n", messages)
}

/// When each contact buys something.
fn purchases(random: &mut Random) -> Vec<(i64, i64)> {
    let mut purchases = BTreeMap::new();
    for contact in 1..=CONTACTS {
        for _ in 0..random.range(1, 3) {
            purchases.insert(START + random.range(1, 12 * DAY), contact);
        }
    }
    purchases.into_iter().collect()
}

fn shop(random: &mut Random, purchases: &[(i64, i64)]) -> (Shop, String) {
    let (text, messages) = scenario(random);
    let templates: Vec<_> = messages.iter().map(|(channel, name)| template(channel, name, "hello")).collect();
    let shop = Shop::new(&text, "Europe/Paris", &templates);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT);
         CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
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
    (shop, text)
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
            ("send" | "tag" | "erase", "skipped" | "suppressed") => {}
            other => panic!("{other:?}"),
        }
    }
    answer.messages.retain(|message| !answer.erased.contains(&message.0));
    answer
}

/// A run that looks now and then: before whatever happens to anybody, and at other instants less than `expire` apart.
fn lived(shop: &Shop, mut random: Random, purchases: &[(i64, i64)], to: Instant) -> (Answer, u32) {
    let mut looks = Random::new(random.next());
    let full = shop.crm();
    let mut life = Life { shop, full: &full, random, cuts: 0 };
    let mut run = shop.open(Instant::from_seconds(START));
    let mut now = START;
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
            "skipped" | "suppressed" => {}
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
    for seed in seeds(150) {
        let mut random = Random::new(seed);
        let purchases = purchases(&mut random);
        let (shop, text) = shop(&mut random, &purchases);
        let to = Instant::from_seconds(START + 25 * DAY);
        let wanted = simulated(&shop, to);
        let (found, more) = lived(&shop, random, &purchases, to);
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
    assert!(std::env::var("SCN_SEED").is_ok() || (messages > 1_500 && erased > 20 && tags > 50 && cuts > 500));
}
