//! Entries for failovers: what they become, and what does not go together.

use super::*;
use crate::cluster::DbClusterId;

const FULL: &str = r#"
version = 1
[fleet]
max_failovers_per_pass = 1
test_failovers_per_day = 20
test_failover_reserve = 0
[[failover_shard]]
replication_group = "orders-*"
apply = "all"
cooldown_minutes = 90
max_lag_seconds = 0.5
stale_after_minutes = 7
on_replacement = "move"
alarms = { stop = ["incident"], evacuate = ["unreachable", "slow"] }
[failover_shard.drill]
every_days = 30
time_zone = "Europe/Berlin"
days = ["tue", "wed"]
from = "22:00"
to = "24:00"
objective_seconds = 60
recovery_objective_minutes = 20
[[failover_db_cluster]]
db_cluster = "graph-prod"
max_lag_milliseconds = 250
[[promote_replica]]
replication_group = "carts"
apply = "all"
"#;

fn cluster(id: &str) -> DbClusterId {
    DbClusterId::new(id)
}

fn group(id: &str) -> ReplicationGroupId {
    ReplicationGroupId::new(id)
}

#[test]
fn every_key_of_a_failover_entry_is_read() {
    let policy = parse(FULL);
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let expected = FailoverPolicy {
        target: "orders-*".into(),
        apply: FailoverApply::All,
        cooldown: minutes(90),
        max_lag: 0.5,
        stale_after: minutes(7),
        alarms: FailoverAlarms {
            stop: vec!["incident".into()],
            evacuate: vec!["unreachable".into(), "slow".into()],
        },
        on_replacement: OnReplacement::Move,
        drill: Some(DrillPolicy {
            every: minutes(30 * 24 * 60),
            window: CalendarWindow {
                name: "drill".into(),
                time_zone: chrono_tz::Europe::Berlin,
                days: vec![Weekday::Tue, Weekday::Wed],
                from: "22:00:00".parse().unwrap(),
                to: NaiveTime::MIN,
                dates: None,
                min_shards: None,
                freeze: Freeze::None,
            },
            objective: Duration::from_secs(60),
            recovery_objective: Some(minutes(20)),
        }),
    };
    assert_eq!(policy.failover_shard, [expected]);
    assert_eq!(policy.reshard, []);
    let fleet = Fleet {
        max_failovers_per_pass: 1,
        test_failovers_per_day: 20,
        test_failover_reserve: 0,
        ..Fleet::default()
    };
    assert_eq!(policy.fleet, fleet);
    let alarms: Vec<&String> = policy.failover_shard[0].alarms.names().collect();
    assert_eq!(alarms, ["incident", "unreachable", "slow"]);
}

#[test]
fn the_smallest_failover_entry_gets_every_documented_default() {
    let policy = parse(FULL);
    assert_eq!(
        policy.promote_replica,
        [FailoverPolicy {
            apply: FailoverApply::All,
            ..FailoverPolicy::defaults("carts")
        }]
    );
    let smallest = "version = 1\n[[failover_db_cluster]]\ndb_cluster = \"graph\"\n";
    let graph = &parse(smallest).failover_db_cluster[0];
    let expected = FailoverPolicy {
        max_lag: 1.0,
        ..FailoverPolicy::defaults("graph")
    };
    assert_eq!(*graph, expected);
    assert_eq!(
        (expected.apply, expected.alarms.evacuate.len()),
        (FailoverApply::None, 0)
    );
}

#[test]
fn a_lag_in_milliseconds_is_kept_in_seconds() {
    let policy = parse(FULL);
    let graph = policy.failover_db_cluster_for(&cluster("graph-prod"));
    assert!((graph.unwrap().max_lag - 0.25).abs() < f64::EPSILON);
}

#[test]
fn an_entry_of_one_kind_says_nothing_about_another() {
    let policy = parse(FULL);
    assert_eq!(
        policy.failover_shard_for(&group("orders-eu")),
        policy.failover_shard.first()
    );
    assert_eq!(policy.reshard_for(&group("orders-eu")), None);
    assert_eq!(policy.promote_replica_for(&group("orders-eu")), None);
    assert_eq!(policy.failover_shard_for(&group("carts")), None);
    assert_eq!(policy.failover_shard_for(&group("graph-prod")), None);
    assert_eq!(policy.failover_db_cluster_for(&cluster("orders-eu")), None);
}

#[test]
fn globs_of_failovers_rank_as_those_of_resharding_do() {
    let entries: String = ["*", "graph-*", "graph-prod", "graph-pro?"]
        .map(|glob| format!("[[failover_db_cluster]]\ndb_cluster = \"{glob}\"\n"))
        .concat();
    let policy = parse(&format!("version = 1\n{entries}"));
    let governs = |id: &str| {
        let entry = policy.failover_db_cluster_for(&cluster(id));
        entry.map(|entry| entry.target.as_str()).unwrap()
    };
    assert_eq!(governs("graph-prod"), "graph-prod");
    assert_eq!(governs("graph-prox"), "graph-pro?");
    assert_eq!(governs("graph-test"), "graph-*");
    assert_eq!(governs("people"), "*");
}

#[test]
fn shared_defaults_hold_for_resharding_alone() {
    let text = format!(
        "{SMALLEST}[defaults]\napply = \"all\"\nalarms.stop = [\"incident\"]\n\
         [[failover_shard]]\nreplication_group = \"orders\"\n"
    );
    let policy = parse(&text);
    assert_eq!(policy.reshard[0].apply, Apply::All);
    assert_eq!(policy.failover_shard, [FailoverPolicy::defaults("orders")]);
}

#[test]
fn a_group_is_failed_over_or_promoted_and_not_both() {
    let both = "version = 1\n[[promote_replica]]\nreplication_group = \"carts\"\n\
                [[failover_shard]]\nreplication_group = \"carts\"\n";
    let found = mistakes(both);
    assert_eq!((found.len(), found[0].0), (1, 3), "{found:?}");
    assert!(found[0].2.contains("`[[failover_shard]]` too"), "{found:?}");
    let glob = both.replacen("carts", "carts-*", 1);
    assert_eq!(parse(&glob).promote_replica.len(), 1);
}

#[test]
fn the_reserve_is_a_part_of_the_budget() {
    let fleet = |keys: &str| format!("{SMALLEST}[fleet]\n{keys}");
    let line = SMALLEST.lines().count() + 2;
    for (keys, at) in [
        ("test_failovers_per_day = 9\ntest_failover_reserve = 10", 1),
        ("test_failover_reserve = 16", 0),
        ("test_failovers_per_day = 4", 0),
    ] {
        let found = mistakes(&fleet(keys));
        assert_eq!((found.len(), found[0].0), (1, line + at), "{found:?}");
        assert!(found[0].2.starts_with("`test_failover_reserve`"));
    }
    let all = parse(&fleet(
        "test_failovers_per_day = 4\ntest_failover_reserve = 4",
    ));
    assert_eq!(all.fleet.test_failover_reserve, 4);
}

#[test]
fn a_file_needs_one_entry_of_any_kind() {
    for kind in [
        "[[failover_shard]]\nreplication_group = \"a\"\n",
        "[[failover_db_cluster]]\ndb_cluster = \"a\"\n",
        "[[promote_replica]]\nreplication_group = \"a\"\n",
    ] {
        parse(&format!("version = 1\n{kind}"));
    }
    let found = mistakes("version = 1\nreshard = []\n");
    assert_eq!(found, [(2, 11, "`reshard` has no entry".to_owned())]);
}

#[test]
fn a_drill_with_a_mistake_is_no_drill() {
    for (good, bad) in [
        ("every_days = 30", "every_days = 0"),
        ("from = \"22:00\"", "from = \"22\""),
        ("days = [\"tue\", \"wed\"]", "days = []"),
        ("objective_seconds = 60", "objective_seconds = 3601"),
        ("\"Europe/Berlin\"", "\"Berlin\""),
    ] {
        let found = mistakes(&FULL.replace(good, bad));
        assert_eq!(found.len(), 1, "{bad}: {found:?}");
    }
}
