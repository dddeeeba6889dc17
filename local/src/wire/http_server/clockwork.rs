//! The virtual clock, driven by the real one.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::TimeDelta;
use tokio::{
    task::JoinHandle,
    time::{Instant, MissedTickBehavior, interval},
};

use crate::cloud::Cloud;

/// Often enough that a client polling once a second sees time pass smoothly.
const TICK: Duration = Duration::from_millis(100);

/// Moves a cloud's clock forward at a multiple of real time until it is dropped.
///
/// It adds to the clock instead of setting it, so that others may advance the same cloud.
#[derive(Debug)]
pub struct Clockwork {
    task: JoinHandle<()>,
}

impl Clockwork {
    /// The fastest clock offered: an hour a second, which the services still keep up with.
    pub const MAX_SPEED: f64 = 3600.0;

    /// Lets `speed` virtual seconds pass in each real second; 0 stops the clock, and what lies outside of 0 to
    /// [`Self::MAX_SPEED`] is brought inside. To be called inside a Tokio runtime.
    pub fn start(cloud: Arc<Mutex<Cloud>>, speed: f64) -> Self {
        let speed = speed.clamp(0.0, Self::MAX_SPEED);
        let task = tokio::spawn(async move {
            let mut ticks = interval(TICK);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            let mut last = Instant::now();
            loop {
                ticks.tick().await;
                let now = Instant::now();
                let passed = virtual_time(now - last, speed);
                last = now;
                cloud
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .advance(passed);
            }
        });
        Self { task }
    }
}

impl Drop for Clockwork {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The virtual time that passes in `real` time. A span too long to express is no time at all, which only a machine
/// asleep for centuries can tell.
fn virtual_time(real: Duration, speed: f64) -> TimeDelta {
    Duration::try_from_secs_f64(real.as_secs_f64() * speed)
        .ok()
        .and_then(|span| TimeDelta::from_std(span).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn virtual_time_is_a_multiple_of_real_time() {
        let minute = virtual_time(Duration::from_millis(500), 120.0);
        assert_eq!(minute, TimeDelta::minutes(1));
        assert_eq!(virtual_time(Duration::from_secs(9), 0.0), TimeDelta::zero());
    }
}
