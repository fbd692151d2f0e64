//! What is kept says what going through the events says: for every kind of aggregate, over random lives.

use crate::engine::eval::{Eval, Inside, TriggerValues};
use crate::engine::facts::{Event, Facts, Life, Person, World};
use crate::engine::measures::Measures;
use crate::engine::messages::OwnMessages;
use crate::engine::program::Program;
use crate::engine::state::State;
use crate::engine::tests::build;
use crate::engine::value::Value;
use crate::ir::{Aggregate, Code, Expr, ExprIx, FieldUse, Probe, RecordUse, Start, Window};
use crate::model::{AggregateKind, Id, Type};
use crate::time::{Instant, Zone};
use proptest::prelude::*;
use rust_decimal::Decimal;

/// Two days before the night of 2006-10-29, in which the clocks of Newfoundland went from one minute past midnight back to the
/// day before, and half a minute past one of the half hours after which they did.
const FIRST: i64 = 1_161_916_230;

fn half_hours(count: i64) -> Instant {
    Instant::from_seconds(FIRST + count * 1_800)
}

const KINDS: [(AggregateKind, bool); 12] = [
    (AggregateKind::Count, false),
    (AggregateKind::Count, true),
    (AggregateKind::CountDays, false),
    (AggregateKind::Sum, true),
    (AggregateKind::Average, true),
    (AggregateKind::AverageGap, false),
    (AggregateKind::MedianGap, false),
    (AggregateKind::MostCommon, true),
    (AggregateKind::Share, true),
    (AggregateKind::First, true),
    (AggregateKind::Last, true),
    (AggregateKind::Last, false),
];

/// A purchase: half hours after the start, half hours until it arrives, its amount and its product.
type Row = (i64, i64, Option<(i64, u32)>, u8);

fn field(name: &str, ty: Type) -> FieldUse {
    FieldUse { name: name.into(), ty, optional: true, default: None }
}

/// All aggregates, over all purchases and over those of one product.
fn program() -> (Program, Vec<Aggregate>) {
    let mut aggregates = Vec::new();
    let scenario = build::scenario("s", Start::Started, |code: &mut Code| {
        let fields = vec![field("amount", Type::Number), field("product", Type::Text)];
        code.events.push(RecordUse { name: "purchased".into(), fields });
        code.routes.push(None);
        let amount = code.exprs.push(Expr::Event(0));
        let product = code.exprs.push(Expr::Event(1));
        let is_large = code.exprs.push(Expr::Less(product, amount));
        let all = code.probes.push(Probe { event: 0, filter: None, keys: Vec::new() });
        let of_product = code.probes.push(Probe { event: 0, filter: None, keys: vec![product] });
        for (kind, takes) in KINDS {
            let of = match kind {
                AggregateKind::MostCommon => Some(product),
                AggregateKind::Share => Some(is_large),
                _ => Some(amount),
            };
            for (probe, keys) in [(all, Vec::new()), (of_product, vec![ExprIx(1)])] {
                let (window, of) = (Window::Ever, of.filter(|_| takes));
                let aggregate = Aggregate { kind, probe, keys, window, filter: None, of };
                code.exprs.push(Expr::Aggregate(aggregate.clone()));
                aggregates.push(aggregate);
            }
        }
        Vec::new()
    });
    (Program::link(&build::bundle(vec![scenario]), &[]).unwrap(), aggregates)
}

/// Compares at a moment, for windows that start before the first event, between them, and after the last.
fn compare(program: &Program, aggregates: &[Aggregate], facts: Facts<'_>, zone: Zone, starts: &[i64]) {
    let unit = program.unit(0).unwrap();
    let state = State::default();
    let eval = Eval {
        code: &unit.code,
        world: facts.world,
        facts: Some(facts),
        inside: Some(Inside { program, state: &state, running: None }),
        zone,
        now: Instant::MAX,
        entry: None,
        last_message: None,
        messages: OwnMessages::default(),
        trigger: TriggerValues::None,
        event: None,
        not_given: None,
    };
    for aggregate in aggregates {
        let products = if aggregate.keys.is_empty() { vec![vec![]] } else { vec![vec![product(0)], vec![product(1)]] };
        for keys in &products {
            for start in starts.iter().map(|count| half_hours(*count)).chain([Instant::MIN]) {
                let kept = facts.life.running().ask(&eval, aggregate, keys, start);
                assert_eq!(
                    kept,
                    eval.gone_through(aggregate, keys, start),
                    "{aggregate:?} after {start:?} of {keys:?}"
                );
            }
        }
    }
}

fn product(number: u8) -> Value {
    Value::Number(Decimal::from(number))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_kept_is_what_going_through_says(
        rows in prop::collection::vec(
            (prop_oneof![0i64..900, 90i64..110], prop_oneof![3 => Just(0i64), 1 => 0i64..600], prop::option::of((-500i64..500, 0u32..3)), 0u8..4),
            0..40,
        ),
        own in prop::collection::vec((0usize..40, 0u8..3), 0..5),
        starts in prop::collection::vec(-10i64..1_000, 4),
        zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Pacific/Apia"]),
        turned in any::<bool>(),
    ) {
        let (program, aggregates) = program();
        let (world, person) = (World::default(), Person { id: Id::Number(1), values: Vec::new() });
        let zone = Zone::named(zone).unwrap();
        let mut life = Life::default();
        fill(&mut life, &rows);
        for step in 0..=rows.len() {
            let now = life.admit(&program, &world).and_then(|place| life.event(place)).map(|event| event.arrived);
            for (_, product_of) in own.iter().filter(|(at, _)| *at == step) {
                let at = now.unwrap_or(half_hours(2_000));
                let event = Event { kind: 0, id: Id::Number(-1), at, arrived: at };
                life.add_own(&program, &world, event, [product(9), product(*product_of)]);
            }
            let facts = Facts { world: &world, person: &person, life: &life, measures: Measures::NONE };
            compare(&program, &aggregates, facts, zone, &starts);
        }
        // A contact whose zone changes, and a life that begins anew.
        let facts = Facts { world: &world, person: &person, life: &life, measures: Measures::NONE };
        compare(&program, &aggregates, facts, Zone::UTC, &starts);
        life.forget();
        if turned {
            life.clear();
            fill(&mut life, &rows[rows.len() / 2..]);
        }
        while life.admit(&program, &world).is_some() {}
        let facts = Facts { world: &world, person: &person, life: &life, measures: Measures::NONE };
        compare(&program, &aggregates, facts, zone, &starts);
    }
}

fn fill(life: &mut Life, rows: &[Row]) {
    for (id, (at, late, amount, of)) in rows.iter().enumerate() {
        let (at, arrived) = (half_hours(*at), half_hours(at + late));
        let amount = amount.map_or(Value::Missing, |(digits, scale)| Value::Number(Decimal::new(digits, scale)));
        let of = if *of == 3 { Value::Missing } else { product(*of) };
        life.push(Event { kind: 0, id: Id::Number(id as i64), at, arrived }, [amount, of]);
    }
    life.sort();
}
