//! A healthy deployment, that nothing is changed, and what a look needs to be allowed.

use std::collections::BTreeSet;

use clusterwarden::record::Mode;
use clusterwarden_account::doctor::{Function, NOT_LOOKED_AT, OF_ALL, PERMISSIONS, Severity};
use clusterwarden_tests::{
    roles::{mode, role},
    template,
};

use crate::world::{World, apply, plan};

#[tokio::test]
async fn a_healthy_deployment_has_nothing_but_what_is_as_it_should_be() {
    for settings in [plan(), apply()] {
        let looked = World::new(settings).look().await;
        assert!(looked.bad().is_empty(), "{:#?}", looked.bad());
        let report = looked.report();
        assert!(report.count(Severity::Ok) > 40, "{}", report.text());
        assert_eq!(report.json()["errors"], 0);
        assert_eq!(report.json()["account"], "123456789012");
    }
}

#[tokio::test]
async fn plan_mode_is_told_what_to_deploy_for_apply_mode() {
    let looked = World::new(plan()).look().await;
    let text = looked.report().text();
    for words in [
        "clusterwarden-reshard: runs in plan mode",
        "when you apply: set ReplicationGroupPattern=* DbClusterPattern=graph-prod MaxShardsCeiling=12 in [apply.deploy.parameters] of \
         samconfig.toml, then sam build --config-env apply && sam deploy --config-env apply --stack-name clusterwarden\n",
        "\nNot looked at\n",
        NOT_LOOKED_AT[0].1,
    ] {
        assert!(text.contains(words), "{words} is not in:\n{text}");
    }
}

/// The IAM action of a recorded call.
fn action(service: &str, operation: &str) -> String {
    let prefix = match service {
        "monitoring" => "cloudwatch",
        other => other,
    };
    format!("{prefix}:{operation}")
}

#[tokio::test]
async fn a_look_reads_and_needs_exactly_the_permissions_that_it_says() {
    let world = World::new(apply());
    world.look().await;
    let cloud = world.cloud.lock();
    let called: BTreeSet<String> = cloud
        .calls
        .iter()
        .map(|call| action(call.service, &call.operation))
        .collect();
    let said: BTreeSet<String> = PERMISSIONS.iter().map(|one| (*one).to_owned()).collect();
    assert_eq!(called, said);
    for call in &cloud.calls {
        let reads = ["Describe", "Get", "List"]
            .iter()
            .any(|verb| call.operation.starts_with(verb));
        assert!(reads, "{} {}", call.service, call.operation);
        assert_eq!(
            call.status,
            Some(200),
            "{} {}",
            call.service,
            call.operation
        );
    }
}

#[test]
fn what_a_role_is_asked_for_is_what_the_template_grants() {
    let template = template::read("template.yaml");
    for function in Function::ALL {
        let role = role(&template, function.folder(), &[mode(Mode::Apply)]);
        // Writing its own log is what a function does before anything of ours runs.
        let granted: BTreeSet<&str> = role
            .actions()
            .into_iter()
            .filter(|action| !action.starts_with("logs:"))
            .collect();
        let reads = function.reads().iter().copied();
        let asked: BTreeSet<&str> = reads.chain(OF_ALL).chain([function.change()]).collect();
        assert_eq!(asked, granted, "{}", function.folder());
    }
}
