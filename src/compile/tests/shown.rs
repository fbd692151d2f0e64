//! A program in words, so that tests can say what they expect of it.

use crate::ir::*;
use crate::model::Literal;

/// The lines that a scenario comes to.
pub fn lines(scenario: &Scenario) -> Vec<String> {
    let show = Show { code: &scenario.code };
    let mut lines = Vec::new();
    show.start(&scenario.start, &mut lines);
    lines.extend(scenario.audience.map(|audience| format!("for {}", show.expr(audience, None))));
    let first = show.first(&scenario.start);
    match &scenario.entry {
        EntryRule::Always => {}
        EntryRule::Once => lines.push("once".into()),
        EntryRule::Latest => lines.push("latest".into()),
        EntryRule::OneAtATime => lines.push("one at a time".into()),
        EntryRule::OnceEvery(duration) => lines.push(format!("once every {}", show.expr(*duration, None))),
        EntryRule::OncePer(path) => lines.push(format!("once per {}", show.expr(*path, first))),
    }
    if let Some(goal) = &scenario.goal {
        let within = goal.within.map(|within| format!(" within {}", show.expr(within, None))).unwrap_or_default();
        let then = goal.then.map(|then| format!(" then {}", then.0)).unwrap_or_default();
        lines.push(format!("goal {}{within}{then}", show.expr(goal.condition, None)));
    }
    lines.extend(scenario.stop_when.map(|condition| format!("stop when {}", show.expr(condition, None))));
    for (place, step) in scenario.steps.iter() {
        let guard = match &step.guard {
            None => String::new(),
            Some(Guard::Unless(condition)) => format!(" unless {}", show.expr(*condition, None)),
            Some(Guard::OnlyIf(condition)) => format!(" only if {}", show.expr(*condition, None)),
        };
        let label = step.label.as_ref().map(|label| format!("@{label} ")).unwrap_or_default();
        let visit = if step.visit > 0 { format!(".{}", step.visit) } else { String::new() };
        lines.push(format!("{}/{}{visit} {label}{}{guard}", place.0, step.ordinal, show.op(&step.op)));
    }
    lines
}

/// The variables of a message.
pub fn message(message: &MessageContext) -> Vec<String> {
    let show = Show { code: &message.code };
    let mut lines = vec![format!("{} {} in {:?}", message.channel, message.message, message.folder)];
    lines.extend(message.language.map(|language| format!("language {}", show.expr(language, None))));
    for (kind, variables) in [("variable", &message.variables), ("item", &message.items)] {
        let shown = variables.iter().map(|variable| {
            format!(
                "{kind} {}: {} = {}",
                variable.path.join("."),
                variable.ty.describe(),
                show.expr(variable.value, None)
            )
        });
        lines.extend(shown);
        for variable in variables {
            rows(&show, &variable.path.join("."), &variable.each, &mut lines);
        }
    }
    for with in &message.with {
        rows(&show, &with.name, &with.fields, &mut lines);
    }
    lines
}

/// What is read of each row.
fn rows(show: &Show, list: &str, each: &[Variable], lines: &mut Vec<String>) {
    for field in each {
        let path = format!("{list}: {}", field.path.join("."));
        lines.push(format!("each of {path}: {} = {}", field.ty.describe(), show.expr(field.value, None)));
        rows(show, &path, &field.each, lines);
    }
}

struct Show<'a> {
    code: &'a Code,
}

impl Show<'_> {
    fn op(&self, op: &Op) -> String {
        match op {
            Op::Wait(duration) => format!("wait {}", self.expr(*duration, None)),
            Op::WaitUntil(Moment::At(instant)) => format!("wait until {}", self.expr(*instant, None)),
            Op::WaitUntil(Moment::Anniversary(date)) => format!("wait until anniversary {}", self.expr(*date, None)),
            Op::WaitUntil(Moment::Weekly { day, time }) => {
                format!("wait until {} {time}", day.map_or("any day", |day| day.name()))
            }
            Op::WaitFor { limit, condition, engagement } => {
                let of = if engagement.is_empty() { String::new() } else { format!(" of {}", engagement.join(", ")) };
                format!("wait up to {} for {}{of}", self.expr(*limit, None), self.expr(*condition, None))
            }
            Op::Send(send) => {
                let alternatives = send.alternatives.iter();
                let alternatives: Vec<String> = alternatives
                    .map(|each| {
                        let consent = each.consent.map(|consent| format!(" if {}", self.expr(consent, None)));
                        let address = self.expr(each.address, None);
                        format!("{} {} to {address}{}", each.channel, each.message, consent.unwrap_or_default())
                    })
                    .collect();
                let with = self.with(&send.with);
                let together = send.together.map(|wait| format!(" together {}", wait.0)).unwrap_or_default();
                format!("send {:?} {}{with}{together}", send.class, alternatives.join(" or "))
            }
            Op::Branch { condition, otherwise } => format!("if {} else {}", self.expr(*condition, None), otherwise.0),
            Op::Jump(to) => format!("jump {}", to.0),
            Op::Stop => "stop".into(),
            Op::End => "end".into(),
            Op::Set { field, value } => {
                let field = &self.code.contact[usize::from(*field)].name;
                format!("set {field} = {}", self.expr(*value, None))
            }
            Op::Tag { add, tag } => format!("{} {}", if *add { "tag" } else { "untag" }, self.expr(*tag, None)),
            Op::Credit { account, amount, expires } => {
                let expires = expires.map(|expires| format!(" expiring in {}", self.expr(expires, None)));
                format!("credit {} {account}{}", self.expr(*amount, None), expires.unwrap_or_default())
            }
            Op::Debit { account, amount } => format!("debit {} {account}", self.expr(*amount, None)),
            Op::Start { scenario } => format!("start {scenario}"),
            Op::Erase => "erase".into(),
            Op::Call { webhook, with } => format!("call {webhook}{}", self.with(with)),
            Op::Split { name, arms } => {
                let arms: Vec<String> =
                    arms.iter().map(|arm| format!("{} {} to {}", arm.name, arm.share, arm.to.0)).collect();
                format!("split {name}: {}", arms.join(", "))
            }
        }
    }

    fn with(&self, with: &[WithValue]) -> String {
        let shown = with
            .iter()
            .map(|with| format!(" with {}: {} = {}", with.name, with.ty.describe(), self.expr(with.value, None)));
        shown.collect()
    }

    /// The first of the events of a start, or of those of the scenarios that start this one; expressions over a trigger have the
    /// same slots in all of them.
    fn first(&self, start: &Start) -> Option<&str> {
        let slot = start.events().first().map_or(0, |trigger| usize::from(trigger.event));
        self.code.events.get(slot).map(|event| event.name.as_str())
    }

    fn start(&self, start: &Start, lines: &mut Vec<String>) {
        let word = if matches!(start, Start::Silence { .. }) { "when no" } else { "when" };
        for trigger in start.events() {
            let event = &self.code.events[usize::from(trigger.event)].name;
            let filter = trigger.filter.map(|filter| format!(" if {}", self.expr(filter, Some(event))));
            lines.push(format!("{word} {event}{}", filter.unwrap_or_default()));
        }
        match start {
            Start::Events(_) => {}
            Start::Silence { duration, since, .. } => {
                let since = since.map(|since| format!(" since {}", self.expr(since, None))).unwrap_or_default();
                lines.push(format!("for as long as {}{since}", self.expr(*duration, self.first(start))));
            }
            Start::Started => {
                let events: Vec<&str> = self.code.events.iter().map(|event| event.name.as_str()).collect();
                lines.push(["when started by", &events.join(", ")].join(" ").trim_end_matches(" by ").to_owned());
            }
            Start::Every { occurrence, since } => {
                let since = since.map(|since| format!(" since {}", self.expr(since, None))).unwrap_or_default();
                let every = match occurrence {
                    Occurrence::Day { at } => format!("every day at {at}"),
                    Occurrence::Weekly { day, at } => format!("every {} at {at}", day.name()),
                    Occurrence::Monthly { months, at } => format!("every {months} months at {at}"),
                    Occurrence::Anniversary { date, shift, at } => {
                        let shift = shift.map(|shift| format!(" + {}", self.expr(shift, None))).unwrap_or_default();
                        format!("every year on {}{shift} at {at}", self.expr(*date, None))
                    }
                };
                lines.push(every + &since);
            }
        }
    }

    fn all(&self, all: &[ExprIx], event: Option<&str>, between: &str) -> String {
        let all: Vec<String> = all.iter().map(|each| self.expr(*each, event)).collect();
        format!("({})", all.join(between))
    }

    fn two(&self, one: ExprIx, other: ExprIx, event: Option<&str>, between: &str) -> String {
        self.all(&[one, other], event, between)
    }

    fn expr(&self, place: ExprIx, event: Option<&str>) -> String {
        match self.code.exprs.get(place).unwrap() {
            Expr::Missing => "missing".into(),
            Expr::Literal(literal) => match literal {
                Literal::Text(text) => format!("{text:?}"),
                Literal::Number(number) => number.to_string(),
                Literal::Flag(flag) => if *flag { "yes" } else { "no" }.into(),
                Literal::Instant(instant) => instant.to_string(),
                Literal::Date(date) => date.to_string(),
                Literal::Time(time) => time.to_string(),
                Literal::Duration(duration) => duration.to_string(),
                other => format!("{other:?}"),
            },
            Expr::Now => "now".into(),
            Expr::Entry => "entry".into(),
            Expr::LastMessage => "last message".into(),
            Expr::Contact(slot) => format!("contact.{}", self.code.contact[usize::from(*slot)].name),
            Expr::ContactId => "contact".into(),
            Expr::Trigger(slot) => format!("trigger.{}", self.code.trigger[usize::from(*slot)].name),
            Expr::Event(slot) => {
                let event = self.code.events.iter().find(|each| Some(each.name.as_str()) == event).unwrap();
                format!("{}.{}", event.name, event.fields[usize::from(*slot)].name)
            }
            Expr::Field { of, entity, field } => {
                let entity = &self.code.entities[usize::from(*entity)];
                format!("{}.{}", self.expr(*of, event), entity.fields[usize::from(*field)].name)
            }
            Expr::Has(inner) => format!("has {}", self.expr(*inner, event)),
            Expr::IsEmpty(inner) => format!("empty {}", self.expr(*inner, event)),
            Expr::Not(inner) => format!("not {}", self.expr(*inner, event)),
            Expr::And(all) => self.all(all, event, " and "),
            Expr::Or(all) => self.all(all, event, " or "),
            Expr::Equal(one, other) => self.two(*one, *other, event, " is "),
            Expr::Less(one, other) => self.two(*one, *other, event, " < "),
            Expr::LessOrEqual(one, other) => self.two(*one, *other, event, " <= "),
            Expr::In(value, list) => format!("{} in {}", self.expr(*value, event), self.all(list, event, ", ")),
            Expr::Add(one, other) => self.two(*one, *other, event, " + "),
            Expr::Subtract(one, other) => self.two(*one, *other, event, " - "),
            Expr::Multiply(one, other) => self.two(*one, *other, event, " * "),
            Expr::Divide(one, other) => self.two(*one, *other, event, " / "),
            Expr::Negate(inner) => format!("-{}", self.expr(*inner, event)),
            Expr::Round(inner) => format!("round {}", self.expr(*inner, event)),
            Expr::Default(one, other) => self.two(*one, *other, event, " default "),
            Expr::If { condition, then, otherwise } => {
                let [condition, then, otherwise] = [condition, then, otherwise].map(|each| self.expr(*each, event));
                format!("(if {condition} then {then} else {otherwise})")
            }
            Expr::History { probe, keys, window } => self.history(*probe, keys, window, None, event),
            Expr::Scan { probe, keys, window, filter } => self.history(*probe, keys, window, Some(*filter), event),
            Expr::EventAt => format!("{}.at", event.unwrap_or("")),
            Expr::Element => "each".into(),
            Expr::OwnMessage(names) => format!("own {}", names.join("|")),
            Expr::Balance(account) => format!("balance {account}"),
            Expr::Measure(measure) => format!("measure {measure}"),
            Expr::InScenario(scenario) => format!("in {scenario}"),
            Expr::IsUnknown(inner) => format!("unknown {}", self.expr(*inner, event)),
            Expr::InList(one, other) => self.two(*one, *other, event, " in "),
            Expr::Top(count, list) => format!("top {count} of {}", self.expr(*list, event)),
            Expr::Recommend { count, probe, product, complements } => {
                let history = self.history(*probe, &[], &Window::Ever, None, event);
                let of = self.code.probes.get(*probe).unwrap().event;
                let of = Some(self.code.events[usize::from(of)].name.as_str());
                let [product, complements] = [product, complements].map(|each| self.expr(*each, of));
                format!("recommend {count} of {complements} for {product} in {history}")
            }
            Expr::Aggregate(aggregate) => {
                let Aggregate { kind, probe, keys, window, filter, of } = aggregate;
                let event_slot = self.code.probes.get(*probe).unwrap().event;
                let own = Some(self.code.events[usize::from(event_slot)].name.as_str());
                let of = of.map(|of| format!(" {}", self.expr(of, own))).unwrap_or_default();
                format!("{kind:?}{of} {}", self.history(*probe, keys, window, *filter, event))
            }
        }
    }

    fn history(
        &self,
        probe: ProbeIx,
        keys: &[ExprIx],
        window: &Window,
        scan: Option<ExprIx>,
        outer: Option<&str>,
    ) -> String {
        let probe = self.code.probes.get(probe).unwrap();
        let event = self.code.events[usize::from(probe.event)].name.as_str();
        let own = Some(event);
        let filter = probe.filter.map(|filter| format!(" if {}", self.expr(filter, own))).unwrap_or_default();
        let keys: String = (probe.keys.iter().zip(keys))
            .map(|(one, other)| format!(" by {} = {}", self.expr(*one, own), self.expr(*other, outer)))
            .collect();
        let scan = scan.map(|scan| format!(" scan {}", self.expr(scan, own))).unwrap_or_default();
        let window = match window {
            Window::Since(from) => format!("since {}", self.expr(*from, outer)),
            Window::InLast(length) => format!("in last {}", self.expr(*length, outer)),
            Window::Ever => "ever".into(),
        };
        format!("[{event}{filter}{keys}{scan} {window}]")
    }
}
