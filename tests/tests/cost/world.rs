//! Fleets to count in: groups of three shards with a replica each, a Neptune cluster for every ten of them, and an entry of the
//! policy for each, with an alarm of its own and one that all share.

use std::fmt::Write as _;

use chrono::TimeDelta;
use clusterwarden_local::cloud::{
    Parameters,
    elasticache::{GroupSpec, Keyspace},
    neptune::{DbClusterSpec, DbInstanceSpec},
    workload::Span,
};
use clusterwarden_tests::failovers::Failovers;

/// Groups for one Neptune cluster.
const GROUPS_PER_CLUSTER: u32 = 10;

/// Shards of each group; each has a primary and a replica.
pub(crate) const SHARDS: u32 = 3;

/// Instances of each Neptune cluster.
pub(crate) const INSTANCES: u32 = 3;

/// Percent, under the targets of 60 and 65, and over what fewer shards could carry: nothing is to be done.
const QUIET: f64 = 50.0;

/// An account with so many groups, whose load is known and fits, and which nobody has looked at yet.
pub(crate) fn fleet(groups: u32) -> Failovers {
    let clusters = clusters_of(groups);
    let world = Failovers::new(Parameters::default(), &policy(groups, clusters));
    world.cloud.lock().parameters.answer_time = TimeDelta::zero();
    let names = (0..groups).map(group).collect::<Vec<_>>();
    for id in &names {
        world.add_group(GroupSpec {
            id: id.clone(),
            node_type: "cache.r7g.xlarge".to_owned(),
            shards: SHARDS,
            keyspace: Keyspace::even(u64::from(SHARDS) << 31),
            ..GroupSpec::default()
        });
        world.add_alarm(&alarm(id), &[]);
    }
    world.add_alarm("incident", &[]);
    for number in 0..clusters {
        let id = format!("graph-{number:03}");
        let instances = (1..=INSTANCES).map(|place| {
            let zone = ["us-east-1a", "us-east-1b", "us-east-1c"][(place as usize - 1) % 3];
            DbInstanceSpec::new(&format!("{id}-{place}"), "db.r6g.large", zone, 1)
        });
        world.add_cluster(DbClusterSpec {
            instances: instances.collect(),
            id: id.clone(),
            ..DbClusterSpec::default()
        });
    }
    publish(&world, &names);
    world
}

/// Neptune clusters in a fleet of so many groups.
pub(crate) fn clusters_of(groups: u32) -> u32 {
    groups / GROUPS_PER_CLUSTER
}

fn group(number: u32) -> String {
    format!("group-{number:04}")
}

fn alarm(group: &str) -> String {
    format!("{group}-cpu-high")
}

/// An entry for each group and cluster; drills whose window is closed at eight in the morning.
fn policy(groups: u32, clusters: u32) -> String {
    let mut text = "version = 1\n".to_owned();
    let drill = "every_days = 30, time_zone = \"UTC\", from = \"02:00\", to = \"04:00\"";
    for number in 0..groups {
        let id = group(number);
        let alarm = alarm(&id);
        write!(
            text,
            "[[reshard]]\nreplication_group = \"{id}\"\napply = \"all\"\nmin_shards = 2\nmax_shards = 8\n\
             targets = {{ engine_cpu = 60, memory = {{ percent = 65, evicts = false }} }}\n\
             alarms = {{ scale_out = [\"{alarm}\"], stop = [\"incident\"] }}\n\
             [[failover_shard]]\nreplication_group = \"{id}\"\napply = \"all\"\nalarms.stop = [\"incident\"]\n\
             drill = {{ {drill} }}\n"
        )
        .expect("a string takes everything");
    }
    for number in 0..clusters {
        write!(
            text,
            "[[failover_db_cluster]]\ndb_cluster = \"graph-{number:03}\"\napply = \"all\"\nalarms.stop = [\"incident\"]\n\
             drill = {{ {drill} }}\n"
        )
        .expect("a string takes everything");
    }
    text
}

/// A quarter of an hour of load of every shard. The workload model keeps silent: nothing else is to be read of a quiet fleet.
fn publish(world: &Failovers, groups: &[String]) {
    let mut cloud = world.cloud.lock();
    let now = cloud.now();
    let always = Span {
        from: now,
        until: now + TimeDelta::days(1),
    };
    for id in groups {
        cloud.workload.load_mut(id).outages.push(always);
        for shard in 1..=SHARDS {
            let shard = format!("{shard:04}");
            let dimensions = [
                ("NodeGroupId", shard.as_str()),
                ("ReplicationGroupId", id.as_str()),
            ];
            for metric in [
                "EngineCPUUtilization",
                "DatabaseMemoryUsageCountedForEvictPercentage",
            ] {
                for minute in 1..=15 {
                    let at = now - TimeDelta::minutes(minute);
                    let metrics = &mut cloud.cloudwatch;
                    metrics.put_datum("AWS/ElastiCache", metric, &dimensions, at, QUIET, "Percent");
                }
            }
        }
    }
}
