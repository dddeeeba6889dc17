//! Facts about what metrics tell of roles and of replicas' lag.

use super::*;
use crate::cloud::elasticache::ClusterMode;

fn of(cloud: &Cloud, metric: &str, node: &str) -> Option<f64> {
    let found = samples(cloud, metric, &[("CacheClusterId", node)])?;
    found.statistic(&Statistic::Average)
}

fn roles(cloud: &Cloud) -> [Option<f64>; 2] {
    ["orders-0001-001", "orders-0001-002"].map(|node| of(cloud, "IsMaster", node))
}

#[test]
fn a_failed_primary_tells_nothing_and_its_replica_becomes_the_only_primary() {
    let mut cloud = cloud(load(0.0), "cache.r7g.xlarge");
    minutes(&mut cloud, 1);
    assert_eq!(roles(&cloud), [Some(1.0), Some(0.0)]);
    let (now, parameters) = (cloud.now(), cloud.parameters.clone());
    let answer = cloud
        .elasticache
        .test_failover(GROUP, "0001", now, &parameters);
    assert!(answer.is_ok());
    // The gap: 63 seconds without a primary.
    minutes(&mut cloud, 1);
    assert_eq!(roles(&cloud), [None, Some(0.0)]);
    minutes(&mut cloud, 1);
    assert_eq!(roles(&cloud), [None, Some(1.0)]);
    minutes(&mut cloud, 12);
    assert_eq!(roles(&cloud), [Some(0.0), Some(1.0)]);
}

#[test]
fn replicas_publish_the_lag_that_they_have_and_primaries_none() {
    let mut cloud = cloud(load(0.0), "cache.r7g.xlarge");
    let lags = |cloud: &Cloud| {
        let nodes = view(cloud).shards.into_iter().flat_map(|shard| shard.nodes);
        let nodes = nodes.map(|node| of(cloud, "ReplicationLag", &node.id));
        nodes.collect::<Vec<_>>()
    };
    cloud.elasticache.set_lag("orders-0002-002", Some(45.0));
    cloud.elasticache.set_lag("orders-0003-002", Some(0.0));
    minutes(&mut cloud, 1);
    let told = lags(&cloud);
    assert_eq!([told[0], told[2], told[4]], [None; 3]);
    for (lag, range) in [
        (told[1], 0.1..=0.5),
        (told[3], 44.8..=45.2),
        (told[5], 0.0..=0.2),
    ] {
        assert!(range.contains(&lag.unwrap()), "{lag:?}");
    }
    cloud.elasticache.set_lag("orders-0002-002", None);
    minutes(&mut cloud, 1);
    assert_eq!(lags(&cloud)[3], None);
    assert!(lags(&cloud)[1].is_some());
    assert_eq!(of(&cloud, "IsMaster", "orders-0002-002"), Some(0.0));
}

#[test]
fn a_silent_node_serves_and_is_not_heard() {
    let mut cloud = cloud(load(0.0), "cache.r7g.xlarge");
    let span = Span {
        from: start() + TimeDelta::minutes(1),
        until: start() + TimeDelta::minutes(3),
    };
    cloud.workload.silence_node("orders-0001-001", span);
    let mut heard = Vec::new();
    for _ in 0..4 {
        minutes(&mut cloud, 1);
        heard.push(roles(&cloud));
    }
    let all = [Some(1.0), Some(0.0)];
    let one = [None, Some(0.0)];
    assert_eq!(heard, [all, one, one, all]);
    assert!(view(&cloud).shards[0].nodes[0].available);
}

#[test]
fn a_group_with_cluster_mode_disabled_tells_of_roles_and_lag_too() {
    let mut cloud = Cloud::new(start(), Parameters::default());
    let spec = GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        ..GroupSpec::default()
    };
    cloud.elasticache.seed_group(spec, start());
    minutes(&mut cloud, 1);
    assert_eq!(of(&cloud, "IsMaster", "orders-001"), Some(1.0));
    assert_eq!(of(&cloud, "IsMaster", "orders-002"), Some(0.0));
    assert_eq!(of(&cloud, "ReplicationLag", "orders-001"), None);
    assert!(of(&cloud, "ReplicationLag", "orders-002").is_some());
}
