"""CloudWatch, every operation in each of the three protocols that clients speak; alarms are in a file of their own."""

import datetime

import pass_cloudwatch_alarms

REFUSES_VALUE = pass_cloudwatch_alarms.REFUSES_VALUE
REFUSES_COMBINATION = pass_cloudwatch_alarms.REFUSES_COMBINATION


def steps(run):
    for protocol in ("smithy-rpc-v2-cbor", "json", "query"):
        client = run.client("cloudwatch", protocol)
        names = Names(protocol.rpartition("-")[2])
        metrics(run, client, names)
        data(run, client, names)
        statistics(run, client, names)
        pass_cloudwatch_alarms.steps(run, client, names)
    spoken = run.protocols.get("cloudwatch")
    run.expect("all three protocols were spoken", len(spoken) == 3, spoken)
    run.nothing_else_is_answered(
        client,
        lambda name: (
            {"Content-Type": "application/x-www-form-urlencoded"},
            f"Action={name}&Version=2010-08-01".encode(),
        ),
        "InvalidAction",
    )


class Names:
    """What one protocol's turn calls its own, so that turns do not meet."""

    def __init__(self, turn):
        self.namespace = f"Conformance/{turn}"
        self.prefix = f"conformance-{turn}"
        self.load = f"{self.prefix}-load"
        self.math = f"{self.prefix}-math"
        self.held = f"{self.prefix}-held"
        self.either = f"{self.prefix}-either"
        self.quiet = f"{self.prefix}-quiet"
        self.dimensions = [{"Name": "Group", "Value": "a & <b>"}]

    def stat(self, statistic="Maximum", metric="Load"):
        series = {"Namespace": self.namespace, "MetricName": metric, "Dimensions": self.dimensions}
        return {"Metric": series, "Period": 60, "Stat": statistic}


def metrics(run, client, names):
    run.ok(client, "list_metrics", Namespace=names.namespace)
    minute = run.now().replace(second=0, microsecond=0)
    points = [
        {"MetricName": "Load", "Dimensions": names.dimensions, "Unit": "Percent", "Value": value, "Timestamp": at}
        for value, at in (
            (20.0, minute - datetime.timedelta(minutes=6)),
            (40.0, minute - datetime.timedelta(minutes=5)),
        )
    ]
    points.append(
        {
            "MetricName": "Load",
            "Dimensions": names.dimensions,
            "Unit": "Percent",
            "Timestamp": minute - datetime.timedelta(minutes=4),
            "StatisticValues": {"SampleCount": 4, "Sum": 200, "Minimum": 10, "Maximum": 90},
        }
    )
    points.append(
        {
            "MetricName": "Counted",
            "Dimensions": names.dimensions,
            "Timestamp": minute - datetime.timedelta(minutes=4),
            "Values": [1, 5],
            "Counts": [3, 1],
        }
    )
    run.ok(client, "put_metric_data", Namespace=names.namespace, MetricData=points)
    names.begin, names.end = minute - datetime.timedelta(minutes=7), minute + datetime.timedelta(minutes=1)
    both = {**points[0], "StatisticValues": points[2]["StatisticValues"]}
    run.refused(client, "put_metric_data", REFUSES_COMBINATION, Namespace=names.namespace, MetricData=[both])
    future = {**points[0], "Timestamp": minute + datetime.timedelta(days=2)}
    run.refused(client, "put_metric_data", "InvalidParameterValue", Namespace=names.namespace, MetricData=[future])

    def listed():
        found = run.ok(client, "list_metrics", Namespace=names.namespace, MetricName="Load").get("Metrics", [])
        return found or None

    found = run.until("a new metric is listed", listed, 10)
    expected = {"Namespace": names.namespace, "MetricName": "Load", "Dimensions": names.dimensions}
    run.expect("a metric is its namespace, name and dimensions", found == [expected], found)
    by_dimension = run.ok(client, "list_metrics", Namespace=names.namespace, Dimensions=[{"Name": "Group"}])
    run.expect("a dimension's name finds both", len(by_dimension.get("Metrics", [])) == 2, by_dimension)
    nothing = run.ok(client, "list_metrics", Namespace=names.namespace, Dimensions=[{"Name": "Absent"}])
    run.expect("an absent dimension finds nothing", nothing.get("Metrics") == [], nothing)
    run.ok(client, "list_metrics", Namespace=names.namespace, RecentlyActive="PT3H")
    run.refused(client, "list_metrics", REFUSES_VALUE, Namespace=names.namespace, RecentlyActive="PT9H")


def data(run, client, names):
    window = {"StartTime": names.begin, "EndTime": names.end}
    queries = [
        {"Id": "load", "MetricStat": names.stat(), "Label": "hottest"},
        {"Id": "half", "Expression": "load / 2"},
        {"Id": "unseen", "MetricStat": names.stat("Average"), "ReturnData": False},
        {"Id": "nothing", "MetricStat": names.stat(metric="Absent")},
    ]

    def complete():
        answer = run.ok(client, "get_metric_data", MetricDataQueries=queries, ScanBy="TimestampAscending", **window)
        results = {result["Id"]: result for result in answer.get("MetricDataResults", [])}
        return results if len(results.get("load", {}).get("Values", [])) == 3 else None

    results = run.until("three minutes have data", complete, 10) or {}
    run.expect("values are the maxima", results.get("load", {}).get("Values") == [20.0, 40.0, 90.0], results)
    run.expect("an expression is computed", results.get("half", {}).get("Values") == [10.0, 20.0, 45.0], results)
    run.expect("a label is kept", results.get("load", {}).get("Label") == "hottest", results)
    run.expect("ReturnData=false is not returned", "unseen" not in results, results)
    run.expect(
        "a metric without data has no values, not zeros", results.get("nothing", {}).get("Values") == [], results
    )
    run.expect("results are complete", {r["StatusCode"] for r in results.values()} == {"Complete"}, results)
    newest = run.ok(client, "get_metric_data", MetricDataQueries=queries[:1], **window)
    newest = (newest.get("MetricDataResults") or [{}])[0].get("Timestamps", [])
    run.expect("unasked, the newest comes first", newest == sorted(newest, reverse=True), newest)
    page = run.ok(client, "get_metric_data", MetricDataQueries=queries[:1], MaxDatapoints=1, **window)
    values = [(page.get("MetricDataResults") or [{}])[0].get("Values")]
    run.expect("a page is as long as asked", len(values[0] or []) == 1 and "NextToken" in page, page)
    while "NextToken" in page and len(values) < 9:
        page = run.ok(
            client,
            "get_metric_data",
            MetricDataQueries=queries[:1],
            MaxDatapoints=1,
            NextToken=page["NextToken"],
            **window,
        )
        values += [result.get("Values") for result in page.get("MetricDataResults", [])]
    flat = [value for part in values for value in part or []]
    run.expect("the pages hold every value once", flat == [90.0, 40.0, 20.0], values)
    bad = {"MetricDataQueries": queries[:1], "NextToken": "nonsense", **window}
    run.refused(client, "get_metric_data", "InvalidNextToken", **bad)
    twice = [queries[0], queries[0]]
    run.refused(client, "get_metric_data", REFUSES_VALUE, MetricDataQueries=twice, **window)
    unknown = [{"Id": "x", "Expression": "absent + 1"}]
    run.refused(client, "get_metric_data", REFUSES_VALUE, MetricDataQueries=unknown, **window)
    backwards = {"StartTime": names.end, "EndTime": names.begin}
    run.refused(client, "get_metric_data", REFUSES_COMBINATION, MetricDataQueries=queries[:1], **backwards)
    odd = [{"Id": "x", "MetricStat": {**names.stat(), "Period": 7}}]
    run.refused(client, "get_metric_data", REFUSES_VALUE, MetricDataQueries=odd, **window)


def statistics(run, client, names):
    call = "get_metric_statistics"
    series = {"Namespace": names.namespace, "MetricName": "Load", "Dimensions": names.dimensions}
    window = {"StartTime": names.begin, "EndTime": names.end, "Period": 60}
    wanted = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"]
    points = run.ok(client, call, Statistics=wanted, **series, **window).get("Datapoints", [])
    points = sorted(points, key=lambda point: point["Timestamp"])
    run.expect("three minutes have data", len(points) == 3, points)
    last = {name: points[-1].get(name) for name in wanted} if points else {}
    summary = {"SampleCount": 4, "Average": 50, "Sum": 200, "Minimum": 10, "Maximum": 90}
    run.expect("a set of statistics is kept", last == summary, last)
    run.expect("the unit is kept", points and points[-1].get("Unit") == "Percent", points)
    run.ok(client, call, ExtendedStatistics=["p90"], **{**series, "MetricName": "Counted"}, **window)
    empty = run.ok(client, call, Statistics=["Sum"], **{**series, "MetricName": "Absent"}, **window)
    run.expect("no data is no datapoint, not zero", empty.get("Datapoints") == [], empty)
    run.refused(client, call, REFUSES_COMBINATION, **series, **window)
    run.refused(client, call, REFUSES_VALUE, Statistics=["Sum"], **series, **{**window, "Period": 7})
    backwards = {**window, "StartTime": names.end, "EndTime": names.begin}
    run.refused(client, call, REFUSES_COMBINATION, Statistics=["Sum"], **series, **backwards)
