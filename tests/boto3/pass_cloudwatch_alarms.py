"""CloudWatch's alarms: metric and composite, their states, history, tags and mute rules."""

import json

# The model names no error for a wrong parameter of most operations; these are the common ones.
REFUSES_VALUE = {"ValidationError", "InvalidParameterValue"}
REFUSES_COMBINATION = REFUSES_VALUE | {"InvalidParameterCombination", "MissingParameter"}


def steps(run, client, names):
    alarms(run, client, names)
    descriptions(run, client, names)
    states(run, client, names)
    history(run, client, names)
    tags(run, client, names)
    mute_rules(run, client, names)
    deletion(run, client, names)


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
    # Without data and told to ignore that, it stays as it was set.
    held = {"AlarmName": names.held, "MetricName": "Absent", "TreatMissingData": "ignore"}
    run.ok(client, "put_metric_alarm", **{**simple, **held}, Tags=[{"Key": "team", "Value": "a & b"}])
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
        client,
        "put_composite_alarm",
        REFUSES_COMBINATION | {"ResourceNotFound"},
        AlarmName="x",
        AlarmRule="ALARM(absent)",
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
    run.expect("a prefix finds three and two", counts == (3, 2), counts)
    either = [alarm for alarm in found.get("CompositeAlarms", []) if alarm["AlarmName"] == names.either]
    run.expect("a suppressor is kept", either and either[0].get("ActionsSuppressorWaitPeriod") == 60, either)
    absent = run.ok(client, call, AlarmNames=["absent"])
    run.expect("an absent alarm is an empty answer", absent.get("MetricAlarms") == [], absent)
    by_action = run.ok(client, call, AlarmNamePrefix=names.prefix, ActionPrefix="arn:aws:lambda:")
    run.expect("an action's prefix finds two", len(by_action.get("MetricAlarms", [])) == 2, by_action)
    seen, token = [], {}
    for _ in range(9):
        page = run.ok(client, call, MaxRecords=1, **both, **token)
        seen += [alarm["AlarmName"] for kind in ("MetricAlarms", "CompositeAlarms") for alarm in page.get(kind, [])]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    run.expect("pages of one hold all five", len(seen) == len(set(seen)) == 5, seen)
    series = {"Namespace": names.namespace, "MetricName": "Load", "Dimensions": names.dimensions}
    of_metric = run.ok(client, "describe_alarms_for_metric", **series).get("MetricAlarms", [])
    run.expect("a metric has its alarm", [alarm["AlarmName"] for alarm in of_metric] == [names.load], of_metric)
    nobody = run.ok(client, "describe_alarms_for_metric", **{**series, "Dimensions": []})
    run.expect("other dimensions are another metric", nobody.get("MetricAlarms") == [], nobody)
    run.refused(client, call, "InvalidNextToken", NextToken="nonsense")
    run.refused(client, call, REFUSES_VALUE, MaxRecords=101)
    run.refused(client, call, REFUSES_VALUE, StateValue="NONSENSE")
    run.refused(client, call, REFUSES_COMBINATION, AlarmNames=[names.load], AlarmNamePrefix=names.prefix)


def states(run, client, names):
    reason = {"StateReason": "a person tries it", "StateReasonData": json.dumps({"by": "conformance"})}
    run.ok(client, "set_alarm_state", AlarmName=names.held, StateValue="OK", StateReason="first")
    run.ok(client, "set_alarm_state", AlarmName=names.held, StateValue="ALARM", **reason)
    alarm = (run.ok(client, "describe_alarms", AlarmNames=[names.held]).get("MetricAlarms") or [{}])[0]
    run.expect(
        "the state is as set",
        (alarm.get("StateValue"), alarm.get("StateReason")) == ("ALARM", reason["StateReason"]),
        alarm,
    )
    run.refused(client, "set_alarm_state", "ResourceNotFound", AlarmName="absent", StateValue="OK", StateReason="x")
    run.refused(client, "set_alarm_state", REFUSES_VALUE, AlarmName=names.held, StateValue="RED", StateReason="x")
    broken = {"StateReason": "x", "StateReasonData": "no JSON"}
    run.refused(client, "set_alarm_state", "InvalidFormat", AlarmName=names.held, StateValue="OK", **broken)
    for call, expected in (("disable_alarm_actions", False), ("enable_alarm_actions", True)):
        run.ok(client, call, AlarmNames=[names.held])
        alarm = (run.ok(client, "describe_alarms", AlarmNames=[names.held]).get("MetricAlarms") or [{}])[0]
        run.expect(f"after {call} ActionsEnabled is {expected}", alarm.get("ActionsEnabled") is expected, alarm)


def history(run, client, names):
    call = "describe_alarm_history"
    updates = run.ok(client, call, AlarmName=names.held, HistoryItemType="StateUpdate").get("AlarmHistoryItems", [])
    data = [json.loads(item["HistoryData"]) for item in updates if "HistoryData" in item]
    to_alarm = [item for item in data if item.get("newState", {}).get("stateValue") == "ALARM"]
    run.expect("the transition into ALARM is remembered", to_alarm, data)
    run.expect("so is the reason", to_alarm and to_alarm[0]["newState"]["stateReason"] == "a person tries it", to_alarm)
    times = [item["Timestamp"] for item in updates]
    run.expect("the newest comes first", times == sorted(times, reverse=True), times)
    oldest = run.ok(client, call, AlarmName=names.held, ScanBy="TimestampAscending").get("AlarmHistoryItems", [])
    first = oldest[0].get("HistoryItemType") if oldest else None
    run.expect("an alarm's life begins with its configuration", first == "ConfigurationUpdate", oldest[:1])
    actions = run.ok(client, call, AlarmName=names.held, HistoryItemType="Action").get("AlarmHistoryItems", [])
    run.expect("the action is remembered", actions, actions)
    composite = run.ok(client, call, AlarmName=names.either, AlarmTypes=["CompositeAlarm"])
    run.expect("a composite alarm has a history", composite.get("AlarmHistoryItems"), composite)
    changes = {"AlarmName": names.held, "HistoryItemType": "ConfigurationUpdate"}
    everything = run.ok(client, call, **changes).get("AlarmHistoryItems", [])
    paged, token = [], {}
    while len(paged) < 9:
        page = run.ok(client, call, MaxRecords=1, **changes, **token)
        run.expect("a page is as long as asked", len(page.get("AlarmHistoryItems", [])) == 1, page)
        paged += page.get("AlarmHistoryItems", [None])
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    run.expect("pages of one hold the same", len(paged) >= 3 and paged == everything, (paged, everything))
    run.refused(client, call, "InvalidNextToken", NextToken="nonsense")
    run.refused(client, call, REFUSES_VALUE, HistoryItemType="Nonsense")


def tags(run, client, names):
    alarm = (run.ok(client, "describe_alarms", AlarmNames=[names.held]).get("MetricAlarms") or [{}])[0]
    this = {"ResourceARN": alarm.get("AlarmArn", "")}
    put = run.ok(client, "list_tags_for_resource", **this).get("Tags")
    run.expect("tags given at creation are kept", put == [{"Key": "team", "Value": "a & b"}], put)
    run.ok(client, "tag_resource", Tags=[{"Key": "stage", "Value": "test"}], **this)
    run.ok(client, "untag_resource", TagKeys=["team"], **this)
    left = run.ok(client, "list_tags_for_resource", **this).get("Tags")
    run.expect("one was added, one removed", left == [{"Key": "stage", "Value": "test"}], left)
    absent = {"ResourceARN": f"{alarm.get('AlarmArn', '')}-absent"}
    for call, more in (("list_tags_for_resource", {}), ("untag_resource", {"TagKeys": ["a"]})):
        run.refused(client, call, "ResourceNotFoundException", **absent, **more)
    run.refused(client, "tag_resource", "ResourceNotFoundException", Tags=[{"Key": "a", "Value": "b"}], **absent)


def mute_rules(run, client, names):
    rule = f"{names.prefix}-night"
    schedule = {"Expression": "cron(0 2 * * *)", "Duration": "PT2H", "Timezone": "UTC"}
    muted = {"Schedule": schedule}
    run.ok(
        client,
        "put_alarm_mute_rule",
        Name=rule,
        Rule=muted,
        MuteTargets={"AlarmNames": [names.load]},
        Description="night",
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
    run.ok(client, "delete_alarms", AlarmNames=[names.load, names.math, names.held])
    left = run.ok(client, "describe_alarms", AlarmNamePrefix=names.prefix, AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    run.expect("nothing is left", not left.get("MetricAlarms") and not left.get("CompositeAlarms"), left)
