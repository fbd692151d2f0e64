//! The answer before the story: of the journey in which something happened last, and of another that waits, or is over.

use super::tale::{InstanceStory, ScenarioStory, Wanted};

/// How many scenarios that nothing entered are named.
const NAMED_MAX: usize = 3;
/// How many answers of one journey are given: the last are those that people ask about.
const ANSWERS_MAX: usize = 2;

impl Wanted {
    /// What is asked, in words.
    pub fn words(&self) -> String {
        match (&self.scenario, &self.message) {
            (None, None) => "what became of this contact".to_owned(),
            (Some(scenario), None) => format!("what `{scenario}` did"),
            (None, Some(message)) => format!("why `{message}` was sent, or was not"),
            (Some(scenario), Some(message)) => format!("why `{scenario}` sent `{message}`, or did not"),
        }
    }
}

/// The answer in short, a line for each thing that is said.
pub fn brief(scenarios: &[ScenarioStory]) -> Vec<String> {
    let instances = || scenarios.iter().flat_map(|of| of.instances.iter().map(move |instance| (of, instance)));
    // Of those at one instant the one that is told last.
    let latest = |is_over: bool| {
        let such = instances().filter(|(_, each)| each.is_over == is_over && !each.answers.is_empty());
        such.max_by_key(|(_, each)| each.last)
    };
    let (over, waiting) = (latest(true), latest(false));
    let mut said: Vec<(&ScenarioStory, &InstanceStory)> = over.into_iter().chain(waiting).collect();
    said.sort_by_key(|(_, each)| std::cmp::Reverse(each.last));
    let mut lines: Vec<String> = said.into_iter().map(|(of, instance)| line(of, instance)).collect();
    let count = instances().count();
    match lines.first_mut() {
        Some(first) if count > 1 => *first = format!("of {count} journeys the last: {first}"),
        Some(_) => {}
        None => {
            let told = || scenarios.iter().filter(|of| !of.answers.is_empty());
            let named = told().take(NAMED_MAX);
            let named = named.flat_map(|of| of.answers.iter().map(move |answer| format!("`{}`: {answer}", of.name)));
            lines.extend(named);
            match told().count().saturating_sub(NAMED_MAX) {
                0 => {}
                1 => lines.push("and 1 scenario more, as told below".to_owned()),
                more => lines.push(format!("and {more} scenarios more, as told below")),
            }
        }
    }
    lines
}

fn line(of: &ScenarioStory, instance: &InstanceStory) -> String {
    let InstanceStory { trigger, entered_at, answers, .. } = instance;
    let trigger = trigger.as_ref().map_or_else(String::new, |trigger| format!(" for {trigger}"));
    let entered = if entered_at.is_empty() { String::new() } else { format!(", entered {entered_at}") };
    let answers: Vec<&str> =
        answers.iter().skip(answers.len().saturating_sub(ANSWERS_MAX)).map(String::as_str).collect();
    format!("`{}`{trigger}{entered}: {}", of.name, answers.join("; and "))
}
