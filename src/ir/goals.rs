//! Which events a goal asks for.

use super::{Expr, ExprIx, RecordUse, Scenario};

impl Scenario {
    /// The events whose money counts as revenue of this scenario: those that make its goal true, where the goal has a window.
    /// An event that the goal asks not to happen is none of them.
    pub fn revenue_events(&self) -> Vec<&RecordUse> {
        let mut slots = Vec::new();
        if let Some(goal) = self.goal.as_ref().filter(|goal| goal.within.is_some()) {
            self.collect_events(goal.condition, true, &mut slots);
        }
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter().filter_map(|slot| self.code.events.get(usize::from(slot))).collect()
    }

    fn collect_events(&self, ix: ExprIx, wanted: bool, slots: &mut Vec<u16>) {
        let Some(expr) = self.code.exprs.get(ix) else { return };
        let probe = match expr {
            Expr::Not(one) => return self.collect_events(*one, !wanted, slots),
            Expr::History { probe, .. } | Expr::Scan { probe, .. } => Some(*probe),
            Expr::Aggregate(aggregate) => Some(aggregate.probe),
            _ => None,
        };
        match probe.and_then(|probe| self.code.probes.get(probe)) {
            Some(probe) if wanted => slots.push(probe.event),
            Some(_) => {}
            None => expr.operands().into_iter().for_each(|operand| self.collect_events(operand, wanted, slots)),
        }
    }
}
