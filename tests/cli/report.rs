//! The tables, as `scn simulate` and `scn report` print them.

use super::{Ran, folder, scn};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

const OFFER: &str =
    "when purchased order is \"first\"\ngoal purchased within 30 days of last message\nsend email hello\n";
const HELLO: &[u8] = b"---\nsubject: hello\n---\nhello\n";

fn shop(scenario: &str, more: &[(&str, &[u8])]) -> tempfile::TempDir {
    let mut files: Vec<(&str, &[u8])> = vec![
        ("offer.scn", scenario.as_bytes()),
        ("templates/hello.email.txt", HELLO),
        ("scn.toml", b"crm = \"crm.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n"),
    ];
    files.extend(more);
    let shop = folder(&files);
    let tables = "CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
                  CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at, amount, \"order\" TEXT);
                  INSERT INTO contact VALUES (1, 'a@example.com'), (2, 'b@example.com'), (3, NULL);";
    crm(shop.path()).execute_batch(tables).unwrap();
    shop
}

fn crm(shop: &Path) -> Connection {
    Connection::open(shop.join("crm.db")).unwrap()
}

/// The lines of a result, words one space apart.
fn lines(ran: &Ran) -> Vec<String> {
    ran.out.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn has(ran: &Ran, wanted: &[&str]) {
    let lines = lines(ran);
    for line in wanted {
        assert!(lines.iter().any(|each| each == line), "`{line}` is not in\n{}", ran.out);
    }
}

const ROWS: &str = "INSERT INTO purchased VALUES
    (1, 1, '2020-01-01 10:00', 5, 'first'), (2, 1, '2020-01-03 11:00', '12.50', 'later'),
    (3, 2, '2020-02-01 10:00', 5, 'first'), (4, 3, '2020-02-01 10:00', 5, 'first');";

#[test]
fn a_simulation_prints_its_tables() {
    let shop = shop(OFFER, &[]);
    crm(shop.path()).execute_batch(ROWS).unwrap();
    let all = scn(shop.path(), &["simulate"]);
    all.expect(0, &["none of these messages was sent", "the bar that a real campaign has to beat"]);
    has(
        &all,
        &[
            "scenario entered waiting sent not sent goal of those sent (95%) after revenue",
            "offer 3 0 2 1 1 50.0% (9.5 to 90.5) 2 days 12.50",
            "revenue in EUR",
        ],
    );
    has(
        &scn(shop.path(), &["simulate", "--by", "month"]),
        &["offer 2020-01 1 0 1 0 1 100.0% (20.7 to 100.0) 2 days 12.50"],
    );
    has(
        &scn(shop.path(), &["simulate", "--by", "step"]),
        &["offer 1: email hello 3 0 2 1 1 50.0% (9.5 to 90.5) 2 days 12.50"],
    );
    has(
        &scn(shop.path(), &["simulate", "--by", "message"]),
        &["offer email hello 3 0 2 1 1 50.0% (9.5 to 90.5) 2 days 12.50"],
    );
    let json: Value = serde_json::from_str(&scn(shop.path(), &["simulate", "--format", "json"]).out).unwrap();
    let all = &json["tables"]["scenarios"][0]["all"];
    assert_eq!(
        [&all["entered"], &all["sent"], &all["goals"], &all["revenue"], &all["hours_to_goal"]["median"]],
        [&json!(3), &json!(2), &json!(1), &json!("12.5"), &json!(49)]
    );
    assert_eq!(all["not_sent"], json!([{"outcome": "suppressed", "reason": "out of reach", "count": 1}]));
    assert_eq!(all["conversion"], json!({"rate": 0.5, "low": 0.094531, "high": 0.905469}));
    assert_eq!(all["against_holdout"]["treated"]["persons"], 2);
    assert!(all["against_holdout"]["why_not"].as_str().unwrap().contains("nobody was held out"));
    let tables = &json["tables"]["scenarios"][0];
    assert_eq!(tables["months"][1]["month"], "2020-02");
    assert_eq!((&tables["steps"][0]["number"], &tables["steps"][0]["step"]), (&json!(1), &json!("1: email hello")));
    assert_eq!(json["tables"]["source"], "simulation");
    let has = |table: &str, key: &str| tables[table][0].get(key).is_some();
    assert_eq!(["months", "steps", "messages"].map(|table| has(table, "entered")), [true, true, true]);
    assert_eq!(["months", "steps", "messages"].map(|table| has(table, "waiting")), [true, true, true]);
}

/// A goal after the last step is no second end, and whoever is erased waits for nothing.
#[test]
fn who_waits_is_counted_once_and_everywhere_alike() {
    let offer = format!("{OFFER}wait 5 days\n");
    let shop = shop(&offer, &[("gone.scn", b"when purchased order is \"bye\"\nerase contact\n")]);
    let rows = "INSERT INTO purchased VALUES
        (1, 1, '2020-01-01 10:00', 5, 'first'), (2, 1, '2020-01-11 10:00', 5, 'later'),
        (3, 2, '2020-01-20 10:00', 5, 'first'), (4, 3, '2020-01-19 10:00', 5, 'bye');";
    crm(shop.path()).execute_batch(rows).unwrap();
    let ran = scn(shop.path(), &["simulate", "--by", "scenario", "--report", "page.html"]);
    has(
        &ran,
        &[
            "gone 1 0 0 0",
            "offer 2 1 2 0 1 50.0% (9.5 to 90.5) 10 days 5.00",
            "reached the goal offer 1",
            "still waiting at the end offer 1",
        ],
    );
    assert!(!ran.out.contains("still waiting at the end  gone"), "{}", ran.out);
    let page = std::fs::read_to_string(shop.path().join("page.html")).unwrap();
    assert_eq!(page.matches("still waiting at the end").count(), 1);
}

/// Who was erased is told wherever a simulation is, and why nobody is compared.
#[test]
fn a_simulation_says_how_many_it_erased() {
    let gone = b"when purchased order is \"bye\"\nerase contact\n".as_slice();
    let shop = shop(OFFER, &[("gone.scn", gone), ("policy.scn", b"policy { holdout 50% }\n")]);
    let (contacts, rows): (Vec<String>, Vec<String>) = (4..24)
        .map(|id| (format!("({id}, 'c{id}@example.com')"), format!("({id}, {id}, '2020-01-01 10:00', 5, 'first')")))
        .unzip();
    let (contacts, rows) = (contacts.join(", "), rows.join(", "));
    let sql = format!(
        "INSERT INTO contact VALUES {contacts}; INSERT INTO purchased VALUES {rows},
         (1, 1, '2019-01-01 10:00', 5, 'bye'), (2, 2, '2019-01-01 10:00', 5, 'bye'), (3, 2, '2019-01-02 10:00', 5, 'first');"
    );
    crm(shop.path()).execute_batch(&sql).unwrap();
    let why = "offer: nothing can be said of what its messages change: 2 persons were erased";
    let note = "2 persons were erased by these scenarios: what the CRM says that they did afterwards (1 event) starts";
    let ran = scn(shop.path(), &["simulate", "--report", "page.html"]);
    ran.expect(0, &[why, note, "nobody opens anything here"]);
    let page = std::fs::read_to_string(shop.path().join("page.html")).unwrap();
    assert!(page.contains(why) && page.contains(note), "{page}");
    let json: Value = serde_json::from_str(&scn(shop.path(), &["simulate", "--format", "json"]).out).unwrap();
    assert_eq!(json["erased"], json!({"persons": 2, "events": 1}));
    let one = scn(shop.path(), &["simulate", "--format", "json", "--contact", "2"]);
    assert_eq!(serde_json::from_str::<Value>(&one.out).unwrap()["erased"], json!({"persons": 1, "events": 1}));
    let scenarios = json["tables"]["scenarios"].as_array().unwrap();
    let offer = scenarios.iter().find(|each| each["scenario"] == "offer").unwrap();
    assert!(offer["said"].as_str().unwrap().starts_with(why), "{offer}");
    std::fs::remove_file(shop.path().join("gone.scn")).unwrap();
    let others = scn(shop.path(), &["simulate"]);
    others.expect(0, &["offer: nothing can be said of what its messages change: too few persons"]);
    assert!(!others.out.contains("erased"), "{}", others.out);
}

#[test]
fn what_counts_as_no_revenue_is_said() {
    let without = OFFER.replace(" within 30 days of last message", "");
    let open = shop(&without, &[]);
    crm(open.path()).execute_batch(ROWS).unwrap();
    scn(open.path(), &["simulate"]).expect(0, &["the goal of `offer` has no window"]);
    let without = OFFER.replace("goal purchased", "goal subscribed");
    let other = shop(&without, &[]);
    crm(other.path())
        .execute_batch("CREATE TABLE subscribed(id INTEGER PRIMARY KEY, contact INTEGER, at, list TEXT)")
        .unwrap();
    crm(other.path()).execute_batch(ROWS).unwrap();
    let ran = scn(other.path(), &["simulate"]);
    ran.expect(0, &["`subscribed`, which the goal of `offer` asks for, has no one field of type money to read"]);
    has(&ran, &["offer 3 0 2 1 0 0.0% (0.0 to 65.8)"]);
    // A CRM without the amounts has no revenue, and simulates all the same.
    let poor = shop(OFFER, &[]);
    crm(poor.path()).execute_batch(ROWS).unwrap();
    crm(poor.path()).execute_batch("ALTER TABLE purchased DROP COLUMN amount").unwrap();
    let ran = scn(poor.path(), &["simulate"]);
    ran.expect(0, &["`purchased`, which the goal of `offer` asks for"]);
    has(&ran, &["offer 3 0 2 1 1 50.0% (9.5 to 90.5) 2 days"]);
}

#[test]
fn arms_are_compared_without_being_asked_for() {
    let split =
        "when purchased order is \"first\"\nsplit offer { small 50% { send email hello } large 50% { stop } }\n";
    let shop = shop(split, &[]);
    crm(shop.path()).execute_batch(ROWS).unwrap();
    for contact in 4..20 {
        let add = format!(
            "INSERT INTO contact VALUES ({contact}, 'x@example.com');
             INSERT INTO purchased VALUES ({contact} + 1, {contact}, '2020-01-05', 5, 'first')"
        );
        crm(shop.path()).execute_batch(&add).unwrap();
    }
    let ran = scn(shop.path(), &["simulate"]);
    ran.expect(0, &["offer offer small", "offer offer large"]);
    assert!(!ran.out.contains("real campaign"), "without a goal there is no rate");
}

#[test]
fn a_report_tells_what_a_run_did() {
    let shop = shop(OFFER, &[]);
    let missing = scn(shop.path(), &["report"]);
    missing.expect(74, &["crm.db.scn-state.db", "`scn run` makes this file"]);
    scn(shop.path(), &["run", "--once"]).expect(0, &["0 messages sent"]);
    let none = scn(shop.path(), &["report"]);
    none.expect(0, &["the journal has nothing to tell yet", "nobody was held out"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let add = format!("INSERT INTO purchased VALUES (1, 1, {now}, 5, 'first'), (2, 3, {now}, 5, 'first')");
    crm(shop.path()).execute_batch(&add).unwrap();
    scn(shop.path(), &["run", "--once"]).expect(0, &["1 message sent"]);
    let ran = scn(shop.path(), &["report"]);
    ran.expect(0, &["offer: nothing can be said of what its messages change: nobody was held out"]);
    has(&ran, &["offer 2 0 1 1 0 0.0% (0.0 to 79.3) 0.00", "offer: 1 message suppressed: out of reach"]);
    let json: Value = serde_json::from_str(&scn(shop.path(), &["report", "--format", "json"]).out).unwrap();
    assert_eq!((&json["contacts"], &json["tables"]["source"]), (&json!(2), &json!("run")));
    assert_eq!(json["tables"]["scenarios"][0]["all"]["entered"], 2);
    // Another folder may hold the state, and what it does not hold is told.
    scn(shop.path(), &["report", "--state", "crm.db"]).expect(74, &["none of the tables of `scn run`"]);
    scn(shop.path(), &["report", "--help"]).expect(0, &["Examples:", "--by month"]);
}

/// Whether somebody waits is in the state of the contact: of one that cannot be read the report says so, and fails.
#[test]
fn states_that_cannot_be_read_are_told_of() {
    let shop = shop(&format!("{OFFER}wait 5 days\n"), &[]);
    scn(shop.path(), &["run", "--once"]).expect(0, &[]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let add = format!("INSERT INTO purchased VALUES (1, 1, {now}, 5, 'first'), (2, 2, {now}, 5, 'first')");
    crm(shop.path()).execute_batch(&add).unwrap();
    scn(shop.path(), &["run", "--once"]).expect(0, &["2 messages sent"]);
    let json = |code: i32| -> Value {
        let ran = scn(shop.path(), &["report", "--format", "json"]);
        ran.expect(code, &[]);
        serde_json::from_str(&ran.out).unwrap()
    };
    let whole = json(0);
    let waiting = |json: &Value| json["tables"]["scenarios"][0]["all"]["waiting"].clone();
    assert_eq!((&whole["unreadable_states"], waiting(&whole)), (&json!(0), json!(2)));
    assert!(!scn(shop.path(), &["report"]).out.contains("warning"));
    let state = Connection::open(shop.path().join("crm.db.scn-state.db")).unwrap();
    for (changed, count, told) in [
        ("UPDATE scn_contact SET state = x'ff' WHERE contact = 1", 1, "warning: the state of 1 contact is"),
        ("UPDATE scn_contact SET state = x''", 2, "warning: the state of 2 contacts is"),
    ] {
        state.execute_batch(changed).unwrap();
        scn(shop.path(), &["report"]).expect(1, &[told, "of a later version or broken: whether they wait"]);
        let broken = json(1);
        assert_eq!((&broken["unreadable_states"], &broken["unreadable_lines"]), (&json!(count), &json!(0)));
        assert_eq!(broken["tables"]["scenarios"][0]["all"]["entered"], 2);
    }
}
