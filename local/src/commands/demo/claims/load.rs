//! Claims about load: a hot key, data that grows, load that swings, and a working day.

use chrono::{DateTime, Timelike, Utc};

use super::{Evidence, GROUP, Point, listed};
use crate::commands::demo::{
    ledger::Change,
    play::SCHEDULE_MINUTES,
    scene::{GroupScene, count},
    text::{clock, counted},
};

/// Percent of the engine's thread that the policies of these plays want on a shard.
const TARGET: f64 = 60.0;

/// The part of the target under which a scale-in is thought of.
const LOW: f64 = 0.75;

/// One growth is tried; then the hot shard is named, and nothing more is added.
pub(in crate::commands::demo) fn hot_key(evidence: &Evidence<'_>) -> Vec<Point> {
    let changes = evidence.ours();
    let last = evidence.group().next_back().map(|(_, group)| group);
    let hottest =
        last.and_then(|group| group.shards.iter().max_by(|a, b| a.load.total_cmp(&b.load)));
    let grown = changes.first().map(|change| change.at);
    let named = hottest.and_then(|hottest| {
        let mut holds = evidence.ledger.holds("hot_shard");
        holds.find(|(at, record)| {
            grown.is_some_and(|grown| *at > grown)
                && record.decision.sentence.contains(hottest.id.as_str())
        })
    });
    let slots = |group: &GroupScene| {
        let slots = || group.shards.iter().map(|shard| shard.slots);
        slots().min().zip(slots().max())
    };
    let even = last.and_then(slots);
    vec![
        Point::require(
            "Growth was tried once:",
            changes.len() == 1 && changes.iter().all(|change| change.to == change.from + 1),
            listed(changes.iter().copied()),
        ),
        Point::require(
            "It is not the slots:",
            even.is_some_and(|(least, most)| least > 0 && most - least <= most / 10),
            even.map_or("no shard was seen".to_owned(), |(least, most)| {
                format!("every shard has {least} to {most} of them")
            }),
        ),
        Point::found(
            "The hot shard stayed:",
            hottest.filter(|shard| shard.load > TARGET).map(|shard| {
                format!(
                    "{} still carries {:.0} %, target {TARGET:.0} %",
                    shard.id, shard.load
                )
            }),
            "no shard is above its target in the end, so there was nothing to hold for",
        ),
        Point::found(
            "A hold named it:",
            named.map(|(at, record)| format!("{} {}", clock(at), record.decision.sentence)),
            "no hold `hot_shard` named the hottest shard after the growth",
        ),
    ]
}

/// Shards are added for memory before any is full.
pub(in crate::commands::demo) fn memory_growth(evidence: &Evidence<'_>) -> Vec<Point> {
    let changes = evidence.ours();
    let for_memory = |change: &&Change| {
        let needs = evidence
            .record(change)
            .map(|record| record.demand.needs.as_slice())
            .unwrap_or_default();
        let wants = |memory: bool| {
            needs
                .iter()
                .any(|need| (need.measure == "memory") == memory && need.shards > change.from)
        };
        change.to > change.from && wants(true) && !wants(false)
    };
    let fullest = evidence
        .group()
        .flat_map(|(at, group)| group.shards.iter().map(move |shard| (at, shard)))
        .max_by(|(_, a), (_, b)| a.memory.total_cmp(&b.memory));
    let start = evidence
        .ledger
        .groups
        .get(GROUP)
        .map_or(0, |group| group.start);
    let outgrown = evidence.group().find(|(_, group)| {
        let data: f64 = group.shards.iter().map(|shard| shard.memory).sum();
        data > 100.0 * f64::from(start)
    });
    vec![
        Point::require(
            "Memory asked:",
            changes.len() > 1 && changes.iter().all(for_memory),
            listed(changes.iter().copied()),
        ),
        Point::found(
            "It had to be:",
            outgrown.map(|(at, _)| {
                format!(
                    "from {} on the data is more than {start} shards hold",
                    clock(at)
                )
            }),
            "the data would have fit the shards of the start",
        ),
        Point::require(
            "No shard was ever full:",
            fullest.is_some_and(|(_, shard)| shard.memory < 90.0),
            fullest.map_or("no shard was seen".to_owned(), |(at, shard)| {
                format!(
                    "at most {:.0} % on shard {} at {}",
                    shard.memory,
                    shard.id,
                    clock(at)
                )
            }),
        ),
        Point::require(
            "Nothing was evicted:",
            evidence.evicted == 0.0 && fullest.is_some(),
            format!("{:.0} keys, says CloudWatch", evidence.evicted),
        ),
    ]
}

/// The count stays where a rule of thresholds would change it again and again.
pub(in crate::commands::demo) fn flapping(evidence: &Evidence<'_>) -> Vec<Point> {
    const NAIVE_AT_LEAST: usize = 4;
    let changes = evidence.ours();
    let naive = naive_changes(evidence.group());
    vec![
        Point::require(
            "We changed it:",
            changes.len() <= 1 && changes.iter().all(|change| change.to > change.from),
            listed(changes.iter().copied()),
        ),
        Point::require(
            "Thresholds would have:",
            naive.len() >= NAIVE_AT_LEAST,
            format!(
                "{} on the same load: a shard more above {TARGET:.0} % on average, one fewer below {:.0} %, looking every \
                 {SCHEDULE_MINUTES} minutes",
                counted(u64::from(count(naive.len())), "time"),
                TARGET * LOW,
            ),
        ),
        Point::found(
            "What kept us:",
            evidence
                .ledger
                .holds("not_low_long_enough")
                .last()
                .map(|(at, record)| format!("{} {}", clock(at), record.decision.sentence)),
            "no hold said that the load was not low for long enough",
        ),
    ]
}

/// When, and to how many shards, a rule without memory would change the count for this load, if its changes took no time.
fn naive_changes<'a>(
    seen: impl Iterator<Item = (DateTime<Utc>, &'a GroupScene)>,
) -> Vec<(DateTime<Utc>, u32)> {
    let mut shards = None;
    let mut changes = Vec::new();
    for (at, group) in seen.filter(|(at, _)| at.minute().is_multiple_of(SCHEDULE_MINUTES)) {
        let now = *shards.get_or_insert(group.listed.max(1));
        let mean = group.sum() / f64::from(now);
        let next = if mean > TARGET {
            now + 1
        } else if mean < TARGET * LOW && now > 1 {
            now - 1
        } else {
            now
        };
        if next != now {
            changes.push((at, next));
            shards = Some(next);
        }
    }
    changes
}

/// The calendar has the shards there before the people, keeps them over lunch, and lets them go afterwards.
pub(in crate::commands::demo) fn busy_weekday(evidence: &Evidence<'_>) -> Vec<Point> {
    // As in the scenario: the window is open from 08:00 to 14:00 in Berlin, people work from 09:00.
    let (opens, begins, closes) = (
        evidence.minute(60),
        evidence.minute(120),
        evidence.minute(420),
    );
    let lunch = evidence.minute(250)..evidence.minute(290);
    const MINIMUM: u32 = 6;
    let changes = evidence.ours();
    let ahead: Vec<&Change> = changes
        .iter()
        .copied()
        .filter(|change| (opens..begins).contains(&change.at))
        .collect();
    let measured = ahead.iter().any(|change| {
        evidence.record(change).is_none_or(|record| {
            record
                .demand
                .needs
                .iter()
                .any(|need| need.shards > change.from)
        })
    });
    let ready = evidence.group().find(|(at, _)| *at == begins);
    let shards =
        |seen: Option<(DateTime<Utc>, &GroupScene)>| seen.map_or(0, |(_, group)| group.listed);
    let hottest = evidence
        .group()
        .filter(|(at, _)| (begins..closes).contains(at))
        .map(|(_, group)| group.load().1)
        .fold(0.0, f64::max);
    let idle = evidence
        .group()
        .filter(|(at, _)| lunch.contains(at))
        .map(|(_, group)| group.load().0)
        .fold(0.0, f64::max);
    let (inside, after) = (
        evidence.scale_ins(opens, closes),
        evidence.scale_ins(closes, DateTime::<Utc>::MAX_UTC),
    );
    vec![
        Point::require(
            "The calendar grew it:",
            !ahead.is_empty() && !measured && ahead.iter().all(|change| change.to > change.from),
            format!("{}, while no measure asked", listed(ahead.iter().copied())),
        ),
        Point::require(
            "Before the people:",
            shards(ready) >= MINIMUM,
            format!(
                "{} at {} UTC, 09:00 in Berlin",
                counted(u64::from(shards(ready)), "shard"),
                clock(begins)
            ),
        ),
        Point::require(
            "They had room:",
            hottest > 0.0 && hottest <= TARGET,
            format!("no shard above {hottest:.0} %, target {TARGET:.0} %"),
        ),
        Point::require(
            "Lunch took none away:",
            inside.is_empty() && shards(ready) > 0 && idle < TARGET * LOW / 2.0,
            format!(
                "scale-ins in the window: {}; over lunch the load was {idle:.0} %",
                listed(inside)
            ),
        ),
        Point::require("Afterwards they went:", !after.is_empty(), listed(after)),
    ]
}
