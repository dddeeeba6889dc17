//! Looking: one look at everything there is to see, written down, and the time that passes between two.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::{
    capture::{Answer, Call, Look},
    plan::Plan,
    record::Recorder,
    remove::Witness,
    run::Pace,
    service::{GroupSeen, Service, Told},
};

/// The status of each node, by id.
type Nodes = BTreeMap<String, String>;

/// A run on its way: whom it asks, what it writes, and since when.
pub(super) struct Watch<'a> {
    pub(super) service: &'a Service,
    pub(super) plan: &'a Plan,
    pub(super) recorder: &'a mut Recorder,
    pub(super) pace: Pace,
    pub(super) say: &'a (dyn Fn(&str) + Send + Sync),
    /// This machine's time at the begin.
    started: DateTime<Utc>,
    /// The service's time in its first answer.
    began: Option<DateTime<Utc>>,
    /// What was said last, so that nothing is said twice in a row.
    said: String,
    /// The group's status when it was read last. `None`: it was not read, or was not there.
    status: Option<String>,
}

/// A read that failed.
pub(super) struct Unseen {
    pub(super) operation: &'static str,
    pub(super) answer: Answer,
}

/// What a look showed. `Err`: the group or its nodes could not be read.
pub(super) type Shown = Result<Option<GroupSeen>, Unseen>;

impl<'a> Watch<'a> {
    pub(super) fn new(
        service: &'a Service,
        plan: &'a Plan,
        recorder: &'a mut Recorder,
        pace: Pace,
        say: &'a (dyn Fn(&str) + Send + Sync),
    ) -> Self {
        Self {
            service,
            plan,
            recorder,
            pace,
            say,
            started: service.now(),
            began: None,
            said: String::new(),
            status: None,
        }
    }

    /// Says something to the person, unless it was just said.
    pub(super) fn tell(&mut self, words: &str) {
        if self.said != words {
            self.said = words.to_owned();
            (self.say)(words);
        }
    }

    /// Time since the begin: by the service's clock, or by this machine's where that says more, as it does while no service
    /// answers.
    pub(super) fn elapsed(&self) -> TimeDelta {
        let here = self.service.now() - self.started;
        let there = self
            .began
            .zip(self.service.services_now())
            .map(|(began, now)| now - began);
        there.map_or(here, |there| there.max(here))
    }

    /// Whole seconds since the begin by the service's clock, for the file.
    pub(super) fn seconds(&mut self) -> i64 {
        if let Some(now) = self.service.services_now() {
            let began = *self.began.get_or_insert(now);
            self.recorder.began(began);
            return (now - began).num_seconds();
        }
        self.elapsed().num_seconds()
    }

    /// The service's time at the begin, else this machine's.
    pub(super) fn began(&self) -> DateTime<Utc> {
        self.began.unwrap_or(self.started)
    }

    /// The pause between two looks.
    pub(super) async fn pause(&self) {
        tokio::time::sleep(self.pace.0).await;
    }

    /// Notes a read that failed, and tells the person.
    pub(super) fn unread(&mut self, operation: &str, answer: Answer) {
        let words = match &answer {
            Answer::Accepted { .. } => return,
            Answer::Refused { code, message, .. } => {
                format!("{operation} is refused: {code}: {message}")
            }
            Answer::NoAnswer { what } => format!("{operation} is not answered: {what}"),
        };
        self.tell(&format!("{words}. Trying again."));
        let now = self.seconds();
        self.recorder.unread(now, operation, answer);
    }

    /// Looks at the group and its nodes.
    pub(super) async fn look(&mut self) -> Shown {
        let group = self.read_group().await?;
        let now = self.seconds();
        let nodes = match &group {
            None => Nodes::new(),
            Some(_) => self.read_nodes().await?,
        };
        self.write_look(now, group.as_ref(), nodes);
        Ok(group)
    }

    async fn read_group(&mut self) -> Shown {
        match self.service.group(&self.plan.group_id()).await {
            Ok(group) => {
                self.status = group.as_ref().map(|group| group.status.clone());
                Ok(group)
            }
            Err(answer) => Err(self.unseen("DescribeReplicationGroups", answer)),
        }
    }

    async fn read_nodes(&mut self) -> Result<Nodes, Unseen> {
        let told = self.service.nodes(&self.plan.group_id()).await;
        told.map_err(|answer| self.unseen("DescribeCacheClusters", answer))
    }

    fn unseen(&mut self, operation: &'static str, answer: Answer) -> Unseen {
        self.unread(operation, answer.clone());
        Unseen { operation, answer }
    }

    fn write_look(&mut self, now: i64, group: Option<&GroupSeen>, nodes: Nodes) {
        self.recorder.look(Look {
            after: None,
            at: now,
            last: now,
            looks: 1,
            longest_gap: 0,
            stage: self.recorder.stage(),
            status: group.map(|group| group.status.clone()),
            shards: group.map_or_else(Vec::new, |group| group.shards.clone()),
            nodes,
            moved_percent: group.and_then(|group| group.moved_percent),
        });
    }

    /// Reads the events of the group and its nodes since the begin; `None`: of all source types in one call.
    pub(super) async fn look_at_events(&mut self, source_type: Option<&str>) {
        let answer = self
            .service
            .events(&self.plan.group_id(), source_type, self.began())
            .await;
        match answer {
            Ok(events) => {
                let now = self.seconds();
                self.recorder.events(now, events);
            }
            Err(answer) => self.unread("DescribeEvents", answer),
        }
    }

    /// Reads the roles of the nodes that the last look showed.
    pub(super) async fn look_at_roles(&mut self) {
        let last = self.recorder.capture().looks.last();
        let nodes: Vec<String> =
            last.map_or_else(Vec::new, |look| look.nodes.keys().cloned().collect());
        if nodes.is_empty() {
            return;
        }
        let asked = self
            .service
            .services_now()
            .unwrap_or_else(|| self.service.now());
        match self.service.roles(&nodes, asked, self.began()).await {
            Ok(samples) => {
                let now = self.seconds();
                self.recorder.samples(now, samples);
            }
            Err(answer) => self.unread("GetMetricData", answer),
        }
    }

    /// Writes down a call and its answer. Returns the answer.
    pub(super) fn called(
        &mut self,
        name: &str,
        operation: &str,
        request: serde_json::Value,
        told: Told<Option<String>>,
    ) -> Answer {
        let answer = match told {
            Ok(status) => Answer::Accepted { status },
            Err(answer) => answer,
        };
        let at = self.seconds();
        self.recorder.call(Call {
            at,
            stage: self.recorder.stage(),
            name: name.to_owned(),
            operation: operation.to_owned(),
            request,
            answer: answer.clone(),
        });
        answer
    }
}

impl Witness for Watch<'_> {
    async fn group(&mut self) -> Result<Option<GroupSeen>, String> {
        let shown = self.read_group().await;
        if let Ok(group) = &shown {
            let now = self.seconds();
            // Only for the file: what is to be deleted is deleted whether its nodes can be read or not.
            let nodes = match group {
                None => Nodes::new(),
                Some(_) => self.read_nodes().await.unwrap_or_default(),
            };
            self.write_look(now, group.as_ref(), nodes);
        }
        self.look_at_events(None).await;
        shown.map_err(|unseen| format!("AWS does not say how it is: {}", unseen.answer.in_words()))
    }

    fn deletion(&mut self, told: Told<Option<String>>) -> Answer {
        let request = json!({ "ReplicationGroupId": self.plan.group_id() });
        let name = match (&told, self.status.as_deref()) {
            (Err(Answer::Refused { .. }), Some(status)) => format!("delete_while_{status}"),
            (Ok(_) | Err(_), _) => "delete".to_owned(),
        };
        self.called(&name, "DeleteReplicationGroup", request, told)
    }

    fn elapsed(&self) -> TimeDelta {
        Watch::elapsed(self)
    }

    async fn pause(&mut self) {
        Watch::pause(self).await;
    }

    fn tell(&mut self, words: &str) {
        Watch::tell(self, words);
    }
}
