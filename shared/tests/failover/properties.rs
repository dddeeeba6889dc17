//! What holds in every world.

use std::{cell::RefCell, collections::BTreeMap};

use chrono::TimeDelta;
use clusterwarden::{
    alarm::AlarmState,
    cluster::{Activity, Group, Node, Status, Switch},
    failover::{
        Decision, Evidence, Failover, FailoverAttempt, Hold, IntentKind, LONGEST_FAILOVER, Verdict,
        Waiver, last_failover,
    },
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};

use crate::{
    build::{Room, Seen},
    world::{World, kinds, world},
};

/// Enough for the rare corners, few enough for a debug build.
fn many() -> ProptestConfig {
    ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(2000)
    }
}

impl World {
    fn decide(&self) -> Verdict {
        self.seen.decide(self.room, &self.policy)
    }
}

fn act(verdict: &Verdict) -> Option<&Failover> {
    match &verdict.decision {
        Decision::Act(failover) => Some(failover),
        Decision::Hold(_) | Decision::AlreadyDone { .. } => None,
    }
}

fn code(verdict: &Verdict) -> &'static str {
    match &verdict.decision {
        Decision::Act(failover) => failover.kind(),
        Decision::Hold(hold) => hold.code(),
        Decision::AlreadyDone { .. } => "already_done",
    }
}

/// One thing that was known and is no longer. Places count through what there is. Events are not among them: an event that is not
/// visible yet cannot be told from one that never was, and what we asked for ourselves is in the journal.
#[derive(Debug, Clone)]
enum Loss {
    Evidence,
    Node(usize),
    Role(usize),
    Lag(usize),
    Alarm(usize),
    AlarmDate(usize),
    AlarmDimension(usize),
    AlarmData(usize),
    GroupStatus,
    ShardStatus(usize),
    NodeStatus(usize),
    AutomaticFailover,
    MultiAz,
    ClusterMode,
    RoleByService(usize),
    MaintenanceWindow,
    Group,
    BudgetDate,
    Events,
}

fn loss() -> impl Strategy<Value = Loss> {
    let place = || 0..12_usize;
    prop_oneof![
        Just(Loss::Evidence),
        place().prop_map(Loss::Node),
        place().prop_map(Loss::Role),
        place().prop_map(Loss::Role),
        place().prop_map(Loss::Lag),
        place().prop_map(Loss::Lag),
        place().prop_map(Loss::Alarm),
        place().prop_map(Loss::AlarmDate),
        place().prop_map(Loss::AlarmDimension),
        place().prop_map(Loss::AlarmData),
        Just(Loss::GroupStatus),
        place().prop_map(Loss::ShardStatus),
        place().prop_map(Loss::NodeStatus),
        Just(Loss::AutomaticFailover),
        Just(Loss::MultiAz),
        Just(Loss::ClusterMode),
        place().prop_map(Loss::RoleByService),
        Just(Loss::MaintenanceWindow),
        Just(Loss::Group),
        Just(Loss::BudgetDate),
        Just(Loss::Events),
    ]
}

fn nodes(group: &mut Group) -> Vec<&mut Node> {
    let shards = group.shards.iter_mut();
    shards.flat_map(|shard| &mut shard.nodes).collect()
}

fn pick<T>(all: impl IntoIterator<Item = T>, place: usize) -> Option<T> {
    let mut all: Vec<T> = all.into_iter().collect();
    (!all.is_empty()).then(|| all.swap_remove(place % all.len()))
}

impl Loss {
    fn take_from(&self, seen: &mut Seen) {
        let Some(group) = &mut seen.group else { return };
        let evidence = seen.evidence.as_mut();
        let alarm = |place: usize, seen: &mut Seen| pick(seen.alarms.keys().cloned(), place);
        match self {
            Self::Evidence => seen.evidence = None,
            Self::Node(place) => {
                if let (Some(evidence), Some(node)) = (evidence, pick(nodes(group), *place)) {
                    evidence.remove(&node.id);
                }
            }
            Self::Role(place) => {
                if let Some(found) = evidence.and_then(|all| pick(all.values_mut(), *place)) {
                    found.is_primary = None;
                }
            }
            Self::Lag(place) => {
                if let Some(found) = evidence.and_then(|all| pick(all.values_mut(), *place)) {
                    found.lag = None;
                }
            }
            Self::Alarm(place) => {
                if let Some(name) = alarm(*place, seen) {
                    seen.alarms.remove(&name);
                }
            }
            Self::AlarmDate(place) => {
                if let Some(found) = pick(seen.alarms.values_mut(), *place) {
                    found.since = None;
                }
            }
            Self::AlarmDimension(place) => {
                if let Some(found) = pick(seen.alarms.values_mut(), *place) {
                    found.dimensions.clear();
                }
            }
            Self::AlarmData(place) => {
                // What a stop alarm without data means is the policy's: a person sees it in `check`.
                let evacuating = seen.alarms.values_mut().filter(|one| one.name == "hot");
                if let Some(found) = pick(evacuating, *place) {
                    found.state = AlarmState::InsufficientData;
                }
            }
            Self::GroupStatus => group.status = Status::Unsaid,
            Self::ShardStatus(place) => {
                if let Some(shard) = pick(&mut group.shards, *place) {
                    shard.status = Status::Unsaid;
                }
            }
            Self::NodeStatus(place) => {
                if let Some(node) = pick(nodes(group), *place) {
                    node.status = Status::Unsaid;
                }
            }
            Self::AutomaticFailover => group.automatic_failover = Switch::Unsaid,
            Self::MultiAz => group.multi_az = Switch::Unsaid,
            Self::ClusterMode => group.cluster_mode = None,
            Self::RoleByService(place) => {
                if let Some(node) = pick(nodes(group), *place) {
                    node.is_primary = None;
                }
            }
            Self::MaintenanceWindow => group.maintenance_window = None,
            Self::Group => seen.group = None,
            Self::BudgetDate => seen.budget.frees = None,
            Self::Events => {
                seen.events.clear();
                seen.unreadable = Some("events could not be read".to_owned());
            }
        }
    }
}

/// Otherwise the properties would be empty. The seed is fixed: rare holds are rare.
#[test]
fn the_worlds_know_every_intent_and_every_hold() {
    let counts = RefCell::new(BTreeMap::<String, u32>::new());
    let seed = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let cases = 10_000;
    let mut runner = TestRunner::new_with_rng(ProptestConfig { cases, ..many() }, seed);
    runner
        .run(&world(), |world| {
            let verdict = world.decide();
            let kind = verdict.intent.as_ref().map(|intent| intent.kind());
            let told = match (act(&verdict), kind) {
                (Some(failover), Some(kind)) => format!("{} {kind}", failover.kind()),
                _ => code(&verdict).to_owned(),
            };
            *counts.borrow_mut().entry(told).or_default() += 1;
            Ok(())
        })
        .unwrap();
    let counts = counts.into_inner();
    for (room, name) in [
        (Room::Shard, "failover_shard"),
        (Room::Promote, "promote_replica"),
    ] {
        for kind in kinds(room) {
            let told = format!("{name} {kind}");
            let often = counts.get(&told).copied().unwrap_or_default() >= cases / 400;
            assert!(often, "{told} is rare in {counts:?}");
        }
    }
    // Told by scenarios: requests that fit nothing, and what the pass or another function decides.
    let never = [
        "not_found",
        "superseded",
        "paused_by_tag",
        "not_neptune",
        "global_database_member",
        "failover_pass_limit",
        "another_drill",
        "request_unfit",
        "drill_waits",
    ];
    for code in Hold::CODES.iter().filter(|code| !never.contains(code)) {
        assert!(
            counts.contains_key(*code),
            "{code} is missing in {counts:?}"
        );
    }
    assert!(counts.contains_key("already_done"), "{counts:?}");
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn taking_data_away_never_turns_a_hold_into_a_failover(world in world(), losses in vec(loss(), 1..6)) {
        let before = world.decide();
        let mut less = world.clone();
        for loss in &losses {
            loss.take_from(&mut less.seen);
        }
        let after = less.decide();
        prop_assert!(act(&after).is_none() || act(&before).is_some(), "{:?}\n{:?}", before, after);
    }

    #[test]
    fn the_same_sight_gives_the_same_verdict(world in world()) {
        prop_assert_eq!(world.decide(), world.clone().decide());
    }

    #[test]
    fn what_is_acted_on_is_there(world in world()) {
        let verdict = world.decide();
        if let Some(failover) = act(&verdict) {
            let group = world.seen.group.as_ref().unwrap();
            prop_assert_eq!(failover.target(), group.id.as_str());
            let of = |id: &str| {
                let mut shards = group.shards.iter();
                shards.find(|shard| shard.nodes.iter().any(|node| node.id.as_str() == id))
            };
            let shard = of(failover.from()).unwrap();
            match world.room {
                Room::Shard => prop_assert_eq!(failover.unit(), shard.id.as_str()),
                Room::Promote => prop_assert_eq!(failover.unit(), group.id.as_str()),
            }
            if let Some(to) = failover.to() {
                prop_assert_eq!(of(to), Some(shard));
                prop_assert_ne!(to, failover.from());
            }
            prop_assert_eq!(verdict.unit.as_deref(), Some(failover.unit()));
        }
    }

    #[test]
    fn nothing_is_done_while_anything_is_in_the_way(world in world()) {
        let verdict = world.decide();
        if let Some(failover) = act(&verdict) {
            let (seen, kind) = (&world.seen, verdict.intent.as_ref().unwrap().kind());
            let group = seen.group.as_ref().unwrap();
            prop_assert_eq!(group.activity(), Activity::Idle);
            prop_assert!(seen.pauses.iter().all(|one| !one.pause.holds(seen.at)));
            for name in &world.policy.alarms.stop {
                prop_assert_eq!(seen.alarms[name].state, AlarmState::Ok);
            }
            prop_assert!(seen.journal.open_attempt().is_none_or(|one| seen.at - one.at >= TimeDelta::minutes(15)));
            let unseen = seen.journal.last_failover().filter(|one| one.is_open());
            let cooldown = TimeDelta::from_std(world.policy.cooldown).unwrap();
            prop_assert!(unseen.is_none_or(|one| seen.at - one.accepted_at() >= LONGEST_FAILOVER + cooldown));
            prop_assert!(group.global_datastore.is_none() && seen.unreadable.is_none());
            let cooled = last_failover(&seen.events, &seen.journal).is_none_or(|at| {
                seen.at - at >= TimeDelta::from_std(world.policy.cooldown).unwrap()
            });
            let waives = seen.request.as_ref().is_some_and(|one| one.accept == [Waiver::Cooldown]);
            prop_assert!(cooled || (waives && verdict.waived == [Waiver::Cooldown]));
            prop_assert!(!cooled || verdict.waived.is_empty());
            prop_assert_eq!(seen.request.is_some(), kind == IntentKind::Request);
            match world.room {
                Room::Shard => {
                    prop_assert_eq!((&group.automatic_failover, &group.multi_az), (&Switch::On, &Switch::On));
                    let reserve = if kind == IntentKind::Request { 0 } else { seen.budget.reserve };
                    prop_assert!(seen.budget.used + reserve < seen.budget.limit);
                }
                Room::Promote => {
                    prop_assert_eq!((&group.automatic_failover, &group.multi_az), (&Switch::Off, &Switch::Off));
                    prop_assert_eq!(group.cluster_mode.as_deref(), Some("disabled"));
                }
            }
            let evidence = seen.evidence.as_ref().unwrap();
            let fit = |id: &str| evidence.iter().any(|(node, found)| {
                node.as_str() == id && found.lag.is_some_and(|(at, lag)| {
                    lag <= world.policy.max_lag && seen.at - at <= TimeDelta::minutes(10)
                })
            });
            let first = verdict.ranking.first().unwrap();
            prop_assert!(first.rank == Some(1) && first.id != failover.from() && fit(&first.id));
        }
    }

    #[test]
    fn deciding_again_right_after_holds(world in world(), minutes in 0..90_i64) {
        let verdict = world.decide();
        if let (Some(failover), Some(intent)) = (act(&verdict), &verdict.intent) {
            let mut again = world.clone();
            let attempt = FailoverAttempt::asking(failover, intent, None, BTreeMap::new(), world.seen.at);
            again.seen.journal = again.seen.journal.failing_over(attempt);
            let held = LONGEST_FAILOVER + TimeDelta::from_std(world.policy.cooldown).unwrap();
            let waited = TimeDelta::minutes(minutes).min(held);
            again.seen.at += (waited - TimeDelta::seconds(1)).max(TimeDelta::zero());
            // Not even a person's request may follow before the first has shown its end, whatever it waives.
            if let Some(request) = &mut again.seen.request {
                request.expires = again.seen.at + TimeDelta::hours(1);
                request.accept = vec![Waiver::Cooldown];
            }
            let after = again.decide();
            prop_assert!(act(&after).is_none(), "{:?}", after);
        }
    }

    #[test]
    fn a_request_is_never_carried_out_after_its_expiry(world in world(), late in 0..600_i64) {
        let mut late_world = world;
        if let Some(request) = &mut late_world.seen.request {
            request.expires = late_world.seen.at - TimeDelta::seconds(late);
            let verdict = late_world.decide();
            prop_assert!(act(&verdict).is_none(), "{:?}", verdict);
        }
    }

    #[test]
    fn a_waiver_changes_nothing_but_the_cooldown(world in world()) {
        let accepting = |accept: &[Waiver]| {
            let mut world = world.clone();
            if let Some(request) = &mut world.seen.request {
                request.accept = accept.to_vec();
            }
            world.decide()
        };
        let (without, with) = (accepting(&[]), accepting(&[Waiver::Cooldown]));
        if matches!(without.decision, Decision::Hold(Hold::CoolingDown { .. })) && world.seen.request.is_some() {
            prop_assert_eq!(&with.waived, &[Waiver::Cooldown]);
            prop_assert_ne!(code(&with), "cooling_down");
        } else {
            prop_assert_eq!(without, with);
        }
    }

    #[test]
    fn the_checks_of_a_failover_all_passed_and_that_of_a_hold_is_the_last(world in world()) {
        let verdict = world.decide();
        let failed = verdict.guards.iter().filter(|guard| !guard.passed).count();
        if act(&verdict).is_some() {
            prop_assert_eq!(failed, 0, "{:?}", verdict.guards);
        } else {
            prop_assert!(failed <= 1, "{:?}", verdict.guards);
            prop_assert!(failed == 0 || verdict.guards.last().is_some_and(|guard| !guard.passed));
        }
        prop_assert!(!verdict.wants_evidence || world.seen.evidence.is_none());
    }

    #[test]
    fn metrics_are_asked_for_only_where_they_are_all_that_is_missing(world in world()) {
        let deciding_with = |evidence: Option<Evidence>| {
            let mut world = world.clone();
            world.seen.evidence = evidence;
            world.decide()
        };
        let unread = deciding_with(None);
        prop_assert!(act(&unread).is_none());
        if act(&world.decide()).is_some() {
            prop_assert!(unread.wants_evidence, "{:?}", unread);
        }
        // A person's request asks before its checks: whether it is done already comes first.
        if unread.wants_evidence && world.seen.request.is_none() {
            let silent = deciding_with(Some(Evidence::new()));
            let missing = ["primary_unknown", "lag_unknown", "evacuation_not_shown"];
            prop_assert!(missing.contains(&code(&silent)), "{:?}", silent);
        }
    }
}
