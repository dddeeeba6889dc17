//! Random clusters with what was seen of them: calm more often than not, so that acts are common, and every hold happens.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    alarm::{Alarm, AlarmState, AlarmsSeen, Silence},
    cluster::{DbClusterId, InstanceId, ReplicationGroupId, Status},
    db_cluster::{DbCluster, Member},
    failover::{
        FailoverAttempt, FailoverOutcome, FailoverRequest, IntentKind, RequestedTarget,
        ServiceEvent, Source, Waiver,
    },
    failover_db_cluster::{Lags, Observation},
    journal::{Journal, Retry},
    pause::{Pause, ScopedPause},
    policy::FailoverPolicy,
    window::WeeklyWindow,
};
use proptest::{collection::vec, option, prelude::*};

use crate::support::{CLUSTER, minutes, now, policy};

/// A policy and a sight under it.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) policy: FailoverPolicy,
    pub(crate) seen: Observation,
}

/// One instance with its lag.
#[derive(Debug, Clone)]
struct Instance {
    role_lies: Option<Option<bool>>,
    tier: Option<u32>,
    status: Status,
    class: Option<&'static str>,
    zone: Option<&'static str>,
    lag: Option<(i64, f64)>,
}

/// Engines that are near Neptune's word, or on the same endpoint.
pub(crate) fn other_engine() -> impl Strategy<Value = Option<String>> {
    let word = prop::sample::select(vec![
        "Neptune",
        "NEPTUNE",
        "nEptune",
        " neptune",
        "neptune ",
        "neptune\n",
        "neptune-graph",
        "neptune-analytics",
        "neptune1",
        "neptun",
        "nep tune",
        // A Cyrillic letter.
        "neptun\u{435}",
        "",
        "aurora",
        "aurora-mysql",
        "aurora-postgresql",
        "docdb",
        "mysql",
        "postgres",
    ]);
    let drawn = "[a-z-]{0,3}neptune[a-z -]{0,3}|[a-zA-Z-]{0,12}"
        .prop_filter("exactly neptune", |word: &String| word != "neptune");
    prop_oneof![
        1 => Just(None),
        6 => word.prop_map(|word| Some(word.to_owned())),
        3 => drawn.prop_map(Some),
    ]
}

fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        40 => Just(Status::Available),
        1 => Just(Status::Busy("rebooting".to_owned())),
        1 => Just(Status::Unsaid),
    ]
}

fn instance() -> impl Strategy<Value = Instance> {
    let class = prop::sample::select(vec![
        "db.r6g.large",
        "db.r6g.2xlarge",
        "db.r5.2xlarge",
        "db.r6g.4xlarge",
        "db.serverless",
    ]);
    let lag = prop_oneof![
        8 => (0..10_i64, 0.0..400.0_f64),
        2 => (0..10_i64, 0.0..3000.0_f64),
        1 => (-20..90_i64, 0.0..400.0_f64),
        1 => (0..10_i64, prop::sample::select(vec![f64::NAN, f64::INFINITY, -1.0])),
    ];
    let lie = prop::sample::select(vec![None, Some(true), Some(false)]);
    (
        option::weighted(0.02, lie),
        option::weighted(0.9, 0..3_u32),
        status(),
        option::weighted(0.9, class),
        option::weighted(0.9, prop::sample::select(vec!["a", "b", "c"])),
        option::weighted(0.85, lag),
    )
        .prop_map(|(role_lies, tier, status, class, zone, lag)| Instance {
            role_lies,
            tier,
            status,
            class,
            zone,
            lag,
        })
}

fn cluster() -> impl Strategy<Value = (DbCluster, Lags)> {
    let engine = prop_oneof![19 => Just(Some("neptune".to_owned())), 1 => other_engine()];
    let global = option::weighted(0.02, Just("shop".to_owned()));
    // Now and then it is the hour of every world's `now`, or unsaid.
    let maintenance = prop_oneof![
        18 => Just(Some("sun:05:00-sun:06:00")),
        1 => Just(Some("tue:13:30-tue:14:30")),
        1 => Just(None),
    ];
    let of_cluster = (engine, status(), global, maintenance);
    (of_cluster, vec(instance(), 1..5), 0..4_usize).prop_map(
        |((engine, status, global_database, maintenance), instances, writer)| {
            let mut lags = Lags::new();
            let writer = writer % instances.len();
            let members = instances.iter().enumerate().map(|(place, one)| {
                let id = instance_id(place);
                if let Some((age, millis)) = one.lag {
                    lags.insert(id.clone(), (minutes(now(), -age), millis / 1000.0));
                }
                Member {
                    id,
                    is_writer: one.role_lies.unwrap_or(Some(place == writer)),
                    promotion_tier: one.tier,
                    status: one.status.clone(),
                    class: one.class.map(str::to_owned),
                    availability_zone: one.zone.map(str::to_owned),
                }
            });
            let cluster = DbCluster {
                id: DbClusterId::new(CLUSTER),
                engine,
                status,
                global_database,
                maintenance_window: maintenance.map(WeeklyWindow::read_or_any_time),
                members: members.collect(),
            };
            (cluster, lags)
        },
    )
}

fn instance_id(place: usize) -> InstanceId {
    InstanceId::new(&format!("{CLUSTER}-{place}"))
}

fn dimensions() -> impl Strategy<Value = BTreeMap<String, String>> {
    let map = |pairs: &[(&str, &str)]| {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect::<BTreeMap<_, _>>()
    };
    let (cluster, other) = ("DBClusterIdentifier", "graph-test");
    let fixed = prop::sample::select(vec![
        map(&[(cluster, CLUSTER), ("Role", "WRITER")]),
        map(&[(cluster, CLUSTER), ("Role", "WRITER")]),
        map(&[(cluster, CLUSTER), ("Role", "READER")]),
        map(&[(cluster, CLUSTER)]),
        map(&[(cluster, other), ("Role", "WRITER")]),
        map(&[("Role", "WRITER")]),
        map(&[]),
    ]);
    let instance = (0..5_usize).prop_map(|place| {
        let id = instance_id(place).to_string();
        BTreeMap::from([("DBInstanceIdentifier".to_owned(), id)])
    });
    prop_oneof![fixed, instance]
}

fn alarm(name: &'static str, breaches: u32) -> impl Strategy<Value = Option<Alarm>> {
    let state = prop_oneof![
        8 => Just(AlarmState::Ok),
        breaches => Just(AlarmState::Alarm),
        1 => Just(AlarmState::InsufficientData),
    ];
    let silence = option::weighted(0.1, Just(Silence::ActionsDisabled));
    let since = option::weighted(0.95, 0..240_i64);
    option::weighted(
        0.96,
        (state, silence, since, dimensions()).prop_map(
            move |(state, silence, since, dimensions)| Alarm {
                name: name.to_owned(),
                state,
                since: since.map(|ago| minutes(now(), -ago)),
                silence,
                dimensions,
            },
        ),
    )
}

fn alarms() -> impl Strategy<Value = AlarmsSeen> {
    (
        alarm("writer-cpu", 12),
        alarm("queue", 3),
        alarm("freeze", 1),
    )
        .prop_map(|(one, two, three)| {
            let found = [one, two, three].into_iter().flatten();
            found.map(|alarm| (alarm.name.clone(), alarm)).collect()
        })
}

fn events() -> impl Strategy<Value = Vec<ServiceEvent>> {
    let words = prop::sample::select(vec![
        "Completed failover to DB instance: graph-prod-1",
        "Started cross AZ failover to DB instance: graph-prod-1",
        "DB cluster created",
    ]);
    let event = (0..200_i64, words).prop_map(|(ago, message)| ServiceEvent {
        at: minutes(now(), -ago),
        source: Source::DbCluster,
        id: CLUSTER.to_owned(),
        message: message.to_owned(),
    });
    prop_oneof![3 => Just(Vec::new()), 1 => vec(event, 1..3)]
}

fn attempt() -> impl Strategy<Value = FailoverAttempt> {
    let retry = prop::sample::select(vec![Retry::Now, Retry::Later, Retry::Person]);
    let outcome = prop_oneof![
        Just(FailoverOutcome::Asked),
        Just(FailoverOutcome::Accepted),
        Just(FailoverOutcome::NotSent),
        retry.prop_map(|retry| FailoverOutcome::Refused {
            code: "Throttling".to_owned(),
            retry,
        }),
        (0..60_i64).prop_map(|ago| FailoverOutcome::Switched {
            at: minutes(now(), -ago),
            to: "graph-prod-1".to_owned(),
        }),
    ];
    let kind = prop::sample::select(vec![
        IntentKind::Request,
        IntentKind::Evacuation,
        IntentKind::Drill,
    ]);
    (0..200_i64, kind, outcome).prop_map(|(ago, intent, outcome)| FailoverAttempt {
        at: minutes(now(), -ago),
        intent,
        why: String::new(),
        unit: CLUSTER.to_owned(),
        from: "graph-prod-0".to_owned(),
        to: None,
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    })
}

fn journal() -> impl Strategy<Value = Journal> {
    let pause = Pause {
        until: None,
        why: "migration".to_owned(),
        by: "ana".to_owned(),
    };
    let failovers = prop_oneof![3 => Just(Vec::new()), 1 => vec(attempt(), 1..3)];
    (failovers, option::weighted(0.02, Just(pause))).prop_map(|(mut failovers, pause)| {
        failovers.sort_by_key(|attempt| attempt.at);
        Journal {
            failovers,
            pause,
            ..Journal::default()
        }
    })
}

pub(crate) fn request() -> impl Strategy<Value = FailoverRequest> {
    let ours = (0..5_usize, option::weighted(0.3, 0..5_usize)).prop_map(|(from, to)| {
        RequestedTarget::DbCluster {
            cluster: DbClusterId::new(CLUSTER),
            from: instance_id(from),
            to: to.map(instance_id),
        }
    });
    let group = RequestedTarget::Group {
        group: ReplicationGroupId::new(CLUSTER),
        from: clusterwarden::cluster::NodeId::new("graph-prod-0"),
        to: None,
    };
    let target = prop_oneof![30 => ours, 1 => Just(group)];
    (target, -5..60_i64, any::<bool>()).prop_map(|(target, expires, waives)| FailoverRequest {
        target,
        reason: "patching".to_owned(),
        expires: minutes(now(), expires),
        accept: waives.then_some(Waiver::Cooldown).into_iter().collect(),
    })
}

/// Read once, not for every world: reading a file is slow.
fn policies() -> impl Strategy<Value = FailoverPolicy> {
    let drill = |from: &str, to: &str| {
        format!("drill = {{ every_days = 1, time_zone = 'UTC', from = '{from}', to = '{to}' }}\n")
    };
    let open = drill("13:00", "15:00");
    let drills = [String::new(), open.clone(), open, drill("15:00", "16:00")];
    let alarms = [
        "",
        "alarms.evacuate = ['writer-cpu']\n",
        "alarms.evacuate = ['queue', 'writer-cpu']\nalarms.stop = ['freeze']\n",
    ];
    let all = drills.iter().flat_map(|drill| {
        let with = |alarms: &&str| policy(&toml::from_str(&format!("{drill}{alarms}")).unwrap());
        alarms.iter().map(with).collect::<Vec<FailoverPolicy>>()
    });
    prop::sample::select(all.collect::<Vec<FailoverPolicy>>())
}

/// Any world.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let pauses = option::weighted(0.02, Just(paused(now() + TimeDelta::minutes(5))));
    let unreadable = option::weighted(0.01, Just("throttled".to_owned()));
    let sight = (
        cluster(),
        alarms(),
        events(),
        journal(),
        pauses,
        option::weighted(0.4, request()),
        unreadable,
        prop::bool::weighted(0.95),
    );
    (policies(), sight).prop_map(|(policy, sight)| {
        let ((cluster, lags), alarms, events, journal, pause, request, unreadable, read) = sight;
        let seen = Observation {
            at: now(),
            cluster: Some(cluster),
            alarms,
            events,
            journal,
            pauses: pause.into_iter().collect(),
            request,
            unreadable,
            lags: read.then_some(lags),
        };
        World { policy, seen }
    })
}

/// A pause of many clusters.
pub(crate) fn paused(until: DateTime<Utc>) -> ScopedPause {
    ScopedPause {
        pattern: "graph-*".to_owned(),
        pause: Pause {
            until: Some(until),
            why: "migration".to_owned(),
            by: "ana".to_owned(),
        },
    }
}
