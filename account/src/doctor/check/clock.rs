//! The clock of this machine beside AWS's.

use chrono::TimeDelta;

use super::case::Case;
use crate::doctor::{Check, finding::Findings};

/// More than the whole second of the header, and what an answer takes on a slow day.
const ALLOWED: TimeDelta = TimeDelta::seconds(30);

pub(super) fn examine(case: &Case<'_>, findings: &mut Findings) {
    let place = "this machine";
    let Some(clocks) = case.seen.clocks else {
        let saw = "no answer of AWS said what time it is";
        let fix = "run this again where ElastiCache or DynamoDB can be reached";
        findings.unjudged(Check::Clock, place, saw, fix);
        return;
    };
    let skew = clocks.here - clocks.aws;
    let seconds = skew.num_seconds().abs();
    if skew.abs() <= ALLOWED {
        let saw = format!(
            "its clock is {seconds} s from AWS's (functions take AWS's time, not their own)"
        );
        findings.ok(Check::Clock, place, saw);
    } else {
        let which = if skew > TimeDelta::zero() {
            "ahead of"
        } else {
            "behind"
        };
        let saw = format!(
            "its clock is {seconds} s {which} AWS's: the functions do not mind, but AWS refuses signatures that are off by minutes, \
             and times that you type here mean something else"
        );
        let fix = "timedatectl set-ntp true (of an embedded AWS: serve it with --speed 1)";
        findings.warning(Check::Clock, place, saw, fix);
    }
}
