//! Warnings about pace and windows.

use chrono::NaiveTime;

use super::{Notes, Subject};
use crate::calendar::{CalendarWindow, Freeze};
use crate::policy::windows::WrittenWindow;

/// A reshard moves slots for tens of minutes: this is the least of it.
const USUAL_RESHARD_MINUTES: u32 = 10;

impl Subject<'_> {
    pub(super) fn warn_of_pace(&self, notes: &mut Notes) {
        for cooldown in [&self.whole.out_cooldown, &self.whole.in_cooldown] {
            if let Some((minutes, at)) = cooldown.given()
                && *minutes < USUAL_RESHARD_MINUTES
            {
                notes.warn(
                    at,
                    format!("a cooldown of {minutes} min is shorter than a reshard usually takes (tens of minutes)"),
                    format!("write at least {USUAL_RESHARD_MINUTES}: load needs time to show what the last change did"),
                );
            }
        }
        let policy = self.policy;
        let window = minutes(policy.window);
        if policy.stabilization < policy.window {
            let stabilization = minutes(policy.stabilization);
            let written = self.own.stabilization.given();
            let written = written.or(self.own.window.given());
            let written = written.or(self.whole.stabilization.given());
            if let Some((_, at)) = written.or(self.whole.window.given()) {
                notes.warn(
                    at,
                    format!("low load counts after {stabilization} min, and load is averaged over {window} min"),
                    "make `stabilization_minutes` several times `window_minutes`",
                );
            }
        }
        if let Some((reversal, at)) = self.whole.reversal.given()
            && policy.reversal < policy.scale_in.cooldown
        {
            let cooldown = minutes(policy.scale_in.cooldown);
            notes.warn(
                at,
                format!("`reversal_minutes` {reversal} has no say: the cooldown of {cooldown} min is longer"),
                "raise it above `scale_in.cooldown_minutes`, or leave it out",
            );
        }
    }

    pub(super) fn warn_of_windows(&self, notes: &mut Notes) {
        for written in self.whole.windows.value().into_iter().flatten() {
            let WrittenWindow {
                window,
                at,
                min_shards_at,
            } = written;
            let name = &window.name;
            if window.is_always_open() {
                let advice = match window.freeze {
                    Freeze::None => "raise the entry's `min_shards` instead",
                    Freeze::ScaleIn => "write `apply = \"out\"` instead",
                    Freeze::All => "write `apply = \"none\"` instead",
                };
                notes.warn(at, format!("window \"{name}\" never closes"), advice);
            }
            let length = length_in_minutes(window);
            if window.min_shards.is_some() && length < i64::from(USUAL_RESHARD_MINUTES) * 3 {
                notes.warn(
                    min_shards_at,
                    format!("window \"{name}\" is {length} min long: it closes about when the growth it asks for is done"),
                    "open it earlier than the load comes, and close it later",
                );
            }
        }
        if let Some((_, at)) = self.own.after_change.given()
            && self.policy.alarms.after_change.is_empty()
        {
            notes.warn(
                at,
                "nothing is watched after a change: `alarms.after_change` names no alarm",
                "name the alarm that your users' errors raise, or leave this out",
            );
        }
    }
}

/// How long a window is open at a time.
pub(super) fn length_in_minutes(window: &CalendarWindow) -> i64 {
    const DAY: i64 = 24 * 60;
    let since_midnight = |time: NaiveTime| (time - NaiveTime::MIN).num_minutes();
    let length = since_midnight(window.to) - since_midnight(window.from);
    if length > 0 { length } else { length + DAY }
}

/// Whole minutes.
pub(super) fn minutes(duration: std::time::Duration) -> u64 {
    duration.as_secs() / 60
}
