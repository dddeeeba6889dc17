//! The trend of a target's drills: whether the latest took longer than those before.

use serde::Serialize;

/// Fewer than this many measured drills show no trend.
const ENOUGH: usize = 3;

/// How long one phase took, over all drills of a target. Seconds; null: not known.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Trend {
    /// Drills in which the phase was seen.
    measured: usize,
    /// The median of those.
    median_seconds: Option<f64>,
    /// Of the latest drill.
    latest_seconds: Option<f64>,
    /// The median of the drills before the latest; null: there are too few to compare with.
    before_seconds: Option<f64>,
    /// How much longer the latest took than that; negative: shorter.
    slower_by_seconds: Option<f64>,
}

impl Trend {
    /// The trend of these times, oldest first; `None`: the phase was not seen.
    pub(super) fn of(seconds: &[Option<i64>]) -> Self {
        let seconds: Vec<Option<f64>> = seconds.iter().map(|one| one.map(float)).collect();
        let seen: Vec<f64> = seconds.iter().copied().flatten().collect();
        let (latest, before) = match seconds.split_last() {
            Some((latest, before)) => (*latest, before.iter().copied().flatten().collect()),
            None => (None, Vec::new()),
        };
        let before = median(before).filter(|_| latest.is_none() || seen.len() >= ENOUGH);
        Self {
            measured: seen.len(),
            latest_seconds: latest,
            before_seconds: before,
            slower_by_seconds: latest.zip(before).map(|(latest, before)| latest - before),
            median_seconds: median(seen),
        }
    }

    /// `65 s in the latest, 4 s slower than the median of those before (61 s); median 62 s`.
    pub(super) fn words(&self) -> String {
        let Some(median) = self.median_seconds else {
            return "never seen".to_owned();
        };
        let latest = match (
            self.latest_seconds,
            self.slower_by_seconds.zip(self.before_seconds),
        ) {
            (None, _) => "not seen in the latest".to_owned(),
            (Some(latest), None) => {
                format!("{latest} s in the latest; fewer than {ENOUGH} drills, too few for a trend")
            }
            (Some(latest), Some((by, before))) => {
                let how = if by > 0.0 {
                    format!("{by} s slower than")
                } else if by < 0.0 {
                    format!("{} s faster than", -by)
                } else {
                    "the same as".to_owned()
                };
                format!("{latest} s in the latest, {how} the median of those before ({before} s)")
            }
        };
        format!("{latest}; median {median} s")
    }
}

/// `None`: of nothing there is none.
fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = *values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *values.get(middle.checked_sub(1)?)?;
    Some((lower + upper) / 2.0)
}

/// A phase lasts hours at the most.
fn float(seconds: i64) -> f64 {
    i32::try_from(seconds).map_or(f64::MAX, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(seconds: &[Option<i64>]) -> String {
        Trend::of(seconds).words()
    }

    #[test]
    fn the_latest_is_compared_with_the_median_of_those_before() {
        assert_eq!(
            words(&[Some(60), Some(90), Some(63), Some(80)]),
            "80 s in the latest, 17 s slower than the median of those before (63 s); median 71.5 s"
        );
        assert_eq!(
            words(&[Some(60), Some(70), Some(63)]),
            "63 s in the latest, 2 s faster than the median of those before (65 s); median 63 s"
        );
        assert_eq!(
            words(&[Some(63), Some(63), Some(63)]),
            "63 s in the latest, the same as the median of those before (63 s); median 63 s"
        );
    }

    #[test]
    fn fewer_than_three_measured_drills_are_no_trend() {
        for few in [
            &[Some(63)][..],
            &[Some(60), Some(63)],
            &[None, None, Some(60), Some(63)],
        ] {
            let said = words(few);
            assert!(
                said.starts_with("63 s in the latest; fewer than 3 drills, too few for a trend"),
                "{said}"
            );
            assert_eq!(Trend::of(few).slower_by_seconds, None);
        }
    }

    #[test]
    fn a_phase_that_was_not_seen_is_not_taken_for_a_short_one() {
        assert_eq!(
            words(&[Some(60), Some(70), Some(80), None]),
            "not seen in the latest; median 70 s"
        );
        assert_eq!(words(&[None]), "never seen");
        assert_eq!(Trend::of(&[None, Some(60)]).median_seconds, Some(60.0));
    }
}
