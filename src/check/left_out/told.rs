//! What is said of those without a value, by what becomes of them.

use super::super::typed::{Step, StepKind};
use super::super::words::named;
use super::repair::Repair;
use super::{Branch, End, Judge, Leaf, Omission, Standing, path};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Type;

pub(super) fn diagnostic(judge: &Judge, standing: Standing, leaf: &Leaf, repair: &Repair) -> Diagnostic {
    let omission = standing.omission;
    let (path, is_of_contact) = path(leaf.value).unwrap_or_default();
    // A definition stands in many places.
    let is_definition = leaf.is_definition();
    let of_event = match judge.reader.triggers {
        [event] => {
            let article = if event.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
            format!("{article} `{event}` without `{path}`")
        }
        _ => format!("an event without `{path}`"),
    };
    let who = match (is_of_contact, omission) {
        (true, _) => format!("who has no `{}`", path.trim_start_matches("contact.")),
        (false, Omission::Filtered | Omission::Entry) => of_event,
        (false, _) if is_definition => of_event,
        (false, _) => format!("the instance of {of_event}"),
    };
    let said = match is_definition {
        true => format!("neither this nor its `not` is true of {}", who.replacen("who has", "those who have", 1)),
        false => format!("{who} {}", becomes(omission, repair.may_pass)),
    };
    let label = match omission {
        Omission::Unless(_) => "unknown where it is missing, which holds back as if it were true",
        Omission::Silenced => "unknown where it is missing, which holds messages back, and stops nothing",
        _ => "unknown where it is missing, and unknown never acts",
    };
    let found = Diagnostic::new(Rule::MissingLeftOut, said).at(leaf.place, label);
    let found = match leaf.place == leaf.asked.span {
        true => found,
        false => found.at(leaf.asked.span, "asked here"),
    };
    let ways = if is_definition { [WRITE, MEANT] } else { ways(omission) };
    found.help(help(omission, ways, leaf, &path, repair))
}

/// What becomes of them, or may.
fn becomes(omission: Omission, may: bool) -> String {
    let be = if may { "may be" } else { "is" };
    let be_not = if may { "may not be" } else { "is not" };
    let does_not = if may { "may not" } else { "does not" };
    let verb = |verb: &str| match verb {
        _ if may => format!("may {verb}"),
        "go" => "goes".to_owned(),
        _ => format!("{verb}s"),
    };
    let ends = |end: End, then: &str| match end {
        End::Stop => format!("{be_not} stopped here, and {then}"),
        End::Erase => format!("{be_not} erased here, and {then}"),
        End::Other => format!("{does_not} end here, and {then}"),
    };
    match omission {
        Omission::Entry | Omission::Filtered => format!("{be} left out"),
        Omission::If(Branch { has_more, has_else, end, .. }) => {
            let to = match (has_more, has_else) {
                (true, _) => " to the next `else if`",
                (false, true) => " to `else`",
                (false, false) => "",
            };
            match end {
                Some(end) => ends(end, &format!("{} on{to}", verb("go"))),
                None if to.is_empty() => format!("{be} left out here"),
                None => format!("{}{to}", verb("go")),
            }
        }
        Omission::OnlyIf(step) | Omission::Unless(step) => match &step.kind {
            StepKind::Stop => ends(End::Stop, &format!("{} on", verb("go"))),
            StepKind::Erase => ends(End::Erase, &format!("{} on", verb("go"))),
            StepKind::Wait(_) | StepKind::WaitUntil(_) | StepKind::WaitFor { .. } => {
                format!("{does_not} wait here")
            }
            StepKind::Send(_) => format!("{} no message here", verb("get")),
            _ => format!("{be} passed over by {}", named(step)),
        },
        Omission::Awaited => format!("{} here to the end", verb("wait")),
        Omission::Goal => format!("{does_not} reach this goal"),
        Omission::Silenced => format!("{} no message, and {be_not} stopped", verb("get")),
        Omission::NotStopped => format!("{be_not} stopped by this"),
    }
}

/// How the two ways out begin.
const WRITE: &str = "if not meant, write";
const MEANT: &str = "if meant,";

/// The same of a condition: to be as the others are, and to stay so.
fn ways(omission: Omission) -> [&'static str; 2] {
    let ends = |end: Option<End>| match end {
        Some(End::Stop) => ["to stop them too, write", "to say that they go on, write"],
        Some(End::Erase) => ["to erase them too, write", "to say that they stay, write"],
        _ => [WRITE, MEANT],
    };
    let of_step = |step: &Step| match step.kind {
        StepKind::Stop => Some(End::Stop),
        StepKind::Erase => Some(End::Erase),
        _ => None,
    };
    match omission {
        Omission::If(branch) => ends(branch.end),
        Omission::OnlyIf(step) | Omission::Unless(step) => ends(of_step(step)),
        Omission::NotStopped => ends(Some(End::Stop)),
        Omission::Silenced => ["to let their messages go, write", "to stop them, write"],
        Omission::Awaited => ["to let them pass, write", "to say that they wait, write"],
        _ => ends(None),
    }
}

fn help(omission: Omission, [joins, stays]: [&str; 2], leaf: &Leaf, path: &str, repair: &Repair) -> String {
    let is_rest = matches!(omission, Omission::If(Branch { is_first: false, has_more: false, has_else: false, .. }));
    let joined = match &repair.joins {
        // Whoever is left after the arms before it.
        None if is_rest && repair.lets_all => format!("{joins} `else` in place of this `else if`"),
        Some(way) => format!("{joins} {way}"),
        // Whether the words of a definition deny or are denied is not to be seen here.
        None => format!("{joins} {}", in_its_place(omission, leaf, path)),
    };
    let stayed = match (&repair.stays, stays) {
        (Some(way), MEANT) => format!("{MEANT} {way} says so"),
        (Some(way), _) => format!("{stays} {way}"),
        (None, _) => format!("{MEANT} ask first: `has {path}`"),
    };
    format!("{joined}; {stayed}")
}

/// What stands for a value that is missing, wherever it is asked.
fn in_its_place(omission: Omission, leaf: &Leaf, path: &str) -> String {
    let instead = match leaf.value.ty {
        Some(Type::Flag) => "no",
        Some(Type::Text | Type::Enumeration(_)) => "\"none\"",
        _ => return format!("what stands for it, with `{path} default`"),
    };
    match omission {
        Omission::Filtered => format!("`where` and what stands for it: `({path} default {instead})`"),
        _ => format!("`({path} default {instead})` in place of `{path}`"),
    }
}
