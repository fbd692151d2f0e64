//! The tables of a run, from its journal.

#[path = "../fixtures/table_lines.rs"]
mod table_lines;

use super::acts::{self, DAY, HOUR, START, at};
use super::random::Random;
use super::shop::Shop;
use rusqlite::Connection;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::tables::{Catalog, Cell, Group, JournalSums, Tables, WhyNot, fold_journal};
use scn::engine::{Count, Program};
use scn::store::crm::Crm;
use scn::store::state::{Gone, JournalReader};
use scn::time::Instant;
use std::collections::BTreeMap;
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
    }
    scenario more {
      when purchased
      latest
      goal purchased where amount > trigger.amount within 4 days of last message
      wait 6 hours
      send email thank_you
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

/// Everything after which a treated journey and one that is held out could part: a goal before the next message, its `then`,
/// entry rules that ask for those who run, arms, questions about the message, a goal without a window.
const WORLD: &str = r#"
    policy { holdout 50% }
    scenario endless {
      when purchased order is "first"
      goal purchased
      wait 1 day
      send email welcome
      wait 10 days
      send email we_miss_you
    }
    scenario later {
      when purchased order is "first"
      goal purchased where amount > 20 EUR within 10 days of last message then send email thank_you
      wait 1 day
      send email welcome
      wait 10 days
      send email we_miss_you
    }
    scenario alone {
      when purchased
      one at a time
      goal purchased within 10 days of last message
      send email welcome
      wait 15 days
      send email we_miss_you
    }
    scenario seldom {
      when purchased
      once every 20 days
      goal purchased within 10 days of last message
      wait 1 day
      split offer {
        small 50% { send email welcome   wait up to 6 days for opened welcome   send email thank_you unless opened welcome }
        large 50% { send email gold_welcome   wait 6 days }
      }
      send email last_warning only if no purchased since last message
    }"#;

/// A shop in which everybody buys once, and then by coin flips, whatever is sent.
pub fn coin_flips(shop: &Shop, seed: u64, persons: i64) {
    let mut random = Random::new(seed);
    let mut db = Connection::open(shop.crm()).unwrap();
    let transaction = db.transaction().unwrap();
    transaction.execute_batch("DELETE FROM contact; DELETE FROM purchased").unwrap();
    let mut id = 0;
    for person in 0..persons {
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
        while random.percent(55) {
            buy(random.range(2, 50 * 24) * HOUR, random.range(100, 9_999), "later");
        }
    }
    transaction.commit().unwrap();
}

/// Whoever comes back and whoever does not is drawn by chance, whatever is sent: of 200 shops the interval of the difference
/// to those held out must hold zero in about 19 of 20, in every row of every table. A binomial of 200 and 0.95 is below 181 in
/// one of 400 cases; these shops are always the same. A row is looked at where 100 shops or more have enough persons in it.
#[test]
fn where_messages_cause_nothing_the_intervals_hold_zero() {
    let shop = acts::shop(WORLD);
    // By row: shops that are compared, those whose interval holds zero, and the same of revenue.
    let mut rows: BTreeMap<String, [u32; 4]> = BTreeMap::new();
    for seed in 1..=200 {
        coin_flips(&shop, seed, 110);
        let request = Request { from: Some(at(0)), to: Some(at(120 * DAY)), ..Request::default() };
        let report = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap().report;
        for (unit, of) in report.tables.scenarios.iter().enumerate() {
            assert_eq!(report.counts[unit].get(Count::Converted), of.all.goals, "{}", of.name);
            let views = [("step", &of.steps), ("message", &of.messages), ("arm", &of.arms), ("month", &of.months)];
            let named = views.iter().flat_map(|(view, all)| all.iter().map(move |row| (*view, row)));
            let mut all: Vec<(String, &Cell)> =
                named.map(|(view, row)| (format!("{view} {}", row.name), &row.cell)).collect();
            all.push(("whole".to_owned(), &of.all));
            for (row, cell) in all {
                let Ok(found) = of.compare(cell) else { continue };
                let row = rows.entry(format!("{} {row}", of.name)).or_default();
                row[0] += 1;
                row[1] += u32::from(found.conversion.holds_zero());
                if let Some(revenue) = found.revenue {
                    row[2] += 1;
                    row[3] += u32::from(revenue.holds_zero());
                }
            }
        }
    }
    println!("{rows:#?}");
    let holds = |zero: u32, of: u32| of < 100 || f64::from(zero) >= 0.905 * f64::from(of);
    let biased: Vec<_> = rows.iter().filter(|(_, row)| !holds(row[1], row[0]) || !holds(row[3], row[2])).collect();
    assert!(biased.is_empty(), "{biased:#?}");
    let told = rows.iter().filter(|(_, row)| row[0] >= 100 && row[2] >= 100).map(|(name, _)| name.as_str());
    let told: Vec<&str> = told.collect();
    for wanted in
        ["later step 2", "later step 4", "alone step 1", "alone step 3", "seldom arm offer small", "seldom step 8"]
    {
        assert!(told.iter().any(|row| row.starts_with(wanted)), "{wanted}: {told:#?}");
    }
    assert_eq!(rows["endless whole"][0], 200);
}

/// Of a shop with one product, and of one contact's purchases: seconds since the start, and the amount.
fn one_contact(text: &str, purchases: &[(i64, i64)]) -> Vec<String> {
    let shop = acts::shop(text);
    for (id, (seconds, amount)) in purchases.iter().enumerate() {
        let at = START + seconds;
        shop.sql(&format!("INSERT INTO purchased VALUES ({id}, 1, 1, {at}, 1, {amount}, 'o')"));
    }
    let request = Request { from: Some(at(0)), to: Some(at(100 * DAY)), ..Request::default() };
    let simulated = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap();
    table_lines::lines(&simulated.report.tables)
}

/// Revenue is of the events that make the goal true: by its filter, for this journey, in its window; also after the goal.
#[test]
fn revenue_is_of_what_makes_the_goal_true() {
    let text = r#"
        scenario big { when purchased amount is 1 EUR
          goal purchased where amount > 50 EUR within 10 days of last message   send email welcome }
        scenario more { when purchased   once
          goal purchased where amount > trigger.amount within 10 days of last message   send email welcome }
        scenario twice { when purchased amount is 1 EUR
          goal count of purchased since entry >= 2 and contact.tier is "new" within 10 days of last message
          send email welcome }
        scenario rich { when purchased amount is 1 EUR
          goal purchased and contact.tier is "old" within 10 days of last message   send email welcome }
        scenario stopped { when purchased amount is 1 EUR
          goal purchased where amount > 50 EUR within 10 days of last message   stop when purchased amount is 30 EUR
          send email welcome   wait 20 days   send email welcome }
        scenario kin { when purchased amount is 1 EUR
          goal repurchased within 10 days of last message   send email welcome }"#;
    let found = one_contact(text, &[(0, 1), (DAY, 30), (2 * DAY, 60), (3 * DAY, 7), (9 * DAY, 80), (11 * DAY, 90)]);
    let revenue = |scenario: &str| {
        let line = found.iter().find(|line| line.starts_with(&format!("{scenario}: "))).unwrap();
        line.split_once("revenue ").map(|(_, rest)| rest.split(',').next().unwrap().to_owned())
    };
    let all = ["big", "more", "twice", "rich", "stopped", "kin"].map(revenue);
    let words = |text: &str| Some(text.to_owned());
    assert_eq!(all, [words("140"), words("177"), words("147"), None, words("140"), words("177")], "{found:#?}");
}

/// What happens at the very instant of a message comes before it.
#[test]
fn an_event_at_the_instant_of_a_message_is_not_put_down_to_it() {
    let text = "scenario remind { when purchased amount is 1 EUR
                  goal purchased within 10 days of last message   wait 1 day   send email welcome }";
    let found = one_contact(text, &[(0, 1), (DAY, 30), (DAY + 1, 5)]);
    assert_eq!(
        found[0],
        "remind: entered 1, sent 1, reached 1, goals 1, converted 1, hours 0:1, revenue 5, treated 1 1 5"
    );
}

/// A row that arrives late counts when it arrives, for the goal and for revenue alike.
#[test]
fn late_rows_count_when_they_arrive() {
    let shop = acts::shop(
        "scenario remind { when purchased amount is 1 EUR
           goal purchased within 10 days of last message   wait 1 day   send email welcome }",
    );
    let buy = |id: i64, contact: i64, seconds: i64, amount: i64| {
        let at = START + seconds;
        shop.sql(&format!("INSERT INTO purchased VALUES ({id}, {contact}, 1, {at}, 1, {amount}, 'o')"));
    };
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buy(1, 1, 10, 1);
    buy(2, 2, 10, 1);
    run.tick(at(10), &|| false).unwrap();
    run.tick(at(DAY + 10), &|| false).unwrap();
    // Before the message, and after it; the window of contact 2 is closed when its row comes.
    buy(3, 1, DAY, 20);
    run.tick(at(2 * DAY), &|| false).unwrap();
    run.tick(at(12 * DAY), &|| false).unwrap();
    buy(4, 2, 11 * DAY, 300);
    run.tick(at(12 * DAY + 1), &|| false).unwrap();
    assert_eq!(
        table_lines::lines(&of_journal(&shop).1)[0],
        "remind: entered 2, sent 2, reached 2, goals 1, converted 1, hours 23:1, revenue 20, treated 2 1 20"
    );
}

/// An erasure takes away what would be compared: all who were erased are counted, also by another scenario that erases, before
/// the message, only those who were sent its own.
#[test]
fn whoever_was_erased_is_not_compared() {
    for (steps, more) in [
        ("send email welcome wait 1 day erase contact only if sent welcome", ""),
        (
            "wait 5 days send email welcome",
            "scenario retention {
               when purchased
               send email last_warning only if amount > 15 EUR
               wait 1 day
               erase contact only if sent last_warning
             }",
        ),
    ] {
        let goal = "goal purchased within 30 days of last message";
        let text = format!("policy {{ holdout 50% }} scenario remind {{ when purchased {goal} {steps} }} {more}");
        let shop = acts::shop(&text);
        coin_flips(&shop, 1, 160);
        let request = Request { from: Some(at(0)), to: Some(at(60 * DAY)), ..Request::default() };
        let report = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap().report;
        let erased = report.acts.values().sum::<u64>();
        let of = &report.tables.scenarios[0];
        assert!(erased > 20 && of.all.held_out.persons > 20 && of.all.treated.persons > 20, "{erased} {:?}", of.all);
        assert_eq!(of.compare(&of.all).unwrap_err(), WhyNot::Erased { persons: erased });
    }
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
    line(
        1,
        r#"{"format":2,"input":"timer","marks":[{"at":5,"event":{"kind":"purchased","counts_for":["remind"],"at":5,"money":1}}]}"#,
    );
    line(2, r#"{"format":9,"input":"timer"}"#);
    line(3, "this is no line");
    let (found, tables) = of_journal(&shop);
    assert_eq!((found.older, found.unreadable, found.contacts), (2, 2, 3));
    assert_eq!(table_lines::lines(&tables), ["remind: "]);
}

/// The text may be another before a run has seen it: what nobody entered and is there no more has no row. Of a state that cannot
/// be read it is said that nobody knows who waits.
#[test]
fn what_is_gone_is_told_where_it_began() {
    let mut shop = acts::shop(
        "scenario gone { when purchased wait 2 days send email thank_you }
         scenario never { when opened once wait 2 days send email welcome }",
    );
    live(&shop, &acts::purchases(&[(1, HOUR, 5)]), at(DAY));
    shop.edit("scenario present { when purchased send email thank_you }", "UTC");
    let names = |of: &Tables| of.scenarios.iter().map(|of| of.name.clone()).collect::<Vec<String>>();
    let (found, tables) = of_journal(&shop);
    assert_eq!((names(&tables), found.broken_states), (vec!["gone".to_owned(), "present".to_owned()], 0));
    let waiting = |of: &Tables| of.step("gone", 2).map(|step| step.waiting);
    assert_eq!(waiting(&tables), Some(1));
    Connection::open(shop.state()).unwrap().execute("UPDATE scn_contact SET state = x'0102'", []).unwrap();
    let (found, tables) = of_journal(&shop);
    assert_eq!((found.broken_states, waiting(&tables)), (1, None));
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
