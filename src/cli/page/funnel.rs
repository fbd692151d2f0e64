//! Funnels: how many enter, what becomes of each message, how many reach the end.

use super::histogram::share;
use super::{Said, percent};
use crate::cli::counted::{grouped, verb};
use maud::{Markup, Render, html};
use std::collections::BTreeSet;

/// What became of those who entered a scenario.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Funnel {
    pub title: String,
    /// Below the title; empty where there is nothing more to say.
    pub about: String,
    /// Who entered is the first.
    pub stages: Vec<Stage>,
}

/// One bar of a funnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    pub name: String,
    /// The first is what the stage is about: its number is written large.
    pub parts: Vec<Part>,
    /// How many came to it, and how many wait before it, where it is a message.
    pub passed: Option<Passed>,
}

/// Journeys at a message: a message that several share is one in the bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Passed {
    pub came: u64,
    pub waits: u64,
}

/// A part of a bar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it is called in the legend: `sent`, `suppressed`. The same word has the same colour on the whole page.
    pub what: &'static str,
    pub count: u64,
    /// Why, each with its number; empty where nobody asks.
    pub why: Vec<(String, u64)>,
}

/// The words that have a colour, in the order of the style's `part-N`.
const COLOURS: [&str; 9] =
    ["entered", "sent", "skipped", "suppressed", "expired", "cancelled", "deferred", "held out", "reached the goal"];

/// Of all other words.
const OTHER: usize = 0;

fn colour(what: &str) -> usize {
    COLOURS.iter().position(|each| *each == what).unwrap_or(OTHER)
}

/// The colours of what becomes of messages, with their words. What has a bar of its own says so itself.
pub(super) fn legend(funnels: &[Funnel]) -> Markup {
    let stages = funnels.iter().flat_map(|funnel| &funnel.stages);
    let messages = stages.filter(|stage| stage.parts.iter().any(|part| part.what == "sent"));
    let parts = messages.flat_map(|stage| &stage.parts);
    let used: BTreeSet<usize> = parts.filter(|part| part.count > 0).map(|part| colour(part.what)).collect();
    html! {
        ul.legend {
            @for (place, what) in COLOURS.iter().enumerate().filter(|(place, _)| used.contains(place)) {
                li { svg aria-hidden="true" { rect class={ "part-" (place) } width="100%" height="100%" {} } (what) }
            }
        }
    }
}

impl Render for Funnel {
    fn render(&self) -> Markup {
        let widest = self.stages.iter().map(Stage::count).max().unwrap_or(0);
        let entered = self.stages.first().map_or(0, Stage::count);
        html! {
            article.funnel {
                h3 { (Said(&self.title)) }
                @if !self.about.is_empty() { p.about { (Said(&self.about)) } }
                ol {
                    @for (place, stage) in self.stages.iter().enumerate() {
                        li {
                            (stage.line((place > 0).then_some(entered)))
                            (stage.bar(widest))
                            (stage.reasons())
                        }
                    }
                }
            }
        }
    }
}

impl Stage {
    fn count(&self) -> u64 {
        self.parts.iter().map(|part| part.count).sum()
    }

    /// Its name and its first number, and the share of those who entered.
    fn line(&self, entered: Option<u64>) -> Markup {
        let first = self.parts.first().map_or(0, |part| part.count);
        html! {
            p.stage {
                span { (Said(&self.name)) }
                strong { (grouped(first)) }
                @if let Some(entered) = entered.filter(|entered| *entered > 0 && first <= *entered) {
                    small { (share(first, entered)) }
                }
            }
        }
    }

    fn bar(&self, widest: u64) -> Markup {
        let before = |place: usize| self.parts.iter().take(place).map(|part| part.count).sum();
        html! {
            svg.bar aria-hidden="true" {
                rect.rest width="100%" height="100%" {}
                @for (place, part) in self.parts.iter().enumerate().filter(|(_, part)| part.count > 0) {
                    rect class={ "part-" (colour(part.what)) } x=(percent(before(place), widest))
                        width=(percent(part.count, widest)) height="100%" {}
                }
            }
        }
    }

    /// Who came to it and who did not yet; what became of the others, and why.
    fn reasons(&self) -> Markup {
        let others: Vec<&Part> = self.parts.iter().skip(1).filter(|part| part.count > 0).collect();
        html! {
            @if self.passed.is_some() || !others.is_empty() {
                ul.reasons {
                    @if let Some(Passed { came, waits }) = self.passed {
                        li { (grouped(came)) " came to it" @if waits > 0 { ", " (grouped(waits)) " " (verb(waits, "waits", "wait")) " before it" } }
                    }
                    @for part in others {
                        li {
                            (grouped(part.count)) " " (part.what)
                            @for (place, (why, count)) in part.why.iter().enumerate() {
                                @if place == 0 { ": " } @else { ", " }
                                @if part.why.len() > 1 { (grouped(*count)) " " }
                                (Said(why))
                            }
                        }
                    }
                }
            }
        }
    }
}
