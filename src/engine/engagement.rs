//! Whether somebody opens or clicks a message that only a simulation sends: nobody can know, so it is said.

use super::draws::draw;
use super::messages::MessageRef;
use super::output::EffectKey;
use super::program::Unit;
use super::state::Instance;
use super::step::Stepper;
use super::value::Value;
use crate::ir::{Op, StepIx};
use crate::time::Instant;
use std::sync::Arc;

/// The channel whose messages can be seen to be opened.
const EMAIL: &str = "email";

/// What is known of what people do with the messages of a program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engagement {
    /// Nobody opens or clicks what it sends. What the CRM says was opened is history, and of other messages.
    None,
    /// A row of the CRM that names a template speaks of the latest message from it that was sent by then.
    #[default]
    Replayed,
    /// Stable draws decide; what the CRM says was opened is history, and of other messages.
    Assumed(Rates),
}

/// Which share of the messages sent is opened, and of which a link is followed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    opened: u32,
    clicked: u32,
}

/// Rates count in millionths.
const WHOLE: u32 = 1_000_000;

impl Rates {
    /// From shares in millionths. `None` where one is more than the whole, or more click than open: whoever clicks has opened.
    pub fn new(opened: u32, clicked: u32) -> Option<Rates> {
        (clicked <= opened && opened <= WHOLE).then_some(Rates { opened, clicked })
    }

    /// The share of emails that are opened, in millionths.
    pub fn opened(self) -> u32 {
        self.opened
    }

    /// The share of messages of which a link is followed, in millionths.
    pub fn clicked(self) -> u32 {
        self.clicked
    }

    /// What becomes of a message, by one draw: whoever clicks has opened it. The message is named as
    /// [`Stepper::lasting_name`] does.
    pub(super) fn drawn(self, message: [u8; 16]) -> Drawn {
        let is_under = |share: u32| {
            let draw = draw("scn-engagement-2", &[&message]);
            u128::from(draw) * u128::from(WHOLE) < (u128::from(share) << 64)
        };
        let seconds = draw("scn-engagement-time-2", &[&message]) % SECONDS_OF_A_DAY;
        Drawn { opened: is_under(self.opened), clicked: is_under(self.clicked), after: 1 + seconds as i64 }
    }
}

const SECONDS_OF_A_DAY: u64 = 86_400;
/// How long after it was opened a link of a message is followed, in microseconds.
const READING: i64 = 60_000_000;

pub(super) struct Drawn {
    pub opened: bool,
    pub clicked: bool,
    /// How many seconds after the sending.
    pub after: i64,
}

impl Stepper<'_, '_> {
    /// Queues what is assumed to become of a message that was sent now: opened at a drawn second of the 24 hours that
    /// follow, a link followed a minute later.
    pub(super) fn assume(&mut self, instance: &Instance, unit: &Unit, step: StepIx, alternative: u8, key: EffectKey) {
        let Engagement::Assumed(rates) = self.program.engagement() else { return };
        let Some(Op::Send(send)) = unit.scenario.steps.get(step).map(|step| &step.op) else { return };
        let Some(chosen) = send.alternatives.get(usize::from(alternative)) else { return };
        let drawn = rates.drawn(self.lasting_name(instance, unit, step, &chosen.message));
        let opened = Instant(self.now.0.saturating_add(drawn.after * 1_000_000));
        let message =
            || Value::Message(Arc::new(MessageRef { name: Arc::from(chosen.message.as_str()), key: Some(key) }));
        if drawn.opened && chosen.channel == EMAIL {
            self.make_event_at("opened", key, opened, &[("message", message())]);
        }
        if drawn.clicked {
            let clicked = Instant(opened.0.saturating_add(READING));
            self.make_event_at("clicked", key, clicked, &[("message", message())]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_shares_and_nobody_clicks_what_nobody_opens() {
        assert!(Rates::new(250_000, 40_000).is_some());
        assert_eq!(Rates::new(0, 40_000), None);
        assert!(Rates::new(1_000_000, 1_000_000).is_some());
        assert_eq!(Rates::new(1_000_001, 0), None);
        assert_eq!(Rates::new(40_000, 250_000), None);
    }

    #[test]
    fn draws_come_as_often_as_they_should_and_are_the_same_for_life() {
        let rates = Rates::new(250_000, 40_000).unwrap();
        let key = |number: u32| std::array::from_fn(|place| number.to_le_bytes()[place % 4]);
        let all: Vec<Drawn> = (0..20_000).map(|number| rates.drawn(key(number))).collect();
        let opened = all.iter().filter(|drawn| drawn.opened).count();
        let clicked = all.iter().filter(|drawn| drawn.clicked).count();
        // Four standard deviations.
        assert!(opened.abs_diff(5_000) < 245, "{opened}");
        assert!(clicked.abs_diff(800) < 111, "{clicked}");
        assert!(all.iter().all(|drawn| drawn.opened || !drawn.clicked));
        assert!(all.iter().all(|drawn| (1..=86_400).contains(&drawn.after)));
        let whole = Rates::new(1_000_000, 1_000_000).unwrap();
        assert!((0..1_000).all(|number| whole.drawn(key(number)).clicked));
        let none = Rates::default();
        assert!((0..1_000).all(|number| !none.drawn(key(number)).opened));
        let first = rates.drawn(key(7));
        assert_eq!((first.opened, first.after), (rates.drawn(key(7)).opened, rates.drawn(key(7)).after));
    }
}
