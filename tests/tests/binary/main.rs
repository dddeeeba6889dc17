//! The real programs end to end: the very binaries that deploy, under the Runtime API, against the embedded AWS over HTTP, and
//! the command `clusterwarden invoke` around it.
#![cfg(unix)]

mod command;
mod events;
mod failovers;
mod metrics;
mod replay;

use chrono::TimeDelta;
use clusterwarden_local::{
    cloud::{Cloud, Parameters, scenario},
    runtime_api::{Endpoint, Environment, Function, LogLine, Logs},
    wire::http_server::CloudServer,
};
use clusterwarden_tests::{
    JOURNAL, monday_morning,
    programs::{checkout, programs},
    roles,
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

    /// The same with a clock that moves with each answer, for functions that wait for what they asked for.
    fn moving(scenario: &str) -> Self {
        let parameters = Parameters {
            answer_time: TimeDelta::seconds(5),
            ..Parameters::default()
        };
        let cloud = scenario::load(scenario, monday_morning(), parameters);
        Self::serve(cloud.expect("the scenario is good"))
    }

    /// That a function has called nothing but what its role grants.
    fn check_role(&self, function: &str) {
        let cloud = self.cloud.lock().unwrap();
        assert!(!cloud.calls.is_empty(), "{function} has called nothing");
        for call in &cloud.calls {
            roles::fence(function, call, &cloud);
        }
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

/// A function in an environment of its own, with its log.
async fn environment(
    function: &str,
    served: &Served,
    mode: &str,
    policy: &Path,
) -> (Environment, Arc<Mutex<Vec<LogLine>>>) {
    environment_with(function, served, mode, policy, &[]).await
}

/// The same with further variables.
async fn environment_with(
    function: &str,
    served: &Served,
    mode: &str,
    policy: &Path,
    variables: &[(&str, &str)],
) -> (Environment, Arc<Mutex<Vec<LogLine>>>) {
    let function = Function::new(function, programs().await.function(function))
        .with("MODE", mode)
        .with("POLICY_FILE", policy.to_string_lossy())
        .with("JOURNAL_TABLE", JOURNAL)
        .with("WATCH_SECONDS", "0");
    let function = variables.iter().fold(function, |function, (name, value)| {
        function.with(name, *value)
    });
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&lines);
    // What decisions were made from stands beside each record; replay.rs looks at it.
    let logs: Logs = Arc::new(move |line: LogLine| {
        if !line.text.starts_with(r#"{"observation_of":"#) {
            sink.lock().unwrap().push(line);
        }
    });
    let endpoint = Endpoint::embedded(&served.server.url).expect("a loopback URL");
    (Environment::new(function, endpoint, logs), lines)
}
