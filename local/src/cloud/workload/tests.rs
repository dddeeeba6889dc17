mod memory;
mod roles;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use super::*;
use crate::cloud::{
    Cloud,
    cloudwatch::{
        Metric, Samples, Statistic,
        store::{MINUTE, Window},
    },
    elasticache::{GroupSpec, Keyspace},
};

const GROUP: &str = "orders";

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_800, 0).unwrap()
}

/// Three shards of four vCPUs with a replica each; at 45,000 operations a second of 10,000 per engine, 1.5 engines a shard.
fn cloud(load: GroupLoad, node_type: &str) -> Cloud {
    let mut cloud = Cloud::new(start(), Parameters::default());
    let spec = GroupSpec {
        id: GROUP.to_owned(),
        node_type: node_type.to_owned(),
        shards: 3,
        keyspace: Keyspace::even(3_000_000_000),
        ..GroupSpec::default()
    };
    cloud.elasticache.seed_group(spec, start());
    cloud.workload.set(GROUP, load);
    cloud
}

fn load(operations: f64) -> GroupLoad {
    GroupLoad {
        demand: Demand::constant(operations),
        engine_operations: 10_000.0,
        ..GroupLoad::default()
    }
}

fn data(bytes: f64, evicts: bool) -> Option<Data> {
    Some(Data {
        bytes,
        since: start(),
        bytes_per_hour: 0.0,
        evicts,
        item_bytes: 1_000.0,
        heavy: BTreeMap::new(),
        unmovable: BTreeSet::new(),
    })
}

fn view(cloud: &Cloud) -> GroupView {
    cloud.elasticache.group(GROUP).unwrap()
}

/// The samples of the last whole minute.
fn samples(cloud: &Cloud, metric: &str, dimensions: &[(&str, &str)]) -> Option<Samples> {
    let to = cloud.now().timestamp();
    let window = Window::at(cloud.now(), TimeDelta::zero(), to - MINUTE, to);
    let metric = Metric::new("AWS/ElastiCache", metric, dimensions);
    cloud
        .cloudwatch
        .store()
        .read(&metric, None, window, MINUTE)
        .into_values()
        .next()
}

fn value(cloud: &Cloud, metric: &str, dimensions: &[(&str, &str)], statistic: Statistic) -> f64 {
    samples(cloud, metric, dimensions)
        .unwrap()
        .statistic(&statistic)
        .unwrap()
}

fn shard_cpu(cloud: &Cloud, shard: &str) -> f64 {
    let dimensions = [("NodeGroupId", shard), ("ReplicationGroupId", GROUP)];
    value(
        cloud,
        "EngineCPUUtilization",
        &dimensions,
        Statistic::Maximum,
    )
}

/// The dimension sets of a metric, by their names.
fn dimension_sets(cloud: &Cloud, metric: &str) -> BTreeSet<String> {
    let of_metric = cloud
        .cloudwatch
        .store()
        .metrics()
        .filter(|(found, _)| found.name == metric);
    let names = of_metric.map(|(found, _)| {
        let names: Vec<&str> = found
            .dimensions
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        names.join("+")
    });
    names.collect()
}

fn minutes(cloud: &mut Cloud, minutes: i64) {
    cloud.advance(TimeDelta::minutes(minutes));
}

#[test]
fn load_follows_the_slots_into_a_new_shard() {
    let mut cloud = cloud(load(18_000.0), "cache.r7g.xlarge");
    minutes(&mut cloud, 1);
    for shard in ["0001", "0002", "0003"] {
        assert!(
            (shard_cpu(&cloud, shard) - 60.5).abs() < 1.0,
            "{shard}: {}",
            shard_cpu(&cloud, shard)
        );
    }
    cloud.elasticache.seed_group(
        GroupSpec {
            id: GROUP.to_owned(),
            node_type: "cache.r7g.xlarge".to_owned(),
            shards: 4,
            ..GroupSpec::default()
        },
        start(),
    );
    minutes(&mut cloud, 1);
    for shard in ["0001", "0004"] {
        assert!(
            (shard_cpu(&cloud, shard) - 45.5).abs() < 1.0,
            "{shard}: {}",
            shard_cpu(&cloud, shard)
        );
    }
}

#[test]
fn a_hot_key_stays_hot_however_many_shards_there_are() {
    let hot = GroupLoad {
        hot_slots: BTreeMap::from([(0, 0.5)]),
        ..load(10_000.0)
    };
    for shards in [2, 4, 8] {
        let mut cloud = cloud(hot.clone(), "cache.r7g.xlarge");
        cloud.elasticache.seed_group(
            GroupSpec {
                id: GROUP.to_owned(),
                shards,
                ..GroupSpec::default()
            },
            start(),
        );
        let loads = cloud
            .workload
            .loads(&view(&cloud), start(), &cloud.parameters);
        let even = 0.5 / f64::from(shards);
        assert!(
            (loads[0].share - 0.5 - even).abs() < 1e-9,
            "{shards}: {}",
            loads[0].share
        );
        assert!((loads[1].share - even).abs() < 1e-9);
        assert!(loads[0].hottest() > 50.0);
        assert!((loads.iter().map(|shard| shard.share).sum::<f64>() - 1.0).abs() < 1e-9);
    }
}

#[test]
fn an_engine_over_capacity_saturates() {
    let mut cloud = cloud(load(90_000.0), "cache.r7g.xlarge");
    minutes(&mut cloud, 1);
    assert_eq!(shard_cpu(&cloud, "0002").to_bits(), 100.0_f64.to_bits());
    let loads = cloud
        .workload
        .loads(&view(&cloud), start(), &cloud.parameters);
    assert_eq!(
        loads[0].nodes[0].operations.to_bits(),
        10_000.0_f64.to_bits()
    );
}

#[test]
fn an_outage_publishes_nothing_and_ends() {
    let span = Span {
        from: start() + TimeDelta::minutes(1),
        until: start() + TimeDelta::minutes(3),
    };
    let mut cloud = cloud(
        GroupLoad {
            outages: vec![span],
            ..load(3_000.0)
        },
        "cache.r7g.xlarge",
    );
    let group = [("ReplicationGroupId", GROUP)];
    let mut heard = Vec::new();
    for _ in 0..4 {
        minutes(&mut cloud, 1);
        heard.push(samples(&cloud, "EngineCPUUtilization", &group).is_some());
    }
    assert_eq!(heard, [true, false, false, true]);
}

#[test]
fn only_replicas_have_a_lag_and_only_primaries_are_master() {
    let mut cloud = cloud(load(3_000.0), "cache.r7g.xlarge");
    minutes(&mut cloud, 1);
    for node in view(&cloud).shards.iter().flat_map(|shard| &shard.nodes) {
        let id = [("CacheClusterId", node.id.as_str())];
        let master = value(&cloud, "IsMaster", &id, Statistic::Maximum);
        assert_eq!(master > 0.5, node.is_primary);
        assert_eq!(
            samples(&cloud, "ReplicationLag", &id).is_none(),
            node.is_primary,
            "{}",
            node.id
        );
    }
}

#[test]
fn series_of_a_shard_and_a_group_have_one_sample_per_node() {
    let mut cloud = cloud(load(18_000.0), "cache.r7g.xlarge");
    minutes(&mut cloud, 1);
    let count = |dimensions: &[(&str, &str)]| {
        value(
            &cloud,
            "EngineCPUUtilization",
            dimensions,
            Statistic::SampleCount,
        )
    };
    let group = ("ReplicationGroupId", GROUP);
    let counts = [
        count(&[group]),
        count(&[("NodeGroupId", "0001"), group]),
        count(&[group, ("Role", "Primary")]),
    ];
    assert_eq!(counts, [6.0, 2.0, 3.0]);
    let (average, maximum) = (Statistic::Average, Statistic::Maximum);
    let mixed = value(&cloud, "EngineCPUUtilization", &[group], average);
    let hottest = value(&cloud, "EngineCPUUtilization", &[group], maximum);
    assert!(
        mixed < hottest * 0.7,
        "idle replicas hide a busy primary: {mixed} beside {hottest}"
    );
}

#[test]
fn every_metric_comes_in_the_dimension_sets_of_aws_and_no_others() {
    let mut cloud = cloud(
        GroupLoad {
            data: data(3e9, false),
            ..load(18_000.0)
        },
        "cache.r7g.xlarge",
    );
    minutes(&mut cloud, 1);
    let of_node = ["CacheClusterId", "CacheClusterId+CacheNodeId"];
    let of_group = ["ReplicationGroupId", "NodeGroupId+ReplicationGroupId"];
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|name| (*name).to_owned())
            .collect::<BTreeSet<String>>()
    };
    let engine: Vec<&str> = of_node
        .into_iter()
        .chain(of_group)
        .chain(["ReplicationGroupId+Role"])
        .collect();
    assert_eq!(dimension_sets(&cloud, "EngineCPUUtilization"), set(&engine));
    for metric in [
        "DatabaseMemoryUsageCountedForEvictPercentage",
        "DatabaseCapacityUsageCountedForEvictPercentage",
    ] {
        assert_eq!(
            dimension_sets(&cloud, metric),
            set(&[of_node[1], of_group[0], of_group[1]]),
            "{metric}"
        );
    }
    for metric in [
        "CPUUtilization",
        "DatabaseMemoryUsagePercentage",
        "BytesUsedForCache",
        "FreeableMemory",
        "CurrItems",
        "Evictions",
        "CurrConnections",
        "NewConnections",
        "NetworkBytesIn",
        "NetworkBytesOut",
        "ReplicationLag",
        "IsMaster",
        "SwapUsage",
    ] {
        assert_eq!(dimension_sets(&cloud, metric), set(&of_node), "{metric}");
    }
}

#[test]
fn a_node_of_two_vcpus_shows_half_of_its_engine_as_host_cpu() {
    let mut cloud = cloud(load(18_000.0), "cache.r7g.large");
    minutes(&mut cloud, 1);
    let node = [("CacheClusterId", "orders-0001-001")];
    let [engine, host] = ["EngineCPUUtilization", "CPUUtilization"]
        .map(|metric| value(&cloud, metric, &node, Statistic::Maximum));
    assert!(
        (host - engine / 2.0 - 1.0).abs() < 1e-9,
        "engine {engine}, host {host}"
    );
}

#[test]
fn reads_from_replicas_relieve_the_primary() {
    let shared = GroupLoad {
        replica_reads: 0.6,
        ..load(18_000.0)
    };
    let cloud = cloud(shared, "cache.r7g.xlarge");
    let loads = cloud
        .workload
        .loads(&view(&cloud), start(), &cloud.parameters);
    let [primary, replica] = loads[0].nodes[..] else {
        panic!("two nodes a shard")
    };
    assert!(
        (primary.engine - 24.5).abs() < 1.0 && replica.engine > 36.0,
        "{primary:?} {replica:?}"
    );
}

#[test]
fn a_group_without_a_load_is_idle_but_heard_of() {
    let mut cloud = cloud(load(18_000.0), "cache.r7g.xlarge");
    cloud.elasticache.seed_group(
        GroupSpec {
            id: "other".to_owned(),
            ..GroupSpec::default()
        },
        start(),
    );
    minutes(&mut cloud, 1);
    let idle = value(
        &cloud,
        "EngineCPUUtilization",
        &[("ReplicationGroupId", "other")],
        Statistic::Maximum,
    );
    assert!(idle > 0.0 && idle < 1.0);
}

#[test]
fn migration_costs_cpu_on_the_shards_that_it_touches() {
    let cloud = cloud(load(18_000.0), "cache.r7g.xlarge");
    let mut group = view(&cloud);
    let before = cloud.workload.loads(&group, start(), &cloud.parameters);
    group.shards[1].migrating = true;
    let during = cloud.workload.loads(&group, start(), &cloud.parameters);
    let more: Vec<f64> = during
        .iter()
        .zip(&before)
        .map(|(a, b)| a.hottest() - b.hottest())
        .collect();
    assert!((more[1] - cloud.parameters.migration_cpu_percent).abs() < 1e-9);
    assert!(more[0].abs() < 1e-9 && more[2].abs() < 1e-9);
}
