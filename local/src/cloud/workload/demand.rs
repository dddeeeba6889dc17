//! Demand: operations a second as a function of virtual time.

use chrono::{DateTime, Timelike, Utc};

use super::noise::noise;

/// A span of time, the end not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Its start.
    pub from: DateTime<Utc>,
    /// Its end.
    pub until: DateTime<Utc>,
}

impl Span {
    /// Whether a moment lies in it.
    pub fn contains(&self, at: DateTime<Utc>) -> bool {
        (self.from..self.until).contains(&at)
    }
}

/// The part of the demand that follows the clock: none at the quietest hour, all of it twelve hours later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Daily {
    /// Operations a second at the peak, on top of the base.
    pub swing: f64,
    /// The hour of the peak, UTC, 0 to 24; 14.5 is half past two in the afternoon.
    pub peak_hour: f64,
}

/// More (or, negative, less) demand for a while.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Burst {
    /// When.
    pub span: Span,
    /// Operations a second on top of the rest.
    pub operations: f64,
}

/// More (or, negative, less) demand from a moment on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// From when on.
    pub at: DateTime<Utc>,
    /// Operations a second on top of the rest.
    pub operations: f64,
}

/// Operations a second that users ask of a whole group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Demand {
    /// What they always ask.
    pub base: f64,
    /// What follows the clock.
    pub daily: Option<Daily>,
    /// How far a minute may stray from the rest, as a part of it: 0.02 is two percent up or down.
    pub noise: f64,
    /// Chooses the noise; equal seeds give equal noise.
    pub seed: u64,
    /// Demand for a while.
    pub bursts: Vec<Burst>,
    /// Demand from a moment on.
    pub steps: Vec<Step>,
}

impl Demand {
    /// The same demand at all times.
    pub fn constant(operations: f64) -> Self {
        Self {
            base: operations,
            ..Self::default()
        }
    }

    /// Operations a second at a moment. Never negative.
    pub fn at(&self, at: DateTime<Utc>) -> f64 {
        let daily = self.daily.map_or(0.0, |daily| daily.at(at));
        let bursts: f64 = self
            .bursts
            .iter()
            .filter(|burst| burst.span.contains(at))
            .map(|burst| burst.operations)
            .sum();
        let steps: f64 = self
            .steps
            .iter()
            .filter(|step| step.at <= at)
            .map(|step| step.operations)
            .sum();
        let minute = at.timestamp().div_euclid(60).unsigned_abs();
        let stray = 1.0 + self.noise * noise(&[self.seed, minute]);
        ((self.base + daily + bursts + steps) * stray).max(0.0)
    }
}

impl Daily {
    fn at(self, at: DateTime<Utc>) -> f64 {
        let hour = f64::from(at.num_seconds_from_midnight()) / 3600.0;
        let turn = (hour - self.peak_hour) / 24.0 * std::f64::consts::TAU;
        self.swing * (1.0 + turn.cos()) / 2.0
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(hour: i64, minute: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_795_392_000, 0).unwrap()
            + TimeDelta::hours(hour)
            + TimeDelta::minutes(minute)
    }

    #[test]
    fn the_daily_part_peaks_at_its_hour_and_is_gone_twelve_hours_later() {
        let daily = Some(Daily {
            swing: 80.0,
            peak_hour: 14.0,
        });
        let demand = Demand {
            daily,
            ..Demand::constant(20.0)
        };
        assert!((demand.at(at(14, 0)) - 100.0).abs() < 1e-9);
        assert!((demand.at(at(26, 0)) - 20.0).abs() < 1e-9);
        assert!((demand.at(at(8, 0)) - 60.0).abs() < 1e-9);
    }

    #[test]
    fn bursts_pass_steps_stay_and_demand_is_never_negative() {
        let span = Span {
            from: at(1, 0),
            until: at(2, 0),
        };
        let demand = Demand {
            bursts: vec![Burst {
                span,
                operations: 50.0,
            }],
            steps: vec![Step {
                at: at(3, 0),
                operations: -300.0,
            }],
            ..Demand::constant(100.0)
        };
        let seen = [at(0, 59), at(1, 0), at(1, 59), at(2, 0), at(3, 0)].map(|when| demand.at(when));
        assert_eq!(seen, [100.0, 150.0, 150.0, 100.0, 0.0]);
    }

    #[test]
    fn noise_stays_within_its_part_and_depends_on_the_seed() {
        let noisy = |seed| Demand {
            noise: 0.05,
            seed,
            ..Demand::constant(100.0)
        };
        let minutes = 0..500;
        assert!(
            minutes
                .clone()
                .all(|minute| (noisy(1).at(at(0, minute)) - 100.0).abs() <= 5.0)
        );
        assert!(
            minutes
                .clone()
                .any(|minute| (noisy(1).at(at(0, minute)) - 100.0).abs() > 2.0)
        );
        assert!(
            minutes
                .clone()
                .any(|minute| noisy(1).at(at(0, minute)) != noisy(2).at(at(0, minute)))
        );
    }
}
