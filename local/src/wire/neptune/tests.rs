//! Facts about the bytes that clients of Neptune meet.

use axum::body::Bytes;
use chrono::TimeDelta;
use http::Request;

use crate::{
    cloud::{Cloud, Parameters, neptune::DbClusterSpec},
    wire,
};

fn cloud() -> Cloud {
    let parameters = Parameters {
        event_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    let mut cloud = Cloud::new("2026-11-23T10:00:00Z".parse().unwrap(), parameters);
    let now = cloud.now();
    cloud.neptune.seed_cluster(DbClusterSpec::default(), now);
    cloud
}

/// Sends a form as SDKs do; status and body of the answer.
fn send(cloud: &mut Cloud, form: &str) -> (u16, String) {
    let body = Bytes::from(format!("Version=2014-10-31&{form}"));
    let response = wire::answer(cloud, &Request::post("/").body(body).unwrap()).unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().to_vec();
    (status, String::from_utf8(body).unwrap())
}

/// The text of the first element of this name.
fn text<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    rest.split_once(&format!("</{name}>")).map(|(text, _)| text)
}

#[test]
fn errors_have_the_status_and_code_that_sdks_match() {
    let mut cloud = cloud();
    for (form, status, code) in [
        ("Action=Dance", 400, "InvalidAction"),
        ("Action=DescribeDances", 400, "InvalidAction"),
        (
            "Action=DescribeDBClusters&DBClusterIdentifier=x",
            404,
            "DBClusterNotFoundFault",
        ),
        (
            "Action=DescribeDBClusters&MaxRecords=5",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeDBClusters&Marker=x",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeDBClusters&Filters.Filter.1.Name=x&Filters.Filter.1.Values.Value.1=y",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeDBInstances&DBInstanceIdentifier=x",
            404,
            "DBInstanceNotFound",
        ),
        (
            "Action=DescribeEvents&SourceIdentifier=graph",
            400,
            "InvalidParameterCombination",
        ),
        (
            "Action=DescribeEvents&SourceType=cache-cluster",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=DescribeEvents&StartTime=yesterday",
            400,
            "InvalidParameterValue",
        ),
        ("Action=FailoverDBCluster", 400, "MissingParameter"),
        (
            "Action=FailoverDBCluster&DBClusterIdentifier=x",
            404,
            "DBClusterNotFoundFault",
        ),
        (
            "Action=FailoverDBCluster&DBClusterIdentifier=graph&TargetDBInstanceIdentifier=x",
            404,
            "DBInstanceNotFound",
        ),
        (
            "Action=FailoverDBCluster&DBClusterIdentifier=graph&TargetDBInstanceIdentifier=graph-w",
            400,
            "InvalidDBInstanceState",
        ),
        (
            "Action=CreateDBCluster&DBClusterIdentifier=a",
            400,
            "MissingParameter",
        ),
        (
            "Action=CreateDBCluster&DBClusterIdentifier=graph&Engine=neptune",
            400,
            "DBClusterAlreadyExistsFault",
        ),
        (
            "Action=CreateDBInstance&DBInstanceIdentifier=graph-w&DBInstanceClass=db.r6g.large&Engine=neptune\
             &DBClusterIdentifier=graph",
            400,
            "DBInstanceAlreadyExists",
        ),
        (
            "Action=DeleteDBInstance&DBInstanceIdentifier=x",
            404,
            "DBInstanceNotFound",
        ),
        (
            "Action=DeleteDBInstance&DBInstanceIdentifier=graph-w&SkipFinalSnapshot=true&FinalDBSnapshotIdentifier=s",
            400,
            "InvalidParameterCombination",
        ),
        (
            "Action=DeleteDBCluster&DBClusterIdentifier=graph&SkipFinalSnapshot=true",
            400,
            "InvalidDBClusterStateFault",
        ),
        (
            "Action=ListTagsForResource&ResourceName=x",
            400,
            "InvalidParameterValue",
        ),
        (
            "Action=AddTagsToResource&ResourceName=x",
            400,
            "MissingParameter",
        ),
        (
            "Action=RemoveTagsFromResource&ResourceName=x",
            400,
            "MissingParameter",
        ),
    ] {
        let (found, body) = send(&mut cloud, form);
        assert_eq!((found, text(&body, "Code")), (status, Some(code)), "{form}");
        assert_eq!(text(&body, "Type"), Some("Sender"));
        assert!(body.contains(super::XMLNS), "{body}");
    }
}

#[test]
fn a_failover_answers_the_cluster_and_moves_the_writer() {
    let mut cloud = cloud();
    let (status, body) = send(
        &mut cloud,
        "Action=FailoverDBCluster&DBClusterIdentifier=Graph",
    );
    assert_eq!(
        (status, text(&body, "Status")),
        (200, Some("failing-over")),
        "{body}"
    );
    assert!(body.contains(
        "<DBInstanceIdentifier>graph-w</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>"
    ));
    let again = send(
        &mut cloud,
        "Action=FailoverDBCluster&DBClusterIdentifier=graph",
    );
    assert_eq!(
        (again.0, text(&again.1, "Code")),
        (400, Some("InvalidDBClusterStateFault"))
    );
    cloud.advance(TimeDelta::minutes(2));
    let (_, body) = send(
        &mut cloud,
        "Action=DescribeDBClusters&DBClusterIdentifier=graph",
    );
    assert!(body.contains(
        "<DBInstanceIdentifier>graph-r1</DBInstanceIdentifier><IsClusterWriter>true</IsClusterWriter>"
    ));
    assert_eq!(text(&body, "Status"), Some("available"));
    let form = "Action=DescribeEvents&SourceType=db-cluster&SourceIdentifier=graph\
                &EventCategories.EventCategory.1=failover&StartTime=2026-11-23T10%3A00%3A30Z";
    let (status, body) = send(&mut cloud, form);
    assert_eq!(status, 200);
    for (name, value) in [
        ("SourceIdentifier", "graph"),
        ("SourceType", "db-cluster"),
        ("Message", "Completed failover to DB instance: graph-r1"),
        ("EventCategory", "failover"),
        ("Date", "2026-11-23T10:00:35.000Z"),
        (
            "SourceArn",
            "arn:aws:rds:us-east-1:123456789012:cluster:graph",
        ),
    ] {
        assert_eq!(text(&body, name), Some(value), "{name}");
    }
    assert!(!body.contains("Started"), "{body}");
}

#[test]
fn a_cluster_tells_its_engine_its_endpoints_and_its_global_database() {
    let mut cloud = cloud();
    let now = cloud.now();
    for (id, engine, domain, port) in [
        ("a", "aurora-mysql", "rds", "3306"),
        ("b", "docdb", "docdb", "27017"),
        ("c", "neptune", "neptune", "8182"),
    ] {
        let spec = DbClusterSpec {
            id: id.to_owned(),
            engine: engine.to_owned(),
            instances: Vec::new(),
            global_cluster: (id == "c").then(|| "world".to_owned()),
            ..DbClusterSpec::default()
        };
        cloud.neptune.seed_cluster(spec, now);
        let form = format!("Action=DescribeDBClusters&DBClusterIdentifier={id}");
        let (_, body) = send(&mut cloud, &form);
        let host = format!("{id}.cluster-ro-abc123.us-east-1.{domain}.amazonaws.com");
        assert_eq!(text(&body, "ReaderEndpoint"), Some(host.as_str()));
        assert_eq!(
            (text(&body, "Engine"), text(&body, "Port")),
            (Some(engine), Some(port))
        );
        let global = text(&body, "GlobalClusterIdentifier");
        assert_eq!(global, (id == "c").then_some("world"));
    }
    let filter = "Action=DescribeDBClusters&Filters.Filter.1.Name=engine&Filters.Filter.1.Values.Value.1=neptune";
    let (_, body) = send(&mut cloud, filter);
    assert_eq!(body.matches("<DBCluster>").count(), 2);
    assert!(!body.contains("aurora") && !body.contains("docdb"));
}

#[test]
fn what_a_client_sets_it_reads_back() {
    let mut cloud = cloud();
    let (status, body) = send(
        &mut cloud,
        "Action=CreateDBCluster&DBClusterIdentifier=Fresh&Engine=neptune&EngineVersion=1.3.0.0&BackupRetentionPeriod=7\
         &DBClusterParameterGroupName=mine&DBSubnetGroupName=net&VpcSecurityGroupIds.VpcSecurityGroupId.1=sg-1&Port=9000\
         &PreferredBackupWindow=01:00-02:00&PreferredMaintenanceWindow=tue:01:00-tue:02:00&StorageEncrypted=true\
         &KmsKeyId=key-1&EnableIAMDatabaseAuthentication=true&EnableCloudwatchLogsExports.member.1=audit\
         &DeletionProtection=true&CopyTagsToSnapshot=true&StorageType=iopt1&NetworkType=DUAL\
         &ServerlessV2ScalingConfiguration.MinCapacity=1.5&ServerlessV2ScalingConfiguration.MaxCapacity=16\
         &GlobalClusterIdentifier=world&Tags.Tag.1.Key=k&Tags.Tag.1.Value=v",
    );
    assert_eq!(status, 200, "{body}");
    for (name, value) in [
        ("DBClusterIdentifier", "fresh"),
        ("Status", "creating"),
        ("EngineVersion", "1.3.0.0"),
        ("BackupRetentionPeriod", "7"),
        ("DBClusterParameterGroup", "mine"),
        ("DBSubnetGroup", "net"),
        ("VpcSecurityGroupId", "sg-1"),
        ("Port", "9000"),
        ("PreferredBackupWindow", "01:00-02:00"),
        ("PreferredMaintenanceWindow", "tue:01:00-tue:02:00"),
        ("StorageEncrypted", "true"),
        ("KmsKeyId", "key-1"),
        ("IAMDatabaseAuthenticationEnabled", "true"),
        ("member", "audit"),
        ("DeletionProtection", "true"),
        ("CopyTagsToSnapshot", "true"),
        ("StorageType", "iopt1"),
        ("NetworkType", "DUAL"),
        ("MinCapacity", "1.5"),
        ("GlobalClusterIdentifier", "world"),
        (
            "DBClusterArn",
            "arn:aws:rds:us-east-1:123456789012:cluster:fresh",
        ),
    ] {
        assert_eq!(text(&body, name), Some(value), "{name}");
    }
    let (status, body) = send(
        &mut cloud,
        "Action=CreateDBInstance&DBInstanceIdentifier=Fresh-1&DBInstanceClass=db.r6g.xlarge&Engine=neptune\
         &DBClusterIdentifier=fresh&AvailabilityZone=us-east-1b&PromotionTier=3&DBParameterGroupName=own\
         &PreferredMaintenanceWindow=wed:01:00-wed:02:00&AutoMinorVersionUpgrade=false&PubliclyAccessible=false",
    );
    assert_eq!(status, 200, "{body}");
    assert_eq!(text(&body, "DBInstanceStatus"), Some("creating"));
    assert!(!body.contains("<Endpoint>"));
    cloud.advance(TimeDelta::minutes(6));
    let (_, body) = send(
        &mut cloud,
        "Action=DescribeDBInstances&DBInstanceIdentifier=fresh-1",
    );
    for (name, value) in [
        ("DBInstanceStatus", "available"),
        ("DBInstanceClass", "db.r6g.xlarge"),
        ("DBClusterIdentifier", "fresh"),
        ("AvailabilityZone", "us-east-1b"),
        ("PromotionTier", "3"),
        ("DBParameterGroupName", "own"),
        ("AutoMinorVersionUpgrade", "false"),
        ("Address", "fresh-1.abc123.us-east-1.neptune.amazonaws.com"),
        (
            "DBInstanceArn",
            "arn:aws:rds:us-east-1:123456789012:db:fresh-1",
        ),
    ] {
        assert_eq!(text(&body, name), Some(value), "{name}");
    }
    let arn =
        "Action=ListTagsForResource&ResourceName=arn:aws:rds:us-east-1:123456789012:cluster:fresh";
    let (_, body) = send(&mut cloud, arn);
    assert_eq!(
        (text(&body, "Key"), text(&body, "Value")),
        (Some("k"), Some("v"))
    );
}
