//! What follows from the row of an entity is worked out once; whether it is does not show.

use super::build::{World1, bundle, scenario, step};
use crate::engine::{EntityTable, Event, Input, World};
use crate::ir::{
    Alternative, Class, Code, Expr, ExprIx, FieldUse, Guard, Op, Probe, RecordUse, Scenario, Send, Start, Step,
    Trigger, Window,
};
use crate::model::{Id, Literal, Type};
use crate::time::{Duration, Instant};

fn field(name: &str, ty: Type) -> FieldUse {
    FieldUse { name: name.into(), ty, optional: true, default: None }
}

/// `product.family`, `product.delay`, `product.recurring` of a reference.
fn fields(code: &mut Code, of: Expr) -> [ExprIx; 3] {
    let of = code.exprs.intern(of);
    [0, 1, 2].map(|field| code.exprs.intern(Expr::Field { of, entity: 0, field }))
}

/// What both scenarios ask: whether the trigger is recurring and not of the family `c`; how long a month less than its delay
/// is; and whether another of its family was bought since.
fn prepare(code: &mut Code) -> (ExprIx, ExprIx, ExprIx) {
    let product = || field("product", Type::Entity("product".into()));
    code.trigger = vec![product()];
    code.events = vec![RecordUse { name: "purchased".into(), fields: vec![product()] }];
    code.routes = vec![None];
    let fields_of_product =
        vec![field("family", Type::Text), field("delay", Type::Duration), field("recurring", Type::Flag)];
    code.entities = vec![RecordUse { name: "product".into(), fields: fields_of_product }];
    let [family, _, recurring] = fields(code, Expr::Event(0));
    let c = code.exprs.push(Expr::Literal(Literal::Text("c".into())));
    let is_c = code.exprs.push(Expr::Equal(family, c));
    let is_not_c = code.exprs.push(Expr::Not(is_c));
    let filter = code.exprs.push(Expr::And(vec![recurring, is_not_c]));
    let probe = code.probes.push(Probe { event: 0, filter: Some(recurring), keys: vec![family] });
    let [family, delay, _] = fields(code, Expr::Trigger(0));
    let month = code.exprs.push(Expr::Literal(Literal::Duration(Duration::months(1))));
    let length = code.exprs.push(Expr::Subtract(delay, month));
    let entry = code.exprs.push(Expr::Entry);
    let again = Expr::History { probe, keys: vec![family], window: Window::Since(entry) };
    (filter, length, code.exprs.push(again))
}

fn send(code: &mut Code, guard: Option<Guard>) -> Step {
    let address = code.exprs.push(Expr::ContactId);
    let alternatives = vec![Alternative { channel: "push".into(), message: "hello".into(), address, consent: None }];
    let send = Send { class: Class::Transactional, alternatives, with: Vec::new(), together: None };
    Step { guard, ..step(2, 0, Op::Send(send)) }
}

/// One that skips its message, and one that stops, when another of the family was bought.
fn scenarios() -> Vec<Scenario> {
    let skips = {
        let mut filter = None;
        let mut made = scenario("skips", Start::Started, |code| {
            let (passes, length, again) = prepare(code);
            filter = Some(passes);
            vec![step(1, 0, Op::Wait(length)), send(code, Some(Guard::Unless(again)))]
        });
        made.start = Start::Events(vec![Trigger { event: 0, filter }]);
        made
    };
    let stops = {
        let mut found = None;
        let mut made = scenario("stops", Start::Started, |code| {
            let (passes, length, again) = prepare(code);
            found = Some((passes, again));
            vec![step(1, 0, Op::Wait(length)), send(code, None)]
        });
        let (filter, again) = found.unwrap();
        made.start = Start::Events(vec![Trigger { event: 0, filter: Some(filter) }]);
        made.stop_when = Some(again);
        made
    };
    vec![skips, stops]
}

/// Products with and without values, of three families.
fn world(program: &crate::engine::Program) -> World {
    let mut table = EntityTable::new(3);
    let fields = &program.needs().entities[0].fields;
    for (row, (family, months, recurring)) in [
        (Some("a"), Some(2), Some(true)),
        (Some("a"), Some(3), Some(true)),
        (Some("b"), Some(2), Some(false)),
        (None, Some(2), Some(true)),
        (Some("b"), None, Some(true)),
        (Some("c"), Some(4), Some(true)),
        (Some("b"), Some(1), None),
        (Some("b"), Some(4), Some(true)),
    ]
    .into_iter()
    .enumerate()
    {
        let value = |field: &FieldUse| match field.name.as_str() {
            "family" => family.map(|family| Literal::Text(family.into())),
            "delay" => months.map(|months| Literal::Duration(Duration::months(months))),
            _ => recurring.map(Literal::Flag),
        };
        let values = fields.iter().map(|field| value(field).map_or_else(Default::default, |value| (&value).into()));
        table.push(Id::Number(row as i64), values.collect::<Vec<_>>());
    }
    World { tables: vec![table], ..World::default() }
}

/// Lives the purchases of some products, a week apart, and tells all that came of it.
fn live(products: &[i64], knows_rows: bool) -> (String, Vec<u8>) {
    let mut one = World1::new(&bundle(scenarios()));
    one.world = world(&one.program);
    if knows_rows {
        one.program.know_rows(&mut one.world);
    }
    // Twice, so that what is forgotten between two contacts is.
    for _ in 0..2 {
        one.life.clear();
        one.state.clear();
        one.out = Default::default();
        for (number, product) in products.iter().enumerate() {
            let at = Instant(number as i64 * 7 * 86_400_000_000);
            let event = Event { kind: 0, id: Id::Number(number as i64), at, arrived: at };
            one.life.push(event, [one.world.refer(0, Id::Number(*product))]);
        }
        let end = Instant(500 * 86_400_000_000);
        loop {
            let next = one.life.next().map(|event| event.at);
            match one.state.next_due(&one.program).filter(|due| next.is_none_or(|next| *due < next)) {
                Some(due) => one.step(Input::Timer, due),
                None => match one.life.admit(&one.program, &one.world) {
                    Some(place) => one.step(Input::Event { place }, next.unwrap_or(end)),
                    None => break,
                },
            }
        }
    }
    (format!("{:?} {:?}", one.out.effects, one.out.counts), one.save())
}

#[test]
fn whether_rows_are_known_does_not_show() {
    // Product 9 has no row.
    let lives: [&[i64]; 7] = [
        &[0],
        &[2, 5, 2],
        &[0, 1, 0, 1],
        &[0, 2, 1, 3, 4, 3],
        &[5, 5, 5, 0, 5],
        &[9, 0, 9, 6, 7, 7],
        &[7, 2, 6, 4, 7, 0, 1, 3, 5],
    ];
    for products in lives {
        assert_eq!(live(products, true), live(products, false), "{products:?}");
    }
    let (told, _) = live(&[0, 1, 0, 1], true);
    assert!(told.contains("Unless") && told.contains("Sent"), "both outcomes: {told}");
}
