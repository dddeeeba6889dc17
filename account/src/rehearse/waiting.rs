//! Waiting: looks until what a step asked for is so, or until it will not be.

use chrono::TimeDelta;

use super::{
    capture::Sample,
    remove::LATE,
    run::{Driver, Ended, failed},
    watch::{Shown, Unseen},
};

/// A reshard that shows nothing for so long has not begun; our functions wait as long.
const NEVER_BEGAN: TimeDelta = TimeDelta::minutes(15);

/// Roles that are not known after so long are not published in a way that we know.
const NO_ROLES: TimeDelta = TimeDelta::minutes(15);

/// A change that was taken against all expectation shows within so long (ASSUMED), or changes nothing.
const SHOWS: TimeDelta = TimeDelta::minutes(2);

/// A failover that has not shown all its signs after so long won't: thirteen minutes were published (facts of 2022).
const NO_TAKEOVER: TimeDelta = TimeDelta::minutes(30);

impl Driver<'_> {
    pub(super) async fn until_available(&mut self) -> Result<(), Ended> {
        let asked = self.watch.elapsed();
        loop {
            let shown = self.watch.look().await;
            may_look(&shown)?;
            if let Ok(shown) = shown {
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

    /// After something was taken that should have been refused: until whatever it began has ended, so that the steps that follow
    /// are not refused for its sake.
    pub(super) async fn until_calm(&mut self) -> Result<(), Ended> {
        let asked = self.watch.elapsed();
        let mut was_busy = false;
        self.watch
            .tell("AWS took what it should refuse. Waiting until all is available.");
        loop {
            self.look_at_group().await?;
            was_busy |= !self.settled();
            if self.settled() && (was_busy || self.watch.elapsed() - asked >= SHOWS) {
                return Ok(());
            }
            self.pause().await?;
        }
    }

    pub(super) async fn until_resharded(&mut self) -> Result<(), Ended> {
        let Some((asked, to)) = self.done.reshard.take() else {
            return Ok(());
        };
        let stage = self.watch.recorder.stage().name();
        let mut was_busy = false;
        loop {
            self.look_at_group().await?;
            let status = self.last_status().unwrap_or_default();
            was_busy |= status != "available";
            let begun = was_busy || self.shards().len() == to;
            let is_late = self.watch.elapsed() - asked >= NEVER_BEGAN;
            if self.settled() && (begun || is_late) {
                let shards = self.shards().len();
                if shards != to {
                    self.unmade.push(format!(
                        "{stage} ended with {shards} shards instead of {to}"
                    ));
                }
                return Ok(());
            }
            self.watch
                .tell(&format!("Waiting for {to} shards: {status}."));
            self.pause().await?;
        }
    }

    pub(super) async fn until_roles(&mut self) -> Result<(), Ended> {
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
    pub(super) async fn until_taken_over(&mut self) -> Result<(), Ended> {
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
        may_look(&shown)?;
        match shown {
            Ok(None) => Err(failed("the group is gone, deleted by somebody else")),
            Ok(Some(group)) if group.status == "deleting" => {
                Err(failed("somebody else deletes the group"))
            }
            Ok(Some(_)) | Err(_) => Ok(()),
        }
    }
}

/// Without the permission to look no waiting ends, and nodes cost meanwhile.
fn may_look(shown: &Shown) -> Result<(), Ended> {
    match shown {
        Err(Unseen { operation, answer }) if answer.is_denied() => Err(failed(format!(
            "{operation} is denied: {}",
            answer.in_words()
        ))),
        Ok(_) | Err(_) => Ok(()),
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
