use super::*;
use crate::{
    cloud::{Parameters, outside::Acted, scenario, workload::Span},
    commands::demo::{
        fixture::{alarmed, at, change, group, hold, scene, scheduled},
        play::PLAYS,
        readback::Services,
        scene::Scene,
    },
};

#[test]
fn no_claim_holds_of_a_play_in_which_nothing_happened() {
    let ledger = Ledger::new(&scene());
    let seen = BTreeMap::new();
    let evidence = Evidence {
        ledger: &ledger,
        seen: &seen,
        services: &Services::default(),
        evicted: 0.0,
    };
    for play in &PLAYS {
        let points = (play.claim)(&evidence);
        assert!(
            points
                .iter()
                .any(|point| matches!(point, Point::Missing(_))),
            "{}: {points:?}",
            play.name
        );
    }
}

/// What a claim misses of a ledger, with nothing evicted.
fn missing(claim: fn(&Evidence<'_>) -> Vec<Point>, ledger: &Ledger) -> Vec<String> {
    let seen = BTreeMap::new();
    let evidence = Evidence {
        ledger,
        seen: &seen,
        services: &Services::default(),
        evicted: 0.0,
    };
    claim(&evidence)
        .into_iter()
        .filter_map(|point| match point {
            Point::Shown(..) => None,
            Point::Missing(sentence) => Some(sentence),
        })
        .collect()
}

/// A group with the same number of slots on each shard, one of them hot.
fn hot() -> Scene {
    let mut group = group(GROUP, &[30.0, 88.0, 30.0, 30.0, 30.0]);
    group
        .shards
        .iter_mut()
        .for_each(|shard| shard.slots = 3_277);
    Scene {
        at: at(10, 0),
        groups: vec![group],
        alarms: Vec::new(),
    }
}

#[test]
fn a_hot_key_needs_one_growth_and_a_hold_that_names_the_hottest_shard() {
    let mut ledger = Ledger::new(&scene());
    ledger.see(&hot());
    ledger.enter(&alarmed(vec![change(GROUP, 4, 5, "accepted")]), at(9, 34));
    let no_hold = "no hold `hot_shard` named the hottest shard after the growth";
    assert_eq!(missing(hot_key, &ledger), [no_hold]);

    let mut other = ledger.clone();
    other.enter(
        &scheduled(vec![hold(
            GROUP,
            "hot_shard",
            "shard 0001 is hot by itself",
        )]),
        at(9, 50),
    );
    assert_eq!(missing(hot_key, &other), [no_hold]);

    ledger.enter(
        &scheduled(vec![hold(
            GROUP,
            "hot_shard",
            "shard 0002 is hot by itself",
        )]),
        at(9, 50),
    );
    assert_eq!(missing(hot_key, &ledger), [""; 0]);

    ledger.enter(&scheduled(vec![change(GROUP, 5, 6, "accepted")]), at(10, 0));
    assert_eq!(
        missing(hot_key, &ledger),
        ["growth was tried once: 4 → 5 at 09:34, 5 → 6 at 10:00"]
    );
}

#[test]
fn thresholds_change_the_count_with_every_swing_and_not_at_all_without() {
    let mut ledger = Ledger::new(&scene());
    let swing = |minute: i64, load: f64| Scene {
        at: at(9, minute),
        groups: vec![group(GROUP, &[load, load])],
        alarms: Vec::new(),
    };
    let kept = hold(GROUP, "not_low_long_enough", "1 would do now");
    ledger.enter(&scheduled(vec![kept]), at(9, 5));
    let mut calm = ledger.clone();
    for step in 0..4 {
        ledger.see(&swing(step * 10, 70.0));
        ledger.see(&swing(step * 10 + 5, 35.0));
        calm.see(&swing(step * 10, 50.0));
    }
    assert_eq!(missing(flapping, &ledger), [""; 0]);
    let said = missing(flapping, &calm);
    assert!(
        said.len() == 1 && said[0].starts_with("thresholds would have: 0 times"),
        "{said:?}"
    );
    ledger.enter(&scheduled(vec![change(GROUP, 2, 1, "accepted")]), at(9, 30));
    assert_eq!(
        missing(flapping, &ledger),
        ["we changed it: 2 → 1 at 09:30"]
    );
}

#[test]
fn another_hand_is_fought_when_we_come_back_within_the_cooldown() {
    let mut ledger = Ledger::new(&scene());
    let act = |hour, from| Acted {
        at: at(hour, 35),
        by: "terraform apply".to_owned(),
        group: GROUP.to_owned(),
        from,
        to: 3,
        refused: None,
    };
    ledger.enter(&scheduled(vec![change(GROUP, 3, 4, "accepted")]), at(9, 5));
    ledger.enter_act(&act(9, 4));
    let told = hold(GROUP, "changed_by_others", "someone else changed the group");
    ledger.enter(&scheduled(vec![told]), at(9, 50));
    (10..13).for_each(|hour| ledger.enter_act(&act(hour, 3)));
    assert_eq!(missing(terraform_fights_us, &ledger), [""; 0]);
    let again = scheduled(vec![change(GROUP, 3, 4, "accepted")]);
    ledger.enter(&again, at(9, 55));
    assert_eq!(
        missing(terraform_fights_us, &ledger),
        ["hands off: ours at 09:55 came too soon after theirs"]
    );
}

#[test]
fn an_eviction_breaks_the_claim_of_growing_data() {
    let mut ledger = Ledger::new(&scene());
    ledger.see(&hot());
    let seen = BTreeMap::new();
    let said = |evicted| {
        let evidence = Evidence {
            ledger: &ledger,
            seen: &seen,
            services: &Services::default(),
            evicted,
        };
        let missing = Point::Missing("nothing was evicted: 7 keys, says CloudWatch".to_owned());
        memory_growth(&evidence).contains(&missing)
    };
    assert!(said(7.0) && !said(0.0));
}

#[test]
fn the_silence_of_the_claim_is_that_of_the_scenario() {
    let play = PLAYS
        .iter()
        .find(|play| play.name == "metric-outage")
        .unwrap();
    let mut cloud = scenario::load(play.name, play.start(), Parameters::default()).unwrap();
    let load = cloud.workload.load_mut(GROUP);
    let [silent, partly, whole] =
        silence::SILENT.map(|minutes| play.start() + TimeDelta::minutes(minutes));
    let span = |from, until| Span { from, until };
    assert_eq!(load.outages, [span(silent, partly)]);
    assert_eq!(
        load.silent_shards,
        [("0003".to_owned(), span(partly, whole))]
    );
}
