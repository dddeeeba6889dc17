//! `rehearse`: a short life of a real replication group, from creation over resharding and a failover to deletion, with all
//! that AWS says on the way. It is the only part of this program that makes what costs money, so every way out leads over
//! the deletion.
//!
//! | room | does |
//! |---|---|
//! | `plan`, `cost` | what will be made and asked, the permissions and the price: pure |
//! | `service` | the only file that calls AWS |
//! | `run`, `asking`, `waiting`, `watch` | the driver: asks, looks, and deletes at the end, whatever happened |
//! | `remove`, `clean` | deletes a group, for sure; finds what a killed run left |
//! | `capture`, `record` | what was seen: the file's format, and who writes it |
//! | `timing`, `compare`, `normal` | what follows from it: pure |

mod asking;
pub mod capture;
pub mod clean;
pub mod compare;
pub mod cost;
mod normal;
pub mod plan;
pub mod record;
mod remove;
pub mod run;
pub mod service;
pub mod stop;
mod timing;
mod waiting;
mod watch;

pub use clean::{Cleaning, clean};
pub use plan::{Plan, RunId};
pub use remove::Removed;
pub use run::{Pace, Rehearsal, rehearse};
