//! Measures: facts about all contacts together.

use super::literals::a;
use super::names::{Names, with_suggestion};
use super::scope::{Checker, Place, Scope, Triggers};
use super::typed::{Expr, Kind, Measure};
use super::words::or_list;
use crate::diagnostic::{Diagnostic, Level, Rule, suggestion};
use crate::model::{Configuration, MeasureKind, Refreshed, Type};
use crate::span::Span;
use crate::syntax::tree::{self, Word};

const KINDS: [(&str, MeasureKind); 6] = [
    ("average", MeasureKind::Average),
    ("sum", MeasureKind::Sum),
    ("count", MeasureKind::Count),
    ("share", MeasureKind::Share),
    ("least", MeasureKind::Least),
    ("greatest", MeasureKind::Greatest),
];

const REFRESHED: [(&str, Refreshed); 4] = [
    ("hourly", Refreshed::Hourly),
    ("daily", Refreshed::Daily),
    ("weekly", Refreshed::Weekly),
    ("monthly", Refreshed::Monthly),
];

/// A `measure`, and what is known of it.
#[derive(Debug)]
pub struct DeclaredMeasure<'a> {
    pub tree: &'a tree::Measure,
    pub span: Span,
    /// Once it is judged; `None` of one in error, whose uses are silent.
    pub typed: Option<Measure>,
}

impl<'a> DeclaredMeasure<'a> {
    pub fn new(tree: &'a tree::Measure, span: Span) -> DeclaredMeasure<'a> {
        DeclaredMeasure { tree, span, typed: None }
    }

    /// The type of its value; `None` of one in error.
    pub fn ty(&self) -> Option<&Type> {
        self.typed.as_ref().map(|measure| &measure.ty)
    }
}

/// Judges one measure, after the definitions that it uses.
pub(super) fn check_measure(names: &mut Names, name: &str, configuration: &Configuration, out: &mut Vec<Diagnostic>) {
    let Some(declared) = names.measures.get(name) else { return };
    let (tree, span) = (declared.tree, declared.span);
    let mut checker = Checker::new(names, configuration);
    let typed = checker.measure(tree, span);
    let sound = !checker.silenced && !checker.out.iter().any(|found| found.level == Level::Error);
    out.extend(checker.out);
    if let Some(declared) = names.measures.get_mut(name) {
        declared.typed = typed.filter(|_| sound);
    }
}

impl Checker<'_> {
    fn measure(&mut self, tree: &tree::Measure, span: Span) -> Option<Measure> {
        let kind = self.one_of("kind of measure", &tree.kind, &KINDS);
        let refreshed = self.one_of("rhythm", &tree.refreshed, &REFRESHED);
        // A contact for whom the value is missing is left out.
        let scope = Scope { missing_is_fine: true, ..Scope::new(Place::Audience, Triggers::Of(&[])) };
        let of = match kind {
            Some(MeasureKind::Count | MeasureKind::Share) => self.condition(&scope, &tree.of),
            _ => self.expr(&scope, &tree.of),
        };
        self.refuse_measures(&of);
        let ty = self.measured(kind?, &of)?;
        let since = self.known_creation(span);
        Some(Measure { name: tree.name.value.clone(), kind: kind?, ty, of, since, refreshed: refreshed?, span })
    }

    fn one_of<T: Copy>(&mut self, what: &str, word: &Word, known: &[(&'static str, T)]) -> Option<T> {
        if let Some((_, found)) = known.iter().find(|(name, _)| *name == word.value) {
            return Some(*found);
        }
        let words: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        let found = Diagnostic::new(Rule::UnknownName, format!("no {what} is called `{}`", word.value));
        let near = suggestion(&word.value, words.iter().copied());
        self.out.push(with_suggestion(found, word, near, &format!("write {}", or_list(&words))));
        None
    }

    /// The type of a measure's value.
    fn measured(&mut self, kind: MeasureKind, of: &Expr) -> Option<Type> {
        let ty = of.ty.as_ref()?;
        let fits = match kind {
            MeasureKind::Count => return Some(Type::Number),
            MeasureKind::Share => return Some(Type::Percent),
            MeasureKind::Average | MeasureKind::Sum => {
                matches!(ty, Type::Number | Type::Money | Type::Percent | Type::Duration)
            }
            MeasureKind::Least | MeasureKind::Greatest => matches!(
                ty,
                Type::Number | Type::Money | Type::Percent | Type::Duration | Type::Instant | Type::Date | Type::Time
            ),
        };
        if fits {
            return Some(ty.clone());
        }
        let help = match kind {
            MeasureKind::Average | MeasureKind::Sum => "take a number, an amount, a percentage or a duration of each",
            _ => "take something that has an order, such as a number or an instant",
        };
        let found = Diagnostic::new(Rule::TypeMismatch, format!("{} cannot be measured so", a(ty)))
            .at(of.span, "taken of each contact")
            .help(format!("{help}; conditions are counted by `count` and `share`"));
        self.out.push(found);
        None
    }

    /// A measure does not read another: at an instant at which both are taken, each would need the other's value before.
    fn refuse_measures(&mut self, of: &Expr) {
        let mut found: Option<(Span, &str)> = None;
        of.visit(&mut |each| {
            if let Kind::Measure(measure) = &each.kind
                && found.is_none()
            {
                found = Some((each.span, measure));
            }
        });
        if let Some((span, measure)) = found {
            let report = Diagnostic::new(Rule::OutOfContext, format!("a measure cannot read the measure `{measure}`"))
                .at(span, "not a fact of one contact")
                .because("measures of one rhythm are taken at the same instant, none before the other")
                .help("measure what contacts are and do; a scenario compares two measures with each other");
            self.out.push(report);
        }
    }
}
