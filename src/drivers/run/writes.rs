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
use crate::store::crm::Change;
use crate::store::state::{NewMessage, NewWrite, PendingWrite};
use crate::time::Instant;

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
        let after = self.refused_writes.map_or(0, |refused| refused.up_to);
        let pending = self.state.pending_writes(after, BATCH)?;
        let Some(last) = pending.last().map(|write| write.id) else { return Ok(false) };
        let changes: Vec<(Id, Change)> =
            pending.iter().map(|write| (write.contact.clone(), write.change.clone())).collect();
        let contact = &self.program.needs().contact;
        let is_reference = |ty: &Type| matches!(ty, Type::Entity(name) if name == "contact");
        let mut references: Vec<String> =
            contact.iter().filter(|field| is_reference(&field.ty)).map(|field| field.name.clone()).collect();
        references.extend(self.program.needs().routes.iter().flatten().map(|route| route.to.clone()));
        let made = match self.crm.change(&changes, &references) {
            Ok(made) => made,
            Err(error) => {
                self.cannot_write(&error);
                self.refuse_up_to(i64::MAX, now);
                return Ok(false);
            }
        };
        let mut written = Vec::new();
        let mut refused = false;
        for (write, made) in pending.iter().zip(made) {
            match made {
                Ok(()) if write.change == Change::Erase => self.forget(write, now)?,
                Ok(()) => written.push(write.id),
                Err(refusal) => {
                    refused = true;
                    self.report.troubles.insert(format!("{}; {}", refusal.reason, refusal.help));
                }
            }
        }
        self.state.written(&written)?;
        if refused {
            self.refuse_up_to(last, now);
        }
        Ok(true)
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
    fn forget(&mut self, erasure: &PendingWrite, now: Instant) -> Result<(), Error> {
        let alone = [erasure.contact.clone()];
        let rows = self.crm.persons().group(&erasure.contact).unwrap_or(&alone).to_vec();
        // The files first: a process that dies after this is followed by one that does it again.
        for key in self.state.messages_of(&rows)? {
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
        let erased = self.state.erase(&rows, erasure, now)?;
        for (kind, id) in erased.rows {
            let slot = self.program.event_slot(&kind);
            if let Some(seen) = slot.and_then(|slot| self.seen.get_mut(usize::from(slot))) {
                // A database may give the number of a row that is gone to a new one.
                seen.remove(&id);
            }
        }
        for row in &rows {
            self.set_aside.remove(row);
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
