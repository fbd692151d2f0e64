//! What needs no scenario. The meaning is tested by `tests/meaning.rs`, a sentence a file, and by `tests/oracle`.

pub(super) mod build;
mod clocks;
mod for_life;
mod migrate;
mod rows;

use super::{Count, Counts, EffectKey, State};
use crate::engine::StateError;

#[test]
fn effect_keys_are_read_as_they_are_written() {
    let key = EffectKey(std::array::from_fn(|place| place as u8 * 17));
    assert_eq!(key.to_string(), "00112233445566778899aabbccddeeff");
    assert_eq!(key.to_string().parse(), Ok(key));
    for text in [
        "",
        "0011",
        "00112233445566778899aabbccddeefg",
        "00112233445566778899aabbccddeeff00",
        "é0112233445566778899aabbccddeef",
    ] {
        assert_eq!(text.parse::<EffectKey>(), Err(()), "{text}");
    }
}

#[test]
fn counts_add_up() {
    let (mut one, mut two) = (Counts::default(), Counts::default());
    one.add(Count::Started);
    two.add(Count::Started);
    two.add(Count::BeforeStart);
    one.merge(&two);
    assert_eq!(Count::ALL.map(|count| one.get(count)), [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
}

#[test]
fn bytes_that_are_no_state_are_an_error() {
    assert_eq!(State::scenarios_of(&[]), Err(StateError::Broken));
    assert_eq!(State::scenarios_of(&[2, 0xff]), Err(StateError::Broken));
    assert_eq!(State::scenarios_of(&[6, 0]), Err(StateError::Newer(6)));
}
