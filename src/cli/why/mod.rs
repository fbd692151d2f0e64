//! `scn why`: the story of one contact, with every clause, what it read, and its answer.

mod production;

use super::engagement::{self, EngagementArguments};
use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::sources::{failure, texts};
use super::{instant, output, sources};
use crate::diagnostic::render::clean;
use crate::diagnostic::suggestion;
use crate::drivers::simulate::{NotSimulated, Report, Request, Simulation, simulate};
use crate::drivers::story::{Lived, ScenarioStory, Story, Teller, Texts, Wanted, brief, human, moment};
use crate::engine::Engagement;
use crate::ir::{Bundle, Op, Scenario};
use crate::model::{Id, Surroundings};
use crate::store::crm::Crm;
use crate::time::{Instant, Zone};
use std::path::PathBuf;

/// Tell why a contact got a message, or did not: each clause, what it read, and its answer
///
/// The story is a simulation's, up to the last event of the CRM or to `--at`. With `--state` it is told from what `scn run`
/// did and still has to do.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  scn why scenarios --contact 17850 --message reminder\n  \
                  scn why --contact 17850 --at 2011-03-04\n  \
                  scn why --contact 17850 --scenario recurrent --state crm.state.db")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The contact, by its `id` in the CRM
    #[arg(long, value_name = "ID")]
    pub contact: String,
    /// The last instant of the story, included; a date is its last second
    #[arg(long, value_name = "INSTANT")]
    pub at: Option<String>,
    /// Only this scenario, with everything that did not enter it
    #[arg(long, value_name = "NAME")]
    pub scenario: Option<String>,
    /// Only the scenarios that send this message
    #[arg(long, value_name = "NAME")]
    pub message: Option<String>,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// The state file of `scn run`, from which the story is told
    #[arg(long, value_name = "FILE", conflicts_with_all = ["engagement", "assume"])]
    pub state: Option<PathBuf>,
    #[command(flatten)]
    pub engagement: EngagementArguments,
    /// Tell each journey and each refusal, those that went like others too
    #[arg(long)]
    pub all: bool,
    /// Show texts and dates of the contact, which are hidden otherwise
    #[arg(long)]
    pub reveal: bool,
    /// How the story is printed
    #[arg(long, value_enum, default_value_t)]
    pub format: super::simulate::Format,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &Surroundings::default());
    if let Some(exit) = findings.stop_briefly() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    let wanted = arguments.wanted(bundle)?;
    let crm = sources::crm(&project, arguments.crm.as_deref())?;
    let texts = texts(&compiled);
    let mut asked = Asked { arguments, bundle, crm: &crm, wanted: &wanted, at: None, texts: &texts };
    // Wall times are those of the story: in the contact's zone, which the story tells.
    let mut zone = bundle.settings.zone;
    let story = loop {
        asked.at = arguments.at.as_deref().map(|text| instant::last("--at", text, zone)).transpose()?;
        let story = match &arguments.state {
            Some(state) => asked.produced(state)?,
            None => asked.simulated()?,
        };
        match Zone::named(&story.zone) {
            Some(own) if own != zone && asked.at.is_some() && zone == bundle.settings.zone => zone = own,
            _ => break story,
        }
    };
    output::results(&match arguments.format {
        super::simulate::Format::Human => human(&story, arguments.all),
        super::simulate::Format::Json => {
            let json = serde_json::to_string_pretty(&story);
            json.map_err(|error| Failure::new(Exit::Bug, error.to_string()))? + "\n"
        }
    })?;
    Ok(Exit::Done)
}

impl Arguments {
    /// Refuses names that are none.
    fn wanted(&self, bundle: &Bundle) -> Result<Wanted, Failure> {
        let scenarios = || bundle.scenarios.iter().map(|scenario| scenario.name.as_str());
        let steps = bundle.scenarios.iter().flat_map(|scenario| scenario.steps.values());
        let messages: Vec<&str> = steps
            .filter_map(|step| if let Op::Send(send) = &step.op { Some(&send.alternatives) } else { None })
            .flatten()
            .map(|alternative| alternative.message.as_str())
            .collect();
        if let Some(name) = self.scenario.as_deref().filter(|name| !scenarios().any(|known| known == *name)) {
            return Err(unknown("scenario", name, scenarios(), "`scn words` lists them"));
        }
        if let Some(name) = self.message.as_deref().filter(|name| !messages.contains(name)) {
            return Err(unknown("message", name, messages.iter().copied(), "no scenario here sends it"));
        }
        if let (Some(scenario), Some(message)) = (&self.scenario, &self.message)
            && !bundle.scenarios.iter().any(|known| known.name == *scenario && sends(known, message))
        {
            let message = format!("scenario `{}` does not send `{}`", clean(scenario), clean(message));
            return Err(Failure::new(Exit::Usage, message).help("leave out `--scenario`, or `--message`"));
        }
        Ok(Wanted { scenario: self.scenario.clone(), message: self.message.clone(), all: self.all })
    }

    /// The ids that the text may be: a number and its text are two.
    fn ids(&self) -> Vec<Id> {
        let number = self.contact.parse().ok().map(Id::Number);
        number.into_iter().chain([Id::Text(self.contact.as_str().into())]).collect()
    }
}

fn sends(scenario: &Scenario, message: &str) -> bool {
    scenario.steps.values().iter().any(|step| match &step.op {
        Op::Send(send) => send.alternatives.iter().any(|each| each.message == message),
        _ => false,
    })
}

fn unknown<'n>(kind: &str, name: &str, known: impl Iterator<Item = &'n str>, otherwise: &str) -> Failure {
    let failure = Failure::new(Exit::Usage, format!("there is no {kind} `{}`", clean(name)));
    match suggestion(name, known) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure.help(otherwise),
    }
}

/// What is asked, and of what.
struct Asked<'a> {
    arguments: &'a Arguments,
    bundle: &'a Bundle,
    crm: &'a Crm,
    wanted: &'a Wanted,
    at: Option<Instant>,
    texts: &'a Texts,
}

impl Asked<'_> {
    /// The story of a simulation.
    fn simulated(&self) -> Result<Story, Failure> {
        let engagement = self.arguments.engagement.engagement(Engagement::None)?;
        let request = Request { to: self.at, contact: self.arguments.ids(), engagement, ..Request::default() };
        let progress = output::spinner("simulating");
        let simulation = simulate(self.bundle, self.crm, &request, None).map_err(failure)?;
        progress.finish_and_clear();
        let report = &simulation.report;
        if report.asked.is_empty() && !simulation.program.units().is_empty() {
            return Err(self.no_contact("`--state FILE` tells whether it was erased"));
        }
        let told_from = "a simulation";
        let Some(until) = report.span.map(|(_, to)| to).or(self.at) else {
            return Ok(self.story(
                &simulation,
                None,
                told_from,
                vec!["nothing has happened: the CRM has no event".into()],
            ));
        };
        if let Some((first, _)) = report.span.filter(|(from, to)| from > to) {
            let notes = rows_of_others(&report.asked, &self.arguments.ids());
            let story = self.story(&simulation, Some(until), told_from, notes);
            let first = moment(self.bundle.settings.zone, first);
            let answer =
                vec![format!("nothing had happened by then: the first event that these scenarios read is of {first}")];
            return Ok(Story {
                answer,
                scenarios: self.not_told(&report.not_simulated, "cannot be simulated"),
                ..story
            });
        }
        let mut notes = self.notes(&simulation);
        notes.push(format!("opens and clicks are {}", engagement::told(engagement)));
        if let Some(last) = report.last_event.filter(|last| *last < until) {
            let zone = report.lived.first().map_or(self.bundle.settings.zone, |lived| lived.zone);
            let last = moment(zone, last);
            notes.push(format!("the history ends on {last}: what is told after it supposes that nothing more happens"));
        }
        if report.notes.set_aside == 0 && report.events == 0 {
            notes.push("nothing of what these scenarios read has happened to this contact".into());
        }
        Ok(self.story(&simulation, Some(until), told_from, notes))
    }

    fn no_contact(&self, help: &str) -> Failure {
        let message = format!("the CRM has no contact `{}`", clean(&self.arguments.contact));
        Failure::new(Exit::Findings, message).help(format!("`--contact` takes an `id` of the table `contact`; {help}"))
    }

    fn notes(&self, simulation: &Simulation) -> Vec<String> {
        let report = &simulation.report;
        let mut notes = rows_of_others(&report.asked, &self.arguments.ids());
        notes.extend(unread(report));
        if !report.as_of_now.is_empty() {
            let fields = report.as_of_now.iter().map(|field| format!("`{field}`")).collect::<Vec<_>>().join(", ");
            notes.push(format!("the CRM keeps no history of {fields}: read as they are now"));
        }
        notes
    }

    fn story(&self, simulation: &Simulation, until: Option<Instant>, told_from: &str, notes: Vec<String>) -> Story {
        let report = &simulation.report;
        let lived = report.lived.first();
        let zone = lived.map_or(self.bundle.settings.zone, |lived| lived.zone);
        let teller = Teller {
            program: &simulation.program,
            world: &simulation.world,
            texts: self.texts,
            zone,
            reveal: self.arguments.reveal,
        };
        let mut scenarios = match lived {
            Some(lived) => {
                let (trace, refusals, clocks) = (&lived.trace, &lived.refusals, &lived.clocks);
                teller.scenarios(Lived { trace, refusals, clocks, deliveries: &[] }, self.wanted)
            }
            None => Vec::new(),
        };
        scenarios.extend(self.not_told(&report.not_simulated, "cannot be simulated"));
        scenarios.sort_by(|one, other| one.name.cmp(&other.name));
        Story {
            asked: self.wanted.words(),
            answer: brief(&scenarios),
            contact: report.asked.first().map_or_else(|| self.arguments.contact.clone(), ToString::to_string),
            until: until.map_or_else(|| "the end".to_owned(), |until| moment(zone, until)),
            zone: zone.name().to_owned(),
            told_from: told_from.to_owned(),
            notes,
            scenarios,
        }
    }

    /// Scenarios whose tables the CRM lacks.
    fn not_told(&self, lacking: &[NotSimulated], verb: &str) -> Vec<ScenarioStory> {
        let is_wanted = |name: &String| self.wanted.scenario.as_ref().is_none_or(|wanted| wanted == name);
        let sends = |name: &String| {
            let scenario = self.bundle.scenarios.iter().find(|scenario| scenario.name == *name);
            let is_it = |message: &String| scenario.is_some_and(|scenario| sends(scenario, message));
            self.wanted.message.as_ref().is_none_or(is_it)
        };
        let told = |not: &NotSimulated| {
            let lacks: Vec<String> = not.lacks.iter().map(|lack| lack.describe()).collect();
            let texts = self.texts.0.get(&not.scenario);
            ScenarioStory {
                name: not.scenario.clone(),
                title: texts.and_then(|texts| texts.title.clone()),
                place: texts.map_or_else(String::new, |texts| texts.place.clone()),
                answers: vec![format!("{verb}: the CRM has {}", lacks.join(", "))],
                instances: Vec::new(),
                refused: Vec::new(),
                more_refused: 0,
            }
        };
        lacking.iter().filter(|not| is_wanted(&not.scenario) && sends(&not.scenario)).map(told).collect()
    }
}

/// Says of whom the row that was asked for is.
fn rows_of_others(persons: &[Id], asked: &[Id]) -> Vec<String> {
    let others = persons.iter().filter(|person| !asked.contains(person));
    let row = asked.last().map_or_else(String::new, ToString::to_string);
    others.map(|person| format!("contact `{row}` is a row of contact `{person}`, by `identity`")).collect()
}

/// Values that cannot be read, for which a contact is set aside.
fn unread(report: &Report) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    if report.notes.set_aside > 0 {
        notes.push("this contact is set aside: a value of its rows cannot be read".into());
    }
    notes.extend(report.notes.unreadable.first.iter().map(|unreadable| unreadable.diagnostic().message));
    notes
}
