//! The story of `scn run`.

use super::{Asked, rows_of_others};
use crate::cli::exit::Failure;
use crate::cli::sources::{failure, store_failure};
use crate::drivers::story::{Lived, Story, Teller, brief, moment};
use crate::drivers::why::{Found, Production, produced, scenarios};
use crate::store::state::Archive;
use crate::time::Zone;
use std::path::Path;

impl Asked<'_> {
    /// The story as `scn run` wrote it down.
    pub(super) fn produced(&self, state: &Path) -> Result<Story, Failure> {
        let archive = Archive::open(state).map_err(store_failure)?;
        let ids = self.arguments.ids();
        match produced(self.bundle, self.crm, &archive, &ids, self.at).map_err(failure)? {
            Found::Nobody => Err(self.no_contact("nor does the state file know of it")),
            Found::Erased(at, scenario) => {
                let zone = self.bundle.settings.zone;
                let note = format!("erased on {} by `{scenario}`: nothing else is kept", moment(zone, at));
                Ok(self.production_story(zone, None, vec![note], Vec::new()))
            }
            Found::Told(production) => Ok(self.told(&production)),
        }
    }

    fn told(&self, production: &Production) -> Story {
        let zone = production.lived.as_ref().map_or(self.bundle.settings.zone, |lived| lived.zone);
        let teller = Teller {
            program: &production.program,
            world: &production.world,
            texts: self.texts,
            zone,
            reveal: self.arguments.reveal,
        };
        let mut notes = rows_of_others(&production.asked, &self.arguments.ids());
        notes.extend(production.notes.unreadable.first.iter().map(|unreadable| unreadable.diagnostic().message));
        if production.is_being_erased {
            notes.push("it is about to be erased: the next `scn run` finishes that".into());
        }
        let mut told = match (&production.lived, production.parted) {
            (Some(lived), None) => {
                let (trace, refusals, clocks) = (&lived.trace, &lived.refusals, &lived.clocks);
                teller.scenarios(Lived { trace, refusals, clocks, deliveries: &production.deliveries }, self.wanted)
            }
            (_, parted) => {
                notes.push(parted.map_or_else(
                    || "told from the journal alone".to_owned(),
                    |parted| {
                        format!(
                            "told from the journal alone, without what the clauses read: since {} the CRM, or the \
                             scenarios, say otherwise than when it was decided",
                            moment(zone, parted)
                        )
                    },
                ));
                scenarios(&teller, production, self.wanted)
            }
        };
        if production.journal.is_empty() {
            notes.push("`scn run` has done nothing with this contact by then".into());
        }
        told.extend(self.not_told(&production.not_run, "does not run"));
        told.sort_by(|one, other| one.name.cmp(&other.name));
        self.production_story(zone, Some(production), notes, told)
    }

    fn production_story(
        &self,
        zone: Zone,
        production: Option<&Production>,
        notes: Vec<String>,
        scenarios: Vec<crate::drivers::story::ScenarioStory>,
    ) -> Story {
        let person = production.and_then(|production| production.asked.first());
        let until = production.and_then(|production| production.until);
        Story {
            asked: self.wanted.words(),
            answer: brief(&scenarios),
            contact: person.map_or_else(|| self.arguments.contact.clone(), ToString::to_string),
            until: until.map_or_else(|| "now".to_owned(), |until| moment(zone, until)),
            zone: zone.name().to_owned(),
            told_from: "what `scn run` did".to_owned(),
            notes,
            scenarios,
        }
    }
}
