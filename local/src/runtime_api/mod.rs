//! Lambda's Runtime API, so that the very binary that deploys runs here without Docker.
//!
//! [`Environment`] is what Lambda calls an execution environment: one process of one function, cold at first, then warm
//! from event to event. Statuses, error types and wordings follow AWS's own Runtime Interface Emulator (source key: RIE,
//! `internal/lambda/rapi`) and the developer guide (LDG, "Lambda runtime API", "Execution environment").

pub mod binaries;
mod environment;
mod outcome;
mod process;
mod server;
mod variables;

pub use environment::{Environment, InvokeFailure};
pub use outcome::{Invocation, Outcome};
pub use process::{LogLine, Logs, Source};
pub use server::{FunctionError, RuntimeApi, Signal, Work};
pub use variables::{Endpoint, EndpointError, Function};
