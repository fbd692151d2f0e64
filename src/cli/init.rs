//! `scn init`: a project to start from.

use super::exit::{Exit, Failure};
use super::project::Project;
use super::sources::store_failure;
use super::{output, sample};
use crate::diagnostic::render::clean;
use crate::store::state::State;
use crate::time::{Date, Instant, TimeOfDay, Zone};
use std::path::{Path, PathBuf};

/// Make a project that checks, tests, simulates and runs at once
///
/// Its CRM has a year of made-up purchases that end today, and two people who subscribe as it is made.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn init shop")]
pub struct Arguments {
    /// The folder to make; it must not exist, or be empty
    #[arg(value_name = "DIR")]
    pub folder: PathBuf,
}

macro_rules! from_scenarios {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../scenarios/", $path)))),*]
    };
}

/// The project's files that are the same in every project.
const SCENARIOS: [(&str, &str); 16] = from_scenarios![
    "renewal/renewal.scn",
    "renewal/renewal.test.scn",
    "renewal/templates/reminder.email.html",
    "renewal/templates/reminder.email.txt",
    "welcome/welcome.scn",
    "welcome/welcome.test.scn",
    "welcome/templates/welcome.email.fr.html",
    "welcome/templates/welcome.email.fr.txt",
    "welcome/templates/welcome.email.html",
    "welcome/templates/welcome.email.txt",
    "welcome/templates/welcome.sms.fr.txt",
    "welcome/templates/welcome.sms.txt",
    "welcome/templates/welcome_last_chance.email.fr.html",
    "welcome/templates/welcome_last_chance.email.fr.txt",
    "welcome/templates/welcome_last_chance.email.html",
    "welcome/templates/welcome_last_chance.email.txt",
];
const OTHERS: [(&str, &str); 3] = [
    ("scn.toml", include_str!("init/scn.toml")),
    ("sales.sql", include_str!("init/sales.sql")),
    (".gitignore", "*.db*\n/outbox/\n"),
];
/// The history, its instants being relative to the project's making.
const SALES: &str = include_str!("init/sales.csv");

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let folder = &arguments.folder;
    refuse_what_is_there(folder)?;
    let now = now();
    for (name, text) in SCENARIOS.iter().chain(&OTHERS) {
        write(&folder.join(name), text)?;
    }
    write(&folder.join("sales.csv"), &sales(now))?;
    let project = Project::open_one(folder)?;
    let settings = &project.settings;
    if let (Some(crm), Some(sample)) = (&settings.crm, &settings.sample) {
        sample::make(sample, crm, Some(0))?;
    }
    if let Some(state) = &settings.state {
        start_today(state, settings.meaning.zone, now)?;
    }
    output::results(&next_steps(folder))?;
    Ok(Exit::Done)
}

fn refuse_what_is_there(folder: &Path) -> Result<(), Failure> {
    let mut entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::file("read", folder, &error)),
    };
    if entries.next().is_none() {
        return Ok(());
    }
    let message = format!("`{}` is not empty", folder.display());
    Err(Failure::new(Exit::Usage, message).help("name a folder that does not exist yet"))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path.parent().unwrap_or(path);
    std::fs::create_dir_all(folder).map_err(|error| Failure::file("make", folder, &error))?;
    std::fs::write(path, text).map_err(|error| Failure::file("write", path, &error))
}

/// The wall clock, in whole seconds.
fn now() -> Instant {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Instant::from_seconds(since.map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0)))
}

/// The history with its instants: `12 days before at 10:00` counts from the day of `now`, in UTC.
fn sales(now: Instant) -> String {
    let (today, _) = Zone::UTC.wall(now);
    let line = |line: &str| match line.split_once(',') {
        Some((at, rest)) => match instant(at, today, now) {
            Some(at) => format!("{at},{rest}\n"),
            None => format!("{line}\n"),
        },
        None => format!("{line}\n"),
    };
    SALES.lines().map(line).collect()
}

fn instant(text: &str, today: Date, now: Instant) -> Option<Instant> {
    if text == "now" {
        return Some(now);
    }
    let (days, time) = text.split_once(" days before at ")?;
    Some(Zone::UTC.instant(today.add_days(-days.parse::<i32>().ok()?)?, TimeOfDay::parse(time)?))
}

/// The first run of a scenario takes events from that moment on. This project's scenarios started this morning, so
/// that its first run finds the subscriptions of today, however soon it comes.
fn start_today(state: &Path, zone: Zone, now: Instant) -> Result<(), Failure> {
    let (mut state, _) = State::open(state, "init", now).map_err(store_failure)?;
    let (today, _) = zone.wall(now);
    let morning = zone.instant(today, TimeOfDay::MIDNIGHT);
    for scenario in ["renewal", "welcome"] {
        state.set_start(scenario, morning).map_err(store_failure)?;
    }
    Ok(())
}

fn next_steps(folder: &Path) -> String {
    let shown = folder.display().to_string();
    let enter = if shown == "." { String::new() } else { format!("  cd {}\n", clean(&shown)) };
    format!(
        "made a project: two scenarios with their templates and tests, and a CRM with a year of made-up purchases\n\n\
         next:\n{enter}  \
         scn check           what is wrong in the texts, templates and the CRM\n  \
         scn test            the tests beside the scenarios\n  \
         scn simulate        what they would have sent in the past year\n  \
         scn run --once      takes the subscriptions of today, and writes messages under `outbox/`\n"
    )
}
