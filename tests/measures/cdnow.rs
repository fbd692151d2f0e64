//! Every value of the measures of a simulation, against what SQLite computes of the same rows: the CDNOW history (69,659
//! purchases of 23,570 customers in 78 weeks), or a tenth of its customers.
//!
//! The purchases of a day are put at 22:30 UTC of it, half an hour before or after midnight in Paris: the summer time of
//! 1997 and of 1998 decides on which day they fall, and those of a sunday on which side of the refresh.

use flate2::read::GzDecoder;
use rusqlite::{Connection, params};
use scn::compile::{Input, InputFile, compile};
use scn::drivers::simulate::{Request, Simulation, simulate};
use scn::engine::Value;
use scn::ir::Bundle;
use scn::model::{Configuration, Surroundings};
use scn::store::crm::Crm;
use scn::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// The measures, each with what it is of one contact, in SQL over `of_contact`, and how it is made of all of them.
pub const MEASURES: [(&str, &str, &str); 7] = [
    (
        "brand_rhythm",
        "average over contacts of average gap of purchased ever, refreshed weekly",
        "sum(average_gap) / count(average_gap) / 1000000",
    ),
    (
        "usual_rhythm",
        "average over contacts of median gap of purchased ever, refreshed weekly",
        "sum(median_gap) / count(median_gap) / 1000000",
    ),
    ("shortest", "least over contacts of median gap of purchased ever, refreshed weekly", "min(median_gap) / 1000000"),
    (
        "longest",
        "greatest over contacts of median gap of purchased ever, refreshed weekly",
        "max(median_gap) / 1000000",
    ),
    ("recent", "count over contacts of purchased in last 30 days, refreshed weekly", "sum(recent)"),
    (
        "again",
        "share over contacts of count of days of purchased ever >= 2, refreshed weekly",
        "1.0 * sum(days >= 2) / count(*)",
    ),
    ("takings", "sum over contacts of sum of purchased.amount ever, refreshed weekly", "sum(cents) / 100.0"),
];

/// What each measure told at each of its refreshes.
pub type Told = BTreeMap<(String, Instant), Value>;

/// Whether the clock of Paris is in its summer time at an instant of these two years.
const SUMMER: &str = "(at >= unixepoch('1997-03-30 01:00') AND at < unixepoch('1997-10-26 01:00')
     OR at >= unixepoch('1998-03-29 01:00') AND at < unixepoch('1998-10-25 01:00'))";

/// A project that reads all the measures, and hardly does anything else.
pub fn bundle() -> Bundle {
    let mut text = String::new();
    for (name, measure, _) in MEASURES {
        text.push_str(&format!("measure {name} = {measure}\n"));
    }
    text.push_str(
        "scenario story {
           when purchased where quantity > 1000
           wait brand_rhythm default 1 day
           send email news only if usual_rhythm >= shortest and longest >= 1 day and recent > 0 and again >= 1% and takings > 0 EUR
         }\n",
    );
    let mut input = Input::default();
    let source = input.sources.add("story.scn", text.as_str());
    input.files.push(InputFile { source, stem: "story".into(), folder: String::new(), selected: true });
    let configuration = Configuration { zone: Zone::named("Europe/Paris").unwrap(), ..Configuration::default() };
    let compiled = compile(&input, &Surroundings { templates: None, crm: None }, &configuration);
    compiled.bundle.unwrap_or_else(|| panic!("{:#?}", compiled.diagnostics))
}

/// Builds the CRM of a history: a gzipped CSV with the columns `customer_id,date,number_of_cds,dollar_value`.
pub fn build(csv: impl Read, crm: &Path) {
    let mut connection = Connection::open(crm).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
             CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at INTEGER, quantity INTEGER, amount TEXT);
             CREATE INDEX purchased_contact ON purchased(contact, at);",
        )
        .unwrap();
    let transaction = connection.transaction().unwrap();
    {
        let mut contact =
            transaction.prepare("INSERT OR IGNORE INTO contact VALUES (?1, 'c' || ?1 || '@example.com')").unwrap();
        let mut purchased = transaction
            .prepare(
                "INSERT INTO purchased(contact, at, quantity, amount) VALUES (?1, unixepoch(?2 || ' 22:30'), ?3, ?4)",
            )
            .unwrap();
        for record in csv::Reader::from_reader(GzDecoder::new(csv)).records().map(Result::unwrap) {
            let customer: i64 = record[0].parse().unwrap();
            contact.execute([customer]).unwrap();
            purchased.execute(params![customer, &record[1], &record[2], &record[3]]).unwrap();
        }
    }
    transaction.commit().unwrap();
}

/// What the simulation of a CRM says.
pub fn simulated(bundle: &Bundle, crm: &Path, threads: usize) -> (Simulation, Told) {
    let request = Request { threads, ..Request::default() };
    let simulation = simulate(bundle, &Crm::open(crm).unwrap(), &request, None).unwrap();
    let told =
        simulation.report.measures.iter().flat_map(|measure| {
            measure.refreshes.iter().map(|(at, value)| ((measure.name.clone(), *at), value.clone()))
        });
    let told = told.collect();
    (simulation, told)
}

/// What SQLite says of the same CRM, at each monday after the first purchase; `None` where a measure has no value.
fn computed(crm: &Path) -> BTreeMap<(String, Instant), Option<f64>> {
    let connection = Connection::open(crm).unwrap();
    let columns: Vec<String> = MEASURES.iter().map(|(name, _, sql)| format!("{sql} AS {name}")).collect();
    connection
        .execute_batch(&format!(
            "CREATE TEMP TABLE bought AS
               SELECT contact, date(at + CASE WHEN {SUMMER} THEN 7200 ELSE 3600 END, 'unixepoch') AS day,
                      CAST(round(amount * 100) AS INTEGER) AS cents FROM purchased;
             CREATE TEMP TABLE day_bought AS
               SELECT contact, julianday(day) - 0.5 AS day, sum(cents) AS cents FROM bought GROUP BY contact, day;
             CREATE TEMP TABLE monday AS
               WITH RECURSIVE each(day) AS (
                 SELECT date(min(day), 'weekday 1') FROM bought
                 UNION ALL SELECT date(day, '+7 days') FROM each WHERE day <= (SELECT max(day) FROM bought))
               SELECT day, julianday(day) - 0.5 AS number FROM each;"
        ))
        .unwrap();
    let sql = format!(
        "WITH gap AS (
           SELECT monday.day AS monday, contact, day_bought.day, cents, number,
                  day_bought.day - lag(day_bought.day) OVER one AS gap
           FROM monday JOIN day_bought ON day_bought.day < number
           WINDOW one AS (PARTITION BY monday.day, contact ORDER BY day_bought.day)),
         ranked AS (
           SELECT *, row_number() OVER (PARTITION BY monday, contact ORDER BY gap) AS place,
                  count(gap) OVER (PARTITION BY monday, contact) AS gaps
           FROM gap WHERE gap IS NOT NULL),
         median AS (
           SELECT monday, contact, CAST(avg(gap) * 86400000000 AS INTEGER) AS median_gap FROM ranked
           WHERE place IN ((gaps + 1) / 2, gaps / 2 + 1) GROUP BY monday, contact),
         of_buyer AS (
           SELECT monday, contact, count(*) AS days, sum(cents) AS cents,
                  CAST(max(day) - min(day) AS INTEGER) * 86400000000 / nullif(count(*) - 1, 0) AS average_gap,
                  max(day) >= min(number) - 30 AS recent
           FROM gap GROUP BY monday, contact),
         of_contact AS (
           SELECT monday.day AS monday, contact.id AS contact, coalesce(days, 0) AS days, coalesce(cents, 0) AS cents,
                  average_gap, coalesce(recent, 0) AS recent, median_gap
           FROM monday CROSS JOIN contact
           LEFT JOIN of_buyer ON of_buyer.monday = monday.day AND of_buyer.contact = contact.id
           LEFT JOIN median ON median.monday = monday.day AND median.contact = contact.id)
         SELECT monday, {} FROM of_contact GROUP BY monday",
        columns.join(", ")
    );
    let mut statement = connection.prepare(&sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut found = BTreeMap::new();
    while let Some(row) = rows.next().unwrap() {
        let monday: String = row.get(0).unwrap();
        let is_summer = ("1997-03-31"..="1997-10-26").contains(&monday.as_str()) || monday.as_str() >= "1998-03-30";
        let offset = if is_summer { "+02:00" } else { "+01:00" };
        let at = chrono::DateTime::parse_from_rfc3339(&format!("{monday}T00:00:00{offset}")).unwrap();
        for (place, (name, ..)) in MEASURES.iter().enumerate() {
            let value: Option<f64> = row.get(place + 1).unwrap();
            found.insert(((*name).to_owned(), Instant::from_seconds(at.timestamp())), value);
        }
    }
    found
}

/// Holds every value at every refresh against SQLite's; gives how many refreshes there were.
pub fn compare(told: &Told, crm: &Path, last: Instant) -> usize {
    let mut computed = computed(crm);
    computed.retain(|(_, at), _| *at <= last);
    let places = |one: Vec<&(String, Instant)>| one.into_iter().cloned().collect::<Vec<_>>();
    assert_eq!(places(told.keys().collect()), places(computed.keys().collect()), "the refreshes");
    for (key, value) in told {
        let found = match value {
            Value::Missing => None,
            // Whole seconds, as SQLite has them.
            Value::Duration(duration) => Some((duration.nominal() / 1_000_000) as f64),
            Value::Number(number) => Some(number.to_string().parse().unwrap()),
            other => panic!("{key:?} is {other:?}"),
        };
        let wanted = computed[key];
        let is_same = match (found, wanted) {
            // A share is a fraction, which floats have nearly.
            (Some(found), Some(wanted)) => (found - wanted).abs() <= wanted.abs() * 1e-12,
            (found, wanted) => found == wanted,
        };
        assert!(is_same, "{} at {}: {found:?}, and SQLite says {wanted:?}", key.0, key.1);
    }
    told.keys().filter(|(name, _)| name == "brand_rhythm").count()
}
