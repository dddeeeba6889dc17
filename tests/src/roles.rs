//! What the role of each function may do: the list that template.yaml is held against, and the calls of the real programs.

/// A role's actions. A new action is a new line here, with a reviewer's name on it.
#[derive(Debug, Clone, Copy)]
pub struct Role {
    /// The function, by the name of its folder.
    pub function: &'static str,
    /// What it may always do, besides what every function may (see [`EVERY_FUNCTION`]).
    pub reads: &'static [&'static str],
    /// The one change that it is there for, in apply mode only.
    pub change: &'static str,
}

/// What every function may do: read and write its journal, write its log, keep what failed.
pub const EVERY_FUNCTION: [&str; 5] = [
    "dynamodb:BatchGetItem",
    "dynamodb:PutItem",
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "sqs:SendMessage",
];

/// One role for each function.
pub const ROLES: [Role; 4] = [
    Role {
        function: "reshard",
        reads: &[
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListAlarmMuteRules",
            "elasticache:DescribeCacheClusters",
            "elasticache:DescribeEvents",
            "elasticache:DescribeReplicationGroups",
            "elasticache:ListTagsForResource",
        ],
        change: "elasticache:ModifyReplicationGroupShardConfiguration",
    },
    Role {
        function: "failover-shard",
        reads: &[
            "cloudwatch:DescribeAlarmHistory",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListAlarmMuteRules",
            "elasticache:DescribeCacheClusters",
            "elasticache:DescribeEvents",
            "elasticache:DescribeReplicationGroups",
            "elasticache:ListTagsForResource",
        ],
        change: "elasticache:TestFailover",
    },
    Role {
        function: "failover-db-cluster",
        reads: &[
            "cloudwatch:DescribeAlarmHistory",
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListAlarmMuteRules",
            "rds:DescribeDBClusters",
            "rds:DescribeDBInstances",
            "rds:DescribeEvents",
            "rds:ListTagsForResource",
        ],
        change: "rds:FailoverDBCluster",
    },
    Role {
        function: "promote-replica",
        reads: &[
            "cloudwatch:DescribeAlarms",
            "cloudwatch:GetMetricData",
            "cloudwatch:ListAlarmMuteRules",
            "elasticache:DescribeCacheClusters",
            "elasticache:DescribeEvents",
            "elasticache:DescribeReplicationGroups",
            "elasticache:ListTagsForResource",
        ],
        change: "elasticache:ModifyReplicationGroup",
    },
];

/// The role of a function, by the name of its folder.
///
/// # Panics
///
/// There is none.
pub fn role(function: &str) -> &'static Role {
    let mut roles = ROLES.iter();
    let found = roles.find(|role| role.function == function);
    found.unwrap_or_else(|| panic!("no role for {function}"))
}

impl Role {
    /// Whether it may do this, such as `rds:DescribeEvents`.
    pub fn may(&self, action: &str) -> bool {
        self.change == action || EVERY_FUNCTION.contains(&action) || self.reads.contains(&action)
    }
}
