//! The embedded AWS: state machines of one account in one Region, on a virtual clock.
//!
//! Nothing here uses the core crate, so that emulator and decision cannot share a misconception. Each behaviour cites
//! its source or says `ASSUMED`; what AWS leaves unsaid is a field of [`Parameters`].

pub(crate) mod arn;
pub mod auto_scaling;
pub mod cloudwatch;
pub(crate) mod codes;
pub mod dynamodb;
pub mod elasticache;
pub mod fault;
pub mod iam;
pub mod lambda;
pub mod neptune;
pub mod outside;
pub mod parameters;
pub mod quotas;
pub mod request;
pub mod scenario;
pub mod sns;
pub mod stack;
pub mod workload;

use chrono::{DateTime, TimeDelta, Utc};

pub use fault::{Fault, Faults};
pub use parameters::{EventTimes, FailoverWording, Parameters};

/// One AWS account in one Region: all state that a client can reach, and the time it lives in.
#[derive(Debug)]
pub struct Cloud {
    /// Twelve digits, as in every ARN made here.
    pub account_id: String,
    /// For example `us-east-1`.
    pub region: String,
    /// What AWS leaves unsaid, chosen for this run.
    pub parameters: Parameters,
    /// Faults to inject into coming calls.
    pub faults: Faults,
    /// Replication groups, nodes and their events.
    pub elasticache: elasticache::ElastiCache,
    /// Database clusters of Neptune, and those of Aurora and DocumentDB behind the same control plane.
    pub neptune: neptune::Neptune,
    /// Metrics and alarms.
    pub cloudwatch: cloudwatch::CloudWatch,
    /// Tables.
    pub dynamodb: dynamodb::DynamoDb,
    /// Functions, as a stack made them.
    pub lambda: lambda::Lambda,
    /// Roles, as a stack made them.
    pub iam: iam::Iam,
    /// Topics with their subscriptions.
    pub sns: sns::Sns,
    /// What AWS grants the account.
    pub quotas: quotas::Quotas,
    /// What is registered with Application Auto Scaling.
    pub auto_scaling: auto_scaling::AutoScaling,
    /// What the groups' users ask of them, and the metrics that follow.
    pub workload: workload::Workload,
    /// What others do to the groups.
    pub outside: outside::Outside,
    /// Every call answered so far, oldest first.
    pub calls: Vec<Call>,
    deliveries: Vec<Delivery>,
    now: DateTime<Utc>,
}

/// One call that a client made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Virtual time of arrival.
    pub at: DateTime<Utc>,
    /// `elasticache`, `rds` (Neptune), `monitoring`, `dynamodb`, `lambda`, `iam`, …: the service's signing name.
    pub service: &'static str,
    /// For example `DescribeReplicationGroups`.
    pub operation: String,
    /// The request's parameters as JSON, as sent (Query: flat dotted keys).
    pub parameters: serde_json::Value,
    /// HTTP status of the answer; `None` when a fault swallowed the answer.
    pub status: Option<u16>,
    /// The error code of the answer, if it was an error.
    pub error_code: Option<String>,
}

/// An event on its way from a service to a target, such as an alarm's action on a Lambda function.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// Virtual time at which the service sent it.
    pub at: DateTime<Utc>,
    /// ARN of the target (a Lambda function or an SNS topic).
    pub target: String,
    /// For a Lambda target the event itself; for an SNS topic the message's text as a JSON string.
    pub event: serde_json::Value,
}

/// Services change state and emit metrics at this pace; alarms are evaluated at whole minutes.
const STEP: TimeDelta = TimeDelta::seconds(10);

impl Cloud {
    /// An empty account whose clock stands at `start`.
    pub fn new(start: DateTime<Utc>, parameters: Parameters) -> Self {
        let (account_id, region) = ("123456789012".to_owned(), "us-east-1".to_owned());
        Self {
            elasticache: elasticache::ElastiCache::new(&account_id, &region),
            neptune: neptune::Neptune::new(&account_id, &region),
            cloudwatch: cloudwatch::CloudWatch::new(&account_id, &region),
            dynamodb: dynamodb::DynamoDb::new(&account_id, &region),
            lambda: lambda::Lambda::default(),
            iam: iam::Iam::default(),
            sns: sns::Sns::default(),
            quotas: quotas::Quotas::default(),
            auto_scaling: auto_scaling::AutoScaling::default(),
            workload: workload::Workload::default(),
            outside: outside::Outside::default(),
            account_id,
            region,
            parameters,
            faults: Faults::default(),
            calls: Vec::new(),
            deliveries: Vec::new(),
            now: start,
        }
    }

    /// The virtual time.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// Moves time forward to `to`, step by step, letting every service do what falls due on the way. Time never goes
    /// back: an earlier `to` changes nothing.
    pub fn advance_to(&mut self, to: DateTime<Utc>) {
        while self.now < to {
            let before = self.now;
            self.now = (self.now + STEP).min(to);
            self.elasticache.advance(self.now, &self.parameters);
            self.neptune.advance(self.now, &self.parameters);
            self.deliveries
                .extend(self.elasticache.take_notifications());
            self.deliveries.extend(self.neptune.take_notifications());
            // Both sides of a minute are compared so that a step of any length meets each minute once.
            if before.timestamp().div_euclid(60) != self.now.timestamp().div_euclid(60) {
                self.workload.publish(
                    self.now,
                    &mut self.elasticache,
                    &mut self.cloudwatch,
                    &self.parameters,
                );
                self.workload
                    .publish_databases(self.now, &self.neptune, &mut self.cloudwatch);
                self.deliveries
                    .extend(self.cloudwatch.evaluate_alarms(self.now, &self.parameters));
                self.outside
                    .act(self.now, &mut self.elasticache, &self.parameters);
            }
        }
    }

    /// Moves time forward by `by`.
    pub fn advance(&mut self, by: TimeDelta) {
        self.advance_to(self.now + by);
    }

    /// Sends an event now; services that act on a call (`SetAlarmState`) use it.
    pub fn deliver(&mut self, delivery: Delivery) {
        self.deliveries.push(delivery);
    }

    /// The events sent since the last call, oldest first.
    pub fn take_deliveries(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.deliveries)
    }
}
