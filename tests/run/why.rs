//! `scn why --state`: what a run decided, however it was cut, is decided once more from what it wrote down.

use super::equal::{Life, arrivals, case, templates};
use super::outbox;
use super::random::Random;
use super::seeds::seeds;
use super::shop::Shop;
use super::world::World;
use rusqlite::Connection;
use scn::drivers::simulate::{Request, simulate};
use scn::drivers::story::{Lived, Teller, Texts, Wanted};
use scn::drivers::why::{Found, produced};
use scn::model::Id;
use scn::store::crm::Crm;
use scn::store::state::Archive;
use scn::time::Instant;

/// How many random runs are told.
const CASES: u64 = 60;

/// The contacts of a CRM, by their ids.
fn contacts(shop: &Shop) -> Vec<Id> {
    let connection = Connection::open(shop.crm()).unwrap();
    let mut statement = connection.prepare("SELECT id FROM contact ORDER BY id").unwrap();
    let id = |value: rusqlite::types::Value| match value {
        rusqlite::types::Value::Integer(id) => Id::Number(id),
        rusqlite::types::Value::Text(id) => Id::Text(id.into()),
        other => panic!("{other:?}"),
    };
    statement.query_map([], |row| row.get(0)).unwrap().map(|value| id(value.unwrap())).collect()
}

#[test]
fn what_a_run_decided_is_decided_once_more() {
    let mut messages = 0;
    for seed in seeds(CASES) {
        // What a scenario sets, it sets in the CRM: what was there before, nobody knows any more.
        let case = case(seed, false);
        let shop = Shop::new(&case.text(), case.world.zone.name(), &templates(&case.stories));
        let full = shop.folder.path().join("full.db");
        case.world.write(&full);
        World { events: Vec::new(), ..case.world.clone() }.write(&shop.crm());
        let request = Request { to: case.world.to.map(Instant::from_seconds), ..Request::default() };
        let simulation = simulate(&shop.bundle, &Crm::open(&full).unwrap(), &request, None).unwrap();
        let Some((from, to)) = simulation.report.span else { continue };
        let mut arrivals = arrivals(&full, &case.world);
        arrivals.retain(|arrival| arrival.arrived <= to.seconds());
        let mut life = Life { shop: &shop, full: &full, random: Random::new(!seed), cuts: 0 };
        life.live(&arrivals, from, to);
        let archive = Archive::open(&shop.state()).unwrap();
        let crm = Crm::open(&shop.crm()).unwrap();
        let mut told = 0;
        for contact in contacts(&shop) {
            let found = produced(&shop.bundle, &crm, &archive, std::slice::from_ref(&contact), None).unwrap();
            let Found::Told(production) = found else { panic!("seed {seed}: contact {contact}: {found:?}") };
            assert_eq!(production.parted, None, "seed {seed}: contact {contact}\n{}", case.text());
            let lived = production.lived.as_ref().unwrap();
            let (texts, zone) = (Texts::default(), lived.zone);
            let (program, world) = (&production.program, &production.world);
            let teller = Teller { program, world, texts: &texts, zone, reveal: true };
            let (trace, refusals, clocks) = (&lived.trace, &lived.refusals, &lived.clocks);
            let lived = Lived { trace, refusals, clocks, deliveries: &production.deliveries };
            let stories = teller.scenarios(lived, &Wanted::default());
            let answers = stories.iter().flat_map(|scenario| &scenario.instances).flat_map(|each| &each.answers);
            told += answers.filter(|answer| answer.contains("` was sent on ")).count();
        }
        let sent = outbox::rows(&shop.state()).iter().filter(|row| row.state == "accepted").count();
        // What leaves together is told of each.
        assert!(told >= sent, "seed {seed}: {sent} messages left, {told} are told");
        messages += sent;
    }
    assert!(messages > 60, "{messages} messages");
}
