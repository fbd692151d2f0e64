//! A small CRM as rows, written to SQLite and read back as the oracle sees it.

use super::calendar::{self, Parts, Seconds};
use chrono::{NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::path::Path;

/// What a generator makes.
#[derive(Clone, Debug)]
pub struct World {
    pub zone: Tz,
    /// Ids are texts, or numbers.
    pub text_ids: bool,
    /// Whether event tables have `arrived_at`.
    pub arrives: bool,
    pub contacts: Vec<ContactRow>,
    pub products: Vec<ProductRow>,
    pub events: Vec<EventRow>,
    /// The end of the simulation; `None` for the last event.
    pub to: Option<Seconds>,
}

#[derive(Clone, Debug)]
pub struct ContactRow {
    pub id: i64,
    pub email: Option<&'static str>,
    pub phone: Option<&'static str>,
    pub tier: Option<&'static str>,
    pub birthday: Option<&'static str>,
}

#[derive(Clone, Debug)]
pub struct ProductRow {
    pub id: i64,
    pub family: Option<&'static str>,
    pub category: Option<&'static str>,
    pub recurring: bool,
    pub delay: Option<String>,
}

#[derive(Clone, Debug)]
pub struct EventRow {
    pub event: &'static str,
    pub id: i64,
    pub contact: i64,
    pub at: Seconds,
    pub form: Form,
    pub arrived: Option<Seconds>,
    pub product: i64,
    pub quantity: i64,
    /// In cents.
    pub amount: i64,
    pub order: Option<&'static str>,
    pub discounted: Option<bool>,
    pub list: &'static str,
}

/// How a CRM writes an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Space,
    Letters,
    Offset,
    Number,
    /// A day alone: its last second.
    Day,
}

pub const EVENTS: [&str; 5] = ["cart_updated", "order_delivered", "purchased", "returned", "subscribed"];

impl World {
    fn id(&self, letter: &str, number: i64) -> Value {
        if self.text_ids { Value::Text(format!("{letter}-{number}")) } else { Value::Integer(number) }
    }

    fn instant(&self, at: Seconds, form: Form) -> Value {
        let text = |format: &str| Value::Text(calendar::utc(at).format(format).to_string());
        match form {
            Form::Space => text("%Y-%m-%d %H:%M:%S"),
            Form::Letters => text("%Y-%m-%dT%H:%M:%SZ"),
            Form::Offset => {
                let east = calendar::utc(at + 2 * 3600);
                Value::Text(east.format("%Y-%m-%dT%H:%M:%S+02:00").to_string())
            }
            Form::Number => Value::Integer(at),
            Form::Day => Value::Text(calendar::local(self.zone, at).format("%Y-%m-%d").to_string()),
        }
    }

    pub fn write(&self, path: &Path) {
        let _ = std::fs::remove_file(path);
        let db = Connection::open(path).unwrap();
        let kind = if self.text_ids { "TEXT" } else { "INTEGER" };
        let arrived = if self.arrives { ", arrived_at" } else { "" };
        db.execute_batch(&format!(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
             CREATE TABLE contact(id {kind} PRIMARY KEY, email TEXT, phone TEXT, tier TEXT, birthday TEXT);
             CREATE TABLE product(id {kind} PRIMARY KEY, name TEXT, family TEXT, category TEXT, recurring INTEGER,
                                  delay TEXT);
             CREATE TABLE purchased(id {kind} PRIMARY KEY, contact {kind}, at{arrived}, product {kind},
                                    quantity INTEGER, amount, \"order\" TEXT, discounted INTEGER);
             CREATE TABLE returned(id {kind} PRIMARY KEY, contact {kind}, at{arrived}, product {kind},
                                   quantity INTEGER, amount, \"order\" TEXT);
             CREATE TABLE contact_tags(contact {kind}, tags TEXT, rank INTEGER);
             CREATE TABLE subscribed(id {kind} PRIMARY KEY, contact {kind}, at{arrived}, list TEXT);
             CREATE TABLE order_delivered(id {kind} PRIMARY KEY, contact {kind}, at{arrived}, \"order\" TEXT);
             CREATE TABLE cart_updated(id {kind} PRIMARY KEY, contact {kind}, at{arrived}, cart TEXT);
             CREATE INDEX purchased_contact ON purchased(contact, at);
             CREATE INDEX returned_contact ON returned(contact, at);
             CREATE INDEX subscribed_contact ON subscribed(contact, at);
             CREATE INDEX order_delivered_contact ON order_delivered(contact, at);
             CREATE INDEX cart_updated_contact ON cart_updated(contact, at);"
        ))
        .unwrap();
        for contact in &self.contacts {
            let id = self.id("c", contact.id);
            db.execute(
                "INSERT INTO contact VALUES (?, ?, ?, ?, ?)",
                params![id, contact.email, contact.phone, contact.tier, contact.birthday],
            )
            .unwrap();
        }
        for product in &self.products {
            let id = self.id("p", product.id);
            db.execute(
                "INSERT INTO product VALUES (?, 'a name', ?, ?, ?, ?)",
                params![id, product.family, product.category, product.recurring, product.delay],
            )
            .unwrap();
        }
        for event in &self.events {
            self.write_event(&db, event);
        }
    }

    fn write_event(&self, db: &Connection, event: &EventRow) {
        let mut values = vec![self.id("e", event.id), self.id("c", event.contact), self.instant(event.at, event.form)];
        if self.arrives {
            values.push(event.arrived.map_or(Value::Null, |at| self.instant(at, Form::Space)));
        }
        let text = |text: &str| Value::Text(text.to_owned());
        let order = event.order.map_or(Value::Null, text);
        match event.event {
            "purchased" | "returned" => {
                values.push(self.id("p", event.product));
                values.push(Value::Integer(event.quantity));
                values.push(Value::Text(format!("{}.{:02}", event.amount / 100, event.amount % 100)));
                values.push(order);
                if event.event == "purchased" {
                    values.push(event.discounted.map_or(Value::Null, |flag| Value::Integer(i64::from(flag))));
                }
            }
            "order_delivered" => values.push(text(event.order.unwrap_or("none"))),
            "subscribed" => values.push(text(event.list)),
            _ => values.push(text("cart")),
        }
        let places = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO {} VALUES ({places})", event.event);
        db.execute(&sql, rusqlite::params_from_iter(values)).unwrap();
    }
}

/// "Numeric ids as numbers, before texts."
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    Number(i64),
    Text(String),
}

impl Key {
    fn read(value: ValueRef<'_>) -> Key {
        match value {
            ValueRef::Integer(number) => Key::Number(number),
            ValueRef::Text(bytes) => Key::Text(String::from_utf8(bytes.to_vec()).unwrap()),
            other => panic!("no id: {other:?}"),
        }
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Key::Number(number) => write!(f, "{number}"),
            Key::Text(text) => f.write_str(text),
        }
    }
}

#[derive(Clone, Debug, Default)]
pub struct Contact {
    pub email: Option<String>,
    pub phone: Option<String>,
    pub tier: Option<String>,
    pub birthday: Option<NaiveDate>,
}

#[derive(Clone, Debug)]
pub struct Product {
    pub family: String,
    pub category: Option<String>,
    pub recurring: bool,
    pub delay: Option<Parts>,
}

/// An event as it was read.
#[derive(Clone, Debug)]
pub struct Fact {
    pub event: String,
    pub id: Key,
    pub at: Seconds,
    pub arrived: Seconds,
    pub product_id: Option<Key>,
    /// `None` also where the CRM has no such product.
    pub product: Option<Product>,
    pub quantity: i64,
    pub amount: i64,
    pub order: Option<String>,
    pub discounted: Option<bool>,
    pub list: Option<String>,
}

/// What the oracle knows of a CRM.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub contacts: BTreeMap<Key, Contact>,
    /// By contact, in no order.
    pub facts: BTreeMap<Key, Vec<Fact>>,
}

/// Reads the contacts, the products and the events of these names.
pub fn read(path: &Path, zone: Tz, events: &[&str]) -> Known {
    let db = Connection::open(path).unwrap();
    let mut known = Known::default();
    let mut contacts = db.prepare("SELECT id, email, phone, tier, birthday FROM contact").unwrap();
    let mut rows = contacts.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let birthday: Option<String> = row.get(4).unwrap();
        let contact = Contact {
            email: row.get(1).unwrap(),
            phone: row.get(2).unwrap(),
            tier: row.get(3).unwrap(),
            birthday: birthday.map(|text| text.parse().unwrap()),
        };
        known.contacts.insert(Key::read(row.get_ref(0).unwrap()), contact);
    }
    let mut products = BTreeMap::new();
    let mut statement = db.prepare("SELECT id, family, category, recurring, delay FROM product").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let id = Key::read(row.get_ref(0).unwrap());
        let (family, delay): (Option<String>, Option<String>) = (row.get(1).unwrap(), row.get(4).unwrap());
        let product = Product {
            // "family: text default id"
            family: family.unwrap_or_else(|| id.to_string()),
            category: row.get(2).unwrap(),
            recurring: row.get(3).unwrap(),
            delay: delay.map(|text| Parts::read(&text)),
        };
        products.insert(id, product);
    }
    for event in EVENTS.iter().filter(|event| events.contains(event)) {
        read_events(&db, zone, event, &products, &mut known);
    }
    known
}

fn read_events(db: &Connection, zone: Tz, event: &str, products: &BTreeMap<Key, Product>, known: &mut Known) {
    let mut statement = db.prepare(&format!("SELECT * FROM {event}")).unwrap();
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let value = |name: &str| {
            let place = names.iter().position(|each| each == name);
            place.map_or(ValueRef::Null, |place| row.get_ref(place).unwrap())
        };
        let text = |name: &str| match value(name) {
            ValueRef::Null => None,
            other => Some(String::from_utf8(other.as_bytes().unwrap().to_vec()).unwrap()),
        };
        let whole = |name: &str| match value(name) {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        };
        let at = instant(value("at"), zone);
        let arrived = if value("arrived_at") == ValueRef::Null { at } else { instant(value("arrived_at"), zone) };
        let product_id = names.iter().any(|name| name == "product").then(|| Key::read(value("product")));
        let fact = Fact {
            event: event.to_owned(),
            id: Key::read(value("id")),
            at,
            arrived: arrived.max(at),
            product: product_id.as_ref().and_then(|id| products.get(id).cloned()),
            product_id,
            quantity: whole("quantity").unwrap_or(0),
            amount: text("amount").map_or(0, |text| text.replace('.', "").parse().unwrap()),
            order: text("order"),
            discounted: whole("discounted").map(|number| number == 1),
            list: text("list"),
        };
        known.facts.entry(Key::read(value("contact"))).or_default().push(fact);
    }
}

fn instant(value: ValueRef<'_>, zone: Tz) -> Seconds {
    let text = match value {
        ValueRef::Integer(seconds) => return seconds,
        other => std::str::from_utf8(other.as_bytes().unwrap()).unwrap().to_owned(),
    };
    match text.len() {
        // "A date without a time is the last second of its day."
        10 => calendar::from_local(zone, text.parse::<NaiveDate>().unwrap().and_hms_opt(23, 59, 59).unwrap()),
        19 => NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").unwrap().and_utc().timestamp(),
        _ => chrono::DateTime::parse_from_rfc3339(&text).unwrap().timestamp(),
    }
}
