//! Refuse by default: what must be so of a cluster before its writer is made a reader, whatever asks for it.

use super::{
    Observation,
    intent::asked,
    ranking::{Reader, Unfit},
};
use crate::{
    checks::Guards,
    db_cluster::{DbCluster, Member},
    failover::{
        Hold, IntentKind, Waiver,
        guards::{require_backed_off, require_cooled_down, require_nothing_in_flight},
    },
    policy::FailoverPolicy,
};

/// The cluster is Neptune's own. The endpoint answers for Aurora and DocumentDB too, and to fail over one of those is the worst
/// that could be done here: this comes before anything else that is said of the cluster.
pub(super) fn require_neptune(cluster: &DbCluster, guards: &mut Guards) -> Result<(), Hold> {
    let engine = cluster.engine.clone();
    let saw = engine.clone().unwrap_or_else(|| "unsaid".to_owned());
    guards.require("engine", cluster.is_neptune(), saw, || {
        Hold::NotNeptune(engine)
    })
}

/// A member of a Global Database is failed over through that, which is not ours.
pub(super) fn require_no_global_database(
    cluster: &DbCluster,
    guards: &mut Guards,
) -> Result<(), Hold> {
    let global = cluster.global_database.as_deref();
    guards.require(
        "global_database",
        global.is_none(),
        global.unwrap_or("none"),
        || Hold::GlobalDatabaseMember(global.unwrap_or_default().to_owned()),
    )
}

/// What can be checked without metrics. Gives the writer, and the waiver of a request if it waived what would have held.
pub(super) fn require_ready<'c>(
    policy: &FailoverPolicy,
    seen: &Observation,
    cluster: &'c DbCluster,
    kind: IntentKind,
    guards: &mut Guards,
) -> Result<(&'c Member, Option<Waiver>), Hold> {
    require_available(cluster, guards)?;
    let writer = require_writer(cluster, guards)?;
    let readers = cluster.members.len().saturating_sub(1);
    guards.require(
        "has_reader",
        readers > 0,
        format!("{readers} readers"),
        || Hold::NoReplica("the cluster has no reader".to_owned()),
    )?;
    require_nothing_in_flight(policy, &seen.journal, seen.at, guards)?;
    let (events, journal, request) = (&seen.events, &seen.journal, seen.request.as_ref());
    let waiver = require_cooled_down(policy, events, journal, request, seen.at, guards)?;
    require_backed_off(policy, &seen.journal, kind, seen.at, guards)?;
    Ok((writer, waiver))
}

fn require_available(cluster: &DbCluster, guards: &mut Guards) -> Result<(), Hold> {
    let busy = cluster.not_available();
    let saw = match &busy {
        Some((what, status)) => format!("{what} {status}"),
        None => format!("cluster and {} instances available", cluster.members.len()),
    };
    guards.require("available", busy.is_none(), saw, || match busy {
        Some((what, status)) => Hold::NotAvailable { what, status },
        None => Hold::Superseded,
    })
}

fn require_writer<'c>(cluster: &'c DbCluster, guards: &mut Guards) -> Result<&'c Member, Hold> {
    let unknown = || {
        let count = |role| {
            let of_role = |member: &&Member| member.is_writer == role;
            cluster.members.iter().filter(of_role).count()
        };
        let (writers, unsaid) = (count(Some(true)), count(None));
        format!(
            "{writers} of {} instances said to be the writer, {unsaid} of unknown role",
            cluster.members.len()
        )
    };
    let writer = cluster.writer();
    let saw = writer.map_or_else(unknown, |writer| writer.id.to_string());
    guards.require("writer_known", writer.is_some(), saw, || {
        Hold::PrimaryUnknown(unknown())
    })?;
    writer.ok_or(Hold::Superseded)
}

/// The reader to promote: the one that a request names, or the best. `readers` are ranked.
pub(super) fn require_target<'r, 'c>(
    policy: &FailoverPolicy,
    seen: &Observation,
    cluster: &DbCluster,
    readers: &'r [Reader<'c>],
    guards: &mut Guards,
) -> Result<&'r Reader<'c>, Hold> {
    let best = require_fit_reader(policy, readers, guards)?;
    let request = seen.request.as_ref();
    let Some(to) = request.and_then(|request| asked(request, &cluster.id)?.1) else {
        return Ok(best);
    };
    let named = readers.iter().find(|reader| reader.member.id == *to);
    let saw = match named.map(|reader| &reader.fit) {
        Some(Ok(lag)) => format!("{to}: lag {:.0} ms", lag * 1000.0),
        Some(Err(unfit)) => format!("{to} is not fit to take over: {}", unfit.words()),
        None => format!("{to} is no reader"),
    };
    let chosen = named.filter(|reader| reader.fit.is_ok());
    guards.require("target_fit", chosen.is_some(), saw.clone(), || {
        Hold::RequestUnfit(format!(
            "{saw}; name another reader as `to`, such as {}, or leave it out",
            best.member.id
        ))
    })?;
    chosen.ok_or(Hold::Superseded)
}

/// At least one reader is fit: available, with a known and fresh lag that is not too large. Gives the best.
fn require_fit_reader<'r, 'c>(
    policy: &FailoverPolicy,
    readers: &'r [Reader<'c>],
    guards: &mut Guards,
) -> Result<&'r Reader<'c>, Hold> {
    let fit = readers.iter().filter(|reader| reader.fit.is_ok()).count();
    let best = readers.first().filter(|reader| reader.fit.is_ok());
    let why: Vec<String> = readers
        .iter()
        .filter_map(|reader| {
            let unfit = reader.fit.as_ref().err()?;
            Some(format!("{}: {}", reader.member.id, unfit.words()))
        })
        .collect();
    let mut saw = format!(
        "{fit} of {} readers fit, max_lag_milliseconds {:.0}",
        readers.len(),
        policy.max_lag * 1000.0
    );
    if !why.is_empty() {
        saw = format!("{saw}; {}", why.join("; "));
    }
    guards.require("reader_fit", best.is_some(), saw, || {
        least_lagging(readers).unwrap_or_else(|| Hold::LagUnknown(why.join("; ")))
    })?;
    best.ok_or(Hold::Superseded)
}

/// Of the readers whose lag is known and too large, the one that lags least. `None`: no lag is known.
fn least_lagging(readers: &[Reader<'_>]) -> Option<Hold> {
    readers
        .iter()
        .filter_map(|reader| match &reader.fit {
            Err(Unfit::Lagging(seconds, limit)) => {
                Some((reader.member.id.to_string(), *seconds, *limit))
            }
            Ok(_)
            | Err(
                Unfit::NotAvailable(_) | Unfit::LagNotRead | Unfit::NoSample | Unfit::Stale(_),
            ) => None,
        })
        .min_by(|one, two| one.1.total_cmp(&two.1))
        .map(|(node, seconds, limit)| Hold::Lagging {
            node,
            seconds,
            limit,
        })
}
