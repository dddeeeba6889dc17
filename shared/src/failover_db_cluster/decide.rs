//! The decision: whose cluster it is, what asks for a failover, whether that is safe, and who takes over.

use super::{
    Observation,
    inputs::inputs,
    intent::{already_done, requested, require_intent},
    ranking::{Reader, ranking, readers},
    safety::{require_neptune, require_no_global_database, require_ready, require_target},
};
use crate::{
    checks::Guards,
    db_cluster::DbCluster,
    failover::{
        Decision, Failover, Hold, Intent, Verdict, Waiver,
        guards::{require_no_stop_alarm, require_not_paused},
    },
    policy::FailoverPolicy,
};

/// Decides about one cluster from what was seen of it. The same arguments always give the same verdict.
pub fn decide(policy: &FailoverPolicy, seen: &Observation) -> Verdict {
    let mut work = Work {
        policy,
        seen,
        guards: Guards::default(),
        intent: seen.request.as_ref().map(requested),
        waived: Vec::new(),
        wants_evidence: false,
    };
    let (decision, sentence) = match work.decide() {
        Ok(decided) => decided,
        Err(hold) => (Decision::Hold(hold.clone()), hold.to_string()),
    };
    // Nothing is ranked in a cluster that is not ours to touch.
    let neptune = seen.cluster.as_ref().filter(|one| one.is_neptune());
    let readers = neptune.map_or_else(Vec::new, |cluster| work.readers(cluster));
    Verdict {
        decision,
        sentence,
        intent: work.intent,
        unit: seen.cluster.as_ref().map(|cluster| cluster.id.to_string()),
        guards: work.guards.0,
        inputs: inputs(policy, seen),
        ranking: ranking(&readers),
        waived: work.waived,
        replacements: Vec::new(),
        wants_evidence: work.wants_evidence,
    }
}

/// One decision in progress.
struct Work<'a> {
    policy: &'a FailoverPolicy,
    seen: &'a Observation,
    guards: Guards,
    intent: Option<Intent>,
    waived: Vec<Waiver>,
    wants_evidence: bool,
}

impl<'a> Work<'a> {
    fn decide(&mut self) -> Result<(Decision, String), Hold> {
        let (policy, seen) = (self.policy, self.seen);
        if let Some(reason) = &seen.unreadable {
            return Err(Hold::Unreadable(reason.clone()));
        }
        let cluster = seen.cluster.as_ref().ok_or(Hold::NotFound)?;
        require_neptune(cluster, &mut self.guards)?;
        require_no_global_database(cluster, &mut self.guards)?;
        // Before all that could hold: what is done needs neither a calm cluster nor anybody's leave.
        if let Some((from, now)) = already_done(seen, cluster) {
            let sentence = format!("{}: {from} is not the writer; {now} is", cluster.id);
            return Ok((Decision::AlreadyDone { from, now }, sentence));
        }
        let own = seen.journal.scoped_pauses(cluster.id.as_str());
        require_not_paused(&own, &seen.pauses, seen.at, &mut self.guards)?;
        require_no_stop_alarm(policy, &seen.alarms, &mut self.guards)?;
        let intent = require_intent(policy, seen, cluster, &mut self.guards)?;
        self.intent = Some(intent.clone());
        self.fail_over(cluster, &intent)
    }

    fn fail_over(
        &mut self,
        cluster: &'a DbCluster,
        intent: &Intent,
    ) -> Result<(Decision, String), Hold> {
        let (policy, seen) = (self.policy, self.seen);
        let (writer, waiver) =
            require_ready(policy, seen, cluster, intent.kind(), &mut self.guards)?;
        self.waived.extend(waiver);
        if seen.lags.is_none() {
            self.wants_evidence = true;
            return Err(Hold::LagUnknown("lag has not been read".to_owned()));
        }
        let readers = self.readers(cluster);
        let target = require_target(policy, seen, cluster, &readers, &mut self.guards)?;
        let failover = Failover::DbCluster {
            cluster: cluster.id.clone(),
            from: writer.id.clone(),
            to: target.member.id.clone(),
        };
        let sentence = format!(
            "{}: {} hands over to {} ({}); {intent}",
            cluster.id,
            writer.id,
            target.member.id,
            target.words()
        );
        Ok((Decision::Act(failover), sentence))
    }

    /// The readers, ranked. Empty: who writes is not known, and so neither who reads.
    fn readers(&self, cluster: &'a DbCluster) -> Vec<Reader<'a>> {
        let (policy, seen) = (self.policy, self.seen);
        let lags = seen.lags.as_ref();
        cluster.writer().map_or_else(Vec::new, |writer| {
            readers(policy, cluster, writer, lags, seen.at)
        })
    }
}
