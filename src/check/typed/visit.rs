//! Going through typed trees: every expression, every step.

use super::{
    EntryRule, Expr, Guard, History, Kind, Moment, Occurrence, Scenario, Start, Step, StepKind, Trigger, Window,
    WithValue,
};

impl Expr {
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
            | Kind::Missing
            | Kind::Literal(_)
            | Kind::Now
            | Kind::Entry
            | Kind::LastMessage
            | Kind::Contact(_)
            | Kind::ContactId
            | Kind::Trigger(_)
            | Kind::Event(_)
            | Kind::EventAt
            | Kind::Element
            | Kind::OwnMessage(_)
            | Kind::Balance(_)
            | Kind::Measure(_)
            | Kind::InScenario(_) => {}
            Kind::Field { of: inner, .. }
            | Kind::Has(inner)
            | Kind::IsEmpty(inner)
            | Kind::Not(inner)
            | Kind::Negate(inner)
            | Kind::Round(inner)
            | Kind::IsUnknown(inner)
            | Kind::Top(_, inner) => visit(inner),
            Kind::And(all) | Kind::Or(all) => all.iter().for_each(visit),
            Kind::Equal(pair)
            | Kind::Less(pair)
            | Kind::LessOrEqual(pair)
            | Kind::Default(pair)
            | Kind::InList(pair) => {
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
            Kind::Aggregate(aggregate) => {
                aggregate.history.children(visit);
                aggregate.of.iter().for_each(visit);
            }
            Kind::Recommend { history, product, complements, .. } => {
                history.children(visit);
                visit(product);
                visit(complements);
            }
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
            match &step.kind {
                StepKind::If { arms, otherwise } => {
                    arms.iter().for_each(|(_, inner)| Step::visit_all(inner, visit));
                    if let Some(inner) = otherwise {
                        Step::visit_all(inner, visit);
                    }
                }
                StepKind::Split { arms, .. } => arms.iter().for_each(|arm| Step::visit_all(&arm.steps, visit)),
                StepKind::Repeat { steps, .. } => Step::visit_all(steps, visit),
                _ => {}
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

    /// The events whose rows can be its trigger: its own, and those of the scenarios that start it.
    pub fn trigger_events(&self) -> Vec<&str> {
        let own = self.start.events().iter().map(|trigger| trigger.event.as_str());
        let mut all: Vec<&str> = own.chain(self.started_by.iter().map(String::as_str)).collect();
        let mut seen = std::collections::BTreeSet::new();
        all.retain(|event| seen.insert(*event));
        all
    }

    /// Every expression of its clauses and steps, in a fixed order; those of templates are not among them.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all = self.start.expressions();
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
    /// Its own expressions, without those of the steps inside it.
    pub fn expressions<'a>(&'a self, all: &mut Vec<&'a Expr>) {
        if let Some(Guard::Unless(condition) | Guard::OnlyIf(condition)) = &self.guard {
            all.push(condition);
        }
        match &self.kind {
            StepKind::Error | StepKind::Stop | StepKind::Start(_) | StepKind::Erase | StepKind::Split { .. } => {}
            StepKind::Set { value, .. } => all.push(value),
            StepKind::Tag { tag, .. } => all.push(tag),
            StepKind::Credit { amount, expires, .. } => {
                all.push(amount);
                all.extend(expires);
            }
            StepKind::Debit { amount, .. } => all.push(amount),
            StepKind::Call { with, .. } => all.extend(with.iter().map(|with: &WithValue| &with.value)),
            StepKind::Repeat { every, .. } => all.push(every),
            StepKind::Wait(expr) | StepKind::WaitUntil(Moment::At(expr) | Moment::Anniversary(expr)) => all.push(expr),
            StepKind::WaitUntil(Moment::Weekly { .. }) => {}
            StepKind::WaitFor { limit, condition, .. } => all.extend([limit, condition]),
            StepKind::Send(send) => {
                all.extend(send.alternatives.iter().map(|alternative| &alternative.address));
                all.extend(send.alternatives.iter().flat_map(|alternative| &alternative.consent));
                all.extend(send.with.iter().map(|with| &with.value));
            }
            StepKind::If { arms, .. } => all.extend(arms.iter().map(|(condition, _)| condition)),
        }
    }
}

impl Start {
    /// The events that start it, or after which a silence does.
    pub fn events(&self) -> &[Trigger] {
        match self {
            Start::Events(events) | Start::Silence { events, .. } => events,
            Start::Every { .. } | Start::Started | Start::Error => &[],
        }
    }

    /// The expressions of its clause, in a fixed order.
    pub fn expressions(&self) -> Vec<&Expr> {
        let mut all: Vec<&Expr> = self.events().iter().flat_map(|trigger| &trigger.filters).collect();
        match self {
            Start::Silence { duration, since, .. } => {
                all.push(duration);
                all.extend(since);
            }
            Start::Every { occurrence, since } => {
                if let Occurrence::Anniversary { date, shift, .. } = occurrence {
                    all.push(date);
                    all.extend(shift.as_deref());
                }
                all.extend(since);
            }
            _ => {}
        }
        all
    }
}
