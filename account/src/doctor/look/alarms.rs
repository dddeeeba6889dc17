//! CloudWatch: the alarms that a policy names.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudwatch::types::AlarmType;
use clusterwarden::policy::Policy;

use super::{Clients, unread};
use crate::doctor::{AlarmSeen, Read};

/// DescribeAlarms takes at most this many names.
const NAMES_PER_READ: usize = 100;

impl Clients {
    pub(super) async fn alarms(&self, policy: &Policy) -> Read<BTreeMap<String, AlarmSeen>> {
        let resharding = policy.reshard.iter().flat_map(|entry| entry.alarms.names());
        let failovers = policy.failovers().flat_map(|entry| entry.alarms.names());
        let names: BTreeSet<&String> = resharding.chain(failovers).collect();
        let names: Vec<String> = names.into_iter().cloned().collect();
        let mut seen = BTreeMap::new();
        for names in names.chunks(NAMES_PER_READ) {
            let asked = self
                .cloudwatch
                .describe_alarms()
                .set_alarm_names(Some(names.to_vec()))
                .alarm_types(AlarmType::MetricAlarm)
                .alarm_types(AlarmType::CompositeAlarm);
            let mut pages = asked.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| unread("cloudwatch:DescribeAlarms", &error))?;
                let metric = page.metric_alarms().iter().map(|one| {
                    (
                        one.alarm_name(),
                        one.alarm_arn(),
                        one.actions_enabled(),
                        one.alarm_actions(),
                    )
                });
                let composite = page.composite_alarms().iter().map(|one| {
                    (
                        one.alarm_name(),
                        one.alarm_arn(),
                        one.actions_enabled(),
                        one.alarm_actions(),
                    )
                });
                for (name, arn, enabled, actions) in metric.chain(composite) {
                    let alarm = AlarmSeen {
                        arn: arn.unwrap_or_default().to_owned(),
                        actions_enabled: enabled.unwrap_or(true),
                        actions: actions.to_vec(),
                    };
                    seen.insert(name.unwrap_or_default().to_owned(), alarm);
                }
            }
        }
        Ok(seen)
    }
}
