//! `clusterwarden cloud`: an embedded AWS for any client, until Ctrl-C.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::body::Bytes;
use chrono::Utc;
use clap::Args;
use http::{Request, StatusCode};

use super::failure::{Failure, counted};
use crate::{
    cloud::{
        Cloud, Parameters, scenario,
        stack::{self, Deployed, Settings},
    },
    wire::{
        self,
        http_server::{Clockwork, CloudServer},
    },
};

/// How often the services' events are shown.
const GLANCE: Duration = Duration::from_secs(1);

/// What `clusterwarden cloud` may be told.
#[derive(Debug, Args)]
pub(super) struct CloudOptions {
    /// Port of 127.0.0.1 to listen on; 0 for any free one
    #[arg(long, default_value_t = 4577)]
    port: u16,
    /// A scenario's name, or a scenario file
    #[arg(long, value_name = "NAME|FILE", default_value = "default")]
    scenario: String,
    /// Virtual seconds per real second, 0 to 3600
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed)]
    speed: f64,
    /// MODE of the stack's functions, as `doctor` finds them
    #[arg(long, value_name = "MODE", default_value = "plan", value_parser = ["plan", "apply"])]
    mode: String,
}

/// The stack's template, as it deploys.
const TEMPLATE: &str = include_str!("../../../template.yaml");

/// The stack in the cloud has the name that the template's own examples have.
const STACK: &str = "clusterwarden";

fn speed(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(speed) if (0.0..=Clockwork::MAX_SPEED).contains(&speed) => Ok(speed),
        Ok(_) | Err(_) => Err(format!("not a number from 0 to {}", Clockwork::MAX_SPEED)),
    }
}

/// A cloud whose virtual time starts as the real time.
#[expect(
    clippy::disallowed_methods,
    reason = "a function's process compares the cloud's times with its own clock"
)]
pub(super) fn load(scenario: &str) -> Result<Cloud, Failure> {
    Ok(scenario::load(scenario, Utc::now(), Parameters::default())?)
}

/// Deploys the stack of the checkout that this was built from, with the default of each parameter but `Mode`. Its journal is
/// the table that scenarios have, and its topics have the names that scenarios attach.
pub(super) fn deploy(cloud: &mut Cloud, mode: &str) -> Result<Deployed, Failure> {
    let settings = Settings::named(STACK)
        .with("Mode", mode)
        .naming("Journal", "clusterwarden-journal")
        .naming("NotificationTopic", "clusterwarden-notifications")
        .naming("DatabaseEventsTopic", "clusterwarden-database-events");
    Ok(stack::deploy(cloud, TEMPLATE, settings)?)
}

/// Serves until Ctrl-C.
pub(super) async fn run(options: CloudOptions) -> Result<(), Failure> {
    let mut cloud = load(&options.scenario)?;
    let deployed = deploy(&mut cloud, &options.mode)?;
    let contents = contents(&mut cloud);
    let region = cloud.region.clone();
    let cloud = Arc::new(Mutex::new(cloud));
    let server = CloudServer::start(Arc::clone(&cloud), options.port).map_err(Failure::Serve)?;
    let _clockwork = Clockwork::start(Arc::clone(&cloud), options.speed);
    println!(
        "# An embedded AWS with the scenario `{}`: {contents}. Its clock runs at {}× real time.\n\
         # The stack `{STACK}` is deployed: {functions}, in {mode} mode; nothing runs them.\n\
         # In another shell:\n\
         export AWS_ENDPOINT_URL={url}\n\
         export AWS_ACCESS_KEY_ID=embedded AWS_SECRET_ACCESS_KEY=embedded\n\
         export AWS_REGION={region} AWS_DEFAULT_REGION={region}\n\
         aws elasticache describe-replication-groups --output table --endpoint-url {url}\n\
         clusterwarden invoke reshard --event events/schedule-scheduler.json --endpoint-url {url}\n\
         clusterwarden doctor --endpoint-url {url}\n\
         # Ctrl-C ends it, and all its state with it.",
        options.scenario,
        options.speed,
        functions = deployed.functions.join(", "),
        mode = options.mode,
        url = server.url,
    );
    tokio::select! {
        ended = ended() => ended.map_err(Failure::Serve)?,
        () = show_deliveries(&cloud) => {}
    }
    server.stop().await;
    Ok(())
}

/// What there is to see, asked over the wire as any client asks. A count that could not be had is left out.
fn contents(cloud: &mut Cloud) -> String {
    let groups = "Action=DescribeReplicationGroups&Version=2015-02-02";
    let clusters = "Action=DescribeDBClusters&Version=2014-10-31";
    let alarms = "Action=DescribeAlarms&Version=2010-08-01&AlarmTypes.member.1=MetricAlarm&AlarmTypes.member.2=CompositeAlarm";
    let counts = [
        count(cloud, groups, "<ReplicationGroup>").map(|n| counted(n, "replication group")),
        count(cloud, clusters, "<DBCluster>").map(|n| counted(n, "DB cluster")),
        count(cloud, alarms, "<AlarmArn>").map(|n| counted(n, "alarm")),
    ];
    // The log of calls is the clients'.
    cloud.calls.clear();
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    if counts.is_empty() {
        "nothing to count".to_owned()
    } else {
        counts.join(", ")
    }
}

/// How often `element` stands in the answer to a Query request.
fn count(cloud: &mut Cloud, query: &'static str, element: &str) -> Option<usize> {
    let request = Request::post("/")
        .body(Bytes::from_static(query.as_bytes()))
        .ok()?;
    let answer = wire::answer(cloud, &request)?;
    let text = String::from_utf8_lossy(answer.body());
    (answer.status() == StatusCode::OK).then(|| text.matches(element).count())
}

/// Ctrl-C, or the signal that process supervisors send.
async fn ended() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = terminate.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// Tells of each event that a service sends, such as an alarm's action; here nobody receives it.
async fn show_deliveries(cloud: &Mutex<Cloud>) {
    loop {
        tokio::time::sleep(GLANCE).await;
        let deliveries = cloud
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take_deliveries();
        for delivery in deliveries {
            eprintln!(
                "{} to {}: {}",
                delivery.at.format("%Y-%m-%dT%H:%M:%SZ"),
                delivery.target,
                delivery.event
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_counts_what_the_scenario_holds_and_leaves_no_trace() {
        let mut cloud = load("default").unwrap();
        let told = contents(&mut cloud);
        assert_eq!(told, "3 replication groups, 3 DB clusters, 4 alarms");
        assert_eq!(cloud.calls, []);
    }

    #[test]
    fn the_stack_finds_the_journal_of_each_scenario_and_the_topics_of_the_default_one() {
        for scenario in scenario::NAMES {
            let mut cloud = load(scenario).unwrap();
            let deployed = deploy(&mut cloud, "plan").unwrap();
            assert_eq!(deployed.tables, ["clusterwarden-journal"], "{scenario}");
            assert_eq!(cloud.dynamodb.table_names().count(), 1, "{scenario}");
        }
        let mut cloud = load("default").unwrap();
        deploy(&mut cloud, "apply").unwrap();
        for topic in ["database-events", "notifications"] {
            let arn = format!("arn:aws:sns:us-east-1:123456789012:clusterwarden-{topic}");
            assert!(cloud.sns.topics.contains_key(&arn), "{topic}");
        }
    }
}
