//! docs/metrics.md and the alarms of docs/operations.md: a row for each, and none for what is not there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::DateTime;
use clusterwarden::{
    metrics::{Heartbeat, METRICS, Publication},
    record::{Mode, Report},
    trigger::Trigger,
};
use clusterwarden_tests::emf;
use serde_json::{Value, json};

use crate::{code_spans, operations, record::example_record, rows, section, sorted, text_of};

fn metrics() -> String {
    text_of("docs/metrics.md")
}

/// The alarms of the template with the metric that each counts.
fn alarms() -> BTreeMap<String, String> {
    let template = text_of("template.yaml");
    let (mut resource, mut alarms) = ("", BTreeMap::new());
    for line in template.lines() {
        let id = line.strip_prefix("  ").and_then(|id| id.strip_suffix(':'));
        if let Some(id) = id.filter(|id| !id.starts_with(' ')) {
            resource = id;
        } else if line == "    Type: AWS::CloudWatch::Alarm" {
            alarms.insert(resource.to_owned(), String::new());
        } else if let Some(metric) = line.trim_start().strip_prefix("MetricName: ")
            && let Some(counts) = alarms.get_mut(resource)
        {
            metric.clone_into(counts);
        }
    }
    alarms
}

#[test]
fn every_metric_has_exactly_one_row_with_its_unit_dimensions_and_alarms() {
    let page = metrics();
    let alarms = alarms();
    let told: Vec<Vec<String>> = METRICS
        .iter()
        .map(|metric| {
            let set = |set: &&[clusterwarden::metrics::Dimension]| {
                let names = set.iter().map(|one| format!("`{}`", one.name()));
                names.collect::<Vec<_>>().join(" ")
            };
            let sets: Vec<String> = metric.sets.iter().map(set).collect();
            let count = alarms.iter().filter(|(_, counts)| *counts == metric.name);
            let mut counting: Vec<&str> = count.map(|(id, _)| id.as_str()).collect();
            counting.sort_unstable();
            vec![
                format!("`{}`", metric.name),
                metric.unit.name().to_owned(),
                sets.join("; "),
                counting.join(" "),
            ]
        })
        .collect();
    let shown: Vec<Vec<String>> = rows(section(&page, "The metrics"))
        .iter()
        .map(|cells| {
            let [metric, unit, sets, _, alarms] = cells.as_slice() else {
                panic!("{cells:?} has another number of cells");
            };
            let sets = if *sets == "none" { "" } else { sets };
            let alarms = sorted(code_spans(alarms)).join(" ");
            vec![
                (*metric).to_owned(),
                (*unit).to_owned(),
                sets.to_owned(),
                alarms,
            ]
        })
        .collect();
    assert_eq!(shown, told, "left: rows of docs/metrics.md, right: METRICS");
}

#[test]
fn every_alarm_of_the_template_has_exactly_one_row_and_no_row_another() {
    let page = operations();
    let table = rows(section(&page, "Alarms"));
    // What it means and what to do first.
    assert!(table.iter().all(|cells| cells.len() == 3), "{table:?}");
    let shown: Vec<&str> = table
        .iter()
        .flat_map(|cells| code_spans(cells[0]))
        .collect();
    let alarms = alarms();
    assert!(alarms.len() > 10, "the template spells alarms differently");
    assert_eq!(sorted(shown), sorted(alarms.keys().map(String::as_str)));
}

#[test]
fn the_heartbeat_that_the_page_shows_is_what_the_code_prints() {
    let page = metrics();
    let (_, shown) = page.split_once("```json\n").unwrap();
    let (shown, _) = shown.split_once("\n```").unwrap();
    let at = DateTime::parse_from_rfc3339("2026-11-24T09:05:14Z").unwrap();
    let mut report = Report::new(&Trigger::read(&json!({})));
    report.records = vec![example_record(); 3];
    (report.metrics_bought, report.test_failovers_left) = (12, Some(14));
    let to = Publication {
        namespace: "clusterwarden/prod".to_owned(),
        per_target: true,
    };
    let beat = Heartbeat::of("failover-shard", Mode::Apply, &report, at.to_utc());
    assert_eq!(shown, beat.line(&to));
    assert!(emf::read(shown, at.timestamp_millis()).is_some());
}

#[test]
fn what_the_page_says_of_sizes_is_so() {
    let record = example_record();
    let to = Publication {
        namespace: "clusterwarden/prod".to_owned(),
        per_target: true,
    };
    let line = clusterwarden::metrics::record_line(&record, Some(&to));
    let (own, more) = (record.line().len(), line.len() - record.line().len());
    assert!((2_000..=6_000).contains(&own), "{own}");
    assert!((300..=900).contains(&more), "{more}");
    // The keys that the page on records says are added.
    let (own, all): (Value, Value) = (
        serde_json::from_str(&record.line()).unwrap(),
        serde_json::from_str(&line).unwrap(),
    );
    let own: BTreeSet<&String> = own.as_object().unwrap().keys().collect();
    for key in all.as_object().unwrap().keys() {
        let is_added = ["_aws", "kind", "reason", "end"].contains(&key.as_str())
            || key.starts_with(|first: char| first.is_ascii_uppercase());
        assert_eq!(is_added, !own.contains(key), "{key}");
    }
}
