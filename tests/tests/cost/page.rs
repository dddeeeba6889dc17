//! The tables of docs/cost.md: what is read from them, and what is written into them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use clusterwarden_tests::programs::checkout;

use crate::{
    bill::{Deployment, EVERY, Prices, lines, total},
    changes::Change,
    count::{Calls, Function, Used},
    world::clusters_of,
};

/// What the quiet passes over a fleet of so many groups used.
pub(crate) type Fleet = (u32, BTreeMap<Function, Used>);

fn path() -> PathBuf {
    checkout().join("docs/cost.md")
}

pub(crate) fn read() -> String {
    fs::read_to_string(path()).expect("docs/cost.md")
}

/// The prices and assumptions: rows of two cells or more whose first is a name in backticks and whose second is a number.
pub(crate) fn prices(page: &str) -> Prices {
    let rows = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let name = cells.next()?.strip_suffix('`')?;
        let number = cells.next()?.trim().parse().ok()?;
        Some((name.to_owned(), number))
    });
    Prices(rows.collect())
}

/// A table between `<!-- NAME: measured -->` and `<!-- end -->`, as it stands on the page.
fn block<'p>(page: &'p str, name: &str) -> &'p str {
    let start = format!("<!-- {name}: measured -->\n");
    let (_, rest) = page
        .split_once(&start)
        .unwrap_or_else(|| panic!("docs/cost.md has no {start:?}"));
    let (table, _) = rest.split_once("<!-- end -->").expect("an end");
    table
}

/// Whether the page is to be written anew.
pub(crate) fn blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// Compares a table with the page, or writes it there where `BLESS` is set.
pub(crate) fn hold(name: &str, table: &str) {
    let page = read();
    let on_page = block(&page, name);
    if on_page == table {
        return;
    }
    assert!(
        blessing(),
        "docs/cost.md, {name}: measured now\n{table}\non the page\n{on_page}\n\
         BLESS=1 cargo test --test cost writes what is measured"
    );
    let start = format!("<!-- {name}: measured -->\n");
    let next = page.replace(&format!("{start}{on_page}"), &format!("{start}{table}"));
    fs::write(path(), next).expect("docs/cost.md can be written");
}

/// Digits in groups of three.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
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
        .map(|(place, _)| if place == 0 { "---" } else { "---:" }.to_owned())
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
    table(&head("calls of one quiet pass", fleets), rows)
}

/// The services: how requests sign, and how people call them.
const SERVICES: [(&str, &str); 4] = [
    ("dynamodb", "DynamoDB"),
    ("elasticache", "ElastiCache"),
    ("monitoring", "CloudWatch"),
    ("rds", "Neptune"),
];

fn service(signing_name: &str) -> &'static str {
    let found = SERVICES.iter().find(|(name, _)| *name == signing_name);
    found
        .unwrap_or_else(|| panic!("which service is {signing_name}?"))
        .1
}

/// The calls in the last column of the page's first table.
pub(crate) fn calls_in_the_last_column(page: &str) -> BTreeMap<Function, Calls> {
    let mut all: BTreeMap<_, _> = Function::ALL.map(|one| (one, Calls::new())).into();
    for row in block(page, "calls").lines() {
        // | `reshard`: DynamoDB `BatchGetItem` | 1 | 2 | 11 |
        let Some((function, rest)) = row
            .strip_prefix("| `")
            .and_then(|row| row.split_once("`: "))
        else {
            continue;
        };
        let function = Function::ALL.into_iter().find(|one| one.name() == function);
        let (service, rest) = rest.split_once(" `").expect("a service and an operation");
        let (operation, counts) = rest.split_once("` | ").expect("an operation and counts");
        let service = SERVICES.iter().find(|(_, name)| *name == service);
        let last = counts.trim_end_matches(" |").rsplit(" | ").next();
        let count = last.and_then(|count| count.replace(',', "").parse().ok());
        let key = (service.expect("a service").0, operation.to_owned());
        all.entry(function.expect("a function"))
            .or_default()
            .insert(key, count.expect("a number"));
    }
    all
}

/// What a quiet pass uses that is billed by the piece.
pub(crate) fn units(fleets: &[Fleet]) -> String {
    let kinds: [(&str, fn(&Used) -> u64); 5] = [
        ("metrics asked for", |used| used.metrics),
        (
            "CloudWatch requests but `GetMetricData`",
            Used::cloudwatch_requests,
        ),
        ("read request units", |used| used.reads),
        ("lines printed", |used| used.lines),
        ("bytes printed", |used| used.bytes),
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
        "which calls",
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
fn deployment((groups, passes): &Fleet) -> Deployment {
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
        groups: *groups,
        clusters: clusters_of(*groups),
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
    let levers: [(&str, fn(&mut Deployment)); 6] = [
        ("as it comes", |_| {}),
        ("a pass every 10 minutes", |one| one.every = 10.0),
        ("`LogRetentionDays=30`", |one| one.retention = 30.0),
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
