//! Whether an alarm shows that a primary is to be left: it must still be the primary, by a sample taken after the alarm went
//! off, and nobody may have failed the shard over since. The service fails over by itself, and we must not race it.

use chrono::{DateTime, Utc};

use super::{Hold, Intent, ServiceEvent, Source, decision::day_and_time, sight::Sight};
use crate::{
    alarm::Alarm,
    checks::Guards,
    cluster::{Node, NodeId, Shard},
    failover::{Happened, guards::is_failover},
};

/// The dimension that names the node an alarm watches.
const NODE: &str = "CacheClusterId";

/// An alarm of the policy that breaches, and what it watches.
pub(crate) struct Alarmed<'a> {
    pub(crate) alarm: &'a Alarm,
    /// Since when it is in ALARM.
    pub(crate) since: DateTime<Utc>,
    pub(crate) shard: &'a Shard,
    pub(crate) node: &'a Node,
}

impl<'a> Sight<'a> {
    /// The alarms that ask for an evacuation of this group, in the policy's order; each with the node it watches, or the hold that
    /// says what of it is not known. One that watches a node of another group asks nothing of this one.
    pub(crate) fn evacuations(&self) -> Vec<Result<Alarmed<'a>, Hold>> {
        let names = self.policy.alarms.evacuate.iter();
        let breaching = names
            .filter_map(|name| self.alarms.get(name))
            .filter(|alarm| alarm.breaches());
        breaching
            .filter_map(|alarm| self.alarmed(alarm).transpose())
            .collect()
    }

    /// `None`: it watches a node of another group.
    fn alarmed(&self, alarm: &'a Alarm) -> Result<Option<Alarmed<'a>>, Hold> {
        let Some(id) = alarm.dimensions.get(NODE) else {
            return Err(not_shown(alarm, format!("it has no dimension {NODE}")));
        };
        let Some((shard, node)) = self.node(&NodeId::new(id)) else {
            return Ok(None);
        };
        let Some(since) = alarm.since else {
            return Err(not_shown(alarm, "nobody says since when".to_owned()));
        };
        Ok(Some(Alarmed {
            alarm,
            since,
            shard,
            node,
        }))
    }

    /// Whether an alarm is known to watch a node of another group.
    pub(crate) fn watches_another(&self, alarm: &Alarm) -> bool {
        let node = alarm.dimensions.get(NODE);
        node.is_some_and(|id| self.node(&NodeId::new(id)).is_none())
    }

    /// What of an evacuation can be told before the metrics are read: nobody failed over since, and where the service says who is
    /// primary, it is the alarmed node.
    pub(crate) fn require_may_be_shown(
        &self,
        alarmed: &Alarmed<'_>,
        guards: &mut Guards,
    ) -> Result<(), Hold> {
        self.require_no_failover_since(alarmed, guards)?;
        if self.roles_are_metrics() {
            return Ok(());
        }
        let id = &alarmed.node.id;
        let saw = match alarmed.node.is_primary {
            Some(true) => format!("{id} is the primary"),
            Some(false) => format!("{id} is not the primary"),
            None => format!("nobody says whether {id} is the primary"),
        };
        let primary = alarmed.node.is_primary == Some(true);
        guards.require("alarmed_is_primary", primary, saw.clone(), || {
            not_shown(alarmed.alarm, saw)
        })
    }

    fn require_no_failover_since(
        &self,
        alarmed: &Alarmed<'_>,
        guards: &mut Guards,
    ) -> Result<(), Hold> {
        let told = self
            .events
            .iter()
            .filter(|event| self.concerns(event, alarmed.shard))
            .map(|event| event.at);
        let ours = self
            .journal
            .failovers
            .iter()
            .filter(|attempt| {
                // A promotion is of the group itself, which then has one shard.
                [alarmed.shard.id.as_str(), self.group.id.as_str()].contains(&attempt.unit.as_str())
                    && attempt.may_have_happened()
            })
            .map(super::FailoverAttempt::ended_at);
        // Only of a group without shards a leader is known.
        let led = self.journal.led_since();
        let newest = told
            .chain(ours)
            .chain(led)
            .filter(|at| *at >= alarmed.since)
            .max();
        let since = day_and_time(alarmed.since);
        let saw = newest.map_or_else(
            || format!("none of shard {} since {since}", alarmed.shard.id),
            |at| {
                format!(
                    "shard {} was failed over at {}",
                    alarmed.shard.id,
                    day_and_time(at)
                )
            },
        );
        guards.require("no_failover_since", newest.is_none(), saw.clone(), || {
            not_shown(alarmed.alarm, saw)
        })
    }

    /// The node that the alarm watches is the primary, alone, by a sample of a minute that began after the alarm went off.
    pub(crate) fn require_shown(
        &self,
        alarmed: &Alarmed<'_>,
        guards: &mut Guards,
    ) -> Result<(), Hold> {
        let shown = self.shown(alarmed);
        let passed = shown.is_ok();
        let (Ok(saw) | Err(saw)) = shown;
        guards.require("evacuation_shown", passed, saw.clone(), || {
            not_shown(alarmed.alarm, saw)
        })
    }

    fn shown(&self, alarmed: &Alarmed<'_>) -> Result<String, String> {
        let node = &alarmed.node.id;
        let since = day_and_time(alarmed.since);
        match self.role_of(alarmed.shard, node) {
            None => return Err(format!("the role of {node} is not known")),
            Some((_, false)) => return Err(format!("{node} is not the primary")),
            Some((minute, true)) if minute < alarmed.since => {
                return Err(format!(
                    "{node} was the primary at {}, and no sample tells of it since {since}",
                    day_and_time(minute)
                ));
            }
            Some((_, true)) => {}
        }
        for other in alarmed.shard.nodes.iter().filter(|one| one.id != *node) {
            match self.role_of(alarmed.shard, &other.id) {
                Some((_, false)) => {}
                Some((_, true)) => return Err(format!("{} says it is the primary", other.id)),
                // A node that says nothing may be the primary as well.
                None => return Err(format!("the role of {} is not known", other.id)),
            }
        }
        Ok(format!("{node} alone has IsMaster 1, after {since}"))
    }

    /// Whether an event tells of a failover of this shard. One that names a node which the group no longer has may be of any.
    fn concerns(&self, event: &ServiceEvent, shard: &Shard) -> bool {
        let what = event.happened();
        let of_another = |id: &str| {
            self.node(&NodeId::new(id))
                .is_some_and(|(found, _)| found.id != shard.id)
        };
        if !is_failover(&what) {
            return false;
        }
        match what {
            Happened::TestFailoverCalled { shard: called } => called == shard.id.as_str(),
            Happened::FailedOver { to } => !of_another(&to),
            Happened::FailoverStarted { .. }
            | Happened::FailoverFailed
            | Happened::RecoveryStarted
            | Happened::RecoveryFinished
            | Happened::FailoverNotAttempted
            | Happened::InstanceRestarted
            | Happened::ReplacementScheduled { .. }
            | Happened::ReplacementCanceled { .. }
            | Happened::Other => event.source == Source::Group || !of_another(&event.id),
        }
    }
}

impl Alarmed<'_> {
    /// The intent, once it is shown.
    pub(crate) fn intent(&self) -> Intent {
        Intent::Evacuation {
            alarm: self.alarm.name.clone(),
            since: self.since,
        }
    }
}

fn not_shown(alarm: &Alarm, because: String) -> Hold {
    Hold::EvacuationNotShown {
        alarm: alarm.name.clone(),
        because,
    }
}
