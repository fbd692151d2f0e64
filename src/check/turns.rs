//! `split` and `repeat`: steps that hold others.

use super::names::declared_twice;
use super::scope::{Checker, Scope};
use super::steps::{Numbers, STEPS_MAX};
use super::typed::{Expr, SplitArm, StepKind};
use crate::diagnostic::{Diagnostic, Rule};
use crate::model::Type;
use crate::span::{Span, Spanned};
use crate::syntax::tree::{self, Word};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::collections::BTreeMap;

/// How often a `repeat` may come round.
const TIMES_MAX: u32 = 1000;

impl Checker<'_> {
    /// `split NAME { a 50% { ... } b 50% { ... } }`
    pub(super) fn split(
        &mut self,
        scope: &Scope,
        name: &Word,
        arms: &[tree::SplitArm],
        numbers: &mut Numbers,
    ) -> StepKind {
        let mut seen: BTreeMap<&str, Span> = BTreeMap::new();
        let mut checked = Vec::with_capacity(arms.len());
        for arm in arms {
            if let Some(first) = seen.insert(&arm.name.value, arm.name.span) {
                self.out.push(declared_twice("part", &arm.name.value, arm.name.span, first));
            }
            let share = arm.share.value.checked_div(Decimal::ONE_HUNDRED).unwrap_or_default().normalize();
            let steps = self.steps(scope, &arm.steps, numbers);
            checked.push(SplitArm { name: arm.name.value.clone(), share, steps });
        }
        let total = arms.iter().try_fold(Decimal::ZERO, |total, arm| total.checked_add(arm.share.value));
        if total != Some(Decimal::ONE_HUNDRED) {
            let said = total.map_or_else(|| "too much".to_owned(), |total| format!("{}%", total.normalize()));
            let mut found = Diagnostic::new(Rule::BadLiteral, format!("the parts of this split make {said}"))
                .at(name.span, "they make 100% together")
                .help("change the parts so that their sum is 100%; a part may do nothing: `control 10% { }`");
            for arm in arms.iter().take(8) {
                found = found.at(arm.share.span, format!("{}%", arm.share.value.normalize()));
            }
            self.out.push(found);
        }
        StepKind::Split { name: name.value.clone(), arms: checked }
    }

    /// `repeat TIMES times every DURATION { ... }`
    pub(super) fn repeat(
        &mut self,
        scope: &Scope,
        times: &Spanned<Decimal>,
        every: &tree::Expr,
        trees: &[tree::Step],
        numbers: &mut Numbers,
    ) -> StepKind {
        let turns = self.turns(times);
        let every: Expr = self.typed(&Scope { missing_is_fine: true, ..*scope }, every, &Type::Duration);
        self.refuse_no_wait(&every);
        let before = numbers.turns;
        numbers.turns = before.saturating_mul(u64::from(turns.unwrap_or(1)));
        let steps = self.steps(scope, trees, numbers);
        numbers.turns = before;
        match turns {
            Some(times) => StepKind::Repeat { times, every, steps },
            None => StepKind::Error,
        }
    }

    fn turns(&mut self, times: &Spanned<Decimal>) -> Option<u32> {
        let whole = times.value.fract().is_zero().then(|| times.value.to_u32()).flatten();
        let found = whole.filter(|turns| (1..=TIMES_MAX).contains(turns));
        if found.is_none() {
            self.out.push(
                Diagnostic::new(Rule::BadLiteral, format!("`{}` is not a number of turns", times.value.normalize()))
                    .at(times.span, format!("a whole number from 1 to {TIMES_MAX} is expected"))
                    .because("a scenario ends")
                    .help(match times.value > Decimal::from(TIMES_MAX) {
                        true => "what goes on for ever begins anew each time: `every month for ...` in a scenario of its own",
                        false => "write how often it comes round, such as `repeat 3 times`",
                    }),
            );
        }
        found
    }
}

/// More instructions than a scenario may have, its `repeat`s written out.
pub(super) fn too_many_turns(span: Span) -> Diagnostic {
    Diagnostic::new(Rule::TooManySteps, format!("with all turns, this scenario has more than {STEPS_MAX} steps"))
        .at(span, "one step too many, each turn of `repeat` counted")
        .help("repeat fewer times, or split it into several scenarios")
}
