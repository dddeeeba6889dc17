//! An embedded AWS with somebody else's groups in it, and rehearsals in it.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden_account::rehearse::{
    Cleaning, Pace, Plan, Rehearsal, Removed, RunId,
    capture::Capture,
    clean::{self, Cleaned},
    plan::PREFIX,
    record::Recorder,
    rehearse,
    service::{Clock, Service},
    stop::{self, Stop},
};
use clusterwarden_local::cloud::{Call, Parameters, elasticache::GroupSpec, workload::Span};
use clusterwarden_tests::{SharedCloud, monday_morning};

use crate::way::{Fate, Way};

pub(crate) const RUN: &str = "261123-abc123";

/// Somebody else's group, with our prefix in its id and without our tag.
pub(crate) const FOREIGN: &str = "clusterwarden-rehearsal-of-another";

/// Seconds for each answer with which a whole life of the group is few enough calls to try every one of them.
pub(crate) const COARSE: i64 = 120;

/// The number of the call that creates, counted from 0.
pub(crate) const CREATE: usize = 5;

/// The number of the call that asks whether we may delete.
pub(crate) const MAY_DELETE: usize = 1;

pub(crate) struct World {
    pub(crate) cloud: SharedCloud,
}

/// How one run ended. `None`: it died.
pub(crate) type Ran = Option<(Removed, Capture)>;

impl World {
    /// Each answer takes so many seconds: few for whole runs that look closely, many for short ones.
    pub(crate) fn new(answer_seconds: i64) -> Self {
        Self::with(answer_seconds, Parameters::default())
    }

    pub(crate) fn with(answer_seconds: i64, parameters: Parameters) -> Self {
        let answer_time = TimeDelta::seconds(answer_seconds);
        let cloud = SharedCloud::empty(Parameters {
            answer_time,
            ..parameters
        });
        for id in ["orders", FOREIGN] {
            let mut cloud = cloud.lock();
            let now = cloud.now();
            let spec = GroupSpec {
                id: id.to_owned(),
                shards: 1,
                replicas_per_shard: 0,
                multi_az: false,
                ..GroupSpec::default()
            };
            cloud.elasticache.seed_group(spec, now);
            // Nobody reads their metrics, which take most of the time that passes here.
            let always = Span {
                from: now,
                until: now + TimeDelta::days(30),
            };
            cloud.workload.load_mut(id).outages.push(always);
        }
        Self { cloud }
    }

    pub(crate) fn way(
        &self,
        fates: impl Fn(usize, &SharedCloud) -> Fate + Send + Sync + 'static,
    ) -> Way {
        Way::new(&self.cloud, fates)
    }

    /// A way on which an operation is refused from a call of this number on; see [`Fate::Refuse`].
    pub(crate) fn refusing(
        &self,
        operations: &'static [&'static str],
        from: usize,
        code: &'static str,
    ) -> Way {
        Way::by_operation(&self.cloud, move |number, operation| {
            if number >= from && operations.contains(&operation) {
                Fate::Refuse(403, code)
            } else {
                Fate::Serve
            }
        })
    }

    pub(crate) fn service(&self, way: &Way, clock: Clock) -> Service {
        Service::new(&self.cloud.sdk_config_over(way.clone()), clock)
    }

    /// A whole run on which nothing goes wrong.
    pub(crate) async fn run(&self) -> (Removed, Capture) {
        self.run_over(&self.way(|_, _| Fate::Serve))
            .await
            .expect("nobody kills it")
    }

    /// A run over a way; only the services' time counts.
    pub(crate) async fn run_over(&self, way: &Way) -> Ran {
        let (_stopper, stop) = stop::channel();
        self.run_with(way, Arc::new(monday_morning), &stop, &plan())
            .await
    }

    pub(crate) async fn run_with(&self, way: &Way, clock: Clock, stop: &Stop, plan: &Plan) -> Ran {
        let service = self.service(way, clock);
        let mut recorder = Recorder::new(plan, "us-east-1", None).expect("no file");
        let rehearsal = Rehearsal {
            service: &service,
            plan,
            recorder: &mut recorder,
            pace: Pace(Duration::ZERO),
            stop,
            say: &|_| {},
        };
        let removed = tokio::select! {
            removed = rehearse(rehearsal) => removed,
            () = way.dies() => return None,
        };
        Some((removed, recorder.capture().clone()))
    }

    /// Cleans over a way. `None`: it died.
    pub(crate) async fn clean_over(
        &self,
        way: &Way,
        run: Option<&str>,
    ) -> Option<Result<Cleaned, String>> {
        let service = self.service(way, Arc::new(monday_morning));
        let run = run.map(|run| RunId::new(run).expect("an id"));
        let cleaning = Cleaning {
            service: &service,
            run: run.as_ref(),
            pace: Pace(Duration::ZERO),
            give_up: TimeDelta::minutes(90),
            say: &|_| {},
        };
        tokio::select! {
            cleaned = clean::clean(&cleaning) => Some(cleaned),
            () = way.dies() => None,
        }
    }

    pub(crate) async fn clean(&self) -> Cleaned {
        let cleaned = self.clean_over(&self.way(|_, _| Fate::Serve), None).await;
        cleaned.expect("nobody kills it").expect("nothing fails")
    }

    /// Ids of groups that a rehearsal made.
    pub(crate) fn left(&self) -> Vec<String> {
        let cloud = self.cloud.lock();
        let ids = cloud.elasticache.groups().map(|group| group.id);
        ids.filter(|id| id.starts_with(PREFIX) && id != FOREIGN)
            .collect()
    }

    /// That nothing of a rehearsal is there, and everything else still is.
    #[track_caller]
    pub(crate) fn assert_clean(&self, why: &str) {
        assert_eq!(self.left(), Vec::<String>::new(), "{why}");
        let cloud = self.cloud.lock();
        for id in ["orders", FOREIGN] {
            let group = cloud
                .elasticache
                .group(id)
                .unwrap_or_else(|| panic!("{id} is gone: {why}"));
            assert_eq!(group.status, "available", "{id}: {why}");
        }
    }

    /// The calls of an operation.
    pub(crate) fn calls(&self, operation: &str) -> Vec<Call> {
        let cloud = self.cloud.lock();
        cloud
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .cloned()
            .collect()
    }
}

pub(crate) fn plan() -> Plan {
    Plan {
        run: RunId::new(RUN).expect("an id"),
        node_type: "cache.t4g.small".to_owned(),
        engine: "valkey".to_owned(),
        engine_version: None,
        replicas: 1,
        subnet_group: None,
        security_groups: Vec::new(),
        deadline: TimeDelta::minutes(90),
    }
}

pub(crate) fn group_id() -> String {
    plan().group_id()
}

/// This machine's clock, on which half a minute passes each time that somebody looks at it.
pub(crate) fn moving_clock() -> Clock {
    let looks = std::sync::atomic::AtomicI64::new(0);
    Arc::new(move || -> DateTime<Utc> {
        let looks = looks.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        monday_morning() + TimeDelta::seconds(30 * looks)
    })
}
