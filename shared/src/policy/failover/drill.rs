//! Drills as written.

use std::time::Duration;

use chrono::{NaiveTime, Weekday};
use chrono_tz::Tz;

use super::DrillPolicy;
use super::draft::written;
use crate::calendar::{CalendarWindow, EVERY_DAY, Freeze};
use crate::policy::draft::Written;
use crate::policy::keys::{self, DrillKeys};
use crate::policy::read::{minutes_in, require};
use crate::policy::walk::{Read, Section, Walk};
use crate::policy::windows::{or, read_days, read_time, read_zone};

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// What a drill's window is called in records.
const NAME: &str = "drill";

/// The keys of a drill, as they are written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::policy) struct DrillDraft {
    pub(in crate::policy) every: Read<u32>,
    pub(in crate::policy) time_zone: Read<Tz>,
    pub(in crate::policy) days: Read<Vec<Weekday>>,
    pub(in crate::policy) from: Read<NaiveTime>,
    pub(in crate::policy) to: Read<NaiveTime>,
    pub(in crate::policy) objective: Read<u32>,
    pub(in crate::policy) recovery: Read<u32>,
}

impl DrillDraft {
    pub(super) fn read(walk: &mut Walk, entry: &Section<'_, '_>, keys: &DrillKeys) -> Read<Self> {
        let table = match walk.section(entry, &keys.table) {
            Read::Absent => return Read::Absent,
            Read::Wrong => return Read::Wrong,
            Read::Given(table, _) => table,
        };
        let draft = Self {
            every: walk.whole(&table, &keys.every),
            time_zone: read_zone(walk, &table, &keys.time_zone),
            days: read_days(walk, &table, &keys.days),
            from: read_time(walk, &table, &keys.from),
            to: read_time(walk, &table, &keys.to),
            objective: walk.whole(&table, &keys.objective),
            recovery: walk.whole(&table, &keys.recovery),
        };
        require(walk, &draft.every, &keys.every, &table.at);
        require(walk, &draft.time_zone, &keys.time_zone, &table.at);
        require(walk, &draft.from, &keys.from, &table.at);
        require(walk, &draft.to, &keys.to, &table.at);
        Read::Given(draft, table.at)
    }

    /// The drill itself. `None`: a required key has no value, or its days are wrong (noted as a slip before).
    pub(super) fn finish(&self) -> Option<DrillPolicy> {
        let days = u64::from(*self.every.value()?);
        let objective = or(self.objective.clone(), keys::OBJECTIVE_SECONDS)?;
        Some(DrillPolicy {
            every: Duration::from_secs(days * SECONDS_A_DAY),
            window: CalendarWindow {
                name: NAME.to_owned(),
                time_zone: *self.time_zone.value()?,
                days: or(self.days.clone(), EVERY_DAY.to_vec())?,
                from: *self.from.value()?,
                to: *self.to.value()?,
                dates: None,
                min_shards: None,
                freeze: Freeze::None,
            },
            objective: Duration::from_secs(u64::from(objective)),
            recovery_objective: minutes_in(&self.recovery),
        })
    }

    /// Every key, in the order of the file.
    pub(super) fn written(&self, keys: &DrillKeys) -> Vec<Written> {
        let mut to = written(&keys.to, &self.to);
        // The end of a day is the start of the next one, and is written as the end.
        if self.to.value() == Some(&NaiveTime::MIN)
            && let Some((spelled, _)) = &mut to.value
        {
            "\"24:00\"".clone_into(spelled);
        }
        vec![
            written(&keys.every, &self.every),
            written(&keys.time_zone, &self.time_zone),
            written(&keys.days, &self.days),
            written(&keys.from, &self.from),
            to,
            written(&keys.objective, &self.objective),
            written(&keys.recovery, &self.recovery),
        ]
    }
}
