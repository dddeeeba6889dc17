//! CloudWatch alarms as they are when read, whatever event woke us.

use std::{collections::BTreeMap, fmt};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::cluster::ReplicationGroupId;

/// What an alarm says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AlarmState {
    /// `OK`.
    Ok,
    /// `ALARM`: a breach.
    Alarm,
    /// `INSUFFICIENT_DATA`, or a word that we do not know: the alarm says nothing.
    InsufficientData,
}

impl fmt::Display for AlarmState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "OK",
            Self::Alarm => "ALARM",
            Self::InsufficientData => "INSUFFICIENT_DATA",
        })
    }
}

/// Why an alarm in ALARM does not count as a breach: somebody silenced it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Silence {
    /// Its actions are disabled.
    ActionsDisabled,
    /// Another alarm suppresses its actions.
    Suppressed,
    /// A mute rule is active over it.
    Muted(String),
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ActionsDisabled => f.write_str("its actions are disabled"),
            Self::Suppressed => f.write_str("its actions are suppressed"),
            Self::Muted(rule) => write!(f, "muted by rule {rule}"),
        }
    }
}

/// One alarm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// What it says.
    pub state: AlarmState,
    /// When it last changed to this state; `None`: the service did not say.
    pub since: Option<DateTime<Utc>>,
    /// Why a breach of it does not count; `None`: it counts.
    pub silence: Option<Silence>,
    /// The dimensions of the one metric it watches, such as `CacheClusterId`. Empty: it watches several, or none that we read.
    pub dimensions: BTreeMap<String, String>,
}

impl Alarm {
    /// Whether it is in ALARM and nobody silenced it.
    pub fn breaches(&self) -> bool {
        self.state == AlarmState::Alarm && self.silence.is_none()
    }
}

/// The alarms that were found, by name. A name that is absent was looked for and not found.
pub type AlarmsSeen = BTreeMap<String, Alarm>;

/// Those of the alarms that were found which an entry of the policy names.
pub fn named<'n>(names: impl Iterator<Item = &'n String>, found: &AlarmsSeen) -> AlarmsSeen {
    names
        .filter_map(|name| Some((name.clone(), found.get(name)?.clone())))
        .collect()
}

/// Application Auto Scaling names its alarms for replication groups so; a group that it governs has at least one.
pub const AUTO_SCALING_PREFIX: &str = "TargetTracking-replication-group/";

/// Whether an alarm's name shows that Application Auto Scaling governs this group: the prefix, the id, and then a mark such
/// as `-AlarmHigh-…`. Ids have no capitals, so a capital tells `orders` from the `orders` in `orders-eu`; a name without
/// any capital is taken to mean every group that it could mean, because two scalers must not govern one group.
pub fn shows_auto_scaling(name: &str, group: &ReplicationGroupId) -> bool {
    let Some(rest) = name.strip_prefix(AUTO_SCALING_PREFIX) else {
        return false;
    };
    let Some(tail) = rest
        .strip_prefix(group.as_str())
        .and_then(|tail| tail.strip_prefix('-'))
    else {
        return false;
    };
    tail.starts_with(|first: char| first.is_ascii_uppercase())
        || !tail.contains(|c: char| c.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_scaling_of_a_longer_id_is_not_ours() {
        let group = ReplicationGroupId::new("orders");
        assert!(shows_auto_scaling(
            "TargetTracking-replication-group/orders-AlarmHigh-1f0e",
            &group
        ));
        assert!(!shows_auto_scaling(
            "TargetTracking-replication-group/orders-eu-AlarmHigh-1f0e",
            &group
        ));
        assert!(shows_auto_scaling(
            "TargetTracking-replication-group/orders-1f0e",
            &group
        ));
        assert!(!shows_auto_scaling("orders-cpu-high", &group));
    }
}
