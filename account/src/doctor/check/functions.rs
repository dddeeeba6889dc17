//! The functions themselves: there, able to run, and told the same.

use std::collections::BTreeSet;

use super::case::{Case, listed};
use crate::doctor::{Check, Function, finding::Findings, seen::FunctionSeen};

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    for function in Function::ALL {
        if case.wants(function) {
            require_deployed(case, function, findings);
        }
    }
    for (_, seen) in case.functions() {
        require_active(seen, findings);
        require_concurrency(seen, findings);
        require_mode(case, seen, findings);
        require_policy(seen, findings);
        require_failures_kept(case, seen, findings);
    }
    require_same(case, findings);
}

fn require_deployed(case: &Case<'_>, function: Function, findings: &mut Findings) {
    let name = function.name_in(&case.seen.stack);
    let place = format!("function {name}");
    let Some(read) = case.seen.functions.get(&function) else {
        return;
    };
    let Some(found) = findings.read(Check::FunctionDeployed, &place, read) else {
        return;
    };
    if found.is_none() {
        let table = function.table();
        let saw = format!("is not there, though the policy has {table}");
        let fix = match function.parameter() {
            Some(parameter) => format!(
                "{}, or take {table} out of the policy (another stack's name: --stack)",
                case.deploy(&format!("{parameter}=yes"))
            ),
            None => format!("{}, or name the stack with --stack", case.redeploy()),
        };
        findings.error(Check::FunctionDeployed, &place, saw, fix);
    } else {
        findings.ok(Check::FunctionDeployed, &place, "is deployed");
    }
}

fn require_active(seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("function {}", seen.name);
    let state = seen.state.as_deref().unwrap_or("unsaid");
    let update = seen.last_update.as_deref().unwrap_or("unsaid");
    let saw = format!("its state is {state}, its last update {update}");
    let name = &seen.name;
    // Idle functions become `Inactive`, and are woken by the next call.
    let usable = matches!(state, "Active" | "Inactive");
    if usable && update == "Successful" {
        findings.ok(Check::FunctionActive, &place, saw);
    } else if usable && update == "InProgress" || state == "Pending" {
        let fix = format!("aws lambda wait function-updated --function-name {name}");
        findings.warning(Check::FunctionActive, &place, saw, fix);
    } else {
        let fix = format!(
            "aws lambda get-function-configuration --function-name {name} \
             --query '[StateReason,LastUpdateStatusReason]' says why; then deploy again"
        );
        findings.error(Check::FunctionActive, &place, saw, fix);
    }
}

fn require_concurrency(seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("function {}", seen.name);
    let check = Check::FunctionConcurrency;
    match findings.read(check, &place, &seen.reserved) {
        Some(Some(0)) => {
            let fix = format!(
                "aws lambda delete-function-concurrency --function-name {}, and ReservedConcurrency=-1 at the next deploy",
                seen.name
            );
            findings.error(
                check,
                &place,
                "its reserved concurrency is 0: it never runs",
                fix,
            );
        }
        Some(Some(reserved)) => {
            findings.ok(
                check,
                &place,
                format!("{reserved} runs at once are reserved"),
            );
        }
        Some(None) => findings.ok(check, &place, "no concurrency is reserved"),
        None => {}
    }
}

fn require_mode(case: &Case<'_>, seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("function {}", seen.name);
    match seen.variables.get("MODE").map(String::as_str) {
        Some(mode @ ("plan" | "apply")) => {
            findings.ok(Check::FunctionMode, &place, format!("runs in {mode} mode"));
        }
        other => {
            let mode = other.unwrap_or("not set");
            let saw = format!("MODE is {mode}: it does not start");
            findings.error(Check::FunctionMode, &place, saw, case.deploy_as("", false));
        }
    }
}

fn require_policy(seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("function {}", seen.name);
    let file = seen.variables.get("POLICY_FILE").map(String::as_str);
    // The program's own default is the same place.
    let file = file.unwrap_or("/opt/policy.toml");
    let redeploy =
        "deploy template.yaml again, which sets POLICY_FILE=/opt/policy.toml and the layer";
    if seen.layers.is_empty() {
        let saw = format!("has no layer, so there is no {file}: it does not start");
        findings.error(Check::FunctionPolicy, &place, saw, redeploy);
    } else if !file.starts_with("/opt/") {
        let saw = format!("POLICY_FILE is {file}, which no layer brings: layers lie under /opt");
        findings.error(Check::FunctionPolicy, &place, saw, redeploy);
    } else {
        let saw = format!("reads {file} of {}", listed(&seen.layers));
        findings.ok(Check::FunctionPolicy, &place, saw);
    }
}

fn require_failures_kept(case: &Case<'_>, seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("function {}", seen.name);
    match findings.read(Check::FailuresKept, &place, &seen.on_failure) {
        Some(Some(destination)) => {
            let saw = format!("events whose runs failed go to {destination}");
            findings.ok(Check::FailuresKept, &place, saw);
        }
        Some(None) => {
            let fix = format!(
                "deploy template.yaml again (its FailedEvents queue of stack {}), or aws lambda put-function-event-invoke-config \
                 --function-name {} --destination-config '{{\"OnFailure\":{{\"Destination\":\"QUEUE_ARN\"}}}}'",
                case.seen.stack, seen.name
            );
            let saw = "events whose runs failed are lost: there is no on-failure destination";
            findings.warning(Check::FailuresKept, &place, saw, fix);
        }
        None => {}
    }
}

/// Functions that disagree about mode or layer: a half-finished deploy, or a change by hand.
fn require_same(case: &Case<'_>, findings: &mut Findings) {
    let place = format!("stack {}", case.seen.stack);
    let said = |of: &dyn Fn(&FunctionSeen) -> String| {
        let values: BTreeSet<String> = case.functions().map(|(_, seen)| of(seen)).collect();
        values
    };
    let modes = said(&|seen| seen.variables.get("MODE").cloned().unwrap_or_default());
    if modes.len() > 1 {
        let modes: Vec<String> = modes.into_iter().collect();
        findings.warning(
            Check::FunctionMode,
            &place,
            format!("its functions run in different modes: {}", listed(&modes)),
            format!("{} (plan mode for all)", case.deploy_as("", false)),
        );
    }
    let layers = said(&|seen| seen.layers.join(" "));
    if layers.len() > 1 && !layers.contains("") {
        let layers: Vec<String> = layers.into_iter().collect();
        findings.warning(
            Check::FunctionPolicy,
            &place,
            format!(
                "its functions follow different policies: {}",
                listed(&layers)
            ),
            case.redeploy(),
        );
    }
}
