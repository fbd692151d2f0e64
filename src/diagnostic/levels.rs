//! What a project makes of its findings: levels of its own (`[check.levels]` of `scn.toml`), and silences.

use super::{Diagnostic, Level, Rule, RuleInfo, Silence, Silenced};
use std::collections::{BTreeMap, BTreeSet};

/// The levels that a project gives to rules; the others keep their own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Levels(BTreeMap<Rule, Option<Level>>);

impl Levels {
    /// Gives a rule another level, or none: then its findings are not shown. False for a rule that is an error: what it
    /// finds has no meaning, so that it cannot be less.
    pub fn set(&mut self, info: &RuleInfo, level: Option<Level>) -> bool {
        let may = info.level != Level::Error || level == Some(Level::Error);
        if may {
            self.0.insert(info.rule, level);
        }
        may
    }

    fn of(&self, found: &Diagnostic) -> Option<Level> {
        match self.0.get(&found.rule) {
            // A room may find an error under a rule that is none by itself.
            Some(level) if found.level != Level::Error => *level,
            _ => Some(found.level),
        }
    }
}

/// Gives findings their levels and takes out what is silenced. A silence that silences nothing is a finding itself, unless
/// `looked` says that its rule was not looked for; where something is in error nothing is said of silences, because what
/// follows from an error is not looked for either.
pub fn settle(
    diagnostics: &mut Vec<Diagnostic>,
    levels: &Levels,
    silences: &[Silence],
    looked: impl Fn(Rule) -> bool,
) -> Vec<Silenced> {
    let in_error = diagnostics.iter().any(|found| found.level == Level::Error);
    let mut used = vec![false; silences.len()];
    let mut refused: BTreeSet<usize> = BTreeSet::new();
    let mut silenced = Vec::new();
    let mut kept = Vec::with_capacity(diagnostics.len());
    for mut found in diagnostics.drain(..) {
        let mut reason = None;
        let level = levels.of(&found);
        if found.level != Level::Error {
            let all = silences.iter().zip(&mut used).enumerate();
            for (place, (silence, used)) in all.filter(|(_, (silence, _))| silence.is_of(&found)) {
                *used = true;
                // What the project counts as an error is none that a line may let pass.
                match level {
                    Some(Level::Error) => drop(refused.insert(place)),
                    _ => reason = Some(silence.reason.clone()),
                }
            }
        }
        match (reason, level) {
            (Some(reason), Some(level)) => {
                found.level = level;
                silenced.push(Silenced { diagnostic: found, reason });
            }
            (None, Some(level)) => {
                found.level = level;
                kept.push(found);
            }
            (_, None) => {}
        }
    }
    let mut wrong: Vec<Diagnostic> =
        refused.iter().filter_map(|place| silences.get(*place)).map(Silence::refused).collect();
    if !in_error {
        let unused = silences.iter().zip(&used).filter(|(silence, used)| !**used && looked(silence.rule));
        wrong.extend(unused.map(|(silence, _)| silence.unused()));
    }
    for found in wrong {
        if let Some(level) = levels.of(&found) {
            kept.push(Diagnostic { level, ..found });
        }
    }
    *diagnostics = kept;
    silenced
}

impl Silence {
    fn is_of(&self, found: &Diagnostic) -> bool {
        found.rule == self.rule
            && found.span().is_some_and(|span| {
                span.source == self.line.source && (self.line.start..=self.line.end).contains(&span.start)
            })
    }

    fn refused(&self) -> Diagnostic {
        let info = self.rule.info();
        Diagnostic::new(
            Rule::SilenceWrong,
            format!("`{}` is an error in this project, and an error is not silenced", info.name),
        )
        .at(self.span, "")
        .because("`[check.levels]` of `scn.toml` makes it one")
        .help(format!("mend what it finds; `scn explain {}` shows how", info.code))
    }

    fn unused(&self) -> Diagnostic {
        let name = self.rule.info().name;
        Diagnostic::new(Rule::SilenceUnused, format!("`{name}` finds nothing on this line"))
            .at(self.span, "silenced here")
            .help("take the comment out, so that it does not hide what comes later")
    }
}
