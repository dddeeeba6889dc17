//! Test support: the real SDK over the embedded AWS in process, and whole passes on its virtual clock.

pub mod draw;
pub mod emf;
pub mod failovers;
pub mod fixture;
pub mod iam;
pub mod line;
pub mod printed;
pub mod programs;
pub mod replayed;
pub mod requests;
pub mod roles;
pub mod template;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig, retry::RetryConfig};
use aws_sdk_elasticache::config::{Credentials, SharedCredentialsProvider};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
        SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use chrono::{DateTime, TimeDelta, Utc};
use clusterwarden::{
    aws::{Aws, reshard::Pass},
    policy::Policy,
    record::{Mode, Report},
    trigger::Trigger,
};
use clusterwarden_local::{
    cloud::{Cloud, Parameters},
    wire,
};

use line::Line;

/// The name of the journal's table in every test.
pub const JOURNAL: &str = "clusterwarden-journal";

/// An embedded AWS that several clients share.
#[derive(Clone)]
pub struct SharedCloud {
    cloud: Arc<Mutex<Cloud>>,
    /// The function whose role every call from here is held against; `None`: a person or a test calls.
    caller: Option<&'static str>,
    /// What functions asked, oldest first.
    asked: Arc<Mutex<Vec<iam::Request>>>,
}

impl fmt::Debug for SharedCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SharedCloud")
    }
}

impl SharedCloud {
    /// Shares a cloud.
    pub fn new(cloud: Cloud) -> Self {
        Self {
            cloud: Arc::new(Mutex::new(cloud)),
            caller: None,
            asked: Arc::default(),
        }
    }

    /// The same cloud as a function reaches it, by the name of its folder: a call that its role does not allow panics.
    pub fn by(&self, function: &'static str) -> Self {
        Self {
            caller: Some(function),
            ..self.clone()
        }
    }

    /// An empty account at a fixed time, a Monday morning.
    pub fn empty(parameters: Parameters) -> Self {
        Self::new(Cloud::new(monday_morning(), parameters))
    }

    /// What functions asked of this cloud since the last time, as IAM sees it; calls of people and tests are not among it.
    pub fn take_asked(&self) -> Vec<iam::Request> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *asked)
    }

    /// The cloud itself.
    pub fn lock(&self) -> MutexGuard<'_, Cloud> {
        self.cloud.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets time pass.
    pub fn advance(&self, minutes: i64) {
        self.lock().advance(TimeDelta::minutes(minutes));
    }

    /// An SDK configuration whose every call ends in this cloud.
    pub fn sdk_config(&self) -> SdkConfig {
        self.sdk_config_over(self.clone())
    }

    /// The same over a way of one's own. Retries wait for a moment only: the wait is real time, which nothing here is about.
    pub fn sdk_config_over(&self, way: impl HttpClient + 'static) -> SdkConfig {
        let retries = RetryConfig::standard().with_initial_backoff(Duration::from_micros(10));
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(Credentials::for_tests()))
            .retry_config(retries)
            .http_client(SharedHttpClient::new(way))
            .build()
    }

    /// The function's clients.
    pub fn aws(&self) -> Aws {
        Aws::new(&self.sdk_config(), JOURNAL)
    }

    /// One pass of `reshard`, as the function runs it.
    pub async fn pass(&self, policy: &Policy, mode: Mode, event: &serde_json::Value) -> Report {
        run(&self.by("reshard").aws(), policy, mode, event).await
    }

    /// One pass of `reshard` over a line. `None`: it was cut off.
    pub async fn pass_over(
        &self,
        line: &Line,
        policy: &Policy,
        mode: Mode,
        event: &serde_json::Value,
    ) -> Option<Report> {
        let aws = Aws::new(&self.sdk_config_over(line.by("reshard")), JOURNAL);
        tokio::select! {
            report = run(&aws, policy, mode, event) => Some(report),
            () = line.cut() => None,
        }
    }
}

async fn run(aws: &Aws, policy: &Policy, mode: Mode, event: &serde_json::Value) -> Report {
    let trigger = Trigger::read(event);
    let pass = Pass {
        aws,
        policy,
        mode,
        trigger: &trigger,
        clock: monday_morning,
    };
    pass.run(|record| replayed::replays(policy, record)).await
}

/// Where every test's time starts: 2026-11-23 08:00 UTC, a Monday.
pub fn monday_morning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_420_800, 0).unwrap_or(DateTime::UNIX_EPOCH)
}

impl HttpClient for SharedCloud {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}

impl HttpConnector for SharedCloud {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::ready(self.answer(request))
    }
}

impl SharedCloud {
    pub(crate) fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let other =
            |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let request = request
            .try_into_http1x()
            .map_err(|error| other(error.into()))?;
        let body = request.body().bytes().unwrap_or_default().to_vec();
        let request = request.map(|_| body.into());
        let mut cloud = self.lock();
        let known = cloud.calls.len();
        let answer = wire::answer(&mut cloud, &request);
        if let Some(function) = self.caller {
            let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            for call in &cloud.calls[known..] {
                asked.push(roles::fence(function, call, &cloud));
            }
        }
        drop(cloud);
        match answer {
            Some(response) => {
                let response = response.map(|body| SdkBody::from(body.to_vec()));
                HttpResponse::try_from(response).map_err(|error| other(error.into()))
            }
            None => Err(ConnectorError::io(
                "the connection ended without an answer".into(),
            )),
        }
    }
}
