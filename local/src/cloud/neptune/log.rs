//! What clients learn afterwards: events of the last 14 days, and notifications.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{Place, model::DbCluster};
use crate::cloud::Delivery;

/// How long `DescribeEvents` remembers (\[BC\]).
pub(crate) const RETENTION: TimeDelta = TimeDelta::days(14);

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceType {
    DbInstance,
    DbCluster,
}

impl SourceType {
    pub(crate) fn wire(self) -> &'static str {
        match self {
            Self::DbInstance => "db-instance",
            Self::DbCluster => "db-cluster",
        }
    }

    /// As ARNs spell it.
    fn arn_kind(self) -> &'static str {
        match self {
            Self::DbInstance => "db",
            Self::DbCluster => "cluster",
        }
    }

    /// As the console's links spell it ([RDS-DG] notifications).
    fn console_kind(self) -> &'static str {
        match self {
            Self::DbInstance => "dbinstance",
            Self::DbCluster => "dbclusters",
        }
    }
}

/// What happened, with the texts of [NEP-DG] and [RDS-DG].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happened<'a> {
    ClusterCreated,
    ClusterDeleted,
    InstanceCreated(&'a str),
    InstanceDeleted(&'a str),
    FailoverStarted { to: &'a str, same_zone: bool },
    FailoverCompleted { to: &'a str, names_initiator: bool },
    FailoverFailed,
    PromotedAgain { writer: &'a str },
    FailoverIgnored { writer: &'a str },
    Restarted(&'a str),
}

impl Happened<'_> {
    /// The instance that it is about; `None`: the cluster.
    fn instance(&self) -> Option<&str> {
        match self {
            Self::InstanceCreated(id)
            | Self::InstanceDeleted(id)
            | Self::FailoverIgnored { writer: id }
            | Self::Restarted(id) => Some(id),
            Self::ClusterCreated
            | Self::ClusterDeleted
            | Self::FailoverStarted { .. }
            | Self::FailoverCompleted { .. }
            | Self::FailoverFailed
            | Self::PromotedAgain { .. } => None,
        }
    }

    /// Number of the event (`RDS-EVENT-…`), which only notifications carry, and its category.
    fn kind(&self) -> (u16, &'static str) {
        match self {
            Self::ClusterCreated => (170, "creation"),
            Self::ClusterDeleted => (171, "deletion"),
            Self::InstanceCreated(_) => (5, "creation"),
            Self::InstanceDeleted(_) => (3, "deletion"),
            Self::FailoverStarted { same_zone, .. } => {
                (if *same_zone { 72 } else { 73 }, "failover")
            }
            Self::FailoverCompleted { .. } => (71, "failover"),
            Self::FailoverFailed => (69, "failover"),
            Self::PromotedAgain { .. } => (70, "failover"),
            Self::FailoverIgnored { .. } => (34, "failover"),
            Self::Restarted(_) => (6, "availability"),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::ClusterCreated => "DB cluster created".to_owned(),
            Self::ClusterDeleted => "DB cluster deleted".to_owned(),
            Self::InstanceCreated(_) => "DB instance created".to_owned(),
            Self::InstanceDeleted(_) => "DB instance deleted".to_owned(),
            Self::FailoverStarted { to, same_zone } => {
                let zones = if *same_zone { "same" } else { "cross" };
                format!("Started {zones} AZ failover to DB instance: {to}")
            }
            Self::FailoverCompleted {
                to,
                names_initiator,
            } => {
                let by = if *names_initiator {
                    "RDS initiated "
                } else {
                    ""
                };
                format!("Completed {by}failover to DB instance: {to}")
            }
            Self::FailoverFailed => {
                "Cluster failover failed, check the health of your cluster instances and try again."
                    .to_owned()
            }
            Self::PromotedAgain { writer } => format!("Promoting previous primary again: {writer}"),
            // [NEP-DG] describes this one; its exact text is ASSUMED to be that description.
            Self::FailoverIgnored { .. } => {
                "not attempting requested failover because a failover recently occurred".to_owned()
            }
            Self::Restarted(_) => "DB instance restarted".to_owned(),
        }
    }
}

/// One line of `DescribeEvents`. AWS gives no id; ours orders events of the same instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) number: u64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) source: String,
    pub(crate) source_type: SourceType,
    pub(crate) source_arn: String,
    pub(crate) category: &'static str,
    pub(crate) message: String,
}

/// Events and notifications, in the order written.
#[derive(Debug)]
pub(crate) struct Log {
    place: Place,
    events: Vec<Event>,
    outbox: Vec<Delivery>,
    written: u64,
}

impl Log {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            events: Vec::new(),
            outbox: Vec::new(),
            written: 0,
        }
    }

    /// Writes an event of a cluster or of its instance, and sends it to the cluster's topic if there is one.
    pub(crate) fn write(
        &mut self,
        at: DateTime<Utc>,
        cluster: &DbCluster,
        happened: &Happened<'_>,
    ) {
        self.written += 1;
        let (source_type, source) = match happened.instance() {
            Some(id) => (SourceType::DbInstance, id),
            None => (SourceType::DbCluster, cluster.id.as_str()),
        };
        let (id, category) = happened.kind();
        let event = Event {
            number: self.written,
            at,
            source: source.to_owned(),
            source_type,
            source_arn: self.place.arn(source_type.arn_kind(), source),
            category,
            message: happened.message(),
        };
        if let Some(topic) = &cluster.settings.topic {
            let body = self.notification(&event, id);
            self.outbox.push(Delivery {
                at,
                target: topic.clone(),
                event: Value::String(body.to_string()),
            });
        }
        self.events.push(event);
    }

    /// The message of an RDS event subscription ([RDS-DG] notifications).
    fn notification(&self, event: &Event, id: u16) -> Value {
        let (region, kind) = (&self.place.region, event.source_type.console_kind());
        json!({
            "Event Source": event.source_type.wire(),
            "Event Time": event.at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            "Identifier Link": format!(
                "https://console.aws.amazon.com/rds/home?region={region}#{kind}:id={}",
                event.source
            ),
            "Source ID": event.source,
            "Source ARN": event.source_arn,
            "Event ID": format!(
                "http://docs.amazonwebservices.com/AmazonRDS/latest/UserGuide/USER_Events.html#RDS-EVENT-{id:04}"
            ),
            "Event Message": event.message,
            "Tags": {},
        })
    }

    /// All events, in the order written.
    pub(crate) fn events(&self) -> &[Event] {
        &self.events
    }

    /// Forgets what is older than the service remembers.
    pub(crate) fn prune(&mut self, now: DateTime<Utc>) {
        let kept_from = now - RETENTION;
        self.events.retain(|event| event.at >= kept_from);
    }

    /// Notifications not taken yet.
    pub(crate) fn take(&mut self) -> Vec<Delivery> {
        std::mem::take(&mut self.outbox)
    }
}
