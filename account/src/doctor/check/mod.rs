//! The checks: from what was seen to what is to be said of it. Pure.

mod alarms;
mod case;
mod clock;
mod freshness;
mod functions;
mod journal;
mod notifications;
mod quotas;
mod roles;
mod roles_targets;
mod targets;

#[cfg(test)]
mod tests;

use clusterwarden::policy::PolicyFile;

use super::{Finding, Seen, finding::Findings};
use case::Case;
pub(super) use notifications::topics_of;

/// Everything there is to say of a policy's file and what was seen, in the order of a report: part by part, the worst first.
pub fn examine(file: &PolicyFile, seen: &Seen) -> Vec<Finding> {
    let case = Case { file, seen };
    let mut findings = Findings::default();
    functions::examine(&case, &mut findings);
    roles::examine(&case, &mut findings);
    journal::examine(&case, &mut findings);
    alarms::examine(&case, &mut findings);
    notifications::examine(&case, &mut findings);
    targets::examine(&case, &mut findings);
    freshness::examine(&case, &mut findings);
    quotas::examine(&case, &mut findings);
    clock::examine(&case, &mut findings);
    let mut findings = findings.0;
    findings.sort_by_key(|one| (one.check.part(), one.severity));
    findings
}
