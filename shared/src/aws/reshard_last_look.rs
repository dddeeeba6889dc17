//! What a pass of `reshard` looks at last, and only for a verdict that would act: the group's own tag, and before a scale-in the
//! events of its nodes. In plan mode too, so that a preview is what would happen.

use chrono::TimeDelta;

use super::{
    elasticache::Tagged,
    reshard::{Fleet, Pass},
};
use crate::{
    cluster::{Group, NodeId, ReplicationGroupId},
    failover::replacements,
    journal::Journal,
    record::Report,
    reshard::{Hold, Verdict, heed_replacements, heed_tag},
};

/// How far back an announcement may lie: AWS tells no older event, and replaces a node in a maintenance window, of which there
/// is one a week.
const ANNOUNCED_WITHIN: TimeDelta = TimeDelta::days(14);

impl Pass<'_> {
    /// A verdict that would act, after the last looks.
    pub(super) async fn look_again(
        &self,
        group: &Group,
        journal: &Journal,
        verdict: Verdict,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Verdict {
        let verdict = self.look_at_tag(&group.id, verdict, fleet, report).await;
        if verdict.shrinks() {
            self.look_at_events(group, journal, verdict, fleet, report)
                .await
        } else {
            verdict
        }
    }

    async fn look_at_tag(
        &self,
        id: &ReplicationGroupId,
        verdict: Verdict,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Verdict {
        match self
            .aws
            .tag(id, fleet.arns.get(id).map(String::as_str))
            .await
        {
            Ok(Tagged::Value(tag)) => heed_tag(verdict, tag.as_deref()),
            Ok(Tagged::Busy) => verdict.held(Hold::NotAvailable {
                what: format!("replication group {id}"),
                status: "busy since we looked".to_owned(),
                migrated: None,
            }),
            Err(error) => {
                report.failures.push(error.to_string());
                verdict.held(Hold::Unreadable(error.to_string()))
            }
        }
    }

    async fn look_at_events(
        &self,
        group: &Group,
        journal: &Journal,
        verdict: Verdict,
        fleet: &Fleet,
        report: &mut Report,
    ) -> Verdict {
        let nodes: Vec<NodeId> = group
            .shards
            .iter()
            .flat_map(|shard| &shard.nodes)
            .map(|node| node.id.clone())
            .collect();
        let since = fleet.now - ANNOUNCED_WITHIN;
        match self.aws.node_events(&nodes, since).await {
            Ok(events) => {
                let there = |node: &str| group.has_node(node);
                let ahead = replacements(&journal.replacements, &events, there, fleet.now);
                heed_replacements(verdict, &ahead)
            }
            Err(error) => {
                report.failures.push(error.to_string());
                verdict.held(Hold::Unreadable(error.to_string()))
            }
        }
    }
}
