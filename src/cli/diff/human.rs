//! The differences for people.

use super::changes::Change;
use super::lines::{Told, as_before, brought};
use super::tables::{COLUMNS, align_right, plain};
use super::words::{Shown, class_words, in_other_words, moved, unsent};
use crate::cli::counted::{counted, grouped, verb};
use crate::cli::engagement;
use crate::diagnostic::render::clean;
use crate::drivers::diff::{Class, Counts};
use std::fmt::Write;

/// Ends of the ranges in which moves are counted, in seconds, and what each range is called.
const RANGES: [i64; 7] = [-30 * 86_400, -7 * 86_400, -86_400, 0, 86_400 + 1, 7 * 86_400 + 1, 30 * 86_400 + 1];
pub const RANGE_NAMES: [&str; 8] = [
    "more than 30 days earlier",
    "7 to 30 days earlier",
    "1 to 7 days earlier",
    "less than a day earlier",
    "up to a day later",
    "1 to 7 days later",
    "7 to 30 days later",
    "more than 30 days later",
];

impl Shown<'_> {
    /// How many messages moved by how much, in ranges.
    pub fn ranges(&self) -> Vec<(&'static str, u64)> {
        RANGE_NAMES.into_iter().zip(self.difference.tally.moves.ranges(&RANGES)).collect()
    }

    pub fn human(&self, width: usize) -> String {
        let engagement = engagement::told(self.engagement);
        let mut text = format!("{}\n{}\nengagement {engagement}\n\n", self.headline(), self.over());
        self.scenarios(&mut text, width);
        self.acts(&mut text);
        self.changed_lines(&mut text);
        self.whys(&mut text);
        self.moves(&mut text);
        self.persons(&mut text);
        self.examples(&mut text);
        self.notes(&mut text);
        text
    }

    fn scenarios(&self, text: &mut String, width: usize) {
        let rows = self.by_scenario();
        if rows.is_empty() {
            return;
        }
        let mut table = plain();
        table.set_header(COLUMNS);
        rows.into_iter().for_each(|row| {
            table.add_row(row);
        });
        align_right(&mut table, 1);
        let _ = writeln!(text, "{table}\n");
        if let Some(months) = self.by_month(width) {
            let _ = writeln!(text, "{months}\n");
        }
    }

    fn acts(&self, text: &mut String) {
        let acts = &self.difference.tally.acts;
        if acts.values().all(|line| line.changed == Counts::default()) {
            return;
        }
        let mut table = plain();
        table.set_header(["other effects", "scenario", "before", "after", "fewer", "more", "moved", "otherwise"]);
        for ((scenario, effect), line) in acts.iter().filter(|(_, line)| line.changed != Counts::default()) {
            let changed = &line.changed;
            let numbers = [line.before, line.after, changed.lost, changed.gained, changed.moved, changed.otherwise];
            let names = [(*effect).to_owned(), self.difference.scenario(*scenario)];
            table.add_row(names.into_iter().chain(numbers.map(grouped)));
        }
        align_right(&mut table, 2);
        let _ = writeln!(text, "{table}\n");
    }

    fn changed_lines(&self, text: &mut String) {
        let told = self.told();
        let several = told.causes.len() > 1;
        for cause in &told.causes {
            let count = cause.changes.iter().map(|change| change.lines.len()).sum::<usize>();
            let what = match (told.is_known, count, several) {
                _ if !told.has_effect => "changed, and nothing comes of it here".to_owned(),
                (true, 1, false) => "because of this line".to_owned(),
                (true, 1, true) => format!("because of this line alone: {}", brought(&cause.messages)),
                (true, _, false) => "because of these lines together".to_owned(),
                (true, _, true) => format!("because of these lines alone: {}", brought(&cause.messages)),
                (false, 0, _) => "because of what differs in no line that could be found".to_owned(),
                (false, _, _) => {
                    "because of one of these lines, or several together: they cannot be told apart".to_owned()
                }
            };
            let _ = writeln!(text, "{what}");
            let acts = cause.acts.noticed();
            if several && acts > 0 {
                let _ = writeln!(text, "  and {}", counted(acts, "other effect"));
            }
            cause.changes.iter().for_each(|change| lines(text, change));
            text.push('\n');
        }
        self.shared(text, &told);
        if !told.others.is_empty() {
            text.push_str("changed without an effect of its own\n");
            told.others.iter().for_each(|change| lines(text, change));
            text.push('\n');
        }
    }

    /// What is not of one cause alone, and what is of another scenario's lines.
    fn shared(&self, text: &mut String, told: &Told<'_>) {
        for (counts, why) in [
            (&told.several, "because of several of these lines, any of which would do it alone"),
            (&told.together, "because of several of these lines, none of which does it alone"),
        ] {
            if *counts != Counts::default() {
                let _ = writeln!(text, "{why}: {}\n", brought(counts));
            }
        }
        for (scenarios, lines) in self.elsewhere(told) {
            let scenarios: Vec<String> = scenarios.iter().map(|name| clean(name).into_owned()).collect();
            let lines = lines.into_iter().collect::<Vec<_>>().join(", ");
            let cause =
                if lines.is_empty() { "in lines of others together".to_owned() } else { format!("elsewhere: {lines}") };
            let _ = writeln!(text, "{}: the cause is {cause}\n", as_before(&scenarios));
        }
    }

    fn whys(&self, text: &mut String) {
        let mut table = plain();
        table.set_header(["what became of them", "scenario", "count"]);
        for ((class, scenario, why), count) in &self.difference.tally.why {
            let what = match class {
                Class::Lost => format!("fewer: {}", unsent(*why)),
                Class::Gained => format!("more: before {}", unsent(*why)),
                _ => format!("still not sent: before {}", unsent(*why)),
            };
            table.add_row([what, self.difference.scenario(*scenario), grouped(*count)]);
        }
        align_right(&mut table, 2);
        if !self.difference.tally.why.is_empty() {
            let _ = writeln!(text, "{table}\n");
        }
    }

    fn moves(&self, text: &mut String) {
        let moves = &self.difference.tally.moves;
        let Some((least, most)) = moves.extremes() else { return };
        let _ = match least == most {
            true => writeln!(text, "moved: all {}", moved(least)),
            false => writeln!(text, "moved: {} to {}", moved(least), moved(most)),
        };
        for (name, count) in self.ranges().into_iter().filter(|(_, count)| *count > 0) {
            let bar = "#".repeat((count * 30).div_ceil(moves.count()) as usize);
            let _ = writeln!(text, "  {name:25} {:>11}  {bar}", grouped(count));
        }
        text.push('\n');
    }

    fn persons(&self, text: &mut String) {
        let persons = self.difference.tally.persons;
        if persons.changed > 0 {
            let notice = verb(persons.changed, "notices", "notice");
            let _ = writeln!(
                text,
                "{} {notice} a change: {} with fewer messages in all, {} with more",
                counted(persons.changed, "person"),
                grouped(persons.fewer),
                grouped(persons.more)
            );
        }
        let (before, after) =
            (self.difference.old.report.busiest.as_ref(), self.difference.new.report.busiest.as_ref());
        if before.is_some() || after.is_some() {
            let (before, after) = (self.busiest(before), self.busiest(after));
            let _ = writeln!(text, "busiest day of one person: before {before}, after {after}\n");
        }
    }

    fn examples(&self, text: &mut String) {
        for class in Class::ALL {
            let mut table = plain();
            table.set_header([class_words(class), "scenario", "for", "before", "after"]);
            let mut rows = 0;
            for example in self.difference.tally.examples(class) {
                let (before, after) = self.both(example);
                let trigger = clean(&example.trigger).into_owned();
                table.add_row([self.contact(&example.contact), self.scenario_of(example), trigger, before, after]);
                rows += 1;
            }
            if rows > 0 {
                let _ = writeln!(text, "{table}\n");
            }
        }
    }

    fn notes(&self, text: &mut String) {
        self.templates.iter().for_each(|template| text.push_str(&in_other_words(template)));
        for (name, side) in [(self.old, &self.difference.old), (self.new, &self.difference.new)] {
            for not in &side.report.not_simulated {
                let lacks: Vec<String> = not.lacks.iter().map(|lack| lack.describe()).collect();
                let _ = writeln!(
                    text,
                    "not simulated in {}: {}: the CRM has {}",
                    clean(name),
                    not.scenario,
                    lacks.join(", ")
                );
            }
            if !side.report.as_of_now.is_empty() {
                let fields: Vec<String> = side.report.as_of_now.iter().map(|field| format!("`{field}`")).collect();
                let now = "the CRM keeps no history of";
                let _ = writeln!(text, "note: {}: {now} {}: read as they are now", clean(name), fields.join(", "));
            }
            let set_aside = side.report.notes.set_aside;
            if set_aside > 0 {
                let (count, were) = (counted(set_aside, "contact"), verb(set_aside, "was", "were"));
                let _ = writeln!(
                    text,
                    "warning: {}: {count} {were} set aside: a value of theirs cannot be read",
                    clean(name)
                );
            }
        }
    }
}

fn lines(text: &mut String, change: &Change) {
    for line in &change.lines {
        for (mark, place) in [('-', &line.old), ('+', &line.new)] {
            if let Some(place) = place {
                let _ = writeln!(text, "  {mark} {}  {}", place.position(), place.short());
            }
        }
    }
}
