//! Random CRMs.

use crate::calendar::{self, Length, Seconds, Unit};
use crate::random::Random;
use crate::story::{Step, Story};
use crate::world::{ContactRow, EventRow, Form, ProductRow, World};
use chrono::NaiveDate;
use chrono_tz::Tz;

const ZONES: [Tz; 6] = [
    Tz::UTC,
    Tz::Europe__Paris,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Sao_Paulo,
    Tz::Asia__Kolkata,
];

pub fn world(random: &mut Random, stories: &[Story]) -> World {
    let zone = random.pick(&ZONES);
    let arrives = random.percent(40);
    // Sometimes one or two persons who buy a lot within days, so that much comes due together.
    let gathers = stories
        .iter()
        .flat_map(|story| &story.steps)
        .any(|node| matches!(node.step, Step::Send { together: true, .. }));
    let dense = random.percent(if gathers { 85 } else { 25 });
    // Sometimes many persons, of whom little is known.
    let sparse = !dense && random.percent(20);
    let persons = random.range(1, if dense { 2 } else { 4 }) + if sparse { 4 } else { 0 };
    let contacts: Vec<ContactRow> = (1..=persons).map(|id| contact(random, id)).collect();
    let products: Vec<ProductRow> = (1..=random.range(2, 5)).map(|id| product(random, id)).collect();
    let mut world =
        World { zone, text_ids: random.percent(30), arrives, contacts, products, events: Vec::new(), to: None };
    let first = moment(random, zone);
    if random.percent(60) {
        world.to = Some(first + random.range(100, 3000) * 86_400);
    }
    let mut before = first;
    for id in 1..=if sparse { persons + 3 } else { random.range(3, 24) } {
        let event = event(random, &world, id, first, before, dense);
        before = event.at;
        world.events.push(event);
    }
    world
}

fn contact(random: &mut Random, id: i64) -> ContactRow {
    ContactRow {
        id,
        email: random.pick(&[Some("a@example.com"), Some("b@example.com"), Some("c@example.com"), None, Some("  ")]),
        phone: random.pick(&[Some("+33600000000"), None]),
        tier: random.pick(&[Some("gold"), Some("silver"), None]),
        birthday: random.pick(&[Some("1980-02-29"), Some("1991-03-31"), Some("1970-12-25"), None]),
    }
}

fn product(random: &mut Random, id: i64) -> ProductRow {
    let delays = [
        Some("1 week"),
        Some("10 days"),
        Some("1 month"),
        Some("2 months"),
        Some("P3M"),
        Some("1 year 6 months"),
        Some("5 years"),
        Some("36 hours"),
        Some("P1Y"),
        None,
    ];
    ProductRow {
        id,
        family: random.pick(&[Some("f"), Some("g"), None]),
        category: random.pick(&[Some("x"), Some("y"), None]),
        recurring: random.percent(75),
        delay: random.pick(&delays).map(str::to_owned),
    }
}

/// Often the end of a month, the night when clocks change, or midnight.
fn moment(random: &mut Random, zone: Tz) -> Seconds {
    let (year, month) = (random.range(2019, 2022) as i32, random.range(1, 12) as u32);
    let date = match random.below(4) {
        0 => NaiveDate::from_ymd_opt(year, month, 1).unwrap() + chrono::Months::new(1) - chrono::Days::new(1),
        1 => {
            let changes = [(2019, 3, 31), (2019, 10, 27), (2020, 3, 8), (2020, 11, 1), (2021, 3, 28), (2021, 10, 31)];
            let (year, month, day) = random.pick(&changes);
            NaiveDate::from_ymd_opt(year, month, day).unwrap()
        }
        _ => NaiveDate::from_ymd_opt(year, month, random.range(1, 28) as u32).unwrap(),
    };
    let time = match random.below(3) {
        0 => (random.range(0, 3) as u32, random.pick(&[0, 15, 30, 59])),
        1 => (0, 0),
        _ => (random.range(4, 23) as u32, random.range(0, 59) as u32),
    };
    calendar::from_local(zone, date.and_hms_opt(time.0, time.1, 0).unwrap())
}

fn event(random: &mut Random, world: &World, id: i64, first: Seconds, before: Seconds, dense: bool) -> EventRow {
    let at = match random.below(if dense { 2 } else { 6 }) {
        0 => before,
        1 => before + random.range(1, if dense { 9 } else { 40 }) * 3600,
        2 => moment(random, world.zone).max(first),
        3 => calendar::add(world.zone, before, Length::new(random.range(1, 3), Unit::Month).parts()),
        _ => before + random.range(-20, 40) * 86_400 + random.range(0, 1439) * 60,
    };
    // Sometimes a contact, or a product, of which the CRM has no row.
    let (stranger, unknown) = (i64::from(random.percent(5)), i64::from(random.percent(5)));
    let contact = random.range(1, world.contacts.len() as i64 + stranger);
    let product = random.range(1, world.products.len() as i64 + unknown);
    let form = random.pick(&[Form::Space, Form::Space, Form::Letters, Form::Offset, Form::Number, Form::Day]);
    let late = world.arrives && random.percent(35);
    EventRow {
        event: random.pick(&[
            "purchased",
            "purchased",
            "purchased",
            "returned",
            "returned",
            "subscribed",
            "order_delivered",
            "cart_updated",
        ]),
        id: id * random.pick(&[1, 100]) + 1000 * random.range(0, 9) * 10 + 100_000 * id,
        contact,
        at,
        form,
        arrived: late.then(|| at + random.range(-2, 60) * 86_400),
        product,
        quantity: random.range(1, 5),
        amount: random.range(100, 4000),
        order: random.pick(&[Some("o1"), Some("o2"), Some("o3"), None]),
        discounted: random.pick(&[Some(true), Some(false), None]),
        list: random.pick(&["news", "offers"]),
    }
}
