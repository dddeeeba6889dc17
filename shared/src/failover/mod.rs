//! What the functions that force failovers share: why they would, what was seen of failovers, what was spent, what a drill
//! measured, and the closed set of reasons not to.
//!
//! Each function has a room of its own beside this one ([`failover_shard`](crate::failover_shard),
//! [`failover_db_cluster`](crate::failover_db_cluster), [`promote_replica`](crate::promote_replica)) that looks at one
//! target and decides. An [`Intent`] is a condition that can be checked again: a repeated wake finds it gone.

mod admit;
mod attempt;
mod budget;
mod decision;
mod draft;
mod drill;
mod due;
pub(crate) mod evacuation;
mod event;
mod evidence;
pub(crate) mod guards;
mod hold;
mod intent;
mod primary;
mod replacement;
pub(crate) mod replicas;
mod request;
pub(crate) mod sight;

pub use admit::{Candidate, Ruling, admit};
pub use attempt::{FailoverAttempt, FailoverOutcome, LONGEST_FAILOVER, Objective};
pub use budget::{Budget, LEDGER, Spent, spent_within_a_day};
pub use decision::{Decision, Failover, Ranked, Verdict};
pub(crate) use draft::{About, Draft, Stop};
pub use drill::{DrillReport, DrillVerdict, Phase, Phases};
pub use due::{Rotation, Unit};
pub use event::{Happened, ServiceEvent, Source};
pub use evidence::{Evidence, NodeEvidence, Sample};
pub use guards::last_failover;
pub use hold::Hold;
pub use intent::{Intent, IntentKind};
pub use primary::primaries_per_zone;
pub use replacement::{Replacement, ReplacementState, replacements};
pub use request::{FailoverRequest, RequestMistakes, RequestedTarget, Waiver};
