//! Draws that repeat: a generator whose whole state is its seed, so that a failed run is run again by its number.

use std::ops::Range;

use chrono::TimeDelta;
use clusterwarden_local::cloud::{EventTimes, FailoverWording, Parameters};

/// A stream of numbers that a seed determines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draw(u64);

impl Draw {
    /// The stream of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95).wrapping_add(1))
    }

    /// The next word (SplitMix64).
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below this one; 0 for 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        u32::try_from(self.word() % u64::from(limit.max(1))).unwrap_or(0)
    }

    /// A number of this range; its start if it is empty.
    pub fn from(&mut self, range: Range<u32>) -> u32 {
        range.start + self.below(range.end.saturating_sub(range.start))
    }

    /// Yes, in this many percent of all draws.
    pub fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// A number from 0 to 1.
    pub fn part(&mut self) -> f64 {
        f64::from(self.below(1_000_001)) / 1_000_000.0
    }

    /// A number between these two.
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// A choice for everything that AWS leaves unsaid and that a failover can meet; the amounts of a migration stay as
    /// assumed.
    pub fn parameters(&mut self) -> Parameters {
        let mut up_to = |seconds: u32| TimeDelta::seconds(i64::from(self.below(seconds + 1)));
        Parameters {
            metric_delay: up_to(600),
            event_delay: up_to(600),
            modifying_delay: up_to(60),
            shard_count_changes_at_start: self.chance(50),
            refused_failover_spends_budget: self.chance(50),
            repeated_failover_spends_budget: self.chance(50),
            failover_wording: *self.one(&FailoverWording::ALL),
            failover_complete_names_node: self.chance(50),
            busy_failover_blames_member: self.chance(50),
            promotion_tells_failover: self.chance(50),
            test_failover_notifies_replacement: self.chance(50),
            replacement_times: *self.one(&EventTimes::ALL),
            ..Parameters::default()
        }
    }

    /// One of these.
    ///
    /// # Panics
    ///
    /// There is none.
    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let count = u32::try_from(of.len()).unwrap_or(u32::MAX);
        let at = usize::try_from(self.below(count)).unwrap_or(0);
        &of[at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_draws_again_and_another_seed_others() {
        let draws = |seed| -> Vec<u32> {
            let mut draw = Draw::new(seed);
            (0..20).map(|_| draw.below(1000)).collect()
        };
        assert_eq!(draws(7), draws(7));
        assert_ne!(draws(7), draws(8));
    }

    #[test]
    fn parameters_reach_every_wording_and_both_answers_of_every_question() {
        let mut draw = Draw::new(5);
        let drawn: Vec<Parameters> = (0..200).map(|_| draw.parameters()).collect();
        for wording in FailoverWording::ALL {
            assert!(drawn.iter().any(|one| one.failover_wording == wording));
        }
        for times in EventTimes::ALL {
            assert!(drawn.iter().any(|one| one.replacement_times == times));
        }
        let questions: [fn(&Parameters) -> bool; 7] = [
            |one| one.shard_count_changes_at_start,
            |one| one.refused_failover_spends_budget,
            |one| one.repeated_failover_spends_budget,
            |one| one.failover_complete_names_node,
            |one| one.busy_failover_blames_member,
            |one| one.promotion_tells_failover,
            |one| one.test_failover_notifies_replacement,
        ];
        for asks in questions {
            assert!(drawn.iter().any(asks) && !drawn.iter().all(asks));
        }
        let delays = |one: &Parameters| one.metric_delay.max(one.event_delay);
        assert!(
            drawn
                .iter()
                .all(|one| delays(one) <= TimeDelta::minutes(10))
        );
        assert!(drawn.iter().any(|one| delays(one) > TimeDelta::minutes(9)));
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let mut draw = Draw::new(1);
        let drawn: Vec<u32> = (0..1000).map(|_| draw.from(3..6)).collect();
        assert!(drawn.iter().all(|one| (3..6).contains(one)));
        assert!([3, 4, 5].iter().all(|one| drawn.contains(one)));
        assert!((0..1000).all(|_| !draw.chance(0) && draw.chance(100)));
    }
}
