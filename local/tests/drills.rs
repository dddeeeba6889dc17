//! `clusterwarden drills` and what `status` tells of failovers, against a served embedded AWS.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use serde_json::{Value, json};

use support::{send, served::Served};

/// Writes an item of the journal as a function would.
fn keep(served: &Served, target: &str, entry: &Value) {
    let address = served.url.strip_prefix("http://").unwrap().parse().unwrap();
    let item = json!({ "TableName": "clusterwarden-journal", "Item": {
        "target": { "S": target }, "version": { "N": "1" }, "entry": { "S": entry.to_string() },
    } });
    let headers = "x-amz-target: DynamoDB_20120810.PutItem\r\ncontent-type: application/x-amz-json-1.0\r\n\
                   authorization: AWS4-HMAC-SHA256 Credential=a/20261123/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0\r\n";
    let answer = send(address, "POST /", headers, item.to_string().as_bytes()).unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// The report of a drill of shard 0001 whose new primary was there after so many seconds.
fn report(day: u32, seconds: i64) -> Value {
    let phase = |name: &str, seconds: i64| json!({ "name": name, "at": null, "seconds": seconds });
    json!({
        "unit": "0001", "accepted": format!("2026-11-{day:02}T14:05:00Z"),
        "from": "catalog-0001-001", "to": "catalog-0001-002",
        "from_zone": "us-east-1a", "to_zone": "us-east-1b",
        "phases": [
            phase("failover_completed", seconds), phase("recovery_started", 146),
            phase("recovery_finished", 764), phase("available", 764),
        ],
        "objective_seconds": 120, "recovery_objective_seconds": null, "verdict": "met",
        "zones_before": { "us-east-1a": 3 }, "zones_after": { "us-east-1a": 2, "us-east-1b": 1 },
        "alarms": ["catalog-down"],
    })
}

fn attempt(unit: &str, at: &str, outcome: &Value) -> Value {
    json!({ "at": at, "intent": "drill", "unit": unit, "from": "the-old-one", "outcome": outcome })
}

#[test]
fn without_a_drill_it_says_what_would_bring_one() {
    let served = Served::start();
    let said = served.says(&["drills"]);
    assert!(said.contains("[[failover_shard]]"), "{said}");
    let none: Value = serde_json::from_str(&served.says(&["drills", "--json"])).unwrap();
    assert_eq!((&none["drills"], &none["trends"]), (&json!([]), &json!([])));
}

#[test]
fn drills_are_told_with_their_trend_and_filtered_by_target() {
    let served = Served::start();
    let drills = [report(2, 60), report(9, 62), report(16, 95)];
    keep(&served, "catalog", &json!({ "drills": drills }));
    let asked = attempt(
        "graph-prod",
        "2126-11-23T14:05:00Z",
        &json!({ "kind": "asked" }),
    );
    keep(
        &served,
        "db-cluster:graph-prod",
        &json!({ "failovers": [asked] }),
    );

    let said = served.says(&["drills"]);
    for part in [
        "2026-11-02 14:05  catalog",
        "95 s ≤ 120 s",
        "catalog-0001-001 (us-east-1a) → catalog-0001-002 (us-east-1b); in ALARM meanwhile: catalog-down",
        "to the new primary: 95 s in the latest, 34 s slower than the median of those before (61 s); median 62 s",
        "to available: 764 s in the latest, the same as the median of those before (764 s)",
        "us-east-1a 3 before, us-east-1a 2, us-east-1b 1 after",
        "graph-prod (Neptune)",
        "under way",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    let said = served.says(&["drills", "graph-*"]);
    assert!(
        said.contains("graph-prod (Neptune)") && !said.contains("catalog"),
        "{said}"
    );
    let shown: Value = serde_json::from_str(&served.says(&["drills", "--json"])).unwrap();
    assert_eq!(shown["drills"].as_array().unwrap().len(), 3);
    assert_eq!(shown["drills"][2]["phases"][0]["seconds"], 95);
    assert_eq!(shown["trends"][0]["switched"]["slower_by_seconds"], 34.0);
    assert_eq!(shown["under_way"][0]["kind"], "db_cluster");
}

#[test]
fn status_tells_of_failovers_and_takes_neither_ledger_nor_cluster_for_a_group() {
    let served = Served::start();
    let switched =
        json!({ "kind": "switched", "at": "2026-11-23T14:06:00Z", "to": "catalog-0001-002" });
    let attempts = [attempt("0001", "2026-11-23T14:05:00Z", &switched)];
    keep(
        &served,
        "catalog",
        &json!({ "failovers": attempts, "shards": 3 }),
    );
    let asked = attempt(
        "graph-prod",
        "2026-11-23T14:05:00Z",
        &json!({ "kind": "asked" }),
    );
    keep(
        &served,
        "db-cluster:graph-prod",
        &json!({ "failovers": [asked] }),
    );
    let spent = json!({ "at": "2126-11-23T14:05:00Z", "group": "catalog", "shard": "0001" });
    let old = json!({ "at": "2020-11-23T14:05:00Z", "group": "catalog", "shard": "0002" });
    keep(
        &served,
        "account:test-failover",
        &json!({ "ledger": [old, spent] }),
    );

    let said = served.says(&["status"]);
    for part in [
        "\ncatalog               3 ",
        "\ngraph-prod (Neptune)  - ",
        "catalog: last failover 2026-11-23 14:05 (drill of 0001): away from the-old-one, catalog-0001-002 took over",
        "the ledger has 1 test failover of ours in 24 h (catalog 0001 at ",
    ] {
        assert!(said.contains(part), "{part}\nis not in\n{said}");
    }
    assert!(
        !said.contains("account:test-failover") && !said.contains("db-cluster:"),
        "{said}"
    );
    let status = served.status();
    let targets: Vec<&str> = status["targets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|target| target["target"].as_str().unwrap())
        .collect();
    assert_eq!(targets, ["catalog", "graph-prod"]);
    assert_eq!(status["test_failovers"].as_array().unwrap().len(), 1);
}

#[test]
fn an_item_that_is_not_readable_is_said_and_the_others_are_shown() {
    let served = Served::start();
    keep(&served, "catalog", &json!({ "drills": [report(2, 60)] }));
    keep(&served, "orders", &json!({ "drills": "many" }));
    let output = served.run(&["drills"]);
    assert_eq!(output.status.code(), Some(1));
    let (said, stderr) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(said.contains("catalog-0001-001"), "{said}");
    assert!(stderr.contains("not every item is readable"), "{stderr}");
}
