//! The tables of docs/cost.md, as Markdown.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use clusterwarden_tests::programs::checkout;

use crate::{
    bill::{Deployment, EVERY, Prices, lines, passes, total},
    changes::Change,
    count::{Function, Used},
    page::service,
    world::clusters_of,
};

/// What the quiet passes over a fleet of so many groups used.
pub(crate) type Fleet = (u32, BTreeMap<Function, Used>);

/// The head of the column that lists operations.
const WHICH: &str = "which calls";

/// A kind of thing that a pass uses.
type Kind = (&'static str, fn(&Used) -> u64);

/// A way to pay less.
type Lever = (&'static str, fn(&mut Deployment));

/// Digits in groups of three.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn dollars(value: f64) -> String {
    if value > 0.0 && value < 0.005 {
        return "< 0.01".to_owned();
    }
    let cents = format!("{:.2}", value);
    let (whole, cents) = cents.split_once('.').expect("cents");
    format!("{}.{cents}", number(whole.parse().expect("dollars")))
}

/// A table with a head and rows.
fn table(head: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let rule: Vec<String> = head
        .iter()
        .enumerate()
        .map(|(place, name)| {
            // The first column and the one of names are read, the others compared.
            let is_text = place == 0 || name == WHICH;
            if is_text { "---" } else { "---:" }.to_owned()
        })
        .collect();
    let mut text = line(head) + &format!("|{}|\n", rule.join("|"));
    text.extend(rows.into_iter().map(|row| line(&row)));
    text
}

fn head(first: &str, fleets: &[Fleet]) -> Vec<String> {
    let columns = fleets.iter().map(|(groups, _)| {
        let clusters = clusters_of(*groups);
        format!(
            "{} groups, {}",
            number((*groups).into()),
            if clusters == 1 {
                "1 cluster".to_owned()
            } else {
                format!("{clusters} clusters")
            }
        )
    });
    [first.to_owned()].into_iter().chain(columns).collect()
}

/// Calls of a quiet pass, by function and operation.
pub(crate) fn calls(fleets: &[Fleet]) -> String {
    let mut rows = Vec::new();
    for function in Function::ALL {
        let each = fleets.iter().flat_map(|(_, of)| of[&function].calls.keys());
        let operations: BTreeSet<_> = each.collect();
        for call in operations {
            let counts = fleets.iter().map(|(_, of)| {
                let count = of[&function].calls.get(call).copied();
                number(count.unwrap_or_default())
            });
            let first = format!("`{}`: {} `{}`", function.name(), service(call.0), call.1);
            rows.push([first].into_iter().chain(counts).collect());
        }
        let sums = fleets
            .iter()
            .map(|(_, of)| number(of[&function].all_calls()));
        let first = format!("`{}`, together", function.name());
        rows.push([first].into_iter().chain(sums).collect());
    }
    let passes = passes(EVERY) as u64;
    let months = fleets.iter().map(|(_, of)| {
        let calls: u64 = of.values().map(Used::all_calls).sum();
        format!("**{}**", number(calls * passes))
    });
    let first = format!(
        "**all three, in a month of {} passes each**",
        number(passes)
    );
    rows.push([first].into_iter().chain(months).collect());
    table(&head("calls of one quiet pass", fleets), rows)
}

/// What a quiet pass uses that is billed by the piece.
pub(crate) fn units(fleets: &[Fleet]) -> String {
    let kinds: [Kind; 6] = [
        ("metrics asked for", |used| used.metrics),
        (
            "CloudWatch requests but `GetMetricData`",
            Used::cloudwatch_requests,
        ),
        ("read request units", |used| used.reads),
        ("records", |used| used.lines),
        ("bytes printed", |used| used.bytes),
        ("custom metrics", |used| used.series),
    ];
    let mut rows = Vec::new();
    for function in Function::ALL {
        for (kind, of_one) in kinds {
            let counts = fleets.iter().map(|(_, of)| number(of_one(&of[&function])));
            let first = format!("`{}`: {kind}", function.name());
            rows.push([first].into_iter().chain(counts).collect());
        }
    }
    table(&head("one quiet pass", fleets), rows)
}

/// What passes with a change use beyond a quiet one.
pub(crate) fn changes(changes: &[Change]) -> String {
    let head = [
        "beyond a quiet pass",
        "calls",
        "metrics",
        "read units",
        "write units",
        "bytes printed",
        WHICH,
    ];
    let rows = changes.iter().map(|(kind, used)| {
        let which = used.calls.iter().map(|((_, operation), count)| {
            let times = if *count > 1 {
                format!(" × {count}")
            } else {
                String::new()
            };
            format!("`{operation}`{times}")
        });
        let which: Vec<String> = which.collect();
        let counts = [
            used.all_calls(),
            used.metrics,
            used.reads,
            used.writes,
            used.bytes,
        ];
        [(*kind).to_owned()]
            .into_iter()
            .chain(counts.map(number))
            .chain([which.join(", ")])
            .collect()
    });
    table(&head.map(str::to_owned), rows)
}

/// A fleet as the default template deploys for it.
fn deployment((_, passes): &Fleet) -> Deployment {
    let template = fs::read_to_string(checkout().join("template.yaml")).expect("template.yaml");
    let of_type = |kind: &str| {
        let resources = template.split("\n  ").filter(|line| line.trim() == kind);
        u32::try_from(resources.count()).expect("a few")
    };
    // Those of promote-replica come only where it is asked for.
    let optional = template
        .match_indices("Type: AWS::CloudWatch::Alarm\n    Condition: WithPromoteReplica\n")
        .count();
    let optional = u32::try_from(optional).expect("a few");
    Deployment {
        passes: passes.clone(),
        alarms: of_type("Type: AWS::CloudWatch::Alarm") - optional,
        dashboards: of_type("Type: AWS::CloudWatch::Dashboard"),
        every: EVERY,
        retention: 400.0,
    }
}

/// Dollars a month, line by line.
pub(crate) fn month(fleets: &[Fleet], prices: &Prices) -> String {
    let bills: Vec<_> = fleets
        .iter()
        .map(|fleet| lines(&deployment(fleet), prices))
        .collect();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (place, (name, _)) in bills[0].iter().enumerate() {
        let cells = bills.iter().map(|bill| dollars(bill[place].1));
        rows.push([(*name).to_owned()].into_iter().chain(cells).collect());
    }
    let totals: Vec<f64> = fleets
        .iter()
        .map(|fleet| total(&deployment(fleet), prices))
        .collect();
    let sums = totals
        .iter()
        .map(|total| format!("**{}**", dollars(*total)));
    rows.push(
        ["**together**".to_owned()]
            .into_iter()
            .chain(sums)
            .collect(),
    );
    let shares = bills.iter().zip(&totals);
    let shares = shares.map(|(bill, total)| format!("{:.0} %", bill[0].1 / total * 100.0));
    let first = "of it `GetMetricData`".to_owned();
    rows.push([first].into_iter().chain(shares).collect());
    table(&head("dollars a month", fleets), rows)
}

/// Dollars a month with one thing other than by default.
pub(crate) fn levers(fleets: &[Fleet], prices: &Prices) -> String {
    let levers: [Lever; 7] = [
        ("as it comes", |_| {}),
        ("a pass every 10 minutes", |one| one.every = 10.0),
        ("`LogRetentionDays=30`", |one| one.retention = 30.0),
        ("`TargetMetrics=no`", |one| {
            for used in one.passes.values_mut() {
                used.series -= used.target_series;
            }
        }),
        ("`FailoverShard=no`", |one| {
            one.passes.remove(&Function::FailoverShard);
        }),
        ("`FailoverShard=no`, `FailoverDbCluster=no`", |one| {
            one.passes
                .retain(|function, _| *function == Function::Reshard);
        }),
        ("no `targets.memory`", |one| {
            let reshard = one.passes.get_mut(&Function::Reshard).expect("it is there");
            // One of the two metrics of each shard.
            reshard.metrics /= 2;
        }),
    ];
    let rows = levers.map(|(name, change)| {
        let totals = fleets.iter().map(|fleet| {
            let mut one = deployment(fleet);
            change(&mut one);
            dollars(total(&one, prices))
        });
        [name.to_owned()].into_iter().chain(totals).collect()
    });
    table(&head("dollars a month", fleets), rows)
}
