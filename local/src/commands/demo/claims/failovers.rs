//! The claims about failovers: a drill was measured and reported once, and what must not be was refused and not sent.

use super::{Evidence, Point};
use crate::commands::demo::{
    failovers::{Refused, length, unit},
    text::{clock, counted},
};

/// A drill was measured, a person's request was refused, and a cluster that is not Neptune's was left alone.
pub(super) fn failovers(evidence: &Evidence<'_>) -> Vec<Point> {
    vec![drill(evidence), refusal(evidence), not_ours(evidence)]
}

/// Every drill that was started was reported once, and nothing but drills was sent.
fn drill(evidence: &Evidence<'_>) -> Point {
    let failovers = &evidence.ledger.failovers;
    let Some(first) = failovers.reported.first() else {
        return Point::Missing("no drill was measured to its end".to_owned());
    };
    for started in failovers.drills() {
        let of_it = failovers.reported.iter().filter(|reported| {
            (&reported.target, &reported.report.unit) == (&started.target, &started.unit)
        });
        let count = of_it.count();
        if count != 1 {
            let what = unit(&started.target, &started.unit);
            let times = counted(u64::try_from(count).unwrap_or(u64::MAX), "time");
            return Point::Missing(format!(
                "the drill of {what} was reported {times}, not once"
            ));
        }
    }
    let (sent, started) = (evidence.services.sent.len(), failovers.started.len());
    if sent != started || failovers.reported.len() > failovers.drills().count() {
        return Point::Missing(format!(
            "failovers were asked for {sent} times, and {started} are known to have started"
        ));
    }
    let report = &first.report;
    let seconds = |name: &str| report.seconds_to(name).map_or("?".to_owned(), length);
    Point::Shown(
        "A drill was measured:",
        format!(
            "{} {} had a new primary after {} and recovered after {}; told once, as its events say",
            clock(report.accepted),
            unit(&first.target, &report.unit),
            seconds("failover_completed"),
            seconds("recovery_finished"),
        ),
    )
}

fn refusal(evidence: &Evidence<'_>) -> Point {
    let asked = refused(evidence, |one| one.requested);
    Point::found(
        "A request was refused:",
        asked,
        "no request of a person was refused without anything being sent",
    )
}

fn not_ours(evidence: &Evidence<'_>) -> Point {
    let foreign = refused(evidence, |one| one.reason == "not_neptune");
    Point::found(
        "Not ours to touch:",
        foreign,
        "no cluster of another engine was refused without anything being sent",
    )
}

/// The first refusal of this sort, if nothing was ever sent about its target.
fn refused(evidence: &Evidence<'_>, wanted: impl Fn(&Refused) -> bool) -> Option<String> {
    let mut refused = evidence.ledger.failovers.refused.iter();
    let one = refused.find(|one| wanted(one))?;
    let untouched = evidence
        .services
        .sent
        .iter()
        .all(|sent| sent.target != one.target);
    let sentence = format!(
        "{} {}: {}; nothing was sent",
        clock(one.at),
        one.target,
        one.sentence
    );
    untouched.then_some(sentence)
}
