//! Knowing less is never a reason to fail over.

use clusterwarden::{
    alarm::AlarmState,
    cluster::Status,
    db_cluster::Member,
    failover_db_cluster::{Observation, decide},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    properties::{act, many},
    world::world,
};

/// One thing that was known and is no longer. Places count through what there is.
#[derive(Debug, Clone)]
enum Loss {
    Engine,
    ClusterStatus,
    ClusterAvailability,
    Role(usize),
    Status(usize),
    Availability(usize),
    Tier(usize),
    Class(usize),
    Zone(usize),
    LagSample(usize),
    /// Every sample of lag below so many seconds: what an adversary would take.
    Smallest(f64),
    Lags,
    Alarm(usize),
    AlarmDate(usize),
    AlarmDimension(usize, usize),
    /// An alarm that may ask for an evacuation no longer says anything. A stop alarm that says nothing does not stop, by design:
    /// a metric that is only there in trouble must not stop for ever.
    AlarmState(usize),
    Clarity,
}

fn loss() -> impl Strategy<Value = Loss> {
    let place = || 0..5_usize;
    prop_oneof![
        1 => Just(Loss::Engine),
        1 => Just(Loss::ClusterStatus),
        1 => Just(Loss::ClusterAvailability),
        3 => place().prop_map(Loss::Role),
        1 => place().prop_map(Loss::Status),
        1 => place().prop_map(Loss::Availability),
        2 => place().prop_map(Loss::Tier),
        2 => place().prop_map(Loss::Class),
        2 => place().prop_map(Loss::Zone),
        4 => place().prop_map(Loss::LagSample),
        2 => (0.0..3.0_f64).prop_map(Loss::Smallest),
        1 => Just(Loss::Lags),
        4 => place().prop_map(Loss::Alarm),
        4 => place().prop_map(Loss::AlarmDate),
        6 => (place(), place()).prop_map(|(alarm, dimension)| Loss::AlarmDimension(alarm, dimension)),
        6 => place().prop_map(Loss::AlarmState),
        1 => Just(Loss::Clarity),
    ]
}

fn without(seen: &Observation, loss: &Loss) -> Observation {
    let mut less = seen.clone();
    match *loss {
        Loss::Engine => less.cluster.as_mut().unwrap().engine = None,
        Loss::ClusterStatus => less.cluster.as_mut().unwrap().status = Status::Unsaid,
        Loss::ClusterAvailability => {
            less.cluster.as_mut().unwrap().status = Status::Busy("modifying".to_owned());
        }
        Loss::Role(place) => member(&mut less, place).is_writer = None,
        Loss::Status(place) => member(&mut less, place).status = Status::Unsaid,
        Loss::Availability(place) => {
            member(&mut less, place).status = Status::Busy("rebooting".to_owned());
        }
        Loss::Tier(place) => member(&mut less, place).promotion_tier = None,
        Loss::Class(place) => member(&mut less, place).class = None,
        Loss::Zone(place) => member(&mut less, place).availability_zone = None,
        Loss::LagSample(place) => {
            let id = member(&mut less, place).id.clone();
            less.lags.as_mut().map(|lags| lags.remove(&id));
        }
        Loss::Smallest(seconds) => {
            if let Some(lags) = &mut less.lags {
                lags.retain(|_, (_, lag)| *lag >= seconds);
            }
        }
        Loss::Lags => less.lags = None,
        Loss::Alarm(place) => {
            let name = less.alarms.keys().cycle().nth(place).cloned();
            name.and_then(|name| less.alarms.remove(&name));
        }
        Loss::AlarmDate(place) => {
            let count = less.alarms.len().max(1);
            if let Some(alarm) = less.alarms.values_mut().nth(place % count) {
                alarm.since = None;
            }
        }
        Loss::AlarmDimension(place, dimension) => {
            let count = less.alarms.len().max(1);
            if let Some(alarm) = less.alarms.values_mut().nth(place % count) {
                let key = alarm.dimensions.keys().cycle().nth(dimension).cloned();
                key.and_then(|key| alarm.dimensions.remove(&key));
            }
        }
        Loss::AlarmState(place) => {
            let evacuate = less
                .alarms
                .values_mut()
                .filter(|alarm| alarm.name != "freeze");
            let mut evacuate: Vec<_> = evacuate.collect();
            let count = evacuate.len().max(1);
            if let Some(alarm) = evacuate.get_mut(place % count) {
                alarm.state = AlarmState::InsufficientData;
            }
        }
        Loss::Clarity => less.unreadable = Some("throttled".to_owned()),
    }
    less
}

fn member(seen: &mut Observation, place: usize) -> &mut Member {
    let members = &mut seen.cluster.as_mut().unwrap().members;
    let place = place % members.len();
    &mut members[place]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..many() })]

    #[test]
    fn taking_data_away_never_turns_a_hold_into_a_failover(world in world(), losses in vec(loss(), 1..4)) {
        let before = decide(&world.policy, &world.seen);
        if act(&before).is_some() {
            return Ok(());
        }
        let mut less = world.seen.clone();
        for loss in &losses {
            less = without(&less, loss);
            let after = decide(&world.policy, &less);
            prop_assert_eq!(act(&after), None, "before: {}", &before.sentence);
        }
    }

    #[test]
    fn losing_what_only_ranks_changes_no_more_than_the_target(world in world(), place in 0..5_usize, which in 0..3_u8) {
        let loss = [Loss::Tier(place), Loss::Class(place), Loss::Zone(place)][usize::from(which)].clone();
        let before = decide(&world.policy, &world.seen);
        let after = decide(&world.policy, &without(&world.seen, &loss));
        prop_assert_eq!(act(&before).is_some(), act(&after).is_some());
        prop_assert_eq!(before.guards.len(), after.guards.len());
    }
}
