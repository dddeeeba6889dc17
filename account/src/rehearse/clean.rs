//! Finds what killed runs left, and deletes it: groups with our tag and with the prefix of our ids, in this Region, and no others.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    capture::Answer,
    plan::{DEADLINE_TAG, PREFIX, RunId, TAG, description},
    remove::{Deletion, Removed, Witness},
    run::Pace,
    service::{GroupSeen, Service, Told},
};

/// One cleaning.
pub struct Cleaning<'a> {
    /// Whom to ask.
    pub service: &'a Service,
    /// Only this run's group. `None`: every run's.
    pub run: Option<&'a RunId>,
    /// How often to look.
    pub pace: Pace,
    /// How long to go on trying.
    pub give_up: TimeDelta,
    /// Tells the person how it goes.
    pub say: &'a (dyn Fn(&str) + Send + Sync),
}

impl std::fmt::Debug for Cleaning<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleaning")
            .field("run", &self.run)
            .finish_non_exhaustive()
    }
}

/// A group whose id has our prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub id: String,
    /// Its status.
    pub status: String,
    /// Whose it is.
    pub whose: Whose,
}

/// Whose a group with our prefix is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// A rehearsal's: it has our tag. When its run meant to delete it; `None`: no such tag.
    Ours(Option<String>),
    /// A rehearsal's: AWS shows no tags of a group whose creation failed, and its description is ours.
    OursByDescription,
    /// Somebody else's: it has tags, and ours is not among them.
    Others,
    /// AWS does not show its tags now; in words.
    Unknown(String),
    /// We may not see its tags, for which waiting is no remedy; in words.
    Denied(String),
}

/// What a cleaning came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cleaned {
    /// What was deleted.
    pub deleted: Vec<String>,
    /// What was left alone, because it is not ours.
    pub others: Vec<String>,
    /// What is still there though it is ours, or may be.
    pub left: Vec<Removed>,
}

/// Lists what there is and deletes what is ours.
///
/// # Errors
///
/// The groups could not be listed until `give_up`; in words.
pub async fn clean(cleaning: &Cleaning<'_>) -> Result<Cleaned, String> {
    let mut watcher = Watcher {
        service: cleaning.service,
        say: cleaning.say,
        pace: cleaning.pace,
        started: cleaning.service.now(),
        began: None,
        group: String::new(),
        said: BTreeMap::new(),
    };
    let listed = list(cleaning, &mut watcher).await?;
    let mut cleaned = Cleaned {
        deleted: Vec::new(),
        others: Vec::new(),
        left: Vec::new(),
    };
    if listed.is_empty() {
        let region = cleaning.service.region().unwrap_or("this Region");
        watcher.tell(&format!(
            "No replication group of a rehearsal is in {region}."
        ));
    }
    let mut open: Vec<Open> = listed.into_iter().map(Open::new).collect();
    // Each round asks for every group before any is waited for, so that none keeps another alive.
    loop {
        let mut still = Vec::new();
        for mut group in open {
            match group.step(cleaning, &mut watcher).await {
                Some(end) => cleaned.add(&group.seen.id, end),
                None => still.push(group),
            }
        }
        if still.is_empty() {
            return Ok(cleaned);
        }
        open = still;
        watcher.pause().await;
    }
}

/// A group that is not done with.
struct Open {
    seen: GroupSeen,
    /// `None`: AWS has not said yet that it is ours.
    deletion: Option<Deletion>,
}

/// How a group ended.
enum End {
    Others,
    Removed(Removed),
}

impl Open {
    fn new(seen: GroupSeen) -> Self {
        Self {
            seen,
            deletion: None,
        }
    }

    /// Finds out whose it is, and if it is ours asks for its deletion where that may help. `None`: to be looked at again.
    async fn step(&mut self, cleaning: &Cleaning<'_>, watcher: &mut Watcher<'_>) -> Option<End> {
        watcher.group.clone_from(&self.seen.id);
        if self.deletion.is_none() {
            let found = found(cleaning, &self.seen).await;
            watcher.tell(&found.sentence());
            match found.whose {
                Whose::Others => return Some(End::Others),
                Whose::Ours(_) | Whose::OursByDescription => {
                    self.deletion = Some(Deletion::new(&self.seen.id, false, true));
                }
                Whose::Denied(_) => return Some(self.left(found.whose)),
                Whose::Unknown(_) if watcher.elapsed() >= cleaning.give_up => {
                    return Some(self.left(found.whose));
                }
                Whose::Unknown(_) => return self.look_again(cleaning, watcher).await,
            }
        }
        let ours = |_: &GroupSeen| true;
        let removed = self
            .deletion
            .as_mut()?
            .step(cleaning.service, watcher, ours, cleaning.give_up)
            .await?;
        if removed == Removed::Gone {
            watcher.tell(&format!("{} is deleted.", self.seen.id));
        }
        Some(End::Removed(removed))
    }

    async fn look_again(
        &mut self,
        cleaning: &Cleaning<'_>,
        watcher: &mut Watcher<'_>,
    ) -> Option<End> {
        match cleaning.service.group(&self.seen.id).await {
            Ok(Some(now)) => self.seen = now,
            // Gone meanwhile, so that it does not matter any more whose it was.
            Ok(None) => return Some(End::Removed(Removed::Gone)),
            Err(answer) => watcher.tell(&format!(
                "{} cannot be read: {}",
                self.seen.id,
                answer.in_words()
            )),
        }
        None
    }

    fn left(&self, whose: Whose) -> End {
        let why = match whose {
            Whose::Unknown(why) | Whose::Denied(why) => why,
            Whose::Ours(_) | Whose::OursByDescription | Whose::Others => String::new(),
        };
        End::Removed(Removed::Left {
            id: self.seen.id.clone(),
            status: Some(self.seen.status.clone()),
            why,
        })
    }
}

impl Cleaned {
    fn add(&mut self, id: &str, end: End) {
        match end {
            End::Others => self.others.push(id.to_owned()),
            End::Removed(Removed::Gone) => self.deleted.push(id.to_owned()),
            End::Removed(removed @ (Removed::NotOurs | Removed::Left { .. })) => {
                self.left.push(removed);
            }
        }
    }
}

async fn list(
    cleaning: &Cleaning<'_>,
    watcher: &mut Watcher<'_>,
) -> Result<Vec<GroupSeen>, String> {
    let wanted = cleaning.run.map(|run| format!("{PREFIX}{}", run.as_str()));
    loop {
        match cleaning.service.groups().await {
            Ok(groups) => {
                let is_wanted =
                    |group: &GroupSeen| wanted.as_ref().is_none_or(|wanted| *wanted == group.id);
                return Ok(groups.into_iter().filter(is_wanted).collect());
            }
            Err(answer) => {
                let why = answer.in_words();
                if answer.is_denied() || watcher.elapsed() >= cleaning.give_up {
                    return Err(why);
                }
                watcher.tell(&format!(
                    "Replication groups cannot be listed ({why}). Trying again."
                ));
            }
        }
        watcher.pause().await;
    }
}

async fn found(cleaning: &Cleaning<'_>, group: &GroupSeen) -> Found {
    let is_ours = group.id.strip_prefix(PREFIX);
    let whose = match (&group.arn, is_ours) {
        (_, None) => Whose::Others,
        (_, Some(_))
            if group.status == "create-failed" && group.description == description(&group.id) =>
        {
            Whose::OursByDescription
        }
        (None, Some(_)) => Whose::Unknown("AWS does not say its ARN".to_owned()),
        (Some(arn), Some(run)) => match cleaning.service.tags(arn).await {
            Ok(tags) if tags.get(TAG).is_some_and(|value| value == run) => {
                Whose::Ours(tags.get(DEADLINE_TAG).cloned())
            }
            Ok(_) => Whose::Others,
            Err(answer) if answer.is_denied() => Whose::Denied(format!(
                "whether it is a rehearsal's cannot be seen without the permission elasticache:ListTagsForResource on it ({}); \
                 if you know that it is one's, delete it by hand",
                answer.in_words()
            )),
            Err(answer) => Whose::Unknown(format!("its tags are not shown: {}", answer.in_words())),
        },
    };
    Found {
        id: group.id.clone(),
        status: group.status.clone(),
        whose,
    }
}

impl Found {
    /// For the person.
    fn sentence(&self) -> String {
        let Self { id, status, whose } = self;
        match whose {
            Whose::Ours(Some(deadline)) => format!(
                "{id}: {status}, of a rehearsal that meant to delete it by {deadline}. If that still runs, it will find its group deleted."
            ),
            Whose::Ours(None) | Whose::OursByDescription => {
                format!("{id}: {status}, of a rehearsal.")
            }
            Whose::Others => {
                format!("{id}: {status}, without the tag {TAG} of its id: left alone.")
            }
            Whose::Unknown(why) => format!("{id}: {status}; {why}. Waiting."),
            Whose::Denied(why) => format!("{id}: {status}; {why}."),
        }
    }
}

/// Watches a deletion without a record.
struct Watcher<'a> {
    service: &'a Service,
    say: &'a (dyn Fn(&str) + Send + Sync),
    pace: Pace,
    started: DateTime<Utc>,
    began: Option<DateTime<Utc>>,
    group: String,
    /// What was said last of each group.
    said: BTreeMap<String, String>,
}

impl Witness for Watcher<'_> {
    async fn group(&mut self) -> Result<Option<GroupSeen>, String> {
        self.began = self.began.or(self.service.services_now());
        self.service.group(&self.group).await.map_err(|answer| {
            let words = answer.in_words();
            self.tell(&format!("{} cannot be read: {words}", self.group.clone()));
            words
        })
    }

    fn deletion(&mut self, told: Told<Option<String>>) -> Answer {
        match told {
            Ok(status) => Answer::Accepted { status },
            Err(answer) => answer,
        }
    }

    fn elapsed(&self) -> TimeDelta {
        let here = self.service.now() - self.started;
        let there = self
            .began
            .zip(self.service.services_now())
            .map(|(began, now)| now - began);
        there.map_or(here, |there| there.max(here))
    }

    async fn pause(&mut self) {
        tokio::time::sleep(self.pace.0).await;
    }

    fn tell(&mut self, words: &str) {
        let last = self.said.insert(self.group.clone(), words.to_owned());
        if last.as_deref() != Some(words) {
            (self.say)(words);
        }
    }
}
