//! Deletes a group, for sure: until AWS says that it is gone, or until a person has to take over.
//!
//! AWS refuses to delete a group that is being made or changed, so the deletion is asked for again when its status changes and
//! while it is available. A final snapshot is never asked for.

use std::fmt;

use chrono::TimeDelta;

use super::{
    capture::Answer,
    service::{GroupSeen, Service, Told},
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

/// Deletes a group until it is gone or `give_up` has passed since the begin. It is left alone unless it is `ours`. With
/// `may_appear` its creation was asked for, and that it is not to be seen yet does not mean that it is not there.
pub(super) async fn remove(
    service: &Service,
    witness: &mut impl Witness,
    id: &str,
    may_appear: bool,
    ours: impl Fn(&GroupSeen) -> bool,
    give_up: TimeDelta,
) -> Removed {
    let mut deletion = Deletion {
        taken: false,
        tried: None,
        unseen_since: None,
        status: None,
    };
    loop {
        let why = match witness.group().await {
            Ok(None) => {
                let since = *deletion.unseen_since.get_or_insert(witness.elapsed());
                if deletion.taken || !may_appear || witness.elapsed() - since >= LATE {
                    return Removed::Gone;
                }
                "its creation was asked for and it is not to be seen; looking whether it appears"
                    .to_owned()
            }
            Ok(Some(group)) if !ours(&group) => return Removed::NotOurs,
            Ok(Some(group)) => deletion.advance(service, witness, id, group).await,
            Err(why) => why,
        };
        if witness.elapsed() >= give_up {
            let id = id.to_owned();
            return Removed::Left {
                id,
                status: deletion.status,
                why,
            };
        }
        witness.pause().await;
    }
}

/// How far a deletion has come.
struct Deletion {
    /// AWS has taken it.
    taken: bool,
    /// In which status it was asked for last, and when.
    tried: Option<(String, TimeDelta)>,
    unseen_since: Option<TimeDelta>,
    status: Option<String>,
}

impl Deletion {
    /// Asks for the deletion if that may help now. Returns why the group is still there.
    async fn advance(
        &mut self,
        service: &Service,
        witness: &mut impl Witness,
        id: &str,
        group: GroupSeen,
    ) -> String {
        self.unseen_since = None;
        self.status = Some(group.status.clone());
        if group.status == "deleting" {
            self.taken = true;
            witness.tell(&format!("{id} is being deleted."));
            return "it is being deleted".to_owned();
        }
        let now = witness.elapsed();
        let is_due = self
            .tried
            .as_ref()
            .is_none_or(|(status, at)| *status != group.status || now - *at >= AGAIN);
        if !is_due {
            return format!("it is {}", group.status);
        }
        self.tried = Some((group.status.clone(), now));
        match witness.deletion(service.delete(id).await) {
            Answer::Accepted { .. } => {
                self.taken = true;
                witness.tell(&format!("The deletion of {id} is taken."));
                "its deletion is taken".to_owned()
            }
            Answer::Refused { code, message, .. } => {
                // It may have begun to change again, so that an answer of before is worth nothing.
                self.taken = false;
                witness.tell(&format!(
                    "{id} is {}, and AWS does not delete it now ({code}: {message}). It is asked again.",
                    group.status
                ));
                format!(
                    "it is {}, and its deletion is refused: {code}: {message}",
                    group.status
                )
            }
            Answer::NoAnswer { what } => {
                witness.tell(&format!(
                    "The deletion of {id} is not answered ({what}). It is asked again."
                ));
                // Soon, for it may never have arrived.
                self.tried = None;
                format!(
                    "it is {}, and its deletion is not answered: {what}",
                    group.status
                )
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
