//! The tables as JSON: all of them, with every figure. Sums of money are texts, exact; shares are fractions of 1.

use super::amounts::{exact, goal_name};
use super::sentences::{Kind, comparison, why_not};
use crate::drivers::tables::statistics::{Interval, Share, wilson};
use crate::drivers::tables::{Cell, GoalKind, Group, Row, ScenarioTables, Tables, share};
use serde_json::{Value, json};

/// The tables of a simulation or of a run.
pub fn json(tables: &Tables, kind: Kind) -> Value {
    let scenarios: Vec<Value> = tables.scenarios.iter().map(|of| scenario(tables, of, kind)).collect();
    json!({
        "source": kind.name(),
        "zone": tables.zone,
        "currency": tables.currency,
        "methods": {
            "level": 0.95,
            "conversion": "Wilson 1927",
            "difference of conversions": "Newcombe 1998, method 10",
            "difference of revenues": "Welch 1947",
        },
        "scenarios": scenarios,
    })
}

fn scenario(tables: &Tables, of: &ScenarioTables, kind: Kind) -> Value {
    let rows = |rows: &[Row], name: &str| -> Vec<Value> {
        let value = |row: &Row| {
            let mut value = cell(of, &row.cell);
            if let Some(fields) = value.as_object_mut() {
                fields.insert(name.to_owned(), json!(row.name));
                fields.extend(row.number.map(|number| ("number".to_owned(), json!(number))));
            }
            value
        };
        rows.iter().map(value).collect()
    };
    json!({
        "scenario": of.name,
        "goal": goal_name(of.goal),
        "events_without_money": of.without_money,
        "said": comparison(tables, of, kind),
        "all": cell(of, &of.all),
        "steps": rows(&of.steps, "step"),
        "messages": rows(&of.messages, "message"),
        "arms": rows(&of.arms, "arm"),
        "months": rows(&of.months, "month"),
    })
}

fn cell(of: &ScenarioTables, cell: &Cell) -> Value {
    let not_sent: Vec<Value> = cell
        .not_sent
        .iter()
        .map(|(became, count)| json!({"outcome": became.name(), "reason": became.reason(), "count": count}))
        .collect();
    let mut value = json!({
        "entered": cell.entered,
        "waiting": cell.waiting,
        "sent": cell.sent,
        "not_sent": not_sent,
        "held_out": cell.not_sent_as("held out"),
    });
    let Some(fields) = value.as_object_mut().filter(|_| of.goal != GoalKind::None) else { return value };
    let rate = wilson(Share { part: cell.converted, of: cell.reached });
    let hours: Vec<(u32, u64)> = cell.hours.iter().map(|(hours, count)| (*hours, *count)).collect();
    let quartile = |part| cell.hours_at((part, 4));
    let more = json!({
        "reached": cell.reached,
        "goals": cell.goals,
        "converted": cell.converted,
        "conversion": rate.as_ref().map(|rate| interval("rate", rate)),
        "hours_to_goal": quartile(2).map(|median| {
            json!({"quarter": quartile(1), "median": median, "three_quarters": quartile(3), "counts": hours})
        }),
        "revenue": of.has_revenue().then(|| exact(cell.revenue)),
        "against_holdout": against(of, cell),
    });
    if let Value::Object(more) = more {
        fields.extend(more);
    }
    value
}

fn against(of: &ScenarioTables, cell: &Cell) -> Value {
    let compared = of.compare(cell);
    let mut value = json!({
        "treated": group(of, &cell.treated),
        "held_out": group(of, &cell.held_out),
        "conversion": compared.ok().map(|found| interval("difference", &found.conversion)),
        "revenue_per_person": compared.ok().and_then(|found| Some(interval("difference", &found.revenue?))),
    });
    if let (Err(why), Some(fields)) = (compared, value.as_object_mut()) {
        fields.insert("why_not".to_owned(), json!(why_not(why)));
    }
    value
}

fn group(of: &ScenarioTables, group: &Group) -> Value {
    let rate = wilson(share(group));
    json!({
        "persons": group.persons,
        "converted": group.converted,
        "conversion": rate.as_ref().map(|rate| interval("rate", rate)),
        "revenue": of.has_revenue().then(|| exact(group.revenue)),
    })
}

/// To six digits after the point: what is behind is of no meaning.
fn interval(name: &str, interval: &Interval) -> Value {
    let rounded = |value: f64| (value * 1e6).round() / 1e6;
    json!({name: rounded(interval.estimate), "low": rounded(interval.low), "high": rounded(interval.high)})
}
