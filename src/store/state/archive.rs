//! The state file as somebody reads it who does not work on it: nothing is changed, no lock is taken, and a run may go on.

use super::erasure::{proof, secret};
use super::inbox::stored_id;
use super::outbox::key_of;
use super::{Arrival, Error, ErrorKind, JournalRow, MessageState, part, registry, schema};
use crate::engine::EffectKey;
use crate::ir::ScenarioHash;
use crate::model::{Id, Literal};
use crate::store::id::Key;
use crate::time::Instant;
use rusqlite::types::Type;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

/// A state file, read at one moment.
pub struct Archive {
    connection: Connection,
    name: String,
}

/// A message of the outbox, with all that is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMessage {
    pub key: EffectKey,
    pub scenario: String,
    /// The version that decided it.
    pub hash: ScenarioHash,
    /// The step's number in the text.
    pub step: u16,
    /// Channel and message, as it left or as it would leave first; the webhook of a call.
    pub channel: String,
    pub message: String,
    pub state: MessageState,
    pub reason: Option<String>,
    /// What the server said last, cleaned.
    pub reply: Option<String>,
    pub due: Instant,
    pub decided_at: Instant,
    /// Not to be sent after.
    pub expires_at: Instant,
    /// When it is looked at next, where it waits.
    pub next_at: Option<Instant>,
    pub handed_at: Option<Instant>,
    pub settled_at: Option<Instant>,
}

/// The rows of the CRM that were seen of a contact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    pub arrivals: Vec<Arrival>,
    /// Those that were there before the start, by the event and its id.
    pub before: Vec<(String, Id)>,
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Archive {
    /// Opens a state file to read it as it is at this moment.
    ///
    /// Errors: [`ErrorKind::NotFound`], [`ErrorKind::NotADatabase`], [`ErrorKind::Corrupt`], [`ErrorKind::Newer`],
    /// [`ErrorKind::Older`], [`ErrorKind::Busy`], [`ErrorKind::Io`].
    pub fn open(path: &Path) -> Result<Archive, Error> {
        let name = path.display().to_string();
        if !path.is_file() {
            return Err(Error::new(ErrorKind::NotFound, &name, ""));
        }
        let failed = |error: rusqlite::Error| Error::sqlite(&name, &error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        connection.busy_timeout(crate::store::PATIENCE).map_err(failed)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        schema::check(&connection, &name)?;
        schema::check_present(&connection, &name)?;
        Ok(Archive { connection, name })
    }

    fn read<T>(&self, statements: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, Error> {
        statements(&self.connection).map_err(|error| Error::sqlite(&self.name, &error))
    }

    /// When somebody was erased, and by which scenario; `None` where there is no proof of it.
    pub fn erased(&self, contact: &Id) -> Result<Option<(Instant, String)>, Error> {
        self.read(|connection| {
            let proof = proof(&secret(connection)?, contact);
            let sql = "SELECT at, scenario FROM scn_erased WHERE proof = ?1 ORDER BY id DESC LIMIT 1";
            connection.query_row(sql, [proof], |row| Ok((Instant(row.get(0)?), row.get(1)?))).optional()
        })
    }

    /// Whether an erasure of this contact was decided and is not made yet.
    pub fn is_being_erased(&self, contact: &Id) -> Result<bool, Error> {
        self.read(|connection| {
            let sql =
                "SELECT EXISTS (SELECT 1 FROM scn_write WHERE part = ?1 AND contact = ?2 AND change = '\"erase\"')";
            connection.query_row(sql, (part(contact), Key::from(contact)), |row| row.get(0))
        })
    }

    /// What was written down of a contact, in order.
    pub fn journal_of(&self, contact: &Id) -> Result<Vec<JournalRow>, Error> {
        self.read(|connection| {
            let sql = "SELECT at, body FROM scn_journal WHERE part = ?1 AND contact = ?2 ORDER BY id";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((part(contact), Key::from(contact)), |row| {
                Ok(JournalRow { at: Instant(row.get(0)?), body: row.get(1)? })
            })?;
            rows.collect()
        })
    }

    /// The messages of a contact, and its calls of webhooks, in the order of their decisions.
    pub fn messages_of(&self, contact: &Id) -> Result<Vec<KeptMessage>, Error> {
        self.read(|connection| {
            let sql = "SELECT key, scenario, hash, step, channel, message, alternatives, state, reason, reply, due,
                           decided_at, expires_at, next_at, handed_at, settled_at
                       FROM scn_outbox WHERE part = ?1 AND contact = ?2 ORDER BY id";
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map((part(contact), Key::from(contact)), kept_message)?;
            rows.collect()
        })
    }

    /// The rows of the CRM that were seen of a contact.
    pub fn seen_of(&self, contact: &Id) -> Result<Seen, Error> {
        self.read(|connection| {
            let sql = "SELECT kind, id, arrived FROM scn_seen WHERE part = ?1 AND contact = ?2 ORDER BY kind, id";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query((part(contact), Key::from(contact)))?;
            let mut seen = Seen::default();
            while let Some(row) = rows.next()? {
                let (kind, id) = (row.get(0)?, stored_id(row, 1)?);
                match row.get::<_, Option<i64>>(2)? {
                    Some(arrived) => seen.arrivals.push(Arrival { kind, id, arrived: Instant(arrived) }),
                    None => seen.before.push((kind, id)),
                }
            }
            Ok(seen)
        })
    }

    /// All versions that are kept, as JSON.
    pub fn programs(&self) -> Result<Vec<(ScenarioHash, String)>, Error> {
        self.read(registry::programs)
    }

    /// From when on events start instances, by scenario.
    pub fn starts(&self) -> Result<BTreeMap<String, Instant>, Error> {
        self.read(registry::starts)
    }

    /// What measures told, in the order of their names and refreshes.
    pub fn measures(&self) -> Result<Vec<(String, Instant, Option<Literal>)>, Error> {
        self.read(registry::measures)
    }

    /// When the CRM was looked at last.
    pub fn last_poll(&self) -> Result<Option<Instant>, Error> {
        self.read(registry::last_poll)
    }
}

fn kept_message(row: &Row<'_>) -> Result<KeptMessage, rusqlite::Error> {
    let wrong = |column: usize| rusqlite::Error::InvalidColumnType(column, "outbox".into(), Type::Text);
    let instant = |column: usize| Ok::<_, rusqlite::Error>(row.get::<_, Option<i64>>(column)?.map(Instant));
    let alternatives: Vec<(String, String)> = serde_json::from_str(&row.get::<_, String>(6)?).map_err(|_| wrong(6))?;
    let first = alternatives.first();
    let channel: Option<String> = row.get(4)?;
    let message: Option<String> = row.get(5)?;
    let state: String = row.get(7)?;
    Ok(KeptMessage {
        key: key_of(row, 0)?,
        scenario: row.get(1)?,
        hash: row.get::<_, String>(2)?.parse().map_err(|()| wrong(2))?,
        step: row.get(3)?,
        channel: channel.or_else(|| first.map(|(channel, _)| channel.clone())).unwrap_or_else(|| "webhook".into()),
        message: message.or_else(|| first.map(|(_, message)| message.clone())).unwrap_or_default(),
        state: MessageState::ALL.into_iter().find(|each| each.name() == state).ok_or_else(|| wrong(7))?,
        reason: row.get(8)?,
        reply: row.get(9)?,
        due: Instant(row.get(10)?),
        decided_at: Instant(row.get(11)?),
        expires_at: Instant(row.get(12)?),
        next_at: instant(13)?,
        handed_at: instant(14)?,
        settled_at: instant(15)?,
    })
}
