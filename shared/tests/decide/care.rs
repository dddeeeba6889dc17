//! What the calendar, the reversal hold, the after-change watch and the zones of new shards may do, and what never.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use chrono_tz::Tz;
use clusterwarden::{
    alarm::{Alarm, AlarmState},
    calendar::{CalendarWindow, EVERY_DAY, Freeze},
    cluster::Group,
    journal::AttemptOutcome,
    policy::ReshardPolicy,
    reshard::{Observation, Reshard, decide},
};
use proptest::{collection::vec, prelude::*};

use crate::{
    properties::{change, kind, many},
    world::world,
};

fn growth(policy: &ReshardPolicy, seen: &Observation) -> Option<Reshard> {
    change(&decide(policy, seen)).filter(|reshard| reshard.kind() == "scale_out")
}

fn always(freeze: Freeze) -> CalendarWindow {
    CalendarWindow {
        name: "always".to_owned(),
        time_zone: Tz::UTC,
        days: EVERY_DAY.to_vec(),
        from: NaiveTime::MIN,
        to: NaiveTime::MIN,
        dates: None,
        min_shards: None,
        freeze,
    }
}

/// Whether the last attempt that ended was a growth.
fn grew_last(seen: &Observation) -> bool {
    let ended = seen.journal.attempts.iter().rev().find(|attempt| {
        !matches!(
            attempt.outcome,
            AttemptOutcome::Asked | AttemptOutcome::Accepted | AttemptOutcome::Refused { .. }
        )
    });
    ended.is_some_and(|attempt| attempt.to > attempt.from)
}

/// Nodes per zone, of all nodes or of the first of each shard.
fn per_zone<'a>(zones: impl Iterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let mut counts = BTreeMap::new();
    for zone in zones {
        *counts.entry(zone.as_str()).or_default() += 1;
    }
    counts
}

fn with_zones(group: &mut Group, zones: &[u8]) {
    let nodes = group.shards.iter_mut().flat_map(|shard| &mut shard.nodes);
    for (node, zone) in nodes.zip(zones.iter().cycle()) {
        node.availability_zone = Some(format!("eu-west-1{}", ["a", "b", "c"][usize::from(*zone)]));
    }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn what_protects_against_flapping_never_delays_growth(world in world()) {
        let seen = world.seen();
        let mut strict = world.policy.clone();
        strict.reversal = std::time::Duration::from_secs(7 * 24 * 3600);
        strict.windows.push(always(Freeze::ScaleIn));
        strict.alarms.scale_in.push("nowhere".to_owned());
        strict.alarms.after_change.push("nowhere".to_owned());
        prop_assert_eq!(growth(&strict, &seen), growth(&world.policy, &seen));
        let kind = kind(&decide(&strict, &seen));
        prop_assert!(kind != "scale_in", "{}", kind);
    }

    #[test]
    fn an_alarm_after_a_change_delays_growth_only_after_growth(world in world(), age in prop::option::of(0..120_i64)) {
        let (mut seen, mut policy) = (world.seen(), world.policy.clone());
        let before = growth(&policy, &seen);
        policy.alarms.after_change = vec!["errors".to_owned()];
        let alarm = Alarm {
            name: "errors".to_owned(),
            state: AlarmState::Alarm,
            since: age.map(|age| seen.at - TimeDelta::minutes(age)),
            silence: None,
            dimensions: BTreeMap::new(),
        };
        seen.alarms.insert(alarm.name.clone(), alarm);
        let after = decide(&policy, &seen);
        // Without the watch of the world's own there may be growth that was delayed.
        if before.is_some() && change(&after).is_none() {
            prop_assert_eq!(kind(&after), "after_change_alarm");
            prop_assert!(grew_last(&seen));
        }
    }

    #[test]
    fn nothing_is_changed_in_a_window_that_freezes_all(world in world()) {
        let mut policy = world.policy.clone();
        policy.windows.push(always(Freeze::All));
        prop_assert_eq!(change(&decide(&policy, &world.seen())), None);
    }

    /// In the nights in which Berlin's clocks change, and in one in which they do not. Another window asks for shards all
    /// the time, so that there is growth to freeze.
    #[test]
    fn a_window_freezes_while_its_clock_says_so_and_changes_nothing_else(
        world in world(),
        night in prop::sample::select(vec!["2026-10-25T00:00:00Z", "2027-03-28T00:00:00Z", "2026-11-24T00:00:00Z"]),
        minutes in 0..180_i64,
    ) {
        let mut seen = world.seen();
        seen.at = night.parse::<DateTime<Utc>>().unwrap() + TimeDelta::minutes(minutes);
        let mut policy = world.policy.clone();
        let busy = CalendarWindow { min_shards: Some(policy.max_shards), ..always(Freeze::None) };
        policy.windows = vec![busy.clone()];
        let unfrozen = decide(&policy, &seen);
        let night = CalendarWindow {
            time_zone: Tz::Europe__Berlin,
            from: NaiveTime::from_hms_opt(2, 15, 0).unwrap(),
            to: NaiveTime::from_hms_opt(2, 45, 0).unwrap(),
            ..always(Freeze::All)
        };
        policy.windows = vec![busy, night];
        let local = seen.at.with_timezone(&Tz::Europe__Berlin).format("%H:%M").to_string();
        let verdict = decide(&policy, &seen);
        if ("02:15".."02:45").contains(&local.as_str()) {
            prop_assert_eq!(change(&verdict), None);
            prop_assert!(change(&unfrozen).is_none() || kind(&verdict) == "frozen");
        } else {
            prop_assert_eq!(verdict.decision, unfrozen.decision);
        }
    }

    #[test]
    fn new_shards_are_placed_where_zones_are_emptiest_and_the_others_stay(
        world in world(),
        zones in vec(0..3_u8, 1..14),
    ) {
        let (mut seen, mut policy) = (world.seen(), world.policy.clone());
        policy.care.place_zones = true;
        with_zones(seen.group.as_mut().unwrap(), &zones);
        let Some(reshard) = growth(&policy, &seen) else { return Ok(()) };
        let group = seen.group.as_ref().unwrap();
        let present: Vec<Vec<String>> = group.shards.iter()
            .map(|shard| shard.nodes.iter().filter_map(|node| node.availability_zone.clone()).collect())
            .collect();
        let known: BTreeSet<&String> = present.iter().flatten().collect();
        if known.len() < 2 {
            prop_assert!(reshard.zones.is_empty());
            return Ok(());
        }
        prop_assert_eq!(u32::try_from(reshard.zones.len()).unwrap(), reshard.to);
        let (old, new) = reshard.zones.split_at(present.len());
        prop_assert_eq!(old, present.as_slice());
        let request = reshard.request();
        prop_assert_eq!(request["parameters"]["ReshardingConfiguration"].as_array().unwrap().len(), reshard.zones.len());
        for shard in new {
            prop_assert_eq!(u32::try_from(shard.len()).unwrap(), group.nodes_per_new_shard());
            prop_assert!(shard.iter().all(|zone| known.contains(zone)));
            // No zone has two nodes of a shard before each has one.
            let counts = per_zone(shard.iter());
            let (most, least) = (counts.values().max().unwrap(), if counts.len() == known.len() { *counts.values().min().unwrap() } else { 0 });
            prop_assert!(most - least <= 1, "{:?} in zones {:?}", shard, known);
        }
        // A zone that got a new primary has at most one more than the zone with the fewest.
        let primaries = per_zone(reshard.zones.iter().filter_map(|shard| shard.first()));
        let least = known.iter().map(|zone| primaries.get(zone.as_str()).copied().unwrap_or(0)).min().unwrap();
        for zone in new.iter().filter_map(|shard| shard.first()) {
            prop_assert!(primaries[zone.as_str()] <= least + 1, "{:?}", reshard.zones);
        }
    }
}
