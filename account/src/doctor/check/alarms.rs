//! Alarms that the policy names: there, acting on the function that they should wake, and let in by it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::case::{Case, listed, place_of};
use crate::doctor::{
    Check, Function,
    finding::Findings,
    seen::{AlarmSeen, FunctionSeen},
    statement::{
        Source, allows, asks_for, names_action, names_everybody, names_resource, names_service,
        source,
    },
};

/// Who CloudWatch is when an alarm acts on a function (\[CW-DG\] alarms-and-actions-lambda).
const PRINCIPAL: &str = "lambda.alarms.cloudwatch.amazonaws.com";

/// What the policy wants of one alarm.
#[derive(Debug, Default)]
struct Wanted<'a> {
    /// The functions that it should wake.
    wakes: BTreeSet<Function>,
    /// The target and the list that name it, of the first entry that does.
    named: Option<(&'a str, &'static str)>,
}

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    let wanted = wanted(case);
    if wanted.is_empty() {
        return;
    }
    let place = "CloudWatch";
    let Some(alarms) = findings.read(Check::AlarmExists, place, &case.seen.alarms) else {
        return;
    };
    let mut unreadable = BTreeSet::new();
    for (name, wanted) in &wanted {
        let place = format!("alarm {name}");
        let Some(alarm) = alarms.get(*name) else {
            let (target, list) = wanted.named.unwrap_or_default();
            let saw = format!(
                "is not there, though {list} of {target} names it: {}",
                without(list)
            );
            findings.error(
                Check::AlarmExists,
                &place,
                saw,
                create(case, name, target, wanted),
            );
            continue;
        };
        findings.ok(Check::AlarmExists, &place, "is there");
        if wanted.wakes.is_empty() {
            continue;
        }
        if alarm.actions_enabled {
            findings.ok(
                Check::AlarmActionsEnabled,
                &place,
                "its actions are enabled",
            );
        } else {
            let saw = "its actions are disabled: it wakes nobody, and its breach does not count";
            let fix = format!("aws cloudwatch enable-alarm-actions --alarm-names {name}");
            findings.error(Check::AlarmActionsEnabled, &place, saw, fix);
        }
        for function in &wanted.wakes {
            if let Some(seen) = case.function(*function) {
                require_wakes(name, alarm, seen, findings);
                if unreadable.contains(function) {
                    continue;
                }
                match &seen.statements {
                    Ok(statements) => {
                        require_let_in(case, (name, alarm), seen, statements, findings)
                    }
                    Err(unread) => {
                        // Once is enough: the policy is the function's, whatever the alarm.
                        unreadable.insert(*function);
                        let place = format!("function {}", seen.name);
                        findings.unread(Check::AlarmMayInvoke, &place, unread);
                    }
                }
            }
        }
    }
}

fn wanted<'a>(case: &Case<'a>) -> BTreeMap<&'a str, Wanted<'a>> {
    let mut all: BTreeMap<&str, Wanted<'_>> = BTreeMap::new();
    let mut want = |names: &'a [String], target: &'a str, list, wakes: Option<Function>| {
        for name in names {
            let one = all.entry(name).or_default();
            one.wakes.extend(wakes);
            one.named.get_or_insert((target, list));
        }
    };
    let policy = case.policy();
    for entry in &policy.reshard {
        let (alarms, target) = (&entry.alarms, entry.replication_group.as_str());
        want(
            &alarms.scale_out,
            target,
            "alarms.scale_out",
            Some(Function::Reshard),
        );
        want(&alarms.stop, target, "alarms.stop", None);
        want(&alarms.scale_in, target, "alarms.scale_in", None);
        want(&alarms.after_change, target, "alarms.after_change", None);
    }
    for (function, entries) in [
        (Function::FailoverShard, &policy.failover_shard),
        (Function::FailoverDbCluster, &policy.failover_db_cluster),
        (Function::PromoteReplica, &policy.promote_replica),
    ] {
        for entry in entries {
            let alarms = &entry.alarms;
            want(
                &alarms.evacuate,
                &entry.target,
                "alarms.evacuate",
                Some(function),
            );
            want(&alarms.stop, &entry.target, "alarms.stop", None);
        }
    }
    all
}

/// What follows from an alarm that is not there.
fn without(list: &str) -> &'static str {
    match list {
        "alarms.stop" => "everything is held, as if it were in ALARM",
        "alarms.scale_out" => "it never asks for growth, and no scale-in happens",
        "alarms.scale_in" => "no scale-in happens",
        "alarms.evacuate" => "it never asks for a failover",
        _ => "nobody can tell that a change did harm",
    }
}

fn create(case: &Case<'_>, name: &str, target: &str, wanted: &Wanted<'_>) -> String {
    let correct = "correct the name in the policy, or create it";
    let functions = wanted.wakes.iter().filter_map(|one| case.function(*one));
    let actions: Vec<&str> = functions.map(|seen| seen.arn.as_str()).collect();
    let what = match wanted.named {
        Some((_, "alarms.scale_out")) => format!(
            " --namespace AWS/ElastiCache --metric-name EngineCPUUtilization --dimensions Name=ReplicationGroupId,Value={target} \
             --statistic Maximum --period 60 --evaluation-periods 3 --threshold 75 --comparison-operator GreaterThanThreshold"
        ),
        Some(_) | None => " with the metric that it is to watch".to_owned(),
    };
    let actions = match actions.as_slice() {
        [] => String::new(),
        some => format!(" --alarm-actions {}", some.join(" ")),
    };
    format!("{correct}: aws cloudwatch put-metric-alarm --alarm-name {name}{what}{actions}")
}

fn require_wakes(name: &str, alarm: &AlarmSeen, seen: &FunctionSeen, findings: &mut Findings) {
    let place = format!("alarm {name}");
    let (arn, function) = (&seen.arn, &seen.name);
    let qualified = alarm.actions.iter().find(|action| {
        let rest = action.strip_prefix(arn.as_str());
        rest.is_some_and(|rest| rest.starts_with(':'))
    });
    if alarm.actions.contains(arn) {
        findings.ok(Check::AlarmWakes, &place, format!("acts on {function}"));
    } else if let Some(action) = qualified {
        let saw =
            format!("acts on {action}, a version or an alias, whose own policy is not read here");
        let fix = format!("let it act on {arn}, which always runs what was deployed last");
        findings.unjudged(Check::AlarmWakes, &place, saw, fix);
    } else {
        let acts = match alarm.actions.as_slice() {
            [] => "has no action".to_owned(),
            some => format!("acts on {} only", listed(some)),
        };
        let saw = format!(
            "{acts}: {function} hears of a breach up to five minutes late, on its schedule"
        );
        let fix = format!(
            "add {arn} to its AlarmActions where it is defined (aws cloudwatch put-metric-alarm --alarm-actions replaces the whole alarm: \
             aws cloudwatch describe-alarms --alarm-names {name} shows it)"
        );
        findings.warning(Check::AlarmWakes, &place, saw, fix);
    }
}

/// Whether the function's policy lets this alarm in, judged as Lambda would: principal, account and ARN of the source.
fn require_let_in(
    case: &Case<'_>,
    (name, alarm): (&str, &AlarmSeen),
    seen: &FunctionSeen,
    statements: &[Value],
    findings: &mut Findings,
) {
    let place = format!("alarm {name}, function {}", seen.name);
    let check = Check::AlarmMayInvoke;
    let (_, _, account) = place_of(&alarm.arn);
    let keys = [
        ("aws:sourceaccount", account),
        ("aws:sourcearn", alarm.arn.as_str()),
    ];
    let fix = format!(
        "{} if its name does not match, or deploy template.yaml again; by hand: aws lambda add-permission --function-name {} --statement-id alarms-{account} \
         --action lambda:InvokeFunction --principal {PRINCIPAL} --source-account {account} --source-arn {}",
        case.deploy("AlarmNamePattern=PATTERN"),
        seen.name,
        alarm.arn
    );
    let about = |one: &&Value| {
        (names_service(one, PRINCIPAL) || names_everybody(one))
            && names_action(one, "lambda:InvokeFunction")
            && names_resource(one, &seen.arn)
    };
    let (allowing, denying): (Vec<&Value>, Vec<&Value>) =
        statements.iter().filter(about).partition(|one| allows(one));
    let mut unjudged = None;
    // A denial counts before all that allows, wherever it stands.
    for statement in denying {
        match source(statement, &keys) {
            Source::Admitted => {
                findings.error(check, &place, "a statement denies it", fix);
                return;
            }
            Source::Refused { .. } => {}
            Source::Unjudged(key) => unjudged = Some(key),
        }
    }
    let mut why = "no statement names the principal of alarms".to_owned();
    let (mut admitting, perhaps_denied) = (None, unjudged.is_some());
    for statement in allowing {
        match source(statement, &keys) {
            Source::Admitted => admitting = admitting.or(Some(statement)),
            Source::Refused { key, wants } => why = format!("{key} must be {wants}"),
            Source::Unjudged(key) => unjudged = unjudged.or(Some(key)),
        }
    }
    if let (Some(statement), false) = (admitting, perhaps_denied) {
        let foreign =
            !asks_for(statement, "AWS:SourceAccount") && !asks_for(statement, "AWS:SourceArn");
        if foreign {
            let saw = "may invoke it, and so may the alarms of every other account: no condition names an account";
            findings.warning(check, &place, saw, fix);
        } else {
            findings.ok(check, &place, "may invoke it");
        }
    } else if let Some(key) = unjudged {
        let saw = format!(
            "a condition on {key} decides whether it may invoke it, which is not judged here"
        );
        findings.unjudged(check, &place, saw, fix);
    } else {
        let saw = format!("may not invoke it: {why}");
        findings.error(check, &place, saw, fix);
    }
}
