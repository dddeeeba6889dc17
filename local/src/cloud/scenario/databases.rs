//! From a scenario file's database clusters to those of the cloud.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::{
    build::{after, require},
    file::{DbClusterFile, DbLoadFile, DbStepFile},
};
use crate::cloud::{
    Cloud,
    neptune::{
        DbClusterSpec, DbInstanceSpec,
        defaults::{ENGINES, default_version},
        memory,
    },
    workload::{DatabaseLoad, Demand, Step},
};

/// The last promotion tier (\[BC\] of Neptune).
const LAST_TIER: u8 = 15;

/// The ids that are taken: clusters' are unique among themselves, and so are instances'.
#[derive(Debug, Default)]
pub(super) struct Names {
    clusters: BTreeSet<String>,
    instances: BTreeSet<String>,
}

impl DbClusterFile {
    /// Puts the cluster and its load into the cloud.
    pub(super) fn build(
        &self,
        start: DateTime<Utc>,
        names: &mut Names,
        cloud: &mut Cloud,
    ) -> Result<(), String> {
        self.check(names)?;
        let load = DatabaseLoad {
            lag: self.lag_milliseconds,
            ..self.load.load(start)
        };
        cloud.workload.set_database(&self.id, load);
        cloud.neptune.seed_cluster(self.spec(), cloud.now());
        Ok(())
    }

    fn check(&self, names: &mut Names) -> Result<(), String> {
        if !names.clusters.insert(self.id.clone()) {
            return Err("there are two of this id".to_owned());
        }
        if !ENGINES.contains(&self.engine.as_str()) {
            let engines = ENGINES.join("`, `");
            return Err(format!(
                "`engine` is `{}`; it must be `{engines}`",
                self.engine
            ));
        }
        for instance in &self.instances {
            let wrong = |message: String| Err(format!("instance `{}`: {message}", instance.id));
            if !names.instances.insert(instance.id.clone()) {
                return wrong("there are two of this id".to_owned());
            }
            if memory(&instance.class).is_none() && instance.class != SERVERLESS {
                return wrong(format!("there is no class `{}`", instance.class));
            }
            if instance.promotion_tier > LAST_TIER {
                return wrong(format!("`promotion_tier` must be from 0 to {LAST_TIER}"));
            }
        }
        require("lag_milliseconds", self.lag_milliseconds, 0.0, f64::MAX)?;
        self.load.check()
    }

    fn spec(&self) -> DbClusterSpec {
        let version = self.engine_version.as_deref();
        DbClusterSpec {
            id: self.id.clone(),
            engine: self.engine.clone(),
            engine_version: version.unwrap_or(default_version(&self.engine)).to_owned(),
            instances: self
                .instances
                .iter()
                .map(|one| DbInstanceSpec {
                    id: one.id.clone(),
                    class: one.class.clone(),
                    zone: one.zone.clone(),
                    promotion_tier: one.promotion_tier,
                })
                .collect(),
            global_cluster: self.global_cluster.clone(),
            notification_topic: self.notification_topic.clone(),
            tags: Vec::new(),
        }
    }
}

/// The class of instances whose size the service chooses.
const SERVERLESS: &str = "db.serverless";

impl DbLoadFile {
    fn check(&self) -> Result<(), String> {
        require("load.writer_cpu", self.writer_cpu, 0.0, 100.0)?;
        require("load.reader_cpu", self.reader_cpu, 0.0, 100.0)?;
        for step in &self.steps {
            require("load.steps.writer_cpu", step.writer_cpu, -100.0, 100.0)?;
            require("load.steps.reader_cpu", step.reader_cpu, -100.0, 100.0)?;
        }
        Ok(())
    }

    fn load(&self, start: DateTime<Utc>) -> DatabaseLoad {
        let demand = |base: f64, of: fn(&DbStepFile) -> f64| {
            let step = |step: &DbStepFile| Step {
                at: after(start, step.after_minutes),
                operations: of(step),
            };
            Demand {
                steps: self.steps.iter().map(step).collect(),
                ..Demand::constant(base)
            }
        };
        DatabaseLoad {
            writer_cpu: demand(self.writer_cpu, |step| step.writer_cpu),
            reader_cpu: demand(self.reader_cpu, |step| step.reader_cpu),
            ..DatabaseLoad::default()
        }
    }
}
