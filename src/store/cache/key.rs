//! For what a cache is made: a CRM, and what is read of it.

use super::Cold;
use super::stamp::refuse_unproven;
use crate::engine::Program;
use crate::store::crm::Crm;
use serde::Serialize;
use std::path::PathBuf;

/// Of what a history is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    pub crm: &'a Crm,
    pub program: &'a Program,
    /// The fields by which rows are one person.
    pub identity: &'a [String],
    /// Whether contacts without events are asked for too.
    pub everyone: bool,
}

impl<'a> Asked<'a> {
    /// The tables that are read.
    pub(super) fn tables(&self) -> Vec<&'a str> {
        let needs = self.program.needs();
        let read = needs.entities.iter().map(|entity| &entity.name);
        let told = needs.events.iter().zip(&needs.routes);
        let told = told.map(|(event, route)| route.as_ref().map_or(&event.name, |route| &route.event));
        read.chain(told).map(String::as_str).chain(["contact"]).collect()
    }
}

/// What is kept differs where one of these does: raise it whenever a row of a CRM is read as something else than before, or is
/// written otherwise.
const FORMAT: u32 = 1;

/// For what a cache was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The CRM, without the links that lead to it.
    pub path: PathBuf,
    /// A hash of that path.
    pub crm: [u8; 32],
    /// A hash of everything else that the content depends on, but for the CRM's own state.
    pub needs: [u8; 32],
    /// A hash of the CRM's tables and columns as they were seen when it was opened.
    pub shape: [u8; 32],
}

impl Key {
    /// Refuses a CRM of which it could not be proven that it is unchanged.
    pub fn of(asked: &Asked<'_>) -> Result<Key, Cold> {
        let path = std::fs::canonicalize(asked.crm.path()).map_err(|error| Cold::Unstamped(error.to_string()))?;
        refuse_unproven(&path)?;
        let needs = asked.program.needs();
        asked.crm.refuse_unsteady(&asked.tables())?;
        let zone = asked.program.settings.zone.name();
        let version = (FORMAT, env!("CARGO_PKG_VERSION"));
        let content = (
            version,
            &needs.contact,
            &needs.entities,
            &needs.events,
            &needs.routes,
            zone,
            asked.identity,
            asked.everyone,
        );
        let crm = *blake3::hash(path.as_os_str().as_encoded_bytes()).as_bytes();
        Ok(Key { path, crm, needs: hash(&content)?, shape: shape_of(asked.crm)? })
    }

    /// The name of the file.
    pub fn file_name(&self) -> String {
        let short = |hash: &[u8; 32]| hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect::<String>();
        format!("{}-{}{}", short(&self.crm), short(&self.needs), super::folder::END)
    }
}

/// A hash of a CRM's tables and columns as they were when it was opened.
pub(super) fn shape_of(crm: &Crm) -> Result<[u8; 32], Cold> {
    let tables = &crm.shape().tables;
    let names: Vec<(&str, bool)> = tables.iter().map(|table| (table.name.as_str(), table.is_view)).collect();
    let columns = tables.iter().flat_map(|table| table.columns.iter().map(move |column| (table, column)));
    let columns: Vec<[&str; 3]> =
        columns.map(|(table, column)| [table.name.as_str(), &column.name, &column.declared]).collect();
    hash(&(names, columns))
}

fn hash(what: &impl Serialize) -> Result<[u8; 32], Cold> {
    let bytes = postcard::to_stdvec(what).map_err(|error| Cold::Unwritten(error.to_string()))?;
    Ok(*blake3::hash(&bytes).as_bytes())
}
