//! The functions of a stack.

use clusterwarden::policy::Policy;

/// A function, by the name of its folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Function {
    /// Reshards replication groups.
    Reshard,
    /// Fails over shards.
    FailoverShard,
    /// Fails over Neptune clusters.
    FailoverDbCluster,
    /// Promotes replicas.
    PromoteReplica,
}

/// What every function may do besides its own reads: its journal, and keeping what failed.
pub const OF_ALL: [&str; 3] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "sqs:SendMessage",
];

impl Function {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Reshard,
        Self::FailoverShard,
        Self::FailoverDbCluster,
        Self::PromoteReplica,
    ];

    /// The name of its folder, and what its name ends in.
    pub fn folder(self) -> &'static str {
        match self {
            Self::Reshard => "reshard",
            Self::FailoverShard => "failover-shard",
            Self::FailoverDbCluster => "failover-db-cluster",
            Self::PromoteReplica => "promote-replica",
        }
    }

    /// Its name in a stack, as template.yaml writes it.
    pub fn name_in(self, stack: &str) -> String {
        format!("{stack}-{}", self.folder())
    }

    /// The table of the policy with its targets.
    pub fn table(self) -> &'static str {
        match self {
            Self::Reshard => "[[reshard]]",
            Self::FailoverShard => "[[failover_shard]]",
            Self::FailoverDbCluster => "[[failover_db_cluster]]",
            Self::PromoteReplica => "[[promote_replica]]",
        }
    }

    /// Whether a policy has entries for it.
    pub fn is_wanted_by(self, policy: &Policy) -> bool {
        match self {
            Self::Reshard => !policy.reshard.is_empty(),
            Self::FailoverShard => !policy.failover_shard.is_empty(),
            Self::FailoverDbCluster => !policy.failover_db_cluster.is_empty(),
            Self::PromoteReplica => !policy.promote_replica.is_empty(),
        }
    }

    /// The parameter that has it deployed. `None`: it always is.
    pub fn parameter(self) -> Option<&'static str> {
        match self {
            Self::Reshard => None,
            Self::FailoverShard => Some("FailoverShard"),
            Self::FailoverDbCluster => Some("FailoverDbCluster"),
            Self::PromoteReplica => Some("PromoteReplica"),
        }
    }

    /// The action that it is there for.
    pub fn change(self) -> &'static str {
        match self {
            Self::Reshard => "elasticache:ModifyReplicationGroupShardConfiguration",
            Self::FailoverShard => "elasticache:TestFailover",
            Self::FailoverDbCluster => "rds:FailoverDBCluster",
            Self::PromoteReplica => "elasticache:ModifyReplicationGroup",
        }
    }

    /// The parameter that narrows that action.
    pub fn pattern_parameter(self) -> &'static str {
        match self {
            Self::Reshard | Self::FailoverShard | Self::PromoteReplica => "ReplicationGroupPattern",
            Self::FailoverDbCluster => "DbClusterPattern",
        }
    }

    /// Whether its targets are replication groups; else they are database clusters.
    pub fn is_of_groups(self) -> bool {
        self != Self::FailoverDbCluster
    }

    /// What it reads, besides [`OF_ALL`]. Held against template.yaml and the recorded calls by tests.
    pub fn reads(self) -> &'static [&'static str] {
        match self {
            Self::Reshard | Self::PromoteReplica => &[
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListAlarmMuteRules",
                "elasticache:DescribeCacheClusters",
                "elasticache:DescribeEvents",
                "elasticache:DescribeReplicationGroups",
                "elasticache:ListTagsForResource",
            ],
            Self::FailoverShard => &[
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListAlarmMuteRules",
                "elasticache:DescribeCacheClusters",
                "elasticache:DescribeEvents",
                "elasticache:DescribeReplicationGroups",
                "elasticache:ListTagsForResource",
            ],
            Self::FailoverDbCluster => &[
                "cloudwatch:DescribeAlarmHistory",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:GetMetricData",
                "cloudwatch:ListAlarmMuteRules",
                "rds:DescribeDBClusters",
                "rds:DescribeDBInstances",
                "rds:DescribeEvents",
                "rds:ListTagsForResource",
            ],
        }
    }
}
