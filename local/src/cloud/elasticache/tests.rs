//! Facts about the embedded ElastiCache, by subject.

mod describing;
mod failing_over;
mod lifecycle;
mod modifying;
mod replacing;
mod resharding;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    ElastiCache, GroupSpec, GroupView,
    describe::{EventFilter, Paging},
    reshard::ModifyShards,
    slots::{SLOT_COUNT, SlotSet},
};
use crate::cloud::Parameters;

/// A Monday morning, outside the default windows.
pub(super) fn start() -> DateTime<Utc> {
    "2026-11-23T10:00:00Z".parse().unwrap()
}

/// An account with groups, its clock and its parameters.
pub(super) struct World {
    pub(super) cache: ElastiCache,
    pub(super) parameters: Parameters,
    pub(super) now: DateTime<Utc>,
}

impl World {
    /// With one seeded group.
    pub(super) fn with(spec: GroupSpec) -> Self {
        let mut cache = ElastiCache::new("123456789012", "us-east-1");
        cache.seed_group(spec, start());
        Self {
            cache,
            parameters: Parameters {
                event_delay: TimeDelta::zero(),
                ..Parameters::default()
            },
            now: start(),
        }
    }

    /// With the seeded group `orders` of so many shards.
    pub(super) fn of_shards(shards: u32) -> Self {
        Self::with(GroupSpec {
            shards,
            ..GroupSpec::default()
        })
    }

    /// One step, after which every slot must have exactly one owner.
    pub(super) fn step(&mut self) {
        self.now += TimeDelta::seconds(10);
        self.cache.advance(self.now, &self.parameters);
        for group in self.cache.groups() {
            require_all_slots_once(&group);
        }
    }

    pub(super) fn run(&mut self, minutes: i64) {
        let end = self.now + TimeDelta::minutes(minutes);
        while self.now < end {
            self.step();
        }
    }

    /// Steps until `orders` is available; how long that took.
    pub(super) fn settle(&mut self) -> TimeDelta {
        let begin = self.now;
        while self.group().status != "available" {
            self.step();
            assert!(
                self.now - begin < TimeDelta::hours(6),
                "still {}",
                self.group().status
            );
        }
        self.now - begin
    }

    pub(super) fn group(&self) -> GroupView {
        self.cache.group("orders").unwrap()
    }

    pub(super) fn reshard(
        &mut self,
        request: ModifyShards,
    ) -> Result<String, (&'static str, String)> {
        self.cache
            .modify_shard_configuration(&request, self.now, &self.parameters)
            .map(|answer| answer.0.status(self.now).to_owned())
            .map_err(|refusal| (refusal.code.wire(), refusal.message))
    }

    pub(super) fn fail_over(
        &mut self,
        group: &str,
        shard: &str,
    ) -> Result<(), (&'static str, String)> {
        self.cache
            .test_failover(group, shard, self.now, &self.parameters)
            .map(|_| ())
            .map_err(|refusal| (refusal.code.wire(), refusal.message))
    }

    /// The names of the notifications since the last call, oldest first.
    pub(super) fn notified(&mut self) -> Vec<String> {
        let name = |body: &str| {
            let body: serde_json::Map<_, _> = serde_json::from_str(body).unwrap();
            body.keys()
                .find_map(|key| key.strip_prefix("ElastiCache:"))
                .unwrap()
                .to_owned()
        };
        let sent = self.cache.take_notifications();
        sent.iter()
            .map(|sent| name(sent.event.as_str().unwrap()))
            .collect()
    }

    /// All events so far, oldest first, as `source: message`.
    pub(super) fn events(&self) -> Vec<String> {
        let filter = EventFilter {
            minutes: Some(14 * 24 * 60),
            paging: Paging {
                max_records: Some(100),
                marker: None,
            },
            ..EventFilter::default()
        };
        let page = self
            .cache
            .describe_events(&filter, self.now, &self.parameters)
            .unwrap();
        page.items
            .iter()
            .rev()
            .map(|event| format!("{}: {}", event.source, event.message))
            .collect()
    }
}

/// A change of `orders` to so many shards.
pub(super) fn to(count: i32) -> ModifyShards {
    ModifyShards {
        group: "orders".into(),
        count,
        apply_immediately: true,
        ..ModifyShards::default()
    }
}

/// A change of `orders` to so many shards without these.
pub(super) fn without(count: i32, remove: &[&str]) -> ModifyShards {
    ModifyShards {
        remove: remove.iter().map(ToString::to_string).collect(),
        ..to(count)
    }
}

pub(super) fn ids(group: &GroupView) -> Vec<&str> {
    group.shards.iter().map(|shard| shard.id.as_str()).collect()
}

pub(super) fn require_all_slots_once(group: &GroupView) {
    let mut seen = SlotSet::new();
    for shard in &group.shards {
        assert!(
            seen.is_disjoint(&shard.slot_set),
            "a slot of {} has two owners",
            shard.id
        );
        seen.union_with(&shard.slot_set);
    }
    assert_eq!(seen.len(), usize::from(SLOT_COUNT));
}
