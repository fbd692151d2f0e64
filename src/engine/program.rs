//! Linking: several scenarios, each with slots of its own, become one program over one set of columns.

use super::describe;
use super::eval::{Eval, EventAtHand};
use super::facts::{ProbeKey, World};
use super::value::Value;
use crate::ir::{
    Bundle, Code, Expr, ExprIx, FieldUse, MessageContext, Moment, Op, ProbeIx, RecordUse, Scenario, ScenarioHash,
    Settings, StepIx, Version,
};
use crate::model::{FieldDefault, Id, Type};
use crate::time::Instant;
use smallvec::SmallVec;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

/// The columns that a program reads. Each list is sorted by name, so a slot's order is its name's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    pub contact: Vec<FieldUse>,
    /// An entity without fields is only referred to: it needs no table.
    pub entities: Vec<RecordUse>,
    pub events: Vec<RecordUse>,
}

/// Why scenarios cannot run together: two of them (or two versions of one) read a field as different types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    pub field: String,
    pub one: Type,
    pub other: Type,
}

impl fmt::Display for LinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (one, other) = (self.one.describe(), self.other.describe());
        write!(f, "`{}` is read as {one} by one scenario and as {other} by another", self.field)
    }
}

impl std::error::Error for LinkError {}

/// One version of one scenario, in a program.
#[derive(Clone, Debug)]
pub struct Unit {
    pub scenario: Scenario,
    pub hash: ScenarioHash,
    /// Whether events start new instances of it; older versions only finish what they began.
    pub current: bool,
    /// Events before this instant start nothing.
    pub starts_at: Instant,
    /// Events at this instant or later start nothing.
    pub starts_until: Instant,
    pub(super) code: LinkedCode,
    /// What may make the goal true.
    pub(super) goal: Wakers,
    /// What may make `stop when` true.
    pub(super) stop_when: Wakers,
    /// Of each step that waits for a condition, what may make it true.
    pub(super) waits_for: BTreeMap<StepIx, Wakers>,
}

/// What events may make a condition true.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wakers {
    /// It must be judged at every event.
    pub any: bool,
    /// It must be judged at events of these probes with these key values.
    pub probes: Vec<(ProbeIx, Vec<ExprIx>)>,
}

/// Code whose contact and entity slots are the program's, with maps for the slots that depend on an event.
#[derive(Clone, Debug, Default)]
pub(super) struct LinkedCode {
    pub code: Code,
    /// The program's slot of each of the code's events.
    pub events: Vec<u16>,
    /// Of each of the code's events, the program's field slots in the order of the code's.
    pub event_fields: Vec<Vec<u16>>,
    /// Of each of the program's events that has all trigger fields, their slots in the order of the code's.
    pub trigger_fields: BTreeMap<u16, Vec<u16>>,
    /// The program's number of the code's first probe.
    pub probe_base: u32,
    /// The values of the literals among the expressions, at the expressions' places.
    pub constants: Vec<Value>,
    /// The names of the fields that expressions read directly (`product.delay`), at the expressions' places.
    pub paths: Vec<String>,
}

/// The templates' side of one message.
#[derive(Clone, Debug)]
pub struct Context {
    pub message: MessageContext,
    /// The version that it was kept with; `None` for what the templates read now, whatever the version.
    pub version: Option<ScenarioHash>,
    pub(super) code: LinkedCode,
}

/// Scenarios linked to run together.
#[derive(Clone, Debug)]
pub struct Program {
    pub settings: Settings,
    needs: Needs,
    units: Vec<Unit>,
    contexts: Vec<Context>,
    /// Unit and local place of each probe.
    probes: Vec<(u16, ProbeIx)>,
    probes_of: Vec<Vec<ProbeIx>>,
    /// Of each event, the units that it may start, with the place of the trigger.
    triggers_of: Vec<Vec<(u16, u16)>>,
    /// Of each event, whether a running instance may wait for it.
    watched: Vec<bool>,
}

impl Program {
    /// Links a bundle, and older versions whose instances still run.
    pub fn link(bundle: &Bundle, older: &[Version]) -> Result<Program, LinkError> {
        let mut scenarios: Vec<(&Scenario, bool)> = bundle.scenarios.iter().map(|each| (each, true)).collect();
        scenarios.extend(older.iter().map(|each| (&each.scenario, false)));
        scenarios.sort_by(|(one, current), (two, other)| one.name.cmp(&two.name).then(other.cmp(current)));
        let codes = scenarios.iter().map(|(scenario, _)| &scenario.code);
        let present = bundle.messages.iter().map(|message| (message, None));
        let kept =
            older.iter().flat_map(|version| version.messages.iter().map(move |message| (message, Some(version))));
        let messages: Vec<(&MessageContext, Option<&Version>)> = present.chain(kept).collect();
        let needs = Needs::of(codes.chain(messages.iter().map(|(message, _)| &message.code)))?;
        let mut program = Program {
            settings: bundle.settings.clone(),
            probes: Vec::new(),
            probes_of: vec![Vec::new(); needs.events.len()],
            triggers_of: vec![Vec::new(); needs.events.len()],
            watched: vec![false; needs.events.len()],
            units: Vec::new(),
            contexts: Vec::new(),
            needs,
        };
        for (scenario, current) in scenarios {
            program.add(scenario.clone(), current);
        }
        for (message, version) in messages {
            let code = LinkedCode::new(&message.code, &program.needs, 0);
            let version = version.map(|version| version.scenario.hash());
            program.contexts.push(Context { message: message.clone(), version, code });
        }
        Ok(program)
    }

    fn add(&mut self, scenario: Scenario, current: bool) {
        let unit = self.units.len() as u16;
        let hash = scenario.hash();
        let code = LinkedCode::new(&scenario.code, &self.needs, self.probes.len() as u32);
        for (local, probe) in scenario.code.probes.iter() {
            let global = ProbeIx::from(self.probes.len());
            self.probes.push((unit, local));
            let kind = code.events.get(usize::from(probe.event)).copied().unwrap_or(u16::MAX);
            if let Some(list) = self.probes_of.get_mut(usize::from(kind)) {
                list.push(global);
            }
        }
        if current {
            for (place, trigger) in scenario.start.events().iter().enumerate() {
                let kind = code.events.get(usize::from(trigger.event)).copied().unwrap_or(u16::MAX);
                if let Some(list) = self.triggers_of.get_mut(usize::from(kind)) {
                    list.push((unit, place as u16));
                }
            }
        }
        let goal = code.wakers(scenario.goal.as_ref().map(|goal| goal.condition));
        let stop_when = code.wakers(scenario.stop_when);
        let mut waits_for = BTreeMap::new();
        for (place, step) in scenario.steps.iter() {
            if let Op::WaitFor { condition, .. } = step.op {
                waits_for.insert(place, code.wakers(Some(condition)));
            }
        }
        for wakers in waits_for.values().chain([&goal, &stop_when]) {
            self.watch(wakers);
        }
        self.units.push(Unit {
            scenario,
            hash,
            current,
            starts_at: Instant::MIN,
            starts_until: Instant::MAX,
            code,
            goal,
            stop_when,
            waits_for,
        });
    }

    fn watch(&mut self, wakers: &Wakers) {
        if wakers.any {
            self.watched.fill(true);
        }
        for (probe, _) in &wakers.probes {
            for (list, watched) in self.probes_of.iter().zip(self.watched.iter_mut()) {
                *watched |= list.contains(probe);
            }
        }
    }

    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Sorted by name; of one name, the current version first.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    pub fn unit(&self, unit: u16) -> Option<&Unit> {
        self.units.get(usize::from(unit))
    }

    /// What the templates of a message read, for an instance of a version.
    pub(super) fn context(&self, unit: &Unit, channel: &str, message: &str) -> Option<&Context> {
        let is_of = |context: &&Context| {
            let of = &context.message;
            of.scenario == unit.scenario.name
                && of.channel == channel
                && of.message == message
                && context.version.is_none_or(|version| version == unit.hash)
        };
        // Those of the present come first.
        self.contexts.iter().find(is_of)
    }

    /// From when on events start instances of a scenario.
    pub fn start_at(&mut self, scenario: &str, from: Instant) {
        for unit in self.units.iter_mut().filter(|unit| unit.scenario.name == scenario) {
            unit.starts_at = from;
        }
    }

    /// Between which instants events start instances of a scenario; the end is excluded.
    pub fn start_between(&mut self, scenario: &str, from: Instant, until: Instant) {
        self.start_at(scenario, from);
        for unit in self.units.iter_mut().filter(|unit| unit.scenario.name == scenario) {
            unit.starts_until = until;
        }
    }

    /// The name of an event by its slot.
    pub fn event_name(&self, kind: u16) -> &str {
        self.needs.events.get(usize::from(kind)).map_or("", |event| &event.name)
    }

    /// The slot of an event by its name; `None` when no scenario reads it.
    pub fn event_slot(&self, name: &str) -> Option<u16> {
        self.needs.events.iter().position(|event| event.name == name).map(|place| place as u16)
    }

    pub(super) fn probes_of(&self, kind: u16) -> &[ProbeIx] {
        self.probes_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn triggers_of(&self, kind: u16) -> &[(u16, u16)] {
        self.triggers_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn is_watched(&self, kind: u16) -> bool {
        self.watched.get(usize::from(kind)).copied().unwrap_or(false)
    }

    /// A step of a scenario in the words of the language: `product.delay - 1 month` of a wait.
    pub fn describe_wait(&self, unit: u16, step: StepIx) -> String {
        let Some(unit) = self.unit(unit) else { return String::new() };
        let part = |ix: ExprIx| describe::expression(&unit.code, &self.needs, ix);
        match unit.scenario.steps.get(step).map(|step| &step.op) {
            Some(Op::Wait(duration)) => part(*duration),
            Some(Op::WaitFor { limit, .. }) => part(*limit),
            Some(Op::WaitUntil(Moment::At(instant) | Moment::Anniversary(instant))) => part(*instant),
            _ => String::new(),
        }
    }

    /// The key under which a probe files an event; `None` when the event does not pass its filter or has no
    /// value for a key. Fields that it reads although a test did not give them are added to `not_given`.
    pub(super) fn probe_key(
        &self,
        probe: ProbeIx,
        values: &[Value],
        world: &World,
        not_given: Option<&RefCell<Vec<String>>>,
    ) -> Option<ProbeKey> {
        let (unit, local) = *self.probes.get(usize::from(probe))?;
        let code = &self.unit(unit)?.code;
        let definition = code.code.probes.get(local)?;
        let at_hand = EventAtHand::of(code, definition.event, values);
        let eval = Eval { not_given, ..Eval::of_event(code, world, at_hand) };
        if let Some(filter) = definition.filter
            && eval.truth(filter) != Some(true)
        {
            return None;
        }
        let mut keys: SmallVec<[Value; 1]> = SmallVec::new();
        for key in &definition.keys {
            let value = eval.value(*key).into_owned();
            if value.is_missing() {
                return None;
            }
            keys.push(value);
        }
        Some((probe, keys))
    }
}

impl Needs {
    fn of<'a>(codes: impl Iterator<Item = &'a Code>) -> Result<Needs, LinkError> {
        type Fields = BTreeMap<String, FieldUse>;
        let (mut contact, mut entities, mut events) =
            (Fields::new(), BTreeMap::<String, Fields>::new(), BTreeMap::<String, Fields>::new());
        for code in codes {
            merge(&mut contact, "contact", &code.contact)?;
            for record in &code.entities {
                merge(entities.entry(record.name.clone()).or_default(), &record.name, &record.fields)?;
            }
            for record in &code.events {
                merge(events.entry(record.name.clone()).or_default(), &record.name, &record.fields)?;
            }
        }
        let record = |(name, fields): (String, Fields)| RecordUse { name, fields: fields.into_values().collect() };
        Ok(Needs {
            contact: contact.into_values().collect(),
            entities: entities.into_iter().map(record).collect(),
            events: events.into_iter().map(record).collect(),
        })
    }

    /// The slot of an entity that is read, by its name.
    pub fn entity(&self, name: &str) -> Option<u16> {
        self.entities.iter().position(|entity| entity.name == name).map(|place| place as u16)
    }
}

/// Fills what a row of a record leaves empty, as its fields' defaults say.
pub fn apply_defaults(fields: &[FieldUse], id: &Id, row: &mut [Value]) {
    for (place, field) in fields.iter().enumerate() {
        let Some(default) = &field.default else { continue };
        if !matches!(row.get(place), Some(Value::Missing)) {
            continue;
        }
        let value = match default {
            FieldDefault::Literal(literal) => Value::from(literal),
            FieldDefault::Field(name) if name == "id" => Value::text(&id.to_string()),
            FieldDefault::Field(name) => {
                let source = fields.iter().position(|each| each.name == *name);
                source.and_then(|source| row.get(source).cloned()).unwrap_or_default()
            }
        };
        if let Some(slot) = row.get_mut(place) {
            *slot = value;
        }
    }
}

fn merge(into: &mut BTreeMap<String, FieldUse>, record: &str, fields: &[FieldUse]) -> Result<(), LinkError> {
    for field in fields {
        match into.get(&field.name) {
            Some(known) if known.ty != field.ty => {
                let name = format!("{record}.{}", field.name);
                return Err(LinkError { field: name, one: known.ty.clone(), other: field.ty.clone() });
            }
            Some(_) => {}
            None => {
                into.insert(field.name.clone(), field.clone());
            }
        }
    }
    Ok(())
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
    fn new(code: &Code, needs: &Needs, probe_base: u32) -> LinkedCode {
        let event_slot = |name: &str| needs.events.iter().position(|each| each.name == name);
        let events: Vec<Option<usize>> = code.events.iter().map(|event| event_slot(&event.name)).collect();
        let fields_of = |(event, slot): (&RecordUse, &Option<usize>)| {
            slot.and_then(|slot| needs.events.get(slot)).map_or(Vec::new(), |all| places(&event.fields, &all.fields))
        };
        let mut trigger_fields = BTreeMap::new();
        for (slot, event) in needs.events.iter().enumerate() {
            let fields = places(&code.trigger, &event.fields);
            if !fields.contains(&u16::MAX) {
                trigger_fields.insert(slot as u16, fields);
            }
        }
        let mut linked = LinkedCode {
            event_fields: code.events.iter().zip(&events).map(fields_of).collect(),
            events: events.into_iter().map(|slot| slot.map_or(u16::MAX, |slot| slot as u16)).collect(),
            trigger_fields,
            probe_base,
            paths: Vec::new(),
            constants: code.exprs.values().iter().map(constant).collect(),
            code: code.clone(),
        };
        linked.move_slots(code, needs);
        linked.paths = code.exprs.iter().map(|(ix, _)| describe::path(&linked, needs, ix)).collect();
        linked
    }

    /// Rewrites contact and entity slots to the program's.
    fn move_slots(&mut self, code: &Code, needs: &Needs) {
        let contact = places(&code.contact, &needs.contact);
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

    fn wakers(&self, condition: Option<ExprIx>) -> Wakers {
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
            Some(Expr::History { probe, keys, .. } | Expr::Scan { probe, keys, .. }) => {
                wakers.probes.push((ProbeIx(self.probe_base + probe.0), keys.clone()));
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
}
