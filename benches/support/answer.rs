//! What the effects of the renewal sentence say, in the words of the question that rivals are asked.

use super::by_hand::{Answer, seconds};
use rusqlite::Connection;
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// Distinct (contact, family, entry, due) of the reminders that were sent, and the sums over them.
pub fn of(effects: &Path, crm: &Path) -> Answer {
    let families = families(crm);
    let mut reader = csv::Reader::from_path(effects).unwrap();
    let mut record = csv::ByteRecord::new();
    let mut distinct: HashSet<(i64, u32, i64, i64)> = HashSet::new();
    while reader.read_byte_record(&mut record).unwrap() {
        if &record[9] != b"sent" {
            continue;
        }
        let number = |text: &[u8]| std::str::from_utf8(text).unwrap().parse::<i64>().unwrap();
        let purchase = number(record[3].strip_prefix(b"purchased/").unwrap());
        distinct.insert((number(&record[1]), families[purchase as usize], seconds(&record[4]), seconds(&record[0])));
    }
    let sum = |part: fn(&(i64, u32, i64, i64)) -> i64| distinct.iter().map(part).sum();
    (distinct.len() as i64, sum(|each| each.0), sum(|each| each.2), sum(|each| each.3))
}

/// The family of each purchase, as a number, by the id of the purchase.
fn families(crm: &Path) -> Vec<u32> {
    let connection = Connection::open(crm).unwrap();
    let mut names: HashMap<String, u32> = HashMap::new();
    let mut families = Vec::new();
    let sql = "SELECT p.id, r.family FROM purchased p JOIN product r ON r.id = p.product ORDER BY p.id";
    let mut statement = connection.prepare(sql).unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (id, next) = (row.get::<_, i64>(0).unwrap() as usize, names.len() as u32);
        families.resize(families.len().max(id + 1), u32::MAX);
        families[id] = *names.entry(row.get(1).unwrap()).or_insert(next);
    }
    families
}
