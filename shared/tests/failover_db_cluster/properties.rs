//! What holds in every world.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use chrono::TimeDelta;
use clusterwarden::{
    alarm::AlarmState,
    cluster::{InstanceId, Status},
    db_cluster::DbCluster,
    failover::{
        Decision, Failover, FailoverAttempt, Hold, LONGEST_FAILOVER, Verdict, Waiver, last_failover,
    },
    failover_db_cluster::{decide, writers_per_zone},
};
use proptest::{
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    scenarios::NOT_DECIDED_HERE,
    world::{World, other_engine, paused, request, world},
};

/// Enough for the rare corners, few enough for a debug build.
pub(crate) fn many() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(1000)
    }
}

pub(crate) fn act(verdict: &Verdict) -> Option<Failover> {
    match &verdict.decision {
        Decision::Act(failover) => Some(failover.clone()),
        Decision::Hold(_) | Decision::AlreadyDone { .. } => None,
    }
}

fn kind(verdict: &Verdict) -> String {
    match &verdict.decision {
        Decision::Act(_) => format!("act for {}", verdict.intent.as_ref().unwrap().kind()),
        Decision::Hold(hold) => hold.code().to_owned(),
        Decision::AlreadyDone { .. } => "already_done".to_owned(),
    }
}

fn cluster(world: &World) -> &DbCluster {
    world.seen.cluster.as_ref().unwrap()
}

/// Otherwise the properties would be empty. The seed is fixed: rare holds are rare.
#[test]
fn the_worlds_know_every_intent_and_every_hold() {
    let counts = RefCell::new(BTreeMap::<String, u32>::new());
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cases = 4000;
    let mut runner = TestRunner::new_with_rng(ProptestConfig { cases, ..many() }, seed);
    runner
        .run(&world(), |world| {
            let verdict = decide(&world.policy, &world.seen);
            *counts.borrow_mut().entry(kind(&verdict)).or_default() += 1;
            Ok(())
        })
        .unwrap();
    let counts = counts.into_inner();
    for intent in ["act for request", "act for evacuation", "act for drill"] {
        let often = counts.get(intent).copied().unwrap_or_default() >= cases / 100;
        assert!(often, "{intent} is rare in {counts:?}");
    }
    assert!(counts.contains_key("already_done"), "{counts:?}");
    let decided_here = |code: &&&str| !NOT_DECIDED_HERE.contains(*code) && **code != "not_found";
    for code in Hold::CODES.iter().filter(decided_here) {
        assert!(
            counts.contains_key(*code),
            "{code} is missing in {counts:?}"
        );
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn nothing_but_neptune_is_failed_over(world in world(), engine in other_engine()) {
        let verdict = decide(&world.policy, &world.seen);
        prop_assert!(act(&verdict).is_none() || cluster(&world).engine.as_deref() == Some("neptune"));
        let mut other = world;
        other.seen.unreadable = None;
        other.seen.cluster.as_mut().unwrap().engine.clone_from(&engine);
        let verdict = decide(&other.policy, &other.seen);
        prop_assert_eq!(verdict.decision, Decision::Hold(Hold::NotNeptune(engine)));
        // Nothing else of the cluster was looked at.
        prop_assert_eq!(verdict.guards.len(), 1);
        prop_assert!(verdict.ranking.is_empty());
    }

    #[test]
    fn an_act_names_the_writer_and_an_available_reader_with_a_small_lag(world in world()) {
        let Some(Failover::DbCluster { cluster: id, from, to }) = act(&decide(&world.policy, &world.seen)) else {
            return Ok(());
        };
        let (cluster, seen) = (cluster(&world), &world.seen);
        prop_assert_eq!(&id, &cluster.id);
        let member = |id: &InstanceId| cluster.members.iter().find(|member| member.id == *id).unwrap();
        prop_assert_eq!(member(&from).is_writer, Some(true));
        let target = member(&to);
        prop_assert_eq!(target.is_writer, Some(false));
        prop_assert_eq!(&target.status, &Status::Available);
        let (at, lag) = seen.lags.as_ref().unwrap()[&to];
        prop_assert!((0.0..=world.policy.max_lag).contains(&lag), "{}", lag);
        let age = (seen.at - at).abs();
        prop_assert!(age <= TimeDelta::from_std(world.policy.stale_after).unwrap());
    }

    #[test]
    fn nothing_is_done_while_busy_paused_stopped_cooling_down_or_too_late(world in world()) {
        let verdict = decide(&world.policy, &world.seen);
        let (cluster, seen, policy) = (cluster(&world), &world.seen, &world.policy);
        if act(&verdict).is_none() {
            return Ok(());
        }
        prop_assert_eq!(&seen.unreadable, &None);
        prop_assert_eq!(&cluster.global_database, &None);
        prop_assert_eq!(&cluster.status, &Status::Available);
        prop_assert!(cluster.members.iter().all(|member| member.status == Status::Available));
        prop_assert!(seen.pauses.is_empty() && seen.journal.pause.is_none());
        prop_assert!(policy.alarms.stop.iter().all(|name| seen.alarms[name].state != AlarmState::Alarm));
        prop_assert!(seen.request.as_ref().is_none_or(|request| request.expires > seen.at));
        let cooldown = TimeDelta::from_std(policy.cooldown).unwrap();
        let ago = last_failover(&seen.events, &seen.journal).map(|last| seen.at - last);
        let cooled = ago.is_none_or(|ago| ago >= cooldown);
        prop_assert_eq!(cooled, verdict.waived.is_empty());
        prop_assert!(cooled || seen.request.as_ref().unwrap().accept == [Waiver::Cooldown]);
        let open = seen.journal.last_failover().filter(|attempt| attempt.is_open());
        prop_assert!(open.is_none_or(|attempt| seen.at - attempt.accepted_at() >= LONGEST_FAILOVER + cooldown));
        prop_assert!(verdict.guards.iter().all(|guard| guard.passed));
    }

    #[test]
    fn one_thing_amiss_is_enough_to_hold(world in world(), amiss in 0..5_u8, place in 0..5_usize) {
        let mut world = world;
        let seen = &mut world.seen;
        let cluster = seen.cluster.as_mut().unwrap();
        match amiss {
            0 => cluster.status = Status::Busy("modifying".to_owned()),
            1 => {
                let place = place % cluster.members.len();
                cluster.members[place].status = Status::Unsaid;
            }
            2 => seen.pauses.push(paused(seen.at + TimeDelta::minutes(1))),
            3 => world.policy.alarms.stop.push("not-there".to_owned()),
            _ => cluster.global_database = Some("shop".to_owned()),
        }
        prop_assert_eq!(act(&decide(&world.policy, &world.seen)), None);
    }

    #[test]
    fn the_same_sight_is_decided_the_same_in_any_order(world in world()) {
        let verdict = decide(&world.policy, &world.seen);
        prop_assert_eq!(verdict.decision.clone(), decide(&world.policy, &world.seen).decision);
        let mut turned = world.clone();
        turned.seen.cluster.as_mut().unwrap().members.reverse();
        turned.seen.events.reverse();
        let again = decide(&turned.policy, &turned.seen);
        prop_assert_eq!(act(&verdict), act(&again));
        prop_assert_eq!(verdict.ranking, again.ranking);
    }

    #[test]
    fn deciding_again_right_after_an_attempt_holds(world in world(), later in 0..59_i64) {
        let verdict = decide(&world.policy, &world.seen);
        let Some(failover) = act(&verdict) else {
            return Ok(());
        };
        let (seen, zones) = (&world.seen, writers_per_zone(cluster(&world)));
        let attempt = FailoverAttempt::asking(&failover, &verdict.intent.unwrap(), None, zones, seen.at);
        let mut after = world.clone();
        after.seen.journal = seen.journal.failing_over(attempt);
        after.seen.at += TimeDelta::minutes(later);
        prop_assert_eq!(act(&decide(&after.policy, &after.seen)), None);
    }

    #[test]
    fn a_waiver_changes_nothing_but_the_cooldown(world in world(), request in request()) {
        let mut world = world;
        let mut with = |accept: Vec<Waiver>| {
            world.seen.request = Some(clusterwarden::failover::FailoverRequest { accept, ..request.clone() });
            decide(&world.policy, &world.seen)
        };
        let (plain, waiving) = (with(Vec::new()), with(vec![Waiver::Cooldown]));
        prop_assert!(plain.waived.is_empty());
        if !matches!(plain.decision, Decision::Hold(Hold::CoolingDown { .. })) {
            prop_assert_eq!(plain.guards, waiving.guards);
            prop_assert_eq!(plain.decision, waiving.decision);
            prop_assert!(waiving.waived.is_empty());
            return Ok(());
        }
        prop_assert_eq!(&waiving.waived, &[Waiver::Cooldown]);
        let before = plain.guards.len() - 1;
        prop_assert_eq!(plain.guards[before].name, "cooled_down");
        prop_assert_eq!(&plain.guards[..before], &waiving.guards[..before]);
    }

    #[test]
    fn every_reader_is_ranked_and_no_fit_one_of_a_better_tier_is_passed_over(world in world()) {
        let verdict = decide(&world.policy, &world.seen);
        let cluster = cluster(&world);
        let Some(writer) = cluster.writer().filter(|_| cluster.is_neptune()) else {
            prop_assert!(verdict.ranking.is_empty());
            return Ok(());
        };
        let others = cluster.members.iter().filter(|member| member.id != writer.id);
        let ids: BTreeSet<&str> = others.map(|member| member.id.as_str()).collect();
        let ranked: BTreeSet<&str> = verdict.ranking.iter().map(|one| one.id.as_str()).collect();
        prop_assert_eq!(ids, ranked);
        let ranks: Vec<u32> = verdict.ranking.iter().filter_map(|one| one.rank).collect();
        let fit = u32::try_from(ranks.len()).unwrap();
        prop_assert_eq!(ranks, (1..=fit).collect::<Vec<u32>>());
        let tiers = verdict.ranking.iter().filter(|one| one.rank.is_some()).map(|one| {
            let member = cluster.members.iter().find(|member| member.id.as_str() == one.id);
            member.unwrap().promotion_tier.unwrap_or(16)
        });
        prop_assert!(tiers.is_sorted());
    }
}
