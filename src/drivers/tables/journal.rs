//! The journal of a run, read as the stream of its tables: contact by contact, in the order of time.

use super::written::WrittenMark;
use super::{Catalog, Fold, Happening, Source, Sums};
use crate::engine::{Journey, Standing, State, TriggerRef};
use crate::ir::{self, ScenarioHash};
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
    pub contacts: u64,
}

/// Folds a journal. `catalog` has the names of the present program; those that only the journal knows are added to it.
pub fn fold_journal(reader: &JournalReader, catalog: Catalog, zone: Zone) -> Result<JournalSums, Error> {
    let mut fold = Fold::new(&catalog, zone, Source::Journal);
    let mut found = JournalSums { catalog, sums: Sums::default(), span: None, older: 0, unreadable: 0, contacts: 0 };
    let versions = Versions::read(reader, &mut found.catalog)?;
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
        for standing in state.and_then(|state| State::standing_of(state).ok()).into_iter().flatten() {
            versions.stands(&mut fold, standing);
        }
        fold.end_contact(&found.catalog);
    })?;
    found.sums = fold.finish();
    Ok(found)
}

/// The versions that contacts run: which steps are ahead of each of their waits.
struct Versions(FxHashMap<ScenarioHash, (u16, Vec<Vec<u32>>)>);

impl Versions {
    /// Those that are kept; of one that this program cannot read nobody knows what is ahead.
    fn read(reader: &JournalReader, catalog: &mut Catalog) -> Result<Versions, Error> {
        let mut versions = FxHashMap::default();
        for (hash, json) in reader.programs()? {
            let Ok(version) = ir::Version::read(&json) else { continue };
            let ahead = catalog.ahead_of(&version.scenario);
            versions.insert(hash, (catalog.scenario(&version.scenario.name), ahead));
        }
        Ok(Versions(versions))
    }

    fn stands(&self, fold: &mut Fold, standing: Standing) {
        let Some((scenario, ahead)) = self.0.get(&standing.scenario) else { return };
        let trigger = Id::Text(format!("{}/{}", standing.event, standing.trigger).into());
        let trigger = TriggerRef { kind: TriggerRef::CONTACT, id: trigger };
        let journey = Journey { unit: *scenario, entered_at: standing.entered_at, trigger };
        fold.waits_before(&journey, ahead.get(standing.wait.0 as usize).map_or(&[], Vec::as_slice));
    }
}
