//! Versions of scenarios as they are kept, in the present form and in the older ones.
//!
//! A kept version has the hash under which it was kept, for life: states and effects name it. A form that changed would give
//! another hash, so the hash of what is read is never worked out anew. An older form is brought to the present one as JSON,
//! form by form; nothing is guessed: where a form had no word for something, it did not exist.

use super::{Bundle, FORMAT, MessageContext, Scenario, ScenarioHash, WrittenStep};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::fmt;

/// One version of one scenario, as it is kept while a contact needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub format: u32,
    pub scenario: Scenario,
    pub messages: Vec<MessageContext>,
    /// Its steps as they are written; empty in a version that was kept before they were.
    pub steps: Vec<WrittenStep>,
}

/// A version under the hash by which states know it: that of the form in which it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptVersion {
    pub hash: ScenarioHash,
    pub version: Version,
}

/// Why a kept version cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VersionError {
    /// A newer program kept it, in this form.
    Newer(u64),
    /// It is in no form that there ever was; what is wrong with it.
    Broken(String),
}

impl fmt::Display for VersionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersionError::Newer(format) => {
                write!(f, "a newer scn kept it (form {format}, and this one reads up to form {FORMAT})")
            }
            VersionError::Broken(problem) => write!(f, "it is damaged ({problem})"),
        }
    }
}

impl std::error::Error for VersionError {}

impl Bundle {
    /// The present version of each scenario, by its place.
    pub fn versions(&self) -> impl Iterator<Item = KeptVersion> {
        self.scenarios.iter().map(|scenario| KeptVersion {
            hash: scenario.hash(),
            version: Version {
                format: self.format,
                scenario: scenario.clone(),
                messages: self.messages.iter().filter(|message| message.scenario == scenario.name).cloned().collect(),
                steps: (self.written.iter().filter(|written| written.scenario == scenario.name))
                    .flat_map(|written| written.steps.iter().cloned())
                    .collect(),
            },
        })
    }
}

impl Version {
    /// As it is kept. It has no map with keys other than texts and no float, so JSON cannot fail on it.
    pub fn kept(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads a version that was kept, in this form or an older one.
    ///
    /// # Errors
    ///
    /// When it is of a newer form, or in none.
    pub fn read(json: &str) -> Result<Version, VersionError> {
        let broken = |error: serde_json::Error| VersionError::Broken(error.to_string());
        let mut value: Value = serde_json::from_str(json).map_err(broken)?;
        let format = value.get("format").and_then(Value::as_u64);
        match format {
            Some(1) => {
                second(&mut value);
                third(&mut value);
            }
            Some(2) => third(&mut value),
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) if format > u64::from(FORMAT) => return Err(VersionError::Newer(format)),
            _ => return Err(VersionError::Broken("it does not say its form".into())),
        }
        let version: Version = serde_json::from_value(value).map_err(broken)?;
        Ok(Version { format: FORMAT, ..version })
    }

    /// The name of the scenario of a version that may not be readable.
    pub fn scenario_of(json: &str) -> Option<String> {
        let value: Value = serde_json::from_str(json).ok()?;
        Some(value.get("scenario")?.get("name")?.as_str()?.to_owned())
    }
}

/// From form 1, which had events alone to start instances, and neither routes, turns of a `repeat`, engagement nor consent.
fn second(version: &mut Value) {
    if let Some(scenario) = version.get_mut("scenario").and_then(Value::as_object_mut) {
        if let Some(triggers) = scenario.remove("triggers") {
            scenario.insert("start".into(), json!({ "events": triggers }));
        }
        scenario.get_mut("code").map(add_routes);
        for step in objects(scenario.get_mut("steps")) {
            step.insert("visit".into(), json!(0));
            let Some(op) = step.get_mut("op").and_then(Value::as_object_mut) else { continue };
            if let Some(wait) = op.get_mut("wait_for").and_then(Value::as_object_mut) {
                wait.insert("engagement".into(), json!([]));
            }
            let alternatives = op.get_mut("send").and_then(|send| send.get_mut("alternatives"));
            objects(alternatives).for_each(|alternative| set(alternative, "consent", Value::Null));
        }
    }
    for message in objects(version.get_mut("messages")) {
        message.get_mut("code").map(add_routes);
    }
}

/// To the code of form 1: no event was routed.
fn add_routes(code: &mut Value) {
    let events = code.get("events").and_then(Value::as_array).map_or(0, Vec::len);
    if let Some(code) = code.as_object_mut() {
        set(code, "routes", json!(vec![Value::Null; events]));
    }
}

/// From form 2, which in its first days had periods without the contact's creation, templates without rows of lists, and no
/// texts of steps.
fn third(version: &mut Value) {
    if let Some(version) = version.as_object_mut() {
        set(version, "steps", json!([]));
    }
    let start = version.get_mut("scenario").and_then(|scenario| scenario.get_mut("start"));
    if let Some(every) = start.and_then(|start| start.get_mut("every"))
        && every.get("occurrence").is_none()
    {
        *every = json!({ "occurrence": every.take(), "since": null });
    }
    for message in objects(version.get_mut("messages")) {
        set(message, "with", json!([]));
        for list in ["variables", "items"] {
            objects(message.get_mut(list)).for_each(|variable| set(variable, "each", json!([])));
        }
    }
}

/// The objects of a list.
fn objects(list: Option<&mut Value>) -> impl Iterator<Item = &mut Map<String, Value>> {
    list.and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// Gives an object a field that it does not have.
fn set(object: &mut Map<String, Value>, field: &str, value: Value) {
    object.entry(field).or_insert(value);
}

#[cfg(test)]
#[allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a test panics where it fails, and reads its files"
)]
mod tests;
