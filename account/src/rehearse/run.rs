//! The driver: makes the steps of the plan, writes down what it sees, and deletes what it made, whatever happened.

use std::time::Duration;

use chrono::TimeDelta;

use super::{
    asking::{may_go_on, was_taken},
    capture::{Ending, How},
    plan::{GRACE, Plan, STEPS, Stage, Step, Until},
    record::Recorder,
    remove::{Deletion, Removed, remove},
    service::{GroupSeen, Service},
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
        unmade: Vec::new(),
    };
    let ended = tokio::select! {
        biased;
        () = stop.asked(1) => Err(Ended { how: How::Stopped, why: "somebody stopped it".to_owned() }),
        ended = driver.observe() => ended,
    };
    let came_through = ended.is_ok();
    let (how, sentence) = match ended {
        Ok(()) if driver.unmade.is_empty() => (How::Completed, "every step was made".to_owned()),
        Ok(()) => (How::Failed, driver.unmade.join("; ")),
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
    if came_through && removed == Removed::Gone {
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
pub(super) struct Ended {
    pub(super) how: How,
    pub(super) why: String,
}

pub(super) fn failed(why: impl Into<String>) -> Ended {
    Ended {
        how: How::Failed,
        why: why.into(),
    }
}

/// What was taken of what the last steps asked for.
#[derive(Default)]
pub(super) struct Done {
    /// Time and target count of a reshard that may be under way.
    pub(super) reshard: Option<(TimeDelta, usize)>,
    /// Time, second and shard of a failover that may be under way.
    pub(super) failover: Option<(TimeDelta, i64, String)>,
}

/// Whether there may be a group of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Its creation was not asked for, or refused.
    No,
    /// It was asked for, of an id that nobody had: what is there under it is ours.
    Ours,
    /// It was refused because the id is taken, by somebody else or by a request of ours that came twice: its description tells.
    Unclear,
}

pub(super) struct Driver<'a> {
    pub(super) watch: Watch<'a>,
    pub(super) made: Made,
    pub(super) first_shards: Vec<String>,
    pub(super) done: Done,
    /// Steps that were not made though the run went on, each with why.
    pub(super) unmade: Vec<String>,
}

impl Driver<'_> {
    /// Every step of the plan.
    async fn observe(&mut self) -> Result<(), Ended> {
        for (stage, step) in STEPS {
            self.watch.recorder.enter(*stage);
            self.before_deadline()?;
            match step {
                Step::Reads => self.reads().await?,
                Step::Create => self.create().await?,
                Step::ScaleOut => self.scale_out().await,
                Step::ScaleIn => self.scale_in().await,
                Step::FailOver => self.fail_over().await,
                Step::Ask(question) => {
                    let answer = self.ask(*question).await;
                    let may_change = *stage == Stage::Idle
                        && question.is_to_be_refused()
                        && answer.as_ref().is_some_and(was_taken);
                    may_go_on(*question, answer)?;
                    if may_change {
                        self.until_calm().await?;
                    }
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

    pub(super) async fn pause(&self) -> Result<(), Ended> {
        self.watch.pause().await;
        self.before_deadline()
    }

    pub(super) fn group(&self) -> String {
        self.watch.plan.group_id()
    }

    /// The shards that the last look listed.
    pub(super) fn shards(&self) -> Vec<String> {
        let last = self.watch.recorder.capture().looks.last();
        last.map_or_else(Vec::new, |look| {
            look.shards.iter().map(|shard| shard.id.clone()).collect()
        })
    }

    pub(super) fn settled(&self) -> bool {
        let last = self.watch.recorder.capture().looks.last();
        last.is_some_and(|look| look.settled() && !look.nodes.is_empty())
    }

    pub(super) fn last_status(&self) -> Option<String> {
        self.watch
            .recorder
            .capture()
            .looks
            .last()
            .and_then(|look| look.status.clone())
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
            Deletion::new(&plan.group_id(), true, is_certain),
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
