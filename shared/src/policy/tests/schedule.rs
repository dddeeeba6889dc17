//! Windows as an entry has them, and the other values that depend on more than the file.

use super::{Care, ReshardPolicy, SMALLEST, parse};

/// An entry with a window over Berlin's office hours and one over a sale.
const WITH_WINDOWS: &str = r#"version = 1
[[defaults.windows]]
name = "shared"
time_zone = "UTC"
freeze = "all"
[[reshard]]
replication_group = "orders"
min_shards = 2
max_shards = 8
targets.engine_cpu = 60
[[reshard.windows]]
name = "office hours"
time_zone = "Europe/Berlin"
days = ["mon", "tue", "wed", "thu", "fri"]
from = "08:00"
to = "24:00"
min_shards = 4
[[reshard.windows]]
name = "sale"
time_zone = "Europe/Berlin"
dates = ["2026-11-27"]
min_shards = 7
freeze = "scale_in"
[[reshard]]
replication_group = "carts"
min_shards = 3
max_shards = 8
targets.engine_cpu = 60
[[reshard]]
replication_group = "catalog"
min_shards = 3
max_shards = 8
targets.engine_cpu = 60
windows = []
"#;

#[test]
fn the_highest_minimum_of_the_open_windows_holds() {
    let policy = parse(WITH_WINDOWS);
    let orders = &policy.reshard[0];
    let open = |at: &str| {
        let at = at.parse().unwrap();
        let names: Vec<&str> = orders
            .windows_at(at)
            .map(|window| window.name.as_str())
            .collect();
        (names, orders.min_shards_at(at))
    };
    assert_eq!(open("2026-11-26T06:59:00Z"), (vec![], 2));
    assert_eq!(open("2026-11-26T07:00:00Z"), (vec!["office hours"], 4));
    assert_eq!(open("2026-11-26T22:59:00Z"), (vec!["office hours"], 4));
    assert_eq!(open("2026-11-27T03:00:00Z"), (vec!["sale"], 7));
    assert_eq!(
        open("2026-11-27T12:00:00Z"),
        (vec!["office hours", "sale"], 7)
    );
}

#[test]
fn windows_are_inherited_whole_and_an_empty_list_wants_none() {
    let policy = parse(WITH_WINDOWS);
    let names = |entry: &ReshardPolicy| {
        let names = entry.windows.iter().map(|window| window.name.clone());
        names.collect::<Vec<String>>()
    };
    assert_eq!(names(&policy.reshard[0]), ["office hours", "sale"]);
    assert_eq!(names(&policy.reshard[1]), ["shared"]);
    assert!(names(&policy.reshard[2]).is_empty());
}

#[test]
fn a_shared_window_need_not_raise_every_entry() {
    let text = WITH_WINDOWS.replace("freeze = \"all\"", "min_shards = 3");
    let carts = &parse(&text).reshard[1];
    assert_eq!(
        carts.min_shards_at("2026-11-26T12:00:00Z".parse().unwrap()),
        3
    );
}

#[test]
fn the_gate_without_a_number_follows_the_nodes() {
    let mut care = Care::default();
    assert_eq!(
        (
            care.cpu_gate_percent_for(false),
            care.cpu_gate_percent_for(true)
        ),
        (80.0, 50.0)
    );
    care.cpu_gate_percent = Some(65.0);
    assert_eq!(
        (
            care.cpu_gate_percent_for(false),
            care.cpu_gate_percent_for(true)
        ),
        (65.0, 65.0)
    );
}

#[test]
fn each_new_measure_can_ask_for_growth_alone() {
    for target in ["network = 70", "evictions_per_minute = 1"] {
        let policy = parse(&SMALLEST.replace("engine_cpu = 60", target));
        let targets = &policy.reshard[0].targets;
        assert!(
            targets.network.is_some() || targets.evictions_per_minute.is_some(),
            "{target}"
        );
    }
}
