//! Plain parts of an observation, for scenarios and random worlds alike.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use clusterwarden::{
    alarm::AlarmsSeen,
    calendar::EVERY_DAY,
    cluster::{Group, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch},
    failover::{Budget, Evidence, FailoverRequest, NodeEvidence, ServiceEvent, Verdict},
    failover_shard,
    journal::Journal,
    pause::ScopedPause,
    policy::{CalendarWindow, DrillPolicy, FailoverPolicy, Freeze},
    promote_replica,
    window::WeeklyWindow,
};

/// Tuesday, 2 pm.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-24T14:00:00Z".parse().unwrap()
}

pub(crate) fn minutes(from_now: i64) -> DateTime<Utc> {
    now() + TimeDelta::minutes(from_now)
}

/// Which function decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Room {
    Shard,
    Promote,
}

/// What either room sees.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: DateTime<Utc>,
    pub(crate) group: Option<Group>,
    pub(crate) alarms: AlarmsSeen,
    pub(crate) events: Vec<ServiceEvent>,
    pub(crate) journal: Journal,
    pub(crate) pauses: Vec<ScopedPause>,
    pub(crate) budget: Budget,
    pub(crate) request: Option<FailoverRequest>,
    pub(crate) unreadable: Option<String>,
    pub(crate) evidence: Option<Evidence>,
}

impl Seen {
    pub(crate) fn decide(&self, room: Room, policy: &FailoverPolicy) -> Verdict {
        let Self {
            at,
            group,
            alarms,
            events,
            journal,
            pauses,
            budget,
            request,
            unreadable,
            evidence,
        } = self.clone();
        match room {
            Room::Shard => failover_shard::decide(
                policy,
                &failover_shard::Observation {
                    at,
                    group,
                    alarms,
                    events,
                    journal,
                    pauses,
                    budget,
                    request,
                    unreadable,
                    evidence,
                },
            ),
            Room::Promote => promote_replica::decide(
                policy,
                &promote_replica::Observation {
                    at,
                    group,
                    alarms,
                    events,
                    journal,
                    pauses,
                    request,
                    unreadable,
                    evidence,
                },
            ),
        }
    }
}

/// A group `orders` in which everything is available, as the room wants it: for promotions one shard, with cluster mode disabled and
/// nobody but us to fail it over. The first node of each shard is the primary.
pub(crate) fn group(room: Room, shards: usize, replicas: usize) -> Group {
    let shards: Vec<Shard> = (1..=shards)
        .map(|shard| Shard {
            id: ShardId::new(&format!("{shard:04}")),
            status: Status::Available,
            slots: None,
            nodes: (1..=replicas + 1)
                .map(|node| Node {
                    id: NodeId::new(&match room {
                        Room::Shard => format!("orders-{shard:04}-{node:03}"),
                        Room::Promote => format!("orders-{node:03}"),
                    }),
                    availability_zone: zone(shard + node),
                    status: Status::Available,
                    is_primary: (room == Room::Promote).then_some(node == 1),
                })
                .collect(),
        })
        .collect();
    let (mode, switch) = match room {
        Room::Shard => ("enabled", Switch::On),
        Room::Promote => ("disabled", Switch::Off),
    };
    Group {
        id: ReplicationGroupId::new("orders"),
        status: Status::Available,
        cluster_mode: Some(mode.to_owned()),
        node_type: Some("cache.r7g.large".to_owned()),
        automatic_failover: switch.clone(),
        multi_az: switch,
        global_datastore: None,
        snapshot_window: None,
        maintenance_window: WeeklyWindow::read("sun:05:00-sun:06:00"),
        slot_migration_percent: None,
        member_count: shards.iter().map(|shard| shard.nodes.len()).sum(),
        shards,
    }
}

fn zone(place: usize) -> Option<String> {
    let letter = ["a", "b", "c"].into_iter().cycle().nth(place + 1)?;
    Some(format!("eu-west-1{letter}"))
}

/// Samples of two minutes ago: the first node of each shard is the primary, the others lag 0.2 s.
pub(crate) fn evidence(group: &Group) -> Evidence {
    let mut evidence = BTreeMap::new();
    for shard in &group.shards {
        for (place, node) in shard.nodes.iter().enumerate() {
            let found = NodeEvidence {
                changed: None,
                is_primary: Some((minutes(-2), place == 0)),
                lag: (place > 0).then_some((minutes(-2), 0.2)),
            };
            evidence.insert(node.id.clone(), found);
        }
    }
    evidence
}

/// Drills every so many days, between two times of the day.
pub(crate) fn drill(days: u64, from: &str, to: &str) -> DrillPolicy {
    let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").unwrap();
    DrillPolicy {
        every: Duration::from_secs(days * 24 * 3600),
        window: CalendarWindow {
            name: "drill".to_owned(),
            time_zone: "Europe/Berlin".parse().unwrap(),
            days: EVERY_DAY.to_vec(),
            from: time(from),
            to: time(to),
            dates: None,
            min_shards: None,
            freeze: Freeze::None,
        },
        objective: Duration::from_secs(120),
        recovery_objective: None,
    }
}
