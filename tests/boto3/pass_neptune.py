"""Neptune: a database cluster's life, its failovers, and the clusters of other engines behind the same API."""

import datetime
import json
import pathlib
import subprocess
import sys

CLUSTER = "conformance-graph"
WRITER, READER, OTHER = f"{CLUSTER}-w", f"{CLUSTER}-r1", f"{CLUSTER}-r2"

INVALID = {"InvalidParameterValue", "InvalidParameterCombination"}
AWS = pathlib.Path(sys.executable).with_name("aws")

# A client cannot know which of these a cluster that is not ready answers with; the model has both.
BUSY = {"InvalidDBClusterStateFault", "InvalidDBInstanceState"}


def steps(run):
    client = run.client("neptune")
    creation(run, client)
    description(run, client)
    others(run, client)
    pages(run, client)
    tags(run, client)
    failover(run, client)
    events(run, client)
    command_line(run)
    deletion(run, client)
    run.nothing_else_is_answered(
        client,
        lambda name: (
            {"Content-Type": "application/x-www-form-urlencoded"},
            f"Action={name}&Version=2014-10-31".encode(),
        ),
        "InvalidAction",
    )


def cluster(run, client, name=CLUSTER):
    clusters = run.ok(client, "describe_db_clusters", DBClusterIdentifier=name).get("DBClusters", [])
    return clusters[0] if clusters else {}


def writers(found):
    return [m["DBInstanceIdentifier"] for m in found.get("DBClusterMembers", []) if m["IsClusterWriter"]]


def new_instance(name, **more):
    return {
        "DBInstanceIdentifier": name,
        "DBInstanceClass": "db.r6g.large",
        "Engine": "neptune",
        "DBClusterIdentifier": CLUSTER,
    } | more


def creation(run, client):
    created = run.ok(
        client,
        "create_db_cluster",
        DBClusterIdentifier=CLUSTER,
        Engine="neptune",
        EngineVersion="1.4.5.1",
        BackupRetentionPeriod=3,
        EnableCloudwatchLogsExports=["audit", "slowquery"],
        ServerlessV2ScalingConfiguration={"MinCapacity": 1.5, "MaxCapacity": 16},
        StorageEncrypted=True,
        Tags=[{"Key": "team", "Value": "a & <b>"}],
    ).get("DBCluster", {})
    run.expect("a new cluster is creating", created.get("Status") == "creating", created)
    again = {"DBClusterIdentifier": CLUSTER, "Engine": "neptune"}
    run.refused(client, "create_db_cluster", "DBClusterAlreadyExistsFault", **again)
    run.refused(client, "create_db_cluster", INVALID, DBClusterIdentifier="two--hyphens", Engine="neptune")
    run.refused(client, "create_db_cluster", INVALID, DBClusterIdentifier="other", Engine="oracle")
    made = run.ok(client, "create_db_instance", **new_instance(WRITER, AvailabilityZone="us-east-1a"))
    status = made.get("DBInstance", {}).get("DBInstanceStatus")
    run.expect("a new instance is creating", status == "creating", made)
    run.ok(client, "create_db_instance", **new_instance(READER, AvailabilityZone="us-east-1b", PromotionTier=0))
    run.refused(client, "create_db_instance", "DBInstanceAlreadyExists", **new_instance(WRITER))
    run.refused(client, "create_db_instance", INVALID, **new_instance("tier", PromotionTier=16))
    nowhere = new_instance("x", DBClusterIdentifier="absent")
    run.refused(client, "create_db_instance", "DBClusterNotFoundFault", **nowhere)
    for name in (WRITER, READER):
        run.wait(client, "db_instance_available", DBInstanceIdentifier=name)
    run.until("the cluster is available", lambda: cluster(run, client).get("Status") == "available")


def description(run, client):
    found = cluster(run, client)
    run.expect("the first instance is the writer", writers(found) == [WRITER], found.get("DBClusterMembers"))
    tiers = {m["DBInstanceIdentifier"]: m["PromotionTier"] for m in found.get("DBClusterMembers", [])}
    run.expect("members tell their tiers", tiers == {WRITER: 1, READER: 0}, tiers)
    run.expect("two zones make it Multi-AZ", found.get("MultiAZ") is True, found)
    run.expect("an ARN of RDS names it", found.get("DBClusterArn", "").endswith(f":cluster:{CLUSTER}"), found)
    run.expect("it is in no global database", "GlobalClusterIdentifier" not in found, found)
    run.expect("its capacity is read back", found["ServerlessV2ScalingConfiguration"]["MinCapacity"] == 1.5, found)
    upper = cluster(run, client, CLUSTER.upper())
    run.expect("ids are found in any case", upper.get("DBClusterIdentifier") == CLUSTER, upper)
    run.refused(client, "describe_db_clusters", "DBClusterNotFoundFault", DBClusterIdentifier="absent")
    run.refused(client, "describe_db_clusters", INVALID, Filters=[{"Name": "colour", "Values": ["blue"]}])
    arn = [{"Name": "db-cluster-id", "Values": [found.get("DBClusterArn", "")]}]
    listed = run.ok(client, "describe_db_clusters", Filters=arn).get("DBClusters", [])
    run.expect("an ARN filters clusters", [one["DBClusterIdentifier"] for one in listed] == [CLUSTER], listed)
    members = run.ok(client, "describe_db_instances", Filters=arn).get("DBInstances", [])
    ids = [one["DBInstanceIdentifier"] for one in members]
    run.expect("an ARN filters instances", ids == [READER, WRITER], ids)
    zones = {one["DBInstanceIdentifier"]: one["AvailabilityZone"] for one in members}
    run.expect("instances are where they were asked for", zones == {WRITER: "us-east-1a", READER: "us-east-1b"}, zones)
    run.refused(client, "describe_db_instances", "DBInstanceNotFound", DBInstanceIdentifier="absent")


def others(run, client):
    """Clusters of Aurora and DocumentDB are answered too, unless a filter keeps them away."""
    everything = run.ok(client, "describe_db_clusters").get("DBClusters", [])
    engines = {one["DBClusterIdentifier"]: one["Engine"] for one in everything}
    run.expect("Aurora's clusters are answered too", engines.get("checkout-aurora") == "aurora-mysql", engines)
    run.expect("DocumentDB's clusters are answered too", engines.get("profiles-docdb") == "docdb", engines)
    only = [{"Name": "engine", "Values": ["neptune"]}]
    graphs = run.ok(client, "describe_db_clusters", Filters=only).get("DBClusters", [])
    names = {one["DBClusterIdentifier"] for one in graphs}
    run.expect("a filter leaves Neptune's alone", names == {"graph-prod", CLUSTER}, names)
    instances = run.ok(client, "describe_db_instances", Filters=only).get("DBInstances", [])
    engines = {one["Engine"] for one in instances}
    run.expect("it does so with instances", engines == {"neptune"} and len(instances) == 5, instances)


def pages(run, client):
    for number in range(20):
        run.ok(client, "create_db_cluster", DBClusterIdentifier=f"conformance-page-{number}", Engine="neptune")
    seen, marker, count = [], {}, 0
    while count < 5:
        page = run.ok(client, "describe_db_clusters", MaxRecords=20, **marker)
        seen += [one["DBClusterIdentifier"] for one in page.get("DBClusters", [])]
        count += 1
        if "Marker" not in page:
            break
        marker = {"Marker": page["Marker"]}
    run.expect("more than twenty clusters need more than a page", count == 2 and len(set(seen)) == 24, (count, seen))
    for size in (19, 101):
        run.refused(client, "describe_db_clusters", "InvalidParameterValue", MaxRecords=size)
        run.refused(client, "describe_db_instances", "InvalidParameterValue", MaxRecords=size)
        run.refused(client, "describe_events", "InvalidParameterValue", MaxRecords=size)


def pairs(answer):
    return {tag["Key"]: tag.get("Value") for tag in answer.get("TagList", [])}


def tags(run, client):
    arn = cluster(run, client).get("DBClusterArn", "")
    found = pairs(run.ok(client, "list_tags_for_resource", ResourceName=arn))
    run.expect("a new cluster has its tags", found == {"team": "a & <b>"}, found)
    run.ok(client, "add_tags_to_resource", ResourceName=arn, Tags=[{"Key": "clusterwarden", "Value": "paused"}])
    run.ok(client, "remove_tags_from_resource", ResourceName=arn, TagKeys=["team"])
    found = pairs(run.ok(client, "list_tags_for_resource", ResourceName=arn))
    run.expect("tags come and go", found == {"clusterwarden": "paused"}, found)
    instance = arn.replace(f"cluster:{CLUSTER}", f"db:{WRITER}")
    found = pairs(run.ok(client, "list_tags_for_resource", ResourceName=instance))
    run.expect("an instance has tags of its own", found == {}, found)
    absent = arn.replace(CLUSTER, "absent")
    run.refused(client, "list_tags_for_resource", "DBClusterNotFoundFault", ResourceName=absent)
    absent = instance.replace(WRITER, "absent")
    run.refused(client, "list_tags_for_resource", "DBInstanceNotFound", ResourceName=absent)
    run.refused(client, "list_tags_for_resource", INVALID, ResourceName="nonsense")


def settled(run, client, writer):
    """The cluster once it has this writer and is available with all its instances."""

    def look():
        found = cluster(run, client)
        of_it = [{"Name": "db-cluster-id", "Values": [CLUSTER]}]
        members = run.ok(client, "describe_db_instances", Filters=of_it).get("DBInstances", [])
        ready = {one["DBInstanceStatus"] for one in members} == {"available"}
        return found if found.get("Status") == "available" and writers(found) == [writer] and ready else None

    return run.until(f"{writer} is the writer and all is available", look, 30)


def failover(run, client):
    call = "failover_db_cluster"
    run.refused(client, call, "DBClusterNotFoundFault", DBClusterIdentifier="absent")
    run.refused(client, call, "MissingParameter")
    run.refused(client, call, "InvalidDBInstanceState", DBClusterIdentifier=CLUSTER, TargetDBInstanceIdentifier=WRITER)
    stranger = {"DBClusterIdentifier": CLUSTER, "TargetDBInstanceIdentifier": "graph-prod-r1"}
    run.refused(client, call, "InvalidDBInstanceState", **stranger)
    # The model has no error for a target that does not exist; RDS has this one, which clients read all the same.
    try:
        client.failover_db_cluster(DBClusterIdentifier=CLUSTER, TargetDBInstanceIdentifier="absent")
        code = None
    except client.exceptions.ClientError as refusal:
        code = refusal.response["Error"]["Code"]
    run.expect("an unknown target is not found", code == "DBInstanceNotFound", code)
    run.refused(client, call, BUSY, DBClusterIdentifier="conformance-page-0")

    begun = run.ok(client, call, DBClusterIdentifier=CLUSTER).get("DBCluster", {})
    run.expect("the answer is the cluster", begun.get("DBClusterIdentifier") == CLUSTER, begun)
    run.refused(client, call, BUSY, DBClusterIdentifier=CLUSTER)
    settled(run, client, READER)
    run.ok(client, "create_db_instance", **new_instance(OTHER, PromotionTier=15))
    run.wait(client, "db_instance_available", DBInstanceIdentifier=OTHER)
    run.ok(client, call, DBClusterIdentifier=CLUSTER, TargetDBInstanceIdentifier=OTHER)
    settled(run, client, OTHER)
    # As at AWS, nothing but the caller's own care protects clusters of other engines.
    found = run.ok(client, call, DBClusterIdentifier="checkout-aurora").get("DBCluster", {})
    run.expect("Aurora fails over as well", found.get("Engine") == "aurora-mysql", found)


def events(run, client):
    call = "describe_events"
    of_it = {"SourceIdentifier": CLUSTER, "SourceType": "db-cluster", "Duration": 1440}

    def told():
        found = run.ok(client, call, EventCategories=["failover"], **of_it).get("Events", [])
        texts = [event["Message"] for event in found]
        return texts if len(texts) == 4 else None

    texts = run.until("both failovers are told", told, 15) or []
    wanted = [
        f"Started cross AZ failover to DB instance: {READER}",
        f"Completed failover to DB instance: {READER}",
        f"Completed failover to DB instance: {OTHER}",
    ]
    run.expect("in the documented words", set(wanted) <= set(texts), texts)
    restarted = run.ok(client, call, SourceIdentifier=WRITER, SourceType="db-instance", Duration=1440)
    texts = [event["Message"] for event in restarted.get("Events", [])]
    run.expect("the old writer restarted", "DB instance restarted" in texts, texts)
    since = run.now() - datetime.timedelta(minutes=30)
    recent = run.ok(client, call, StartTime=since).get("Events", [])
    run.expect("a start time bounds the events", all(event["Date"] >= since for event in recent), recent[:3])
    page = run.ok(client, call, Duration=1440, MaxRecords=20)
    run.expect("twenty events a page", len(page.get("Events", [])) == 20 and "Marker" in page, page.get("Marker"))
    after = run.ok(client, call, Duration=1440, MaxRecords=20, Marker=page.get("Marker", ""))
    run.expect("the next page goes on", after.get("Events") and after["Events"] != page["Events"], after)
    run.refused(client, call, INVALID, SourceIdentifier=CLUSTER)
    run.refused(client, call, INVALID, SourceType="nonsense")
    run.refused(client, call, INVALID, StartTime=run.now(), EndTime=since)


def command_line(run):
    """AWS's command line; version 1 ignores the endpoint's variables for this service."""

    def aws(*words):
        command = [str(AWS), "--endpoint-url", run.endpoint, "--output", "json", "neptune", *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        run.expect(f"aws neptune {words[0]} succeeds", ended.returncode == 0, ended.stderr.strip())
        return json.loads(ended.stdout) if ended.returncode == 0 and ended.stdout.strip() else {}

    clusters = aws("describe-db-clusters", "--filters", "Name=engine,Values=neptune").get("DBClusters", [])
    names = {one["DBClusterIdentifier"] for one in clusters}
    only = "graph-prod" in names and "checkout-aurora" not in names
    run.expect("the command line sees the graphs alone", only, names)
    this = ("--db-cluster-identifier", "graph-prod")
    begun = aws("failover-db-cluster", *this, "--target-db-instance-identifier", "graph-prod-r2").get("DBCluster", {})
    run.expect("the command line fails a cluster over", begun.get("DBClusterIdentifier") == "graph-prod", begun)

    def moved():
        found = aws("describe-db-clusters", *this).get("DBClusters", [{}])
        return writers(found[0]) == ["graph-prod-r2"]

    run.until("the command line sees the new writer", moved, 30)
    aws("wait", "db-instance-available", "--db-instance-identifier", "graph-prod-r2")
    aws("describe-events", "--source-type", "db-cluster", "--duration", "60")


def deletion(run, client):
    delete = "delete_db_cluster"
    run.refused(client, delete, "DBClusterNotFoundFault", DBClusterIdentifier="absent", SkipFinalSnapshot=True)
    full = {"DBClusterIdentifier": CLUSTER, "SkipFinalSnapshot": True}
    run.refused(client, delete, "InvalidDBClusterStateFault", **full)
    run.refused(client, "delete_db_instance", "DBInstanceNotFound", DBInstanceIdentifier="absent")
    for name in (WRITER, READER, OTHER):
        answer = run.ok(client, "delete_db_instance", DBInstanceIdentifier=name, SkipFinalSnapshot=True)
        run.expect("it is deleting", answer.get("DBInstance", {}).get("DBInstanceStatus") == "deleting", answer)
    for name in (WRITER, READER, OTHER):
        run.wait(client, "db_instance_deleted", DBInstanceIdentifier=name)
    run.refused(client, delete, INVALID, DBClusterIdentifier=CLUSTER)
    answer = run.ok(client, delete, **full)
    run.expect("the cluster is deleting", answer.get("DBCluster", {}).get("Status") == "deleting", answer)
    for number in range(20):
        run.ok(client, delete, DBClusterIdentifier=f"conformance-page-{number}", SkipFinalSnapshot=True)

    def gone():
        names = {one["DBClusterIdentifier"] for one in run.ok(client, "describe_db_clusters").get("DBClusters", [])}
        return names == {"graph-prod", "checkout-aurora", "profiles-docdb"}

    run.until("deleted clusters are gone", gone, 30)
    run.refused(client, "describe_db_clusters", "DBClusterNotFoundFault", DBClusterIdentifier=CLUSTER)
