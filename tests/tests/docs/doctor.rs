//! docs/doctor.md: a row for each check, in its part, and the permissions that a look needs.

use clusterwarden_account::doctor::{Check, NOT_LOOKED_AT, PERMISSIONS, Part, Severity};
use serde_json::Value;

use crate::{codes, section, text_of};

fn page() -> String {
    text_of("docs/doctor.md")
}

#[test]
fn every_check_has_a_row_in_its_part_and_no_row_is_of_none() {
    let page = page();
    let parts = [
        Part::Functions,
        Part::Roles,
        Part::Journal,
        Part::Alarms,
        Part::Notifications,
        Part::Targets,
        Part::Quotas,
        Part::Clock,
    ];
    for part in parts {
        let checks = Check::ALL.iter().filter(|check| check.part() == part);
        let names: Vec<&str> = checks.map(|check| check.name()).collect();
        assert_eq!(codes(section(&page, part.heading())), names, "{part:?}");
    }
}

#[test]
fn every_severity_is_explained() {
    let page = page();
    for severity in [
        Severity::Error,
        Severity::Warning,
        Severity::Unknown,
        Severity::Ok,
    ] {
        assert!(
            page.contains(&format!("| `{}` |", severity.word())),
            "{severity:?}"
        );
    }
}

#[test]
fn the_policy_for_a_person_is_what_a_look_needs() {
    let page = page();
    let (_, rest) = section(&page, "What you need to be allowed")
        .split_once("```json\n")
        .unwrap();
    let (document, _) = rest.split_once("```").unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    let statement = &document["Statement"][0];
    assert_eq!(statement["Action"], serde_json::json!(PERMISSIONS));
    assert_eq!(statement["Effect"], "Allow");
}

#[test]
fn what_is_not_looked_at_has_a_command_each() {
    for (what, command) in NOT_LOOKED_AT {
        assert!(
            !what.is_empty() && (command.contains("aws ") || command.contains("clusterwarden "))
        );
    }
}
