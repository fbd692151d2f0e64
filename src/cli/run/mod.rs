//! `scn run`: new rows and due timers on the wall clock, and messages that leave.

mod summary;

use super::exit::{Exit, Failure};
use super::findings::Findings;
use super::project::Project;
use super::sources::failure;
use super::{cache, instant, output, sources, surroundings, whole};
use crate::channel::{Credentials, EmailSettings, Secret, SecretReference, Sender, Webhook};
use crate::drivers::run::{Delivery, Migration, Post, Refusal, Run, Setup};
use crate::ir::Bundle;
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Run scenarios on the wall clock: take new rows of the CRM, and send what comes due
///
/// Runs until it is stopped (SIGINT or SIGTERM). Without a server in `scn.toml`, messages are written as files under
/// `outbox/`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  scn run scenarios --once")]
pub struct Arguments {
    /// A file, or a folder with all `.scn` files under it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// The CRM; `crm` of `scn.toml` without it
    #[arg(long, value_name = "FILE")]
    pub crm: Option<PathBuf>,
    /// Where the state is kept; `state` of `scn.toml` without it, else a file beside the CRM
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Do what is due now, then end
    #[arg(long)]
    pub once: bool,
    /// Also take the events since this instant, which would be too old otherwise; asks before it sends
    #[arg(long, value_name = "SINCE")]
    pub backfill: Option<String>,
    /// Let running instances of older versions of this scenario, or of all, go on with the present one; asks before
    #[arg(long, value_name = "SCENARIO|all")]
    pub migrate: Option<String>,
    /// Answer yes to what `--backfill`, `--migrate`, or a run after a long stop, asks
    #[arg(long)]
    pub yes: bool,
}

pub fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let project = Project::open_one(&arguments.path)?;
    let (compiled, findings) = Findings::of(&project, &surroundings::look(&project, None)?);
    if let Some(exit) = findings.stop() {
        return Ok(exit);
    }
    let Some(bundle) = &compiled.bundle else { return Ok(Exit::Findings) };
    // The policy may name another than `scn.toml`.
    let zone = bundle.settings.zone;
    let since = arguments.backfill.as_deref().map(|text| instant::first("--backfill", text, zone)).transpose()?;
    let stop = stop_flag()?;
    let crm = sources::crm_to_change(&project, arguments.crm.as_deref())?;
    let state = sources::state_path(&project, arguments.state.as_deref(), arguments.crm.as_deref())?;
    if let Some(crm) = arguments.crm.as_ref().or(project.settings.crm.as_ref()) {
        whole::refuse_inputs(&state, &[crm.as_path()])?;
    }
    if since.is_some_and(|since| since > now()) {
        return Err(Failure::new(Exit::Usage, "`--backfill` is in the future").help("name an instant that has passed"));
    }
    let migrated = arguments.migrate.as_deref().map(|named| migrated(bundle, named)).transpose()?;
    let delivery = delivery(&project)?;
    let name = format!("{}-{}", std::process::id(), now().0);
    let setup = Setup { bundle, crm, state: &state, delivery };
    let mut run = Run::open(setup, &name, now()).map_err(refused)?;
    output::notice(&summary::opening(&run, &state));
    let migration = confirm(&mut run, migrated, since, zone, arguments.yes)?;
    if let Some(migration) = migration {
        run.migrate(migration, now()).map_err(failure)?;
    }
    if let Some(since) = since {
        run.backfill(since, now()).map_err(failure)?;
    }
    let stopped = || stop.load(Ordering::Relaxed);
    let result = if arguments.once { run.tick(now(), &stopped) } else { go_on(&mut run, &stopped) };
    result.map_err(failure)?;
    output::results(&summary::closing(&run, zone, arguments.once, since).map_err(failure)?)?;
    let report = run.report();
    let sent: u64 = report.sent.values().sum();
    Ok(match () {
        () if report.circuit_open || !report.stopped_webhooks.is_empty() => Exit::CircuitOpen,
        () if report.notes.set_aside > 0 || !report.unreadable.is_empty() || !report.waiting.is_empty() => {
            Exit::Findings
        }
        () if arguments.once && report.deferred > 0 && sent == 0 => Exit::Busy,
        () => Exit::Done,
    })
}

/// The wall clock. It is read here and handed down.
fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Instant(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// Raised by SIGINT and SIGTERM.
fn stop_flag() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&stop))
            .map_err(|error| Failure::new(Exit::Failed, format!("cannot listen to signals: {error}")))?;
    }
    Ok(stop)
}

/// Ticks whenever something is due, and looks at the CRM once a second.
fn go_on(run: &mut Run, stopped: &dyn Fn() -> bool) -> Result<(), crate::drivers::Error> {
    const LOOK: Duration = Duration::from_secs(1);
    const BREATH: Duration = Duration::from_millis(50);
    let mut told = summary::Told::default();
    while !stopped() {
        let looked = now();
        run.tick(looked, stopped)?;
        if let Some(line) = told.news(run) {
            output::notice(&line);
        }
        if run.report().circuit_open {
            break;
        }
        // What was due at this look and is still there waits for a repair of the CRM: no need to look at once.
        let next = run.next()?.filter(|next| *next > looked).map_or(i64::MAX, |next| next.0);
        let until = next.min(looked.0.saturating_add(LOOK.as_micros() as i64));
        while now().0 < until && !stopped() {
            std::thread::sleep(BREATH);
        }
    }
    Ok(())
}

/// Where the state is kept: beside the CRM unless told otherwise.
fn delivery(project: &Project) -> Result<Delivery, Failure> {
    let settings = &project.settings;
    let wrong = |text: String| Failure::new(Exit::Configuration, text);
    let mut post = Post::Files;
    let mut email = None;
    if let Some(configured) = &settings.email {
        let parsed = EmailSettings::parse(&configured.from, configured.reply_to.as_deref())
            .map_err(|error| wrong(format!("`channels.email`: {error}")))?;
        if let Some(server) = &configured.server {
            let credentials = match &server.login {
                None => None,
                Some((user, reference)) => {
                    let password = secret(project, "password", reference)?;
                    Some(Credentials { user: user.clone(), password })
                }
            };
            let settings = server.smtp(parsed.from.domain(), credentials);
            // What cannot work is said before anything is decided.
            Sender::new(settings.clone()).map_err(|error| wrong(format!("`channels.email.server`: {error}")))?;
            post = Post::Server { settings: Box::new(settings), connections: server.connections };
        }
        email = Some(parsed);
    } else if let Ok(nobody) = EmailSettings::parse("nobody@example.invalid", None) {
        // Files need a sender to be mails, and a first run needs nothing (RFC 2606: no such domain exists).
        email = Some(nobody);
    }
    let templates = Arc::new(surroundings::templates(project)?);
    let webhooks = Arc::new(webhooks(project)?);
    let caches = cache::folders(settings);
    Ok(Delivery { templates, outbox: settings.outbox.clone(), caches, email, post, webhooks })
}

fn webhooks(project: &Project) -> Result<BTreeMap<String, Webhook>, Failure> {
    let mut webhooks = BTreeMap::new();
    for (name, configured) in &project.settings.webhooks {
        let key = format!("webhooks.{name}.secret");
        let secret = configured.secret.as_ref().map(|reference| secret(project, &key, reference)).transpose()?;
        let webhook = Webhook::new(&configured.url, secret.as_ref(), configured.authority.as_deref())
            .map_err(|error| Failure::new(Exit::Configuration, format!("`webhooks.{name}`: {error}")))?;
        webhooks.insert(name.clone(), webhook);
    }
    Ok(webhooks)
}

/// Fetches the secret of a key.
fn secret(project: &Project, key: &str, reference: &str) -> Result<Secret, Failure> {
    let fetched = SecretReference::parse(reference).and_then(|reference| reference.resolve(&project.root));
    fetched.map_err(|error| Failure::new(Exit::Configuration, format!("`{key}`: {error}")))
}

/// Says what would go on with the present version, and after a long stop, or before older events are taken, what would leave
/// then; asks about all of it at once. Gives the migration that is to be done; nothing is done yet.
fn confirm(
    run: &mut Run,
    migrate: Option<Option<&str>>,
    since: Option<Instant>,
    zone: Zone,
    yes: bool,
) -> Result<Option<Migration>, Failure> {
    // Before the CRM is looked at.
    let long = run.last_poll().and_then(|last| zone.add(last, run.program().settings.expire));
    let long = long.is_some_and(|limit| limit < now());
    let migration = migrate.map(|scenario| run.migration(scenario, now())).transpose().map_err(failure)?;
    let mut asks = false;
    if let Some(migration) = &migration {
        output::notice(&summary::migration(migration));
        asks = migration.going() > 0;
    }
    if since.is_some() || long {
        let rehearsal = run.rehearse(migrate, since, now()).map_err(refused)?;
        output::notice(&summary::rehearsed(&rehearsal, since.is_some()));
        // An instance that starts may send later, and may do more than send.
        asks |= rehearsal.leaving > 0 || (since.is_some() && rehearsal.started > 0);
    }
    if asks {
        ask(yes)?;
    }
    Ok(migration)
}

/// The scenario whose instances are to go on with its present version; `None` for all.
fn migrated<'a>(bundle: &Bundle, named: &'a str) -> Result<Option<&'a str>, Failure> {
    if named == "all" {
        return Ok(None);
    }
    if bundle.scenarios.iter().any(|scenario| scenario.name == named) {
        return Ok(Some(named));
    }
    Err(Failure::new(Exit::Usage, format!("`--migrate`: there is no scenario `{named}` here"))
        .help("name one that is among those given, or `all`"))
}

/// Goes on only when somebody says so.
fn ask(yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    let refuse = || Failure::new(Exit::Usage, "nothing was done").help("add `--yes` to go on");
    if !std::io::stdin().is_terminal() {
        return Err(refuse());
    }
    output::notice("go on? [y/N] ");
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).map_err(|_| refuse())?;
    if matches!(answer.trim(), "y" | "yes") { Ok(()) } else { Err(refuse()) }
}

fn refused(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Error(error) => failure(error),
        Refusal::ClockWentBack { last } => {
            Failure::new(Exit::Failed, format!("the clock went back: it was {last} when the CRM was looked at last"))
                .help("set the clock right; nothing was done")
        }
    }
}
