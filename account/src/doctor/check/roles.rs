//! Roles: what each function may do, beside what it has to.
//!
//! Read from the role's inline policies. Boundaries, managed policies, policies of the organization and most conditions are not
//! judged; where there are some, a finding says so.

use serde_json::Value;

use super::{
    case::{Case, listed, place_of},
    roles_targets::{pattern, require_targets},
};
use crate::doctor::{
    Check, Function, OF_ALL,
    finding::Findings,
    seen::FunctionSeen,
    statement::{allows, grants, names_action, statements},
};

/// One function with the statements of its role.
pub(super) struct Role<'a> {
    pub(super) function: Function,
    pub(super) seen: &'a FunctionSeen,
    pub(super) statements: &'a [Value],
    /// Whether something else may grant what the statements do not.
    pub(super) has_more: bool,
}

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    for (function, seen) in case.functions() {
        let place = format!("role {}", seen.role.name);
        require_no_others(function, seen, findings);
        let read = findings.read(Check::RoleChanges, &place, &seen.role.documents);
        let Some(documents) = read else {
            continue;
        };
        let all: Vec<Value> = documents
            .iter()
            .flat_map(|(_, document)| statements(document))
            .collect();
        let attached = seen.role.attached.as_ref();
        let role = Role {
            function,
            seen,
            statements: &all,
            has_more: attached.map_or(true, |attached| !attached.is_empty()),
        };
        role.require_observes(case, findings);
        role.require_changes(case, findings);
    }
}

fn require_no_others(function: Function, seen: &FunctionSeen, findings: &mut Findings) {
    let (name, check) = (&seen.role.name, Check::RoleOtherPolicies);
    let place = format!("role {name}");
    let attached = findings.read(check, &place, &seen.role.attached);
    let boundary = findings.read(check, &place, &seen.role.boundary);
    match attached.map(Vec::as_slice) {
        Some([first, ..]) => {
            let all = attached.map(|all| listed(all)).unwrap_or_default();
            let saw = format!(
                "has managed policies ({all}), which grant what the template does not show and this does not read"
            );
            let fix = format!("aws iam detach-role-policy --role-name {name} --policy-arn {first}");
            findings.warning(check, &place, saw, fix);
        }
        Some([]) if matches!(boundary, Some(None)) => {
            findings.ok(check, &place, "has no managed policy and no boundary");
        }
        Some([]) | None => {}
    }
    if let Some(Some(boundary)) = boundary {
        let saw = format!(
            "has the boundary {boundary}, which is not read here and may refuse what the role allows"
        );
        let fix = format!(
            "aws iam simulate-principal-policy --policy-source-arn {} --action-names {} --resource-arns ARN_OF_A_TARGET",
            seen.role.arn,
            function.change()
        );
        findings.unjudged(check, &place, saw, fix);
    }
}

impl Role<'_> {
    pub(super) fn place(&self) -> String {
        format!("role {}", self.seen.role.name)
    }

    /// Whether the role may do this to a resource, as far as is judged here.
    pub(super) fn may(&self, action: &str, arn: &str) -> bool {
        let all: Vec<&Value> = self.statements.iter().collect();
        grants(&all, action, arn)
    }

    /// The statements that allow the function's own change.
    pub(super) fn changing(&self) -> Vec<&Value> {
        let change = self.function.change();
        let mut all: Vec<&Value> = self.statements.iter().collect();
        all.retain(|one| allows(one) && names_action(one, change));
        all
    }

    fn require_observes(&self, case: &Case<'_>, findings: &mut Findings) {
        let (partition, region, account) = place_of(&self.seen.arn);
        let table = self
            .seen
            .variables
            .get("JOURNAL_TABLE")
            .map_or("", String::as_str);
        let table = format!("arn:{partition}:dynamodb:{region}:{account}:table/{table}");
        let queue = self
            .seen
            .on_failure
            .as_ref()
            .ok()
            .and_then(Option::as_deref);
        let missing: Vec<&str> =
            self.function
                .reads()
                .iter()
                .chain(&OF_ALL)
                .copied()
                .filter(|action| match *action {
                    "sqs:SendMessage" => queue
                        .is_some_and(|queue| queue.contains(":sqs:") && !self.may(action, queue)),
                    _ if action.starts_with("dynamodb:") => !self.may(action, &table),
                    _ => {
                        let resource = listed_kind(action).map_or_else(
                            || "*".to_owned(),
                            |(service, kind)| {
                                format!("arn:{partition}:{service}:{region}:{account}:{kind}:*")
                            },
                        );
                        !self.may(action, &resource)
                    }
                })
                .collect();
        let place = self.place();
        let redeploy = format!("{} (template.yaml grants them)", case.redeploy());
        let saw = format!("may not {}", listed(&missing));
        if missing.is_empty() {
            findings.ok(
                Check::RoleObserves,
                &place,
                "may read all that its function reads, and write the journal",
            );
        } else if self.has_more {
            let saw = format!("{saw} by its own policies; others are not read here");
            findings.unjudged(Check::RoleObserves, &place, saw, redeploy);
        } else {
            let saw = format!("{saw}: every target is held, or what failed is lost");
            findings.error(Check::RoleObserves, &place, saw, redeploy);
        }
    }

    fn require_changes(&self, case: &Case<'_>, findings: &mut Findings) {
        let (place, change) = (self.place(), self.function.change());
        let granted = !self.changing().is_empty();
        let mode = self.seen.variables.get("MODE").map_or("", String::as_str);
        match (mode, granted) {
            ("apply", true) => {
                findings.ok(
                    Check::RoleChanges,
                    &place,
                    format!("grants {change}, for apply mode"),
                );
                require_targets(case, self, findings);
            }
            ("apply", false) if self.has_more => {
                let saw =
                    format!("its own policies do not grant {change}; others are not read here");
                let fix = case.deploy_as(&parameters(case), true);
                findings.unjudged(Check::RoleChanges, &place, saw, fix);
            }
            ("apply", false) => {
                let saw = format!(
                    "does not grant {change}, though the function runs in apply mode: every change is refused"
                );
                let fix = case.deploy_as(&parameters(case), true);
                findings.error(Check::RoleChanges, &place, saw, fix);
            }
            (_, true) => {
                let saw = format!(
                    "grants {change} in plan mode: that nothing is changed rests on the program alone"
                );
                // What it covers is not told: the mend is plan mode, not another pattern.
                findings.warning(Check::RoleChanges, &place, saw, case.deploy_as("", false));
            }
            (_, false) => {
                let saw = "grants no change, as plan mode should; what apply mode would cover can be read only then";
                let next = case.deploy_as(&parameters(case), true);
                let next = format!("when you apply: {next}");
                findings.next(Check::RoleChanges, &place, saw, next);
            }
        }
    }
}

/// The parameters of apply mode with which the roles cover the policy's targets and little else. Those of all functions at
/// once, as the template refuses apply mode as long as `DbClusterPattern` is `*`.
fn parameters(case: &Case<'_>) -> String {
    let mut parameters = Vec::new();
    let mut of_groups = Function::ALL.into_iter().filter(|one| one.is_of_groups());
    if let Some(function) = of_groups.find(|one| case.wants(*one)) {
        let pattern = pattern(case, function);
        parameters.extend(pattern.map(|one| format!("ReplicationGroupPattern={one}")));
    }
    if case.wants(Function::FailoverDbCluster) {
        let pattern = pattern(case, Function::FailoverDbCluster);
        let pattern = pattern.as_deref().unwrap_or("PATTERN_OF_YOUR_CLUSTERS");
        parameters.push(format!("DbClusterPattern={pattern}"));
    }
    let entries = case.policy().reshard.iter();
    let most = entries.map(|entry| entry.max_shards).max();
    parameters.extend(most.map(|most| format!("MaxShardsCeiling={most}")));
    parameters.join(" ")
}

/// The service and kind of resource, all of which a read asks for: lists and tags are authorized on those, the others on no
/// resource at all. As AWS's service authorization reference has it; `docs/operations.md` says what is not verified.
fn listed_kind(action: &str) -> Option<(&'static str, &'static str)> {
    match action {
        "elasticache:DescribeReplicationGroups" | "elasticache:ListTagsForResource" => {
            Some(("elasticache", "replicationgroup"))
        }
        "elasticache:DescribeCacheClusters" => Some(("elasticache", "cluster")),
        "rds:DescribeDBClusters" | "rds:ListTagsForResource" => Some(("rds", "cluster")),
        "rds:DescribeDBInstances" => Some(("rds", "db")),
        "cloudwatch:ListAlarmMuteRules" => Some(("cloudwatch", "alarm-mute-rule")),
        _ => None,
    }
}
