//! Words in sentences: lists of them, and how a step is called.

use super::typed::{Step, StepKind};

/// How a finding calls a step: by the words with which it begins.
pub fn named(step: &Step) -> String {
    let word = match &step.kind {
        StepKind::Error => return "its step".to_owned(),
        StepKind::Send(send) => match send.alternatives.first() {
            Some(first) => return format!("`send {} {}`", first.channel, first.message),
            None => "send",
        },
        StepKind::Start(scenario) => return format!("`start {scenario}`"),
        StepKind::Wait(_) | StepKind::WaitUntil(_) | StepKind::WaitFor { .. } => "wait",
        StepKind::Set { field, .. } => return format!("`set contact.{field}`"),
        StepKind::Tag { add: true, .. } => "tag",
        StepKind::Tag { add: false, .. } => "untag",
        StepKind::Credit { .. } => "credit",
        StepKind::Debit { .. } => "debit",
        StepKind::Erase => "erase contact",
        StepKind::Call { .. } => "call",
        StepKind::Split { .. } => "split",
        StepKind::Repeat { .. } => "repeat",
        StepKind::If { .. } => "if",
        StepKind::Stop => "stop",
    };
    format!("`{word}`")
}

/// `a, b or c`.
pub fn or_list<T: AsRef<str>>(words: &[T]) -> String {
    let mut all: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => format!("{} or {last}", all.join(", ")),
    }
}

/// `a, b and c`.
pub fn and_list<T: AsRef<str>>(words: &[T]) -> String {
    let mut all: Vec<String> = words.iter().map(|word| format!("`{}`", word.as_ref())).collect();
    match all.pop() {
        None => String::new(),
        Some(last) if all.is_empty() => last,
        Some(last) => format!("{} and {last}", all.join(", ")),
    }
}
