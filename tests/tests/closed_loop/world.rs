//! One world drawn from a seed: a group under load, its alarm, a policy, and what goes wrong.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::policy::Policy;
use clusterwarden_local::cloud::{
    Parameters,
    cloudwatch::AlarmSpec,
    elasticache::{GroupSpec, GroupView, Keyspace, max_memory},
    workload::{Burst, Demand, GroupLoad, Span, Step},
};
use clusterwarden_tests::{JOURNAL, SharedCloud, draw::Draw};
use serde_json::Value;

pub(crate) const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";
const NODE_TYPE: &str = "cache.r7g.xlarge";
/// Operations a second that make one shard's engine busy all the time.
const ENGINE: f64 = 100_000.0;
const GIB: f64 = 1024.0 * 1024.0 * 1024.0;

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
    pub(crate) delivered: Vec<Value>,
    /// Nodes that are down, with the minute at which they are back.
    pub(crate) down: Vec<(String, DateTime<Utc>)>,
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
    pub(crate) fn demand_for(&self, shards: f64, part: f64) -> f64 {
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
}
