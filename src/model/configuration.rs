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
    /// The zone of calendar arithmetic where the policy says nothing: UTC, or `zone` of `scn.toml`.
    pub zone: Zone,
    /// Whether `scn.toml` says it, so that a policy that says it too is told.
    pub zone_written: bool,
    /// How late a message may leave where the policy says nothing: 2 days, or `expire` of `scn.toml`.
    pub expire: Duration,
    pub expire_written: bool,
    /// The names of webhooks, in order; where there is none, any may be called, and calls are files.
    pub webhooks: Vec<String>,
}

impl Default for Configuration {
    fn default() -> Configuration {
        Configuration {
            currency: Currency::default(),
            zone: Zone::UTC,
            zone_written: false,
            expire: Duration::days(2),
            expire_written: false,
            webhooks: Vec::new(),
        }
    }
}
