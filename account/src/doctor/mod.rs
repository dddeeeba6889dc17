//! `clusterwarden doctor`: a look at a stack and the account around it before the first apply. Nothing is ever changed.
//!
//! [`look()`] reads, each part by itself, so that one refusal stops no other; [`examine`] says what is to be said of it, purely.

mod check;
mod finding;
mod kind;
pub mod look;
mod report;
mod seen;
mod statement;

pub use check::examine;
pub use finding::{Check, Finding, Part, Read, Severity, Unread};
pub use kind::{Function, OF_ALL};
pub use look::{PERMISSIONS, look};
pub use report::{NOT_LOOKED_AT, Report};
pub use seen::{
    AlarmSeen, Clocks, FunctionSeen, MetricSeen, NodeNotification, QuotaSeen, RoleSeen, Scalable,
    Seen, TableDescribed, TableSeen, TopicAttributes, TopicSeen,
};
