//! Whole passes of the functions that force failovers, with the real SDK over the embedded AWS: drills from their call to their
//! report, evacuations, requests, promotions, refusals, and starts that happen twice.

mod drills;
mod evacuations;
mod in_flight;
mod promotions;
mod properties;
mod refusals;
mod requests;
mod silence;

use chrono::TimeDelta;
use clusterwarden_local::cloud::{Parameters, elasticache::GroupSpec, neptune::DbClusterSpec};
use clusterwarden_tests::failovers::Failovers;

/// A shard entry for `orders` without drills and alarms.
pub(crate) const SHARDS: &str =
    "version = 1\n[[failover_shard]]\nreplication_group = \"orders\"\napply = \"all\"\n";

/// A cluster entry for `graph` without drills and alarms.
pub(crate) const CLUSTERS: &str =
    "version = 1\n[[failover_db_cluster]]\ndb_cluster = \"graph\"\napply = \"all\"\n";

/// A promotion entry for `orders` without alarms.
pub(crate) const PROMOTIONS: &str =
    "version = 1\n[[promote_replica]]\nreplication_group = \"orders\"\napply = \"all\"\n";

/// The policy with a drill of this section, once in so many days, all day, with what else is said of it.
pub(crate) fn drilled(policy: &str, section: &str, days: u32, more: &str) -> String {
    format!(
        "{policy}[{section}.drill]\nevery_days = {days}\ntime_zone = \"UTC\"\nfrom = \"00:00\"\nto = \"24:00\"\n{more}"
    )
}

/// The policy with alarms of this section.
pub(crate) fn alarmed(policy: &str, section: &str, alarms: &str) -> String {
    format!("{policy}[{section}.alarms]\n{alarms}\n")
}

/// The group `orders` as it is by default, known to CloudWatch for a quarter of an hour.
pub(crate) fn with_orders(parameters: Parameters, policy: &str) -> Failovers {
    with_group(parameters, policy, GroupSpec::default())
}

/// A group, known to CloudWatch for a quarter of an hour.
pub(crate) fn with_group(parameters: Parameters, policy: &str, spec: GroupSpec) -> Failovers {
    let world = Failovers::new(parameters, policy);
    world.add_group(spec);
    world.cloud.advance(15);
    world
}

/// The cluster `graph` as it is by default, known to CloudWatch for a quarter of an hour.
pub(crate) fn with_graph(parameters: Parameters, policy: &str) -> Failovers {
    let world = Failovers::new(parameters, policy);
    world.add_cluster(DbClusterSpec::default());
    world.cloud.advance(15);
    world
}

/// Events that come so many seconds late.
pub(crate) fn late(seconds: i64) -> Parameters {
    Parameters {
        event_delay: TimeDelta::seconds(seconds),
        ..Parameters::default()
    }
}
