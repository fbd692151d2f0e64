//! The report of a simulation as a page.

use super::report::Shown;
use super::terms::{measures, persons};
use crate::cli::counted::{counted, grouped};
use crate::cli::engagement;
use crate::cli::page::{
    Body, Cell, Column, Days, Funnel, Heat, Histogram, Notice, Page, Part, Passed, Section, Series, Stage, Table,
    results,
};
use crate::cli::tables::Kind;
use crate::drivers::simulate::Picture;
use crate::drivers::story::{count_words, moment};
use crate::engine::{Count, Counts, Outcome, Reason, Unit};
use crate::ir::{Op, Send};
use crate::time::Date;
use std::collections::BTreeMap;

impl Shown<'_> {
    /// The page; `crm` is the name of the CRM's file, without its folder.
    pub fn page(&self, crm: &str) -> Page {
        let report = &self.simulation.report;
        let mut page = Page {
            title: "What would have been sent".into(),
            lead: self.span().into_iter().collect(),
            figures: vec![
                ("messages".into(), grouped(report.sent)),
                ("contacts read".into(), grouped(report.contacts)),
                ("events".into(), grouped(report.events)),
                ("scenarios".into(), grouped(self.simulation.program.units().len() as u64)),
            ],
            facts: self.facts(crm),
            notices: self.page_notices(),
            sections: Vec::new(),
        };
        if let Some(picture) = report.picture.as_ref().filter(|_| report.sent > 0) {
            page.sections.extend([self.days(picture), self.heat(picture), self.pressure(picture)]);
        }
        page.sections.push(self.funnels());
        page.sections.push(Section {
            id: "tables",
            title: "In numbers".into(),
            lead: vec!["The heading of a column sorts by it; once more turns the order round.".into()],
            body: Body::Tables(self.page_tables()),
        });
        page
    }

    fn span(&self) -> Option<String> {
        let zone = self.simulation.program.settings.zone;
        let (from, to) = self.simulation.report.span?;
        Some(format!(
            "What these scenarios would have done from {} to {} ({}). Nothing was sent.",
            moment(zone, from),
            moment(zone, to),
            zone.name()
        ))
    }

    fn facts(&self, crm: &str) -> Vec<(String, String)> {
        let report = &self.simulation.report;
        let fact = |what: &str, told: String| (what.to_owned(), told);
        let mut facts = vec![fact("CRM", crm.to_owned()), fact("engagement", engagement::told(self.engagement))];
        let limits = self.limits();
        let limits = if limits.is_empty() { "there is none: nothing is limited".into() } else { limits.join("; ") };
        facts.push(fact("policy", limits));
        facts.extend(measures(self.simulation).map(|(name, told)| (format!("measure {name}"), told)));
        facts.extend(persons(report).map(|told| fact("identity", told)));
        facts
    }

    /// As in the terminal, but without values of the CRM.
    fn page_notices(&self) -> Vec<Notice> {
        let warning = |text| Notice { is_warning: true, text };
        let not = self.not_simulated().map(|not| warning(format!("not simulated: {not}")));
        let told = self.notices().into_iter().map(|each| Notice { is_warning: each.is_warning, text: each.text });
        let ended = self.simulation.report.ended.iter().map(|((unit, step, reason), ended)| Notice {
            is_warning: false,
            text: self.ended_at(*unit, *step, *reason, ended.count),
        });
        not.chain(told).chain(ended).collect()
    }

    fn days(&self, picture: &Picture) -> Section {
        let zone = self.simulation.program.settings.zone;
        let mut series: BTreeMap<u16, Vec<(Date, u64)>> = BTreeMap::new();
        for ((unit, day), count) in &picture.days {
            series.entry(*unit).or_default().push((*day, *count));
        }
        let (from, to) = self.simulation.report.span.unwrap_or_default();
        let days = picture.days.keys().map(|(_, day)| *day);
        let (first, last) = (zone.wall(from).0, zone.wall(to).0);
        Section {
            id: "days",
            title: "Messages per day".into(),
            lead: vec![format!("Days are those of {}.", zone.name())],
            body: Body::Days(Days {
                noun: "message",
                of: "scenario",
                // What policy moves on may leave after the last event.
                first: days.clone().min().map_or(first, |day| day.min(first)),
                last: days.max().map_or(last, |day| day.max(last)),
                series: series
                    .into_iter()
                    .map(|(unit, counts)| Series { name: self.scenario(unit).to_owned(), counts })
                    .collect(),
            }),
        }
    }

    fn heat(&self, picture: &Picture) -> Section {
        Section {
            id: "hours",
            title: "Messages by weekday and hour".into(),
            lead: vec![format!("Hours are those of {}.", self.simulation.program.settings.zone.name())],
            body: Body::Heat(Box::new(Heat {
                title: "Messages that leave in each hour of the week".into(),
                noun: "message",
                hours: picture.hours,
            })),
        }
    }

    fn pressure(&self, picture: &Picture) -> Section {
        let persons: u64 = picture.busiest_day.values().sum();
        let none = self.simulation.report.contacts.saturating_sub(persons);
        let mut lead = vec![format!(
            "{} get a message at all; {} of the contacts that were read get none.",
            counted(persons, "person"),
            grouped(none)
        )];
        if let Some(busiest) = &self.simulation.report.busiest {
            let messages = counted(busiest.messages, "message");
            lead.push(format!("The busiest day of one person is {}: {messages}.", busiest.day));
        }
        let histogram = |title: &str, counted: &'static str, counts: &BTreeMap<u64, u64>| Histogram {
            title: title.to_owned(),
            of: "messages",
            counted,
            counts: counts.clone(),
        };
        Section {
            id: "pressure",
            title: "How many messages one person gets".into(),
            lead,
            body: Body::Histograms(vec![
                histogram("Persons by their busiest 24 hours", "persons", &picture.busiest_day),
                histogram("Persons by their busiest 7 days", "persons", &picture.busiest_week),
                histogram("Days with a message, of one person each", "days", &picture.person_days),
            ]),
        }
    }

    fn funnels(&self) -> Section {
        let units = self.simulation.program.units();
        let counts = |place: usize| self.simulation.report.counts.get(place).copied().unwrap_or_default();
        let (entered, idle): (Vec<usize>, Vec<usize>) =
            (0..units.len()).partition(|place| counts(*place).get(Count::Started) > 0);
        let mut lead = Vec::new();
        if units.iter().any(|unit| unit.scenario.goal.as_ref().is_some_and(|goal| goal.within.is_some())) {
            lead.push(
                "A goal may also be reached after the last step: who did so is in both of these bars.".to_owned(),
            );
        }
        if !idle.is_empty() {
            let names: Vec<&str> = idle.iter().map(|place| self.scenario(*place as u16)).collect();
            lead.push(format!("Nobody enters: {}.", names.join(", ")));
        }
        let funnels =
            entered.iter().filter_map(|place| Some(self.funnel(*place as u16, units.get(*place)?, &counts(*place))));
        Section {
            id: "funnels",
            title: "What became of those who entered".into(),
            lead,
            body: Body::Funnels(funnels.collect()),
        }
    }

    fn funnel(&self, unit: u16, linked: &Unit, counts: &Counts) -> Funnel {
        let scenario = &linked.scenario;
        let mut sends: BTreeMap<u16, &Send> = BTreeMap::new();
        for (_, step) in scenario.steps.iter() {
            if let Op::Send(send) = &step.op {
                sends.entry(step.ordinal).or_insert(send);
            }
        }
        let mut stages = vec![whole("entered", counts.get(Count::Started))];
        stages.extend(sends.into_iter().map(|(ordinal, send)| self.message_stage(unit, ordinal, send)));
        if scenario.goal.is_some() {
            let count = counts.get(Count::Converted);
            let goal = Part { what: "reached the goal", count, why: Vec::new() };
            stages.push(Stage { name: "reached the goal".into(), parts: vec![goal], passed: None });
        }
        let ends = [Count::Finished, Count::StoppedWhen, Count::Replaced, Count::Missing, Count::NoTimeLeft];
        let ends = ends.into_iter().map(|count| (count_words(count), counts.get(count)));
        let waiting = self.simulation.report.tables.waiting(&scenario.name);
        let waiting = [("still waiting at the end", waiting)];
        stages.extend(ends.chain(waiting).filter(|(_, count)| *count > 0).map(|(name, count)| whole(name, count)));
        let about = self.titles.get(&scenario.name).cloned().unwrap_or_default();
        Funnel { title: scenario.name.clone(), about, stages }
    }

    fn page_tables(&self) -> Vec<Table> {
        let mut tables = results(&self.simulation.report.tables, Kind::Simulation);
        tables.push(self.outcomes());
        tables
    }

    /// What became of every message and of what other steps do.
    fn outcomes(&self) -> Table {
        let outcomes = &self.simulation.report.outcomes;
        let mut of_step: BTreeMap<(u16, u16), u64> = BTreeMap::new();
        for ((unit, ordinal, _, _), count) in outcomes {
            *of_step.entry((*unit, *ordinal)).or_default() += count;
        }
        let rows = outcomes.iter().map(|((unit, ordinal, outcome, reason), count)| {
            let all = of_step.get(&(*unit, *ordinal)).copied().unwrap_or(0);
            vec![
                Cell::text(self.scenario(*unit)),
                Cell::Count(u64::from(*ordinal)),
                Cell::text(outcome.name()),
                if *reason == Reason::None { Cell::Empty } else { Cell::text(reason.text()) },
                Cell::Count(*count),
                Cell::share(*count, all),
            ]
        });
        Table {
            title: "What became of each step".into(),
            columns: vec![
                Column::text("scenario"),
                Column::number("step"),
                Column::text("outcome"),
                Column::text("why"),
                Column::number("count"),
                Column::number("share of the step"),
            ],
            rows: rows.collect(),
            notes: Vec::new(),
            is_folded: false,
        }
    }

    fn passed(&self, unit: u16, ordinal: u16) -> Passed {
        let cell = self.simulation.report.tables.step(self.scenario(unit), ordinal);
        cell.map_or(Passed { came: 0, waits: 0 }, |cell| Passed { came: cell.entered, waits: cell.waiting })
    }

    fn message_stage(&self, unit: u16, ordinal: u16, send: &Send) -> Stage {
        let messages: Vec<String> =
            send.alternatives.iter().map(|each| format!("{} {}", each.channel, each.message)).collect();
        let mut parts: BTreeMap<Outcome, Part> = BTreeMap::new();
        let of_step = (unit, ordinal, Outcome::Sent, Reason::None)..=(unit, ordinal, Outcome::Done, Reason::Merged);
        for ((_, _, outcome, reason), count) in self.simulation.report.outcomes.range(of_step) {
            let part =
                parts.entry(*outcome).or_insert_with(|| Part { what: outcome.name(), count: 0, why: Vec::new() });
            part.count += count;
            if *reason != Reason::None {
                part.why.push((reason.text().to_owned(), *count));
            }
        }
        // What the stage is about comes first, though nothing be sent.
        let sent = parts.remove(&Outcome::Sent);
        let sent = sent.unwrap_or(Part { what: Outcome::Sent.name(), count: 0, why: Vec::new() });
        Stage {
            name: format!("step {ordinal}: {}", messages.join(" or ")),
            parts: std::iter::once(sent).chain(parts.into_values()).collect(),
            passed: Some(self.passed(unit, ordinal)),
        }
    }
}

/// A bar of one colour.
fn whole(name: &str, count: u64) -> Stage {
    Stage { name: name.to_owned(), parts: vec![Part { what: "entered", count, why: Vec::new() }], passed: None }
}
