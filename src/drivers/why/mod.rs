//! What `scn run` did with one contact, and what it still has to do: read from its state file, and lived once more.
//!
//! The journal says what the engine was given and what it decided, not what its conditions read. So the engine is given the
//! same once more, over the CRM as it is now, and tells its trace. As long as it decides what the journal says, the trace is
//! the story. Where it decides otherwise, the CRM or the scenarios have changed since: then the journal alone is told.

mod messages;
mod replay;
mod written;

pub use messages::message_words;
pub use written::scenarios;

use super::Error;
use super::simulate::{Lived, NotSimulated, runnable};
use super::story::Delivery;
use crate::engine::{Measures, Program, Value, World};
use crate::ir::{Bundle, KeptVersion, Scenario, Version};
use crate::model::Id;
use crate::store::crm::{Crm, Notes};
use crate::store::state::{Archive, JournalRow, KeptMessage};
use crate::time::Instant;
use std::ops::ControlFlow;

/// What is known of a contact.
#[derive(Debug)]
pub enum Found {
    /// Nothing is kept but that it was erased: when, and by which scenario.
    Erased(Instant, String),
    /// Neither the CRM nor the state file has it.
    Nobody,
    Told(Box<Production>),
}

/// What `scn run` did with one contact.
#[derive(Debug)]
pub struct Production {
    pub program: Program,
    pub world: World,
    /// The persons whom the ids that were asked for are about.
    pub asked: Vec<Id>,
    /// What the engine told when it was given the same once more; of what comes after `parted`, nothing.
    pub lived: Option<Lived>,
    /// From when on it decides otherwise than the journal says.
    pub parted: Option<Instant>,
    pub deliveries: Vec<Delivery>,
    pub journal: Vec<JournalRow>,
    pub messages: Vec<KeptMessage>,
    /// The last instant that is told of.
    pub until: Option<Instant>,
    /// Whether the contact is about to be erased.
    pub is_being_erased: bool,
    pub not_run: Vec<NotSimulated>,
    pub notes: Notes,
}

/// Reads what is known of the contact that has one of these ids, up to `at`, or to the last that was done.
pub fn produced(
    bundle: &Bundle,
    crm: &Crm,
    archive: &Archive,
    ids: &[Id],
    at: Option<Instant>,
) -> Result<Found, Error> {
    let (bundle, not_run, _) = runnable(bundle, crm);
    let mut crm = crm.again()?;
    crm.identify(&bundle.identity, bundle.settings.zone)?;
    let program = linked(&bundle, archive)?;
    let (world, _) = crm.world(&program)?;
    let lives = crm.lives(&program, &world)?;
    let asked = lives.known(&crm, ids)?;
    let person = match asked.first() {
        Some(person) => person.clone(),
        None => {
            for id in ids {
                if let Some((at, scenario)) = archive.erased(id)? {
                    return Ok(Found::Erased(at, scenario));
                }
            }
            match ids.iter().find(|id| archive.journal_of(id).is_ok_and(|journal| !journal.is_empty())) {
                Some(id) => id.clone(),
                None => return Ok(Found::Nobody),
            }
        }
    };
    let mut journal = archive.journal_of(&person)?;
    let mut messages = archive.messages_of(&person)?;
    // Messages leave after the look that decided them.
    let left = messages.iter().flat_map(|message| [message.handed_at, message.settled_at]).max().flatten();
    let last = journal.last().map(|row| row.at).max(left).max(archive.last_poll()?);
    let until = at.map(whole_second).or(last);
    journal.retain(|row| until.is_none_or(|until| row.at <= until));
    messages.retain(|message| until.is_none_or(|until| message.decided_at <= until));
    let mut measures = Measures::default();
    for (name, at, value) in archive.measures()? {
        measures.tell(&name, at, value.as_ref().map_or(Value::Missing, Value::from));
    }
    let seen = archive.seen_of(&person)?;
    let mut notes = Notes::default();
    let mut replayed = None;
    let given = replay::Given { program: &program, world: &world, measures: &measures };
    lives.read_these(&crm, std::slice::from_ref(&person), &mut notes, |person, life| {
        replay::arrange(&program, life, &seen);
        replayed = Some(replay::replay(given, person, life, &journal, &messages));
        ControlFlow::Continue(())
    })?;
    drop(lives);
    let is_being_erased = archive.is_being_erased(&person)?;
    let (lived, parted, keys) = match replayed {
        Some(replay::Replayed { lived, parted, keys }) => (Some(lived), parted, keys),
        None => (None, journal.first().map(|row| row.at), Default::default()),
    };
    let zone = lived.as_ref().map_or(program.settings.zone, |lived| lived.zone);
    let deliveries = messages::deliveries(&program, &messages, &keys, zone, until);
    Ok(Found::Told(Box::new(Production {
        asked: vec![person],
        lived,
        parted,
        deliveries,
        journal,
        messages,
        until,
        is_being_erased,
        not_run,
        notes,
        program,
        world,
    })))
}

/// The last microsecond of a second: instants are written in seconds, and what a run does, it does in parts of one.
fn whole_second(at: Instant) -> Instant {
    const SECOND: i64 = 1_000_000;
    if at.0 % SECOND == 0 { Instant(at.0.saturating_add(SECOND - 1)) } else { at }
}

/// The present scenarios with those older versions that can be linked with them, each from its start on.
fn linked(bundle: &Bundle, archive: &Archive) -> Result<Program, Error> {
    let current: Vec<_> = bundle.scenarios.iter().map(Scenario::hash).collect();
    let mut program = Program::link(bundle, &[])?;
    let mut older: Vec<KeptVersion> = Vec::new();
    for (hash, json) in archive.programs()?.into_iter().filter(|(hash, _)| !current.contains(hash)) {
        let Ok(version) = Version::read(&json) else { continue };
        older.push(KeptVersion { hash, version });
        match Program::link(bundle, &older) {
            Ok(linked) => program = linked,
            Err(_) => drop(older.pop()),
        }
    }
    for (scenario, start) in archive.starts()? {
        program.start_at(&scenario, start);
    }
    Ok(program)
}
