//! What a simulation takes for opens and clicks: nothing, what the CRM says, or rates; and it says which.

use crate::{execute, folder, scn};
use tempfile::TempDir;

const SCENARIO: &[u8] = b"
scenario thanks {
  when purchased
  once
  send email thanks
  wait up to 3 days for clicked thanks
  if clicked thanks {
    send email clicker
  } else if opened thanks {
    send email opener
  } else {
    send email again
  }
}
";

/// A hundred buyers, of whom the first ten opened a mail `thanks` two days after.
const CRM: &str = "
    CREATE TABLE contact(id INTEGER PRIMARY KEY, email TEXT);
    CREATE TABLE purchased(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, amount REAL);
    CREATE TABLE opened(id INTEGER PRIMARY KEY, contact INTEGER, at TEXT, message TEXT);
    WITH RECURSIVE all_of(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM all_of WHERE id < 100)
    INSERT INTO contact SELECT id, 'p' || id || '@example.com' FROM all_of;
    INSERT INTO purchased SELECT id, id, '2020-01-10T10:00:00Z', 5 FROM contact;
    INSERT INTO opened SELECT id, id, '2020-01-12T10:00:00Z', 'thanks' FROM contact WHERE id <= 10;
    INSERT INTO purchased VALUES (1001, 100, '2020-03-01T10:00:00Z', 5);";

fn shop() -> TempDir {
    let template = b"---\nsubject: A word\n---\nA word. Unsubscribe: https://shop.example/unsubscribe\n";
    let settings = b"crm = \"crm.db\"\n[channels.email]\nfrom = \"shop@example.com\"\n";
    let shop = folder(&[
        ("scn.toml", settings),
        ("thanks.scn", SCENARIO),
        ("templates/thanks.email.txt", template),
        ("templates/clicker.email.txt", template),
        ("templates/opener.email.txt", template),
        ("templates/again.email.txt", template),
    ]);
    execute(&shop.path().join("crm.db"), CRM);
    shop
}

/// How many got each of the second messages: `clicker`, `opener`, `again`.
fn second(shop: &TempDir, more: &[&str]) -> [usize; 3] {
    scn(shop.path(), &[&["simulate", "--effects", "effects.csv"], more].concat()).expect(0, &[]);
    let effects = std::fs::read_to_string(shop.path().join("effects.csv")).unwrap();
    ["clicker", "opener", "again"].map(|message| effects.matches(&format!("email,{message},sent")).count())
}

#[test]
fn nobody_opens_what_is_simulated_unless_it_is_said() {
    let shop = shop();
    assert_eq!(second(&shop, &[]), [0, 0, 100]);
    assert_eq!(second(&shop, &["--engagement", "none"]), [0, 0, 100]);
    assert_eq!(second(&shop, &["--engagement", "replayed"]), [0, 10, 90]);
    assert_eq!(second(&shop, &["--assume", "opened=100%,clicked=0%"]), [0, 100, 0]);
    assert_eq!(second(&shop, &["--assume", "clicked=100%"]), [100, 0, 0]);
    let [clicker, opener, again] = second(&shop, &["--assume", "opened=40%,clicked=20%"]);
    assert_eq!(clicker + opener + again, 100);
    assert!((8..=34).contains(&clicker) && (25..=57).contains(&(clicker + opener)), "{clicker} {opener}");
    assert_eq!([clicker, opener, again], second(&shop, &["--assume", "opened=40%,clicked=20%"]), "draws are stable");
}

#[test]
fn more_open_where_more_is_assumed_and_nobody_else_stops() {
    let shop = shop();
    let who = |rates: &str| -> Vec<String> {
        scn(shop.path(), &["simulate", "--effects", "effects.csv", "--assume", rates]).expect(0, &[]);
        let effects = std::fs::read_to_string(shop.path().join("effects.csv")).unwrap();
        let openers = effects.lines().filter(|line| line.contains(",opener,"));
        openers.map(|line| line.split(',').nth(1).unwrap().to_owned()).collect()
    };
    let (few, many) = (who("opened=20%"), who("opened=30%"));
    assert!(few.len() < many.len() && few.iter().all(|each| many.contains(each)), "{few:?} {many:?}");
}

#[test]
fn the_report_says_which() {
    let shop = shop();
    let say = |more: &[&str], text: &str| scn(shop.path(), &[&["simulate"], more].concat()).expect(0, &[text]);
    say(&[], "engagement none: nobody opens or clicks what is simulated");
    say(&["--engagement", "replayed"], "engagement replayed: who opened or clicked a template in the CRM");
    say(&["--assume", "opened=25%,clicked=4%"], "engagement assumed: 25% of emails opened and 4% of messages clicked");
    say(&["--assume", "clicked=4%"], "assumed: 4% of emails opened and 4% of messages clicked");
    say(&["--format", "json"], "\"engagement\": \"none\"");
    say(&["--format", "json", "--assume", "opened=25%"], "\"opened\": \"25%\"");
}

#[test]
fn rates_that_are_none_are_refused_with_a_way_out() {
    let shop = shop();
    let refuse = |more: &[&str], said: &[&str]| scn(shop.path(), &[&["simulate"], more].concat()).expect(2, said);
    let way_out = "write the shares of messages: `--assume opened=25%,clicked=4%`";
    refuse(&["--assume", "opened=0.25"], &["`0.25` is no share", way_out]);
    refuse(&["--assume", "sent=5%"], &["`opened` and `clicked`, and not `sent`", way_out]);
    refuse(&["--assume", "opened=4%,clicked=25%"], &["more click than open", way_out]);
    refuse(&["--assume", "opened=0%,clicked=25%"], &["more click than open", way_out]);
    refuse(&["--assume", "opened=4%", "--engagement", "none"], &["cannot be used with"]);
    refuse(&["--contact", "1", "--as-test", "--assume", "opened=4%"], &["cannot be used with"]);
}

/// Also where no scenario asks for an open: a reader cannot know that.
#[test]
fn the_report_says_which_where_nothing_asks_for_it() {
    let shop = folder(&[("thanks.scn", b"when purchased send email thanks")]);
    execute(&shop.path().join("crm.db"), CRM);
    let ran = scn(shop.path(), &["simulate", "--crm", "crm.db"]);
    ran.expect(0, &["engagement none: nobody opens or clicks what is simulated"]);
}
