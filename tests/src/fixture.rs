//! A small world to run passes in: one group, its metrics minute by minute, its alarms and the journal.

use chrono::TimeDelta;
use clusterwarden::{
    policy::Policy,
    record::{Mode, Record, Report},
};
use clusterwarden_local::cloud::{
    Call, Parameters,
    elasticache::{GroupSpec, Keyspace},
    workload::Span,
};
use serde_json::{Value, json};

use crate::{JOURNAL, SharedCloud};

/// The policy that most tests use: everything allowed, short windows.
pub const POLICY: &str = r#"
version = 1
[[reshard]]
replication_group = "orders"
apply = "all"
min_shards = 2
max_shards = 8
[reshard.targets]
engine_cpu = 60
memory = { percent = 65, evicts = false }
[reshard.alarms]
scale_out = ["orders-hot"]
"#;

/// One group `orders` of `cache.r7g.xlarge` nodes with a replica per shard, in an embedded AWS.
#[derive(Debug, Clone)]
pub struct Fixture {
    /// The embedded AWS.
    pub cloud: SharedCloud,
    /// The policy in force.
    pub policy: Policy,
}

impl Fixture {
    /// A group of this many shards that holds 2 GiB a shard, with an alarm `orders-hot` that is OK.
    pub fn new(shards: u32) -> Self {
        Self::with(shards, Parameters::default(), POLICY)
    }

    /// The same with parameters and a policy of one's own.
    pub fn with(shards: u32, parameters: Parameters, policy: &str) -> Self {
        let cloud = SharedCloud::empty(parameters);
        cloud
            .lock()
            .dynamodb
            .create_table(JOURNAL, "target")
            .expect("a new table");
        let fixture = Self {
            cloud,
            policy: Policy::parse("test", policy).expect("a good policy"),
        };
        fixture.add_group("orders", shards);
        fixture.set_alarm("orders-hot", "OK");
        fixture
    }

    /// A further group, like `orders` in everything but its name and shards.
    pub fn add_group(&self, id: &str, shards: u32) {
        let mut cloud = self.cloud.lock();
        let now = cloud.now();
        cloud.elasticache.seed_group(
            GroupSpec {
                id: id.to_owned(),
                shards,
                node_type: "cache.r7g.xlarge".to_owned(),
                keyspace: Keyspace::even(u64::from(shards) << 31),
                ..GroupSpec::default()
            },
            now,
        );
        // The workload model keeps silent: these tests publish what they mean, minute by minute.
        let always = Span {
            from: now,
            until: now + TimeDelta::days(30),
        };
        cloud.workload.load_mut(id).outages.push(always);
    }

    /// Publishes what every shard of `orders` carried in each of the last `minutes` minutes: percent of the engine's thread of the
    /// primary (the replica idles at 5 %), and percent of `maxmemory`. `cpu` names the shards in order; the last value
    /// stands for the rest.
    pub fn carried(&self, minutes: i64, cpu: &[f64], memory: f64) {
        self.carried_by("orders", minutes, cpu, memory);
    }

    /// The same for any group.
    pub fn carried_by(&self, id: &str, minutes: i64, cpu: &[f64], memory: f64) {
        let mut cloud = self.cloud.lock();
        let now = cloud.now();
        let group = cloud.elasticache.group(id).expect("the group is there");
        for minute in 1..=minutes {
            let at = now - TimeDelta::minutes(minute);
            for (index, shard) in group.shards.iter().enumerate() {
                let load = cpu.get(index).or(cpu.last()).copied().unwrap_or_default();
                for node in &shard.nodes {
                    let load = if node.is_primary { load } else { 5.0 };
                    let of_shard = [
                        ("NodeGroupId", shard.id.as_str()),
                        ("ReplicationGroupId", id),
                    ];
                    let of_node = [("CacheClusterId", node.id.as_str())];
                    // Whole MiB fit an f64 exactly, and u32.
                    let bytes = f64::from(u32::try_from(shard.bytes >> 20).expect("under 4 PiB"))
                        * 1_048_576.0;
                    let metrics = &mut cloud.cloudwatch;
                    let mut put = |metric, dimensions: &[(&str, &str)], value, unit| {
                        metrics.put_datum("AWS/ElastiCache", metric, dimensions, at, value, unit);
                    };
                    put("EngineCPUUtilization", &of_shard, load, "Percent");
                    put(
                        "DatabaseMemoryUsageCountedForEvictPercentage",
                        &of_shard,
                        memory,
                        "Percent",
                    );
                    put("BytesUsedForCache", &of_node, bytes, "Bytes");
                    put("DatabaseMemoryUsagePercentage", &of_node, memory, "Percent");
                    put("Evictions", &of_node, 0.0, "Count");
                    if !node.is_primary {
                        put("ReplicationLag", &of_node, 0.2, "Seconds");
                    }
                }
            }
        }
    }

    /// Creates the alarm if need be and sets its state.
    pub fn set_alarm(&self, name: &str, state: &str) {
        let quiet = "ComparisonOperator=GreaterThanThreshold&EvaluationPeriods=1&Period=60&Threshold=1e9&Statistic=Maximum\
                     &MetricName=Quiet&Namespace=Test&TreatMissingData=ignore";
        self.query(
            "2010-08-01",
            &format!("Action=PutMetricAlarm&AlarmName={name}&{quiet}"),
        );
        self.query(
            "2010-08-01",
            &format!("Action=SetAlarmState&AlarmName={name}&StateValue={state}&StateReason=test"),
        );
    }

    /// Sends an AWS Query request, as somebody else's client would.
    pub fn query(&self, version: &str, form: &str) -> (u16, String) {
        let body = format!("Version={version}&{form}");
        let request = http::Request::post("/")
            .body(body.into())
            .expect("a request");
        let answer =
            clusterwarden_local::wire::answer(&mut self.cloud.lock(), &request).expect("an answer");
        (
            answer.status().as_u16(),
            String::from_utf8_lossy(answer.body()).into_owned(),
        )
    }

    /// One pass in apply mode, woken by the schedule.
    pub async fn pass(&self) -> Report {
        self.cloud
            .pass(&self.policy, Mode::Apply, &scheduled())
            .await
    }

    /// The record of `orders` of one pass in apply mode.
    pub async fn record(&self) -> Record {
        let mut report = self.pass().await;
        assert_eq!(report.failures, Vec::<String>::new());
        assert_eq!(report.records.len(), 1);
        report.records.remove(0)
    }

    /// The calls that could have changed a group.
    pub fn reshards(&self) -> Vec<Call> {
        let cloud = self.cloud.lock();
        let calls = cloud.calls.iter();
        calls
            .filter(|call| call.operation == "ModifyReplicationGroupShardConfiguration")
            .cloned()
            .collect()
    }

    /// Shards there really are.
    pub fn shards(&self) -> Vec<String> {
        let group = self
            .cloud
            .lock()
            .elasticache
            .group("orders")
            .expect("the group is there");
        group.shards.into_iter().map(|shard| shard.id).collect()
    }

    /// The journal's entry as it is stored.
    pub fn journal(&self) -> Value {
        let cloud = self.cloud.lock();
        let item = cloud.dynamodb.item(JOURNAL, "orders");
        let entry = item.and_then(|item| item.get("entry")?.get("S")?.as_str().map(str::to_owned));
        entry
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or(Value::Null)
    }
}

/// The event of an EventBridge rule's schedule.
pub fn scheduled() -> Value {
    json!({
        "version": "0", "id": "1", "detail-type": "Scheduled Event", "source": "aws.events", "account": "123456789012",
        "time": "2026-11-23T08:00:00Z", "region": "us-east-1",
        "resources": ["arn:aws:events:us-east-1:123456789012:rule/clusterwarden-reshard"], "detail": {},
    })
}
