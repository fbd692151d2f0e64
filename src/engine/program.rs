//! Linking: several scenarios, each with slots of its own, become one program over one set of columns.

use super::again::{JudgedAgain, judged_again};
use super::engagement::Engagement;
use super::eval::Inside;
use super::facts::Facts;
use super::linked::{LinkedCode, Wakers};
use super::measure;
use super::messages::{self, MessageSlots};
use super::needs::{LinkError, Needs};
use super::output::TriggerRef;
use super::policy::LinkedPolicy;
use super::revenue::Revenue;
use super::shared::Shared;
use super::silence::SilenceLength;
use super::state::State;
use crate::ir::{
    Bundle, Code, KeptVersion, Measure, MessageContext, Op, Probe, ProbeIx, Scenario, ScenarioHash, Settings, Start,
    StepIx,
};
use crate::model::{Id, TAGS};
use crate::time::{Instant, Zone};
use std::collections::BTreeMap;

/// One version of one scenario, in a program.
#[derive(Clone, Debug)]
pub struct Unit {
    pub scenario: Scenario,
    pub hash: ScenarioHash,
    /// Whether events start new instances of it; older versions only finish what they began.
    pub current: bool,
    /// Events before this instant start nothing.
    pub starts_at: Instant,
    /// Events at this instant or later start nothing, but for those that a scenario makes in a life that is lived again.
    pub starts_until: Instant,
    /// Its place in the policy's priority; the lowest goes first.
    pub(super) rank: u16,
    /// Whether its conditions ask about the messages that its instances send.
    pub(super) reads_messages: bool,
    /// Whether a step of it erases the contact, or starts a scenario that does.
    pub(super) erases: bool,
    /// What the length of its silence depends on, where it starts by one.
    pub(super) silence: Option<SilenceLength>,
    pub(super) code: LinkedCode,
    /// What may make the goal true.
    pub(super) goal: Wakers,
    /// What may make `stop when` true.
    pub(super) stop_when: Wakers,
    /// Of each step that waits for a condition, what may make it true.
    pub(super) waits_for: BTreeMap<StepIx, Wakers>,
    /// Of each `send`, what is judged once more when its message is claimed.
    pub(super) judged_again: BTreeMap<StepIx, JudgedAgain>,
}

/// The templates' side of one message.
#[derive(Clone, Debug)]
pub struct Context {
    pub message: MessageContext,
    /// The version that it was kept with; `None` for what the templates read now, whatever the version.
    pub version: Option<ScenarioHash>,
    pub(super) code: LinkedCode,
}

/// A measure, linked.
#[derive(Clone, Debug)]
pub(super) struct LinkedMeasure {
    pub measure: Measure,
    pub code: LinkedCode,
}

/// Where the entries of an account are: the slots of its events, and of the fields that they have for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub credited: u16,
    pub credit: u16,
    pub expires: Option<u16>,
    pub debited: u16,
    pub debit: u16,
}

/// Whose code a probe is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Unit(u16),
    Measure(u16),
    Context(u16),
}

/// Scenarios linked to run together.
#[derive(Clone, Debug)]
pub struct Program {
    pub settings: Settings,
    /// The fields by which contacts are one person, the strongest first.
    pub identity: Vec<String>,
    policy: LinkedPolicy,
    messages: MessageSlots,
    engagement: Engagement,
    needs: Needs,
    units: Vec<Unit>,
    measures: Vec<LinkedMeasure>,
    contexts: Vec<Context>,
    /// Owner and local place of each probe, of the first that asks for it.
    probes: Vec<(Owner, ProbeIx)>,
    probes_of: Vec<Vec<ProbeIx>>,
    /// Of these, those for which measures ask.
    measured_probes_of: Vec<Vec<ProbeIx>>,
    pub(super) shared: Shared,
    /// Of each event, the units that it may start, with the place of the trigger.
    triggers_of: Vec<Vec<(u16, u16)>>,
    /// Of each event, the units whose silence begins with it, with the place of the trigger.
    silences_of: Vec<Vec<(u16, u16)>>,
    /// Of each event, whether a running instance may wait for it.
    watched: Vec<bool>,
    /// Of each event, whether it is looked through one by one.
    looked_through: Vec<bool>,
    /// Those that are read, by name.
    accounts: BTreeMap<String, Account>,
    measures_of_silences: Vec<String>,
    may_erase: bool,
    /// Of each event, the field with its money where reports count it as revenue, and the units that do.
    pub(super) revenue: Vec<Revenue>,
    /// After this instant no silence begins and no period comes round.
    pub(super) clocks_until: Instant,
    /// The slot of the contact's tags, where they are read.
    tags: Option<u16>,
}

impl Program {
    /// Links a bundle, and older versions whose instances still run, each under the hash by which they know it.
    pub fn link(bundle: &Bundle, older: &[KeptVersion]) -> Result<Program, LinkError> {
        let mut scenarios: Vec<(&Scenario, ScenarioHash, bool)> =
            bundle.scenarios.iter().map(|each| (each, each.hash(), true)).collect();
        scenarios.extend(older.iter().map(|each| (&each.version.scenario, each.hash, false)));
        scenarios.sort_by(|(one, _, current), (two, _, other)| one.name.cmp(&two.name).then(other.cmp(current)));
        let present = bundle.messages.iter().map(|message| (message, None));
        let kept = older.iter().flat_map(|kept| kept.version.messages.iter().map(|message| (message, Some(kept.hash))));
        let messages: Vec<(&MessageContext, Option<ScenarioHash>)> = present.chain(kept).collect();
        let codes = scenarios.iter().map(|(scenario, ..)| &scenario.code);
        let codes = codes.chain(messages.iter().map(|(message, _)| &message.code));
        let codes = codes.chain(bundle.measures.iter().map(|measure| &measure.code));
        let all: Vec<&Scenario> = scenarios.iter().map(|(scenario, ..)| *scenario).collect();
        let mut needs = Needs::of(codes.chain([&bundle.policy.code]), &all)?;
        if let Some(sent) = messages::sent_event(all.iter().copied(), &needs) {
            needs.add_event(sent)?;
        }
        for event in &bundle.revenue {
            needs.add_field_of(event)?;
        }
        let kinds = needs.events.len();
        let mut program = Program {
            settings: bundle.settings.clone(),
            identity: bundle.identity.clone(),
            policy: LinkedPolicy::new(&bundle.policy, &needs),
            messages: MessageSlots::new(&needs),
            engagement: Engagement::default(),
            probes: Vec::new(),
            shared: Shared::default(),
            probes_of: vec![Vec::new(); kinds],
            measured_probes_of: vec![Vec::new(); kinds],
            triggers_of: vec![Vec::new(); kinds],
            silences_of: vec![Vec::new(); kinds],
            watched: vec![false; kinds],
            looked_through: vec![false; kinds],
            accounts: needs.accounts(),
            tags: needs.contact.iter().position(|field| field.name == TAGS).map(|place| place as u16),
            measures_of_silences: Vec::new(),
            may_erase: false,
            revenue: Vec::new(),
            clocks_until: Instant::MAX,
            units: Vec::new(),
            measures: Vec::new(),
            contexts: Vec::new(),
            needs,
        };
        for (scenario, hash, current) in scenarios {
            program.add(scenario.clone(), hash, current);
        }
        program.find_erasing();
        program.find_judged_again();
        program.find_revenue(&bundle.revenue);
        for measure in &bundle.measures {
            let code = program.link_code(&measure.code, Owner::Measure(program.measures.len() as u16));
            program.measures.push(LinkedMeasure { measure: measure.clone(), code });
        }
        program.measured_probes_of = measure::probes_of(&program.measures, &program.probes_of);
        for (message, version) in messages {
            let code = program.link_code(&message.code, Owner::Context(program.contexts.len() as u16));
            program.contexts.push(Context { message: message.clone(), version, code });
        }
        Ok(program)
    }

    /// Links a code and its probes.
    fn link_code(&mut self, code: &Code, owner: Owner) -> LinkedCode {
        let exprs = match owner {
            Owner::Unit(_) => self.units.iter().map(|unit| unit.code.code.exprs.len()).sum(),
            Owner::Measure(_) | Owner::Context(_) => usize::MAX,
        };
        let mut linked = LinkedCode::new(code, &self.needs, exprs);
        self.share(&mut linked, owner);
        linked.looked_through().for_each(|kind| self.look_through(kind));
        linked
    }

    /// Numbers a probe of an event.
    pub(super) fn add_probe(&mut self, kind: u16, of: (Owner, ProbeIx)) -> ProbeIx {
        let number = ProbeIx::from(self.probes.len());
        self.probes.push(of);
        if let Some(list) = self.probes_of.get_mut(usize::from(kind)) {
            list.push(number);
        }
        number
    }

    fn look_through(&mut self, kind: u16) {
        if let Some(looked_through) = self.looked_through.get_mut(usize::from(kind)) {
            *looked_through = true;
        }
    }

    fn add(&mut self, scenario: Scenario, hash: ScenarioHash, current: bool) {
        let unit = self.units.len() as u16;
        let code = self.link_code(&scenario.code, Owner::Unit(unit));
        if current {
            let is_silence = matches!(scenario.start, Start::Silence { .. });
            for (place, trigger) in scenario.start.events().iter().enumerate() {
                let kind = code.events.get(usize::from(trigger.event)).copied().unwrap_or(u16::MAX);
                let lists = if is_silence { &mut self.silences_of } else { &mut self.triggers_of };
                if let Some(list) = lists.get_mut(usize::from(kind)) {
                    list.push((unit, place as u16));
                }
                // A first look at a contact finds out when its silence began.
                if is_silence {
                    self.look_through(kind);
                }
            }
        }
        if let Start::Silence { duration, .. } = scenario.start
            && current
        {
            self.measures_of_silences.extend(code.measures_of(duration));
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
            rank: self.policy.rank(&scenario.name),
            reads_messages: messages::reads_own_messages(&scenario),
            judged_again: BTreeMap::new(),
            erases: scenario.steps.values().iter().any(|step| matches!(step.op, Op::Erase)),
            hash,
            current,
            starts_at: Instant::MIN,
            starts_until: Instant::MAX,
            silence: SilenceLength::of(&scenario.start, &code),
            code,
            goal,
            stop_when,
            waits_for,
            scenario,
        });
    }

    /// What starts a scenario that erases the contact may erase it too.
    fn find_erasing(&mut self) {
        let starts = |program: &Program, unit: &Unit| {
            let mut steps = unit.scenario.steps.values().iter();
            steps.any(|step| {
                let Op::Start { scenario } = &step.op else { return false };
                program.current(scenario).is_some_and(|(_, started)| started.erases)
            })
        };
        while let Some(place) = self.units.iter().position(|unit| !unit.erases && starts(self, unit)) {
            self.units.iter_mut().skip(place).take(1).for_each(|unit| unit.erases = true);
        }
        self.may_erase = self.units.iter().any(|unit| unit.erases);
    }

    fn find_judged_again(&mut self) {
        let scenarios: Vec<&Scenario> = self.units.iter().map(|unit| &unit.scenario).collect();
        let current = |name: &str| self.current(name).map(|(_, unit)| &unit.scenario);
        let all = judged_again(&scenarios, current);
        self.units.iter_mut().zip(all).for_each(|(unit, judged_again)| unit.judged_again = judged_again);
    }

    fn watch(&mut self, wakers: &Wakers) {
        if wakers.any {
            self.watched.fill(true);
        }
        for waker in &wakers.probes {
            for (list, watched) in self.probes_of.iter().zip(self.watched.iter_mut()) {
                *watched |= list.contains(&waker.probe);
            }
        }
    }

    pub fn needs(&self) -> &Needs {
        &self.needs
    }

    /// The zone of a contact by the policy.
    pub fn zone_of(&self, facts: Facts<'_>, state: &State) -> Zone {
        self.policy.zone(facts, Inside { program: self, state, running: None }, self.settings.zone)
    }

    /// Whether the marketing messages of a person are held out by the policy.
    pub fn holds_out(&self, person: &Id) -> bool {
        self.policy.holds_out(person)
    }

    pub(super) fn policy(&self) -> &LinkedPolicy {
        &self.policy
    }

    pub(super) fn messages(&self) -> &MessageSlots {
        &self.messages
    }

    /// Sorted by name; of one name, the current version first.
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    #[inline]
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

    /// What people do with the messages of a simulation; [`Engagement::Replayed`] where nothing is said.
    pub fn engage(&mut self, engagement: Engagement) {
        self.engagement = engagement;
    }

    pub(super) fn engagement(&self) -> Engagement {
        self.engagement
    }

    /// Whether anybody asks about messages, and so about what people do with them.
    pub fn asks_about_messages(&self) -> bool {
        self.messages.are_read()
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

    /// Whether contacts without any event take part.
    pub fn takes_all(&self) -> bool {
        !self.measures.is_empty() || self.starts_by_clock()
    }

    /// Whether measures are taken.
    pub fn has_measures(&self) -> bool {
        !self.measures.is_empty()
    }

    /// Whether a scenario starts without any event.
    pub fn starts_by_clock(&self) -> bool {
        let takes = |start: &Start| matches!(start, Start::Every { .. } | Start::Silence { since: Some(_), .. });
        self.units.iter().any(|unit| unit.current && takes(&unit.scenario.start))
    }

    /// Lets no silence begin and no period come round after an instant: a test ends.
    pub fn stop_clocks(&mut self, after: Instant) {
        self.clocks_until = after;
    }

    /// The name of an event by its slot.
    pub fn event_name(&self, kind: u16) -> &str {
        match kind {
            TriggerRef::CONTACT => "contact",
            kind => self.needs.events.get(usize::from(kind)).map_or("", |event| &event.name),
        }
    }

    /// The slot of an event by its name; `None` when no scenario reads it.
    pub fn event_slot(&self, name: &str) -> Option<u16> {
        self.needs.events.iter().position(|event| event.name == name).map(|place| place as u16)
    }

    pub(super) fn probes_of(&self, kind: u16) -> &[ProbeIx] {
        self.probes_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn measured_probes_of(&self, kind: u16) -> &[ProbeIx] {
        self.measured_probes_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn triggers_of(&self, kind: u16) -> &[(u16, u16)] {
        self.triggers_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    pub(super) fn silences_of(&self, kind: u16) -> &[(u16, u16)] {
        self.silences_of.get(usize::from(kind)).map_or(&[], Vec::as_slice)
    }

    /// Whether a scenario erases the contact.
    pub(super) fn may_erase(&self) -> bool {
        self.may_erase
    }

    /// The present version of a scenario.
    pub(super) fn current(&self, scenario: &str) -> Option<(u16, &Unit)> {
        let first = self.units.partition_point(|unit| unit.scenario.name.as_str() < scenario);
        let unit = self.units.get(first).filter(|unit| unit.current && unit.scenario.name == scenario)?;
        Some((first as u16, unit))
    }

    /// The present versions of all scenarios.
    pub(super) fn all_current(&self) -> impl Iterator<Item = (u16, &Unit)> {
        self.units.iter().enumerate().filter(|(_, unit)| unit.current).map(|(place, unit)| (place as u16, unit))
    }

    /// The measures on which the length of a silence depends.
    pub fn measures_of_silences(&self) -> impl Iterator<Item = &str> {
        self.measures_of_silences.iter().map(String::as_str)
    }

    /// Whether quiet hours, caps or a holdout may keep a message back.
    pub fn has_limits(&self) -> bool {
        self.policy.has_limits()
    }

    /// Whether the policy holds persons out.
    pub fn has_holdout(&self) -> bool {
        self.policy.has_holdout()
    }

    pub(super) fn measures(&self) -> &[LinkedMeasure] {
        &self.measures
    }

    pub(super) fn account(&self, name: &str) -> Option<Account> {
        self.accounts.get(name).copied()
    }

    pub(super) fn tags_slot(&self) -> Option<u16> {
        self.tags
    }

    pub(super) fn looks_through(&self, kind: u16) -> bool {
        self.looked_through.get(usize::from(kind)).copied().unwrap_or(false)
    }

    pub(super) fn is_watched(&self, kind: u16) -> bool {
        self.watched.get(usize::from(kind)).copied().unwrap_or(false)
    }

    /// The code of a probe, and what it is there.
    pub(super) fn probe(&self, probe: ProbeIx) -> Option<(&LinkedCode, &Probe)> {
        let (owner, local) = *self.probes.get(usize::from(probe))?;
        let code = self.code_of(owner)?;
        Some((code, code.code.probes.get(local)?))
    }

    pub(super) fn code_of(&self, owner: Owner) -> Option<&LinkedCode> {
        Some(match owner {
            Owner::Unit(unit) => &self.unit(unit)?.code,
            Owner::Measure(measure) => &self.measures.get(usize::from(measure))?.code,
            Owner::Context(context) => &self.contexts.get(usize::from(context))?.code,
        })
    }

    pub(super) fn probes_count(&self) -> usize {
        self.probes.len()
    }
}
