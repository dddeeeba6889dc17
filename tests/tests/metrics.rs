//! What whole passes publish: lines that keep to the format, of what happened and nothing else, whoever woke them and with
//! whatever words.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use clusterwarden::{
    metrics::{Dimension, METRICS, Publication, record_line},
    policy::Policy,
    record::Report,
};
use clusterwarden_local::cloud::{Fault, Parameters};
use clusterwarden_tests::{
    SharedCloud,
    emf::{self, Series},
    failovers::Failovers,
    fixture::{Fixture, POLICY, scheduled},
    printed::{self, Printed, publication},
    programs::checkout,
};
use serde_json::{Value, json};

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

/// A drill at any time, whose objective no failover meets.
const DRILLED: &str = "version = 1\n[[failover_shard]]\nreplication_group = \"orders*\"\napply = \"all\"\n[failover_shard.drill]\n\
    every_days = 1\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\nobjective_seconds = 1\n";

type Published = BTreeMap<Series, Vec<f64>>;

/// What one pass published, record by record, the heartbeat last.
struct Lines {
    report: Report,
    published: Vec<Published>,
}

impl Lines {
    fn read(printed: Printed, cloud: &SharedCloud) -> Self {
        let now = cloud.lock().now().timestamp_millis();
        let read = |line: &String| {
            let published = emf::read(line, now).unwrap_or_else(|| panic!("no metrics: {line}"));
            known(&published);
            published
        };
        let published = printed.lines.iter().map(read).collect();
        Self {
            report: printed.report,
            published,
        }
    }

    /// Every series of the pass with the sum of its values, by its short name.
    fn sums(&self) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for (series, values) in self.published.iter().flatten() {
            *sums.entry(series.short()).or_default() += values.iter().sum::<f64>();
        }
        sums
    }

    fn series(&self) -> BTreeSet<&Series> {
        self.published.iter().flat_map(BTreeMap::keys).collect()
    }

    /// The sums of the series whose names begin so.
    fn of(&self, begin: &str) -> BTreeMap<String, f64> {
        let mut sums = self.sums();
        sums.retain(|name, _| name.starts_with(begin));
        sums
    }
}

/// That each series is one of the table, with its unit, under one of its sets.
fn known(published: &Published) {
    for series in published.keys() {
        let metric = METRICS.iter().find(|metric| metric.name == series.metric);
        let metric = metric.unwrap_or_else(|| panic!("{series:?} is not in the table"));
        assert_eq!(metric.unit.name(), series.unit);
        let names: BTreeSet<&str> = series.dimensions.keys().map(String::as_str).collect();
        let sets = metric.sets.iter();
        let mut sets = sets.map(|set| set.iter().map(|one| Dimension::name(*one)).collect());
        assert!(sets.any(|set: BTreeSet<&str>| set == names), "{series:?}");
    }
}

/// A pass of `reshard` in apply mode.
async fn resharded(cloud: &SharedCloud, policy: &Policy, event: &Value) -> Lines {
    Lines::read(printed::reshard(cloud, policy, event).await, cloud)
}

/// A pass of `failover-shard` in apply mode.
async fn failed_over(world: &Failovers, event: &Value) -> Lines {
    let printed = printed::failover_shard(&world.cloud, &world.policy, event).await;
    Lines::read(printed, &world.cloud)
}

fn sums<const N: usize>(wanted: [(&str, f64); N]) -> BTreeMap<String, f64> {
    wanted.map(|(name, sum)| (name.to_owned(), sum)).into()
}

#[tokio::test]
async fn a_growth_is_a_decision_an_attempt_and_later_a_reshard_that_completed() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let lines = resharded(&world.cloud, &world.policy, &scheduled()).await;
    // Engine CPU and memory of three shards.
    assert_eq!(
        lines.sums(),
        sums([
            ("Attempts function=reshard outcome=accepted", 1.0),
            (
                "Attempts function=reshard outcome=accepted target=orders",
                1.0
            ),
            ("Decisions function=reshard kind=scale_out", 1.0),
            ("EngineCpuTarget target=orders", 60.0),
            ("MemoryTarget target=orders", 65.0),
            ("MetricsBought function=reshard", 6.0),
            ("Passes function=reshard", 1.0),
            ("Shards target=orders", 3.0),
            ("Targets function=reshard", 1.0),
        ])
    );
    world.cloud.advance(120);
    let lines = resharded(&world.cloud, &world.policy, &scheduled()).await;
    assert_eq!(
        lines.of("AttemptsEnded"),
        sums([
            ("AttemptsEnded end=completed function=reshard", 1.0),
            (
                "AttemptsEnded end=completed function=reshard target=orders",
                1.0
            ),
        ])
    );
    assert_eq!(lines.of("Shards"), sums([("Shards target=orders", 4.0)]));
    assert_eq!(lines.of("ReshardsIncomplete"), sums([]));
    world.cloud.advance(5);
    let lines = resharded(&world.cloud, &world.policy, &scheduled()).await;
    assert_eq!(lines.of("AttemptsEnded"), sums([]), "told once");
}

#[tokio::test]
async fn a_reshard_that_ended_unchanged_or_partly_is_told_once_by_record_and_metric() {
    for (somebody_reshards_to, end) in [(None, "unchanged"), (Some(4), "partial")] {
        let world = Fixture::new(3);
        world.carried(60, &[95.0], 40.0);
        // AWS never hears of it, and we do not hear that.
        world.cloud.lock().faults.push(RESHARD, Fault::LoseRequest);
        let asked = resharded(&world.cloud, &world.policy, &scheduled()).await;
        assert_eq!(
            asked.of("ReshardsFailed"),
            sums([("ReshardsFailed", 1.0)]),
            "nobody knows what became of it"
        );
        if let Some(shards) = somebody_reshards_to {
            let (status, text) = world.query(
                "2015-02-02",
                &format!(
                    "Action={RESHARD}&ReplicationGroupId=orders&NodeGroupCount={shards}&ApplyImmediately=true"
                ),
            );
            assert_eq!(status, 200, "{text}");
        }
        world.cloud.advance(120);
        let ended = resharded(&world.cloud, &world.policy, &scheduled()).await;
        let record = &ended.report.records[0];
        let told: Value = serde_json::from_str(&record.line()).unwrap();
        let (wanted, kept) = (&told["ended"], &world.journal()["attempts"][0]);
        assert_eq!(wanted["outcome"]["kind"], end, "{told}");
        assert_eq!(wanted, kept, "as the journal has it");
        assert_eq!(
            ended.of("ReshardsIncomplete"),
            sums([("ReshardsIncomplete", 1.0)])
        );
        let name = format!("AttemptsEnded end={end} function=reshard");
        assert_eq!(ended.of("AttemptsEnded").get(&name), Some(&1.0));
        let again = resharded(&world.cloud, &world.policy, &scheduled()).await;
        assert!(again.report.records[0].ended.is_none(), "told once");
        assert_eq!(again.of("ReshardsIncomplete"), sums([]));
    }
}

#[tokio::test]
async fn two_runs_that_see_the_same_end_tell_it_once() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    resharded(&world.cloud, &world.policy, &scheduled()).await;
    world.cloud.advance(120);
    let event = scheduled();
    let (one, other) = tokio::join!(
        resharded(&world.cloud, &world.policy, &event),
        resharded(&world.cloud, &world.policy, &event)
    );
    let told = [one, other].map(|lines| lines.report.records[0].ended.is_some());
    assert_eq!(told.into_iter().filter(|told| *told).count(), 1);
}

#[tokio::test]
async fn a_drill_tells_its_seconds_what_is_left_of_the_budget_and_that_it_missed() {
    let world = Failovers::new(Parameters::default(), DRILLED);
    world.add_group(clusterwarden_local::cloud::elasticache::GroupSpec::default());
    world.cloud.advance(15);
    let drilled = failed_over(&world, &scheduled()).await;
    assert_eq!(
        drilled.of("Attempts"),
        sums([
            ("Attempts function=failover-shard outcome=accepted", 1.0),
            (
                "Attempts function=failover-shard outcome=accepted target=orders",
                1.0
            ),
            ("Attempts function=failover-shard outcome=switched", 1.0),
            (
                "Attempts function=failover-shard outcome=switched target=orders",
                1.0
            ),
        ])
    );
    // The record that is printed a second time is one decision.
    assert_eq!(
        drilled.of("Decisions"),
        sums([("Decisions function=failover-shard kind=failover_shard", 1.0)])
    );
    let seconds = drilled.report.records[0].switched.as_ref().unwrap().seconds;
    let seconds = f64::from(i32::try_from(seconds).unwrap());
    assert_eq!(
        drilled.of("FailoverSeconds"),
        sums([
            ("FailoverSeconds function=failover-shard", seconds),
            (
                "FailoverSeconds function=failover-shard target=orders",
                seconds
            ),
        ])
    );
    // Its own call is spent.
    assert_eq!(
        drilled.of("TestFailoversLeft"),
        sums([("TestFailoversLeft function=failover-shard", 14.0)])
    );
    world.cloud.advance(60);
    let reported = failed_over(&world, &scheduled()).await;
    assert_eq!(reported.of("DrillsMissed"), sums([("DrillsMissed", 1.0)]));
    let phases = reported.of("Drill");
    for phase in ["Failover", "Recovery", "Available"] {
        let name = format!("Drill{phase}Seconds function=failover-shard target=orders");
        assert!(phases[&name] > 1.0, "{phases:?}");
    }
}

#[tokio::test]
async fn a_budget_that_nobody_could_read_is_absent_and_not_zero() {
    let world = Failovers::new(Parameters::default(), DRILLED);
    world.add_group(clusterwarden_local::cloud::elasticache::GroupSpec::default());
    world.cloud.advance(15);
    let denied = Fault::Error {
        status: 400,
        code: "AccessDenied".to_owned(),
        message: "no".to_owned(),
    };
    world.cloud.lock().faults.push("DescribeEvents", denied);
    let lines = failed_over(&world, &scheduled()).await;
    assert!(!lines.report.failures.is_empty());
    assert_eq!(lines.of("TestFailoversLeft"), sums([]));
    assert_eq!(
        lines.of("Passes"),
        sums([("Passes function=failover-shard", 1.0)])
    );
}

#[tokio::test]
async fn metrics_bought_are_those_that_cloudwatch_was_asked_for() {
    let world = Fixture::new(4);
    world.pass().await;
    world.cloud.advance(40);
    world.carried(60, &[20.0], 20.0);
    world.cloud.lock().calls.clear();
    // A scale-in reads its evidence too.
    let lines = resharded(&world.cloud, &world.policy, &scheduled()).await;
    let cloud = world.cloud.lock();
    let reads = cloud
        .calls
        .iter()
        .filter(|call| call.operation == "GetMetricData");
    let asked: Vec<usize> = reads
        .map(|call| {
            call.parameters["MetricDataQueries"]
                .as_array()
                .unwrap()
                .len()
        })
        .collect();
    assert_eq!(asked, [8, 32]);
    assert_eq!(lines.report.metrics_bought, 40);
}

#[tokio::test]
async fn a_replacement_that_is_ahead_is_told_in_every_pass() {
    let world = Failovers::new(
        Parameters::default(),
        "version = 1\n[[failover_shard]]\nreplication_group = \"orders\"\n",
    );
    world.add_group(clusterwarden_local::cloud::elasticache::GroupSpec::default());
    {
        let mut cloud = world.cloud.lock();
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let (start, end) = (now + TimeDelta::days(1), now + TimeDelta::hours(25));
        let node = "orders-0001-001";
        let elasticache = &mut cloud.elasticache;
        assert!(elasticache.schedule_replacement(node, start, end, now, &parameters));
    }
    for _ in 0..2 {
        world.cloud.advance(15);
        let lines = failed_over(&world, &scheduled()).await;
        assert_eq!(
            lines.of("NodeReplacements"),
            sums([("NodeReplacements", 1.0)])
        );
    }
}

/// Events as somebody would send them who wants metrics of their own.
fn hostile() -> Vec<Value> {
    let mut events = vec![
        json!({ "alarmArn": "arn:aws:cloudwatch:us-east-1:1:alarm:x", "source": "aws.cloudwatch", "function": "mine", "kind": "mine",
            "_aws": { "CloudWatchMetrics": [{ "Namespace": "mine", "Dimensions": [["mine"]], "Metrics": [{ "Name": "Mine" }] }] },
            "alarmData": { "alarmName": "mine\",\"target\":\"mine", "state": { "value": "ALARM" }, "configuration": {} } }),
        json!({ "Records": [{ "Sns": { "Message": "{\"ElastiCache:FailoverComplete\":\"mine\"}" } }] }),
        json!({ "Records": [{ "Sns": { "Message": "\u{1b}[31m\n{\"_aws\":{}}\n" } }] }),
        json!({ "Decisions": 1e9, "target": "mine", "reason": "mine", "outcome": "mine", "end": "mine" }),
        json!("mine"),
        json!([[[{ "Shards": 1000 }]]]),
    ];
    for target in ["orders-mine", "orders mine", "orders-größe", "mine"] {
        events.push(json!({ "request": { "failover": {
            "replication_group": target, "shard": "mine", "from": "mine", "reason": "mine\"}",
            "expires": "2100-01-01T00:00:00Z", "accept": ["cooldown"] } } }));
    }
    let files = std::fs::read_dir(checkout().join("events")).unwrap();
    let files = files.map(|file| file.unwrap().path());
    let json = files.filter(|path| path.extension().is_some_and(|end| end == "json"));
    let read = |path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    events.extend(json.map(read));
    events
}

#[tokio::test]
async fn no_event_can_add_a_series_or_change_a_dimension() {
    let world = Fixture::new(3);
    world.carried(60, &[40.0], 40.0);
    // The first pass sees the group for the first time.
    resharded(&world.cloud, &world.policy, &scheduled()).await;
    let quiet = resharded(&world.cloud, &world.policy, &scheduled()).await;
    for event in hostile() {
        let lines = resharded(&world.cloud, &world.policy, &event).await;
        assert_eq!(lines.sums(), quiet.sums(), "{event}");
        assert_eq!(lines.series(), quiet.series(), "{event}");
    }
}

#[tokio::test]
async fn a_request_adds_no_series_of_a_target_that_is_not_there() {
    // The glob of the policy lets anybody name any group that begins with these letters.
    let policy = DRILLED.replace("apply = \"all\"", "apply = \"none\"");
    let world = Failovers::new(Parameters::default(), &policy);
    world.add_group(clusterwarden_local::cloud::elasticache::GroupSpec::default());
    world.cloud.advance(15);
    let mut targets = BTreeSet::new();
    let mut words = BTreeSet::new();
    for event in hostile() {
        let lines = failed_over(&world, &event).await;
        for series in lines.series() {
            assert_eq!(series.namespace, "clusterwarden/test");
            for (name, value) in &series.dimensions {
                if name == "target" {
                    targets.insert(value.clone());
                } else {
                    words.insert(value.clone());
                }
            }
        }
    }
    targets.remove("orders");
    assert_eq!(targets, BTreeSet::new());
    let closed: BTreeSet<&str> = clusterwarden::failover::Hold::CODES
        .into_iter()
        .chain(clusterwarden::record::Outcome::NAMES)
        .chain(["failover-shard", "hold", "failover_shard", "already_done"])
        .collect();
    assert!(words.contains("not_found") && words.contains("failover-shard"));
    for word in words {
        assert!(closed.contains(word.as_str()), "{word} is of no closed set");
    }
}

#[tokio::test]
async fn without_metrics_per_target_no_line_has_a_target_for_a_dimension() {
    let world = Fixture::with(3, Parameters::default(), POLICY);
    world.carried(60, &[80.0], 40.0);
    let report = world.pass().await;
    let to = Publication {
        per_target: false,
        ..publication()
    };
    let line = record_line(&report.records[0], Some(&to));
    let now = world.cloud.lock().now().timestamp_millis();
    let published = emf::read(&line, now).expect("metrics");
    let names: Vec<String> = published.keys().map(Series::short).collect();
    assert_eq!(
        names,
        [
            "Attempts function=reshard outcome=accepted",
            "Decisions function=reshard kind=scale_out"
        ]
    );
}

#[tokio::test]
async fn a_response_carries_no_metrics() {
    let world = Fixture::new(3);
    world.carried(60, &[80.0], 40.0);
    let lines = resharded(&world.cloud, &world.policy, &scheduled()).await;
    let response = lines.report.into_response().unwrap().to_string();
    for metric in METRICS {
        assert!(!response.contains(&format!("\"{}\"", metric.name)));
    }
    assert!(!response.contains("_aws") && response.contains("\"accepted\":1"));
}
