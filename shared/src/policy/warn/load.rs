//! Warnings about what asks for shards, and about when it is believed.

use super::{Notes, Subject, warn_of_stale};
use crate::policy::{Apply, CpuGate, keys};

/// Between a scale-out at the target and a scale-in at 0.75 of it there should be more percentage points than load has noise.
const LEAST_GAP: f64 = 5.0;

/// The part of the gap in a target: a scale-in needs load at 0.75 of it.
const GAP: f64 = 0.25;

impl Subject<'_> {
    pub(super) fn warn_of_targets(&self, notes: &mut Notes) {
        self.warn_of_memory(notes);
        self.warn_of_gaps(notes);
        self.warn_of_cpu(notes);
        let targets = &self.policy.targets;
        let measured = targets.engine_cpu.is_some()
            || targets.memory.is_some_and(|memory| !memory.evicts)
            || targets.network.is_some()
            || targets.evictions_per_minute.is_some();
        if let Some((Apply::All, at)) = self.whole.apply.given()
            && !measured
        {
            notes.warn(
                at,
                "no scale-in ever happens here: only alarms have a say, and low load must be measured",
                "write `apply = \"out\"`, or give a target such as `targets.engine_cpu`",
            );
        }
        warn_of_stale(&self.whole.stale_after, "load is hardly ever known", notes);
    }

    fn warn_of_memory(&self, notes: &mut Notes) {
        let Some((memory, at)) = self.whole.memory.given() else {
            return;
        };
        // With a shared target, writing `evicts = true` is how an entry opts out of it.
        let opts_out = self
            .defaults
            .memory
            .value()
            .is_some_and(|shared| !shared.evicts);
        if memory.evicts && !opts_out {
            notes.warn(
                at,
                format!(
                    "memory at {} % has no say: a group that evicts is full on purpose",
                    memory.percent
                ),
                "leave `memory` out; `evictions_per_minute` notices a cache that is too small",
            );
        }
        if let Some((after, at)) = self.whole.percent_after.given()
            && !memory.evicts
            && *after > memory.percent
        {
            notes.warn(
                at,
                format!(
                    "a scale-in may leave a shard {after} % full, and growth is wanted from {} %",
                    memory.percent
                ),
                "write less than `targets.memory.percent`",
            );
        }
    }

    /// A low target leaves so few points between growing and shrinking that noise crosses both.
    fn warn_of_gaps(&self, notes: &mut Notes) {
        let memory = self.whole.memory.given();
        let memory = memory.filter(|(memory, _)| !memory.evicts);
        let targets = [
            self.whole
                .engine_cpu
                .given()
                .map(|(percent, at)| (*percent, at)),
            memory.map(|(memory, at)| (memory.percent, at)),
            self.whole
                .network
                .given()
                .map(|(percent, at)| (*percent, at)),
        ];
        for (percent, at) in targets.into_iter().flatten() {
            let gap = percent * GAP;
            if gap < LEAST_GAP {
                let low = percent - gap;
                notes.warn(
                    at,
                    format!("growing from {percent} % and shrinking up to {low} % overlap: noise crosses both, and shards come and go"),
                    format!("write at least {}", LEAST_GAP / GAP),
                );
            }
        }
    }

    fn warn_of_cpu(&self, notes: &mut Notes) {
        let Some((target, at)) = self.whole.engine_cpu.given() else {
            return;
        };
        let care = &self.policy.care;
        // Without a gate of its own the lower of AWS's two holds on small nodes, and the policy does not know the nodes.
        let gate = care.cpu_gate_percent_for(true);
        if care.cpu_gate == CpuGate::Wait && *target >= gate {
            let at = self.own.cpu_gate.given().map_or(at, |(_, at)| at);
            let small = match care.cpu_gate_percent {
                Some(_) => "",
                None => " on nodes of at most 2 vCPUs",
            };
            notes.warn(
                at,
                format!("growth is wanted from {target} % CPU, and waits from {gate} %{small}: it would wait just when it is needed"),
                "lower `targets.engine_cpu`, raise `care.cpu_gate_percent`, or write `cpu_gate = \"act\"`",
            );
        } else if *target > keys::CPU_GATE_PERCENT {
            notes.warn(
                at,
                format!(
                    "growth is wanted from {target} % CPU; AWS advises to reshard below {} %",
                    keys::CPU_GATE_PERCENT
                ),
                "60 leaves room for the reshard itself",
            );
        }
    }
}
