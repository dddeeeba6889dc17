//! The real programs end to end: the very binary that deploys, under the Runtime API, against the embedded AWS over HTTP, and
//! the command `clusterwarden invoke` around it.
#![cfg(unix)]

mod command;
mod events;

use clusterwarden_local::{
    cloud::{Cloud, Parameters, scenario},
    runtime_api::{Endpoint, Environment, Function, LogLine, Logs},
    wire::http_server::CloudServer,
};
use clusterwarden_tests::{
    JOURNAL, monday_morning,
    programs::{checkout, programs},
};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";

/// The embedded AWS with the shop of the default scenario, served on loopback.
struct Served {
    cloud: Arc<Mutex<Cloud>>,
    server: CloudServer,
}

impl Served {
    fn shop() -> Self {
        let cloud = scenario::load("default", monday_morning(), Parameters::default());
        Self::serve(cloud.expect("the scenario is good"))
    }

    fn serve(cloud: Cloud) -> Self {
        let cloud = Arc::new(Mutex::new(cloud));
        let server = CloudServer::start(Arc::clone(&cloud), 0).expect("a free port");
        Self { cloud, server }
    }

    fn calls(&self, operation: &str) -> usize {
        let cloud = self.cloud.lock().unwrap();
        cloud
            .calls
            .iter()
            .filter(|call| call.operation == operation)
            .count()
    }

    fn shards(&self, group: &str) -> usize {
        let cloud = self.cloud.lock().unwrap();
        cloud
            .elasticache
            .group(group)
            .map_or(0, |group| group.shards.len())
    }
}

fn policy() -> PathBuf {
    checkout().join("policy/policy.toml")
}

/// The function in an environment of its own, with its log.
async fn environment(
    served: &Served,
    mode: &str,
    policy: &Path,
) -> (Environment, Arc<Mutex<Vec<LogLine>>>) {
    let function = Function::new("reshard", programs().await.reshard)
        .with("MODE", mode)
        .with("POLICY_FILE", policy.to_string_lossy())
        .with("JOURNAL_TABLE", JOURNAL);
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    let logs: Logs = Arc::new(move |line| sink.lock().unwrap().push(line));
    let endpoint = Endpoint::embedded(&served.server.url).expect("a loopback URL");
    (Environment::new(function, endpoint, logs), lines)
}
