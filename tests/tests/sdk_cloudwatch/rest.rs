//! Tags and mute rules, and what there is not.

use aws_sdk_cloudwatch::{
    error::ProvideErrorMetadata,
    types::{AlarmMuteRuleStatus, MuteTargets, Rule, Schedule, Tag},
};

use crate::{alarms::alarmed, *};

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
