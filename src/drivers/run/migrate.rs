//! Instances of older versions that go on with the present one, when somebody asks for it.

use super::super::Error;
use super::Run;
use super::journal::{self, Given};
use super::step::AtWork;
use crate::engine::{self, Crossing, Facts, Passage, Stays};
use crate::ir::{KeptVersion, ScenarioHash};
use crate::model::Id;
use crate::store::state::ContactOut;
use crate::time::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// What a migration would do, worked out and not done yet.
#[derive(Debug, Default)]
pub struct Migration {
    /// In the order of scenarios, versions and steps.
    pub groups: Vec<Group>,
    /// Contacts that cannot be read now: their instances stay.
    pub unreadable: u64,
    outs: Vec<ContactOut>,
}

/// Running instances of one older version that stand in one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub scenario: String,
    pub version: ScenarioHash,
    /// The number of the step in that version, and its text where it was kept.
    pub step: u16,
    pub text: Option<String>,
    /// The number of the step in the present version.
    pub to: Result<u16, Stays>,
    pub instances: u64,
}

impl Migration {
    /// How many instances go to the present version.
    pub fn going(&self) -> u64 {
        self.groups.iter().filter(|group| group.to.is_ok()).map(|group| group.instances).sum()
    }
}

impl Run {
    /// Looks where the running instances of older versions stand, and what would become of them: those of one scenario, or
    /// of all that are among those given.
    pub fn migration(&mut self, scenario: Option<&str>, now: Instant) -> Result<Migration, Error> {
        self.poll(now)?;
        let older = self.older_versions(scenario);
        let mut passages = Vec::new();
        for present in self.bundle.versions() {
            let of_it = older.values().filter(|kept| kept.version.scenario.name == present.version.scenario.name);
            passages.extend(of_it.filter_map(|kept| Passage::new(&self.program, kept, &present)));
        }
        let is_meant = |bytes: &[u8]| {
            let hashes = engine::State::scenarios_of(bytes).unwrap_or_default();
            hashes.iter().any(|hash| older.contains_key(hash))
        };
        let contacts = if passages.is_empty() { Vec::new() } else { self.state.contacts_with(is_meant)? };
        let mut migration = Migration::default();
        let mut crossings: Vec<Crossing> = Vec::new();
        let mut moved: BTreeSet<Id> = BTreeSet::new();
        for batch in contacts.chunks(256) {
            let claimed = self.state.claim_these(batch, now)?;
            let outs = self.work(&claimed, now, |at_work, _| {
                let of_it = at_work.migrate(&passages, now);
                if of_it.iter().any(|crossing| crossing.to.is_ok()) {
                    moved.insert(at_work.person.id.clone());
                }
                crossings.extend(of_it);
            })?;
            migration.unreadable += (batch.len() - outs.len()) as u64;
            migration.outs.extend(outs.into_iter().filter(|out| moved.contains(&out.contact)));
        }
        migration.groups = groups(&crossings, &older);
        Ok(migration)
    }

    /// Does it, in one transaction. Nothing may have been stepped since it was worked out.
    pub fn migrate(&mut self, migration: Migration, now: Instant) -> Result<(), Error> {
        self.commit(migration.outs, now)
    }

    /// The versions before the present one that this program runs.
    fn older_versions(&self, scenario: Option<&str>) -> BTreeMap<ScenarioHash, KeptVersion> {
        let is_meant = |kept: &&KeptVersion| scenario.is_none_or(|name| name == kept.version.scenario.name);
        self.older.iter().filter(is_meant).map(|kept| (kept.hash, kept.clone())).collect()
    }
}

impl AtWork<'_> {
    /// Lets its instances go on with the present version, and writes down which did.
    fn migrate(&mut self, passages: &[Passage], now: Instant) -> Vec<Crossing> {
        let (world, person, life, measures) = (self.world, self.person, &*self.life, self.measures);
        let facts = Facts { world, person, life, measures };
        let crossings = self.state.migrate(self.program, facts, passages);
        for crossing in &crossings {
            if let Ok(to) = crossing.to {
                let given = Given::Migration { from: crossing.from, step: crossing.ordinal, to };
                self.journal.push(journal::line(self.program, now, given, &[], &[]));
            }
        }
        crossings
    }
}

fn groups(crossings: &[Crossing], older: &BTreeMap<ScenarioHash, KeptVersion>) -> Vec<Group> {
    let mut counts: BTreeMap<Crossing, u64> = BTreeMap::new();
    for crossing in crossings {
        *counts.entry(*crossing).or_default() += 1;
    }
    let group = |(Crossing { from, ordinal, to }, instances): (Crossing, u64)| {
        let version = &older.get(&from)?.version;
        let written = version.steps.iter().find(|step| step.ordinal == ordinal);
        Some(Group {
            scenario: version.scenario.name.clone(),
            version: from,
            step: ordinal,
            text: written.map(|written| written.text.clone()),
            to,
            instances,
        })
    };
    let mut groups: Vec<Group> = counts.into_iter().filter_map(group).collect();
    groups.sort_by(|one, two| one.scenario.cmp(&two.scenario));
    groups
}
