//! The renewal sentence, and others of its kind, against SQL alone: what is sent is put into the CRM's own database and
//! compared there with what a query says.

use super::calendar::{self, Length, Unit};
use super::machine;
use super::random::Random;
use rusqlite::{Connection, params};
use scn::drivers::simulate::Request;
use scn::store::import;
use std::path::Path;

/// A sentence, and the same in SQL.
struct Sentence {
    text: String,
    /// Over `p` (the purchase) and `r` (its product).
    triggers: &'static str,
    /// The months and days that `wait` takes off the delay, or adds when the delay is missing.
    lead: (i64, i64),
    without_delay: Option<i64>,
    /// Over `x` (contact, family, at, due) and a purchase `q` of a product `s`; empty for no `unless`.
    unless: String,
}

/// `instant` plus `months`, clamped to the month's last day, as SQLite can say it: an overflow into the next month is
/// always later than the last day.
fn clamped(instant: &str, months: &str) -> String {
    format!(
        "min(datetime({instant}, ({months}) || ' months'), \
         date({instant}, 'start of month', (({months}) + 1) || ' months', '-1 day') || substr({instant}, 11))"
    )
}

impl Sentence {
    /// The distinct (contact, family, entry, due) of what is sent, with instants as `YYYY-MM-DD HH:MM:SS`.
    fn query(&self, until: &str) -> String {
        let (lead_months, lead_days) = self.lead;
        let unless = match self.unless.as_str() {
            "" => String::new(),
            condition => format!(
                "AND NOT EXISTS (SELECT 1 FROM purchased q JOIN product s ON s.id = q.product
                                 WHERE q.contact = x.contact AND {condition})"
            ),
        };
        let default = self.without_delay.map_or("NULL".to_owned(), |months| months.to_string());
        format!(
            "WITH parts AS (
               SELECT product.*, coalesce(family, CAST(id AS TEXT)) AS kin, quantities.* FROM product
               JOIN (SELECT id AS of,
                       CASE WHEN delay LIKE '%year%' THEN 12 * CAST(delay AS INTEGER)
                            WHEN delay LIKE '%month%' THEN CAST(delay AS INTEGER)
                            WHEN delay IS NULL THEN {default} ELSE 0 END AS months,
                       CASE WHEN delay LIKE '%week%' THEN 7 * CAST(delay AS INTEGER)
                            WHEN delay LIKE '%day%' THEN CAST(delay AS INTEGER) ELSE 0 END AS days,
                       CASE WHEN delay LIKE '%hour%' THEN CAST(delay AS INTEGER) ELSE 0 END AS hours
                     FROM product) AS quantities ON quantities.of = product.id),
             t AS (SELECT p.contact, r.kin AS family, p.at, p.\"order\", r.months - {lead_months} AS months,
                          r.days - {lead_days} AS days, r.hours
                   FROM purchased p JOIN parts r ON r.id = p.product JOIN contact c ON c.id = p.contact
                   WHERE {} AND trim(coalesce(c.email, '')) <> ''),
             x AS (SELECT contact, family, \"order\", at, months * 2629746 + days * 86400 + hours * 3600 AS length,
                          datetime({}, days || ' days', hours || ' hours') AS due
                   FROM t WHERE months IS NOT NULL)
             SELECT DISTINCT contact, family, at, due FROM x
             WHERE length > 0 AND due > at AND due <= '{until}' {unless}",
            self.triggers,
            clamped("at", "months"),
        )
    }
}

fn renewal() -> Sentence {
    Sentence {
        text: "when purchased product.recurring wait product.delay - 1 month send email reminder unless repurchased"
            .into(),
        triggers: "r.recurring = 1",
        lead: (1, 0),
        without_delay: None,
        unless: "q.at > x.at AND q.at <= x.due AND coalesce(s.family, CAST(s.id AS TEXT)) = x.family".into(),
    }
}

/// Simulates and compares; gives the number of distinct messages.
fn compare(sentence: &Sentence, path: &Path, seed: u64) -> u64 {
    let bundle = machine::bundle(&sentence.text, "UTC");
    let lines = machine::lines(&machine::csv(&bundle, path, &Request::default()));
    let db = Connection::open(path).unwrap();
    db.execute_batch("CREATE TEMP TABLE sent(purchase, entered_at, at)").unwrap();
    let plain = |instant: &str| instant.replace('T', " ").replace('Z', "");
    for line in lines.iter().filter(|line| line.outcome == "sent") {
        let id = line.triggers[0].1.to_string();
        db.execute("INSERT INTO sent VALUES (?, ?, ?)", params![id, plain(&line.entered_at), plain(&line.at)]).unwrap();
    }
    let found = "SELECT DISTINCT p.contact, coalesce(r.family, CAST(r.id AS TEXT)), m.entered_at, m.at FROM sent m
                 JOIN purchased p ON CAST(p.id AS TEXT) = m.purchase JOIN product r ON r.id = p.product";
    let until: String = db.query_row("SELECT max(at) FROM purchased", [], |row| row.get(0)).unwrap();
    let wanted = sentence.query(&until);
    let list = |sql: &str| -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let row = |row: &rusqlite::Row<'_>| {
            let field = |place: usize| -> rusqlite::Result<String> {
                Ok(match row.get_ref(place)? {
                    rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                    other => other.as_str().unwrap_or("NULL").to_owned(),
                })
            };
            Ok([field(0)?, field(1)?, field(2)?, field(3)?].join("  "))
        };
        statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
    };
    let only = |one: &str, other: &str| list(&format!("SELECT * FROM ({one}) EXCEPT SELECT * FROM ({other}) LIMIT 10"));
    let (machine, oracle) = (only(found, &wanted), only(&wanted, found));
    assert!(
        machine.is_empty() && oracle.is_empty(),
        "seed {seed}\n{}\nonly the machine (contact, family, entry, due): {machine:#?}\nonly SQL: {oracle:#?}\n{wanted}",
        sentence.text
    );
    list(&format!("SELECT count(*), '', '', '' FROM ({wanted})"))[0].trim().parse().unwrap()
}

/// A shop: tickets of several lines, products in families, people who come again.
fn shop(path: &Path, random: &mut Random, contacts: i64, delays: &[Option<&str>]) {
    let _ = std::fs::remove_file(path);
    let mut db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
         CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, category TEXT, recurring INTEGER, delay TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at TEXT, quantity INTEGER,
                                amount REAL, \"order\" TEXT, discounted INTEGER);
         CREATE INDEX purchased_contact ON purchased(contact, at);",
    )
    .unwrap();
    let transaction = db.transaction().unwrap();
    let products = 40;
    for id in 1..=products {
        let family = random.percent(80).then(|| format!("{}", 84_000 + id / 3));
        let category = random.pick(&[Some("x"), Some("y"), None]);
        let (recurring, delay) = (random.percent(70), random.pick(delays));
        transaction
            .execute(
                "INSERT INTO product VALUES (?, 'a name', ?, ?, ?, ?)",
                params![id, family, category, recurring, delay],
            )
            .unwrap();
    }
    let mut line = 0;
    for contact in 1..=contacts {
        let email = random.pick(&[Some("a@example.com"), Some("b@example.com"), Some("c@example.com"), None]);
        transaction.execute("INSERT INTO contact VALUES (?, ?)", params![contact, email]).unwrap();
        for ticket in 0..random.range(1, 9) {
            let day = random.range(0, 1100) * 86_400;
            // 2010-01-01, and often the end of a month.
            let mut at = 1_262_304_000 + day + random.range(8 * 60, 20 * 60) * 60;
            if random.percent(30) {
                let local = calendar::utc(at);
                let last = local.date_naive() - chrono::Days::new(u64::from(chrono::Datelike::day(&local)));
                at = last.and_time(local.time()).and_utc().timestamp();
            }
            let at = calendar::utc(at).format("%Y-%m-%d %H:%M:%S").to_string();
            for _ in 0..random.range(1, 6) {
                line += 1;
                let order = random.percent(80).then(|| format!("{contact}/{ticket}"));
                let discounted = random.pick(&[Some(0), Some(1), None]);
                let (product, quantity) = (random.range(1, products), random.range(1, 6));
                transaction
                    .execute(
                        "INSERT INTO purchased VALUES (?, ?, ?, ?, ?, 9.95, ?, ?)",
                        params![line, contact, product, at, quantity, order, discounted],
                    )
                    .unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

#[test]
fn the_sentence_on_a_shop() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    shop(&path, &mut Random::new(1), 300, &[Some("2 months"), Some("3 months"), Some("6 months"), None]);
    let messages = compare(&renewal(), &path, 1);
    assert!(messages > 500, "only {messages} messages");
}

#[test]
fn the_sentence_on_the_sample() {
    let folder = tempfile::tempdir().unwrap();
    let crm = folder.path().join("crm.db");
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/sample");
    let (csv, mapping) = (sample.join("purchases.csv.gz"), sample.join("sample.sql"));
    import::import(
        &import::Request { crm: crm.clone(), csv, mappings: vec![mapping], rejects: None, rejects_max: None },
        &mut |_| {},
    )
    .unwrap();
    let text = std::fs::read_to_string(sample.join("../renewal/renewal.scn")).unwrap();
    let messages = compare(&Sentence { text, ..renewal() }, &crm, 0);
    assert!(messages > 1000, "only {messages} messages");
}

#[test]
fn sentences_of_its_kind_on_random_shops() {
    const DELAYS: [Option<&str>; 10] = [
        Some("1 week"),
        Some("10 days"),
        Some("5 weeks"),
        Some("1 month"),
        Some("2 months"),
        Some("7 months"),
        Some("1 year"),
        Some("2 years"),
        Some("900 hours"),
        None,
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    let mut messages = 0;
    for seed in 1..=60 {
        let mut random = Random::new(seed);
        shop(&path, &mut random, 12, &DELAYS);
        messages += compare(&sentence(&mut random), &path, seed);
    }
    assert!(messages > 1000, "only {messages} messages");
}

fn sentence(random: &mut Random) -> Sentence {
    let (filter, triggers) = random.pick(&[
        ("product.recurring", "r.recurring = 1"),
        ("product.category is \"x\"", "r.category = 'x'"),
        ("product.category is not \"x\"", "r.category <> 'x'"),
        ("discounted", "p.discounted = 1"),
        ("discounted is no", "p.discounted = 0"),
        ("order", "p.\"order\" IS NOT NULL"),
        ("where quantity > 2", "p.quantity > 2"),
        ("product.recurring where quantity <= 4", "r.recurring = 1 AND p.quantity <= 4"),
    ]);
    let lead = random.pick(&[
        Length::new(1, Unit::Month),
        Length::new(1, Unit::Week),
        Length::new(5, Unit::Day),
        Length::new(1, Unit::Quarter),
    ]);
    let without_delay = random.percent(30).then_some(14);
    let default = if without_delay.is_some() { "(product.delay default 14 months)" } else { "product.delay" };
    let family = "coalesce(s.family, CAST(s.id AS TEXT)) = x.family";
    let in_last = format!("q.at > {} AND q.at <= x.due AND s.category = 'x'", clamped("x.due", "-3"));
    let (unless, condition) = random.pick(&[
        ("repurchased", format!("q.at > x.at AND q.at <= x.due AND {family}")),
        ("purchased", "q.at > x.at AND q.at <= x.due".to_owned()),
        ("purchased product.category is \"x\" in last 3 months", in_last),
        ("purchased discounted same product.family ever", format!("q.at <= x.due AND q.discounted = 1 AND {family}")),
        ("purchased where quantity > 5", "q.at > x.at AND q.at <= x.due AND q.quantity > 5".to_owned()),
        ("", String::new()),
    ]);
    let parts = lead.parts();
    let unless = if unless.is_empty() { String::new() } else { format!("unless {unless}") };
    Sentence {
        text: format!("when purchased {filter} wait {default} - {lead} send email reminder {unless}"),
        triggers,
        lead: (parts.months, parts.days),
        without_delay,
        unless: condition,
    }
}

/// "The memory-bounded sort": how many rows fit in memory, and how many threads work, changes no byte.
#[test]
fn the_same_bytes_in_any_memory_and_on_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("crm.db");
    shop(&path, &mut Random::new(2), 60, &[Some("2 months"), Some("1 week"), None]);
    let bundle = machine::bundle(&renewal().text, "UTC");
    let wanted = machine::csv(&bundle, &path, &Request::default());
    let lines = machine::lines(&wanted);
    assert!(lines.len() > 200, "only {} lines", lines.len());
    assert!(lines.is_sorted_by_key(|line| (&line.at, &line.contact, line.step, &line.triggers)), "not in order");
    for rows_in_memory in [1, 7, 1_000_000] {
        for threads in 1..=3 {
            let request = Request { rows_in_memory, threads, ..Request::default() };
            let found = machine::csv(&bundle, &path, &request);
            assert!(found == wanted, "other bytes with {rows_in_memory} rows in memory on {threads} threads");
        }
    }
}
