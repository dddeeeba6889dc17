//! Warnings about alarms.

use super::{Notes, Subject};
use crate::policy::Apply;
use crate::policy::together::has;

impl Subject<'_> {
    pub(super) fn warn_of_alarms(&self, notes: &mut Notes) {
        if let Some((Apply::All, at)) = self.whole.apply.given()
            && self.policy.alarms.stop.is_empty()
        {
            notes.warn(
                at,
                "every change is carried out, and no alarm can stop one",
                "name in `alarms.stop` the alarm that says your service is in trouble",
            );
        }
        for (name, at) in self.whole.alarms_after.value().into_iter().flatten() {
            if has(&self.whole.alarms_stop, name) {
                notes.warn(
                    at,
                    format!("alarm \"{name}\" stops every change anyway"),
                    "leave it in `stop` alone, or in `after_change` alone",
                );
            }
            if has(&self.whole.alarms_scale_out, name) {
                notes.warn(
                    at,
                    format!("alarm \"{name}\" asks for growth, and one growth that does not end it freezes the next"),
                    "watch what users feel after a change, such as an alarm on errors",
                );
            }
        }
    }
}
