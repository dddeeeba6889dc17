//! Asking: the calls of the steps, each sent once and written down with its answer.

use serde_json::{Value, json};

use super::{
    capture::Answer,
    plan::{NO_SHARD, Question, SHARDS, TAG},
    run::{Driver, Ended, Made, failed},
    service::{NO_GROUP, Tags, Told},
};

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";
const FAIL_OVER: &str = "TestFailover";

impl Driver<'_> {
    /// Reads once everything that the waiting will read: where AWS does not let us look, nothing is created.
    pub(super) async fn reads(&mut self) -> Result<(), Ended> {
        let (group, service, began) = (self.group(), self.watch.service, self.watch.began());
        let now = service.services_now().unwrap_or_else(|| service.now());
        // The name that the first node will have; there are no samples of it yet.
        let node = [format!("{group}-0001-001")];
        let nodes = service.nodes(&group).await.map(|_| ());
        may_read("DescribeCacheClusters", nodes)?;
        let events = service.events(&group, None, began).await.map(|_| ());
        may_read("DescribeEvents", events)?;
        let roles = service.roles(&node, now, began).await.map(|_| ());
        may_read("GetMetricData", roles)
    }

    pub(super) async fn create(&mut self) -> Result<(), Ended> {
        let plan = self.watch.plan;
        let service = self.watch.service;
        let deadline = service.services_now().unwrap_or_else(|| service.now()) + plan.deadline;
        self.watch.tell(&format!(
            "Creating {} with {} nodes of {}.",
            plan.group_id(),
            plan.nodes(),
            plan.node_type
        ));
        // From here on it may be there, whatever is answered, or if nobody hears the answer.
        self.made = Made::Ours;
        let told = service.create(plan, deadline).await;
        let request = json!({
            "ReplicationGroupId": plan.group_id(), "Engine": plan.engine, "EngineVersion": plan.engine_version,
            "CacheNodeType": plan.node_type, "ClusterMode": "enabled", "NumNodeGroups": SHARDS,
            "ReplicasPerNodeGroup": plan.replicas, "AutomaticFailoverEnabled": true, "MultiAZEnabled": true,
            "SnapshotRetentionLimit": 0, "TransitEncryptionEnabled": true,
        });
        match self
            .watch
            .called("create", "CreateReplicationGroup", request, told)
        {
            Answer::Refused { code, message, .. } => {
                self.made = if code == "ReplicationGroupAlreadyExists" {
                    Made::Unclear
                } else {
                    Made::No
                };
                Err(failed(format!(
                    "the group was not created: {code}: {message}"
                )))
            }
            Answer::Accepted { .. } | Answer::NoAnswer { .. } => Ok(()),
        }
    }

    pub(super) async fn scale_out(&mut self) {
        self.first_shards = self.shards();
        let to = self.first_shards.len() + 1;
        self.reshard("scale_out", to, Vec::new()).await;
    }

    /// Removes the shard that was added. Where none was, none is removed: it would be another measurement under the same name.
    pub(super) async fn scale_in(&mut self) {
        let shards = self.shards();
        let added = shards.iter().find(|id| !self.first_shards.contains(id));
        let Some(leaving) = added.cloned().filter(|_| shards.len() > 1) else {
            self.unmade
                .push("scale_in was not asked for, for no shard was added".to_owned());
            return;
        };
        self.reshard("scale_in", shards.len() - 1, vec![leaving])
            .await;
    }

    /// Remembers a step that was refused: the run goes on, and ends as failed.
    fn remember(&mut self, name: &str, answer: &Answer) {
        if !was_taken(answer) {
            let said = answer.in_words();
            self.watch
                .tell(&format!("{name} is refused: {said}. Going on."));
            self.unmade.push(format!("{name} was refused: {said}"));
        }
    }

    async fn reshard(&mut self, name: &str, to: usize, remove: Vec<String>) {
        let group = self.group();
        self.watch.tell(&format!("Resharding to {to} shards."));
        let told = self.watch.service.reshard(&group, to, &remove).await;
        let answer = self
            .watch
            .called(name, RESHARD, reshard_request(&group, to, &remove), told);
        self.remember(name, &answer);
        self.done.reshard = was_taken(&answer).then(|| (self.watch.elapsed(), to));
    }

    pub(super) async fn fail_over(&mut self) {
        let group = self.group();
        let Some(shard) = self.shards().into_iter().next() else {
            self.unmade
                .push("failover was not asked for, for no shard was seen".to_owned());
            return;
        };
        self.watch.tell(&format!("Failing over shard {shard}."));
        let told = self.watch.service.fail_over(&group, &shard).await;
        let answer = self.watch.called(
            "failover",
            FAIL_OVER,
            failover_request(&group, &shard),
            told,
        );
        self.remember("failover", &answer);
        let at = self.watch.seconds();
        self.done.failover = was_taken(&answer).then(|| (self.watch.elapsed(), at, shard));
    }

    /// Whether what the question asks during may be under way: else it would not be refused, but done.
    fn has_its_time(&self, question: Question) -> bool {
        match question {
            Question::SecondReshard | Question::FailoverDuringReshard => {
                self.done.reshard.is_some()
            }
            Question::SecondFailover | Question::ReshardDuringFailover => {
                self.done.failover.is_some()
            }
            Question::UnknownGroup
            | Question::DeletionOfUnknownGroup
            | Question::TagsWhileCreating
            | Question::Tags
            | Question::PresentCount
            | Question::UnknownShardToRemove
            | Question::UnknownShardToFailOver => true,
        }
    }

    /// Asks, and writes down what was answered. `None`: there was nobody to ask about.
    pub(super) async fn ask(&mut self, question: Question) -> Option<Answer> {
        if !self.has_its_time(question) {
            return None;
        }
        let (group, service) = (self.group(), self.watch.service);
        let shards = self.shards();
        let first = shards
            .first()
            .cloned()
            .unwrap_or_else(|| NO_SHARD.to_owned());
        let under_way = self.done.reshard.map(|(_, to)| to);
        let count = under_way.unwrap_or(shards.len());
        let none: &[String] = &[];
        let no_shard = [NO_SHARD.to_owned()];
        let (operation, request, told) = match question {
            Question::UnknownGroup => {
                let told = service.describe(&group).await.map(|_| None);
                (
                    "DescribeReplicationGroups",
                    json!({ "ReplicationGroupId": group }),
                    told,
                )
            }
            Question::DeletionOfUnknownGroup => (
                "DeleteReplicationGroup",
                json!({ "ReplicationGroupId": group }),
                service.delete(&group).await,
            ),
            Question::TagsWhileCreating | Question::Tags => {
                let told = self.tags().await?;
                (
                    "ListTagsForResource",
                    json!({ "ResourceName": "its ARN" }),
                    told,
                )
            }
            Question::PresentCount | Question::ReshardDuringFailover => {
                let told = service.reshard(&group, shards.len(), none).await;
                (RESHARD, reshard_request(&group, shards.len(), none), told)
            }
            Question::SecondReshard => {
                let told = service.reshard(&group, count, none).await;
                (RESHARD, reshard_request(&group, count, none), told)
            }
            Question::UnknownShardToRemove => {
                let to = shards.len().saturating_sub(1).max(1);
                let told = service.reshard(&group, to, &no_shard).await;
                (RESHARD, reshard_request(&group, to, &no_shard), told)
            }
            Question::UnknownShardToFailOver => {
                let told = service.fail_over(&group, NO_SHARD).await;
                (FAIL_OVER, failover_request(&group, NO_SHARD), told)
            }
            Question::FailoverDuringReshard | Question::SecondFailover => {
                let told = service.fail_over(&group, &first).await;
                (FAIL_OVER, failover_request(&group, &first), told)
            }
        };
        Some(self.watch.called(question.name(), operation, request, told))
    }

    /// Asks for the group's tags. `None`: its ARN is not known.
    async fn tags(&mut self) -> Option<Told<Option<String>>> {
        let seen = self.watch.look().await.ok().flatten()?;
        let arn = seen.arn?;
        let told = self.watch.service.tags(&arn).await;
        let status = |tags: Tags| {
            let ours = tags
                .get(TAG)
                .is_some_and(|value| value == self.watch.plan.run.as_str());
            Some(if ours { "tagged" } else { "without our tag" }.to_owned())
        };
        Some(told.map(status))
    }
}

/// Nothing is created unless AWS knows no group of the id, and would let us delete one: a permission to create without one to
/// delete would leave nodes that cost money.
pub(super) fn may_go_on(question: Question, answer: Option<Answer>) -> Result<(), Ended> {
    let what = match question {
        Question::UnknownGroup => "whether there is a group of this id",
        Question::DeletionOfUnknownGroup => "whether we may delete it again",
        Question::TagsWhileCreating
        | Question::Tags
        | Question::PresentCount
        | Question::UnknownShardToRemove
        | Question::UnknownShardToFailOver
        | Question::SecondReshard
        | Question::FailoverDuringReshard
        | Question::SecondFailover
        | Question::ReshardDuringFailover => return Ok(()),
    };
    let said = match answer {
        Some(Answer::Refused { code, .. }) if code == NO_GROUP => return Ok(()),
        Some(Answer::Refused { code, message, .. }) => format!("{code}: {message}"),
        Some(Answer::NoAnswer { what }) => what,
        Some(Answer::Accepted { .. }) | None => "there is one".to_owned(),
    };
    Err(failed(format!(
        "nothing was created, for AWS was asked {what}: {said}"
    )))
}

fn may_read(operation: &str, told: Told<()>) -> Result<(), Ended> {
    told.map_err(|answer| {
        failed(format!(
            "nothing was created, for {operation} does not work: {}",
            answer.in_words()
        ))
    })
}

/// Whether it was taken, or may have been.
pub(super) fn was_taken(answer: &Answer) -> bool {
    match answer {
        Answer::Accepted { .. } | Answer::NoAnswer { .. } => true,
        Answer::Refused { .. } => false,
    }
}

fn reshard_request(group: &str, to: usize, remove: &[String]) -> Value {
    let mut request =
        json!({ "ReplicationGroupId": group, "NodeGroupCount": to, "ApplyImmediately": true });
    if !remove.is_empty() {
        request["NodeGroupsToRemove"] = json!(remove);
    }
    request
}

fn failover_request(group: &str, shard: &str) -> Value {
    json!({ "ReplicationGroupId": group, "NodeGroupId": shard })
}
