//! The claim about silence: missing metrics remove no shard, and keep no alarm from adding one.

use chrono::{DateTime, Utc};

use super::{Evidence, Point, listed};
use crate::commands::demo::{
    function::Cause,
    ledger::Hand,
    scene::count,
    text::{clock, counted},
};

/// Minutes after the start, as in the scenario: the load falls and all metrics end; those of all shards but one come back;
/// those of the last do.
pub(super) const SILENT: [i64; 3] = [40, 100, 160];

/// Silence never removes a shard, whether of all shards or of one; an alarm still adds one.
pub(in crate::commands::demo) fn metric_outage(evidence: &Evidence<'_>) -> Vec<Point> {
    let [silent, partly, whole] = SILENT.map(|minutes| evidence.minute(minutes));
    let holds = |from: DateTime<Utc>, until: DateTime<Utc>| {
        let holds: Vec<_> = evidence
            .ledger
            .holds("no_fresh_load")
            .filter(|(at, _)| (from..until).contains(at))
            .collect();
        let (_, record) = holds.last()?;
        Some(format!(
            "{} until {}, such as: {}",
            counted(u64::from(count(holds.len())), "hold"),
            clock(until),
            record.decision.sentence
        ))
    };
    let changes = evidence.ours();
    let grown = changes.iter().find(|change| {
        change.to > change.from
            && (silent..partly).contains(&change.at)
            && matches!(change.by, Hand::Ours(Cause::Alarm(_)))
    });
    let during = evidence.scale_ins(silent, whole);
    let after = evidence.scale_ins(whole, DateTime::<Utc>::MAX_UTC);
    vec![
        Point::found(
            "Of all shards nothing:",
            holds(silent, partly),
            "no hold `no_fresh_load` while there were no metrics",
        ),
        Point::found(
            "Of one shard nothing:",
            holds(partly, whole),
            "no hold `no_fresh_load` while one shard had no metrics",
        ),
        Point::require(
            "No shard was removed:",
            during.is_empty() && !evidence.ledger.decisions.is_empty(),
            format!("scale-ins in these two hours: {}", listed(during)),
        ),
        Point::found(
            "An alarm still grew it:",
            grown.map(|change| super::changed(super::GROUP, change)),
            "no alarm led to an accepted scale-out while there were no metrics",
        ),
        Point::require(
            "It was the silence:",
            !after.is_empty(),
            format!("scale-ins once there were metrics again: {}", listed(after)),
        ),
    ]
}
