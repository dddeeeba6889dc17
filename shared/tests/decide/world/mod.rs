//! Random worlds: mostly calm and known, so that scale-ins and growth both happen often, with one trouble or another in
//! most of them.

mod random;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    alarm::Alarm,
    cluster::{Group, SLOTS, ShardId, Status},
    journal::{EVERYTHING, HotShard, Journal, Pause},
    load::Series,
    pause::ScopedPause,
    policy::ReshardPolicy,
    reshard::{Observation, ShardSeries},
    window::{DailyWindow, WeeklyWindow},
};
pub(crate) use random::{skewed_world, world};

use crate::support::build;

/// What a decision is made of.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) policy: ReshardPolicy,
    shards: Vec<ShardWorld>,
    even_slots: bool,
    alarms: Vec<Alarm>,
    journal: Journal,
    pauses: (Option<Pause>, Option<Pause>),
    trouble: Trouble,
    node_gib: f64,
    /// A rush that every shard carried: from so many minutes ago, so long, so high.
    rush: Option<(i64, i64, f64)>,
    /// One shard carries this on top, all the time: which, counted through, and percent.
    hot: Option<(usize, f64)>,
    /// The shard that was hot when we last grew, and its load then: the one that is hot now, or the first.
    hot_before: Option<(bool, f64)>,
}

#[derive(Debug, Clone)]
struct ShardWorld {
    gap: u32,
    replicas: usize,
    cpu: Wave,
    memory: Wave,
    network: Wave,
    /// Keys evicted a minute.
    keys: Wave,
    gib: f64,
    slots: u32,
    evictions: f64,
    lag: f64,
}

/// A flat load with a spike and a hole in it.
#[derive(Debug, Clone)]
struct Wave {
    base: f64,
    spike: Option<(i64, i64, f64)>,
    hole: Option<(i64, i64)>,
    /// Minutes since the newest sample.
    late: i64,
    complete: bool,
}

/// What is rarely so.
#[derive(Debug, Clone)]
struct Trouble {
    busy: Option<(usize, String)>,
    cluster_mode: Option<String>,
    global_datastore: Option<String>,
    auto_scaling: Option<String>,
    unreadable: Option<String>,
    extra_member: bool,
    snapshot_window: Option<String>,
    maintenance_window: Option<String>,
    evidence: bool,
}

fn ago(minutes: i64) -> DateTime<Utc> {
    build::now() - TimeDelta::minutes(minutes)
}

impl World {
    /// What is seen of it.
    pub(crate) fn seen(&self) -> Observation {
        let group = self.group();
        let ids: Vec<ShardId> = group.shards.iter().map(|shard| shard.id.clone()).collect();
        let hot = self.hot.map(|(place, load)| (place % ids.len(), load));
        let load: BTreeMap<ShardId, ShardSeries> = ids
            .iter()
            .cloned()
            .zip(self.shards.iter().enumerate())
            .map(|(id, (index, shard))| {
                let more = hot.filter(|(place, _)| *place == index);
                let more = more.map_or(0.0, |(_, load)| load);
                let load = ShardSeries {
                    engine_cpu: shard.cpu.series(self.rush, more),
                    memory: shard.memory.series(None, 0.0),
                    network: shard.network.series(None, more / 2.0),
                    evictions: shard.keys.series(None, 0.0),
                };
                (id, load)
            })
            .collect();
        let mut evidence = BTreeMap::new();
        // No two shards are equal: which of equals is drained is a matter of zones, which a scenario tells.
        let more = (0..).map(|index| f64::from(index) / 1000.0);
        for ((shard, world), more) in group.shards.iter().zip(&self.shards).zip(more) {
            for (index, node) in shard.nodes.iter().enumerate() {
                let mut seen = build::node_evidence(world.gib + more, self.node_gib, index == 0);
                seen.evictions = Some(world.evictions);
                seen.replication_lag = seen.replication_lag.map(|_| world.lag);
                evidence.insert(node.id.clone(), seen);
            }
        }
        let mut journal = self.journal.clone();
        journal.shards = Some(group.shard_count());
        journal.pause.clone_from(&self.pauses.0);
        let before = self.hot_before.map(|(same, load)| HotShard {
            shard: ids[hot.map_or(0, |(place, _)| if same { place } else { 0 })].clone(),
            load,
        });
        for attempt in &mut journal.attempts {
            if attempt.to > attempt.from {
                attempt.hot.clone_from(&before);
            }
        }
        Observation {
            at: build::now(),
            load,
            alarms: self
                .alarms
                .iter()
                .map(|alarm| (alarm.name.clone(), alarm.clone()))
                .collect(),
            auto_scaling: self.trouble.auto_scaling.clone(),
            journal,
            pauses: self
                .pauses
                .1
                .iter()
                .map(|pause| ScopedPause {
                    pattern: EVERYTHING.to_owned(),
                    pause: pause.clone(),
                })
                .collect(),
            unreadable: self.trouble.unreadable.clone(),
            evidence: self.trouble.evidence.then_some(evidence),
            group: Some(group),
        }
    }

    fn group(&self) -> Group {
        let mut number = 0;
        let ids: Vec<String> = self
            .shards
            .iter()
            .map(|shard| {
                number += shard.gap;
                format!("{number:04}")
            })
            .collect();
        let replicas: Vec<usize> = self.shards.iter().map(|shard| shard.replicas).collect();
        let mut group = build::group(&ids, &replicas);
        if !self.even_slots {
            // A shard that is hot because it has most slots is what a rebalance cures.
            let hot = self.hot.map(|(place, _)| place % self.shards.len());
            let slots = self.shards.iter().enumerate();
            let slots: Vec<u32> = slots
                .map(|(index, shard)| shard.slots * if hot == Some(index) { 4 } else { 1 })
                .collect();
            let total: u32 = slots.iter().sum();
            let mut below = 0;
            for (shard, slots) in group.shards.iter_mut().zip(slots) {
                let above = below + slots;
                shard.slots = Some(SLOTS * above / total - SLOTS * below / total);
                below = above;
            }
        }
        let trouble = &self.trouble;
        group.cluster_mode.clone_from(&trouble.cluster_mode);
        group.global_datastore.clone_from(&trouble.global_datastore);
        group.snapshot_window = trouble
            .snapshot_window
            .as_deref()
            .and_then(DailyWindow::read);
        group.maintenance_window = trouble
            .maintenance_window
            .as_deref()
            .and_then(WeeklyWindow::read);
        group.member_count += usize::from(trouble.extra_member);
        if let Some((place, word)) = &trouble.busy {
            set_status(
                &mut group,
                *place,
                Status::read(Some(word.as_str()).filter(|word| *word != "unsaid")),
            );
        }
        group
    }
}

/// Sets the status of one of the group, its shards and its nodes.
pub(crate) fn set_status(group: &mut Group, place: usize, status: Status) {
    let mut all = vec![&mut group.status];
    for shard in &mut group.shards {
        all.push(&mut shard.status);
        all.extend(shard.nodes.iter_mut().map(|node| &mut node.status));
    }
    let place = place % all.len();
    if let Some(one) = all.into_iter().nth(place) {
        *one = status;
    }
}

impl Wave {
    fn series(&self, rush: Option<(i64, i64, f64)>, more: f64) -> Series {
        let within = |age: i64, (from, length): (i64, i64)| age <= from && age > from - length;
        let samples = (self.late..=45).filter_map(|age| {
            if self.hole.is_some_and(|hole| within(age, hole)) {
                return None;
            }
            let mut spikes = self.spike.into_iter().chain(rush);
            let spike = spikes.rfind(|(from, length, _)| within(age, (*from, *length)));
            let load = spike.map_or(self.base, |(_, _, height)| height);
            Some((ago(age), load + more))
        });
        Series::new(samples, self.complete)
    }
}
