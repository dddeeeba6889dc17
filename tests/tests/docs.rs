//! What docs/ promises: a row for every code, an example that the code really prints, links that lead somewhere.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot read its files fails there"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    admit::{self, Candidate, FleetView},
    alarm::{Alarm, AlarmState},
    cluster::{Group, Node, NodeId, ReplicationGroupId, Shard, ShardId, Status, Switch},
    journal::{AttemptOutcome, Change, Journal, Pause, Retry},
    load::Series,
    policy::{Apply, Fleet, Policy},
    record::{Mode, Outcome, Record, Report, Wanted, label},
    reshard::{Hold, Observation, ShardSeries, Verdict, decide},
    trigger::Trigger,
};
use serde_json::{Value, json};

/// Pages whose links are checked, besides all of docs/. One that does not exist has none.
const PAGES_AT_THE_ROOT: [&str; 2] = ["README.md", "CHANGELOG.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text_of(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn operations() -> String {
    text_of("docs/operations.md")
}

/// What stands under `## heading`, up to the next heading of that level.
fn section<'a>(page: &'a str, heading: &str) -> &'a str {
    let start = format!("\n## {heading}\n");
    let Some((_, rest)) = page.split_once(&start) else {
        panic!("no section {heading:?}");
    };
    rest.split_once("\n## ").map_or(rest, |(this, _)| this)
}

/// The rows of the tables in a section, cell by cell, without their heads.
fn rows(section: &str) -> Vec<Vec<&str>> {
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"))
        .map(|line| line.split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|cells| cells[0].starts_with('`'))
        .collect()
}

/// What stands between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The first code of each row.
fn codes(section: &str) -> Vec<&str> {
    rows(section)
        .iter()
        .map(|cells| code_spans(cells[0])[0])
        .collect()
}

fn sorted<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names
}

#[test]
fn every_hold_code_has_exactly_one_row_and_no_row_an_unknown_code() {
    let page = operations();
    assert_eq!(
        sorted(codes(section(&page, "Holds"))),
        sorted(Hold::CODES),
        "left: rows of docs/operations.md, right: Hold::CODES"
    );
}

#[test]
fn every_outcome_has_exactly_one_row() {
    let page = operations();
    let response = Report::new(&Trigger::read(&json!({}))).response();
    let counts = response["counts"].as_object().unwrap();
    let outcomes = counts
        .keys()
        .map(String::as_str)
        .filter(|name| *name != "targets");
    assert_eq!(
        sorted(codes(section(&page, "Outcomes"))),
        sorted(outcomes),
        "left: rows of docs/operations.md, right: the counts of a response"
    );
}

/// The names of the guards, as the sources write them: the first argument of `require`. The fleet's has a constant.
fn guards_in_the_code() -> BTreeSet<String> {
    let folder = root().join("shared/src/reshard");
    let mut names = BTreeSet::from([admit::GUARD.to_owned()]);
    for entry in fs::read_dir(folder).unwrap() {
        let source = fs::read_to_string(entry.unwrap().path()).unwrap();
        for call in source.split(".require(").skip(1) {
            // The definition of `require` and its callers that pass a variable have no literal here.
            if let Some((name, _)) = call
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split_once('"'))
            {
                names.insert(name.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_guard_has_exactly_one_row_and_every_row_names_a_guard() {
    let page = operations();
    let guards = guards_in_the_code();
    assert!(
        guards.len() > 10,
        "the sources spell guards differently now: {guards:?}"
    );
    assert_eq!(
        sorted(codes(section(&page, "Guards"))),
        sorted(guards.iter().map(String::as_str)),
        "left: rows of docs/operations.md, right: shared/src/reshard and admit::GUARD"
    );
}

#[test]
fn a_guards_row_leads_to_holds_that_exist() {
    let page = operations();
    for cells in rows(section(&page, "Guards")) {
        let holds = code_spans(cells.last().unwrap());
        assert!(!holds.is_empty(), "{cells:?} leads to no hold");
        for hold in holds {
            assert!(
                Hold::CODES.contains(&hold),
                "{cells:?}: {hold} is no hold's code"
            );
        }
    }
}

/// The error codes that the adapter tells apart, as its source writes them.
fn failure_codes_in_the_code() -> BTreeSet<String> {
    let source = text_of("shared/src/aws/elasticache.rs");
    let (_, arms) = source.split_once("match code {").unwrap();
    let (arms, _) = arms.split_once("_ =>").unwrap();
    let literals = arms.split('"').skip(1).step_by(2);
    // A literal with a space is a piece of a message.
    literals
        .filter(|text| !text.contains(' '))
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_failure_code_that_the_code_tells_apart_has_a_row() {
    let page = operations();
    let rows = rows(section(&page, "Failure codes"));
    let documented: BTreeSet<&str> = rows.iter().flat_map(|cells| code_spans(cells[0])).collect();
    let known = failure_codes_in_the_code();
    assert!(
        known.contains("InvalidReplicationGroupState"),
        "the source spells codes differently now"
    );
    for code in known.iter().map(String::as_str).chain(["NoAnswer"]) {
        assert!(
            documented.contains(code),
            "{code} has no row in docs/operations.md"
        );
    }
    for cells in rows {
        let retry = cells[1];
        assert!(
            ["now", "later", "person", "unknown", "done"].contains(&retry),
            "{cells:?}: {retry} is no answer to \"try again when?\""
        );
    }
}

/// The policy of the example.
const POLICY: &str = r#"
version = 1

[[reshard]]
replication_group = "orders"
apply = "out"
min_shards = 2
max_shards = 8
targets.engine_cpu = 60
alarms.scale_out = ["orders-engine-cpu-high"]
alarms.stop = ["orders-incident"]
"#;

fn now() -> DateTime<Utc> {
    "2026-11-20T10:05:43Z".parse().unwrap()
}

/// Three shards of two nodes, all available.
fn group() -> Group {
    let node = |id: String, zone: &str| Node {
        id: NodeId::new(&id),
        availability_zone: Some(zone.into()),
        status: Status::Available,
        is_primary: None,
    };
    let shard = |number: u32, slots| Shard {
        id: ShardId::new(&format!("{number:04}")),
        status: Status::Available,
        slots: Some(slots),
        nodes: vec![
            node(format!("orders-{number:04}-001"), "us-east-1a"),
            node(format!("orders-{number:04}-002"), "us-east-1b"),
        ],
    };
    Group {
        id: ReplicationGroupId::new("orders"),
        status: Status::Available,
        cluster_mode: Some("enabled".into()),
        node_type: Some("cache.r7g.xlarge".into()),
        automatic_failover: Switch::On,
        multi_az: Switch::On,
        global_datastore: None,
        snapshot_window: None,
        maintenance_window: None,
        slot_migration_percent: None,
        member_count: 6,
        shards: vec![shard(1, 5462), shard(2, 5461), shard(3, 5461)],
    }
}

fn seen() -> Observation {
    let minute = |n: i64| now() - TimeDelta::minutes(n) - TimeDelta::seconds(43);
    let flat = |load: f64| ShardSeries {
        engine_cpu: Series::new((1..=40).map(|n| (minute(n), load)), true),
        ..ShardSeries::default()
    };
    let alarm = |name: &str, state, since| {
        let alarm = Alarm {
            name: name.into(),
            state,
            since: Some(since),
            silence: None,
            dimensions: BTreeMap::new(),
        };
        (name.to_owned(), alarm)
    };
    Observation {
        at: now(),
        group: Some(group()),
        load: BTreeMap::from([
            (ShardId::new("0001"), flat(71.0)),
            (ShardId::new("0002"), flat(66.5)),
            (ShardId::new("0003"), flat(64.0)),
        ]),
        alarms: BTreeMap::from([
            alarm(
                "orders-engine-cpu-high",
                AlarmState::Alarm,
                now() - TimeDelta::seconds(2),
            ),
            alarm("orders-incident", AlarmState::Ok, minute(4000)),
        ]),
        auto_scaling: None,
        journal: Journal {
            first_seen: Some(minute(9000)),
            shards: Some(3),
            last_change: Some(Change {
                at: minute(190),
                from: Some(2),
                to: 3,
                ours: true,
            }),
            ..Journal::default()
        },
        pauses: Vec::new(),
        unreadable: None,
        evidence: None,
    }
}

/// The verdict as a fleet of this one group lets it stand.
fn admitted(verdict: Verdict) -> (Verdict, Option<Wanted>) {
    let (id, limits) = (ReplicationGroupId::new("orders"), Fleet::default());
    let candidate = Candidate {
        target: &id,
        decision: &verdict.decision,
        wanted: 4,
        spoken_of: true,
        apply: Apply::Out,
    };
    let seen = FleetView {
        groups: &BTreeMap::from([(id.clone(), group())]),
        journals: &BTreeMap::new(),
    };
    let ruling = admit::admit(&limits, &[candidate], seen, now())
        .remove(0)
        .ruling;
    ruling.apply_to(verdict)
}

/// The record of the example, as the code prints it.
fn example() -> Value {
    let event = text_of("events/alarm-direct-metric-replication-group.json");
    let trigger = Trigger::read(&serde_json::from_str(&event).unwrap());
    let policy = Policy::parse("policy.toml", POLICY).unwrap();
    let verdict = decide(
        policy
            .reshard_for(&ReplicationGroupId::new("orders"))
            .unwrap(),
        &seen(),
    );
    let (verdict, wanted) = admitted(verdict);
    let mut record = Record::new("reshard", Mode::Apply, "orders", now(), verdict);
    record.wanted = wanted;
    record.policy = policy.version;
    record.trigger = label(&trigger);
    record.outcome = Outcome::Accepted;
    record.request_id = Some("3f1c6f0e-8d0e-4c55-9a0b-5c1d7f0c2b11".into());
    serde_json::from_str(&record.line()).unwrap()
}

#[test]
fn the_annotated_record_is_what_the_code_prints() {
    let page = operations();
    let block = section(&page, "A decision record")
        .split_once("```jsonc\n")
        .and_then(|(_, rest)| rest.split_once("```"));
    let (block, _) = block.unwrap();
    // A comment starts after two blanks, so that no `//` inside a string is taken for one.
    let plain: String = block
        .lines()
        .map(|line| line.split_once("  //").map_or(line, |(code, _)| code))
        .collect();
    let shown: Value = serde_json::from_str(&plain).unwrap();
    let printed = example();
    assert_eq!(shown, printed, "the code prints\n{printed:#}");
}

#[test]
fn the_pause_that_the_page_writes_is_one_that_the_journal_reads() {
    let page = operations();
    let written = page
        .lines()
        .find_map(|line| line.strip_prefix("PAUSE='")?.strip_suffix('\''));
    let entry = format!(r#"{{"shards":3,"pause":{}}}"#, written.unwrap());
    let journal: Journal = serde_json::from_str(&entry).unwrap();
    let pause: Pause = journal.pause.unwrap();
    let until = pause.until.unwrap();
    assert!(pause.holds(until - TimeDelta::seconds(1)) && !pause.holds(until));
    assert!(!pause.why.is_empty() && !pause.by.is_empty());
}

#[test]
fn every_end_of_an_attempt_has_exactly_one_row() {
    let page = operations();
    let at = now();
    let outcomes = [
        AttemptOutcome::Asked,
        AttemptOutcome::Accepted,
        AttemptOutcome::Refused {
            code: "X".into(),
            retry: Retry::Now,
        },
        AttemptOutcome::Completed { at },
        AttemptOutcome::Unchanged { at },
        AttemptOutcome::Partial { at, shards: 2 },
    ];
    let kinds = outcomes.map(|outcome| {
        // Exhaustive, so that a new end does not compile before it stands in the list above.
        match &outcome {
            AttemptOutcome::Asked
            | AttemptOutcome::Accepted
            | AttemptOutcome::Refused { .. }
            | AttemptOutcome::Completed { .. }
            | AttemptOutcome::Unchanged { .. }
            | AttemptOutcome::Partial { .. } => {}
        }
        let value = serde_json::to_value(&outcome).unwrap();
        value["kind"].as_str().unwrap().to_owned()
    });
    let section = section(&page, "Reading the journal");
    let (_, table) = section.split_once("| kind |").unwrap();
    assert_eq!(
        sorted(codes(table)),
        sorted(kinds.iter().map(String::as_str))
    );
}

#[test]
fn the_numbers_of_missing_data_are_those_of_the_code() {
    let page = text_of("docs/design.md");
    let minutes = |n: u64| Duration::from_secs(n * 60);
    let start = now() - TimeDelta::minutes(20);
    let known = |count: i64| {
        let series = Series::new(
            (1..=count).map(|n| (start + TimeDelta::minutes(n), 50.0)),
            true,
        );
        let end = start + TimeDelta::minutes(count);
        (
            series.recent_mean(end, minutes(10), minutes(10)).is_some(),
            series.covers(end, minutes(10), minutes(10)),
        )
    };
    // Of ten minutes: four are too few, five do for growth, only all of them for a scale-in.
    assert_eq!(
        [4, 5, 9, 10].map(known),
        [(false, false), (true, false), (true, false), (true, true)]
    );
    for promise in ["half of the window's minutes", "every minute of the window"] {
        assert!(
            page.contains(promise),
            "docs/design.md no longer says {promise:?}"
        );
    }
}

/// Every Markdown page of the root and of docs/ that exists.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = PAGES_AT_THE_ROOT
        .iter()
        .map(|name| root().join(name))
        .filter(|path| path.is_file())
        .collect();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages
}

/// The targets of a page's links, outside code.
fn links(page: &str) -> Vec<String> {
    let mut fenced = false;
    let mut links = Vec::new();
    for line in page.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("code");
        let targets = prose.split("](").skip(1);
        links.extend(targets.filter_map(|rest| Some(rest.split_once(')')?.0.to_owned())));
    }
    links
}

/// The anchors of a page's headings, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let headings = page.lines().filter(|line| line.starts_with('#'));
    headings
        .map(|heading| {
            let words = heading.trim_start_matches('#').trim().to_lowercase();
            words
                .chars()
                .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
                .map(|c| if c == ' ' { '-' } else { c })
                .collect()
        })
        .collect()
}

/// Why a link leads nowhere. `None`: it leads somewhere, or out of the repository.
fn broken(from: &Path, link: &str) -> io::Result<Option<String>> {
    if link.contains("://") || link.starts_with("mailto:") {
        return Ok(None);
    }
    let (path, anchor) = link
        .split_once('#')
        .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let target = match path {
        "" => from.to_owned(),
        path => from.parent().unwrap_or(from).join(path),
    };
    if !target.exists() {
        return Ok(Some(format!("{link}: there is no {path}")));
    }
    let Some(anchor) = anchor else {
        return Ok(None);
    };
    let known = anchors(&fs::read_to_string(target)?);
    Ok((!known.contains(anchor)).then(|| format!("{link}: no heading makes #{anchor}")))
}

#[test]
fn relative_links_lead_somewhere() {
    let pages = pages();
    assert!(pages.len() >= 3, "where are the pages? {pages:?}");
    let mut wrong = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in links(&text) {
            if let Some(why) = broken(&page, &link).unwrap() {
                wrong.push(format!("{}: {why}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_link_to_nowhere_is_found() {
    let page = root().join("docs/operations.md");
    assert_eq!(
        links("see [a](x.md#y), `[b](z.md)`\n```\n[c](w.md)\n```"),
        ["x.md#y"]
    );
    assert!(broken(&page, "no-such-page.md").unwrap().is_some());
    assert!(broken(&page, "#no-such-heading").unwrap().is_some());
    assert!(broken(&page, "#holds").unwrap().is_none());
}
