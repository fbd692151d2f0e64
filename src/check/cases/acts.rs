//! What the scenarios of a test do, so that what no step can do is not expected of them.

use super::Act;
use crate::check::typed::{self, Kind, StepKind};
use crate::model::Literal;
use std::collections::BTreeSet;

#[derive(Debug, Default)]
pub(super) struct Acts {
    /// Channel and message of what they send.
    pub sent: BTreeSet<(String, String)>,
    /// What other steps do, in the words of the language: `credit points`.
    others: BTreeSet<String>,
    /// Whether they tag, and untag, what only a value says.
    tags: bool,
    untags: bool,
}

impl Acts {
    pub(super) fn of(scenarios: &[typed::Scenario], names: &[String]) -> Acts {
        let mut acts = Acts::default();
        let find = |name: &String| scenarios.binary_search_by(|scenario| scenario.name.cmp(name)).ok();
        for scenario in names.iter().filter_map(|name| scenarios.get(find(name)?)) {
            for step in scenario.all_steps() {
                acts.add(&step.kind);
            }
        }
        acts
    }

    fn add(&mut self, step: &StepKind) {
        let what = match step {
            StepKind::Send(send) => {
                let alternatives = send.alternatives.iter();
                self.sent.extend(alternatives.map(|each| (each.channel.clone(), each.message.clone())));
                return;
            }
            StepKind::Tag { add, tag } => match &tag.kind {
                Kind::Literal(Literal::Text(text)) => tag_words(*add, text),
                _ => {
                    *(if *add { &mut self.tags } else { &mut self.untags }) = true;
                    return;
                }
            },
            StepKind::Set { field, .. } => format!("set {field}"),
            StepKind::Credit { account, .. } => format!("credit {account}"),
            StepKind::Debit { account, .. } => format!("debit {account}"),
            StepKind::Start(scenario) => format!("start {scenario}"),
            StepKind::Erase => "erase contact".to_owned(),
            StepKind::Call { webhook, .. } => format!("call {webhook}"),
            StepKind::Error
            | StepKind::Wait(_)
            | StepKind::WaitUntil(_)
            | StepKind::WaitFor { .. }
            | StepKind::Split { .. }
            | StepKind::Repeat { .. }
            | StepKind::If { .. }
            | StepKind::Stop => return,
        };
        self.others.insert(what);
    }

    /// Whether a step may do this, whatever its value.
    pub(super) fn does(&self, act: &Act) -> bool {
        let any = match act {
            Act::Tag { add: true, .. } => self.tags,
            Act::Tag { add: false, .. } => self.untags,
            _ => false,
        };
        any || self.others.contains(&act.in_words())
    }

    /// All that they do but send, in the words of the language.
    pub(super) fn in_words(&self) -> Vec<String> {
        self.others.iter().map(|words| format!("`{words}`")).collect()
    }
}

impl Act {
    /// The step that does it, without its value.
    pub(super) fn in_words(&self) -> String {
        match self {
            Act::Set { field, .. } => format!("set {field}"),
            Act::Tag { add, tag } => tag_words(*add, tag),
            Act::Account { credit: true, account, .. } => format!("credit {account}"),
            Act::Account { credit: false, account, .. } => format!("debit {account}"),
            Act::Start(scenario) => format!("start {scenario}"),
            Act::Erase => "erase contact".to_owned(),
            Act::Call(webhook) => format!("call {webhook}"),
        }
    }
}

fn tag_words(add: bool, tag: &str) -> String {
    format!("{} \"{tag}\"", if add { "tag" } else { "untag" })
}
