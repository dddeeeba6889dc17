//! What goes wrong: calls, metrics, nodes, other people, and the end of a pass in its middle.

use chrono::TimeDelta;
use clusterwarden_local::cloud::{Cloud, Fault, cloudwatch::DataStatus, workload::Span};
use clusterwarden_local::wire;
use clusterwarden_tests::line::{Change, Cut, Plan};

use crate::world::{RESHARD, World};

impl World {
    pub(crate) fn make_trouble(&mut self) {
        if !self.draw.chance(25) {
            return;
        }
        let now = self.now();
        let (throttled, broken) = (
            error(400, "Throttling", "Rate exceeded"),
            error(500, "InternalFailure", "try again"),
        );
        let lost = [Fault::LoseAnswer, Fault::LoseRequest];
        let reads = [
            "DescribeReplicationGroups",
            "DescribeCacheClusters",
            "DescribeAlarms",
            "GetMetricData",
            "BatchGetItem",
        ];
        let what = match self.draw.below(9) {
            0 => {
                let refusals = [
                    throttled,
                    broken,
                    error(400, "InsufficientCacheClusterCapacity", "none left"),
                    error(
                        400,
                        "InvalidReplicationGroupState",
                        "Replication group must be in available state to modify.",
                    ),
                ];
                let fault = if self.draw.chance(50) {
                    self.draw.one(&lost).clone()
                } else {
                    self.draw.one(&refusals).clone()
                };
                self.injected_busy = matches!(&fault, Fault::Error { code, .. } if code == "InvalidReplicationGroupState");
                self.push(RESHARD, fault, 1)
            }
            1 => {
                let operation = *self.draw.one(&reads);
                let fault = if self.draw.chance(50) {
                    self.draw.one(&lost).clone()
                } else {
                    self.draw.one(&[throttled, broken]).clone()
                };
                let times = self.draw.from(1..5);
                self.push(operation, fault, times)
            }
            2 => {
                let conflict = error(
                    400,
                    "ConditionalCheckFailedException",
                    "The conditional request failed",
                );
                let faults = [conflict, broken, Fault::LoseAnswer, Fault::LoseRequest];
                let fault = self.draw.one(&faults).clone();
                let times = self.draw.from(1..4);
                self.push("PutItem", fault, times)
            }
            3 => {
                let status = *self.draw.one(&[
                    DataStatus::PartialData,
                    DataStatus::InternalError,
                    DataStatus::Forbidden,
                ]);
                self.cloud.lock().cloudwatch.force_status(status);
                format!("GetMetricData says {}", status.name())
            }
            4 | 5 => {
                let until = now + TimeDelta::minutes(i64::from(self.draw.from(1..30)));
                self.cloud
                    .lock()
                    .workload
                    .load_mut("orders")
                    .outages
                    .push(Span { from: now, until });
                format!("CloudWatch hears nothing until {until}")
            }
            6 => {
                let to = self.draw.from(self.rules.min..self.rules.max + 1);
                let ids: Vec<String> = self
                    .group()
                    .shards
                    .into_iter()
                    .map(|shard| shard.id)
                    .collect();
                reshard_by_hand(&mut self.cloud.lock(), &ids, to);
                self.by_hand = Some(now);
                format!("somebody else asks for {to} shards")
            }
            _ => {
                let nodes: Vec<String> = self
                    .group()
                    .shards
                    .into_iter()
                    .flat_map(|shard| shard.nodes)
                    .filter(|node| node.available)
                    .map(|node| node.id)
                    .collect();
                let node = self.draw.one(&nodes).clone();
                let until = now + TimeDelta::minutes(i64::from(self.draw.from(1..20)));
                if self.group().status == "available" {
                    self.cloud
                        .lock()
                        .elasticache
                        .set_node_status(&node, "rebooting cluster nodes");
                    self.down.push((node.clone(), until));
                }
                format!("node {node} is down until {until}")
            }
        };
        self.note(what);
    }

    pub(crate) fn push(&mut self, operation: &str, fault: Fault, times: u32) -> String {
        let mut cloud = self.cloud.lock();
        for _ in 0..times {
            cloud.faults.push(operation, fault.clone());
        }
        format!("{operation} will meet {fault:?} {times} times")
    }

    /// No trouble from now on: what is broken is mended, what was to come does not.
    pub(crate) fn end_trouble(&mut self) {
        let down = std::mem::take(&mut self.down);
        let mut cloud = self.cloud.lock();
        for (node, _) in down {
            cloud.elasticache.set_node_status(&node, "available");
        }
        let now = cloud.now();
        for outage in &mut cloud.workload.load_mut("orders").outages {
            outage.until = outage.until.min(now);
        }
        drop(cloud);
        self.drop_faults();
        self.note("no trouble from now on");
    }

    /// Faults that nothing met do not pile up.
    pub(crate) fn drop_faults(&mut self) {
        let mut cloud = self.cloud.lock();
        for operation in [
            RESHARD,
            "PutItem",
            "DescribeReplicationGroups",
            "DescribeCacheClusters",
            "DescribeAlarms",
            "GetMetricData",
            "BatchGetItem",
        ] {
            while cloud.faults.take(operation).is_some() {}
        }
        while cloud.cloudwatch.take_forced_status().is_some() {}
        drop(cloud);
        self.injected_busy = false;
    }

    pub(crate) fn has_forced_status(&self) -> bool {
        let mut cloud = self.cloud.lock();
        let mut statuses = Vec::new();
        while let Some(status) = cloud.cloudwatch.take_forced_status() {
            statuses.push(status);
        }
        let any = !statuses.is_empty();
        statuses
            .into_iter()
            .for_each(|status| cloud.cloudwatch.force_status(status));
        any
    }

    /// What goes on during the next pass.
    pub(crate) fn plan(&mut self, trouble: bool) -> Plan {
        let mut plan = Plan {
            seed: self.draw.word(),
            call_takes: TimeDelta::milliseconds(i64::from(self.draw.below(800))),
            ..Plan::default()
        };
        if !trouble {
            return plan;
        }
        if self.draw.chance(6) {
            plan.cut = Some(match self.draw.below(3) {
                0 => Cut::After(RESHARD),
                1 => Cut::After("PutItem"),
                _ => Cut::Call {
                    number: usize::try_from(self.draw.below(12)).unwrap_or(0),
                    served: self.draw.chance(50),
                },
            });
        }
        if self.draw.chance(8) {
            let number = usize::try_from(self.draw.from(2..12)).unwrap_or(0);
            let change = self.change_behind_its_back(number);
            plan.before.extend(change.map(|change| (number, change)));
        }
        plan
    }

    /// What happens between a look and an act: a node goes down, or somebody else reshards.
    pub(crate) fn change_behind_its_back(&mut self, number: usize) -> Option<Change> {
        let group = self.group();
        if group.status != "available" {
            return None;
        }
        if self.draw.chance(50) {
            let to = self.draw.from(self.rules.min..self.rules.max + 1);
            let ids: Vec<String> = group.shards.into_iter().map(|shard| shard.id).collect();
            self.by_hand = Some(self.now());
            self.note(format!(
                "somebody else asks for {to} shards at call {number} of the pass"
            ));
            return Some(Box::new(move |cloud: &mut Cloud| {
                reshard_by_hand(cloud, &ids, to);
            }));
        }
        let node = group.shards.first()?.nodes.first()?.id.clone();
        let until = self.now() + TimeDelta::minutes(4);
        self.down.push((node.clone(), until));
        self.note(format!(
            "node {node} goes down at call {number} of the pass"
        ));
        Some(Box::new(move |cloud: &mut Cloud| {
            cloud
                .elasticache
                .set_node_status(&node, "rebooting cluster nodes");
        }))
    }
}

/// What a person does in the console; the service may refuse it.
fn reshard_by_hand(cloud: &mut Cloud, ids: &[String], to: u32) {
    let kept = usize::try_from(to).unwrap_or(usize::MAX);
    let removed = ids.iter().skip(kept).enumerate();
    let removed =
        removed.map(|(at, id)| format!("&NodeGroupsToRemove.NodeGroupToRemove.{}={id}", at + 1));
    let body = format!(
        "Version=2015-02-02&Action={RESHARD}&ReplicationGroupId=orders&ApplyImmediately=true&NodeGroupCount={to}{}",
        removed.collect::<String>()
    );
    let request = http::Request::post("/")
        .body(body.into())
        .expect("a request");
    wire::answer(cloud, &request);
}

fn error(status: u16, code: &str, message: &str) -> Fault {
    Fault::Error {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}
