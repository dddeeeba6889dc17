//! Finds what killed runs left, and deletes it: groups with our tag and with the prefix of our ids, in this Region, and no others.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    capture::Answer,
    plan::{DEADLINE_TAG, PREFIX, RunId, TAG, description},
    remove::{Removed, Witness, remove},
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
        said: String::new(),
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
    let mut decided = Vec::new();
    let mut undecided = Vec::new();
    for group in listed {
        let found = found(cleaning, &group).await;
        watcher.tell(&found.sentence());
        match found.whose {
            Whose::Unknown(_) => undecided.push(group),
            Whose::Ours(_) | Whose::OursByDescription | Whose::Others => decided.push(group),
        }
    }
    // What must be waited for comes last, so that it does not keep the rest alive.
    for group in decided.into_iter().chain(undecided) {
        watcher.group.clone_from(&group.id);
        match settle(cleaning, &mut watcher, &group).await {
            Whose::Others => cleaned.others.push(group.id),
            Whose::Unknown(why) => cleaned.left.push(Removed::Left {
                id: group.id,
                status: Some(group.status),
                why,
            }),
            Whose::Ours(_) | Whose::OursByDescription => {
                let ours = |_: &GroupSeen| true;
                let removed = remove(
                    cleaning.service,
                    &mut watcher,
                    &group.id,
                    false,
                    true,
                    ours,
                    cleaning.give_up,
                )
                .await;
                match removed {
                    Removed::Gone => {
                        watcher.tell(&format!("{} is deleted.", group.id));
                        cleaned.deleted.push(group.id);
                    }
                    Removed::NotOurs | Removed::Left { .. } => cleaned.left.push(removed),
                }
            }
        }
    }
    Ok(cleaned)
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
                let why = in_words(&answer);
                if watcher.elapsed() >= cleaning.give_up {
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

/// Waits until AWS says whose a group is.
async fn settle(cleaning: &Cleaning<'_>, watcher: &mut Watcher<'_>, group: &GroupSeen) -> Whose {
    let mut seen = group.clone();
    loop {
        let found = found(cleaning, &seen).await;
        let Whose::Unknown(ref why) = found.whose else {
            return found.whose;
        };
        if watcher.elapsed() >= cleaning.give_up {
            return Whose::Unknown(why.clone());
        }
        watcher.tell(&found.sentence());
        watcher.pause().await;
        match cleaning.service.group(&group.id).await {
            Ok(Some(now)) => seen = now,
            // Gone meanwhile, so that it does not matter any more whose it was.
            Ok(None) => return Whose::Ours(None),
            Err(answer) => watcher.tell(&format!(
                "{} cannot be read: {}",
                group.id,
                in_words(&answer)
            )),
        }
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
            Err(answer) => Whose::Unknown(format!("its tags are not shown: {}", in_words(&answer))),
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
        }
    }
}

fn in_words(answer: &Answer) -> String {
    match answer {
        Answer::Accepted { .. } => "it is there".to_owned(),
        Answer::Refused { code, message, .. } => format!("{code}: {message}"),
        Answer::NoAnswer { what } => what.clone(),
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
    said: String,
}

impl Witness for Watcher<'_> {
    async fn group(&mut self) -> Result<Option<GroupSeen>, String> {
        self.began = self.began.or(self.service.services_now());
        self.service.group(&self.group).await.map_err(|answer| {
            let words = in_words(&answer);
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
        if self.said != words {
            self.said = words.to_owned();
            (self.say)(words);
        }
    }
}
