//! Measures of a run: the same values at the same refreshes as in the simulation, however often and how long it was stopped.

use super::acts::{DAY, at, purchases, query, shop};
use super::random::Random;
use super::shop::{Shop, Told};
use scn::drivers::run::Run;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::why::{Found, produced};
use scn::engine::Value;
use scn::model::Id;
use scn::store::crm::Crm;
use scn::store::state::Archive;
use std::cell::Cell;

/// Of the CRM, and of what scenarios do: it depends on itself.
const RHYTHM: &str = "
    measure rhythm = average over contacts of average gap of purchased ever, refreshed weekly
    measure buyers = count over contacts of purchased in last 10 days, refreshed daily
    scenario story { when purchased   if rhythm > 3 days and buyers > 1 { tag \"slow\" } }";
const VIPS: &str = "
    measure vips = share over contacts of \"vip\" in contact.tags, refreshed weekly
    measure few = count over contacts of \"few\" in contact.tags, refreshed daily
    measure wealth = average over contacts of points, refreshed daily
    measure busy = sum over contacts of if in story then 1 else 0, refreshed daily
    scenario story {
      when purchased
      credit 1 points
      wait 30 hours
      if vips >= 30% or wealth > 2 { tag \"few\" } else { tag \"vip\" }
      wait 3 days
      if busy > 2 or few > 1 { untag \"vip\" }
    }";

/// Two months of purchases of six contacts.
fn history(random: &mut Random) -> Vec<(i64, String)> {
    let mut rows: Vec<(i64, i64, i64)> =
        (0..60).map(|_| (random.range(1, 6), random.range(0, 60 * DAY / 100) * 100 + 7, 5)).collect();
    rows.push((1, 7, 5));
    rows.sort_by_key(|(_, at, _)| *at);
    rows.dedup_by_key(|(_, at, _)| *at);
    purchases(&rows)
}

/// What a simulation tells of the same rows.
fn simulated(text: &str, rows: &[(i64, String)], until: i64) -> Told {
    let shop = shop(text);
    rows.iter().for_each(|(_, sql)| shop.sql(sql));
    let request = Request { from: Some(at(0)), to: Some(at(until)), ..Request::default() };
    let simulation = simulate(&shop.bundle, &Crm::open(&shop.crm()).unwrap(), &request, None).unwrap();
    let told = simulation.report.measures.iter().flat_map(|measure| {
        let each = measure.refreshes.iter();
        each.map(|(at, value)| ((measure.name.clone(), *at), value.clone()))
    });
    told.collect()
}

/// Lets a run look at these seconds since the start; one in three looks is cut, and another process goes on.
fn run(shop: &Shop, rows: &[(i64, String)], looks: &[i64], random: &mut Random) {
    let mut rows = rows;
    let mut run: Option<Run> = None;
    for seconds in looks.iter().copied() {
        let count = rows.iter().take_while(|(row, _)| *row <= at(seconds).seconds()).count();
        let (arrived, later) = rows.split_at(count);
        rows = later;
        arrived.iter().for_each(|(_, sql)| shop.sql(sql));
        let mut at_work = run.take().unwrap_or_else(|| shop.open(at(seconds)));
        if random.percent(33) {
            let (asked, batches) = (Cell::new(0), random.below(4));
            at_work.tick(at(seconds), &|| asked.replace(asked.get() + 1) >= batches).unwrap();
            drop(at_work);
            at_work = shop.open(at(seconds));
        }
        at_work.tick(at(seconds), &|| false).unwrap();
        run = random.percent(80).then_some(at_work);
    }
}

/// The contacts of whom `scn why` decides otherwise than the journal says.
fn parted(shop: &Shop) -> Vec<i64> {
    let (crm, archive) = (Crm::open(&shop.crm()).unwrap(), Archive::open(&shop.state()).unwrap());
    let has_parted = |contact: &i64| {
        let found = produced(&shop.bundle, &crm, &archive, &[Id::Number(*contact)], None).unwrap();
        let Found::Told(production) = found else { panic!("contact {contact}: {found:?}") };
        production.parted.is_some()
    };
    (1..=6).filter(has_parted).collect()
}

#[test]
fn after_a_stop_every_refresh_is_made_up_for() {
    for text in [RHYTHM, VIPS] {
        for seed in 1..=6 {
            let mut random = Random::new(seed);
            let rows = history(&mut random);
            // It looks once a day or so, with stops of up to four weeks.
            let mut looks = vec![0];
            while looks[looks.len() - 1] < 60 * DAY {
                let days = if random.percent(15) { random.range(5, 28) } else { 1 };
                looks.push(looks[looks.len() - 1] + days * DAY + random.range(-3000, 3000));
            }
            let until = looks[looks.len() - 1];
            let wanted = simulated(text, &rows, until);
            let shop = shop(text);
            run(&shop, &rows, &looks, &mut random);
            let found = shop.told();
            assert!(wanted.len() > 60, "{wanted:?}");
            assert_eq!(wanted, found, "seed {seed}, looks at {looks:?}\n{text}");
            assert_eq!(parted(&shop), Vec::<i64>::new(), "seed {seed}, looks at {looks:?}\n{text}");
        }
    }
}

#[test]
fn nothing_is_told_before_anything_happened() {
    let shop = shop(RHYTHM);
    let mut run = shop.open(at(0));
    run.tick(at(0), &|| false).unwrap();
    run.tick(at(DAY), &|| false).unwrap();
    assert_eq!(shop.told(), Told::new());
    purchases(&[(1, DAY + 5, 5)]).iter().for_each(|(_, sql)| shop.sql(sql));
    run.tick(at(DAY + 5), &|| false).unwrap();
    run.tick(at(2 * DAY), &|| false).unwrap();
    assert_eq!(shop.told(), Told::from([(("buyers".to_owned(), at(2 * DAY)), Value::Number(1.into()))]));
}

#[test]
fn a_new_measure_of_what_scenarios_do_is_first_taken_at_its_next_refresh() {
    let old = "scenario story { when purchased   tag \"vip\" }";
    let mut shop = shop(old);
    let mut run = shop.open(at(0));
    purchases(&[(1, 10, 5), (2, DAY, 5)]).iter().for_each(|(_, sql)| shop.sql(sql));
    run.tick(at(10), &|| false).unwrap();
    run.tick(at(DAY + 10), &|| false).unwrap();
    drop(run);
    let new = format!("{VIPS} scenario other {{ when purchased   tag \"vip\" }}");
    shop.edit(&new, "UTC");
    let mut run = shop.open(at(DAY + 20));
    run.tick(at(DAY + 20), &|| false).unwrap();
    assert_eq!(shop.told(), Told::new(), "contacts were stepped since the last midnight");
    run.tick(at(2 * DAY), &|| false).unwrap();
    let few = (("few".to_owned(), at(2 * DAY)), Value::Number(0.into()));
    assert_eq!(shop.told().into_iter().find(|(key, _)| *key == few.0), Some(few));
    assert_eq!(query(&shop, "SELECT contact FROM contact_tags WHERE tags = 'vip'"), ["1", "2"]);
}
