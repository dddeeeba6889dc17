//! What must hold whatever happens, and what must come about once nothing happens any more.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::record::{Outcome, Report};
use clusterwarden_local::cloud::{
    cloudwatch::Metric, cloudwatch::store::Window, elasticache::slots::SLOT_COUNT,
};
use clusterwarden_tests::line::{Carried, is_available, last_look};

use crate::world::{RESHARD, World};

impl World {
    /// What must hold at any time: no slot and no byte is lost, and no shard is fuller than it can be.
    pub(crate) fn check_minute(&mut self) {
        let group = self.group();
        let slots: u32 = group.shards.iter().map(|shard| shard.slots).sum();
        if slots != u32::from(SLOT_COUNT) {
            self.fail(&format!("{slots} slots are left"));
        }
        let bytes: u64 = group.shards.iter().map(|shard| shard.bytes).sum();
        if bytes.abs_diff(self.bytes) > 1024 {
            self.fail(&format!("{bytes} bytes are left of {}", self.bytes));
        }
        for shard in &group.shards {
            let room = shard.nodes.first().map_or(0, |node| node.max_memory);
            if shard.bytes > room {
                self.fail(&format!("shard {} holds more than fits", shard.id));
            }
        }
        if group.status == "modifying" {
            self.last_busy = Some(self.now());
        }
    }

    /// The load is what it was: whoever shrank for it need not grow for it.
    pub(crate) fn check_no_flapping(&self) {
        if self.directions.windows(2).any(|two| !two[0] && two[1]) {
            self.fail("it shrank and grew again under the same load");
        }
    }

    /// What must hold of one pass.
    pub(crate) fn check_pass(
        &mut self,
        report: Option<&Report>,
        carried: &[Carried],
        forced: bool,
        disturbed: bool,
    ) {
        let sent: Vec<usize> = (0..carried.len())
            .filter(|at| carried[*at].call.operation == RESHARD)
            .collect();
        if sent.len() > 1 {
            self.fail("one pass sent two requests");
        }
        if let Some(report) = report {
            self.check_records(report, sent.len());
        }
        for at in sent {
            self.check_request(carried, at, forced, disturbed);
        }
    }

    fn check_records(&self, report: &Report, sent: usize) {
        let [record] = report.records.as_slice() else {
            self.fail(&format!("{} records of one group", report.records.len()));
        };
        let acted = match record.outcome {
            Outcome::Held | Outcome::Planned | Outcome::AlreadyDone => false,
            Outcome::Accepted | Outcome::Switched => true,
            // These come of the journal without a call, or of the call.
            Outcome::Superseded | Outcome::Failed => record.failure.is_some(),
        };
        if acted != (sent == 1) {
            self.fail(&format!(
                "{sent} requests were sent, and the record says {}",
                record.line()
            ));
        }
    }

    fn check_request(&mut self, carried: &[Carried], at: usize, forced: bool, disturbed: bool) {
        let Some(one) = carried.get(at) else { return };
        let Some(look) = last_look(carried, at) else {
            self.fail("a request without a look");
        };
        let Some(group) = look.group("orders") else {
            self.fail("a request for a group that is not there");
        };
        let looked = look.call.at;
        if !is_available(group) {
            self.fail("a request to a group that was not available when it was looked at");
        }
        let busy = ["InvalidReplicationGroupState", "InvalidCacheClusterState"];
        let refused = one
            .call
            .error_code
            .as_deref()
            .is_some_and(|code| busy.contains(&code));
        if refused && !disturbed && !self.injected_busy {
            self.fail("a request to a group that was at work already");
        }
        if !carried
            .iter()
            .take(at)
            .any(|before| before.call.operation == "PutItem" && before.call.error_code.is_none())
        {
            self.fail("a request that the journal does not know");
        }
        let parameters = &one.call.parameters;
        let number = |name: &str| {
            parameters[name]
                .as_str()
                .and_then(|text| text.parse::<u32>().ok())
        };
        let Some(to) = number("NodeGroupCount") else {
            self.fail("a request without a count")
        };
        let listed = group.shards.iter().filter(|shard| shard.listed);
        let ids: BTreeSet<&String> = listed.map(|shard| &shard.id).collect();
        let from = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let removed: Vec<String> = (1..)
            .map_while(|place| {
                let name = format!("NodeGroupsToRemove.NodeGroupToRemove.{place}");
                parameters[name.as_str()].as_str().map(str::to_owned)
            })
            .collect();
        self.note(format!(
            "sent {from} to {to} {removed:?}: {:?} {:?}",
            one.call.status, one.call.error_code
        ));
        if !(self.rules.min..=self.rules.max).contains(&to) {
            self.fail(&format!("{to} shards are out of bounds"));
        }
        if to > from && to - from > self.rules.out_step
            || from > to && from - to > self.rules.in_step
        {
            self.fail(&format!("{from} to {to} is more than a step"));
        }
        let distinct: BTreeSet<&String> = removed.iter().collect();
        if distinct.len() != usize::try_from(from.saturating_sub(to)).unwrap_or(0)
            || distinct.len() != removed.len()
        {
            self.fail(&format!(
                "{removed:?} are not the {} to remove",
                from.saturating_sub(to)
            ));
        }
        if let Some(unknown) = removed.iter().find(|id| !ids.contains(id)) {
            self.fail(&format!("{unknown} does not exist"));
        }
        let cooldown = if to < from {
            self.rules.in_cooldown
        } else {
            self.rules.out_cooldown
        };
        if let Some(busy) = self.last_busy
            && looked - busy < TimeDelta::minutes(cooldown)
        {
            self.fail(&format!(
                "busy until {busy}, cooldown {cooldown} min, and another change at {looked}"
            ));
        }
        if to < from {
            self.check_scale_in(looked, forced);
        }
        if one.call.status == Some(200) {
            self.directions.push(to > from);
        }
    }

    fn check_scale_in(&mut self, looked: DateTime<Utc>, forced: bool) {
        if forced {
            self.fail("a scale-in upon an answer that said that it was not complete");
        }
        let whole = self.whole_minutes(looked);
        let minute = |back: i64| looked.timestamp().div_euclid(60) - back;
        let seen = (0..=self.rules.stale_after).any(|late| {
            (0..self.rules.stabilization).all(|back| whole.contains(&minute(late + back)))
        });
        if !seen {
            self.fail("a scale-in after a window in which a metric was missing");
        }
        let alarm = self
            .cloud
            .lock()
            .cloudwatch
            .alarms()
            .find(|alarm| alarm.name == "orders-hot")
            .map(|alarm| alarm.state.name());
        if alarm != Some("OK") {
            self.fail(&format!("a scale-in while the alarm is {alarm:?}"));
        }
    }

    /// The minutes that one could see at this moment of which every node of every shard said everything that a scale-in rests on.
    fn whole_minutes(&self, at: DateTime<Utc>) -> BTreeSet<i64> {
        let cloud = self.cloud.lock();
        let back = TimeDelta::minutes(self.rules.stabilization + self.rules.stale_after + 2);
        let from = (at - back).timestamp().div_euclid(60) * 60;
        let window = Window::at(at, self.parameters.metric_delay, from, at.timestamp());
        let group = cloud
            .elasticache
            .group("orders")
            .expect("the group is there");
        let mut whole: BTreeSet<i64> = (from / 60..=at.timestamp() / 60).collect();
        let mut require = |metric: &str, dimensions: &[(&str, &str)]| {
            let metric = Metric::new("AWS/ElastiCache", metric, dimensions);
            let there = cloud.cloudwatch.store().read(&metric, None, window, 60);
            whole.retain(|minute| there.contains_key(&(minute * 60)));
        };
        // New shards appear with the request itself; they had nothing to say before.
        for shard in group.shards.iter().filter(|shard| shard.slots > 0) {
            let of_shard = [
                ("NodeGroupId", shard.id.as_str()),
                ("ReplicationGroupId", "orders"),
            ];
            require("EngineCPUUtilization", &of_shard);
            require("DatabaseMemoryUsageCountedForEvictPercentage", &of_shard);
            for node in &shard.nodes {
                for metric in [
                    "BytesUsedForCache",
                    "DatabaseMemoryUsagePercentage",
                    "Evictions",
                ] {
                    require(metric, &[("CacheClusterId", node.id.as_str())]);
                }
            }
        }
        whole
    }

    /// Percent of the engine's thread over all shards, as it really is.
    fn load(&self) -> f64 {
        let group = self.group();
        let cloud = self.cloud.lock();
        let loads = cloud.workload.loads(&group, cloud.now(), &self.parameters);
        loads.iter().map(|shard| shard.hottest()).sum()
    }

    fn memory(&self) -> f64 {
        let group = self.group();
        let room = group
            .shards
            .first()
            .and_then(|shard| shard.nodes.first())
            .map_or(1, |node| node.max_memory);
        self.bytes as f64 / room as f64 * 100.0
    }

    pub(crate) fn count(&self) -> f64 {
        self.group().shards.len() as f64
    }

    /// Enough shards for CPU and memory, or as many as allowed.
    pub(crate) fn carries_its_load(&self) -> bool {
        let count = self.count();
        let enough = self.load() <= count * self.rules.cpu * 1.02
            && self.memory() <= count * self.rules.memory * 1.01;
        enough || count >= f64::from(self.rules.max)
    }

    /// As few as carry the load with the gap that the rule wants. Fewer still may be there from before, when the load is too
    /// low to ask for more and too high to ask for fewer; the gap is there so that nothing flaps.
    pub(crate) fn has_as_few_shards_as_the_rule_says(&self) -> bool {
        self.count() <= self.fewest(1.06) && self.carries_its_load()
    }

    /// The fewest shards that the rule allows a scale-in to leave; the slack is for noise.
    pub(crate) fn fewest(&self, slack: f64) -> f64 {
        let (load, memory) = (self.load() * slack, self.memory() * slack);
        let cpu = load / (self.rules.cpu * 0.75);
        // The engine's own bytes come on top of the data where the proof looks at the whole.
        let memory = (memory / (self.rules.memory * 0.75)).max((memory + 1.0) / 70.0);
        cpu.max(memory).ceil().max(f64::from(self.rules.min))
    }
}
