//! What the command says.

use clusterwarden_account::rehearse::{
    Plan, Removed,
    clean::Cleaned,
    compare::Difference,
    cost,
    plan::{DEADLINE_TAG, GRACE, PREFIX, SHARDS, TAG, permissions},
};

use crate::commands::failure::counted;

/// How to have done what was only told.
pub(super) const TO_DO_IT: &str =
    "Nothing was created and nothing was called. To do it: the same with --yes-create-resources.";

/// What will be made, what it costs and who may.
pub(super) fn preview(plan: &Plan, region: Option<&str>) -> String {
    let minutes = plan.deadline.num_minutes();
    let longest = plan.deadline + GRACE;
    let place = region.unwrap_or("the Region of your environment");
    let policy = permissions(partition(region), region.unwrap_or("*"));
    format!(
        "A rehearsal in {place}:\n\
         - creates the replication group {group} ({engine}, cluster mode enabled, {shards} shards of {per_shard} nodes, {node_type}; no \
         data, no snapshots), tagged {TAG}={run} and {DEADLINE_TAG}=<time>;\n\
         - asks for some changes that AWS should refuse, reshards it from {shards} to {more} shards and back, and fails over one shard (one of \
         the 15 test failovers that AWS allows an account a day);\n\
         - writes down statuses, times, events and errors;\n\
         - deletes it: at the end, on failure, on Ctrl-C or SIGTERM, and {minutes} min after the begin at the latest. It tries for another \
         {grace} min where AWS refuses, as it does during a change, and then tells how to delete it by hand.\n\
         Cost, if it takes all that time: {cost}\n  Metrics asked for: less than $0.02 (GetMetricData, $0.01 per 1,000 metrics).\n\
         Permissions needed (beside those of your network, and `iam:CreateServiceLinkedRole` where ElastiCache was never used):\n{policy:#}\n\
         After a kill: clusterwarden rehearse --clean",
        group = plan.group_id(),
        engine = plan.engine,
        shards = SHARDS,
        more = SHARDS + 1,
        per_shard = plan.replicas + 1,
        node_type = plan.node_type,
        run = plan.run.as_str(),
        grace = GRACE.num_minutes(),
        cost = cost::estimate(&plan.node_type, &plan.engine, plan.peak_nodes(), longest),
    )
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        Some(_) | None => "aws",
    }
}

/// How this AWS is reached, for commands to copy.
pub(super) struct Way<'a> {
    pub(super) region: &'a str,
    pub(super) endpoint_url: Option<&'a str>,
}

impl Way<'_> {
    fn options(&self) -> String {
        let endpoint = self
            .endpoint_url
            .map_or_else(String::new, |url| format!(" --endpoint-url {url}"));
        format!("--region {}{endpoint}", self.region)
    }
}

/// What is left, and how to delete it.
pub(super) fn left(removed: &Removed, id: &str, way: &Way<'_>) -> String {
    let options = way.options();
    let run = id.strip_prefix(PREFIX).unwrap_or(id);
    format!(
        "LEFT, and it costs money until it is deleted: {removed}.\n\
         Delete it with either of\n  \
         clusterwarden rehearse --clean --run {run} {options}\n  \
         aws elasticache delete-replication-group --replication-group-id {id} --no-retain-primary-cluster {options}"
    )
}

/// What a cleaning came to.
pub(super) fn cleaned(cleaned: &Cleaned, region: &str) -> String {
    let others = match cleaned.others.len() {
        0 => String::new(),
        count => format!(", {} of others left alone", counted(count, "group")),
    };
    let left = match cleaned.left.len() {
        0 => "nothing is left".to_owned(),
        count => format!("{} left", counted(count, "group")),
    };
    format!(
        "{region}: {} deleted{others}, {left}.\n",
        counted(cleaned.deleted.len(), "group")
    )
}

/// What differs.
pub(super) fn differences(differences: &[Difference], whole: bool) -> String {
    let part = if whole {
        ""
    } else {
        " (the rehearsal ended early: only what it went through is compared)"
    };
    if differences.is_empty() {
        return format!("Differences from the embedded AWS: none{part}.\n");
    }
    let mut told = format!(
        "Differences from the embedded AWS: {}{part}.\n",
        differences.len()
    );
    for difference in differences {
        told.push_str(&format!(
            "- [{}] {}\n",
            difference.about, difference.sentence
        ));
    }
    told.push_str("docs/rehearse.md says how to read them; please open an issue with the file.\n");
    told
}
