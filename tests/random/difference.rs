//! A program differs in nothing from itself; of two programs each row is told once, however it is cut.

use super::{case, seeds};
use scn::drivers::diff::{Changes, diff};
use scn::drivers::simulate::Request;
use scn::store::crm::Crm;

#[test]
fn each_row_of_two_programs_is_told_once() {
    let mut changed = 0;
    for seed in seeds(30) {
        let (one, other) = (case(seed), case(seed + 1));
        let told =
            |what: &str| format!("seed {seed} (SCN_SEED={seed}): {what}\n{}\n{}", one.program.text, other.program.text);
        let full = one.file("full.db");
        one.history.write_all(&full);
        let crm = Crm::open(&full).unwrap();
        let request = Request { from: Some(one.from()), to: Some(one.to()), ..Request::default() };

        let (first, second) = (&one.shop.bundle, &other.shop.bundle);
        let same = diff(first, first, Changes::One, &crm, &request).unwrap().tally;
        let rows = one.effects(&full, 1).lines().count() as u64 - 1;
        assert_eq!((same.rows.old, same.rows.new, same.rows.kept), (rows, rows, rows), "{}", told("not itself"));
        assert_eq!(same.messages().changed.noticed() + same.persons.changed, 0, "{}", told("not itself"));

        let alone = [first.clone(), second.clone()];
        let found = diff(first, second, Changes::Each(&alone), &crm, &request).unwrap().tally;
        let mut csv = Vec::new();
        scn::drivers::simulate::simulate(second, &crm, &request, Some(&mut csv)).unwrap();
        let counts = found.rows;
        assert_eq!(counts.old, rows, "{}", told("rows of the first"));
        assert_eq!(counts.new, String::from_utf8(csv).unwrap().lines().count() as u64 - 1, "{}", told("of the second"));
        assert_eq!(counts.old, counts.kept + counts.changed + counts.old_alone, "{}", told("each row of the first"));
        assert_eq!(counts.new, counts.kept + counts.changed + counts.new_alone, "{}", told("each row of the second"));
        let messages = found.messages();
        let differs = messages.changed.gained as i64 - messages.changed.lost as i64;
        assert_eq!(messages.after as i64 - messages.before as i64, differs, "{}", told("the sum of messages"));
        // The first alone changes nothing, the second everything.
        assert!(found.causes.keys().all(|(_, causes)| *causes == 2), "{}", told("the cause is the second"));

        let cut = Request { threads: 3, rows_in_memory: 2, ..request };
        let again = diff(first, second, Changes::Each(&alone), &crm, &cut).unwrap().tally;
        assert_eq!(format!("{found:?}"), format!("{again:?}"), "{}", told("how rows are cut matters"));
        changed += messages.changed.noticed();
    }
    println!("{changed} messages changed");
    assert!(std::env::var("SCN_SEED").is_ok() || changed > 50, "{changed} messages changed");
}
