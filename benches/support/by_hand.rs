//! The question of the renewal sentence, written by hand: one pass over the purchases in the order of contacts and instants,
//! a few numbers in memory, the calendar exact. It writes no effects; what it has cost is the least that can be asked for.

use rusqlite::{Connection, OpenFlags};
use std::collections::HashMap;
use std::path::Path;

/// How many reminders, and the sums of their contacts, their triggers' Unix seconds, and the Unix seconds at which they are due.
pub type Answer = (i64, i64, i64, i64);

/// A product that comes again.
#[derive(Clone, Copy)]
struct Recurring {
    family: usize,
    months: i64,
}

pub fn ask(crm: &Path) -> Answer {
    let connection = Connection::open_with_flags(crm, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    connection.execute_batch("PRAGMA cache_size = -8192").unwrap();
    let now: String = connection.query_row("SELECT max(at) FROM purchased", [], |row| row.get(0)).unwrap();
    let (products, families) = products(&connection);
    let mut asked =
        Asked { now: seconds(now.as_bytes()), open: vec![None; families], touched: Vec::new(), answer: (0, 0, 0, 0) };
    let sql = "SELECT contact, at, product FROM purchased INDEXED BY purchased_contact_at ORDER BY contact, at";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut contact = 0;
    while let Some(row) = rows.next().unwrap() {
        let number = |column: usize| row.get_ref(column).unwrap().as_i64().unwrap();
        let next = number(0);
        if next != contact {
            asked.close(contact);
            contact = next;
        }
        if let Some(product) = products.get(number(2) as usize).copied().flatten() {
            asked.trigger(contact, product, seconds(row.get_ref(1).unwrap().as_bytes().unwrap()));
        }
    }
    asked.close(contact);
    asked.answer
}

struct Asked {
    now: i64,
    /// By family: the last trigger of the contact, and its months.
    open: Vec<Option<(i64, i64)>>,
    touched: Vec<usize>,
    answer: Answer,
}

impl Asked {
    fn trigger(&mut self, contact: i64, product: Recurring, at: i64) {
        match self.open[product.family].replace((at, product.months)) {
            None => self.touched.push(product.family),
            Some((before, months)) if before < at => {
                let due = add_months(before, months - 1);
                if at > due {
                    self.remind(contact, before, due);
                }
            }
            Some(_) => {}
        }
    }

    fn close(&mut self, contact: i64) {
        while let Some(family) = self.touched.pop() {
            if let Some((at, months)) = self.open[family].take() {
                self.remind(contact, at, add_months(at, months - 1));
            }
        }
    }

    fn remind(&mut self, contact: i64, at: i64, due: i64) {
        if due <= self.now {
            let (count, contacts, ats, dues) = self.answer;
            self.answer = (count + 1, contacts + contact, ats + at, dues + due);
        }
    }
}

/// By id; and how many families there are.
fn products(connection: &Connection) -> (Vec<Option<Recurring>>, usize) {
    let mut statement =
        connection.prepare("SELECT id, family, CAST(delay AS INTEGER), recurring FROM product").unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut families: HashMap<String, usize> = HashMap::new();
    let mut products = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let id = row.get::<_, i64>(0).unwrap() as usize;
        if products.len() <= id {
            products.resize(id + 1, None);
        }
        if row.get(3).unwrap() {
            let next = families.len();
            let family = *families.entry(row.get(1).unwrap()).or_insert(next);
            products[id] = Some(Recurring { family, months: row.get(2).unwrap() });
        }
    }
    (products, families.len())
}

/// Unix seconds of `YYYY-MM-DD HH:MM:SS`.
pub fn seconds(text: &[u8]) -> i64 {
    let number =
        |from: usize, to: usize| text[from..to].iter().fold(0, |all, digit| all * 10 + i64::from(digit - b'0'));
    days(number(0, 4), number(5, 7), number(8, 10)) * 86_400
        + number(11, 13) * 3_600
        + number(14, 16) * 60
        + number(17, 19)
}

/// Days since 1970-01-01 of a date (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms").
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = (shifted + 2) % 12 + 1;
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

/// So many months later, on the last day of a month that is shorter.
fn add_months(seconds: i64, months: i64) -> i64 {
    let (year, month, day) = date(seconds.div_euclid(86_400));
    let month = month - 1 + months;
    let (year, month) = (year + month.div_euclid(12), month.rem_euclid(12) + 1);
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    days(year, month, day.min(last)) * 86_400 + seconds.rem_euclid(86_400)
}
