//! Looking: one look at everything there is to see, written down, and the time that passes between two.

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
}

/// What a look showed. `Err`: the group could not be read.
pub(super) type Shown = Result<Option<GroupSeen>, ()>;

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
        let id = self.plan.group_id();
        let group = match self.service.group(&id).await {
            Ok(group) => group,
            Err(answer) => {
                self.unread("DescribeReplicationGroups", answer);
                return Err(());
            }
        };
        let now = self.seconds();
        let nodes = match &group {
            None => Default::default(),
            Some(_) => match self.service.nodes(&id).await {
                Ok(nodes) => nodes,
                Err(answer) => {
                    self.unread("DescribeCacheClusters", answer);
                    return Err(());
                }
            },
        };
        self.recorder.look(Look {
            after: None,
            at: now,
            last: now,
            looks: 1,
            longest_gap: 0,
            stage: self.recorder.stage(),
            status: group.as_ref().map(|group| group.status.clone()),
            shards: group
                .as_ref()
                .map_or_else(Vec::new, |group| group.shards.clone()),
            nodes,
            moved_percent: group.as_ref().and_then(|group| group.moved_percent),
        });
        Ok(group)
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
        let shown = self.look().await;
        self.look_at_events(None).await;
        let last = self
            .recorder
            .capture()
            .unread
            .iter()
            .max_by_key(|unread| unread.last);
        shown.map_err(|()| {
            let what = last.map_or_else(String::new, |unread| match &unread.answer {
                Answer::Accepted { .. } => String::new(),
                Answer::Refused { code, message, .. } => format!(": {code}: {message}"),
                Answer::NoAnswer { what } => format!(": {what}"),
            });
            format!("AWS does not say how it is{what}")
        })
    }

    fn deletion(&mut self, told: Told<Option<String>>) -> Answer {
        let request = json!({ "ReplicationGroupId": self.plan.group_id() });
        let name = match (
            &told,
            self.recorder
                .capture()
                .looks
                .last()
                .and_then(|look| look.status.as_deref()),
        ) {
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
