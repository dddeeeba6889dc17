//! The comparison's other side: the same rehearsal on an embedded AWS of its own.

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::aws::access::Access;
use clusterwarden_account::rehearse::{
    Pace, Plan, Rehearsal, RunId, capture, capture::Capture, record::Recorder, rehearse,
    service::Service, stop,
};

use crate::{
    cloud::{Cloud, Parameters},
    wire::http_server::CloudServer,
};

/// Virtual time for each answer: a look is three calls, so that two looks are about as far apart as on a real account.
const ANSWER_TIME: TimeDelta = TimeDelta::seconds(3);

/// Where its virtual time begins: 2026-11-23 08:00 UTC, a Monday, far from every window.
const START: i64 = 1_795_420_800;

/// Rehearses with what was made elsewhere, on an embedded AWS that does what `cloud` says; its clock moves with each answer.
///
/// # Errors
///
/// It cannot be served on a loopback port.
pub async fn embedded(made: &capture::Parameters, cloud: Parameters) -> io::Result<Capture> {
    let cloud = Parameters {
        answer_time: ANSWER_TIME,
        ..cloud
    };
    let cloud = Cloud::new(start(), cloud);
    let region = cloud.region.clone();
    let server = CloudServer::start(Arc::new(Mutex::new(cloud)), 0)?;
    let access = Access {
        region: Some(region.clone()),
        endpoint_url: Some(server.url.clone()),
        embedded: true,
    };
    // Only the services' own time counts here.
    let service = Service::open(&access, Arc::new(start)).await;
    let plan = Plan {
        run: RunId::new("embedded").map_err(io::Error::other)?,
        node_type: made.node_type.clone(),
        engine: made.engine.clone(),
        engine_version: made.engine_version.clone(),
        replicas: made.replicas,
        subnet_group: None,
        security_groups: Vec::new(),
        // What it is compared with has ended already, in whatever time it took.
        deadline: TimeDelta::hours(24),
    };
    let mut recorder = Recorder::new(&plan, &region, None)?;
    let (_stopper, stop) = stop::channel();
    let quiet = |_: &str| {};
    rehearse(Rehearsal {
        service: &service,
        plan: &plan,
        recorder: &mut recorder,
        pace: Pace(Duration::ZERO),
        stop: &stop,
        say: &quiet,
    })
    .await;
    server.stop().await;
    Ok(recorder.capture().clone())
}

fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(START, 0).unwrap_or(DateTime::UNIX_EPOCH)
}
