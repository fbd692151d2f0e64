//! `scn report`: what the journal of `scn run` tells of messages, goals and money.

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::simulate::Format;
use super::sources::{state_path, store_failure};
use super::tables::{self, By, Kind};
use super::{counted::counted, counted::verb, output};
use crate::drivers::story::moment;
use crate::drivers::tables::{Catalog, JournalSums, Tables, fold_journal};
use crate::engine::Program;
use crate::ir::Bundle;
use crate::model::Surroundings;
use crate::store::ErrorKind;
use crate::store::state::{Gone, JournalReader};
use serde_json::json;
use std::fmt::Write;
use std::path::PathBuf;

/// Report what a run sent, who reached the goals, and what messages change beside those who were held out
///
/// Reads the journal that `scn run` writes, also while it runs. The figures are those of `scn simulate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  scn report scenarios\n  scn report scenarios --by month\n  \
                        scn report scenarios --state kept/state.db --format json")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// Where the run keeps its state; `state` of `scn.toml` without it, else the file beside the CRM
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// The CRM beside which the state is; `crm` of `scn.toml` without it. It is not read
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// What has a row of the table
    #[arg(long, value_enum, default_value_t)]
    pub by: By,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &Surroundings::default());
    if let Some(exit) = findings.stop_briefly() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    let program = Program::link(bundle, &[]).map_err(|error| Failure::new(Exit::Failed, error.to_string()))?;
    let state = state_path(&project, arguments.state.as_deref(), arguments.crm.as_deref())?;
    let reader = JournalReader::open(&state).map_err(|error| {
        let is_missing = error.kind == ErrorKind::NotFound;
        let failure = store_failure(error);
        if is_missing { failure.help("check the path; `scn run` makes this file when it first runs") } else { failure }
    })?;
    let progress = output::spinner("reading the journal");
    let found = fold_journal(&reader, Catalog::of(&program), bundle.settings.zone).map_err(store_failure)?;
    let gone = reader.gone().map_err(store_failure)?;
    progress.finish_and_clear();
    let settings = &bundle.settings;
    let tables = Tables::new(&found.catalog, found.sums.clone(), settings.zone.name(), &settings.currency);
    let tables = tables.without(gone.persons);
    output::results(&match arguments.format {
        Format::Human => human(bundle, &found, gone, &tables, arguments.by),
        Format::Json => format!("{:#}\n", json_report(&found, gone, &tables)),
    })?;
    Ok(if found.unreadable + found.broken_states > 0 { Exit::Findings } else { Exit::Done })
}

fn human(bundle: &Bundle, found: &JournalSums, gone: Gone, tables: &Tables, by: By) -> String {
    let mut text = String::new();
    let zone = bundle.settings.zone;
    let _ = match found.span {
        Some((from, to)) => writeln!(
            text,
            "{}, {} to {} ({})\n",
            counted(found.contacts, "contact"),
            moment(zone, from),
            moment(zone, to),
            zone.name()
        ),
        None => writeln!(text, "the journal has nothing to tell yet\n"),
    };
    let table = tables::human(tables, by);
    if table.is_empty() {
        let _ = writeln!(text, "no row by that; `--by scenario` has one for each scenario\n");
    } else {
        let _ = writeln!(text, "{table}\n");
    }
    not_sent(&mut text, tables);
    text.push_str(&tables::sentences(tables, Kind::Run));
    if gone.persons > 0 {
        let (persons, were) = (counted(gone.persons, "person"), verb(gone.persons, "was", "were"));
        let messages = counted(gone.messages, "message");
        let (accepted, leave) = (gone.accepted, verb(gone.persons, "is", "are"));
        let _ = writeln!(
            text,
            "note: {persons} {were} erased and {leave} in none of these figures: their {messages}, of which {accepted} left"
        );
    }
    if found.older > 0 {
        let (lines, are) = (counted(found.older, "line"), verb(found.older, "is", "are"));
        let _ = writeln!(
            text,
            "note: {lines} of the journal {are} of an earlier version, which did not write down what is counted here"
        );
    }
    if found.unreadable > 0 {
        let (lines, are) = (counted(found.unreadable, "line"), verb(found.unreadable, "is", "are"));
        let _ = writeln!(text, "warning: {lines} of the journal {are} of a later version or broken: not counted");
    }
    if found.broken_states > 0 {
        let contacts = counted(found.broken_states, "contact");
        let _ = writeln!(
            text,
            "warning: the state of {contacts} is of a later version or broken: whether they wait for a message is not known"
        );
    }
    text
}

/// What did not leave, and why.
fn not_sent(text: &mut String, tables: &Tables) {
    let mut rows = 0;
    for of in &tables.scenarios {
        for (became, count) in &of.all.not_sent {
            let because = if became.reason().is_empty() { String::new() } else { format!(": {}", became.reason()) };
            let _ = writeln!(text, "{}: {} {}{because}", of.name, counted(*count, "message"), became.name());
            rows += 1;
        }
    }
    if rows > 0 {
        text.push('\n');
    }
}

fn json_report(found: &JournalSums, gone: Gone, tables: &Tables) -> serde_json::Value {
    json!({
        "from": found.span.map(|(from, _)| from.to_string()),
        "to": found.span.map(|(_, to)| to.to_string()),
        "contacts": found.contacts,
        "erased": {"persons": gone.persons, "messages": gone.messages, "sent": gone.accepted},
        "lines_of_an_earlier_version": found.older,
        "unreadable_lines": found.unreadable,
        "unreadable_states": found.broken_states,
        "tables": tables::json(tables, Kind::Run),
    })
}
