//! Alarms: as they were put, their states, their history and their end.

use aws_sdk_cloudwatch::{
    Client,
    types::{
        AlarmType, ComparisonOperator, HistoryItemType, MetricDataQuery, StateValue, Statistic, Tag,
    },
};
use clusterwarden_tests::SharedCloud;
use std::collections::BTreeSet;

use crate::*;

/// Alarms `load` and `held`, one on mathematics, and the composite ones `quiet` and `either`.
pub(crate) async fn alarmed() -> (SharedCloud, Client) {
    let (cloud, client) = published().await;
    let metric = |name: &str| {
        client
            .put_metric_alarm()
            .alarm_name(name)
            .namespace(NAMESPACE)
            .dimensions(group())
            .statistic(Statistic::Maximum)
            .period(60)
            .evaluation_periods(3)
            .datapoints_to_alarm(2)
            .threshold(80.5)
            .comparison_operator(ComparisonOperator::GreaterThanThreshold)
            .alarm_actions(FUNCTION)
    };
    metric("load")
        .metric_name("Load")
        .alarm_description("Load & <more>")
        .ok_actions(FUNCTION)
        .send()
        .await
        .expect("put");
    metric("held")
        .metric_name("Absent")
        .treat_missing_data("ignore")
        .tags(Tag::builder().key("team").value("a & b").build())
        .send()
        .await
        .expect("put");
    client
        .put_metric_alarm()
        .alarm_name("math")
        .evaluation_periods(1)
        .threshold(1.0)
        .comparison_operator(ComparisonOperator::GreaterThanThreshold)
        .metrics(
            MetricDataQuery::builder()
                .id("load")
                .metric_stat(load())
                .return_data(false)
                .build(),
        )
        .metrics(
            MetricDataQuery::builder()
                .id("double")
                .expression("load * 2")
                .label("twice")
                .return_data(true)
                .build(),
        )
        .send()
        .await
        .expect("put");
    client
        .put_composite_alarm()
        .alarm_name("quiet")
        .alarm_rule("FALSE")
        .actions_enabled(false)
        .send()
        .await
        .expect("put");
    client
        .put_composite_alarm()
        .alarm_name("either")
        .alarm_rule("ALARM(\"held\") OR ALARM(math)")
        .alarm_actions(FUNCTION)
        .actions_suppressor("quiet")
        .actions_suppressor_wait_period(60)
        .actions_suppressor_extension_period(120)
        .send()
        .await
        .expect("put");
    (cloud, client)
}

#[tokio::test]
async fn alarms_are_described_as_they_were_put() {
    let (_, client) = alarmed().await;
    let one = client
        .describe_alarms()
        .alarm_names("load")
        .send()
        .await
        .expect("alarms");
    let [alarm] = one.metric_alarms() else {
        panic!("{one:?}")
    };
    assert_eq!(
        (
            alarm.alarm_description(),
            alarm.threshold(),
            alarm.datapoints_to_alarm()
        ),
        (Some("Load & <more>"), Some(80.5), Some(2))
    );
    assert_eq!(
        (
            alarm.period(),
            alarm.evaluation_periods(),
            alarm.statistic()
        ),
        (Some(60), Some(3), Some(&Statistic::Maximum))
    );
    assert_eq!(
        (alarm.dimensions(), alarm.actions_enabled()),
        (&[group()][..], Some(true))
    );
    assert_eq!(
        (alarm.alarm_actions().len(), alarm.ok_actions().len()),
        (1, 1)
    );
    assert!(alarm.state_transitioned_timestamp().is_some() && alarm.state_value().is_some());
    let math = client
        .describe_alarms()
        .alarm_names("math")
        .send()
        .await
        .expect("alarms");
    assert_eq!(
        (
            math.metric_alarms()[0].metrics().len(),
            math.metric_alarms()[0].metric_name()
        ),
        (2, None)
    );

    let both = || {
        client
            .describe_alarms()
            .alarm_types(AlarmType::MetricAlarm)
            .alarm_types(AlarmType::CompositeAlarm)
    };
    let mut pages = both().max_records(1).into_paginator().send();
    let mut names = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.expect("a page");
        names.extend(
            page.metric_alarms()
                .iter()
                .filter_map(|alarm| alarm.alarm_name().map(str::to_owned)),
        );
        names.extend(
            page.composite_alarms()
                .iter()
                .filter_map(|alarm| alarm.alarm_name().map(str::to_owned)),
        );
    }
    names.sort();
    assert_eq!(names, ["either", "held", "load", "math", "quiet"]);
    let either = both().alarm_names("either").send().await.expect("alarms");
    let [either] = either.composite_alarms() else {
        panic!("{either:?}")
    };
    assert_eq!(
        (
            either.actions_suppressor(),
            either.actions_suppressor_wait_period()
        ),
        (Some("quiet"), Some(60))
    );
    assert_eq!(either.alarm_rule(), Some("ALARM(\"held\") OR ALARM(math)"));

    let of_metric = client
        .describe_alarms_for_metric()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .dimensions(group())
        .send()
        .await;
    let of_metric = of_metric.expect("alarms");
    assert_eq!(
        of_metric
            .metric_alarms()
            .iter()
            .filter_map(|alarm| alarm.alarm_name())
            .collect::<Vec<_>>(),
        ["load"]
    );
    assert!(refusal(both().next_token("nonsense").send().await).is_invalid_next_token());
}

#[tokio::test]
async fn states_change_act_once_and_are_remembered() {
    let (cloud, client) = alarmed().await;
    let set = |state: StateValue| {
        client
            .set_alarm_state()
            .alarm_name("held")
            .state_value(state)
            .state_reason("a person tries it")
    };
    set(StateValue::Ok).send().await.expect("set");
    set(StateValue::Alarm)
        .state_reason_data("{\"by\":\"hand\"}")
        .send()
        .await
        .expect("set");
    set(StateValue::Alarm).send().await.expect("set again");
    let seen = client
        .describe_alarms()
        .alarm_names("held")
        .send()
        .await
        .expect("alarms");
    let alarm = &seen.metric_alarms()[0];
    assert_eq!(
        (alarm.state_value(), alarm.state_reason()),
        (Some(&StateValue::Alarm), Some("a person tries it"))
    );
    let sent = cloud.lock().take_deliveries();
    let to_function = sent
        .iter()
        .filter(|one| one.target == FUNCTION && one.event["alarmData"]["alarmName"] == "held");
    assert_eq!(to_function.count(), 1, "{sent:?}");

    assert!(refusal(set(StateValue::Ok).alarm_name("absent").send().await).is_resource_not_found());
    assert!(
        refusal(
            set(StateValue::Ok)
                .state_reason_data("no JSON")
                .send()
                .await
        )
        .is_invalid_format_fault()
    );

    client
        .disable_alarm_actions()
        .alarm_names("held")
        .send()
        .await
        .expect("disabled");
    let enabled = async || {
        let seen = client
            .describe_alarms()
            .alarm_names("held")
            .send()
            .await
            .expect("alarms");
        seen.metric_alarms()[0].actions_enabled()
    };
    assert_eq!(enabled().await, Some(false));
    client
        .enable_alarm_actions()
        .alarm_names("held")
        .send()
        .await
        .expect("enabled");
    assert_eq!(enabled().await, Some(true));

    let history = || client.describe_alarm_history().alarm_name("held");
    let mut pages = history().max_records(1).into_paginator().items().send();
    let mut items = Vec::new();
    while let Some(item) = pages.next().await {
        items.push(item.expect("an item"));
    }
    let kinds: BTreeSet<&str> = items
        .iter()
        .filter_map(|item| item.history_item_type().map(HistoryItemType::as_str))
        .collect();
    assert!(
        kinds.is_superset(&BTreeSet::from(["StateUpdate", "ConfigurationUpdate"])),
        "{kinds:?}"
    );
    let updates = history()
        .history_item_type(HistoryItemType::StateUpdate)
        .send()
        .await
        .expect("items");
    assert_eq!(updates.alarm_history_items().len(), 2);
    assert!(refusal(history().next_token("nonsense").send().await).is_invalid_next_token());
}

#[tokio::test]
async fn alarms_are_deleted_all_or_none() {
    let (_, client) = alarmed().await;
    let delete = |names: &[&str]| {
        client
            .delete_alarms()
            .set_alarm_names(Some(names.iter().map(|name| (*name).to_owned()).collect()))
            .send()
    };
    assert!(refusal(delete(&["load", "absent"]).await).is_resource_not_found());
    assert!(
        delete(&["held"]).await.is_err(),
        "a composite alarm depends on it"
    );
    delete(&["either"]).await.expect("deleted");
    delete(&["load", "held", "math"]).await.expect("deleted");
    let left = client
        .describe_alarms()
        .alarm_types(AlarmType::MetricAlarm)
        .alarm_types(AlarmType::CompositeAlarm)
        .send()
        .await;
    let left = left.expect("alarms");
    assert_eq!(
        (left.metric_alarms().len(), left.composite_alarms().len()),
        (0, 1)
    );
}
