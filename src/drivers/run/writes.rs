//! What steps other than `send` do outside the contact's state: changes of the CRM, and calls.
//!
//! They are decided with the step and made after its commit; a process that dies in between leaves them to the next.

use super::super::Error;
use super::Run;
use super::step::AtWork;
use crate::engine::{Act, Effect, EffectKey, Value, World};
use crate::ir::Class;
use crate::model::{Id, Literal, Type};
use crate::store;
use crate::store::crm::{Change, Order, Refusal};
use crate::store::state::{NewMessage, NewWrite, PendingWrite};
use crate::time::Instant;
use rustc_hash::FxHashSet;

/// How many changes are made in one transaction.
const BATCH: usize = 500;
/// How long what the CRM refused is not tried again while the CRM stays as it is, in microseconds: a minute.
const PATIENCE: i64 = 60 * 1_000_000;

/// What the CRM refused: everything that is pending up to a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefusedWrites {
    up_to: i64,
    at: Instant,
    version: Option<i64>,
}

impl AtWork<'_> {
    /// What is to be done outside, of something that a step has done.
    pub(super) fn act(&mut self, key: EffectKey, act: &Act, effect: &Effect) {
        self.done.push(act.name());
        let change = match act {
            Act::Set { field, value } => Change::Set { field: field.clone(), value: literal(value, self.world) },
            Act::Tag { add, tag } => Change::Tag { tag: tag.clone(), add: *add },
            Act::Erase => Change::Erase,
            Act::Credit { .. } | Act::Debit { .. } | Act::Start { .. } => return,
            Act::Call { webhook, values, expires } => {
                let told = super::calls::body(webhook, &self.person.id, effect.at, values);
                let message = self.call(key, effect, (webhook.clone(), told), *expires);
                return self.messages.extend(message);
            }
        };
        let scenario = self.program.unit(effect.unit).map_or(String::new(), |unit| unit.scenario.name.clone());
        self.writes.push(NewWrite { key, scenario, at: effect.at, change });
    }

    fn call(&self, key: EffectKey, effect: &Effect, call: (String, String), expires_at: Instant) -> Option<NewMessage> {
        let unit = self.program.unit(effect.unit)?;
        Some(NewMessage {
            key,
            scenario: unit.scenario.name.clone(),
            hash: unit.hash,
            step: effect.ordinal,
            // At least once: the key tells a second call from a first one.
            class: Class::Transactional,
            alternatives: Vec::new(),
            call: Some(call),
            due: effect.at,
            not_before: effect.at,
            expires_at,
        })
    }
}

impl Run {
    /// Makes at most one batch of the changes that were decided. False when there was none to make.
    pub(super) fn write_crm(&mut self, now: Instant) -> Result<bool, Error> {
        let pending = self.state.pending_writes(self.refused_up_to(), now, BATCH)?;
        self.make(&pending, now)
    }

    /// Finishes the erasures that a process began and did not live to finish, before anything else is done. Where the CRM
    /// still has one of the rows it was not changed: then the erasure is made in its turn, of those who are that person then.
    pub(super) fn finish_erasures(&mut self, now: Instant) -> Result<(), Error> {
        let mut begun = self.state.begun_erasures(self.refused_up_to())?;
        let unmade: Vec<(&PendingWrite, Vec<Id>)> = begun.iter().map(|write| (write, Vec::new())).collect();
        let rows = self.state.begin_erasures(&unmade)?;
        let mut given_up = Vec::new();
        for (write, rows) in begun.iter().zip(&rows) {
            if self.crm.has_any(rows)? {
                given_up.push(write.id);
            }
        }
        self.state.give_up_erasures(&given_up)?;
        begun.retain(|write| !given_up.contains(&write.id));
        self.make(&begun, now)?;
        Ok(())
    }

    fn refused_up_to(&self) -> i64 {
        self.refused_writes.map_or(0, |refused| refused.up_to)
    }

    /// Makes changes in the CRM. Of those who are erased, all rows are written down first: the CRM does not know them
    /// afterwards.
    fn make(&mut self, pending: &[PendingWrite], now: Instant) -> Result<bool, Error> {
        let Some(last) = pending.last().map(|write| write.id) else { return Ok(false) };
        let persons = self.crm.persons();
        let rows = |write: &PendingWrite| persons.group(&write.contact).map_or(Vec::new(), <[Id]>::to_vec);
        let erasures = pending.iter().filter(|write| write.change == Change::Erase);
        let erasures: Vec<(&PendingWrite, Vec<Id>)> = erasures.map(|write| (write, rows(write))).collect();
        let mut erased = self.state.begin_erasures(&erasures)?.into_iter();
        let order = |write: &PendingWrite| Order {
            contact: write.contact.clone(),
            change: write.change.clone(),
            rows: if write.change == Change::Erase { erased.next().unwrap_or_default() } else { Vec::new() },
        };
        let orders: Vec<Order> = pending.iter().map(order).collect();
        let mut events = Vec::new();
        for (write, order) in pending.iter().zip(&orders).filter(|(_, order)| order.change == Change::Erase) {
            // Where a table cannot be read, the CRM refuses the erasure too.
            let found = self
                .crm
                .events_of(&order.rows, &self.bundle.references)
                .or_else(|error| if error.kind == store::ErrorKind::Busy { Err(error) } else { Ok(Vec::new()) })?;
            events.push((write.id, found));
        }
        self.state.note_events(&events)?;
        let made = match self.crm.change(&orders, &self.bundle.references) {
            Ok(made) => made,
            Err(error) => {
                let erasures: Vec<i64> = erasures.iter().map(|(write, _)| write.id).collect();
                self.state.give_up_erasures(&erasures)?;
                self.cannot_write(&error);
                self.refuse_up_to(i64::MAX, now);
                return Ok(false);
            }
        };
        let mut written = Vec::new();
        let mut given_up = Vec::new();
        let mut refused = false;
        let is_gone = |(order, made): &(&Order, &Result<(), Refusal>)| order.change == Change::Erase && made.is_ok();
        let gone: FxHashSet<Id> =
            orders.iter().zip(&made).filter(is_gone).flat_map(|(order, _)| order.rows.iter().cloned()).collect();
        for ((write, order), made) in pending.iter().zip(&orders).zip(made) {
            match made {
                Ok(()) if write.change == Change::Erase => self.forget(write, &order.rows, now)?,
                Ok(()) => written.push(write.clone()),
                // What was decided about somebody before they were erased goes with them.
                Err(_) if gone.contains(&write.contact) => {}
                Err(refusal) => {
                    refused = true;
                    given_up.extend(Some(write.id).filter(|_| write.change == Change::Erase));
                    self.report.troubles.insert(format!("{}; {}", refusal.reason, refusal.help));
                }
            }
        }
        self.state.written(&written)?;
        self.state.give_up_erasures(&given_up)?;
        if self.must_look_again(&orders)? {
            self.version = None;
        }
        if refused {
            self.refuse_up_to(last, now);
        }
        Ok(true)
    }

    /// Whether what was changed may concern more than the contacts who were changed, so that the CRM must be read again as
    /// after a change by somebody else.
    fn must_look_again(&self, orders: &[Order]) -> Result<bool, Error> {
        let routes = self.program.needs().routes.iter().flatten().map(|route| &route.to);
        let fields: Vec<&String> = self.bundle.identity.iter().chain(routes).collect();
        let entities = self.program.needs().entities.iter().flat_map(|entity| &entity.fields);
        let named =
            entities.filter(|field| matches!(&field.ty, Type::Entity(name) | Type::List(name) if name == "contact"));
        let entities_name_contacts = named.count() > 0;
        let concerns_others = |order: &Order| match &order.change {
            Change::Set { field, .. } => fields.contains(&field),
            Change::Tag { .. } => false,
            Change::Erase => order.rows.len() > 1 || entities_name_contacts,
        };
        Ok(!self.set_aside.is_empty() || orders.iter().any(concerns_others) || self.crm.reacts()?)
    }

    fn cannot_write(&mut self, error: &store::Error) {
        // Whoever holds the file will let it go.
        if error.kind != store::ErrorKind::Busy {
            let help = "what scenarios set and tag is kept in the state until the file can be written";
            self.report.troubles.insert(format!("{error}; {help}"));
        }
    }

    /// What was refused is not tried in every turn.
    fn refuse_up_to(&mut self, up_to: i64, now: Instant) {
        self.refused_writes = Some(RefusedWrites { up_to, at: now, version: self.version });
    }

    /// Lets what the CRM refused be tried again when it has changed, or after a while.
    pub(super) fn try_writes_again(&mut self, now: Instant) {
        let version = self.version;
        let is_over = |refused: &RefusedWrites| {
            refused.version != version || now.0.saturating_sub(refused.at.0) >= PATIENCE || now < refused.at
        };
        if self.refused_writes.as_ref().is_some_and(is_over) {
            self.refused_writes = None;
        }
    }

    /// Takes an erased contact out of everything that is ours.
    fn forget(&mut self, erasure: &PendingWrite, rows: &[Id], now: Instant) -> Result<(), Error> {
        // The files first: a process that dies after this is followed by one that does it again.
        for folder in &self.delivery.caches {
            let failed = |error| Error::Io(folder.display().to_string(), error);
            store::cache::remove(folder, Some(self.crm.path())).map_err(failed)?;
        }
        for key in self.state.messages_of(rows)? {
            for end in ["eml", "txt", "json", "eml.tmp", "txt.tmp", "json.tmp"] {
                let file = self.delivery.outbox.join(format!("{key}.{end}"));
                match std::fs::remove_file(&file) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(Error::Io(file.display().to_string(), error));
                    }
                    _ => {}
                }
            }
        }
        let needs = self.program.needs();
        let routes = needs.events.iter().zip(&needs.routes);
        let routes: Vec<(&str, &str)> = routes
            .filter_map(|(told, route)| route.as_ref().map(|route| (route.event.as_str(), told.name.as_str())))
            .collect();
        let erased = self.state.erase(rows, erasure, &routes, now)?;
        for (kind, id) in erased.rows {
            let slot = self.program.event_slot(&kind);
            if let Some(seen) = slot.and_then(|slot| self.seen.get_mut(usize::from(slot))) {
                // A database may give the number of a row that is gone to a new one.
                seen.remove(&id);
            }
        }
        for row in rows {
            self.set_aside.remove(row);
            self.looks.forget(row);
        }
        Ok(())
    }
}

/// A value as the CRM keeps it; an entity is its id, a number where it is one.
pub(super) fn literal(value: &Value, world: &World) -> Option<Literal> {
    value.literal(world, |id| match id {
        Id::Number(number) => Literal::Number((*number).into()),
        Id::Text(text) => Literal::Text(text.to_string()),
    })
}
