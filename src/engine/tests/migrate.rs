//! Instances that go on with another version: scenarios of labelled steps, in a letter each. `v` and `w` wait a week, the
//! others tag the contact.

use super::build::{World1, bundle, every_month, scenario, step};
use crate::engine::{Act, Crossing, Input, Passage, Program, State, Stays, What};
use crate::ir::{Expr, FORMAT, KeptVersion, Op, Version};
use crate::model::Literal;
use crate::time::{Duration, Instant, Zone};

fn moment(text: &str) -> Instant {
    Zone::UTC.parse(text).unwrap().0
}

fn version(letters: &str) -> Version {
    let scenario = scenario("monthly", every_month(), |code| {
        let week = code.exprs.push(Expr::Literal(Literal::Duration(Duration::days(7))));
        let mut steps = Vec::new();
        for (place, letter) in letters.chars().enumerate() {
            let op = match letter {
                'v' | 'w' => Op::Wait(week),
                tag => Op::Tag { add: true, tag: code.exprs.push(Expr::Literal(Literal::Text(tag.to_string()))) },
            };
            let label = Some(letter.to_string());
            steps.push(crate::ir::Step { label, ..step(place as u16 + 1, 0, op) });
        }
        steps
    });
    Version { format: FORMAT, scenario, messages: Vec::new(), steps: Vec::new() }
}

/// A contact whose instance began with a version on the first of February, and steps until an instant.
fn begun(version: &Version) -> World1 {
    let mut world = World1::new(&bundle(vec![version.scenario.clone()]));
    world.step(Input::Look, moment("2024-01-15 10:00"));
    world.step(Input::Timer, moment("2024-02-01 00:00"));
    world
}

fn kept(version: &Version) -> KeptVersion {
    KeptVersion { hash: version.scenario.hash(), version: version.clone() }
}

/// Lets the contact go on in a world whose present version is another.
fn migrated(world: &World1, old: &Version, new: &Version) -> (World1, Vec<Crossing>) {
    let bytes = world.save();
    let mut next = World1::new(&bundle(vec![new.scenario.clone()]));
    next.program = Program::link(&bundle(vec![new.scenario.clone()]), &[kept(old)]).unwrap();
    let passage = Passage::new(&next.program, &kept(old), &kept(new)).unwrap();
    let mut state = next.load(&bytes).unwrap();
    let crossings = state.migrate(&next.program, next.facts(), &[passage]);
    next.state = state;
    next.state = next.load(&next.save()).unwrap();
    (next, crossings)
}

fn tags(world: &World1) -> String {
    let tag = |what: &What| match what {
        What::Act { act: Act::Tag { tag, .. }, .. } => Some(tag.clone()),
        _ => None,
    };
    world.out.effects.iter().filter_map(|effect| tag(&effect.what)).collect()
}

#[test]
fn an_instance_goes_on_behind_the_wait_in_which_it_stands() {
    let (old, new) = (version("awb"), version("acwdb"));
    let first = begun(&old);
    assert_eq!(tags(&first), "a");
    let (mut world, crossings) = migrated(&first, &old, &new);
    assert_eq!(crossings, [Crossing { from: old.scenario.hash(), ordinal: 2, to: Ok(3) }]);
    assert_eq!(State::scenarios_of(&world.save()), Ok(vec![new.scenario.hash()]));
    let due = moment("2024-02-08 00:00");
    assert_eq!(world.state.wake(&world.program), Some(due), "a timer keeps its instant");
    world.step(Input::Timer, due);
    assert_eq!(tags(&world), "db");
    let entered = moment("2024-02-01 00:00");
    assert!(world.out.effects.iter().all(|effect| effect.at == due && effect.entered_at == entered));
    assert_eq!(world.state.running(), 0);
}

#[test]
fn where_it_is_doubtful_an_instance_stays() {
    let table: [(&str, &str, Result<u16, Stays>); 9] = [
        ("awb", "awbc", Ok(2)),
        ("awb", "wb", Ok(1)),
        ("awb", "cawb", Ok(3)),
        ("awb", "ab", Err(Stays::NoStep)),
        ("awb", "avb", Err(Stays::NoStep)),
        // What was done would come again.
        ("awb", "wab", Err(Stays::Order)),
        // What was to come would be passed over.
        ("awb", "abw", Err(Stays::Order)),
        ("awb", "wcb", Ok(1)),
        ("awb", "awcb", Ok(2)),
    ];
    for (old, new, wanted) in table {
        let (old_version, new_version) = (version(old), version(new));
        let first = begun(&old_version);
        let (mut world, crossings) = migrated(&first, &old_version, &new_version);
        assert_eq!(crossings.iter().map(|each| each.to).collect::<Vec<_>>(), [wanted], "{old} to {new}");
        world.step(Input::Timer, moment("2024-02-08 00:00"));
        if wanted.is_err() {
            assert_eq!(tags(&world), "b", "{old} to {new}: nothing is lost");
        }
    }
}

#[test]
fn what_was_done_in_a_version_long_left_is_not_done_again() {
    let (one, two, three) = (version("aw"), version("wzv"), version("vaw"));
    let first = begun(&one);
    let (mut world, crossings) = migrated(&first, &one, &two);
    assert_eq!(crossings.first().map(|each| each.to), Some(Ok(1)));
    world.step(Input::Timer, moment("2024-02-08 00:00"));
    assert_eq!(tags(&world), "z");
    let (_, crossings) = migrated(&world, &two, &three);
    assert_eq!(crossings.first().map(|each| each.to), Some(Err(Stays::Order)));
}

#[test]
fn a_state_of_the_second_form_is_read() {
    let old = version("awb");
    let world = begun(&old);
    let bytes = world.save();
    let Some((5, rest)) = bytes.split_first().map(|(first, rest)| (*first, rest)) else {
        panic!("the form has changed: {bytes:?}")
    };
    // It ended before what was done in other versions: a list that is empty here.
    let second = [&[2], rest.strip_suffix(&[0]).unwrap()].concat();
    assert_eq!(world.load(&second).unwrap().save(&world.program, &world.world), bytes);
}
