//! The smallest case that still fails: parts are left out, one after the other, as long as it does.

use super::story::{Condition, Entry, Node, Step, Story};
use super::world::World;

#[derive(Clone, Debug)]
pub struct Case {
    /// In the order of their names.
    pub stories: Vec<Story>,
    pub world: World,
}

impl Case {
    /// The last scenario first: their order in a file means nothing.
    pub fn text(&self) -> String {
        self.stories.iter().rev().map(Story::to_string).collect()
    }
}

/// Leaves out whatever the failure does not need.
pub fn smallest(mut case: Case, fails: impl Fn(&Case) -> bool) -> Case {
    loop {
        let Some(smaller) = smaller(&case).into_iter().find(&fails) else { return case };
        case = smaller;
    }
}

fn smaller(case: &Case) -> Vec<Case> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Case)| {
        let mut other = case.clone();
        change(&mut other);
        all.push(other);
    };
    for place in 0..case.stories.len() {
        let others = case.stories.iter().enumerate().filter(|(other, _)| *other != place);
        let asks = format!("in {}", case.stories[place].name);
        let is_asked = others.clone().any(|(_, other)| other.to_string().contains(&asks));
        if is_asked || others.count() == 0 {
            continue;
        }
        with(&|case| drop(case.stories.remove(place)));
    }
    for place in (0..case.world.events.len()).rev() {
        with(&|case| {
            case.world.events.remove(place);
        });
    }
    for (place, story) in case.stories.iter().enumerate() {
        for story in smaller_stories(story) {
            with(&|case| case.stories[place] = story.clone());
        }
    }
    for place in 0..case.world.events.len() {
        if case.world.events[place].arrived.is_some() {
            with(&|case| case.world.events[place].arrived = None);
        }
    }
    all
}

fn smaller_stories(story: &Story) -> Vec<Story> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Story)| {
        let mut other = story.clone();
        change(&mut other);
        // Numbers follow the text.
        other.number();
        all.push(other);
    };
    if story.triggers.len() > 1 {
        with(&|story| story.triggers.truncate(1));
    }
    for (place, trigger) in story.triggers.iter().enumerate() {
        if let Some(last) = trigger.filters.len().checked_sub(1) {
            with(&|story| story.triggers[place].filters.truncate(last));
        }
    }
    if story.audience.is_some() {
        with(&|story| story.audience = None);
    }
    if !matches!(story.entry, Entry::Always) {
        with(&|story| story.entry = Entry::Always);
    }
    if story.goal.is_some() {
        with(&|story| story.goal = None);
    }
    if story.goal.as_ref().is_some_and(|goal| goal.then.is_some()) {
        with(&|story| story.goal.as_mut().unwrap().then = None);
    }
    if story.stop_when.is_some() {
        with(&|story| story.stop_when = None);
    }
    for steps in fewer_steps(&story.steps) {
        if !steps.is_empty() {
            with(&|story| story.steps = steps.clone());
        }
    }
    for condition in conditions(&story.stop_when) {
        with(&|story| story.stop_when = Some(condition.clone()));
    }
    for condition in conditions(&story.audience) {
        with(&|story| story.audience = Some(condition.clone()));
    }
    if let Some(goal) = &story.goal {
        for condition in conditions(&Some(goal.condition.clone())) {
            with(&|story| story.goal.as_mut().unwrap().condition = condition.clone());
        }
    }
    all
}

/// The parts of a condition.
fn conditions(of: &Option<Condition>) -> Vec<Condition> {
    match of {
        Some(Condition::And(all) | Condition::Or(all)) => all.clone(),
        Some(Condition::Not(inner)) => vec![(**inner).clone()],
        _ => Vec::new(),
    }
}

/// Without one step, or without its guard, or with the steps of an arm in the place of an `if`.
fn fewer_steps(nodes: &[Node]) -> Vec<Vec<Node>> {
    let mut all = Vec::new();
    for (place, node) in nodes.iter().enumerate() {
        let mut without = nodes.to_vec();
        without.remove(place);
        let next_is_together = nodes.get(place + 1).is_some_and(|next| is_together(&next.step));
        if !next_is_together {
            all.push(without);
        }
        if node.guard.is_some() && !matches!(node.step, Step::Stop) {
            let mut unguarded = nodes.to_vec();
            unguarded[place].guard = None;
            all.push(unguarded);
        }
        if let Step::If { arms, otherwise } = &node.step {
            for inner in arms.iter().map(|(_, nodes)| nodes).chain(otherwise) {
                let mut flat = nodes.to_vec();
                flat.splice(place..=place, inner.iter().cloned());
                all.push(flat);
            }
        }
        if is_together(&node.step) {
            let mut apart = nodes.to_vec();
            if let Step::Send { together, .. } = &mut apart[place].step {
                *together = false;
            }
            all.push(apart);
        }
    }
    all
}

fn is_together(step: &Step) -> bool {
    matches!(step, Step::Send { together: true, .. })
}
