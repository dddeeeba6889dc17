use super::*;
use crate::cloud::cloudwatch::StateValue;

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_410_000, 0).unwrap()
}

fn refusal(text: &str) -> String {
    parse("mine.toml", text, start(), Parameters::default())
        .unwrap_err()
        .to_string()
}

const GROUP: &str = "[[groups]]\nid = \"a\"\nnode_type = \"cache.r7g.large\"\nshards = 2\n\
    [groups.load]\noperations = 10\nengine_operations = 100\n[groups.data]\ngib = 1\n";

#[test]
fn every_named_scenario_loads_with_its_clock_at_the_start() {
    for name in NAMES {
        let cloud = load(name, start(), Parameters::default()).unwrap();
        assert_eq!(cloud.now(), start(), "{name}");
        let groups: Vec<String> = cloud.elasticache.groups().map(|group| group.id).collect();
        assert!(groups.contains(&"orders".to_owned()), "{name}: {groups:?}");
    }
}

#[test]
fn alarms_have_settled_when_a_scenario_is_handed_over() {
    let mut cloud = load("default", start(), Parameters::default()).unwrap();
    let states: Vec<(&str, StateValue)> = cloud
        .cloudwatch
        .alarms()
        .map(|alarm| (alarm.name, alarm.state))
        .collect();
    let ok = StateValue::Ok;
    assert_eq!(
        states,
        [
            ("graph-prod-writer-cpu", ok),
            ("orders-engine-cpu-high", ok),
            ("orders-incident", ok),
            ("sessions-eu-engine-cpu-high", ok)
        ]
    );
    assert_eq!(cloud.take_deliveries(), []);
    assert_eq!(cloud.calls, []);
}

#[test]
fn an_unknown_name_lists_the_names_that_there_are() {
    let error = load("dflt", start(), Parameters::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no scenario or file `dflt`; the scenarios are: default, day, hot-key, memory-growth, flapping, \
         busy-weekday, metric-outage, terraform-fights-us"
    );
}

#[test]
fn a_file_is_a_scenario_too() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), GROUP).unwrap();
    let cloud = load(
        file.path().to_str().unwrap(),
        start(),
        Parameters::default(),
    )
    .unwrap();
    assert_eq!(cloud.elasticache.group("a").unwrap().shards.len(), 2);
}

#[test]
fn unknown_keys_are_refused_where_they_stand() {
    let text = GROUP.replace("operations = 10\n", "operations = 10\noperatons = 11\n");
    let said = refusal(&text);
    assert!(
        said.starts_with("mine.toml:7:1: unknown field `operatons`"),
        "{said}"
    );
    assert!(
        refusal("[[group]]\n").starts_with("mine.toml:1:3: unknown field `group`"),
        "{}",
        refusal("[[group]]\n")
    );
}

#[test]
fn values_that_cannot_be_are_refused_with_their_group() {
    for (from, to, says) in [
        (
            "cache.r7g.large",
            "cache.r7g.lage",
            "mine.toml:1:1: group `a`: there is no node type `cache.r7g.lage`",
        ),
        (
            "shards = 2",
            "shards = 0",
            "mine.toml:1:1: group `a`: `shards` must be from 1 to 500",
        ),
        (
            "operations = 10\n",
            "operations = -1\n",
            "mine.toml:1:1: group `a`: `load.operations` is -1; it must be at least 0",
        ),
        (
            "operations = 10\n",
            "operations = nan\n",
            "mine.toml:1:1: group `a`: `load.operations` is NaN; it must be at least 0",
        ),
        (
            "operations = 10\n",
            "operations = 10\nhot_slots = [{ slot = 16384, share = 0.1 }]\n",
            "mine.toml:1:1: group `a`: `load.hot_slots.slot` is 16384; slots are numbered from 0 to 16383",
        ),
    ] {
        assert_eq!(refusal(&GROUP.replacen(from, to, 1)), says);
    }
    let twice = refusal(&format!("{GROUP}{GROUP}"));
    assert!(
        twice.ends_with("group `a`: there are two of this id"),
        "{twice}"
    );
}

#[test]
fn alarms_that_cloudwatch_would_refuse_are_refused() {
    let alarm = "[[alarms]]\nname = \"x\"\nmetric = \"M\"\nthreshold = 1\n";
    let said = refusal(&format!("{alarm}comparison = \"Above\"\n"));
    assert_eq!(
        said,
        "mine.toml:5:14: alarm `x`: there is no comparison `Above`"
    );
    let said = refusal(&format!("{alarm}period_seconds = 45\n"));
    assert!(said.starts_with("mine.toml:1:1: alarm `x`: "), "{said}");
}

#[test]
fn an_act_is_carried_out_and_one_that_cannot_be_is_refused_at_its_place() {
    let act = |operation: &str, group: &str, every: &str| {
        format!(
            "{GROUP}[[acts]]\nby = \"t\"\nafter_minutes = 1\n{every}operation = \"{operation}\"\n\
             parameters = {{ ReplicationGroupId = \"{group}\", NodeGroupCount = 3 }}\n"
        )
    };
    let reshard = "ModifyReplicationGroupShardConfiguration";
    let text = act(reshard, "a", "");
    let mut cloud = parse("mine.toml", &text, start(), Parameters::default()).unwrap();
    cloud.advance(TimeDelta::minutes(2));
    let done = cloud.outside.take_done();
    assert_eq!((done.len(), done[0].from, done[0].to), (1, 2, 3));
    assert_eq!(
        refusal(&act("DeleteReplicationGroup", "a", "")),
        "mine.toml:10:1: act of `t`: `operation` is DeleteReplicationGroup; nothing but \
         ModifyReplicationGroupShardConfiguration, FailPrimary, ScheduleReplacement, BlockTestFailover, \
         UnblockTestFailover, Lag can be played"
    );
    assert_eq!(
        refusal(&act(reshard, "b", "")),
        "mine.toml:10:1: act of `t`: there is no group `b`"
    );
    assert_eq!(
        refusal(&act(reshard, "a", "every_minutes = 0\n")),
        "mine.toml:10:1: act of `t`: `every_minutes` must be at least 1"
    );
}

/// The group, and something that happens in minute 1.
fn happening(operation: &str, parameters: &str) -> String {
    format!(
        "{GROUP}[[acts]]\nby = \"t\"\nafter_minutes = 1\noperation = \"{operation}\"\n\
         parameters = {{ {parameters} }}\n"
    )
}

#[test]
fn hosts_break_and_aws_replaces_and_blocks_as_the_file_says() {
    let played = |operation: &str, parameters: &str| {
        let text = happening(operation, parameters);
        let mut cloud = parse("mine.toml", &text, start(), Parameters::default()).unwrap();
        cloud.advance(TimeDelta::minutes(3));
        let happened = cloud.outside.take_happened();
        assert!(
            happened.len() == 1 && happened[0].took_effect,
            "{happened:?}"
        );
        cloud
    };
    let refused = |cloud: &mut Cloud| {
        let (now, parameters) = (cloud.now(), cloud.parameters.clone());
        let answer = cloud
            .elasticache
            .test_failover("a", "0001", now, &parameters);
        answer.err().map(|refusal| refusal.code.wire())
    };
    let cloud = played(
        "FailPrimary",
        "ReplicationGroupId = \"a\", NodeGroupId = \"0002\"",
    );
    assert!(cloud.elasticache.group("a").unwrap().shards[1].nodes[1].is_primary);
    let cloud = played(
        "ScheduleReplacement",
        "CacheClusterId = \"a-0001-002\", starts_after_minutes = 30, minutes = 60",
    );
    let minute = |minutes| start() + TimeDelta::minutes(minutes);
    assert_eq!(
        cloud.elasticache.scheduled_replacement("a-0001-002"),
        Some((minute(31), minute(91)))
    );
    let mut cloud = played("BlockTestFailover", "");
    assert_eq!(refused(&mut cloud), Some("TestFailoverNotAvailableFault"));
    assert_eq!(refused(&mut played("UnblockTestFailover", "")), None);
}

#[test]
fn acts_need_their_parameters_and_take_no_others() {
    let of_group = "ReplicationGroupId = \"a\"";
    for (operation, parameters, says) in [
        ("FailPrimary", of_group, "FailPrimary needs `NodeGroupId`"),
        (
            "FailPrimary",
            "ReplicationGroupId = \"a\", NodeGroupId = \"0001\", NodeGroupCount = 3",
            "FailPrimary takes no `NodeGroupCount`",
        ),
        (
            "FailPrimary",
            "ReplicationGroupId = \"b\", NodeGroupId = \"0001\"",
            "there is no group `b`",
        ),
        (
            "ScheduleReplacement",
            "CacheClusterId = \"a-0001-001\", minutes = 60",
            "ScheduleReplacement needs `starts_after_minutes`",
        ),
        (
            "ScheduleReplacement",
            "CacheClusterId = \"a-0009-001\", starts_after_minutes = 0, minutes = 60",
            "there is no node `a-0009-001`",
        ),
        (
            "BlockTestFailover",
            of_group,
            "BlockTestFailover takes no `ReplicationGroupId`",
        ),
        (
            "ModifyReplicationGroupShardConfiguration",
            of_group,
            "ModifyReplicationGroupShardConfiguration needs `NodeGroupCount`",
        ),
    ] {
        assert_eq!(
            refusal(&happening(operation, parameters)),
            format!("mine.toml:10:1: act of `t`: {says}")
        );
    }
}

#[test]
fn a_group_may_be_unsharded_and_without_automatic_failover() {
    let with = |more: &str| GROUP.replacen("shards = 2\n", more, 1);
    let text = with("shards = 1\ncluster_mode = \"disabled\"\nautomatic_failover = false\n");
    let mut cloud = parse("mine.toml", &text, start(), Parameters::default()).unwrap();
    let group = cloud.elasticache.group("a").unwrap();
    let ids: Vec<&str> = group.shards[0]
        .nodes
        .iter()
        .map(|node| node.id.as_str())
        .collect();
    assert!(!group.cluster_mode);
    assert_eq!(ids, ["a-001", "a-002"]);
    let (now, parameters) = (cloud.now(), cloud.parameters.clone());
    let answer = cloud
        .elasticache
        .test_failover("a", "0001", now, &parameters);
    assert_eq!(
        answer.unwrap_err().code.wire(),
        "InvalidReplicationGroupState"
    );
    for (more, says) in [
        (
            "shards = 2\ncluster_mode = \"disabled\"\n",
            "with cluster mode `disabled`, `shards` must be 1",
        ),
        (
            "shards = 1\ncluster_mode = \"off\"\n",
            "there is no cluster mode `off`",
        ),
        (
            "shards = 1\nreplicas_per_shard = 0\nautomatic_failover = true\n",
            "`automatic_failover` needs a replica",
        ),
        (
            "shards = 1\nautomatic_failover = false\nmulti_az = true\n",
            "`multi_az` needs `automatic_failover`",
        ),
    ] {
        assert_eq!(
            refusal(&with(more)),
            format!("mine.toml:1:1: group `a`: {says}")
        );
    }
}

#[test]
fn an_outage_of_one_shard_leaves_the_others_their_metrics() {
    let silent = GROUP.replace(
        "[groups.data]",
        "outages = [{ after_minutes = 0, minutes = 10, shards = [\"0002\"] }]\n[groups.data]",
    );
    let mut cloud = parse("mine.toml", &silent, start(), Parameters::default()).unwrap();
    cloud.advance(TimeDelta::minutes(8));
    let newest = |shard: &str| {
        let wanted = [("NodeGroupId", shard), ("ReplicationGroupId", "a")];
        let wanted = crate::cloud::cloudwatch::Metric::new(
            "AWS/ElastiCache",
            "EngineCPUUtilization",
            &wanted,
        );
        let mut metrics = cloud.cloudwatch.store().metrics();
        metrics
            .find(|(metric, _)| **metric == wanted)
            .map(|(_, at)| (at - start()).num_minutes())
    };
    assert_eq!((newest("0001"), newest("0002")), (Some(7), Some(-1)));
}

const DB_CLUSTER: &str = "[[db_clusters]]\nid = \"g\"\n\
    instances = [{ id = \"w\", class = \"db.r6g.large\", zone = \"us-east-1a\" }]\n";

#[test]
fn the_default_scenario_has_a_graph_and_two_databases_to_trip_over() {
    let cloud = load("default", start(), Parameters::default()).unwrap();
    let clusters: Vec<(String, String)> = cloud
        .neptune
        .clusters()
        .map(|cluster| (cluster.id, cluster.engine))
        .collect();
    let cluster = |id: &str, engine: &str| (id.to_owned(), engine.to_owned());
    assert_eq!(
        clusters,
        [
            cluster("checkout-aurora", "aurora-mysql"),
            cluster("graph-prod", "neptune"),
            cluster("profiles-docdb", "docdb"),
        ]
    );
    let graph = cloud.neptune.cluster("graph-prod").unwrap();
    assert_eq!(graph.writer().unwrap().id, "graph-prod-w");
    let zones: std::collections::BTreeSet<String> = graph
        .instances
        .into_iter()
        .map(|instance| instance.availability_zone)
        .collect();
    assert_eq!(zones.len(), 3);
}

#[test]
fn a_writers_load_may_step_up_and_take_its_alarm_along() {
    let alarm = "[[alarms]]\nname = \"hot\"\nnamespace = \"AWS/Neptune\"\nmetric = \"CPUUtilization\"\n\
        dimensions = { DBClusterIdentifier = \"g\", Role = \"WRITER\" }\nthreshold = 90\n";
    let load = "load = { writer_cpu = 50, steps = [{ after_minutes = 5, writer_cpu = 45 }] }\n";
    let text = format!("{DB_CLUSTER}{load}{alarm}");
    let mut cloud = parse("mine.toml", &text, start(), Parameters::default()).unwrap();
    let state = |cloud: &Cloud| cloud.cloudwatch.alarms().next().unwrap().state;
    cloud.advance(TimeDelta::minutes(5));
    assert_eq!(state(&cloud), StateValue::Ok);
    cloud.advance(TimeDelta::minutes(4));
    assert_eq!(state(&cloud), StateValue::Alarm);
}

#[test]
fn database_clusters_that_cannot_be_are_refused_with_their_id() {
    for (from, to, says) in [
        (
            "db.r6g.large",
            "r6g.large",
            "instance `w`: there is no class `r6g.large`",
        ),
        (
            "zone = \"us-east-1a\"",
            "zone = \"us-east-1a\", promotion_tier = 16",
            "instance `w`: `promotion_tier` must be from 0 to 15",
        ),
        (
            "id = \"g\"\n",
            "id = \"g\"\nengine = \"mysql\"\n",
            "`engine` is `mysql`; it must be `neptune`, `aurora-mysql`, `aurora-postgresql`, `docdb`",
        ),
        (
            "id = \"g\"\n",
            "id = \"g\"\nlag_milliseconds = -1\n",
            "`lag_milliseconds` is -1; it must be at least 0",
        ),
        (
            "id = \"g\"\n",
            "id = \"g\"\nload = { reader_cpu = 101 }\n",
            "`load.reader_cpu` is 101; it must be from 0 to 100",
        ),
    ] {
        let said = refusal(&DB_CLUSTER.replacen(from, to, 1));
        assert_eq!(said, format!("mine.toml:1:1: db cluster `g`: {says}"));
    }
    let twice = refusal(&format!("{DB_CLUSTER}{DB_CLUSTER}"));
    assert!(twice.ends_with("db cluster `g`: there are two of this id"));
    let other = DB_CLUSTER.replace("\"g\"", "\"h\"");
    let shared = refusal(&format!("{DB_CLUSTER}{other}"));
    assert!(
        shared.ends_with("instance `w`: there are two of this id"),
        "{shared}"
    );
}
