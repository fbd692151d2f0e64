use super::Lines;
use crate::drivers::simulate::{Row, ordered};
use crate::engine::{Outcome, Program, Reason, TriggerRef};
use crate::ir::{Bundle, FORMAT, Policy, Settings, StepIx};
use crate::model::Id;
use crate::time::{Duration, Instant, Zone};

/// A program of no scenario.
fn program() -> Program {
    let bundle = Bundle {
        format: FORMAT,
        settings: Settings { currency: "EUR".into(), zone: Zone::UTC, expire: Duration::days(2) },
        policy: Policy::default(),
        measures: Vec::new(),
        identity: Vec::new(),
        references: Vec::new(),
        revenue: Vec::new(),
        scenarios: Vec::new(),
        messages: Vec::new(),
        written: Vec::new(),
    };
    Program::link(&bundle, &[]).unwrap()
}

fn row(at: i64, contact: &Id, trigger: i64) -> Row {
    Row {
        at: Instant::from_seconds(at),
        contact: contact.clone(),
        unit: 0,
        ordinal: 1,
        step: StepIx(0),
        entered_at: Instant::from_seconds(0),
        trigger: TriggerRef { kind: TriggerRef::CONTACT, id: Id::Number(trigger) },
        also: Box::from([]),
        alternative: 0,
        act: None,
        outcome: Some(Outcome::Sent),
        reason: Reason::None,
    }
}

/// Contacts come in the order of ids but for persons who have several rows, numbers and texts; some rows are on disk, some
/// in memory, in one run and in several: the lines are in one order, and the counts are the same.
#[test]
fn lines_come_in_the_order_of_rows_however_they_are_cut() {
    let program = program();
    let mut ids: Vec<Id> = (10..150).map(Id::Number).collect();
    ids.extend([Id::Text("a".into()), Id::Text("b,c".into()), Id::Number(9)]);
    let contacts: Vec<Vec<Row>> = ids
        .iter()
        .enumerate()
        .map(|(place, id)| (0..3).map(|each| row((each * 5 + place as i64 * 3) % 6, id, 100 - each)).collect())
        .collect();
    let mut all: Vec<Row> = contacts.iter().flatten().cloned().collect();
    all.sort_by(Row::order);
    let expected: Vec<String> = all
        .iter()
        .map(|row| {
            let contact =
                if row.contact.to_string().contains(',') { "\"b,c\"".into() } else { row.contact.to_string() };
            format!("{},{contact},,contact/{},", row.at, row.trigger.id)
        })
        .collect();
    for limit in [1, 5, 100, 1_000] {
        for cut in [0, 1, 70, 142, contacts.len()] {
            let mut runs = Vec::new();
            let mut tallies = Vec::new();
            for part in [&contacts[..cut], &contacts[cut..]] {
                let mut lines = Lines::new(&program, true, limit);
                for rows in part {
                    let contact = rows[0].contact.clone();
                    lines.add(&contact, &mut rows.clone()).unwrap();
                }
                let (more, tally) = lines.finish();
                runs.extend(more);
                tallies.push(tally);
            }
            let mut text = Vec::new();
            ordered::write(&runs, 2, ordered::SPAN_BYTES, &mut text).unwrap();
            for (threads, span) in [(1, 1), (3, 1), (2, 400), (2, 5_000)] {
                let mut again = Vec::new();
                ordered::write(&runs, threads, span, &mut again).unwrap();
                assert!(again == text, "limit {limit}, cut {cut}: {threads} threads, {span} bytes in a span");
            }
            let text = String::from_utf8(text).unwrap();
            let found: Vec<&str> = text.lines().collect();
            assert_eq!(found.len(), expected.len());
            let starts = found.iter().zip(&expected).all(|(line, start)| line.starts_with(start.as_str()));
            assert!(starts, "limit {limit}, cut {cut}: {found:#?} {expected:#?}");
            let mut tallies = tallies.into_iter();
            let mut tally = tallies.next().unwrap();
            tallies.for_each(|other| tally.merge(other));
            let report = tally.finish();
            assert_eq!((report.rows, report.sent, report.first.len()), (429, 429, 20));
            assert!(report.first == all[..20], "the first messages of all");
            assert_eq!(report.outcomes.values().sum::<u64>(), 429);
        }
    }
}
