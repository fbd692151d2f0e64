//! `scn check`: levels, silences and repairs, in a project of its own.

use super::{TEMPLATE, folder, scn};
use std::fs;

/// A scenario with a warning on its fourth line.
const CARE: &str = "scenario care {\n  when purchased once\n  wait 1 day\n  send service email reminder only if product.price > 50 EUR\n}\n";

#[test]
fn a_silence_with_a_reason_keeps_a_warning_from_counting() {
    let shop = folder(&[("care.scn", CARE.as_bytes()), ("templates/reminder.email.html", TEMPLATE.as_bytes())]);
    scn(shop.path(), &["check"]).expect(1, &["T004", "1 warning"]);
    let comment = "  # scn: allow maybe-missing because every product of the shop has a price\n";
    fs::write(shop.path().join("care.scn"), CARE.replace("  send", &format!("{comment}  send"))).unwrap();
    let quiet = scn(shop.path(), &["check"]);
    quiet.expect(0, &["nothing found in 1 file; 1 silenced"]);
    assert!(!quiet.out.contains("T004"));
    // Machines are told, with the reason.
    scn(shop.path(), &["check", "--format", "sarif"])
        .expect(0, &["suppressions", "every product of the shop has a price"]);
    // The formatter keeps it where it is.
    scn(shop.path(), &["fmt"]).expect(0, &[]);
    scn(shop.path(), &["check"]).expect(0, &["1 silenced"]);
    // When the reason is gone, so is the silence.
    let mended = fs::read_to_string(shop.path().join("care.scn")).unwrap();
    let mended = mended.replace("product.price >", "(product.price default 0 EUR) >");
    fs::write(shop.path().join("care.scn"), mended).unwrap();
    scn(shop.path(), &["check"]).expect(1, &["S015", "`maybe-missing` finds nothing on this line"]);
}

#[test]
fn levels_are_the_projects() {
    let shop = folder(&[("care.scn", CARE.as_bytes()), ("templates/reminder.email.html", TEMPLATE.as_bytes())]);
    for (level, code, said) in [("off", 0, "nothing found"), ("note", 0, "1 note"), ("error", 1, "1 error")] {
        fs::write(shop.path().join("scn.toml"), format!("[check.levels]\nmaybe-missing = \"{level}\"\n")).unwrap();
        scn(shop.path(), &["check"]).expect(code, &[said]);
        // What only counts more is no reason not to run.
        scn(shop.path(), &["compile"]).expect(0, &[]);
    }
}

#[test]
fn repairs_are_made_until_nothing_is_left_to_make() {
    // The second mistake shows when the first is mended, and the last has no repair.
    let broken = "scenario care {\n  wehn purchased\n  wait 1 mnth\n  send email reminder unles repurchased\n  set contact.nothing = 3\n}\n";
    let shop = folder(&[("care.scn", broken.as_bytes()), ("templates/reminder.email.html", TEMPLATE.as_bytes())]);
    let ran = scn(shop.path(), &["check", "--fix"]);
    ran.expect(1, &["repaired `care.scn`", "`nothing`"]);
    let text = fs::read_to_string(shop.path().join("care.scn")).unwrap();
    assert_eq!(text, broken.replace("wehn", "when").replace("mnth", "month").replace("unles ", "unless "));
    let again = scn(shop.path(), &["check", "--fix"]);
    assert!(!again.err.contains("repaired"), "{}", again.err);
}
