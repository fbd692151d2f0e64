//! Random scenarios and CRMs, the same for the same seed.

use super::calendar::{self, Length, Seconds, Unit};
use super::random::Random;
use super::story::{Condition, Entry, Filter, Goal, Guard, Node, Path, Patience, Pattern, Step, Story, Window};
use super::world::{ContactRow, EventRow, Form, ProductRow, World};
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
const CATEGORIES: [&str; 3] = ["x", "y", "z"];

pub fn world(random: &mut Random, story: &Story) -> World {
    let zone = random.pick(&ZONES);
    let arrives = random.percent(40);
    // Sometimes one or two persons who buy a lot within days, so that much comes due together.
    let gathers = story.steps.iter().any(|node| matches!(node.step, Step::Send { together: true, .. }));
    let dense = random.percent(if gathers { 85 } else { 25 });
    let persons = random.range(1, if dense { 2 } else { 4 });
    let contacts: Vec<ContactRow> = (1..=persons).map(|id| contact(random, id)).collect();
    let products: Vec<ProductRow> = (1..=random.range(2, 5)).map(|id| product(random, id)).collect();
    let mut world =
        World { zone, text_ids: random.percent(30), arrives, contacts, products, events: Vec::new(), to: None };
    let first = moment(random, zone);
    if random.percent(60) {
        world.to = Some(first + random.range(100, 3000) * 86_400);
    }
    let mut before = first;
    for id in 1..=random.range(3, 24) {
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
        event: random.pick(&["purchased", "purchased", "purchased", "subscribed", "order_delivered", "cart_updated"]),
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

/// What the triggers of a story have in common.
#[derive(Clone, Copy)]
struct Has {
    product: bool,
    order: bool,
}

pub fn story(random: &mut Random) -> Story {
    let (triggers, has) = triggers(random);
    let mut story = Story {
        triggers,
        audience: random.percent(25).then(|| audience(random, has)),
        entry: if random.percent(30) { Entry::Always } else { entry(random, has) },
        goal: None,
        stop_when: random.percent(35).then(|| condition(random, has, 1)),
        steps: Vec::new(),
    };
    if random.percent(40) {
        let within = random.percent(60).then(|| length(random));
        // A goal that looks at the last message is judged at the events that it speaks of.
        let condition = if within.is_some() { histories(random, has) } else { condition(random, has, 1) };
        let then = random.percent(40).then(|| {
            let step = Step::Send { messages: messages(random, "thanks"), together: false };
            Box::new(Node { number: 0, guard: guard(random, has), step })
        });
        story.goal = Some(Goal { condition, within, then });
    }
    let count = random.range(1, 5);
    story.steps = steps(random, has, count, 2);
    if random.percent(25) {
        // What comes due on one day, gathered.
        story.entry = Entry::Always;
        story.triggers[0].filters.clear();
        let (days, condition) = (Length::new(random.range(1, 3), Unit::Day), condition(random, has, 0));
        let patience = random.pick(&[
            Step::Wait(Patience::Plain(days)),
            Step::Wait(Patience::Plain(Length::new(1, Unit::Month))),
            Step::WaitUntilTime { weekday: None, hour: 9, minute: 0 },
            Step::WaitFor(days, condition),
        ]);
        story.steps.insert(0, Node { number: 0, guard: None, step: patience });
        let step = Step::Send { messages: messages(random, "gathered"), together: true };
        story.steps.insert(1, Node { number: 0, guard: guard(random, has), step });
        if story.stop_when.is_some() && random.percent(70) {
            story.stop_when = None;
        }
    }
    if !story.steps.iter().any(|node| matches!(node.step, Step::Send { .. })) {
        story.steps.push(send(random, has, false, "finally"));
    }
    story.number();
    story
}

fn triggers(random: &mut Random) -> (Vec<Pattern>, Has) {
    let purchased = |random: &mut Random| Pattern { event: "purchased", filters: own_filters(random) };
    let list = || vec![Filter::ListIs("news")];
    match random.below(10) {
        0..=5 => (vec![purchased(random)], Has { product: true, order: true }),
        6 => (vec![purchased(random), purchased(random)], Has { product: true, order: true }),
        7 => (vec![Pattern { event: "subscribed", filters: list() }], Has { product: false, order: false }),
        8 => {
            let other = Pattern { event: "subscribed", filters: Vec::new() };
            (vec![purchased(random), other], Has { product: false, order: false })
        }
        _ => {
            let pattern = Pattern { event: "order_delivered", filters: Vec::new() };
            (vec![pattern], Has { product: false, order: true })
        }
    }
}

/// Filters of a purchase that look at nothing but the purchase.
fn own_filters(random: &mut Random) -> Vec<Filter> {
    let one = |random: &mut Random| match random.below(8) {
        0 | 1 => Filter::Recurring,
        2 => Filter::Discounted,
        3 => Filter::OrderPresent,
        4 => Filter::DelayPresent,
        5 => Filter::Category { is: random.percent(70), name: random.pick(&CATEGORIES) },
        6 => Filter::QuantityAbove(random.range(1, 3)),
        _ => Filter::AmountBelow(random.range(10, 30)),
    };
    let mut filters: Vec<Filter> = (0..random.pick(&[0, 1, 1, 2])).map(|_| one(random)).collect();
    // `where` comes last: what follows it could be read as a part of it.
    filters.sort_by_key(|filter| matches!(filter, Filter::QuantityAbove(_) | Filter::AmountBelow(_)));
    filters.dedup();
    if filters.iter().filter(|filter| matches!(filter, Filter::QuantityAbove(_) | Filter::AmountBelow(_))).count() > 1 {
        filters.pop();
    }
    filters
}

fn entry(random: &mut Random, has: Has) -> Entry {
    match random.below(10) {
        0..=3 => Entry::Always,
        4 => Entry::Once,
        5 => Entry::OnceEvery(length(random)),
        6 if has.product => Entry::OncePer(random.pick(&[Path::Order, Path::Product, Path::Family, Path::Category])),
        6 if has.order => Entry::OncePer(Path::Order),
        _ => Entry::Latest,
    }
}

fn length(random: &mut Random) -> Length {
    match random.below(7) {
        0 => Length::new(random.range(1, 60), Unit::Hour),
        1 => Length::new(random.range(1, 45), Unit::Day),
        2 => Length::new(random.range(1, 6), Unit::Week),
        3 => Length::new(random.range(1, 14), Unit::Month),
        4 => Length::new(random.range(1, 2), Unit::Quarter),
        5 => Length::new(random.range(1, 3), Unit::Year),
        _ => Length::new(random.range(1, 900), Unit::Minute),
    }
}

fn window(random: &mut Random) -> Window {
    match random.below(8) {
        0..=2 => Window::Default,
        3 => Window::SinceEntry,
        4 => Window::SinceEntryPlus(length(random)),
        5 => Window::SinceLastMessage,
        6 => Window::InLast(length(random)),
        _ => Window::Ever,
    }
}

fn history(random: &mut Random, has: Has) -> Pattern {
    match random.below(8) {
        0 => Pattern { event: "subscribed", filters: Vec::new() },
        1 => Pattern { event: "cart_updated", filters: Vec::new() },
        2 if has.order => Pattern { event: "order_delivered", filters: vec![Filter::Same(Path::Order)] },
        _ => {
            let mut filters = Vec::new();
            if has.product && random.percent(60) {
                filters.push(Filter::Same(random.pick(&[Path::Family, Path::Family, Path::Product, Path::Category])));
            }
            if has.order && random.percent(15) {
                filters.push(Filter::Same(Path::Order));
            }
            if has.product && random.percent(10) {
                filters.push(Filter::MoreThanTrigger);
            } else if random.percent(40) {
                filters.extend(own_filters(random));
            }
            Pattern { event: "purchased", filters }
        }
    }
}

fn condition(random: &mut Random, has: Has, depth: u32) -> Condition {
    match random.below(12) {
        0 if depth > 0 => Condition::Not(Box::new(condition(random, has, depth - 1))),
        1 | 2 if depth > 0 => {
            Condition::And(vec![condition(random, has, depth - 1), condition(random, has, depth - 1)])
        }
        3 if depth > 0 => Condition::Or(vec![condition(random, has, depth - 1), condition(random, has, depth - 1)]),
        4 => Condition::Tier("gold"),
        5 if has.product => Condition::TriggerQuantityAbove(random.range(1, 4)),
        6 if has.product => Condition::TriggerDiscounted,
        7 if has.product => Condition::TriggerHasOrder,
        _ => Condition::History(history(random, has), window(random)),
    }
}

/// A history, or two; nothing else, and no comparison with the trigger's quantity.
fn histories(random: &mut Random, has: Has) -> Condition {
    let one = |random: &mut Random| {
        let mut pattern = history(random, has);
        pattern.filters.retain(|filter| *filter != Filter::MoreThanTrigger);
        Condition::History(pattern, window(random))
    };
    match random.below(4) {
        0 => Condition::And(vec![one(random), one(random)]),
        1 => Condition::Or(vec![one(random), one(random)]),
        _ => one(random),
    }
}

/// For `for`: no instance, so no entry and no message, and the window is written.
fn audience(random: &mut Random, has: Has) -> Condition {
    let mut condition = condition(random, has, 1);
    write_windows(random, &mut condition);
    condition
}

fn write_windows(random: &mut Random, condition: &mut Condition) {
    match condition {
        Condition::History(_, window) => {
            *window = if random.percent(50) { Window::Ever } else { Window::InLast(length(random)) };
        }
        Condition::Not(inner) => write_windows(random, inner),
        Condition::And(all) | Condition::Or(all) => all.iter_mut().for_each(|each| write_windows(random, each)),
        _ => {}
    }
}

fn guard(random: &mut Random, has: Has) -> Option<Guard> {
    match random.below(10) {
        0..=3 => Some(Guard::Unless(condition(random, has, 1))),
        4 => Some(Guard::OnlyIf(condition(random, has, 1))),
        _ => None,
    }
}

fn messages(random: &mut Random, name: &str) -> Vec<(&'static str, String)> {
    match random.below(4) {
        0 => vec![("email", name.to_owned()), ("sms", name.to_owned())],
        1 => vec![("sms", format!("{name}_sms"))],
        _ => vec![("email", name.to_owned())],
    }
}

fn send(random: &mut Random, has: Has, after_wait: bool, name: &str) -> Node {
    let step = Step::Send { messages: messages(random, name), together: after_wait && random.percent(50) };
    Node { number: 0, guard: guard(random, has), step }
}

fn steps(random: &mut Random, has: Has, count: i64, depth: u32) -> Vec<Node> {
    let mut nodes: Vec<Node> = Vec::new();
    for place in 0..count {
        let after_wait =
            nodes.last().is_some_and(|node| !matches!(node.step, Step::Send { .. } | Step::If { .. } | Step::Stop));
        let node = match random.below(if after_wait { 4 } else { 10 }) {
            0..=3 => send(random, has, after_wait, random_name(depth, place)),
            4..=8 => {
                let guard = if random.percent(15) { guard(random, has) } else { None };
                Node { number: 0, guard, step: wait(random, has) }
            }
            _ if depth > 0 => branch(random, has, depth - 1),
            _ => {
                // A stop that always stops would make the rest unreachable.
                let guard = Some(Guard::OnlyIf(condition(random, has, 1)));
                Node { number: 0, guard, step: Step::Stop }
            }
        };
        nodes.push(node);
    }
    nodes
}

fn random_name(depth: u32, place: i64) -> &'static str {
    const NAMES: [[&str; 5]; 3] = [["a", "b", "c", "d", "e"], ["f", "g", "h", "i", "j"], ["k", "l", "m", "n", "o"]];
    NAMES[depth as usize][place as usize]
}

fn branch(random: &mut Random, has: Has, depth: u32) -> Node {
    let arms = (0..random.range(1, 2))
        .map(|_| {
            let count = random.range(1, 2);
            (condition(random, has, 1), steps(random, has, count, depth))
        })
        .collect();
    let otherwise = random.percent(50).then(|| steps(random, has, 1, depth));
    let guard = if random.percent(15) { guard(random, has) } else { None };
    Node { number: 0, guard, step: Step::If { arms, otherwise } }
}

fn wait(random: &mut Random, has: Has) -> Step {
    match random.below(10) {
        0..=2 if has.product => Step::Wait(random.pick(&[
            Patience::Delay,
            Patience::DelayMinus(Length::new(1, Unit::Month)),
            Patience::DelayMinus(Length::new(1, Unit::Week)),
            Patience::DelayPlus(Length::new(3, Unit::Day)),
            Patience::DelayDefault(Length::new(1, Unit::Year)),
        ])),
        3 => Step::WaitUntilEntry(length(random)),
        4 => {
            let weekday = random.percent(60).then(|| random.below(7) as u32);
            Step::WaitUntilTime { weekday, hour: random.range(0, 23) as u32, minute: random.pick(&[0, 30]) }
        }
        5 => Step::WaitUntilBirthday,
        6 | 7 => Step::WaitFor(length(random), condition(random, has, 1)),
        _ => Step::Wait(Patience::Plain(length(random))),
    }
}
