//! What starts by itself, what is queued, and what of it a state remembers.

use super::build::{World1, bundle, every_month, scenario, step};
use crate::engine::{Act, Effect, Input, State, What};
use crate::ir::{Expr, Op};
use crate::model::Literal;
use crate::time::{Duration, Instant, Zone};
use rust_decimal::Decimal;

fn moment(text: &str) -> Instant {
    Zone::UTC.parse(text).unwrap().0
}

fn acts(effects: &[Effect]) -> Vec<(Instant, &Act)> {
    effects
        .iter()
        .filter_map(|effect| match &effect.what {
            What::Act { act, .. } => Some((effect.at, act)),
            _ => None,
        })
        .collect()
}

#[test]
fn a_contact_that_only_a_period_concerns_is_remembered() {
    let scenario = scenario("monthly", every_month(), |_| vec![step(1, 0, Op::Erase)]);
    let mut world = World1::new(&bundle(vec![scenario]));
    assert!(world.state.is_empty());
    world.step(Input::Look, moment("2024-01-15 10:00"));
    assert!(!world.state.is_empty());
    assert_eq!(world.state.wake(&world.program), Some(moment("2024-02-01 00:00")));
    assert_eq!(world.state.next_due(&world.program), world.state.wake(&world.program));
    let bytes = world.save();
    let read = world.load(&bytes).unwrap();
    assert_eq!(read.wake(&world.program), Some(moment("2024-02-01 00:00")));
    assert_eq!(read.save(&world.program, &world.world), bytes);
    // The fourth form had one list more, the third is the same, the second had one less.
    let whole = bytes.get(1..).unwrap();
    for older in [[&[4], whole, &[0]].concat(), [&[3], whole].concat(), [&[2], &whole[..whole.len() - 1]].concat()] {
        assert_eq!(world.load(&older).unwrap().save(&world.program, &world.world), bytes);
    }
    world.step(Input::Look, moment("2024-01-20 10:00"));
    assert_eq!(world.state.wake(&world.program), Some(moment("2024-02-01 00:00")), "a second look counts nothing anew");
}

/// The fourth form kept the instants of messages that were held out apart: now they are those of last messages.
#[test]
fn the_fourth_form_told_messages_apart_that_were_held_out() {
    let scenario = scenario("monthly", every_month(), |code| {
        vec![step(1, 0, Op::Wait(code.exprs.push(Expr::Literal(Literal::Duration(Duration::days(7))))))]
    });
    let mut world = World1::new(&bundle(vec![scenario]));
    world.step(Input::Look, moment("2024-01-15 10:00"));
    world.step(Input::Timer, moment("2024-02-01 00:00"));
    let held_out = moment("2024-02-01 00:00");
    let bytes = world.save();
    let fourth =
        [&[4], bytes.get(1..).unwrap(), &postcard::to_stdvec(&[(0u32, held_out)].as_slice()).unwrap()].concat();
    let last = |bytes: &[u8]| -> Vec<Option<Instant>> {
        world.load(bytes).unwrap().slots.iter().flatten().map(|instance| instance.last_message).collect()
    };
    assert_eq!((last(&bytes), last(&fourth)), (vec![None], vec![Some(held_out)]));
}

#[test]
fn an_erased_contact_is_remembered_as_such_and_nothing_starts() {
    let scenario = scenario("monthly", every_month(), |_| vec![step(1, 0, Op::Erase)]);
    let mut world = World1::new(&bundle(vec![scenario]));
    world.step(Input::Look, moment("2024-01-15 10:00"));
    world.step(Input::Timer, moment("2024-02-01 00:00"));
    assert_eq!(acts(&world.out.effects), [(moment("2024-02-01 00:00"), &Act::Erase)]);
    assert!(world.state.is_erased() && !world.state.is_empty());
    assert_eq!(world.state.wake(&world.program), None);
    world.state = world.load(&world.save()).unwrap();
    assert!(world.state.is_erased());
    world.step(Input::Look, moment("2024-02-02 00:00"));
    assert_eq!(world.state.wake(&world.program), None);
}

#[test]
fn what_a_scenario_makes_is_queued_saved_and_read_back() {
    // The balance is read, so the credits are kept.
    let scenario = scenario("monthly", every_month(), |code| {
        let ten = code.exprs.push(Expr::Literal(Literal::Number(Decimal::TEN)));
        let debit = |ordinal, visit| step(ordinal, visit, Op::Debit { account: "points".into(), amount: ten });
        let credit = Op::Credit { account: "points".into(), amount: ten, expires: None };
        vec![step(1, 0, credit), debit(2, 0), debit(2, 1)]
    });
    let mut world = World1::new(&bundle(vec![scenario]));
    world.step(Input::Look, moment("2024-01-15 10:00"));
    let first = moment("2024-02-01 00:00");
    world.step(Input::Timer, first);
    let said: Vec<(&str, &str)> = world
        .out
        .effects
        .iter()
        .filter_map(|effect| match &effect.what {
            What::Act { act, outcome, .. } => Some((act.name(), outcome.name())),
            _ => None,
        })
        .collect();
    assert_eq!(said, [("credit", "done"), ("debit", "done"), ("debit", "skipped")]);
    let keys: std::collections::BTreeSet<[u8; 16]> = world
        .out
        .effects
        .iter()
        .filter_map(|effect| match &effect.what {
            What::Act { key, .. } => Some(key.0),
            _ => None,
        })
        .collect();
    assert_eq!(keys.len(), 3, "each turn of a step is another effect");
    assert_eq!(world.state.next_own(), Some(first));
    assert_eq!(world.state.wake(&world.program), Some(first));
    let bytes = world.save();
    world.state = world.load(&bytes).unwrap();
    assert_eq!(world.save(), bytes);
    while world.state.next_own().is_some() {
        let place = world.state.happen(&mut world.life, &world.program, &world.world).unwrap();
        world.step(Input::Event { place }, first);
    }
    // What happened is in the life again after a state is read.
    let bytes = world.save();
    world.life.forget();
    world.state = world.load(&bytes).unwrap();
    world.state.restore(&mut world.life, &world.program, &world.world);
    assert_eq!(world.save(), bytes);
    world.out.effects.clear();
    world.step(Input::Timer, moment("2024-03-01 00:00"));
    let outcomes: Vec<&str> = world
        .out
        .effects
        .iter()
        .filter_map(|effect| match &effect.what {
            What::Act { outcome, .. } => Some(outcome.name()),
            _ => None,
        })
        .collect();
    assert_eq!(outcomes, ["done", "done", "skipped"], "last month's credit was used last month");
    let entered: Vec<Instant> = world.out.effects.iter().map(|effect| effect.entered_at).collect();
    assert!(entered.iter().all(|entered| *entered == moment("2024-03-01 00:00")));
}

#[test]
fn the_first_form_of_a_state_is_read() {
    let scenario = scenario("monthly", every_month(), |_| vec![step(1, 0, Op::Erase)]);
    let world = World1::new(&bundle(vec![scenario]));
    let clock = moment("2024-01-15 10:00");
    let bytes = crate::engine::saved_first::tests::written(clock, "monthly", moment("2024-01-01 00:00"));
    assert_eq!(State::scenarios_of(&bytes), Ok(Vec::new()));
    let read = world.load(&bytes).unwrap();
    assert!(!read.is_empty(), "what its entry rule remembers is kept");
    let again = world.load(&read.save(&world.program, &world.world)).unwrap();
    assert_eq!(again.save(&world.program, &world.world), read.save(&world.program, &world.world));
}
