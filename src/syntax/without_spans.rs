//! Trees compared by what they say, not by where it stands.

use super::tree::{
    Argument, Clause, ClauseKind, EventPattern, ExpectedAct, Expr, ExprKind, Field, File, Filter, FilterKind, Item,
    ItemKind, Moment, Path, Period, PolicyLine, PolicyLineKind, Step, StepKind, Test, TestLine, TestLineKind, TypeName,
    When, Window, WindowKind, Word,
};
use crate::span::Span;

impl File {
    /// The same tree with every span empty: equal for two texts that differ in white space and comments only.
    pub fn without_spans(&self) -> File {
        let mut file = self.clone();
        file.items.iter_mut().for_each(item);
        file
    }
}

fn clear(span: &mut Span) {
    *span = Span::default();
}

fn word(word: &mut Word) {
    clear(&mut word.span);
}

fn item(item: &mut Item) {
    clear(&mut item.span);
    match &mut item.kind {
        ItemKind::Entity(entity) => declaration(&mut entity.name, &mut entity.fields),
        ItemKind::Event(event) => declaration(&mut event.name, &mut event.fields),
        ItemKind::Extend(extend) => declaration(&mut extend.name, &mut extend.fields),
        ItemKind::Let(definition) => {
            word(&mut definition.name);
            for parameter in &mut definition.parameters {
                word(&mut parameter.name);
                type_name(&mut parameter.ty);
            }
            expr(&mut definition.body);
        }
        ItemKind::Scenario(scenario) => {
            scenario.name.iter_mut().chain(&mut scenario.title).for_each(word);
            scenario.clauses.iter_mut().for_each(clause);
            scenario.steps.iter_mut().for_each(step);
        }
        ItemKind::Test(case) => test(case),
        ItemKind::Segment(segment) => {
            word(&mut segment.name);
            expr(&mut segment.condition);
        }
        ItemKind::Measure(measure) => {
            [&mut measure.name, &mut measure.kind, &mut measure.refreshed].into_iter().for_each(word);
            expr(&mut measure.of);
        }
        ItemKind::Account(account) => [&mut account.name, &mut account.ty].into_iter().for_each(word),
        ItemKind::Route(route) => {
            [&mut route.event, &mut route.name].into_iter().for_each(word);
            path(&mut route.to);
        }
        ItemKind::Identity(identity) => {
            word(&mut identity.entity);
            identity.fields.iter_mut().for_each(word);
        }
        ItemKind::Policy(policy) => policy.lines.iter_mut().for_each(policy_line),
        ItemKind::Given(given) => {
            word(&mut given.name);
            given.lines.iter_mut().for_each(test_line);
        }
    }
}

fn declaration(name: &mut Word, fields: &mut [Field]) {
    word(name);
    for field in fields {
        clear(&mut field.span);
        word(&mut field.name);
        type_name(&mut field.ty);
        field.default.iter_mut().for_each(expr);
    }
}

fn type_name(ty: &mut TypeName) {
    match ty {
        TypeName::Named(name) => word(name),
        TypeName::Enumeration(texts) => texts.iter_mut().for_each(word),
    }
}

fn policy_line(line: &mut PolicyLine) {
    clear(&mut line.span);
    match &mut line.kind {
        PolicyLineKind::TimeZone(value) | PolicyLineKind::Expire(value) => expr(value),
        PolicyLineKind::QuietHours { between, days } => {
            if let Some((from, to)) = between {
                [&mut from.span, &mut to.span].into_iter().for_each(clear);
            }
            days.iter_mut().for_each(word);
        }
        PolicyLineKind::AtMost { class, caps } => {
            class.iter_mut().for_each(word);
            for cap in caps {
                clear(&mut cap.most.span);
                word(&mut cap.per);
            }
        }
        PolicyLineKind::Priority(scenarios) => scenarios.iter_mut().for_each(word),
        PolicyLineKind::Holdout(share) => clear(&mut share.span),
    }
}

fn test(case: &mut Test) {
    word(&mut case.name);
    case.of.iter_mut().for_each(word);
    case.lines.iter_mut().for_each(test_line);
}

fn test_line(line: &mut TestLine) {
    clear(&mut line.span);
    match &mut line.kind {
        TestLineKind::Given { entity, id, name, fields } => {
            [entity, name].into_iter().chain(id.as_mut().map(|id| &mut id.word)).for_each(word);
            fields.iter_mut().for_each(argument);
        }
        TestLineKind::Measure { at, name, value } => {
            at.iter_mut().for_each(expr);
            word(name);
            expr(value);
        }
        TestLineKind::GivenBlock(name) => word(name),
        TestLineKind::Cases { names, rows } => {
            names.iter_mut().for_each(word);
            for row in rows {
                clear(&mut row.span);
                row.title.iter_mut().for_each(word);
                row.values.iter_mut().for_each(expr);
            }
        }
        TestLineKind::Until(until) => expr(until),
        TestLineKind::At { at, arriving, contact, event, fields } => {
            expr(at);
            arriving.iter_mut().for_each(expr);
            [contact, event].into_iter().for_each(word);
            fields.iter_mut().for_each(argument);
        }
        TestLineKind::ExpectMessage { channel, message, contact, when: expected } => {
            [channel, message, contact].into_iter().for_each(word);
            expected.iter_mut().for_each(when);
        }
        TestLineKind::ExpectAct { negated: _, act, contact, when: expected } => {
            expected_act(act);
            word(contact);
            expected.iter_mut().for_each(when);
        }
        TestLineKind::ExpectNoMessage { channel, message, contact } => {
            [channel, message, contact].into_iter().for_each(word);
        }
        TestLineKind::ExpectNothing { otherwise: _ } => {}
    }
}

fn when(when: &mut When) {
    match when {
        When::At(at) => expr(at),
        When::Within { duration, of } => {
            expr(duration);
            of.iter_mut().for_each(expr);
        }
    }
}

fn expected_act(act: &mut ExpectedAct) {
    match act {
        ExpectedAct::Set { field: name, value } | ExpectedAct::Account { credit: _, amount: value, account: name } => {
            word(name);
            expr(value);
        }
        ExpectedAct::Tag { add: _, tag } => expr(tag),
        ExpectedAct::Start(name) | ExpectedAct::Call(name) => word(name),
        ExpectedAct::Erase => {}
    }
}

fn argument(argument: &mut Argument) {
    word(&mut argument.name);
    expr(&mut argument.value);
}

fn clause(clause: &mut Clause) {
    clear(&mut clause.span);
    match &mut clause.kind {
        ClauseKind::When(patterns) => patterns.iter_mut().for_each(pattern),
        ClauseKind::WhenNo { patterns, ever: _, duration } => {
            patterns.iter_mut().for_each(pattern);
            expr(duration);
        }
        ClauseKind::Every { period, at, on } => {
            match period {
                Period::Word(name) => word(name),
                Period::Quantity(quantity) => expr(quantity),
            }
            at.iter_mut().for_each(|at| clear(&mut at.span));
            on.iter_mut().for_each(expr);
        }
        ClauseKind::For(condition) | ClauseKind::OnceEvery(condition) | ClauseKind::StopWhen(condition) => {
            expr(condition);
        }
        ClauseKind::OncePer(per) => path(per),
        ClauseKind::Goal { condition, within, then } => {
            expr(condition);
            within.iter_mut().for_each(expr);
            then.iter_mut().for_each(|then| step(then));
        }
        ClauseKind::WhenStarted | ClauseKind::Once | ClauseKind::OneAtATime | ClauseKind::Latest => {}
    }
}

fn pattern(pattern: &mut EventPattern) {
    clear(&mut pattern.span);
    word(&mut pattern.event);
    pattern.filters.iter_mut().for_each(filter);
}

fn filter(filter: &mut Filter) {
    clear(&mut filter.span);
    match &mut filter.kind {
        FilterKind::Path(subject) | FilterKind::IsEmpty { path: subject, negated: _ } | FilterKind::Same(subject) => {
            path(subject);
        }
        FilterKind::Is { path: subject, negated: _, value }
        | FilterKind::In { path: subject, negated: _, list: value } => {
            path(subject);
            expr(value);
        }
        FilterKind::Where(condition) => expr(condition),
    }
}

fn path(path: &mut Path) {
    clear(&mut path.span);
    path.segments.iter_mut().for_each(word);
}

fn step(this: &mut Step) {
    clear(&mut this.span);
    this.label.iter_mut().for_each(word);
    if let Some(guard) = &mut this.guard {
        clear(&mut guard.span);
        expr(&mut guard.condition);
    }
    match &mut this.kind {
        StepKind::Wait(duration) | StepKind::WaitUntil(Moment::Expr(duration)) => expr(duration),
        StepKind::WaitUntil(Moment::Weekly { day, time, span }) => {
            day.iter_mut().for_each(word);
            time.iter_mut().for_each(|time| clear(&mut time.span));
            clear(span);
        }
        StepKind::WaitUpTo { limit, condition } => [limit, condition].into_iter().for_each(expr),
        StepKind::Send(send) => {
            send.class.iter_mut().for_each(word);
            for alternative in &mut send.alternatives {
                [&mut alternative.channel, &mut alternative.message].into_iter().for_each(word);
            }
            send.with.iter_mut().for_each(argument);
            send.together.iter_mut().for_each(clear);
        }
        StepKind::If { arms, otherwise } => {
            for arm in arms {
                expr(&mut arm.condition);
                arm.steps.iter_mut().for_each(step);
            }
            otherwise.iter_mut().flatten().for_each(step);
        }
        StepKind::Stop => {}
        StepKind::Set { path: field, value } => {
            path(field);
            expr(value);
        }
        StepKind::Tag { add: _, tag } => expr(tag),
        StepKind::Account { credit: _, amount, account, expiring } => {
            expr(amount);
            word(account);
            expiring.iter_mut().for_each(expr);
        }
        StepKind::Start(name) | StepKind::Erase(name) => word(name),
        StepKind::Call { webhook, with } => {
            word(webhook);
            with.iter_mut().for_each(argument);
        }
        StepKind::Split { name, arms } => {
            word(name);
            for arm in arms {
                word(&mut arm.name);
                clear(&mut arm.share.span);
                clear(&mut arm.span);
                arm.steps.iter_mut().for_each(step);
            }
        }
        StepKind::Repeat { times, every, steps } => {
            clear(&mut times.span);
            expr(every);
            steps.iter_mut().for_each(step);
        }
    }
}

fn window(window: &mut Window) {
    clear(&mut window.span);
    match &mut window.kind {
        WindowKind::Since(start) => expr(start),
        WindowKind::InLast(length) => expr(length),
        WindowKind::SinceEntry | WindowKind::SinceLastMessage | WindowKind::Ever => {}
    }
}

fn expr(this: &mut Expr) {
    clear(&mut this.span);
    match &mut this.kind {
        ExprKind::Text(_)
        | ExprKind::Number(_)
        | ExprKind::Percent(_)
        | ExprKind::Flag(_)
        | ExprKind::Date(_)
        | ExprKind::Time(_)
        | ExprKind::DateTime(..)
        | ExprKind::LastMessage
        | ExprKind::Unread => {}
        ExprKind::Quantity(amounts) => amounts.iter_mut().for_each(|(_, unit)| word(unit)),
        ExprKind::List(all) | ExprKind::And(all) | ExprKind::Or(all) => all.iter_mut().for_each(expr),
        ExprKind::Path(subject) | ExprKind::Has(subject) => path(subject),
        ExprKind::Call { name, arguments } => {
            word(name);
            arguments.iter_mut().for_each(expr);
        }
        ExprKind::History { pattern: event, window: during } => {
            pattern(event);
            during.iter_mut().for_each(window);
        }
        ExprKind::No { patterns, window: during } | ExprKind::AnyOf { patterns, window: during } => {
            patterns.iter_mut().for_each(pattern);
            during.iter_mut().for_each(window);
        }
        ExprKind::Compare { op, left, right } => {
            clear(&mut op.span);
            [left, right].into_iter().for_each(|side| expr(side));
        }
        ExprKind::Is { left, right, .. }
        | ExprKind::In { value: left, list: right, .. }
        | ExprKind::Default { value: left, fallback: right } => [left, right].into_iter().for_each(|side| expr(side)),
        ExprKind::Not(value) | ExprKind::Negate(value) | ExprKind::Ago(value) | ExprKind::IsEmpty { value, .. } => {
            expr(value);
        }
        ExprKind::InScenario(name) => word(name),
        ExprKind::CanReceive { contact, channel } => {
            path(contact);
            word(channel);
        }
        ExprKind::Sum(terms) => terms.iter_mut().for_each(|(_, term)| expr(term)),
        ExprKind::Product(factors) => factors.iter_mut().for_each(|(_, factor)| expr(factor)),
        ExprKind::If { arms, otherwise } => {
            for (condition, value) in arms {
                expr(condition);
                expr(value);
            }
            expr(otherwise);
        }
        ExprKind::Aggregate(aggregate) => {
            clear(&mut aggregate.kind.span);
            aggregate.of.iter_mut().for_each(path);
            aggregate.filters.iter_mut().flatten().for_each(filter);
            aggregate.window.iter_mut().for_each(window);
        }
        ExprKind::Top { count, of } => {
            clear(&mut count.span);
            expr(of);
        }
    }
}
