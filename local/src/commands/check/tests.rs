//! What `check` accepts, what it refuses, and what it answers.

use std::io::Write;

use tempfile::NamedTempFile;

use super::*;

const WISE: &str = "version = 1\n[[reshard]]\nreplication_group = \"orders\"\nmin_shards = 2\nmax_shards = 8\n\
                    targets.engine_cpu = 60\n";

fn policy(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn check(file: &NamedTempFile, deny_warnings: bool, explain: Option<&str>) -> Result<(), Failure> {
    let options = CheckOptions {
        file: Some(file.path().to_owned()),
        explain: explain.map(str::to_owned),
        deny_warnings,
        schema: false,
        online: false,
        endpoint_url: None,
        region: None,
    };
    run(&options, &Surroundings::of_this_process())
}

#[test]
fn warnings_fail_only_where_they_are_denied() {
    let unwise = policy(&format!("{WISE}scale_in.cooldown_minutes = 5\n"));
    assert!(check(&unwise, false, None).is_ok());
    let denied = check(&unwise, true, None);
    assert!(matches!(
        denied,
        Err(Failure::PolicyWarnings { warnings: 1, .. })
    ));
    let explained = check(&unwise, true, Some("orders"));
    assert!(matches!(explained, Err(Failure::PolicyWarnings { .. })));
    assert!(check(&policy(WISE), true, None).is_ok());
}

#[test]
fn mistakes_fail_whatever_is_asked() {
    let wrong = policy(&format!("{WISE}max_shard = 9\n"));
    for explain in [None, Some("orders")] {
        let refused = check(&wrong, false, explain);
        assert!(matches!(
            refused,
            Err(Failure::PolicyMistakes { mistakes: 1, .. })
        ));
    }
}

#[test]
fn a_group_that_nothing_names_is_said_to_be_left_alone() {
    let file = PolicyFile::parse("policy.toml", WISE).unwrap();
    assert_eq!(
        explain(&file, "policy.toml", "billing"),
        "billing: no entry of policy.toml names it, so it is never touched\n"
    );
    // ElastiCache lower-cases ids, so a person may write them as they like.
    assert!(
        explain(&file, "policy.toml", "Orders")
            .starts_with("orders: governed by [[reshard]] \"orders\", an exact id")
    );
}

#[test]
fn the_summary_counts_entries_and_warnings() {
    let file = PolicyFile::parse("policy.toml", WISE).unwrap();
    let version = &file.policy().version;
    assert_eq!(
        summary(&file, "policy.toml", &file.warnings()),
        format!("policy.toml: version {version}, 1 [[reshard]] table\n")
    );
    let more = format!("{WISE}[[failover_shard]]\nreplication_group = \"orders\"\n");
    let file = PolicyFile::parse("policy.toml", &more).unwrap();
    assert!(
        summary(&file, "policy.toml", &file.warnings())
            .ends_with(", 1 [[reshard]] table, 1 [[failover_shard]] table\n")
    );
    let text = format!("{WISE}stale_after_minutes = 1\n");
    let file = PolicyFile::parse("policy.toml", &text).unwrap();
    assert!(summary(&file, "policy.toml", &file.warnings()).ends_with(", 1 warning\n"));
}
