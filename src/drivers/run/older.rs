//! Older versions that contacts still need, linked with the present ones; and those that cannot be.

use super::super::Error;
use crate::engine::{self, LinkError, Program};
use crate::ir::{Bundle, KeptVersion, Scenario, ScenarioHash, Version, VersionError};
use crate::store::crm::{Crm, Lack};
use crate::store::state::State;
use std::collections::{BTreeMap, BTreeSet};

/// The older versions that contacts need.
#[derive(Debug)]
pub(super) struct Older {
    /// The present scenarios, linked with them.
    pub program: Program,
    /// Those that go on.
    pub versions: Vec<KeptVersion>,
    pub waiting: Vec<WaitingVersion>,
}

/// A version that contacts need and that cannot run now: they wait until it can, and nothing of them is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaitingVersion {
    /// `None` where not even that can be read.
    pub scenario: Option<String>,
    pub version: ScenarioHash,
    /// How many contacts have an instance of it.
    pub contacts: u64,
    pub why: WhyWaiting,
}

/// Why a version cannot run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WhyWaiting {
    /// The state file does not have it.
    NotKept,
    Unreadable(VersionError),
    /// What it reads and the CRM no longer has.
    Lacks(Vec<Lack>),
    /// It reads something as another type than the present scenarios do.
    Differs(LinkError),
}

/// Links the present scenarios with the older versions that contacts still need, as far as this program and the CRM can
/// serve them. Versions that nobody needs are forgotten, unless there is a contact of whom nobody knows what it needs.
pub(super) fn with_older(state: &mut State, bundle: &Bundle, crm: &Crm) -> Result<Older, Error> {
    let mut needed: BTreeMap<ScenarioHash, u64> = BTreeMap::new();
    let mut all_known = true;
    // A state that cannot be read names nothing here, and its contact is set aside when it is claimed.
    state.each_state(|_, bytes| match engine::State::scenarios_of(bytes) {
        Ok(hashes) => hashes.into_iter().for_each(|hash| *needed.entry(hash).or_default() += 1),
        Err(_) => all_known = false,
    })?;
    let current: BTreeSet<ScenarioHash> = bundle.scenarios.iter().map(Scenario::hash).collect();
    needed.retain(|hash, _| !current.contains(hash));
    let mut kept: BTreeMap<ScenarioHash, String> = state.programs()?.into_iter().collect();
    kept.retain(|hash, _| !current.contains(hash));
    if all_known {
        let unneeded: Vec<ScenarioHash> = kept.keys().filter(|hash| !needed.contains_key(hash)).copied().collect();
        state.forget_programs(&unneeded)?;
    }
    let mut older = Older { program: Program::link(bundle, &[])?, versions: Vec::new(), waiting: Vec::new() };
    for (hash, contacts) in needed {
        let json = kept.get(&hash);
        let added = json.ok_or(WhyWaiting::NotKept).and_then(|json| older.add(hash, json, bundle, crm));
        if let Err(why) = added {
            let scenario = json.and_then(|json| Version::scenario_of(json));
            older.waiting.push(WaitingVersion { scenario, version: hash, contacts, why });
        }
    }
    Ok(older)
}

impl Older {
    fn add(&mut self, hash: ScenarioHash, json: &str, bundle: &Bundle, crm: &Crm) -> Result<(), WhyWaiting> {
        let version = Version::read(json).map_err(WhyWaiting::Unreadable)?;
        let codes = version.messages.iter().map(|message| &message.code).chain([&version.scenario.code]);
        let mut lacks: Vec<Lack> = codes.flat_map(|code| crm.lacks(code)).filter(|lack| !lack.is_optional()).collect();
        if !lacks.is_empty() {
            lacks.sort();
            lacks.dedup();
            return Err(WhyWaiting::Lacks(lacks));
        }
        self.versions.push(KeptVersion { hash, version });
        match Program::link(bundle, &self.versions) {
            Ok(linked) => self.program = linked,
            Err(error) => {
                self.versions.pop();
                return Err(WhyWaiting::Differs(error));
            }
        }
        Ok(())
    }
}
