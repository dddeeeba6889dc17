//! Least privilege: what the embedded AWS saw each function ask, in plan and in apply mode, is exactly what its role in template.yaml
//! grants in that mode, action by action and statement by statement. A grant that nothing uses fails, and so does a request
//! that nothing grants. What is granted for others' calls is listed by name: `roles::MADE_BY_OTHERS`.
//!
//! That no function ever leaves its role is also held in every other test: `SharedCloud::by`.

mod failovers;
mod iam;
mod reshards;

use std::collections::BTreeSet;

use clusterwarden::record::Mode;
use clusterwarden_tests::{
    iam::Request,
    roles::{MADE_BY_OTHERS, Role, change, mode, role},
    template,
};

/// The targets that all worlds here have, and that the roles are made for.
const GROUPS: (&str, &str) = ("ReplicationGroupPattern", "orders");
const CLUSTERS: (&str, &str) = ("DbClusterPattern", "graph");

/// Each function and mode with what its worlds made it ask.
async fn shown(function: &str, mode: Mode) -> BTreeSet<Request> {
    let asked = match function {
        "reshard" => reshards::asked(mode).await,
        "failover-shard" => failovers::of_shards(mode).await,
        "failover-db-cluster" => failovers::of_clusters(mode).await,
        "promote-replica" => failovers::of_promotions(mode).await,
        other => panic!("{other} is new here: show what it asks"),
    };
    asked.into_iter().collect()
}

/// Where a role and what was asked differ.
fn differences(role: &Role, shown: &BTreeSet<Request>) -> Vec<String> {
    let refused = shown.iter().filter_map(|request| role.may(request).err());
    let mut found: Vec<String> = refused.collect();
    for statement in role.statements.iter().filter(|one| one.allows) {
        for action in &statement.actions {
            let of_others = MADE_BY_OTHERS.iter().any(|(other, _)| other == action);
            let mut asked = shown.iter().filter(|request| request.action == *action);
            let used =
                asked.any(|request| request.on.iter().any(|one| statement.covers(action, one)));
            if !of_others && !used {
                found.push(format!(
                    "nothing that {} did needs {action} ({})",
                    role.function, statement.sid
                ));
            }
        }
    }
    found
}

async fn assert_least(function: &str) {
    let template = template::read("template.yaml");
    for in_mode in [Mode::Plan, Mode::Apply] {
        let shown = shown(function, in_mode).await;
        let exact = role(&template, function, &[mode(in_mode), GROUPS, CLUSTERS]);
        assert_eq!(
            differences(&exact, &shown),
            [""; 0],
            "{function} in {in_mode:?}"
        );
        let asked: BTreeSet<&str> = shown
            .iter()
            .map(|request| request.action.as_str())
            .collect();
        let mut granted = exact.actions();
        granted.retain(|action| MADE_BY_OTHERS.iter().all(|(other, _)| other != action));
        assert_eq!(asked, granted, "{function} in {in_mode:?}");

        assert_differences_are_found(&exact, &shown);
        let elsewhere = [
            mode(in_mode),
            ("ReplicationGroupPattern", "carts"),
            ("DbClusterPattern", "carts"),
        ];
        let elsewhere = role(&template, function, &elsewhere);
        let changes = shown
            .iter()
            .filter(|request| request.action.ends_with(&format!(":{}", change(function))));
        let changes: Vec<&Request> = changes.collect();
        assert_eq!(changes.is_empty(), in_mode == Mode::Plan, "{function}");
        for request in changes {
            assert!(elsewhere.may(request).is_err(), "{request:?}");
        }
    }
}

/// One action less in any statement, or one more, is found.
fn assert_differences_are_found(exact: &Role, shown: &BTreeSet<Request>) {
    for (place, statement) in exact
        .statements
        .iter()
        .enumerate()
        .filter(|(_, one)| one.allows)
    {
        for (index, action) in statement.actions.iter().enumerate() {
            if MADE_BY_OTHERS.iter().any(|(other, _)| other == action) {
                continue;
            }
            let mut less = exact.clone();
            less.statements[place].actions.remove(index);
            let found = differences(&less, shown);
            assert!(
                found.iter().any(|one| one.contains(action)),
                "without {action}: {found:?}"
            );
        }
        let mut more = exact.clone();
        more.statements[place]
            .actions
            .push("elasticache:DeleteReplicationGroup".to_owned());
        let found = differences(&more, shown);
        assert_eq!(found.len(), 1, "{found:?}");
    }
}

#[tokio::test]
async fn reshard_may_do_exactly_what_it_does() {
    assert_least("reshard").await;
}

#[tokio::test]
async fn failover_shard_may_do_exactly_what_it_does() {
    assert_least("failover-shard").await;
}

#[tokio::test]
async fn failover_db_cluster_may_do_exactly_what_it_does() {
    assert_least("failover-db-cluster").await;
}

#[tokio::test]
async fn promote_replica_may_do_exactly_what_it_does() {
    assert_least("promote-replica").await;
}

#[test]
fn every_function_has_its_proof() {
    let here = [
        "reshard",
        "failover-shard",
        "failover-db-cluster",
        "promote-replica",
    ];
    let known: BTreeSet<&str> = clusterwarden_local::runtime_api::binaries::FUNCTIONS
        .iter()
        .copied()
        .collect();
    assert_eq!(BTreeSet::from(here), known);
}

#[tokio::test]
#[should_panic(expected = "may not")]
async fn a_call_outside_a_functions_role_ends_any_test() {
    let cloud =
        clusterwarden_tests::SharedCloud::empty(clusterwarden_local::cloud::Parameters::default());
    let clients = aws_sdk_neptune::Client::new(&cloud.by("failover-db-cluster").sdk_config());
    // Granted, so it does not panic.
    clients
        .describe_db_clusters()
        .send()
        .await
        .expect("an answer");
    let clients = aws_sdk_neptune::Client::new(&cloud.by("reshard").sdk_config());
    let _ = clients.describe_db_clusters().send().await;
}
