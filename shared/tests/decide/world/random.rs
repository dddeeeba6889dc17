//! How worlds are drawn.

use std::time::Duration;

use clusterwarden::{
    alarm::{Alarm, AlarmState, Silence},
    journal::{Attempt, AttemptOutcome, Change, Journal, Pause, Retry},
    policy::{MemoryTarget, Pace, ReshardPolicy},
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
        0.7..1.3_f64,
        100..9000_u32,
        mostly(0.0, 1.0..9.0_f64),
        mostly(0.3, 5.0..40.0_f64),
    )
        .prop_map(
            move |(gap, replicas, cpu, memory_wave, factor, slots, evictions, lag)| ShardWorld {
                gap,
                replicas,
                cpu,
                memory: memory_wave,
                gib: memory * factor / 5.0,
                slots,
                evictions,
                lag,
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
        mostly(8, 4..8_u32),
        mostly(90, 6..24_u32),
        targets,
        pace(),
        pace(),
        times,
        room,
    )
        .prop_map(
            |(min, max, node_quota, (cpu, memory), scale_out, scale_in, times, room)| {
                let mut policy = ReshardPolicy::defaults("orders", min, max);
                // Skew and reversals have tests of their own; here they would hide what these are about.
                policy.skew.ratio = 1000.0;
                policy.reversal = Duration::ZERO;
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
    });
    weighted(0.98, alarm)
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

fn journal() -> impl Strategy<Value = Journal> {
    let attempt = || (0..200_i64, 1..8_u32, 1..8_u32, outcome());
    let change = (0..120_i64, weighted(0.8, 1..8_u32), 1..8_u32, any::<bool>());
    (
        mostly(9000, 0..60_i64),
        weighted(0.3, change),
        prop_oneof![3 => vec(attempt(), 0..=0), 1 => vec(attempt(), 1..4)],
    )
        .prop_map(|(first_seen, change, attempts)| Journal {
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
            ..Journal::default()
        })
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
        (alarm("cpu-high"), alarm("incident")),
        journal(),
        (pause(), pause()),
        trouble(),
        mostly(20.0, 5.0..20.0_f64),
        weighted(0.1, (1..45_i64, 1..30_i64, 40.0..100.0_f64)),
    )
        .prop_map(
            |(policy, shards, even_slots, alarms, journal, pauses, trouble, node_gib, rush)| {
                World {
                    policy,
                    shards,
                    even_slots,
                    alarms: [alarms.0, alarms.1].into_iter().flatten().collect(),
                    journal,
                    pauses,
                    trouble,
                    node_gib,
                    rush,
                }
            },
        )
}
