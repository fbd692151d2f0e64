//! The names of programs: hashes that stay the same for life.
//!
//! A scenario's hash is BLAKE3 over `scn-scenario-1` and its canonical JSON (fields in the order of the types, no
//! white space). A bundle's hash is BLAKE3 over `scn-bundle-1`, its settings, policy, measures and identity, and its scenarios' hashes in order.

use super::{Bundle, Scenario};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The identity of one version of one scenario.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScenarioHash(pub [u8; 32]);

/// The identity of a folder: its scenarios and its settings.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleHash(pub [u8; 32]);

impl Scenario {
    pub fn hash(&self) -> ScenarioHash {
        ScenarioHash(digest("scn-scenario-1", &[&canonical(self)]))
    }
}

impl Bundle {
    pub fn hash(&self) -> BundleHash {
        let mut parts = vec![
            canonical(&self.settings),
            canonical(&self.policy),
            canonical(&self.measures),
            canonical(&self.identity),
        ];
        parts.extend(self.scenarios.iter().map(|scenario| scenario.hash().0.to_vec()));
        BundleHash(digest("scn-bundle-1", &parts.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }
}

/// A value of the IR as bytes. Its types have no map and no float, so JSON cannot fail on them.
fn canonical(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn digest(kind: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(kind.as_bytes());
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for ScenarioHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for ScenarioHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Display for BundleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl fmt::Debug for BundleHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.0, f)
    }
}

impl std::str::FromStr for ScenarioHash {
    type Err = ();

    fn from_str(text: &str) -> Result<ScenarioHash, ()> {
        let mut bytes = [0u8; 32];
        if text.len() != 64 || !text.is_ascii() {
            return Err(());
        }
        for (place, byte) in bytes.iter_mut().enumerate() {
            let pair = text.get(place * 2..place * 2 + 2).ok_or(())?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| ())?;
        }
        Ok(ScenarioHash(bytes))
    }
}

impl Serialize for ScenarioHash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScenarioHash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<ScenarioHash, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(|()| serde::de::Error::custom("not a scenario hash"))
    }
}
