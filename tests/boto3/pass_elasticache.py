"""ElastiCache: a replication group's life, every operation of it, and the refusals that a caller has to tell apart."""

import datetime
import re
import time

GROUP = "conformance"

INVALID = {"InvalidParameterValue", "InvalidParameterCombination"}

# A client cannot know which of these a busy group answers with; the reference names both.
BUSY = {"InvalidReplicationGroupState", "InvalidCacheClusterState"}


def steps(run):
    client = run.client("elasticache")
    creation(run, client)
    description(run, client)
    tags(run, client)
    growth(run, client)
    shrinking(run, client)
    modification(run, client)
    failover(run, client)
    promotion(run, client)
    events(run, client)
    replacement(run)
    deletion(run, client)
    run.nothing_else_is_answered(
        client,
        lambda name: (
            {"Content-Type": "application/x-www-form-urlencoded"},
            f"Action={name}&Version=2015-02-02".encode(),
        ),
        "InvalidAction",
    )


def new_group(name, shards, replicas):
    return {
        "ReplicationGroupId": name,
        "ReplicationGroupDescription": "Groups & <nodes>",
        "Engine": "valkey",
        "EngineVersion": "8.0",
        "CacheNodeType": "cache.r7g.large",
        "CacheParameterGroupName": "default.valkey8.cluster.on",
        "NumNodeGroups": shards,
        "ReplicasPerNodeGroup": replicas,
        "AutomaticFailoverEnabled": True,
        "MultiAZEnabled": replicas > 0,
    }


def group(run, client, name=GROUP):
    groups = run.ok(client, "describe_replication_groups", ReplicationGroupId=name).get("ReplicationGroups", [])
    return groups[0] if groups else {}


def shard_ids(found):
    return [shard["NodeGroupId"] for shard in found.get("NodeGroups", [])]


def slots(found):
    """How many slots each shard owns."""
    counts = {}
    for shard in found.get("NodeGroups", []):
        ends = [part.split("-") for part in shard.get("Slots", "").split(",") if part]
        counts[shard["NodeGroupId"]] = sum(int(part[-1]) - int(part[0]) + 1 for part in ends)
    return counts


def available(run, client, name=GROUP):
    run.wait(client, "replication_group_available", ReplicationGroupId=name)
    return group(run, client, name)


def creation(run, client):
    created = run.ok(client, "create_replication_group", **new_group(GROUP, 2, 1)).get("ReplicationGroup", {})
    run.expect("a new group is creating", created.get("Status") == "creating", created)
    run.refused(client, "create_replication_group", "ReplicationGroupAlreadyExists", **new_group(GROUP, 2, 1))
    run.refused(client, "create_replication_group", INVALID, **new_group("no-shards", 0, 1))
    run.refused(client, "create_replication_group", INVALID, **new_group("many-replicas", 1, 6))
    run.ok(client, "create_replication_group", **new_group(f"{GROUP}-wide", 16, 1))
    run.ok(client, "create_replication_group", **new_group(f"{GROUP}-bare", 1, 0))
    for name in (GROUP, f"{GROUP}-wide", f"{GROUP}-bare"):
        available(run, client, name)


def description(run, client):
    found = group(run, client)
    run.expect("cluster mode is on", found.get("ClusterEnabled") is True, found)
    run.expect("a text survives XML", found.get("Description") == "Groups & <nodes>", found.get("Description"))
    run.expect("an ARN names the group", found.get("ARN", "").endswith(f":replicationgroup:{GROUP}"), found.get("ARN"))
    run.expect("two shards", len(shard_ids(found)) == 2, found.get("NodeGroups"))
    run.expect("every slot has an owner", sum(slots(found).values()) == 16384, slots(found))
    members = [m["CacheClusterId"] for shard in found.get("NodeGroups", []) for m in shard["NodeGroupMembers"]]
    run.expect("members are the member clusters", sorted(members) == sorted(found.get("MemberClusters", [])), members)
    no_roles = all("CurrentRole" not in m for s in found.get("NodeGroups", []) for m in s["NodeGroupMembers"])
    run.expect("cluster mode enabled shows no roles", no_roles, found.get("NodeGroups"))
    run.refused(client, "describe_replication_groups", "ReplicationGroupNotFoundFault", ReplicationGroupId="absent")
    run.refused(client, "describe_replication_groups", "InvalidParameterValue", MaxRecords=19)
    run.refused(client, "describe_replication_groups", "InvalidParameterValue", MaxRecords=101)
    everything = run.ok(client, "describe_replication_groups", MaxRecords=100).get("ReplicationGroups", [])
    names = {found["ReplicationGroupId"] for found in everything}
    run.expect("a list holds every group", {GROUP, f"{GROUP}-wide", f"{GROUP}-bare"} <= names, names)

    node = run.ok(client, "describe_cache_clusters", CacheClusterId=members[0], ShowCacheNodeInfo=True)
    node = (node.get("CacheClusters") or [{}])[0]
    run.expect("a node names its group", node.get("ReplicationGroupId") == GROUP, node)
    run.expect("asked for, nodes are shown", len(node.get("CacheNodes", [])) == 1, node)
    plain = run.ok(client, "describe_cache_clusters", CacheClusterId=members[0])
    plain = (plain.get("CacheClusters") or [{}])[0]
    run.expect("unasked, nodes are not shown", not plain.get("CacheNodes"), plain)
    run.refused(client, "describe_cache_clusters", "CacheClusterNotFound", CacheClusterId="absent-0001-001")
    run.refused(client, "describe_cache_clusters", "InvalidParameterValue", MaxRecords=101)
    seen, marker, pages = [], {}, 0
    while pages < 20:
        page = run.ok(client, "describe_cache_clusters", MaxRecords=20, **marker)
        seen += [node["CacheClusterId"] for node in page.get("CacheClusters", [])]
        pages += 1
        if "Marker" not in page:
            break
        marker = {"Marker": page["Marker"]}
    run.expect(
        "more than twenty nodes need more than a page", pages >= 2 and len(seen) == len(set(seen)), (pages, seen)
    )
    run.expect("the pages hold every node", set(members) <= set(seen), seen)


def pairs(answer):
    return {tag["Key"]: tag.get("Value") for tag in answer.get("TagList", [])}


def tags(run, client):
    arn = group(run, client).get("ARN", "")
    run.expect("a new group has no tags", pairs(run.ok(client, "list_tags_for_resource", ResourceName=arn)) == {}, arn)
    given = [{"Key": "clusterwarden", "Value": "paused"}, {"Key": "team", "Value": "a & <b>"}]
    added = pairs(run.ok(client, "add_tags_to_resource", ResourceName=arn, Tags=given))
    run.expect("added tags are answered", added == {"clusterwarden": "paused", "team": "a & <b>"}, added)
    changed = pairs(run.ok(client, "add_tags_to_resource", ResourceName=arn, Tags=[{"Key": "team", "Value": "c"}]))
    run.expect("a tag that is there gets the new value", changed.get("team") == "c", changed)
    listed = pairs(run.ok(client, "list_tags_for_resource", ResourceName=arn))
    run.expect("tags are listed", listed == changed, listed)
    left = pairs(run.ok(client, "remove_tags_from_resource", ResourceName=arn, TagKeys=["clusterwarden"]))
    run.expect("a removed tag is gone", left == {"team": "c"}, left)
    run.refused(client, "remove_tags_from_resource", "TagNotFound", ResourceName=arn, TagKeys=["absent"])
    many = [{"Key": f"k{n}", "Value": ""} for n in range(50)]
    run.refused(client, "add_tags_to_resource", "TagQuotaPerResourceExceeded", ResourceName=arn, Tags=many)
    missing = arn.replace(GROUP, "absent")
    run.refused(client, "list_tags_for_resource", "ReplicationGroupNotFoundFault", ResourceName=missing)
    run.refused(client, "list_tags_for_resource", "InvalidARN", ResourceName="nonsense")


def growth(run, client):
    change = "modify_replication_group_shard_configuration"
    common = {"ReplicationGroupId": GROUP, "ApplyImmediately": True}
    run.refused(
        client,
        change,
        "ReplicationGroupNotFoundFault",
        ReplicationGroupId="absent",
        NodeGroupCount=3,
        ApplyImmediately=True,
    )
    run.refused(client, change, INVALID, ReplicationGroupId=GROUP, NodeGroupCount=3, ApplyImmediately=False)
    run.refused(client, change, INVALID, NodeGroupCount=0, **common)
    quota = {"NodeGroupsPerReplicationGroupQuotaExceeded", "NodeQuotaForCustomerExceeded"}
    run.refused(client, change, quota, NodeGroupCount=200, **common)
    run.refused(client, change, "InvalidReplicationGroupState", says="Nothing to do", NodeGroupCount=2, **common)

    begun = run.ok(client, change, NodeGroupCount=3, **common).get("ReplicationGroup", {})
    run.expect("the answer is the group", begun.get("ReplicationGroupId") == GROUP, begun)

    def resharding():
        found = group(run, client)
        return found if found.get("Status") == "modifying" else None

    found = run.until("a reshard shows as modifying", resharding, 5) or {}
    run.refused(client, change, BUSY, NodeGroupCount=4, **common)
    progress = found.get("PendingModifiedValues", {}).get("Resharding", {}).get("SlotMigration", {})
    run.expect("progress is between 0 and 100", 0 <= progress.get("ProgressPercentage", -1) <= 100, found)
    found = available(run, client)
    run.expect("three shards", len(shard_ids(found)) == 3, shard_ids(found))
    run.expect("no slot was lost", sum(slots(found).values()) == 16384, slots(found))
    run.expect("slots are spread", max(slots(found).values()) - min(slots(found).values()) <= 1, slots(found))

    placed = [{"NodeGroupId": "0009", "PreferredAvailabilityZones": ["us-east-1a", "us-east-1b"]}]
    run.ok(client, change, NodeGroupCount=4, ReshardingConfiguration=placed, **common)
    found = available(run, client)
    run.expect("a new shard has the id asked for", "0009" in shard_ids(found), shard_ids(found))
    zones = [
        member.get("PreferredAvailabilityZone")
        for shard in found.get("NodeGroups", [])
        if shard["NodeGroupId"] == "0009"
        for member in shard["NodeGroupMembers"]
    ]
    run.expect("its nodes are in the zones asked for", sorted(zones) == ["us-east-1a", "us-east-1b"], zones)


def shrinking(run, client):
    change = "modify_replication_group_shard_configuration"
    common = {"ReplicationGroupId": GROUP, "ApplyImmediately": True}
    ids = shard_ids(group(run, client))
    run.refused(client, change, INVALID, NodeGroupCount=3, **common)
    run.refused(
        client, change, "InvalidParameterValue", says="0077", NodeGroupCount=3, NodeGroupsToRemove=["0077"], **common
    )
    run.refused(
        client,
        change,
        INVALID,
        NodeGroupCount=3,
        NodeGroupsToRemove=ids[:1],
        NodeGroupsToRetain=ids[1:],
        **common,
    )
    run.ok(client, change, NodeGroupCount=3, NodeGroupsToRemove=[ids[1]], **common)
    found = available(run, client)
    kept = [each for each in ids if each != ids[1]]
    run.expect("the shard named is gone, the others keep their ids", shard_ids(found) == kept, shard_ids(found))
    run.ok(client, change, NodeGroupCount=2, NodeGroupsToRetain=kept[:2], **common)
    found = available(run, client)
    run.expect("the shards to retain are retained", shard_ids(found) == kept[:2], shard_ids(found))
    run.expect("no slot was lost", sum(slots(found).values()) == 16384, slots(found))


def modification(run, client):
    change = "modify_replication_group"
    topic = "arn:aws:sns:us-east-1:123456789012:notifications"
    answer = run.ok(
        client,
        change,
        ReplicationGroupId=GROUP,
        ReplicationGroupDescription="changed",
        NotificationTopicArn=topic,
        NotificationTopicStatus="active",
        ApplyImmediately=True,
    )
    run.expect("the answer is the group", answer.get("ReplicationGroup", {}).get("ReplicationGroupId") == GROUP, answer)
    found = available(run, client)
    run.expect("the description was changed", found.get("Description") == "changed", found.get("Description"))
    run.refused(client, change, "ReplicationGroupNotFoundFault", ReplicationGroupId="absent", ApplyImmediately=True)
    run.refused(
        client,
        change,
        "InvalidParameterCombination",
        says="cluster mode enabled",
        ReplicationGroupId=GROUP,
        AutomaticFailoverEnabled=False,
        ApplyImmediately=True,
    )


def failover(run, client):
    call, wide = "test_failover", f"{GROUP}-wide"
    shards = shard_ids(group(run, client, wide))
    run.refused(client, call, "ReplicationGroupNotFoundFault", ReplicationGroupId="absent", NodeGroupId="0001")
    run.refused(client, call, "NodeGroupNotFoundFault", ReplicationGroupId=GROUP, NodeGroupId="0077")
    run.refused(client, call, "InvalidParameterValue", ReplicationGroupId=GROUP, NodeGroupId="first")
    bare = shard_ids(group(run, client, f"{GROUP}-bare"))[0]
    without_replica = BUSY | INVALID | {"TestFailoverNotAvailableFault"}
    run.refused(client, call, without_replica, ReplicationGroupId=f"{GROUP}-bare", NodeGroupId=bare)
    run.ok(client, call, ReplicationGroupId=wide, NodeGroupId=shards[0])
    busy = BUSY | {"TestFailoverNotAvailableFault"}
    run.refused(client, call, busy, ReplicationGroupId=wide, NodeGroupId=shards[1])

    # The account's budget is 15 shards in 24 hours. Whether a shard counts twice is not said, so each is a new one.
    spent = 1 + sum(tried(client, wide, shard) for shard in shards[1:15])
    run.expect("fifteen shards may fail over in a day", spent == 15, spent)
    available(run, client, wide)
    run.until("the fifteenth settles", lambda: settled(run, client, wide), 30)
    run.refused(client, call, "APICallRateForCustomerExceeded", ReplicationGroupId=wide, NodeGroupId=shards[15])
    run.refused(client, call, "APICallRateForCustomerExceeded", ReplicationGroupId=GROUP, NodeGroupId="0001")


def single(name):
    """A group with cluster mode disabled, of three nodes that do not follow each other by themselves."""
    return {
        "ReplicationGroupId": name,
        "ReplicationGroupDescription": "one primary",
        "Engine": "valkey",
        "EngineVersion": "8.0",
        "CacheNodeType": "cache.r7g.large",
        "CacheParameterGroupName": "default.valkey8",
        "NumCacheClusters": 3,
        "AutomaticFailoverEnabled": False,
        "MultiAZEnabled": False,
    }


def primaries(found):
    members = [member for shard in found.get("NodeGroups", []) for member in shard["NodeGroupMembers"]]
    return [member["CacheClusterId"] for member in members if member.get("CurrentRole") == "primary"]


def promotion(run, client):
    change, name = "modify_replication_group", f"{GROUP}-single"
    common = {"ReplicationGroupId": name, "ApplyImmediately": True}
    run.ok(client, "create_replication_group", **single(name))
    found = available(run, client, name)
    run.expect("cluster mode is off", found.get("ClusterEnabled") is False, found)
    run.expect("one node is primary", primaries(found) == [f"{name}-001"], found.get("NodeGroups"))
    run.refused(client, change, "CacheClusterNotFound", PrimaryClusterId=f"{name}-009", **common)
    run.refused(
        client,
        change,
        "InvalidParameterCombination",
        ReplicationGroupId=GROUP,
        PrimaryClusterId=f"{GROUP}-0001-002",
        ApplyImmediately=True,
    )
    begun = run.ok(client, change, PrimaryClusterId=f"{name}-002", **common).get("ReplicationGroup", {})
    pending = begun.get("PendingModifiedValues", {}).get("PrimaryClusterId")
    run.expect("the new primary is pending", pending == f"{name}-002", begun)
    found = available(run, client, name)
    run.expect("the roles moved", primaries(found) == [f"{name}-002"], found.get("NodeGroups"))
    run.ok(client, change, AutomaticFailoverEnabled=True, **common)
    found = available(run, client, name)
    run.expect("automatic failover is on", found.get("AutomaticFailover") == "enabled", found)
    run.refused(client, change, "InvalidParameterCombination", PrimaryClusterId=f"{name}-003", **common)


def tried(client, name, shard):
    """Whether a failover was accepted, once the one before had run its course."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            client.test_failover(ReplicationGroupId=name, NodeGroupId=shard)
            return True
        except client.exceptions.APICallRateForCustomerExceededFault:
            return False
        except client.exceptions.ClientError:
            time.sleep(0.2)
    return False


def settled(run, client, name):
    """Whether every node of a group is available."""
    nodes = run.ok(client, "describe_cache_clusters").get("CacheClusters", [])
    states = {node["CacheClusterStatus"] for node in nodes if node.get("ReplicationGroupId") == name}
    return states == {"available"}


def events(run, client):
    call = "describe_events"

    def completed():
        found = run.ok(client, call, SourceType="replication-group", Duration=1440, MaxRecords=100)
        texts = [event["Message"] for event in found.get("Events", [])]
        return [text for text in texts if "ailover" in text and "completed" in text]

    run.until("a failover's completion is among the events", completed, 10)
    everything = run.ok(client, call, Duration=1440).get("Events", [])
    kinds = {event.get("SourceType") for event in everything}
    run.expect("groups and nodes have events", {"replication-group", "cache-cluster"} <= kinds, kinds)
    since = run.now() - datetime.timedelta(minutes=30)
    recent = run.ok(client, call, StartTime=since, SourceType="cache-cluster").get("Events", [])
    run.expect("a start time bounds the events", all(event["Date"] >= since for event in recent), recent[:3])
    one = run.ok(client, call, SourceIdentifier=GROUP, SourceType="replication-group", Duration=1440)
    names = {event["SourceIdentifier"] for event in one.get("Events", [])}
    run.expect("a source bounds the events", names == {GROUP}, names)
    page = run.ok(client, call, Duration=1440, MaxRecords=20)
    run.expect("twenty events a page", len(page.get("Events", [])) == 20 and "Marker" in page, page.get("Marker"))
    after = run.ok(client, call, Duration=1440, MaxRecords=20, Marker=page.get("Marker", ""))
    run.expect("the next page goes on", after.get("Events") and after["Events"] != page["Events"], len(page))
    run.refused(client, call, "InvalidParameterValue", MaxRecords=101)
    run.refused(client, call, INVALID, SourceType="nonsense")
    run.refused(client, call, INVALID, SourceIdentifier=GROUP)
    run.refused(client, call, INVALID, StartTime=run.now(), EndTime=since)


def replacement(run):
    """On a server of its own: no call schedules a replacement, only a scenario does."""
    server = run.beside("replacement.toml")
    if server is None:
        return
    client = run.client("elasticache", endpoint=server)
    node = "replaced-0001-001"

    def messages():
        found = run.ok(client, "describe_events", SourceType="cache-cluster", SourceIdentifier=node, Duration=1440)
        return [event["Message"] for event in found.get("Events", [])]

    def state():
        found = run.ok(client, "describe_cache_clusters", CacheClusterId=node).get("CacheClusters") or [{}]
        return found[0].get("CacheClusterStatus")

    window = "during the maintenance window from Start Time: .+, End Time: .+"
    scheduled = f"The node with Cache Cluster ID: {node}, Node ID: 0001 is scheduled for replacement {window}"
    run.until("a replacement is announced", lambda: any(re.fullmatch(scheduled, text) for text in messages()), 10)
    run.until("a node under replacement is not available", lambda: state() != "available", 10)
    run.until("and available again", lambda: state() == "available", 10)
    texts = messages()
    run.expect("the recovery began", any(text.startswith("Recovering cache nodes") for text in texts), texts)
    run.until(
        "the recovery ended",
        lambda: any(text.startswith("Finished recovery for cache nodes") for text in messages()),
        10,
    )


def deletion(run, client):
    run.refused(client, "delete_replication_group", "ReplicationGroupNotFoundFault", ReplicationGroupId="absent")
    for name in (GROUP, f"{GROUP}-wide", f"{GROUP}-bare", f"{GROUP}-single"):
        answer = run.ok(client, "delete_replication_group", ReplicationGroupId=name)
        run.expect("it is deleting", answer.get("ReplicationGroup", {}).get("Status") == "deleting", answer)
    gone_or_going = {"ReplicationGroupNotFoundFault", "InvalidReplicationGroupState"}
    run.refused(client, "delete_replication_group", gone_or_going, ReplicationGroupId=GROUP)
    for name in (GROUP, f"{GROUP}-wide", f"{GROUP}-bare", f"{GROUP}-single"):
        run.wait(client, "replication_group_deleted", ReplicationGroupId=name)
    run.refused(client, "describe_replication_groups", "ReplicationGroupNotFoundFault", ReplicationGroupId=GROUP)
