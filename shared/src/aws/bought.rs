//! What a pass costs at CloudWatch: GetMetricData is billed by the metrics asked for, nothing else that a pass calls is.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

/// How many metrics were asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Bought(Arc<AtomicU64>);

impl Bought {
    /// So many metrics are asked for in one request. Each page of an answer is a request that names all of them; whether CloudWatch
    /// bills them again for it is not documented, so that this is at most too much. The SDK's own retries are not counted.
    pub(super) fn ask(&self, metrics: usize) {
        let metrics = u64::try_from(metrics).unwrap_or(u64::MAX);
        self.0.fetch_add(metrics, Ordering::Relaxed);
    }

    /// How many were asked for since the last time. A process outlives its pass, so a pass begins by taking what a cut off one left.
    pub(super) fn take(&self) -> u64 {
        self.0.swap(0, Ordering::Relaxed)
    }
}
