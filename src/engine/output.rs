//! What a step says: effects, counts, and, when asked, the trace.

use super::explain::Clause;
use super::marks::Mark;
use super::refusal::Refusal;
use super::value::{EntityRef, Value};
use crate::ir::StepIx;
use crate::model::{Id, MessageValue};
use crate::time::Instant;
use rust_decimal::Decimal;
use std::cell::RefCell;

/// The row that started an instance; the contact itself where none did.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TriggerRef {
    /// The event's slot in the program, or [`TriggerRef::CONTACT`].
    pub kind: u16,
    pub id: Id,
}

impl TriggerRef {
    /// In the place of an event's slot: there was no event, and the id is the contact's.
    pub const CONTACT: u16 = u16::MAX;
}

/// The identity of an effect, the same whenever and wherever it is decided: 32 hexadecimal digits, the start of
/// BLAKE3 over `scn-effect-1`, contact, scenario hash, trigger, step and visit. The channel is not part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EffectKey(pub [u8; 16]);

/// What a step asks of the world, or what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    pub at: Instant,
    pub entered_at: Instant,
    /// The place of the scenario in the program.
    pub unit: u16,
    /// The number of the step in the text, from 1; 0 for what concerns the whole instance.
    pub ordinal: u16,
    pub step: StepIx,
    pub what: What,
    pub trigger: TriggerRef,
    /// The triggers of the other instances that leave with the same message, in order of entry.
    pub also: Vec<TriggerRef>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A `send` whose outcome is known: in test and simulation, or where nothing is to be sent.
    Send { alternative: u8, outcome: Outcome, reason: Reason },
    /// A message for the outbox, which does not leave after it expires.
    Emit { key: EffectKey, expires: Instant },
    /// A message of the outbox that must not leave any more.
    Withdraw { key: EffectKey, outcome: Outcome, reason: Reason },
    /// A step other than `send`.
    Act { key: EffectKey, act: Act, outcome: Outcome, reason: Reason },
    /// The instance ended before its time; `about` is the first entity that its trigger refers to.
    End { reason: Reason, about: Option<EntityRef> },
}

/// What a step other than `send` does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The contact's field by its name, and its value as a person writes it.
    Set {
        field: String,
        value: Value,
    },
    Tag {
        add: bool,
        tag: String,
    },
    Credit {
        account: String,
        amount: Decimal,
        expires: Option<Instant>,
    },
    Debit {
        account: String,
        amount: Decimal,
    },
    Start {
        scenario: String,
    },
    Erase,
    /// It is not made after it expires.
    Call {
        webhook: String,
        values: Vec<MessageValue>,
        expires: Instant,
    },
}

impl Act {
    /// All names that the effects CSV has for them.
    pub const NAMES: [&'static str; 8] = ["set", "tag", "untag", "credit", "debit", "start", "erase", "call"];

    /// As the effects CSV names it.
    pub fn name(&self) -> &'static str {
        match self {
            Act::Set { .. } => "set",
            Act::Tag { add: true, .. } => "tag",
            Act::Tag { add: false, .. } => "untag",
            Act::Credit { .. } => "credit",
            Act::Debit { .. } => "debit",
            Act::Start { .. } => "start",
            Act::Erase => "erase",
            Act::Call { .. } => "call",
        }
    }
}

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    Sent,
    Skipped,
    Suppressed,
    Expired,
    Cancelled,
    /// Still held by the policy at the end of a simulation.
    Deferred,
    HeldOut,
    /// Of a step other than `send`.
    Done,
}

impl Outcome {
    /// In the order of their numbers.
    pub const ALL: [Outcome; 8] = [
        Outcome::Sent,
        Outcome::Skipped,
        Outcome::Suppressed,
        Outcome::Expired,
        Outcome::Cancelled,
        Outcome::Deferred,
        Outcome::HeldOut,
        Outcome::Done,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Outcome::Sent => "sent",
            Outcome::Skipped => "skipped",
            Outcome::Suppressed => "suppressed",
            Outcome::Expired => "expired",
            Outcome::Cancelled => "cancelled",
            Outcome::Deferred => "deferred",
            Outcome::HeldOut => "held out",
            Outcome::Done => "done",
        }
    }
}

/// Why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    None,
    /// `unless` is true.
    Unless,
    UnlessUnknown,
    /// `only if` is false.
    OnlyIf,
    OnlyIfUnknown,
    StopWhenUnknown,
    /// The contact has no address on any of the channels.
    OutOfReach,
    /// What the contact has for an address is none.
    BadAddress,
    /// A server has said of the address that there is no such mailbox.
    DeadAddress,
    /// It would leave more than `expire` after it came due.
    Late,
    Goal,
    StopWhen,
    /// `latest`: a newer trigger replaced the instance.
    Replaced,
    /// The next `send` of the instance came due first.
    Overtaken,
    /// A value is missing.
    Missing,
    /// A wait of no length, or until an instant that is not after the entry.
    NoTimeLeft,
    /// No consent to marketing on any of the channels on which there is an address.
    NoConsent,
    QuietHours,
    /// As many messages as the policy allows have gone.
    Cap,
    /// A debit of more than there is.
    NotEnough,
    /// The contact was erased.
    Erased,
    /// The contact is one person with another, who goes through the scenario already.
    Merged,
}

impl Reason {
    /// In the order of their numbers.
    pub const ALL: [Reason; 22] = [
        Reason::None,
        Reason::Unless,
        Reason::UnlessUnknown,
        Reason::OnlyIf,
        Reason::OnlyIfUnknown,
        Reason::StopWhenUnknown,
        Reason::OutOfReach,
        Reason::BadAddress,
        Reason::DeadAddress,
        Reason::Late,
        Reason::Goal,
        Reason::StopWhen,
        Reason::Replaced,
        Reason::Overtaken,
        Reason::Missing,
        Reason::NoTimeLeft,
        Reason::NoConsent,
        Reason::QuietHours,
        Reason::Cap,
        Reason::NotEnough,
        Reason::Erased,
        Reason::Merged,
    ];

    pub fn text(self) -> &'static str {
        match self {
            Reason::None => "",
            Reason::Unless => "unless",
            Reason::UnlessUnknown => "unless is unknown",
            Reason::OnlyIf => "only if",
            Reason::OnlyIfUnknown => "only if is unknown",
            Reason::StopWhenUnknown => "stop when is unknown",
            Reason::OutOfReach => "out of reach",
            Reason::BadAddress => "the address is not one",
            Reason::DeadAddress => "there is no such mailbox",
            Reason::Late => "too late",
            Reason::Goal => "goal",
            Reason::StopWhen => "stop when",
            Reason::Replaced => "replaced",
            Reason::Overtaken => "overtaken",
            Reason::Missing => "missing",
            Reason::NoTimeLeft => "no time left",
            Reason::NoConsent => "no consent",
            Reason::QuietHours => "quiet hours",
            Reason::Cap => "cap",
            Reason::NotEnough => "not enough",
            Reason::Erased => "erased",
            Reason::Merged => "merged",
        }
    }
}

/// What happened to triggers and instances, counted for each scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Count {
    Started,
    /// All steps done, or `stop`.
    Finished,
    Converted,
    StoppedWhen,
    Replaced,
    Missing,
    NoTimeLeft,
    /// The trigger's filter is unknown.
    FilterUnknown,
    /// `for` is false or unknown.
    NotFor,
    /// The entry rule says no.
    NotAgain,
    /// The event is from before the scenario's start.
    BeforeStart,
}

impl Count {
    pub const ALL: [Count; 11] = [
        Count::Started,
        Count::Finished,
        Count::Converted,
        Count::StoppedWhen,
        Count::Replaced,
        Count::Missing,
        Count::NoTimeLeft,
        Count::FilterUnknown,
        Count::NotFor,
        Count::NotAgain,
        Count::BeforeStart,
    ];
}

/// The counts of one scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts([u64; Count::ALL.len()]);

impl Counts {
    pub fn get(&self, count: Count) -> u64 {
        self.0.get(count as usize).copied().unwrap_or(0)
    }

    pub(super) fn add(&mut self, count: Count) {
        if let Some(number) = self.0.get_mut(count as usize) {
            *number += 1;
        }
    }

    pub fn merge(&mut self, other: &Counts) {
        for (number, more) in self.0.iter_mut().zip(other.0) {
            *number += more;
        }
    }
}

/// One line of the story of a contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceLine {
    pub at: Instant,
    /// The place of the scenario in the program.
    pub unit: u16,
    /// The instance it is about; `None` for an event that starts none.
    pub trigger: Option<TriggerRef>,
    pub step: Option<StepIx>,
    pub what: Told,
    /// When the instance entered; `None` where none started.
    pub entered_at: Option<Instant>,
    /// What was judged and worked out for it, with what that read.
    pub clauses: Vec<Clause>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    NotStarted(Count),
    Started,
    Waits {
        until: Instant,
    },
    WaitsFor {
        until: Instant,
    },
    /// A wait for the engagement with a message that is on its way: [`Told::WaitsFor`] follows when it has left.
    WaitsForMessage,
    /// A wait that passes at once.
    PassedAtOnce,
    /// An event made the condition of a wait true.
    ConditionHolds,
    /// A wait came to its end.
    Due,
    /// `if`
    Branch {
        holds: Option<bool>,
    },
    /// A step that its `unless` or `only if` holds back.
    Held(Reason),
    /// A `split`: the arm that the contact draws, by its place.
    Drew {
        arm: u16,
    },
    /// A step other than `send`.
    Acted {
        outcome: Outcome,
        reason: Reason,
    },
    Message {
        outcome: Option<Outcome>,
        reason: Reason,
        alternative: u8,
    },
    /// Quiet hours or a cap hold a message until then at least.
    Deferred {
        until: Instant,
        reason: Reason,
        alternative: u8,
    },
    Ended(Reason),
    Converted,
    Finished,
}

/// What steps have said so far. A driver drains it as it likes.
#[derive(Debug, Default)]
pub struct Output {
    pub effects: Vec<Effect>,
    /// By the place of the scenario in the program.
    pub counts: Vec<Counts>,
    /// `None` when nobody wants it.
    pub trace: Option<Vec<TraceLine>>,
    /// What tables count, in the order of time; `None` when nobody counts.
    pub marks: Option<Vec<Mark>>,
    /// Fields that were read although a test did not give them; `None` when nobody wants to know.
    pub not_given: Option<RefCell<Vec<String>>>,
    /// What started nothing because of a filter or of `for`; `None` when nobody wants to know.
    pub refusals: Option<Vec<Refusal>>,
}

impl Output {
    pub(super) fn count(&mut self, unit: u16, count: Count) {
        let place = usize::from(unit);
        if self.counts.len() <= place {
            self.counts.resize(place + 1, Counts::default());
        }
        if let Some(counts) = self.counts.get_mut(place) {
            counts.add(count);
        }
    }
}

impl EffectKey {
    fn digits(self) -> [u8; 32] {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |byte: u8| DIGITS.get(usize::from(byte)).copied().unwrap_or(b'0');
        let mut text = [0u8; 32];
        for ([high, low], byte) in text.as_chunks_mut().0.iter_mut().zip(self.0) {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
        text
    }

    /// The key as the id of an event that its effect made.
    pub(super) fn id(self) -> Id {
        Id::Text(std::str::from_utf8(&self.digits()).unwrap_or("").into())
    }
}

impl std::fmt::Display for EffectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or(""))
    }
}

impl std::fmt::Debug for EffectKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{self}")
    }
}

impl std::str::FromStr for EffectKey {
    type Err = ();

    fn from_str(text: &str) -> Result<EffectKey, ()> {
        let mut bytes = [0u8; 16];
        if text.len() != 32 || !text.is_ascii() {
            return Err(());
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(place * 2..place * 2 + 2).ok_or(())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ())?;
        }
        Ok(EffectKey(bytes))
    }
}
