//! A history that holds everything that a CRM may hold is the same from a cache.

use crate::Kept;
use scn::drivers::simulate::{ReadFrom, Request, Simulation};
use std::fmt::Write;

const TEXT: &str = "
    extend contact { level: \"gold\" | \"silver\"? best_time: time? }
    extend purchased { seen: instant? note: text? }
    identity contact by email
    scenario renewal {
      when purchased product.recurring
      wait product.delay - 1 month
      send email reminder unless repurchased
    }
    scenario friends { when friend_purchased   once per friend   wait 3 days   send email reminder }
    scenario lists {
      when purchased product.complements is not empty
      send email reminder unless purchased product in trigger.product.complements ever
    }
    scenario rich {
      when purchased where amount > 12.5 EUR
      for contact.level is \"gold\" or contact.birthday is empty
      wait 1 week
      send email reminder unless purchased where note is \"7\"
    }
    scenario watched { when purchased   wait until trigger.seen + 1 day   send email reminder }
    policy { at most 1 marketing message per day }\n";

/// Takes those too who have no event, and asks all of them before.
const EVERYONE: &str = "
    scenario quiet { when no purchased for 3 months   once every 1 year   send email reminder }\n";
const MEASURED: &str = "
    measure rhythm = average over contacts of average gap of purchased ever, refreshed weekly
    scenario slow { when purchased   wait rhythm default 1 month   send email reminder }\n";

/// Numbers that look drawn.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of(&mut self, texts: &[&str]) -> String {
        texts[self.below(texts.len() as u64) as usize].to_owned()
    }
}

/// The id of a contact: a number, a text, or a text that looks like a number.
fn contact(number: u64) -> String {
    match number % 4 {
        0 | 1 => number.to_string(),
        2 => format!("'c{number}'"),
        _ => format!("'{number}'"),
    }
}

fn crm(seed: u64) -> String {
    let mut drawn = Drawn(seed);
    let mut sql = String::from(
        "CREATE TABLE contact(id, email, level, birthday, best_time, referrer, created_at);
         CREATE TABLE product(id, name, family, recurring, delay);
         CREATE TABLE product_complements(product, complements, rank);
         CREATE TABLE purchased(id, contact, at, arrived_at, product, quantity, amount, seen, note);
         INSERT INTO product VALUES (1, 'soap', 'wash', 1, '3 months'), ('p2', 'lamp', NULL, 0, NULL),
             (3, 'oil', 'wash', 1, 'P2M'), (4, 'rug', NULL, 1, '1 year'), (5, 'broken', NULL, 7, 'soon');
         INSERT INTO product_complements VALUES (1, 'p2', 2), (1, 3, 1), ('p2', 99, NULL), (4, 4, 1);\n",
    );
    for number in 0..50 {
        let email = match number % 10 {
            // One person.
            7 | 8 => format!("'Twin{}@example.com'", number / 10),
            9 => "NULL".to_owned(),
            _ => format!("'c{number}@example.com'"),
        };
        let (level, birthday) = (drawn.of(&["'gold'", "'silver'", "NULL"]), drawn.of(&["'1980-02-29'", "NULL"]));
        let time = drawn.of(&["'10:30'", "NULL"]);
        let referrer = if number % 3 == 0 { contact(drawn.below(60)) } else { "NULL".to_owned() };
        let id = contact(number);
        let row = format!("({id}, {email}, {level}, {birthday}, {time}, {referrer}, '2019-01-{:02}')", 1 + number % 28);
        writeln!(sql, "INSERT INTO contact VALUES {row};").unwrap();
    }
    for number in 0..600_u64 {
        // Some are of contacts that have no row, some of nobody.
        let who = if number % 97 == 0 { "NULL".to_owned() } else { contact(drawn.below(52) + 3) };
        let day = 18_262 + drawn.below(700) as i64;
        let at = match drawn.below(40) {
            0 => format!("date({day} * 86400, 'unixepoch')"),
            1 => format!("{}", day * 86_400 + 7),
            2 => format!("strftime('%Y-%m-%dT%H:%M:%S.123456+02:00', {day} * 86400 + 777, 'unixepoch')"),
            _ => format!("datetime({day} * 86400 + {}, 'unixepoch')", drawn.below(86_400)),
        };
        // One contact has a value that cannot be read.
        let at = if number == 200 { "'a tuesday'".to_owned() } else { at };
        let late =
            if number % 11 == 0 { format!("datetime({day} * 86400 + 400000, 'unixepoch')") } else { "NULL".into() };
        let product = drawn.of(&["1", "'p2'", "3", "4", "99", "5"]);
        let amount = drawn.of(&["12.75", "3", "'1.50'", "'79228162514264337593543950335'", "0.1", "NULL", "'-0.00'"]);
        let id = match number % 3 {
            0 => number.to_string(),
            1 => format!("'o{number}'"),
            _ => format!("'{number}'"),
        };
        let (seen, note) = (drawn.of(&["NULL", "'2021-12-01'"]), drawn.of(&["NULL", "'7'", "''", "'a, b'"]));
        let quantity = drawn.below(5);
        writeln!(
            sql,
            "INSERT INTO purchased VALUES ({id}, {who}, {at}, {late}, {product}, {quantity}, {amount}, {seen}, {note});"
        )
        .unwrap();
    }
    sql
}

/// Everything that a report says of the history, whoever read it from where.
fn words(mut simulation: Simulation) -> String {
    let report = &mut simulation.report;
    (report.threads, report.read_from) = (0, ReadFrom::Crm);
    format!("{report:#?}")
}

#[test]
fn whatever_a_crm_holds() {
    let texts = [TEXT.to_owned(), format!("{TEXT}{EVERYONE}"), format!("{TEXT}{MEASURED}")];
    for (seed, text) in (1..).zip(&texts) {
        let kept = Kept::new(text, &crm(seed));
        let (wanted, cold) = kept.simulate(&kept.request(1, false));
        assert!(wanted.lines().count() > 100, "{wanted}");
        let notes = &cold.report.notes;
        assert!(notes.set_aside > 0 && notes.without_contact > 0 && notes.of_unknown_contacts > 0, "{notes:?}");
        assert!(notes.date_only > 0 && cold.report.unreadable_count > 0 && cold.report.persons > 0, "{notes:?}");
        let span = cold.report.span.unwrap();
        let report = words(cold);
        for (place, threads) in [2, 1, 2, 5].into_iter().enumerate() {
            let (found, warm) = kept.simulate(&kept.request(threads, true));
            assert_eq!(warm.report.read_from == ReadFrom::Cache, place > 0, "{:?}", warm.report.read_from);
            assert!(found == wanted, "case {seed}, with {threads} threads");
            assert!(words(warm) == report, "case {seed}, with {threads} threads");
        }
        let (from, to) = (span.0, scn::time::Instant::from_seconds(1_620_000_000));
        let part = Request { from: Some(from), to: Some(to), ..kept.request(1, false) };
        let (wanted, _) = kept.simulate(&part);
        let (found, warm) = kept.simulate(&Request { cache: Some(kept.settings.clone()), threads: 2, ..part });
        assert_eq!(warm.report.read_from, ReadFrom::Cache);
        assert!(found == wanted, "case {seed}, of a part of the time");
    }
}
