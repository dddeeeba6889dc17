"""CloudWatch: every operation of metrics, alarms and mute rules, in each of the three protocols that clients speak."""

import datetime
import json

REFUSES_VALUE = {"ValidationError", "InvalidParameterValue"}
REFUSES_COMBINATION = REFUSES_VALUE | {"InvalidParameterCombination", "MissingParameter"}


def steps(run):
    for protocol in ("smithy-rpc-v2-cbor", "json", "query"):
        client = run.client("cloudwatch", protocol)
        names = Names(protocol.rpartition("-")[2])
        metrics(run, client, names)
        data(run, client, names)
        statistics(run, client, names)
        alarms(run, client, names)
        descriptions(run, client, names)
        states(run, client, names)
        history(run, client, names)
        mute_rules(run, client, names)
        deletion(run, client, names)
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
        for value, at in ((20.0, minute - datetime.timedelta(minutes=6)), (40.0, minute - datetime.timedelta(minutes=5)))
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
    run.expect("a metric without data has no values, not zeros", results.get("nothing", {}).get("Values") == [], results)
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


def alarms(run, client, names):
    threshold = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 80.5, "EvaluationPeriods": 3}
    series = {"Namespace": names.namespace, "MetricName": "Load", "Dimensions": names.dimensions}
    function = "arn:aws:lambda:us-east-1:123456789012:function:reshard"
    simple = {
        "AlarmName": names.load,
        "AlarmDescription": "Load & <more>",
        "Statistic": "Maximum",
        "Period": 60,
        "DatapointsToAlarm": 2,
        "TreatMissingData": "missing",
        "AlarmActions": [function],
        "OKActions": [function],
        **series,
        **threshold,
    }
    run.ok(client, "put_metric_alarm", **simple)
    computed = [
        {"Id": "load", "MetricStat": names.stat(), "ReturnData": False},
        {"Id": "double", "Expression": "load * 2", "Label": "twice", "ReturnData": True},
    ]
    run.ok(client, "put_metric_alarm", AlarmName=names.math, Metrics=computed, **threshold)
    run.refused(client, "put_metric_alarm", REFUSES_VALUE, **{**simple, "ComparisonOperator": "Nonsense"})
    run.refused(client, "put_metric_alarm", REFUSES_VALUE, **{**simple, "Period": 7})
    run.refused(client, "put_metric_alarm", REFUSES_COMBINATION, **{**simple, "DatapointsToAlarm": 4})
    run.refused(client, "put_metric_alarm", REFUSES_COMBINATION, **simple, Metrics=computed)
    bare = {name: value for name, value in simple.items() if name != "EvaluationPeriods"}
    run.refused(client, "put_metric_alarm", REFUSES_COMBINATION, **bare)

    rule = f'ALARM("{names.load}") OR NOT OK({names.math})'
    run.ok(client, "put_composite_alarm", AlarmName=names.quiet, AlarmRule="FALSE", ActionsEnabled=False)
    run.ok(
        client,
        "put_composite_alarm",
        AlarmName=names.either,
        AlarmRule=rule,
        AlarmActions=[function],
        ActionsSuppressor=names.quiet,
        ActionsSuppressorWaitPeriod=60,
        ActionsSuppressorExtensionPeriod=120,
    )
    run.refused(client, "put_composite_alarm", REFUSES_VALUE, AlarmName=names.either, AlarmRule="ALARM(")
    run.refused(
        client, "put_composite_alarm", REFUSES_COMBINATION | {"ResourceNotFound"}, AlarmName="x", AlarmRule="ALARM(absent)"
    )


def descriptions(run, client, names):
    call = "describe_alarms"
    one = run.ok(client, call, AlarmNames=[names.load])
    alarm = (one.get("MetricAlarms") or [{}])[0]
    run.expect("an alarm's text survives", alarm.get("AlarmDescription") == "Load & <more>", alarm)
    run.expect("its threshold is kept", (alarm.get("Threshold"), alarm.get("DatapointsToAlarm")) == (80.5, 2), alarm)
    run.expect("its ARN names it", alarm.get("AlarmArn", "").endswith(f":alarm:{names.load}"), alarm)
    run.expect("its actions are on", alarm.get("ActionsEnabled") is True, alarm)
    run.expect("it has a state", alarm.get("StateValue") in ("OK", "ALARM", "INSUFFICIENT_DATA"), alarm)
    computed = run.ok(client, call, AlarmNames=[names.math])
    computed = (computed.get("MetricAlarms") or [{}])[0]
    run.expect("an alarm on mathematics has metrics and no metric", len(computed.get("Metrics", [])) == 2, computed)
    run.expect("and no metric of its own", "MetricName" not in computed, computed)
    unasked = run.ok(client, call, AlarmNames=[names.either])
    run.expect("composite alarms are not listed unasked", unasked.get("CompositeAlarms", []) == [], unasked)
    both = {"AlarmTypes": ["MetricAlarm", "CompositeAlarm"], "AlarmNamePrefix": names.prefix}
    found = run.ok(client, call, **both)
    counts = (len(found.get("MetricAlarms", [])), len(found.get("CompositeAlarms", [])))
    run.expect("a prefix finds two and two", counts == (2, 2), counts)
    either = [alarm for alarm in found.get("CompositeAlarms", []) if alarm["AlarmName"] == names.either]
    run.expect("a suppressor is kept", either and either[0].get("ActionsSuppressorWaitPeriod") == 60, either)
    absent = run.ok(client, call, AlarmNames=["absent"])
    run.expect("an absent alarm is an empty answer", absent.get("MetricAlarms") == [], absent)
    by_action = run.ok(client, call, AlarmNamePrefix=names.prefix, ActionPrefix="arn:aws:lambda:")
    run.expect("an action's prefix finds one", len(by_action.get("MetricAlarms", [])) == 1, by_action)
    seen, token = [], {}
    for _ in range(9):
        page = run.ok(client, call, MaxRecords=1, **both, **token)
        seen += [alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    run.expect("pages of one hold all four", len(seen) == len(set(seen)) == 4, seen)
    run.refused(client, call, "InvalidNextToken", NextToken="nonsense")
    run.refused(client, call, REFUSES_VALUE, MaxRecords=101)
    run.refused(client, call, REFUSES_VALUE, StateValue="NONSENSE")
    run.refused(client, call, REFUSES_COMBINATION, AlarmNames=[names.load], AlarmNamePrefix=names.prefix)


def states(run, client, names):
    reason = {"StateReason": "a person tries it", "StateReasonData": json.dumps({"by": "conformance"})}
    run.ok(client, "set_alarm_state", AlarmName=names.load, StateValue="ALARM", **reason)
    run.refused(client, "set_alarm_state", "ResourceNotFound", AlarmName="absent", StateValue="OK", StateReason="x")
    run.refused(client, "set_alarm_state", REFUSES_VALUE, AlarmName=names.load, StateValue="RED", StateReason="x")
    broken = {"StateReason": "x", "StateReasonData": "no JSON"}
    run.refused(client, "set_alarm_state", "InvalidFormat", AlarmName=names.load, StateValue="OK", **broken)
    for call, expected in (("disable_alarm_actions", False), ("enable_alarm_actions", True)):
        run.ok(client, call, AlarmNames=[names.load])
        alarm = (run.ok(client, "describe_alarms", AlarmNames=[names.load]).get("MetricAlarms") or [{}])[0]
        run.expect(f"after {call} ActionsEnabled is {expected}", alarm.get("ActionsEnabled") is expected, alarm)


def history(run, client, names):
    call = "describe_alarm_history"
    updates = run.ok(client, call, AlarmName=names.load, HistoryItemType="StateUpdate").get("AlarmHistoryItems", [])
    data = [json.loads(item["HistoryData"]) for item in updates if "HistoryData" in item]
    to_alarm = [item for item in data if item.get("newState", {}).get("stateValue") == "ALARM"]
    run.expect("the transition into ALARM is remembered", to_alarm, data)
    run.expect("so is the reason", to_alarm and to_alarm[0]["newState"]["stateReason"] == "a person tries it", to_alarm)
    times = [item["Timestamp"] for item in updates]
    run.expect("the newest comes first", times == sorted(times, reverse=True), times)
    oldest = run.ok(client, call, AlarmName=names.load, ScanBy="TimestampAscending").get("AlarmHistoryItems", [])
    first = oldest[0].get("HistoryItemType") if oldest else None
    run.expect("an alarm's life begins with its configuration", first == "ConfigurationUpdate", oldest[:1])
    actions = run.ok(client, call, AlarmName=names.load, HistoryItemType="Action").get("AlarmHistoryItems", [])
    run.expect("the action is remembered", actions, actions)
    composite = run.ok(client, call, AlarmName=names.either, AlarmTypes=["CompositeAlarm"])
    run.expect("a composite alarm has a history", composite.get("AlarmHistoryItems"), composite)
    page = run.ok(client, call, AlarmName=names.load, MaxRecords=1)
    run.expect("a page is as long as asked", len(page.get("AlarmHistoryItems", [])) == 1 and "NextToken" in page, page)
    after = run.ok(client, call, AlarmName=names.load, MaxRecords=1, NextToken=page.get("NextToken", ""))
    run.expect("the next page goes on", after.get("AlarmHistoryItems") != page.get("AlarmHistoryItems"), after)
    run.refused(client, call, "InvalidNextToken", NextToken="nonsense")
    run.refused(client, call, REFUSES_VALUE, HistoryItemType="Nonsense")


def mute_rules(run, client, names):
    rule = f"{names.prefix}-night"
    schedule = {"Expression": "cron(0 2 * * *)", "Duration": "PT2H", "Timezone": "Europe/Berlin"}
    muted = {"Schedule": schedule}
    run.ok(
        client, "put_alarm_mute_rule", Name=rule, Rule=muted, MuteTargets={"AlarmNames": [names.load]}, Description="night"
    )
    found = run.ok(client, "get_alarm_mute_rule", AlarmMuteRuleName=rule)
    run.expect("a rule is kept", found.get("Rule") == muted, found)
    run.expect("so are its targets", found.get("MuteTargets") == {"AlarmNames": [names.load]}, found)
    listed = run.ok(client, "list_alarm_mute_rules", AlarmName=names.load).get("AlarmMuteRuleSummaries", [])
    run.expect("an alarm's rules are listed", len(listed) == 1, listed)
    active = run.ok(client, "list_alarm_mute_rules", Statuses=["EXPIRED"], AlarmName=names.load)
    run.expect("a status bounds the list", active.get("AlarmMuteRuleSummaries") == [], active)
    broken = {"Schedule": {**schedule, "Expression": "nonsense"}}
    run.refused(client, "put_alarm_mute_rule", REFUSES_VALUE, Name="broken", Rule=broken)
    run.refused(client, "get_alarm_mute_rule", "ResourceNotFoundException", AlarmMuteRuleName="absent")
    run.refused(client, "list_alarm_mute_rules", "InvalidNextToken", NextToken="nonsense")
    run.ok(client, "delete_alarm_mute_rule", AlarmMuteRuleName=rule)
    run.refused(client, "get_alarm_mute_rule", "ResourceNotFoundException", AlarmMuteRuleName=rule)


def deletion(run, client, names):
    run.refused(client, "delete_alarms", "ResourceNotFound", AlarmNames=["absent"])
    for name in (names.either, names.quiet):
        run.ok(client, "delete_alarms", AlarmNames=[name])
    run.ok(client, "delete_alarms", AlarmNames=[names.load, names.math])
    left = run.ok(client, "describe_alarms", AlarmNamePrefix=names.prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    run.expect("nothing is left", not left.get("MetricAlarms") and not left.get("CompositeAlarms"), left)
