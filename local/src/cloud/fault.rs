//! Faults to inject: the ways a call goes wrong that no state machine produces by itself.

use std::collections::VecDeque;

/// What happens to one matching call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Answer with this error instead of doing anything.
    Error {
        /// HTTP status.
        status: u16,
        /// Wire code, such as `Throttling`.
        code: String,
        /// Message text.
        message: String,
    },
    /// Do the work, then lose the answer (the connection ends without one).
    LoseAnswer,
    /// Lose the request: nothing is done and nothing is answered.
    LoseRequest,
}

/// The faults still to come, matched by operation in order.
#[derive(Debug, Default)]
pub struct Faults {
    pending: VecDeque<(String, Fault)>,
}

impl Faults {
    /// The next call of `operation` (for example `GetMetricData`) meets `fault`; several queue up.
    pub fn push(&mut self, operation: &str, fault: Fault) {
        self.pending.push_back((operation.to_owned(), fault));
    }

    /// Takes the fault that the coming call of `operation` meets, if any.
    pub fn take(&mut self, operation: &str) -> Option<Fault> {
        let at = self
            .pending
            .iter()
            .position(|(name, _)| name == operation)?;
        self.pending.remove(at).map(|(_, fault)| fault)
    }
}
