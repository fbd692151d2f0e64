//! What is kept is never lost: the history of a scenario that is away for a while, what was done before a backfill; and what
//! is erased ends everything, once.

use super::acts::{DAY, HOUR, START, at, query, rows as rows_of, shop, simulated};
use super::outbox;
use super::shop::Shop;
use rusqlite::Connection;
use scn::model::Id;
use scn::store::crm::{Change, Crm, Order};
use scn::store::state::{PendingWrite, State, part};
use scn::time::Zone;
use std::collections::BTreeMap;
use std::fs;

const POINTS: &str = r#"
scenario points { when purchased   credit round(amount) points expiring in 12 months }
scenario pays { when opened   debit 50 points   tag "thirty" only if points >= 30   tag "more" only if points > 30 }"#;

fn buys(shop: &Shop, id: i64, contact: i64, seconds: i64, amount: i64) {
    shop.sql(&format!(
        "INSERT INTO purchased VALUES ({id}, {contact}, 1, {}, 1, '{amount}', 'o{id}')",
        START + seconds
    ));
}

fn opens(shop: &Shop, id: i64, contact: i64, seconds: i64) {
    shop.sql(&format!("INSERT INTO opened VALUES ({id}, {contact}, {}, NULL, 'person')", START + seconds));
}

fn tick(shop: &Shop, seconds: i64) {
    let mut run = shop.open(at(seconds));
    run.tick(at(seconds), &|| false).unwrap();
    assert!(run.report().troubles.is_empty(), "{:?}", run.report().troubles);
}

#[test]
fn points_come_back_with_the_scenarios_that_know_of_them() {
    let wallet = "scenario wallet { when purchased   credit 1 EUR wallet }";
    for away in ["scenario other { when purchased   tag \"seen\" }", wallet] {
        let mut shop = shop(&format!("{POINTS} {wallet}"));
        tick(&shop, 0);
        buys(&shop, 1, 1, HOUR, 80);
        tick(&shop, HOUR);
        shop.edit(away, "UTC");
        buys(&shop, 2, 1, DAY, 80);
        tick(&shop, DAY);
        tick(&shop, DAY + HOUR);
        shop.edit(&format!("{POINTS} {wallet}"), "UTC");
        opens(&shop, 1, 1, 2 * DAY);
        tick(&shop, 2 * DAY);
        let tags = query(&shop, "SELECT tags FROM contact_tags WHERE tags <> 'seen'");
        assert_eq!(tags, ["thirty"], "{away}");
    }
}

/// Several go on together and come to `erase contact` in one step.
#[test]
fn those_who_go_on_together_are_erased_once() {
    let shop = shop(
        "scenario leave {
          when purchased
          send email last_warning
          wait 2 days
          send email we_miss_you together only if contact.tier is \"gold\"
          erase contact only if sent last_warning
        }",
    );
    let rows: Vec<(i64, String)> = [10, 20, 30]
        .map(|id| {
            let at = START + id;
            (at, format!("INSERT INTO purchased VALUES ({id}, 1, 1, {at}, 1, '5', 'o{id}')"))
        })
        .to_vec();
    let erasures = simulated(&shop, &rows, 4 * DAY).into_iter().filter(|done| done.5 == "erase").count();
    assert_eq!(erasures, 1);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    for (_, sql) in &rows {
        shop.sql(sql);
    }
    run.tick(at(30), &|| false).unwrap();
    run.tick(at(4 * DAY), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    assert_eq!(query(&shop, "SELECT count(*) FROM contact WHERE id = 1"), ["0"]);
    assert_eq!(run.next().unwrap(), None);
}

/// Two instances wait for one message; the first gives it up for the next and erases the contact.
#[test]
fn what_an_erasure_takes_back_is_taken_back_once() {
    let shop = shop(
        "policy { quiet hours 21:30 to 23:00 }
         scenario leave {
          when purchased
          send email last_warning
          wait 12 hours
          send email we_miss_you together
          wait up to 2 days for opened
          send email thank_you
          erase contact only if sent last_warning
        }",
    );
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 1, 10 * HOUR, 5);
    buys(&shop, 2, 1, 10 * HOUR + 60, 5);
    run.tick(at(10 * HOUR + 60), &|| false).unwrap();
    run.tick(at(22 * HOUR + 120), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 2), ("deferred".into(), 1)]));
    opens(&shop, 1, 1, 22 * HOUR + 1800);
    run.tick(at(22 * HOUR + 1800), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    // The message that both waited for, and the one that came after it.
    assert_eq!(run.report().not_sent, [(("cancelled".into(), "erased".into()), 2)].into());
}

#[test]
fn a_backfill_knows_what_scenarios_did_before() {
    let before = "scenario points { when purchased   credit round(amount) points expiring in 12 months }
        scenario greets { when purchased   once   send email welcome   tag \"greeted\" }
        scenario hello { when purchased   credit 10 points only if points < 1000   tag \"credited\" }
        scenario asks { when opened   tag \"asked\" only if sent welcome ever }";
    let after = format!(
        "{} {}",
        before.replace("hello", "renamed").replace("points < 1000", "points < 10"),
        "scenario gold {
           when credited points
           once
           for sum of credited.points in last 12 months >= 100
           set contact.tier = \"gold\"
         }
         scenario second { when purchased   wait 1 hour   send email gold_welcome unless sent welcome ever }
         scenario greeted { when purchased   tag \"stranger\" unless \"greeted\" in contact.tags }"
    );
    let mut shop = shop(before);
    tick(&shop, 0);
    buys(&shop, 1, 1, HOUR, 120);
    buys(&shop, 2, 2, HOUR, 20);
    tick(&shop, HOUR);
    shop.edit(&after, "UTC");
    let mut run = shop.open(at(DAY));
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), [] as [String; 0]);
    run.backfill(at(0), at(DAY)).unwrap();
    run.tick(at(DAY), &|| false).unwrap();
    // The credits of that day count, and start what asks for them; nobody is credited, greeted or written to once more.
    assert_eq!(query(&shop, "SELECT id FROM contact WHERE tier = 'gold'"), ["1"]);
    assert_eq!(query(&shop, "SELECT DISTINCT tags FROM contact_tags ORDER BY 1"), ["credited", "greeted"]);
    assert_eq!(run.report().not_sent, [(("skipped".into(), "unless".into()), 2)].into());
    let skipped = [(("credit", "skipped", "only if"), 2), (("tag", "skipped", "unless"), 2)];
    assert_eq!(run.report().not_done, skipped.into());
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 2)]));
    // And the next who looks sees each credit once.
    let spends = "scenario spends { when opened   debit 130 points   debit 1 points }";
    drop(run);
    shop.edit(&format!("{after} {spends}"), "UTC");
    let mut run = shop.open(at(2 * DAY));
    opens(&shop, 1, 1, 2 * DAY);
    run.tick(at(2 * DAY), &|| false).unwrap();
    assert_eq!(run.report().done, [("debit", 1), ("tag", 1)].into());
    assert_eq!(run.report().not_done, [(("debit", "skipped", "not enough"), 1)].into());
}

#[test]
fn a_backfill_starts_what_its_instances_start_and_make_after_the_start() {
    let before = "scenario earns { when opened   once   credit 1 points }
        scenario earlier { when credited points   send email gold_welcome }";
    let after = format!(
        "{before} scenario story {{ when purchased   wait 12 hours   start starts   credit 5 points }}
         scenario starts {{ when started   send email welcome }}
         scenario later {{ when credited points   send email thank_you }}"
    );
    let mut shop = shop(before);
    tick(&shop, 0);
    buys(&shop, 1, 1, 18 * HOUR, 120);
    tick(&shop, DAY);
    shop.edit(&after, "UTC");
    tick(&shop, DAY);
    // What is made by now starts what runs by now, once.
    opens(&shop, 1, 2, DAY + HOUR);
    let mut run = shop.open(at(2 * DAY));
    run.backfill(at(0), at(2 * DAY)).unwrap();
    run.tick(at(2 * DAY), &|| false).unwrap();
    let sent = outbox::rows(&shop.state()).into_iter().map(|row| (row.contact, row.message, (row.due - START) / HOUR));
    let mut sent: Vec<(String, String, i64)> = sent.collect();
    sent.sort();
    let row = |contact: &str, message: &str, hour| (contact.to_owned(), message.to_owned(), hour);
    let expected = [
        row("1", "gold_welcome", 30),
        row("1", "thank_you", 30),
        row("1", "welcome", 30),
        row("2", "gold_welcome", 25),
        row("2", "thank_you", 25),
    ];
    assert_eq!(sent, expected);
}

/// Journeys of one scenario that `once every` lets run beside each other stay so.
#[test]
fn what_once_every_lets_run_side_by_side_runs_on_after_a_backfill() {
    let mut shop = shop("scenario other { when opened   once   tag \"seen\" }");
    tick(&shop, 0);
    for (id, hours) in [(1, 1), (2, 30), (3, 31)] {
        buys(&shop, id, 1, hours * HOUR, 120);
    }
    tick(&shop, 2 * DAY);
    shop.edit("scenario story { when purchased   once every 1 day   wait 10 days   send email thank_you }", "UTC");
    let mut run = shop.open(at(2 * DAY));
    run.tick(at(2 * DAY), &|| false).unwrap();
    run.backfill(at(0), at(2 * DAY)).unwrap();
    for hours in [241, 270, 271] {
        run.tick(at(hours * HOUR), &|| false).unwrap();
    }
    let sent = outbox::rows(&shop.state()).into_iter().map(|row| (row.due - START) / HOUR);
    assert_eq!(sent.collect::<Vec<_>>(), [241, 270]);
}

#[test]
fn a_call_that_a_backfill_finds_too_late_expires() {
    let mut shop = shop("scenario other { when opened   tag \"seen\" }");
    tick(&shop, 0);
    buys(&shop, 1, 1, HOUR, 120);
    tick(&shop, 10 * DAY);
    shop.edit("scenario story { when purchased   call stock }", "UTC");
    let mut run = shop.open(at(10 * DAY));
    run.tick(at(10 * DAY), &|| false).unwrap();
    run.backfill(at(0), at(10 * DAY)).unwrap();
    run.tick(at(10 * DAY), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("expired".into(), 1)]));
    assert_eq!(run.report().not_sent, [(("expired".into(), "too late".into()), 1)].into());
}

const MINUTE: i64 = HOUR / 60;

/// What runs already and what the backfill starts are under one entry rule: one of them goes on.
#[test]
fn a_backfill_leaves_one_instance_where_one_may_run() {
    for (rule, sent_at) in [("latest", HOUR + 40 * MINUTE), ("one at a time", HOUR + 20 * MINUTE)] {
        let mut shop = shop("scenario other { when opened   tag \"seen\" }");
        tick(&shop, 0);
        buys(&shop, 1, 1, 20 * MINUTE, 120);
        tick(&shop, 30 * MINUTE);
        shop.edit(&format!("scenario story {{ when purchased   {rule}   wait 1 hour   send email thank_you }}"), "UTC");
        tick(&shop, 30 * MINUTE);
        buys(&shop, 2, 1, 40 * MINUTE, 120);
        let mut run = shop.open(at(50 * MINUTE));
        run.tick(at(50 * MINUTE), &|| false).unwrap();
        run.backfill(at(0), at(50 * MINUTE)).unwrap();
        run.tick(at(50 * MINUTE), &|| false).unwrap();
        for due in [HOUR + 20 * MINUTE, HOUR + 40 * MINUTE, 3 * HOUR] {
            run.tick(at(due), &|| false).unwrap();
            let left: u64 = run.report().sent.values().sum();
            assert_eq!(left, u64::from(due >= sent_at), "{rule} at {due}");
        }
    }
}

#[test]
fn a_backfill_is_under_the_caps_of_what_was_sent_before() {
    let policy = "policy { at most 1 marketing message per week }";
    let greets = "scenario greets { when purchased   send email welcome }";
    let mut shop = shop(&format!("{policy} {greets}"));
    tick(&shop, 0);
    buys(&shop, 1, 1, HOUR, 120);
    tick(&shop, HOUR);
    shop.edit(&format!("{policy} {greets} scenario thanks {{ when purchased   send email thank_you }}"), "UTC");
    let mut run = shop.open(at(DAY));
    run.backfill(at(0), at(DAY)).unwrap();
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 1), ("deferred".into(), 1)]));
}

#[test]
fn whoever_was_erased_does_not_live_again_in_a_backfill() {
    let leave = "scenario leave {
        when purchased   send email last_warning   wait 1 hour   erase contact only if sent last_warning }";
    let mut shop = shop(leave);
    // The CRM keeps the contact: nobody has written the trigger that would delete it.
    shop.sql("ALTER TABLE contact RENAME TO client; CREATE VIEW contact AS SELECT * FROM client;");
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 1, HOUR, 5);
    run.tick(at(HOUR), &|| false).unwrap();
    run.tick(at(2 * HOUR), &|| false).unwrap();
    assert_eq!(run.report().done, [("erase", 1)].into());
    drop(run);
    shop.edit(&format!("{leave} scenario thanks {{ when purchased   send email thank_you }}"), "UTC");
    let mut run = shop.open(at(3 * HOUR));
    run.backfill(at(0), at(3 * HOUR)).unwrap();
    run.tick(at(3 * HOUR), &|| false).unwrap();
    assert_eq!(outbox::states(&shop.state()), BTreeMap::from([("accepted".into(), 1)]));
}

/// How far an erasure came before the process died.
#[derive(Clone, Copy, Debug)]
enum Died {
    Decided,
    RowsWrittenDown,
    ErasedInTheCrm,
    FilesGone,
}

/// Two rows are one person; of the second, things lie in the state that only its own id finds.
#[test]
fn an_erasure_that_was_cut_is_finished_at_the_next_start() {
    for died in [Died::Decided, Died::RowsWrittenDown, Died::ErasedInTheCrm, Died::FilesGone] {
        let shop = shop(
            "identity contact by email
             scenario leave { when purchased   send email last_warning   wait 1 day   erase contact only if sent last_warning }",
        );
        shop.sql("UPDATE contact SET email = 'one@example.com' WHERE id IN (1, 2)");
        let mut run = shop.open(at(0));
        run.tick(at(0), &|| false).unwrap();
        buys(&shop, 1, 1, HOUR, 5);
        buys(&shop, 2, 2, HOUR, 5);
        buys(&shop, 3, 4, HOUR, 5);
        run.tick(at(HOUR), &|| false).unwrap();
        assert_eq!(fs::read_dir(shop.outbox()).unwrap().count(), 3);
        let asked = std::cell::Cell::new(0);
        run.tick(at(DAY + HOUR), &|| asked.replace(asked.get() + 1) > 0).unwrap();
        drop(run);
        let part = part(&Id::Number(1));
        let left = format!(
            "INSERT INTO scn_journal(part, contact, at, body) VALUES ({part}, 1, 0, x'00');
             INSERT INTO scn_write(key, part, contact, scenario, at, change)
             VALUES ('old', {part}, 1, 'old', 0, '{{\"set\":{{\"field\":\"tier\",\"value\":null}}}}');"
        );
        Connection::open(shop.state()).unwrap().execute_batch(&left).unwrap();
        {
            let mut crm = Crm::open(&shop.crm()).unwrap();
            crm.identify(&["email".into()], Zone::UTC).unwrap();
            let (mut state, _) = State::open(&shop.state(), "dies", at(DAY + HOUR)).unwrap();
            let pending = state.pending_writes(0, at(20), 9).unwrap();
            let erasures: Vec<_> = pending.iter().filter(|write| write.change == Change::Erase).collect();
            assert_eq!(erasures.len(), 2, "{died:?}");
            let rows = |write: &PendingWrite| crm.persons().group(&write.contact).unwrap_or(&[]).to_vec();
            let begin: Vec<_> = erasures.iter().map(|write| (*write, rows(write))).collect();
            if !matches!(died, Died::Decided) {
                let rows = state.begin_erasures(&begin).unwrap();
                let of = |(write, rows): (&&PendingWrite, Vec<Id>)| Order {
                    contact: write.contact.clone(),
                    change: Change::Erase,
                    rows,
                };
                let orders: Vec<Order> = erasures.iter().zip(rows).map(of).collect();
                if matches!(died, Died::ErasedInTheCrm | Died::FilesGone) {
                    assert!(crm.change(&orders, &shop.bundle.references).unwrap().iter().all(Result::is_ok));
                }
            }
        }
        if matches!(died, Died::FilesGone) {
            for file in fs::read_dir(shop.outbox()).unwrap() {
                fs::remove_file(file.unwrap().path()).unwrap();
            }
        }
        tick(&shop, DAY + 2 * HOUR);
        assert_eq!(query(&shop, "SELECT id FROM contact"), ["3", "5", "6"], "{died:?}");
        assert_eq!(query(&shop, "SELECT count(*) FROM purchased"), ["0"], "{died:?}");
        assert_eq!(fs::read_dir(shop.outbox()).unwrap().count(), 0, "{died:?}");
        let state = Connection::open(shop.state()).unwrap();
        for table in ["contact", "seen", "inbox", "outbox", "journal", "write", "erasing"] {
            assert_eq!(rows_of(&state, &format!("SELECT count(*) FROM scn_{table}")), ["0"], "{died:?}: {table}");
        }
        assert_eq!(rows_of(&state, "SELECT count(*) FROM scn_erased"), ["2"], "{died:?}: each person once");
        assert_eq!(rows_of(&state, "SELECT state, count FROM scn_gone"), ["accepted 3"], "{died:?}");
    }
}

#[test]
fn a_value_that_the_crm_refused_does_not_come_back_over_a_later_one() {
    let shop = shop(
        "scenario level {
           when purchased
           set contact.tier = \"silver\" only if amount < 50 EUR
           set contact.tier = \"gold\" only if amount >= 50 EUR
         }",
    );
    let refuse = "CREATE TRIGGER refuse BEFORE UPDATE OF tier ON contact WHEN new.tier = 'silver'
        BEGIN SELECT RAISE(ABORT, 'no silver today'); END;";
    shop.sql(refuse);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    buys(&shop, 1, 1, HOUR, 5);
    run.tick(at(HOUR), &|| false).unwrap();
    assert_eq!(run.report().troubles.len(), 1);
    buys(&shop, 2, 1, 2 * HOUR, 500);
    run.tick(at(2 * HOUR), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT tier FROM contact WHERE id = 1"), ["gold"]);
    shop.sql("DROP TRIGGER refuse");
    run.tick(at(DAY), &|| false).unwrap();
    run.tick(at(2 * DAY), &|| false).unwrap();
    assert_eq!(query(&shop, "SELECT tier FROM contact WHERE id = 1"), ["gold"]);
    let state = Connection::open(shop.state()).unwrap();
    assert_eq!(rows_of(&state, "SELECT count(*) FROM scn_write WHERE state = 'pending'"), ["0"]);
}

/// What we write does not make us read everything again; what a trigger of the shop makes of it is found all the same.
#[test]
fn rows_are_found_whoever_commits_in_between() {
    for with_trigger in [false, true] {
        let shop = shop(
            "scenario mark { when purchased   tag \"buyer\" }
             scenario thank { when opened   tag \"reader\" }",
        );
        if with_trigger {
            shop.sql(&format!(
                "CREATE TRIGGER tagged_too AFTER INSERT ON contact_tags WHEN new.tags = 'buyer' BEGIN
                   INSERT INTO opened VALUES (new.contact, new.contact, {}, NULL, 'person'); END;",
                START + DAY
            ));
        }
        let mut run = shop.open(at(0));
        run.tick(at(0), &|| false).unwrap();
        for (contact, hour) in [(1, 1), (2, 2), (3, 3)] {
            buys(&shop, contact, contact, hour * HOUR, 5);
            run.tick(at(hour * HOUR), &|| false).unwrap();
        }
        run.tick(at(DAY), &|| false).unwrap();
        run.tick(at(2 * DAY), &|| false).unwrap();
        let tagged =
            |tag: &str| query(&shop, &format!("SELECT contact FROM contact_tags WHERE tags = '{tag}' ORDER BY 1"));
        assert_eq!(tagged("buyer"), ["1", "2", "3"]);
        assert_eq!(tagged("reader").len(), if with_trigger { 3 } else { 0 });
    }
}
