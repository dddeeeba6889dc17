"""AWS's own command line, version 1, against the same server: what a person types has to work too."""

import datetime
import json
import pathlib
import subprocess
import sys

AWS = pathlib.Path(sys.executable).with_name("aws")


def steps(run):
    def aws(*words):
        # --endpoint-url rather than the variable: version 1 ignores the variable for some services.
        command = [str(AWS), "--endpoint-url", run.endpoint, "--output", "json", *words]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return ended.returncode, ended.stdout, ended.stderr

    def ok(*words):
        code, out, err = aws(*words)
        run.expect(f"aws {' '.join(words[:2])} succeeds", code == 0, err.strip())
        return json.loads(out) if code == 0 and out.strip() else {}

    def refused(error, *words):
        code, out, err = aws(*words)
        run.expect(f"aws {' '.join(words[:2])} fails with {error}", code != 0 and f"({error})" in err, err or out)

    elasticache(run, ok, refused)
    cloudwatch(run, ok, refused)


def elasticache(run, ok, refused):
    name = "conformance-cli"
    created = ok(
        *("elasticache", "create-replication-group", "--replication-group-id", name),
        *("--replication-group-description", "made by the command line", "--engine", "valkey"),
        *("--cache-node-type", "cache.r7g.large", "--num-node-groups", "2", "--replicas-per-node-group", "1"),
        *("--automatic-failover-enabled", "--cache-parameter-group-name", "default.valkey8.cluster.on"),
    )
    status = created.get("ReplicationGroup", {}).get("Status")
    run.expect("the command line sees a group being created", status == "creating", created)
    this = ("--replication-group-id", name)
    ok("elasticache", "wait", "replication-group-available", *this)
    groups = ok("elasticache", "describe-replication-groups", *this).get("ReplicationGroups", [{}])
    run.expect("the command line sees two shards", len(groups[0].get("NodeGroups", [])) == 2, groups)
    change = ("elasticache", "modify-replication-group-shard-configuration", *this, "--apply-immediately")
    refused("InvalidParameterValue", *change, "--node-group-count", "1", "--node-groups-to-remove", "0077")
    ok(*change, "--node-group-count", "3")
    ok("elasticache", "wait", "replication-group-available", *this)
    ok("elasticache", "describe-cache-clusters", "--show-cache-node-info")
    ok("elasticache", "describe-events", "--source-type", "replication-group", "--duration", "60")
    refused(
        "ReplicationGroupNotFoundFault", "elasticache", "describe-replication-groups", "--replication-group-id", "no"
    )
    ok("elasticache", "delete-replication-group", *this)


def cloudwatch(run, ok, refused):
    name = "conformance-cli"
    metric = ("--namespace", "Conformance/cli", "--metric-name", "Load")
    ok("cloudwatch", "put-metric-data", *metric, "--value", "7", "--dimensions", "Group=a")
    ok("cloudwatch", "list-metrics", "--namespace", "Conformance/cli")
    ok(
        *("cloudwatch", "put-metric-alarm", "--alarm-name", name, *metric, "--dimensions", "Name=Group,Value=a"),
        *("--statistic", "Maximum", "--period", "60", "--evaluation-periods", "3", "--threshold", "80"),
        *("--comparison-operator", "GreaterThanThreshold"),
    )
    state = ("--state-value", "ALARM", "--state-reason", "a person tries it")
    ok("cloudwatch", "set-alarm-state", "--alarm-name", name, *state)
    refused("ResourceNotFound", "cloudwatch", "set-alarm-state", "--alarm-name", "absent", *state)
    alarms = ok("cloudwatch", "describe-alarms", "--alarm-names", name).get("MetricAlarms", [])
    run.expect("the command line sees its alarm", [alarm["AlarmName"] for alarm in alarms] == [name], alarms)
    ok("cloudwatch", "describe-alarm-history", "--alarm-name", name)
    query = [
        {
            "Id": "load",
            "MetricStat": {
                "Metric": {"Namespace": "Conformance/cli", "MetricName": "Load"},
                "Period": 60,
                "Stat": "Maximum",
            },
        }
    ]
    start = run.now() - datetime.timedelta(hours=3)
    window = ("--start-time", start.isoformat(), "--end-time", run.now().isoformat())
    answer = ok("cloudwatch", "get-metric-data", "--metric-data-queries", json.dumps(query), *window)
    run.expect("the command line gets a result", len(answer.get("MetricDataResults", [])) == 1, answer)
    ok("cloudwatch", "delete-alarms", "--alarm-names", name)
