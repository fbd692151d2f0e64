//! What a reader of a simulation must know of what is missing or unsure: the same in the terminal and on the page.

use super::report::Shown;
use crate::cli::counted::{counted, verb};
use crate::engine::{Engagement, Reason};
use crate::ir::StepIx;

/// Something that a reader must know.
pub(super) struct Notice {
    pub is_warning: bool,
    pub text: String,
    /// Values of the CRM that show it, which a page does not hold.
    pub examples: Vec<String>,
}

impl Notice {
    fn note(text: String) -> Notice {
        Notice { is_warning: false, text, examples: Vec::new() }
    }
}

impl Shown<'_> {
    /// The scenarios that the CRM cannot serve, and what it lacks.
    pub(super) fn not_simulated(&self) -> impl Iterator<Item = String> {
        self.simulation.report.not_simulated.iter().map(|not| {
            let lacks: Vec<String> = not.lacks.iter().map(|lack| lack.describe()).collect();
            format!("{}: the CRM has {}", not.scenario, lacks.join(", "))
        })
    }

    /// The waits at which instances ended before their time.
    pub(super) fn ended_at(&self, unit: u16, step: StepIx, reason: Reason, count: u64) -> String {
        let scenario = self.scenario(unit);
        let what = self.simulation.program.describe_wait(unit, step);
        let count = counted(count, "instance");
        match reason {
            Reason::Missing => format!("{scenario}: {count} ended, `{what}` has no value"),
            _ => format!("{scenario}: {count} ended, `{what}` leaves no time to wait"),
        }
    }

    /// Who is missing from an instant on, because a scenario erased them.
    fn of_erased(&self) -> Option<Notice> {
        let erased = self.simulation.report.tables.erased();
        let (persons, were) = (counted(erased, "person"), verb(erased, "was", "were"));
        let rows = counted(self.simulation.report.of_erased, "event");
        let opens = match self.engagement {
            Engagement::None => "; nobody opens anything here (`--engagement`), so one for want of opens takes all",
            _ => "",
        };
        let text = format!(
            "{persons} {were} erased by these scenarios: what the CRM says that they did afterwards ({rows}) starts and reaches nothing{opens}"
        );
        (erased > 0).then(|| Notice::note(text))
    }

    /// What the CRM does not have, or has in a form that cannot be read; and who was taken out.
    pub(super) fn notices(&self) -> Vec<Notice> {
        let report = &self.simulation.report;
        let absent =
            report.absent.iter().map(|lack| format!("the CRM has {}: it {}", lack.describe(), lack.reads_as()));
        let mut notices: Vec<Notice> = absent.map(Notice::note).collect();
        if !report.as_of_now.is_empty() {
            let fields = report.as_of_now.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            notices.push(Notice::note(format!("the CRM keeps no history of {fields}: read as they are now")));
        }
        if self.from_is_named && report.span.is_some() {
            let text = "scenarios start at `--from`: what would have begun before it is not followed, nor what it would have sent since";
            notices.push(Notice::note(text.to_owned()));
        }
        notices.extend(self.of_erased());
        let notes = &report.notes;
        let examples: Vec<String> =
            report.unreadable.iter().chain(&notes.unreadable.first).map(|each| each.diagnostic().message).collect();
        if notes.set_aside > 0 {
            let count = counted(notes.set_aside, "contact");
            let were = verb(notes.set_aside, "was", "were");
            let text = format!("{count} {were} set aside: a value of theirs cannot be read");
            notices.push(Notice { is_warning: true, text, examples });
        } else if !examples.is_empty() {
            let text = "values of entities cannot be read, and are missing".to_owned();
            notices.push(Notice { is_warning: true, text, examples });
        }
        for (count, one, several) in [
            (notes.without_contact, "names no contact and was left out", "name no contact and were left out"),
            (
                notes.of_unknown_contacts,
                "is of a contact that has no row in `contact`: all its fields are missing",
                "are of contacts that have no row in `contact`: all their fields are missing",
            ),
            (
                notes.date_only,
                "has a date without a time: it happens in the last second of its day",
                "have a date without a time: they happen in the last second of their day",
            ),
        ] {
            if count > 0 {
                notices.push(Notice::note(format!("{} {}", counted(count, "event"), verb(count, one, several))));
            }
        }
        notices
    }
}
