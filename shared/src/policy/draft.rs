//! An entry and the fleet's limits as written, and what they become with what they inherit.

use std::ops::Range;

use super::keys::{self, Key};
use super::read::{
    Names, minutes, minutes_in, plain, read_alarms, read_apply, read_cpu_gate, read_memory, set,
    within,
};
use super::spelled::Spelled;
use super::walk::{Read, Section, Walk};
use super::windows::{WrittenWindow, read_windows};
use super::{
    Alarms, Apply, Care, CpuGate, Fleet, Headroom, MemoryTarget, Pace, ReshardPolicy, Skew, Targets,
};

/// One key of a draft: what is written there, if anything is, and where.
pub(super) struct Written {
    pub(super) key: Key,
    pub(super) value: Option<(String, Range<usize>)>,
}

/// Keys that stand together, each as read; `inherited` ones can be completed by another draft.
macro_rules! draft {
    (inherited $(#[$doc:meta])* $name:ident { $($field:ident: $value:ty = $key:ident,)* }) => {
        draft! { $(#[$doc])* $name { $($field: $value = $key,)* } }

        impl $name {
            /// A draft that says nothing.
            pub(super) fn silent() -> Self {
                Self { $($field: Read::Absent,)* }
            }

            /// This draft where it says something, the other where it does not: key by key.
            pub(super) fn inherit(&self, other: &Self) -> Self {
                Self { $($field: self.$field.or(&other.$field),)* }
            }
        }
    };
    ($(#[$doc:meta])* $name:ident { $($field:ident: $value:ty = $key:ident,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        pub(super) struct $name {
            $(pub(super) $field: Read<$value>,)*
        }

        impl $name {
            /// Every key, in the order of the file.
            pub(super) fn written(&self) -> Vec<Written> {
                vec![$(Written {
                    key: keys::$key,
                    value: self.$field.given().map(|(value, at)| (value.spelled(), at.clone())),
                },)*]
            }
        }
    };
}

draft! {
    inherited
    /// The keys that an entry and `[defaults]` share, as one of the two has them.
    Draft {
        apply: Apply = APPLY,
        min_shards: u32 = MIN_SHARDS,
        max_shards: u32 = MAX_SHARDS,
        node_quota: u32 = NODES,
        window: u32 = WINDOW,
        stale_after: u32 = STALE_AFTER,
        engine_cpu: f64 = ENGINE_CPU,
        memory: MemoryTarget = MEMORY,
        network: f64 = NETWORK,
        evictions: f64 = EVICTIONS,
        alarms_scale_out: Names = ALARMS_SCALE_OUT,
        alarms_scale_in: Names = ALARMS_SCALE_IN,
        alarms_stop: Names = ALARMS_STOP,
        alarms_after: Names = ALARMS_AFTER,
        out_step: u32 = OUT_STEP,
        out_cooldown: u32 = OUT_COOLDOWN,
        in_step: u32 = IN_STEP,
        in_cooldown: u32 = IN_COOLDOWN,
        stabilization: u32 = STABILIZATION,
        reversal: u32 = REVERSAL,
        free_ratio: f64 = FREE_RATIO,
        percent_after: f64 = PERCENT_AFTER,
        skew_ratio: f64 = SKEW_RATIO_KEY,
        rebalance: bool = REBALANCE,
        slot_spread: f64 = SLOT_SPREAD,
        cpu_gate: CpuGate = CPU_GATE,
        cpu_gate_percent: f64 = CPU_GATE_PERCENT_KEY,
        place_zones: bool = PLACE_ZONES,
        after_change: u32 = AFTER_CHANGE,
        windows: Vec<WrittenWindow> = WINDOWS,
    }
}

draft! {
    /// The keys of `[fleet]`.
    FleetDraft {
        per_pass: u32 = FLEET_PER_PASS,
        per_hour: u32 = FLEET_PER_HOUR,
        nodes: u32 = FLEET_NODES,
        breaker: f64 = FLEET_BREAKER,
        failures: u32 = FLEET_FAILURES,
        failovers: u32 = FLEET_FAILOVERS,
        test_failovers: u32 = FLEET_TEST_FAILOVERS,
        reserve: u32 = FLEET_RESERVE,
    }
}

impl Draft {
    /// Reads the shared keys of a table. `name` is what the file calls the table: `reshard` or `defaults`.
    pub(super) fn read(walk: &mut Walk, section: &Section<'_, '_>, name: &str) -> Self {
        let targets = &walk.section(section, &keys::TARGETS);
        let alarms = &walk.section(section, &keys::ALARMS);
        let scale_out = &walk.section(section, &keys::SCALE_OUT);
        let scale_in = &walk.section(section, &keys::SCALE_IN);
        let headroom = &walk.section(section, &keys::HEADROOM);
        let skew = &walk.section(section, &keys::SKEW);
        let care = &walk.section(section, &keys::CARE);
        let mut reader = Reader { walk };
        Self {
            min_shards: reader.walk.whole(section, &keys::MIN_SHARDS),
            max_shards: reader.walk.whole(section, &keys::MAX_SHARDS),
            node_quota: reader.walk.whole(section, &keys::NODES),
            window: reader.walk.whole(section, &keys::WINDOW),
            stale_after: reader.walk.whole(section, &keys::STALE_AFTER),
            engine_cpu: reader.number(targets, &keys::ENGINE_CPU),
            memory: within(targets, |table| read_memory(reader.walk, table)),
            network: reader.number(targets, &keys::NETWORK),
            evictions: reader.number(targets, &keys::EVICTIONS),
            alarms_scale_out: reader.alarms(alarms, &keys::ALARMS_SCALE_OUT),
            alarms_scale_in: reader.alarms(alarms, &keys::ALARMS_SCALE_IN),
            alarms_stop: reader.alarms(alarms, &keys::ALARMS_STOP),
            alarms_after: reader.alarms(alarms, &keys::ALARMS_AFTER),
            out_step: reader.whole(scale_out, &keys::OUT_STEP),
            out_cooldown: reader.whole(scale_out, &keys::OUT_COOLDOWN),
            in_step: reader.whole(scale_in, &keys::IN_STEP),
            in_cooldown: reader.whole(scale_in, &keys::IN_COOLDOWN),
            stabilization: reader.whole(scale_in, &keys::STABILIZATION),
            reversal: reader.whole(scale_in, &keys::REVERSAL),
            free_ratio: reader.number(headroom, &keys::FREE_RATIO),
            percent_after: reader.number(headroom, &keys::PERCENT_AFTER),
            skew_ratio: reader.number(skew, &keys::SKEW_RATIO_KEY),
            rebalance: reader.flag(skew, &keys::REBALANCE),
            slot_spread: reader.number(skew, &keys::SLOT_SPREAD),
            cpu_gate: within(care, |table| read_cpu_gate(reader.walk, table)),
            cpu_gate_percent: reader.number(care, &keys::CPU_GATE_PERCENT_KEY),
            place_zones: reader.flag(care, &keys::PLACE_ZONES),
            after_change: reader.whole(care, &keys::AFTER_CHANGE),
            windows: read_windows(reader.walk, section, &format!("{name}.windows")),
            apply: read_apply(walk, section),
        }
    }

    /// The entry itself. `None`: a required key has no value (noted as a slip before).
    pub(super) fn finish(&self, replication_group: &str) -> Option<ReshardPolicy> {
        let (min, max) = (self.min_shards.value()?, self.max_shards.value()?);
        let mut policy = ReshardPolicy::defaults(replication_group, *min, *max);
        put(&mut policy.apply, &self.apply);
        put(&mut policy.node_quota, &self.node_quota);
        set(&mut policy.window, minutes_in(&self.window));
        set(&mut policy.stale_after, minutes_in(&self.stale_after));
        set(&mut policy.stabilization, minutes_in(&self.stabilization));
        set(&mut policy.reversal, minutes_in(&self.reversal));
        put(&mut policy.scale_out.max_step, &self.out_step);
        let cooldown = minutes_in(&self.out_cooldown);
        set(&mut policy.scale_out.cooldown, cooldown);
        put(&mut policy.scale_in.max_step, &self.in_step);
        set(&mut policy.scale_in.cooldown, minutes_in(&self.in_cooldown));
        put(&mut policy.headroom.free_ratio, &self.free_ratio);
        put(&mut policy.headroom.max_memory_percent, &self.percent_after);
        put(&mut policy.skew.ratio, &self.skew_ratio);
        put(&mut policy.skew.rebalance, &self.rebalance);
        put(&mut policy.skew.slot_spread_percent, &self.slot_spread);
        put(&mut policy.care.cpu_gate, &self.cpu_gate);
        policy.care.cpu_gate_percent = self.cpu_gate_percent.value().copied();
        put(&mut policy.care.place_zones, &self.place_zones);
        set(
            &mut policy.care.after_change,
            minutes_in(&self.after_change),
        );
        let windows = self.windows.value().into_iter().flatten();
        policy.windows = windows.map(|written| written.window.clone()).collect();
        policy.targets = Targets {
            engine_cpu: self.engine_cpu.value().copied(),
            memory: self.memory.value().copied(),
            network: self.network.value().copied(),
            evictions_per_minute: self.evictions.value().copied(),
        };
        policy.alarms = Alarms {
            scale_out: plain(&self.alarms_scale_out),
            stop: plain(&self.alarms_stop),
            scale_in: plain(&self.alarms_scale_in),
            after_change: plain(&self.alarms_after),
        };
        Some(policy)
    }
}

impl FleetDraft {
    /// Reads `[fleet]`, where there is one.
    pub(super) fn read(walk: &mut Walk, top: &Section<'_, '_>) -> Self {
        let fleet = &walk.section(top, &keys::FLEET);
        let mut reader = Reader { walk };
        let draft = Self {
            per_pass: reader.whole(fleet, &keys::FLEET_PER_PASS),
            per_hour: reader.whole(fleet, &keys::FLEET_PER_HOUR),
            nodes: reader.whole(fleet, &keys::FLEET_NODES),
            breaker: reader.number(fleet, &keys::FLEET_BREAKER),
            failures: reader.whole(fleet, &keys::FLEET_FAILURES),
            failovers: reader.whole(fleet, &keys::FLEET_FAILOVERS),
            test_failovers: reader.whole(fleet, &keys::FLEET_TEST_FAILOVERS),
            reserve: reader.whole(fleet, &keys::FLEET_RESERVE),
        };
        draft.check(walk);
        draft
    }

    /// The limits themselves.
    pub(super) fn finish(&self) -> Fleet {
        let mut fleet = Fleet::default();
        put(&mut fleet.max_changes_per_pass, &self.per_pass);
        put(&mut fleet.max_changes_per_hour, &self.per_hour);
        put(&mut fleet.max_nodes_in_region, &self.nodes);
        put(&mut fleet.scale_in_breaker_percent, &self.breaker);
        put(&mut fleet.max_failures_per_hour, &self.failures);
        put(&mut fleet.max_failovers_per_pass, &self.failovers);
        put(&mut fleet.test_failovers_per_day, &self.test_failovers);
        put(&mut fleet.test_failover_reserve, &self.reserve);
        fleet
    }
}

impl ReshardPolicy {
    /// An entry with these bounds, no target, no alarm, and the documented default for everything else.
    pub fn defaults(replication_group: &str, min_shards: u32, max_shards: u32) -> Self {
        Self {
            replication_group: replication_group.to_owned(),
            apply: Apply::default(),
            min_shards,
            max_shards,
            node_quota: keys::NODE_QUOTA,
            targets: Targets::default(),
            alarms: Alarms::default(),
            scale_out: Pace {
                max_step: keys::OUT_MAX_STEP,
                cooldown: minutes(keys::OUT_COOLDOWN_MINUTES),
            },
            scale_in: Pace {
                max_step: keys::IN_MAX_STEP,
                cooldown: minutes(keys::IN_COOLDOWN_MINUTES),
            },
            stabilization: minutes(keys::STABILIZATION_MINUTES),
            window: minutes(keys::WINDOW_MINUTES),
            stale_after: minutes(keys::STALE_AFTER_MINUTES),
            headroom: Headroom {
                free_ratio: keys::FREE_MEMORY_RATIO,
                max_memory_percent: keys::MAX_MEMORY_PERCENT_AFTER,
            },
            skew: Skew::default(),
            care: Care::default(),
            reversal: minutes(keys::REVERSAL_MINUTES),
            windows: Vec::new(),
        }
    }
}

/// Reads keys in tables that may not be there.
struct Reader<'w> {
    walk: &'w mut Walk,
}

impl Reader<'_> {
    fn whole(&mut self, table: &Read<Section<'_, '_>>, key: &Key) -> Read<u32> {
        within(table, |table| self.walk.whole(table, key))
    }

    fn number(&mut self, table: &Read<Section<'_, '_>>, key: &Key) -> Read<f64> {
        within(table, |table| self.walk.number(table, key))
    }

    fn flag(&mut self, table: &Read<Section<'_, '_>>, key: &Key) -> Read<bool> {
        within(table, |table| self.walk.flag(table, key))
    }

    fn alarms(&mut self, table: &Read<Section<'_, '_>>, key: &Key) -> Read<Names> {
        within(table, |table| read_alarms(self.walk, table, key))
    }
}

/// Puts a value where one is given.
pub(super) fn put<T: Copy>(place: &mut T, read: &Read<T>) {
    set(place, read.value().copied());
}
