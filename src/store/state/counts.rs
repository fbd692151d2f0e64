//! Numbers for reports.

use super::inbox::stored_id;
use super::{Error, MessageState, State};
use crate::model::Id;
use crate::time::Instant;
use rusqlite::Connection;

/// How the messages that wait stand at an instant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Horizon {
    /// They may leave.
    pub due: u64,
    /// They have expired, whether that is written down already or not.
    pub expired: u64,
}

impl State {
    /// How many messages are in each state, by reason where there is one: by state, then reason.
    pub fn message_counts(&self) -> Result<Vec<(MessageState, Option<String>, u64)>, Error> {
        self.read(|connection| {
            let sql = "SELECT state, reason, sum(count) FROM (
                           SELECT state, reason, count(*) AS count FROM scn_outbox GROUP BY state, reason
                           UNION ALL SELECT state, nullif(reason, ''), count FROM scn_gone
                       ) GROUP BY state, reason";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([])?;
            let mut counts = Vec::new();
            while let Some(row) = rows.next()? {
                let name: String = row.get(0)?;
                let count = row.get::<_, i64>(2)?.unsigned_abs();
                if let Some(state) = MessageState::ALL.into_iter().find(|state| state.name() == name) {
                    counts.push((state, row.get(1)?, count));
                }
            }
            counts.sort();
            Ok(counts)
        })
    }

    /// How the messages that wait stand at an instant. The marketing messages of persons who are held out may not leave.
    pub fn message_horizon(&self, now: Instant, is_held_out: impl Fn(&Id) -> bool) -> Result<Horizon, Error> {
        self.read(|connection| {
            let sql = "SELECT contact, class = 'marketing', count(*) FILTER (WHERE next_at <= ?1 AND expires_at >= ?1),
                           count(*) FILTER (WHERE state = 'expired' OR next_at IS NOT NULL AND expires_at < ?1)
                       FROM scn_outbox WHERE next_at IS NOT NULL OR state = 'expired' GROUP BY contact, class = 'marketing'";
            let mut statement = connection.prepare(sql)?;
            let mut rows = statement.query([now.0])?;
            let mut horizon = Horizon::default();
            while let Some(row) = rows.next()? {
                let count = |place| row.get::<_, i64>(place).map(i64::unsigned_abs);
                if !(row.get(1)? && is_held_out(&stored_id(row, 0)?)) {
                    horizon.due += count(2)?;
                }
                horizon.expired += count(3)?;
            }
            Ok(horizon)
        })
    }

    /// How many contacts wait for something.
    pub fn waiting_contacts(&self) -> Result<u64, Error> {
        self.read(|connection| {
            let sql = "SELECT count(*) FROM scn_contact WHERE wake IS NOT NULL";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).map(i64::unsigned_abs)
        })
    }

    /// The next instant at which a contact must be stepped: a deadline, or the arrival of what lies in an inbox.
    pub fn next_wake(&self) -> Result<Option<Instant>, Error> {
        self.read(|connection| {
            let wake = least(connection, "SELECT min(wake) FROM scn_contact WHERE wake IS NOT NULL")?;
            let arrival = least(connection, "SELECT min(arrived) FROM scn_inbox")?;
            Ok(wake.into_iter().chain(arrival).min())
        })
    }

    /// The next instant at which a message must be looked at.
    pub fn next_due(&self) -> Result<Option<Instant>, Error> {
        self.read(|connection| least(connection, "SELECT min(next_at) FROM scn_outbox WHERE next_at IS NOT NULL"))
    }
}

fn least(connection: &Connection, sql: &str) -> Result<Option<Instant>, rusqlite::Error> {
    connection.prepare_cached(sql)?.query_row([], |row| Ok(row.get::<_, Option<i64>>(0)?.map(Instant)))
}
