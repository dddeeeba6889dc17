//! What the functions would change: whether they could, and whether somebody else does.

use std::collections::BTreeMap;

use clusterwarden::{
    alarm::shows_auto_scaling,
    cluster::{Group, Switch},
    policy::AccountSeen,
};
use wildmatch::WildMatch;

use super::case::Case;
use crate::doctor::{Check, Function, finding::Findings, seen::Scalable};

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    let of_groups = Function::ALL
        .into_iter()
        .any(|one| one.is_of_groups() && case.wants(one));
    if of_groups
        && findings
            .read(
                Check::PolicyFitsAccount,
                "replication groups",
                &case.seen.groups,
            )
            .is_some()
    {
        compare_with_account(case, findings);
        for function in Function::ALL {
            for group in case.groups(function) {
                require_cluster_mode(function, group, findings);
                require_failover_settings(function, group, findings);
            }
        }
        require_no_datastore(case, findings);
    }
    if of_groups {
        require_no_auto_scaling(case, findings);
    }
    if case.wants(Function::FailoverDbCluster) {
        require_db_clusters(case, findings);
    }
}

/// What `check --online` says, but for what is looked at more closely here: alarms, modes, datastores, scalers.
fn compare_with_account(case: &Case<'_>, findings: &mut Findings) {
    let policy = case.policy();
    let resharding = policy.reshard.iter().flat_map(|entry| entry.alarms.names());
    let failovers = policy.failovers().flat_map(|entry| entry.alarms.names());
    let mut groups = case.seen.groups.clone().unwrap_or_default();
    for group in &mut groups {
        group.global_datastore = None;
        let promoted = policy.promote_replica_for(&group.id).is_some();
        let mode = if promoted { "disabled" } else { "enabled" };
        group.cluster_mode = Some(mode.to_owned());
    }
    let seen = AccountSeen {
        groups,
        alarms: resharding.chain(failovers).cloned().collect(),
        auto_scaling: Vec::new(),
    };
    let warnings = case.file.warnings_about(&seen);
    for warning in warnings.iter() {
        let place = format!("line {} of the policy", warning.line);
        let fix = warning.advice.clone();
        findings.warning(Check::PolicyFitsAccount, &place, &warning.message, fix);
    }
    if warnings.is_empty() {
        let saw = "every group that it names is there, within its bounds";
        findings.ok(Check::PolicyFitsAccount, "the policy", saw);
    }
}

fn require_cluster_mode(function: Function, group: &Group, findings: &mut Findings) {
    let wanted = match function {
        Function::Reshard => "enabled",
        Function::PromoteReplica => "disabled",
        // Shards are failed over in either mode.
        Function::FailoverShard | Function::FailoverDbCluster => return,
    };
    let (id, place) = (&group.id, format!("group {}", group.id));
    let mode = group.cluster_mode.as_deref().unwrap_or("unsaid");
    if mode == wanted {
        let saw = format!("its cluster mode is {mode}, as {} needs", function.folder());
        findings.ok(Check::ClusterMode, &place, saw);
        return;
    }
    let saw = format!(
        "its cluster mode is {mode}; {} needs {wanted} and holds",
        function.folder()
    );
    let fix = match function {
        Function::Reshard => format!(
            "aws elasticache modify-replication-group --replication-group-id {id} --cluster-mode compatible --apply-immediately, then once \
             clients use the cluster protocol the same with enabled; or take it out of [[reshard]]"
        ),
        Function::FailoverShard | Function::FailoverDbCluster | Function::PromoteReplica => {
            format!("move {id} to [[failover_shard]], or take it out of [[promote_replica]]")
        }
    };
    findings.error(Check::ClusterMode, &place, saw, fix);
}

fn require_failover_settings(function: Function, group: &Group, findings: &mut Findings) {
    let wanted = match function {
        Function::FailoverShard => Switch::On,
        Function::PromoteReplica => Switch::Off,
        Function::Reshard | Function::FailoverDbCluster => return,
    };
    let (id, place) = (&group.id, format!("group {}", group.id));
    let saw = format!(
        "automatic failover is {}, Multi-AZ is {}; {} needs both {wanted}",
        group.automatic_failover,
        group.multi_az,
        function.folder()
    );
    if group.automatic_failover == wanted && group.multi_az == wanted {
        findings.ok(Check::FailoverSettings, &place, saw);
    } else if wanted == Switch::On {
        let fix = format!(
            "aws elasticache modify-replication-group --replication-group-id {id} --automatic-failover-enabled --multi-az-enabled --apply-immediately"
        );
        findings.error(Check::FailoverSettings, &place, saw, fix);
    } else {
        let fix = format!("move {id} to [[failover_shard]]: AWS fails over by itself there");
        findings.error(Check::FailoverSettings, &place, saw, fix);
    }
}

fn require_no_datastore(case: &Case<'_>, findings: &mut Findings) {
    let mut groups: Vec<&Group> = Function::ALL
        .into_iter()
        .flat_map(|one| case.groups(one))
        .collect();
    groups.sort_by_key(|group| &group.id);
    groups.dedup_by_key(|group| &group.id);
    let mut alone = true;
    for group in groups {
        if let Some(datastore) = &group.global_datastore {
            alone = false;
            let place = format!("group {}", group.id);
            let saw = format!(
                "belongs to Global Datastore {datastore}, whose shards change through the datastore: everything is held"
            );
            let fix = format!("take {} out of the policy", group.id);
            findings.error(Check::GlobalDatastore, &place, saw, fix);
        }
    }
    let functions = Function::ALL
        .into_iter()
        .filter(|one| one.is_of_groups() && case.wants(*one));
    if functions.clone().all(|one| case.groups(one).is_empty()) {
        for one in functions {
            case.has_targets(one, (Check::GlobalDatastore, "the policy"), findings);
        }
    } else if alone {
        let saw = "no group that it governs belongs to a Global Datastore";
        findings.ok(Check::GlobalDatastore, "the policy", saw);
    }
}

fn require_no_auto_scaling(case: &Case<'_>, findings: &mut Findings) {
    let place = "Application Auto Scaling";
    let scalable = findings.read(Check::AutoScaling, place, &case.seen.scalable);
    let alarms = findings.read(
        Check::AutoScaling,
        "alarms TargetTracking-*",
        &case.seen.scaling_alarms,
    );
    let mut governed: BTreeMap<&str, Vec<&Scalable>> = BTreeMap::new();
    for one in scalable.into_iter().flatten() {
        let id = one.resource.strip_prefix("replication-group/");
        governed
            .entry(id.unwrap_or(&one.resource))
            .or_default()
            .push(one);
    }
    let mut alone = true;
    for group in case.groups(Function::Reshard) {
        let place = format!("group {}", group.id);
        let targets = governed.get(group.id.as_str());
        for target in targets.into_iter().flatten() {
            alone = false;
            let saw = format!(
                "Application Auto Scaling governs it ({}); two scalers must not",
                target.dimension
            );
            let fix = format!(
                "aws application-autoscaling deregister-scalable-target --service-namespace elasticache --resource-id {} \
                 --scalable-dimension {}, or take it out of [[reshard]]",
                target.resource, target.dimension
            );
            findings.error(Check::AutoScaling, &place, saw, fix);
        }
        let mut alarms = alarms.into_iter().flatten();
        if let (None, Some(alarm)) = (
            targets,
            alarms.find(|name| shows_auto_scaling(name, &group.id)),
        ) {
            alone = false;
            let saw = format!(
                "alarm {alarm} looks like Application Auto Scaling's: every change is held"
            );
            let fix = format!(
                "aws cloudwatch delete-alarms --alarm-names {alarm} if nothing is registered any more, or take it out of [[reshard]]"
            );
            findings.error(Check::AutoScaling, &place, saw, fix);
        }
    }
    let read = scalable.is_some() && alarms.is_some();
    let resharding = case.wants(Function::Reshard);
    if alone
        && read
        && (!resharding
            || case.has_targets(Function::Reshard, (Check::AutoScaling, place), findings))
    {
        findings.ok(Check::AutoScaling, place, "governs no group of [[reshard]]");
    }
}

fn require_db_clusters(case: &Case<'_>, findings: &mut Findings) {
    let read = findings.read(
        Check::DbCluster,
        "database clusters",
        &case.seen.db_clusters,
    );
    let Some(all) = read else {
        return;
    };
    for entry in &case.policy().failover_db_cluster {
        let exact = !entry.target.contains(['*', '?']);
        if exact && !all.iter().any(|one| one.id.as_str() == entry.target) {
            let place = format!("cluster {}", entry.target);
            let saw = "is not in this account and Region";
            let fix = "correct db_cluster in the policy, or take the entry out";
            findings.error(Check::DbCluster, &place, saw, fix);
        }
    }
    for entry in &case.policy().failover_db_cluster {
        let pattern = WildMatch::new(&entry.target);
        if entry.target.contains(['*', '?'])
            && !all.iter().any(|one| pattern.matches(one.id.as_str()))
        {
            let place = format!("clusters {}", entry.target);
            let saw = "no cluster of this account and Region matches";
            let fix = "correct db_cluster in the policy, or take the entry out";
            findings.warning(Check::DbCluster, &place, saw, fix);
        }
    }
    for cluster in case.db_clusters() {
        let place = format!("cluster {}", cluster.id);
        let out = format!("take {} out of [[failover_db_cluster]]", cluster.id);
        if !cluster.is_neptune() {
            let engine = cluster.engine.as_deref().unwrap_or("unsaid");
            let saw = format!("its engine is {engine}, not neptune: it is never failed over");
            findings.error(Check::DbCluster, &place, saw, out);
        } else if let Some(global) = &cluster.global_database {
            let saw = format!("belongs to Global Database {global}: it is never failed over");
            findings.error(Check::DbCluster, &place, saw, out);
        } else if cluster.members.len() < 2 {
            let saw = "has no reader to fail over to";
            let fix = format!(
                "aws neptune create-db-instance --db-instance-identifier NAME --db-cluster-identifier {} --engine neptune --db-instance-class CLASS",
                cluster.id
            );
            findings.error(Check::DbCluster, &place, saw, fix);
        } else {
            let readers = cluster.members.len() - 1;
            findings.ok(
                Check::DbCluster,
                &place,
                format!("is Neptune's, with {readers} to fail over to"),
            );
        }
    }
}
