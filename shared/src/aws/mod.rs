//! The only room that names an SDK type: one adapter per service, and one pass per function.

pub mod access;
pub mod account;
mod answer;
mod bought;
pub mod cloudwatch;
mod cloudwatch_history;
pub mod dynamodb;
pub mod elasticache;
mod elasticache_events;
mod failover_act;
mod failover_calls;
pub mod failover_db_cluster;
mod failover_groups;
mod failover_look;
mod failover_metrics;
pub mod failover_pass;
pub mod failover_shard;
mod failover_watch;
pub mod journal_table;
mod neptune;
mod neptune_events;
pub mod promote_replica;
pub mod reshard;
mod reshard_fleet;
mod reshard_last_look;
mod reshard_metrics;
mod service_clock;

use std::time::Duration;

use aws_config::{BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};

use bought::Bought;
pub use service_clock::ServiceClock;

/// An endpoint that does not take a connection in this time is not there.
const CONNECT: Duration = Duration::from_secs(3);

/// The slowest single answer worth waiting for; describes of large fleets take seconds, not tens of them.
const ONE_ATTEMPT: Duration = Duration::from_secs(15);

/// All attempts of one call with their pauses. A pass has about eight such steps before it decides; they must fail with a
/// sentence, not be cut off without one by the function's timeout (template.yaml, 240 s).
const ALL_ATTEMPTS: Duration = Duration::from_secs(25);

/// The clients of one function.
#[derive(Debug, Clone)]
pub struct Aws {
    elasticache: aws_sdk_elasticache::Client,
    /// Never retries: a lost answer followed by a retry would reshard twice, or be misread as "busy".
    elasticache_once: aws_sdk_elasticache::Client,
    neptune: aws_sdk_neptune::Client,
    /// Never retries, as above.
    neptune_once: aws_sdk_neptune::Client,
    cloudwatch: aws_sdk_cloudwatch::Client,
    dynamodb: aws_sdk_dynamodb::Client,
    journal_table: String,
    clock: ServiceClock,
    /// Metrics that were asked of GetMetricData since it was last looked.
    bought: Bought,
}

/// A read or a journal write that failed, after the SDK's retries.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {cause}")]
pub struct ServiceError {
    /// What we were doing, such as `reading alarms (DescribeAlarms)`.
    doing: String,
    /// What the service or the way to it said, with all causes.
    cause: String,
}

impl ServiceError {
    fn new(doing: &str, error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            doing: doing.to_owned(),
            cause: causes(error),
        }
    }
}

/// An error with all its causes, each once: the SDK's own texts repeat the cause or say only "service error".
pub fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(error) = next {
        let text = error.to_string();
        if texts.last().is_none_or(|last| !last.ends_with(&text)) {
            texts.push(text);
        }
        next = error.source();
    }
    texts.retain(|text| text != "service error" && text != "unhandled error");
    texts.join(": ")
}

impl Aws {
    /// Clients as the environment configures them: Region, credentials, `AWS_ENDPOINT_URL…`. `endpoint_url` wins over what the
    /// environment says of endpoints. `None`: as the environment says.
    pub async fn from_environment(journal_table: &str, endpoint_url: Option<&str>) -> Self {
        let mut config = aws_config::defaults(BehaviorVersion::latest()).timeout_config(timeouts());
        if let Some(url) = endpoint_url {
            config = config.endpoint_url(url);
        }
        Self::new(&config.load().await, journal_table)
    }

    /// Clients with a configuration of one's own.
    pub fn new(config: &SdkConfig, journal_table: &str) -> Self {
        let clock = ServiceClock::default();
        let elasticache =
            aws_sdk_elasticache::config::Builder::from(config).interceptor(clock.clone());
        let neptune = aws_sdk_neptune::config::Builder::from(config).interceptor(clock.clone());
        let neptune_once = neptune
            .clone()
            .retry_config(RetryConfig::disabled())
            .build();
        let dynamodb = aws_sdk_dynamodb::config::Builder::from(config)
            .interceptor(clock.clone())
            .build();
        let once = elasticache
            .clone()
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            elasticache: aws_sdk_elasticache::Client::from_conf(elasticache.build()),
            elasticache_once: aws_sdk_elasticache::Client::from_conf(once),
            neptune: aws_sdk_neptune::Client::from_conf(neptune.build()),
            neptune_once: aws_sdk_neptune::Client::from_conf(neptune_once),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
            journal_table: journal_table.to_owned(),
            clock,
            bought: Bought::default(),
        }
    }

    /// The services' time, as of the newest answer. `None`: no answer has said so.
    pub fn now(&self) -> Option<chrono::DateTime<chrono::Utc>> {
        self.clock.now()
    }
}

/// How long to wait for an answer.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ONE_ATTEMPT)
        .operation_timeout(ALL_ATTEMPTS)
        .build()
}

/// A time of the core as the SDK wants it.
fn to_sdk(at: chrono::DateTime<chrono::Utc>) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_millis(at.timestamp_millis())
}

/// A time of the SDK as the core wants it. `None`: outside the years that chrono can hold.
fn from_sdk(at: &aws_smithy_types::DateTime) -> Option<chrono::DateTime<chrono::Utc>> {
    at.to_millis()
        .ok()
        .and_then(chrono::DateTime::from_timestamp_millis)
}
