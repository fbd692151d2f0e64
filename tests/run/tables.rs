//! The tables of a run, from its journal.

#[path = "../fixtures/table_lines.rs"]
mod table_lines;

use super::acts::{self, DAY, START, at};
use super::random::Random;
use super::shop::Shop;
use rusqlite::Connection;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::tables::{Catalog, Cell, Group, JournalSums, Tables, fold_journal};
use scn::engine::Program;
use scn::store::crm::Crm;
use scn::store::state::{Gone, JournalReader};
use scn::time::Instant;
use std::fs;

/// What the journal says.
pub fn of_journal(shop: &Shop) -> (JournalSums, Tables) {
    let program = Program::link(&shop.bundle, &[]).unwrap();
    let reader = JournalReader::open(&shop.state()).unwrap();
    let settings = &shop.bundle.settings;
    let found = fold_journal(&reader, Catalog::of(&program), settings.zone).unwrap();
    let tables = Tables::new(&found.catalog, found.sums.clone(), settings.zone.name(), &settings.currency);
    (found, tables)
}

/// The tables that the journal gives are those of the simulation.
pub fn are_equal(shop: &Shop, simulated: &Tables) {
    let (found, tables) = of_journal(shop);
    assert_eq!((found.older, found.unreadable), (0, 0));
    if *simulated == tables {
        return;
    }
    let (one, other) = (table_lines::lines(simulated), table_lines::lines(&tables));
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        one.iter().filter(|line| !other.contains(line)).cloned().collect()
    };
    panic!("other tables\nonly simulate: {:#?}\nonly run: {:#?}", only(&one, &other), only(&other, &one));
}

/// Two scenarios with everything that tables tell apart.
const TEXT: &str = r#"
    policy { quiet hours 22:00 to 07:00   at most 2 marketing messages per day   holdout 30% }
    scenario remind {
      when purchased
      goal purchased within 5 days of last message then send transactional email thank_you
      wait 1 day
      send email welcome or push ring
      split offer { small 50% { wait 2 days send email we_miss_you } large 50% { wait 3 days } }
      send email gold_welcome unless purchased in last 1 day
    }
    scenario letters {
      when purchased
      one at a time
      goal purchased
      stop when opened
      wait 12 hours
      send email last_warning together
      wait 30 hours
      send post letter
    }"#;

/// The people of a shop, and what they buy and open.
fn people(seed: u64, persons: i64) -> (Shop, Vec<(i64, String)>) {
    let shop = acts::shop(TEXT);
    let mut random = Random::new(seed);
    let first = 100 * seed as i64;
    for contact in first..first + persons {
        let email = if random.percent(90) { format!("'c{contact}@example.com'") } else { "NULL".to_owned() };
        shop.sql(&format!("INSERT INTO contact VALUES ({contact}, {email}, 'new', NULL, {START})"));
    }
    let mut rows = Vec::new();
    for id in 1..=persons * 5 {
        let (contact, at) = (first + random.range(0, persons - 1), START + random.range(1, 20 * DAY));
        rows.push((
            at,
            match random.percent(90) {
                true => {
                    let amount = random.range(100, 9_999);
                    format!(
                        "INSERT INTO purchased VALUES ({id}, {contact}, 1, {at}, 1, '{}.{:02}', 'o{id}')",
                        amount / 100,
                        amount % 100
                    )
                }
                false => format!("INSERT INTO opened VALUES ({id}, {contact}, {at}, NULL, 'person')"),
            },
        ));
    }
    rows.sort();
    rows.dedup_by_key(|(at, _)| *at);
    (shop, rows)
}

/// Runs on the virtual clock while the rows arrive, every third time in a process of its own.
pub fn live(shop: &Shop, rows: &[(i64, String)], to: Instant) {
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    let mut rows = rows.iter().peekable();
    let mut times = 0;
    loop {
        let row = rows.peek().map(|(at, _)| Instant::from_seconds(*at));
        let Some(now) = run.next().unwrap().into_iter().chain(row).min().filter(|now| *now <= to) else { return };
        while let Some((_, sql)) = rows.next_if(|(at, _)| Instant::from_seconds(*at) == now) {
            shop.sql(sql);
        }
        run.tick(now, &|| false).unwrap();
        times += 1;
        if times % 3 == 0 {
            drop(run);
            run = shop.open(now);
        }
    }
}

#[test]
fn a_run_to_the_end_gives_the_tables_of_the_simulation() {
    let mut all: Vec<String> = Vec::new();
    for seed in 1..=6 {
        let (shop, rows) = people(seed, 12);
        // In the quiet hours of a day on which people still buy.
        let to = 16 * DAY - 600;
        let full = shop.folder.path().join("full.db");
        fs::copy(shop.crm(), &full).unwrap();
        let db = Connection::open(&full).unwrap();
        rows.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
        let tables = |threads| {
            let request = Request { from: Some(at(0)), to: Some(at(to)), threads, ..Request::default() };
            simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, None).unwrap().report.tables
        };
        let simulated = tables(1);
        assert_eq!(simulated, tables(2));
        live(&shop, &rows, at(to));
        are_equal(&shop, &simulated);
        all.extend(table_lines::lines(&simulated));
    }
    // What is compared is there to be compared.
    let wanted =
        ["held out", "converted", "revenue", "waiting", "deferred because quiet hours", "overtaken", "arm offer small"];
    for said in wanted {
        assert!(all.iter().any(|line| line.contains(said)), "{said}: {all:#?}");
    }
}

/// Whoever comes back and whoever does not is drawn by chance, whatever is sent: in 200 shops the interval of the difference
/// to those held out must hold zero about 19 times in 20. A binomial of 200 and 0.95 is outside 183 to 197 in less than one
/// of 100 cases; these shops are always the same.
#[test]
fn where_messages_cause_nothing_the_interval_holds_zero() {
    let text = r#"
        policy { holdout 20% }
        scenario hello {
          when purchased order is "first"
          goal purchased within 30 days of last message
          wait 1 hour
          send email welcome
          wait 10 days
          send email we_miss_you
        }"#;
    let shop = acts::shop(text);
    let (mut conversions, mut revenues) = (0, 0);
    for seed in 1..=200 {
        let mut random = Random::new(seed);
        let mut db = Connection::open(shop.crm()).unwrap();
        let transaction = db.transaction().unwrap();
        transaction.execute_batch("DELETE FROM contact; DELETE FROM purchased").unwrap();
        let mut id = 0;
        for person in 0..200 {
            let contact = seed as i64 * 1_000 + person;
            let add = "INSERT INTO contact VALUES (?1, 'a@example.com', 'new', NULL, 0)";
            transaction.prepare_cached(add).unwrap().execute([contact]).unwrap();
            let mut buy = |at: i64, cents: i64, order: &str| {
                id += 1;
                let add = "INSERT INTO purchased VALUES (?1, ?2, 1, ?3, 1, ?4, ?5)";
                let amount = format!("{}.{:02}", cents / 100, cents % 100);
                let row = rusqlite::params![id, contact, START + at, amount, order];
                transaction.prepare_cached(add).unwrap().execute(row).unwrap();
            };
            buy(0, 100, "first");
            while random.percent(25) {
                buy(random.range(1, 50) * DAY, random.range(100, 9_999), "later");
            }
        }
        transaction.commit().unwrap();
        let request = Request { from: Some(at(0)), to: Some(at(60 * DAY)), ..Request::default() };
        let report = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap().report;
        let found = &report.tables.scenarios[0];
        let compared = found.compare(&found.all).unwrap();
        assert_eq!(compared.treated.persons + compared.held_out.persons, 200);
        assert!(compared.held_out.converted > 0 && compared.treated.revenue > 0);
        conversions += u32::from(compared.conversion.holds_zero());
        revenues += u32::from(compared.revenue.unwrap().holds_zero());
    }
    println!("{conversions} and {revenues} of 200");
    assert!((183..=199).contains(&conversions) && (183..=199).contains(&revenues), "{conversions} {revenues}");
}

/// A purchase that was stepped, and is lived again for older events, is counted once.
#[test]
fn a_backfill_counts_money_once() {
    let shop = acts::shop(
        "scenario remind {
           when purchased
           goal purchased within 30 days of last message
           send email welcome
         }",
    );
    let buy = |id: i64, seconds: i64, amount: i64| {
        let at = START + seconds;
        shop.sql(&format!("INSERT INTO purchased VALUES ({id}, 1, 1, {at}, 1, {amount}, 'o')"));
    };
    buy(1, -10 * DAY, 100);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buy(2, DAY, 20);
    run.tick(at(DAY), &|| false).unwrap();
    buy(3, 2 * DAY, 3);
    run.tick(at(2 * DAY), &|| false).unwrap();
    let all = || table_lines::lines(&of_journal(&shop).1)[0].clone();
    let before = "remind: entered 2, sent 2, reached 2, goals 1, converted 1, hours 24:1, revenue 3, treated 1 1 3";
    assert_eq!(all(), before);
    run.backfill(at(-20 * DAY), at(3 * DAY)).unwrap();
    run.tick(at(3 * DAY), &|| false).unwrap();
    assert_eq!(all(), before.replace("entered 2, sent 2", "entered 3, sent 2, not expired because too late 1"));
}

#[test]
fn an_older_journal_is_read_and_told_of() {
    let shop = acts::shop("scenario remind { when purchased   send email welcome }");
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    drop(run);
    let db = Connection::open(shop.state()).unwrap();
    let line = |contact: i64, body: &str| {
        let add = "INSERT INTO scn_journal(part, contact, at, body) VALUES (7, ?1, 5, ?2)";
        db.execute(add, rusqlite::params![contact, body.as_bytes()]).unwrap();
    };
    line(
        1,
        r#"{"format":1,"input":{"event":{"kind":"purchased","id":"1"}},"effects":[{"scenario":"remind","step":1,
            "trigger":"purchased/1","effect":"emit","key":"00112233445566778899aabbccddeeff"}]}"#,
    );
    line(1, r#"{"format":1,"input":"timer"}"#);
    line(2, r#"{"format":9,"input":"timer"}"#);
    line(3, "this is no line");
    let (found, tables) = of_journal(&shop);
    assert_eq!((found.older, found.unreadable, found.contacts), (2, 2, 3));
    assert_eq!(table_lines::lines(&tables), ["remind: "]);
}

/// Two rows turn out to be one person: of two running instances one ends, and its message is cancelled.
#[test]
fn who_is_merged_waits_once() {
    let shop = acts::shop(
        "policy { quiet hours 20:00 to 19:00 }
         identity contact by email
         scenario remind { when purchased   one at a time   send email welcome   wait 5 days }",
    );
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    for contact in [1, 2] {
        let at = START + contact;
        shop.sql(&format!("INSERT INTO purchased VALUES ({contact}, {contact}, 1, {at}, 1, 5, 'o')"));
    }
    run.tick(at(10), &|| false).unwrap();
    shop.sql("UPDATE contact SET email = 'one@example.com' WHERE id IN (1, 2)");
    run.tick(at(20), &|| false).unwrap();
    let all = table_lines::lines(&of_journal(&shop).1)[0].clone();
    let wanted = "remind: entered 2, waiting 1, not cancelled because merged 1, not deferred because quiet hours 1";
    assert_eq!(all, wanted);
}

#[test]
fn an_erasure_takes_its_person_out_and_says_so() {
    let shop = acts::shop(
        "scenario remind { when purchased   send email welcome }
         scenario leave { when opened   erase contact only if contact.tier is \"new\" }",
    );
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    for contact in [1, 3] {
        let at = START + contact;
        shop.sql(&format!("INSERT INTO purchased VALUES ({contact}, {contact}, 1, {at}, 1, 5, 'o')"));
    }
    run.tick(at(10), &|| false).unwrap();
    shop.sql(&format!("INSERT INTO opened VALUES (1, 1, {}, NULL, 'person')", START + 20));
    run.tick(at(20), &|| false).unwrap();
    let gone = JournalReader::open(&shop.state()).unwrap().gone().unwrap();
    assert_eq!(gone, Gone { persons: 1, messages: 1, accepted: 1 });
    assert_eq!(table_lines::lines(&of_journal(&shop).1)[1], "remind: entered 1, sent 1");
}
