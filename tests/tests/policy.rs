//! Policy files as people write them: the sample is sound and wise, each bad one is drawn as its golden says, and the
//! documentation and the schema have every key, meaning, range and default that the parser has.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot read its files fails there"
)]

#[path = "policy/notes.rs"]
mod notes;
#[path = "policy/schema.rs"]
mod schema;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use clusterwarden::cluster::{DbClusterId, ReplicationGroupId};
use clusterwarden::policy::{Apply, FailoverApply, FailoverPolicy, KEYS, Policy, Takes};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sample() -> Policy {
    let text = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    Policy::parse("policy/policy.toml", &text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

fn bad(name: &str) -> String {
    let file = root().join("tests/tests/policy_bad").join(name);
    fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

#[test]
fn the_sample_policy_is_sound_and_governs_its_three_kinds_of_groups() {
    let policy = sample();
    let entry = |id: &str| policy.reshard_for(&ReplicationGroupId::new(id));
    let orders = entry("orders").unwrap();
    assert_eq!(
        (orders.apply, orders.min_shards, orders.max_shards),
        (Apply::All, 2, 8)
    );
    assert_eq!(orders.alarms.scale_out, ["orders-engine-cpu-high"]);
    assert_eq!(orders.alarms.stop, ["orders-incident"]);
    let sessions = entry("sessions-eu").unwrap();
    assert_eq!(sessions.apply, Apply::Out);
    assert_eq!(sessions.targets.memory, None);
    let catalog = entry("catalog").unwrap();
    assert_eq!(
        (catalog.apply, catalog.min_shards, catalog.max_shards),
        (Apply::None, 1, 6)
    );
    assert_eq!(entry("billing"), None);
}

#[test]
fn the_sample_policy_drills_the_order_book_and_the_graph_once_they_may_act() {
    let policy = sample();
    let group = |id: &str| policy.failover_shard_for(&ReplicationGroupId::new(id));
    let graph = policy.failover_db_cluster_for(&DbClusterId::new("graph-prod"));
    let days = |entry: &FailoverPolicy| entry.drill.as_ref().unwrap().every.as_secs() / 86_400;
    let (orders, graph) = (group("orders").unwrap(), graph.unwrap());
    assert_eq!(
        (orders.apply, graph.apply),
        (FailoverApply::None, FailoverApply::None)
    );
    assert_eq!(orders.alarms.stop, ["orders-incident"]);
    assert_eq!((days(orders), days(graph)), (30, 90));
    assert_eq!(group("sessions-eu"), None);
    assert_eq!(policy.promote_replica, []);
}

#[test]
fn an_exact_id_wins_over_a_glob_and_a_longer_glob_over_a_shorter_one() {
    let entry = |id: &str, max: u32| {
        format!(
            "[[reshard]]\nreplication_group = \"{id}\"\nmin_shards = 1\nmax_shards = {max}\ntargets.engine_cpu = 60\n"
        )
    };
    let globs = ["*", "orders-*", "orders-eu", "orders-e?"]
        .into_iter()
        .zip(1..);
    let entries: String = globs.map(|(glob, max)| entry(glob, max)).collect();
    let policy = Policy::parse("policy.toml", &format!("version = 1\n{entries}")).unwrap();
    let governs = |id: &str| {
        policy
            .reshard_for(&ReplicationGroupId::new(id))
            .unwrap()
            .max_shards
    };
    assert_eq!(governs("orders-eu"), 3);
    assert_eq!(governs("orders-ex"), 4);
    assert_eq!(governs("orders-us"), 2);
    assert_eq!(governs("billing"), 1);
}

#[test]
fn ten_mistakes_are_ten_lines_of_one_report_in_order_of_place() {
    let mistakes = Policy::parse("policy.toml", &bad("ten-mistakes.toml")).unwrap_err();
    let found: Vec<(usize, usize, &str)> = mistakes
        .iter()
        .map(|mistake| (mistake.line, mistake.column, mistake.message.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            (1, 11, "`version` is 2, out of its range"),
            (4, 1, "`replication_group` cannot have a default"),
            (5, 18, "`window_minutes` is 0, out of its range"),
            (
                8,
                21,
                "no replication group can be called \"Orders\": ids are lower case"
            ),
            (9, 14, "`min_shards` 9 is more than `max_shards` 4"),
            (10, 1, "unknown key `max_shard`"),
            (14, 14, "`engine_cpu` is 0.6, out of its range"),
            (15, 10, "`evicts` is missing"),
            (18, 8, "`stop` takes a list of alarm names, not a string"),
            (21, 21, "`free_memory_ratio` is 0.5, out of its range"),
        ]
    );
}

/// The TOML files of a folder beside this file: path, name and text, in order of name.
fn named(folder: &str) -> Vec<(PathBuf, String, String)> {
    let folder = root().join("tests/tests").join(folder);
    let files = fs::read_dir(&folder)
        .unwrap()
        .map(|file| file.unwrap().path());
    let mut paths: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let text = fs::read_to_string(&path).unwrap();
            (path, name, text)
        })
        .collect()
}

/// Compares with the `.txt` beside a TOML file. With `BLESS=1` in the environment the goldens are written anew; read the
/// difference before you commit it.
fn golden(toml: &Path, drawn: &str) {
    golden_file(&toml.with_extension("txt"), drawn);
}

fn golden_file(golden: &Path, drawn: &str) {
    if bless() {
        fs::write(golden, drawn).unwrap();
    }
    let expected = fs::read_to_string(golden).unwrap_or_default();
    assert_eq!(drawn, expected, "{}", golden.display());
}

#[test]
fn every_bad_policy_is_drawn_as_its_golden_says() {
    for (path, name, text) in named("policy_bad") {
        match Policy::parse(&name, &text) {
            Ok(_) => panic!("{name} is not bad"),
            Err(mistakes) => golden(&path, &format!("{mistakes}\n")),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test's own switch, read nowhere else"
)]
fn bless() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// The rows of the tables in docs/policy.md whose first cell is a key in backticks: key → meaning, takes, default.
fn documented() -> BTreeMap<String, [String; 3]> {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    // Four cells between five bars: the table of warnings has two.
    let rows = page
        .lines()
        .filter(|line| line.starts_with("| `") && line.matches('|').count() == 5);
    rows.map(|row| {
        let cells: Vec<String> = row
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect();
        let [meaning, takes, absent] = [2, 3, 4].map(|cell| cells[cell].clone());
        (cells[1].clone(), [meaning, takes, absent])
    })
    .collect()
}

#[test]
fn the_documentation_has_every_key_with_its_meaning_range_and_default_and_no_other() {
    let known: BTreeMap<String, [String; 3]> = KEYS
        .iter()
        .map(|key| {
            let meaning = key.meaning.replace('`', "");
            let cells = [meaning, key.takes.to_string(), key.absent.to_string()];
            (key.path.to_owned(), cells)
        })
        .collect();
    assert_eq!(documented(), known);
}

/// The TOML blocks of a page.
fn examples(page: &str) -> Vec<&str> {
    page.split("```toml\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

#[test]
fn every_example_in_the_documentation_is_sound() {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let examples = examples(&page);
    assert!(examples.len() >= 3);
    for example in examples {
        if let Err(mistakes) = Policy::parse("docs/policy.md", example) {
            panic!("{mistakes}");
        }
    }
}

/// The paths of the keys that a TOML value has, dotted; an array of tables counts as its tables.
fn paths(value: &toml::Value, at: &str, found: &mut BTreeSet<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let path = if at.is_empty() {
                    key.clone()
                } else {
                    format!("{at}.{key}")
                };
                paths(value, &path, found);
                found.insert(path);
            }
        }
        toml::Value::Array(values) => values.iter().for_each(|value| paths(value, at, found)),
        toml::Value::String(_)
        | toml::Value::Integer(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_) => {}
    }
}

#[test]
fn every_key_stands_in_an_example_of_the_documentation() {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let mut shown = BTreeSet::new();
    for example in examples(&page) {
        paths(&toml::from_str(example).unwrap(), "", &mut shown);
    }
    let missing: Vec<&str> = KEYS
        .iter()
        .map(|key| key.path)
        .filter(|path| !shown.contains(*path))
        .collect();
    assert!(missing.is_empty(), "no example of {missing:#?}");
}

#[test]
fn the_meaning_of_every_number_says_its_unit() {
    let units = [
        "percent",
        "minutes",
        "seconds",
        "milliseconds",
        "days",
        "shards",
        "nodes",
        "keys",
        "bytes",
        "changes",
        "failovers",
        "attempts",
        "divided by",
        "the version",
    ];
    for key in KEYS {
        let is_number = matches!(
            key.takes,
            Takes::Whole { .. } | Takes::Number { .. } | Takes::Percent
        );
        let meaning = key.meaning.to_lowercase();
        let has_unit = units.iter().any(|unit| meaning.contains(unit));
        assert!(!is_number || has_unit, "{}: {}", key.path, key.meaning);
    }
}
