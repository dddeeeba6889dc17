//! A fleet of 120 groups in one pass: more than fit on a page of any list that a pass reads.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use clusterwarden::{
    aws::reshard::Pass,
    policy::Policy,
    record::{Mode, Outcome},
    trigger::Trigger,
};
use clusterwarden_local::cloud::{
    Parameters,
    elasticache::{GroupSpec, Keyspace},
};
use clusterwarden_tests::{JOURNAL, SharedCloud, fixture::scheduled, monday_morning};

const POLICY: &str = r#"
version = 1
[fleet]
max_changes_per_pass = 100
max_changes_per_hour = 100
[[reshard]]
replication_group = "fleet-*"
apply = "all"
min_shards = 1
max_shards = 4
targets.engine_cpu = 60
"#;

const GROUPS: u32 = 120;

/// Groups of one shard each; the load of every fortieth is over the target.
fn fleet() -> SharedCloud {
    let cloud = SharedCloud::empty(Parameters::default());
    {
        let mut cloud = cloud.lock();
        let now = cloud.now();
        cloud
            .dynamodb
            .create_table(JOURNAL, "target")
            .expect("a new table");
        for number in 0..GROUPS {
            let id = name(number);
            let spec = GroupSpec {
                id: id.clone(),
                node_type: "cache.r7g.xlarge".to_owned(),
                shards: 1,
                keyspace: Keyspace::even(1 << 30),
                ..GroupSpec::default()
            };
            cloud.elasticache.seed_group(spec, now);
            let load = if is_hot(number) { 80.0 } else { 30.0 };
            let of_shard = [("NodeGroupId", "0001"), ("ReplicationGroupId", id.as_str())];
            for minute in 1..=15 {
                let at = now - TimeDelta::minutes(minute);
                cloud.cloudwatch.put_datum(
                    "AWS/ElastiCache",
                    "EngineCPUUtilization",
                    &of_shard,
                    at,
                    load,
                    "Percent",
                );
            }
        }
    }
    cloud
}

fn name(number: u32) -> String {
    format!("fleet-{number:03}")
}

fn is_hot(number: u32) -> bool {
    number % 40 == 7
}

#[tokio::test]
async fn a_large_fleet_is_seen_whole_and_only_what_is_not_plain_is_answered() {
    let cloud = fleet();
    let policy = Policy::parse("test", POLICY).expect("a good policy");
    let (aws, trigger) = (cloud.by("reshard").aws(), Trigger::read(&scheduled()));
    let pass = Pass {
        aws: &aws,
        policy: &policy,
        mode: Mode::Apply,
        trigger: &trigger,
        clock: monday_morning,
    };
    let mut logged = Vec::new();
    let report = pass.run(|record| logged.push(record.line())).await;

    assert_eq!(report.failures, Vec::<String>::new());
    let seen: BTreeSet<&str> = report
        .records
        .iter()
        .map(|record| record.target.as_str())
        .collect();
    let all: BTreeSet<String> = (0..GROUPS).map(name).collect();
    assert!(seen.iter().eq(all.iter()), "{seen:?}");
    let lines: Vec<String> = report.records.iter().map(|record| record.line()).collect();
    assert_eq!(logged, lines, "the log holds every record, once");

    let hot: BTreeSet<String> = (0..GROUPS)
        .filter(|number| is_hot(*number))
        .map(name)
        .collect();
    let acted = report
        .records
        .iter()
        .filter(|record| record.outcome == Outcome::Accepted);
    let acted: BTreeSet<String> = acted.map(|record| record.target.clone()).collect();
    assert_eq!(acted, hot);
    let plain = report
        .records
        .iter()
        .filter(|record| !hot.contains(&record.target));
    for record in plain {
        assert_eq!(record.decision["reason"], "load_fits", "{}", record.line());
    }

    let response = report.response();
    assert_eq!(response["counts"]["targets"], GROUPS);
    assert_eq!(response["counts"]["accepted"], hot.len());
    let answered = response["records"].as_array().expect("records");
    let answered: BTreeSet<String> = answered
        .iter()
        .filter_map(|record| record["target"].as_str().map(str::to_owned))
        .collect();
    assert_eq!(answered, hot, "plain holds are left out, and nothing else");

    let cloud = cloud.lock();
    let calls = |operation: &str| {
        cloud
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    };
    let paged = [
        "DescribeReplicationGroups",
        "DescribeCacheClusters",
        "BatchGetItem",
    ];
    assert!(paged.iter().all(|operation| calls(operation) >= 2));
    assert_eq!(calls("ModifyReplicationGroupShardConfiguration"), hot.len());
}
