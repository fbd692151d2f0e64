//! What is said of a condition that decides nothing, by what it does where it stands.

use crate::check::typed::Step;
use crate::check::words::named;
use crate::diagnostic::{Diagnostic, Rule};
use crate::span::Span;

/// What a condition does where it stands.
#[derive(Clone, Copy, Debug)]
pub enum Role<'s> {
    If,
    /// Of this step.
    OnlyIf(&'s Step),
    Unless(&'s Step),
    /// The filter of a trigger, `for`.
    Entry,
    /// `wait up to D for`
    Awaited,
    Goal,
    StopWhen,
    /// One part of a condition.
    Part,
}

/// What is said of a condition that is never true.
pub fn never_true(place: Span, role: Role<'_>) -> Diagnostic {
    let (message, label, help) = match role {
        Role::Unless(step) => {
            let message = format!("this `unless` always holds {} back", named(step));
            return constant(place, message, "never false, so that the step never comes")
                .help("correct the condition, or remove the step");
        }
        Role::OnlyIf(step) => {
            let label = format!("never true, so that {} never comes", named(step));
            return constant(place, "this condition is never true", label)
                .help("correct the condition, or remove what it holds back");
        }
        Role::Awaited => (
            "what this waits for never comes true",
            "never true: it always waits to the end",
            "correct the condition, or write a plain `wait`",
        ),
        Role::Goal => ("this goal is never reached", "never true", "correct the condition, or remove the goal"),
        Role::StopWhen => ("this never stops an instance", "never true", "correct the condition, or remove it"),
        Role::Part => ("this part of the condition is never true", "never true", "correct it, or leave it out"),
        Role::Entry => ("this filter lets nothing through", "never true", "correct the filter, or remove the trigger"),
        Role::If => (
            "this condition is never true",
            "never true, so that what follows never comes",
            "correct the condition, or remove what it holds back",
        ),
    };
    constant(place, message, label).help(help)
}

/// What is said of one that always is.
pub fn always(place: Span, role: Role<'_>) -> Diagnostic {
    let (message, label, help) = match role {
        Role::Unless(step) => {
            let message = format!("this `unless` never holds {} back", named(step));
            return constant(place, message, "never true, and never unknown")
                .help("correct the condition, or leave the `unless` out");
        }
        Role::OnlyIf(step) => {
            let label = format!("always true: {} always comes", named(step));
            return constant(place, "this condition is always true", label)
                .help("correct the condition, or leave the `only if` out");
        }
        Role::Awaited => {
            ("this waits for nothing", "always true: it passes at once", "correct the condition, or remove the wait")
        }
        Role::Goal => ("this goal is reached at once", "always true", "write what is to be reached"),
        Role::StopWhen => {
            ("this stops every instance at once", "always true", "write what is to end the instance, or leave it out")
        }
        Role::Part => ("this part of the condition is always true", "always true", "correct it, or leave it out"),
        Role::Entry => ("this lets everything through", "always true", "correct the condition, or leave it out"),
        Role::If => ("this condition is always true", "always true", "correct the condition, or leave it out"),
    };
    constant(place, message, label).help(help)
}

/// What is said of a goal or a `stop when` that is always true once time has passed.
pub fn always_later(place: Span, role: Role<'_>) -> Diagnostic {
    let (message, help) = match role {
        Role::Goal => ("this goal is reached as soon as time passes", "write what is to be reached"),
        _ => (
            "this stops every instance as soon as time passes",
            "write what is to end the instance, or leave it out; where nothing is to come after the first wait, write `stop`",
        ),
    };
    constant(place, message, "always true after the instant of the entry").help(help)
}

fn constant(place: Span, message: impl Into<String>, label: impl Into<String>) -> Diagnostic {
    Diagnostic::new(Rule::ConstantCondition, message).at(place, label)
}
