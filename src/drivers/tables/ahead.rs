//! Which messages may be next of a journey that stands in a wait: what the instructions after it lead to.

use crate::ir::{Op, Scenario, StepIx};

/// By instruction: the steps that send and may be the next that is come to from it, by the numbers that `send` gives them,
/// sorted. Instructions lead forward only; of IR that the compiler never made, what leads back leads nowhere.
pub(super) fn ahead(scenario: &Scenario, sends: &[Option<u32>]) -> Vec<Vec<u32>> {
    let mut found: Vec<Vec<u32>> = vec![Vec::new(); scenario.steps.len()];
    for (place, step) in scenario.steps.values().iter().enumerate().rev() {
        let mut all: Vec<u32> = Vec::new();
        let mut add = |to: usize| all.extend(found.get(to).filter(|_| to > place).into_iter().flatten());
        let on = place + 1;
        let to = |step: &StepIx| step.0 as usize;
        match &step.op {
            Op::Send(_) => {}
            Op::Jump(target) => add(to(target)),
            Op::Branch { otherwise, .. } => [on, to(otherwise)].into_iter().for_each(&mut add),
            Op::Split { arms, .. } => arms.iter().for_each(|arm| add(to(&arm.to))),
            Op::Stop | Op::End => {}
            _ => add(on),
        }
        // What its guard holds back is passed over.
        if step.guard.is_some() && !matches!(step.op, Op::Send(_)) {
            add(on);
        }
        if let Op::Send(_) = step.op {
            all.extend(sends.get(place).copied().flatten());
        }
        all.sort_unstable();
        all.dedup();
        if let Some(slot) = found.get_mut(place) {
            *slot = all;
        }
    }
    found
}
