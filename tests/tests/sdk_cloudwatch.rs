//! The Rust SDK over every operation of the embedded CloudWatch, in rpc-v2-cbor: what it sends is understood, what it reads is
//! there, and every refusal is the type that the SDK models.

use std::collections::BTreeSet;

use aws_sdk_cloudwatch::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::{
        AlarmMuteRuleStatus, AlarmType, ComparisonOperator, Dimension, DimensionFilter,
        HistoryItemType, Metric, MetricDataQuery, MetricDatum, MetricStat, MuteTargets,
        RecentlyActive, Rule, ScanBy, Schedule, StandardUnit, StateValue, Statistic, StatisticSet,
        StatusCode, Tag,
    },
};
use aws_smithy_types::DateTime;
use chrono::TimeDelta;
use clusterwarden_local::cloud::{Parameters, cloudwatch::DataStatus};
use clusterwarden_tests::SharedCloud;

const NAMESPACE: &str = "Shop";
const FUNCTION: &str = "arn:aws:lambda:us-east-1:123456789012:function:reshard";

fn world() -> (SharedCloud, Client) {
    let parameters = Parameters {
        metric_delay: TimeDelta::zero(),
        ..Parameters::default()
    };
    let cloud = SharedCloud::empty(parameters);
    let client = Client::new(&cloud.sdk_config());
    (cloud, client)
}

/// So many minutes ago.
fn ago(cloud: &SharedCloud, minutes: i64) -> DateTime {
    DateTime::from_secs(cloud.lock().now().timestamp() - minutes * 60)
}

fn group() -> Dimension {
    Dimension::builder().name("Group").value("a & <b>").build()
}

fn load() -> MetricStat {
    let metric = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .dimensions(group())
        .build();
    MetricStat::builder()
        .metric(metric)
        .period(60)
        .stat("Maximum")
        .build()
}

async fn published() -> (SharedCloud, Client) {
    let (cloud, client) = world();
    let datum = || {
        MetricDatum::builder()
            .metric_name("Load")
            .dimensions(group())
            .unit(StandardUnit::Percent)
    };
    let set = StatisticSet::builder()
        .sample_count(4.0)
        .sum(200.0)
        .minimum(10.0)
        .maximum(90.0)
        .build();
    client
        .put_metric_data()
        .namespace(NAMESPACE)
        .metric_data(datum().timestamp(ago(&cloud, 6)).value(20.0).build())
        .metric_data(datum().timestamp(ago(&cloud, 5)).value(40.0).build())
        .metric_data(
            datum()
                .timestamp(ago(&cloud, 4))
                .statistic_values(set)
                .build(),
        )
        .metric_data(
            MetricDatum::builder()
                .metric_name("Counted")
                .dimensions(group())
                .timestamp(ago(&cloud, 4))
                .values(1.0)
                .values(5.0)
                .counts(3.0)
                .counts(1.0)
                .build(),
        )
        .send()
        .await
        .expect("published");
    (cloud, client)
}

/// The modelled error of a call that must be refused.
#[track_caller]
fn refusal<T: std::fmt::Debug, E: std::fmt::Debug>(answer: Result<T, SdkError<E>>) -> E {
    match answer {
        Err(SdkError::ServiceError(error)) => error.into_err(),
        other => panic!("not a refusal: {other:?}"),
    }
}

#[tokio::test]
async fn published_metrics_are_listed_and_read_back() {
    let (cloud, client) = published().await;
    let listed = client
        .list_metrics()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .recently_active(RecentlyActive::Pt3H)
        .send()
        .await;
    let listed = listed.expect("a list");
    assert_eq!(
        listed.metrics(),
        [Metric::builder()
            .namespace(NAMESPACE)
            .metric_name("Load")
            .dimensions(group())
            .build()]
    );
    let by_dimension = client
        .list_metrics()
        .dimensions(DimensionFilter::builder().name("Group").build())
        .send()
        .await;
    assert_eq!(by_dimension.expect("a list").metrics().len(), 2);

    let statistics = client
        .get_metric_statistics()
        .namespace(NAMESPACE)
        .metric_name("Load")
        .dimensions(group())
        .period(60)
        .start_time(ago(&cloud, 10))
        .end_time(ago(&cloud, 0));
    let wanted = [
        Statistic::SampleCount,
        Statistic::Average,
        Statistic::Sum,
        Statistic::Minimum,
        Statistic::Maximum,
    ];
    let points = statistics
        .clone()
        .set_statistics(Some(wanted.to_vec()))
        .send()
        .await
        .expect("points");
    let last = points
        .datapoints()
        .iter()
        .max_by_key(|point| point.timestamp().map(DateTime::secs))
        .expect("a point");
    assert_eq!(points.datapoints().len(), 3);
    assert_eq!(
        (last.sample_count(), last.average(), last.sum()),
        (Some(4.0), Some(50.0), Some(200.0))
    );
    assert_eq!(
        (last.minimum(), last.maximum(), last.unit()),
        (Some(10.0), Some(90.0), Some(&StandardUnit::Percent))
    );
    let counted = statistics
        .clone()
        .metric_name("Counted")
        .extended_statistics("p90")
        .send()
        .await
        .expect("points");
    assert!(
        counted.datapoints()[0]
            .extended_statistics()
            .is_some_and(|all| all.contains_key("p90"))
    );
    let nothing = statistics
        .clone()
        .metric_name("Absent")
        .statistics(Statistic::Sum)
        .send()
        .await
        .expect("no points");
    assert!(nothing.datapoints().is_empty());
    let wrong = refusal(statistics.send().await);
    assert!(
        wrong.is_invalid_parameter_combination_exception()
            || wrong.is_missing_required_parameter_exception()
            || wrong.is_invalid_parameter_value_exception(),
        "{wrong:?}"
    );

    let future = MetricDatum::builder()
        .metric_name("Load")
        .timestamp(ago(&cloud, -3 * 24 * 60))
        .value(1.0)
        .build();
    let future = client
        .put_metric_data()
        .namespace(NAMESPACE)
        .metric_data(future)
        .send()
        .await;
    assert!(refusal(future).is_invalid_parameter_value_exception());
    let active = client
        .list_metrics()
        .recently_active(RecentlyActive::from("PT9H"))
        .send()
        .await;
    assert!(refusal(active).is_invalid_parameter_value_exception());
}

#[tokio::test]
async fn metric_data_is_computed_paged_and_says_how_complete_it_is() {
    let (cloud, client) = published().await;
    let query = |id: &str| MetricDataQuery::builder().id(id);
    let ask = || {
        client
            .get_metric_data()
            .start_time(ago(&cloud, 10))
            .end_time(ago(&cloud, 0))
    };
    let absent = Metric::builder()
        .namespace(NAMESPACE)
        .metric_name("Absent")
        .build();
    let answer = ask()
        .scan_by(ScanBy::TimestampAscending)
        .metric_data_queries(query("load").metric_stat(load()).label("hottest").build())
        .metric_data_queries(query("half").expression("load / 2").build())
        .metric_data_queries(
            query("unseen")
                .metric_stat(load())
                .return_data(false)
                .build(),
        )
        .metric_data_queries(
            query("nothing")
                .metric_stat(
                    MetricStat::builder()
                        .metric(absent)
                        .period(60)
                        .stat("Sum")
                        .build(),
                )
                .build(),
        )
        .send()
        .await
        .expect("data");
    let result = |id: &str| {
        answer
            .metric_data_results()
            .iter()
            .find(|one| one.id() == Some(id))
    };
    let hottest = result("load").expect("a result");
    assert_eq!(
        (hottest.label(), hottest.values()),
        (Some("hottest"), &[20.0, 40.0, 90.0][..])
    );
    assert_eq!(
        hottest.timestamps(),
        [ago(&cloud, 6), ago(&cloud, 5), ago(&cloud, 4)]
    );
    assert_eq!(hottest.status_code(), Some(&StatusCode::Complete));
    assert_eq!(
        result("half").expect("a result").values(),
        [10.0, 20.0, 45.0]
    );
    assert_eq!(
        result("nothing").expect("a result").values(),
        [] as [f64; 0]
    );
    assert!(result("unseen").is_none());

    let mut pages = ask()
        .metric_data_queries(query("load").metric_stat(load()).build())
        .max_datapoints(1)
        .into_paginator()
        .send();
    let (mut values, mut statuses) = (Vec::new(), Vec::new());
    while let Some(page) = pages.next().await {
        for result in page.expect("a page").metric_data_results() {
            values.extend_from_slice(result.values());
            statuses.extend(result.status_code().cloned());
        }
    }
    assert_eq!(
        values,
        [90.0, 40.0, 20.0],
        "newest first unless asked otherwise"
    );
    assert_eq!(statuses.last(), Some(&StatusCode::Complete));
    assert!(statuses.contains(&StatusCode::PartialData), "{statuses:?}");

    for (status, code) in [
        (DataStatus::PartialData, StatusCode::PartialData),
        (DataStatus::InternalError, StatusCode::InternalError),
        (DataStatus::Forbidden, StatusCode::Forbidden),
    ] {
        cloud.lock().cloudwatch.force_status(status);
        let answer = ask()
            .metric_data_queries(query("load").metric_stat(load()).build())
            .send()
            .await
            .expect("data");
        let result = &answer.metric_data_results()[0];
        assert_eq!(result.status_code(), Some(&code));
        assert!(result.values().len() < 3);
    }

    let token = ask()
        .metric_data_queries(query("load").metric_stat(load()).build())
        .next_token("nonsense")
        .send()
        .await;
    assert!(refusal(token).is_invalid_next_token());
    let unknown = ask()
        .metric_data_queries(query("x").expression("absent + 1").build())
        .send()
        .await;
    assert_eq!(refusal(unknown).code(), Some("ValidationError"));
    let backwards = ask()
        .end_time(ago(&cloud, 20))
        .metric_data_queries(query("load").metric_stat(load()).build())
        .send()
        .await;
    assert!(refusal(backwards).code().is_some());
}

/// Alarms `load` and `held`, one on mathematics, and the composite ones `quiet` and `either`.
async fn alarmed() -> (SharedCloud, Client) {
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

#[tokio::test]
async fn tags_come_and_go() {
    let (_, client) = alarmed().await;
    let arn = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:held";
    let tags = async || {
        let answer = client
            .list_tags_for_resource()
            .resource_arn(arn)
            .send()
            .await
            .expect("tags");
        answer
            .tags()
            .iter()
            .map(|tag| format!("{:?}={:?}", tag.key(), tag.value()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(tags().await, "Some(\"team\")=Some(\"a & b\")");
    client
        .tag_resource()
        .resource_arn(arn)
        .tags(Tag::builder().key("tier").value("1").build())
        .send()
        .await
        .expect("tagged");
    client
        .untag_resource()
        .resource_arn(arn)
        .tag_keys("team")
        .send()
        .await
        .expect("untagged");
    assert_eq!(tags().await, "Some(\"tier\")=Some(\"1\")");
    let absent = arn.replace("held", "absent");
    assert!(
        refusal(
            client
                .list_tags_for_resource()
                .resource_arn(&absent)
                .send()
                .await
        )
        .is_resource_not_found_exception()
    );
    let tag = Tag::builder().key("x").value("y").build();
    assert!(
        refusal(
            client
                .tag_resource()
                .resource_arn(&absent)
                .tags(tag)
                .send()
                .await
        )
        .is_resource_not_found_exception()
    );
    assert!(
        refusal(
            client
                .untag_resource()
                .resource_arn(&absent)
                .tag_keys("x")
                .send()
                .await
        )
        .is_resource_not_found_exception()
    );
}

#[tokio::test]
async fn mute_rules_are_kept_listed_and_found_by_alarm() {
    let (_, client) = alarmed().await;
    let put = |name: &str, alarm: &str| {
        let schedule = Schedule::builder()
            .expression("cron(0 8 * * *)")
            .duration("PT2H")
            .build();
        client
            .put_alarm_mute_rule()
            .name(name)
            .description("at night")
            .rule(Rule::builder().schedule(schedule).build())
            .mute_targets(MuteTargets::builder().alarm_names(alarm).build())
            .send()
    };
    put("night", "held").await.expect("put");
    put("later", "load").await.expect("put");
    let rule = client
        .get_alarm_mute_rule()
        .alarm_mute_rule_name("night")
        .send()
        .await
        .expect("a rule");
    assert_eq!(
        (rule.name(), rule.description()),
        (Some("night"), Some("at night"))
    );
    assert_eq!(
        rule.mute_targets().map(|targets| targets.alarm_names()),
        Some(&["held".to_owned()][..])
    );
    let mut pages = client
        .list_alarm_mute_rules()
        .max_records(1)
        .into_paginator()
        .items()
        .send();
    let mut listed = Vec::new();
    while let Some(rule) = pages.next().await {
        listed.push(
            rule.expect("a rule")
                .alarm_mute_rule_arn()
                .map(str::to_owned),
        );
    }
    assert_eq!(listed.len(), 2);
    let active = client
        .list_alarm_mute_rules()
        .alarm_name("held")
        .statuses(AlarmMuteRuleStatus::Active)
        .send()
        .await;
    assert_eq!(active.expect("rules").alarm_mute_rule_summaries().len(), 1);
    client
        .delete_alarm_mute_rule()
        .alarm_mute_rule_name("night")
        .send()
        .await
        .expect("deleted");
    let gone = client
        .get_alarm_mute_rule()
        .alarm_mute_rule_name("night")
        .send()
        .await;
    assert!(refusal(gone).is_resource_not_found_exception());
    assert!(
        refusal(
            client
                .list_alarm_mute_rules()
                .next_token("nonsense")
                .send()
                .await
        )
        .is_invalid_next_token()
    );
}

#[tokio::test]
async fn an_operation_that_is_not_embedded_is_refused_aloud() {
    let (_, client) = world();
    assert_eq!(
        refusal(client.list_dashboards().send().await).code(),
        Some("InvalidAction")
    );
}
