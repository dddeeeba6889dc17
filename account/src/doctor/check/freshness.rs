//! Samples of what the functions decide by: on silence they do nothing.

use std::{collections::BTreeMap, time::Duration};

use clusterwarden::cluster::{DbClusterId, ReplicationGroupId};

use super::case::{Case, listed};
use crate::doctor::{Check, Function, finding::Findings, seen::MetricSeen};

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    let Some(metrics) = findings.read(Check::MetricsFresh, "CloudWatch", &case.seen.newest) else {
        return;
    };
    let mut by_target: BTreeMap<(&str, Function, &str), Vec<&MetricSeen>> = BTreeMap::new();
    for one in metrics {
        let key = (one.target.as_str(), one.function, one.metric);
        by_target.entry(key).or_default().push(one);
    }
    for ((id, function, _), parts) in by_target {
        if let (Some(after), Some((first, _))) = (allowed(case, function, id), parts.split_first())
        {
            judge(case, (first, &parts), after, findings);
        }
    }
}

/// How old a sample may be. `None`: no entry governs the target.
fn allowed(case: &Case<'_>, function: Function, id: &str) -> Option<Duration> {
    let policy = case.policy();
    let group = ReplicationGroupId::new(id);
    let entry = match function {
        Function::Reshard => return policy.reshard_for(&group).map(|entry| entry.stale_after),
        Function::FailoverShard => policy.failover_shard_for(&group),
        Function::FailoverDbCluster => policy.failover_db_cluster_for(&DbClusterId::new(id)),
        Function::PromoteReplica => policy.promote_replica_for(&group),
    };
    entry.map(|entry| entry.stale_after)
}

/// Judges one metric of one target by all of its parts: shards, nodes, instances.
fn judge(
    case: &Case<'_>,
    (first, parts): (&MetricSeen, &[&MetricSeen]),
    after: Duration,
    findings: &mut Findings,
) {
    let (check, metric, function) = (Check::MetricsFresh, first.metric, first.function);
    let kind = if function.is_of_groups() {
        "group"
    } else {
        "cluster"
    };
    let place = format!("{kind} {}", first.target);
    let (mut silent, mut old, mut oldest) = (Vec::new(), Vec::new(), 0);
    let allowed = i64::try_from(after.as_secs()).unwrap_or(i64::MAX);
    for part in parts {
        let Some(newest) = findings.read(check, &place, &part.newest) else {
            // One answer has one status: the other parts would say the same.
            return;
        };
        let Some(newest) = newest else {
            silent.push(*part);
            continue;
        };
        let age = (case.seen.at - *newest).num_seconds();
        oldest = oldest.max(age);
        if age > allowed {
            old.push(*part);
        }
    }
    let names = |parts: &[&MetricSeen]| {
        let names: Vec<&str> = parts.iter().filter_map(|one| part_of(one)).collect();
        listed(&names)
    };
    let saw = if !silent.is_empty() {
        format!(
            "no sample of {metric} of {} in the last hour: on silence nothing is done",
            names(&silent)
        )
    } else if !old.is_empty() {
        format!(
            "its newest sample of {metric} of {} is {oldest} s old; {allowed} s count as fresh",
            names(&old)
        )
    } else {
        let saw =
            format!("its newest sample of {metric} is {oldest} s old; {allowed} s count as fresh");
        findings.ok(check, &place, saw);
        return;
    };
    let stale = silent.len() + old.len();
    let shown = silent.first().or(old.first()).unwrap_or(&first);
    let fix = list(shown, kind);
    // Load counts if it is known of every shard; a failover needs those that it is between.
    if function == Function::Reshard || stale == parts.len() {
        findings.error(check, &place, saw, fix);
    } else {
        findings.warning(check, &place, saw, fix);
    }
}

/// The shard, node or instance: the first of the dimensions.
fn part_of(seen: &MetricSeen) -> Option<&str> {
    seen.dimensions.first().map(|(_, value)| value.as_str())
}

fn list(seen: &MetricSeen, kind: &str) -> String {
    let dimensions = seen.dimensions.iter();
    let dimensions: Vec<String> = dimensions
        .map(|(name, value)| format!("Name={name},Value={value}"))
        .collect();
    format!(
        "aws cloudwatch list-metrics --namespace {} --metric-name {} --dimensions {} shows whether it is published; a new {kind} needs some minutes",
        seen.namespace,
        seen.metric,
        dimensions.join(" ")
    )
}
