//! Pauses: a person's wish that we leave one target, some, or all of them alone.

use std::fmt;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use wildmatch::WildMatch;

use crate::journal::{EVERYTHING, Journal};

/// The key of the tag by which whoever may tag a target can stop us without our table.
pub const TAG: &str = "clusterwarden";

/// The value that holds, in any case of letters; `template.yaml` has the roles refuse the same.
const PAUSED: &str = "paused";

/// Whether a target's tag of the key [`TAG`] holds it, and the tag in words. `None`: it has no such tag.
pub(crate) fn read_tag(tag: Option<&str>) -> (bool, String) {
    let paused = tag.is_some_and(|value| value.trim().eq_ignore_ascii_case(PAUSED));
    let saw = tag.map_or_else(|| "no tag".to_owned(), |value| format!("{TAG}={value}"));
    (paused, saw)
}

/// A wish that we leave something alone. In a target's own item it is about that target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Until when; `None`: until somebody lifts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Why, in the person's words.
    #[serde(default)]
    pub why: String,
    /// Who.
    #[serde(default)]
    pub by: String,
}

/// A pause with what it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopedPause {
    /// A target's id, a glob such as `sessions-*`, or [`EVERYTHING`].
    pub pattern: String,
    /// The pause.
    #[serde(flatten)]
    pub pause: Pause,
}

/// When a pause is to end, as a person says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// When somebody lifts it.
    Lifted,
    /// At this time.
    At(DateTime<Utc>),
    /// After so long.
    In(TimeDelta),
    /// When the clock next shows this time, UTC.
    Next(NaiveTime),
}

impl End {
    /// The time of the end. `None`: when somebody lifts it.
    pub fn after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Lifted => None,
            Self::At(until) => Some(*until),
            Self::In(length) => Some(
                now.checked_add_signed(*length)
                    .unwrap_or(DateTime::<Utc>::MAX_UTC),
            ),
            Self::Next(time) => {
                let today = now.date_naive().and_time(*time).and_utc();
                Some(if today > now {
                    today
                } else {
                    today + TimeDelta::days(1)
                })
            }
        }
    }
}

impl Pause {
    /// Whether it is in force.
    pub fn holds(&self, now: DateTime<Utc>) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

impl ScopedPause {
    /// Whether it is about this target.
    pub fn covers(&self, target: &str) -> bool {
        WildMatch::new(&self.pattern).matches(target)
    }

    /// The pause as a hold's sentence. It says which pattern, because that is what `clusterwarden resume` has to be told.
    pub(crate) fn write_sentence(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pause = &self.pause;
        match self.pattern.as_str() {
            EVERYTHING => f.write_str("everything is paused")?,
            pattern if is_glob(pattern) => write!(f, "{pattern} is paused")?,
            _ => f.write_str("paused")?,
        }
        if !pause.by.is_empty() {
            write!(f, " by {}", pause.by)?;
        }
        match pause.until {
            Some(until) => write!(f, " until {}", until.format("%Y-%m-%d %H:%M UTC"))?,
            None => f.write_str(" until resumed")?,
        }
        if pause.why.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", pause.why)
        }
    }
}

/// Whether a pattern may stand for more than one target.
pub fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

/// Of the pauses in force the one that ends last: lifting any other would change nothing.
pub fn longest<'p>(
    pauses: impl Iterator<Item = &'p ScopedPause>,
    now: DateTime<Utc>,
) -> Option<&'p ScopedPause> {
    pauses
        .filter(|scoped| scoped.pause.holds(now))
        .max_by_key(|scoped| scoped.pause.until.unwrap_or(DateTime::<Utc>::MAX_UTC))
}

impl Journal {
    /// The pauses that this item holds, if it is the item of `key`: of the target itself, or, in the item of
    /// [`EVERYTHING`], of everything and of each pattern. Those that have ended are among them.
    pub fn scoped_pauses(&self, key: &str) -> Vec<ScopedPause> {
        let own = self.pause.iter().map(|pause| ScopedPause {
            pattern: key.to_owned(),
            pause: pause.clone(),
        });
        let listed = self.pauses.iter().filter(|_| key == EVERYTHING);
        own.chain(listed.cloned()).collect()
    }

    /// This item with a pause for a pattern, in place of the one that there was. The item is [`EVERYTHING`]'s if the pattern
    /// is a glob, else the target's own.
    #[must_use]
    pub fn pausing(&self, scoped: ScopedPause, now: DateTime<Utc>) -> Journal {
        let mut next = self.resuming(&scoped.pattern);
        next.pauses.retain(|other| other.pause.holds(now));
        if in_list(&scoped.pattern) {
            next.pauses.push(scoped);
        } else {
            next.pause = Some(scoped.pause);
        }
        next
    }

    /// This item without the pause of exactly this pattern.
    #[must_use]
    pub fn resuming(&self, pattern: &str) -> Journal {
        let mut next = self.clone();
        if in_list(pattern) {
            next.pauses.retain(|other| other.pattern != pattern);
        } else {
            next.pause = None;
        }
        next
    }
}

/// Whether a pattern's pause stands in the list of the item of [`EVERYTHING`], so that one read finds the pauses of every
/// pattern. Everything's own stands at `pause` there, as every version has read it.
fn in_list(pattern: &str) -> bool {
    is_glob(pattern) && pattern != EVERYTHING
}

/// The key of the item in which a pattern's pause stands.
pub fn item_of(pattern: &str) -> &str {
    if is_glob(pattern) {
        EVERYTHING
    } else {
        pattern
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn scoped(pattern: &str, until: Option<i64>) -> ScopedPause {
        ScopedPause {
            pattern: pattern.to_owned(),
            pause: Pause {
                until: until.map(at),
                why: "freeze".to_owned(),
                by: "ana".to_owned(),
            },
        }
    }

    #[test]
    fn a_clock_time_that_has_passed_today_means_tomorrow() {
        let nine = NaiveTime::from_hms_opt(9, 0, 0).unwrap();
        assert_eq!(End::Next(nine).after(at(0)), Some(at(540)));
        assert_eq!(End::Next(nine).after(at(540)), Some(at(540 + 1440)));
        assert_eq!(End::In(TimeDelta::hours(2)).after(at(1)), Some(at(121)));
        assert_eq!(End::Lifted.after(at(0)), None);
    }

    #[test]
    fn a_glob_covers_what_it_matches_and_nothing_else() {
        let glob = scoped("sessions-*", None);
        assert!(glob.covers("sessions-eu") && glob.covers("sessions-"));
        assert!(!glob.covers("orders") && !glob.covers("my-sessions-eu"));
        assert!(scoped(EVERYTHING, None).covers("orders"));
    }

    #[test]
    fn a_pause_of_everything_stays_where_older_versions_read_it() {
        let item = Journal::default()
            .pausing(scoped("sessions-*", None), at(0))
            .pausing(scoped(EVERYTHING, Some(5)), at(0));
        assert_eq!(item.pause.as_ref().unwrap().until, Some(at(5)));
        let text = serde_json::to_string(&item).unwrap();
        assert!(
            text.contains(r#""pauses":[{"pattern":"sessions-*","why":"freeze","by":"ana"}]"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<Journal>(&text).unwrap(), item);
    }

    #[test]
    fn a_new_pause_replaces_its_own_pattern_and_sweeps_out_what_has_ended() {
        let item = Journal::default()
            .pausing(scoped("a-*", Some(5)), at(0))
            .pausing(scoped("b-*", None), at(0))
            .pausing(scoped("b-*", Some(90)), at(10));
        assert_eq!(item.pauses, [scoped("b-*", Some(90))]);
        assert_eq!(item.resuming("b-*").pauses, []);
    }

    #[test]
    fn resuming_one_pattern_leaves_the_others_and_the_rest_of_the_item() {
        let mut item = Journal::default().pausing(scoped("orders", None), at(0));
        item.shards = Some(3);
        item.pauses.push(scoped("a-*", None));
        let resumed = item.resuming("orders");
        assert_eq!(
            (resumed.pause, resumed.shards, resumed.pauses.len()),
            (None, Some(3), 1)
        );
        assert_eq!(item.resuming("b-*"), item);
    }

    #[test]
    fn the_longest_pause_in_force_is_the_one_to_show() {
        let pauses = [
            scoped("orders", Some(60)),
            scoped("*", Some(90)),
            scoped("o*", Some(-1)),
        ];
        assert_eq!(longest(pauses.iter(), at(0)).unwrap().pattern, "*");
        assert_eq!(longest(pauses.iter(), at(90)), None);
        let forever = [scoped("orders", None), scoped("*", Some(90))];
        assert_eq!(longest(forever.iter(), at(0)).unwrap().pattern, "orders");
    }
}
