//! CloudWatch: which alarms went off in a span of time, for the report of a drill.

use aws_sdk_cloudwatch::types::HistoryItemType;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{Aws, ServiceError, to_sdk};

/// A drill takes minutes; more transitions than these in that time are a storm, of which the first tell enough.
const MOST_PAGES: usize = 5;

impl Aws {
    /// The alarms of the account and Region that went into ALARM in a span of time, by name, each once.
    pub(super) async fn alarms_fired(
        &self,
        from: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<String>, ServiceError> {
        let doing = "reading which alarms went off (DescribeAlarmHistory)";
        let request = self
            .cloudwatch
            .describe_alarm_history()
            .history_item_type(HistoryItemType::StateUpdate)
            .start_date(to_sdk(from))
            .end_date(to_sdk(until));
        let mut pages = request.into_paginator().send();
        let mut fired = Vec::new();
        for _ in 0..MOST_PAGES {
            let Some(page) = pages.next().await else {
                break;
            };
            let page = page.map_err(|error| ServiceError::new(doing, &error))?;
            fired.extend(
                page.alarm_history_items()
                    .iter()
                    .filter(|item| went_into_alarm(item.history_data(), item.history_summary()))
                    .filter_map(|item| item.alarm_name().map(str::to_owned)),
            );
        }
        fired.sort();
        fired.dedup();
        Ok(fired)
    }
}

/// Whether an update of a state was one into ALARM: by its data, or where that is not readable by its summary, such as `Alarm
/// updated from OK to ALARM`.
fn went_into_alarm(data: Option<&str>, summary: Option<&str>) -> bool {
    let data = data.and_then(|text| serde_json::from_str::<Value>(text).ok());
    let state = data.as_ref().and_then(|data| {
        data.get("newState")?
            .get("stateValue")?
            .as_str()
            .map(str::to_owned)
    });
    match state {
        Some(state) => state == "ALARM",
        None => summary.is_some_and(|text| text.trim_end().ends_with("to ALARM")),
    }
}
