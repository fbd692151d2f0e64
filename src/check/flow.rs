//! What only the whole of a scenario shows: exits before the first message, several triggers at one instant.

use super::crowding;
use super::typed::{EntryRule, Expr, Kind, Policy, Scenario, Start, Step, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use std::collections::BTreeSet;

/// Judges scenarios as a whole, in the order of their names.
pub fn check_flow(scenarios: &[Scenario], policy: &Policy, out: &mut Vec<Diagnostic>) {
    for scenario in scenarios {
        out.extend(goal_before_message(scenario));
        if !crowding::is_started_often(scenario, policy) {
            out.extend(several_at_once(scenario));
        }
        asked_before_sent(scenario, out);
    }
}

/// A goal that looks at the last message ends nothing before there is one; then only a `stop when` or an `unless` does.
fn goal_before_message(scenario: &Scenario) -> Option<Diagnostic> {
    let goal = scenario.goal.as_ref()?;
    let needs_message = goal.within.is_some() || goal.condition.any(|kind| *kind == Kind::LastMessage);
    if !needs_message || scenario.stop_when.is_some() {
        return None;
    }
    let mut steps = Vec::new();
    Step::visit_all(&scenario.steps, &mut |step| steps.push(step));
    let first = steps.iter().position(|step| matches!(step.kind, StepKind::Send(_)))?;
    let (before, send) = (steps.get(..first)?, steps.get(first)?);
    let stops = before.iter().any(|step| matches!(step.kind, StepKind::Stop));
    if send.guard.is_some() || stops || !before.iter().any(|step| step.is_wait()) {
        return None;
    }
    Some(
        Diagnostic::new(Rule::GoalBeforeMessage, "this goal cannot end the scenario before its first message")
            .at(goal.condition.span, "looks at the last message, and there is none yet")
            .at(send.span, "sent although the goal may be reached by now")
            .help("add `stop when` with the condition of the goal, or give the first message an `unless`"),
    )
}

/// Two rows of one ticket start two instances, which send two messages.
fn several_at_once(scenario: &Scenario) -> Option<Diagnostic> {
    // A silence ends once, and a period comes round once.
    let by_event = matches!(scenario.start, Start::Events(_));
    if scenario.entry != EntryRule::Always || !by_event {
        return None;
    }
    let mut steps = Vec::new();
    Step::visit_all(&scenario.steps, &mut |step| steps.push(step));
    let alone = |step: &&Step| matches!(&step.kind, StepKind::Send(send) if !send.together);
    let step = steps.into_iter().find(alone)?;
    Some(
        Diagnostic::new(Rule::SeveralAtOnce, "one person may get several of this message at one instant")
            .at(step.span, "one for each trigger, and several may come at the same instant")
            .help("write `together` after a wait, or an entry rule: `latest`, `once`, `once every`, `once per`"),
    )
}

/// Steps that ask about a message which this instance sends later, or in another branch.
fn asked_before_sent(scenario: &Scenario, out: &mut Vec<Diagnostic>) {
    let mut walk = Walk { sent: BTreeSet::new(), out };
    walk.steps(&scenario.steps);
}

/// The messages that an instance may have sent when a step comes.
struct Walk<'s, 'o> {
    sent: BTreeSet<&'s str>,
    out: &'o mut Vec<Diagnostic>,
}

impl<'s> Walk<'s, '_> {
    fn steps(&mut self, steps: &'s [Step]) {
        for step in steps {
            if let StepKind::Repeat { steps, .. } = &step.kind {
                // What one turn sends is sent before the next.
                Step::visit_all(steps, &mut |step| self.sends(step));
            }
            let mut own = Vec::new();
            step.expressions(&mut own);
            let early = own.into_iter().find_map(|expr| self.asks_early(expr));
            if let Some((word, name)) = early {
                self.out.push(too_early(step, word, name));
            }
            self.sends(step);
            self.branches(step);
        }
    }

    fn sends(&mut self, step: &'s Step) {
        if let StepKind::Send(send) = &step.kind {
            self.sent.extend(send.alternatives.iter().map(|each| each.message.as_str()));
        }
    }

    /// Each branch begins with what was sent before; after them, any may have been taken.
    fn branches(&mut self, step: &'s Step) {
        let inner: Vec<&'s [Step]> = match &step.kind {
            StepKind::If { arms, otherwise } => {
                arms.iter().map(|(_, steps)| steps).chain(otherwise).map(Vec::as_slice).collect()
            }
            StepKind::Split { arms, .. } => arms.iter().map(|arm| arm.steps.as_slice()).collect(),
            StepKind::Repeat { steps, .. } => vec![steps],
            _ => return,
        };
        let before = self.sent.clone();
        let mut after = before.clone();
        for steps in inner {
            self.sent.clone_from(&before);
            self.steps(steps);
            after.append(&mut self.sent);
        }
        self.sent = after;
    }

    fn asks_early(&self, expr: &'s Expr) -> Option<(&'s Expr, &'s str)> {
        let mut found = None;
        expr.visit(&mut |each| {
            if let Kind::OwnMessage(names) = &each.kind
                && !names.iter().any(|name| self.sent.contains(name.as_str()))
            {
                found = found.or(names.first().map(|name| (each, name.as_str())));
            }
        });
        found
    }
}

fn too_early(step: &Step, asked: &Expr, name: &str) -> Diagnostic {
    // A definition stands elsewhere.
    let is_here =
        step.span.source == asked.span.source && step.span.start <= asked.span.start && asked.span.end <= step.span.end;
    let place = if is_here { asked.span } else { step.span };
    Diagnostic::new(Rule::AskedBeforeSent, format!("`{name}` is asked about before this scenario sends it"))
        .at(place, "not sent yet: unknown, and unknown never acts")
        .help(format!("move this step after the one that sends `{name}`, or ask about a message sent before"))
}
