//! Service quotas: room for what the policy allows. Found by name: names are documented, codes are not everywhere.

use clusterwarden::cluster::Group;

use super::case::Case;
use crate::doctor::{Check, Function, finding::Findings, seen::QuotaSeen};

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    if !case.wants(Function::Reshard) {
        return;
    }
    let place = "Service Quotas, elasticache";
    let Ok(quotas) = &case.seen.quotas else {
        // Both need the one list that could not be read; it is told once.
        findings.read(Check::QuotaClusterNodes, place, &case.seen.quotas);
        return;
    };
    let per_cluster = named(quotas, &|name| {
        name.starts_with("nodes per cluster") && !name.contains("memcached")
    });
    match per_cluster {
        Some(quota) => require_cluster(case, quota, findings),
        None => findings.unjudged(
            Check::QuotaClusterNodes,
            place,
            "lists no quota \"Nodes per cluster …\" but Memcached's",
            LOOK,
        ),
    }
    match named(quotas, &|name| name == "nodes per region") {
        Some(quota) => require_region(case, quota, findings),
        None => {
            let saw = "lists no quota \"Nodes per Region\"";
            findings.unjudged(Check::QuotaRegionNodes, place, saw, LOOK);
        }
    }
}

const LOOK: &str = "aws service-quotas list-aws-default-service-quotas --service-code elasticache --query 'Quotas[].[QuotaCode,QuotaName,Value]' --output text shows what it is called now";

fn named<'q>(quotas: &'q [QuotaSeen], is: &dyn Fn(&str) -> bool) -> Option<&'q QuotaSeen> {
    quotas.iter().find(|quota| is(&quota.name.to_lowercase()))
}

fn place_of(quota: &QuotaSeen) -> String {
    format!("quota {} ({})", quota.name, quota.code)
}

fn raise(quota: &QuotaSeen, to: u64) -> String {
    let code = &quota.code;
    format!(
        "aws service-quotas request-service-quota-increase --service-code elasticache --quota-code {code} --desired-value {to}"
    )
}

/// How many nodes a group has when it has the most shards that the policy allows. `None`: no entry governs it.
fn at_most(case: &Case<'_>, group: &Group) -> Option<(u32, u32)> {
    let entry = case.policy().reshard_for(&group.id)?;
    let each = group.nodes_per_new_shard();
    Some((entry.max_shards, entry.max_shards.saturating_mul(each)))
}

fn require_cluster(case: &Case<'_>, quota: &QuotaSeen, findings: &mut Findings) {
    let place = place_of(quota);
    let mut fits = true;
    for group in case.groups(Function::Reshard) {
        let Some((shards, nodes)) = at_most(case, group) else {
            continue;
        };
        if f64::from(nodes) > quota.value {
            fits = false;
            let (id, each) = (&group.id, group.nodes_per_new_shard());
            let saw = format!(
                "is {}, but max_shards {shards} of {id} are {nodes} nodes: AWS refuses growth before the policy does",
                quota.value
            );
            let fix = format!(
                "{}, or lower max_shards ({each} nodes each)",
                raise(quota, nodes.into())
            );
            findings.error(Check::QuotaClusterNodes, &place, saw, fix);
        }
    }
    let entries = case.policy().reshard.iter();
    if let Some(entry) = entries.max_by_key(|entry| entry.node_quota)
        && f64::from(entry.node_quota) > quota.value
        && fits
    {
        fits = false;
        let saw = format!(
            "is {}, but node_quota of {} counts on {}",
            quota.value, entry.replication_group, entry.node_quota
        );
        let fix = format!(
            "set node_quota = {} in the policy, or {}",
            quota.value,
            raise(quota, entry.node_quota.into())
        );
        findings.warning(Check::QuotaClusterNodes, &place, saw, fix);
    }
    if fits
        && case.has_targets(
            Function::Reshard,
            (Check::QuotaClusterNodes, &place),
            findings,
        )
    {
        let saw = format!("is {}, enough for max_shards of every group", quota.value);
        findings.ok(Check::QuotaClusterNodes, &place, saw);
    }
}

fn require_region(case: &Case<'_>, quota: &QuotaSeen, findings: &mut Findings) {
    let place = place_of(quota);
    let counted_on = case.policy().fleet.max_nodes_in_region;
    let mut fits = true;
    if f64::from(counted_on) > quota.value {
        fits = false;
        let saw = format!(
            "is {}, but fleet.max_nodes_in_region counts on {counted_on}",
            quota.value
        );
        let fix = format!(
            "set fleet.max_nodes_in_region = {} in the policy, or {}",
            quota.value,
            raise(quota, counted_on.into())
        );
        findings.error(Check::QuotaRegionNodes, &place, saw, fix);
    }
    let groups = match &case.seen.groups {
        Ok(groups) => groups,
        Err(unread) => {
            findings.unread(Check::QuotaRegionNodes, &place, unread);
            return;
        }
    };
    let nodes = |group: &Group| {
        at_most(case, group)
            .map_or(0, |(_, most)| most)
            .max(group.node_count())
    };
    let all = groups
        .iter()
        .fold(0_u32, |all, group| all.saturating_add(nodes(group)));
    if f64::from(all) > quota.value {
        fits = false;
        let saw = format!(
            "is {}, but all groups at max_shards together are {all} nodes: the last to grow do not",
            quota.value
        );
        let fix = format!("{}, or lower max_shards", raise(quota, all.into()));
        findings.warning(Check::QuotaRegionNodes, &place, saw, fix);
    }
    if fits {
        let saw = format!(
            "is {}, enough for fleet.max_nodes_in_region and for all groups at max_shards ({all} nodes; memcached and single nodes not counted)",
            quota.value
        );
        findings.ok(Check::QuotaRegionNodes, &place, saw);
    }
}
