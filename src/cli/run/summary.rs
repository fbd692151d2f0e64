//! What a run says: what it does, and always why nothing went.

use crate::cli::counted::{counted, grouped, verb};
use crate::drivers::Error;
use crate::drivers::run::{Migration, Rehearsal, Report, Run, WaitingVersion, WhyWaiting};
use crate::drivers::story::{count_words, moment};
use crate::engine::{Count, Stays};
use crate::ir::{ScenarioHash, VersionError};
use crate::model::OWN_EVENTS;
use crate::store::crm::Lack;
use crate::store::state::MessageState;
use crate::time::{Instant, Zone};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// When the state is open.
pub fn opening(run: &Run, state: &Path) -> String {
    let report = run.report();
    let mut text = format!("state: {}\n", state.display());
    if report.recovered.pending > 0 {
        let count = report.recovered.pending;
        let (messages, wait) = (counted(count, "message"), verb(count, "waits", "wait"));
        let _ = writeln!(text, "an earlier run ended in the middle: {messages} {wait} again");
    }
    if report.recovered.uncertain > 0 {
        let count = report.recovered.uncertain;
        let (messages, were) = (counted(count, "message"), verb(count, "was", "were"));
        let _ = writeln!(text, "an earlier run ended while {messages} {were} handed over: what became of it is below");
    }
    for not in &report.not_run {
        let lacks: Vec<String> = not.lacks.iter().map(|lack| lack.describe()).collect();
        let _ = writeln!(text, "not run: {}: the CRM has {}", not.scenario, lacks.join(", "));
    }
    let is_own = |lack: &&Lack| matches!(lack, Lack::OptionalTable { table } if OWN_EVENTS.contains(&table.as_str()));
    for lack in report.absent.iter().filter(|lack| !is_own(lack)) {
        let _ = writeln!(text, "note: the CRM has {}: it {}", lack.describe(), lack.reads_as());
    }
    for scenario in &report.older {
        let _ = writeln!(text, "note: instances of `{scenario}`, which is not among these scenarios, go on");
    }
    for waiting in &report.waiting {
        text.push_str(&cannot_run(waiting));
    }
    text
}

/// A version that cannot run, what that means for those who need it, and the way out.
fn cannot_run(waiting: &WaitingVersion) -> String {
    let WaitingVersion { scenario, version, contacts, why } = waiting;
    let of = scenario.as_ref().map_or_else(|| "a scenario".to_owned(), |name| format!("`{name}`"));
    let (because, way_out) = match why {
        WhyWaiting::NotKept => ("the state file does not have it".to_owned(), "a copy of the state file that has it"),
        WhyWaiting::Unreadable(error @ VersionError::Newer(_)) => (error.to_string(), "that scn"),
        WhyWaiting::Unreadable(error @ VersionError::Broken(_)) => {
            (error.to_string(), "a copy of the state file where it is whole")
        }
        WhyWaiting::Lacks(lacks) => {
            let lacks: Vec<String> = lacks.iter().map(Lack::describe).collect();
            (format!("the CRM has {}", lacks.join(", ")), "what it reads in the CRM")
        }
        WhyWaiting::Differs(error) => (error.to_string(), "scenarios that read it as this version does"),
    };
    let version: String = version.to_string().chars().take(8).collect();
    format!(
        "version {version} of {of} cannot run: {because}\n  {} {} for it: nothing of theirs is sent, done or lost until \
         there is {way_out}\n",
        counted(*contacts, "contact"),
        verb(*contacts, "waits", "wait"),
    )
}

/// What was tried on a copy.
pub fn rehearsed(rehearsal: &Rehearsal, backfill: bool) -> String {
    let Rehearsal { leaving, expired, waiting, started } = *rehearsal;
    let what = if backfill { "these older events" } else { "this long stop" };
    let started = match backfill {
        true => format!("{} would start, ", counted(started, "instance")),
        false => String::new(),
    };
    format!(
        "after {what}, {started}{} would leave now, {} {} too late and would be recorded as expired, {} would wait\n",
        counted(leaving, "message"),
        grouped(expired),
        verb(expired, "is", "are"),
        counted(waiting, "contact"),
    )
}

/// Which instances of older versions go on with the present one, where they stand, and which stay.
pub fn migration(migration: &Migration) -> String {
    let mut text = String::new();
    let mut before: Option<(&str, ScenarioHash)> = None;
    for group in &migration.groups {
        if before != Some((&group.scenario, group.version)) {
            let version: String = group.version.to_string().chars().take(8).collect();
            let _ = writeln!(text, "running instances of `{}`, version {version}", group.scenario);
            before = Some((&group.scenario, group.version));
        }
        let step = match &group.text {
            Some(words) => format!("step {}, `{words}`", group.step),
            None => format!("step {}", group.step),
        };
        let fate = match group.to {
            Ok(to) if to == group.step => "go to the present version".to_owned(),
            Ok(to) => format!("go to the present version, where it is step {to}"),
            Err(stays) => format!("stay: {}", why(stays)),
        };
        let _ = writeln!(text, "  {} in {step}: {fate}", group.instances);
    }
    if migration.unreadable > 0 {
        let _ = writeln!(text, "those of {} contacts stay: they cannot be read now", migration.unreadable);
    }
    let (going, all) = (migration.going(), migration.groups.iter().map(|group| group.instances).sum::<u64>());
    if all == 0 {
        text.push_str("no running instance of an older version\n");
    } else {
        let stay = all - going;
        let _ = writeln!(text, "{going} go to the present version, {stay} go on with the one they began with");
    }
    text
}

fn why(stays: Stays) -> &'static str {
    match stays {
        Stays::NoStep => "the present version has no such step, or not for sure",
        Stays::Order => "a step would be done twice, or passed over",
        Stays::Trigger => "the present version reads what is not known of their trigger",
        Stays::Message => "the present version does not know a message that they sent",
    }
}

/// What was told already, so that each piece of news is told once.
#[derive(Debug, Default)]
pub struct Told {
    sent: u64,
    not_sent: u64,
    deferred: u64,
    troubles: BTreeSet<String>,
}

impl Told {
    /// One line when something has happened since the last one.
    pub fn news(&mut self, run: &Run) -> Option<String> {
        let report = run.report();
        let (sent, not_sent) = (report.sent.values().sum::<u64>(), report.not_sent.values().sum::<u64>());
        let (more, less, later) = (sent - self.sent, not_sent - self.not_sent, report.deferred - self.deferred);
        let new = report.troubles.difference(&self.troubles);
        let troubles: Vec<String> = new.map(|trouble| format!("  {trouble}\n")).collect();
        if more + less + later == 0 && troubles.is_empty() {
            return None;
        }
        *self = Told { sent, not_sent, deferred: report.deferred, troubles: report.troubles.clone() };
        Some(format!("{more} sent, {less} not sent, {later} to be tried again\n{}", troubles.concat()))
    }
}

/// When the run ends.
pub fn closing(run: &Run, zone: Zone, once: bool, backfill: Option<Instant>) -> Result<String, Error> {
    let report = run.report();
    let outlook = run.outlook()?;
    let mut text = String::new();
    let sent: u64 = report.sent.values().sum();
    let _ = writeln!(text, "{} sent, {}", counted(sent, "message"), counted(report.rows, "new row"));
    for (channel, count) in &report.sent {
        let _ = writeln!(text, "  {count} by {channel}");
    }
    for ((outcome, reason), count) in &report.not_sent {
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let _ = writeln!(text, "  {count} {outcome}{because}");
    }
    for (effect, count) in &report.done {
        let _ = writeln!(text, "  {count} {effect} done");
    }
    for ((effect, outcome, reason), count) in &report.not_done {
        let because = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        let _ = writeln!(text, "  {count} {effect} {outcome}{because}");
    }
    counts(&mut text, report);
    if report.deferred > 0 {
        let are = verb(report.deferred, "is", "are");
        let _ = writeln!(text, "  {} could not be sent yet and {are} tried again", report.deferred);
    }
    for trouble in &report.troubles {
        let _ = writeln!(text, "  {trouble}");
    }
    let waits = [MessageState::Pending, MessageState::Deferred];
    for (_, reason, count) in outlook.messages.iter().filter(|(state, _, _)| waits.contains(state)) {
        let because = reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
        let (messages, wait) = (counted(*count, "message"), verb(*count, "waits", "wait"));
        let _ = writeln!(text, "{messages} {wait} to be sent{because}");
    }
    let uncertain =
        |(state, _, count): &(MessageState, Option<String>, u64)| (*state == MessageState::Uncertain).then_some(*count);
    let uncertain: u64 = outlook.messages.iter().filter_map(uncertain).sum();
    if uncertain > 0 {
        let _ = writeln!(
            text,
            "{} {} uncertain: whether the server took it, nobody knows; what is uncertain is held \
             (table `scn_outbox` of the state file)",
            counted(uncertain, "message"),
            verb(uncertain, "is", "are"),
        );
    }
    if report.circuit_open {
        text.push_str("stopped: the server refuses message after message and blames the sender or the content\n");
    }
    if report.history > 0 && backfill.is_none() {
        let (rows, are) = (counted(report.history, "row"), verb(report.history, "is", "are"));
        let start = verb(report.history, "starts", "start");
        let _ = writeln!(text, "{rows} {are} from before the start and {start} nothing");
    }
    if sent == 0 && backfill.is_none() && (report.history > 0 || started_nothing(report)) {
        for (scenario, start) in outlook.starts.iter().filter(|(name, _)| !name.contains(' ')) {
            let _ = writeln!(text, "  `{scenario}` takes events since {}", moment(zone, *start));
        }
        text.push_str("  `--backfill SINCE` takes older ones\n");
    }
    if report.of_erased > 0 {
        let (rows, are) = (counted(report.of_erased, "row"), verb(report.of_erased, "is", "are"));
        let start = verb(report.of_erased, "starts", "start");
        let _ = writeln!(text, "{rows} {are} of somebody who was erased and {start} nothing");
    }
    set_aside(&mut text, report);
    match outlook.next_timer.into_iter().chain(outlook.next_message).min() {
        Some(next) => {
            let _ = writeln!(text, "next: {}", moment(zone, next));
        }
        None if once => text.push_str("nothing is waiting: only new rows can start something\n"),
        None => {}
    }
    Ok(text)
}

fn started_nothing(report: &Report) -> bool {
    report.counts.values().all(|counts| counts.get(Count::Started) == 0)
}

fn counts(text: &mut String, report: &Report) {
    for (scenario, counts) in &report.counts {
        let told: Vec<String> = Count::ALL
            .into_iter()
            .filter(|count| counts.get(*count) > 0)
            .map(|count| format!("{} {}", counts.get(count), count_words(count)))
            .collect();
        if !told.is_empty() {
            let _ = writeln!(text, "  {scenario}: {}", told.join(", "));
        }
    }
}

fn set_aside(text: &mut String, report: &Report) {
    let unreadable = report.notes.set_aside.saturating_sub(report.without_version);
    if unreadable > 0 {
        let (contacts, are) = (counted(unreadable, "contact"), verb(unreadable, "is", "are"));
        let _ = writeln!(text, "{contacts} {are} set aside: a value of theirs cannot be read");
    }
    report.waiting.iter().for_each(|waiting| text.push_str(&cannot_run(waiting)));
    for message in report
        .notes
        .unreadable
        .first
        .iter()
        .map(|each| each.diagnostic().message)
        .chain(report.unreadable.iter().cloned())
    {
        let _ = writeln!(text, "  {message}");
    }
}
