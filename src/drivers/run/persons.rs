//! Contacts of the CRM that turn out to be one person, after each was known alone.

use super::super::Error;
use super::Run;
use super::step::AtWork;
use crate::engine::{Facts, State, StateError};
use crate::model::Id;
use crate::store::state::Claimed;
use crate::time::Instant;

impl Run {
    /// Unites what was kept of those who have several rows: from then on the oldest row is the person.
    pub(super) fn unite_persons(&mut self, now: Instant) -> Result<(), Error> {
        let groups: Vec<Vec<Id>> = self.crm.persons().groups().to_vec();
        let persons = self.crm.persons();
        self.united.retain(|row, person| persons.person(row) == person);
        for rows in groups {
            let Some((person, others)) = rows.split_first() else { continue };
            for row in others {
                if self.united.get(row) != Some(person) && self.unite(person, row, now)? {
                    self.united.insert(row.clone(), person.clone());
                }
            }
        }
        Ok(())
    }

    /// Unites what was kept of a row with what was kept of the person, in one commit. False where the person cannot be read
    /// now: then both stay as they are.
    fn unite(&mut self, person: &Id, row: &Id, now: Instant) -> Result<bool, Error> {
        let kept = self.state.claim_these(std::slice::from_ref(row), now)?;
        let Some(Claimed { state: Some(bytes), .. }) = kept.first() else {
            self.state.hand_over(row, person)?;
            return Ok(true);
        };
        let claimed = self.state.claim_these(std::slice::from_ref(person), now)?;
        let mut failed: Option<StateError> = None;
        let mut outs = self.work(&claimed, now, |at_work, _| {
            if let Err(error) = at_work.unite(row, bytes) {
                failed = Some(error);
            }
        })?;
        if let Some(error) = failed {
            self.report.troubles.insert(format!("contact {row}: {error}"));
            outs.clear();
        }
        if outs.is_empty() {
            return Ok(false);
        }
        self.commit(outs, now)?;
        Ok(true)
    }
}

impl AtWork<'_> {
    fn unite(&mut self, row: &Id, bytes: &[u8]) -> Result<(), StateError> {
        let (world, person, life, measures) = (self.world, self.person, &*self.life, self.measures);
        let other = State::load(bytes, self.program, Facts { world, person, life, measures })?;
        let merged = self.state.unite(other, self.program);
        self.end_merged(&merged);
        self.absorbed.push(row.clone());
        Ok(())
    }
}
