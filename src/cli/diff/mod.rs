//! `scn diff`: who gains, loses or moves a message between two versions, over a history that is only read.

mod align;
mod causes;
mod changes;
mod human;
mod json;
mod limits;
mod lines;
mod markdown;
mod parts;
mod side;
mod tables;
mod templates;
mod texts;
mod words;

use super::engagement::EngagementArguments;
use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::sources::failure;
use super::span::SpanArguments;
use super::{cache, output};
use crate::compile::Compiled;
use crate::drivers::diff::{Changes, Difference, diff};
use crate::drivers::simulate::Request;
use crate::engine::Engagement;
use crate::ir::Bundle;
use crate::model::Surroundings;
use crate::store::crm::Crm;
use crate::time::Zone;
use causes::Causes;
use limits::{Limit, Limits};
use side::Side;
use std::collections::BTreeMap;
use texts::Texts;
use words::Shown;

/// Show who gains, loses or moves a message between two versions of the scenarios, and because of which line
///
/// Both are simulated over the same history, which is only read. Exits with 1 when more messages change than allowed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  scn diff main . --crm shop.db\n  scn diff HEAD~1 HEAD --max-lost 2% --format github\n  \
                  scn diff old/renewal.scn new/renewal.scn --crm shop.db --from 2011-01-01"
)]
pub struct Arguments {
    /// The older version: a folder, a file, a revision of git, or `REVISION:PATH`
    #[arg(value_name = "OLD")]
    pub old: String,
    /// The newer version
    #[arg(value_name = "NEW", default_value = ".")]
    pub new: String,
    #[command(flatten)]
    pub history: SpanArguments,
    #[command(flatten)]
    pub engagement: EngagementArguments,
    /// Exit with 1 when more messages are lost: a number, or a share of those of the older version (`2%`)
    #[arg(long, value_name = "N|P%", value_parser = limits::of_lost)]
    pub max_lost: Option<Limit>,
    /// Exit with 1 when more messages are gained
    #[arg(long, value_name = "N|P%")]
    pub max_gained: Option<Limit>,
    /// Exit with 1 when more messages are lost, gained, moved or sent otherwise
    #[arg(long, value_name = "N|P%")]
    pub max_changed: Option<Limit>,
    /// Show addresses and names, which are hidden otherwise
    #[arg(long)]
    pub reveal: bool,
    /// Keep a copy of the history for the next time, and use it while the CRM has not changed; as `cache` of `scn.toml`
    #[arg(long, overrides_with = "no_cache")]
    pub cache: bool,
    /// Read the CRM, whatever `scn.toml` says
    #[arg(long, overrides_with = "cache")]
    pub no_cache: bool,
    /// How the differences are printed
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// How differences are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    #[default]
    Human,
    /// One JSON object
    Json,
    /// A summary for a pull request: Markdown
    Github,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (old, new) = side::open(&arguments.old, &arguments.new)?;
    // Of warnings those of the newer version are told: of the older one nobody mends them.
    let (before, after) = match (compiled(&old, Findings::stop_in_error), compiled(&new, Findings::stop_briefly)) {
        (Ok(before), Ok(after)) => (before, after),
        // What is wrong with both is told of both.
        (Err(exit), _) | (_, Err(exit)) => return Ok(exit),
    };
    let (Some(before), Some(after)) = (&before.bundle, &after.bundle) else { return Ok(Exit::Findings) };
    let templates = templates::changed(&old.project.root, &new.project.root)?;
    if before.hash() == after.hash() {
        output::results(&words::same(&old.name, &new.name, &templates, arguments.format))?;
        return Ok(Exit::Done);
    }
    let (old_read, new_read) = (texts::read(&old.project), texts::read(&new.project));
    let (old_texts, new_texts) = (Texts::of(&old.project, &old_read), Texts::of(&new.project, &new_read));
    let changes = changes::changes(&old_texts, &new_texts, &crate::drivers::diff::scenarios(before, after));
    let causes = causes::causes(&old_texts, before, after, &changes);
    let crm = side::crm(&old, &new, arguments.history.crm.as_deref())?;
    let mut request = arguments.request(after.settings.zone)?;
    request.cache = cache::settings(side::settings(&old, &new), arguments.cache, arguments.no_cache)?;
    let difference = simulated(before, after, &causes, &crm, (&request, &arguments.history))?;
    let read_from = [&difference.old, &difference.new].map(|side| cache::told(&side.report.read_from));
    let mut said: Vec<String> = read_from.into_iter().flatten().collect();
    said.dedup();
    said.iter().for_each(|line| output::notice(line));
    let revealed = match arguments.reveal {
        true => difference.new.reveal(&crm, &difference.contacts_shown()).map_err(failure)?,
        false => BTreeMap::new(),
    };
    let limits = Limits { lost: arguments.max_lost, gained: arguments.max_gained, changed: arguments.max_changed };
    let passed = limits.passed(&difference.tally.messages());
    let shown = Shown {
        old: &old.name,
        new: &new.name,
        difference: &difference,
        changes: &changes,
        causes: &causes,
        templates: &templates,
        engagement: request.engagement,
        revealed,
        passed: &passed,
    };
    output::results(&match arguments.format {
        Format::Human => shown.human(output::width()),
        Format::Json => shown.json(),
        Format::Github => shown.markdown(),
    })?;
    for line in &passed {
        output::notice(&format!("over the limit: {line}\n"));
    }
    // What was not simulated cannot have kept within a limit.
    let unknown = limits.are_set() && difference.lacks_scenarios();
    if unknown {
        output::notice("a limit is set, and not every scenario could be simulated: nobody knows whether it is kept\n");
    }
    Ok(if passed.is_empty() && !unknown { Exit::Done } else { Exit::Findings })
}

/// A side as a program; what is wrong with it is told, and the exit code of it.
fn compiled(side: &Side, stop: fn(Findings) -> Option<Exit>) -> Result<Compiled, Exit> {
    let (compiled, findings) = Findings::of(&side.project, &Surroundings::default());
    match stop(findings) {
        Some(exit) => Err(exit),
        None => Ok(compiled),
    }
}

fn simulated(
    before: &Bundle,
    after: &Bundle,
    causes: &Causes,
    crm: &Crm,
    (request, history): (&Request, &SpanArguments),
) -> Result<Difference, Failure> {
    let progress = output::spinner("simulating both versions");
    let alone: Vec<Bundle> = match causes {
        Causes::Each(groups) => groups.iter().map(|(_, bundle)| bundle.clone()).collect(),
        Causes::One(_) | Causes::Unknown(_) => Vec::new(),
    };
    let changes = match causes {
        Causes::One(_) => Changes::One,
        Causes::Each(_) => Changes::Each(&alone),
        Causes::Unknown(_) => Changes::Unknown,
    };
    let difference = diff(before, after, changes, crm, request).map_err(failure)?;
    progress.finish_and_clear();
    let sides = [&difference.old, &difference.new];
    let by_clock = sides.iter().any(|side| side.program.starts_by_clock());
    let not_simulated = sides.iter().flat_map(|side| &side.report.not_simulated);
    history.refuse_empty(difference.span, by_clock, not_simulated)?;
    Ok(difference)
}

impl Arguments {
    /// `zone` is that in which wall times are written.
    fn request(&self, zone: Zone) -> Result<Request, Failure> {
        let (from, to) = self.history.span(zone)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let engagement = self.engagement.engagement(Engagement::None)?;
        Ok(Request { from, to, engagement, threads, ..Request::default() })
    }
}
