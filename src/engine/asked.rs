//! What conditions asked of the history of a contact, for those who read a trace.

use super::eval::Eval;
use super::value::Value;
use crate::ir::ProbeIx;
use crate::model::AggregateKind;
use crate::time::Instant;

/// What was asked of a history, and the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The event's slot in the program.
    pub kind: u16,
    /// The start of the window, excluded; `None` for ever.
    pub since: Option<Instant>,
    /// The latest such event.
    pub latest: Option<Instant>,
    /// What an aggregate came to; `None` where it was asked whether there is such an event.
    pub value: Option<(AggregateKind, Value)>,
}

impl Eval<'_> {
    /// Notes an answer, where somebody reads it.
    pub(super) fn note(
        &self,
        probe: ProbeIx,
        start: Instant,
        latest: Option<Instant>,
        value: Option<(AggregateKind, &Value)>,
    ) {
        let Some(asked) = self.asked else { return };
        let event = self.code.code.probes.get(probe).map_or(0, |probe| usize::from(probe.event));
        let kind = self.code.events.get(event).copied().unwrap_or(u16::MAX);
        let since = (start != Instant::MIN).then_some(start);
        asked.borrow_mut().push(Asked { kind, since, latest, value: value.map(|(kind, value)| (kind, value.clone())) });
    }
}
