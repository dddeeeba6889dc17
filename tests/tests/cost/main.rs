//! docs/cost.md: the calls, units and bytes of real passes of each function over 10, 100 and 1,000 groups, and the dollars that
//! follow by the prices and assumptions that the page itself lists.
//!
//! `BLESS=1 cargo test --test cost` writes the page's tables anew.

mod bill;
mod changes;
mod count;
mod page;
mod tables;
mod world;

use std::collections::BTreeMap;

use clusterwarden::record::Outcome;
use clusterwarden_tests::failovers::Failovers;

use count::{Function, Used, pass};
use tables::Fleet;

/// A quiet pass of each function over a fleet that every function has seen before.
async fn quiet(groups: u32) -> Fleet {
    let world = world::fleet(groups);
    let mut passes = BTreeMap::new();
    for function in Function::ALL {
        pass(&world.cloud, &world.policy, function).await;
    }
    for function in Function::ALL {
        passes.insert(function, second(&world, function).await);
    }
    (groups, passes)
}

async fn second(world: &Failovers, function: Function) -> Used {
    let (report, used) = pass(&world.cloud, &world.policy, function).await;
    assert_eq!(report.failures, Vec::<String>::new());
    let reasons: Vec<&str> = report
        .records
        .iter()
        .filter_map(|record| record.decision["reason"].as_str())
        .collect();
    let quiet = ["load_fits", "nothing_asked", "drill_waits"];
    assert!(
        reasons.len() == report.records.len() && reasons.iter().all(|one| quiet.contains(one)),
        "{}: not a quiet pass: {reasons:?}",
        function.name()
    );
    let held = |outcome: &Outcome| *outcome == Outcome::Held;
    assert!(report.records.iter().all(|record| held(&record.outcome)));
    assert_eq!(used.writes, 0, "a quiet pass writes nothing");
    assert_eq!(used.lines, report.records.len() as u64);
    used
}

/// The fleets of the page's first two columns; a thousand groups take most of a minute in a debug build.
async fn small() -> Vec<Fleet> {
    vec![quiet(10).await, quiet(100).await]
}

/// A thousand groups without a pass over them: what grows with the fleet is reckoned from the two measured columns, and calls, which
/// grow by the page, are taken from the page.
fn reckoned(measured: &[Fleet], page: &str) -> Fleet {
    let [(ten, few), (hundred, many)] = measured else {
        panic!("two columns are measured");
    };
    let times = u64::from((1000 - hundred) / (hundred - ten));
    let calls = page::calls_in_the_last_column(page);
    let of_one = |function| {
        let (few, many): (&Used, &Used) = (&few[&function], &many[&function]);
        let on = |of: fn(&Used) -> u64| of(many) + (of(many) - of(few)) * times;
        Used {
            calls: calls[&function].clone(),
            metrics: on(|used| used.metrics),
            reads: on(|used| used.reads),
            writes: 0,
            lines: on(|used| used.lines),
            bytes: on(|used| used.bytes),
            series: on(|used| used.series),
            target_series: on(|used| used.target_series),
        }
    };
    let passes = Function::ALL.map(|function| (function, of_one(function)));
    (1000, passes.into())
}

fn hold_all(fleets: &[Fleet]) {
    let prices = page::prices(&page::read());
    page::hold("calls", &tables::calls(fleets));
    page::hold("units", &tables::units(fleets));
    page::hold("month", &tables::month(fleets, &prices));
    page::hold("levers", &tables::levers(fleets, &prices));
}

#[tokio::test]
async fn the_page_has_the_calls_units_and_dollars_that_are_measured() {
    let mut fleets = small().await;
    let more = if page::blessing() {
        quiet(1000).await
    } else {
        reckoned(&fleets, &page::read())
    };
    fleets.push(more);
    hold_all(&fleets);
}

#[tokio::test]
#[ignore = "a minute or two in a debug build: cargo test --test cost -- --ignored"]
async fn a_thousand_groups_cost_what_the_page_says() {
    let mut fleets = small().await;
    let thousand = quiet(1000).await;
    assert_eq!(thousand, reckoned(&fleets, &page::read()));
    fleets.push(thousand);
    hold_all(&fleets);
}

#[tokio::test]
async fn the_page_has_what_a_change_costs_beyond_a_quiet_pass() {
    page::hold("changes", &tables::changes(&changes::all().await));
}
