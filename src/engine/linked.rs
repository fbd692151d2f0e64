//! One code over the program's columns: its slots moved, its constants made, and what wakes its conditions.

use super::describe;
use super::needs::Needs;
use super::value::Value;
use crate::ir::{Code, Expr, ExprIx, FieldUse, ProbeIx, RecordUse};
use rustc_hash::FxHashMap;

/// What events may make a condition true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wakers {
    /// It must be judged at every event.
    pub any: bool,
    /// It must be judged at events of these probes with these key values.
    pub probes: Vec<Waker>,
}

/// A history whose events may make a condition true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waker {
    pub probe: ProbeIx,
    pub history: ExprIx,
    pub keys: Vec<ExprIx>,
}

/// Code whose contact and entity slots are the program's, with maps for the slots that depend on an event.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkedCode {
    pub code: Code,
    /// The program's slot of each of the code's events.
    pub events: Vec<u16>,
    /// Of each of the code's events, the program's field slots in the order of the code's.
    pub event_fields: Vec<Vec<u16>>,
    /// The program's slot of each of the code's contact fields.
    pub contact: Vec<u16>,
    /// Of each of the program's events, the slots of the trigger fields in the order of the code's; of one that it does not
    /// have, a slot that no event has.
    pub trigger_fields: Vec<Vec<u16>>,
    /// The program's numbers of the code's probes.
    pub probes: Vec<ProbeIx>,
    /// The program's numbers of what the code's aggregates take of events.
    pub takings: FxHashMap<(u16, ExprIx), usize>,
    /// The program's number of the code's first expression; more than there are, of what is no scenario.
    expr_base: usize,
    /// The values of the literals among the expressions, at the expressions' places.
    pub constants: Vec<Value>,
    /// The names of the fields that expressions read directly (`product.delay`), at the expressions' places.
    pub paths: Vec<String>,
    /// Of each expression, whether it reads nothing but the event at hand and what that refers to.
    of_event: Vec<bool>,
}

fn constant(expr: &Expr) -> Value {
    match expr {
        Expr::Literal(literal) => Value::from(literal),
        _ => Value::Missing,
    }
}

/// For each of `fields`, its place in `among`.
fn places(fields: &[FieldUse], among: &[FieldUse]) -> Vec<u16> {
    let place = |field: &FieldUse| among.iter().position(|each| each.name == field.name);
    fields.iter().map(|field| place(field).map_or(u16::MAX, |place| place as u16)).collect()
}

impl LinkedCode {
    pub fn new(code: &Code, needs: &Needs, expr_base: usize) -> LinkedCode {
        let event_slot = |name: &str| needs.events.iter().position(|each| each.name == name);
        let events: Vec<Option<usize>> = code.events.iter().map(|event| event_slot(&event.name)).collect();
        let fields_of = |(event, slot): (&RecordUse, &Option<usize>)| {
            slot.and_then(|slot| needs.events.get(slot)).map_or(Vec::new(), |all| places(&event.fields, &all.fields))
        };
        let trigger_field = |field: &FieldUse, event: &RecordUse| {
            let place = event.fields.iter().position(|each| each.name == field.name && each.ty == field.ty);
            place.map_or(u16::MAX, |place| place as u16)
        };
        let trigger_fields = |event| code.trigger.iter().map(|field| trigger_field(field, event)).collect();
        let mut linked = LinkedCode {
            event_fields: code.events.iter().zip(&events).map(fields_of).collect(),
            events: events.into_iter().map(|slot| slot.map_or(u16::MAX, |slot| slot as u16)).collect(),
            contact: places(&code.contact, &needs.contact),
            trigger_fields: needs.events.iter().map(trigger_fields).collect(),
            probes: Vec::new(),
            takings: FxHashMap::default(),
            expr_base,
            paths: Vec::new(),
            of_event: Vec::new(),
            constants: code.exprs.values().iter().map(constant).collect(),
            code: code.clone(),
        };
        linked.move_slots(code, needs);
        linked.find_those_of_events();
        linked.paths = code.exprs.iter().map(|(ix, _)| describe::path(&linked, needs, ix)).collect();
        linked
    }

    /// Rewrites contact and entity slots to the program's.
    fn move_slots(&mut self, code: &Code, needs: &Needs) {
        let contact = self.contact.clone();
        let entities: Vec<(u16, Vec<u16>)> = code
            .entities
            .iter()
            .map(|entity| {
                let slot = needs.entity(&entity.name).unwrap_or(u16::MAX);
                let all = needs.entities.get(usize::from(slot)).map_or(&[] as &[FieldUse], |all| &all.fields);
                (slot, places(&entity.fields, all))
            })
            .collect();
        for expr in self.code.exprs.values_mut() {
            match expr {
                Expr::Contact(slot) => *slot = contact.get(usize::from(*slot)).copied().unwrap_or(u16::MAX),
                Expr::Field { entity, field, .. } => {
                    let Some((slot, fields)) = entities.get(usize::from(*entity)) else { continue };
                    *entity = *slot;
                    *field = fields.get(usize::from(*field)).copied().unwrap_or(u16::MAX);
                }
                _ => {}
            }
        }
    }

    /// Where the fields of a trigger are, in an event of the program.
    pub fn trigger_fields(&self, kind: u16) -> &[u16] {
        self.trigger_fields.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    /// The code's slot of one of the program's events.
    pub fn event(&self, kind: u16) -> Option<u16> {
        self.events.iter().position(|each| *each == kind).map(|place| place as u16)
    }

    /// The program's events that expressions look through one by one.
    pub fn looked_through(&self) -> impl Iterator<Item = u16> {
        let probe = |expr: &Expr| match expr {
            Expr::Scan { probe, .. } | Expr::Recommend { probe, .. } => Some(*probe),
            Expr::Aggregate(aggregate) => Some(aggregate.probe),
            _ => None,
        };
        let kind = |probe| self.events.get(usize::from(self.code.probes.get(probe)?.event)).copied();
        self.code.exprs.values().iter().filter_map(probe).filter_map(kind)
    }

    /// The number of an expression among all those of the program's scenarios.
    #[inline]
    pub fn number(&self, ix: ExprIx) -> usize {
        self.expr_base.saturating_add(ix.into())
    }

    /// The measures that an expression reads.
    pub fn measures_of(&self, ix: ExprIx) -> Vec<String> {
        match self.code.exprs.get(ix) {
            Some(Expr::Measure(name)) => vec![name.clone()],
            Some(expr) => expr.operands().iter().flat_map(|operand| self.measures_of(*operand)).collect(),
            None => Vec::new(),
        }
    }

    /// Whether an expression reads the event at hand, or that which started something.
    pub fn reads_event(&self, ix: ExprIx) -> bool {
        self.code.exprs.get(ix).is_some_and(|expr| {
            matches!(expr, Expr::Trigger(_) | Expr::Event(_) | Expr::EventAt)
                || expr.operands().iter().any(|operand| self.reads_event(*operand))
        })
    }

    pub fn wakers(&self, condition: Option<ExprIx>) -> Wakers {
        let mut wakers = Wakers::default();
        if let Some(condition) = condition {
            self.collect_wakers(condition, &mut wakers);
        }
        wakers
    }

    /// A condition can turn true only at an event of one of its histories, when it is made of histories, `and`,
    /// `or`, and of what never changes for an instance; anything else may turn true by itself.
    fn collect_wakers(&self, condition: ExprIx, wakers: &mut Wakers) {
        match self.code.exprs.get(condition) {
            Some(Expr::Scan { filter, .. }) if !self.is_fixed(*filter) => wakers.any = true,
            Some(Expr::History { probe, keys, .. } | Expr::Scan { probe, keys, .. }) => {
                let probe = self.probe_number(*probe);
                wakers.probes.push(Waker { probe, history: condition, keys: keys.clone() });
            }
            Some(Expr::And(parts) | Expr::Or(parts)) => {
                for part in parts {
                    self.collect_wakers(*part, wakers);
                }
            }
            Some(Expr::Literal(_) | Expr::Missing) => {}
            _ => wakers.any = true,
        }
    }

    /// Whether an expression reads nothing but the event at hand and what that refers to.
    pub fn is_of_event(&self, ix: ExprIx) -> bool {
        self.of_event.get(usize::from(ix)).copied().unwrap_or(false)
    }

    /// Whether an expression asks about the messages of the instance.
    pub fn reads_own_messages(&self, ix: ExprIx) -> bool {
        self.code.exprs.get(ix).is_some_and(|expr| {
            matches!(expr, Expr::OwnMessage(_)) || expr.operands().iter().any(|each| self.reads_own_messages(*each))
        })
    }

    /// Expressions come after those that they are made of.
    fn find_those_of_events(&mut self) {
        for (_, expr) in self.code.exprs.iter() {
            let is_inside = expr.is_of_operands()
                || matches!(expr, Expr::Event(_) | Expr::EventAt | Expr::Element | Expr::Field { .. });
            let is_of_event = is_inside && expr.operands().iter().all(|operand| self.is_of_event(*operand));
            self.of_event.push(is_of_event);
        }
    }

    /// Whether an expression over an event has one value for an instance, whatever happens to the contact.
    fn is_fixed(&self, ix: ExprIx) -> bool {
        let Some(expr) = self.code.exprs.get(ix) else { return true };
        let is_given = matches!(
            expr,
            Expr::Entry
                | Expr::ContactId
                | Expr::Trigger(_)
                | Expr::Event(_)
                | Expr::EventAt
                | Expr::Element
                | Expr::Field { .. }
        );
        (is_given || expr.is_of_operands()) && expr.operands().iter().all(|operand| self.is_fixed(*operand))
    }
}
