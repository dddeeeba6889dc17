//! Warnings and explanations, as they are drawn.

use std::fs;

use clusterwarden::policy::{Origin, PolicyFile};

use super::{golden, named, root};

fn file(name: &str, text: &str) -> PolicyFile {
    PolicyFile::parse(name, text).unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

#[test]
fn every_unwise_policy_is_warned_of_as_its_golden_says() {
    for (path, name, text) in named("policy_unwise") {
        let warnings = file(&name, &text).warnings();
        assert!(!warnings.is_empty(), "{name}");
        golden(&path, &format!("{warnings}\n"));
    }
}

#[test]
fn the_sample_policy_and_the_documented_ones_are_wise() {
    let sample = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    for (name, text) in [("policy.toml", sample.as_str())].into_iter().chain(
        super::examples(&page)
            .into_iter()
            .map(|text| ("docs/policy.md", text)),
    ) {
        let warnings = file(name, text).warnings();
        assert!(warnings.is_empty(), "{warnings}");
    }
}

/// What holds without a key is no reason to warn, so an entry that says the least is warned of nothing.
#[test]
fn built_in_defaults_are_wise() {
    let text = "version = 1\n[[reshard]]\nreplication_group = \"orders\"\nmin_shards = 2\nmax_shards = 8\n\
                targets.engine_cpu = 60\n";
    assert_eq!(file("policy.toml", text).warnings().len(), 0);
}

/// The documentation's table of warnings has one row for each kind that the goldens show, in words of its own; here they
/// are only counted, so that neither grows alone.
#[test]
fn the_documentation_has_a_row_for_each_kind_of_warning() {
    let page = fs::read_to_string(root().join("docs/policy.md")).unwrap();
    let section = page.split("## Warnings").nth(1).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .count()
        - 1;
    let shown = ["everything.txt", "failovers.txt"].map(|golden| {
        fs::read_to_string(root().join("tests/tests/policy_unwise").join(golden)).unwrap()
    });
    let kinds: std::collections::BTreeSet<String> = shown
        .iter()
        .flat_map(|shown| shown.lines())
        .filter_map(|line| line.strip_prefix("warning: "))
        .map(|message| message.replace(|letter: char| letter.is_ascii_digit(), ""))
        .collect();
    // Two warnings share a row seven times: the quotas, the CPU gate, and the alarms of `after_change`; cover, which names
    // an entry, stop alarms, the drills' windows, and objectives, each of two kinds; and three share the row of `*`.
    assert_eq!(kinds.len(), rows + 9, "{kinds:#?}");
}

#[test]
fn an_explanation_is_drawn_as_its_golden_says() {
    for (path, name, text) in named("policy_explained") {
        let target = name.trim_end_matches(".toml");
        let explanation = file(&name, &text).explain(target).unwrap();
        golden(&path, &explanation.to_string());
    }
}

#[test]
fn an_explanation_has_every_key_once_and_says_where_it_is_from() {
    let all = named("policy_explained");
    let (_, name, text) = all
        .iter()
        .find(|(_, name, _)| name == "orders-eu.toml")
        .unwrap();
    let explanation = file(name, text).explain("orders-eu").unwrap();
    let rows = || {
        explanation.entries[0]
            .values
            .iter()
            .chain(&explanation.fleet)
    };
    let from = |key: &str| {
        let row = rows().find(|row| row.key == key).unwrap();
        (row.value.as_str(), row.origin)
    };
    assert_eq!(from("apply"), ("\"all\"", Origin::Entry { line: 28 }));
    assert_eq!(from("scale_in.max_step"), ("1", Origin::Entry { line: 33 }));
    assert_eq!(
        from("scale_in.cooldown_minutes"),
        ("60", Origin::Defaults { line: 6 })
    );
    assert_eq!(from("scale_out.max_step"), ("2", Origin::BuiltIn));
    assert_eq!(
        from("fleet.max_changes_per_hour"),
        ("4", Origin::Fleet { line: 36 })
    );
    let keys: std::collections::BTreeSet<&str> = rows().map(|row| row.key.as_str()).collect();
    assert_eq!(keys.len(), rows().count());
}

#[test]
fn a_target_has_an_explanation_for_each_kind_of_entries_that_names_it() {
    let text = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    let file = file("policy.toml", &text);
    let kinds = |target: &str| {
        let explanation = file.explain(target).unwrap();
        let entries = explanation.entries.iter();
        entries.map(|entry| entry.kind).collect::<Vec<_>>()
    };
    assert_eq!(kinds("orders"), ["reshard", "failover_shard"]);
    assert_eq!(kinds("Sessions-EU"), ["reshard"]);
    assert_eq!(kinds("graph-prod"), ["failover_db_cluster"]);
}

#[test]
fn a_target_that_no_entry_names_has_no_explanation() {
    let text = fs::read_to_string(root().join("policy/policy.toml")).unwrap();
    let file = file("policy.toml", &text);
    assert_eq!(file.explain("billing"), None);
}
