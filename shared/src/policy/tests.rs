//! Policy files: what they become, and where their mistakes are drawn.

mod failovers;
mod schedule;

use chrono::{NaiveTime, Weekday};
use proptest::prelude::*;

use super::*;
use crate::calendar::EVERY_DAY;

const SMALLEST: &str = r#"
version = 1
[[reshard]]
replication_group = "orders"
min_shards = 2
max_shards = 8
targets.engine_cpu = 60
"#;

fn parse(text: &str) -> Policy {
    Policy::parse("policy.toml", text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// Line, column and message of every mistake.
fn mistakes(text: &str) -> Vec<(usize, usize, String)> {
    let mistakes = Policy::parse("policy.toml", text).unwrap_err();
    let list = mistakes.iter();
    list.map(|mistake| (mistake.line, mistake.column, mistake.message.clone()))
        .collect()
}

#[test]
fn the_smallest_entry_gets_every_documented_default() {
    let mut expected = ReshardPolicy::defaults("orders", 2, 8);
    expected.targets.engine_cpu = Some(60.0);
    assert_eq!(parse(SMALLEST).reshard, [expected]);
}

#[test]
fn every_key_of_a_full_entry_is_read() {
    let text = r#"
version = 1
[[reshard]]
replication_group = "sessions-*"
apply = "out"
min_shards = 3
max_shards = 0x10
node_quota = 120
window_minutes = 7
stale_after_minutes = 12
[reshard.targets]
engine_cpu = 55.5
memory = { percent = 65, evicts = true }
network = 70
evictions_per_minute = 1_000
[reshard.alarms]
scale_out = ["cpu-high", "memory-high"]
scale_in = ["traffic-low"]
stop = ["incident"]
after_change = ["errors-high"]
[reshard.scale_out]
max_step = 4
cooldown_minutes = 0
[reshard.scale_in]
max_step = 2
cooldown_minutes = 45
stabilization_minutes = 60
reversal_minutes = 120
[reshard.headroom]
free_memory_ratio = 2
max_memory_percent_after = 62.5
[reshard.skew]
ratio = 2
rebalance = false
slot_spread_percent = 25
[reshard.care]
cpu_gate = "wait"
cpu_gate_percent = 75
place_zones = true
after_change_minutes = 15
[[reshard.windows]]
name = "nights"
time_zone = "Europe/Berlin"
days = ["fri", "sat"]
from = "22:00"
to = "06:30"
freeze = "scale_in"
[[reshard.windows]]
name = "black-friday"
time_zone = "America/New_York"
dates = ["2026-11-27", "2026-11-30"]
min_shards = 8
[fleet]
max_changes_per_pass = 1
max_changes_per_hour = 3
max_nodes_in_region = 500
scale_in_breaker_percent = 20
max_failures_per_hour = 2
"#;
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let expected = ReshardPolicy {
        replication_group: "sessions-*".into(),
        apply: Apply::Out,
        min_shards: 3,
        max_shards: 16,
        node_quota: 120,
        targets: Targets {
            engine_cpu: Some(55.5),
            memory: Some(MemoryTarget {
                percent: 65.0,
                evicts: true,
            }),
            network: Some(70.0),
            evictions_per_minute: Some(1000.0),
        },
        alarms: Alarms {
            scale_out: vec!["cpu-high".into(), "memory-high".into()],
            stop: vec!["incident".into()],
            scale_in: vec!["traffic-low".into()],
            after_change: vec!["errors-high".into()],
        },
        scale_out: Pace {
            max_step: 4,
            cooldown: minutes(0),
        },
        scale_in: Pace {
            max_step: 2,
            cooldown: minutes(45),
        },
        stabilization: minutes(60),
        window: minutes(7),
        stale_after: minutes(12),
        headroom: Headroom {
            free_ratio: 2.0,
            max_memory_percent: 62.5,
        },
        skew: Skew {
            ratio: 2.0,
            rebalance: false,
            slot_spread_percent: 25.0,
        },
        care: Care {
            cpu_gate: CpuGate::Wait,
            cpu_gate_percent: Some(75.0),
            place_zones: true,
            after_change: minutes(15),
        },
        reversal: minutes(120),
        windows: vec![
            CalendarWindow {
                name: "nights".into(),
                time_zone: chrono_tz::Europe::Berlin,
                days: vec![Weekday::Fri, Weekday::Sat],
                from: "22:00:00".parse().unwrap(),
                to: "06:30:00".parse().unwrap(),
                dates: None,
                min_shards: None,
                freeze: Freeze::ScaleIn,
            },
            CalendarWindow {
                name: "black-friday".into(),
                time_zone: chrono_tz::America::New_York,
                days: EVERY_DAY.to_vec(),
                from: NaiveTime::MIN,
                to: NaiveTime::MIN,
                dates: Some(("2026-11-27".parse().unwrap(), "2026-11-30".parse().unwrap())),
                min_shards: Some(8),
                freeze: Freeze::None,
            },
        ],
    };
    let policy = parse(text);
    assert_eq!(policy.reshard, [expected]);
    let fleet = Fleet {
        max_changes_per_pass: 1,
        max_changes_per_hour: 3,
        max_nodes_in_region: 500,
        scale_in_breaker_percent: 20.0,
        max_failures_per_hour: 2,
        ..Fleet::default()
    };
    assert_eq!(policy.fleet, fleet);
    assert_eq!(parse(SMALLEST).fleet, Fleet::default());
}

#[test]
fn an_entry_inherits_key_by_key_even_inside_a_table() {
    let text = r#"
version = 1
[defaults]
apply = "all"
min_shards = 2
max_shards = 6
[defaults.alarms]
stop = ["incident"]
[defaults.scale_in]
max_step = 3
[[reshard]]
replication_group = "orders"
max_shards = 9
alarms.scale_out = ["cpu-high"]
scale_in.cooldown_minutes = 50
[[reshard]]
replication_group = "catalog"
apply = "none"
targets.engine_cpu = 60
alarms.stop = []
"#;
    let policy = parse(text);
    let orders = &policy.reshard[0];
    assert_eq!(orders.apply, Apply::All);
    assert_eq!((orders.min_shards, orders.max_shards), (2, 9));
    assert_eq!(orders.alarms.scale_out, ["cpu-high"]);
    assert_eq!(orders.alarms.stop, ["incident"]);
    assert_eq!(orders.scale_in.max_step, 3);
    assert_eq!(orders.scale_in.cooldown, Duration::from_secs(50 * 60));
    let catalog = &policy.reshard[1];
    assert_eq!(catalog.apply, Apply::None);
    assert_eq!((catalog.min_shards, catalog.max_shards), (2, 6));
    assert!(catalog.alarms.stop.is_empty());
}

#[test]
fn bounds_that_clash_with_an_inherited_one_are_drawn_in_the_entry() {
    let text = r#"version = 1
[defaults]
min_shards = 4
[[reshard]]
replication_group = "orders"
max_shards = 3
targets.engine_cpu = 60
"#;
    let message = "`min_shards` 4 is more than `max_shards` 3".to_owned();
    assert_eq!(mistakes(text), [(6, 14, message)]);
}

#[test]
fn a_wrong_default_is_one_mistake_however_many_entries_inherit_it() {
    let text = r#"version = 1
[defaults]
min_shards = 0
max_shards = 3
targets.engine_cpu = 60
[[reshard]]
replication_group = "orders"
[[reshard]]
replication_group = "catalog"
"#;
    let message = "`min_shards` is 0, out of its range".to_owned();
    assert_eq!(mistakes(text), [(3, 14, message)]);
}

#[test]
fn memory_of_a_group_that_evicts_asks_for_nothing() {
    let text = r#"version = 1
[[reshard]]
replication_group = "orders"
min_shards = 1
max_shards = 3
targets.memory = { percent = 70, evicts = true }
"#;
    let message = "nothing here can ask for a scale-out".to_owned();
    assert_eq!(mistakes(text), [(2, 1, message)]);
}

#[test]
fn a_broken_line_hides_nothing_that_another_line_gets_wrong() {
    let text = r#"version = 1
[[reshard]]
replication_group = orders
min_shards = 5
max_shards = 3
targets.engine_cpu = 60
"#;
    let found = mistakes(text);
    assert_eq!(found.len(), 2, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (3, 21));
    assert_eq!(found[1].0, 4);
}

#[test]
fn places_are_counted_in_characters_and_survive_windows_line_ends() {
    let text = "version = 1\r\n# é\r\n[[reshard]]\r\nreplication_group = \"o\"\r\nmin_shards = 1\r\nmax_shards = 2\r\nalarms = { scale_out = [\"é\", \"\"] }\r\n";
    let message = "the name of an alarm is empty".to_owned();
    assert_eq!(mistakes(text), [(7, 30, message)]);
}

#[test]
fn numbers_no_machine_holds_are_out_of_range() {
    for number in [
        "99999999999999999999999999",
        "-1",
        "0",
        "501",
        "0xffff_ffff_ffff",
    ] {
        let text = SMALLEST.replace("max_shards = 8", &format!("max_shards = {number}"));
        let found = mistakes(&text);
        assert_eq!(found.len(), 1, "{number}: {found:?}");
        assert!(found[0].2.contains("out of its range"), "{number}");
    }
    for number in ["nan", "inf", "-inf", "0", "100.1"] {
        let text = SMALLEST.replace("engine_cpu = 60", &format!("engine_cpu = {number}"));
        assert!(
            mistakes(&text)[0].2.contains("out of its range"),
            "{number}"
        );
    }
}

#[test]
fn the_version_is_a_fingerprint_of_the_text() {
    assert_eq!(super::file::fingerprint(b""), "cbf29ce484222325");
    assert_eq!(super::file::fingerprint(b"a"), "af63dc4c8601ec8c");
    let comment = format!("{SMALLEST}# a word\n");
    assert_ne!(parse(SMALLEST).version, parse(&comment).version);
    assert_eq!(parse(SMALLEST).version, parse(SMALLEST).version);
}

#[test]
fn the_coloured_report_says_the_same_with_colours() {
    let mistakes = Policy::parse("policy.toml", "version = 2").unwrap_err();
    let coloured = mistakes.coloured();
    assert!(coloured.contains("\u{1b}["));
    assert!(!mistakes.to_string().contains('\u{1b}'));
    assert_eq!(mistakes.len(), (&mistakes).into_iter().count());
}

/// Pieces of policy files in any order: most are mistakes, and some meet.
fn scraps() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "version = 1\n",
        "[defaults]\n",
        "[[reshard]]\n",
        "[reshard]\n",
        "[reshard.targets]\n",
        "[[reshard.windows]]\n",
        "name = \"nights\"\ntime_zone = \"UTC\"\n",
        "freeze = \"all\"\n",
        "dates = [\"2026-11-27\", \"é\"]\n",
        "[fleet]\n",
        "[[failover_shard]]\n",
        "[[promote_replica]]\n",
        "[failover_shard.drill]\n",
        "every_days = 1\ntime_zone = \"UTC\"\nfrom = \"10:00\"\nto = \"12:00\"\n",
        "[",
        "replication_group = \"orders\"\n",
        "min_shards = 2\n",
        "max_shards = ",
        "8\n",
        "\"",
        "{ percent = 60 }\n",
        "memory = ",
        "engine_cpu = 0.6\n",
        "alarms.stop = [\"é\", 3]\n",
        "\r\n",
        "=",
        "é",
        "'''",
    ]);
    prop::collection::vec(pieces, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_text_is_a_policy_or_a_report(
        text in prop_oneof![any::<String>(), scraps(), scraps().prop_map(|more| format!("{SMALLEST}{more}"))],
    ) {
        let file = PolicyFile::parse("policy.toml", &text);
        if let Ok(file) = &file {
            let drawn = file.warnings().to_string();
            prop_assert!(drawn.ends_with("warning") || drawn.ends_with("warnings"));
            prop_assert!(file.explain("orders").is_some());
        }
        if let Err(mistakes) = file {
            let places: Vec<_> = mistakes.iter().map(|mistake| (mistake.line, mistake.column)).collect();
            prop_assert!(places.is_sorted());
            prop_assert!(!places.is_empty());
            prop_assert!(mistakes.to_string().contains("policy.toml:"));
        }
    }
}

#[test]
fn nesting_without_end_is_a_report_and_not_a_crash() {
    for deep in [
        "[".repeat(100_000),
        "{a=".repeat(100_000),
        "a.".repeat(100_000),
    ] {
        let text = format!("{SMALLEST}x = {deep}\n");
        assert!(!mistakes(&text).is_empty());
    }
}
