//! The driver: makes the steps of the plan, writes down what it sees, and deletes what it made, whatever happened.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{
    capture::{Answer, Ending, How, Sample},
    plan::{GRACE, NO_SHARD, Plan, Question, STEPS, Stage, Step, Until},
    record::Recorder,
    remove::{LATE, Removed, Witness, remove},
    service::{GroupSeen, NO_GROUP, Service, Told},
    stop::Stop,
    watch::Watch,
};

/// The pause between two looks, in real time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(pub Duration);

/// One rehearsal to be run.
pub struct Rehearsal<'a> {
    /// Whom to ask.
    pub service: &'a Service,
    /// What to make.
    pub plan: &'a Plan,
    /// Where to write what is seen.
    pub recorder: &'a mut Recorder,
    /// How often to look.
    pub pace: Pace,
    /// Whether a person wants it to end.
    pub stop: &'a Stop,
    /// Tells the person how it goes.
    pub say: &'a (dyn Fn(&str) + Send + Sync),
}

impl std::fmt::Debug for Rehearsal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rehearsal")
            .field("plan", &self.plan)
            .finish_non_exhaustive()
    }
}

/// A reshard that shows nothing for so long has not begun; our functions wait as long.
const NEVER_BEGAN: TimeDelta = TimeDelta::minutes(15);

/// Roles that are not known after so long are not published in a way that we know.
const NO_ROLES: TimeDelta = TimeDelta::minutes(15);

/// A failover that has not shown all its signs after so long won't: thirteen minutes were published (facts of 2022).
const NO_TAKEOVER: TimeDelta = TimeDelta::minutes(30);

/// Events that come this late after the last are not waited for; nothing costs any more.
const QUIET: TimeDelta = TimeDelta::minutes(5);

/// The longest wait for late events.
const NO_QUIET: TimeDelta = TimeDelta::minutes(15);

/// Every source type that has events ([BC]); a call without one should list them all.
const SOURCE_TYPES: [&str; 9] = [
    "replication-group",
    "cache-cluster",
    "cache-parameter-group",
    "cache-security-group",
    "cache-subnet-group",
    "serverless-cache",
    "serverless-cache-snapshot",
    "user",
    "user-group",
];

/// Runs a rehearsal to its end, which is the deletion of its group. The record's `ending` says how it went.
pub async fn rehearse(rehearsal: Rehearsal<'_>) -> Removed {
    let Rehearsal {
        service,
        plan,
        recorder,
        pace,
        stop,
        say,
    } = rehearsal;
    let mut driver = Driver {
        watch: Watch::new(service, plan, recorder, pace, say),
        made: Made::No,
        first_shards: Vec::new(),
        done: Done::default(),
    };
    let ended = tokio::select! {
        biased;
        () = stop.asked(1) => Err(Ended { how: How::Stopped, why: "somebody stopped it".to_owned() }),
        ended = driver.observe() => ended,
    };
    let (how, sentence) = match ended {
        Ok(()) => (How::Completed, "every step was made".to_owned()),
        Err(Ended { how, why }) => (how, why),
    };
    if how != How::Completed {
        driver.watch.tell(&format!(
            "The rehearsal ends: {sentence}. Deleting what it made."
        ));
    }
    let removed = tokio::select! {
        biased;
        () = stop.asked(2) => Removed::Left {
            id: plan.group_id(),
            status: driver.last_status(),
            why: "somebody stopped the deletion too".to_owned(),
        },
        removed = driver.delete() => removed,
    };
    if how == How::Completed && removed == Removed::Gone {
        tokio::select! {
            biased;
            () = stop.asked(1) => {}
            () = driver.late_events() => {}
        }
    }
    let deleted = removed == Removed::Gone;
    driver.watch.recorder.end(Ending {
        how,
        sentence,
        deleted,
    });
    removed
}

/// Why the watching ended before its time.
struct Ended {
    how: How,
    why: String,
}

/// Nothing is created unless AWS knows no group of the id, and would let us delete one: a permission to create without one to
/// delete would leave nodes that cost money.
fn may_go_on(question: Question, answer: Option<Answer>) -> Result<(), Ended> {
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

fn failed(why: impl Into<String>) -> Ended {
    Ended {
        how: How::Failed,
        why: why.into(),
    }
}

/// What was taken of what the last steps asked for.
#[derive(Default)]
struct Done {
    /// Time and target count of a reshard that may be under way.
    reshard: Option<(TimeDelta, usize)>,
    /// Time, second and shard of a failover that may be under way.
    failover: Option<(TimeDelta, i64, String)>,
}

/// Whether there may be a group of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    /// Its creation was not asked for, or refused.
    No,
    /// It was asked for, of an id that nobody had: what is there under it is ours.
    Ours,
    /// It was refused because the id is taken, by somebody else or by a request of ours that came twice: its description tells.
    Unclear,
}

struct Driver<'a> {
    watch: Watch<'a>,
    made: Made,
    first_shards: Vec<String>,
    done: Done,
}

impl Driver<'_> {
    /// Every step of the plan.
    async fn observe(&mut self) -> Result<(), Ended> {
        for (stage, step) in STEPS {
            self.watch.recorder.enter(*stage);
            self.before_deadline()?;
            match step {
                Step::Create => self.create().await?,
                Step::ScaleOut => self.scale_out().await,
                Step::ScaleIn => self.scale_in().await,
                Step::FailOver => self.fail_over().await,
                Step::Ask(question) => {
                    let answer = self.ask(*question).await;
                    may_go_on(*question, answer)?;
                }
                Step::Await(Until::Available) => self.until_available().await?,
                Step::Await(Until::Resharded) => self.until_resharded().await?,
                Step::Await(Until::Roles) => self.until_roles().await?,
                Step::Await(Until::TakenOver) => self.until_taken_over().await?,
            }
        }
        Ok(())
    }

    fn before_deadline(&self) -> Result<(), Ended> {
        if self.watch.elapsed() < self.watch.plan.deadline {
            return Ok(());
        }
        let minutes = self.watch.plan.deadline.num_minutes();
        Err(Ended {
            how: How::Deadline,
            why: format!("its deadline of {minutes} min has passed"),
        })
    }

    async fn pause(&self) -> Result<(), Ended> {
        self.watch.pause().await;
        self.before_deadline()
    }

    fn group(&self) -> String {
        self.watch.plan.group_id()
    }

    /// The shards that the last look listed.
    fn shards(&self) -> Vec<String> {
        let last = self.watch.recorder.capture().looks.last();
        last.map_or_else(Vec::new, |look| {
            look.shards.iter().map(|shard| shard.id.clone()).collect()
        })
    }

    fn settled(&self) -> bool {
        let last = self.watch.recorder.capture().looks.last();
        last.is_some_and(|look| look.settled() && !look.nodes.is_empty())
    }

    fn last_status(&self) -> Option<String> {
        self.watch
            .recorder
            .capture()
            .looks
            .last()
            .and_then(|look| look.status.clone())
    }

    async fn create(&mut self) -> Result<(), Ended> {
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
            "CacheNodeType": plan.node_type, "ClusterMode": "enabled", "NumNodeGroups": super::plan::SHARDS,
            "ReplicasPerNodeGroup": plan.replicas, "AutomaticFailoverEnabled": true, "MultiAZEnabled": true,
            "SnapshotRetentionLimit": 0,
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

    async fn scale_out(&mut self) {
        self.first_shards = self.shards();
        let to = self.first_shards.len() + 1;
        self.reshard("scale_out", to, Vec::new()).await;
    }

    /// Removes the shard that was added; else, for it may never have been, the last one.
    async fn scale_in(&mut self) {
        let shards = self.shards();
        let added = shards.iter().find(|id| !self.first_shards.contains(id));
        let Some(leaving) = added
            .or(shards.last())
            .cloned()
            .filter(|_| shards.len() > 1)
        else {
            return;
        };
        self.reshard("scale_in", shards.len() - 1, vec![leaving])
            .await;
    }

    async fn reshard(&mut self, name: &str, to: usize, remove: Vec<String>) {
        let group = self.group();
        self.watch.tell(&format!("Resharding to {to} shards."));
        let told = self.watch.service.reshard(&group, to, &remove).await;
        let answer = self
            .watch
            .called(name, RESHARD, reshard_request(&group, to, &remove), told);
        self.done.reshard = was_taken(&answer).then(|| (self.watch.elapsed(), to));
    }

    async fn fail_over(&mut self) {
        let group = self.group();
        let Some(shard) = self.shards().into_iter().next() else {
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
        let at = self.watch.seconds();
        self.done.failover = was_taken(&answer).then(|| (self.watch.elapsed(), at, shard));
    }

    /// Asks, and writes down what was answered. `None`: there was nobody to ask about.
    async fn ask(&mut self, question: Question) -> Option<Answer> {
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
        let status = |tags: super::service::Tags| {
            let ours = tags
                .get(super::plan::TAG)
                .is_some_and(|value| value == self.watch.plan.run.as_str());
            Some(if ours { "tagged" } else { "without our tag" }.to_owned())
        };
        Some(told.map(status))
    }

    async fn until_available(&mut self) -> Result<(), Ended> {
        let asked = self.watch.elapsed();
        loop {
            if let Ok(shown) = self.watch.look().await {
                match shown.as_ref().map(|group| group.status.as_str()) {
                    Some("create-failed") => {
                        return Err(failed("AWS could not create the group (create-failed)"));
                    }
                    Some("deleting") => return Err(failed("somebody else deletes the group")),
                    Some(_) if self.settled() => break,
                    Some(status) => {
                        let words = format!("Waiting: {status}.");
                        self.watch.tell(&words);
                    }
                    None if self.watch.elapsed() - asked >= LATE => {
                        return Err(failed("the group that was asked for does not appear"));
                    }
                    None => {}
                }
            }
            self.watch.look_at_events(None).await;
            self.pause().await?;
        }
        self.watch.look_at_events(None).await;
        self.first_shards = self.shards();
        Ok(())
    }

    async fn until_resharded(&mut self) -> Result<(), Ended> {
        let Some((asked, to)) = self.done.reshard.take() else {
            return Ok(());
        };
        let mut was_busy = false;
        loop {
            self.look_at_group().await?;
            let status = self.last_status().unwrap_or_default();
            was_busy |= status != "available";
            let begun = was_busy || self.shards().len() == to;
            let is_late = self.watch.elapsed() - asked >= NEVER_BEGAN;
            if self.settled() && (begun || is_late) {
                return Ok(());
            }
            self.watch
                .tell(&format!("Waiting for {to} shards: {status}."));
            self.pause().await?;
        }
    }

    async fn until_roles(&mut self) -> Result<(), Ended> {
        let asked = self.watch.elapsed();
        self.watch
            .tell("Waiting for the metric IsMaster of every node.");
        loop {
            self.look_at_group().await?;
            self.watch.look_at_roles().await;
            let capture = self.watch.recorder.capture();
            let nodes = capture.looks.last().map(|look| &look.nodes);
            let has_role =
                |node: &String| capture.samples.iter().any(|sample| sample.node == *node);
            let known = nodes.is_some_and(|nodes| !nodes.is_empty() && nodes.keys().all(has_role));
            if known || self.watch.elapsed() - asked >= NO_ROLES {
                return Ok(());
            }
            self.pause().await?;
        }
    }

    /// Until another node is primary, all nodes are available, and an event says that the old primary has recovered: nodes may be
    /// shown as available all the time.
    async fn until_taken_over(&mut self) -> Result<(), Ended> {
        let Some((asked, second, shard)) = self.done.failover.take() else {
            return Ok(());
        };
        self.watch.tell(&format!(
            "Waiting for the failover of shard {shard} and the recovery."
        ));
        loop {
            self.look_at_group().await?;
            self.watch.look_at_roles().await;
            let capture = self.watch.recorder.capture();
            let recovered = capture.events.iter().any(|event| {
                event.at >= second
                    && event
                        .message
                        .to_ascii_lowercase()
                        .contains("finished recovery")
            });
            let signs = recovered && switched(&capture.samples, second) && self.settled();
            if signs || self.watch.elapsed() - asked >= NO_TAKEOVER {
                return Ok(());
            }
            self.pause().await?;
        }
    }

    /// A look at a group that must be there, and at the events.
    async fn look_at_group(&mut self) -> Result<(), Ended> {
        let shown = self.watch.look().await;
        self.watch.look_at_events(None).await;
        match shown {
            Ok(None) => Err(failed("the group is gone, deleted by somebody else")),
            Ok(Some(group)) if group.status == "deleting" => {
                Err(failed("somebody else deletes the group"))
            }
            Ok(Some(_)) | Err(()) => Ok(()),
        }
    }

    async fn delete(&mut self) -> Removed {
        self.watch.recorder.enter(Stage::Delete);
        if self.made == Made::No {
            return Removed::Gone;
        }
        let is_certain = self.made == Made::Ours;
        let (plan, service) = (self.watch.plan, self.watch.service);
        let give_up = plan.deadline.max(self.watch.elapsed()) + GRACE;
        let description = plan.description();
        let ours = |group: &GroupSeen| is_certain || group.description == description;
        self.watch.tell(&format!("Deleting {}.", plan.group_id()));
        remove(
            service,
            &mut self.watch,
            &plan.group_id(),
            true,
            ours,
            give_up,
        )
        .await
    }

    /// Events that are told after the group is gone, and those of every source type by itself.
    async fn late_events(&mut self) {
        self.watch.recorder.enter(Stage::After);
        self.watch.tell("It is deleted; nothing costs any more. Waiting a few minutes for late events (Ctrl-C leaves).");
        let begun = self.watch.elapsed();
        let mut newest = (0, begun);
        loop {
            self.watch.look_at_events(None).await;
            let now = self.watch.elapsed();
            let known = self.watch.recorder.capture().events.len();
            if known > newest.0 {
                newest = (known, now);
            }
            if now - newest.1 >= QUIET || now - begun >= NO_QUIET {
                break;
            }
            self.watch.pause().await;
        }
        for source_type in SOURCE_TYPES {
            self.watch.look_at_events(Some(source_type)).await;
        }
    }
}

/// Whether `IsMaster` says 1, after a second, of a node of which it said 0 before.
fn switched(samples: &[Sample], second: i64) -> bool {
    let was_replica = |node: &str| {
        samples
            .iter()
            .any(|one| one.node == node && one.at < second && one.value == 0.0)
    };
    samples
        .iter()
        .any(|one| one.at >= second && one.value == 1.0 && was_replica(&one.node))
}

/// Whether it was taken, or may have been.
fn was_taken(answer: &Answer) -> bool {
    match answer {
        Answer::Accepted { .. } | Answer::NoAnswer { .. } => true,
        Answer::Refused { .. } => false,
    }
}

const RESHARD: &str = "ModifyReplicationGroupShardConfiguration";
const FAIL_OVER: &str = "TestFailover";

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
