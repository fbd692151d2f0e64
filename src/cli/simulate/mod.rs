//! `scn simulate`: what would be sent, on a history that is only read.

mod files;
mod months;
mod notices;
mod page;
mod progress;
mod report;
mod sparks;
mod terms;

use super::engagement;
use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::sources::{failure, texts};
use super::span::SpanArguments;
use super::tables::By;
use super::{cache, output, sources, surroundings, whole};
use crate::compile::{Compiled, Origin};
use crate::diagnostic::render::clean;
use crate::drivers::simulate::{Request, Simulation, simulate};
use crate::drivers::test::{FromHistory, from_history};
use crate::engine::Engagement;
use crate::format::format;
use crate::ir::Bundle;
use crate::model::{Id, Surroundings};
use crate::store::crm::Crm;
use crate::time::Zone;
use files::OutFile;
use report::Shown;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Simulate scenarios over the history of a CRM, without sending or writing to it
///
/// The wall clock is never read: the simulation goes from the first to the last of the events that the scenarios read,
/// unless told otherwise.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scn simulate scenarios --from 2011-01-01 --to 2011-12-31 --effects effects.csv\n  \
                  scn simulate scenarios --report report.html --effects effects.parquet\n  \
                  scn simulate scenarios --by month\n  \
                  scn simulate scenarios --contact 17 --as-test"
)]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    #[command(flatten)]
    pub history: SpanArguments,
    /// Write every effect as a row: CSV, Parquet or JSON, by the ending (`.csv`, `.parquet`, `.json`, `.jsonl`, `.ndjson`)
    #[arg(long, value_name = "OUT.csv")]
    pub effects: Option<PathBuf>,
    /// Write a report with charts and tables as one page of HTML, which needs no network
    #[arg(long, value_name = "OUT.html")]
    pub report: Option<PathBuf>,
    /// Only this contact, with the trace that explains every decision
    #[arg(long, value_name = "ID")]
    pub contact: Option<String>,
    /// Write the history of that contact as a test, whose expectations are what the scenarios make of it, and nothing else
    #[arg(
        long,
        requires = "contact",
        conflicts_with_all = ["from", "effects", "report", "format", "strict", "engagement", "assume"]
    )]
    pub as_test: bool,
    #[command(flatten)]
    pub engagement: engagement::EngagementArguments,
    /// Show addresses and names, which are hidden otherwise
    #[arg(long)]
    pub reveal: bool,
    /// What has a row of the table; a table by scenario is printed where one has a goal or a split
    #[arg(long, value_enum)]
    pub by: Option<By>,
    /// Keep a copy of the history for the next time, and use it while the CRM has not changed; as `cache` of `scn.toml`
    #[arg(long, overrides_with = "no_cache")]
    pub cache: bool,
    /// Read the CRM, whatever `scn.toml` says
    #[arg(long, overrides_with = "cache")]
    pub no_cache: bool,
    /// How the report is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Exit with 1 when a scenario could not be simulated
    #[arg(long)]
    pub strict: bool,
}

/// How the report of a simulation is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON object
    Json,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &Surroundings::default());
    if let Some(exit) = findings.stop_briefly() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    let crm = sources::crm(&project, arguments.history.crm.as_deref())?;
    arguments.refuse_inputs(&project)?;
    let mut request = arguments.request(bundle.settings.zone)?;
    request.cache = cache::settings(&project.settings, arguments.cache, arguments.no_cache)?;
    let mut effects = arguments.effects.as_deref().map(OutFile::create).transpose()?;
    let mut page = arguments.report.as_deref().map(OutFile::create).transpose()?;
    let to = effects.as_mut().map(|file| file.writer());
    let simulation = progress::watched(|progress| simulate(bundle, &crm, &Request { progress, ..request.clone() }, to));
    let simulation = simulation.map_err(failure)?;
    if let Some(line) = cache::told(&simulation.report.read_from) {
        output::notice(&line);
    }
    let report = &simulation.report;
    arguments.history.refuse_empty(report.span, simulation.program.starts_by_clock(), &report.not_simulated)?;
    if let Some(contact) = &arguments.contact {
        tell_person(&simulation, contact, &request.contact)?;
    }
    if let (true, Some(contact)) = (arguments.as_test, &arguments.contact) {
        output::results(&as_test(&simulation, bundle, &crm, contact, arguments.reveal)?)?;
        return Ok(Exit::Done);
    }
    let shown = Shown {
        simulation: &simulation,
        policy: &bundle.policy,
        texts: texts(&compiled),
        reveal: arguments.reveal,
        engagement: request.engagement,
        titles: titles(&compiled),
        revealed: match arguments.reveal {
            true => simulation.reveal(&crm, &simulation.report.contacts_shown()).map_err(failure)?,
            false => BTreeMap::new(),
        },
        effects: arguments.effects.as_deref(),
        from_is_named: arguments.history.from.is_some(),
        by: arguments.by,
    };
    if let Some(page) = &mut page {
        let crm = arguments.crm(&project).and_then(Path::file_name).unwrap_or_default();
        page.fill(&shown.page(&crm.to_string_lossy()).html())?;
    }
    effects.into_iter().chain(page).try_for_each(OutFile::keep)?;
    output::results(&match arguments.format {
        Format::Human => shown.human(),
        Format::Json => shown.json(),
    })?;
    let report = &simulation.report;
    let strict = arguments.strict && !report.not_simulated.is_empty();
    let set_aside = report.notes.set_aside > 0 || report.unreadable_count > 0;
    Ok(if strict || set_aside { Exit::Findings } else { Exit::Done })
}

/// Refuses a contact that the CRM does not have, and says of whom a row is that `identity` found to be another's.
fn tell_person(simulation: &Simulation, contact: &str, ids: &[Id]) -> Result<(), Failure> {
    let contact = clean(contact);
    match simulation.report.asked.as_slice() {
        // Without scenarios nothing of the CRM is read.
        [] if simulation.program.units().is_empty() => {}
        [] => {
            let message = format!("the CRM has no contact `{contact}`");
            let help = "`--contact` takes an `id` of the table `contact`; without it all contacts are simulated";
            return Err(Failure::new(Exit::Findings, message).help(help));
        }
        persons => {
            for person in persons.iter().filter(|person| !ids.contains(person)) {
                let person = person.to_string();
                output::notice(&format!(
                    "contact `{contact}` is a row of contact `{}`, by `identity`\n",
                    clean(&person)
                ));
            }
        }
    }
    Ok(())
}

/// What the scenarios are called.
fn titles(compiled: &Compiled) -> BTreeMap<String, String> {
    let named = |(name, origin): (&String, &Origin)| Some((name.clone(), origin.title.clone()?));
    compiled.origins.iter().filter_map(named).collect()
}

/// The history of one contact as a test.
fn as_test(
    simulation: &Simulation,
    bundle: &Bundle,
    crm: &Crm,
    contact: &str,
    revealed: bool,
) -> Result<String, Failure> {
    let found = match simulation.report.span {
        Some(_) => from_history(simulation, bundle, crm, &simulation.report.asked, revealed).map_err(failure)?,
        None => None,
    };
    let says_something = |test: &FromHistory| {
        !(test.case.events.is_empty() && test.verdict.sent.is_empty() && test.verdict.done.is_empty())
    };
    let Some(test) = found.filter(says_something) else {
        let message = format!("nothing of contact `{}` is read by these scenarios", clean(contact));
        return Err(Failure::new(Exit::Findings, message).help("`--contact` takes the id of another"));
    };
    if !test.verdict.not_given.is_empty() {
        let fields = test.verdict.not_given.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
        let message =
            format!("the CRM has no value for {fields}, which the model says is always there: the test will fail\n");
        output::notice(&message);
    }
    let text = test.text();
    Ok(format(&text).unwrap_or(text))
}

impl Arguments {
    /// The CRM that is read.
    fn crm<'a>(&'a self, project: &'a Project) -> Option<&'a Path> {
        self.history.crm.as_deref().or(project.settings.crm.as_deref())
    }

    /// Refuses to write over what is read, and to write two things to one place.
    fn refuse_inputs(&self, project: &Project) -> Result<(), Failure> {
        let written: Vec<&PathBuf> = self.effects.iter().chain(&self.report).collect();
        let mut inputs = if written.is_empty() { Vec::new() } else { surroundings::files_read(project)? };
        inputs.extend(self.crm(project).map(Path::to_owned));
        for path in written {
            whole::refuse_inputs(path, &inputs)?;
        }
        self.report.as_deref().map(files::refuse_other_than_html).transpose()?;
        if self.report.is_some() && self.report == self.effects {
            let message = "the report and the effects cannot be one file";
            return Err(Failure::new(Exit::Usage, message).help("name another file for one of them"));
        }
        Ok(())
    }

    /// `zone` is that in which wall times are written.
    fn request(&self, zone: Zone) -> Result<Request, Failure> {
        let (from, to) = self.history.span(zone)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let contact = self.contact.as_deref().map_or(Vec::new(), |text| {
            let number = text.parse().ok().map(Id::Number);
            number.into_iter().chain([Id::Text(text.into())]).collect()
        });
        // A test is told who opened what.
        let otherwise = if self.as_test { Engagement::Replayed } else { Engagement::None };
        let engagement = self.engagement.engagement(otherwise)?;
        let form = self.effects.as_deref().map(files::form).transpose()?.unwrap_or_default();
        let picture = self.report.is_some();
        Ok(Request { from, to, contact, engagement, threads, form, picture, ..Request::default() })
    }
}
