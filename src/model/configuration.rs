//! What `scn.toml` says that has a meaning: read by `cli`, handed to the rooms that need it.

use crate::time::{Duration, Zone};
use serde::{Deserialize, Serialize};

/// The project's currency: three capital letters (ISO 4217).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Currency(pub String);

impl Default for Currency {
    fn default() -> Currency {
        Currency("EUR".into())
    }
}

/// Settings that give sentences their meaning. Paths, servers and secrets are not among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configuration {
    pub currency: Currency,
    /// The zone of calendar arithmetic. UTC without a policy; `zone` of `scn.toml` until policies are in the language.
    pub zone: Zone,
    /// How late a message may leave: 2 days without a policy.
    pub expire: Duration,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration { currency: Currency::default(), zone: Zone::UTC, expire: Duration::days(2) }
    }
}
