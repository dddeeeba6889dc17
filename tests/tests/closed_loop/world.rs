//! One world drawn from a seed: a group under load, its alarm, a policy, and what goes wrong.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    policy::Policy,
    record::{Mode, Report},
};
use clusterwarden_local::cloud::{
    Cloud, Fault, Parameters,
    cloudwatch::{AlarmSpec, DataStatus},
    elasticache::{GroupSpec, GroupView, Keyspace, max_memory},
    workload::{Burst, Demand, GroupLoad, Span, Step},
};
use clusterwarden_local::wire;
use clusterwarden_tests::{
    JOURNAL, SharedCloud,
    draw::Draw,
    fixture::scheduled,
    line::{Carried, Change, Cut, Line, Plan},
};
use serde_json::{Value, json};

pub(crate) const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";
const NODE_TYPE: &str = "cache.r7g.xlarge";
/// Operations a second that make one shard's engine busy all the time.
const ENGINE: f64 = 100_000.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

/// Rounds of five minutes without a change after which none will come: longer than any cooldown and window drawn here.
const QUIET_ROUNDS: u32 = 15;

/// What a policy of this world says, as numbers.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    pub(crate) min: u32,
    pub(crate) max: u32,
    pub(crate) cpu: f64,
    pub(crate) memory: f64,
    pub(crate) window: i64,
    pub(crate) stale_after: i64,
    pub(crate) out_step: u32,
    pub(crate) out_cooldown: i64,
    pub(crate) in_step: u32,
    pub(crate) in_cooldown: i64,
    pub(crate) stabilization: i64,
}

impl Rules {
    fn draw(draw: &mut Draw) -> Self {
        let min = draw.from(1..4);
        Self {
            min,
            max: min + draw.from(3..7),
            cpu: draw.between(40.0, 70.0).round(),
            memory: draw.between(55.0, 75.0).round(),
            window: i64::from(draw.from(2..8)),
            stale_after: i64::from(draw.from(12..20)),
            out_step: draw.from(1..4),
            out_cooldown: i64::from(draw.from(0..15)),
            in_step: draw.from(1..4),
            in_cooldown: i64::from(draw.from(5..40)),
            stabilization: i64::from(draw.from(5..35)),
        }
    }

    fn policy(&self) -> Policy {
        let text = format!(
            "version = 1\n[[reshard]]\nreplication_group = \"orders\"\napply = \"all\"\nmin_shards = {}\nmax_shards = {}\n\
             window_minutes = {}\nstale_after_minutes = {}\n[reshard.targets]\nengine_cpu = {}\n\
             memory = {{ percent = {}, evicts = false }}\n[reshard.alarms]\nscale_out = [\"orders-hot\"]\n\
             [reshard.scale_out]\nmax_step = {}\ncooldown_minutes = {}\n[reshard.scale_in]\nmax_step = {}\n\
             cooldown_minutes = {}\nstabilization_minutes = {}\n",
            self.min,
            self.max,
            self.window,
            self.stale_after,
            self.cpu,
            self.memory,
            self.out_step,
            self.out_cooldown,
            self.in_step,
            self.in_cooldown,
            self.stabilization,
        );
        Policy::parse("drawn", &text).unwrap_or_else(|mistakes| panic!("{mistakes}\n{text}"))
    }
}

pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) draw: Draw,
    pub(crate) rules: Rules,
    pub(crate) parameters: Parameters,
    pub(crate) policy: Policy,
    pub(crate) cloud: SharedCloud,
    /// Bytes of all data.
    pub(crate) bytes: u64,
    /// When the group was last seen busy, minute by minute.
    pub(crate) last_busy: Option<DateTime<Utc>>,
    /// Whether each change that was accepted since the load last changed was growth.
    pub(crate) directions: Vec<bool>,
    /// Whether the next request will be told, untruly, that the group is at work.
    pub(crate) injected_busy: bool,
    /// When somebody else last asked for a change, which does not show at once.
    pub(crate) by_hand: Option<DateTime<Utc>>,
    /// What happened, for the one who reads a failure.
    pub(crate) story: VecDeque<String>,
    /// Wakes of alarms so far; some come again later.
    delivered: Vec<Value>,
    /// Nodes that are down, with the minute at which they are back.
    down: Vec<(String, DateTime<Utc>)>,
}

impl World {
    pub(crate) fn draw(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let rules = Rules::draw(&mut draw);
        let parameters = Parameters {
            metric_delay: TimeDelta::seconds(i64::from(draw.below(601))),
            event_delay: TimeDelta::seconds(i64::from(draw.below(601))),
            shard_count_changes_at_start: draw.chance(50),
            modifying_delay: TimeDelta::seconds(i64::from(draw.below(61))),
            migration_bytes_per_second: u64::from(draw.from(4..65)) * 1024 * 1024,
            node_creation: TimeDelta::seconds(i64::from(draw.from(60..900))),
            migration_cpu_percent: draw.between(0.0, 15.0),
            ..Parameters::default()
        };
        let shards = draw.from(rules.min..rules.max + 1);
        let room = max_memory(NODE_TYPE).map_or(0.0, |bytes| bytes as f64);
        // Now and then so much that memory decides, never more than the policy's memory target at the maximum.
        let fill = if draw.chance(30) {
            draw.between(10.0, 45.0)
        } else {
            draw.between(1.0, 10.0)
        };
        let bytes = (f64::from(shards) * room * fill / 100.0).max(GIB).round() as u64;
        let cloud = SharedCloud::empty(parameters.clone());
        let mut world = Self {
            seed,
            policy: rules.policy(),
            cloud,
            bytes,
            last_busy: None,
            directions: Vec::new(),
            injected_busy: false,
            by_hand: None,
            story: VecDeque::new(),
            delivered: Vec::new(),
            down: Vec::new(),
            draw,
            rules,
            parameters,
        };
        world.furnish(shards);
        world
    }

    fn furnish(&mut self, shards: u32) {
        let snapshot_window = self.draw.chance(30).then(|| "10:00-11:00".to_owned());
        let base = self.demand_for(f64::from(shards) - 0.5, 1.0);
        let (seed, start) = (self.seed, self.cloud.lock().now());
        let mut bursts = Vec::new();
        let mut steps = Vec::new();
        for _ in 0..self.draw.below(4) {
            let from = start + TimeDelta::minutes(i64::from(self.draw.below(300)));
            let until = from + TimeDelta::minutes(i64::from(self.draw.from(2..90)));
            let operations = base * self.draw.between(-0.6, 1.0);
            bursts.push(Burst {
                span: Span { from, until },
                operations,
            });
        }
        for _ in 0..self.draw.below(4) {
            let at = start + TimeDelta::minutes(i64::from(self.draw.below(360)));
            steps.push(Step {
                at,
                operations: base * self.draw.between(-0.5, 0.7),
            });
        }
        let demand = Demand {
            base,
            noise: 0.02,
            seed,
            bursts,
            steps,
            ..Demand::default()
        };
        let actions = vec!["arn:aws:lambda:us-east-1:123456789012:function:reshard".to_owned()];
        let alarm = AlarmSpec {
            name: "orders-hot".to_owned(),
            metric: "EngineCPUUtilization".to_owned(),
            dimensions: vec![("ReplicationGroupId".to_owned(), "orders".to_owned())],
            statistic: "Maximum".to_owned(),
            evaluation_periods: 3,
            threshold: (self.rules.cpu + 10.0).min(95.0),
            alarm_actions: actions.clone(),
            ok_actions: actions,
            ..AlarmSpec::default()
        };
        let spec = GroupSpec {
            shards,
            node_type: NODE_TYPE.to_owned(),
            snapshot_window,
            keyspace: Keyspace::even(self.bytes),
            ..GroupSpec::default()
        };
        let mut cloud = self.cloud.lock();
        cloud.elasticache.seed_group(spec, start);
        cloud.workload.set(
            "orders",
            GroupLoad {
                demand,
                engine_operations: ENGINE,
                ..GroupLoad::default()
            },
        );
        cloud
            .cloudwatch
            .put_alarm(start, alarm)
            .expect("a good alarm");
        cloud
            .dynamodb
            .create_table(JOURNAL, "target")
            .expect("a new table");
    }

    /// Operations a second that fill this many shards to a part of the CPU target.
    fn demand_for(&self, shards: f64, part: f64) -> f64 {
        shards.max(0.3) * self.rules.cpu * part / 100.0 * ENGINE
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        self.cloud.lock().now()
    }

    pub(crate) fn group(&self) -> GroupView {
        self.cloud
            .lock()
            .elasticache
            .group("orders")
            .expect("the group is there")
    }

    pub(crate) fn note(&mut self, what: impl Into<String>) {
        let line = format!("{}  {}", self.now().format("%d. %H:%M:%S"), what.into());
        self.story.push_back(line);
    }

    /// Tells the whole story.
    pub(crate) fn tell(&self) {
        for line in &self.story {
            println!("{line}");
        }
    }

    /// Fails with all that a person needs to look into it.
    pub(crate) fn fail(&self, what: &str) -> ! {
        let last = self.story.len().saturating_sub(40);
        let story: Vec<&str> = self.story.iter().skip(last).map(String::as_str).collect();
        panic!(
            "seed {} (run it alone with CLUSTERWARDEN_SEED={}): {what}\n{:?}\n{:?}\n{}\nat {}: {:?}",
            self.seed,
            self.seed,
            self.rules,
            self.parameters,
            story.join("\n"),
            self.now(),
            self.group()
                .shards
                .iter()
                .map(|shard| (&shard.id, shard.slots, shard.bytes))
                .collect::<Vec<_>>(),
        )
    }

    /// Six hours in which everything goes wrong that can.
    pub(crate) async fn live_through_trouble(&mut self) {
        for _ in 0..72 {
            for wake in self.pass_five_minutes() {
                self.make_trouble();
                self.wake(&wake, true).await;
            }
        }
        self.end_trouble();
    }

    /// A load over the target that stays: in bounded time there are enough shards for it, or as many as allowed.
    pub(crate) async fn meet_a_load_that_stays(&mut self) {
        let shards = f64::from(self.draw.from(self.rules.min..self.rules.max + 2));
        let demand = self.demand_for(shards, 1.05);
        self.cloud.lock().workload.load_mut("orders").demand = Demand {
            noise: 0.01,
            seed: self.seed,
            ..Demand::constant(demand)
        };
        self.note(format!("from now on {demand:.0} operations a second"));
        self.until_settled(1, |world| world.carries_its_load())
            .await;
    }

    /// A load that falls for good: in bounded time there are as few shards as the rule says.
    pub(crate) async fn meet_quiet_for_good(&mut self) {
        let before = self.count();
        let shards = f64::from(self.draw.from(1..self.rules.max + 1));
        let demand = self.demand_for(shards - 0.4, 0.75);
        self.cloud.lock().workload.load_mut("orders").demand = Demand {
            noise: 0.01,
            seed: self.seed,
            ..Demand::constant(demand)
        };
        self.note(format!(
            "from now on {demand:.0} operations a second, for good"
        ));
        self.directions.clear();
        self.until_settled(QUIET_ROUNDS, |world| {
            world.has_as_few_shards_as_the_rule_says()
        })
        .await;
        self.check_no_flapping();
        if self.count() < before.min(self.fewest(0.95)) {
            self.fail("the scale-in went further than the rule says");
        }
    }

    /// Passes without trouble until it is so, for at most two days: the longest backoff is four hours, and a step takes one.
    async fn until_settled(&mut self, rounds: u32, so: impl Fn(&Self) -> bool) {
        let mut still = 0;
        for _ in 0..576 {
            let changes = self.directions.len();
            for wake in self.pass_five_minutes() {
                self.wake(&wake, false).await;
            }
            // A change just begun does not show at once.
            let group = self.group();
            let moves = group.shards.iter().any(|shard| shard.migrating);
            let calm = !moves && group.status == "available" && self.directions.len() == changes;
            still = if calm && so(self) { still + 1 } else { 0 };
            if still >= rounds {
                return;
            }
        }
        self.fail("two days without trouble were not enough");
    }

    /// Lets time pass, and gives the wakes that fall due: the schedule's, and the alarms' actions.
    fn pass_five_minutes(&mut self) -> Vec<Value> {
        for _ in 0..5 {
            self.cloud.advance(1);
            self.check_minute();
            let now = self.now();
            let (back, down): (Vec<_>, Vec<_>) = std::mem::take(&mut self.down)
                .into_iter()
                .partition(|(_, until)| *until <= now);
            self.down = down;
            for (node, _) in back {
                self.cloud
                    .lock()
                    .elasticache
                    .set_node_status(&node, "available");
                self.note(format!("node {node} is back"));
            }
        }
        let sent = self.cloud.lock().take_deliveries();
        let alarms: Vec<Value> = sent
            .into_iter()
            .filter(|one| one.target.contains(":lambda:"))
            .map(|one| one.event)
            .collect();
        self.delivered.extend(alarms.iter().cloned());
        let mut wakes = alarms;
        wakes.push(scheduled());
        if self.draw.chance(5) {
            wakes.push(
                self.draw
                    .one(&[
                        json!({}),
                        json!([]),
                        json!(null),
                        json!("x"),
                        json!(7),
                        json!({"Records": [1]}),
                    ])
                    .clone(),
            );
        }
        if self.draw.chance(5) && !self.delivered.is_empty() {
            wakes.push(self.draw.one(&self.delivered).clone());
        }
        wakes
    }

    fn make_trouble(&mut self) {
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

    fn push(&mut self, operation: &str, fault: Fault, times: u32) -> String {
        let mut cloud = self.cloud.lock();
        for _ in 0..times {
            cloud.faults.push(operation, fault.clone());
        }
        format!("{operation} will meet {fault:?} {times} times")
    }

    /// No trouble from now on: what is broken is mended, what was to come does not.
    fn end_trouble(&mut self) {
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
    fn drop_faults(&mut self) {
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

    /// One wake: a pass, or two at once, undisturbed or not.
    async fn wake(&mut self, event: &Value, trouble: bool) {
        let forced = trouble && self.has_forced_status();
        let (mut plan, mut other) = (self.plan(trouble), None);
        if trouble && self.draw.chance(10) {
            other = Some(self.plan(false));
            plan.cut = None;
        }
        let line = Line::new(&self.cloud, plan);
        let run = |line: Line| {
            let (cloud, policy) = (self.cloud.clone(), self.policy.clone());
            async move { cloud.pass_over(&line, &policy, Mode::Apply, event).await }
        };
        let mut reports: Vec<(Option<Report>, Vec<Carried>)> = Vec::new();
        match other {
            None => {
                let report = run(line.clone()).await;
                reports.push((report, line.carried()));
            }
            Some(plan) => {
                let second = Line::new(&self.cloud, plan);
                let (one, two) = tokio::join!(run(line.clone()), run(second.clone()));
                reports.push((one, line.carried()));
                reports.push((two, second.carried()));
            }
        }
        let by_hand = self
            .by_hand
            .is_some_and(|at| self.now() - at < TimeDelta::minutes(2));
        let disturbed = line.changes_planned() || by_hand;
        let at_once = reports.len() > 1;
        for (report, carried) in reports {
            match &report {
                None => self.note("the pass was cut off"),
                Some(report) => {
                    let said: Vec<String> = report
                        .records
                        .iter()
                        .map(|record| {
                            let failure = record
                                .failure
                                .as_ref()
                                .map(|failure| failure.code.clone())
                                .unwrap_or_default();
                            format!(
                                "{:?} {} {failure}",
                                record.outcome, record.decision["sentence"]
                            )
                        })
                        .collect();
                    self.note(format!(
                        "{} {}",
                        said.join("; "),
                        report.failures.join("; ")
                    ));
                }
            }
            self.check_pass(report.as_ref(), &carried, forced && !at_once, disturbed);
        }
        self.check_minute();
        self.drop_faults();
    }

    fn has_forced_status(&self) -> bool {
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
    fn plan(&mut self, trouble: bool) -> Plan {
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
    fn change_behind_its_back(&mut self, number: usize) -> Option<Change> {
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
