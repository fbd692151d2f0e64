//! What scenarios do besides sending: the same in a run and in a simulation; written to the CRM once, and only there where
//! it may be written.

use super::outbox;
use super::shop::{Shop, template};
use rusqlite::Connection;
use rusqlite::types::Value;
use scn::drivers::run::Run;
use scn::drivers::simulate::{Request, simulate};
use scn::store::crm::Crm;
use scn::time::Instant;
use std::collections::BTreeSet;
use std::fs;

/// 2026-01-01 00:00 UTC, a thursday.
pub const START: i64 = 1_767_225_600;
pub const HOUR: i64 = 3600;
pub const DAY: i64 = 24 * HOUR;

const TABLES: &str = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, tier TEXT, referrer INTEGER, created_at);
    CREATE TABLE contact_tags(contact INTEGER, tags TEXT, rank INTEGER);
    CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, recurring INTEGER);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at, quantity, amount, \"order\" TEXT);
    CREATE INDEX purchased_contact ON purchased(contact);
    CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER, at, message TEXT, \"by\" TEXT);
    INSERT INTO product VALUES (1, 'soap', 0);";

pub fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

pub fn shop(text: &str) -> Shop {
    let messages = ["welcome", "gold_welcome", "we_miss_you", "thank_you", "last_warning"];
    let mut templates: Vec<_> = messages.map(|message| template("email", message, "hello")).into();
    templates.extend([template("push", "ring", "hello {{ contact.tier }}"), template("post", "letter", "dear you")]);
    let shop = Shop::new(text, "UTC", &templates);
    shop.sql(TABLES);
    for contact in 1..=6 {
        let referrer = if contact % 2 == 0 { (contact - 1).to_string() } else { "NULL".into() };
        let created = START - contact * 100 * DAY;
        shop.sql(&format!(
            "INSERT INTO contact VALUES ({contact}, 'c{contact}@example.com', 'new', {referrer}, {created})"
        ));
    }
    shop
}

/// Purchases as `(contact, seconds since the start, amount)`, numbered from 1.
pub fn purchases(rows: &[(i64, i64, i64)]) -> Vec<(i64, String)> {
    let insert = |(place, (contact, seconds, amount)): (usize, &(i64, i64, i64))| {
        let (id, at) = (place + 1, START + seconds);
        (at, format!("INSERT INTO purchased VALUES ({id}, {contact}, 1, {at}, 1, '{amount}', 'o{id}')"))
    };
    rows.iter().enumerate().map(insert).collect()
}

pub fn query(shop: &Shop, sql: &str) -> Vec<String> {
    rows(&Connection::open(shop.crm()).unwrap(), sql)
}

pub fn rows(db: &Connection, sql: &str) -> Vec<String> {
    let mut statement = db.prepare(sql).unwrap();
    let columns = statement.column_count();
    let text = |value: Value| match value {
        Value::Null => "-".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Text(text) => text,
        other => format!("{other:?}"),
    };
    let row = |row: &rusqlite::Row<'_>| {
        (0..columns).map(|column| row.get(column).map(text)).collect::<Result<Vec<_>, _>>().map(|all| all.join(" "))
    };
    statement.query_map([], row).unwrap().collect::<Result<_, _>>().unwrap()
}

/// What was done: instant, contact, scenario, trigger, step, effect.
pub type Done = BTreeSet<(i64, String, String, String, u64, String)>;

const ACTS: [&str; 8] = ["set", "tag", "untag", "credit", "debit", "start", "erase", "call"];

/// What a simulation of all rows does until an instant.
pub fn simulated(shop: &Shop, rows: &[(i64, String)], to: i64) -> Done {
    let full = shop.folder.path().join("full.db");
    fs::copy(shop.crm(), &full).unwrap();
    let db = Connection::open(&full).unwrap();
    rows.iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    let mut bytes = Vec::new();
    let request = Request { from: Some(at(0)), to: Some(at(to)), threads: 2, rows_in_memory: 3, ..Request::default() };
    simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, Some(&mut bytes)).unwrap();
    let mut again = Vec::new();
    let request = Request { threads: 1, ..request };
    simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, Some(&mut again)).unwrap();
    assert_eq!(String::from_utf8(bytes.clone()).unwrap(), String::from_utf8(again).unwrap());
    let mut done = Done::new();
    for record in csv::Reader::from_reader(bytes.as_slice()).records().map(Result::unwrap) {
        if ["done", "sent"].contains(&&record[9]) {
            let at = chrono::DateTime::parse_from_rfc3339(&record[0]).unwrap().timestamp();
            let line = (at, &record[1], &record[2], &record[3], record[5].parse().unwrap(), &record[6]);
            let (at, contact, scenario, trigger, step, effect) = line;
            done.insert((at, contact.into(), scenario.into(), trigger.into(), step, effect.into()));
        }
    }
    done
}

/// Runs on the virtual clock while the rows arrive, each process taking up what the one before left.
fn live(shop: &Shop, rows: &[(i64, String)], to: i64) -> Run {
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    let mut rows = rows.iter().peekable();
    let mut now = START;
    loop {
        let row = rows.peek().map(|(at, _)| *at);
        let next = run.next().unwrap().map(|next| next.0.div_euclid(1_000_000));
        let Some(next) = next.into_iter().chain(row).min().filter(|next| *next <= START + to) else { return run };
        assert!(next > now || row == Some(next), "all was done at {now}: {:?}", run.report());
        now = next;
        while let Some((_, sql)) = rows.next_if(|(at, _)| *at == now) {
            shop.sql(sql);
        }
        run.tick(Instant::from_seconds(now), &|| false).unwrap();
        if now % 3 == 0 {
            drop(run);
            run = shop.open(Instant::from_seconds(now));
        }
    }
}

/// What the journal of a run says was done, and its outbox was sent.
fn ran(shop: &Shop) -> Done {
    let db = Connection::open(shop.state()).unwrap();
    let triggers = outbox::triggers(&shop.state());
    let mut done = Done::new();
    for row in outbox::rows(&shop.state()).into_iter().filter(|row| row.state == "accepted" && row.channel == "email") {
        let trigger = triggers[&row.key].clone();
        done.insert((row.due, row.contact, row.scenario, trigger, u64::from(row.step), "send".into()));
    }
    let mut statement = db.prepare("SELECT CAST(contact AS TEXT), at / 1000000, body FROM scn_journal").unwrap();
    let mut lines = statement.query([]).unwrap();
    while let Some(line) = lines.next().unwrap() {
        let (contact, at): (String, i64) = (line.get(0).unwrap(), line.get(1).unwrap());
        let body: serde_json::Value = serde_json::from_slice(&line.get::<_, Vec<u8>>(2).unwrap()).unwrap();
        for effect in body["effects"].as_array().into_iter().flatten() {
            let text = |name: &str| effect[name].as_str().unwrap_or("").to_owned();
            if ACTS.contains(&text("effect").as_str()) && text("reason").is_empty() {
                let step = effect["step"].as_u64().unwrap();
                done.insert((at, contact.clone(), text("scenario"), text("trigger"), step, text("effect")));
            }
        }
    }
    done
}

/// Simulates and runs, and gives what both did, counted by effect.
pub fn both(shop: &Shop, rows: &[(i64, String)], to: i64) -> Vec<(String, usize)> {
    let wanted = simulated(shop, rows, to);
    let run = live(shop, rows, to);
    assert!(run.report().troubles.is_empty(), "{:?}", run.report().troubles);
    drop(run);
    let found = ran(shop);
    let only = |one: &Done, other: &Done| one.difference(other).cloned().collect::<Vec<_>>();
    assert_eq!((only(&wanted, &found), only(&found, &wanted)), (Vec::new(), Vec::new()), "simulate, run");
    let mut counts: Vec<(String, usize)> = Vec::new();
    for (.., effect) in wanted {
        match counts.iter_mut().find(|(known, _)| *known == effect) {
            Some((_, count)) => *count += 1,
            None => counts.push((effect, 1)),
        }
    }
    counts.sort();
    counts
}

pub fn count(counts: &[(&str, usize)]) -> Vec<(String, usize)> {
    counts.iter().map(|(effect, count)| ((*effect).to_owned(), *count)).collect()
}

const LOYALTY: &str = "
scenario points { when purchased   credit round(amount) points expiring in 12 months }
scenario gold {
  when credited points
  for sum of credited.points in last 12 months >= 100 and contact.tier is not \"gold\"
  set contact.tier = \"gold\"
  tag \"loyal\"
  send email gold_welcome
  wait 10 days
  untag \"loyal\"
}";

#[test]
fn points_tiers_and_tags_are_the_same_in_both_and_lie_in_the_crm() {
    let shop = shop(LOYALTY);
    let rows =
        purchases(&[(1, 10, 60), (2, 20, 150), (1, DAY, 30), (1, 2 * DAY, 10), (1, 3 * DAY, 500), (3, 4 * DAY, 99)]);
    let counts = both(&shop, &rows, 20 * DAY);
    assert_eq!(counts, count(&[("credit", 6), ("send", 2), ("set", 2), ("tag", 2), ("untag", 2)]));
    assert_eq!(query(&shop, "SELECT id, tier FROM contact WHERE tier <> 'new'"), ["1 gold", "2 gold"]);
    assert_eq!(query(&shop, "SELECT count(*) FROM contact_tags"), ["0"]);
}

#[test]
fn silences_periods_and_routes_are_the_same_in_both() {
    let shop = shop(
        "
        measure rhythm = average over contacts of average gap of purchased ever, refreshed daily
        scenario silent {
          when no purchased for rhythm
          tag \"silent\"
          send email we_miss_you
        }
        scenario quiet { when no purchased ever for 350 days   tag \"never\" }
        scenario monday {
          every monday at 09:00 for no purchased in last 5 days
          once every 10 days
          send email welcome
        }
        scenario referral { when friend_purchased   once per friend   send email thank_you }",
    );
    let rows = purchases(&[
        (2, 10, 5),
        (2, 3 * DAY, 5),
        (4, 3 * DAY + 5, 5),
        (2, 9 * DAY, 5),
        (4, 12 * DAY, 5),
        (1, 15 * DAY, 5),
        (6, 15 * DAY, 5),
    ]);
    let counts = both(&shop, &rows, 60 * DAY);
    println!("{counts:?}");
    for effect in ["send", "tag"] {
        assert!(counts.iter().any(|(known, count)| known == effect && *count > 5), "{counts:?}");
    }
    // Contact 3 never bought, and is 350 days old in the 50 days after the start; 5 was so before it.
    assert!(query(&shop, "SELECT contact FROM contact_tags WHERE tags = 'never'").contains(&"3".to_owned()));
}

#[test]
fn what_the_shop_changes_after_a_scenario_holds() {
    let shop = shop("
        scenario tier { when purchased   once   set contact.tier = \"gold\" }
        scenario look { when purchased   wait 1 day   if contact.tier is \"gold\" { tag \"gold\" } else { tag \"other\" } }");
    let mut run = shop.open(at(0));
    shop.sql(&purchases(&[(1, 10, 5)])[0].1);
    run.tick(at(10), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT tier FROM contact WHERE id = 1"), ["gold"]);
    shop.sql("UPDATE contact SET tier = 'silver' WHERE id = 1");
    run.tick(at(DAY + 10), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT tags FROM contact_tags"), ["other"]);
    assert_eq!(run.report().done, [("set", 1), ("tag", 1)].into());
    assert_eq!(
        rows(&Connection::open(shop.state()).unwrap(), "SELECT count(*) FROM scn_write WHERE state = 'pending'"),
        ["0"]
    );
}

#[test]
fn a_crm_that_cannot_be_written_keeps_what_was_set_in_the_state_until_it_can() {
    let shop = shop(
        "
        scenario tier { when purchased   once   set contact.tier = \"gold\" }
        scenario look { when purchased   wait 1 day   send email gold_welcome only if contact.tier is \"gold\" }",
    );
    shop.sql("ALTER TABLE contact RENAME TO client; CREATE VIEW contact AS SELECT * FROM client;");
    let mut run = shop.open(at(0));
    shop.sql(&purchases(&[(1, 10, 5)])[0].1);
    run.tick(at(10), &|| false).unwrap();
    let troubles: Vec<&String> = run.report().troubles.iter().collect();
    assert!(troubles.len() == 1 && troubles[0].contains("INSTEAD OF"), "{troubles:?}");
    assert!(troubles[0].contains("`contact.tier` of contact 1 cannot be written"), "{troubles:?}");
    // Another process knows it all the same.
    drop(run);
    let mut run = shop.open(at(20));
    run.tick(at(DAY + 10), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state())["accepted"], 1);
    assert_eq!(query(&shop, "SELECT tier FROM client WHERE id = 1"), ["new"]);
    shop.sql("CREATE TRIGGER tier INSTEAD OF UPDATE OF tier ON contact BEGIN UPDATE client SET tier = new.tier WHERE id = old.id; END;");
    run.tick(at(DAY + 20), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT tier FROM client WHERE id = 1"), ["gold"]);
}

#[test]
fn an_erased_contact_is_nowhere_and_counts_stay() {
    let shop = shop(
        "
        scenario leave {
          when purchased
          send email last_warning
          wait 1 day
          erase contact only if sent last_warning
        }",
    );
    let mut run = shop.open(at(0));
    for (_, sql) in purchases(&[(1, 10, 5), (2, 10, 5), (2, 12 * HOUR, 5)]) {
        shop.sql(&sql);
    }
    run.tick(at(12 * HOUR), &|| false).unwrap();
    assert_eq!(fs::read_dir(shop.outbox()).unwrap().count(), 3);
    run.tick(at(DAY + 20), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT id FROM contact"), ["3", "4", "5", "6"]);
    assert_eq!(query(&shop, "SELECT count(*) FROM purchased"), ["0"]);
    assert_eq!(fs::read_dir(shop.outbox()).unwrap().count(), 0);
    let state = Connection::open(shop.state()).unwrap();
    for table in ["contact", "seen", "inbox", "outbox", "journal", "write"] {
        assert_eq!(rows(&state, &format!("SELECT count(*) FROM scn_{table}")), ["0"], "{table}");
    }
    assert_eq!(rows(&state, "SELECT state, count FROM scn_gone"), ["accepted 3"]);
    let secret: [u8; 32] = state.query_row("SELECT key FROM scn_secret", [], |row| row.get(0)).unwrap();
    let proofs = ["1", "2"].map(|contact| blake3::keyed_hash(&secret, contact.as_bytes()).to_string());
    assert_eq!(rows(&state, "SELECT proof FROM scn_erased").iter().collect::<BTreeSet<_>>(), proofs.iter().collect());
    assert_eq!(run.report().done, [("erase", 2)].into());
    // Nobody is left to be stepped.
    run.tick(at(5 * DAY), &|| false).unwrap();
    assert_eq!(run.next().unwrap(), None);
    // A row that names who was erased starts nothing, until somebody has that id again.
    shop.sql(&purchases(&[(1, 6 * DAY, 5)])[0].1);
    run.tick(at(6 * DAY + 10), &|| false).unwrap();
    assert_eq!((run.report().of_erased, run.report().sent["email"]), (1, 3));
    drop(run);
    let mut run = shop.open(at(6 * DAY + 20));
    run.tick(at(6 * DAY + 30), &|| false).unwrap();
    assert_eq!((run.report().of_erased, run.report().sent.len()), (1, 0));
    for table in ["contact", "seen", "inbox", "outbox", "journal"] {
        assert_eq!(rows(&state, &format!("SELECT count(*) FROM scn_{table}")), ["0"], "{table}");
    }
    shop.sql("INSERT INTO contact (id, email) VALUES (1, 'new@example.com');");
    run.tick(at(6 * DAY + 40), &|| false).unwrap();
    assert_eq!((run.report().of_erased, run.report().sent["email"]), (0, 1));
}

#[test]
fn a_call_is_a_file_that_says_whom_it_is_about() {
    let shop = shop("scenario tell { when purchased   call stock }");
    let mut run = shop.open(at(0));
    shop.sql(&purchases(&[(1, 10, 5)])[0].1);
    run.tick(at(10), &|| false).unwrap();
    let files: Vec<_> = fs::read_dir(shop.outbox()).unwrap().map(|file| file.unwrap().path()).collect();
    assert!(files.len() == 1 && files[0].extension().unwrap() == "json", "{files:?}");
    let told: serde_json::Value = serde_json::from_slice(&fs::read(&files[0]).unwrap()).unwrap();
    assert_eq!((&told["webhook"], &told["contact"]), (&"stock".into(), &1.into()));
    assert_eq!(outbox::states(&shop.state())["accepted"], 1);
    drop(run);
    let mut run = shop.open(at(20));
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(fs::read_dir(shop.outbox()).unwrap().count(), 1);
}

const PERSON: &str = "
identity contact by email
scenario remind {
  when purchased
  one at a time
  wait 10 days
  send email welcome
}
scenario points { when purchased   credit round(amount) points expiring in 12 months }
scenario gold {
  when credited points
  once
  for sum of credited.points in last 12 months >= 100
  set contact.tier = \"gold\"
}";

#[test]
fn rows_of_one_person_live_one_life_in_both() {
    let shop = shop(PERSON);
    // The rows of contacts 1, 2 and 3 are one person; 3 is the oldest.
    shop.sql("UPDATE contact SET email = ' C1@example.com' WHERE id IN (2, 3)");
    let rows = purchases(&[(1, 10, 60), (2, 20, 30), (4, 30, 60), (3, DAY, 30), (1, 15 * DAY, 10), (5, 15 * DAY, 5)]);
    let counts = both(&shop, &rows, 40 * DAY);
    assert_eq!(counts, count(&[("credit", 6), ("send", 4), ("set", 1)]));
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), ["3"]);
    let addressed: BTreeSet<String> = outbox::rows(&shop.state()).into_iter().map(|row| row.contact).collect();
    assert_eq!(addressed, ["3", "4", "5"].map(str::to_owned).into());
}

#[test]
fn contacts_who_turn_out_to_be_one_person_go_on_as_one() {
    let shop = shop(PERSON);
    let mut run = shop.open(at(0));
    for (_, sql) in purchases(&[(1, 10, 60), (2, DAY, 50), (4, DAY, 10)]) {
        shop.sql(&sql);
    }
    run.tick(at(DAY), &|| false).unwrap();
    // Row 2 is older than row 1: it is the person. Both wait; the one that began first goes on.
    shop.sql("UPDATE contact SET email = 'c2@example.com' WHERE id = 1");
    run.tick(at(2 * DAY), &|| false).unwrap();
    let state = Connection::open(shop.state()).unwrap();
    assert_eq!(rows(&state, "SELECT contact FROM scn_contact ORDER BY contact"), ["2", "4"]);
    assert_eq!(rows(&state, "SELECT DISTINCT contact FROM scn_seen ORDER BY contact"), ["2", "4"]);
    // What both were credited counts for the person.
    shop.sql(&format!("INSERT INTO purchased VALUES (9, 1, 1, {}, 1, '5', 'o9')", START + 3 * DAY));
    run.tick(at(3 * DAY), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), ["2"]);
    drop(run);
    let mut run = shop.open(at(4 * DAY));
    for day in [10, 11, 30] {
        run.tick(at(day * DAY + 10), &|| false).unwrap();
    }
    let sent: Vec<(String, i64)> =
        outbox::rows(&shop.state()).into_iter().map(|row| (row.contact, row.due - START)).collect();
    assert_eq!(sent, [("2".to_owned(), 10 * DAY + 10), ("4".to_owned(), 11 * DAY)]);
    assert!(run.report().troubles.is_empty(), "{:?}", run.report().troubles);
}

#[test]
fn channels_without_an_address_of_their_own_are_files_about_a_contact() {
    let shop = shop("scenario ring { when purchased   send push ring   wait 1 hour   send post letter }");
    let mut run = shop.open(at(0));
    shop.sql(&purchases(&[(3, 10, 5)])[0].1);
    run.tick(at(10), &|| false).unwrap();
    run.tick(at(2 * HOUR), &|| false).unwrap();
    let mut texts: Vec<String> = fs::read_dir(shop.outbox())
        .unwrap()
        .map(|file| fs::read_to_string(file.unwrap().path()).unwrap().replace('\n', "|"))
        .collect();
    texts.sort();
    println!("{texts:?}");
    assert!(texts.len() == 2 && texts[0].contains("dear you") && texts[1].contains("hello new"), "{texts:?}");
    assert_eq!(run.report().sent, [("post".to_owned(), 1), ("push".to_owned(), 1)].into());
}

/// What a scenario does after its own message does not take the message back.
#[test]
fn what_a_scenario_does_after_its_message_does_not_hold_it_back() {
    let shop = shop(
        "scenario tagged { when purchased   send email welcome unless \"told\" in contact.tags   tag \"told\" }
         scenario paid { when purchased   send email thank_you only if points < 5   credit 5 points }
         scenario stopped { when purchased   stop when \"met\" in contact.tags   send email we_miss_you   tag \"met\"   wait 1 day }
         scenario risen { when purchased   send email gold_welcome only if contact.tier is \"new\"   set contact.tier = \"gold\" }",
    );
    let done = both(&shop, &purchases(&[(1, HOUR, 10), (1, 2 * HOUR, 10)]), DAY);
    assert_eq!(done, count(&[("credit", 2), ("send", 4), ("set", 2), ("tag", 3)]));
}
