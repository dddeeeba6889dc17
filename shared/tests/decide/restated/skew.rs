//! One hot shard restated: move slots, or grow by one, or hold.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, Utc};
use clusterwarden::{
    alarm::AlarmState,
    cluster::{Group, Shard},
    journal::AttemptOutcome,
    policy::ReshardPolicy,
    reshard::{Measure, Observation},
};

use super::{
    ByAge, Expected, Measured, Reasons,
    care::{gate, watch},
    cooldown, enough, failures, mean, whole_minutes,
    windows::near_backup,
};

/// What is decided of a hot shard. `None`: nothing, demand decides.
pub(super) enum Answer {
    Decided(Expected),
    OneMore,
}

struct Hot<'a> {
    by: &'a Measured<'a>,
    shard: &'a Shard,
    load: f64,
    ratio: f64,
}

/// The shard that is over its target and by the policy's ratio over the mean; of several measures, by the most.
fn hot<'a>(policy: &ReshardPolicy, measured: &'a [Measured<'a>]) -> Option<Hot<'a>> {
    let mut found: Option<Hot> = None;
    for by in measured {
        if !matches!(by.measure, Measure::EngineCpu | Measure::Network) || by.shards.len() < 2 {
            continue;
        }
        let Some(loads) = loads(policy, by) else {
            continue;
        };
        let average = sum(&loads) / sum(&vec![1.0; loads.len()]);
        let most = loads.iter().copied().fold(0.0, f64::max);
        let place = loads.iter().position(|load| *load == most).unwrap();
        let ratio = most / average;
        let hotter = found.as_ref().is_none_or(|found| ratio > found.ratio);
        if most > by.target && most >= policy.skew.ratio * average && hotter {
            found = Some(Hot {
                by,
                shard: by.shards[place].2,
                load: most,
                ratio,
            });
        }
    }
    found
}

fn loads(policy: &ReshardPolicy, by: &Measured) -> Option<Vec<f64>> {
    by.shards
        .iter()
        .map(|(load, _, _)| mean(policy, load))
        .collect()
}

fn sum(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

pub(super) fn answer(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
    wanted: u32,
    scheduled: u32,
) -> Option<Answer> {
    let hot = hot(policy, measured)?;
    let shards = u32::try_from(group.shards.len()).unwrap();
    let mut rest = scheduled;
    for by in measured {
        let same = by.measure == hot.by.measure;
        rest = rest.max(if same {
            without(policy, &hot)
        } else {
            enough(policy, by, shards)
        });
    }
    let stays = not_cooled(seen, &hot) && rest <= shards;
    if stays || wanted <= shards {
        let tried = seen.journal.attempts.iter().any(|attempt| {
            attempt.from == attempt.to
                && !matches!(attempt.outcome, AttemptOutcome::Refused { .. })
                && recent(attempt.at, seen.at)
        });
        if policy.skew.rebalance && !tried && cures(policy, group, seen, measured, &hot) {
            return Some(Answer::Decided(rebalance(policy, group, seen, measured)));
        }
    }
    if stays {
        Some(Answer::Decided(Expected::Hold(Reasons::from([
            "hot_shard",
        ]))))
    } else if wanted <= shards {
        Some(Answer::OneMore)
    } else {
        None
    }
}

fn recent(at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    now - at < Duration::hours(24)
}

/// What the measure would ask for if the hot shard were like the others.
fn without(policy: &ReshardPolicy, hot: &Hot) -> u32 {
    let loads = loads(policy, hot.by).unwrap();
    let others = sum(&loads) - hot.load;
    let as_the_others = others + others / (sum(&vec![1.0; loads.len()]) - 1.0);
    let mut count = 0;
    while f64::from(count) * hot.by.target < as_the_others {
        count += 1;
    }
    count
}

/// A growth of the last day left it with nine tenths of its load, or more.
fn not_cooled(seen: &Observation, hot: &Hot) -> bool {
    seen.journal.attempts.iter().any(|attempt| {
        let ended = match attempt.outcome {
            AttemptOutcome::Completed { at } | AttemptOutcome::Partial { at, .. } => at,
            AttemptOutcome::Asked
            | AttemptOutcome::Accepted
            | AttemptOutcome::Refused { .. }
            | AttemptOutcome::Unchanged { .. } => return false,
        };
        let before = attempt.hot.as_ref();
        let before = before.filter(|before| before.shard == hot.shard.id);
        attempt.to > attempt.from
            && recent(ended, seen.at)
            && before.is_some_and(|before| hot.load >= 0.9 * before.load)
    })
}

/// Slots are uneven, everything is known, and with even slots the hot shard carries less and no other one passes a target.
fn cures(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
    hot: &Hot,
) -> bool {
    let Some(slots) = group
        .shards
        .iter()
        .map(|shard| shard.slots.map(f64::from))
        .collect::<Option<Vec<f64>>>()
    else {
        return false;
    };
    let even = 16_384.0 / sum(&vec![1.0; slots.len()]);
    let spread = policy.skew.slot_spread_percent / 100.0;
    let uneven = slots.iter().any(|held| (held - even).abs() / even > spread);
    let alarms_known = policy.alarms.scale_out.iter().all(|name| {
        seen.alarms.get(name).is_some_and(|alarm| {
            alarm.state != AlarmState::Alarm || alarm.silence.is_some() || alarm.since.is_some()
        })
    });
    let all_known = measured
        .iter()
        .flat_map(|by| &by.shards)
        .all(|(load, complete, _)| *complete && every_minute(policy, load));
    if !uneven || !alarms_known || !all_known || sum(&slots) != 16_384.0 {
        return false;
    }
    let short: f64 = slots.iter().map(|held| (even - held).max(0.0)).sum();
    measured.iter().all(|by| {
        if by.measure == Measure::Evictions {
            return true;
        }
        let before = loads(policy, by).unwrap();
        let of_each = |(load, held): (&f64, &f64)| load * ((held - even) / held).max(0.0);
        let moving: f64 = before.iter().zip(&slots).map(of_each).sum();
        let mut shards = before.iter().zip(&slots).zip(&by.shards);
        shards.all(|((load, held), (_, _, shard))| {
            let after = if *held > even {
                load * even / held
            } else {
                load + moving * (even - held) / short
            };
            if by.measure == hot.by.measure && shard.id == hot.shard.id {
                after < *load && after.is_finite()
            } else {
                // A shard that gives stays over the target only by a measure that is not the skewed one.
                after <= by.target || (by.measure != hot.by.measure && after <= *load)
            }
        })
    })
}

fn every_minute(policy: &ReshardPolicy, load: &ByAge) -> bool {
    let Some(newest) = load.keys().next() else {
        return false;
    };
    let mut minutes = *newest..newest + whole_minutes(policy.window);
    *newest <= whole_minutes(policy.stale_after) && minutes.all(|age| load.contains_key(&age))
}

/// At the pace of growth, and with the distrust of a scale-in.
fn rebalance(
    policy: &ReshardPolicy,
    group: &Group,
    seen: &Observation,
    measured: &[Measured],
) -> Expected {
    let shards = u32::try_from(group.shards.len()).unwrap();
    let mut why = Reasons::new();
    if near_backup(group, seen.at) {
        why.insert("snapshot_window");
    }
    let journal = &seen.journal;
    let change = journal.last_change.map(|change| (change.at, change.ours));
    cooldown(policy.scale_out, change, seen, &mut why);
    let known = journal.first_seen.map(|at| (at, true));
    cooldown(policy.scale_out, known, seen, &mut why);
    failures(policy.scale_out, journal.attempts.iter(), seen, &mut why);
    watch(policy, seen, false, &mut why);
    gate(policy, measured, &mut why);
    if why.is_empty() {
        Expected::Change(shards, shards, BTreeSet::new())
    } else {
        Expected::Hold(why)
    }
}
