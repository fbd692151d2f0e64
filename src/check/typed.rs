//! The typed tree: what a text means. Names are resolved, definitions are unfolded with their arguments, and every
//! node knows its type. `compile` turns it into the IR.

use crate::model::{Literal, Type};
use crate::span::Span;
use crate::syntax::tree::{Factor, Sign};
use crate::time::{TimeOfDay, Weekday};

/// An expression with its type.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub kind: Kind,
    /// `None` for a node in error, which silences its followers.
    pub ty: Option<Type>,
    /// Whether it may have no value. In a condition: whether it may be unknown.
    pub optional: bool,
    /// Where it was written; inside a definition, the definition's text.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Already reported.
    Error,
    Literal(Literal),
    Now,
    Entry,
    LastMessage,
    /// A field of the contact.
    Contact(String),
    ContactId,
    /// A field of the trigger.
    Trigger(String),
    /// A field of the event at hand.
    Event(String),
    Field {
        of: Box<Expr>,
        entity: String,
        field: String,
    },
    Has(Box<Expr>),
    IsEmpty(Box<Expr>),
    Not(Box<Expr>),
    And(Vec<Expr>),
    Or(Vec<Expr>),
    Equal(Box<(Expr, Expr)>),
    Less(Box<(Expr, Expr)>),
    LessOrEqual(Box<(Expr, Expr)>),
    In(Box<Expr>, Vec<Expr>),
    /// The first sign is always plus.
    Sum(Vec<(Sign, Expr)>),
    /// The first factor is always `Times`.
    Product(Vec<(Factor, Expr)>),
    Negate(Box<Expr>),
    Round(Box<Expr>),
    Default(Box<(Expr, Expr)>),
    If {
        arms: Vec<(Expr, Expr)>,
        otherwise: Box<Expr>,
    },
    History(Box<History>),
}

/// Such an event happened in the window.
#[derive(Clone, Debug, PartialEq)]
pub struct History {
    pub event: String,
    /// What depends on the event alone; all of them hold.
    pub filters: Vec<Expr>,
    pub keys: Vec<Key>,
    /// What also depends on the trigger, the contact, the entry or now; all of them hold.
    pub instance_filters: Vec<Expr>,
    pub window: Window,
}

/// `same PATH`: its value in the event and in the trigger.
#[derive(Clone, Debug, PartialEq)]
pub struct Key {
    pub of_event: Expr,
    pub of_instance: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    Since(Expr),
    InLast(Expr),
    Ever,
}

/// A scenario that is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    pub name: String,
    pub title: Option<String>,
    pub doc: Option<String>,
    /// The whole scenario.
    pub span: Span,
    /// Where a finding about the scenario as a whole points: its name, else its trigger.
    pub place: Span,
    /// The folder of its file.
    pub folder: String,
    pub triggers: Vec<Trigger>,
    pub audience: Option<Expr>,
    pub entry: EntryRule,
    pub goal: Option<Goal>,
    pub stop_when: Option<Expr>,
    pub steps: Vec<Step>,
    pub messages: Vec<Message>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Trigger {
    pub event: String,
    /// All of them hold.
    pub filters: Vec<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum EntryRule {
    Always,
    Once,
    OnceEvery(Expr),
    OncePer(Expr),
    Latest,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Goal {
    pub condition: Expr,
    pub within: Option<Expr>,
    /// Empty where there is no `then`.
    pub then: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its number in the text, from 1: the main steps, then those of `goal ... then`.
    pub ordinal: u16,
    pub label: Option<String>,
    pub span: Span,
    pub guard: Option<Guard>,
    pub kind: StepKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    Unless(Expr),
    OnlyIf(Expr),
}

#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Already reported.
    Error,
    Wait(Expr),
    WaitUntil(Moment),
    WaitFor {
        limit: Expr,
        condition: Expr,
    },
    Send(Send),
    If {
        arms: Vec<(Expr, Vec<Step>)>,
        otherwise: Option<Vec<Step>>,
    },
    Stop,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    At(Expr),
    Anniversary(Expr),
    Weekly { day: Option<Weekday>, time: TimeOfDay },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    Marketing,
    Service,
    Transactional,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Send {
    pub class: Class,
    pub alternatives: Vec<Alternative>,
    pub with: Vec<WithValue>,
    /// The wait just before it in the same sequence lends its instances.
    pub together: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Alternative {
    pub channel: String,
    pub message: String,
    pub address: Expr,
    /// The message's name.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct WithValue {
    pub name: String,
    pub value: Expr,
}

/// What the templates of one message of a scenario read.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub channel: String,
    pub message: String,
    pub language: Option<Expr>,
    /// The folder beside whose templates it lies; `None` for the project's.
    pub folder: Option<String>,
    /// Sorted by path.
    pub variables: Vec<Variable>,
    /// Sorted by path.
    pub items: Vec<Variable>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Variable {
    pub path: Vec<String>,
    pub value: Expr,
}

impl Expr {
    pub fn new(kind: Kind, ty: Type, optional: bool, span: Span) -> Expr {
        Expr { kind, ty: Some(ty), optional, span }
    }

    pub fn error(span: Span) -> Expr {
        Expr { kind: Kind::Error, ty: None, optional: false, span }
    }

    pub fn literal(literal: Literal, ty: Type, span: Span) -> Expr {
        Expr::new(Kind::Literal(literal), ty, false, span)
    }

    pub fn is_flag(&self) -> bool {
        self.ty == Some(Type::Flag)
    }

    /// Whether it asks for an event: such an expression is true or false, and never compared.
    pub fn is_history(&self) -> bool {
        match &self.kind {
            Kind::History(_) => true,
            Kind::Not(inner) => inner.is_history(),
            Kind::And(all) | Kind::Or(all) => all.iter().any(Expr::is_history),
            _ => false,
        }
    }

    /// Calls `visit` on this expression and on every expression in it, windows and keys included.
    pub fn visit<'a>(&'a self, visit: &mut impl FnMut(&'a Expr)) {
        // One stack instead of recursion: the closure type would grow with each level.
        let mut waiting = vec![self];
        while let Some(next) = waiting.pop() {
            visit(next);
            next.children(&mut |child| waiting.push(child));
        }
    }

    /// Calls `visit` on each expression directly in this one.
    pub fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        match &self.kind {
            Kind::Error
            | Kind::Literal(_)
            | Kind::Now
            | Kind::Entry
            | Kind::LastMessage
            | Kind::Contact(_)
            | Kind::ContactId
            | Kind::Trigger(_)
            | Kind::Event(_) => {}
            Kind::Field { of: inner, .. }
            | Kind::Has(inner)
            | Kind::IsEmpty(inner)
            | Kind::Not(inner)
            | Kind::Negate(inner)
            | Kind::Round(inner) => visit(inner),
            Kind::And(all) | Kind::Or(all) => all.iter().for_each(visit),
            Kind::Equal(pair) | Kind::Less(pair) | Kind::LessOrEqual(pair) | Kind::Default(pair) => {
                visit(&pair.0);
                visit(&pair.1);
            }
            Kind::In(value, list) => {
                visit(value);
                list.iter().for_each(visit);
            }
            Kind::Sum(terms) => terms.iter().for_each(|(_, term)| visit(term)),
            Kind::Product(factors) => factors.iter().for_each(|(_, factor)| visit(factor)),
            Kind::If { arms, otherwise } => {
                for (condition, value) in arms {
                    visit(condition);
                    visit(value);
                }
                visit(otherwise);
            }
            Kind::History(history) => history.children(visit),
        }
    }

    /// Whether `test` holds for this expression or one in it.
    pub fn any(&self, test: impl Fn(&Kind) -> bool) -> bool {
        let mut found = false;
        self.visit(&mut |each| found |= test(&each.kind));
        found
    }
}

impl History {
    fn children<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        self.filters.iter().chain(&self.instance_filters).for_each(&mut *visit);
        for key in &self.keys {
            visit(&key.of_event);
            visit(&key.of_instance);
        }
        match &self.window {
            Window::Since(from) | Window::InLast(from) => visit(from),
            Window::Ever => {}
        }
    }
}

impl Step {
    /// Calls `visit` on each step of `steps` and on those inside them, in the order of the text.
    pub fn visit_all<'a>(steps: &'a [Step], visit: &mut impl FnMut(&'a Step)) {
        for step in steps {
            visit(step);
            if let StepKind::If { arms, otherwise } = &step.kind {
                arms.iter().for_each(|(_, inner)| Step::visit_all(inner, visit));
                if let Some(inner) = otherwise {
                    Step::visit_all(inner, visit);
                }
            }
        }
    }
}

impl Scenario {
    /// Every step, the main ones first, then those of `goal ... then`.
    pub fn all_steps(&self) -> Vec<&Step> {
        let mut all = Vec::new();
        Step::visit_all(&self.steps, &mut |step| all.push(step));
        if let Some(goal) = &self.goal {
            Step::visit_all(&goal.then, &mut |step| all.push(step));
        }
        all
    }

    /// Every expression of its clauses and steps, in a fixed order; those of templates are not among them.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.triggers.iter().flat_map(|trigger| &trigger.filters).collect();
        all.extend(&self.audience);
        if let EntryRule::OnceEvery(expr) | EntryRule::OncePer(expr) = &self.entry {
            all.push(expr);
        }
        if let Some(goal) = &self.goal {
            all.push(&goal.condition);
            all.extend(&goal.within);
        }
        all.extend(&self.stop_when);
        for step in self.all_steps() {
            step.expressions(&mut all);
        }
        all
    }
}

impl Step {
    fn expressions<'a>(&'a self, all: &mut Vec<&'a Expr>) {
        if let Some(Guard::Unless(condition) | Guard::OnlyIf(condition)) = &self.guard {
            all.push(condition);
        }
        match &self.kind {
            StepKind::Error | StepKind::Stop => {}
            StepKind::Wait(expr) | StepKind::WaitUntil(Moment::At(expr) | Moment::Anniversary(expr)) => all.push(expr),
            StepKind::WaitUntil(Moment::Weekly { .. }) => {}
            StepKind::WaitFor { limit, condition } => all.extend([limit, condition]),
            StepKind::Send(send) => {
                all.extend(send.alternatives.iter().map(|alternative| &alternative.address));
                all.extend(send.with.iter().map(|with| &with.value));
            }
            StepKind::If { arms, .. } => all.extend(arms.iter().map(|(condition, _)| condition)),
        }
    }
}
