//! The differences as one JSON object.

use super::changes::{Change, Place};
use super::tables::month_name;
use super::words::Shown;
use crate::cli::engagement;
use crate::drivers::diff::{Class, Counts, Example, Line, Seen, Why};
use crate::drivers::simulate::Simulation;
use serde_json::{Map, Value, json};

impl Shown<'_> {
    pub fn json(&self) -> String {
        let tally = &self.difference.tally;
        let (rows, persons) = (&tally.rows, &tally.persons);
        let months: Vec<Value> = tally
            .months
            .iter()
            .map(|((scenario, month), line)| {
                let mut value = line_of(line);
                value.insert("scenario".into(), self.difference.scenario(*scenario).into());
                value.insert("month".into(), month_name(*month).into());
                Value::Object(value)
            })
            .collect();
        let acts: Vec<Value> = tally
            .acts
            .iter()
            .map(|((scenario, effect), line)| {
                let mut value = line_of(line);
                value.insert("scenario".into(), self.difference.scenario(*scenario).into());
                value.insert("effect".into(), (*effect).into());
                Value::Object(value)
            })
            .collect();
        let why: Vec<Value> = tally
            .why
            .iter()
            .map(|((class, scenario, why), count)| {
                let (outcome, reason) = match why {
                    Why::Absent => (None, None),
                    Why::Ended(reason) => (Some("ended"), Some(reason.text())),
                    Why::Unsent(outcome, reason) => (Some(outcome.name()), Some(reason.text())),
                };
                let scenario = self.difference.scenario(*scenario);
                json!({"class": class.name(), "scenario": scenario, "outcome": outcome, "reason": reason, "count": count})
            })
            .collect();
        let extremes = tally.moves.extremes();
        let examples: Map<String, Value> = Class::ALL
            .into_iter()
            .map(|class| {
                let all: Vec<Value> = tally.examples(class).map(|example| self.example(example)).collect();
                (class.name().to_owned(), Value::Array(all))
            })
            .collect();
        let value = json!({
            "old": self.old,
            "new": self.new,
            "same_meaning": false,
            "from": self.difference.span.map(|(from, _)| from.to_string()),
            "to": self.difference.span.map(|(_, to)| to.to_string()),
            "engagement": engagement::name(self.engagement),
            "headline": self.headline(),
            "messages": Value::Object(line_of(&tally.messages())),
            "months": months,
            "acts": acts,
            "why": why,
            "moved_seconds": {
                "median": tally.moves.median(),
                "least": extremes.map(|(least, _)| least),
                "greatest": extremes.map(|(_, most)| most),
                "ranges": self.ranges().into_iter().map(|(name, count)| json!({"range": name, "count": count})).collect::<Vec<_>>(),
            },
            "persons": {
                "changed": persons.changed, "losing": persons.losing, "gaining": persons.gaining,
                "moving": persons.moving, "fewer": persons.fewer, "more": persons.more,
            },
            "rows": {
                "old": rows.old, "new": rows.new, "kept": rows.kept, "changed": rows.changed,
                "old_alone": rows.old_alone, "new_alone": rows.new_alone,
            },
            "causes": self.causes_json(),
            "busiest_person_day": { "old": self.busiest_json(&self.difference.old), "new": self.busiest_json(&self.difference.new) },
            "not_simulated": { "old": not_simulated(&self.difference.old), "new": not_simulated(&self.difference.new) },
            "as_of_now": { "old": self.difference.old.report.as_of_now, "new": self.difference.new.report.as_of_now },
            "templates": self.templates,
            "examples": examples,
            "over_the_limit": self.passed,
        });
        format!("{value:#}\n")
    }

    fn causes_json(&self) -> Value {
        let told = self.told();
        let causes: Vec<Value> = told
            .causes
            .iter()
            .map(|cause| {
                let scenarios: Vec<Value> = cause
                    .scenarios
                    .iter()
                    .map(|(scenario, counts)| json!({"scenario": self.difference.scenario(*scenario), "messages": counts_of(counts)}))
                    .collect();
                json!({
                    "lines": lines_of(&cause.changes),
                    "messages": counts_of(&cause.messages),
                    "acts": counts_of(&cause.acts),
                    "scenarios": scenarios,
                })
            })
            .collect();
        json!({
            "told_apart": told.is_known,
            "each": causes,
            "any_of_several": counts_of(&told.several),
            "only_together": counts_of(&told.together),
            "without_effect": lines_of(&told.others),
        })
    }

    fn example(&self, example: &Example) -> Value {
        json!({
            "contact": self.contact(&example.contact),
            "trigger": example.trigger,
            "old": example.old.as_ref().map(|seen| self.seen_json(seen)),
            "new": example.new.as_ref().map(|seen| self.seen_json(seen)),
        })
    }

    fn seen_json(&self, seen: &Seen) -> Value {
        json!({
            "at": seen.at.to_string(),
            "scenario": self.difference.scenario(seen.scenario),
            "channel": &*seen.channel,
            "message": &*seen.message,
            "outcome": seen.outcome.map(|outcome| outcome.name()),
            "reason": seen.reason.text(),
        })
    }

    fn busiest_json(&self, side: &Simulation) -> Value {
        side.report.busiest.as_ref().map_or(Value::Null, |busiest| {
            json!({"contact": self.contact(&busiest.contact), "day": busiest.day, "messages": busiest.messages})
        })
    }
}

fn not_simulated(side: &Simulation) -> Vec<&str> {
    side.report.not_simulated.iter().map(|not| not.scenario.as_str()).collect()
}

fn lines_of(changes: &[&Change]) -> Vec<Value> {
    let place = |place: &Place| json!({"file": place.file, "line": place.line, "text": place.text});
    let lines = changes.iter().flat_map(|change| change.lines.iter().map(|line| (&change.item, line)));
    lines
        .map(|(item, line)| json!({"item": item, "old": line.old.as_ref().map(place), "new": line.new.as_ref().map(place)}))
        .collect()
}

fn counts_of(counts: &Counts) -> Value {
    json!({
        "lost": counts.lost, "gained": counts.gained, "moved": counts.moved, "otherwise": counts.otherwise,
        "other_reason": counts.reason,
    })
}

fn line_of(line: &Line) -> Map<String, Value> {
    let mut value = Map::new();
    value.insert("before".into(), line.before.into());
    value.insert("after".into(), line.after.into());
    if let Value::Object(counts) = counts_of(&line.changed) {
        value.extend(counts);
    }
    value
}
