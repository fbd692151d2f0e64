//! `scn why`: stories as data, each kind of answer once; and that there is no effect without its story.
//!
//! A case is `NAME.scn`, whose first line says how it is asked, `NAME.sql`, the history over the tables of `shop.sql`, and
//! `NAME.txt`, what is printed. `UPDATE=1 cargo test --test why` writes the last.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test writes the files of its commands, and panics when one goes wrong"
)]

use scn::cli::findings::Findings;
use scn::cli::project::Project;
use scn::cli::sources;
use scn::drivers::simulate::{Lived as LivedContact, Request, simulate};
use scn::drivers::story::{InstanceStory, Lived, Teller, Wanted, moment};
use scn::model::{Id, Surroundings};
use scn::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// What a command did: exit code, standard output, standard error.
type Ran = (i32, String, String);

fn scn(folder: &Path, arguments: &[&str]) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_scn")).current_dir(folder).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/why")
}

/// A project with these scenarios, and a CRM that this SQL fills.
fn shop(scenarios: &str, sql: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("scn.toml"), "crm = \"crm.db\"\n").unwrap();
    std::fs::write(folder.path().join("shop.scn"), scenarios).unwrap();
    let tables = std::fs::read_to_string(data().join("shop.sql")).unwrap();
    execute(&folder.path().join("crm.db"), &(tables + sql));
    folder
}

fn execute(database: &Path, sql: &str) {
    rusqlite::Connection::open(database).unwrap().execute_batch(sql).unwrap();
}

#[test]
fn every_kind_of_answer_is_told() {
    let update = std::env::var_os("UPDATE").is_some();
    let files = std::fs::read_dir(data()).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|end| end == "scn")).collect();
    cases.sort();
    assert!(cases.len() >= 18, "only {} stories", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let text = std::fs::read_to_string(&case).unwrap();
        let arguments = text.lines().next().and_then(|line| line.strip_prefix("# scn ")).unwrap().to_owned();
        let sql = std::fs::read_to_string(case.with_extension("sql")).unwrap();
        let shop = shop(&text, &sql);
        let (code, out, err) = scn(shop.path(), &arguments.split(' ').collect::<Vec<_>>());
        let told = case.with_extension("txt");
        if code != 0 {
            let _ = writeln!(wrong, "{}: {code}\n{out}{err}", case.display());
        } else if update {
            std::fs::write(told, out).unwrap();
        } else if std::fs::read_to_string(&told).unwrap_or_default() != out {
            let _ = writeln!(wrong, "{}\n{out}", case.display());
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// How many contacts of the sample are told.
const CONTACTS: usize = 50;

/// Contacts of the sample from all over it.
fn contacts(crm: &Path) -> Vec<Id> {
    let connection = rusqlite::Connection::open(crm).unwrap();
    let mut statement = connection
        .prepare("SELECT contact FROM purchased GROUP BY contact HAVING count(*) BETWEEN 3 AND 90 ORDER BY contact")
        .unwrap();
    let all: Vec<i64> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    all.iter().step_by(all.len() / CONTACTS).take(CONTACTS).map(|id| Id::Number(*id)).collect()
}

/// Whether the story of an instance tells what a row of the effects says.
fn tells(instance: &InstanceStory, row: &csv::StringRecord, at: &str) -> bool {
    let [effect, channel, message, outcome] = [&row[6], &row[7], &row[8], &row[9]];
    let name = format!("{channel} {message}");
    let sentence = |begin: &str| instance.told.iter().any(|told| told.at == at && told.text.starts_with(begin));
    match effect {
        "end" => sentence("ended: ") && instance.answers.iter().any(|answer| answer.starts_with("it ended on ")),
        // It is told when the policy holds it, and the row bears the instant at which it came due.
        "send" if outcome == "deferred" => instance.told.iter().any(|told| told.text.starts_with("deferred: ")),
        "send" => {
            let verb = if outcome == "sent" { "was sent on" } else { "was not sent on" };
            let is_answer = |answer: &String| answer.starts_with(&format!("`{name}` {verb} {at}"));
            sentence(&format!("{outcome}: {name}")) && instance.answers.iter().any(is_answer)
        }
        _ if outcome == "done" => sentence("done"),
        _ => sentence("skipped") || sentence("held back: "),
    }
}

#[test]
fn every_effect_of_fifty_contacts_has_its_story() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let crm = folder.path().join("crm.db");
    let of_sample = |name: &str| root.join("scenarios/sample").join(name).display().to_string();
    let (csv, one, other) = (of_sample("purchases.csv.gz"), of_sample("sample.sql"), of_sample("synthetic.sql"));
    let crm_name = crm.display().to_string();
    let (code, ..) = scn(root, &["import", &crm_name, "--csv", &csv, "--with", &one, "--with", &other]);
    assert_eq!(code, 0);
    let ids = contacts(&crm);
    assert_eq!(ids.len(), CONTACTS);
    let project = Project::open_one(&root.join("scenarios")).unwrap();
    let (compiled, _) = Findings::of(&project, &Surroundings::default());
    let bundle = compiled.bundle.as_ref().unwrap();
    let crm = sources::crm(&project, Some(&crm)).unwrap();
    let mut effects = Vec::new();
    let request = Request { contact: ids, ..Request::default() };
    let simulation = simulate(bundle, &crm, &request, Some(&mut effects)).unwrap();
    let texts = sources::texts(&compiled);
    let mut stories: BTreeMap<String, (Zone, BTreeMap<String, Vec<InstanceStory>>)> = BTreeMap::new();
    for LivedContact { contact, zone, trace, refusals, clocks } in &simulation.report.lived {
        let (program, world) = (&simulation.program, &simulation.world);
        let teller = Teller { program, world, texts: &texts, zone: *zone, reveal: false };
        let told = teller.scenarios(Lived { trace, refusals, clocks, deliveries: &[] }, &Wanted::default());
        let by_name = told.into_iter().map(|scenario| (scenario.name, scenario.instances)).collect();
        stories.insert(contact.to_string(), (*zone, by_name));
    }
    let (mut rows, mut kinds) = (0, BTreeMap::<String, u64>::new());
    for row in csv::Reader::from_reader(effects.as_slice()).records().map(Result::unwrap) {
        rows += 1;
        *kinds.entry(format!("{} {} {}", &row[6], &row[9], &row[10])).or_default() += 1;
        let (zone, scenarios) = &stories[&row[1]];
        let read = |text: &str| moment(*zone, Zone::UTC.parse(text).map(|(at, _)| at).unwrap_or(Instant::MIN));
        let (at, entered_at) = (read(&row[0]), read(&row[4]));
        for (place, trigger) in row[3].split(';').enumerate() {
            let is_it = |instance: &&InstanceStory| {
                let is_own = || trigger.starts_with("contact/");
                let is_trigger = instance.trigger.as_ref().map_or_else(is_own, |told| trigger.starts_with(told));
                // Of those that leave together, the row bears the entry of the first.
                is_trigger && (place > 0 || instance.entered_at == entered_at)
            };
            let mut instances = scenarios[&row[2]].iter().filter(is_it);
            let known: Vec<&InstanceStory> = scenarios[&row[2]].iter().filter(is_it).collect();
            assert!(instances.any(|instance| tells(instance, &row, &at)), "{row:?} at {at}: {known:#?}");
        }
    }
    assert!(rows > 10 * CONTACTS && kinds.len() >= 8, "{rows} rows: {kinds:#?}");
}

/// A shop with a template of each of these messages, whose first run is over, and then one with these rows, whose instant is `now`.
fn shop_that_ran(scenarios: &str, messages: &[&str], rows: &str) -> TempDir {
    let shop = shop(scenarios, "");
    let templates = shop.path().join("templates");
    std::fs::create_dir_all(&templates).unwrap();
    let text = "---\nsubject: Hello\n---\nHello\nUnsubscribe: https://shop.example/unsubscribe\n";
    for message in messages {
        std::fs::write(templates.join(format!("{message}.email.html")), text).unwrap();
    }
    let settings = "crm = \"crm.db\"\nstate = \"state.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n";
    std::fs::write(shop.path().join("scn.toml"), settings).unwrap();
    run(shop.path());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let rows = rows.replace("now", "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')");
    execute(&shop.path().join("crm.db"), &format!("INSERT INTO purchased VALUES {rows}"));
    run(shop.path());
    run(shop.path());
    shop
}

/// A shop whose first run is over, and two contacts who bought coffee since.
fn running_shop(scenarios: &str) -> TempDir {
    let rows = "(7, 1, now, 'coffee', 1, 20, NULL, 0), (8, 2, now, 'coffee', 1, 20, NULL, 0)";
    shop_that_ran(scenarios, &["thanks", "later", "nobody"], rows)
}

/// Of the journal alone nothing but its name tells one message from another.
#[test]
fn messages_whose_names_differ_in_a_digit_are_each_told() {
    let text = "scenario branches {\n  when purchased\n  if quantity is 1 { send email m_1 }\n  if quantity is 2 { send email m_2 }\n  \
                if quantity is 3 { send email m_3 }\n}\n\
                scenario row {\n  when purchased where quantity is 9\n  send email n_1\n  send email n_2\n  send email n_3\n}\n";
    let rows: Vec<String> = [1, 2, 3, 9]
        .iter()
        .map(|quantity| format!("({quantity}, 1, now, 'coffee', {quantity}, 20, NULL, 0)"))
        .collect();
    let messages = ["m_1", "m_2", "m_3", "n_1", "n_2", "n_3"];
    let shop = shop_that_ran(text, &messages, &rows.join(", "));
    execute(&shop.path().join("crm.db"), "UPDATE purchased SET quantity = quantity + 10");
    let why = scn(shop.path(), &["why", "--contact", "1", "--state", "state.db"]);
    expect(&why, 0, &["told from the journal alone"]);
    for message in messages {
        expect(&why, 0, &[&format!("=> `email {message}` was sent on "), &format!(": email {message}\n")]);
    }
    assert!(!why.1.contains("like the next"), "{}", why.1);
}

/// A server that refuses for good is not one that is full for the moment, whichever digits tell the two apart; that it calls
/// each message that it took by another name tells nothing.
#[test]
fn replies_that_differ_in_their_code_are_each_told() {
    let rows: Vec<String> = (1..=9).map(|id| format!("({id}, 1, now, 'coffee', {id}, 20, NULL, 0)")).collect();
    let shop = shop_that_ran("when purchased\nsend email thanks\n", &["thanks"], &rows.join(", "));
    let reply = "UPDATE scn_outbox SET state = iif(id <= 6, 'bounced', 'accepted'),
        reply = CASE WHEN id <= 3 THEN '550 refused' WHEN id <= 6 THEN '452 refused' ELSE '250 queued as A' || id END";
    execute(&shop.path().join("state.db"), reply);
    let why = || scn(shop.path(), &["why", "--contact", "1", "--state", "state.db"]);
    let told = ["refused it: `550 refused`", "refused it: `452 refused`", "`250 queued as A9`"];
    expect(&why(), 0, &told);
    // So it is where the journal alone is told.
    execute(&shop.path().join("crm.db"), "UPDATE purchased SET quantity = quantity + 10");
    execute(&shop.path().join("crm.db"), "UPDATE contact SET email = NULL");
    let alone = why();
    expect(&alone, 0, &told);
    for told in [why().1, alone.1] {
        assert_eq!(told.matches("2 that went like the next").count(), 3, "{told}");
    }
}

fn run(shop: &Path) {
    let (code, out, err) = scn(shop, &["run", "--once"]);
    assert_eq!(code, 0, "{out}{err}");
}

/// Fails unless the command ends so and says all of these.
fn expect(ran: &Ran, code: i32, said: &[&str]) {
    let (found, out, err) = ran;
    assert_eq!(*found, code, "{out}{err}");
    for text in said {
        assert!(out.contains(text) || err.contains(text), "`{text}` is not in\n{out}{err}");
    }
}

const RUNNING: &str = "scenario thanks {\n  when purchased product.recurring\n  send email thanks\n  wait 1 week\n  \
                       send email later unless repurchased\n}\nscenario gone {\n  when subscribed list is \"a\"\n  erase contact\n}\n";

#[test]
fn what_a_run_did_is_told_from_what_it_wrote_down() {
    let shop = running_shop(RUNNING);
    let why = |contact: &str| scn(shop.path(), &["why", "--contact", contact, "--state", "state.db"]);
    let told = [
        "told from what `scn run` did",
        "`email thanks` was sent on ",
        "decided by version ",
        "handed over: email thanks",
        "not yet: it waits until ",
        "by `wait 1 week`; then `send email later unless repurchased`",
        "`product.recurring` (shop.scn:2): yes",
    ];
    expect(&why("1"), 0, &told);
    expect(&why("2"), 0, &["`email thanks` was not sent on ", "`contact.email` is missing"]);
    expect(&why("9"), 1, &["the CRM has no contact `9`"]);
    // What the CRM says now is not what was decided: the journal alone is told.
    execute(&shop.path().join("crm.db"), "UPDATE product SET recurring = 0");
    let parted = ["told from the journal alone", "`email thanks` was sent on "];
    expect(&why("1"), 0, &parted);
    // An erased contact leaves its proof.
    let gone = "INSERT INTO subscribed VALUES (5, 1, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), 'a')";
    execute(&shop.path().join("crm.db"), gone);
    run(shop.path());
    run(shop.path());
    expect(&why("1"), 0, &["erased on ", "by `gone`: nothing else is kept"]);
    expect(&scn(shop.path(), &["why", "--contact", "1", "--state", "crm.db"]), 74, &["is no state file of `scn run`"]);
    expect(&scn(shop.path(), &["why", "--contact", "1", "--state", "no.db"]), 74, &["there is no file `no.db`"]);
}

/// What the outbox holds is told with the limit that holds it, also where nothing but the outbox says so.
#[test]
fn a_message_of_a_run_that_a_cap_holds_is_told_with_the_cap() {
    let text = "policy { at most 1 marketing message per week  priority thanks }\n\
                scenario thanks { when purchased product.recurring send email thanks }\n\
                scenario second { when purchased send email later }\n";
    let shop = running_shop(text);
    let why = || scn(shop.path(), &["why", "--contact", "1", "--state", "state.db", "--message", "later"]);
    let cap = "`email later` is not sent yet: at most 1 marketing message in 168 hours (1 so far, room again on ";
    expect(
        &why(),
        0,
        &[
            cap,
            "); that is too late: it expires on ",
            "(`expire 2 days`)",
            "`at most 1 marketing message in 168 hours`: one left at ",
        ],
    );
    execute(&shop.path().join("crm.db"), "UPDATE product SET recurring = 0");
    expect(&why(), 0, &["told from the journal alone", "`email later` is not sent yet: cap; it expires on "]);
}

#[test]
fn what_cannot_be_told_is_said() {
    let text = "identity contact by email\nscenario thanks { when purchased send email thanks }\n\
                scenario card { when cart_updated send email card }\n";
    let sql = "INSERT INTO contact(id, email) VALUES (4, 'ANA@example.com'), (5, 'evil' || char(27) || '@example.com');
        INSERT INTO purchased VALUES (1, 1, '2020-03-20T10:00:00Z', 'lamp', 1, 20, 'x' || char(27) || '[2J', 0),
            (2, 5, '2020-03-20T10:00:00Z', 'lamp', 1, 20, NULL, 0);";
    let shop = shop(text, sql);
    let why = |more: &[&str]| scn(shop.path(), &[&["why"], more].concat());
    expect(&why(&["--contact", "99"]), 1, &["the CRM has no contact `99`", "--state FILE"]);
    expect(
        &why(&["--contact", "1", "--scenario", "thank"]),
        2,
        &["there is no scenario `thank`", "did you mean `thanks`?"],
    );
    expect(
        &why(&["--contact", "1", "--message", "tanks"]),
        2,
        &["there is no message `tanks`", "did you mean `thanks`?"],
    );
    expect(&why(&["--contact", "4"]), 0, &["contact `4` is a row of contact `1`, by `identity`", "was sent on"]);
    expect(
        &why(&["--contact", "1", "--at", "2019-01-01"]),
        0,
        &["answer: nothing had happened by then: the first event"],
    );
    expect(&why(&["--contact", "2"]), 0, &["nothing of what these scenarios read has happened to this contact"]);
    expect(
        &why(&["--contact", "1", "--scenario", "card"]),
        0,
        &["cannot be simulated: the CRM has no table or view `cart_updated`"],
    );
    expect(&why(&["--contact", "1", "--at", "soon"]), 2, &["`soon` of `--at` is no instant"]);
    expect(
        &why(&["--contact", "1", "--scenario", "card", "--message", "thanks"]),
        2,
        &["scenario `card` does not send `thanks`"],
    );
    for format in ["human", "json"] {
        for reveal in [&["--reveal"][..], &[]] {
            let (code, out, _) = why(&[&["--contact", "5", "--format", format], reveal].concat());
            assert_eq!(code, 0, "{out}");
            assert!(!out.contains('\u{1b}'), "{out}");
            assert_eq!(out.contains("evil"), !reveal.is_empty(), "{out}");
        }
    }
    let (_, out, _) = why(&["--contact", "1", "--format", "json"]);
    let story: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(story["scenarios"][1]["instances"][0]["answers"][0], "`email thanks` was sent on 2020-03-20 10:00");
}

/// An instant of `--at` is in the zone in which the story is told, so that one can be copied from the other.
#[test]
fn an_instant_is_asked_in_the_zone_of_the_contact() {
    let text = "policy { time zone contact.time_zone default \"America/New_York\" }\n\
                scenario thanks { when purchased wait 1 hour send email thanks }\n";
    let sql = "ALTER TABLE contact ADD COLUMN time_zone TEXT; UPDATE contact SET time_zone = 'Asia/Tokyo' WHERE id = 1;
        INSERT INTO purchased VALUES (1, 1, '2020-03-02T14:30:00Z', 'lamp', 1, 20, NULL, 0);";
    let shop = shop(text, sql);
    let why = |at: &str| scn(shop.path(), &["why", "--contact", "1", "--at", at]);
    expect(
        &why("2020-03-02"),
        0,
        &["up to 2020-03-02 23:59:59", "times in Asia/Tokyo", "waits until 2020-03-03 00:30"],
    );
    expect(&why("2020-03-03 00:29"), 0, &["waits until 2020-03-03 00:30"]);
    expect(&why("2020-03-03 00:30"), 0, &["was sent on 2020-03-03 00:30"]);
}
