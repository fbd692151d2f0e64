//! A scenario is edited while instances of it run, and they go on with the present version.

use super::binary::{self, Project};
use super::outbox::{self, Row};
use super::random::Random;
use super::shop::{Shop, template};
use scn::drivers::run::{Run, WhyWaiting};
use scn::engine::Stays;
use scn::ir::VersionError;
use scn::time::Instant;

/// 2026-01-01 00:00 UTC.
const START: i64 = 1_767_225_600;
const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
const MESSAGES: [&str; 9] = ["hello", "reminder", "advice", "thanks", "red", "blue", "again", "bye", "extra"];

fn at(seconds: i64) -> Instant {
    Instant::from_seconds(START + seconds)
}

/// Contacts 1 to 5; product 1 lasts a day, product 2 three days.
fn shop(text: &str) -> Shop {
    let templates = MESSAGES.map(|message| template("email", message, message));
    let shop = Shop::new(text, "UTC", &templates);
    shop.sql(
        "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
         CREATE TABLE product(id INTEGER PRIMARY KEY, name TEXT, family TEXT, recurring INTEGER, delay TEXT);
         CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, product INTEGER, at, quantity, amount, \"order\" TEXT);
         CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at, list TEXT);
         CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER, at, message TEXT, \"by\" TEXT);
         INSERT INTO contact SELECT value, 'c' || value || '@example.com' FROM json_each('[1, 2, 3, 4, 5]');
         INSERT INTO product VALUES (1, 'soap', 'soap', 1, '1 day'), (2, 'oil', 'oil', 1, '3 days');",
    );
    shop
}

fn buys(shop: &Shop, id: i64, contact: i64, product: i64, seconds: i64) {
    let instant = START + seconds;
    shop.sql(&format!("INSERT INTO purchased VALUES ({id}, {contact}, {product}, {instant}, 1, '9.95', NULL)"));
}

fn tick(run: &mut Run, seconds: i64) {
    run.tick(at(seconds), &|| false).unwrap();
}

/// What would become of how many that stand in which step.
type Told = Vec<(u16, Result<u16, Stays>, u64)>;

/// Lets the instances go on with the text as it is now; says what was told before.
fn migrates(run: &mut Run, seconds: i64) -> Told {
    let migration = run.migration(None, at(seconds)).unwrap();
    assert_eq!(migration.unreadable, 0);
    let told = migration.groups.iter().map(|group| (group.step, group.to, group.instances)).collect();
    run.migrate(migration, at(seconds)).unwrap();
    told
}

/// The messages that left: to whom, which, and when they came due.
fn sent(shop: &Shop) -> Vec<(String, String, i64)> {
    let rows: Vec<Row> = outbox::rows(&shop.state());
    let sent = rows.into_iter().filter(|row| row.state == "accepted");
    let mut sent: Vec<_> = sent.map(|row| (row.contact, row.message, row.due - START)).collect();
    sent.sort();
    sent
}

fn row(contact: i64, message: &str, due: i64) -> (String, String, i64) {
    (contact.to_string(), message.to_owned(), due)
}

const OLD: &str =
    "when purchased product.recurring send email hello wait product.delay send email reminder unless repurchased";

#[test]
fn an_instance_goes_on_with_the_present_version_where_it_stands() {
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&OLD.replace("email reminder", "email advice"), "UTC");
    let mut run = shop.open(at(HOUR));
    assert_eq!(migrates(&mut run, HOUR), [(2, Ok(2), 1)]);
    assert_eq!(migrates(&mut run, HOUR), [], "there is none left");
    drop(run);
    // Another process takes it up: its old version is forgotten, and not needed.
    let mut run = shop.open(at(2 * HOUR));
    assert_eq!(run.next().unwrap(), Some(at(DAY)), "its timer keeps its instant");
    for hour in [3, 24, 25, 48] {
        tick(&mut run, hour * HOUR);
    }
    assert_eq!(sent(&shop), [row(1, "advice", DAY), row(1, "hello", 0)]);
}

#[test]
fn an_instance_whose_step_is_gone_stays_with_its_old_version() {
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&OLD.replace("wait product.delay", "wait 5 days"), "UTC");
    let mut run = shop.open(at(HOUR));
    buys(&shop, 2, 2, 1, HOUR);
    assert_eq!(migrates(&mut run, HOUR), [(2, Err(Stays::NoStep), 1)]);
    tick(&mut run, HOUR);
    tick(&mut run, DAY);
    assert_eq!(sent(&shop), [row(1, "hello", 0), row(1, "reminder", DAY), row(2, "hello", HOUR)]);
    tick(&mut run, 5 * DAY + HOUR);
    assert_eq!(sent(&shop)[3], row(2, "reminder", 5 * DAY + HOUR));
}

#[test]
fn an_instance_that_might_get_a_message_twice_stays() {
    let old = "when purchased product.recurring send email hello wait 1 day send email thanks";
    for steps in ["wait 1 day send email hello send email thanks", "wait 1 day send email hello unless repurchased"] {
        let mut shop = shop(old);
        let mut run = shop.open(at(0));
        buys(&shop, 1, 1, 1, 0);
        tick(&mut run, 0);
        drop(run);
        shop.edit(&format!("when purchased product.recurring {steps}"), "UTC");
        let mut run = shop.open(at(HOUR));
        assert_eq!(migrates(&mut run, HOUR), [(2, Err(Stays::Order), 1)], "{steps}");
        tick(&mut run, DAY);
        assert_eq!(sent(&shop), [row(1, "hello", 0), row(1, "thanks", DAY)], "{steps}");
    }
}

#[test]
fn only_the_scenario_that_is_named_migrates_and_nothing_before_it_is_confirmed() {
    let two = |wait: &str| {
        format!(
            "scenario early {{ when purchased product.recurring @pause wait {wait} send email hello }}
             scenario late {{ when purchased product.recurring @pause wait {wait} send email reminder }}"
        )
    };
    let mut shop = shop(&two("1 day"));
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&two("2 days"), "UTC");
    let mut run = shop.open(at(HOUR));
    let migration = run.migration(Some("late"), at(HOUR)).unwrap();
    assert_eq!((migration.going(), migration.groups.len()), (1, 1));
    assert_eq!(migration.groups[0].text.as_deref(), Some("wait 1 day"));
    drop(migration);
    assert_eq!(run.migration(None, at(HOUR)).unwrap().going(), 2, "nothing was done");
    let migration = run.migration(Some("late"), at(HOUR)).unwrap();
    run.migrate(migration, at(HOUR)).unwrap();
    let left = run.migration(None, at(HOUR)).unwrap();
    assert_eq!((left.groups.len(), left.groups[0].scenario.as_str()), (1, "early"));
}

#[test]
fn what_was_sent_before_is_asked_about_after() {
    let old = "when purchased product.recurring send email hello wait 1 day if opened hello { send email thanks }";
    let mut shop = shop(old);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&format!("{old} wait 2 days if opened hello {{ send email advice }}"), "UTC");
    let mut run = shop.open(at(HOUR));
    assert_eq!(migrates(&mut run, HOUR), [(2, Ok(2), 2)]);
    shop.sql(&format!("INSERT INTO opened VALUES (1, 1, {}, 'hello', 'person')", START + 2 * HOUR));
    for hour in [3, 24, 72, 73] {
        tick(&mut run, hour * HOUR);
    }
    let expected = [row(1, "advice", 3 * DAY), row(1, "hello", 0), row(1, "thanks", DAY), row(2, "hello", 0)];
    assert_eq!(sent(&shop), expected);
}

#[test]
fn a_version_that_asks_about_messages_that_nobody_remembered_is_not_taken() {
    let old = "when purchased product.recurring send email hello wait 1 day send email thanks";
    let mut shop = shop(old);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&format!("{old} wait 1 day if not opened hello {{ send email advice }}"), "UTC");
    let mut run = shop.open(at(HOUR));
    assert_eq!(migrates(&mut run, HOUR), [(2, Err(Stays::Message), 1)]);
}

#[test]
fn what_the_new_version_reads_of_the_trigger_is_read_of_its_row() {
    let old = "when purchased product.recurring send email hello wait 1 day send email thanks";
    let read = old.replace("email thanks", "email advice only if trigger.quantity > 1");
    let strange = "when subscribed send email hello wait 1 day send email advice only if trigger.list is \"news\"";
    for (text, wanted) in [(read.as_str(), Ok(2)), (strange, Err(Stays::Trigger))] {
        let mut shop = shop(old);
        let mut run = shop.open(at(0));
        buys(&shop, 1, 1, 1, 0);
        shop.sql(&format!("INSERT INTO purchased VALUES (2, 2, 1, {START}, 2, '9.95', NULL)"));
        tick(&mut run, 0);
        drop(run);
        shop.edit(text, "UTC");
        let mut run = shop.open(at(HOUR));
        assert_eq!(migrates(&mut run, HOUR), [(2, wanted, 2)]);
        drop(run);
        let mut run = shop.open(at(2 * HOUR));
        tick(&mut run, DAY);
        let later: Vec<_> = sent(&shop).into_iter().filter(|(_, message, _)| message != "hello").collect();
        let expected = match wanted {
            Ok(_) => vec![row(2, "advice", DAY)],
            Err(_) => vec![row(1, "thanks", DAY), row(2, "thanks", DAY)],
        };
        assert_eq!(later, expected, "{text}");
    }
}

#[test]
fn a_message_that_waits_for_the_morning_leaves_once() {
    let policy = "policy { quiet hours 20:00 to 09:00 }\n";
    let text = |steps: &str| format!("{policy}scenario story {{ when purchased product.recurring {steps} }}");
    let steps = "send email hello wait 1 day send email reminder";
    let mut shop = shop(&text(steps));
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 21 * HOUR);
    tick(&mut run, 21 * HOUR);
    assert_eq!(sent(&shop), []);
    drop(run);
    shop.edit(&text(&format!("tag \"new\" {steps} wait 1 day send email bye")), "UTC");
    let mut run = shop.open(at(22 * HOUR));
    assert_eq!(migrates(&mut run, 22 * HOUR), [(2, Ok(3), 1)]);
    for hour in [23, 33, 34, 45, 57, 69, 81, 82] {
        tick(&mut run, hour * HOUR);
    }
    let expected = [row(1, "bye", 69 * HOUR), row(1, "hello", 21 * HOUR), row(1, "reminder", 45 * HOUR)];
    assert_eq!(sent(&shop), expected);
    // Held, and meant as another message by now: it goes on as it was decided.
    buys(&shop, 2, 2, 1, 93 * HOUR);
    tick(&mut run, 93 * HOUR);
    drop(run);
    shop.edit(&text("send email advice wait 1 day send email reminder"), "UTC");
    let mut run = shop.open(at(94 * HOUR));
    assert_eq!(migrates(&mut run, 94 * HOUR), [(3, Err(Stays::Message), 1)]);
}

#[test]
fn goal_and_stop_are_those_of_the_new_version_from_then_on() {
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    buys(&shop, 2, 2, 1, 0);
    tick(&mut run, 0);
    drop(run);
    let standing =
        "goal purchased product.name is \"oil\" then send email thanks stop when purchased where quantity > 1";
    shop.edit(&OLD.replace("product.recurring send", &format!("product.recurring {standing} send")), "UTC");
    let mut run = shop.open(at(HOUR));
    assert_eq!(migrates(&mut run, HOUR), [(2, Ok(2), 2)]);
    tick(&mut run, HOUR);
    shop.sql("INSERT INTO product VALUES (3, 'oil', 'oil', 0, NULL), (4, 'bag', 'bag', 0, NULL)");
    buys(&shop, 3, 1, 3, 2 * HOUR);
    shop.sql(&format!("INSERT INTO purchased VALUES (4, 2, 4, {}, 2, '9.95', NULL)", START + 2 * HOUR));
    for hour in [3, 24, 25] {
        tick(&mut run, hour * HOUR);
    }
    let messages: Vec<_> = sent(&shop).into_iter().filter(|(_, message, _)| message != "hello").collect();
    assert_eq!(messages, [row(1, "thanks", 2 * HOUR)], "the first converts, the second is stopped");
}

#[test]
fn an_edit_that_is_taken_back_sends_nothing_twice() {
    let added = OLD.replace("wait product.delay", "wait product.delay tag \"in between\"");
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 2, 0);
    tick(&mut run, 0);
    for (hour, text) in [(1, added.as_str()), (2, OLD), (3, added.as_str()), (4, OLD)] {
        drop(run);
        shop.edit(text, "UTC");
        run = shop.open(at(hour * HOUR));
        assert_eq!(migrates(&mut run, hour * HOUR), [(2, Ok(2), 1)]);
        tick(&mut run, hour * HOUR);
    }
    tick(&mut run, 3 * DAY);
    assert_eq!(sent(&shop), [row(1, "hello", 0), row(1, "reminder", 3 * DAY)]);
}

/// Of any purchases and at any moment: whether instances migrate to a version of which all that they may meet is
/// unchanged, or stay, each contact gets the same.
#[test]
fn migrating_changes_nothing_of_what_unchanged_steps_do() {
    let before = "when purchased product.recurring send email hello wait product.delay
        split offer { a 50% { send email red } b 50% { send email blue } }
        repeat 2 times every 1 day { send email again unless repurchased }
        wait 12 hours send email bye";
    let shares = before.replace("a 50%", "a 90%").replace("b 50%", "b 10%");
    let longer = format!("{before} wait 6 hours send email extra");
    let mut went = 0;
    for seed in 0..6 {
        for (edited, changed) in [(&shares, ["red", "blue"]), (&longer, ["extra", "extra"])] {
            let mut of_both = [false, true].map(|migrate| {
                let mut random = Random::new(seed);
                let mut shop = shop(before);
                let moment = random.range(2, 16) * 6;
                for id in 1..=12 {
                    buys(&shop, id, random.range(1, 5), random.range(1, 2), random.range(1, 100) * HOUR);
                }
                let mut run = shop.open(at(0));
                for hour in (0..=240).step_by(6) {
                    if hour == moment {
                        drop(run);
                        shop.edit(edited, "UTC");
                        run = shop.open(at(hour * HOUR));
                        if migrate {
                            let told = migrates(&mut run, hour * HOUR);
                            let going = told.iter().filter(|(_, to, _)| to.is_ok());
                            went += going.map(|(_, _, instances)| instances).sum::<u64>();
                        }
                    }
                    tick(&mut run, hour * HOUR);
                }
                sent(&shop)
            });
            for sent in &mut of_both {
                sent.retain(|(_, message, _)| !changed.contains(&message.as_str()));
            }
            let [stayed, went] = of_both;
            assert_eq!(went, stayed, "seed {seed}\n{edited}");
        }
    }
    assert!(went >= 20, "only {went} instances migrated");
}

#[test]
fn the_command_shows_what_migrates_and_asks_first() {
    let project = Project::of("when subscribed list is \"news\" wait 1 day send email hello\n", None);
    project.subscribe(&["a@example.com".to_owned(), "b@example.com".to_owned()]);
    assert_eq!(binary::code(&project.once()), 0);
    project.write("hello.scn", "when subscribed list is \"news\" tag \"new\" wait 1 day send email hello\n");
    let refused = project.run_with(&["--once", "--migrate", "hello"]);
    let said = binary::text(&refused.stderr);
    assert_eq!(binary::code(&refused), 2, "{said}");
    assert!(said.contains("2 in step 1, `wait 1 day`: go to the present version, where it is step 2\n"), "{said}");
    assert!(said.contains("nothing was done"), "{said}");
    let done = project.run_with(&["--once", "--migrate", "all", "--yes"]);
    assert_eq!(binary::code(&done), 0);
    assert!(binary::text(&done.stderr).contains("2 go to the present version, 0 go on with"), "{done:?}");
    let again = project.run_with(&["--once", "--migrate", "all"]);
    assert_eq!(binary::code(&again), 0, "nothing to ask");
    assert!(binary::text(&again.stderr).contains("no running instance of an older version"), "{again:?}");
    let unknown = project.run_with(&["--once", "--migrate", "hallo"]);
    assert_eq!(binary::code(&unknown), 2);
}

/// Gives what is kept of the running instances of the only scenario to a version as an older program kept it.
fn keep_as_older_program(shop: &Shop, older: &str) {
    let present = shop.bundle.scenarios[0].hash();
    // The hash of an older form is that of its own text.
    let scenario = older.split_once("\"scenario\":").unwrap().1.split_once(",\"messages\":").unwrap().0;
    let mut hasher = blake3::Hasher::new();
    hasher.update(b"scn-scenario-1");
    hasher.update(&(scenario.len() as u64).to_le_bytes());
    hasher.update(scenario.as_bytes());
    let kept = *hasher.finalize().as_bytes();
    let connection = rusqlite::Connection::open(shop.state()).unwrap();
    let states: Vec<(i64, Vec<u8>)> = {
        let mut statement = connection.prepare("SELECT contact, state FROM scn_contact").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    for (contact, mut state) in states {
        let place = state.windows(32).position(|part| part == present.0).unwrap();
        state[place..place + 32].copy_from_slice(&kept);
        connection.execute("UPDATE scn_contact SET state = ?1 WHERE contact = ?2", (state, contact)).unwrap();
    }
    let hash = scn::ir::ScenarioHash(kept).to_string();
    connection.execute("INSERT OR REPLACE INTO scn_program VALUES (?1, ?2)", (hash, older.trim())).unwrap();
}

#[test]
fn a_version_that_an_older_program_kept_goes_on_and_sends_once() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/ir");
    let mut kept: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    kept.retain(|path| path.file_name().unwrap().to_str().unwrap().starts_with("kept-"));
    kept.sort();
    assert!(kept.len() >= 3, "{kept:?}");
    for path in kept {
        let older = std::fs::read_to_string(&path).unwrap();
        // The same story: its steps are those of the versions that are kept.
        let start = if older.contains("\"every\":") { "every day once" } else { "when purchased" };
        let story = format!("{start} send email hello wait 1 day send email reminder");
        let mut shop = shop(&story);
        let mut run = shop.open(at(-HOUR));
        tick(&mut run, -HOUR);
        shop.sql("DELETE FROM contact WHERE id > 1");
        buys(&shop, 1, 1, 1, 0);
        tick(&mut run, 0);
        tick(&mut run, HOUR);
        assert_eq!(sent(&shop), [row(1, "hello", 0)], "{path:?}");
        drop(run);
        keep_as_older_program(&shop, &older);
        shop.edit(&story.replace("1 day", "9 days").replace("reminder", "advice"), "UTC");
        for hour in [2, 24, 25, 26] {
            let mut run = shop.open(at(hour * HOUR));
            assert_eq!(run.report().waiting, [], "{path:?}");
            tick(&mut run, hour * HOUR);
            assert!(run.report().troubles.is_empty(), "{path:?}");
        }
        let older: Vec<_> = sent(&shop).into_iter().filter(|(_, message, _)| message != "hello").collect();
        assert_eq!(older, [row(1, "reminder", DAY)], "{path:?}");
    }
}

#[test]
fn a_version_that_cannot_be_read_is_named_and_its_contacts_wait() {
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    let hash = shop.bundle.scenarios[0].hash();
    let state = shop.state();
    let change = |sql: &str| {
        let connection = rusqlite::Connection::open(&state).unwrap();
        connection.execute(sql, [hash.to_string()]).unwrap();
    };
    change("UPDATE scn_program SET json = replace(json, '\"format\":3', '\"format\":9') WHERE hash = ?1");
    shop.edit(&OLD.replace("email reminder", "email advice"), "UTC");
    let mut run = shop.open(at(HOUR));
    let [waiting] = run.report().waiting.as_slice() else { panic!("{:?}", run.report().waiting) };
    assert_eq!((waiting.scenario.as_deref(), waiting.version, waiting.contacts), (Some("story"), hash, 1));
    assert_eq!(waiting.why, WhyWaiting::Unreadable(VersionError::Newer(9)));
    tick(&mut run, 2 * DAY);
    let report = run.report();
    assert_eq!((report.without_version, report.notes.set_aside, report.troubles.len()), (1, 1, 0));
    assert_eq!(sent(&shop), [row(1, "hello", 0)]);
    drop(run);
    // Nothing of it is lost: whoever can read it goes on.
    change("UPDATE scn_program SET json = replace(json, '\"format\":9', '\"format\":3') WHERE hash = ?1");
    let mut run = shop.open(at(2 * DAY));
    tick(&mut run, 2 * DAY);
    assert_eq!(sent(&shop), [row(1, "hello", 0), row(1, "reminder", DAY)]);
}

#[test]
fn a_rehearsal_migrates_first() {
    let mut shop = shop(OLD);
    let mut run = shop.open(at(0));
    buys(&shop, 1, 1, 1, 0);
    tick(&mut run, 0);
    drop(run);
    shop.edit(&OLD.replace("send email reminder", "wait 1 day send email reminder"), "UTC");
    let run = shop.open(at(DAY + HOUR));
    let leaving = |migrate| run.rehearse(migrate, None, at(DAY + HOUR)).unwrap().leaving;
    assert_eq!((leaving(None), leaving(Some(None)), leaving(Some(Some("story")))), (1, 0, 0));
}
