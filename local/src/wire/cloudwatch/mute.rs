//! Operations on alarm mute rules.

use super::{
    input::{Input, Read, absent, not_in_set},
    paging, tags,
    tree::{Structure, Tree},
};
use crate::cloud::{
    Cloud,
    cloudwatch::{Refusal, mute::MuteRuleSpec},
};

pub(super) fn put_alarm_mute_rule(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let schedule = input
        .structure("Rule")?
        .ok_or_else(|| absent("Rule"))?
        .structure("Schedule")?
        .ok_or_else(|| absent("Rule.schedule"))?;
    let targets = input.structure("MuteTargets")?;
    let name = input.required_text("Name")?;
    let spec = MuteRuleSpec {
        name: name.to_owned(),
        description: input.owned("Description")?,
        expression: schedule.required_text("Expression")?.to_owned(),
        duration: schedule.required_text("Duration")?.to_owned(),
        timezone: schedule.owned("Timezone")?,
        alarm_names: targets
            .map(|targets| targets.texts("AlarmNames"))
            .transpose()?
            .unwrap_or_default(),
        start: input.time("StartDate")?,
        expire: input.time("ExpireDate")?,
    };
    let given = tags::read(input, "Tags")?;
    let now = cloud.now();
    cloud.cloudwatch.put_mute_rule(now, spec)?;
    let arn = cloud.cloudwatch.arn("alarm-mute-rule", name);
    let given = given.into_iter().map(|(key, value)| (key, Some(value)));
    cloud.cloudwatch.set_tags(&arn, given)?;
    Ok(Tree::Null)
}

pub(super) fn get_alarm_mute_rule(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let name = input.required_text("AlarmMuteRuleName")?;
    let (rule, arn) = cloud
        .cloudwatch
        .mute_rules()
        .find(|(rule, _)| rule.name == name)
        .ok_or_else(|| {
            Refusal::ResourceNotFoundException(format!("Unknown alarm mute rule: {name}"))
        })?;
    let schedule = Structure::new()
        .with("Expression", rule.expression.as_str())
        .with("Duration", rule.duration.as_str())
        .with_optional("Timezone", rule.timezone.as_deref());
    Ok(Structure::new()
        .with("Name", rule.name.as_str())
        .with("AlarmMuteRuleArn", arn)
        .with_optional("Description", rule.description.as_deref())
        .with("Rule", Structure::new().with("Schedule", schedule))
        .with(
            "MuteTargets",
            Structure::new().with("AlarmNames", rule.alarm_names.clone()),
        )
        .with_optional("StartDate", rule.start)
        .with_optional("ExpireDate", rule.expire)
        .with("Status", rule.status(cloud.now()).name())
        .with("LastUpdatedTimestamp", rule.updated)
        .with("MuteType", rule.mute_type())
        .into())
}

pub(super) fn list_alarm_mute_rules(cloud: &Cloud, input: Input<'_>) -> Read<Tree> {
    let alarm = input.text("AlarmName")?;
    let statuses = input.texts("Statuses")?;
    const KNOWN: [&str; 3] = ["SCHEDULED", "ACTIVE", "EXPIRED"];
    if let Some(wrong) = statuses.iter().find(|name| !KNOWN.contains(&name.as_str())) {
        return Err(not_in_set("Statuses", wrong, &KNOWN.join(", ")));
    }
    let now = cloud.now();
    let found: Vec<Structure> = cloud
        .cloudwatch
        .mute_rules()
        .filter(|(rule, _)| {
            alarm.is_none_or(|alarm| rule.alarm_names.iter().any(|name| name == alarm))
                && (statuses.is_empty()
                    || statuses.iter().any(|name| name == rule.status(now).name()))
        })
        .map(|(rule, arn)| {
            Structure::new()
                .with("AlarmMuteRuleArn", arn)
                .with_optional("ExpireDate", rule.expire)
                .with("Status", rule.status(now).name())
                .with("MuteType", rule.mute_type())
                .with("LastUpdatedTimestamp", rule.updated)
        })
        .collect();
    let most = paging::most(input, 50, 100)?;
    let (page, next) = paging::page(input, "ListAlarmMuteRules", found, most)?;
    Ok(Structure::new()
        .with("AlarmMuteRuleSummaries", page)
        .with_optional("NextToken", next)
        .into())
}

pub(super) fn delete_alarm_mute_rule(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let name = input.required_text("AlarmMuteRuleName")?;
    cloud.cloudwatch.delete_mute_rule(name);
    Ok(Tree::Null)
}
