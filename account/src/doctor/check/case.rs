//! A policy's file beside what was seen: which function is about what.

use std::collections::BTreeSet;

use clusterwarden::{
    cluster::{DbClusterId, Group, ReplicationGroupId},
    db_cluster::DbCluster,
    policy::{Apply, FailoverApply, FailoverPolicy, Policy, PolicyFile},
};

use crate::doctor::{Check, Function, Seen, finding::Findings, seen::FunctionSeen};

/// What the checks are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) file: &'a PolicyFile,
    pub(super) seen: &'a Seen,
}

/// A group or a cluster that an entry of the policy governs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Target {
    pub(super) id: String,
    /// Whether its entry lets anything be carried out.
    pub(super) applies: bool,
}

impl<'a> Case<'a> {
    pub(super) fn policy(&self) -> &'a Policy {
        self.file.policy()
    }

    fn entries(&self, function: Function) -> Option<&'a [FailoverPolicy]> {
        match function {
            Function::Reshard => None,
            Function::FailoverShard => Some(&self.policy().failover_shard),
            Function::FailoverDbCluster => Some(&self.policy().failover_db_cluster),
            Function::PromoteReplica => Some(&self.policy().promote_replica),
        }
    }

    /// Whether the policy has entries for a function.
    pub(super) fn wants(&self, function: Function) -> bool {
        function.is_wanted_by(self.policy())
    }

    /// Whether the entry that governs a target lets anything be carried out. `None`: no entry of the function governs it.
    fn applies(&self, function: Function, id: &str) -> Option<bool> {
        let policy = self.policy();
        let group = ReplicationGroupId::new(id);
        let failover = match function {
            Function::Reshard => {
                let entry = policy.reshard_for(&group)?;
                return Some(entry.apply != Apply::None);
            }
            Function::FailoverShard => policy.failover_shard_for(&group),
            Function::FailoverDbCluster => policy.failover_db_cluster_for(&DbClusterId::new(id)),
            Function::PromoteReplica => policy.promote_replica_for(&group),
        };
        Some(failover?.apply != FailoverApply::None)
    }

    /// Ids of the account that a function could be about. `None`: they could not be read.
    pub(super) fn ids(&self, function: Function) -> Option<BTreeSet<String>> {
        if function.is_of_groups() {
            let groups = self.seen.groups.as_ref().ok()?;
            Some(groups.iter().map(|group| group.id.to_string()).collect())
        } else {
            let clusters = self.seen.db_clusters.as_ref().ok()?;
            Some(clusters.iter().map(|one| one.id.to_string()).collect())
        }
    }

    /// What a function's entries govern in the account. Where the account could not be read: what they name one by one.
    pub(super) fn targets(&self, function: Function) -> BTreeSet<Target> {
        let ids = self.ids(function).unwrap_or_else(|| {
            let names: Vec<&String> = match self.entries(function) {
                Some(entries) => entries.iter().map(|entry| &entry.target).collect(),
                None => {
                    let entries = self.policy().reshard.iter();
                    entries.map(|entry| &entry.replication_group).collect()
                }
            };
            let exact = names.into_iter().filter(|name| !name.contains(['*', '?']));
            exact.cloned().collect()
        });
        let target = |id: String| {
            let applies = self.applies(function, &id)?;
            Some(Target { id, applies })
        };
        ids.into_iter().filter_map(target).collect()
    }

    /// The groups that a function's entries govern, as far as they could be read.
    pub(super) fn groups(&self, function: Function) -> Vec<&'a Group> {
        let groups = self.seen.groups.as_ref().map(Vec::as_slice);
        let groups = groups.unwrap_or_default().iter();
        groups
            .filter(|group| self.applies(function, group.id.as_str()).is_some())
            .collect()
    }

    /// The database clusters that entries govern, as far as they could be read.
    pub(super) fn db_clusters(&self) -> Vec<&'a DbCluster> {
        let clusters = self.seen.db_clusters.as_ref().map(Vec::as_slice);
        let clusters = clusters.unwrap_or_default().iter();
        clusters
            .filter(|one| {
                self.applies(Function::FailoverDbCluster, one.id.as_str())
                    .is_some()
            })
            .collect()
    }

    /// A function that is there and could be read.
    pub(super) fn function(&self, function: Function) -> Option<&'a FunctionSeen> {
        let read = self.seen.functions.get(&function)?;
        read.as_ref().ok()?.as_ref()
    }

    /// The functions that the policy has entries for and that are there.
    pub(super) fn functions(&self) -> impl Iterator<Item = (Function, &'a FunctionSeen)> {
        let case = *self;
        Function::ALL
            .into_iter()
            .filter(move |function| case.wants(*function))
            .filter_map(move |function| Some((function, case.function(function)?)))
    }

    /// Whether there is a target of a function to judge: says so where targets could not be read, and where none matches.
    pub(super) fn has_targets(
        &self,
        function: Function,
        (check, place): (Check, &str),
        findings: &mut Findings,
    ) -> bool {
        let unread = if function.is_of_groups() {
            self.seen.groups.as_ref().err()
        } else {
            self.seen.db_clusters.as_ref().err()
        };
        if let Some(unread) = unread {
            findings.unread(check, place, unread);
            return false;
        }
        let table = function.table();
        let some = !self.targets(function).is_empty();
        if !some {
            let saw = format!("not judged: no target of the account matches {table}");
            let fix = format!("correct the names in {table} of the policy, or --region");
            findings.unjudged(check, place, saw, fix);
        }
        some
    }

    /// Whether a function of the stack runs in apply mode: a deploy with the values of the default environment would end that.
    fn is_applied(&self) -> bool {
        let mut functions = self.functions();
        functions.any(|(_, seen)| {
            seen.variables
                .get("MODE")
                .is_some_and(|mode| mode == "apply")
        })
    }

    /// A command that deploys the stack again in the mode that it has.
    pub(super) fn redeploy(&self) -> String {
        let environment = if self.is_applied() {
            " --config-env apply"
        } else {
            ""
        };
        format!("sam deploy --stack-name {}{environment}", self.seen.stack)
    }

    /// How to deploy the stack with other parameters, in the mode that it has. `samconfig.toml` has all of a deployment's
    /// values: one given on the command line would be undone by the next deploy.
    pub(super) fn deploy(&self, parameters: &str) -> String {
        self.deploy_as(parameters, self.is_applied())
    }

    /// How to deploy the stack in apply mode or in plan mode, with these parameters besides.
    pub(super) fn deploy_as(&self, parameters: &str, apply: bool) -> String {
        let stack = &self.seen.stack;
        let (name, environment) = if apply {
            ("apply", " --config-env apply")
        } else {
            ("default", "")
        };
        let set = if parameters.is_empty() {
            String::new()
        } else {
            format!("set {parameters} in [{name}.deploy.parameters] of samconfig.toml, then ")
        };
        format!("{set}sam build{environment} && sam deploy{environment} --stack-name {stack}")
    }
}

/// Partition, Region and account of an ARN.
pub(super) fn place_of(arn: &str) -> (&str, &str, &str) {
    let mut parts = arn.split(':');
    let mut part = |skip| parts.nth(skip).unwrap_or_default();
    (part(1), part(1), part(0))
}

/// Names in a sentence: all of a few, the first ones of many.
pub(super) fn listed<S: AsRef<str>>(names: &[S]) -> String {
    const SHOWN: usize = 5;
    let first: Vec<&str> = names.iter().take(SHOWN).map(AsRef::as_ref).collect();
    let more = names.len().saturating_sub(SHOWN);
    match more {
        0 => first.join(", "),
        _ => format!("{} and {more} more", first.join(", ")),
    }
}
