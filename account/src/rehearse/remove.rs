//! Deletes a group, for sure: until AWS says that it is gone, or until a person has to take over.
//!
//! AWS refuses to delete a group that is being made or changed, so the deletion is asked for again when its status changes and
//! while it is available. A final snapshot is never asked for.

use std::fmt;

use chrono::TimeDelta;

use super::{
    capture::Answer,
    service::{GroupSeen, NO_GROUP, Service, Told},
};

/// How long a group whose creation may have been taken, and one just made, may stay unseen before it counts as never made.
/// ASSUMED: describes show a new group within seconds.
pub(super) const LATE: TimeDelta = TimeDelta::minutes(3);

/// How long to wait before a deletion is asked for again in the same status.
const AGAIN: TimeDelta = TimeDelta::minutes(2);

/// How the deletion of a group ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Removed {
    /// AWS says that it is gone, or that it never was.
    Gone,
    /// It is another's: its description is not that of a rehearsal. It was left alone.
    NotOurs,
    /// It is still there, or nobody knows.
    Left {
        /// Its id.
        id: String,
        /// Its status when it was last seen. `None`: it was not seen.
        status: Option<String>,
        /// Why it is left.
        why: String,
    },
}

/// Who watches a deletion: the time, the record, and the person.
pub(super) trait Witness {
    /// Looks at the group. `Err`: it could not be read; said already.
    fn group(&mut self) -> impl Future<Output = Result<Option<GroupSeen>, String>> + Send;
    /// Notes an attempt to delete.
    fn deletion(&mut self, told: Told<Option<String>>) -> Answer;
    /// Time since the begin.
    fn elapsed(&self) -> TimeDelta;
    /// The pause between two looks.
    fn pause(&mut self) -> impl Future<Output = ()> + Send;
    /// Tells the person.
    fn tell(&mut self, words: &str);
}

/// Deletes a group until it is gone or `give_up` has passed since the begin. It is left alone unless it is `ours`.
pub(super) async fn remove(
    service: &Service,
    witness: &mut impl Witness,
    mut deletion: Deletion,
    ours: impl Fn(&GroupSeen) -> bool,
    give_up: TimeDelta,
) -> Removed {
    loop {
        if let Some(removed) = deletion.step(service, witness, &ours, give_up).await {
            return removed;
        }
        witness.pause().await;
    }
}

/// How far a deletion has come.
pub(super) struct Deletion {
    id: String,
    may_appear: bool,
    is_certain: bool,
    /// AWS has taken it.
    taken: bool,
    /// In which status it was asked for last, and when. The status is `None` where it was not read.
    tried: Option<(Option<String>, TimeDelta)>,
    unseen_since: Option<TimeDelta>,
    status: Option<String>,
}

/// What one look or one attempt showed.
enum Shown {
    /// AWS says that there is no such group.
    Nothing,
    /// It is still there, or nobody knows; in words.
    There(String),
}

impl Deletion {
    /// With `may_appear` the group's creation was asked for, and that it is not to be seen yet does not mean that it is not there.
    /// With `is_certain` whatever is there under the id is ours, so that it is deleted also while it cannot be read.
    pub(super) fn new(id: &str, may_appear: bool, is_certain: bool) -> Self {
        Self {
            id: id.to_owned(),
            may_appear,
            is_certain,
            taken: false,
            tried: None,
            unseen_since: None,
            status: None,
        }
    }

    /// Looks once, and asks for the deletion if that may help now. `None`: it has not ended.
    pub(super) async fn step(
        &mut self,
        service: &Service,
        witness: &mut impl Witness,
        ours: impl Fn(&GroupSeen) -> bool,
        give_up: TimeDelta,
    ) -> Option<Removed> {
        let shown = match witness.group().await {
            Ok(None) => Shown::Nothing,
            Ok(Some(group)) if !ours(&group) => return Some(Removed::NotOurs),
            Ok(Some(group)) => self.advance(service, witness, group).await,
            Err(why) if self.is_certain => self.advance_unseen(service, witness, why).await,
            Err(why) => Shown::There(why),
        };
        let why = match shown {
            Shown::Nothing => {
                let since = *self.unseen_since.get_or_insert(witness.elapsed());
                if self.taken || !self.may_appear || witness.elapsed() - since >= LATE {
                    return Some(Removed::Gone);
                }
                "its creation was asked for and it is not to be seen; looking whether it appears"
                    .to_owned()
            }
            Shown::There(why) => why,
        };
        (witness.elapsed() >= give_up).then(|| Removed::Left {
            id: self.id.clone(),
            status: self.status.clone(),
            why,
        })
    }

    async fn advance(
        &mut self,
        service: &Service,
        witness: &mut impl Witness,
        group: GroupSeen,
    ) -> Shown {
        let id = self.id.clone();
        self.unseen_since = None;
        self.status = Some(group.status.clone());
        if group.status == "deleting" {
            self.taken = true;
            witness.tell(&format!("{id} is being deleted."));
            return Shown::There("it is being deleted".to_owned());
        }
        let now = witness.elapsed();
        let is_due = self.tried.as_ref().is_none_or(|(status, at)| {
            status.as_ref() != Some(&group.status) || now - *at >= AGAIN
        });
        if !is_due {
            return Shown::There(format!("it is {}", group.status));
        }
        self.tried = Some((Some(group.status.clone()), now));
        // It may have begun to change again, so that an answer of before is worth nothing.
        self.taken = false;
        self.ask(service, witness, &format!("it is {}", group.status))
            .await
    }

    /// What cannot be read costs money all the same.
    async fn advance_unseen(
        &mut self,
        service: &Service,
        witness: &mut impl Witness,
        why: String,
    ) -> Shown {
        let now = witness.elapsed();
        let is_due = self.tried.as_ref().is_none_or(|(_, at)| now - *at >= AGAIN);
        if !is_due {
            return Shown::There(why);
        }
        self.tried = Some((None, now));
        self.ask(service, witness, &why).await
    }

    /// Asks for the deletion. `how` says in words how the group is.
    async fn ask(&mut self, service: &Service, witness: &mut impl Witness, how: &str) -> Shown {
        let id = self.id.clone();
        match witness.deletion(service.delete(&id).await) {
            Answer::Accepted { .. } => {
                self.unseen_since = None;
                self.taken = true;
                witness.tell(&format!("The deletion of {id} is taken."));
                Shown::There("its deletion is taken".to_owned())
            }
            Answer::Refused { code, .. } if code == NO_GROUP => Shown::Nothing,
            Answer::Refused { code, message, .. } => {
                witness.tell(&format!(
                    "{id}: {how}, and AWS does not delete it now ({code}: {message}). It is asked again."
                ));
                Shown::There(format!(
                    "{how}, and its deletion is refused: {code}: {message}"
                ))
            }
            Answer::NoAnswer { what } => {
                witness.tell(&format!(
                    "The deletion of {id} is not answered ({what}). It is asked again."
                ));
                // Soon, for it may never have arrived.
                self.tried = None;
                Shown::There(format!("{how}, and its deletion is not answered: {what}"))
            }
        }
    }
}

impl fmt::Display for Removed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("it is deleted"),
            Self::NotOurs => f.write_str("it is another's and was left alone"),
            Self::Left { id, status, why } => {
                let status = status.as_deref().unwrap_or("not seen");
                write!(f, "{id} is left, {status}: {why}")
            }
        }
    }
}
