//! Random worlds: mostly calm and known, so that failovers happen often, with one trouble or another in most of them.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clusterwarden::{
    cluster::{Group, Status, Switch},
    failover::{
        Budget, Evidence, FailoverRequest, IntentKind, RequestedTarget, ServiceEvent, Source,
        Waiver,
    },
    journal::{EVERYTHING, Journal, Pause},
    pause::ScopedPause,
    policy::{FailoverPolicy, OnReplacement},
};
use proptest::{collection::vec, option, prelude::*};

use crate::{
    build::{self, Room, Seen, minutes},
    words,
};

/// What a decision is made of.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) room: Room,
    pub(crate) policy: FailoverPolicy,
    pub(crate) seen: Seen,
}

/// What differs from a calm group in which nothing asks. Places count through the nodes, roles and troubles there are.
#[derive(Debug, Clone)]
struct Drawn {
    shape: (Room, usize, usize),
    drills: bool,
    moves: bool,
    cooldown: u64,
    alarm: Option<(usize, i64, u8)>,
    request: Option<(usize, i64, bool)>,
    replacement: Option<(usize, i64)>,
    failovers: Vec<(usize, i64, u8)>,
    events: Vec<(usize, i64, u8)>,
    samples: Vec<(usize, i64, u8)>,
    trouble: u8,
    used: u32,
}

fn often_none<T: std::fmt::Debug>(
    one: impl Strategy<Value = T>,
) -> impl Strategy<Value = Option<T>> {
    option::weighted(0.4, one)
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let place = || 0..12_usize;
    let room = prop_oneof![3 => Just(Room::Shard), 1 => Just(Room::Promote)];
    let shape = (
        room,
        1..4_usize,
        prop_oneof![1 => Just(0_usize), 9 => 1..3_usize],
    );
    let pace = (any::<bool>(), any::<bool>(), 1..90_u64);
    let asks = (
        often_none((place(), 0..12_i64, 0..8_u8)),
        often_none((place(), -5..60_i64, any::<bool>())),
        often_none((place(), -60..2000_i64)),
    );
    let past = (
        vec((place(), 0..300_i64, 0..7_u8), 0..3),
        vec((place(), 0..300_i64, 0..4_u8), 0..3),
    );
    let samples = vec((place(), 0..14_i64, 0..8_u8), 0..4);
    (shape, pace, asks, past, samples, 0..60_u8, 0..18_u32).prop_map(
        |(
            shape,
            (drills, moves, cooldown),
            (alarm, request, replacement),
            past,
            samples,
            trouble,
            used,
        )| Drawn {
            shape,
            drills,
            moves,
            cooldown,
            alarm,
            request,
            replacement,
            failovers: past.0,
            events: past.1,
            samples,
            trouble,
            used,
        },
    )
}

/// A world.
pub(crate) fn world() -> impl Strategy<Value = World> {
    drawn().prop_map(|drawn| drawn.world())
}

/// The ids of a shard and of one of its nodes, and whether that is the shard's first.
fn node(group: &Group, place: usize) -> (String, String) {
    let nodes: Vec<(String, String)> = group
        .shards
        .iter()
        .flat_map(|shard| {
            let ids = shard.nodes.iter().map(|node| node.id.to_string());
            ids.map(|id| (shard.id.to_string(), id))
        })
        .collect();
    nodes.get(place % nodes.len()).unwrap().clone()
}

/// The first node of a shard more often than any other: it is the primary.
fn likely_primary(group: &Group, place: usize) -> (String, String) {
    let (shard, _) = node(group, place);
    let found = group.shards.iter().find(|one| one.id.as_str() == shard);
    let nodes = &found.unwrap().nodes;
    let place = if place % 4 == 3 {
        place % nodes.len()
    } else {
        0
    };
    (shard, nodes.get(place).unwrap().id.to_string())
}

impl Drawn {
    fn world(&self) -> World {
        let (room, shards, replicas) = self.shape;
        let shards = if room == Room::Promote { 1 } else { shards };
        let group = build::group(room, shards, replicas);
        let mut policy = FailoverPolicy::defaults("orders");
        policy.cooldown = Duration::from_secs(self.cooldown * 60);
        policy.max_lag = 1.0;
        if self.drills && room == Room::Shard {
            policy.drill = Some(build::drill(1, "13:00", "18:00"));
        }
        if self.moves {
            policy.on_replacement = OnReplacement::Move;
        }
        let mut seen = Seen {
            at: build::now(),
            alarms: std::collections::BTreeMap::new(),
            events: self.events(&group),
            journal: self.journal(&group),
            pauses: Vec::new(),
            budget: Budget {
                used: self.used,
                limit: 15,
                reserve: 5,
                frees: None,
            },
            request: self.request(&group),
            unreadable: None,
            evidence: Some(self.evidence(&group)),
            group: None,
        };
        if let Some((place, ago, state)) = self.alarm {
            policy.alarms.evacuate.push("hot".to_owned());
            let (_, of) = likely_primary(&group, place);
            let text = match state {
                0 => format!("OK @-{ago} of {of}"),
                1 => format!("INSUFFICIENT_DATA @-{ago} of {of}"),
                2 => format!("ALARM @-{ago} of {of} muted"),
                3 => format!("ALARM @-{ago}"),
                _ => format!("ALARM @-{ago} of {of}"),
            };
            seen.alarms
                .insert("hot".to_owned(), words::alarm("hot", &text));
        }
        seen.group = Some(group);
        self.trouble(&mut policy, &mut seen);
        World { room, policy, seen }
    }

    fn evidence(&self, group: &Group) -> Evidence {
        let mut evidence = build::evidence(group);
        for (place, ago, what) in &self.samples {
            let (_, id) = node(group, *place);
            let found = evidence
                .get_mut(&clusterwarden::cluster::NodeId::new(&id))
                .unwrap();
            let at = minutes(-*ago);
            match what {
                0 => found.is_primary = None,
                1 => found.is_primary = Some((at, true)),
                2 => found.is_primary = Some((at, false)),
                3 => found.lag = None,
                4 => {
                    for found in evidence.values_mut() {
                        found.lag = found.lag.map(|_| (at, 3.5));
                    }
                }
                _ => {
                    // Another minute, the same word.
                    found.is_primary = found.is_primary.map(|(_, primary)| (at, primary));
                    found.lag = found.lag.map(|(_, lag)| (at, lag));
                }
            }
        }
        evidence
    }

    fn request(&self, group: &Group) -> Option<FailoverRequest> {
        let (place, expires, waives) = self.request?;
        let (shard, from) = likely_primary(group, place);
        let from = clusterwarden::cluster::NodeId::new(&from);
        let target = match self.shape.0 {
            Room::Shard => RequestedTarget::Shard {
                group: group.id.clone(),
                shard: clusterwarden::cluster::ShardId::new(&shard),
                from,
            },
            Room::Promote => RequestedTarget::Group {
                group: group.id.clone(),
                from,
                to: None,
            },
        };
        Some(FailoverRequest {
            target,
            reason: "rack work".to_owned(),
            expires: minutes(expires),
            accept: if waives {
                vec![Waiver::Cooldown]
            } else {
                Vec::new()
            },
        })
    }

    fn journal(&self, group: &Group) -> Journal {
        let mut journal = Journal::default();
        for (place, ago, what) in &self.failovers {
            let (shard, id) = node(group, *place);
            let outcome = match what {
                0 => "asked".to_owned(),
                1 => "accepted".to_owned(),
                2 => "refused later Busy".to_owned(),
                3 => "not sent".to_owned(),
                _ => format!("switched {id} @-{ago}"),
            };
            let kind = if *what == 6 { "drill" } else { "request" };
            let text = format!("@-{ago} {kind} of {shard} from {id} {outcome}");
            journal.failovers.push(words::attempt(&text));
        }
        journal.failovers.sort_by_key(|attempt| attempt.at);
        if let Some((place, starts)) = self.replacement {
            let (_, id) = likely_primary(group, place);
            let text = format!("{id} @{starts}");
            journal.replacements.push(words::replacement(&text));
        }
        journal
    }

    fn events(&self, group: &Group) -> Vec<ServiceEvent> {
        let events = self.events.iter().map(|(place, ago, what)| {
            let (shard, id) = node(group, *place);
            let message = match what {
                0 => format!("Failover to replica node {id} completed"),
                1 => format!("Test Failover API called for node group {shard}"),
                _ => "Cache node 0001 restarted".to_owned(),
            };
            ServiceEvent {
                at: minutes(-*ago),
                source: Source::Group,
                id: "orders".to_owned(),
                message,
            }
        });
        events.collect()
    }

    /// One of many troubles, or none.
    fn trouble(&self, policy: &mut FailoverPolicy, seen: &mut Seen) {
        let group = seen.group.as_mut().unwrap();
        let place = usize::from(self.trouble);
        match self.trouble {
            0 => group.status = Status::Busy("modifying".to_owned()),
            1 => group.status = Status::Snapshotting,
            2 => group.shards.last_mut().unwrap().status = Status::Unsaid,
            3 => group.automatic_failover = Switch::Between("enabling".to_owned()),
            4 => group.multi_az = Switch::Unsaid,
            5 => group.global_datastore = Some("world".to_owned()),
            6 => group.member_count += 1,
            7 => seen.unreadable = Some("throttled".to_owned()),
            8 => seen.pauses.push(paused(None)),
            9 => seen.pauses.push(paused(Some(minutes(5)))),
            10 => seen.pauses.push(paused(Some(minutes(-5)))),
            11 => policy.alarms.stop.push("incident".to_owned()),
            12 | 13 => {
                policy.alarms.stop.push("incident".to_owned());
                let word = if place == 12 { "ALARM" } else { "OK" };
                let alarm = words::alarm("incident", word);
                seen.alarms.insert("incident".to_owned(), alarm);
            }
            14 => seen.journal = seen.journal.asking(minutes(-5), 2, 3, Vec::new()),
            15 => group.cluster_mode = None,
            16 => seen.evidence = None,
            17 => group.maintenance_window = None,
            _ => {}
        }
    }
}

fn paused(until: Option<DateTime<Utc>>) -> ScopedPause {
    ScopedPause {
        pattern: EVERYTHING.to_owned(),
        pause: Pause {
            until,
            why: String::new(),
            by: String::new(),
        },
    }
}

/// Whether a kind of intent may be drawn in a room.
pub(crate) fn kinds(room: Room) -> &'static [IntentKind] {
    match room {
        Room::Shard => &[
            IntentKind::Request,
            IntentKind::Evacuation,
            IntentKind::Replacement,
            IntentKind::Drill,
        ],
        Room::Promote => &[IntentKind::Request, IntentKind::Evacuation],
    }
}
