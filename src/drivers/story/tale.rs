//! The story of one contact: by scenario, then instance, then step, in the order of time; the answers first.

use super::alike::Phrase;
use super::answers::Instance;
use super::sentences::{Sentence, Teller};
use crate::engine::{Clause, ClauseOf, Refusal, Told, TraceLine, TriggerRef};
use crate::ir::{EntryRule, Occurrence, Op, Start, StepIx};
use crate::time::Instant;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many refusals of one scenario are told where all scenarios are.
const REFUSED_SHOWN: usize = 3;

/// Everything that is told of one contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Story {
    pub contact: String,
    /// The last instant that it tells of.
    pub until: String,
    /// Of all times.
    pub zone: String,
    /// Where it is told from: a simulation, or what `scn run` wrote down.
    pub told_from: String,
    /// What is asked.
    pub asked: String,
    /// The answer in short: [`brief`](super::brief).
    pub answer: Vec<String>,
    pub notes: Vec<String>,
    /// By name.
    pub scenarios: Vec<ScenarioStory>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ScenarioStory {
    pub name: String,
    pub title: Option<String>,
    pub place: String,
    /// Why nothing entered, or what it waits for.
    pub answers: Vec<String>,
    /// In the order of entry.
    pub instances: Vec<InstanceStory>,
    /// What did not enter, in the order of time.
    pub refused: Vec<Sentence>,
    /// How many more did not.
    pub more_refused: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InstanceStory {
    /// `purchased/4711`; nothing where no event started it.
    pub trigger: Option<String>,
    pub entered_at: String,
    /// The start of its hash, where it is not the present version.
    pub version: Option<String>,
    /// What came of each message and of the whole, in short.
    pub answers: Vec<String>,
    pub told: Vec<Sentence>,
    /// When the last of it happened.
    #[serde(skip)]
    pub last: Instant,
    /// Whether nothing more comes of it.
    #[serde(skip)]
    pub is_over: bool,
    /// What is compared of it besides its lines: the kind of its trigger, and what became of its messages.
    #[serde(skip)]
    pub alike: String,
}

/// What of the story is wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    pub scenario: Option<String>,
    pub message: Option<String>,
    /// Each refusal, not the last of each scenario alone.
    pub all: bool,
}

/// What the engine said of one contact.
#[derive(Clone, Copy, Debug)]
pub struct Lived<'a> {
    pub trace: &'a [TraceLine],
    pub refusals: &'a [Refusal],
    /// When a silence is long enough, or a period comes round next, by the place of the scenario in the program.
    pub clocks: &'a [(u16, Instant)],
    /// What became of its messages; empty in a simulation.
    pub deliveries: &'a [Delivery],
}

/// What became of a message outside the engine.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The place of the scenario in the program.
    pub unit: u16,
    /// The instance that decided it.
    pub trigger: TriggerRef,
    pub entered_at: Instant,
    /// The triggers of those that left with it.
    pub also: Vec<TriggerRef>,
    pub step: StepIx,
    /// When what was done with it.
    pub told: Vec<(Instant, Phrase)>,
    /// Whether nobody had tried to send it: where the policy holds it, the trace says by what.
    pub is_untried: bool,
    /// In short.
    pub answer: Phrase,
}

/// Something that did not enter.
struct Refused<'a> {
    at: Instant,
    trigger: Option<&'a TriggerRef>,
    clauses: &'a [Clause],
    line: Option<&'a TraceLine>,
}

impl Wanted {
    /// Whether a scenario is told, by the program's place of it.
    fn has(&self, teller: &Teller<'_>, unit: u16) -> bool {
        let Some(unit) = teller.unit(unit) else { return false };
        let sends = |message: &String| {
            unit.scenario.steps.values().iter().any(|step| match &step.op {
                Op::Send(send) => send.alternatives.iter().any(|each| each.message == *message),
                _ => false,
            })
        };
        self.scenario.as_ref().is_none_or(|name| unit.scenario.name == *name) && self.message.as_ref().is_none_or(sends)
    }
}

impl Teller<'_> {
    /// The scenarios of a contact's story, by name.
    pub fn scenarios(&self, lived: Lived<'_>, wanted: &Wanted) -> Vec<ScenarioStory> {
        let units = self.program.units().iter().enumerate().map(|(place, _)| place as u16);
        let told: Vec<u16> = units.filter(|unit| wanted.has(self, *unit)).collect();
        let mut by_name: BTreeMap<&str, Vec<u16>> = BTreeMap::new();
        for unit in told {
            by_name.entry(self.unit(unit).map_or("", |unit| unit.scenario.name.as_str())).or_default().push(unit);
        }
        by_name.into_iter().map(|(name, units)| self.scenario(name, &units, lived, wanted)).collect()
    }

    fn scenario(&self, name: &str, units: &[u16], lived: Lived<'_>, wanted: &Wanted) -> ScenarioStory {
        let texts = self.texts.0.get(name);
        let lines = || lived.trace.iter().filter(|line| units.contains(&line.unit));
        let instances = instances(lines(), lived.deliveries);
        let refused = refused(lines(), lived.refusals, units);
        let mut answers = Vec::new();
        if instances.is_empty() {
            answers.push(self.never_entered(units, &refused, lived));
        } else {
            answers.extend(self.again(units, lived));
        }
        let most = if wanted.all || wanted.scenario.is_some() { usize::MAX } else { REFUSED_SHOWN };
        // The latest are those that people ask about.
        let more_refused = refused.len().saturating_sub(most);
        ScenarioStory {
            name: name.to_owned(),
            title: texts.and_then(|texts| texts.title.clone()),
            place: texts.map_or_else(String::new, |texts| texts.place.clone()),
            answers,
            instances: instances.iter().map(|instance| self.instance(instance, wanted)).collect(),
            refused: refused.iter().skip(more_refused).map(|refused| self.refused(units, refused)).collect(),
            more_refused,
        }
    }

    fn instance(&self, instance: &Instance<'_>, wanted: &Wanted) -> InstanceStory {
        let unit = instance.lines.last().and_then(|line| self.unit(line.unit));
        let old = unit.filter(|unit| !unit.current);
        let became = instance.deliveries.iter().map(|delivery| delivery.answer.alike.as_str());
        InstanceStory {
            trigger: self.trigger(instance.trigger),
            entered_at: self.at(instance.entered_at),
            version: old.map(|unit| unit.hash.to_string().chars().take(12).collect()),
            answers: self.answers(instance, wanted.message.as_deref()),
            told: self.told(instance),
            last: instance.lines.last().map_or(instance.entered_at, |line| line.at),
            is_over: instance.is_over(),
            alike: std::iter::once(self.trigger_kind(instance.trigger)).chain(became).collect::<Vec<_>>().join("\n"),
        }
    }

    /// What the trace says, and between its lines what was done with the messages.
    fn told(&self, instance: &Instance<'_>) -> Vec<Sentence> {
        let of_trace = instance.lines.iter().filter_map(|line| Some((line.at, self.sentence(line)?)));
        let mut told: Vec<(Instant, Sentence)> = of_trace.collect();
        for (at, phrase) in instance.deliveries.iter().flat_map(|delivery| &delivery.told) {
            told.push((*at, Sentence::alone(self.at(*at), phrase.clone())));
        }
        told.sort_by_key(|(at, _)| *at);
        told.into_iter().map(|(_, sentence)| sentence).collect()
    }

    fn refused(&self, units: &[u16], refused: &Refused<'_>) -> Sentence {
        let trigger = refused.trigger.and_then(|trigger| self.trigger(trigger));
        let trigger = trigger.map_or_else(String::new, |trigger| format!("{trigger}: "));
        let kind = refused.trigger.map_or("", |trigger| self.trigger_kind(trigger));
        if let Some(mut sentence) = refused.line.and_then(|line| self.sentence(line)) {
            sentence.text = format!("{trigger}{}", sentence.text);
            sentence.alike.insert_str(0, kind);
            return sentence;
        }
        let texts = units.first().and_then(|unit| self.texts.of(self.unit(*unit)?));
        let clauses = refused.clauses.iter().map(|clause| self.clause(clause, texts, None)).collect();
        let why = self.refused_by(units, refused.clauses);
        let compared: String = refused.clauses.iter().map(|clause| self.clause_alike(clause)).collect();
        let (text, alike) = (format!("{trigger}{why}"), format!("{kind}: {why}{compared}"));
        Sentence { at: self.at(refused.at), text, quote: None, clauses, alike }
    }

    /// `` `product.recurring` does not hold ``
    fn refused_by(&self, units: &[u16], clauses: &[Clause]) -> String {
        let texts = units.first().and_then(|unit| self.texts.of(self.unit(*unit)?));
        let one = |clause: &Clause| {
            let told = self.clause(clause, texts, None);
            let what = told.quote.map_or(told.name, |quote| format!("`{}`", quote.text));
            let verb = match (clause.of, clause.holds()) {
                (_, None) => "is unknown",
                (ClauseOf::Entry, _) => "says not again",
                _ => "does not hold",
            };
            format!("{what} {verb}")
        };
        clauses.iter().map(one).collect::<Vec<_>>().join(", and ")
    }

    /// Why there is no instance of a scenario.
    fn never_entered(&self, units: &[u16], refused: &[Refused<'_>], lived: Lived<'_>) -> String {
        let unit = units.first().and_then(|unit| self.unit(*unit));
        let start = unit.and_then(|unit| self.texts.of(unit)?.start.clone());
        let start = start.map_or_else(String::new, |quote| format!(": `{}` ({})", quote.text, quote.place));
        let comes_round = matches!(unit.map(|unit| &unit.scenario.start), Some(Start::Every { .. }));
        if let Some(at) = self.clock(units, lived) {
            let verb = if comes_round { "comes round next" } else { "would start" };
            let before = match refused {
                [] => String::new(),
                refused => format!("; it did not enter{}", self.did_not_enter(units, refused)),
            };
            return format!("not yet: it {verb} on {at}{start}{before}");
        }
        if !refused.is_empty() {
            return format!("never entered{}", self.did_not_enter(units, refused));
        }
        let why = match unit.map(|unit| &unit.scenario.start) {
            Some(Start::Started) => return "never entered: no other scenario started it".into(),
            Some(Start::Silence { .. }) => {
                "this contact has had no such event, or what to wait for after it is missing"
            }
            Some(Start::Every { occurrence: Occurrence::Anniversary { .. }, .. }) => {
                "the date on which it comes round is missing"
            }
            Some(Start::Every { .. }) => "it has not come round by then",
            Some(Start::Events(_)) | None => "nothing of what happened to this contact starts it",
        };
        format!("never entered: {why}{start}")
    }

    /// `: on 2020-03-23 09:00 ...`, or of several times how often what refused it.
    fn did_not_enter(&self, units: &[u16], refused: &[Refused<'_>]) -> String {
        let mut by_clause: BTreeMap<String, usize> = BTreeMap::new();
        for each in refused {
            let why = match each.line.map(|line| &line.what) {
                Some(Told::NotStarted(count)) if each.clauses.is_empty() => super::count_words(*count).to_owned(),
                _ => self.refused_by(units, each.clauses),
            };
            *by_clause.entry(why).or_default() += 1;
        }
        let mut counted: Vec<(String, usize)> = by_clause.into_iter().collect();
        counted.sort_by(|(one, count), (two, other)| other.cmp(count).then_with(|| one.cmp(two)));
        let why: Vec<String> = match counted.as_slice() {
            [(only, _)] => vec![only.clone()],
            several => several.iter().map(|(why, count)| format!("{why} ({})", times(*count))).collect(),
        };
        match refused {
            [only] => format!(": on {} {}", self.at(only.at), why.join("; ")),
            several => format!(", of {} times that it could have: {}", several.len(), why.join("; ")),
        }
    }

    /// When it starts by itself once more, which what enters once never does.
    fn again(&self, units: &[u16], lived: Lived<'_>) -> Option<String> {
        let scenario = &self.unit(*units.first()?)?.scenario;
        let at = self.clock(units, lived).filter(|_| scenario.entry != EntryRule::Once)?;
        Some(match scenario.start {
            Start::Every { .. } => format!("it comes round again on {at}"),
            _ => format!("it would start again on {at}"),
        })
    }

    /// When it would start by itself.
    fn clock(&self, units: &[u16], lived: Lived<'_>) -> Option<String> {
        let of_it = lived.clocks.iter().filter(|(unit, _)| units.contains(unit));
        of_it.map(|(_, at)| *at).min().map(|at| self.at(at))
    }
}

/// `once`, `12 times`
fn times(count: usize) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

/// The instances of one scenario, in the order of entry.
fn instances<'a>(lines: impl Iterator<Item = &'a TraceLine>, deliveries: &'a [Delivery]) -> Vec<Instance<'a>> {
    let mut places: BTreeMap<(&TriggerRef, Instant), usize> = BTreeMap::new();
    let mut instances: Vec<Instance<'a>> = Vec::new();
    for line in lines {
        let (Some(trigger), Some(entered_at)) = (&line.trigger, line.entered_at) else { continue };
        let place = match places.get(&(trigger, entered_at)).copied() {
            Some(place) => place,
            None => {
                places.insert((trigger, entered_at), instances.len());
                let is_its = |delivery: &&Delivery| {
                    let is_first = delivery.trigger == *trigger && delivery.entered_at == entered_at;
                    delivery.unit == line.unit && (is_first || delivery.also.contains(trigger))
                };
                let deliveries = deliveries.iter().filter(is_its).collect();
                instances.push(Instance { trigger, entered_at, lines: Vec::new(), deliveries });
                instances.len() - 1
            }
        };
        if let Some(instance) = instances.get_mut(place) {
            instance.lines.push(line);
        }
    }
    instances.sort_by_key(|instance| instance.entered_at);
    instances
}

/// What did not enter a scenario: what its filter refused, and what the trace says of the rest.
fn refused<'a>(lines: impl Iterator<Item = &'a TraceLine>, refusals: &'a [Refusal], units: &[u16]) -> Vec<Refused<'a>> {
    let by_trace = lines.filter(|line| matches!(line.what, Told::NotStarted(_))).map(|line| Refused {
        at: line.at,
        trigger: line.trigger.as_ref(),
        clauses: &line.clauses,
        line: Some(line),
    });
    // What is unknown, or refused by `for`, the trace tells too.
    let is_by_filter = |refusal: &&Refusal| {
        units.contains(&refusal.unit)
            && refusal
                .clauses
                .iter()
                .any(|clause| matches!(clause.of, ClauseOf::Filter(..)) && clause.holds() == Some(false))
    };
    let by_filter = refusals.iter().filter(is_by_filter).map(|refusal| Refused {
        at: refusal.at,
        trigger: Some(&refusal.trigger),
        clauses: &refusal.clauses,
        line: None,
    });
    let mut refused: Vec<Refused<'a>> = by_trace.chain(by_filter).collect();
    refused.sort_by_key(|refused| refused.at);
    refused
}
