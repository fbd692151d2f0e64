//! The tables, and the checks before anything is done with them.

use super::{Error, ErrorKind};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

/// The version of these tables. A newer one is refused.
const FORMAT: i64 = 4;

/// The first version.
///
/// Instants are microseconds since 1970; ids of contacts and rows keep their class, INTEGER or TEXT.
pub(super) const TABLES: &str = "
CREATE TABLE scn_meta(name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;

-- Programs by content, and from when on events start instances of a scenario.
CREATE TABLE scn_program(hash TEXT PRIMARY KEY, json TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE scn_start(scenario TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;

-- One row a contact that the engine remembers; `wake` is the earliest of its deadlines.
CREATE TABLE scn_contact(
    part INTEGER NOT NULL, contact NOT NULL, state BLOB NOT NULL, wake INTEGER,
    PRIMARY KEY (part, contact)
) WITHOUT ROWID;
CREATE INDEX scn_contact_wake ON scn_contact(wake) WHERE wake IS NOT NULL;

-- Every row of the CRM that was ever seen; `arrived` is NULL for those that were there before the start.
CREATE TABLE scn_seen(
    kind TEXT NOT NULL, id NOT NULL, part INTEGER NOT NULL, contact NOT NULL, arrived INTEGER,
    PRIMARY KEY (kind, id)
) WITHOUT ROWID;
CREATE INDEX scn_seen_contact ON scn_seen(part, contact) WHERE arrived IS NOT NULL;

-- What a contact has not been stepped with yet: an event (kind, event) or a receipt (message, outcome, class).
CREATE TABLE scn_inbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT, part INTEGER NOT NULL, contact NOT NULL,
    arrived INTEGER NOT NULL, at INTEGER NOT NULL,
    kind TEXT, event, message TEXT, outcome TEXT, class TEXT
);
CREATE INDEX scn_inbox_arrived ON scn_inbox(arrived);
CREATE INDEX scn_inbox_contact ON scn_inbox(part, contact);

-- Messages. `next_at` is when one must be looked at: NULL unless it is pending or deferred. `handing` counts all
-- messages ever handed to a server.
CREATE TABLE scn_outbox(
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
    part INTEGER NOT NULL, contact NOT NULL,
    scenario TEXT NOT NULL, hash TEXT NOT NULL, step INTEGER NOT NULL, class TEXT NOT NULL,
    alternatives TEXT NOT NULL,
    due INTEGER NOT NULL, not_before INTEGER NOT NULL, expires_at INTEGER NOT NULL, decided_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending', reason TEXT, next_at INTEGER, owner TEXT,
    attempt INTEGER NOT NULL DEFAULT 0, handing INTEGER,
    channel TEXT, message TEXT, address TEXT, context TEXT, message_id TEXT, reply TEXT,
    claimed_at INTEGER, handed_at INTEGER, settled_at INTEGER
);
CREATE INDEX scn_outbox_next ON scn_outbox(next_at) WHERE next_at IS NOT NULL;
CREATE INDEX scn_outbox_bounced ON scn_outbox(address) WHERE state = 'bounced';
CREATE INDEX scn_outbox_open ON scn_outbox(state) WHERE state IN ('claimed', 'handed', 'uncertain');

-- What the engine was asked and answered, in order.
CREATE TABLE scn_journal(
    id INTEGER PRIMARY KEY AUTOINCREMENT, part INTEGER NOT NULL, contact NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX scn_journal_contact ON scn_journal(part, contact);
";

/// What the second version added.
const SECOND: &str = "
-- All rows of a contact are looked for when it is erased.
DROP INDEX scn_seen_contact;
CREATE INDEX scn_seen_contact ON scn_seen(part, contact);
CREATE INDEX scn_outbox_contact ON scn_outbox(part, contact);

-- What scenarios change in the CRM: `pending` until it is made there, `made` until the contact's state has forgotten it.
CREATE TABLE scn_write(
    id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
    part INTEGER NOT NULL, contact NOT NULL,
    scenario TEXT NOT NULL, at INTEGER NOT NULL, change TEXT NOT NULL, state TEXT NOT NULL DEFAULT 'pending'
);
CREATE INDEX scn_write_contact ON scn_write(part, contact);
CREATE INDEX scn_write_pending ON scn_write(id) WHERE state = 'pending';

-- Who was erased: the proof, which bears no name; and how many of their messages ended how.
CREATE TABLE scn_erased(
    id INTEGER PRIMARY KEY AUTOINCREMENT, proof TEXT NOT NULL, at INTEGER NOT NULL, scenario TEXT NOT NULL
);
CREATE TABLE scn_gone(state TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (state, reason))
    WITHOUT ROWID;

-- What measures told at their refreshes, as JSON.
CREATE TABLE scn_measure(
    measure TEXT NOT NULL, at INTEGER NOT NULL, value TEXT NOT NULL, PRIMARY KEY (measure, at)
) WITHOUT ROWID;
";

/// What the third version added.
const THIRD: &str = "
-- The rows of a person whose erasure has begun, by the change that erases: it is finished whatever the CRM still says.
CREATE TABLE scn_erasing(
    change INTEGER NOT NULL, part INTEGER NOT NULL, contact NOT NULL, PRIMARY KEY (change, part, contact)
) WITHOUT ROWID;

-- The key of the proofs in `scn_erased`: 32 random bytes.
CREATE TABLE scn_secret(name TEXT PRIMARY KEY, key BLOB NOT NULL) WITHOUT ROWID;
INSERT INTO scn_secret VALUES ('erased', randomblob(32));
";

/// What the fourth version added.
const FOURTH: &str = "
-- The rows of events that go with such a person, by the table and id: a database may give their numbers to new ones, which
-- whoever was told of the old ones must be told of too.
CREATE TABLE scn_erasing_event(change INTEGER NOT NULL, event TEXT NOT NULL, id NOT NULL, PRIMARY KEY (change, event, id))
    WITHOUT ROWID;
";

/// Refuses what is damaged, and what a newer version wrote.
pub(super) fn check(connection: &Connection, name: &str) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| Error::sqlite(name, &error);
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(failed)?;
    if verdict != "ok" {
        return Err(Error::new(ErrorKind::Corrupt, name, crate::store::cleaned(&verdict, 200)));
    }
    match format(connection).map_err(failed)? {
        Some(format) if format > FORMAT => {
            Err(Error::new(ErrorKind::Newer, name, format!("format {format}, and this version knows {FORMAT}")))
        }
        _ => Ok(()),
    }
}

/// Refuses what this version would first have to take over.
pub(super) fn check_present(connection: &Connection, name: &str) -> Result<(), Error> {
    match format(connection).map_err(|error| Error::sqlite(name, &error))? {
        Some(FORMAT) => Ok(()),
        Some(older) => {
            Err(Error::new(ErrorKind::Older, name, format!("format {older}, and this version keeps {FORMAT}")))
        }
        None => Err(Error::new(ErrorKind::NoState, name, "")),
    }
}

/// Makes the tables where there are none, and sets how they are written.
pub(super) fn prepare(connection: &mut Connection, name: &str) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| Error::sqlite(name, &error);
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)).map_err(failed)?;
    if mode != "wal" {
        return Err(Error::new(ErrorKind::Io, name, "the file system does not allow a write-ahead log"));
    }
    // A commit is on the disk when it returns.
    connection.execute_batch("PRAGMA synchronous = FULL").map_err(failed)?;
    let make = |connection: &mut Connection| {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let format = format(&transaction)?;
        if format.is_none() {
            transaction.execute_batch(TABLES)?;
        }
        for (version, tables) in [(2, SECOND), (3, THIRD), (4, FOURTH)] {
            if format.is_none_or(|format| format < version) {
                transaction.execute_batch(tables)?;
            }
        }
        if format != Some(FORMAT) {
            transaction.execute("INSERT OR REPLACE INTO scn_meta VALUES ('format', ?1)", [FORMAT])?;
        }
        transaction.commit()
    };
    make(connection).map_err(failed)
}

/// Whether the file has tables of ours.
pub(super) fn has_tables(connection: &Connection) -> Result<bool, rusqlite::Error> {
    Ok(format(connection)?.is_some())
}

/// The version of the tables; `None` where there are none.
fn format(connection: &Connection) -> Result<Option<i64>, rusqlite::Error> {
    let tables = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'scn_meta')";
    if !connection.query_row(tables, [], |row| row.get::<_, bool>(0))? {
        return Ok(None);
    }
    connection.query_row("SELECT value FROM scn_meta WHERE name = 'format'", [], |row| row.get(0)).optional()
}
