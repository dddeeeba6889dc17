//! What AWS documents and what went wrong elsewhere, each as a fact about our decisions.

use chrono::TimeDelta;
use clusterwarden::{
    cluster::{Activity, ReplicationGroupId, ShardId, count_slots},
    journal::{AttemptOutcome, Journal},
    reshard::{Reshard, Verdict, decide, kept_shards, shards_to_drain},
};
use serde_json::json;

use crate::{
    properties::{change, kind},
    support::{self, build},
};

fn verdict(scenario: &str) -> Verdict {
    let (policy, seen) = support::read(scenario);
    decide(&policy, &seen)
}

fn to(scenario: &str) -> u32 {
    let verdict = verdict(scenario);
    change(&verdict).map_or_else(|| panic!("{}", verdict.sentence), |reshard| reshard.to)
}

/// AWS: free memory on the shards that stay of at least 1.5 times what the removed ones use.
#[test]
fn shards_that_stay_need_one_and_a_half_times_the_memory_they_receive() {
    let scenario = |node_gib: f64| {
        format!(
            "shards = 3\ncpu = 5\ngib = 4\nnode_gib = {node_gib}\nslots = [5461, 5461, 5462]\npolicy.headroom.max_memory_percent_after = 100"
        )
    };
    // Each receives 2 GiB, so 3 GiB must be free beside the 4 in use.
    assert_eq!(kind(&verdict(&scenario(7.01))), "scale_in");
    assert_eq!(kind(&verdict(&scenario(6.99))), "headroom_short");
}

/// AWS's own scaler shrinks only at or below three quarters of the target.
#[test]
fn scale_in_waits_for_three_quarters_of_the_target() {
    assert_eq!(to("shards = 4\ncpu = 33.75"), 3);
    assert_eq!(kind(&verdict("shards = 4\ncpu = 33.76")), "load_fits");
}

/// AWS's example of target tracking: 50 shards, 30 % over the target, become 65.
#[test]
fn fifty_shards_thirty_percent_over_the_target_become_sixty_five() {
    let scenario = "shards = 50\nreplicas = 0\ncpu = 78\npolicy = { max_shards = 90, scale_out.max_step = 50 }";
    assert_eq!(to(scenario), 65);
}

/// terraform-provider-aws #43884: computed ids met "The following node group ids are invalid: [0010]".
#[test]
fn ids_to_remove_are_read_and_never_computed() {
    let verdict = verdict("shards = ['0002', '0007', '0011']\ncpu = 5\ngib = [4, 3, 4]");
    let reshard = change(&verdict).unwrap();
    assert_eq!(reshard.remove, [ShardId::new("0007")]);
    let parameters = json!({
        "ReplicationGroupId": "orders", "NodeGroupCount": 2, "ApplyImmediately": true, "NodeGroupsToRemove": ["0007"],
    });
    assert_eq!(reshard.request()["parameters"], parameters);
}

/// The API takes ids to remove only where the count shrinks, and calls an equal count a rebalance.
#[test]
fn growth_and_rebalance_name_no_shards_to_remove() {
    let growth = change(&verdict("shards = 3\ncpu = 70")).unwrap();
    assert!(
        growth.request()["parameters"]
            .get("NodeGroupsToRemove")
            .is_none()
    );
    let rebalance = Reshard {
        group: ReplicationGroupId::new("Orders"),
        from: 3,
        to: 3,
        remove: Vec::new(),
        zones: Vec::new(),
    };
    assert_eq!(rebalance.kind(), "rebalance");
    assert_eq!(
        rebalance.request()["parameters"]["ReplicationGroupId"],
        "orders"
    );
}

/// AWS refuses to remove all shards.
#[test]
fn not_all_shards_can_be_drained() {
    let (_, seen) = support::read("shards = 3\ncpu = 5");
    let (group, evidence) = (seen.group.unwrap(), seen.evidence.unwrap());
    assert_eq!(
        shards_to_drain(&group, &evidence, 2).map(|ids| ids.len()),
        Some(2)
    );
    assert_eq!(shards_to_drain(&group, &evidence, 3), None);
    let all: Vec<ShardId> = group.shards.iter().map(|shard| shard.id.clone()).collect();
    assert_eq!(kept_shards(&group, &evidence, &all), None);
}

/// AWS's default quota of 90 nodes: 15 shards of a primary and five replicas, no 16th.
#[test]
fn ninety_nodes_are_fifteen_shards_of_six() {
    let of = |shards| {
        format!("shards = {shards}\nreplicas = 5\ncpu = 90\npolicy = {{ max_shards = 90 }}")
    };
    assert_eq!(to(&of(14)), 15);
    assert_eq!(kind(&verdict(&of(15))), "at_maximum");
}

/// ACK #529, terraform-provider-aws #50096: the group says available while a shard or a node is not.
#[test]
fn an_available_group_is_not_enough() {
    for place in ["0002", "orders-0002-001"] {
        let scenario = format!("shards = 3\ncpu = 90\nstatus.{place} = 'deleting'");
        assert_eq!(kind(&verdict(&scenario)), "not_available");
    }
}

/// memorystore-cluster-autoscaler #160: no data was read as 0 and the cluster shrank. A true zero is data, silence is not.
#[test]
fn silence_is_not_zero() {
    assert_eq!(kind(&verdict("shards = 4\ncpu = 0")), "scale_in");
    assert_eq!(kind(&verdict("shards = 4")), "no_fresh_load");
    let memory_silent = "shards = 4\npolicy.targets = { engine_cpu = 60, memory = { percent = 65, evicts = false } }\ncpu = 5";
    assert_eq!(kind(&verdict(memory_silent)), "no_fresh_load");
}

/// AWS's own scaler clamps a group to its bounds at once; ours leaves that to a person.
#[test]
fn a_group_outside_its_bounds_is_not_clamped() {
    assert_eq!(kind(&verdict("shards = 12\ncpu = 90")), "outside_bounds");
    assert_eq!(kind(&verdict("shards = 1\ncpu = 5")), "outside_bounds");
}

/// CloudWatch acts on transitions only: an alarm that broke while the group was busy still asks afterwards.
#[test]
fn an_alarm_that_broke_during_a_foreign_change_still_asks_afterwards() {
    let scenario = "shards = 4\ncpu = 40\npolicy.alarms.scale_out = ['cpu-high']\nalarms.cpu-high = 'ALARM @-40'\n\
        journal.last_change = { at = -15, from = 4, to = 4, ours = false }";
    assert_eq!(to(scenario), 5);
}

/// amazon-kinesis-scaling-utils #87: the pressure from before a change asked for a second one.
#[test]
fn load_from_before_a_change_asks_for_nothing() {
    let scenario = "shards = 4\ncpu = '90, 40 @-8'\npolicy = { window_minutes = 30, scale_out.cooldown_minutes = 5 }\n\
        journal.last_change = { at = -8, from = 3, to = 4, ours = true }";
    assert_ne!(kind(&verdict(scenario)), "scale_out");
}

/// AWS ends a scale-in that does not fit without an error, and may end one halfway: only the count afterwards tells.
#[test]
fn a_scale_in_that_ended_early_is_a_failure() {
    let busy = Activity::Changing {
        what: "replication group orders".to_owned(),
        status: "modifying".to_owned(),
    };
    let minute = |n| build::now() + TimeDelta::minutes(n);
    let accepted = Journal::default()
        .sighted(minute(0), 6, &Activity::Idle)
        .asking(minute(1), 6, 4, Vec::new())
        .answered(AttemptOutcome::Accepted)
        .sighted(minute(5), 6, &busy);
    for (shards, failed) in [(6, true), (5, true), (4, false)] {
        let seen = accepted.sighted(minute(30), shards, &Activity::Idle);
        assert_eq!(seen.attempts[0].failed(), failed, "{shards} shards");
    }
}

/// `NodeGroup.Slots` is fragmented after a few reshards.
#[test]
fn fragmented_slots_are_counted() {
    assert_eq!(
        count_slots("0-324,5462-5692,10923-10923"),
        Some(325 + 231 + 1)
    );
    assert_eq!(count_slots("0-16383"), Some(16_384));
    assert_eq!(count_slots(""), Some(0));
    for wrong in ["0-16384", "9-3", "a-b", "0-1-2", "-5"] {
        assert_eq!(count_slots(wrong), None, "{wrong}");
    }
}

/// A shard with more than an even share of slots receives nothing; an even split would say half.
#[test]
fn slots_go_where_they_are_short() {
    let (_, seen) =
        support::read("shards = 3\nslots = [8192, 5192, 3000]\ngib = [8, 5, 3]\ncpu = 5");
    let kept = kept_shards(
        &seen.group.unwrap(),
        &seen.evidence.unwrap(),
        &[ShardId::new("0003")],
    )
    .unwrap();
    let parts: Vec<f64> = kept.iter().map(|shard| shard.part).collect();
    assert_eq!(parts, [0.0, 1.0]);
}
