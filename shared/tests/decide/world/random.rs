//! How worlds are drawn.

use std::{collections::BTreeMap, time::Duration};

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;
use clusterwarden::{
    alarm::{Alarm, AlarmState, Silence},
    calendar::{CalendarWindow, EVERY_DAY, Freeze},
    failover::{FailoverAttempt, FailoverOutcome, IntentKind, Replacement, ReplacementState},
    journal::{Attempt, AttemptOutcome, Change, Journal, Pause, Retry},
    policy::{Care, CpuGate, MemoryTarget, Pace, ReshardPolicy, Skew},
};
use proptest::{collection::vec, option::weighted, prelude::*};

use super::{ShardWorld, Trouble, Wave, World, ago};

fn minutes(count: u64) -> Duration {
    Duration::from_secs(count * 60)
}

fn mostly<T: std::fmt::Debug + Clone + 'static>(
    usual: T,
    rare: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = T> {
    prop_oneof![30 => Just(usual), 1 => rare]
}

fn wave(base: f64) -> impl Strategy<Value = Wave> {
    (
        0.6..1.2_f64,
        weighted(0.06, (1..45_i64, 1..8_i64, 0.0..100.0_f64)),
        weighted(0.03, (2..40_i64, 1..6_i64)),
        mostly(1, 2..14_i64),
        mostly(true, Just(false)),
    )
        .prop_map(move |(factor, spike, hole, late, complete)| Wave {
            base: base * factor,
            spike,
            hole,
            late,
            complete,
        })
}

fn shard(cpu: f64, memory: f64, replicas: usize) -> impl Strategy<Value = ShardWorld> {
    (
        mostly(1, 2..5_u32),
        mostly(replicas, 0..3_usize),
        wave(cpu),
        wave(memory),
        (
            wave(cpu / 2.0),
            prop_oneof![19 => Just(0.0), 1 => 0.0..900.0_f64].prop_flat_map(wave),
        ),
        0.7..1.3_f64,
        100..9000_u32,
        mostly(0.0, 1.0..9.0_f64),
        mostly(0.3, 5.0..40.0_f64),
    )
        .prop_map(
            move |(gap, replicas, cpu, memory_wave, more, factor, slots, evictions, lag)| {
                ShardWorld {
                    gap,
                    replicas,
                    cpu,
                    memory: memory_wave,
                    network: more.0,
                    keys: more.1,
                    gib: memory * factor / 5.0,
                    slots,
                    evictions,
                    lag,
                }
            },
        )
}

fn shards() -> impl Strategy<Value = Vec<ShardWorld>> {
    let cpu = prop_oneof![7 => 2.0..20.0_f64, 2 => 20.0..60.0_f64, 2 => 60.0..100.0_f64];
    let memory = prop_oneof![4 => 2.0..30.0_f64, 1 => 30.0..90.0_f64];
    (cpu, memory, 0..3_usize)
        .prop_flat_map(|(cpu, memory, replicas)| vec(shard(cpu, memory, replicas), 1..=7))
}

fn pace() -> impl Strategy<Value = Pace> {
    (1..4_u32, prop_oneof![Just(0), Just(10), Just(30_u64)]).prop_map(|(max_step, cooldown)| Pace {
        max_step,
        cooldown: minutes(cooldown),
    })
}

fn policy() -> impl Strategy<Value = ReshardPolicy> {
    let targets = (
        weighted(0.9, 30.0..80.0_f64),
        weighted(0.5, (40.0..80.0_f64, any::<bool>())),
        weighted(0.15, 40.0..80.0_f64),
        weighted(0.1, 10.0..1000.0_f64),
    );
    let times = (
        prop_oneof![Just(1), Just(5), Just(15_u64)],
        prop_oneof![Just(3), Just(10), Just(30_u64)],
        prop_oneof![Just(3), Just(10_u64)],
    );
    let room = (
        prop_oneof![Just(1.0), Just(1.5), Just(3.0)],
        40.0..100.0_f64,
    );
    (
        1..3_u32,
        prop_oneof![12 => Just(8), 1 => 4..8_u32],
        mostly(90, 6..24_u32),
        targets,
        pace(),
        pace(),
        times,
        (room, skew(), care(), calendar()),
    )
        .prop_map(
            |(min, max, node_quota, targets, scale_out, scale_in, times, more)| {
                let mut policy = ReshardPolicy::defaults("orders", min, max);
                let (cpu, memory, network, evictions) = targets;
                let (room, skew, (care, watched, traffic_low), (reversal, windows)) = more;
                (policy.skew, policy.care) = (skew, care);
                policy.reversal = minutes(reversal);
                // A file that asks for more than the maximum is refused.
                policy.windows = windows;
                for window in &mut policy.windows {
                    window.min_shards = window.min_shards.map(|least| least.min(max));
                }
                if watched {
                    policy.alarms.after_change = vec!["errors-high".to_owned()];
                }
                if traffic_low {
                    policy.alarms.scale_in = vec!["traffic-low".to_owned()];
                }
                policy.targets.network = network;
                policy.targets.evictions_per_minute = evictions;
                policy.node_quota = node_quota;
                policy.targets.engine_cpu = cpu;
                policy.targets.memory =
                    memory.map(|(percent, evicts)| MemoryTarget { percent, evicts });
                policy.alarms.scale_out = vec!["cpu-high".to_owned()];
                policy.alarms.stop = vec!["incident".to_owned()];
                (policy.scale_out, policy.scale_in) = (scale_out, scale_in);
                let (window, stabilization, stale_after) = times;
                policy.window = minutes(window);
                policy.stabilization = minutes(stabilization);
                policy.stale_after = minutes(stale_after);
                (
                    policy.headroom.free_ratio,
                    policy.headroom.max_memory_percent,
                ) = room;
                policy
            },
        )
}

/// In most worlds no shard counts as hot: otherwise most growth would be for one.
fn skew() -> impl Strategy<Value = Skew> {
    let ratio = prop_oneof![1 => Just(1000.0), 1 => 1.05..3.0_f64];
    (ratio, prop::bool::weighted(0.8), 1.0..40.0_f64).prop_map(
        |(ratio, rebalance, slot_spread_percent)| Skew {
            ratio,
            rebalance,
            slot_spread_percent,
        },
    )
}

/// Care, whether an alarm is watched after a change, and whether one must be in ALARM for a scale-in.
fn care() -> impl Strategy<Value = (Care, bool, bool)> {
    let waits = prop_oneof![7 => Just(CpuGate::Act), 1 => Just(CpuGate::Wait)];
    (
        waits,
        weighted(0.3, 30.0..95.0_f64),
        any::<bool>(),
        prop::bool::weighted(0.3),
        prop::bool::weighted(0.04),
    )
        .prop_map(|(cpu_gate, cpu_gate_percent, place_zones, watched, low)| {
            let care = Care {
                cpu_gate,
                cpu_gate_percent,
                place_zones,
                after_change: minutes(30),
            };
            (care, watched, low)
        })
}

/// The reversal hold, and windows that are open or shut whenever a decision of these tests is made: at two, and an hour
/// later.
fn calendar() -> impl Strategy<Value = (u64, Vec<CalendarWindow>)> {
    let zone = prop_oneof![Just(Tz::UTC), Just(Tz::Europe__Berlin)];
    let times = prop_oneof![3 => Just((8, 20)), 1 => Just((0, 0)), 1 => Just((20, 8))];
    let freeze = prop_oneof![
        3 => Just(Freeze::None),
        2 => Just(Freeze::ScaleIn),
        1 => Just(Freeze::All),
    ];
    let days = prop_oneof![
        4 => Just(EVERY_DAY.to_vec()),
        1 => Just(vec![Weekday::Mon, Weekday::Sun]),
    ];
    let window = (zone, times, freeze, days, weighted(0.6, 2..9_u32)).prop_map(
        |(time_zone, (from, to), freeze, days, min_shards)| CalendarWindow {
            name: "day".to_owned(),
            time_zone,
            days,
            from: NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
            to: NaiveTime::from_hms_opt(to, 0, 0).unwrap(),
            dates: None,
            min_shards,
            freeze,
        },
    );
    let windows = prop_oneof![5 => vec(window.clone(), 0..=0), 1 => vec(window, 1..3)];
    (prop_oneof![Just(0), Just(60_u64)], windows)
}

fn alarm(name: &'static str) -> impl Strategy<Value = Option<Alarm>> {
    let state = prop_oneof![
        20 => Just(AlarmState::Ok),
        1 => Just(AlarmState::Alarm),
        1 => Just(AlarmState::InsufficientData),
    ];
    let since = mostly(Some(90), weighted(0.7, 0..200_i64));
    let silence = mostly(None, Just(Some(Silence::Suppressed)));
    let alarm = (state, since, silence).prop_map(move |(state, since, silence)| Alarm {
        name: name.to_owned(),
        state,
        since: since.map(ago),
        silence,
        dimensions: BTreeMap::new(),
    });
    weighted(0.98, alarm)
}

/// An alarm that is in ALARM as often as not, since a while ago.
fn either(name: &'static str) -> impl Strategy<Value = Option<Alarm>> {
    let state = prop_oneof![
        3 => Just(AlarmState::Ok),
        3 => Just(AlarmState::Alarm),
        1 => Just(AlarmState::InsufficientData),
    ];
    let alarm = (state, weighted(0.9, 0..200_i64)).prop_map(move |(state, since)| Alarm {
        name: name.to_owned(),
        state,
        since: since.map(ago),
        silence: None,
        dimensions: BTreeMap::new(),
    });
    weighted(0.95, alarm)
}

fn outcome() -> impl Strategy<Value = AttemptOutcome> {
    let retry = prop_oneof![Just(Retry::Now), Just(Retry::Later), Just(Retry::Person)];
    prop_oneof![
        1 => Just(AttemptOutcome::Accepted),
        4 => (0..100_i64).prop_map(|age| AttemptOutcome::Completed { at: ago(age) }),
        2 => (0..100_i64).prop_map(|age| AttemptOutcome::Unchanged { at: ago(age) }),
        1 => (0..100_i64).prop_map(|age| AttemptOutcome::Partial { at: ago(age), shards: 4 }),
        2 => retry.prop_map(|retry| AttemptOutcome::Refused { code: "X".to_owned(), retry }),
    ]
}

/// Failovers of the last half hour, oldest first: around the quarter of an hour for which one counts as in flight.
fn failovers() -> impl Strategy<Value = Vec<FailoverAttempt>> {
    let outcome = prop_oneof![
        1 => Just(FailoverOutcome::Asked),
        2 => Just(FailoverOutcome::Accepted),
        1 => Just(FailoverOutcome::NotSent),
        1 => Just(FailoverOutcome::Refused { code: "X".to_owned(), retry: Retry::Later }),
        3 => (0..30_i64).prop_map(|age| FailoverOutcome::Switched {
            at: ago(age),
            to: "orders-0001-002".to_owned(),
        }),
    ];
    let failover = (0..30_i64, outcome).prop_map(|(age, outcome)| FailoverAttempt {
        at: ago(age),
        intent: IntentKind::Drill,
        why: String::new(),
        unit: "0001".to_owned(),
        from: "orders-0001-001".to_owned(),
        to: None,
        zones: BTreeMap::new(),
        outcome,
        accepted: None,
        objective: None,
        busy_at: None,
        reported: false,
    });
    prop_oneof![14 => vec(failover.clone(), 0..=0), 1 => vec(failover, 1..4)].prop_map(
        |mut failovers| {
            failovers.sort_by_key(|one| one.at);
            failovers
        },
    )
}

/// Announcements about nodes that may be there or not, around the times at which they lapse.
fn replacements() -> impl Strategy<Value = Vec<Replacement>> {
    let node =
        (1..3_u32, 1..4_u32).prop_map(|(shard, node)| format!("orders-{shard:04}-{node:03}"));
    let day = 24 * 60_i64;
    let told = prop_oneof![3 => 0..day, 1 => 13 * day..15 * day, 1 => Just(14 * day)];
    let ends = prop_oneof![
        2 => -day..day,
        1 => 5 * 60..7 * 60_i64,
        1 => Just(6 * 60),
    ];
    let state = prop_oneof![
        Just(ReplacementState::Scheduled),
        Just(ReplacementState::UnderWay),
    ];
    let replacement =
        (node, told, weighted(0.6, ends), state).prop_map(|(node, told, ends, state)| {
            Replacement {
                node,
                told: ago(told),
                starts: ends.map(|end| ago(end + 60)),
                ends: ends.map(ago),
                state,
            }
        });
    prop_oneof![14 => vec(replacement.clone(), 0..=0), 1 => vec(replacement, 1..3)]
}

fn journal() -> impl Strategy<Value = Journal> {
    let attempt = || (0..200_i64, 1..8_u32, 1..8_u32, outcome());
    let change = (0..120_i64, weighted(0.8, 1..8_u32), 1..8_u32, any::<bool>());
    (
        prop_oneof![12 => Just(9000), 1 => 0..60_i64],
        weighted(0.3, change),
        prop_oneof![3 => vec(attempt(), 0..=0), 1 => vec(attempt(), 1..4)],
        failovers(),
        replacements(),
    )
        .prop_map(
            |(first_seen, change, attempts, failovers, replacements)| Journal {
                first_seen: Some(ago(first_seen)),
                last_change: change.map(|(age, from, to, ours)| Change {
                    at: ago(age),
                    from,
                    to,
                    ours,
                }),
                attempts: attempts
                    .into_iter()
                    .map(|(age, from, to, outcome)| Attempt {
                        at: ago(age),
                        from,
                        to,
                        remove: vec![],
                        hot: None,
                        outcome,
                    })
                    .collect(),
                failovers,
                replacements,
                ..Journal::default()
            },
        )
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let word = || prop_oneof![Just("modifying"), Just("snapshotting"), Just("unsaid")];
    let some = |text: &'static str| weighted(0.01, Just(text.to_owned()));
    let window = |texts: [&'static str; 3]| {
        weighted(
            0.1,
            prop::sample::select(texts.to_vec()).prop_map(str::to_owned),
        )
    };
    (
        weighted(
            0.02,
            (
                any::<u16>().prop_map(usize::from),
                word().prop_map(str::to_owned),
            ),
        ),
        mostly(Some("enabled".to_owned()), Just(None)),
        some("ldgnf-orders"),
        some("TargetTracking-replication-group/orders-AlarmHigh-1"),
        some("reading metrics (GetMetricData): throttled"),
        prop::bool::weighted(0.01),
        window(["13:00-15:00", "14:05-15:05", "03:00-04:00"]),
        window([
            "tue:13:00-tue:15:00",
            "tue:14:05-tue:15:05",
            "sun:03:00-sun:04:00",
        ]),
        prop::bool::weighted(0.97),
    )
        .prop_map(
            |(
                busy,
                cluster_mode,
                global_datastore,
                auto_scaling,
                unreadable,
                extra_member,
                snapshot_window,
                maintenance_window,
                evidence,
            )| Trouble {
                busy,
                cluster_mode,
                global_datastore,
                auto_scaling,
                unreadable,
                extra_member,
                snapshot_window,
                maintenance_window,
                evidence,
            },
        )
}

/// Any world.
pub(crate) fn world() -> impl Strategy<Value = World> {
    let pause = || {
        let pause = weighted(0.5, -60..60_i64).prop_map(|until| Pause {
            until: until.map(ago),
            why: "freeze".to_owned(),
            by: String::new(),
        });
        weighted(0.01, pause)
    };
    (
        policy(),
        shards(),
        prop::bool::weighted(0.7),
        (
            alarm("cpu-high"),
            alarm("incident"),
            either("errors-high"),
            either("traffic-low"),
        ),
        journal(),
        (pause(), pause()),
        trouble(),
        mostly(20.0, 5.0..20.0_f64),
        (
            weighted(0.1, (1..45_i64, 1..30_i64, 40.0..100.0_f64)),
            weighted(0.2, (0..8_usize, 30.0..90.0_f64)),
            weighted(0.6, (prop::bool::weighted(0.8), 20.0..100.0_f64)),
        ),
    )
        .prop_map(
            |(policy, shards, even_slots, alarms, journal, pauses, trouble, node_gib, loads)| {
                let (rush, hot, hot_before) = loads;
                let (high, stop, errors, low) = alarms;
                World {
                    policy,
                    shards,
                    even_slots,
                    alarms: [high, stop, errors, low].into_iter().flatten().collect(),
                    journal,
                    pauses,
                    trouble,
                    node_gib,
                    rush,
                    hot,
                    hot_before,
                }
            },
        )
}

/// A world without troubles in which one shard is hot, more often than not by itself.
pub(crate) fn skewed_world() -> impl Strategy<Value = World> {
    let hot = (0..8_usize, 40.0..90.0_f64);
    let grown = weighted(0.3, 10..200_i64);
    (
        world(),
        hot,
        1.05..2.0_f64,
        prop::bool::weighted(0.3),
        grown,
    )
        .prop_map(|(mut world, hot, ratio, even_slots, grown)| {
            if let Some(age) = grown {
                world.journal.attempts.push(Attempt {
                    at: ago(age + 10),
                    from: 1,
                    to: 2,
                    remove: Vec::new(),
                    hot: None,
                    outcome: AttemptOutcome::Completed { at: ago(age) },
                });
            }
            (world.hot, world.even_slots) = (Some(hot), even_slots);
            world.policy.skew.ratio = ratio;
            world.policy.targets.engine_cpu.get_or_insert(60.0);
            world.policy.alarms.stop.clear();
            world.trouble = Trouble {
                busy: None,
                cluster_mode: Some("enabled".to_owned()),
                global_datastore: None,
                auto_scaling: None,
                unreadable: None,
                extra_member: false,
                snapshot_window: None,
                maintenance_window: None,
                evidence: true,
            };
            world
        })
}
