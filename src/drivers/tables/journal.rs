//! The journal of a run, read as the stream of its tables: contact by contact, in the order of time.

use super::written::WrittenMark;
use super::{Catalog, Fold, Happening, Source, Sums};
use crate::engine::{Journey, Standing, State, TriggerRef};
use crate::ir::{self, Scenario, ScenarioHash};
use crate::model::Id;
use crate::store::Error;
use crate::store::state::JournalReader;
use crate::time::{Instant, Zone};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;

/// The version of the journal's lines, and the last that does not say for which journeys an event counts; the first has no
/// marks at all.
pub const FORMAT: u16 = 3;
const EARLIER: u16 = 2;

/// The version of a line, whatever else is in it.
#[derive(Deserialize)]
struct Version {
    format: u16,
}

fn is_earlier(body: &[u8]) -> bool {
    serde_json::from_slice::<Version>(body).is_ok_and(|version| (1..=EARLIER).contains(&version.format))
}

/// What a reader needs of a line.
#[derive(Deserialize)]
struct Line {
    format: u16,
    input: Input,
    #[serde(default)]
    marks: Vec<WrittenMark>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Input {
    Event { event: Event },
    Other(serde::de::IgnoredAny),
}

#[derive(Deserialize)]
struct Event {
    kind: String,
    id: String,
}

/// What the lines of a journal say together.
#[derive(Debug)]
pub struct JournalSums {
    pub catalog: Catalog,
    pub sums: Sums,
    /// The first and last instant of the lines that are counted.
    pub span: Option<(Instant, Instant)>,
    /// Lines of the version before, which do not tell who entered and what was spent.
    pub older: u64,
    /// Lines that nobody can read: of a later version, or broken.
    pub unreadable: u64,
    /// Contacts whose state nobody can read, of a later version, or broken: where they stand is not known.
    pub broken_states: u64,
    pub contacts: u64,
}

/// Folds a journal. `catalog` has the names of the present program; those that only the journal knows are added to it.
pub fn fold_journal(reader: &JournalReader, catalog: Catalog, zone: Zone) -> Result<JournalSums, Error> {
    let mut fold = Fold::new(&catalog, zone, Source::Journal);
    let mut found = JournalSums {
        catalog,
        sums: Sums::default(),
        span: None,
        older: 0,
        unreadable: 0,
        broken_states: 0,
        contacts: 0,
    };
    let mut versions = Versions::read(reader)?;
    reader.each_contact(|lines, state| {
        found.contacts += 1;
        // A life that is lived again for older events meets those that it knows once more.
        let mut known: FxHashSet<(String, String)> = FxHashSet::default();
        for row in lines {
            let line = match serde_json::from_slice::<Line>(&row.body) {
                Ok(line) if line.format == FORMAT => line,
                _ if is_earlier(&row.body) => {
                    found.older += 1;
                    continue;
                }
                _ => {
                    found.unreadable += 1;
                    continue;
                }
            };
            let (first, last) = found.span.unwrap_or((row.at, row.at));
            found.span = Some((first.min(row.at), last.max(row.at)));
            let is_new = match line.input {
                Input::Event { event } => known.insert((event.kind, event.id)),
                Input::Other(_) => true,
            };
            for mark in line.marks {
                let happening = mark.read(&mut found.catalog);
                let counts = |happening: &Happening| is_new || !matches!(happening.what, super::Happens::Event { .. });
                if let Some(happening) = happening.filter(counts) {
                    fold.take(&found.catalog, happening);
                }
            }
        }
        let state = if fold.has_running() { state.read()? } else { None };
        let standings = state.map_or(Ok(Vec::new()), |state| State::standing_of(&state));
        found.broken_states += u64::from(standings.is_err());
        for standing in standings.into_iter().flatten() {
            versions.stands(&mut fold, &mut found.catalog, standing);
        }
        fold.end_contact(&found.catalog);
        Ok(())
    })?;
    found.sums = fold.finish();
    Ok(found)
}

/// The versions that are kept; what is ahead in them is asked for where somebody waits, so that what nobody ever entered has no
/// number, and no row.
struct Versions {
    kept: FxHashMap<ScenarioHash, Scenario>,
    /// By version: its scenario, and which steps are ahead of each of its waits.
    ahead: FxHashMap<ScenarioHash, (u16, Vec<Vec<u32>>)>,
}

impl Versions {
    /// Those that are kept; of one that this program cannot read nobody knows what is ahead.
    fn read(reader: &JournalReader) -> Result<Versions, Error> {
        let read = |(hash, json): (ScenarioHash, String)| Some((hash, ir::Version::read(&json).ok()?.scenario));
        let kept = reader.programs()?.into_iter().filter_map(read).collect();
        Ok(Versions { kept, ahead: FxHashMap::default() })
    }

    fn stands(&mut self, fold: &mut Fold, catalog: &mut Catalog, standing: Standing) {
        let Some(version) = self.kept.get(&standing.scenario) else { return };
        // Of whom no line says that they entered, nothing is counted.
        if catalog.scenarios.iter().all(|known| known.name != version.name) {
            return;
        }
        let known = self.ahead.entry(standing.scenario);
        let (scenario, ahead) = known.or_insert_with(|| (catalog.scenario(&version.name), catalog.ahead_of(version)));
        let trigger = Id::Text(format!("{}/{}", standing.event, standing.trigger).into());
        let trigger = TriggerRef { kind: TriggerRef::CONTACT, id: trigger };
        let journey = Journey { unit: *scenario, entered_at: standing.entered_at, trigger };
        fold.waits_before(&journey, ahead.get(standing.wait.0 as usize).map_or(&[], Vec::as_slice));
    }
}
