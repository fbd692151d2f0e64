//! What a simulation writes: effects in the form that the ending names, and a page.

use crate::{execute, folder, scn};
use tempfile::TempDir;

const SCENARIO: &[u8] = b"
scenario thanks \"<b>Thanks</b> & more\" {
  when purchased
  once
  goal purchased within 60 days of last message
  send email thanks
  wait 1 week
  send sms again
}

scenario hello {
  when subscribed
  send email thanks
}
";

/// Three buyers, one of them without an address.
const CRM: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT, phone TEXT);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, amount REAL);
    INSERT INTO contact VALUES (17001, 'one@example.com', '+33600000001'), (17002, NULL, NULL), (17003, 'x@example.com', NULL);
    INSERT INTO purchased VALUES (1, 17001, '2020-01-10T10:00:00Z', 5), (2, 17002, '2020-01-11T10:00:00Z', 5),
      (3, 17003, '2020-01-12T11:00:00Z', 5), (4, 17003, '2020-02-12T11:00:00Z', 5);";

fn shop() -> TempDir {
    let shop = folder(&[("scn.toml", b"crm = \"<crm>.db\"\n"), ("thanks.scn", SCENARIO)]);
    execute(&shop.path().join("<crm>.db"), CRM);
    shop
}

fn read(shop: &TempDir, name: &str) -> String {
    std::fs::read_to_string(shop.path().join(name)).unwrap()
}

#[test]
fn the_page_says_what_the_terminal_says() {
    let shop = shop();
    let ran = scn(shop.path(), &["simulate", "--report", "out.html", "--format", "json"]);
    ran.expect(0, &[]);
    let said: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let page = read(&shop, "out.html");
    let sent = said["sent"].as_u64().unwrap();
    assert_eq!(sent, 3, "{}", ran.out);
    for text in [
        "from 2020-01-10 10:00 to 2020-02-12 11:00 (UTC). Nothing was sent.",
        &format!("<dt>messages</dt><dd>{sent}</dd>"),
        "<dt>CRM</dt><dd>&lt;crm&gt;.db</dd>",
        "none: nobody opens or clicks what is simulated",
        "the CRM keeps no history of <code>contact.email</code>, <code>contact.phone</code>: read as they are now",
        "not simulated: hello: the CRM has",
        "&lt;b&gt;Thanks&lt;/b&gt; &amp; more",
        "step 1: email thanks",
        "1 suppressed: out of reach",
        "2 persons get a message at all; 1 of the contacts that were read get none.",
        "none of these messages was sent, so none of them caused a purchase of the past.",
    ] {
        assert!(page.contains(text), "`{text}` is not in\n{page}");
    }
    for text in ["17001", "17003", "one@example.com", "+33600000001", "<b>"] {
        assert!(!page.contains(text), "`{text}` is in the page");
    }
    // The page changes nothing of what is printed.
    assert_eq!(scn(shop.path(), &["simulate", "--format", "json"]).out, ran.out);
}

#[test]
fn effects_have_the_form_that_the_ending_names() {
    let shop = shop();
    for name in ["e.csv", "e.jsonl", "e.json", "e.ndjson", "e.PARQUET", "no_ending"] {
        scn(shop.path(), &["simulate", "--effects", name]).expect(0, &["effects are in"]);
    }
    let csv = read(&shop, "e.csv");
    assert_eq!(csv, read(&shop, "no_ending"));
    assert!(csv.starts_with("at,contact,"), "{csv}");
    let rows = csv.lines().count() - 1;
    assert!(rows > 3, "{csv}");
    assert_eq!(read(&shop, "e.jsonl").lines().count(), rows);
    assert_eq!(read(&shop, "e.jsonl"), read(&shop, "e.ndjson"));
    let array: serde_json::Value = serde_json::from_str(&read(&shop, "e.json")).unwrap();
    assert_eq!(array.as_array().unwrap().len(), rows);
    let first = &array[0];
    assert_eq!((first["at"].as_str(), first["contact"].as_i64()), (Some("2020-01-10T10:00:00Z"), Some(17001)));
    let parquet = std::fs::read(shop.path().join("e.PARQUET")).unwrap();
    assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
}

#[test]
fn what_cannot_be_written_is_said_before_anything_is_simulated() {
    let shop = shop();
    let before = std::fs::read(shop.path().join("<crm>.db")).unwrap();
    for (arguments, code, said) in [
        (&["--effects", "e.xlsx"][..], 2, &["ends in no form that effects are written in", "`.parquet`"][..]),
        (&["--effects", "e.csv.gz"], 2, &["ends in no form"]),
        (&["--report", "out.html", "--effects", "out.html"], 2, &["cannot be one file"]),
        (&["--report", "<crm>.db"], 2, &["is read, and would be written over"]),
        (&["--report", "thanks.scn"], 2, &["is read, and would be written over"]),
        (&["--report", "out.pdf"], 2, &["does not end in `.html`"]),
        (&["--report", "no-such-folder/out.html"], 74, &["cannot write"]),
        (&["--report", "out.html", "--contact", "17001", "--as-test"], 2, &["cannot be used with"]),
    ] {
        let ran = scn(shop.path(), &[&["simulate"], arguments].concat());
        ran.expect(code, said);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    assert_eq!(std::fs::read(shop.path().join("<crm>.db")).unwrap(), before);
    assert_eq!(std::fs::read_dir(shop.path()).unwrap().count(), 3, "nothing is left behind");
}

/// Whatever the project reads stays, whichever command would write over it.
#[test]
fn no_file_of_the_project_is_written_over() {
    let shop = shop();
    let settings = "crm = \"<crm>.db\"\n[sample]\ncsv = \"sales.csv\"\nwith = \"map.sql\"\n";
    let template = "---\nsubject: Hello\n---\nHello\n";
    std::fs::create_dir(shop.path().join("templates")).unwrap();
    let kept = [
        ("scn.toml", settings),
        ("sales.csv", "at,contact\n"),
        ("map.sql", "SELECT 1;\n"),
        ("templates/thanks.email.html", template),
        ("templates/thanks.email.txt", "Hello\n"),
    ];
    kept.iter().for_each(|(name, text)| std::fs::write(shop.path().join(name), text).unwrap());
    for arguments in [
        &["simulate", "--effects", "sales.csv"][..],
        &["simulate", "--effects", "map.sql"],
        &["simulate", "--report", "templates/thanks.email.html"],
        &["simulate", "--report", "templates/../scn.toml"],
        &["compile", "--out", "sales.csv"],
        &["compile", "--out", "templates/thanks.email.html"],
        &["compile", "--out", "<crm>.db"],
        &["test", "--junit", "thanks.scn"],
        &["test", "--junit", "sales.csv"],
        &["graph", "--out", "templates/thanks.email.txt", "--scenario", "thanks"],
    ] {
        scn(shop.path(), arguments).expect(2, &["is read, and would be written over"]);
    }
    kept.iter().for_each(|(name, text)| assert_eq!(read(&shop, name), *text));
    scn(shop.path(), &["simulate", "--effects", "templates/effects.csv"]).expect(0, &["effects are in"]);
    scn(shop.path(), &["simulate", "--effects", "templates/effects.csv"]).expect(0, &["effects are in"]);
}

/// All of the policy, also what it says of time; where there is none, nothing.
#[test]
fn the_policy_is_told_with_its_zone_and_how_late_a_message_may_leave() {
    let shop = shop();
    let terms = |policy: &str| -> Vec<String> {
        std::fs::write(shop.path().join("policy.scn"), policy).unwrap();
        let ran = scn(shop.path(), &["simulate", "--report", "out.html"]);
        ran.expect(0, &[]);
        let lines: Vec<String> =
            ran.out.lines().filter_map(|line| line.strip_prefix("policy: ")).map(str::to_owned).collect();
        let told = if lines.is_empty() { "there is none: nothing is limited".into() } else { lines.join("; ") };
        assert!(read(&shop, "out.html").contains(&told.replace('"', "&quot;")), "{lines:?}");
        lines
    };
    assert_eq!(terms(""), [""; 0]);
    assert_eq!(terms("policy { time zone \"Europe/Paris\" }"), ["time zone Europe/Paris", "expire 2 days"]);
    assert_eq!(
        terms("policy { quiet hours 20:00 to 09:00  expire 6 hours }"),
        ["time zone UTC", "quiet hours 20:00 to 09:00", "expire 6 hours"]
    );
    assert_eq!(
        terms("policy { time zone contact.time_zone default \"Europe/Paris\"  holdout 5% }"),
        ["time zone contact.time_zone, without one Europe/Paris", "holdout 5%", "expire 2 days"]
    );
}

/// `scn check` tells warnings; who simulates again and again is told once that there are some.
#[test]
fn warnings_are_one_line() {
    let warned = b"when purchased goal purchased within 30 days of last message wait 1 day send email thanks";
    let shop = folder(&[
        ("old/thanks.scn", warned),
        ("new/thanks.scn", &[&warned[..], b" wait 1 week send sms later"].concat()),
    ]);
    execute(&shop.path().join("crm.db"), CRM);
    for arguments in [
        &["simulate", "new", "--crm", "crm.db"][..],
        &["why", "new", "--crm", "crm.db", "--contact", "17001"],
        &["diff", "old", "new", "--crm", "crm.db"],
    ] {
        let ran = scn(shop.path(), arguments);
        ran.expect(0, &[]);
        assert_eq!(ran.err, "1 warning in these scenarios: `scn check` tells it\n", "{arguments:?}");
    }
    scn(shop.path(), &["check", "new"]).expect(1, &["F005"]);
}
