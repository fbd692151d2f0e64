//! A shop of any size, written day by day as its log would have been: copies of the purchases of "Online Retail", as
//! `bench/build_crm.py` makes them, and around them, where it is asked for, all that the library's scenarios read. What is added
//! is synthetic and drawn from a seed: the same rows on every machine, whatever the order in which they are drawn.
//!
//! Memory holds one copy of the purchases and the few days that are ahead, so that the number of copies is bounded by the disk.

#![allow(dead_code, reason = "each bench uses a part of this")]

#[path = "chance.rs"]
mod chance;

use chance::Chance;
use rusqlite::{Connection, OpenFlags, Statement, params};
use std::collections::BTreeMap;
use std::path::Path;

const DAY: i64 = 86_400;

/// One copy of the purchases.
struct Source {
    contacts: i64,
    products: u64,
    /// By day since 1970, in the order of time.
    days: BTreeMap<i64, Vec<Purchase>>,
}

#[derive(Clone, Copy)]
struct Purchase {
    contact: i64,
    product: i64,
    /// Seconds since midnight.
    time: i64,
    quantity: i64,
    amount: f64,
}

/// What happens later to an order.
enum Later {
    Delivered { contact: i64, ticket: String },
    Returned { purchase: Purchase, ticket: String },
}

/// Writes the purchases alone, in the layout of `build_crm.py`, of so many copies of those of `one`.
pub fn write_purchases(one: &Path, copies: i64, to: &Path) {
    let source = Source::read(one);
    let connection = create(to, "");
    write_contacts_and_products(&connection, one, &source, copies);
    let sql = "INSERT INTO purchased(contact, product, at, quantity, amount) VALUES (?, ?, ?, ?, ?)";
    let mut insert = connection.prepare(sql).unwrap();
    connection.execute_batch("BEGIN").unwrap();
    for day in source.span(copies) {
        for each in source.of_day(day, copies) {
            let at = text(day * DAY + each.time);
            insert.execute(params![each.contact, each.product, at, each.quantity, each.amount]).unwrap();
        }
    }
    drop(insert);
    connection.execute_batch("COMMIT; CREATE INDEX purchased_contact_at ON purchased(contact, at); ANALYZE").unwrap();
}

/// Writes a whole shop: purchases with their orders, people with what is known of them, deliveries, returns, subscriptions,
/// carts, a quiz, opens and clicks.
pub fn write_all(one: &Path, copies: i64, seed: u64, to: &Path) {
    let source = Source::read(one);
    let connection = create(to, TABLES);
    write_contacts_and_products(&connection, one, &source, copies);
    let chance = Chance::new(seed);
    connection.execute_batch("BEGIN").unwrap();
    describe_contacts(&connection, chance, source.contacts * copies, *source.span(copies).start());
    describe_products(&connection, source.products);
    write_days(&connection, chance, &source, copies);
    connection.execute_batch("COMMIT").unwrap();
    connection.execute_batch("CREATE INDEX purchased_contact_at ON purchased(contact, at)").unwrap();
    for table in EVENTS.iter().skip(1) {
        connection.execute_batch(&format!("CREATE INDEX {table}_contact_at ON {table}(contact, at)")).unwrap();
    }
    connection.execute_batch("ANALYZE").unwrap();
}

/// The tables of events of a whole shop.
pub const EVENTS: [&str; 8] =
    ["purchased", "order_delivered", "returned", "subscribed", "cart_updated", "quiz_answered", "opened", "clicked"];

const TABLES: &str = r#"
ALTER TABLE contact ADD COLUMN first_name TEXT; ALTER TABLE contact ADD COLUMN last_name TEXT;
ALTER TABLE contact ADD COLUMN phone TEXT; ALTER TABLE contact ADD COLUMN language TEXT;
ALTER TABLE contact ADD COLUMN time_zone TEXT; ALTER TABLE contact ADD COLUMN birthday TEXT;
ALTER TABLE contact ADD COLUMN created_at TEXT; ALTER TABLE contact ADD COLUMN tier TEXT;
ALTER TABLE contact ADD COLUMN referrer INTEGER; ALTER TABLE contact ADD COLUMN pet TEXT;
ALTER TABLE contact ADD COLUMN skin_type TEXT; ALTER TABLE contact ADD COLUMN favourite_store TEXT;
ALTER TABLE product ADD COLUMN category TEXT; ALTER TABLE product ADD COLUMN size TEXT; ALTER TABLE product ADD COLUMN price REAL;
CREATE TABLE product_complements(product INTEGER, complements INTEGER, rank INTEGER, PRIMARY KEY (product, rank)) WITHOUT ROWID;
ALTER TABLE purchased ADD COLUMN "order" TEXT; ALTER TABLE purchased ADD COLUMN discounted INTEGER;
CREATE TABLE order_delivered(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, "order" TEXT NOT NULL);
CREATE TABLE returned(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, product INTEGER NOT NULL,
    quantity INTEGER NOT NULL, amount REAL NOT NULL, "order" TEXT);
CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, list TEXT NOT NULL);
CREATE TABLE cart_updated(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, cart TEXT NOT NULL);
CREATE TABLE cart_updated_products(cart_updated INTEGER, products INTEGER, rank INTEGER, PRIMARY KEY (cart_updated, rank)) WITHOUT ROWID;
CREATE TABLE quiz_answered(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, quiz TEXT NOT NULL, skin_type TEXT,
    favourite_store TEXT);
CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, message TEXT NOT NULL, "by" TEXT);
CREATE TABLE clicked(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, at TEXT NOT NULL, message TEXT NOT NULL, link TEXT, "by" TEXT);
"#;

impl Source {
    fn read(one: &Path) -> Source {
        let connection = Connection::open_with_flags(one, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut days: BTreeMap<i64, Vec<Purchase>> = BTreeMap::new();
        let sql = "SELECT contact, product, unixepoch(at), quantity, amount FROM purchased ORDER BY at, id";
        let mut statement = connection.prepare(sql).unwrap();
        let mut rows = statement.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let number = |column: usize| row.get::<_, i64>(column).unwrap();
            let (contact, product, at, quantity) = (number(0), number(1), number(2), number(3));
            let time = at.rem_euclid(DAY);
            let purchase = Purchase { contact, product, time, quantity, amount: row.get(4).unwrap() };
            days.entry(at.div_euclid(DAY)).or_default().push(purchase);
        }
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let (contacts, products) =
            (count("SELECT count(*) FROM contact"), count("SELECT count(*) FROM product") as u64);
        Source { contacts, products, days }
    }

    /// From the first day to the last: each copy is a day before the one that it follows.
    fn span(&self, copies: i64) -> std::ops::RangeInclusive<i64> {
        let (first, last) = (self.days.keys().next().unwrap(), self.days.keys().next_back().unwrap());
        first - (copies - 1)..=*last
    }

    /// The purchases of all copies on one day, in the order of time; those of one second in the order of copies.
    fn of_day(&self, day: i64, copies: i64) -> Vec<Purchase> {
        let mut all = Vec::new();
        for copy in 0..copies {
            let shift = copy * self.contacts;
            let own = self.days.get(&(day + copy)).map_or(&[] as &[Purchase], Vec::as_slice);
            all.extend(own.iter().map(|each| Purchase { contact: each.contact + shift, ..*each }));
        }
        all.sort_by_key(|each| each.time);
        all
    }
}

fn create(to: &Path, tables: &str) -> Connection {
    drop(std::fs::remove_file(to));
    let connection = Connection::open(to).unwrap();
    let first = "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -200000;
        CREATE TABLE contact(id INTEGER PRIMARY KEY, code TEXT NOT NULL, country TEXT NOT NULL, email TEXT NOT NULL);
        CREATE TABLE product(id INTEGER PRIMARY KEY, code TEXT NOT NULL, name TEXT NOT NULL, family TEXT NOT NULL,
            recurring INTEGER NOT NULL, delay TEXT, delay_months INTEGER);
        CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER NOT NULL, product INTEGER NOT NULL, at TEXT NOT NULL,
            quantity INTEGER NOT NULL, amount REAL NOT NULL);";
    connection.execute_batch(first).unwrap();
    connection.execute_batch(tables).unwrap();
    connection
}

fn write_contacts_and_products(connection: &Connection, one: &Path, source: &Source, copies: i64) {
    connection.execute("ATTACH ?1 AS one", [one.to_str().unwrap()]).unwrap();
    let products = "INSERT INTO product(id, code, name, family, recurring, delay, delay_months)
        SELECT id, code, name, family, recurring, delay, delay_months FROM one.product";
    connection.execute(products, []).unwrap();
    let contacts = "INSERT INTO contact(id, code, country, email)
        SELECT id + ?1 * ?2, code || '-' || ?1, country, 'c' || (id + ?1 * ?2) || '@example.com' FROM one.contact";
    for copy in 0..copies {
        connection.execute(contacts, [copy, source.contacts]).unwrap();
    }
    connection.execute("DETACH one", []).unwrap();
}

/// What is drawn for a contact or an event, each from numbers of its own.
#[derive(Clone, Copy)]
enum Draw {
    Contact = 1,
    Subscribed,
    Quiz,
    Cart,
    Newsletter,
    Reminder,
    Order,
    Return,
}

fn describe_contacts(connection: &Connection, chance: Chance, contacts: i64, first: i64) {
    let sql = "UPDATE contact SET first_name = ?2, last_name = 'Example', phone = ?3, language = ?4, time_zone = ?5, birthday = ?6,
        created_at = ?7, tier = ?8, referrer = ?9, pet = ?10, favourite_store = ?11 WHERE id = ?1";
    let mut update = connection.prepare(sql).unwrap();
    for contact in 1..=contacts {
        let mut drawn = chance.of(Draw::Contact as u64, contact as u64, 0);
        let (language, zone) = drawn.one_of(&[
            ("en", "Europe/London"),
            ("fr", "Europe/Paris"),
            ("de", "Europe/Berlin"),
            ("en", "America/New_York"),
        ]);
        let first_name = drawn.happens(0.9).then(|| drawn.one_of(&["Inès", "Théo", "Emma", "Oliver", "Zoé", "Priya"]));
        let phone = drawn.happens(0.3).then(|| format!("+447700{:06}", contact % 1_000_000));
        let birthday = drawn.happens(0.7).then(|| date(-11_000 + drawn.below(21_900) as i64));
        let created = text((first - drawn.below(400) as i64) * DAY + 30_000);
        let tier = drawn.happens(0.05).then(|| drawn.one_of(&["silver", "gold"]));
        let referrer = drawn.happens(0.1).then(|| 1 + drawn.below(contact as u64) as i64);
        let pet = drawn.happens(0.2).then(|| drawn.one_of(&["cat", "dog", "rodent"]));
        let store = drawn.happens(0.3).then(|| drawn.one_of(&["Paris", "London", "Lyon"]));
        let values = params![contact, first_name, phone, language, zone, birthday, created, tier, referrer, pet, store];
        update.execute(values).unwrap();
    }
}

fn describe_products(connection: &Connection, products: u64) {
    let sql = "UPDATE product SET price = 2 + id % 40, category = CASE
        WHEN name LIKE '%CHRISTMAS%' THEN 'christmas' WHEN name LIKE '%BAG%' THEN 'bags' WHEN name LIKE '%LIGHT%' THEN 'lighting'
        WHEN name LIKE '%TEA%' OR name LIKE '%CAKE%' THEN 'kitchen' WHEN name LIKE '%GARDEN%' THEN 'garden' ELSE 'home' END";
    connection.execute(sql, []).unwrap();
    let sql = "INSERT INTO product_complements SELECT id, id % ?1 + 1, 1 FROM product
        UNION ALL SELECT id, (id + 1) % ?1 + 1, 2 FROM product";
    connection.execute(sql, [products as i64]).unwrap();
}

/// What is written to each table of events.
struct Inserts<'c> {
    purchased: Statement<'c>,
    delivered: Statement<'c>,
    returned: Statement<'c>,
    subscribed: Statement<'c>,
    cart: Statement<'c>,
    cart_products: Statement<'c>,
    quiz: Statement<'c>,
    opened: Statement<'c>,
    clicked: Statement<'c>,
    carts: i64,
}

impl Inserts<'_> {
    fn of(connection: &Connection) -> Inserts<'_> {
        let into = |table: &str, columns: &str| {
            let places = vec!["?"; columns.split(',').count()].join(", ");
            connection.prepare(&format!("INSERT INTO {table}({columns}) VALUES ({places})")).unwrap()
        };
        Inserts {
            purchased: into("purchased", "contact, product, at, quantity, amount, \"order\", discounted"),
            delivered: into("order_delivered", "contact, at, \"order\""),
            returned: into("returned", "contact, at, product, quantity, amount, \"order\""),
            subscribed: into("subscribed", "contact, at, list"),
            cart: into("cart_updated", "id, contact, at, cart"),
            cart_products: into("cart_updated_products", "cart_updated, products, rank"),
            quiz: into("quiz_answered", "contact, at, quiz, skin_type, favourite_store"),
            opened: into("opened", "contact, at, message, \"by\""),
            clicked: into("clicked", "contact, at, message, link, \"by\""),
            carts: 0,
        }
    }

    fn open(&mut self, contact: i64, at: i64, message: &str, by: &str, clicks: bool) {
        self.opened.execute(params![contact, text(at), message, by]).unwrap();
        if clicks {
            self.clicked.execute(params![contact, text(at + 120), message, "main", "person"]).unwrap();
        }
    }

    /// A cart with one product, or with two.
    fn put(&mut self, contact: i64, at: i64, products: &[u64]) {
        self.carts += 1;
        self.cart.execute(params![self.carts, contact, text(at), format!("cart {contact}-{at}")]).unwrap();
        for (rank, product) in products.iter().enumerate() {
            self.cart_products.execute(params![self.carts, *product as i64, rank as i64 + 1]).unwrap();
        }
    }
}

fn write_days(connection: &Connection, chance: Chance, source: &Source, copies: i64) {
    let mut inserts = Inserts::of(connection);
    let mut ahead: BTreeMap<i64, Vec<(i64, Later)>> = BTreeMap::new();
    let span = source.span(copies);
    let (first, days) = (*span.start(), span.clone().count() as u64);
    for day in span {
        let mut ticket = (0, 0);
        for each in source.of_day(day, copies) {
            write_purchase(&mut inserts, chance, day, each, &mut ticket, &mut ahead);
        }
        let mut due = ahead.remove(&day).unwrap_or_default();
        due.sort_by_key(|(time, _)| *time);
        due.into_iter().for_each(|(time, later)| write_later(&mut inserts, day * DAY + time, later));
        for contact in 1..=source.contacts * copies {
            write_day_of(&mut inserts, chance, source.products, contact, (day, first, days));
        }
    }
}

fn write_purchase(
    inserts: &mut Inserts<'_>,
    chance: Chance,
    day: i64,
    each: Purchase,
    last: &mut (i64, i64),
    ahead: &mut BTreeMap<i64, Vec<(i64, Later)>>,
) {
    // Lines of one contact and second are one ticket.
    let at = day * DAY + each.time;
    let ticket = format!("T{}-{at}", each.contact);
    let mut drawn = chance.of(Draw::Order as u64, each.contact as u64, at as u64);
    if *last != (each.contact, at) && drawn.happens(0.97) {
        let (days, time) = (2 + drawn.below(4) as i64, 30_000 + drawn.below(30_000) as i64);
        let later = Later::Delivered { contact: each.contact, ticket: ticket.clone() };
        ahead.entry(day + days).or_default().push((time, later));
    }
    *last = (each.contact, at);
    let mut drawn = chance.of(Draw::Return as u64, each.contact as u64 ^ (each.product as u64) << 32, at as u64);
    if drawn.happens(0.02) {
        let (days, time) = (3 + drawn.below(18) as i64, 30_000 + drawn.below(30_000) as i64);
        ahead.entry(day + days).or_default().push((time, Later::Returned { purchase: each, ticket: ticket.clone() }));
    }
    let values = params![each.contact, each.product, text(at), each.quantity, each.amount, ticket, drawn.happens(0.2)];
    inserts.purchased.execute(values).unwrap();
}

fn write_later(inserts: &mut Inserts<'_>, at: i64, later: Later) {
    match later {
        Later::Delivered { contact, ticket } => inserts.delivered.execute(params![contact, text(at), ticket]),
        Later::Returned { purchase: of, ticket } => {
            inserts.returned.execute(params![of.contact, text(at), of.product, of.quantity, of.amount, ticket])
        }
    }
    .unwrap();
}

/// What a contact does on one day besides buying.
fn write_day_of(inserts: &mut Inserts<'_>, chance: Chance, products: u64, contact: i64, span: (i64, i64, u64)) {
    let (day, first, days) = span;
    let (of, midnight) = (contact as u64, day * DAY);
    let mut drawn = chance.of(Draw::Subscribed as u64, of, 0);
    if drawn.happens(0.45) && first + drawn.below(days) as i64 == day {
        let (at, list) =
            (midnight + 28_800 + drawn.below(40_000) as i64, drawn.one_of(&["newsletter", "newsletter", "offers"]));
        inserts.subscribed.execute(params![contact, text(at), list]).unwrap();
        if drawn.happens(0.5) {
            let (later, clicks) = (1_200 + drawn.below(50_000) as i64, drawn.happens(0.4));
            inserts.open(contact, at + later, "welcome", "person", clicks);
        }
    }
    let mut drawn = chance.of(Draw::Quiz as u64, of, 0);
    if drawn.happens(0.2) && first + drawn.below(days) as i64 == day {
        let at = text(midnight + 32_000 + drawn.below(30_000) as i64);
        let skin = drawn.happens(0.9).then(|| drawn.one_of(&["dry", "oily", "mixed"]));
        let store = drawn.happens(0.5).then(|| drawn.one_of(&["Paris", "London", "Lyon"]));
        inserts.quiz.execute(params![contact, at, "skin", skin, store]).unwrap();
    }
    let mut drawn = chance.of(Draw::Cart as u64, of, day as u64);
    if drawn.happens(0.006) {
        let (at, one, two) =
            (midnight + 30_000 + drawn.below(45_000) as i64, 1 + drawn.below(products), 1 + drawn.below(products));
        inserts.put(contact, at, &[one]);
        if drawn.happens(0.5) {
            inserts.put(contact, at + 720, &[one, two]);
        }
    }
    let mut drawn = chance.of(Draw::Newsletter as u64, of, day as u64);
    // The letter that goes out once in four weeks, and reminders at any time.
    let is_letter = day % 28 == 5 && drawn.happens(0.3);
    if is_letter || chance.of(Draw::Reminder as u64, of, day as u64).happens(0.004) {
        let at = midnight + 28_800 + drawn.below(50_000) as i64;
        let by = drawn.one_of(&["person", "person", "person", "machine", "unknown"]);
        inserts.open(
            contact,
            at,
            if is_letter { "newsletter" } else { "reminder" },
            by,
            by == "person" && drawn.happens(0.2),
        );
    }
}

/// Seconds since 1970 as a CRM writes them: `2011-12-09 08:26:00`.
fn text(seconds: i64) -> String {
    let time = seconds.rem_euclid(DAY);
    format!("{} {:02}:{:02}:{:02}", date(seconds.div_euclid(DAY)), time / 3_600, time / 60 % 60, time % 60)
}

/// A day since 1970 in the calendar.
fn date(day: i64) -> String {
    let days = i32::try_from(day).unwrap()
        + chrono::NaiveDate::from_ymd_opt(1970, 1, 1).map_or(0, |date| chrono::Datelike::num_days_from_ce(&date));
    chrono::NaiveDate::from_num_days_from_ce_opt(days).unwrap().to_string()
}
