//! Which reader takes over: who is fit, and in which order they come.

use std::cmp::Ordering;

use chrono::{DateTime, Utc};

use super::Lags;
use crate::{
    cluster::Status,
    db_cluster::{DbCluster, Member},
    failover::Ranked,
    load::delta,
    policy::FailoverPolicy,
};

/// Two lags that are in the same step of so many milliseconds count as equal. Samples of two readers always differ by some
/// milliseconds, so that class and zone would never be reached; a tenth of a second is far below any `max_lag` worth having.
const LAG_STEP_MILLIS: f64 = 100.0;

/// One reader and whether it could take over.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reader<'c> {
    pub(super) member: &'c Member,
    /// Its lag in seconds, if it is fit.
    pub(super) fit: Result<f64, Unfit>,
    size: Size,
    zone: Zone,
}

/// Why a reader cannot take over.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Unfit {
    /// The service's word for its status.
    NotAvailable(String),
    /// Lag has not been read at all.
    LagNotRead,
    /// It has no sample, or one that is no lag.
    NoSample,
    /// Its newest sample is so many minutes away from now.
    Stale(i64),
    /// It lags so many seconds, more than the limit, the second number.
    Lagging(f64, f64),
}

/// How its class compares with the writer's; the earlier, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Size {
    NotSmaller,
    Unknown,
    Smaller,
}

/// How its Availability Zone compares with the writer's; the earlier, the better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Zone {
    Other,
    Unknown,
    Same,
}

/// Every reader of the cluster: the fit ones, best first, then the others by id.
pub(super) fn readers<'c>(
    policy: &FailoverPolicy,
    cluster: &'c DbCluster,
    writer: &Member,
    lags: Option<&Lags>,
    now: DateTime<Utc>,
) -> Vec<Reader<'c>> {
    let mut readers: Vec<Reader<'c>> = cluster
        .members
        .iter()
        .filter(|member| member.id != writer.id)
        .map(|member| Reader {
            member,
            fit: fitness(policy, member, lags, now),
            size: compare_size(member, writer),
            zone: compare_zone(member, writer),
        })
        .collect();
    readers.sort_by(Reader::compare);
    readers
}

fn fitness(
    policy: &FailoverPolicy,
    member: &Member,
    lags: Option<&Lags>,
    now: DateTime<Utc>,
) -> Result<f64, Unfit> {
    if member.status != Status::Available {
        return Err(Unfit::NotAvailable(member.status.to_string()));
    }
    let lags = lags.ok_or(Unfit::LagNotRead)?;
    let (at, lag) = lags.get(&member.id).ok_or(Unfit::NoSample)?;
    if !lag.is_finite() || *lag < 0.0 {
        return Err(Unfit::NoSample);
    }
    let age = now - *at;
    // A sample from the future is as little worth as an old one.
    if age.abs() > delta(policy.stale_after) {
        return Err(Unfit::Stale(age.num_minutes()));
    }
    if *lag > policy.max_lag {
        return Err(Unfit::Lagging(*lag, policy.max_lag));
    }
    Ok(*lag)
}

fn compare_size(member: &Member, writer: &Member) -> Size {
    // Equal words are equal sizes, whether or not we know how large that is.
    if member.class.is_some() && member.class == writer.class {
        return Size::NotSmaller;
    }
    match (member.size(), writer.size()) {
        (Some(size), Some(of_writer)) if size < of_writer => Size::Smaller,
        (Some(_), Some(_)) => Size::NotSmaller,
        _ => Size::Unknown,
    }
}

fn compare_zone(member: &Member, writer: &Member) -> Zone {
    match (&member.availability_zone, &writer.availability_zone) {
        (Some(zone), Some(of_writer)) if zone == of_writer => Zone::Same,
        (Some(_), Some(_)) => Zone::Other,
        _ => Zone::Unknown,
    }
}

impl Reader<'_> {
    /// Fit before unfit; then tier, lag in steps, class, zone; then id.
    fn compare(&self, other: &Self) -> Ordering {
        let (one, two) = match (&self.fit, &other.fit) {
            (Ok(one), Ok(two)) => (*one, *two),
            (Ok(_), Err(_)) => return Ordering::Less,
            (Err(_), Ok(_)) => return Ordering::Greater,
            (Err(_), Err(_)) => return self.member.id.cmp(&other.member.id),
        };
        tier(self.member)
            .cmp(&tier(other.member))
            .then_with(|| lag_step(one).total_cmp(&lag_step(two)))
            .then_with(|| self.size.cmp(&other.size))
            .then_with(|| self.zone.cmp(&other.zone))
            .then_with(|| self.member.id.cmp(&other.member.id))
    }

    /// Each criterion in words. Of a class only what makes it less than the writer's is said.
    pub(super) fn words(&self) -> String {
        let tier = match self.member.promotion_tier {
            Some(tier) => format!("tier {tier}"),
            None => "tier unknown".to_owned(),
        };
        let lag = match &self.fit {
            Ok(lag) => format!("lag {:.0} ms", lag * 1000.0),
            Err(unfit) => unfit.words(),
        };
        let class = self.member.class.as_deref().unwrap_or("class unknown");
        let class = match self.size {
            Size::Smaller => format!("{class}, smaller than the writer's"),
            Size::NotSmaller | Size::Unknown => class.to_owned(),
        };
        let zone = self.member.availability_zone.as_deref();
        let zone = zone.unwrap_or("zone unknown");
        format!("{tier}, {lag}, {class}, {zone}")
    }

    /// Each criterion in words with how it compares: why the reader stands where it stands.
    fn because(&self) -> String {
        let size = match self.size {
            Size::NotSmaller => "; class not smaller than the writer's",
            Size::Unknown => "; class not comparable with the writer's",
            // Its words say so.
            Size::Smaller => "",
        };
        let zone = match self.zone {
            Zone::Other => "; another zone than the writer's",
            Zone::Unknown => "; zone not comparable with the writer's",
            Zone::Same => "; the writer's zone",
        };
        match &self.fit {
            Ok(_) => format!("{}{size}{zone}", self.words()),
            Err(_) => format!("not fit: {}{size}{zone}", self.words()),
        }
    }
}

impl Unfit {
    /// Why, in words with the numbers.
    pub(super) fn words(&self) -> String {
        match self {
            Self::NotAvailable(status) => status.clone(),
            Self::LagNotRead => "lag not read".to_owned(),
            Self::NoSample => "no sample of its lag".to_owned(),
            Self::Stale(minutes) if *minutes < 0 => {
                format!("the sample of its lag is dated {} min ahead", -minutes)
            }
            Self::Stale(minutes) => format!("the newest sample of its lag is {minutes} min old"),
            Self::Lagging(lag, limit) => format!(
                "lag {:.0} ms, more than {:.0} ms",
                lag * 1000.0,
                limit * 1000.0
            ),
        }
    }
}

/// The readers as records show them.
pub(super) fn ranking(readers: &[Reader<'_>]) -> Vec<Ranked> {
    readers
        .iter()
        .zip(1_u32..)
        .map(|(reader, rank)| Ranked {
            id: reader.member.id.to_string(),
            rank: reader.fit.is_ok().then_some(rank),
            because: reader.because(),
        })
        .collect()
}

/// A tier that is not known ranks behind 15, the last.
fn tier(member: &Member) -> u32 {
    member.promotion_tier.unwrap_or(u32::MAX)
}

/// The step a lag is in. Samples are whole milliseconds; in seconds 0.3 is a little less than three steps.
fn lag_step(lag: f64) -> f64 {
    ((lag * 1000.0).round() / LAG_STEP_MILLIS).floor()
}

#[cfg(test)]
mod tests;
