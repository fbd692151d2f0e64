//! Messages are claimed after all that happens at the instant at which they came due.

use super::{Life, State};
use crate::calendar::Seconds;
use crate::story::{Act, Condition, Guard, Node, Pattern, Step};

/// A message that came due, and is to be judged once more.
pub(super) struct Decided {
    /// Those whom it is about, in order of entry, each with what it had still to do.
    pub members: Vec<(usize, Vec<Node>)>,
    pub node: Node,
}

impl Life<'_> {
    /// By due, entry, scenario and age; of one instance in the order of its steps.
    pub(super) fn claim_all(&mut self) {
        let mut decided = std::mem::take(&mut self.decided);
        decided.sort_by_key(|each| {
            let place = each.members[0].0;
            (self.instances[place].trigger.at, self.instances[place].story, place)
        });
        // As long as it is not claimed, a message counts as one that left.
        for each in decided.iter().flat_map(|each| &each.members) {
            self.instances[each.0].last_message = self.instances[each.0].left;
        }
        let members: Vec<usize> = decided.iter().flat_map(|each| &each.members).map(|(place, _)| *place).collect();
        for each in decided {
            self.claim(each);
        }
        // "An instance whose steps are over stays open for that alone."
        for place in members {
            let is_open = self.story(place).goal.as_ref().is_some_and(|goal| goal.within.is_some());
            if self.instances[place].state == State::Counts && !is_open {
                self.instances[place].state = State::Gone;
            }
        }
    }

    /// Whether a message of it came due at this instant and is not claimed yet.
    pub(super) fn waits_for_claim(&self, place: usize) -> bool {
        self.decided.iter().flat_map(|each| &each.members).any(|(member, _)| *member == place)
    }

    fn claim(&mut self, Decided { members, node }: Decided) {
        let mut leaving: Vec<(usize, usize)> = Vec::new();
        for (place, ahead) in members {
            self.claiming = Some(place);
            let again = Node { guard: None, ..node.clone() };
            let changed = Changed::by(&ahead);
            let parts = node.guard.iter().flat_map(parts).filter(|part| !changed.is_read_by(part));
            let held =
                parts.map(|part| self.held(place, &Node { guard: Some(part), ..again.clone() })).find_map(|held| held);
            let verdict = match held {
                Some(reason) => Err(("skipped", reason)),
                None => self.may_send(place, &again),
            };
            match verdict {
                Ok(alternative) => leaving.push((place, alternative)),
                Err(_) => self.message(place, &node, verdict),
            }
            self.claiming = None;
        }
        let Some((first, alternative)) = leaving.first().copied() else { return };
        self.message(first, &node, Ok(alternative));
        let others: Vec<_> = leaving[1..].iter().map(|(place, _)| self.instances[*place].trigger.clone()).collect();
        let line = self.lines.last_mut().unwrap();
        line.triggers.extend(others.into_iter().map(|trigger| (trigger.event, trigger.id)));
        for (place, _) in leaving {
            let now: Seconds = self.now;
            (self.instances[place].left, self.instances[place].last_message) = (Some(now), Some(now));
        }
    }

    /// Whether `stop when` may still stop a message of it: not after an end before its steps were over.
    pub(super) fn may_be_stopped(&self, place: usize) -> bool {
        !self.instances[place].ended
    }

    pub(super) fn ends(&mut self, place: usize) {
        self.instances[place].state = State::Gone;
        self.instances[place].ended = true;
    }
}

/// "`unless a or b`" is two questions, and so is "`only if a and b`".
fn parts(guard: &Guard) -> Vec<Guard> {
    match guard {
        Guard::Unless(Condition::Or(all)) => all.iter().flat_map(|each| parts(&Guard::Unless(each.clone()))).collect(),
        Guard::OnlyIf(Condition::And(all)) => all.iter().flat_map(|each| parts(&Guard::OnlyIf(each.clone()))).collect(),
        other => vec![other.clone()],
    }
}

/// What a scenario itself does after a message, before its next wait.
#[derive(Default)]
struct Changed {
    tags: bool,
    tier: bool,
    credits: bool,
    debits: bool,
}

impl Changed {
    fn by(ahead: &[Node]) -> Changed {
        let mut changed = Changed::default();
        changed.add(ahead);
        changed
    }

    /// True when a wait or an end is certain.
    fn add(&mut self, nodes: &[Node]) -> bool {
        for node in nodes {
            match &node.step {
                Step::Act(Act::Tag { .. }) => self.tags = true,
                Step::Act(Act::Tier(_)) => self.tier = true,
                Step::Act(Act::Credit(_)) => self.credits = true,
                Step::Act(Act::Debit(_)) => self.debits = true,
                Step::Send { .. } => {}
                Step::If { arms, otherwise } => {
                    let mut all = otherwise.is_some();
                    for nodes in arms.iter().map(|(_, nodes)| nodes).chain(otherwise) {
                        all &= self.add(nodes);
                    }
                    if all {
                        return true;
                    }
                }
                _ if node.guard.is_none() => return true,
                _ => {}
            }
        }
        false
    }

    fn is_read_by(&self, guard: &Guard) -> bool {
        let (Guard::Unless(condition) | Guard::OnlyIf(condition)) = guard;
        self.is_read(condition)
    }

    fn is_read(&self, condition: &Condition) -> bool {
        let of_event = |pattern: &Pattern| match pattern.event {
            "credited" => self.credits,
            "debited" => self.debits,
            _ => false,
        };
        match condition {
            Condition::Not(inner) => self.is_read(inner),
            Condition::And(all) | Condition::Or(all) => all.iter().any(|each| self.is_read(each)),
            Condition::Tier(_) => self.tier,
            Condition::Tagged(_) => self.tags,
            Condition::PointsAtLeast(_) => self.credits || self.debits,
            Condition::Aggregate(aggregate, _) => of_event(&aggregate.pattern),
            Condition::History(pattern, _) => of_event(pattern),
            _ => false,
        }
    }
}
