//! `scn crm`: what a CRM has, what the scenarios need, and the views that connect them.

mod needs;
#[cfg(test)]
mod tests;
mod views;

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::{output, sources, surroundings};
use crate::diagnostic::render::clean;
use crate::ir::{Bundle, Code};
use crate::model::CrmShape;
use crate::store::crm::{Crm, Lack};
use needs::{Need, State};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// Show what the CRM has, what the scenarios need, and the SQL views to write
///
/// Exits with 1 when something is missing without which a scenario cannot run.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn crm scenarios --crm shop.db")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &surroundings::look_at_templates(&project)?);
    if let Some(exit) = findings.stop() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    let crm = sources::crm(&project, arguments.crm.as_deref())?;
    let needs = needs::of(codes(bundle));
    let broken = broken_views(&crm, bundle);
    let states: Vec<(&Need, State)> = needs.iter().map(|need| (need, need.state(crm.shape(), &broken))).collect();
    output::results(&report(crm.shape(), &states))?;
    let lacks = states.iter().any(|(_, state)| state.keeps_from_running());
    Ok(if lacks { Exit::Findings } else { Exit::Done })
}

/// All that reads the CRM: the scenarios, and the templates of their messages.
fn codes(bundle: &Bundle) -> impl Iterator<Item = &Code> {
    let scenarios = bundle.scenarios.iter().map(|scenario| &scenario.code);
    let measures = bundle.measures.iter().map(|measure| &measure.code);
    let messages = bundle.messages.iter().map(|message| &message.code);
    scenarios.chain(measures).chain([&bundle.policy.code]).chain(messages)
}

/// The views that the database itself cannot read, with the reason.
fn broken_views(crm: &Crm, bundle: &Bundle) -> BTreeMap<String, String> {
    let lacks = codes(bundle).flat_map(|code| crm.lacks(code));
    let broken = lacks.filter_map(|lack| match lack {
        Lack::BrokenView { view, reason } => Some((view, reason)),
        _ => None,
    });
    broken.collect()
}

/// What the CRM has, what is needed, and the SQL for what is missing.
fn report(shape: &CrmShape, states: &[(&Need, State)]) -> String {
    let mut out = format!("`{}` has\n", clean(&shape.path));
    // Writing into a string cannot fail.
    for table in &shape.tables {
        let kind = if table.is_view { "view " } else { "table" };
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let _ = writeln!(out, "  {kind} {}({})", clean(&table.name), clean(&columns.join(", ")));
    }
    if shape.tables.is_empty() {
        out.push_str("  no table and no view\n");
    }
    out.push_str("\nThe scenarios need\n");
    for (need, state) in states {
        let columns: Vec<&str> = need.columns.iter().map(|column| column.name.as_str()).collect();
        let _ = writeln!(out, "  {}({}): {}", need.table, columns.join(", "), clean(&state.describe()));
    }
    let statements: Vec<String> = states.iter().filter_map(|(need, state)| views::statement(need, state)).collect();
    if !statements.is_empty() {
        let _ = write!(out, "\nTo write, with the shop's own words in the place of `...`\n\n{}", statements.join("\n"));
    }
    out
}
