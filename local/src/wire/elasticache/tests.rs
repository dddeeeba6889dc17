//! Facts about the bytes that clients meet.

use axum::body::Bytes;
use chrono::TimeDelta;
use http::Request;

use crate::{
    cloud::{
        Cloud, Parameters,
        elasticache::{ClusterMode, GroupSpec},
    },
    wire,
};

fn cloud(spec: GroupSpec) -> Cloud {
    let parameters = Parameters {
        event_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    let mut cloud = Cloud::new("2026-11-23T10:00:00Z".parse().unwrap(), parameters);
    let now = cloud.now();
    cloud.elasticache.seed_group(spec, now);
    cloud
}

/// Sends a form as SDKs do; status and body of the answer.
fn send(cloud: &mut Cloud, form: &str) -> (u16, String) {
    let body = Bytes::from(format!("Version=2015-02-02&{form}"));
    let response = wire::answer(cloud, &Request::post("/").body(body).unwrap()).unwrap();
    let status = response.status().as_u16();
    (
        status,
        String::from_utf8(response.into_body().to_vec()).unwrap(),
    )
}

/// The text of the first element of this name.
fn text<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

#[test]
fn errors_have_the_status_and_code_that_sdks_match() {
    let mut cloud = cloud(GroupSpec::default());
    let shards = "Action=ModifyReplicationGroupShardConfiguration&ReplicationGroupId=orders";
    for (form, status, code) in [
        ("Action=Dance", 400, "InvalidAction"),
        (
            "Action=DescribeReplicationGroups&ReplicationGroupId=x",
            404,
            "ReplicationGroupNotFoundFault",
        ),
        (
            "Action=DescribeReplicationGroups&MaxRecords=5",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeReplicationGroups&MaxRecords=many",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeCacheClusters&CacheClusterId=x",
            404,
            "CacheClusterNotFound",
        ),
        (
            "Action=DescribeCacheClusters&ShowCacheNodeInfo=maybe",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeEvents&SourceType=planet",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeEvents&StartTime=yesterday",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=TestFailover&ReplicationGroupId=orders",
            400,
            "MissingParameter",
        ),
        (
            "Action=TestFailover&ReplicationGroupId=&NodeGroupId=0001",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=TestFailover&ReplicationGroupId=orders&NodeGroupId=0009",
            404,
            "NodeGroupNotFoundFault",
        ),
        (
            &format!("{shards}&NodeGroupCount=3"),
            400,
            "MissingParameter",
        ),
        (
            &format!("{shards}&ApplyImmediately=true"),
            400,
            "MissingParameter",
        ),
        (
            &format!("{shards}&NodeGroupCount=3&ApplyImmediately=false"),
            400,
            "InvalidParameterValue",
        ),
        (
            &format!("{shards}&NodeGroupCount=x&ApplyImmediately=true"),
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=CreateReplicationGroup&ReplicationGroupId=a",
            400,
            "MissingParameter",
        ),
        (
            "Action=DeleteReplicationGroup&ReplicationGroupId=x",
            404,
            "ReplicationGroupNotFoundFault",
        ),
        (
            "Action=ModifyReplicationGroup&ReplicationGroupId=x",
            404,
            "ReplicationGroupNotFoundFault",
        ),
    ] {
        let (found, body) = send(&mut cloud, form);
        assert_eq!((found, text(&body, "Code")), (status, Some(code)), "{form}");
        assert_eq!(text(&body, "Type"), Some("Sender"));
    }
}

#[test]
fn a_reshard_shows_its_progress_and_fragmented_slots() {
    let mut cloud = cloud(GroupSpec {
        shards: 3,
        ..GroupSpec::default()
    });
    let (status, body) = send(
        &mut cloud,
        "Action=ModifyReplicationGroupShardConfiguration&ReplicationGroupId=orders&NodeGroupCount=2\
         &ApplyImmediately=true&NodeGroupsToRemove.NodeGroupToRemove.1=0002",
    );
    assert_eq!(
        (status, text(&body, "ProgressPercentage")),
        (200, Some("0"))
    );
    assert!(body.contains("<Status>modifying</Status>"), "{body}");
    cloud.advance(TimeDelta::minutes(1));
    let (_, body) = send(
        &mut cloud,
        "Action=DescribeReplicationGroups&ReplicationGroupId=orders",
    );
    let progress: f64 = text(&body, "ProgressPercentage").unwrap().parse().unwrap();
    assert!(progress > 0.0 && progress < 100.0, "{progress}");
    assert!(text(&body, "Slots").unwrap().contains(','), "{body}");
    cloud.advance(TimeDelta::minutes(20));
    let (_, body) = send(&mut cloud, "Action=DescribeReplicationGroups");
    assert!(
        body.contains("<Status>available</Status>")
            && body.contains("<PendingModifiedValues></PendingModifiedValues>")
    );
    assert!(!body.contains("<NodeGroupId>0002</NodeGroupId>"));
}

#[test]
fn roles_are_named_only_with_cluster_mode_disabled() {
    let (_, body) = send(
        &mut cloud(GroupSpec::default()),
        "Action=DescribeReplicationGroups",
    );
    assert!(
        !body.contains("CurrentRole")
            && !body.contains("ReadEndpoint")
            && !body.contains("PrimaryEndpoint")
    );
    assert!(body.contains("<ConfigurationEndpoint><Address>orders.abc123.clustercfg.use1.cache.amazonaws.com</Address>"));
    let spec = GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        ..GroupSpec::default()
    };
    let mut cloud = cloud(spec);
    let (_, body) = send(&mut cloud, "Action=DescribeReplicationGroups");
    assert_eq!(text(&body, "CurrentRole"), Some("primary"));
    assert!(body.contains("ReadEndpoint") && !body.contains("<Slots>"));
    send(
        &mut cloud,
        "Action=TestFailover&ReplicationGroupId=orders&NodeGroupId=0001",
    );
    cloud.advance(TimeDelta::minutes(2));
    let (_, body) = send(&mut cloud, "Action=DescribeReplicationGroups");
    assert_eq!(text(&body, "CurrentRole"), Some("replica"));
}

#[test]
fn a_promotion_moves_the_roles_that_answers_name() {
    let mut cloud = cloud(GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        automatic_failover: false,
        multi_az: false,
        ..GroupSpec::default()
    });
    let (status, body) = send(
        &mut cloud,
        "Action=ModifyReplicationGroup&ReplicationGroupId=orders&PrimaryClusterId=orders-002&ApplyImmediately=true",
    );
    assert_eq!((status, text(&body, "Status")), (200, Some("modifying")));
    assert_eq!(text(&body, "PrimaryClusterId"), Some("orders-002"));
    assert_eq!(text(&body, "CurrentRole"), Some("primary"));
    cloud.advance(TimeDelta::minutes(1));
    let (_, body) = send(&mut cloud, "Action=DescribeReplicationGroups");
    assert_eq!(text(&body, "Status"), Some("available"));
    assert_eq!(text(&body, "PrimaryClusterId"), None);
    let (_, promoted) = body
        .split_once("<CacheClusterId>orders-002</CacheClusterId>")
        .unwrap();
    assert_eq!(
        (text(&body, "CurrentRole"), text(promoted, "CurrentRole")),
        (Some("replica"), Some("primary"))
    );
}

#[test]
fn a_node_under_replacement_is_not_available_and_its_events_say_why() {
    let mut cloud = cloud(GroupSpec::default());
    let (now, parameters) = (cloud.now(), cloud.parameters.clone());
    let (start, end) = (now + TimeDelta::minutes(5), now + TimeDelta::minutes(65));
    assert!(cloud.elasticache.schedule_replacement(
        "orders-0001-002",
        start,
        end,
        now,
        &parameters
    ));
    let described = "Action=DescribeCacheClusters&CacheClusterId=orders-0001-002";
    let status = |cloud: &mut Cloud| {
        let (_, body) = send(cloud, described);
        text(&body, "CacheClusterStatus").unwrap().to_owned()
    };
    cloud.advance(TimeDelta::minutes(4));
    assert_eq!(status(&mut cloud), "available");
    cloud.advance(TimeDelta::minutes(2));
    assert_eq!(status(&mut cloud), "rebooting cluster nodes");
    cloud.advance(TimeDelta::minutes(10));
    assert_eq!(status(&mut cloud), "available");
    let (_, body) = send(
        &mut cloud,
        "Action=DescribeEvents&SourceType=cache-cluster&SourceIdentifier=orders-0001-002&Duration=60",
    );
    let messages: Vec<&str> = body
        .split("<Message>")
        .skip(1)
        .filter_map(|rest| rest.split_once("</Message>"))
        .map(|(message, _)| message)
        .collect();
    assert_eq!(
        messages,
        [
            "Finished recovery for cache nodes 0001",
            "Recovering cache nodes 0001",
            "The node with Cache Cluster ID: orders-0001-002, Node ID: 0001 is scheduled for replacement during the \
             maintenance window from Start Time: 2026-11-23T10:05:00Z, End Time: 2026-11-23T11:05:00Z",
        ]
    );
}

#[test]
fn what_a_client_sets_it_reads_back_but_for_the_token() {
    let mut cloud = cloud(GroupSpec::default());
    let (status, body) = send(
        &mut cloud,
        "Action=CreateReplicationGroup&ReplicationGroupId=Fresh&ReplicationGroupDescription=a+b\
         &CacheNodeType=cache.r6gd.xlarge&DataTieringEnabled=true&Engine=valkey&EngineVersion=8.1&NumNodeGroups=2\
         &ReplicasPerNodeGroup=1&AutomaticFailoverEnabled=true&MultiAZEnabled=true&TransitEncryptionEnabled=true\
         &TransitEncryptionMode=preferred&AuthToken=0123456789abcdefSECRET&AtRestEncryptionEnabled=true&KmsKeyId=key-1\
         &NetworkType=dual_stack&IpDiscovery=ipv6&SnapshotRetentionLimit=3&SnapshotWindow=01:00-02:00\
         &PreferredMaintenanceWindow=tue:01:00-tue:02:00&NotificationTopicArn=arn:topic&Port=7000\
         &SecurityGroupIds.SecurityGroupId.1=sg-1&CacheSubnetGroupName=net&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v\
         &LogDeliveryConfigurations.LogDeliveryConfigurationRequest.1.LogType=slow-log\
         &LogDeliveryConfigurations.LogDeliveryConfigurationRequest.1.DestinationType=cloudwatch-logs\
         &LogDeliveryConfigurations.LogDeliveryConfigurationRequest.1.DestinationDetails.CloudWatchLogsDetails.LogGroup=lg\
         &LogDeliveryConfigurations.LogDeliveryConfigurationRequest.1.LogFormat=json&ServerlessCacheSnapshotName=snap",
    );
    assert_eq!(status, 200, "{body}");
    for (name, value) in [
        ("ReplicationGroupId", "fresh"),
        ("Description", "a b"),
        ("Status", "creating"),
        ("ClusterMode", "enabled"),
        ("DataTiering", "enabled"),
        ("AuthTokenEnabled", "true"),
        ("AuthTokenLastModifiedDate", "2026-11-23T10:00:00.000Z"),
        ("TransitEncryptionMode", "preferred"),
        ("StorageEncryptionType", "sse-kms"),
        ("KmsKeyId", "key-1"),
        ("NetworkType", "dual_stack"),
        ("IpDiscovery", "ipv6"),
        ("SnapshotRetentionLimit", "3"),
        ("SnapshotWindow", "01:00-02:00"),
        ("LogGroup", "lg"),
        ("MultiAZ", "enabled"),
        (
            "ARN",
            "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:fresh",
        ),
    ] {
        assert_eq!(text(&body, name), Some(value), "{name}");
    }
    assert!(!body.contains("SECRET"));
    cloud.advance(TimeDelta::minutes(6));
    let form = "Action=DescribeCacheClusters&CacheClusterId=fresh-0001-002&ShowCacheNodeInfo=true";
    let (_, body) = send(&mut cloud, form);
    for (name, value) in [
        ("EngineVersion", "8.1"),
        ("CacheClusterStatus", "available"),
        ("PreferredMaintenanceWindow", "tue:01:00-tue:02:00"),
        ("TopicStatus", "active"),
        ("CacheSubnetGroupName", "net"),
        ("SecurityGroupId", "sg-1"),
        ("CacheParameterGroupName", "default.valkey8.cluster.on"),
        ("CacheNodeId", "0001"),
        ("Port", "7000"),
        ("ReplicationGroupId", "fresh"),
        ("ReplicationGroupLogDeliveryEnabled", "true"),
    ] {
        assert_eq!(text(&body, name), Some(value), "{name}");
    }
    let (_, body) = send(
        &mut cloud,
        "Action=DescribeCacheClusters&CacheClusterId=fresh-0001-002",
    );
    assert!(!body.contains("<CacheNode>"));
}

#[test]
fn pending_changes_are_answered_while_they_last() {
    let mut cloud = cloud(GroupSpec {
        cluster_mode: ClusterMode::Disabled,
        shards: 1,
        ..GroupSpec::default()
    });
    let (_, body) = send(
        &mut cloud,
        "Action=ModifyReplicationGroup&ReplicationGroupId=orders&AutomaticFailoverEnabled=false&MultiAZEnabled=false\
         &ApplyImmediately=true",
    );
    assert_eq!(text(&body, "AutomaticFailoverStatus"), Some("disabled"));
    assert_eq!(text(&body, "AutomaticFailover"), Some("disabling"));
    cloud.advance(TimeDelta::minutes(2));
    let (_, body) = send(
        &mut cloud,
        "Action=ModifyReplicationGroup&ReplicationGroupId=orders&PrimaryClusterId=orders-002&ApplyImmediately=false\
         &UserGroupIdsToAdd.member.1=ug&LogDeliveryConfigurations.member.1.LogType=slow-log\
         &LogDeliveryConfigurations.member.1.DestinationType=kinesis-firehose&LogDeliveryConfigurations.member.1.LogFormat=text\
         &LogDeliveryConfigurations.member.1.DestinationDetails.KinesisFirehoseDetails.DeliveryStream=ds",
    );
    assert_eq!(text(&body, "PrimaryClusterId"), Some("orders-002"));
    assert_eq!(
        text(&body, "PendingLogDeliveryConfiguration").and_then(|log| text(log, "DeliveryStream")),
        Some("ds")
    );
    assert_eq!(
        text(&body, "UserGroupIdsToAdd"),
        Some("<member>ug</member>")
    );
    assert!(body.contains("<Status>available</Status>"));
}

#[test]
fn events_come_newest_first_with_times_in_milliseconds() {
    let mut cloud = cloud(GroupSpec::default());
    send(
        &mut cloud,
        "Action=TestFailover&ReplicationGroupId=orders&NodeGroupId=0001",
    );
    cloud.advance(TimeDelta::minutes(2));
    let form = "Action=DescribeEvents&SourceType=replication-group&SourceIdentifier=orders&StartTime=2026-11-23T10%3A00%3A00Z";
    let (status, body) = send(&mut cloud, form);
    assert_eq!(status, 200);
    assert_eq!(text(&body, "Date"), Some("2026-11-23T10:01:03.000Z"));
    assert_eq!(
        text(&body, "Message"),
        Some("Failover to replica node orders-0001-002 completed")
    );
    assert!(body.contains("<Message>Test Failover API called for node group 0001</Message>"));
}
