//! The story as the journal alone tells it, where what was decided cannot be decided once more.

use super::Production;
use super::messages::{is_on_its_way, message_words};
use crate::drivers::story::{InstanceStory, Phrase, ScenarioStory, Sentence, Teller, Wanted};
use crate::engine::EffectKey;
use crate::store::state::KeptMessage;
use crate::time::Instant;
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// An effect of the journal.
struct Said {
    at: Instant,
    scenario: String,
    step: u64,
    trigger: String,
    effect: String,
    key: Option<EffectKey>,
    reason: String,
}

/// What was written down of one instance.
#[derive(Default)]
struct Lines {
    answers: Vec<String>,
    told: Vec<(Instant, Sentence)>,
    /// What became of its messages, as it is compared.
    became: Vec<String>,
    /// Whether one of them is on its way. What else it waits for, the journal does not say.
    waits: bool,
}

/// The scenarios of the journal, by name; what scenarios did without a message, and what was only waited for, it does not say.
pub fn scenarios(teller: &Teller<'_>, production: &Production, wanted: &Wanted) -> Vec<ScenarioStory> {
    let mut by_scenario: BTreeMap<String, BTreeMap<String, Lines>> = BTreeMap::new();
    for row in &production.journal {
        let line: Json = serde_json::from_slice(&row.body).unwrap_or(Json::Null);
        let effects = line.get("effects").and_then(Json::as_array).cloned().unwrap_or_default();
        for said in effects.iter().filter_map(|effect| said(row.at, effect)) {
            let message = said.key.and_then(|key| production.messages.iter().find(|message| message.key == key));
            let sends = |name: &String| message.is_some_and(|message| message.message == *name);
            let is_wanted = wanted.scenario.as_ref().is_none_or(|name| *name == said.scenario)
                && wanted.message.as_ref().is_none_or(sends);
            if is_wanted {
                let instances = by_scenario.entry(said.scenario.clone()).or_default();
                tell(teller, production.until, &said, message, instances.entry(said.trigger.clone()).or_default());
            }
        }
    }
    by_scenario.into_iter().map(|(name, instances)| scenario(teller, name, instances)).collect()
}

fn scenario(teller: &Teller<'_>, name: String, instances: BTreeMap<String, Lines>) -> ScenarioStory {
    let texts = teller.texts.0.get(&name);
    let mut instances: Vec<(String, Lines)> = instances.into_iter().collect();
    instances.sort_by_key(|(_, lines)| lines.told.first().map(|(at, _)| *at));
    let instance = |(trigger, mut lines): (String, Lines)| {
        lines.told.sort_by_key(|(at, _)| *at);
        let kind = trigger.split('/').next().unwrap_or_default().to_owned();
        InstanceStory {
            trigger: Some(trigger).filter(|trigger| !trigger.starts_with("contact/")),
            entered_at: String::new(),
            version: None,
            answers: lines.answers,
            last: lines.told.last().map_or(Instant::MIN, |(at, _)| *at),
            is_over: !lines.waits,
            alike: std::iter::once(kind).chain(lines.became).collect::<Vec<_>>().join("\n"),
            told: lines.told.into_iter().map(|(_, sentence)| sentence).collect(),
        }
    };
    ScenarioStory {
        title: texts.and_then(|texts| texts.title.clone()),
        place: texts.map_or_else(String::new, |texts| texts.place.clone()),
        name,
        answers: Vec::new(),
        instances: instances.into_iter().map(instance).collect(),
        refused: Vec::new(),
        more_refused: 0,
    }
}

fn said(at: Instant, effect: &Json) -> Option<Said> {
    let text = |name: &str| effect.get(name).and_then(Json::as_str);
    Some(Said {
        at,
        scenario: text("scenario")?.to_owned(),
        step: effect.get("step")?.as_u64()?,
        trigger: text("trigger")?.to_owned(),
        effect: text("effect")?.to_owned(),
        key: text("key").and_then(|key| key.parse().ok()),
        reason: text("reason").unwrap_or_default().to_owned(),
    })
}

fn tell(teller: &Teller<'_>, until: Option<Instant>, said: &Said, message: Option<&KeptMessage>, lines: &mut Lines) {
    let because = if said.reason.is_empty() { String::new() } else { format!(": {}", said.reason) };
    let mut push = |at: Instant, phrase: Phrase| lines.told.push((at, Sentence::alone(teller.at(at), phrase)));
    match message.filter(|_| said.effect == "emit") {
        Some(message) => {
            let unit = teller.program.units().iter().find(|unit| unit.scenario.name == said.scenario && unit.current);
            let is_current = unit.is_some_and(|unit| unit.hash == message.hash);
            let (answer, told) = message_words(message, teller.zone, until, is_current);
            told.into_iter().for_each(|(at, phrase)| push(at, phrase));
            lines.answers.push(answer.text);
            lines.became.push(answer.alike);
            lines.waits |= is_on_its_way(message, until);
        }
        None => {
            push(said.at, Phrase::fixed(format!("step {}: {}{because}", said.step, said.effect)));
            let answer = match said.effect.as_str() {
                "emit" | "cancel" | "expire" => return,
                "end" => format!("it ended on {}{because}", teller.at(said.at)),
                effect => format!("step {}: {effect} on {}{because}", said.step, teller.at(said.at)),
            };
            lines.answers.push(answer);
        }
    }
}
