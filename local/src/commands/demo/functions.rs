//! The functions of a play: which there are, and what wakes each of them.

use std::{collections::BTreeMap, sync::Mutex};

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::policy::Policy;
use serde_json::Value;

use super::{
    failovers::{self, Failovers},
    failure::DemoFailure,
    function::{Cause, Job, Pass, WokenFunction},
    lock,
    play::{self, Errand, Play},
};
use crate::{
    cloud::{Cloud, Delivery},
    runtime_api::{Endpoint, binaries},
};

/// Virtual time that passes before each answer to a function that forces failovers: it looks again and again for the new
/// primary, and must see time pass.
const ANSWER_TIME: TimeDelta = TimeDelta::seconds(3);

/// The functions of a play, each in its execution environment.
pub(super) struct Functions {
    all: BTreeMap<Job, WokenFunction>,
}

/// A function's next run.
#[derive(Debug)]
pub(super) struct Wake {
    pub(super) job: Job,
    pub(super) cause: Cause,
    pub(super) event: Value,
    /// Who asked, where somebody did.
    pub(super) errand: Option<&'static Errand>,
}

impl Functions {
    /// The functions that a policy gives anything to do, cold.
    pub(super) async fn new(play: &Play, policy: &Policy, url: &str) -> Result<Self, DemoFailure> {
        let mut all = BTreeMap::new();
        let jobs = [Job::Reshard].into_iter().chain(Job::FAILOVERS);
        for job in jobs.filter(|job| job.has_work(policy)) {
            let binary = binaries::locate(job.name(), |line| eprintln!("{line}")).await?;
            let endpoint = Endpoint::embedded(url)?;
            all.insert(job, WokenFunction::new(job, binary, endpoint, play)?);
        }
        Ok(Self { all })
    }

    /// Which they are, in the order in which they run.
    pub(super) fn jobs(&self) -> Vec<Job> {
        self.all.keys().copied().collect()
    }

    /// Runs `reshard`.
    pub(super) async fn reshard(&mut self, wake: Wake) -> Result<Option<Pass>, DemoFailure> {
        match self.all.get_mut(&wake.job) {
            Some(function) => function.wake(wake.cause, &wake.event).await.map(Some),
            None => Ok(None),
        }
    }

    /// Runs a function that forces failovers.
    pub(super) async fn fail_over(
        &mut self,
        wake: Wake,
        cloud: &Mutex<Cloud>,
    ) -> Result<Option<Pass<failovers::Record>>, DemoFailure> {
        let Some(function) = self.all.get_mut(&wake.job) else {
            return Ok(None);
        };
        let usual = {
            let parameters = &mut lock(cloud).parameters;
            std::mem::replace(&mut parameters.answer_time, ANSWER_TIME)
        };
        let pass = function.wake(wake.cause, &wake.event).await;
        lock(cloud).parameters.answer_time = usual;
        pass.map(Some)
    }
}

/// What wakes the functions between two looks: alarms first, then the schedule, then notifications and people.
pub(super) fn wakes(
    play: &Play,
    jobs: &[Job],
    (before, at): (DateTime<Utc>, DateTime<Utc>),
    deliveries: &[Delivery],
    failovers: &Failovers,
) -> Vec<Wake> {
    let mut wakes = Vec::new();
    for &job in jobs {
        let wake = |cause, event| Wake {
            job,
            cause,
            event,
            errand: None,
        };
        let arn = job.arn();
        let alarms = deliveries.iter().filter(|delivery| delivery.target == arn);
        wakes.extend(alarms.map(|alarm| wake(Cause::of_alarm(&alarm.event), alarm.event.clone())));
        if let Some(cause) = scheduled(job, before, at, failovers) {
            wakes.push(wake(cause, play::schedule_event(job, at)));
        }
        if job == Job::FailoverShard {
            let told = deliveries
                .iter()
                .filter(|delivery| delivery.target == play::TOPIC_ARN);
            wakes.extend(told.filter_map(|told| {
                let event = play::notification_event(told.at, told.event.as_str()?);
                Some(wake(Cause::Notification, event))
            }));
        }
        let errands = play.requests.iter();
        let due = errands.filter(|errand| errand.job == job && errand.is_due(before, at));
        wakes.extend(due.map(|errand| Wake {
            errand: Some(errand),
            ..wake(Cause::Request, errand.event(at))
        }));
    }
    wakes
}

/// `None`: it is not its time.
fn scheduled(
    job: Job,
    before: DateTime<Utc>,
    at: DateTime<Utc>,
    failovers: &Failovers,
) -> Option<Cause> {
    let often = has_come(before, at, play::SCHEDULE_MINUTES, 0);
    match job {
        Job::Reshard => often.then_some(Cause::Schedule),
        Job::FailoverShard | Job::FailoverDbCluster => {
            let (every, minute) = (play::FAILOVER_SCHEDULE_MINUTES, play::FAILOVER_SCHEDULE_AT);
            if has_come(before, at, every, minute) {
                Some(Cause::Schedule)
            } else {
                (often && failovers.measured_by(job) > 0).then_some(Cause::Measuring)
            }
        }
    }
}

/// Whether a minute that comes again and again lies after `before` and not after `at`: time may have run while a function did.
fn has_come(before: DateTime<Utc>, at: DateTime<Utc>, every: u32, minute: u32) -> bool {
    let (every, first) = (i64::from(every) * 60, i64::from(minute) * 60);
    let count = |at: DateTime<Utc>| (at.timestamp() - first).div_euclid(every);
    count(at) > count(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::{
        fixture::{at, drill_started},
        play::{DAY, PLAYS},
    };

    fn causes(
        before: (i64, i64),
        now: (i64, i64),
        deliveries: &[Delivery],
        failovers: &Failovers,
    ) -> Vec<(Job, Cause)> {
        let jobs = [Job::Reshard, Job::FailoverShard, Job::FailoverDbCluster];
        let span = (at(before.0, before.1), at(now.0, now.1));
        wakes(&DAY, &jobs, span, deliveries, failovers)
            .into_iter()
            .map(|wake| (wake.job, wake.cause))
            .collect()
    }

    #[test]
    fn failover_functions_wake_hourly_and_every_five_minutes_while_they_measure() {
        let mut failovers = Failovers::default();
        let all = [
            (Job::Reshard, Cause::Schedule),
            (Job::FailoverShard, Cause::Schedule),
            (Job::FailoverDbCluster, Cause::Schedule),
        ];
        assert_eq!(causes((14, 4), (14, 5), &[], &failovers), all);
        assert_eq!(causes((14, 9), (14, 10), &[], &failovers), all[..1]);
        assert_eq!(causes((14, 10), (14, 11), &[], &failovers), []);
        let pass = Pass {
            cause: Cause::Schedule,
            records: Ok(vec![drill_started()]),
        };
        failovers.enter(Job::FailoverShard, &pass, at(14, 5));
        let measuring = [
            (Job::Reshard, Cause::Schedule),
            (Job::FailoverShard, Cause::Measuring),
        ];
        assert_eq!(causes((14, 9), (14, 10), &[], &failovers), measuring);
    }

    #[test]
    fn a_time_that_came_while_a_function_ran_is_made_up_for_once() {
        let failovers = Failovers::default();
        assert_eq!(
            causes((14, 3), (14, 8), &[], &failovers).len(),
            3,
            "five past was skipped over"
        );
        assert_eq!(causes((14, 8), (14, 9), &[], &failovers), []);
    }

    #[test]
    fn alarms_notifications_and_people_wake_whom_they_are_for() {
        let delivery = |target: &str, event: Value| Delivery {
            at: at(15, 59),
            target: target.to_owned(),
            event,
        };
        let deliveries = [
            delivery(
                &Job::FailoverShard.arn(),
                serde_json::json!({ "alarmData": { "alarmName": "down" } }),
            ),
            delivery(play::TOPIC_ARN, "{\"ElastiCache:x\":\"y\"}".into()),
            delivery("arn:aws:sns:us-east-1:123456789012:elsewhere", Value::Null),
        ];
        let failovers = Failovers::default();
        assert_eq!(
            causes((15, 58), (15, 59), &deliveries, &failovers),
            [
                (Job::FailoverShard, Cause::Alarm("down".to_owned())),
                (Job::FailoverShard, Cause::Notification),
            ]
        );
        assert_eq!(
            causes((15, 59), (16, 0), &[], &failovers)[1..],
            [(Job::FailoverShard, Cause::Request)]
        );
    }

    #[test]
    fn only_plays_whose_policy_asks_for_failovers_run_their_functions() {
        for play in &PLAYS {
            let policy = play.policy().unwrap();
            for job in Job::FAILOVERS {
                assert_eq!(job.has_work(&policy), play.name == "day", "{}", play.name);
            }
            assert!(Job::Reshard.has_work(&policy));
        }
    }
}
