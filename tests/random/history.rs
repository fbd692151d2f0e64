//! Random histories: a CRM with every table of the standard library, as SQL, its rows in the order in which they arrive.

use super::choice::Random;
use super::program::Program;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::Path;

/// 2020-03-02 10:00:00 UTC, a monday.
const START: i64 = 1_583_143_200;
const DAY: i64 = 86_400;

/// A CRM before anything happened, and what happens then.
#[derive(Clone, Debug)]
pub struct History {
    /// Contacts by id, each with the SQL that inserts it.
    pub contacts: Vec<(i64, String)>,
    /// What no time changes.
    things: Vec<String>,
    pub events: Vec<Event>,
}

/// A row of an event's table.
#[derive(Clone, Debug)]
pub struct Event {
    /// Seconds since 1970; no two of a contact are equal.
    pub at: i64,
    pub contact: i64,
    pub sql: String,
}

const TABLES: &str = "
CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT, tier TEXT, birthday TEXT, created_at TEXT,
    time_zone TEXT, language TEXT, first_name TEXT, last_name TEXT, referrer INTEGER);
CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, category TEXT, size TEXT, price NUMERIC,
    recurring INTEGER NOT NULL, delay TEXT);
CREATE TABLE product_complements(product INTEGER, complements INTEGER, rank INTEGER);
CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, product INTEGER NOT NULL,
    quantity INTEGER NOT NULL, amount NUMERIC NOT NULL, \"order\" TEXT, discounted INTEGER);
CREATE INDEX purchased_contact ON purchased(contact, at);
CREATE TABLE returned(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, product INTEGER NOT NULL,
    quantity INTEGER NOT NULL, amount NUMERIC NOT NULL, \"order\" TEXT);
CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, list TEXT NOT NULL);
CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, cart TEXT NOT NULL);
CREATE TABLE cart_updated_products(cart_updated INTEGER, products INTEGER, rank INTEGER);
CREATE TABLE order_delivered(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, \"order\" TEXT NOT NULL);
CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, message TEXT NOT NULL, by TEXT);
CREATE TABLE clicked(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, message TEXT NOT NULL,
    link TEXT, by TEXT);
";

pub fn instant(at: i64) -> String {
    chrono::DateTime::from_timestamp(at, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Two to five contacts, and what happens to them in about half a year.
pub fn history(random: &mut Random, program: &Program) -> History {
    let count = random.range(2, 5);
    let mut history = History { contacts: Vec::new(), things: things(random), events: Vec::new() };
    for id in 1..=count {
        history.contacts.push((id, contact(random, id)));
        if random.percent(20) {
            history.things.push(format!("INSERT INTO contact_tags VALUES ({id}, 'vip', 1)"));
        }
    }
    let names: Vec<String> = program.messages.iter().map(|(_, name)| name.clone()).collect();
    let mut row = 0;
    for (contact, _) in history.contacts.clone() {
        let mut taken = BTreeSet::new();
        for _ in 0..random.below(14) {
            // Never at a full minute, so that no row stands at the instant of a wall time.
            let mut at = START + random.range(0, 180 * DAY);
            at += if at % 60 == 0 { 7 } else { 0 };
            if random.percent(25) {
                // Soon after another, as in one visit.
                at = taken.iter().next().map_or(at, |other: &i64| other + random.range(1, 600));
            }
            while at % 60 == 0 || !taken.insert(at) {
                at += 1;
            }
            row += 1;
            let sql = event(random, row, contact, at, &names, &mut history.things);
            history.events.push(Event { at, contact, sql });
        }
    }
    history.events.sort_by_key(|event| event.at);
    history
}

fn things(random: &mut Random) -> Vec<String> {
    let mut things = Vec::new();
    for id in 1..=5 {
        let family = random.pick(&["'f1'", "'f2'", "NULL"]);
        let category = random.pick(&["'kibble'", "'toys'", "NULL"]);
        let delay = random.pick(&["'3 weeks'", "'2 months'", "NULL"]);
        let recurring = random.below(2);
        things.push(format!(
            "INSERT INTO product VALUES ({id}, 'thing {id}', {family}, {category}, 'XL', 12.5, {recurring}, {delay})"
        ));
        for rank in 1..=random.below(3) {
            let other = 1 + (id + rank) % 5;
            things.push(format!("INSERT INTO product_complements VALUES ({id}, {other}, {rank})"));
        }
    }
    things
}

fn contact(random: &mut Random, id: i64) -> String {
    let email = random.pick(&["'a@example.com'", "'b@example.com'", "NULL"]);
    let phone = random.pick(&["'+33600000000'", "NULL"]);
    let tier = random.pick(&["'gold'", "'basic'", "NULL"]);
    let birthday = random.pick(&["'1980-02-29'", "'1990-05-10'", "'1975-08-01'", "NULL"]);
    let created = instant(START - random.range(0, 200 * DAY) - 13);
    let zone = random.pick(&["'Europe/Paris'", "'America/New_York'", "'no zone'", "NULL"]);
    let referrer = if id > 1 && random.percent(50) { (id - 1).to_string() } else { "NULL".into() };
    format!(
        "INSERT INTO contact VALUES ({id}, {email}, {phone}, {tier}, {birthday}, '{created}', {zone}, NULL, NULL, NULL, \
         {referrer})"
    )
}

fn event(random: &mut Random, row: i64, contact: i64, at: i64, names: &[String], things: &mut Vec<String>) -> String {
    let at = instant(at);
    let (product, quantity, amount) = (random.range(1, 5), random.range(1, 3), random.range(5, 90));
    let order = random.pick(&["'o1'", "'o2'", "'o3'", "NULL"]);
    match random.below(12) {
        0..=5 => {
            let discounted = random.pick(&["0", "1", "NULL"]);
            format!(
                "INSERT INTO purchased VALUES ({row}, {contact}, '{at}', {product}, {quantity}, {amount}, {order}, {discounted})"
            )
        }
        6 => format!("INSERT INTO returned VALUES ({row}, {contact}, '{at}', {product}, 1, {amount}, {order})"),
        7 => {
            let list = random.pick(&["news", "offers"]);
            format!("INSERT INTO subscribed VALUES ({row}, {contact}, '{at}', '{list}')")
        }
        8 => {
            if random.percent(70) {
                things.push(format!("INSERT INTO cart_updated_products VALUES ({row}, {product}, 1)"));
            }
            format!("INSERT INTO cart_updated VALUES ({row}, {contact}, '{at}', 'c{contact}')")
        }
        9 => format!("INSERT INTO order_delivered VALUES ({row}, {contact}, '{at}', 'o1')"),
        kind => {
            let message = random.pick(names);
            let by = random.pick(&["'person'", "'machine'", "'unknown'", "NULL"]);
            match kind {
                10 => format!("INSERT INTO opened VALUES ({row}, {contact}, '{at}', '{message}', {by})"),
                _ => format!("INSERT INTO clicked VALUES ({row}, {contact}, '{at}', '{message}', NULL, {by})"),
            }
        }
    }
}

impl History {
    /// The CRM before the first event.
    pub fn write_beginning(&self, path: &Path) {
        let contacts = self.contacts.iter().map(|(_, sql)| sql);
        write(path, self.things.iter().chain(contacts));
    }

    /// The CRM after the last event.
    pub fn write_all(&self, path: &Path) {
        let contacts = self.contacts.iter().map(|(_, sql)| sql);
        let events = self.events.iter().map(|event| &event.sql);
        write(path, self.things.iter().chain(contacts).chain(events));
    }

    /// The same rows, inserted the other way round.
    pub fn write_backwards(&self, path: &Path) {
        let contacts = self.contacts.iter().map(|(_, sql)| sql);
        let events = self.events.iter().map(|event| &event.sql);
        let mut all: Vec<&String> = self.things.iter().chain(contacts).chain(events).collect();
        all.reverse();
        write(path, all.into_iter());
    }

    /// One contact and what happens to it, among others who did nothing.
    pub fn of(&self, contact: i64) -> History {
        let events = self.events.iter().filter(|event| event.contact == contact).cloned().collect();
        let contacts = self.contacts.iter().filter(|(id, _)| *id == contact).cloned().collect();
        History { contacts, events, ..self.clone() }
    }
}

fn write<'s>(path: &Path, rows: impl Iterator<Item = &'s String>) {
    let mut db = Connection::open(path).unwrap();
    db.execute_batch(TABLES).unwrap();
    let transaction = db.transaction().unwrap();
    for row in rows {
        transaction.execute(row, []).unwrap();
    }
    transaction.commit().unwrap();
}
