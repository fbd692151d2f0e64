//! The report of a simulation, for people and as JSON.

use crate::cli::counted::{counted, grouped};
use crate::cli::tables::{self, By, Kind};
use crate::cli::{engagement, output};
use crate::diagnostic::render::clean;
use crate::drivers::simulate::{Busiest, Ended, ReadFrom, Report, Row, Simulation};
use crate::drivers::story::{self, Lived, ScenarioStory, Teller, Texts, Wanted, moment};
use crate::engine::{Count, Engagement, Outcome, Program, Reason};
use crate::ir::{Op, Policy, StepIx};
use crate::model::Id;
use comfy_table::{CellAlignment, Table, presets};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

/// How many entities are named where instances ended before their time.
const NAMED: usize = 5;

/// A simulation, and how it is to be shown.
pub struct Shown<'a> {
    pub simulation: &'a Simulation,
    pub policy: &'a Policy,
    pub texts: Texts,
    /// Whether texts and dates of contacts are shown.
    pub reveal: bool,
    pub engagement: Engagement,
    /// What the scenarios are called, by their names.
    pub titles: BTreeMap<String, String>,
    /// Addresses, by contact; empty where they are hidden.
    pub revealed: BTreeMap<Id, String>,
    pub effects: Option<&'a Path>,
    /// Whether the request says from when on scenarios start.
    pub from_is_named: bool,
    /// What has a row of the table, where it is asked for.
    pub by: Option<By>,
}

impl Report {
    /// The contacts that the report names.
    pub fn contacts_shown(&self) -> Vec<Id> {
        let busiest = self.busiest.iter().map(|busiest| busiest.contact.clone());
        let shown: BTreeSet<Id> = self.first.iter().map(|row| row.contact.clone()).chain(busiest).collect();
        shown.into_iter().collect()
    }
}

impl Shown<'_> {
    fn program(&self) -> &Program {
        &self.simulation.program
    }

    fn report(&self) -> &Report {
        &self.simulation.report
    }

    pub(super) fn scenario(&self, unit: u16) -> &str {
        self.program().unit(unit).map_or("", |unit| &unit.scenario.name)
    }

    fn message(&self, row: &Row) -> String {
        let step = self.program().unit(row.unit).and_then(|unit| unit.scenario.steps.get(row.step));
        match step.map(|step| &step.op) {
            Some(Op::Send(send)) => send
                .alternatives
                .get(usize::from(row.alternative))
                .map_or_else(String::new, |chosen| format!("{} {}", chosen.channel, chosen.message)),
            _ => String::new(),
        }
    }

    fn contact(&self, id: &Id) -> String {
        match self.revealed.get(id) {
            Some(revealed) => clean(&format!("{id} {revealed}")).into_owned(),
            None => clean(&id.to_string()).into_owned(),
        }
    }

    pub fn human(&self) -> String {
        let mut text = String::new();
        // A table that is missing comes first where it may be why there is nothing else to tell.
        let is_empty = self.report().span.is_none() || self.program().units().is_empty();
        if is_empty {
            self.lacking(&mut text);
        }
        self.heading(&mut text);
        if !is_empty {
            self.terms(&mut text);
            if output::draws() {
                text.push_str(&self.sparks(output::width()));
            }
            text.push_str(&self.sent_by_month(output::width()));
            self.tables(&mut text);
            self.acts(&mut text);
            self.busiest(&mut text);
            self.first(&mut text);
            self.not_sent(&mut text);
            self.ended(&mut text);
        }
        if !is_empty {
            self.lacking(&mut text);
        }
        self.notes(&mut text);
        self.trace(&mut text);
        text
    }

    fn heading(&self, text: &mut String) {
        let report = self.report();
        let zone = self.program().settings.zone;
        let units: BTreeSet<&str> = self.program().units().iter().map(|unit| unit.scenario.name.as_str()).collect();
        let Some((from, to)) = report.span else {
            let why = match (report.not_simulated.is_empty(), units.is_empty()) {
                (true, _) => "the CRM has no event that these scenarios read",
                (false, true) => "no scenario can be simulated",
                (false, false) => "the CRM has no event that the other scenarios read",
            };
            let _ = writeln!(text, "{why}: nothing would be sent");
            return;
        };
        let (contacts, events, zone_name) = (report.contacts, report.events, zone.name());
        let _ = writeln!(
            text,
            "{} of {}, {}, {}, {} to {} ({zone_name})\n{} would be sent\n",
            units.len(),
            counted((units.len() + report.not_simulated.len()) as u64, "scenario"),
            counted(contacts, "contact"),
            counted(events, "event"),
            moment(zone, from),
            moment(zone, to),
            counted(report.sent, "message"),
        );
    }

    /// Who entered, what was sent, who reached the goal: where a scenario says what success is, or somebody asks.
    fn tables(&self, text: &mut String) {
        let tables = &self.report().tables;
        if self.by.is_none() && !tables::is_telling(tables) {
            return;
        }
        let mut all = vec![self.by.unwrap_or_default()];
        if self.by.is_none() && tables.scenarios.iter().any(|of| !of.arms.is_empty()) {
            all.push(By::Arm);
        }
        for by in all {
            let table = tables::human(tables, by);
            if !table.is_empty() {
                let _ = writeln!(text, "{table}\n");
            }
        }
        let sentences = tables::sentences(tables, Kind::Simulation);
        if !sentences.is_empty() {
            let _ = writeln!(text, "{sentences}");
        }
    }

    fn acts(&self, text: &mut String) {
        let acts = &self.report().acts;
        if acts.is_empty() {
            return;
        }
        let mut table = plain_table();
        table.set_header(vec!["done by month", "scenario", "step", "count"]);
        let mut totals: BTreeMap<(u16, &str), u64> = BTreeMap::new();
        for ((unit, effect, month), count) in acts {
            *totals.entry((*unit, effect)).or_default() += count;
            table.add_row(vec![month.clone(), self.scenario(*unit).into(), (*effect).into(), grouped(*count)]);
        }
        for ((unit, effect), count) in totals {
            table.add_row(vec!["total".into(), self.scenario(unit).to_owned(), effect.into(), grouped(count)]);
        }
        align_numbers(&mut table, 3);
        let _ = writeln!(text, "{table}\n");
    }

    fn busiest(&self, text: &mut String) {
        let Some(Busiest { contact, day, messages: count, could_leave_together }) = &self.report().busiest else {
            return;
        };
        let who = self.contact(contact);
        let _ = writeln!(text, "busiest day of one person: {} to contact {who} on {day}", counted(*count, "message"));
        if *could_leave_together > 1 {
            let them = if could_leave_together == count {
                "them".to_owned()
            } else {
                format!("{} of them", grouped(*could_leave_together))
            };
            let _ = writeln!(text, "  `send ... together` would make {them} one message, with an item for each");
        }
        text.push('\n');
    }

    fn first(&self, text: &mut String) {
        let report = self.report();
        if report.first.is_empty() {
            return;
        }
        let zone = self.program().settings.zone;
        let mut table = plain_table();
        table.set_header(vec!["at", "contact", "scenario", "message", "for", "entered at"]);
        for row in &report.first {
            let id = row.trigger.id.to_string();
            let mut triggers = format!("{}/{}", self.program().event_name(row.trigger.kind), clean(&id));
            if !row.also.is_empty() {
                let _ = write!(triggers, " and {} more", row.also.len());
            }
            table.add_row(vec![
                moment(zone, row.at),
                self.contact(&row.contact),
                self.scenario(row.unit).to_owned(),
                self.message(row),
                triggers,
                moment(zone, row.entered_at),
            ]);
        }
        let _ = writeln!(text, "{table}");
        let rest = report.sent - report.first.len() as u64;
        let _ = match self.effects {
            Some(path) => writeln!(text, "all {} effects are in {}\n", grouped(report.rows), path.display()),
            None if rest > 0 => {
                writeln!(text, "... and {} more: `--effects OUT.csv` writes every effect\n", grouped(rest))
            }
            None => writeln!(text),
        };
    }

    fn not_sent(&self, text: &mut String) {
        let report = self.report();
        let mut table = plain_table();
        table.set_header(vec!["not sent, and why", "scenario", "count"]);
        let mut rows = 0;
        for ((unit, ordinal, outcome, reason), count) in &report.outcomes {
            if matches!(outcome, Outcome::Sent | Outcome::Done) {
                continue;
            }
            rows += 1;
            let because = if *reason == Reason::None { String::new() } else { format!(": {}", reason.text()) };
            let why = format!("step {ordinal} {}{because}", outcome.name());
            table.add_row(vec![why, self.scenario(*unit).to_owned(), grouped(*count)]);
        }
        for (unit, counts) in report.counts.iter().enumerate() {
            for count in Count::ALL {
                let number = counts.get(count);
                if number == 0 || matches!(count, Count::Started | Count::Finished) {
                    continue;
                }
                rows += 1;
                let scenario = self.scenario(unit as u16).to_owned();
                table.add_row(vec![story::count_words(count).to_owned(), scenario, grouped(number)]);
            }
            let scenario = self.scenario(unit as u16);
            let waiting = report.tables.waiting(scenario);
            if waiting > 0 {
                rows += 1;
                table.add_row(vec!["still waiting at the end".to_owned(), scenario.to_owned(), grouped(waiting)]);
            }
        }
        if rows > 0 {
            align_numbers(&mut table, 2);
            let _ = writeln!(text, "{table}\n");
        }
    }

    fn ended(&self, text: &mut String) {
        for ((unit, step, reason), ended) in &self.report().ended {
            let _ = writeln!(text, "{}", self.ended_at(*unit, *step, *reason, ended.count));
            name_entities(text, ended);
        }
    }

    fn lacking(&self, text: &mut String) {
        for not in self.not_simulated() {
            let _ = writeln!(text, "not simulated: {not}");
        }
        if !self.report().not_simulated.is_empty() {
            let _ = writeln!(text, "  `scn crm` shows the SQL views to write\n");
        }
    }

    fn notes(&self, text: &mut String) {
        for notice in self.notices() {
            let kind = if notice.is_warning { "warning" } else { "note" };
            let _ = writeln!(text, "{kind}: {}", notice.text);
            for example in &notice.examples {
                let _ = writeln!(text, "  {example}");
            }
        }
    }

    fn trace(&self, text: &mut String) {
        for (_, scenarios) in self.stories() {
            text.push_str(&story::scenarios_text(&scenarios));
        }
    }

    /// The story of each contact that was asked for: what happened, without what did not enter for want of a trigger.
    fn stories(&self) -> Vec<(String, Vec<ScenarioStory>)> {
        let of_one = |lived: &crate::drivers::simulate::Lived| {
            let teller = Teller {
                program: self.program(),
                world: &self.simulation.world,
                texts: &self.texts,
                zone: lived.zone,
                reveal: self.reveal,
            };
            let (trace, refusals, clocks) = (&lived.trace, &lived.refusals, &lived.clocks);
            let scenarios = teller.scenarios(Lived { trace, refusals, clocks, deliveries: &[] }, &Wanted::default());
            (lived.contact.to_string(), scenarios)
        };
        self.report().lived.iter().map(of_one).collect()
    }

    pub fn json(&self) -> String {
        let report = self.report();
        let months: Vec<Value> = report
            .months
            .iter()
            .map(|((unit, month), sent)| json!({"scenario": self.scenario(*unit), "month": month, "sent": sent}))
            .collect();
        let acts: Vec<Value> = report
            .acts
            .iter()
            .map(|((unit, effect, month), count)| {
                json!({"scenario": self.scenario(*unit), "effect": effect, "month": month, "count": count})
            })
            .collect();
        let outcomes: Vec<Value> = report
            .outcomes
            .iter()
            .map(|((unit, step, outcome, reason), count)| {
                let (scenario, outcome, reason) = (self.scenario(*unit), outcome.name(), reason.text());
                json!({"scenario": scenario, "step": step, "outcome": outcome, "reason": reason, "count": count})
            })
            .collect();
        let ended: Vec<Value> = report.ended.iter().map(|(place, ended)| self.ended_json(place, ended)).collect();
        let not_simulated: Vec<Value> = report
            .not_simulated
            .iter()
            .map(|not| {
                let lacks: Vec<String> = not.lacks.iter().map(|lack| lack.describe()).collect();
                json!({"scenario": not.scenario, "lacks": lacks})
            })
            .collect();
        let busiest = report.busiest.as_ref().map(|busiest| {
            json!({"contact": self.contact(&busiest.contact), "day": busiest.day, "messages": busiest.messages})
        });
        let stories: Vec<Value> = self
            .stories()
            .into_iter()
            .map(|(contact, scenarios)| json!({"contact": contact, "scenarios": scenarios}))
            .collect();
        let (history, because) = match &report.read_from {
            ReadFrom::Crm => ("crm", None),
            ReadFrom::Cache => ("cache", None),
            ReadFrom::Kept(cold) | ReadFrom::Cold(cold) => ("crm", Some(cold.to_string())),
        };
        let value = json!({
            "from": report.span.map(|(from, _)| from.to_string()),
            "to": report.span.map(|(_, to)| to.to_string()),
            "contacts": report.contacts,
            "events": report.events,
            "sent": report.sent,
            "effects": report.rows,
            "threads": report.threads,
            "history": history,
            "history_because": because,
            "months": months,
            "acts": acts,
            "policy": self.limits(),
            "measures": super::terms::measures_json(self.simulation),
            "persons_with_several_rows": report.persons,
            "erased": {"persons": report.tables.erased(), "events": report.of_erased},
            "outcomes": outcomes,
            "ended": ended,
            "busiest_person_day": busiest,
            "not_simulated": not_simulated,
            "contacts_set_aside": report.notes.set_aside,
            "engagement": engagement::name(self.engagement),
            "assumed": match self.engagement {
                Engagement::Assumed(rates) => json!({
                    "opened": engagement::percent(rates.opened()),
                    "clicked": engagement::percent(rates.clicked()),
                }),
                _ => Value::Null,
            },
            "read_as_of_now": report.as_of_now,
            "tables": tables::json(&report.tables, Kind::Simulation),
            "stories": stories,
        });
        format!("{value:#}\n")
    }

    fn ended_json(&self, (unit, step, reason): &(u16, StepIx, Reason), ended: &Ended) -> Value {
        let about: Vec<Value> = ended
            .about
            .iter()
            .map(|((entity, id), count)| json!({"entity": entity, "id": id, "count": count}))
            .collect();
        json!({
            "scenario": self.scenario(*unit),
            "wait": self.program().describe_wait(*unit, *step),
            "reason": reason.text(),
            "count": ended.count,
            "about": about,
        })
    }
}

fn name_entities(text: &mut String, ended: &Ended) {
    let mut about: Vec<(&(String, Id), &u64)> = ended.about.iter().collect();
    about.sort_by(|(one, count), (two, other)| other.cmp(count).then_with(|| one.cmp(two)));
    for ((entity, id), count) in about.iter().take(NAMED) {
        let _ = writeln!(text, "  {entity} {}: {}", clean(&id.to_string()), grouped(**count));
    }
    if about.len() > NAMED {
        let _ = writeln!(text, "  ... and {} more: `--format json` names all", about.len() - NAMED);
    }
}

pub(super) fn plain_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table
}

pub(super) fn align_numbers(table: &mut Table, from: usize) {
    for column in table.column_iter_mut().skip(from) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}
