//! What a role lets its function change, beside what the policy names.

use std::collections::BTreeSet;

use wildmatch::WildMatch;

use super::{
    case::{Case, Target, listed, place_of},
    roles::Role,
};
use crate::doctor::{Check, Function, finding::Findings, statement::at_most};

/// The condition key that caps the shards that a request may ask for.
const CEILING: &str = "elasticache:NumNodeGroups";

pub(super) fn require_targets(case: &Case<'_>, role: &Role<'_>, findings: &mut Findings) {
    let targets = case.targets(role.function);
    require_covered(case, role, &targets, findings);
    require_nothing_else(case, role, findings);
    if role.function == Function::Reshard {
        require_ceiling(case, role, findings);
    }
}

/// The ARN of a target of a function.
fn arn(role: &Role<'_>, id: &str) -> String {
    let (partition, region, account) = place_of(&role.seen.arn);
    if role.function.is_of_groups() {
        format!("arn:{partition}:elasticache:{region}:{account}:replicationgroup:{id}")
    } else {
        format!("arn:{partition}:rds:{region}:{account}:cluster:{id}")
    }
}

fn covers(role: &Role<'_>, id: &str) -> bool {
    role.may(role.function.change(), &arn(role, id))
}

/// The parameter to set, or what to do where no one pattern would do.
fn narrow(case: &Case<'_>, function: Function) -> String {
    let parameter = function.pattern_parameter();
    match pattern(case, function) {
        Some(pattern) => case.deploy(&format!("{parameter}={pattern}")),
        None => format!(
            "{parameter} is one pattern, and none fits exactly what the policy names: give the targets a common prefix of their own, or \
             deploy one stack for each prefix, with a policy of its own"
        ),
    }
}

/// The targets of all functions that share a function's parameter: one pattern covers them all.
fn sharing(case: &Case<'_>, function: Function) -> BTreeSet<String> {
    let parameter = function.pattern_parameter();
    let sharing = Function::ALL.into_iter();
    let sharing = sharing.filter(|one| one.pattern_parameter() == parameter);
    sharing
        .flat_map(|one| case.targets(one))
        .map(|target| target.id)
        .collect()
}

/// One pattern with `*` that fits all targets that share a function's parameter, and nothing else of the account. `None`: there
/// is none, or no target.
pub(super) fn pattern(case: &Case<'_>, function: Function) -> Option<String> {
    let targets = sharing(case, function);
    let (first, last) = (targets.first()?, targets.last()?);
    if first == last {
        return Some(first.clone());
    }
    // Sorted, the first and the last differ the earliest.
    let both = first.chars().zip(last.chars());
    let common: String = both.take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let pattern = format!("{common}*");
    let fits = WildMatch::new(&pattern);
    let others = case.ids(function)?;
    let exact = others
        .iter()
        .all(|id| targets.contains(id) || !fits.matches(id));
    // Of clusters the template refuses it in apply mode.
    let refused = pattern == "*" && !function.is_of_groups();
    (exact && !refused).then_some(pattern)
}

fn require_covered(
    case: &Case<'_>,
    role: &Role<'_>,
    targets: &BTreeSet<Target>,
    findings: &mut Findings,
) {
    let (place, check) = (role.place(), Check::RoleCoversTargets);
    let uncovered = |applies| {
        let targets = targets.iter();
        let targets = targets.filter(|one| one.applies == applies && !covers(role, &one.id));
        targets.map(|one| one.id.as_str()).collect::<Vec<&str>>()
    };
    let (acted_on, planned) = (uncovered(true), uncovered(false));
    let change = role.function.change();
    if !acted_on.is_empty() {
        let saw = format!(
            "does not cover {}: {change} is refused there",
            listed(&acted_on)
        );
        if role.has_more {
            findings.unjudged(
                check,
                &place,
                format!("{saw}, unless a policy allows it that is not read here"),
                narrow(case, role.function),
            );
        } else {
            findings.error(check, &place, saw, narrow(case, role.function));
        }
    }
    if !planned.is_empty() {
        let saw = format!(
            "does not cover {}, of which the policy applies nothing yet",
            listed(&planned)
        );
        findings.warning(check, &place, saw, narrow(case, role.function));
    }
    let covered = acted_on.is_empty() && planned.is_empty();
    if covered && case.has_targets(role.function, (check, &place), findings) {
        let saw = format!("covers every target of {}", role.function.table());
        findings.ok(check, &place, saw);
    }
}

fn require_nothing_else(case: &Case<'_>, role: &Role<'_>, findings: &mut Findings) {
    let (place, check) = (role.place(), Check::RoleCoversOthers);
    let Some(ids) = case.ids(role.function) else {
        // Told once, as the targets' own finding.
        return;
    };
    let named = sharing(case, role.function);
    let others: Vec<&String> = ids
        .difference(&named)
        .filter(|id| covers(role, id))
        .collect();
    if others.is_empty() {
        let saw = "covers nothing of the account that the policy does not name";
        findings.ok(check, &place, saw);
        return;
    }
    let saw = format!(
        "also covers {}, which the policy does not name: only the program keeps it away",
        listed(&others)
    );
    findings.warning(check, &place, saw, narrow(case, role.function));
}

fn require_ceiling(case: &Case<'_>, role: &Role<'_>, findings: &mut Findings) {
    let (place, check) = (role.place(), Check::RoleCeiling);
    let most = case
        .policy()
        .reshard
        .iter()
        .map(|entry| entry.max_shards)
        .max()
        .unwrap_or(0);
    let set = case.deploy(&format!("MaxShardsCeiling={most}"));
    let ceilings: Option<Vec<f64>> = role
        .changing()
        .iter()
        .map(|one| at_most(one, CEILING))
        .collect();
    // Of several statements, the most generous one decides.
    let Some(ceiling) = ceilings.and_then(|all| all.into_iter().reduce(f64::max)) else {
        let saw = format!("has no ceiling ({CEILING}): only the program keeps to max_shards");
        findings.warning(check, &place, saw, set);
        return;
    };
    if ceiling < f64::from(most) {
        let saw = format!(
            "refuses more than {ceiling} shards, but the policy's max_shards go up to {most}"
        );
        findings.error(check, &place, saw, set);
    } else {
        let saw =
            format!("refuses more than {ceiling} shards; the policy's max_shards go up to {most}");
        findings.ok(check, &place, saw);
    }
}
