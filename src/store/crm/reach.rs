//! Who of all contacts can be reached by a message.

use super::{Crm, Error};
use crate::model::{Id, may_be_email};
use crate::store::id;
use crate::store::text::quoted;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use rustc_hash::FxHashMap;

/// What makes a contact out of reach of a message: all its channels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Channel {
    pub name: String,
    /// The column with the address.
    pub address: String,
    /// The column with the consent that is asked for, and what an empty one counts as.
    pub consent: Option<(String, bool)>,
}

/// Who cannot be reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    pub contacts: u64,
    pub without_address: u64,
    /// With an address on a channel, and with consent on none of these.
    pub without_consent: u64,
}

impl Reach {
    fn count(&mut self, ways: impl IntoIterator<Item = Way>) {
        let (mut has_address, mut consents) = (false, false);
        for way in ways {
            has_address |= way.has_address;
            consents |= way.has_address && way.agrees;
        }
        self.contacts += 1;
        self.without_address += u64::from(!has_address);
        self.without_consent += u64::from(has_address && !consents);
    }
}

/// What a row says about one channel.
#[derive(Clone, Copy, Debug)]
struct Way {
    has_address: bool,
    agrees: bool,
}

/// A channel, by the places of its columns in the query.
struct Planned {
    is_email: bool,
    /// Nothing where the CRM has no such column: nobody has an address.
    address: Option<usize>,
    /// The column, which the CRM may lack, and what an empty one counts as.
    consent: Option<(Option<usize>, bool)>,
}

impl Planned {
    fn way(&self, row: &Row<'_>) -> Result<Way, rusqlite::Error> {
        let stored = |place: Option<usize>| place.map_or(Ok(ValueRef::Null), |place| row.get_ref(place));
        let has_address = match stored(self.address)? {
            ValueRef::Text(text) if self.is_email => may_be_email(&String::from_utf8_lossy(text)),
            ValueRef::Text(text) => !text.trim_ascii().is_empty(),
            ValueRef::Integer(_) => !self.is_email,
            _ => false,
        };
        let agrees = match self.consent {
            None => true,
            Some((place, empty)) => match stored(place)? {
                ValueRef::Null => empty,
                value => matches!(value, ValueRef::Integer(1) | ValueRef::Text(b"1")),
            },
        };
        Ok(Way { has_address, agrees })
    }
}

impl Crm {
    /// How many persons can be reached on none of these channels, for each of several messages: in one pass. A column
    /// that the CRM lacks is empty in every row. Rows that [`Crm::identify`] found to be one person are one, as when a scenario
    /// runs: the oldest has the address, and whoever refused in one of them refused.
    ///
    /// # Errors
    /// When the contacts cannot be read.
    pub fn reach(&self, messages: &[Vec<Channel>]) -> Result<Vec<Reach>, Error> {
        let Some(contact) = self.shape.table("contact") else { return Ok(vec![Reach::default(); messages.len()]) };
        if messages.is_empty() {
            return Ok(Vec::new());
        }
        let mut columns: Vec<&str> = Vec::new();
        for channel in messages.iter().flatten() {
            let consent = channel.consent.as_ref().map(|(column, _)| column.as_str());
            columns.extend(std::iter::once(channel.address.as_str()).chain(consent));
        }
        columns.sort_unstable();
        columns.dedup();
        columns.retain(|column| contact.has(column));
        let place = |column: &str| columns.binary_search(&column).ok();
        let planned = |channel: &Channel| Planned {
            is_email: channel.name == "email",
            address: place(&channel.address),
            consent: channel.consent.as_ref().map(|(column, empty)| (place(column), *empty)),
        };
        let plans: Vec<Vec<Planned>> = messages.iter().map(|channels| channels.iter().map(planned).collect()).collect();
        // Whose row it is matters only where somebody has several.
        let id = if self.persons.is_empty() { "NULL" } else { "\"id\"" };
        let selected: String = columns.iter().map(|column| format!("{}, ", quoted(column))).collect();
        self.count_reach(&plans, &format!("SELECT {selected}{id} FROM \"contact\""), columns.len())
            .map_err(|error| self.error_in("contact", &error))
    }

    /// As [`Crm::reach`], by a query whose column `id` is the row's id, or NULL where each row is a person.
    fn count_reach(&self, plans: &[Vec<Planned>], sql: &str, id: usize) -> Result<Vec<Reach>, rusqlite::Error> {
        let mut found: Vec<Reach> = plans.iter().map(|_| Reach::default()).collect();
        // By message and person, what the rows together say about each channel.
        let mut united: Vec<FxHashMap<&Id, Vec<Way>>> = plans.iter().map(|_| FxHashMap::default()).collect();
        let mut statement = self.connection.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let row_id = id::read(row.get_ref(id)?);
            let oldest = row_id.as_ref().and_then(|row| self.persons.group(row)).and_then(<[Id]>::first);
            for ((plan, reach), united) in plans.iter().zip(&mut found).zip(&mut united) {
                let ways: Vec<Way> = plan.iter().map(|channel| channel.way(row)).collect::<Result<_, _>>()?;
                let Some(person) = oldest else {
                    reach.count(ways);
                    continue;
                };
                let is_oldest = row_id.as_ref() == Some(person);
                let known =
                    united.entry(person).or_insert_with(|| vec![Way { has_address: false, agrees: true }; ways.len()]);
                for (known, way) in known.iter_mut().zip(ways) {
                    known.has_address |= way.has_address && is_oldest;
                    known.agrees &= way.agrees;
                }
            }
        }
        for (reach, united) in found.iter_mut().zip(&mut united) {
            for rows in self.persons.groups() {
                if let Some(ways) = rows.first().and_then(|person| united.remove(person)) {
                    reach.count(ways);
                }
            }
        }
        Ok(found)
    }
}
