//! Who is held out, in the tables of a simulation and of a run.

use super::acts::{self, DAY, HOUR, at};
use super::tables::{coin_flips, of_journal};
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::tables::Tables;
use scn::store::crm::Crm;

/// A held-out message counts under the alternative that would have left, in a simulation and in a run.
#[test]
fn what_is_held_out_is_the_message_that_would_have_left() {
    let text = "policy { holdout 50% }
         scenario remind {
           when purchased
           goal purchased within 30 days of last message
           wait 1 hour
           send email welcome or post letter
         }";
    let shop = acts::shop(text);
    coin_flips(&shop, 1, 160);
    shop.sql("UPDATE contact SET email = NULL");
    shop.sql("ALTER TABLE contact ADD COLUMN post_address TEXT DEFAULT 'rue Haute 1'");
    let request = Request { from: Some(at(0)), to: Some(at(60 * DAY)), ..Request::default() };
    let simulated = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap().report.tables;
    let held_out = |tables: &Tables, name: &str| {
        let of = &tables.scenarios[0];
        of.messages.iter().filter(|row| row.name == name).map(|row| row.cell.held_out.persons).sum::<u64>()
    };
    assert_eq!(held_out(&simulated, "email welcome"), 0);
    assert!(held_out(&simulated, "post letter") > 60);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    let journal = || of_journal(&shop).1;
    assert_eq!(journal().scenarios[0].all.entered, 160);
    run.tick(at(HOUR), &|| false).unwrap();
    assert_eq!(held_out(&journal(), "post letter"), held_out(&simulated, "post letter"));
}
