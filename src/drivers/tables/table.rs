//! The finished tables: rows with their names.

use super::months::Months;
use super::sums::View;
use super::{Catalog, Cell, GoalKind, Sums};

/// The tables of all scenarios, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// The zone of the months.
    pub zone: String,
    pub currency: String,
    pub scenarios: Vec<ScenarioTables>,
}

/// The tables of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScenarioTables {
    pub name: String,
    pub goal: GoalKind,
    /// Whether the policy keeps persons apart.
    pub has_holdout: bool,
    /// Persons who were erased, in whatever scenario they were and by whichever: what they would have done is not known.
    pub erased: u64,
    /// Events of its goal that have no money to count: no field of type money, or several.
    pub without_money: Vec<String>,
    /// The whole.
    pub all: Cell,
    /// `2: email reminder`, by the number of the step in the text.
    pub steps: Vec<Row>,
    /// `email reminder`
    pub messages: Vec<Row>,
    /// `offer a`; several splits one after the other: `offer a, subject b`. Empty where there is no split; a row without a
    /// name is before the first of them.
    pub arms: Vec<Row>,
    /// `2011-03`
    pub months: Vec<Row>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// Of a step: its number in the text.
    pub number: Option<u16>,
    pub cell: Cell,
}

impl Tables {
    /// The tables of what was added up.
    pub fn new(catalog: &Catalog, sums: Sums, zone: &str, currency: &str) -> Tables {
        let erased = sums.erased;
        let (rows, paths) = sums.rows(catalog);
        let mut scenarios: Vec<ScenarioTables> = catalog
            .scenarios
            .iter()
            .enumerate()
            .map(|(place, scenario)| ScenarioTables {
                name: scenario.name.clone(),
                goal: scenario.goal,
                has_holdout: catalog.has_holdout,
                erased,
                without_money: catalog.without_money(place as u16),
                all: Cell::default(),
                steps: Vec::new(),
                messages: Vec::new(),
                arms: Vec::new(),
                months: Vec::new(),
            })
            .collect();
        for ((view, scenario, key), cell) in rows {
            let Some(tables) = scenarios.get_mut(usize::from(scenario)) else { continue };
            let place = usize::try_from(key).unwrap_or(usize::MAX);
            let (table, name, number) = match view {
                View::All => {
                    tables.all = cell;
                    continue;
                }
                View::Step => {
                    let Some(step) = catalog.steps.get(place) else { continue };
                    let messages: Vec<String> = step.messages.iter().map(|each| message(catalog, *each)).collect();
                    let name = format!("{}: {}", step.number, messages.join(" or "));
                    (&mut tables.steps, name, Some(step.number))
                }
                View::Message => (&mut tables.messages, message(catalog, key as u32), None),
                View::Arm => {
                    let arms = paths.arms(key as u32);
                    let arms = arms.iter().filter_map(|arm| catalog.arms.get(*arm as usize));
                    let names: Vec<String> = arms.map(|(split, arm)| format!("{split} {arm}")).collect();
                    (&mut tables.arms, names.join(", "), None)
                }
                View::Month => (&mut tables.months, Months::name(key as i32), None),
            };
            table.push(Row { name, number, cell });
        }
        scenarios.sort_by(|one, two| one.name.cmp(&two.name));
        for tables in &mut scenarios {
            tables.steps.sort_by(|one, two| (one.number, &one.name).cmp(&(two.number, &two.name)));
            for table in [&mut tables.messages, &mut tables.arms, &mut tables.months] {
                table.sort_by(|one, two| one.name.cmp(&two.name));
            }
        }
        Tables { zone: zone.to_owned(), currency: currency.to_owned(), scenarios }
    }

    /// The journeys of a scenario whose steps are not over.
    pub fn waiting(&self, scenario: &str) -> u64 {
        self.scenarios.iter().find(|of| of.name == scenario).map_or(0, |of| of.all.waiting)
    }

    /// Persons who were erased, by any scenario.
    pub fn erased(&self) -> u64 {
        self.scenarios.first().map_or(0, |of| of.erased)
    }

    /// A step of a scenario, by its number in the text; `None` where nobody came to it or waits before it.
    pub fn step(&self, scenario: &str, number: u16) -> Option<&Cell> {
        let of = self.scenarios.iter().find(|of| of.name == scenario)?;
        of.steps.iter().find(|row| row.number == Some(number)).map(|row| &row.cell)
    }

    /// The tables of a run whose state forgot persons: who is left is not compared.
    pub fn without(mut self, persons: u64) -> Tables {
        self.scenarios.iter_mut().for_each(|scenario| scenario.erased += persons);
        self
    }
}

fn message(catalog: &Catalog, number: u32) -> String {
    catalog.messages.get(number as usize).map_or_else(String::new, |(channel, message)| format!("{channel} {message}"))
}
