//! `GetMetricData`.

use chrono::DateTime;

use super::{
    describe::ascending,
    input::{Input, Read, absent},
    metrics::aligned,
    paging, queries,
    tree::{Structure, Tree},
};
use crate::cloud::{
    Cloud,
    cloudwatch::{
        DataStatus, Refusal,
        alarm::check_period,
        query::{self, Answered, Query, Source},
    },
};

/// (CW-DG quotas) queries per request.
const MOST_QUERIES: usize = 500;

/// (CW-DG quotas) data points per page.
const MOST_DATAPOINTS: i64 = 100_800;

pub(super) fn get_metric_data(cloud: &mut Cloud, input: Input<'_>) -> Read<Tree> {
    let queries = queries(input)?;
    let start = input
        .time("StartTime")?
        .ok_or_else(|| absent("StartTime"))?;
    let end = input.time("EndTime")?.ok_or_else(|| absent("EndTime"))?;
    if start >= end {
        return Err(Refusal::Validation(
            "The parameter StartTime must be less than the parameter EndTime.".to_owned(),
        )
        .into());
    }
    let most = input.integer("MaxDatapoints")?.unwrap_or(MOST_DATAPOINTS);
    let most = usize::try_from(most)
        .ok()
        .filter(|most| *most > 0)
        .ok_or_else(|| {
            Refusal::Validation("The parameter MaxDatapoints must be greater than 0.".to_owned())
        })?;
    let oldest_first = ascending(input)?;
    let place = paging::start(input, "GetMetricData")?;
    let window = aligned(cloud, start, end, query::common_period(&queries));
    let answered = query::evaluate(cloud.cloudwatch.store(), &queries, window)?;
    let forced = cloud.cloudwatch.take_forced_status();
    let total: usize = answered.iter().map(|one| one.line.len()).sum();
    let mut pages = Pages {
        skip: place,
        room: most,
        first: place == 0,
        oldest_first,
    };
    let results: Vec<Structure> = answered
        .iter()
        .filter_map(|one| pages.result(one, forced))
        .collect();
    let end = place.saturating_add(most);
    let next = (end < total).then(|| paging::token("GetMetricData", end));
    Ok(Structure::new()
        .with("MetricDataResults", results)
        .with_optional("NextToken", next)
        .with("Messages", Vec::<Tree>::new())
        .into())
}

fn queries(input: Input<'_>) -> Read<Vec<Query>> {
    let members = input
        .list("MetricDataQueries")?
        .ok_or_else(|| absent("MetricDataQueries"))?;
    if members.is_empty() {
        return Err(absent("MetricDataQueries"));
    }
    if members.len() > MOST_QUERIES {
        return Err(Refusal::Validation(format!(
            "The collection MetricDataQueries must not have a size greater than {MOST_QUERIES}."
        ))
        .into());
    }
    let queries = queries::read(input, "MetricDataQueries")?;
    query::check(&queries)?;
    for query in &queries {
        if let Source::Stat(stat) = &query.source
            && !matches!(stat.period, 1 | 5)
        {
            check_period(stat.period)?;
        }
    }
    if queries.iter().any(|query| query.return_data) {
        Ok(queries)
    } else {
        Err(Refusal::Validation("At least one query must return data.".to_owned()).into())
    }
}

/// Cuts the results, taken as one long row of data points, into pages.
struct Pages {
    /// Data points that earlier pages had.
    skip: usize,
    /// Data points that this page still takes.
    room: usize,
    /// Whether this is the first page, which names every result.
    first: bool,
    oldest_first: bool,
}

impl Pages {
    /// The part of one result that falls on this page. `None`: none of it does, and the first page has named it.
    fn result(&mut self, answered: &Answered, forced: Option<DataStatus>) -> Option<Structure> {
        let mut points: Vec<(i64, f64)> = answered
            .line
            .iter()
            .map(|(at, value)| (*at, *value))
            .collect();
        if !self.oldest_first {
            points.reverse();
        }
        let all = points.len();
        let before = self.skip.min(all);
        self.skip -= before;
        let taken = (all - before).min(self.room);
        self.room -= taken;
        let ends_here = before + taken == all;
        if !self.first && taken == 0 {
            return None;
        }
        let mut part: Vec<(i64, f64)> = points.into_iter().skip(before).take(taken).collect();
        let status = forced.unwrap_or(if ends_here {
            DataStatus::Complete
        } else {
            DataStatus::PartialData
        });
        match forced {
            None | Some(DataStatus::Complete) => {}
            Some(DataStatus::PartialData) => part.truncate(part.len() / 2),
            Some(DataStatus::InternalError | DataStatus::Forbidden) => part.clear(),
        }
        let times: Vec<Tree> = part
            .iter()
            .filter_map(|(at, _)| DateTime::from_timestamp(*at, 0))
            .map(Tree::Time)
            .collect();
        let values: Vec<f64> = part.iter().map(|(_, value)| *value).collect();
        Some(
            Structure::new()
                .with("Id", answered.id.as_str())
                .with("Label", answered.label.as_str())
                .with("Timestamps", times)
                .with("Values", values)
                .with("StatusCode", status.name()),
        )
    }
}
