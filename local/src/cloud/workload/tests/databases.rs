//! Facts about the metrics of Neptune's clusters.

use super::*;
use crate::cloud::neptune::DbClusterSpec;

const CLUSTER: (&str, &str) = ("DBClusterIdentifier", "graph");
const WRITERS: [(&str, &str); 2] = [CLUSTER, ("Role", "WRITER")];
const READERS: [(&str, &str); 2] = [CLUSTER, ("Role", "READER")];

/// A Neptune cluster `graph` of a writer and two readers, after so many minutes.
fn after(minutes: i64, set: impl FnOnce(&mut DatabaseLoad)) -> Cloud {
    let mut cloud = Cloud::new(start(), Parameters::default());
    cloud
        .neptune
        .seed_cluster(DbClusterSpec::default(), start());
    set(cloud.workload.database_mut("graph"));
    cloud.advance(TimeDelta::minutes(minutes));
    cloud
}

fn read(cloud: &Cloud, metric: &str, dimensions: &[(&str, &str)]) -> Option<Samples> {
    let to = cloud.now().timestamp();
    let window = Window::at(cloud.now(), TimeDelta::zero(), to - MINUTE, to);
    let metric = Metric::new("AWS/Neptune", metric, dimensions);
    let store = cloud.cloudwatch.store();
    store
        .read(&metric, None, window, MINUTE)
        .into_values()
        .next()
}

#[track_caller]
fn one(cloud: &Cloud, metric: &str, dimensions: &[(&str, &str)], statistic: Statistic) -> f64 {
    let samples = read(cloud, metric, dimensions);
    samples.unwrap().statistic(&statistic).unwrap()
}

fn of_instance(cloud: &Cloud, metric: &str, id: &str) -> Option<f64> {
    let dimensions = [("DBInstanceIdentifier", id)];
    read(cloud, metric, &dimensions)?.statistic(&Statistic::Maximum)
}

#[test]
fn load_comes_by_instance_by_cluster_and_by_role() {
    let cloud = after(1, |load| {
        load.writer_cpu = Demand::constant(60.0);
        load.reader_cpu = Demand::constant(30.0);
    });
    let cpu = "CPUUtilization";
    assert_eq!(of_instance(&cloud, cpu, "graph-w"), Some(60.0));
    assert_eq!(of_instance(&cloud, cpu, "graph-r2"), Some(30.0));
    assert_eq!(one(&cloud, cpu, &[CLUSTER], Statistic::Average), 40.0);
    assert_eq!(one(&cloud, cpu, &[CLUSTER], Statistic::SampleCount), 3.0);
    assert_eq!(one(&cloud, cpu, &WRITERS, Statistic::Maximum), 60.0);
    assert_eq!(one(&cloud, cpu, &READERS, Statistic::SampleCount), 2.0);
    for metric in [
        "FreeableMemory",
        "MainRequestQueuePendingRequests",
        "EngineUptime",
    ] {
        assert!(read(&cloud, metric, &WRITERS).is_some(), "{metric}");
    }
    assert_eq!(
        of_instance(&cloud, "MainRequestQueuePendingRequests", "graph-w"),
        Some(0.0)
    );
}

#[test]
fn readers_lag_and_the_cluster_tells_the_extremes() {
    let cloud = after(1, |load| load.set_lag("graph-r2", 4_000.0));
    let lag = |id: &str| of_instance(&cloud, "ClusterReplicaLag", id);
    assert_eq!(lag("graph-w"), None);
    let (near, far) = (lag("graph-r1").unwrap(), lag("graph-r2").unwrap());
    assert!((18.0..=22.0).contains(&near) && (3_600.0..=4_400.0).contains(&far));
    let extreme = |metric: &str| one(&cloud, metric, &[CLUSTER], Statistic::Maximum);
    assert_eq!(extreme("ClusterReplicaLagMaximum"), far);
    assert_eq!(extreme("ClusterReplicaLagMinimum"), near);
}

#[test]
fn load_by_role_follows_the_writer_and_extra_load_stays_with_its_instance() {
    let mut cloud = after(1, |load| {
        load.extra_cpu.insert("graph-w".to_owned(), 75.0);
    });
    let writers = |cloud: &Cloud| one(cloud, "CPUUtilization", &WRITERS, Statistic::Maximum);
    assert_eq!(writers(&cloud), 95.0);
    assert!(of_instance(&cloud, "MainRequestQueuePendingRequests", "graph-w") > Some(0.0));
    let (now, parameters) = (cloud.now(), cloud.parameters.clone());
    let answer = cloud
        .neptune
        .failover_db_cluster("graph", None, now, &parameters);
    answer.unwrap();
    cloud.advance(TimeDelta::minutes(3));
    assert_eq!(writers(&cloud), 20.0);
    assert_eq!(of_instance(&cloud, "CPUUtilization", "graph-w"), Some(85.0));
}

#[test]
fn an_instance_that_is_down_publishes_nothing_and_its_uptime_starts_again() {
    let mut cloud = after(30, |_| {});
    assert_eq!(
        of_instance(&cloud, "EngineUptime", "graph-w"),
        Some(29.0 * 60.0)
    );
    let now = cloud.now();
    assert!(cloud.neptune.fail_writer("graph", now));
    cloud.advance(TimeDelta::minutes(1));
    assert_eq!(of_instance(&cloud, "CPUUtilization", "graph-w"), None);
    assert!(of_instance(&cloud, "CPUUtilization", "graph-r1").is_some());
    cloud.advance(TimeDelta::minutes(2));
    assert!(of_instance(&cloud, "EngineUptime", "graph-w").unwrap() < 60.0);
    assert!(of_instance(&cloud, "EngineUptime", "graph-r1").unwrap() > 1_800.0);
}

#[test]
fn a_silenced_instance_is_missing_everywhere_and_speaks_again_after_the_span() {
    let span = Span {
        from: start(),
        until: start() + TimeDelta::minutes(5),
    };
    let mut cloud = after(3, |load| load.silence("graph-r1", span));
    assert_eq!(of_instance(&cloud, "CPUUtilization", "graph-r1"), None);
    assert_eq!(of_instance(&cloud, "ClusterReplicaLag", "graph-r1"), None);
    let readers = |cloud: &Cloud| one(cloud, "CPUUtilization", &READERS, Statistic::SampleCount);
    assert_eq!(readers(&cloud), 1.0);
    minutes(&mut cloud, 3);
    assert_eq!(readers(&cloud), 2.0);
    cloud.workload.database_mut("graph").outages = vec![Span {
        from: cloud.now(),
        until: cloud.now() + TimeDelta::minutes(2),
    }];
    minutes(&mut cloud, 1);
    assert_eq!(read(&cloud, "CPUUtilization", &WRITERS), None);
}

#[test]
fn clusters_of_other_engines_publish_nothing_under_neptune() {
    let mut cloud = Cloud::new(start(), Parameters::default());
    for engine in ["aurora-mysql", "docdb"] {
        let spec = DbClusterSpec {
            engine: engine.to_owned(),
            ..DbClusterSpec::default()
        };
        cloud.neptune.seed_cluster(spec, start());
        minutes(&mut cloud, 2);
        let mut metrics = cloud.cloudwatch.store().metrics();
        assert!(metrics.next().is_none(), "{engine}");
    }
}
