//! One line of the trace as a sentence.

use super::alike::{Manner, Phrase};
use super::clauses::Told as ToldClause;
use super::texts::{Quote, Texts};
use super::{count_words, moment};
use crate::engine::{Outcome, Program, Reason, Told, TraceLine, TriggerRef, Unit, World};
use crate::ir::{Op, StepIx};
use crate::time::{Instant, Zone};
use serde::Serialize;

/// Who tells: the program, and what gives its slots words.
#[derive(Clone, Copy, Debug)]
pub struct Teller<'a> {
    pub program: &'a Program,
    pub world: &'a World,
    pub texts: &'a Texts,
    /// In which times are told.
    pub zone: Zone,
    /// Whether texts and dates of the contact are shown.
    pub reveal: bool,
}

/// A sentence of the story.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Sentence {
    pub at: String,
    pub text: String,
    /// The step that it is about.
    pub quote: Option<Quote>,
    pub clauses: Vec<ToldClause>,
    /// What is compared of it: its text and clauses, without what is but when, and of which row.
    #[serde(skip)]
    pub alike: String,
}

impl Sentence {
    /// A line about no step of a text that is at hand.
    pub(in crate::drivers) fn alone(at: String, phrase: Phrase) -> Sentence {
        let Phrase { text, alike } = phrase;
        Sentence { at, text, quote: None, clauses: Vec::new(), alike }
    }
}

impl<'a> Teller<'a> {
    pub(super) fn unit(&self, unit: u16) -> Option<&'a Unit> {
        self.program.unit(unit)
    }

    /// `purchased/4711`; nothing where no event started it.
    pub(super) fn trigger(&self, trigger: &TriggerRef) -> Option<String> {
        (trigger.kind != TriggerRef::CONTACT).then(|| self.event_words(trigger.kind, &trigger.id))
    }

    /// The kind of what started an instance, without the id.
    pub(super) fn trigger_kind(&self, trigger: &TriggerRef) -> &str {
        if trigger.kind == TriggerRef::CONTACT { "" } else { self.program.event_name(trigger.kind) }
    }

    pub(in crate::drivers) fn at(&self, instant: Instant) -> String {
        moment(self.zone, instant)
    }

    /// The step of a line as it is written.
    pub(super) fn step_quote(&self, unit: u16, step: Option<StepIx>) -> Option<Quote> {
        self.texts.of(self.unit(unit)?)?.steps.get(&step?).cloned()
    }

    /// A line of the trace; `None` for one that says nothing by itself.
    pub fn sentence(&self, line: &TraceLine) -> Option<Sentence> {
        if line.what == Told::Due {
            return None;
        }
        let texts = self.unit(line.unit).and_then(|unit| self.texts.of(unit));
        let clauses = line.clauses.iter().map(|clause| self.clause(clause, texts, line.step)).collect();
        let quote = match line.what {
            Told::Started => texts.and_then(|texts| texts.start.clone()),
            _ => self.step_quote(line.unit, line.step),
        };
        let compared = line.clauses.iter().map(|clause| self.clause_alike(clause));
        let alike = std::iter::once(self.what(line, Manner::Compared)).chain(compared).collect();
        Some(Sentence { at: self.at(line.at), text: self.what(line, Manner::Read(self.zone)), quote, clauses, alike })
    }

    /// A sentence with the scenario and the trigger of its line, over one or more lines of text.
    pub fn line(&self, line: &TraceLine, indent: usize) -> Option<String> {
        let sentence = self.sentence(line)?;
        let scenario = self.unit(line.unit).map_or("", |unit| unit.scenario.name.as_str());
        let trigger = line.trigger.as_ref().and_then(|trigger| self.trigger(trigger));
        let trigger = trigger.map_or_else(String::new, |trigger| format!(" [{trigger}]"));
        Some(super::print::sentence(&sentence, &format!("{scenario}{trigger}  "), indent))
    }

    fn what(&self, line: &TraceLine, manner: Manner) -> String {
        let at = |instant: &Instant| manner.at(*instant);
        match &line.what {
            Told::NotStarted(count) => format!("did not enter: {}", count_words(*count)),
            Told::Started => "entered".into(),
            Told::Waits { until } => format!("waits until {}", at(until)),
            Told::WaitsFor { until } => format!("waits until {} at the latest", at(until)),
            Told::WaitsForMessage => "waits for its message to leave first".into(),
            Told::PassedAtOnce => "passes at once".into(),
            Told::ConditionHolds => "what it waited for has happened".into(),
            Told::Due => "due".into(),
            Told::Branch { holds: Some(true) } => "the condition holds".into(),
            Told::Branch { holds: Some(false) } => "the condition does not hold".into(),
            Told::Branch { holds: None } => "the condition is unknown, and so does not hold".into(),
            Told::Held(reason) => format!("held back: {}", reason_words(*reason)),
            Told::Drew { arm } => self.drew(line, *arm),
            Told::Acted { outcome, reason: Reason::None } => outcome.name().into(),
            Told::Acted { outcome, reason } => format!("{}: {}", outcome.name(), reason_words(*reason)),
            Told::Message { outcome, reason, alternative } => {
                let name = self.message(line.unit, line.step, *alternative);
                match (outcome, reason) {
                    (None, _) => format!("decided to send {name}"),
                    (Some(outcome), Reason::None) => format!("{}: {name}", outcome.name()),
                    (Some(outcome), reason) => format!("{}: {name}: {}", outcome.name(), reason_words(*reason)),
                }
            }
            Told::Deferred { alternative, .. } => {
                let name = self.message(line.unit, line.step, *alternative);
                format!("{}: {name}: {}", Outcome::Deferred.name(), self.holds(line, at))
            }
            Told::Ended(reason) => format!("ended: {}", reason_words(*reason)),
            Told::Converted => "goal reached".into(),
            Told::Finished => "went through all steps".into(),
        }
    }

    fn drew(&self, line: &TraceLine, arm: u16) -> String {
        let step = line.step.and_then(|step| self.unit(line.unit)?.scenario.steps.get(step));
        let Some(Op::Split { name, arms }) = step.map(|step| &step.op) else { return "draws".into() };
        let Some(drawn) = arms.get(usize::from(arm)) else { return "draws".into() };
        let percent = drawn.percent();
        format!("draws `{}` of `{name}`, the {percent}% among whom this contact always is", drawn.name)
    }

    /// `email reminder`
    pub(super) fn message(&self, unit: u16, step: Option<StepIx>, alternative: u8) -> String {
        let step = step.and_then(|step| self.unit(unit)?.scenario.steps.get(step));
        match step.map(|step| &step.op) {
            Some(Op::Send(send)) => send
                .alternatives
                .get(usize::from(alternative))
                .map_or_else(String::new, |chosen| format!("{} {}", chosen.channel, chosen.message)),
            _ => String::new(),
        }
    }
}

/// Why, in a few words.
pub(super) fn reason_words(reason: Reason) -> &'static str {
    match reason {
        Reason::None => "",
        Reason::Unless => "its `unless` holds",
        Reason::UnlessUnknown => "its `unless` is unknown",
        Reason::OnlyIf => "its `only if` does not hold",
        Reason::OnlyIfUnknown => "its `only if` is unknown",
        Reason::StopWhenUnknown => "`stop when` is unknown",
        Reason::StopWhen => "`stop when` holds",
        Reason::OutOfReach => "there is no address for it",
        Reason::BadAddress => "what stands for the address is none",
        Reason::DeadAddress => "a server said that there is no such mailbox",
        Reason::Late => "it could not leave in time (`expire`)",
        Reason::Goal => "the goal was reached",
        Reason::Replaced => "a newer trigger replaced it (`latest`)",
        Reason::Overtaken => "the next message of the instance came due first",
        Reason::Missing => "a value is missing",
        Reason::NoTimeLeft => "there is no time left to wait",
        Reason::NoConsent => "there is no consent to marketing",
        Reason::QuietHours => "quiet hours",
        Reason::Cap => "the cap of the policy",
        Reason::NotEnough => "there is not enough on the account",
        Reason::Erased => "the contact was erased",
        Reason::Merged => "the contact is one person with another, who goes through the scenario already",
    }
}
