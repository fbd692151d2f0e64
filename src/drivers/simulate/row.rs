//! One line of the effects: what became of a message, what a step did, or how an instance ended.

use crate::drivers::story;
use crate::engine::{Act, Effect, Outcome, Reason, TriggerRef, What, World};
use crate::ir::StepIx;
use crate::model::Id;
use crate::time::Instant;
use std::cmp::Ordering;
use std::io::{self, Read, Write};
use std::sync::Arc;

/// An effect with its final outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: Instant,
    pub contact: Id,
    /// The scenario's place in the program: the order of names.
    pub unit: u16,
    pub ordinal: u16,
    pub step: StepIx,
    pub entered_at: Instant,
    pub trigger: TriggerRef,
    /// The other triggers that left with the same message.
    pub also: Box<[TriggerRef]>,
    /// The alternative of a `send`.
    pub alternative: u8,
    /// Of a step other than `send`.
    pub act: Option<Box<Acted>>,
    /// `None` for an instance that ended before its time.
    pub outcome: Option<Outcome>,
    pub reason: Reason,
}

/// What a step other than `send` does, in words.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acted {
    /// As the column `effect` names it: one of [`Act::NAMES`].
    pub effect: &'static str,
    /// As the column `message` says it.
    pub message: String,
}

impl Row {
    /// `None` for an effect that has no outcome yet: there is none in simulation.
    pub fn of(effect: Effect, contact: &Id, world: &World) -> Option<Row> {
        let mut act = None;
        let (alternative, outcome, reason) = match effect.what {
            What::Send { alternative, outcome, reason } => (alternative, Some(outcome), reason),
            What::End { reason, .. } => (0, None, reason),
            What::Act { act: done, outcome, reason, .. } => {
                act = Some(Box::new(Acted { effect: done.name(), message: story::act(&done, world) }));
                (0, Some(outcome), reason)
            }
            What::Emit { .. } | What::Withdraw { .. } => return None,
        };
        Some(Row {
            at: effect.at,
            contact: contact.clone(),
            unit: effect.unit,
            ordinal: effect.ordinal,
            step: effect.step,
            entered_at: effect.entered_at,
            trigger: effect.trigger,
            also: effect.also.into_boxed_slice(),
            alternative,
            act,
            outcome,
            reason,
        })
    }

    /// The order of the effects CSV: instant, contact, scenario, step, trigger; what is still equal by all the rest, so
    /// that the order is one and the same however the rows were cut.
    pub fn order(&self, other: &Row) -> Ordering {
        self.at
            .cmp(&other.at)
            .then_with(|| self.contact.cmp(&other.contact))
            .then_with(|| (self.unit, self.ordinal).cmp(&(other.unit, other.ordinal)))
            .then_with(|| self.trigger.cmp(&other.trigger))
            .then_with(|| (self.entered_at, self.step).cmp(&(other.entered_at, other.step)))
            .then_with(|| (&self.act, self.outcome, self.reason).cmp(&(&other.act, other.outcome, other.reason)))
            .then_with(|| (self.alternative, &self.also).cmp(&(other.alternative, &other.also)))
    }

    /// Contact by contact, those of one contact in the [order](Row::order) of the effects CSV.
    pub fn order_by_contact(&self, other: &Row) -> Ordering {
        self.contact.cmp(&other.contact).then_with(|| self.order(other))
    }

    /// Writes the row so that [`Row::read`] reads it.
    pub fn write(&self, to: &mut impl Write) -> io::Result<()> {
        number(to, self.at.0)?;
        id(to, &self.contact)?;
        number(to, i64::from(self.unit))?;
        number(to, i64::from(self.ordinal))?;
        number(to, i64::from(self.step.0))?;
        number(to, self.entered_at.0)?;
        trigger(to, &self.trigger)?;
        number(to, self.also.len() as i64)?;
        self.also.iter().try_for_each(|each| trigger(to, each))?;
        let outcome = self.outcome.map_or(0, |outcome| 1 + outcome as u8);
        let effect = self.act.as_ref().map_or(0, |act| 1 + place_of(act.effect));
        to.write_all(&[self.alternative, outcome, self.reason as u8, effect])?;
        match &self.act {
            Some(act) => text(to, &act.message),
            None => Ok(()),
        }
    }

    /// Reads a row; `None` at the end.
    pub fn read(from: &mut impl Read) -> io::Result<Option<Row>> {
        let mut first = [0u8; 8];
        match from.read_exact(&mut first) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let at = Instant(i64::from_le_bytes(first));
        let contact = read_id(from)?;
        let (unit, ordinal) = (read_number(from)? as u16, read_number(from)? as u16);
        let step = StepIx(read_number(from)? as u32);
        let entered_at = Instant(read_number(from)?);
        let trigger = read_trigger(from)?;
        let count = read_number(from)?;
        let also = (0..count).map(|_| read_trigger(from)).collect::<io::Result<Box<[TriggerRef]>>>()?;
        let mut last = [0u8; 4];
        from.read_exact(&mut last)?;
        let [alternative, outcome, reason, effect] = last;
        let effect = usize::from(effect).checked_sub(1).and_then(|place| Act::NAMES.get(place).copied());
        let act = match effect {
            Some(effect) => Some(Box::new(Acted { effect, message: read_text(from)? })),
            None => None,
        };
        let outcome = usize::from(outcome).checked_sub(1).and_then(|place| Outcome::ALL.get(place).copied());
        let reason = Reason::ALL.get(usize::from(reason)).copied().unwrap_or(Reason::None);
        Ok(Some(Row { at, contact, unit, ordinal, step, entered_at, trigger, also, alternative, act, outcome, reason }))
    }
}

fn number(to: &mut impl Write, number: i64) -> io::Result<()> {
    to.write_all(&number.to_le_bytes())
}

fn id(to: &mut impl Write, id: &Id) -> io::Result<()> {
    match id {
        Id::Number(value) => {
            to.write_all(&[0])?;
            number(to, *value)
        }
        Id::Text(value) => {
            to.write_all(&[1])?;
            text(to, value)
        }
    }
}

fn text(to: &mut impl Write, text: &str) -> io::Result<()> {
    number(to, text.len() as i64)?;
    to.write_all(text.as_bytes())
}

/// The place of an effect's name among [`Act::NAMES`].
fn place_of(effect: &str) -> u8 {
    Act::NAMES.iter().position(|name| *name == effect).unwrap_or(0) as u8
}

fn trigger(to: &mut impl Write, trigger: &TriggerRef) -> io::Result<()> {
    number(to, i64::from(trigger.kind))?;
    id(to, &trigger.id)
}

fn read_number(from: &mut impl Read) -> io::Result<i64> {
    let mut bytes = [0u8; 8];
    from.read_exact(&mut bytes)?;
    Ok(i64::from_le_bytes(bytes))
}

fn read_id(from: &mut impl Read) -> io::Result<Id> {
    let mut kind = [0u8; 1];
    from.read_exact(&mut kind)?;
    if kind == [0] {
        return Ok(Id::Number(read_number(from)?));
    }
    Ok(Id::Text(Arc::from(read_text(from)?)))
}

fn read_text(from: &mut impl Read) -> io::Result<String> {
    let mut bytes = vec![0u8; read_number(from)? as usize];
    from.read_exact(&mut bytes)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

fn read_trigger(from: &mut impl Read) -> io::Result<TriggerRef> {
    Ok(TriggerRef { kind: read_number(from)? as u16, id: read_id(from)? })
}
