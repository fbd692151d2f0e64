//! The answers of one instance: what was sent and what was not, because of what; what it waits for, and what can still stop it.

use super::clauses::truth_words;
use super::sentences::{Teller, reason_words};
use super::tale::Delivery;
use crate::engine::{Clause, ClauseOf, Outcome, Read, Reason, Told, TraceLine, TriggerRef};
use crate::ir::{EntryRule, Op, StepIx};
use crate::time::Instant;
use std::collections::BTreeMap;

/// How many of the things that a clause rests on are named in an answer.
const BECAUSE_MAX: usize = 2;

/// What the trace says of one instance, in the order of time.
#[derive(Debug)]
pub(super) struct Instance<'a> {
    pub trigger: &'a TriggerRef,
    pub entered_at: Instant,
    pub lines: Vec<&'a TraceLine>,
    /// What became of its messages, where somebody sent them.
    pub deliveries: Vec<&'a Delivery>,
}

impl<'a> Instance<'a> {
    /// The line that ended its steps.
    fn end(&self) -> Option<&'a TraceLine> {
        let is_end = |told: &Told| matches!(told, Told::Ended(_) | Told::Converted | Told::Finished);
        self.lines.iter().rev().find(|line| is_end(&line.what)).copied()
    }

    /// Whether a message of it left, or may leave, so that it has a last message.
    fn has_message(&self) -> bool {
        let is_one = |told: &Told| match told {
            Told::Message { outcome, .. } => matches!(outcome, None | Some(Outcome::Sent | Outcome::HeldOut)),
            told => matches!(told, Told::Deferred { .. }),
        };
        self.lines.iter().any(|line| is_one(&line.what))
    }

    /// Whether nothing more comes of it: its steps are over, and no message of it is on its way.
    pub(super) fn is_over(&self) -> bool {
        let of_messages = self.lines.iter().filter_map(|line| match line.what {
            Told::Message { outcome, .. } => Some((line.step, outcome.is_none())),
            Told::Deferred { .. } => Some((line.step, true)),
            _ => None,
        });
        // Of each step the last line counts.
        let is_on_its_way: BTreeMap<Option<StepIx>, bool> = of_messages.collect();
        self.end().is_some() && !is_on_its_way.into_values().any(|is_on_its_way| is_on_its_way)
    }
}

/// How it stands after the last line.
enum Stands {
    Over,
    Waits(Instant),
    WaitsForMessage,
}

impl Teller<'_> {
    /// In short: each message, each other step that did something, then the whole. With `message`, what is said of others is
    /// left out.
    pub(super) fn answers(&self, instance: &Instance<'_>, message: Option<&str>) -> Vec<String> {
        let mut answers = Vec::new();
        let mut told: Vec<StepIx> = Vec::new();
        for line in &instance.lines {
            let Some(step) = line.step.filter(|step| !told.contains(step)) else { continue };
            match line.what {
                Told::Message { .. } | Told::Deferred { .. } => {
                    told.push(step);
                    let is_of_step = |line: &&&TraceLine| {
                        line.step == Some(step) && matches!(line.what, Told::Message { .. } | Told::Deferred { .. })
                    };
                    let last = instance.lines.iter().rev().find(is_of_step);
                    if let Some(last) = last.filter(|last| self.is_about(last, message)) {
                        let is_held = matches!(last.what, Told::Deferred { .. });
                        let of_step =
                            |delivery: &&&Delivery| delivery.step == step && !(is_held && delivery.is_untried);
                        let delivered = instance.deliveries.iter().find(of_step);
                        let answer = || self.message_answer(instance, last);
                        answers.push(delivered.map_or_else(answer, |delivery| delivery.answer.text.clone()));
                    }
                }
                Told::Acted { .. } | Told::Held(_) if message.is_none() => {
                    answers.push(self.act_answer(line));
                    let calls = instance.deliveries.iter().filter(|delivery| delivery.step == step);
                    answers.extend(calls.map(|delivery| delivery.answer.text.clone()));
                }
                _ => {}
            }
        }
        answers.extend(self.end_answer(instance, answers.is_empty()));
        answers
    }

    /// Whether a line is about a message of this name, whichever alternative of its step would leave.
    fn is_about(&self, line: &TraceLine, message: Option<&str>) -> bool {
        let Some(message) = message else { return true };
        let step = line.step.and_then(|step| self.unit(line.unit)?.scenario.steps.get(step));
        match step.map(|step| &step.op) {
            Some(Op::Send(send)) => send.alternatives.iter().any(|each| each.message == message),
            _ => false,
        }
    }

    fn message_answer(&self, instance: &Instance<'_>, line: &TraceLine) -> String {
        let at = self.at(line.at);
        match line.what {
            Told::Deferred { alternative, .. } => {
                let name = self.message(line.unit, line.step, alternative);
                format!("`{name}` is not sent yet: {}", self.held(line))
            }
            Told::Message { outcome, reason, alternative } => {
                let name = self.message(line.unit, line.step, alternative);
                match outcome {
                    None => format!("`{name}` is decided since {at}, and waits in the outbox"),
                    Some(Outcome::Sent) => format!("`{name}` was sent on {at}{}", self.although(instance, line)),
                    Some(Outcome::HeldOut) => {
                        format!(
                            "`{name}` was not sent on {at}: this person is held out (`holdout`), to see what messages change"
                        )
                    }
                    Some(_) => {
                        let why = self.why_not(instance, line, reason);
                        format!("`{name}` was not sent on {at}: {why}")
                    }
                }
            }
            _ => String::new(),
        }
    }

    /// What was asked of a message that left, and let it.
    fn although(&self, instance: &Instance<'_>, line: &TraceLine) -> String {
        let decided = instance.lines.iter().find(|each| each.step == line.step && !each.clauses.is_empty());
        let guards = decided.iter().flat_map(|line| &line.clauses);
        let guard = guards.into_iter().find(|clause| matches!(clause.of, ClauseOf::Unless | ClauseOf::OnlyIf));
        let Some(guard) = guard else { return String::new() };
        let verb = if guard.of == ClauseOf::Unless { "did not hold" } else { "held" };
        format!("; `{}` {verb}{}", self.written(guard, line), self.because(guard))
    }

    fn why_not(&self, instance: &Instance<'_>, line: &TraceLine, reason: Reason) -> String {
        let clause = |of: &[ClauseOf]| line.clauses.iter().find(|clause| of.contains(&clause.of));
        let guard = match reason {
            Reason::Unless | Reason::UnlessUnknown => clause(&[ClauseOf::Unless]),
            Reason::OnlyIf | Reason::OnlyIfUnknown => clause(&[ClauseOf::OnlyIf]),
            Reason::StopWhen | Reason::StopWhenUnknown => clause(&[ClauseOf::StopWhen]),
            _ => None,
        };
        match guard {
            Some(guard) => format!("`{}` {}{}", self.written(guard, line), verb(guard), self.because(guard)),
            None => match reason {
                Reason::OutOfReach => self.out_of_reach(line),
                Reason::NoConsent => self.no_consent(line),
                Reason::Late => self.too_late(instance, line.step),
                Reason::Goal | Reason::StopWhen => {
                    let end = instance.lines.iter().find(|line| matches!(line.what, Told::Converted | Told::Ended(_)));
                    let because = end.and_then(|end| end.clauses.first()).map(|clause| self.because(clause));
                    format!("{}{}", reason_words(reason), because.unwrap_or_default())
                }
                reason => reason_words(reason).to_owned(),
            },
        }
    }

    /// `there is no address for it (contact.email is missing)`
    fn out_of_reach(&self, line: &TraceLine) -> String {
        let addresses = line.clauses.iter().filter(|clause| matches!(clause.of, ClauseOf::Address(_)));
        let lacks: Vec<String> = addresses
            .flat_map(|clause| &clause.read)
            .map(|read| {
                format!("`{}` is {}", read.words, if read.value.is_missing() { "missing" } else { "no address" })
            })
            .collect();
        match lacks.as_slice() {
            [] => reason_words(Reason::OutOfReach).to_owned(),
            lacks => format!("there is no address for it: {}", lacks.join(", and ")),
        }
    }

    /// `there is no consent to marketing: by email withdrawn on 2020-03-04 10:00, by sms never given`, where a log says when.
    fn no_consent(&self, line: &TraceLine) -> String {
        let step = line.step.and_then(|step| self.unit(line.unit)?.scenario.steps.get(step));
        let Some(Op::Send(send)) = step.map(|step| &step.op) else { return reason_words(Reason::NoConsent).to_owned() };
        let told = |clause: &Clause| {
            let ClauseOf::Consent(alternative) = clause.of else { return None };
            let is_address = |each: &&Clause| each.of == ClauseOf::Address(alternative);
            line.clauses.iter().find(is_address).filter(|address| address.holds() == Some(true))?;
            let channel = &send.alternatives.get(usize::from(alternative))?.channel;
            let found = clause.read.iter().find_map(|read| read.events.as_ref())?;
            Some(match &found.latest {
                Some((_, at)) if found.count == 1 => format!("by {channel} refused on {}", self.at(*at)),
                Some((_, at)) => format!("by {channel} withdrawn on {}", self.at(*at)),
                None => format!("by {channel} never given"),
            })
        };
        let mut told: Vec<String> = line.clauses.iter().filter_map(told).collect();
        told.dedup();
        match told.as_slice() {
            [] => reason_words(Reason::NoConsent).to_owned(),
            told => format!("{}: {}", reason_words(Reason::NoConsent), told.join(", ")),
        }
    }

    fn act_answer(&self, line: &TraceLine) -> String {
        let what = self.step_words(line.unit, line.step);
        let at = self.at(line.at);
        match &line.what {
            Told::Acted { outcome: Outcome::Done, .. } => {
                let values =
                    line.clauses.iter().filter(|clause| clause.of == ClauseOf::Amount && !clause.read.is_empty());
                let values: Vec<String> = values.map(|clause| self.value(&clause.answer, clause.ty.as_ref())).collect();
                let values = if values.is_empty() { String::new() } else { format!(": {}", values.join(", ")) };
                format!("`{what}` was done on {at}{values}")
            }
            Told::Acted { reason, .. } => format!("`{what}` was not done on {at}: {}", reason_words(*reason)),
            Told::Held(reason) => match line.clauses.first() {
                Some(guard) => {
                    let (written, because) = (self.written(guard, line), self.because(guard));
                    format!("`{what}` was not done on {at}: `{written}` {}{because}", verb(guard))
                }
                None => format!("`{what}` was not done on {at}: {}", reason_words(*reason)),
            },
            _ => String::new(),
        }
    }

    /// How the instance ended, or what it waits for. Of one that is over and said something, nothing more is said.
    fn end_answer(&self, instance: &Instance<'_>, is_silent: bool) -> Option<String> {
        match instance.end().map(|line| (line, &line.what)) {
            Some((line, Told::Ended(reason @ (Reason::Missing | Reason::NoTimeLeft)))) => {
                let step = self.step_words(line.unit, line.step);
                let missing =
                    line.clauses.iter().flat_map(|clause| &clause.read).filter(|read| read.value.is_missing());
                let missing: Vec<String> = missing.map(|read| format!("`{}` is missing", read.words)).collect();
                let why = if missing.is_empty() { reason_words(*reason).to_owned() } else { missing.join(", and ") };
                Some(format!("it ended on {} at `{step}`: {why}", self.at(line.at)))
            }
            Some((line, Told::Ended(reason))) => {
                let because = line.clauses.first().map_or_else(String::new, |clause| self.because(clause));
                Some(format!("it ended on {}: {}{because}", self.at(line.at), reason_words(*reason)))
            }
            Some((line, Told::Converted)) => {
                let because = line.clauses.first().map_or_else(String::new, |clause| self.because(clause));
                Some(format!("its goal was reached on {}{because}", self.at(line.at)))
            }
            Some((line, _)) => is_silent.then(|| format!("it went through all steps on {}", self.at(line.at))),
            None => self.not_yet(instance),
        }
    }

    /// What it waits for, until when, what comes then, and what can still stop it.
    fn not_yet(&self, instance: &Instance<'_>) -> Option<String> {
        let waits = |line: &&&TraceLine| {
            matches!(line.what, Told::Waits { .. } | Told::WaitsFor { .. } | Told::WaitsForMessage)
        };
        let line = instance.lines.iter().rev().find(waits)?;
        let stands = match line.what {
            Told::Waits { until } | Told::WaitsFor { until } => Stands::Waits(until),
            Told::WaitsForMessage => Stands::WaitsForMessage,
            _ => Stands::Over,
        };
        let step = self.step_words(line.unit, line.step);
        let mut text = match stands {
            Stands::Waits(until) => format!("not yet: it waits until {}", self.at(until)),
            Stands::WaitsForMessage => "not yet: it waits for its message to leave".into(),
            Stands::Over => return None,
        };
        if !step.is_empty() {
            text.push_str(&format!(", by `{step}`"));
        }
        let next = line.step.and_then(|step| self.next(line.unit, step));
        let next_words = self.step_words(line.unit, next);
        if !next_words.is_empty() {
            text.push_str(&format!("; then `{next_words}`"));
        }
        let stops = self.what_can_stop(instance, line.unit, next);
        if !stops.is_empty() {
            text.push_str(&format!("; what can still stop it: {}", stops.join(", ")));
        }
        Some(text)
    }

    /// The step after a wait, beyond the end of the branch in which it stands.
    fn next(&self, unit: u16, wait: StepIx) -> Option<StepIx> {
        let steps = &self.unit(unit)?.scenario.steps;
        let mut next = StepIx(wait.0 + 1);
        for _ in 0..steps.len() {
            match steps.get(next)?.op {
                Op::Jump(to) => next = to,
                _ => return Some(next),
            }
        }
        None
    }

    /// A goal that counts from the last message does not stop what has sent none.
    fn what_can_stop(&self, instance: &Instance<'_>, unit: u16, next: Option<StepIx>) -> Vec<String> {
        let Some(unit) = self.unit(unit) else { return Vec::new() };
        let texts = self.texts.of(unit);
        let mut stops = Vec::new();
        let goal = unit.scenario.goal.as_ref().filter(|goal| goal.within.is_none() || instance.has_message());
        for (is_there, quote, name) in [
            (goal.is_some(), texts.and_then(|texts| texts.goal.as_ref()), "goal"),
            (unit.scenario.stop_when.is_some(), texts.and_then(|texts| texts.stop_when.as_ref()), "stop when"),
        ] {
            if is_there {
                stops.push(format!("`{}`", quote.map_or(name, |quote| quote.text.as_str())));
            }
        }
        if unit.scenario.entry == EntryRule::Latest {
            stops.push("a newer trigger (`latest`)".into());
        }
        if next.and_then(|next| unit.scenario.steps.get(next)).is_some_and(|step| step.guard.is_some()) {
            let guard = next.and_then(|next| texts?.guards.get(&next));
            stops.push(format!("`{}`", guard.map_or("its guard", |quote| quote.text.as_str())));
        }
        stops
    }

    /// A step as it is written; what it does where its text is not at hand.
    fn step_words(&self, unit: u16, step: Option<StepIx>) -> String {
        if let Some(quote) = self.step_quote(unit, step) {
            return quote.text;
        }
        let op = step.and_then(|step| self.unit(unit)?.scenario.steps.get(step)).map(|step| &step.op);
        match op {
            Some(Op::Send(_)) => format!("send {}", self.message(unit, step, 0)),
            Some(Op::Wait(_) | Op::WaitUntil(_) | Op::WaitFor { .. }) => {
                format!("wait {}", step.map_or_else(String::new, |step| self.program.describe_wait(unit, step)))
            }
            _ => String::new(),
        }
    }

    fn written(&self, clause: &Clause, line: &TraceLine) -> String {
        let texts = self.unit(line.unit).and_then(|unit| self.texts.of(unit));
        let told = self.clause(clause, texts, line.step);
        told.quote.map_or_else(|| told.name.trim_matches('`').to_owned(), |quote| quote.text)
    }

    /// What a clause rests on: the event that makes it true, that there is none, or the value of what is compared.
    fn because(&self, clause: &Clause) -> String {
        let wanted = clause.holds();
        let mut because: Vec<String> = Vec::new();
        for (place, read) in clause.read.iter().enumerate().filter(|(_, read)| read.depth == 0 && !is_aside(read)) {
            let inner = clause.read.iter().skip(place + 1).take_while(|each| each.depth > 0);
            let told = match (&read.events, read.value.truth()) {
                (Some(found), Some(true)) => found
                    .latest
                    .as_ref()
                    .map(|(id, at)| format!("of {} on {}", self.event_words(found.kind, id), self.at(*at))),
                (Some(found), Some(false)) => {
                    let since = found.since.map_or_else(String::new, |since| format!(" after {}", self.at(since)));
                    Some(format!("there was no `{}`{since}", read.words))
                }
                (_, truth) => {
                    let inner: Vec<String> =
                        inner.map(|each| format!("`{}` was {}", each.words, self.read_value(each))).collect();
                    let own = || format!("`{}` was {}", read.words, truth_words(truth));
                    Some(if inner.is_empty() { own() } else { inner.join(", and ") })
                }
            };
            let decides = match wanted {
                None => read.value.truth().is_none(),
                wanted => read.value.truth() == wanted,
            };
            because.extend(told.filter(|_| decides || clause.read.iter().all(|read| read.value.truth() != wanted)));
        }
        because.truncate(BECAUSE_MAX);
        if because.is_empty() { String::new() } else { format!(", because {}", because.join(", and ")) }
    }
}

/// Whether it says only that no machine did what no person did: of `clicked hello` both are asked.
fn is_aside(read: &Read) -> bool {
    read.words.contains(" not by a person ") && read.events.as_ref().is_some_and(|found| found.count == 0)
}

fn verb(clause: &Clause) -> &'static str {
    match clause.holds() {
        Some(true) => "held",
        Some(false) => "did not hold",
        None => "was unknown",
    }
}
