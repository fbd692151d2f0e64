//! Those who got messages beside those who were held out.

use super::statistics::{Interval, Share, newcombe, welch};
use super::{Cell, GoalKind, Group, ScenarioTables};

/// Of fewer persons in one of the groups nothing is said.
pub const PERSONS_MIN: u64 = 20;

/// The difference between two groups of persons whom one draw has parted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    pub treated: Group,
    pub held_out: Group,
    /// Of those with a message, less of those held out.
    pub conversion: Interval,
    /// Revenue a person, in the currency's units; `None` where nothing counts as revenue, or nobody spent anything.
    pub revenue: Option<Interval>,
}

/// Why there is no comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhyNot {
    NoGoal,
    /// Nobody got a marketing message.
    NothingSent,
    NoHoldout {
        /// Whether the policy has a holdout.
        is_set: bool,
    },
    TooFew {
        treated: u64,
        held_out: u64,
    },
    /// So many persons were erased, by whatever scenario and whenever: who is left is no fair sample of either group.
    Erased {
        persons: u64,
    },
}

impl ScenarioTables {
    /// Whether its events have money that counts as revenue.
    pub fn has_revenue(&self) -> bool {
        self.goal == GoalKind::Window && self.without_money.is_empty()
    }

    /// Compares the groups of one of its rows.
    pub fn compare(&self, cell: &Cell) -> Result<Comparison, WhyNot> {
        let Cell { treated, held_out, .. } = *cell;
        let too_few = WhyNot::TooFew { treated: treated.persons, held_out: held_out.persons };
        match () {
            () if self.goal == GoalKind::None => return Err(WhyNot::NoGoal),
            () if held_out.persons == 0 => return Err(WhyNot::NoHoldout { is_set: self.has_holdout }),
            () if treated.persons == 0 => return Err(WhyNot::NothingSent),
            () if self.erased > 0 => return Err(WhyNot::Erased { persons: self.erased }),
            () if treated.persons.min(held_out.persons) < PERSONS_MIN => return Err(too_few),
            () => {}
        }
        let conversion = newcombe(share(&treated), share(&held_out)).ok_or(too_few)?;
        let revenue = if self.has_revenue() { welch(&treated, &held_out) } else { None };
        Ok(Comparison { treated, held_out, conversion, revenue })
    }
}

/// Those of a group who reached their goal.
pub fn share(group: &Group) -> Share {
    Share { part: group.converted, of: group.persons }
}
